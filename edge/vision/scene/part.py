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
from edge.vision.scene.structure import (
    Floats,
    Mask,
    Stood,
    Taught,
    blind_in,
    energy_off,
    off,
    stood,
    structure_of,
    taught,
)
from hw.camera.port import GreyPicture

SLOTS: Final = 12
"""How many of the last slots vote."""
NEEDED: Final = 10
"""How many of them must differ at the same place, and how many there must be to say anything."""
SLOT_S: Final = 30.0

STRUCTURE_LIMIT: Final = 1.4
LIKENESS_LIMIT: Final = 0.11
"""Both must speak for a change at the same place: the distance is the smaller of the two, each in its limit.
A fingerprint has structure and no likeness to lose, a soft shadow or a slow strip of sun the other way round.
"""
ALONE: Final = 2.2
"""What structure must reach in its limit where no network compares."""

_MARGIN_PX: Final = 8
_SCREEN_PX: Final = 4
"""A screen's light reaches so far over its edge."""
_TILE_PX: Final = 112
"""Longer side of what the network sees at once."""
_SOFT_PX: Final = 0.6
_JITTER_PX: Final = 0.5
_GROW_S: Final = 600.0
_QUARANTINE_S: Final = 3 * 3600.0
_CALM: Final = 0.7
"""Below this distance a region is undisturbed."""
_RISE: Final = 0.2
_FALL: Final = 0.002
"""Of the way to what was seen, and back to where it began: a hundred to one, as for the rarest in a
hundred."""
_OUTLINE: Final = 1.4
"""Ratio of the edges along its outline from which a thing is in the one picture and not in the other."""
_EDGE_PX: Final = 2.0


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


class _Normal:
    """What is normal at each place: it rises to what is seen hours ago and since undisturbed, and falls
    slowly."""

    def __init__(self, first: Floats) -> None:
        self.first = self.now = first
        self._waiting: deque[tuple[float, Floats]] = deque()

    def raise_first(self, seen: Floats) -> None:
        """Known to be normal, from the beginning."""
        self.first = self.now = np.maximum(self.first, seen)

    def put_aside(self, at_s: float, seen: Floats) -> None:
        self._waiting.append((at_s, seen))

    def forget_waiting(self) -> None:
        self._waiting.clear()

    def grow(self, at_s: float) -> None:
        while self._waiting and self._waiting[0][0] <= at_s - _QUARANTINE_S:
            _, seen = self._waiting.popleft()
            up = np.float32(_RISE) * np.maximum(seen - self.now, 0.0)
            down = np.float32(_FALL) * (self.now - self.first)
            self.now = np.asarray(self.now + np.where(up > 0.0, up, -down), dtype=np.float32)


@dataclass(slots=True)
class _Likeness:
    """One tile: the taught vectors, what is normal for its cells, and the distances of the last slots."""

    taught: list[NDArray[np.float32]]
    normal: _Normal | None
    maps: deque[Floats]

    def unlike(self, vectors: NDArray[np.float32]) -> Floats:
        """1 - dot product to the nearest of the taught ones, at each cell."""
        away = [1.0 - np.einsum("rcd,rcd->rc", one, vectors) for one in self.taught]
        return np.asarray(np.minimum.reduce(away), dtype=np.float32)

    def voted(self) -> Floats | None:
        """What nearly all of the last slots reach at each cell; None while there are too few."""
        if len(self.maps) < NEEDED:
            return None
        rank = len(self.maps) - NEEDED
        return np.asarray(np.partition(np.stack(self.maps), rank, axis=0)[rank], dtype=np.float32)


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
        self._screen = self._crop(screens) > 0
        mask = region_mask(region, shape)
        mask[cv2.dilate(screens, np.ones((2 * _SCREEN_PX + 1,) * 2, np.uint8)) > 0] = 0
        self._inside = self._crop(mask).astype(np.float32)
        self._base = self._crop(pictures[0])
        self._pictures = [self._without_screen(self._crop(picture)) for picture in pictures]
        self._taught: list[Taught] = [taught(one, _jittered(one)) for one in self._pictures]
        self._tiles = tuple(_tiles(self._base.shape))
        self._gathered: list[GreyPicture] = []
        self._at: deque[float] = deque(maxlen=SLOTS)
        self._structures: deque[Floats] = deque(maxlen=SLOTS)
        self._blind: deque[Mask] = deque(maxlen=SLOTS)
        self._normal = _Normal(np.zeros(self._base.shape, np.float32))
        self._likeness = [_Likeness([], None, deque(maxlen=SLOTS)) for _ in self._tiles]
        self._grown_s = float("-inf")

    def _crop(self, picture: GreyPicture) -> GreyPicture:
        x, y, w, h = self._box
        return np.ascontiguousarray(picture[y : y + h, x : x + w])

    def _without_screen(self, crop: GreyPicture) -> GreyPicture:
        """What a screen shows is put back to what it showed at first, in the light of the rest."""
        if not self._screen.any() or self._screen.all():
            return crop
        rest = ~self._screen
        light = (float(np.median(crop[rest])) + 1.0) / (float(np.median(self._base[rest])) + 1.0)
        out = crop.copy()
        out[self._screen] = np.clip(self._base[self._screen].astype(np.float32) * light, 0, 255).astype(
            np.uint8
        )
        return out

    # --- what is normal ----------------------------------------------------------------------------

    def preparing(self, embed: Embed) -> Iterator[Job]:
        """One pass of the network each: the taught pictures, and what light and half a pixel do to the
        first."""
        for tile, likeness in zip(self._tiles, self._likeness, strict=True):
            for crop in self._pictures:
                yield self._taught_job(embed, likeness, tile.of(crop))
            for other in (*_jittered(self._pictures[0]), *_relit(self._pictures[0])):
                yield self._normal_job(embed, likeness, tile.of(other))

    def _taught_job(self, embed: Embed, likeness: _Likeness, piece: GreyPicture) -> Job:
        def job(at_s: float, matrix: Matrix) -> None:
            likeness.taught.append(embed(piece).vectors)

        return job

    def _normal_job(self, embed: Embed, likeness: _Likeness, piece: GreyPicture) -> Job:
        def job(at_s: float, matrix: Matrix) -> None:
            away = likeness.unlike(embed(piece).vectors)
            if likeness.normal is None:
                likeness.normal = _Normal(away)
            else:
                likeness.normal.raise_first(away)

        return job

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
        middle = np.median(stack, axis=0) if len(stack) > 1 else stack[0]
        now = self._without_screen(middle.astype(np.uint8))
        if embed is not None:
            for tile, likeness in zip(self._tiles, self._likeness, strict=True):
                yield self._likeness_job(embed, likeness, tile.of(now))
        yield self._verdict_job(now)

    def _likeness_job(self, embed: Embed, likeness: _Likeness, piece: GreyPicture) -> Job:
        def job(at_s: float, matrix: Matrix) -> None:
            if likeness.normal is not None:
                likeness.maps.append(likeness.unlike(embed(piece).vectors))

        return job

    def _verdict_job(self, now: GreyPicture) -> Job:
        def job(at_s: float, matrix: Matrix) -> FrontSeen | None:
            self._structures.append(structure_of(now))
            self._blind.append(blind_in(now))
            self._at.append(at_s)
            if len(self._at) < NEEDED:
                return None
            return self._verdict(stood(self._structures, self._blind, NEEDED), at_s, matrix)

        return job

    def _verdict(self, what: Stood, at_s: float, matrix: Matrix) -> FrontSeen:
        """Against the nearest of the taught pictures, at each place."""
        away = [off(what, one, self._normal.now) for one in self._taught]
        structure = np.minimum.reduce(away) / np.float32(STRUCTURE_LIMIT) * self._inside
        likeness = self._likeness_map() / np.float32(LIKENESS_LIMIT) * self._inside
        both = np.minimum(structure, likeness) if self._compares else structure / np.float32(ALONE)
        y, x = np.unravel_index(int(np.argmax(both)), both.shape)
        distance = float(both[y, x])
        self._learn(what, distance, at_s)
        mask = _around_peak(both, (int(y), int(x)))
        nearest = min(range(len(away)), key=lambda n: float(away[n][y, x]))
        change = FrontChange.SAME if distance <= 1.0 else _change(mask, what, self._taught[nearest])
        size_cm = None if self._px_per_cm is None else round(_longest(mask) / self._px_per_cm, 1)
        return FrontSeen(
            region=self.region.name,
            distance=round(distance, 3),
            change=change,
            box=self._box_of(mask, matrix),
            over_s=round(at_s - self._at[-NEEDED] + SLOT_S, 1),
            structure=round(float(structure[y, x]), 3),
            likeness=round(float(likeness[y, x]), 3),
            size_cm=size_cm,
        )

    @property
    def _compares(self) -> bool:
        """Whether the network compares this region as well."""
        return all(one.voted() is not None for one in self._likeness)

    def _likeness_map(self) -> Floats:
        """How much less alike each pixel's cell has been than is normal for it; 0 where nobody compared."""
        found = np.zeros_like(self._inside)
        for tile, likeness in zip(self._tiles, self._likeness, strict=True):
            voted = likeness.voted()
            if voted is None or likeness.normal is None:
                continue
            cells = np.maximum(voted - likeness.normal.now, 0.0)
            large = cv2.resize(cells, (tile.w, tile.h), interpolation=cv2.INTER_LINEAR)
            piece = found[tile.y : tile.y + tile.h, tile.x : tile.x + tile.w]
            np.maximum(piece, large, out=piece)
        return found

    def _learn(self, what: Stood, distance: float, at_s: float) -> None:
        """Puts what was seen aside for hours; whatever is wrong meanwhile makes all of it forgotten."""
        normals = [self._normal, *(one.normal for one in self._likeness if one.normal is not None)]
        if distance > _CALM:
            for normal in normals:
                normal.forget_waiting()
            return
        if at_s - self._grown_s >= _GROW_S:
            self._grown_s = at_s
            self._normal.put_aside(at_s, np.minimum.reduce([energy_off(what, one) for one in self._taught]))
            for one in self._likeness:
                voted = one.voted()
                if one.normal is not None and voted is not None:
                    one.normal.put_aside(at_s, voted)
        for normal in normals:
            normal.grow(at_s)

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


def _around_peak(values: Floats, peak: tuple[int, int]) -> NDArray[np.uint8]:
    """What belongs to the highest place: joined to it, and more than half as high."""
    above = (values >= max(0.5 * float(values[peak]), 1e-6)).astype(np.uint8)
    above[peak] = 1
    _, labels = cv2.connectedComponents(above, connectivity=8)
    return np.asarray(labels == labels[peak], dtype=np.uint8)


def _longest(mask: NDArray[np.uint8]) -> float:
    """Longer side of what is marked, less what comparing neighbourhoods adds around it."""
    _, _, w, h = cv2.boundingRect(mask)
    return max(float(max(w, h)) - 2.0 * _EDGE_PX, 1.0)


def _change(mask: NDArray[np.uint8], what: Stood, before: Taught) -> FrontChange:
    """Added where there are more edges than before, removed where there are fewer."""
    around = cv2.dilate(mask, np.ones((5, 5), np.uint8)) > 0
    there = float(np.sqrt(np.mean(((what.low + what.high) / 2.0)[around] ** 2)))
    was = float(np.sqrt(np.mean(before.own[around] ** 2)))
    if there > _OUTLINE * was:
        return FrontChange.ADDED
    if was > _OUTLINE * there:
        return FrontChange.REMOVED
    return FrontChange.CHANGED
