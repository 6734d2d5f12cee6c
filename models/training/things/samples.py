"""Endless squares to learn from: every picture at every framing and in every light, labelled inside the
square.

Weapons teach style where all of them come from two shops' pictures and everything else from elsewhere, so
much of what is not a weapon is cut out of the weapon pictures themselves, sharp squares are made as coarse
as a person in a cabin is seen, and cut-out pistols are put into hands of people who hold none, beside other
things that are put there in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.crops import SIDE_PX, Square, around, even, whole
from models.training.things.data import BAR, GUN, IGNORED, NOTHING, PHONE, Marked, Picture

Picked = NDArray[np.uint8]
_T = TypeVar("_T")

_SEEN_ENOUGH, _SEEN_HARDLY = 0.6, 0.05
"""Share of a thing in the square above which it is there and under which it is not; between is not learnt."""
_SMALLEST = 0.105
"""Longer side of a thing in sides of the square under which nobody could name it."""
_COARSEST_PX = 9.0
"""So many pixels of a thing are left when a square is made coarse."""
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """A square (96 x 96, or x 3), its class, and the things in it in its pixels."""

    grey: Picked
    kind: int
    things: list[Marked]
    boxed: bool


@dataclass(frozen=True, slots=True)
class Mixture:
    """How often what is shown; the rest are people and rooms without any thing."""

    weapon: float = 0.40
    beside: float = 0.17
    tool: float = 0.16
    phone: float = 0.06
    pasted: float = 0.30
    """Of the people without a thing: so many get a cut-out pistol or another thing in the hand."""


class Samples:
    """Seeded squares from `pictures`."""

    def __init__(self, pictures: Sequence[Picture], seed: int, mixture: Mixture = Mixture()) -> None:
        self._rng = np.random.default_rng(seed)
        self._mixture = mixture
        weapons = [p for p in pictures if p.task in ("weapon", "weapon_crop") and _kinds(p) & _WEAPONS]
        self._weapons: list[list[Picture]] = []
        for kind in sorted(_WEAPONS):
            for source in sorted({p.source for p in weapons}):
                held = [p for p in weapons if p.source == source and kind in _kinds(p)]
                if held:
                    self._weapons.append(held)
        # A source with few pictures of a kind is shown less often than one with many, but not in proportion.
        shares = np.array([math.sqrt(len(held)) for held in self._weapons])
        self._weapon_share = shares / shares.sum()
        self._beside = [p for p in weapons if p.negatives]
        self._tools = [p for p in pictures if BAR in _kinds(p) and not _kinds(p) & _WEAPONS]
        self._phones = [p for p in pictures if PHONE in _kinds(p) and not _kinds(p) & _WEAPONS]
        others = [p for p in pictures if p.negatives and not _kinds(p) & (_WEAPONS | {BAR, PHONE})]
        self._others: list[list[Picture]] = []
        for source in sorted({p.source for p in others}):
            self._others.append([p for p in others if p.source == source])
        shares = np.array([math.sqrt(len(held)) for held in self._others])
        self._other_share = shares / shares.sum()
        self._cutouts = [_keyed(p.grey) for p in pictures if p.task == "cutout"]
        self._patches = [(p, o) for p in pictures for o in p.objects if p.negatives]

    def next(self) -> Sample:
        """One square."""
        rng, mixture = self._rng, self._mixture
        for _ in range(_TRIES):
            draw = rng.random()
            if draw < mixture.weapon:
                group = self._weapons[int(rng.choice(len(self._weapons), p=self._weapon_share))]
                sample = self._with_thing(_one(group, rng))
            elif draw < mixture.weapon + mixture.beside and self._beside:
                sample = self._beside_thing(_one(self._beside, rng))
            elif draw < mixture.weapon + mixture.beside + mixture.tool and self._tools:
                sample = self._with_thing(_one(self._tools, rng))
            elif draw < 1.0 - self._rest() and self._phones:
                sample = self._with_thing(_one(self._phones, rng))
            else:
                group = self._others[int(rng.choice(len(self._others), p=self._other_share))]
                sample = self._without(_one(group, rng))
            if sample is not None:
                return sample
        return self._without(_one(self._others[0], rng)) or Sample(
            np.zeros((SIDE_PX, SIDE_PX), np.uint8), NOTHING, [], True
        )

    def _rest(self) -> float:
        m = self._mixture
        return 1.0 - m.weapon - m.beside - m.tool - m.phone

    # --- where to cut -----------------------------------------------------------------------------

    def _with_thing(self, picture: Picture) -> Sample | None:
        rng = self._rng
        height, width = picture.grey.shape[:2]
        known = [t for t in picture.things if t.kind not in (IGNORED, NOTHING)]
        thing = _one(known, rng)
        x0, y0, x1, y1 = thing.box
        long = max(x1 - x0, y1 - y0, 4.0)
        holders = [p for p in picture.persons if _overlap(thing.box, p.box) > 0.3]
        draw = rng.random()
        if draw < (0.35 if picture.crop else 0.12):
            square = _jittered(whole(height, width), rng, 0.85, 1.15, 0.06)
        elif holders and draw < 0.62:
            square = _jittered(around(_as_box(_one(holders, rng))), rng, 0.7, 1.35, 0.14)
        else:
            side = long / math.exp(rng.uniform(math.log(0.14), math.log(0.9)))
            side = min(max(side, 24.0), 1.25 * max(height, width))
            room_x, room_y = (side - (x1 - x0)) / 2.0, (side - (y1 - y0)) / 2.0
            cx = (x0 + x1) / 2.0 + rng.uniform(-1, 1) * max(room_x, 0.05 * side)
            cy = (y0 + y1) / 2.0 + rng.uniform(-1, 1) * max(room_y, 0.05 * side)
            square = Square(cx - side / 2.0, cy - side / 2.0, side)
        return self._cut(picture, square, want=True)

    def _beside_thing(self, picture: Picture) -> Sample | None:
        rng = self._rng
        height, width = picture.grey.shape[:2]
        for _ in range(_TRIES):
            if picture.persons and rng.random() < 0.7:
                square = _jittered(around(_as_box(_one(picture.persons, rng))), rng, 0.35, 1.0, 0.35)
            else:
                side = max(height, width) * rng.uniform(0.25, 0.8)
                square = Square(rng.uniform(0, width) - side / 2.0, rng.uniform(0, height) - side / 2.0, side)
            if square.side < 24.0 or _inside(square, width, height) < 0.55:
                continue
            sample = self._cut(picture, square, want=False)
            if sample is not None:
                return sample
        return None

    def _without(self, picture: Picture) -> Sample | None:
        rng = self._rng
        height, width = picture.grey.shape[:2]
        near = [*picture.persons, *picture.objects]
        if picture.crop and rng.random() < 0.6:
            side = min(height, width) * rng.uniform(0.7, 1.1)
            square = Square(rng.random() * (width - side), rng.random() * (height - side), side)
        elif picture.crop or rng.random() < 0.15:
            square = _jittered(whole(height, width), rng, 0.6, 1.15, 0.15)
        elif picture.objects and rng.random() < 0.5:
            x0, y0, x1, y1 = _one(picture.objects, rng).box
            side = max(x1 - x0, y1 - y0, 12.0) / rng.uniform(0.2, 0.9)
            square = _jittered(
                Square((x0 + x1 - side) / 2.0, (y0 + y1 - side) / 2.0, side), rng, 0.9, 1.1, 0.2
            )
        elif near and rng.random() < 0.8:
            square = _jittered(around(_as_box(_one(near, rng))), rng, 0.5, 1.35, 0.2)
        else:
            side = max(height, width) * rng.uniform(0.3, 1.0)
            square = Square(rng.uniform(0, width) - side / 2.0, rng.uniform(0, height) - side / 2.0, side)
        if square.side < 24.0 or _inside(square, width, height) < 0.5:
            square = whole(height, width)
        return self._cut(picture, square, want=False, paste=rng.random() < self._mixture.pasted)

    def _cut(self, picture: Picture, square: Square, want: bool, paste: bool = False) -> Sample | None:
        """None where a thing is half in the square, or too small to be named, or none is there and one is
        wanted."""
        rng = self._rng
        turn = _Turn.drawn(square, rng)
        things: list[Marked] = []
        for thing in picture.things:
            box, seen = turn.of(thing.box)
            long = max(box[2] - box[0], box[3] - box[1])
            if seen < _SEEN_HARDLY:
                continue
            if thing.kind == IGNORED or seen < _SEEN_ENOUGH or long < _SMALLEST * SIDE_PX:
                return None
            things.append(Marked(box, thing.kind))
        if bool(things) is not want:
            return None
        grey = turn.cut(picture.grey)
        if paste:
            grey, things = self._pasted(grey)
        smallest = min((max(t.box[2] - t.box[0], t.box[3] - t.box[1]) for t in things), default=0.0)
        return Sample(even_all(_weathered(grey, rng, smallest)), _main(things), things, picture.boxed)

    # --- what is put into hands ---------------------------------------------------------------------

    def _pasted(self, grey: Picked) -> tuple[Picked, list[Marked]]:
        """A cut-out pistol, or another thing put there in the same way, on a square without any."""
        rng = self._rng
        if self._cutouts and rng.random() < 0.45:
            stamp, alpha = _one(self._cutouts, rng)
            kind = GUN
        else:
            stamp, alpha, kind = self._other_thing(grey)
        size = SIDE_PX * math.exp(rng.uniform(math.log(0.13), math.log(0.5)))
        scale = size / max(stamp.shape[:2])
        angle = rng.normal(0.0, 35.0)
        flip = rng.random() < 0.5
        h, w = stamp.shape[:2]
        cx, cy = rng.uniform(0.15, 0.85) * SIDE_PX, rng.uniform(0.25, 0.9) * SIDE_PX
        turn = np.asarray(cv2.getRotationMatrix2D((w / 2.0, h / 2.0), angle, scale), np.float64)
        if flip:
            turn[:, 0] *= -1.0
            turn[:, 2] = (turn @ np.array([[0.0], [0.0], [1.0]]))[:, 0]
            turn[:, 2] -= turn[:, 0] * w
        turn[:, 2] += np.array([cx, cy]) - (turn @ np.array([w / 2.0, h / 2.0, 1.0]))
        area = (SIDE_PX, SIDE_PX)
        if scale < 0.6:
            k = max(1.2 * scale, 0.05)
            stamp, alpha = _shrunk(stamp, k), _shrunk(alpha, k)
            turn[:, :2] /= k
        top = cv2.warpAffine(stamp, turn, area, flags=cv2.INTER_LINEAR)
        mask = cv2.warpAffine(alpha, turn, area, flags=cv2.INTER_LINEAR).astype(np.float32) / 255.0
        shown = np.argwhere(mask > 0.3)
        if len(shown) < 12:
            return grey, []
        (y0, x0), (y1, x1) = shown.min(0), shown.max(0) + 1
        # As bright as the place it lies in, more or less.
        here = float(np.median(grey[y0:y1, x0:x1]))
        mean = float((top.astype(np.float32).mean(-1) if top.ndim == 3 else top)[mask > 0.3].mean())
        gain = np.clip((here + 20.0) / (mean + 20.0), 0.3, 2.0) ** rng.uniform(0.0, 0.9)
        if grey.ndim == 3:
            mask = mask[..., None]
        out = grey * (1.0 - mask) + np.clip(top.astype(np.float32) * gain, 0, 255) * mask
        things = [Marked((float(x0), float(y0), float(x1), float(y1)), kind)] if kind != NOTHING else []
        return out.astype(np.uint8), things

    def _other_thing(self, grey: Picked) -> tuple[Picked, Picked, int]:
        rng = self._rng
        if self._patches and rng.random() < 0.55:
            picture, marked = _one(self._patches, rng)
            x0, y0, x1, y1 = (int(n) for n in marked.box)
            patch = picture.grey[max(y0, 0) : max(y1, y0 + 6), max(x0, 0) : max(x1, x0 + 6)]
            if min(patch.shape[:2]) >= 5:
                alpha = np.zeros(patch.shape[:2], np.uint8)
                h, w = alpha.shape
                cv2.ellipse(
                    alpha, (w // 2, h // 2), (max(w // 2 - 1, 1), max(h // 2 - 1, 1)), 0, 0, 360, (255,), -1
                )
                return patch, alpha, NOTHING
        long = 80
        wide = int(long * math.exp(rng.uniform(math.log(0.05), math.log(0.9))))
        shape = (max(wide, 3), long) if grey.ndim == 2 else (max(wide, 3), long, 3)
        ramp = np.linspace(rng.uniform(0, 255), rng.uniform(0, 255), long)[None, :]
        level = np.broadcast_to(ramp if grey.ndim == 2 else ramp[..., None], shape)
        stamp = np.clip(level + rng.normal(0, 8, shape), 0, 255).astype(np.uint8)
        # A rod is a bar; what is short and flat is a card, a slip, a purse or a telephone: nobody can tell.
        return stamp, np.full(shape[:2], 255, np.uint8), BAR if wide < 0.12 * long else NOTHING


_WEAPONS = frozenset({1, 2, 3, GUN})


def _kinds(picture: Picture) -> set[int]:
    return {t.kind for t in picture.things}


def _main(things: list[Marked]) -> int:
    """The class of a square: a weapon before a tool before a telephone; of two the larger."""

    def rank(thing: Marked) -> tuple[int, float]:
        x0, y0, x1, y1 = thing.box
        return (2 if thing.kind in _WEAPONS else 1 if thing.kind == BAR else 0), (x1 - x0) * (y1 - y0)

    return max(things, key=rank).kind if things else NOTHING


def _one(several: Sequence[_T], rng: np.random.Generator) -> _T:
    return several[int(rng.integers(len(several)))]


def _as_box(marked: Marked) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = marked.box
    return x0, y0, x1 - x0, y1 - y0


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Share of `a` inside `b`."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(w, 0.0) * max(h, 0.0) / max((a[2] - a[0]) * (a[3] - a[1]), 1.0)


def _inside(square: Square, width: int, height: int) -> float:
    """Share of the square that lies inside the picture."""
    box = (square.left, square.top, square.left + square.side, square.top + square.side)
    return _overlap(box, (0.0, 0.0, float(width), float(height)))


def _jittered(square: Square, rng: np.random.Generator, low: float, high: float, shift: float) -> Square:
    side = square.side * math.exp(rng.uniform(math.log(low), math.log(high)))
    cx = square.left + square.side / 2.0 + rng.uniform(-shift, shift) * square.side
    cy = square.top + square.side / 2.0 + rng.uniform(-shift, shift) * square.side
    return Square(cx - side / 2.0, cy - side / 2.0, side)


@dataclass(frozen=True, slots=True)
class _Turn:
    """From the picture to the square: turned a little, stretched a little, perhaps mirrored."""

    matrix: NDArray[np.float64]
    shrink: float

    @classmethod
    def drawn(cls, square: Square, rng: np.random.Generator) -> _Turn:
        angle = math.radians(rng.normal(0.0, 8.0)) if rng.random() < 0.6 else 0.0
        stretch = math.exp(rng.normal(0.0, 0.1))
        scale = SIDE_PX / square.side
        a, b = scale * math.sqrt(stretch), scale / math.sqrt(stretch)
        sign = -1.0 if rng.random() < 0.5 else 1.0
        linear = np.array(
            [
                [sign * a * math.cos(angle), -b * math.sin(angle)],
                [sign * a * math.sin(angle), b * math.cos(angle)],
            ]
        )
        middle = np.array([square.left + square.side / 2.0, square.top + square.side / 2.0])
        shift = np.array([SIDE_PX / 2.0, SIDE_PX / 2.0]) - linear @ middle
        return cls(np.hstack([linear, shift[:, None]]), min(scale, 1.0))

    def of(self, box: tuple[float, float, float, float]) -> tuple[tuple[float, float, float, float], float]:
        """The box in the square, cut at its edges, and the share of it that is inside."""
        x0, y0, x1, y1 = box
        corners = np.array([[x0, y0, 1.0], [x1, y0, 1.0], [x0, y1, 1.0], [x1, y1, 1.0]]) @ self.matrix.T
        (left, top), (right, bottom) = corners.min(0), corners.max(0)
        area = max((right - left) * (bottom - top), 1e-6)
        cut = [float(np.clip(n, 0.0, SIDE_PX)) for n in (left, top, right, bottom)]
        inside = max(cut[2] - cut[0], 0.0) * max(cut[3] - cut[1], 0.0)
        return (cut[0], cut[1], cut[2], cut[3]), float(inside / area)

    def cut(self, picture: Picked) -> Picked:
        matrix = self.matrix.copy()
        if self.shrink < 0.75:
            picture = _shrunk(picture, self.shrink)
            matrix[:, :2] /= self.shrink
        return np.asarray(
            cv2.warpAffine(picture, matrix, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR), np.uint8
        )


def _shrunk(picture: Picked, scale: float) -> Picked:
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def even_all(crop: Picked) -> Picked:
    """`even` for grey; colours get the table of their mean."""
    if crop.ndim == 2:
        return even(crop)
    return np.stack([even(np.ascontiguousarray(crop[..., c])) for c in range(3)], axis=-1)


def _weathered(grey: Picked, rng: np.random.Generator, smallest: float) -> Picked:
    """As a camera in a cabin sees it: coarse, blurred, dark, against light, noisy, compressed.

    `smallest`: longer side in pixels of the smallest thing, which must stay some pixels long to be one.
    """
    out = grey
    if rng.random() < 0.25:
        return out
    least = 28 if smallest <= 0.0 else int(min(max(28.0, _COARSEST_PX * SIDE_PX / smallest), SIDE_PX))
    if rng.random() < 0.5 and least < SIDE_PX - 8:
        size = int(rng.integers(least, SIDE_PX - 8))
        small = cv2.resize(out, (size, size), interpolation=cv2.INTER_AREA)
        out = np.asarray(cv2.resize(small, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.15:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.1)), np.uint8)
    if rng.random() < 0.06:
        kernel = np.zeros((7, 7), np.float32)
        angle, reach = rng.uniform(0, math.pi), rng.uniform(1.0, 2.5)
        ends = [
            (round(3 + s * reach * math.cos(angle)), round(3 + s * reach * math.sin(angle))) for s in (-1, 1)
        ]
        cv2.line(kernel, ends[0], ends[1], (1.0,))
        out = np.asarray(cv2.filter2D(out, -1, kernel / max(kernel.sum(), 1.0)), np.uint8)
    levels = out.astype(np.float32)
    if rng.random() < 0.5:
        levels = 255.0 * (levels / 255.0) ** math.exp(rng.normal(0.0, 0.35))
    if rng.random() < 0.3:
        y, x = np.mgrid[:SIDE_PX, :SIDE_PX] / SIDE_PX - 0.5
        angle = rng.uniform(0, 2 * math.pi)
        fall = np.exp((x * math.cos(angle) + y * math.sin(angle)) * rng.uniform(0.3, 1.8))
        levels = levels * (fall if levels.ndim == 2 else fall[..., None]).astype(np.float32)
    if rng.random() < 0.3:
        levels = np.clip(levels, 0, 255) * math.exp(rng.uniform(math.log(0.08), 0.0))
    if rng.random() < 0.06:
        # A strip of sun, or a bright door.
        at, wide = int(rng.integers(0, SIDE_PX)), int(rng.integers(6, 40))
        strip = slice(max(at - wide, 0), at + wide)
        where = (slice(None), strip) if rng.random() < 0.6 else (strip, slice(None))
        levels[where] = levels[where] * rng.uniform(1.5, 4.0) + rng.uniform(0, 60)
    if rng.random() < 0.4:
        levels = levels + rng.normal(0.0, rng.uniform(0.5, 4.0), levels.shape).astype(np.float32)
    out = np.clip(levels, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])
        out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_UNCHANGED), np.uint8)
    if rng.random() < 0.06:
        w, h = rng.integers(8, 34, 2)
        x, y = rng.integers(0, SIDE_PX - 8, 2)
        out = out.copy()
        out[y : y + h, x : x + w] = rng.integers(0, 255)
    return out


def _keyed(stamp: Picked) -> tuple[Picked, Picked]:
    """A thing on white and how much of it covers (0 to 255): white from the picture's edge inwards is
    nothing."""
    grey = stamp if stamp.ndim == 2 else np.asarray(cv2.cvtColor(stamp, cv2.COLOR_BGR2GRAY), np.uint8)
    framed = cv2.copyMakeBorder((grey > 235).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(1,))
    mask = np.zeros((framed.shape[0] + 2, framed.shape[1] + 2), np.uint8)
    cv2.floodFill(framed, mask, (0, 0), (2,))
    thing = (framed[1:-1, 1:-1] != 2).astype(np.uint8) * 255
    thing = np.asarray(cv2.erode(thing, np.ones((2, 2), np.uint8)), np.uint8)
    ys, xs = np.nonzero(thing)
    if len(ys) < 50:
        return stamp, np.full(grey.shape, 255, np.uint8)
    where = (slice(ys.min(), ys.max() + 1), slice(xs.min(), xs.max() + 1))
    return np.ascontiguousarray(stamp[where]), np.ascontiguousarray(thing[where])
