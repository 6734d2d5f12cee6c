"""A face that moves and never stirs: `still_picture`, a print, a screen or a doll held before the camera.

Who lives blinks, looks aside or speaks within seconds. The eyes say at each look how far eyes and mouth have
changed once the motion of the face as a whole is undone, and how far a closed lid would show in this picture.
Seconds count only where it would; a sign of life takes back more of them than a chance change of light does.
It is a hint for the control room and never leads to a lock. `still.py` tells a face that does not move.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, assert_never

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.sums import GAP_MAX_S
from edge.terms.observation import CameraHealth, FaceMotion, Observation
from edge.terms.reason import Ground, Measure, Number, because

OVER_S: Final = 20.0
"""So long a face must move without a sign of life."""
_ALONG_S: Final = 10.0
"""So long of it what is around the face must have gone along, to be called flat."""
_LIVES: Final = 3.0
"""Change of eyes or mouth, as a multiple of what noise would do, from which it lives."""
_LIVES_SHARE: Final = 0.15
"""And as a share of what a closed lid would give."""
_VISIBLE: Final = 8.0
"""What a closed lid must give, else this picture could not show one."""
_MOVED: Final = 0.015
"""A face that moved less than this, in its own widths, is of the other judge."""
_SHARP: Final = 1.35
"""Where one of the two pictures is that much sharper, one is blurred: it says nothing."""
_BACK: Final = 60.0
"""A look with a sign of life takes back so many times its own time: a blink is two or three looks."""
_ENDS_S: Final = 0.5
_FADES: Final = 0.02
"""So many seconds with signs of life, less this share of those without, end it."""
_ALONG: Final = 0.7
_GONE_S: Final = 2.0


class Sign(Enum):
    """What one look says."""

    LIVES = "lives"
    STIRS_NOT = "stirs_not"
    NOTHING = "nothing"


class LifelessJudge:
    """Watches the widest face of one camera. `over_s`: so long it must move without a sign of life."""

    def __init__(self, over_s: float = OVER_S) -> None:
        self._over_s = over_s
        self._last_s: float | None = None
        self._still_s = self._along_s = self._apart_s = self._lives_s = 0.0
        self._held = False

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; those between two looks, and an unsound picture, say nothing."""
        if observation.health is not CameraHealth.OK:
            return self.forget()
        if self._last_s is not None and now_s - self._last_s > _GONE_S:
            # Who shows a face next may be somebody else.
            return self.forget()
        motion = observation.face_motion
        if motion is None:
            return ()
        dt_s = 0.0 if self._last_s is None else min(max(now_s - self._last_s, 0.0), GAP_MAX_S)
        self._last_s = now_s
        self._weigh(motion, dt_s)
        if self._held and self._lives_s >= _ENDS_S:
            self._held = False
            return (AnomalyEnded(Anomaly.STILL_PICTURE),)
        if self._held or self._still_s < self._over_s:
            return ()
        self._held, self._lives_s = True, 0.0
        flat = self._along_s >= _ALONG_S and self._along_s > 4.0 * self._apart_s
        ground = Ground.FACE_MOVES_FLAT if flat else Ground.FACE_NEVER_STIRS
        detail = f"a face that moved for {self._over_s:.0f} s, its eyes and mouth did not"
        face = max(observation.faces, key=lambda one: one.box[2], default=None)
        why = because(
            ground,
            observation,
            Number(Measure.LASTED_S, self._still_s, self._over_s),
            marks=[] if face is None else [face],
        )
        return (AnomalyBegan(Anomaly.STILL_PICTURE, detail, why),)

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """Nobody is there, or nothing can be seen."""
        held, self._held = self._held, False
        self._last_s = None
        self._still_s = self._along_s = self._apart_s = self._lives_s = 0.0
        return (AnomalyEnded(Anomaly.STILL_PICTURE),) if held else ()

    def _weigh(self, motion: FaceMotion, dt_s: float) -> None:
        match sign(motion):
            case Sign.NOTHING:
                pass
            case Sign.LIVES:
                self._still_s = max(self._still_s - _BACK * dt_s, 0.0)
                if self._still_s == 0.0:
                    self._along_s = self._apart_s = 0.0
                self._lives_s += dt_s
            case Sign.STIRS_NOT:
                self._still_s = min(self._still_s + dt_s, self._over_s)
                self._lives_s = max(self._lives_s - _FADES * dt_s, 0.0)
                if motion.around is not None:
                    along = motion.around >= _ALONG
                    self._along_s += dt_s if along else 0.0
                    self._apart_s += 0.0 if along else dt_s
            case said:
                assert_never(said)


def sign(motion: FaceMotion) -> Sign:
    """What one look says of the face."""
    if not 1.0 / _SHARP < motion.sharp < _SHARP:
        return Sign.NOTHING
    if max(motion.eyes, motion.mouth) > max(_LIVES, _LIVES_SHARE * motion.visible):
        return Sign.LIVES
    if motion.visible < _VISIBLE or motion.moved < _MOVED:
        return Sign.NOTHING
    return Sign.STIRS_NOT
