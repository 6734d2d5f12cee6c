"""A layer of something put onto a flat part of a machine, in the light of the picture it goes into.

The layer is drawn on a fine grid that lies on the part, in centimetres. It takes the gradient of light that
the picture has there, its relief is shaded from a direction, it throws a shadow beside it, and it is made as
soft as the picture's own edges. Outside the box that is given back the picture is the same to the bit; noise
and compression belong to the camera and come after.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from models.training.front.machine import Floats, Grey, Machine, Matrix, Region
from models.training.front.pixels import blurred, cut_out, warped

MARGIN_CM: Final = 1.6
"""Room around a layer for its shadow."""

_FAINT: Final = 1.5 / 255.0
_SHADOW: Final = 0.45
_RELIEF: Final = 0.5


@dataclass(frozen=True, eq=False)
class Ground:
    """What a layer is drawn on: a grid that lies on the machine, its middle where the layer goes.

    `under`: what the picture shows there, `own`: the machine's colour and texture from beside it, in grey
    levels; `white`, `black`: what a white and a black thing would show there; `px_per_cm`: the picture's.
    """

    size_cm: float
    per_cm: float
    px_per_cm: float
    under: Floats
    own: Floats
    white: float
    black: float
    rng: np.random.Generator

    @property
    def side(self) -> int:
        return int(self.under.shape[0])

    def grid(self) -> tuple[Floats, Floats]:
        """Centimetres right and down from the middle, for each cell."""
        line = ((np.arange(self.side) + 0.5 - self.side / 2) / self.per_cm).astype(np.float32)
        return np.broadcast_to(line[None], (self.side, self.side)), np.broadcast_to(
            line[:, None], (self.side, self.side)
        )


@dataclass(frozen=True, eq=False)
class Layer:
    """`cover`: 0 to 1; `grey`: levels before light and relief; `up_cm`: how far it stands out of the machine.

    `lit`: whether the picture's gradient of light is laid on it (not where `grey` already has it). `soft`:
    whether `grey` is to be softened (not where it comes from the picture itself).
    """

    cover: Floats
    grey: Floats
    up_cm: Floats
    lit: bool = True
    soft: bool = True


def side_of(size_cm: float, per_cm: float) -> int:
    """Cells along each side of a grid for a layer of that size."""
    return round((size_cm + 2 * MARGIN_CM) * per_cm)


def per_cm_of(region: Region) -> float:
    """Cells to a centimetre: finer than the picture by half, also where it is small."""
    return float(np.clip(1.5 * region.px_per_cm, 6.0, 14.0))


def grid_to_picture(region: Region, middle_cm: tuple[float, float], side: int, per_cm: float) -> Matrix:
    """3 x 3 from the grid's cells into the picture's pixels."""
    step = 1.0 / per_cm
    left, top = middle_cm[0] - side * step / 2, middle_cm[1] - side * step / 2
    return np.asarray(region.from_cm @ np.array([[step, 0, left], [0, step, top], [0, 0, 1.0]]))


def inside(picture: Grey, turn: Matrix, side: int) -> bool:
    """Whether the whole grid is in the picture, with room for softness."""
    x, y = _corners(turn, side).T
    h, w = picture.shape
    return bool(x.min() >= 4 and y.min() >= 4 and x.max() <= w - 5 and y.max() <= h - 5)


def _corners(turn: Matrix, side: int) -> Matrix:
    flat = np.array([[[0, 0], [side, 0], [side, side], [0, side]]], dtype=np.float64)
    return np.asarray(cv2.perspectiveTransform(flat, turn)[0])


def ground(picture: Grey, region: Region, turn: Matrix, size_cm: float, rng: np.random.Generator) -> Ground:
    """What is under the grid, and the machine's colour and texture from beside it."""
    per_cm = per_cm_of(region)
    side = side_of(size_cm, per_cm)
    under = cut_out(picture, turn, (side, side))
    # The same grid one breadth to each side: the calmest of them is the machine's plain surface.
    step = (size_cm + 0.5) * per_cm
    beside = []
    for dx, dy in ((step, 0), (-step, 0), (0, step), (0, -step)):
        there = turn @ np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1.0]])
        if inside(picture, there, side):
            seen = cut_out(picture, there, (side, side))
            edge = side // 5
            beside.append(seen[edge : side - edge, edge : side - edge])
    calm = min(beside, key=lambda one: float(one.std())) if beside else under
    level = float(np.median(calm))
    texture = np.clip(calm - blurred(calm, per_cm), -12, 12)
    before, after = (side - len(calm) + 1) // 2, (side - len(calm)) // 2
    tiled = cv2.copyMakeBorder(texture, before, after, before, after, cv2.BORDER_REFLECT_101)
    around = _around(picture, region)
    low, high = np.percentile(around, (2, 98))
    return Ground(
        size_cm,
        per_cm,
        region.px_per_cm,
        under,
        np.asarray(level + tiled, dtype=np.float32),
        float(np.clip(high * 1.1, 60, 250)),
        float(np.clip(low * 0.9, 6, 90)),
        rng,
    )


def _around(picture: Grey, region: Region) -> Grey:
    x, y, w, h = region.box
    rows, columns = picture.shape
    grow = 0.5 * max(w, h) + 10
    top, bottom = max(0, int(y - grow)), min(rows, int(y + h + grow))
    left, right = max(0, int(x - grow)), min(columns, int(x + w + grow))
    return picture[top:bottom, left:right]


@dataclass(frozen=True, eq=False)
class Pasted:
    """`box`: left, top, width, height in whole pixels, outside which nothing changed; the longest side of
    what was put there in pixels; the mean difference to the picture before over its cover, in levels."""

    picture: Grey
    box: tuple[int, int, int, int]
    size_px: float
    contrast: float


def paste(picture: Grey, machine: Machine, region: Region, turn: Matrix, on: Ground, layer: Layer) -> Pasted:
    """The layer laid onto a picture of the machine."""
    soft = on.per_cm / region.px_per_cm * float(np.hypot(machine.blur_px, 0.4))
    angle = np.radians(on.rng.uniform(-140, -40))
    across, down = float(np.cos(angle)), float(np.sin(angle))
    grey = layer.grey * _gradient(on) if layer.lit else layer.grey
    grey = grey * _relief(layer.up_cm, on.per_cm, across, down)
    shadow = _shadow(layer, on.per_cm, across, down)
    cover = blurred(layer.cover, soft)
    grey = blurred(grey * layer.cover, soft) if layer.soft else grey * cover
    shadow = blurred(shadow, soft)
    # A picture that goes in must come out the same where the layer has ended.
    edge = _edge(on.side)
    cover, grey, shadow = cover * edge, grey * edge, 1.0 - (1.0 - shadow) * edge

    corners = _corners(turn, on.side)
    left, top = (int(n) for n in np.floor(corners.min(axis=0)))
    right, bottom = (int(n) for n in np.ceil(corners.max(axis=0)) + 1)
    left, top = max(left, 0), max(top, 0)
    right, bottom = min(right, picture.shape[1]), min(bottom, picture.shape[0])
    move = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]]) @ turn
    size = (right - left, bottom - top)
    cover_px, grey_px = warped(cover, move, size), warped(grey, move, size)
    shadow_px = warped(shadow, move, size, outside=1.0)
    before = picture[top:bottom, left:right].astype(np.float32)
    touched = (cover_px > _FAINT) | (shadow_px < 1.0 - _FAINT)
    after = np.where(touched, before * shadow_px * (1.0 - cover_px) + grey_px, before)
    out = picture.copy()
    out[top:bottom, left:right] = np.clip(np.rint(after), 0, 255).astype(np.uint8)
    rows, columns = np.nonzero(touched)
    if not rows.size:
        return Pasted(out, (left, top, 1, 1), 0.0, 0.0)
    box = (left + int(columns.min()), top + int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)
    solid = cover_px >= 0.5 * float(cover_px.max())
    contrast = float(np.abs(after - before)[solid].mean())
    return Pasted(out, box, _longest_px(layer, turn), contrast)


def _longest_px(layer: Layer, turn: Matrix) -> float:
    """The longest side of what is put there, as the picture's pixels see it."""
    rows, columns = np.nonzero(layer.cover >= 0.5 * layer.cover.max())
    cells = np.stack([columns, rows], axis=1).astype(np.float64) + 0.5
    seen = cv2.perspectiveTransform(cells[None], turn)[0].astype(np.float32)
    (_, (w, h), _) = cv2.minAreaRect(seen)
    return float(max(w, h))


def _gradient(on: Ground) -> Floats:
    """How the light falls across the grid: the slope of a plane through what is there, as a ratio."""
    x, y = on.grid()
    plane = np.stack([np.ones_like(x), x, y], axis=-1).reshape(-1, 3)
    values = on.under.reshape(-1)
    # Parts that are darker or lighter than the machine itself must not tilt the plane.
    low, high = np.percentile(values, (15, 85))
    plain = (values >= low) & (values <= high)
    found = np.linalg.lstsq(plane[plain], values[plain], rcond=None)[0]
    level = max(float(found[0]), 8.0)
    ratio = 1.0 + (x * np.float32(found[1]) + y * np.float32(found[2])) / level
    return np.clip(ratio, 0.75, 1.3).astype(np.float32)


def _relief(up_cm: Floats, per_cm: float, across: float, down: float) -> Floats:
    soft = blurred(up_cm, 0.12 * per_cm)
    right = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=per_cm / 8)
    below = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=per_cm / 8)
    return np.clip(1.0 - _RELIEF * (right * across + below * down), 0.5, 1.5).astype(np.float32)


def _shadow(layer: Layer, per_cm: float, across: float, down: float) -> Floats:
    """1 where the machine is lit as before; darker beside what stands out of it."""
    thick = float(np.percentile(layer.up_cm[layer.cover > 0.5], 80)) if (layer.cover > 0.5).any() else 0.0
    if thick <= 0.0:
        return np.ones_like(layer.cover)
    reach = float(np.clip(thick, 0.05, 1.0)) * per_cm
    move = np.array([[1, 0, -across * reach], [0, 1, -down * reach]])
    moved = cv2.warpAffine(layer.cover, move, layer.cover.shape[::-1])
    wide = blurred(np.maximum(moved, layer.cover), 0.15 * per_cm + 0.3 * reach)
    return (1.0 - _SHADOW * min(1.0, thick / 0.4) * wide).astype(np.float32)


def _edge(side: int) -> Floats:
    """1 but for the last cells of the grid, which fade to 0."""
    line = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) / 3.0, 0.0, 1.0).astype(np.float32)
    return np.asarray(line[None] * line[:, None], dtype=np.float32)
