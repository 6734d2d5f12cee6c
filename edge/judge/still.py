"""A face that does not move at all: `still_picture`, a photograph fixed in front of the camera.

Nobody stands like a picture. A living head sways, nods, nears and draws back by more than a hundredth
of its width within a few seconds; a print or a screen on a stand does not. What this cannot catch: a
photograph held in a hand (it sways as a head does), a film, a mask of somebody else's face. It is a
hint for the control room and never leads to a lock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.terms.observation import CameraHealth, Face, Observation
from edge.terms.reason import Ground, Measure, Number, because

_OVER_S: Final = 4.0
_FRAMES_MIN: Final = 12
_SWAY: Final = 0.006
"""Deviation of the face's place, in its own widths, under which it is not alive: about 1 mm."""
_SCALE: Final = 0.006
"""Relative deviation of its size."""
_TURN_DEG: Final = 1.5
"""Deviation of yaw and of pitch."""
_GAP_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Pose:
    """Where a face is: centre and width from the landmarks in pixels, yaw and pitch in degrees.

    Landmarks, not the box: their mean over five points jitters less.
    """

    at_s: float
    x: float
    y: float
    width: float
    yaw_deg: float
    pitch_deg: float


class StillJudge:
    """Watches the largest face of one camera."""

    def __init__(self, over_s: float = _OVER_S) -> None:
        self._over_s = over_s
        self._seen: deque[_Pose] = deque()
        self._held = False

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; an unsound picture breaks the watch off."""
        if observation.health is not CameraHealth.OK:
            return self.forget()
        face = max(observation.faces, key=lambda f: f.box[2], default=None)
        if face is None:
            if self._seen and now_s - self._seen[-1].at_s > _GAP_S:
                return self.forget()
            return ()
        self._seen.append(_pose(face, now_s))
        while len(self._seen) > 2 and self._seen[1].at_s <= now_s - self._over_s:
            self._seen.popleft()
        if now_s - self._seen[0].at_s < self._over_s - 1e-6 or len(self._seen) < _FRAMES_MIN:
            return ()
        still = self._is_still()
        if still is self._held:
            return ()
        self._held = still
        if still:
            detail = f"a face without any movement for {self._over_s:.0f} s"
            stood = Number(Measure.STILL_S, now_s - self._seen[0].at_s, self._over_s)
            why = because(Ground.FACE_STANDS_STILL, observation, stood, marks=[face])
            return (AnomalyBegan(Anomaly.STILL_PICTURE, detail, why),)
        return (AnomalyEnded(Anomaly.STILL_PICTURE),)

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """Nobody is there, or nothing can be seen."""
        self._seen.clear()
        held, self._held = self._held, False
        return (AnomalyEnded(Anomaly.STILL_PICTURE),) if held else ()

    def _is_still(self) -> bool:
        poses = np.array([(p.x, p.y, p.width, p.yaw_deg, p.pitch_deg) for p in self._seen], dtype=np.float64)
        x, y, width, yaw, pitch = poses.std(axis=0)
        mean_width = max(float(np.mean([p.width for p in self._seen])), 1.0)
        # What ends it must be more than what began it, else the detector's own jitter would flap.
        slack = 2.0 if self._held else 1.0
        return bool(
            max(x, y) / mean_width < _SWAY * slack
            and width / mean_width < _SCALE * slack
            and max(yaw, pitch) < _TURN_DEG * slack
        )


def _pose(face: Face, now_s: float) -> _Pose:
    points = np.array(face.landmarks, dtype=np.float64)
    centre = points.mean(axis=0)
    spread = float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean()))
    # The five points lie about 0.3 face widths from their mean.
    return _Pose(now_s, float(centre[0]), float(centre[1]), spread / 0.3, face.yaw_deg, face.pitch_deg)
