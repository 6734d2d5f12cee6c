"""A face that does not move at all: `still_picture`, a photograph fixed in front of the camera.

Nobody stands like a picture. A living head sways, nods, nears and draws back by more than a hundredth
of its width within a few seconds; a print or a screen on a stand does not. What this cannot catch: a
photograph held in a hand (it sways as a head does), a film, a mask of somebody else's face. It is a
hint for the control room and never leads to a lock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

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
        mean_width = max(fmean([p.width for p in self._seen]), 1.0)
        # What ends it must be more than what began it, else the detector's own jitter would flap.
        slack = 2.0 if self._held else 1.0
        # One after the other: of most faces the first says already that they move.
        return (
            _deviation([p.x for p in self._seen]) / mean_width < _SWAY * slack
            and _deviation([p.y for p in self._seen]) / mean_width < _SWAY * slack
            and _deviation([p.width for p in self._seen]) / mean_width < _SCALE * slack
            and _deviation([p.yaw_deg for p in self._seen]) < _TURN_DEG * slack
            and _deviation([p.pitch_deg for p in self._seen]) < _TURN_DEG * slack
        )


def _deviation(values: Sequence[float]) -> float:
    """Root mean square distance from the mean. Without numpy: a dozen numbers a frame are too few for it."""
    mean = fmean(values)
    return math.sqrt(fmean([(value - mean) ** 2 for value in values]))


def _pose(face: Face, now_s: float) -> _Pose:
    x, y = fmean([x for x, _ in face.landmarks]), fmean([y for _, y in face.landmarks])
    spread = math.sqrt(fmean([(at_x - x) ** 2 + (at_y - y) ** 2 for at_x, at_y in face.landmarks]))
    # The five points lie about 0.3 face widths from their mean.
    return _Pose(now_s, x, y, spread / 0.3, face.yaw_deg, face.pitch_deg)
