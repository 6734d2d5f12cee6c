"""What was put into the empty cabin, or taken out of it, and has stood still since.

Two backgrounds at quarter size, as in left-object detection by dual backgrounds (Porikli, 2007): the empty
cabin, learnt slowly or given as pictures taken at commissioning, and the picture that has not changed for a
while. Where they differ by a whole region, that region is somebody's bag, a thing taken away, or light:

- it must have stopped altogether; what stirs inside its own outline is a person, and its time begins again;
- somebody must have been at the place just before: sun and lamps come without anybody's hand;
- the side with an edge along its outline has the thing: the picture (added) or the empty cabin (taken); no
  edge on either side, or the same edges on both, is a light or a shadow.

A visit is a place where somebody is, and every place joined to it where he was since he came. Nothing is
learnt there and nothing is called a thing until it has been quiet there for some seconds: who stands still
is neither a part of the cabin, nor does he leave a gap in it.

Somebody who stands before a thing hides it for a while without ending it. It looks 2.5 times a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, StillRegion
from edge.vision.scene.background import Floats, Mask, differing, outline_edges, relit, shrink
from hw.camera.port import GreyPicture

_Bools = NDArray[np.bool_]

EVERY_S: Final = 0.4
_STANDS_S: Final = 1.0
"""A pixel that has not changed for so long shows something that stands."""
SETTLED_S: Final = 2.0
"""So long a whole region must be unchanged before it is said to stand still."""
_DT_MAX_S: Final = 1.0
_STEADY_LEVELS: Final = 8.0
"""Grey levels within which a pixel has not changed: three times the noise of a small picture in poor
light."""
_SMALLEST: Final = 0.0015
"""Of the picture: 29 of 160 x 120 pixels, a handbag at 4 m."""
_LARGEST: Final = 0.15
"""Of the picture; larger is a door leaf or another light, no thing that was left."""
_BODY: Final = 0.004
"""Of the picture: a moving blob from this size on may be somebody."""
_TOUCH_S: Final = 10.0
"""Somebody was at the place so shortly before it settled."""
_REACH: Final = 31
"""Pixels across: half of it around a region is an arm's length, 15 of 160."""
_WHOLE: Final = 0.85
"""Share of a region that must be settled."""
_STIRS: Final = 0.03
"""Share of a region's pixels that change when what stands there is alive."""
_EDGE_RATIO: Final = 1.15
_EDGE_LEVELS: Final = 12.0
"""Mean edge along an outline under which there is none: soft light, or the blur of a shadow."""
_SHOWN_S: Final = 2.0
"""A background pixel counts from so long a sight of it."""
_QUIET_S: Final = 3.0
"""So long after the last sign of somebody a visit is over."""
_VISIT_S: Final = 180.0
"""A place of a visit where nobody was for so long is free again, however long the visit goes on."""
_SEEN_S: Final = 5.0
"""So long after a person was seen, anyone who has hands is one that is seen."""
_LIVES_PX: Final = 3
"""Of what differs, so many pixels that change are somebody who stands there, not noise."""
_SAME_EDGES: Final = 0.6
"""Correlation of the gradients of picture and empty cabin from which only the light is another."""
_ENOUGH_PX: Final = 20
_KNOWN_S: Final = 60.0
"""What is said to be gone must have been seen so long before."""
_LEARN_TAU_S: Final = 60.0
_FORGET_S: Final = 1800.0
"""What has stood so long belongs to the cabin."""
_HIDDEN_S: Final = 300.0
_FLOOD: Final = 0.6
_FLOOD_S: Final = 2.0
_EVER_S: Final = 1e6


@dataclass(slots=True)
class _Tracked:
    """One region: where it is, since when it stands, when it was last seen uncovered, whether it was
    added."""

    mask: _Bools
    since_s: float
    seen_s: float
    added: bool


@dataclass(frozen=True, slots=True)
class _Sight:
    """One look: the picture in the empty cabin's light, and what is where in it."""

    at_s: float
    dt_s: float
    lit: Floats
    differs: Mask
    moved: _Bools
    bodies: _Bools
    visit: _Bools


class Still:
    """Watches one camera. `references`: pictures of its empty cabin, any size of the same shape."""

    def __init__(self, references: Sequence[GreyPicture] = ()) -> None:
        self._references = [_soft(shrink(reference)) for reference in references]
        self._empty: Floats | None = None
        self._shown_s = self._steady = self._steady_s = self._touched_s = np.zeros((0, 0), np.float32)
        self._agreed_s = np.zeros((0, 0), np.float32)
        self._in_hands = self._visit = np.zeros((0, 0), bool)
        self._seen_s = float("-inf")
        self._tracked: list[_Tracked] = []
        self._said: tuple[StillRegion, ...] = ()
        self._last_s = 0.0
        self._begun_s = 0.0
        self._flood_s = 0.0
        self._referred = False

    def update(self, small: GreyPicture, at_s: float, persons: Sequence[Box] = ()) -> tuple[StillRegion, ...]:
        """One quarter-size picture (the same size all the time) into what stands still now, largest first.

        `persons`: boxes of everybody in it, in its pixels; somebody who stands is no thing. The boxes of the
        answer are in its pixels, too.
        """
        if self._empty is None or self._empty.shape != small.shape:
            self._start(_soft(small), at_s)
            self._begun_s = at_s
            return self._said
        if at_s - self._last_s < EVERY_S - 1e-6:
            return self._said
        sight = self._look(_soft(small), at_s, persons)
        if self._is_flooded(sight):
            self._start(_soft(small), at_s)
            return self._said
        self._follow(sight)
        self._find(sight)
        self._learn(sight)
        self._said = self._answer()
        return self._said

    # --- the two backgrounds ---------------------------------------------------------------------------

    def _start(self, now: Floats, at_s: float) -> None:
        """Begin with the reference that is most like this picture, else with the picture itself.

        What is tracked was there a moment ago in another light, and stands before what lies around it.
        """
        fitting = [one for one in self._references if one.shape == now.shape]
        if self._tracked and self._tracked[0].mask.shape != now.shape:
            self._tracked = []
        self._referred = bool(fitting)
        if fitting:
            self._empty = min(fitting, key=lambda one: _distance(now, one)).copy()
            self._shown_s = np.full(now.shape, _EVER_S, np.float32)
        else:
            self._empty = now.copy()
            self._shown_s = np.zeros(now.shape, np.float32)
            for one in self._tracked:
                around = _grown(one.mask, 9) & ~_grown(one.mask, 5)
                self._empty[one.mask] = np.median(now[around]) if around.any() else 0.0
                self._shown_s[one.mask] = _KNOWN_S
        self._steady = now.copy()
        self._steady_s = np.zeros(now.shape, np.float32)
        if self._visit.shape != now.shape:
            self._visit = np.zeros(now.shape, bool)
            self._touched_s = np.full(now.shape, -np.inf, np.float32)
        self._agreed_s = np.full(now.shape, at_s, np.float32)
        self._in_hands = np.zeros(now.shape, bool)
        self._last_s = at_s
        self._flood_s = 0.0

    def _look(self, now: Floats, at_s: float, persons: Sequence[Box]) -> _Sight:
        assert self._empty is not None
        dt_s = min(max(at_s - self._last_s, 0.0), _DT_MAX_S)
        self._last_s = at_s
        taken = np.zeros(now.shape, bool)
        for one in self._tracked:
            taken |= one.mask
        lit = relit(now, self._empty, ~(taken | (self._steady_s < _STANDS_S)))
        moved = np.asarray(cv2.absdiff(lit, self._steady) > _STEADY_LEVELS)
        self._steady = np.where(moved, lit, self._steady + 0.1 * (lit - self._steady)).astype(np.float32)
        self._steady_s = np.where(moved, 0.0, self._steady_s + dt_s).astype(np.float32)
        seen = np.zeros(now.shape, bool)
        for x, y, w, h in persons:
            seen[max(round(y), 0) : max(round(y + h), 0), max(round(x), 0) : max(round(x + w), 0)] = True
        if seen.any():
            self._seen_s = at_s
        bodies = _bodies(moved) | seen
        differs = differing(lit, self._empty)
        bodies |= self._living(differs, moved, taken)
        self._touched_s[bodies] = at_s
        visit = self._visited(bodies, at_s)
        self._note_hands(differs, bodies, seen, at_s)
        # A background of a moment is none yet: the first value that stays is the background.
        vague = (self._shown_s < _SHOWN_S) & (cv2.absdiff(lit, self._empty) > _STEADY_LEVELS)
        self._empty[vague] = lit[vague]
        self._shown_s[vague] = 0.0
        differs[self._shown_s < _SHOWN_S] = 0
        return _Sight(at_s, dt_s, lit, differs, moved, bodies, visit)

    @staticmethod
    def _living(differs: Mask, moved: _Bools, taken: _Bools) -> _Bools:
        """Whole regions as large as somebody that differ and stir: of who stands only the outline does."""
        count, labels, stats, _ = cv2.connectedComponentsWithStats(((differs > 0) & ~taken).astype(np.uint8))
        stirs = np.bincount(labels[moved], minlength=count)
        areas = stats[:, cv2.CC_STAT_AREA]
        lives = [n for n in range(1, count) if areas[n] >= _BODY * moved.size and stirs[n] >= _LIVES_PX]
        return np.asarray(np.isin(labels, lives))

    def _note_hands(self, differs: Mask, bodies: _Bools, seen: _Bools, at_s: float) -> None:
        """What agreed with the empty cabin a moment ago and has somebody within reach now is in hands.

        It stays so until it agrees again. Where persons are seen, other things that move have no hands: the
        light of a car. What differs slowly while nobody is near is another light.
        """
        agrees = (differs == 0) & ~bodies
        self._agreed_s[agrees] = at_s
        self._in_hands[agrees] = False
        hands = seen if at_s - self._seen_s < _SEEN_S else bodies
        if hands.any():
            self._in_hands[_grown(hands, _REACH) & (at_s - self._agreed_s < _QUIET_S)] = True

    def _visited(self, bodies: _Bools, at_s: float) -> _Bools:
        """Where somebody is or was, joined to where he was a moment ago."""
        self._visit |= _grown(bodies, 5)
        self._touched_s[self._visit & ~np.isfinite(self._touched_s)] = at_s
        self._visit &= at_s - self._touched_s < _VISIT_S
        _, labels = cv2.connectedComponents(self._visit.astype(np.uint8), connectivity=8)
        alive = np.unique(labels[self._visit & (at_s - self._touched_s < _QUIET_S)])
        self._visit = np.asarray(np.isin(labels, alive[alive > 0]))
        return self._visit

    def _is_flooded(self, sight: _Sight) -> bool:
        """Whether nearly everything changed and stays so: the light was switched, or the camera turned."""
        flooded = float(sight.differs.mean()) > _FLOOD and float(sight.moved.mean()) < 0.1
        self._flood_s = self._flood_s + sight.dt_s if flooded else 0.0
        return self._flood_s >= _FLOOD_S

    def _learn(self, sight: _Sight) -> None:
        """The empty cabin follows slow light wherever nothing stands, nobody is, and nothing differs."""
        assert self._empty is not None
        free = ~_grown(sight.differs > 0, 5) & ~sight.visit
        for one in self._tracked:
            free &= ~one.mask
        rate = 1.0 - float(np.exp(-sight.dt_s / _LEARN_TAU_S))
        cv2.accumulateWeighted(sight.lit, self._empty, rate, mask=free.astype(np.uint8))
        self._shown_s[free & (self._steady_s > 0.0)] += sight.dt_s

    # --- regions over time -----------------------------------------------------------------------------

    def _follow(self, sight: _Sight) -> None:
        """What is tracked goes on, is hidden, has stirred, has gone, or belongs to the cabin by now."""
        kept = []
        for one in self._tracked:
            around = _grown(one.mask, 7)
            outside = np.count_nonzero(sight.bodies & ~around & _grown(around, 15))
            stirred = float(sight.moved[one.mask].mean()) > _STIRS
            hidden = float(sight.bodies[one.mask].mean()) > 0.3 or (stirred and outside > 0)
            if hidden:
                if sight.at_s - one.seen_s < _HIDDEN_S:
                    kept.append(one)
                continue
            if stirred:
                one.since_s = sight.at_s
            settled = float((self._steady_s[one.mask] >= _STANDS_S).mean()) > _WHOLE
            if settled and float(sight.differs[one.mask].mean()) < 0.3:
                continue
            if settled:
                one.seen_s = sight.at_s
            if sight.at_s - one.since_s > _FORGET_S:
                self._absorb(one.mask, sight)
                continue
            kept.append(one)
        self._tracked = kept

    def _find(self, sight: _Sight) -> None:
        """New regions that are whole, have stopped, and came by somebody's hand."""
        count, labels, stats, _ = cv2.connectedComponentsWithStats(sight.differs, connectivity=8)
        for label in range(1, count):
            area = float(stats[label, cv2.CC_STAT_AREA])
            if not _SMALLEST * labels.size <= area <= _LARGEST * labels.size:
                continue
            region = labels == label
            if float((self._steady_s[region] >= SETTLED_S).mean()) < _WHOLE:
                continue
            if sight.visit[region].any():
                continue
            if any(np.count_nonzero(one.mask & region) > 0.3 * area for one in self._tracked):
                self._refit(region, area)
                continue
            self._judge(region, sight)

    def _refit(self, region: _Bools, area: float) -> None:
        """The same thing, seen better: its outline is what settled last."""
        same = [one for one in self._tracked if np.count_nonzero(one.mask & region) > 0.3 * area]
        oldest = min(same, key=lambda one: one.since_s)
        if len(same) == 1 and np.count_nonzero(oldest.mask) < 2.5 * area:
            oldest.mask = region

    def _judge(self, region: _Bools, sight: _Sight) -> None:
        assert self._empty is not None
        mask = region.astype(np.uint8)
        seen, learnt = outline_edges(sight.lit, mask), outline_edges(self._empty, mask)
        if max(seen, learnt) < _EDGE_LEVELS or _same_edges(sight.lit, self._empty, region):
            self._absorb(region, sight)
            return
        added = seen * _EDGE_RATIO > learnt
        known_s = float(np.median(self._shown_s[region]))
        if not added and known_s < _KNOWN_S:
            self._absorb(region, sight)  # who stood there when the background was learnt has gone
            return
        if not self._was_touched(region, sight.at_s):
            self._absorb(region, sight)
            return
        since_s = sight.at_s - float(np.median(self._steady_s[region]))
        self._tracked.append(_Tracked(region, since_s, sight.at_s, added))

    def _was_touched(self, region: _Bools, at_s: float) -> bool:
        """Whether somebody larger than the region itself was at it before it settled.

        What differed from a reference from the first look on may have been put there at any time.
        """
        settled_s = at_s - float(np.median(self._steady_s[region]))
        if self._referred and settled_s - self._begun_s < SETTLED_S:
            return True
        near, reach = _grown(region, 9), _grown(region, _REACH)
        lately = self._touched_s > settled_s - _TOUCH_S
        if not (lately & reach).any():
            return False
        if float(self._in_hands[region].mean()) < 0.5:
            return False
        count, labels = cv2.connectedComponents(lately.astype(np.uint8), connectivity=8)
        touching = set(np.unique(labels[reach & lately]).tolist()) if count > 1 else set()
        body = np.isin(labels, [label for label in touching if label])
        return np.count_nonzero(body & ~near) > np.count_nonzero(region)

    def _absorb(self, region: _Bools, sight: _Sight) -> None:
        assert self._empty is not None
        grown = _grown(region, 5)
        self._empty[grown] = sight.lit[grown]
        self._shown_s[grown] = _SHOWN_S

    def _answer(self) -> tuple[StillRegion, ...]:
        found = []
        for one in self._tracked:
            if self._last_s - one.since_s < SETTLED_S:
                continue
            rows, columns = np.flatnonzero(one.mask.any(axis=1)), np.flatnonzero(one.mask.any(axis=0))
            box = (
                float(columns[0]),
                float(rows[0]),
                float(columns[-1] - columns[0] + 1),
                float(rows[-1] - rows[0] + 1),
            )
            found.append(StillRegion(box, float(one.mask.mean()), one.since_s, one.added))
        return tuple(sorted(found, key=lambda region: -region.area))


def _soft(small: GreyPicture) -> Floats:
    return np.asarray(cv2.GaussianBlur(small.astype(np.float32), (3, 3), 0.0), dtype=np.float32)


def _grown(mask: _Bools, size: int) -> _Bools:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((size, size), np.uint8)) > 0)


def _bodies(moved: _Bools) -> _Bools:
    """The moving blobs that are large enough for somebody, or somebody's arm."""
    closed = cv2.morphologyEx(moved.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    large = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] >= _BODY * moved.size]
    return np.asarray(np.isin(labels, large))


def _same_edges(now: Floats, empty: Floats, region: _Bools) -> bool:
    """Whether a region, or what lies well inside it, has the same edges in both pictures, however strong.

    A light may have a hard outline of its own, the shadow of a door's frame; what it falls on stays the same.
    """
    edges = [
        (cv2.Sobel(now, cv2.CV_32F, dx, dy), cv2.Sobel(empty, cv2.CV_32F, dx, dy))
        for dx, dy in ((1, 0), (0, 1))
    ]
    inside = np.asarray(cv2.erode(region.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    for where in (_grown(region, 5), inside):
        shared = sum(float(np.dot(a[where], b[where])) for a, b in edges)
        seen = sum(float(np.dot(a[where], a[where])) for a, _ in edges)
        learnt = sum(float(np.dot(b[where], b[where])) for _, b in edges)
        if np.count_nonzero(where) >= _ENOUGH_PX and shared > _SAME_EDGES * (seen * learnt) ** 0.5:
            return True
    return False


def _distance(now: Floats, reference: Floats) -> float:
    return float(np.median(np.abs(relit(now, reference) - reference)))
