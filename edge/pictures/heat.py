"""A picture with a map laid over it: how unlike normal each place is, as colours from blue to red, with a
scale.

Imported only where OpenCV may be.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.pictures.drawing import PANEL, WIDTH_MAX, WIDTH_MIN, Picture, write

Floats = NDArray[np.float32]

MOST: Final = 2.0
"""The end of the scale, in limits: anything above is as red."""

_SEEN_THROUGH: Final = 0.55
"""How much of the colour is laid on at most; the picture must stay to be recognised."""
_ROW_PX: Final = 40
_BRIGHT: Final = (235, 235, 235)


def heat_picture(picture: Picture, unlike: Floats, title: str) -> Picture:
    """A new picture. `unlike` is rows x columns in limits: 1 is what normal footage passes at the rate that
    is set.

    Places far under the limit stay as they are; a white line goes around those above it.
    """
    height, width = picture.shape[:2]
    scale = min(max(width, WIDTH_MIN), WIDTH_MAX) / width
    wide, high = round(width * scale), max(1, round(height * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    base = cv2.resize(picture, (wide, high), interpolation=way).astype(np.float32)
    smooth = cv2.resize(unlike, (wide, high), interpolation=cv2.INTER_LINEAR)
    share = np.clip(smooth / MOST, 0.0, 1.0)
    opacity = (_SEEN_THROUGH * np.clip(2.0 * share, 0.0, 1.0))[:, :, None]
    mixed = base * (1.0 - opacity) + _colours(share).astype(np.float32) * opacity
    canvas = np.full((high + _ROW_PX + 22, wide, 3), PANEL, np.uint8)
    canvas[:high] = np.clip(mixed, 0.0, 255.0).astype(np.uint8)
    outlines, _ = cv2.findContours(
        (smooth > 1.0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    cv2.drawContours(canvas[:high], outlines, -1, _BRIGHT, 1, cv2.LINE_AA)
    write(canvas, title, (12, high + 18), _BRIGHT, 0.5)
    _draw_scale(canvas, high + 28)
    return canvas


def _draw_scale(canvas: Picture, top: int) -> None:
    """From nothing to twice the limit, with a mark at the limit."""
    left, right = 12, canvas.shape[1] - 12
    ramp = np.linspace(0.0, 1.0, right - left, dtype=np.float32)[None].repeat(12, axis=0)
    canvas[top : top + 12, left:right] = _colours(ramp)
    for share, words in ((0.0, "0"), (0.5, "limit"), (1.0, "2 x limit")):
        x = round(left + share * (right - left))
        cv2.line(canvas, (min(x, right - 1), top), (min(x, right - 1), top + 15), _BRIGHT, 1)
        at = min(max(x - 4 * len(words), left), right - 8 * len(words))
        write(canvas, words, (at, top + 28), _BRIGHT, 0.4)


def _colours(share: Floats) -> Picture:
    levels = np.clip(share * 255.0, 0.0, 255.0).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(levels, cv2.COLORMAP_JET), np.uint8)
