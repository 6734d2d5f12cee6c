"""Every camera's pictures in one form: upright, at most 640x480, 8-bit grey for the networks."""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.ports import ColourPicture, GreyPicture

Rotation = Literal[0, 90, 180, 270]
"""Degrees clockwise that bring the picture upright."""

WORK_WIDTH: Final = 640
WORK_HEIGHT: Final = 480
COLOUR_LONGEST: Final = 1280
"""An evidence picture's longer side; more is only bytes on the card."""

_ROTATIONS: Final[tuple[Rotation, ...]] = (0, 90, 180, 270)
_TURNS: Final = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


def checked_rotation(degrees: int) -> Rotation:
    """`degrees` as a rotation; ValueError for anything but 0, 90, 180 and 270."""
    for rotation in _ROTATIONS:
        if rotation == degrees:
            return rotation
    raise ValueError(f"a camera is rotated by 0, 90, 180 or 270 degrees, not {degrees}")


def upright(picture: NDArray[np.uint8], rotation: Rotation) -> NDArray[np.uint8]:
    """The picture turned clockwise by `rotation`."""
    if rotation == 0:
        return picture
    return np.asarray(cv2.rotate(picture, _TURNS[rotation]), dtype=np.uint8)


def fitted(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture made smaller, keeping its shape, to fit into width x height; never made larger."""
    h, w = picture.shape[:2]
    scale = min(width / w, height / h)
    if scale >= 1.0:
        return picture
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def working(colour: ColourPicture, rotation: Rotation = 0) -> tuple[GreyPicture, ColourPicture]:
    """The grey working picture and the evidence picture of one blue-green-red picture."""
    turned = upright(colour, rotation)
    portrait = turned.shape[0] > turned.shape[1]
    width, height = (WORK_HEIGHT, WORK_WIDTH) if portrait else (WORK_WIDTH, WORK_HEIGHT)
    small = fitted(turned, width, height)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    return grey, fitted(turned, COLOUR_LONGEST, COLOUR_LONGEST)


def y_plane(buffer: NDArray[np.uint8], width: int, height: int, stride: int) -> GreyPicture:
    """The luminance of a planar YUV420 buffer, height x width, without its padding; a copy.

    `buffer` is the whole frame as the camera stack gives it, flat or as rows of `stride` bytes: first
    `height` rows of Y, each padded to `stride`, then the two quarter-size planes, which are left
    alone. ValueError for a buffer too short for that.
    """
    flat = buffer.reshape(-1)
    if stride < width or flat.size < stride * height:
        raise ValueError(f"{flat.size} bytes are too few for {width}x{height} with rows of {stride}")
    return np.ascontiguousarray(flat[: stride * height].reshape(height, stride)[:, :width])
