"""What the staged people put on: mask, dark glasses, helmet, scarf, a hand, drawn from the face's landmarks.

Everything is drawn in units of the distance from the eyes' middle to the mouth's, so one drawing fits
every face. Light falls from above and in front, as in the photographs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Layer = NDArray[np.uint8]
"""Height x width x 4: blue, green, red, alpha."""

Colour = tuple[int, int, int]
Point = tuple[float, float]

_FINE: Final = 3


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the face is in its picture, in pixels: eyes, nose tip, mouth corners, left first as seen."""

    eye_l: Point
    eye_r: Point
    nose: Point
    mouth_l: Point
    mouth_r: Point

    def moved(self, right: float, down: float) -> Marks:
        """The same face elsewhere."""
        points = (self.eye_l, self.eye_r, self.nose, self.mouth_l, self.mouth_r)
        return Marks(*((x + right, y + down) for x, y in points))

    @property
    def eyes(self) -> Point:
        return (self.eye_l[0] + self.eye_r[0]) / 2, (self.eye_l[1] + self.eye_r[1]) / 2

    @property
    def unit(self) -> float:
        """From between the eyes to between the mouth's corners, in pixels."""
        x, y = self.eyes
        mouth = (self.mouth_l[0] + self.mouth_r[0]) / 2, (self.mouth_l[1] + self.mouth_r[1]) / 2
        return math.hypot(mouth[0] - x, mouth[1] - y)


class _Brush:
    """Draws on a transparent layer three times as fine as the person, in face units."""

    def __init__(self, person: Layer, marks: Marks) -> None:
        h, w = person.shape[:2]
        self.person = person
        self.marks = marks
        self.colours = np.zeros((h * _FINE, w * _FINE, 3), np.float32)
        self.alpha = np.zeros((h * _FINE, w * _FINE), np.float32)
        x, y = marks.eyes
        self._origin = np.array([x, y])
        across = np.array([marks.eye_r[0] - marks.eye_l[0], marks.eye_r[1] - marks.eye_l[1]])
        across = across / np.linalg.norm(across)
        self._axes = np.array([across, [-across[1], across[0]]]) * marks.unit

    def at(self, points: Sequence[Point]) -> NDArray[np.int32]:
        found = self._origin + np.array(points, np.float64) @ self._axes
        return np.asarray(np.round(found * _FINE), dtype=np.int32)

    def shape(self, points: Sequence[Point], colour: Colour, opacity: float = 1.0, soft: float = 0.0) -> None:
        """A smooth closed outline through the points."""
        mask = np.zeros(self.alpha.shape, np.uint8)
        cv2.fillPoly(mask, [self.at(_smooth(points))], (255,), cv2.LINE_AA)
        self.paint(mask, colour, opacity, soft)

    def line(
        self, points: Sequence[Point], colour: Colour, width: float, opacity: float = 1.0, soft: float = 0.0
    ) -> None:
        mask = np.zeros(self.alpha.shape, np.uint8)
        thick = max(1, round(width * self.marks.unit * _FINE))
        cv2.polylines(mask, [self.at(points)], False, (255,), thick, cv2.LINE_AA)
        self.paint(mask, colour, opacity, soft)

    def paint(self, mask: Layer, colour: Colour, opacity: float, soft: float) -> None:
        """Only where the mask reaches: most strokes are short, and the layer is that of the whole person."""
        sigma = soft * self.marks.unit * _FINE
        part = _around(mask, 1 + math.ceil(5.0 * sigma))
        share = mask[part].astype(np.float32) / 255.0 * opacity
        if sigma > 0.0:
            share = np.asarray(cv2.GaussianBlur(share, (0, 0), sigma), dtype=np.float32)
        left = 1.0 - share
        self.colours[part] = self.colours[part] * left[..., None] + share[..., None] * np.array(
            colour, np.float32
        )
        self.alpha[part] = self.alpha[part] * left + share

    def within(self, draw: Callable[[], None]) -> None:
        """What `draw` paints stays inside what is there already: folds, shadows, lights."""
        before = self.alpha.copy()
        draw()
        np.minimum(self.alpha, before, out=self.alpha)

    def light(self, across: float = 0.35, down: float = 0.12) -> None:
        """Rounds what was drawn: darker towards the sides of the head and downwards."""
        part = _around(self.alpha)
        y, x = np.mgrid[part].astype(np.float32) / _FINE
        u = (x - self._origin[0]) / self.marks.unit
        v = (y - self._origin[1]) / self.marks.unit
        shade = 1.04 - across * np.minimum(np.abs(u) / 1.3, 1.4) ** 2.2 - down * np.clip(v, -1.0, 2.0)
        self.colours[part] *= shade.astype(np.float32)[..., None]

    def skin(self) -> Colour:
        """The colour of the cheeks."""
        x, y = (self.at([(0.0, 0.62)])[0] / _FINE).astype(int)
        reach = max(2, round(0.1 * self.marks.unit))
        patch = self.person[y - reach : y + reach, x - 3 * reach : x + 3 * reach, :3].reshape(-1, 3)
        blue, green, red = np.median(patch, axis=0)
        return int(blue), int(green), int(red)

    def done(self) -> Layer:
        """The person with what was drawn on it."""
        rows, columns = (slice(s.start // _FINE, -(-s.stop // _FINE)) for s in _around(self.alpha))
        fine = np.s_[rows.start * _FINE : rows.stop * _FINE, columns.start * _FINE : columns.stop * _FINE]
        size = (columns.stop - columns.start, rows.stop - rows.start)
        alpha = self.alpha[fine]
        share = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        # The colours are those of the covered part alone, or the edges would darken.
        weighted = cv2.resize(self.colours[fine] * alpha[..., None], size, interpolation=cv2.INTER_AREA)
        colours = weighted / np.maximum(share, 1e-3)[..., None]
        out = self.person.copy()
        part = self.person[rows, columns].astype(np.float32)
        part[..., :3] = part[..., :3] * (1.0 - share[..., None]) + colours * share[..., None]
        part[..., 3] = np.maximum(part[..., 3], share * 255.0)
        out[rows, columns] = np.clip(part, 0, 255).astype(np.uint8)
        return out


def _around(drawn: NDArray[np.uint8] | NDArray[np.float32], reach: int = 0) -> tuple[slice, slice]:
    """Rows and columns that hold all that is drawn, and `reach` more on each side; one pixel of nothing."""
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return slice(0, 1), slice(0, 1)
    top, bottom = max(int(rows[0]) - reach, 0), min(int(rows[-1]) + 1 + reach, drawn.shape[0])
    left, right = max(int(columns[0]) - reach, 0), min(int(columns[-1]) + 1 + reach, drawn.shape[1])
    return slice(top, bottom), slice(left, right)


def _smooth(points: Sequence[Point], rounds: int = 3) -> list[Point]:
    """Chaikin's corner cutting: a closed outline without corners."""
    found = [np.array(p, np.float64) for p in points]
    for _ in range(rounds):
        cut = []
        for a, b in zip(found, [*found[1:], found[0]], strict=True):
            cut += [0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b]
        found = cut
    return [(float(x), float(y)) for x, y in found]


def _mirrored(right: Sequence[Point]) -> list[Point]:
    """A closed outline from its right half, given from top to bottom."""
    return [*right, *((-x, y) for x, y in reversed(right))]


def mask(person: Layer, marks: Marks) -> Layer:
    """A pleated cloth mask over nose, mouth and chin, with its loops."""
    b = _Brush(person, marks)
    cloth: Colour = (46, 43, 42)
    for side in (-1, 1):
        b.line([(side * 0.98, 0.66), (side * 1.2, 0.3)], (52, 48, 46), 0.05)
        b.line([(side * 0.84, 1.36), (side * 1.18, 0.86)], (52, 48, 46), 0.05)
    outline = _mirrored(
        [(0.0, 0.28), (0.42, 0.42), (1.0, 0.52), (1.12, 0.95), (0.92, 1.55), (0.5, 2.06), (0.0, 2.12)]
    )
    b.shape(outline, cloth)

    def folds() -> None:
        for v in (0.86, 1.14, 1.42):
            arc = [(u, v + 0.1 * (1.0 - u * u)) for u in np.linspace(-1.1, 1.1, 23)]
            b.line(arc, (26, 24, 24), 0.05, 0.8, 0.02)
            b.line([(u, w - 0.06) for u, w in arc], (72, 68, 66), 0.05, 0.6, 0.02)
        b.line([(-0.55, 0.56), (0.0, 0.4), (0.55, 0.56)], (66, 62, 60), 0.06, 0.8, 0.01)

    b.within(folds)
    b.light()
    return b.done()


def glasses(person: Layer, marks: Marks) -> Layer:
    """Dark glasses that hide the eyes."""
    b = _Brush(person, marks)
    half = math.hypot(marks.eye_r[0] - marks.eye_l[0], marks.eye_r[1] - marks.eye_l[1]) / 2 / marks.unit
    for side in (-1, 1):
        b.line([(side * (half + 0.4), -0.12), (side * 1.24, -0.04)], (22, 20, 20), 0.09)
    b.line([(-0.2, -0.14), (0.2, -0.14)], (22, 20, 20), 0.1)
    for side in (-1, 1):
        right = [
            (0.1, -0.36), (half, -0.4), (half + 0.52, -0.36), (half + 0.58, 0.0), (half + 0.3, 0.42),
            (half - 0.1, 0.46), (0.14, 0.26),
        ]  # fmt: skip
        lens = [(side * x, y) for x, y in right]
        b.shape(lens, (26, 22, 22))

        def shine(side: int = side) -> None:
            middle = side * half
            b.shape(
                [(middle - 0.3, -0.28), (middle - 0.05, -0.3), (middle - 0.25, 0.1), (middle - 0.36, 0.05)],
                (92, 84, 80), 0.7, 0.03,
            )  # fmt: skip

        b.within(shine)
    return b.done()


def helmet(person: Layer, marks: Marks) -> Layer:
    """A full motorcycle helmet with its dark visor closed."""
    b = _Brush(person, marks)
    shell = _mirrored(
        [(0.0, -2.5), (1.05, -2.35), (1.85, -1.4), (1.98, 0.1), (1.72, 1.5), (1.15, 2.3), (0.0, 2.42)]
    )
    b.shape(shell, (58, 52, 150))
    visor = _mirrored([(0.0, -0.98), (0.9, -0.95), (1.68, -0.6), (1.76, 0.2), (1.3, 0.86), (0.0, 0.98)])

    def details() -> None:
        b.shape([(x * 1.05, y * 1.08) for x, y in visor], (30, 28, 60), 0.9)
        b.shape(visor, (34, 28, 24))
        b.shape([(-1.2, -0.66), (-0.3, -0.82), (-0.5, -0.4), (-1.3, -0.1)], (150, 140, 130), 0.55, 0.08)
        b.shape([(-0.9, -2.1), (0.2, -2.3), (0.5, -1.9), (-0.6, -1.6)], (190, 186, 230), 0.55, 0.15)
        for u in (-0.45, 0.0, 0.45):
            b.line([(u - 0.13, 1.62), (u + 0.13, 1.62)], (24, 22, 50), 0.1)
        b.line([(-0.12, -2.6), (-0.12, -1.0)], (230, 230, 232), 0.12, 0.9)
        b.line([(0.12, -2.6), (0.12, -1.0)], (230, 230, 232), 0.12, 0.9)

    b.within(details)
    b.light(0.3, 0.1)
    return b.done()


def scarf(person: Layer, marks: Marks) -> Layer:
    """A knitted scarf wound over the face up to the nose."""
    b = _Brush(person, marks)
    outline = _mirrored(
        [(0.0, 0.3), (0.62, 0.42), (1.22, 0.36), (1.36, 1.2), (1.5, 2.1), (1.5, 2.9), (0.0, 3.15)]
    )
    b.shape(outline, (74, 66, 118))

    def knit() -> None:
        for i in range(15):
            v = 0.42 + 0.19 * i
            arc = [(u, v + 0.24 * (1.0 - u * u / 2.2) - 0.18) for u in np.linspace(-1.6, 1.6, 33)]
            b.line(arc, (52, 46, 88) if i % 3 else (120, 128, 170), 0.06, 0.75, 0.015)
        for u in (-0.7, 0.1, 0.8):
            b.line([(u - 0.5, 0.5), (u, 1.5), (u + 0.4, 3.0)], (40, 36, 66), 0.16, 0.5, 0.09)

    b.within(knit)
    b.light(0.4, 0.1)
    return b.done()


def hand(person: Layer, marks: Marks) -> Layer:
    """A hand held before mouth and nose."""
    b = _Brush(person, marks)
    blue, green, red = b.skin()
    dark: Colour = (int(blue * 0.66), int(green * 0.68), int(red * 0.72))
    b.shape([(0.3, 2.2), (1.35, 1.7), (2.1, 3.6), (2.6, 5.6), (1.2, 5.6), (0.6, 3.6)], (78, 70, 64))
    b.shape(
        [(0.95, 1.05), (1.25, 1.5), (1.4, 2.3), (0.6, 2.65), (-0.1, 2.1), (-0.3, 1.5), (0.1, 1.0)],
        (blue, green, red),
    )
    for top, base in (
        ((-0.95, 0.52), (0.6, 1.15)),
        ((-1.12, 0.86), (0.5, 1.45)),
        ((-1.1, 1.22), (0.4, 1.75)),
        ((-0.92, 1.58), (0.35, 2.05)),
    ):
        b.line([top, base], dark, 0.38)
        b.line([top, base], (blue, green, red), 0.31, 1.0, 0.015)
        b.line(
            [(top[0] - 0.05, top[1] - 0.02), (top[0] + 0.1, top[1])],
            (blue + 18, green + 20, red + 20),
            0.18,
            0.6,
            0.02,
        )
    b.line([(0.75, 1.3), (0.52, 0.42)], dark, 0.4)
    b.line([(0.75, 1.3), (0.52, 0.42)], (blue, green, red), 0.33, 1.0, 0.015)
    b.light(0.1, 0.06)
    return b.done()


def shut_eyes(person: Layer, marks: Marks) -> Layer:
    """Both lids down, as in a blink."""
    (x, y), unit = marks.eyes, marks.unit
    left, top = max(round(x - 1.4 * unit), 0), max(round(y - 0.6 * unit), 0)
    part = np.s_[top : round(y + 1.2 * unit), left : round(x + 1.4 * unit)]
    out = person.copy()
    out[part] = _lids(person[part], marks.moved(-left, -top))
    return out


def _lids(person: Layer, marks: Marks) -> Layer:
    b = _Brush(person, marks)
    apart = math.hypot(marks.eye_r[0] - marks.eye_l[0], marks.eye_r[1] - marks.eye_l[1]) / marks.unit
    blue, green, red = b.skin()
    for x in (-apart / 2, apart / 2):
        lid = [(x + 0.24 * math.cos(a), 0.12 * math.sin(a)) for a in np.linspace(0.0, 2 * math.pi, 12, False)]
        b.shape(lid, (int(0.86 * blue), int(0.86 * green), int(0.86 * red)), 1.0, 0.02)
        b.line(
            [(x + u, 0.09 - 0.9 * u * u) for u in np.linspace(-0.22, 0.22, 9)], (40, 38, 42), 0.04, 0.8, 0.01
        )
    return b.done()


def back_of_head(person: Layer, marks: Marks) -> Layer:
    """The head from behind: hair of the colour above the forehead, in strands down to the nape."""
    b = _Brush(person, marks)
    h, w = b.alpha.shape
    (left, top), (right, bottom) = (b.at([(-0.75, -1.7), (0.75, -1.15)]) // _FINE).tolist()
    patch = person[max(top, 0) : bottom, left:right, :3].reshape(-1, 3)
    colour = 0.88 * np.median(patch, axis=0).astype(np.float32)
    b.colours = colour * (1.0 + _hair(h, w, 0.02 * marks.unit * _FINE))[..., None]
    head = np.zeros((h, w), np.uint8)
    outline = _mirrored(
        [(0.0, -1.2), (0.8, -1.05), (1.2, -0.3), (1.2, 0.8), (1.0, 1.5), (0.45, 1.85), (0.0, 1.9)]
    )
    cv2.fillPoly(head, [b.at(_smooth(outline))], (255,), cv2.LINE_AA)
    soft = cv2.GaussianBlur(head, (0, 0), 0.1 * marks.unit * _FINE)
    b.alpha = np.asarray(soft, dtype=np.float32) / 255.0
    b.light(0.25, 0.12)
    return b.done()


@lru_cache(maxsize=2)
def _hair(height: int, width: int, strand: float) -> NDArray[np.float32]:
    """Light and dark of strands and locks, around zero; the same for whatever is put on over them."""
    noise = np.random.default_rng(7).normal(0.0, 1.0, (height, width)).astype(np.float32)
    strands = cv2.GaussianBlur(noise, (0, 0), strand, sigmaY=14 * strand)
    locks = cv2.GaussianBlur(noise, (0, 0), 5 * strand, sigmaY=20 * strand)
    return np.asarray(0.16 * strands / strands.std() + 0.1 * locks / locks.std(), dtype=np.float32)


COVERS: Final[dict[str, Callable[[Layer, Marks], Layer]]] = {
    "glasses": glasses,
    "mask": mask,
    "scarf": scarf,
    "hand": hand,
    "helmet": helmet,
}
"""In the order in which they are put on: the helmet goes over everything."""
