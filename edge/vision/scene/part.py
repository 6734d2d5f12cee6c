"""One region of the machine's front: its taught looks, its own normal, and the votes of the last minutes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, FrontChange, FrontSeen
from edge.vision.scene.align import Matrix
from edge.vision.scene.fronts import FrontRegion, region_mask
from edge.vision.scene.structure import Floats, Structure, apart, structure_of
from hw.camera.port import GreyPicture

SLOTS: Final = 12
"""How many of the last slots vote."""
NEEDED: Final = 10
"""How many of them must differ at the same place, and how many there must be to say anything."""
STRUCTURE_LIMIT: Final = 0.35
LIKENESS_LIMIT: Final = 0.25
_MARGIN_PX: Final = 8
_TILE_PX: Final = 112
"""Longer side of what the network sees at once."""
_THING_PX: Final = 2.0
"""What differs is gathered over about the smallest change that is to be seen."""
_SOFT_PX: Final = 0.6
_JITTER_PX: Final = 0.5
_GROW_S: Final = 600.0
_QUARANTINE_S: Final = 3 * 3600.0
_CALM: Final = 0.7
"""Below this distance a region is undisturbed."""
_QUANTILE: Final = 0.99
_STEP: Final = 0.02
_TIGHTEST: Final = 0.5
"""Share of the normal that it began with, below which no time makes it narrower."""
_OUTLINE: Final = 1.6
"""Ratio of the edges along its outline from which a thing is in the one picture and not in the other."""


class Embedded(Protocol):
    """`patches.Embedding`: unit vectors (rows, columns, channels)."""

    @property
    def vectors(self) -> NDArray[np.float32]: ...


Embed = Callable[[GreyPicture], Embedded]
Job = Callable[[float, Matrix], FrontSeen | None]


@dataclass(frozen=True, slots=True)
class _Tile:
    """A piece of the crop, in its pixels."""

    x: int
    y: int
    w: int
    h: int

    def of(self, crop: GreyPicture) -> GreyPicture:
        return np.ascontiguousarray(crop[self.y : self.y + self.h, self.x : self.x + self.w])


@dataclass(slots=True)
class _Votes:
    """Maps of the last slots, and what is normal for each of their cells."""

    normal: Floats
    least: Floats
    maps: deque[Floats]
    waiting: deque[tuple[float, Floats]]

    @staticmethod
    def begun(normal: Floats) -> _Votes:
        return _Votes(normal, normal * np.float32(_TIGHTEST), deque(maxlen=SLOTS), deque())

    def voted(self) -> Floats | None:
        """What nearly all of them reach at each place; None while there are too few."""
        if len(self.maps) < NEEDED:
            return None
        rank = len(self.maps) - NEEDED
        return np.asarray(np.partition(np.stack(self.maps), rank, axis=0)[rank], dtype=np.float32)

    def grow(self, at_s: float) -> None:
        """A running quantile, by what was voted hours ago and has been followed by nothing wrong."""
        while self.waiting and self.waiting[0][0] <= at_s - _QUARANTINE_S:
            _, seen = self.waiting.popleft()
            step = np.where(seen > self.normal, _QUANTILE, _QUANTILE - 1.0).astype(np.float32)
            self.normal = np.maximum(self.normal + np.float32(_STEP) * step, self.least)


class Part:
    """One region. `pictures`: the taught ones, laid over the first; `screens`: 1 where nothing is
    compared."""

    def __init__(
        self,
        region: FrontRegion,
        pictures: Sequence[GreyPicture],
        screens: NDArray[np.uint8],
        px_per_cm: float | None = None,
    ) -> None:
        self.region = region
        self._px_per_cm = px_per_cm
        shape = pictures[0].shape
        self._box = _with_margin(region, shape)
        mask = region_mask(region, shape)
        mask[cv2.dilate(screens, np.ones((5, 5), np.uint8)) > 0] = 0
        self._inside = self._crop(mask).astype(np.float32)
        self._taught = [self._crop(picture) for picture in pictures]
        self._structures = [structure_of(crop) for crop in self._taught]
        self._tiles = tuple(_tiles(self._taught[0].shape))
        self._gathered: list[GreyPicture] = []
        self._at: deque[float] = deque(maxlen=SLOTS)
        self._structure = _Votes.begun(self._structure_normal())
        self._likeness: list[_Votes | None] = [None] * len(self._tiles)
        self._vectors: list[list[NDArray[np.float32]]] = [[] for _ in self._tiles]
        self._grown_s = float("-inf")

    def _crop(self, picture: GreyPicture) -> GreyPicture:
        x, y, w, h = self._box
        return np.ascontiguousarray(picture[y : y + h, x : x + w])

    # --- what is normal ----------------------------------------------------------------------------

    def _structure_normal(self) -> Floats:
        """What half a pixel, a little blur and the other taught pictures do to each pixel."""
        base = self._structures[0]
        seen = [self._nearest(structure_of(other)) for other in _jittered(self._taught[0])]
        for at, other in enumerate(self._structures[1:], start=1):
            rest = [one for n, one in enumerate(self._structures) if n != at]
            seen.append(np.minimum.reduce([apart(one, other) for one in rest]))
        most = np.maximum.reduce(seen) if seen else np.zeros_like(base.high)
        return np.asarray(cv2.dilate(most, np.ones((3, 3), np.uint8)), dtype=np.float32)

    def _nearest(self, now: Structure) -> Floats:
        """The distance to the nearest of the taught pictures, at each pixel."""
        return np.asarray(np.minimum.reduce([apart(one, now) for one in self._structures]), np.float32)

    def preparing(self, embed: Embed) -> Iterator[Job]:
        """One pass of the network each: the taught pictures, and what light and half a pixel do to the
        first."""
        for at, tile in enumerate(self._tiles):
            for crop in self._taught:
                yield self._taught_job(embed, at, tile.of(crop))
            for other in (*_jittered(self._taught[0]), *_relit(self._taught[0])):
                yield self._normal_job(embed, at, tile.of(other))
            if len(self._taught) > 1:
                yield self._spread_job(at)

    def _taught_job(self, embed: Embed, at: int, piece: GreyPicture) -> Job:
        def job(at_s: float, matrix: Matrix) -> None:
            vectors = embed(piece).vectors
            self._vectors[at].append(vectors)
            if self._likeness[at] is None:
                self._likeness[at] = _Votes.begun(np.zeros(vectors.shape[:2], np.float32))

        return job

    def _normal_job(self, embed: Embed, at: int, piece: GreyPicture) -> Job:
        def job(at_s: float, matrix: Matrix) -> None:
            self._raise_normal(at, self._unlike(at, embed(piece).vectors))

        return job

    def _spread_job(self, at: int) -> Job:
        def job(at_s: float, matrix: Matrix) -> None:
            taught = self._vectors[at]
            for n, vectors in enumerate(taught):
                rest = [one for m, one in enumerate(taught) if m != n]
                self._raise_normal(at, _nearest_vectors(rest, vectors))

        return job

    def _raise_normal(self, at: int, seen: Floats) -> None:
        votes = self._likeness[at]
        assert votes is not None, "the taught pictures are embedded first"
        votes.normal = np.maximum(votes.normal, seen)
        votes.least = votes.normal * np.float32(_TIGHTEST)

    def _unlike(self, at: int, vectors: NDArray[np.float32]) -> Floats:
        return _nearest_vectors(self._vectors[at], vectors)

    # --- what is seen ------------------------------------------------------------------------------

    def gather(self, laid: GreyPicture, most: int) -> None:
        """One picture, laid over the taught one, into the slot."""
        if len(self._gathered) < most:
            self._gathered.append(self._crop(laid))

    def drop(self) -> None:
        """The slot is not to be compared."""
        self._gathered = []

    def comparing(self, embed: Embed | None) -> Iterator[Job]:
        """Compares what was gathered: one pass of the network each, and the last one says what is seen."""
        if not self._gathered:
            return
        stack, self._gathered = np.stack(self._gathered), []
        now = np.median(stack, axis=0).astype(np.uint8)
        if embed is not None:
            for at, tile in enumerate(self._tiles):
                yield self._likeness_job(embed, at, tile.of(now))
        yield self._verdict_job(now)

    def _likeness_job(self, embed: Embed, at: int, piece: GreyPicture) -> Job:
        def job(at_s: float, matrix: Matrix) -> None:
            votes = self._likeness[at]
            if votes is not None:
                votes.maps.append(self._unlike(at, embed(piece).vectors))

        return job

    def _verdict_job(self, now: GreyPicture) -> Job:
        def job(at_s: float, matrix: Matrix) -> FrontSeen | None:
            seen = structure_of(now)
            self._structure.maps.append(self._nearest(seen))
            self._at.append(at_s)
            return self._verdict(seen, at_s, matrix)

        return job

    def _verdict(self, now: Structure, at_s: float, matrix: Matrix) -> FrontSeen | None:
        voted = self._structure.voted()
        if voted is None:
            return None
        structure = _excess(voted, self._structure.normal) / np.float32(STRUCTURE_LIMIT)
        structure = np.asarray(cv2.GaussianBlur(structure, (0, 0), _THING_PX), np.float32) * self._inside
        likeness = self._likeness_map() * self._inside
        both = np.sqrt(structure * structure + likeness * likeness)
        y, x = np.unravel_index(int(np.argmax(both)), both.shape)
        distance = float(both[y, x])
        self._learn(voted, distance, at_s)
        mask = _around_peak(both, (int(y), int(x)))
        change = FrontChange.SAME if distance <= 1.0 else _change(mask, now, self._structures[0])
        box = self._box_of(mask, matrix)
        size_cm = None if self._px_per_cm is None else _longest(mask) / self._px_per_cm
        over_s = at_s - self._at[-NEEDED] + 30.0
        return FrontSeen(
            self.region.name,
            round(distance, 3),
            change,
            box,
            round(over_s, 1),
            round(float(structure[y, x]), 3),
            round(float(likeness[y, x]), 3),
            None if size_cm is None else round(size_cm, 1),
        )

    def _likeness_map(self) -> Floats:
        found = np.zeros_like(self._inside)
        for tile, votes in zip(self._tiles, self._likeness, strict=True):
            voted = None if votes is None else votes.voted()
            if votes is None or voted is None:
                continue
            cells = _excess(voted, votes.normal) / np.float32(LIKENESS_LIMIT)
            large = cv2.resize(cells, (tile.w, tile.h), interpolation=cv2.INTER_LINEAR)
            piece = found[tile.y : tile.y + tile.h, tile.x : tile.x + tile.w]
            np.maximum(piece, large, out=piece)
        return found

    def _learn(self, voted: Floats, distance: float, at_s: float) -> None:
        """Puts what was voted aside for hours; whatever is wrong meanwhile makes all of it forgotten."""
        every = [self._structure, *(votes for votes in self._likeness if votes is not None)]
        if distance > _CALM:
            for votes in every:
                votes.waiting.clear()
            return
        if at_s - self._grown_s >= _GROW_S:
            self._grown_s = at_s
            self._structure.waiting.append((at_s, voted))
            for one in every[1:]:
                cells = one.voted()
                if cells is not None:
                    one.waiting.append((at_s, cells))
        for votes in every:
            votes.grow(at_s)

    def _box_of(self, mask: NDArray[np.uint8], matrix: Matrix) -> Box:
        """What is marked, in pixels of the present picture."""
        x, y, w, h = cv2.boundingRect(mask)
        x0, y0 = x + self._box[0], y + self._box[1]
        corners = np.array([(x0, y0, 1), (x0 + w, y0, 1), (x0, y0 + h, 1), (x0 + w, y0 + h, 1)])
        there = corners @ matrix.T
        left, top = (float(v) for v in there.min(axis=0))
        right, bottom = (float(v) for v in there.max(axis=0))
        return round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1)


def _with_margin(region: FrontRegion, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    x, y, w, h = region.box
    x0, y0 = max(x - _MARGIN_PX, 0), max(y - _MARGIN_PX, 0)
    x1, y1 = min(x + w + _MARGIN_PX, shape[1]), min(y + h + _MARGIN_PX, shape[0])
    return x0, y0, x1 - x0, y1 - y0


def _tiles(shape: tuple[int, ...]) -> Iterator[_Tile]:
    """Pieces about as wide as high that cover a crop of this shape."""
    height, width = shape[:2]
    side = min(_TILE_PX, max(min(height, width), 32))
    rows, columns = -(-height // side), -(-width // side)
    for row in range(rows):
        for column in range(columns):
            w, h = min(side, width), min(side, height)
            x = round((width - w) * column / max(columns - 1, 1))
            y = round((height - h) * row / max(rows - 1, 1))
            yield _Tile(x, y, w, h)


def _jittered(crop: GreyPicture) -> Iterator[GreyPicture]:
    """Half a pixel each way, and softer: as well as pictures can be laid over each other."""
    height, width = crop.shape
    for dx, dy in ((_JITTER_PX, 0.0), (-_JITTER_PX, 0.0), (0.0, _JITTER_PX), (0.0, -_JITTER_PX)):
        by = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])
        moved = cv2.warpAffine(crop, by, (width, height), borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(moved, dtype=np.uint8)
    yield np.asarray(cv2.GaussianBlur(crop, (0, 0), _SOFT_PX), dtype=np.uint8)


def _relit(crop: GreyPicture) -> Iterator[GreyPicture]:
    """Dimmer with noise, brighter, hazy, and with light from either side."""
    x = crop.astype(np.float32)
    across = np.linspace(0.55, 1.15, crop.shape[1], dtype=np.float32)[None, :]
    noise = np.random.default_rng(0).normal(0.0, 1.0, crop.shape).astype(np.float32)
    for lit in (0.5 * x + noise, 1.35 * x, 0.75 * x + 40.0, x * across, x * across[:, ::-1]):
        yield np.clip(lit, 0, 255).astype(np.uint8)


def _nearest_vectors(taught: Sequence[NDArray[np.float32]], vectors: NDArray[np.float32]) -> Floats:
    """1 - dot product to the nearest of the taught ones, at each cell."""
    apart_by = [1.0 - np.einsum("rcd,rcd->rc", one, vectors) for one in taught]
    return np.asarray(np.minimum.reduce(apart_by), dtype=np.float32)


def _excess(seen: Floats, normal: Floats) -> Floats:
    return np.asarray(np.maximum(seen - normal, 0.0), dtype=np.float32)


def _around_peak(values: Floats, peak: tuple[int, int]) -> NDArray[np.uint8]:
    """What belongs to the highest place: joined to it, and more than half as high."""
    above = (values >= max(0.5 * float(values[peak]), 1e-6)).astype(np.uint8)
    above[peak] = 1
    _, labels = cv2.connectedComponents(above, connectivity=8)
    return np.asarray(labels == labels[peak], dtype=np.uint8)


def _longest(mask: NDArray[np.uint8]) -> float:
    """Longer side of what is marked, less what comparing neighbourhoods adds around it."""
    _, _, w, h = cv2.boundingRect(mask)
    return max(float(max(w, h)) - 2.0 * _THING_PX, 1.0)


def _change(mask: NDArray[np.uint8], now: Structure, before: Structure) -> FrontChange:
    """Something was added where its outline is an edge of the present picture, removed where it was of the
    old."""
    outline = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    there = float(np.sqrt(now.energy[outline].mean())) if outline.any() else 0.0
    was = float(np.sqrt(before.energy[outline].mean())) if outline.any() else 0.0
    if there > _OUTLINE * was + 1e-3:
        return FrontChange.ADDED
    if was > _OUTLINE * there + 1e-3:
        return FrontChange.REMOVED
    return FrontChange.CHANGED
