"""Whether the owner of the claimed card stands there: several looks vote, and nothing but a living face wins.

While a claim is open the eyes look twice a second (`Observation.owner`). `SAME` needs several good looks that
are like the owner and a sign of life of the same face, seen between good looks: what somebody showed before
the first look, or with the face aside, is not lent to a picture that comes next. `ANOTHER` is said later and
more surely: one good look that is like enough forbids it, so that a poor angle is not somebody else. In
between nothing is decided, and time decides (the table's). Several faces or none begin it all again. No
number of a look is told or kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from edge.cabin.events import OwnerJudged
from edge.identity.likeness import Known, Points, between
from edge.judge.alive import Alive
from edge.terms.identity import NoTemplate, OwnerFact, OwnerLook, Template
from edge.terms.observation import CameraHealth, Observation

SAME_LOOKS: Final = 3
"""So many good looks at least, and two thirds of all in the window, must be like the owner for `SAME`."""
ANOTHER_LOOKS: Final = 6
ANOTHER_S: Final = 4.0
"""So many good looks over so long must all be unlike the owner for `ANOTHER`."""
WINDOW_S: Final = 6.0
"""Older looks do not count."""
UNFIT_S: Final = 5.0
"""So long without a good look, or without a sign of life of a face that is like enough, is told."""
_TWO_THIRDS: Final = 2.0 / 3.0
_GONE_S: Final = 1.0
"""A face that is away for so long may come back as somebody else's."""


@dataclass(frozen=True, slots=True)
class _Vote:
    at_s: float
    likeness: float


class OwnerJudge:
    """Looks of the face camera into `OwnerJudged`. Pure.

    Give it every observation, with or without a claim: a picture that is held up is known before the card is.
    """

    def __init__(self, points: Points) -> None:
        self._points = points
        self._alive = Alive()
        self._known: Known | None = None
        self._votes: deque[_Vote] = deque()
        self._last: Template | None = None
        self._fact = OwnerFact.UNKNOWN
        self._fit_s = 0.0
        self._face_s: float | None = None
        self._missing: NoTemplate | None = None

    @property
    def fact(self) -> OwnerFact:
        return self._fact

    @property
    def missing(self) -> NoTemplate | None:
        """Why the newest look gave nothing to compare; None where it did, and before the first."""
        return self._missing

    @property
    def asking(self) -> bool:
        """Whether a claim is open."""
        return self._known is not None

    def begin(self, templates: Sequence[Template], now_s: float) -> None:
        """A claim was opened; what was held for the one before is forgotten without a word.

        ValueError without templates, or for a wrong one.
        """
        self._known = Known(templates)
        self._fit_s = now_s
        self._missing = None
        self._again()

    def end(self) -> None:
        """The claim is over."""
        self._known = None
        self._missing = None
        self._again()

    def update(self, observation: Observation, now_s: float) -> tuple[OwnerJudged, ...]:
        """One frame of the face camera; what changed."""
        self._alive.update(observation, now_s)
        if self._known is None:
            return ()
        before = self._fact
        if self._interrupted(observation, now_s):
            self._again()
        elif observation.owner is not None:
            self._take(observation.owner, self._known, now_s)
            self._decide(now_s)
        if self._alive.picture and self._fact is OwnerFact.SAME:
            self._fact = OwnerFact.UNKNOWN
        if self._fact is OwnerFact.UNKNOWN and now_s - self._fit_s >= UNFIT_S:
            self._fact = OwnerFact.UNFIT
        return (OwnerJudged(self._fact),) if self._fact is not before else ()

    def _interrupted(self, observation: Observation, now_s: float) -> bool:
        """Whether somebody else may stand there now, or nothing can be seen."""
        if observation.health is not CameraHealth.OK:
            return True
        if observation.owner is not None and observation.owner.missing is NoTemplate.SEVERAL:
            self._missing = NoTemplate.SEVERAL
            return True
        if observation.faces or not observation.faces_asked:
            self._face_s = now_s if observation.faces else self._face_s
        return self._face_s is not None and now_s - self._face_s > _GONE_S

    def _take(self, look: OwnerLook, known: Known, now_s: float) -> None:
        self._missing = look.missing
        while self._votes and now_s - self._votes[0].at_s > WINDOW_S:
            self._votes.popleft()
        if look.template is None:
            self._alive.forget()
            return
        if self._last is None:
            self._alive.forget()
        elif between(look.template, self._last) < self._points.another:
            # Not the face of a moment ago: what that one has shown is not this one's.
            self._alive.forget()
            self._votes.clear()
        self._last = look.template
        self._votes.append(_Vote(now_s, known.likeness(look.template)))

    def _decide(self, now_s: float) -> None:
        if not self._votes:
            return
        votes = [vote.likeness for vote in self._votes]
        same = self._is_same(votes)
        if not same or self._alive.shown:
            self._fit_s = now_s
        if same and self._alive.shown:
            self._fact = OwnerFact.SAME
        elif self._is_another(votes, now_s):
            self._fact = OwnerFact.ANOTHER
        elif self._fact is OwnerFact.SAME and max(votes) >= self._points.another:
            pass  # who is verified stays so over a look from the side, not over looks that are all unlike
        elif not (same and self._fact is OwnerFact.UNFIT):
            self._fact = OwnerFact.UNKNOWN

    def _is_same(self, votes: Sequence[float]) -> bool:
        like = sum(one >= self._points.same for one in votes)
        enough = like >= SAME_LOOKS and like >= _TWO_THIRDS * len(votes)
        return enough and fmean(votes) >= self._points.same

    def _is_another(self, votes: Sequence[float], now_s: float) -> bool:
        long = now_s - self._votes[0].at_s >= ANOTHER_S - 1e-6
        return long and len(votes) >= ANOTHER_LOOKS and max(votes) < self._points.another

    def _again(self) -> None:
        self._votes.clear()
        self._last = None
        self._face_s = None
        self._fact = OwnerFact.UNKNOWN
