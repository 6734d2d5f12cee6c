"""How things move over the last two seconds: how many, how large, how fast, and how often they turn about.

The motion statistics of the cited low-resolution crowd and fight papers, from the moving regions of
`vision.scene.motion`. A region belongs to the nearest one of the frame before; boxes jump when two people
touch, so everything is a mean over two seconds and nothing hangs on one frame.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.terms.observation import Region

OVER_S: Final = 2.0
_NEAR: Final = 0.25
"""Of the picture's height: a region farther away than this is another one."""
_STEP_MIN: Final = 0.004
"""Of the picture's height: a smaller step has no direction."""
_STEP_S: Final = 0.09
"""Steps are taken so long apart at least: at 15 or 30 frames a second the same motion looks the same."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Means over the last two seconds.

    `count` of moving regions; `area` of all of them as a fraction of the picture; `speed` of their middles in
    picture heights a second, larger regions counting more; `turns`: the share of their steps that go back on
    the step before; `change`: how much the moving area changes from step to step, as a share of itself.
    """

    count: float
    area: float
    speed: float
    turns: float
    change: float


STILL: Final = Moved(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Track:
    """One region of the newest step and the step it made, in picture heights."""

    x: float
    y: float
    area: float
    dx: float
    dy: float


@dataclass(frozen=True, slots=True)
class _Step:
    """All regions of one step: sums over them."""

    at_s: float
    count: int
    area: float
    speed: float
    directed: float
    turned: float
    change: float


class Tracks:
    """Follows the moving regions of one camera."""

    def __init__(self, over_s: float = OVER_S) -> None:
        self._over_s = over_s
        self._tracks: tuple[_Track, ...] = ()
        self._steps: deque[_Step] = deque()
        self._last_s: float | None = None

    def update(self, regions: Sequence[Region], size: tuple[int, int], now_s: float) -> None:
        """One frame; `size` is (width, height) of the picture that the boxes refer to."""
        if self._last_s is not None and now_s - self._last_s < _STEP_S:
            return
        dt_s = _STEP_S if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        before = self._tracks if dt_s < 1.0 else ()
        self._tracks = tuple(_followed(region, before, size[1]) for region in regions)
        self._steps.append(self._summed(before, dt_s, now_s))
        while self._steps[0].at_s < now_s - self._over_s:
            self._steps.popleft()

    def moved(self) -> Moved:
        """What the last two seconds were like."""
        if not self._steps:
            return STILL
        n = len(self._steps)
        area = sum(s.area for s in self._steps)
        directed = sum(s.directed for s in self._steps)
        return Moved(
            count=sum(s.count for s in self._steps) / n,
            area=area / n,
            speed=sum(s.speed for s in self._steps) / area if area > 0.0 else 0.0,
            turns=sum(s.turned for s in self._steps) / directed if directed > 0.0 else 0.0,
            change=sum(s.change for s in self._steps) / area if area > 0.0 else 0.0,
        )

    def clear(self) -> None:
        """Another view, or nobody: what was followed is forgotten."""
        self._tracks = ()
        self._steps.clear()
        self._last_s = None

    def _summed(self, before: tuple[_Track, ...], dt_s: float, now_s: float) -> _Step:
        area = sum(t.area for t in self._tracks)
        speed = directed = turned = 0.0
        for track in self._tracks:
            length = math.hypot(track.dx, track.dy)
            speed += track.area * length / dt_s
            previous = min(before, key=lambda b: _apart(track, b), default=None)
            if previous is None or length < _STEP_MIN or math.hypot(previous.dx, previous.dy) < _STEP_MIN:
                continue
            directed += track.area
            if track.dx * previous.dx + track.dy * previous.dy < 0.0:
                turned += track.area
        change = abs(area - sum(b.area for b in before))
        return _Step(now_s, len(self._tracks), area, speed, directed, turned, change)


def _followed(region: Region, before: tuple[_Track, ...], height: int) -> _Track:
    left, top, wide, high = region.box
    x, y = (left + wide / 2.0) / height, (top + high / 2.0) / height
    here = _Track(x, y, region.area, 0.0, 0.0)
    nearest = min(before, key=lambda b: _apart(here, b), default=None)
    if nearest is None or _apart(here, nearest) > _NEAR:
        return here
    return _Track(x, y, region.area, x - nearest.x, y - nearest.y)


def _apart(a: _Track, b: _Track) -> float:
    return math.hypot(a.x - b.x, a.y - b.y)
