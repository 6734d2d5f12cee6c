"""Whether the face before the camera has shown that it lives: without that nobody is verified by a picture.

`lifeless.py` and `still.py` tell a picture that is held up, after many seconds; here nothing is held against
anybody, but what is wanted is a positive sign: eyes or mouth that stir, as in a blink, in more than one look.
Each look adds its evidence (a sequential test: Wald, 1945, from zero up as in Page's, 1954): a print stirs in
one look of a hundred, a face in every third.
"""

from __future__ import annotations

from typing import Final, assert_never

from edge.cabin.events import AnomalyBegan
from edge.judge.lifeless import LifelessJudge, Sign, is_flat, sign
from edge.judge.still import StillJudge
from edge.terms.observation import Observation

_STIRS: Final = 3.5
"""What a look that stirs adds: the natural log of a third against one in a hundred."""
_STIRS_NOT: Final = 0.35
"""What a look that could have shown it and did not takes away."""
_FLAT: Final = 0.5
"""And what it takes away besides where the face moved as a flat piece."""
_ENOUGH: Final = 6.5
"""Two looks that stir within a second, as a blink gives."""
_GONE_S: Final = 1.0


class Alive:
    """Follows the widest face. Pure.

    `shown`: a sign of life was seen since the face is there, and no picture is held up.
    """

    def __init__(self) -> None:
        self._lifeless = LifelessJudge()
        self._still = StillJudge()
        self._moves_flat = self._stands_still = False
        self._evidence = 0.0
        self._shown = False
        self._face_s: float | None = None

    @property
    def shown(self) -> bool:
        return self._shown and not self.picture

    @property
    def picture(self) -> bool:
        """Whether one of the two judges holds that a still picture is shown."""
        return self._moves_flat or self._stands_still

    def update(self, observation: Observation, now_s: float) -> None:
        """One frame."""
        for fact in self._lifeless.update(observation, now_s):
            self._moves_flat = isinstance(fact, AnomalyBegan)
        for fact in self._still.update(observation, now_s):
            self._stands_still = isinstance(fact, AnomalyBegan)
        if observation.faces:
            self._face_s = now_s
        elif self._face_s is None or now_s - self._face_s > _GONE_S:
            self.forget()
        motion = observation.face_motion
        if motion is None or self.picture:
            self._evidence = 0.0 if self.picture else self._evidence
            self._shown = self._shown and not self.picture
            return
        match sign(motion):
            case Sign.LIVES:
                self._evidence += _STIRS
            case Sign.STIRS_NOT:
                flat = _FLAT if is_flat(motion) else 0.0
                self._evidence = max(self._evidence - _STIRS_NOT - flat, 0.0)
            case Sign.NOTHING:
                pass
            case said:
                assert_never(said)
        self._shown = self._shown or self._evidence >= _ENOUGH

    def forget(self) -> None:
        """Somebody else may stand there: what was shown counts no more. The judges of pictures go on."""
        self._evidence = 0.0
        self._shown = False
