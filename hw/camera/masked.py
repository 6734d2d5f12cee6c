"""A camera whose pictures never have what is masked: grey from the moment a frame is there.

Every picture that is looked at, kept, shown, sent or learnt is one of these frames. What is masked is one
plain grey and no blur: nothing can be made out of it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import Camera, Frame, Polygon
from hw.ports import HardwareError

MASKED_LEVEL: Final = 128
"""Of every colour."""

_FINE_BITS: Final = 4
"""Corners are placed to a sixteenth of a pixel."""


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    """The part of a picture around one mask, and which of its pixels are masked."""

    rows: slice
    columns: slice
    inside: NDArray[np.bool_]


class Masks:
    """The masks of one camera, for pictures of any size."""

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        self._polygons = [np.asarray(polygon, np.float64) for polygon in polygons]
        self._patches: dict[tuple[int, int], tuple[_Patch, ...]] = {}

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A copy, grey in every pixel that a mask touches and in those beside it; height x width (x 3)."""
        if not self._polygons:
            return picture
        masked = picture.copy()
        for patch in self._of(picture.shape):
            masked[patch.rows, patch.columns][patch.inside] = MASKED_LEVEL
        return masked

    def frame(self, frame: Frame) -> Frame:
        """The frame without what is masked."""
        if not self._polygons:
            return frame
        colour = None if frame.colour is None else self.apply(frame.colour)
        return Frame(frame.number, frame.at_s, self.apply(frame.grey), colour, frame.source_s)

    def inside(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Which pixels of a picture of this shape are masked; height x width."""
        inside = np.zeros(shape[:2], bool)
        for patch in self._of(shape):
            inside[patch.rows, patch.columns] |= patch.inside
        return inside

    def _of(self, shape: tuple[int, ...]) -> tuple[_Patch, ...]:
        height, width = shape[:2]
        known = self._patches.get((height, width))
        if known is None:
            drawn = (_drawn(polygon, height, width) for polygon in self._polygons)
            known = self._patches[height, width] = tuple(patch for patch in drawn if patch is not None)
        return known


def _drawn(polygon: NDArray[np.float64], height: int, width: int) -> _Patch | None:
    """None where a polygon reaches into no pixel."""
    drawn = np.zeros((height, width), np.uint8)
    # OpenCV's coordinates are those of the middles of pixels.
    points = polygon * (width, height) - 0.5
    fixed = np.round(points * (1 << _FINE_BITS)).astype(np.int32)
    cv2.fillPoly(drawn, [fixed], (1,), shift=_FINE_BITS)
    # One pixel more on each side: those that a side only grazes, and what a picture that was made smaller
    # has taken from its neighbours.
    drawn = np.asarray(cv2.dilate(drawn, np.ones((3, 3), np.uint8)), np.uint8)
    x, y, w, h = cv2.boundingRect(drawn)
    if not w or not h:
        return None
    rows, columns = slice(y, y + h), slice(x, x + w)
    return _Patch(rows, columns, drawn[rows, columns] > 0)


class MaskedCamera:
    """A `Camera` that shows nothing of what is masked. It owns the camera behind it."""

    def __init__(self, camera: Camera, masks: Masks) -> None:
        self._camera = camera
        self._masks = masks

    def read(self) -> Frame | None:
        """The next frame; HardwareError as of the camera behind."""
        frame = self._camera.read()
        return None if frame is None else self._masks.frame(frame)

    def close(self) -> None:
        self._camera.close()


class RefusingCamera:
    """A `Camera` that gives no picture, since nobody knows what must not be on it."""

    def __init__(self, code: str, detail: str) -> None:
        self._why = (code, detail)

    def read(self) -> Frame | None:
        """Always a HardwareError."""
        raise HardwareError(*self._why)

    def close(self) -> None:
        """Nothing is held."""


def masked_camera(camera: Camera, polygons: Sequence[Polygon]) -> Camera:
    """The camera behind masks; itself where there are none."""
    return MaskedCamera(camera, Masks(polygons)) if polygons else camera
