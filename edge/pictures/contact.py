"""A contact sheet: pictures side by side at one size, each with its name below. Needs OpenCV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.pictures.drawing import BRIGHT, PANEL, Picture, write

TILE_PX: Final = 480
"""Width of one picture on the sheet."""

_CAPTION_PX: Final = 30
_GAP_PX: Final = 8
_HIGH_MOST: Final = 2.0
"""A picture higher than so many widths is made narrower, so that a sheet stays a sheet."""


@dataclass(frozen=True, slots=True)
class Tile:
    """`picture`: height x width (grey) or height x width x 3 (blue, green, red), uint8."""

    name: str
    picture: NDArray[np.uint8]


def contact_sheet(tiles: Sequence[Tile], columns: int = 2) -> Picture:
    """The tiles row by row, as bright as they are. All of the first one's size; ValueError without any."""
    if not tiles:
        raise ValueError("a sheet without pictures")
    height, width = tiles[0].picture.shape[:2]
    scale = min(TILE_PX / width, _HIGH_MOST * TILE_PX / height)
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    rows = -(-len(tiles) // columns)
    step_x, step_y = TILE_PX + _GAP_PX, high + _CAPTION_PX + _GAP_PX
    sheet = np.full((_GAP_PX + rows * step_y, _GAP_PX + columns * step_x, 3), PANEL, np.uint8)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    for number, tile in enumerate(tiles):
        x, y = _GAP_PX + number % columns * step_x, _GAP_PX + number // columns * step_y
        picture = tile.picture
        if picture.ndim == 2:
            picture = np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
        sheet[y : y + high, x : x + wide] = cv2.resize(picture, (wide, high), interpolation=way)
        write(sheet, tile.name, (x, y + high + 20), BRIGHT, 0.5)
    return sheet
