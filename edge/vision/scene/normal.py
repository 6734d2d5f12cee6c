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
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, CabinState, CameraHealth, NormalSeen
from edge.vision.scene.conformal import chance, limit_of
from edge.vision.scene.dictionary import UNKNOWN, Search
from edge.vision.scene.normal_file import Learnt
from edge.vision.scene.patches import HEIGHT, WIDTH
from edge.vision.seers import SEERS, Seer
from edge.vision.sight import Sight
from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

LOOKS: Final = 3
"""On end, of which a place counts for the least."""

OCCUPIED_S: Final = 8.0
"""Between looks while somebody is there: the other networks need the time then."""

_GAP_S: Final = 10.0
"""After so long without a look the looks begin again."""
_BUSY_S: Final = 6.0
"""So long a place is left alone after somebody was seen there, or something that moved."""
_AROUND: Final = 1
"""Cells around a box that show it too."""
_STAYS_S: Final = 3.0
"""So long after somebody was last seen the cabin is not vacant."""
_NIGHT_LEVEL: Final = 50.0
"""Mean grey level under which the cabin is lit as by night."""
_MEDIAN: Final = 5
_MOST_BUSY: Final = 1_000
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
    silent = busy | (distances >= UNKNOWN)
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


class Calm:
    """The pictures as the network is to see them: small, and of a cabin in which nobody is the median of the
    last five looks, which takes out the noise and whatever passes by. None before there are so many.
    """

    def __init__(self) -> None:
        self._last: deque[GreyPicture] = deque(maxlen=_MEDIAN)
        self._last_s = float("-inf")

    def update(self, grey: GreyPicture, state: CabinState, at_s: float) -> GreyPicture | None:
        smaller = grey.shape[0] >= HEIGHT and grey.shape[1] >= WIDTH
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        small = np.asarray(cv2.resize(grey, (WIDTH, HEIGHT), interpolation=method), np.uint8)
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
    """What is normal in one state: its dictionary, spreads and limit."""

    def __init__(self, learnt: Learnt, false_alarms_a_day: float) -> None:
        self.learnt = learnt
        self.limit = limit_of(learnt.largest, false_alarms_a_day)
        self.spread = learnt.spread_map()
        self._search = Search(learnt.entries(), learnt.rows, learnt.columns)

    def unlike(self, vectors: Floats, busy: Bools) -> Floats:
        """How unlike the dictionary each place of one look is, in spreads of the place."""
        return unlikeness(self._search.distances(vectors), self.spread, busy)


class NormalEye:
    """Looks of one camera against its dictionaries. States that were never learnt say nothing."""

    def __init__(self, patches: Embeds, known: Mapping[CabinState, Known]) -> None:
        self._patches = patches
        self._known = known
        self._calm = Calm()
        self._standing = Standing()
        self._state: CabinState | None = None

    def look(
        self, grey: GreyPicture, state: CabinState, at_s: float, busy: Sequence[Box]
    ) -> NormalSeen | None:
        """One look. `busy`: boxes where somebody or something that moves is or was a moment ago."""
        known = self._known.get(state)
        if state is not self._state:
            self._state = state
            self.forget()
        picture = None if known is None else self._calm.update(grey, state, at_s)
        if known is None or picture is None:
            return None
        vectors = self._patches.embed(picture).vectors
        size = (grey.shape[1], grey.shape[0])
        unlike = known.unlike(vectors, busy_cells(busy, size, *vectors.shape[:2]))
        standing = self._standing.update(unlike, at_s)
        return None if standing is None else seen_in(standing, known, size)

    def forget(self) -> None:
        """The picture is not sound: nothing before it counts after it."""
        self._calm.clear()
        self._standing.clear()


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


@dataclass(frozen=True, slots=True)
class Service:
    """Hours in which the cabin is serviced, as minutes of the day; `begins` equal to `ends`: never."""

    begins: int = 0
    ends: int = 0

    @staticmethod
    def of(hours: str) -> Service:
        """Such as "06:00-06:30", as the settings have checked it; empty: never."""
        if not hours:
            return Service()
        begins, ends = (int(part[:2]) * 60 + int(part[3:]) for part in hours.split("-"))
        return Service(begins, ends)

    def at(self, minute_of_day: int | None) -> bool:
        if minute_of_day is None or self.begins == self.ends:
            return False
        if self.begins < self.ends:
            return self.begins <= minute_of_day < self.ends
        return minute_of_day >= self.begins or minute_of_day < self.ends


class LooksAtNormal(Protocol):
    """`NormalEye`, or what learns in its place."""

    def look(
        self, grey: GreyPicture, state: CabinState, at_s: float, busy: Sequence[Box]
    ) -> NormalSeen | None: ...
    def forget(self) -> None: ...


class NormalSeer:
    """Tells the cabin's state and looks: once a second where nobody is, rarely where somebody is.

    Where somebody is seen, or something moves, is left to those who judge people: what they wear is in no
    dictionary.
    """

    seer: Final = Seer.NORMAL

    def __init__(self, eye: LooksAtNormal, service: Service, minute_of_day: Callable[[], int | None]) -> None:
        self._eye = eye
        self._service = service
        self._minute_of_day = minute_of_day
        self._somebody_s = self._looked_s = float("-inf")
        self._busy: deque[tuple[float, Box]] = deque(maxlen=_MOST_BUSY)

    def wants(self, sight: Sight) -> bool:
        at_s = sight.frame.at_s
        if sight.faces or sight.persons or (sight.scene is not None and sight.scene.somebody_logit > 0.0):
            self._somebody_s = at_s
        moving = (region.box for region in sight.moving)
        bodies = (person.box for person in sight.persons)
        faces = (face.box for face in sight.faces)
        self._busy.extend((at_s, box) for box in (*moving, *bodies, *faces))
        if sight.health is not CameraHealth.OK or sight.doubtful:
            self._eye.forget()
            return False
        return not self._occupied(at_s) or at_s - self._looked_s >= OCCUPIED_S - 1e-3

    def look(self, sight: Sight) -> None:
        self._looked_s = sight.frame.at_s
        at_s = sight.frame.at_s
        busy = [box for seen_s, box in self._busy if at_s - seen_s <= _BUSY_S]
        sight.normal = self._eye.look(sight.frame.grey, self._state(sight), at_s, busy)

    def _occupied(self, at_s: float) -> bool:
        return at_s - self._somebody_s < _STAYS_S

    def _state(self, sight: Sight) -> CabinState:
        if self._service.at(self._minute_of_day()):
            return CabinState.SERVICE
        if self._occupied(sight.frame.at_s):
            return CabinState.CUSTOMER
        night = sight.infrared or float(sight.small.mean()) < _NIGHT_LEVEL
        return CabinState.VACANT_NIGHT if night else CabinState.VACANT_DAY


def look_every_s(state: CabinState) -> float:
    """How far apart two looks of a state are."""
    return OCCUPIED_S if state is CabinState.CUSTOMER else SEERS[Seer.NORMAL].every_s
