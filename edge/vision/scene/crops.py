"""Which square of a picture the second look is given, and how its grey levels are made alike.

Training cuts its pictures with these very functions, so what was learnt is what is seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge.terms.observation import Box
from hw.camera.port import GreyPicture

SIDE_PX: Final = 96
"""What the network sees of a square."""

_UPPER: Final = 0.66
"""Share of a standing person's height that holds head, arms and hands."""
_MARGIN: Final = 1.15
_LONG: Final = 1.2
"""A picture longer than this, in its shorter sides, is also looked at in squares of the shorter side."""
_STEP: Final = 0.5
_LOW_SHARE, _HIGH_SHARE = 0.02, 0.98
_DARKEST, _BRIGHTEST = 16.0, 240.0
_LEAST_GAIN, _MOST_GAIN = 0.8, 12.0
"""A flat picture is not stretched until its noise looks like something."""


@dataclass(frozen=True, slots=True)
class Square:
    """Left, top and side in pixels of the picture; it may reach over the picture's edge."""

    left: float
    top: float
    side: float


def around(person: Box) -> Square:
    """The square of a person's upper body with the hands, from the box of the whole person."""
    left, top, width, height = person
    side = _MARGIN * max(width, min(height, max(_UPPER * height, width)))
    return Square(left + width / 2.0 - side / 2.0, top - 0.06 * side, side)


def along(height: int, width: int) -> tuple[Square, ...]:
    """Squares of the shorter side that cover a long picture, each over half of the one before; none of a
    square one."""
    side, long = float(min(height, width)), float(max(height, width))
    if long < _LONG * side:
        return ()
    count = math.ceil((long - side) / (_STEP * side)) + 1
    starts = [(long - side) * n / (count - 1) for n in range(count)]
    return tuple(Square(0.0, at, side) if height > width else Square(at, 0.0, side) for at in starts)


def whole(height: int, width: int) -> Square:
    """The square that a whole picture fits in."""
    side = float(max(height, width))
    return Square((width - side) / 2.0, (height - side) / 2.0, side)


def cut(picture: GreyPicture, square: Square) -> GreyPicture:
    """The square at 96 x 96 px; what lies outside the picture is black."""
    side = max(round(square.side), 2)
    left, top = round(square.left), round(square.top)
    height, width = picture.shape
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    out = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    if x1 <= x0 or y1 <= y0:
        return out
    scale = SIDE_PX / side
    a, b = round((x0 - left) * scale), round((y0 - top) * scale)
    w = max(min(round((x1 - x0) * scale), SIDE_PX - a), 1)
    h = max(min(round((y1 - y0) * scale), SIDE_PX - b), 1)
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    part = np.ascontiguousarray(picture[y0:y1, x0:x1])
    out[b : b + h, a : a + w] = cv2.resize(part, (w, h), interpolation=how)[: SIDE_PX - b, : SIDE_PX - a]
    return out


def even(crop: GreyPicture) -> GreyPicture:
    """Its grey levels stretched so that 2 % are darker than 16 and 2 % brighter than 240, within limits.

    Black beside a picture counts as nothing.
    """
    levels = cv2.calcHist([crop], [0], None, [256], [0, 256]).ravel()
    levels[0] = 0.0
    sums = np.cumsum(levels)
    if sums[-1] < 1.0:
        return crop
    low = float(np.searchsorted(sums, _LOW_SHARE * sums[-1]))
    high = float(np.searchsorted(sums, _HIGH_SHARE * sums[-1]))
    gain = min(max((_BRIGHTEST - _DARKEST) / max(high - low, 1.0), _LEAST_GAIN), _MOST_GAIN)
    middle = (_BRIGHTEST + _DARKEST) / 2.0
    table = np.clip((np.arange(256) - (low + high) / 2.0) * gain + middle, 0, 255)
    return np.asarray(cv2.LUT(crop, np.rint(table).astype(np.uint8)), np.uint8)
