"""A quarter-size picture as a grid of cells: light, texture and the direction of its edges in each.

What tampering and harmless life do to a picture is told apart cell by cell: texture that is in its place,
that is gone, or that is another. Directions are compared and strengths are taken relative to the light of the
cell, so that a lamp or a cloud changes neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]
Marks = NDArray[np.bool_]

CELL_PX: Final = 10
"""Width and height of a cell in pixels of the quarter-size picture: 16 x 12 cells."""
_CALM_PX: Final = 1.2
"""Smoothing before edges are taken: the sensor's noise goes, edges of two pixels and more stay."""
_LIGHT_FLOOR: Final = 10.0
"""Grey levels added to a cell's light, so that noise in the dark is no contrast."""
_SATURATED: Final = 250
_NOISE_KEPT: Final = 0.9
"""Share of the noise's power that the smoothing takes away, and so is seen as fine detail."""
_FINE_LEAST: Final = 0.02


@dataclass(frozen=True, slots=True)
class Cells:
    """One picture, measured. `right` and `down` are its gradients in levels a pixel, at full small size.

    The others have a value a cell: `edges` and `fine` are mean squares (of the gradients, and of what
    smoothing takes away), `light` the mean level, `saturated` the share of pixels at the top of the range.
    """

    right: Floats
    down: Floats
    edges: Floats
    fine: Floats
    light: Floats
    saturated: Floats

    @property
    def contrast(self) -> Floats:
        """Strength of the edges relative to the light."""
        return np.asarray(np.sqrt(self.edges) / (self.light + _LIGHT_FLOOR), dtype=np.float32)

    @property
    def sharpness(self) -> Floats:
        """Strength of the fine detail relative to the light."""
        return np.asarray(np.sqrt(self.fine) / (self.light + _LIGHT_FLOOR), dtype=np.float32)

    def turned(self) -> Cells:
        """The same picture upside down."""

        def flip(values: Floats) -> Floats:
            return np.ascontiguousarray(values[::-1, ::-1])

        return Cells(
            -flip(self.right),
            -flip(self.down),
            *map(flip, (self.edges, self.fine, self.light, self.saturated)),
        )


def measured(small: GreyPicture, noise: float = 0.0) -> Cells:
    """The cells of a quarter-size picture with so much noise (standard deviation in levels)."""
    now = small.astype(np.float32)
    calm = cv2.GaussianBlur(now, (0, 0), _CALM_PX)
    right = np.asarray(cv2.Sobel(calm, cv2.CV_32F, 1, 0, scale=1 / 8), dtype=np.float32)
    down = np.asarray(cv2.Sobel(calm, cv2.CV_32F, 0, 1, scale=1 / 8), dtype=np.float32)
    return Cells(
        right,
        down,
        edges=by_cell(right * right + down * down),
        fine=np.maximum(by_cell(np.square(now - calm)) - np.float32(_NOISE_KEPT * noise**2), _FINE_LEAST),
        light=by_cell(now),
        saturated=by_cell((small >= _SATURATED).astype(np.float32)),
    )


def by_cell(values: NDArray[np.float32]) -> Floats:
    """The mean of a picture-sized array in each cell."""
    h, w = values.shape
    size = (max(1, round(w / CELL_PX)), max(1, round(h / CELL_PX)))
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def likeness(a: Cells, b: Cells) -> Floats:
    """How alike the edges of each cell run, -1 to 1: the cosine between the two fields of gradients."""
    dot = by_cell(a.right * b.right + a.down * b.down)
    return np.asarray(dot / np.sqrt(np.maximum(a.edges * b.edges, 1e-6)), dtype=np.float32)


def mixed(old: Cells, new: Cells, rate: Floats | float) -> Cells:
    """`old` moved towards `new` by `rate`, a number or one a cell."""
    if isinstance(rate, float):
        wide: Floats | float = rate
        rate_cell: Floats | float = rate
    else:
        h, w = old.right.shape
        rate_cell = rate
        wide = np.asarray(cv2.resize(rate, (w, h), interpolation=cv2.INTER_NEAREST), dtype=np.float32)

    def step(a: Floats, b: Floats, by: Floats | float) -> Floats:
        return np.asarray(a + by * (b - a), dtype=np.float32)

    right, down = step(old.right, new.right, wide), step(old.down, new.down, wide)
    return Cells(
        right,
        down,
        by_cell(right * right + down * down),
        step(old.fine, new.fine, rate_cell),
        step(old.light, new.light, rate_cell),
        step(old.saturated, new.saturated, rate_cell),
    )
