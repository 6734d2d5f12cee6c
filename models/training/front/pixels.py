"""OpenCV's blur and warp on arrays of float32, and typed so."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.front.machine import Floats, Matrix


def blurred(values: Floats, deviation_px: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), deviation_px), dtype=np.float32)


def warped(values: Floats, turn: Matrix, size: tuple[int, int], outside: float = 0.0) -> Floats:
    """`turn` (3 x 3) takes the values' pixels to those of a picture of `size` (width, height)."""
    return np.asarray(cv2.warpPerspective(values, turn, size, borderValue=(outside,)), dtype=np.float32)


def cut_out(picture: NDArray[np.uint8], turn: Matrix, size: tuple[int, int]) -> Floats:
    """What a grid of `size` (width, height) sees; `turn` takes its cells to the picture's pixels."""
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(picture, turn, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, dtype=np.float32)
