"""A face that moves and never stirs: `still_picture`, a print, a screen or a doll held before the camera.

Who lives blinks, looks aside or speaks within seconds, and a head is no plane. At each look it is known how
far eyes and mouth have changed once the motion of the face as a whole is undone, how far a closed lid would
show in this picture, and how flat the motion was. Seconds count only where a blink would show; a sign of life
takes them back. A head that is not flat may be somebody who stares, so it is watched three times as long.
It is a hint for the control room and never leads to a lock. `still.py` tells a face that does not move.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, assert_never

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.sums import GAP_MAX_S
from edge.terms.observation import CameraHealth, FaceMotion, Observation
from edge.terms.reason import Ground, Measure, Number, because

FLAT_S: Final = 20.0
"""So long a flat face must move without a sign of life."""
STARES_S: Final = 60.0
"""And so long one that is not flat: a man who posed did not blink for 25 s."""
_LIVES: Final = 3.0
"""Change of eyes or mouth, as a multiple of what noise would do, from which it lives."""
_VISIBLE: Final = 8.0
"""What a closed lid must give on that scale, else this picture could not show one."""
_MOVED: Final = 0.02
"""A face that moved less than this, in its own widths, is of the other judge."""
_SHARP: Final = 1.35
"""Where one of the two pictures is that much sharper, one is blurred: it says nothing."""
_BENT: Final = 0.006
"""What the map of a plane may leave of the motion, in face widths. Of heads 3 to 11 % of looks leave less, of
prints 65 to 100 %."""
_ALONG: Final = 0.7
"""Or what is around makes this share of the motion too: with heads in 0 to 14 % of looks, with prints in 75
to 100 %."""
_FLAT: Final = 0.5
"""Share of the looks that must be flat."""
_BACK: Final = 60.0
"""A look with a sign of life takes back so many times its own time: a blink is two or three looks."""
_ENDS_S: Final = 0.5
_FADES: Final = 0.02
"""So many seconds with signs of life, less this share of those without, end it."""
_GONE_S: Final = 2.0


class Sign(Enum):
    """What one look says."""

    LIVES = "lives"
    STIRS_NOT = "stirs_not"
    NOTHING = "nothing"


class LifelessJudge:
    """Watches the widest face of one camera."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._still_s = self._flat_s = self._lives_s = 0.0
        self._held = False

    @property
    def unstirred_s(self) -> float:
        """How many seconds count against it as of now."""
        return self._still_s

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; those between two looks say nothing, an unsound picture breaks the watch off."""
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
        if self._held:
            return self.forget() if self._lives_s >= _ENDS_S else ()
        flat = self._flat_s >= _FLAT * self._still_s
        over_s = FLAT_S if flat else STARES_S
        if self._still_s < over_s:
            return ()
        self._held, self._lives_s = True, 0.0
        detail = f"a face that moved for {over_s:.0f} s, its eyes and mouth did not"
        face = max(observation.faces, key=lambda one: one.box[2], default=None)
        why = because(
            Ground.FACE_MOVES_FLAT if flat else Ground.FACE_NEVER_STIRS,
            observation,
            Number(Measure.LASTED_S, self._still_s, over_s),
            marks=[] if face is None else [face],
        )
        return (AnomalyBegan(Anomaly.STILL_PICTURE, detail, why),)

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """Nobody is there, or nothing can be seen."""
        held, self._held = self._held, False
        self._last_s = None
        self._still_s = self._flat_s = self._lives_s = 0.0
        return (AnomalyEnded(Anomaly.STILL_PICTURE),) if held else ()

    def _weigh(self, motion: FaceMotion, dt_s: float) -> None:
        match sign(motion):
            case Sign.NOTHING:
                pass
            case Sign.LIVES:
                left = max(1.0 - _BACK * dt_s / max(self._still_s, 1e-9), 0.0)
                self._still_s *= left
                self._flat_s *= left
                self._lives_s += dt_s
            case Sign.STIRS_NOT:
                self._still_s += dt_s
                self._flat_s += dt_s if is_flat(motion) else 0.0
                self._lives_s = max(self._lives_s - _FADES * dt_s, 0.0)
            case said:
                assert_never(said)


def sign(motion: FaceMotion) -> Sign:
    """What one look says of the face."""
    if not 1.0 / _SHARP < motion.sharp < _SHARP:
        return Sign.NOTHING
    if max(motion.eyes, motion.mouth) > _LIVES:
        return Sign.LIVES
    if motion.visible < _VISIBLE or motion.moved < _MOVED:
        return Sign.NOTHING
    return Sign.STIRS_NOT


def is_flat(motion: FaceMotion) -> bool:
    """Whether it moved as one piece with what is around it or, where that tells nothing, as a plane."""
    return motion.bent < _BENT if motion.around is None else motion.around >= _ALONG
