"""How unlike the picture is to what was learnt of this very cabin: a distance map, its limit, and where.

For each state of the cabin there is a dictionary of its own (`dictionary.py`), learnt from normal footage
alone (`normal_learning.py`). A look is embedded (`patches.py`) and each place is compared with what was seen
at and around it; the distance counts in spreads of that place, as normal footage had them, so that a wall may
change less than the spot where customers stand. A place counts for the least that it was over three looks on
end: what passes by is nothing. The largest place is the score; the limit is the one that normal footage
passes at the rate that is set (`conformal.py`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, CabinState, NormalSeen
from edge.vision.scene.conformal import chance, limit_of
from edge.vision.scene.dictionary import UNKNOWN, Entries, Search, joined
from edge.vision.scene.normal_file import Learnt
from edge.vision.scene.normal_keeping import Compared, Keeping, Taken, with_taken
from edge.vision.scene.patches import HEIGHT, WIDTH
from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

LOOKS: Final = 3
"""On end, of which a place counts for the least."""


NEVER: Final = 9.0
"""The spread of a place that is not judged."""

_GAP_S: Final = 10.0
"""After so long without a look the looks begin again."""
_AROUND: Final = 1
"""Cells around a box that show it too."""
_VACANT: Final = (CabinState.VACANT_DAY, CabinState.VACANT_NIGHT)
_LIGHT_EVERY_S: Final = 30.0
_LIGHT_HOLDS_S: Final = 3600.0
_MEDIAN: Final = 5
_MOST_BOXES: Final = 4
_PEAK: Final = 0.6
_FLOOR: Final = 0.006
"""A spread is never smaller: the noise of a camera and of 8-bit vectors."""


class Embedded(Protocol):
    """`patches.Embedding`."""

    @property
    def vectors(self) -> Floats: ...


class Embeds(Protocol):
    """`patches.Patches`."""

    @property
    def version(self) -> str: ...
    def embed(self, grey: GreyPicture) -> Embedded: ...


def unlikeness(distances: Floats, spread: Floats, busy: Bools) -> Floats:
    """Distances (rows x columns) in spreads of each place, each the mean with its neighbours.

    0 where somebody or something that moves is or was a moment ago (`busy`), and where nothing is known.
    """
    silent = busy | (distances >= UNKNOWN) | (spread >= NEVER)
    own = np.where(silent, np.float32(0.0), distances / (spread + np.float32(_FLOOR)))
    return np.where(silent, np.float32(0.0), np.asarray(cv2.blur(own, (3, 3)), np.float32))


def busy_cells(boxes: Iterable[Box], size: tuple[int, int], rows: int, columns: int) -> Bools:
    """The cells that boxes of a picture of `size` (width, height) touch, and those around them."""
    busy = np.zeros((rows, columns), np.bool_)
    for left, top, width, height in boxes:
        x0, x1 = (left / size[0] * columns, (left + width) / size[0] * columns)
        y0, y1 = (top / size[1] * rows, (top + height) / size[1] * rows)
        first, last = max(int(y0) - _AROUND, 0), max(int(np.ceil(y1)) + _AROUND, 0)
        busy[first:last, max(int(x0) - _AROUND, 0) : max(int(np.ceil(x1)) + _AROUND, 0)] = True
    return busy


def shrunk(grey: GreyPicture) -> GreyPicture:
    """Stretched to what the network sees, each pixel the mean of those it covers."""
    smaller = grey.shape[0] >= HEIGHT and grey.shape[1] >= WIDTH
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (WIDTH, HEIGHT), interpolation=method), np.uint8)


class Calm:
    """The pictures as the network is to see them: small, and of a cabin in which nobody is the median of the
    last five looks, which takes out the noise and whatever passes by. None before there are so many.
    """

    def __init__(self) -> None:
        self._last: deque[GreyPicture] = deque(maxlen=_MEDIAN)
        self._last_s = float("-inf")

    def update(self, grey: GreyPicture, state: CabinState, at_s: float) -> GreyPicture | None:
        small = shrunk(grey)
        if state is CabinState.CUSTOMER:
            self._last.clear()
            return small
        if not 0.0 <= at_s - self._last_s <= _GAP_S:
            self._last.clear()
        self._last_s = at_s
        self._last.append(small)
        return _median(*self._last) if len(self._last) == _MEDIAN else None

    def clear(self) -> None:
        self._last.clear()


def _median(a: GreyPicture, b: GreyPicture, c: GreyPicture, d: GreyPicture, e: GreyPicture) -> GreyPicture:
    """Of each pixel of five pictures."""
    # Neither the least nor the most of the first four can be it.
    low = cv2.max(cv2.min(a, b), cv2.min(c, d))
    high = cv2.min(cv2.max(a, b), cv2.max(c, d))
    low, high = cv2.min(low, high), cv2.max(low, high)
    return np.asarray(cv2.max(low, cv2.min(high, e)), np.uint8)


class Standing:
    """The least that each place was over the last looks on end; None before there were enough."""

    def __init__(self) -> None:
        self._maps: deque[Floats] = deque(maxlen=LOOKS)
        self._last_s = float("-inf")

    def update(self, unlike: Floats, at_s: float) -> Floats | None:
        if not 0.0 <= at_s - self._last_s <= _GAP_S:
            self._maps.clear()
        self._last_s = at_s
        self._maps.append(unlike)
        return np.min(np.stack(self._maps), axis=0) if len(self._maps) == LOOKS else None

    def clear(self) -> None:
        self._maps.clear()


class Known:
    """What is normal in one state: its dictionary, what was taken in since, spreads and limit."""

    def __init__(self, learnt: Learnt, false_alarms_a_day: float, taken: Taken | None = None) -> None:
        self.learnt = learnt
        self.a_day = false_alarms_a_day
        self.limit = limit_of(learnt.largest, false_alarms_a_day)
        self.spread = learnt.spread_map()
        self.taken = taken
        self._search = self._searching()

    def distances(self, vectors: Floats) -> Floats:
        """How far each place of one look is from all that is known there, 0 to 2."""
        return self._search.distances(vectors)

    def from_commissioning(self, vectors: Floats) -> Floats:
        """The same from what was learnt at commissioning alone; asked rarely, so nothing is held for it."""
        return Search(self.learnt.entries(), self.learnt.rows, self.learnt.columns).distances(vectors)

    def unlike(self, vectors: Floats, busy: Bools) -> Floats:
        """How unlike all that is known each place of one look is, in spreads of the place."""
        return unlikeness(self.distances(vectors), self.spread, busy)

    def take_in(self, more: Taken) -> None:
        """Places that came out of quarantine. Spreads and limit stay as they were set at commissioning."""
        self.taken = with_taken(self.taken, more)
        self._search = self._searching()

    def _searching(self) -> Search:
        entries = self.learnt.entries()
        if self.taken is not None:
            order = np.argsort(self.taken.cells, kind="stable")
            since = Entries(self.taken.vectors[order], self.taken.cells[order], entries.reach)
            entries = joined(entries, since)
        return Search(entries, self.learnt.rows, self.learnt.columns)


class NormalEye:
    """Looks of one camera against its dictionaries. States that were never learnt say nothing.

    `keeping`: keeps them up to date; `keep` then writes what a state has taken in.
    """

    def __init__(
        self,
        patches: Embeds,
        known: Mapping[CabinState, Known],
        keeping: Keeping | None = None,
        keep: Callable[[Known], None] | None = None,
    ) -> None:
        self._keeping = keeping
        self._keep = keep
        self._patches = patches
        self._known = known
        self._calm = Calm()
        self._standing = Standing()
        self._state: CabinState | None = None
        self._light = CabinState.CUSTOMER  # none yet
        self._light_s = float("-inf")

    def look(
        self, grey: GreyPicture, state: CabinState, at_s: float, busy: Sequence[Box]
    ) -> NormalSeen | None:
        """One look. `busy`: boxes where somebody or something that moves is or was a moment ago."""
        state = self._in_this_light(state, at_s)
        known = self._known.get(state)
        if state is not self._state:
            self._state = state
            self.forget()
        picture = None if known is None else self._calm.update(grey, state, at_s)
        if known is None or picture is None:
            return None
        vectors = self._patches.embed(picture).vectors
        self._compare_lights(state, vectors, at_s)
        size = (grey.shape[1], grey.shape[0])
        taken = busy_cells(busy, size, *vectors.shape[:2])
        far = known.distances(vectors)
        standing = self._standing.update(unlikeness(far, known.spread, taken), at_s)
        if standing is None:
            return None
        seen = seen_in(standing, known, size)
        if self._keeping is not None and self._keeping.wants(state, seen, at_s):
            wandered = unlikeness(known.from_commissioning(vectors), known.spread, taken)
            self._keep_up(known, Compared(vectors, taken, far, wandered, seen.score, seen.limit), at_s)
        return seen

    def _keep_up(self, known: Known, compared: Compared, at_s: float) -> None:
        assert self._keeping is not None
        out = self._keeping.offer(known.learnt.state, compared, at_s)
        if out is None:
            return
        state, more = out
        self._known[state].take_in(more)
        if self._keep is not None:
            self._keep(self._known[state])

    def _in_this_light(self, state: CabinState, at_s: float) -> CabinState:
        """The vacant cabin's state by what was learnt, not by how bright the picture is."""
        if state not in _VACANT:
            return state
        if self._light in self._known and at_s - self._light_s < _LIGHT_HOLDS_S:
            return self._light
        learnt = [one for one in _VACANT if one in self._known]
        return state if state in learnt or not learnt else learnt[0]

    def _compare_lights(self, state: CabinState, vectors: Floats, at_s: float) -> None:
        """Now and then: which of the two vacant cabins most places look like. What stands in one place says
        nothing of that."""
        if state not in _VACANT or not all(one in self._known for one in _VACANT):
            return
        if at_s - self._light_s < _LIGHT_EVERY_S and self._light in _VACANT:
            return
        self._light_s = at_s
        self._light = min(_VACANT, key=lambda one: float(np.median(self._known[one].distances(vectors))))

    def forget(self) -> None:
        """The picture is not sound: nothing before it counts after it."""
        self._calm.clear()
        self._standing.clear()


class OneLook:
    """Compares single still pictures: no median, nothing on end."""

    def __init__(self, patches: Embeds, known: Mapping[CabinState, Known]) -> None:
        self._patches = patches
        self._known = known

    def __call__(
        self, grey: GreyPicture, state: CabinState, busy: Sequence[Box]
    ) -> tuple[NormalSeen, Floats] | None:
        """What is seen, and the map (rows x columns) in spreads; None for a state that was never learnt."""
        known = self._known.get(state)
        if known is None:
            return None
        vectors = self._patches.embed(shrunk(grey)).vectors
        size = (grey.shape[1], grey.shape[0])
        unlike = known.unlike(vectors, busy_cells(busy, size, *vectors.shape[:2]))
        return seen_in(unlike, known, size), unlike


def seen_in(standing: Floats, known: Known, size: tuple[int, int]) -> NormalSeen:
    """What a map says: score, chance, and the boxes of what is above the limit in a picture of (width,
    height).
    """
    score, limit = float(standing.max()), known.limit.score
    above = standing > limit
    return NormalSeen(
        state=CabinState(known.learnt.state),
        score=round(score, 3),
        limit=round(limit, 3),
        chance=round(chance(known.learnt.largest, score), 4),
        area=round(float(above.mean()), 4),
        where=_boxes(standing, above, size),
        a_day=known.a_day,
    )


def _boxes(standing: Floats, above: NDArray[np.bool_], size: tuple[int, int]) -> tuple[Box, ...]:
    across, down = size[0] / standing.shape[1], size[1] / standing.shape[0]
    if not above.any():
        row, column = np.unravel_index(int(np.argmax(standing)), standing.shape)
        return ((float(column) * across, float(row) * down, across, down),)
    count, parts = cv2.connectedComponents(above.astype(np.uint8))
    most = [float(standing[parts == part].max()) for part in range(1, count)]
    boxes = []
    for index in np.argsort(most)[::-1][:_MOST_BOXES]:
        # What stands around a change is seen with it: its own place is where the map is highest.
        rows, columns = np.nonzero((parts == index + 1) & (standing >= _PEAK * most[index]))
        left, top = float(columns.min()) * across, float(rows.min()) * down
        width, height = float(np.ptp(columns) + 1) * across, float(np.ptp(rows) + 1) * down
        boxes.append((left, top, width, height))
    return tuple(boxes)
