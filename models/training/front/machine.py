"""What a machine's front is to the maker: a picture and its parts, each flat and of a known size."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

WIDTH_PX: Final = 640
"""Every machine's picture is so wide, as the kiosk's own."""


class Fold(Enum):
    """What a machine or a family of changes may be used for: to learn from, or to judge by."""

    TRAINING = "training"
    JUDGING = "judging"


class Part(Enum):
    """What an installer marks on a machine's front. A screen is marked so that it can be left out."""

    CARD_SLOT = "card_slot"
    KEYPAD = "keypad"
    BEZEL = "bezel"
    HOOD = "hood"
    SHUTTER = "shutter"
    SCREEN = "screen"


@dataclass(frozen=True, eq=False)
class Region:
    """One flat part. `corners`: 4 x 2 pixels, clockwise from the part's own upper left; its size in cm."""

    part: Part
    corners: Matrix
    width_cm: float
    height_cm: float

    @cached_property
    def from_cm(self) -> Matrix:
        """3 x 3: the part's own centimetres (right and down from its upper left corner) into pixels."""
        w, h = self.width_cm, self.height_cm
        flat = np.array([[0, 0], [w, 0], [w, h], [0, h]], dtype=np.float32)
        turn = cv2.getPerspectiveTransform(flat, self.corners.astype(np.float32))
        return np.asarray(turn, dtype=np.float64)

    def seen(self, points_cm: Matrix) -> Matrix:
        """Points (n x 2) in the part's centimetres, in pixels."""
        return np.asarray(cv2.perspectiveTransform(points_cm[None].astype(np.float64), self.from_cm)[0])

    @cached_property
    def px_per_cm(self) -> float:
        """The geometric mean over the part, in both directions."""
        x, y = self.corners[:, 0], self.corners[:, 1]
        area = 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))
        return float(np.sqrt(area / (self.width_cm * self.height_cm)))

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width, height in pixels of what encloses it."""
        low, high = self.corners.min(axis=0), self.corners.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])


@dataclass(frozen=True, eq=False)
class Machine:
    """One front in one camera's view. `picture`: grey, 640 wide.

    `shoot` is the unit of splitting. `blur_px`: deviation of the Gaussian that the picture's edges have been
    through. `slope`: how the surface of a drawn one leans (2 x H x W, right and down), as light wanders.
    """

    name: str
    fold: Fold
    shoot: str
    drawn: bool
    picture: Grey
    regions: tuple[Region, ...]
    blur_px: float
    slope: Floats | None = None

    def parts(self, *wanted: Part) -> tuple[Region, ...]:
        return tuple(region for region in self.regions if region.part in wanted)

    @property
    def px_per_cm(self) -> float:
        """The median over its parts."""
        return float(np.median([region.px_per_cm for region in self.regions]))
