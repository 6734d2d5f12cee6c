"""A fall by its motion alone: a tall moving region that comes down and stays down.

No network is asked for it, so it sees falls into postures that no person detector knows. Tall is the highest
moving region of the last seconds. It has come down when, for a moment, everything that moves there is below
half of that height and still as large as a body: who squats or sits down keeps the head above, and feet that
shuffle or hands that work are small. What then rises again was no fall.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from edge.terms.observation import Box, Observation, ThingKind

_AREA_MIN: Final = 0.012
"""Of the picture: a smaller region is no body."""
_TALL: Final = 0.35
"""Of the picture's height: who is seen smaller than this is too far away to say."""
_ABOUT: Final = 0.8
"""Steps so high, as a share of the highest, are of one who stands."""
_DROP: Final = 0.55
"""How far the top has come down, in heights of the tall region. Squats measured 0.4, sitting down 0.3."""
_LARGE: Final = 0.4
"""What is low is as large as this share of the tall region."""
_FALLS_FOR_S: Final = 2.2
"""From tall to low."""
_LOW_S: Final = 0.35
"""So long everything is low: a fall has landed."""
_RISEN: Final = 0.4
"""A top higher than this, in tall heights below the old one, has risen again."""
_RISES_LARGE: Final = 0.3
_PERSON_SCORE: Final = 0.5
_STEP_S: Final = 0.06


@dataclass(frozen=True, slots=True)
class _Step:
    at_s: float
    box: Box
    area: float

    @property
    def top(self) -> float:
        return self.box[1]

    @property
    def high(self) -> float:
        return self.box[3]


@dataclass(frozen=True, slots=True)
class Landed:
    """Who came down: since when, where they lie, and how far down that is in standing heights."""

    since_s: float
    box: Box
    drop: float
    tall: Box
    tall_area: float


class FallWatch:
    """Watches the moving regions of one camera."""

    def __init__(self) -> None:
        self._steps: deque[_Step] = deque()
        self._landed: Landed | None = None

    @property
    def landed(self) -> Landed | None:
        """The last fall that nobody has risen from."""
        return self._landed

    def update(self, observation: Observation, now_s: float) -> None:
        """One frame."""
        largest = max(observation.moving, key=lambda r: r.area, default=None)
        if self._landed is not None and _rises(self._landed, observation):
            self.clear()
        if self._steps and now_s - self._steps[-1].at_s < _STEP_S:
            return
        while self._steps and self._steps[0].at_s < now_s - _FALLS_FOR_S - _LOW_S:
            self._steps.popleft()
        if largest is None or largest.area < _AREA_MIN:
            return
        self._steps.append(_Step(now_s, largest.box, largest.area))
        if self._landed is None:
            self._landed = self._come_down(observation.size[1], now_s)

    def clear(self) -> None:
        """Somebody has risen, or the view has changed."""
        self._landed = None
        self._steps.clear()

    def _come_down(self, height_px: int, now_s: float) -> Landed | None:
        low = [s for s in self._steps if s.at_s > now_s - _LOW_S]
        before = [s for s in self._steps if s.at_s <= now_s - _LOW_S]
        highest = max((s.high for s in before), default=0.0)
        if highest < _TALL * height_px or now_s - low[0].at_s < 0.6 * _LOW_S:
            return None
        tall = min((s for s in before if s.high >= _ABOUT * highest), key=lambda s: s.top)
        limit = tall.top + _DROP * tall.high
        if any(s.top < limit or _beside(s.box, tall.box) for s in low):
            return None
        if sum(s.area for s in low) < _LARGE * tall.area * len(low):
            return None
        drop = (min(s.top for s in low) - tall.top) / tall.high
        return Landed(low[0].at_s, low[-1].box, drop, tall.box, tall.area)


def _rises(landed: Landed, observation: Observation) -> bool:
    """Whether somebody stands up where one has come down, or stands there after all."""
    limit = landed.tall[1] + _RISEN * landed.tall[3]
    if any(
        r.box[1] < limit and r.area >= _RISES_LARGE * landed.tall_area and not _beside(r.box, landed.box)
        for r in observation.moving
    ):
        return True
    if observation.scene is None:
        return False
    return any(
        t.kind is ThingKind.PERSON
        and t.score >= _PERSON_SCORE
        and t.box[1] < limit
        and t.box[3] >= (1.0 - _RISEN) * landed.tall[3]
        and not _beside(t.box, landed.box)
        for t in observation.scene.things
    )


def _beside(a: Box, b: Box) -> bool:
    """Whether two boxes lie side by side rather than one above the other."""
    common = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    return common < 0.3 * min(a[2], b[2])
