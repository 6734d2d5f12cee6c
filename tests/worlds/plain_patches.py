"""A stand-in for the patches' network: each cell is its own grey pattern. Cheap, and everything can be
followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

ROWS: Final = 6
COLUMNS: Final = 8
CHANNELS: Final = 17

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Plain:
    vectors: Floats


class PlainPatches:
    """6 x 8 cells of 4 x 4 means, less their own mean, and one channel that keeps flat cells apart from
    noise.
    """

    version = "plain"

    def embed(self, grey: NDArray[np.uint8]) -> Plain:
        small = cv2.resize(grey, (COLUMNS * 4, ROWS * 4), interpolation=cv2.INTER_AREA).astype(np.float32)
        around = np.maximum(cv2.blur(small, (3, 3)), 10.0)
        parts = np.tanh(8.0 * (small - around) / around)
        cells = parts.reshape(ROWS, 4, COLUMNS, 4).transpose(0, 2, 1, 3).reshape(ROWS, COLUMNS, 16)
        both = np.concatenate((cells, np.full((ROWS, COLUMNS, 1), 1.0, np.float32)), axis=2)
        return Plain((both / np.linalg.norm(both, axis=2, keepdims=True)).astype(np.float32))
