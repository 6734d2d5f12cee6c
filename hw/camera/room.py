"""The empty cabin of the bench, drawn: what a camera at the machine sees when nobody is there."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import ColourPicture

WIDTH: Final = 640
HEIGHT: Final = 480
HORIZON: Final = 205
"""Row of everybody's eyes: the camera hangs at eye level."""
LEDGE: Final = 452
"""Row where the machine's own ledge begins, in front of everything."""

FRONT: Final = (256, LEDGE, 128, HEIGHT - LEDGE)
"""Left, top, width, height of the card slot on the ledge."""
FRONTS: Final = ("whole", "skimmer", "stripped")
"""As the machine's front can look: as it was built, with a skimmer over the slot, without the slot's lip."""

_FINE: Final = 2
_BACK: Final = (178, 74, 462, 424)
"""Left, top, right, bottom of the back wall."""

Points = list[tuple[float, float]]


def draw_room() -> ColourPicture:
    """The cabin, HEIGHT x WIDTH, blue-green-red: walls, ceiling light, tiles, glass door, street behind."""
    fine = np.zeros((HEIGHT * _FINE, WIDTH * _FINE, 3), np.float32)
    left, top, right, bottom = _BACK
    wall, side, ceiling, floor = (178, 186, 182), (150, 160, 158), (205, 208, 206), (108, 118, 126)
    _shaded(fine, [(0, 0), (WIDTH, 0), (right, top), (left, top)], ceiling, 0.92, 1.06)
    _shaded(fine, [(0, HEIGHT), (WIDTH, HEIGHT), (right, bottom), (left, bottom)], floor, 0.8, 1.05)
    _shaded(fine, [(0, 0), (left, top), (left, bottom), (0, HEIGHT)], side, 1.0, 0.82)
    _shaded(fine, [(WIDTH, 0), (right, top), (right, bottom), (WIDTH, HEIGHT)], side, 0.95, 0.78)
    _shaded(fine, [(left, top), (right, top), (right, bottom), (left, bottom)], wall, 1.02, 0.86)
    _tiles(fine)
    _lamp(fine)
    _door(fine)
    _notices(fine)
    for x in (left, right):
        _line(fine, (x, top), (x, bottom), (118, 126, 126), 1.5)
    _line(fine, (left, top), (right, top), (150, 156, 154), 1.2)
    for corner, far in (((0, 0), (left, top)), ((WIDTH, 0), (right, top))):
        _line(fine, corner, far, (140, 148, 146), 1.2)
    for corner, far in (((0, HEIGHT), (left, bottom)), ((WIDTH, HEIGHT), (right, bottom))):
        _line(fine, corner, far, (82, 90, 94), 2.0)
    fine *= _lit()[..., None]
    picture = cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.clip(picture, 0, 255).astype(np.uint8)


def draw_ledge(picture: ColourPicture, front: str = "whole") -> None:
    """The machine's ledge at the lower edge, drawn over anyone there; `front` is one of `FRONTS`."""
    picture[LEDGE:] = _ledge(front)


@lru_cache(maxsize=len(FRONTS))
def _ledge(front: str) -> ColourPicture:
    """The rows from LEDGE on."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rows = np.arange(LEDGE, HEIGHT)
    shade = 52.0 + 26.0 * np.exp(-((rows - LEDGE - 3.0) ** 2) / 8.0) - 0.5 * (rows - LEDGE)
    band = np.repeat(shade[:, None, None], WIDTH, axis=1) * np.array([1.04, 1.0, 0.96])
    picture[LEDGE:] = np.clip(band, 0, 255).astype(np.uint8)
    cv2.rectangle(picture, (268, LEDGE + 11), (372, LEDGE + 18), (26, 26, 26), -1, cv2.LINE_AA)
    if front != "stripped":
        cv2.line(picture, (272, LEDGE + 10), (368, LEDGE + 10), (96, 150, 96), 1, cv2.LINE_AA)
    if front == "skimmer":
        cv2.rectangle(picture, (292, LEDGE + 4), (348, LEDGE + 24), (66, 64, 62), -1, cv2.LINE_AA)
        cv2.line(picture, (292, LEDGE + 4), (348, LEDGE + 4), (112, 110, 108), 1, cv2.LINE_AA)
        cv2.rectangle(picture, (302, LEDGE + 12), (338, LEDGE + 15), (18, 18, 18), -1, cv2.LINE_AA)
    cv2.circle(picture, (398, LEDGE + 14), 3, (90, 200, 110), -1, cv2.LINE_AA)
    return picture[LEDGE:].copy()


def _scaled(points: Points) -> NDArray[np.int32]:
    return np.asarray(np.round(np.array(points, np.float64) * _FINE), dtype=np.int32)


def _fill(fine: NDArray[np.float32], points: Points, colour: tuple[float, float, float]) -> None:
    cv2.fillPoly(fine, [_scaled(points)], colour, cv2.LINE_AA)


def _line(
    fine: NDArray[np.float32],
    a: tuple[float, float],
    b: tuple[float, float],
    colour: tuple[float, float, float],
    width: float,
) -> None:
    (x0, y0), (x1, y1) = _scaled([a, b]).tolist()
    cv2.line(fine, (x0, y0), (x1, y1), colour, max(1, round(width * _FINE)), cv2.LINE_AA)


def _shaded(
    fine: NDArray[np.float32], points: Points, colour: tuple[int, int, int], first: float, last: float
) -> None:
    """A polygon whose light goes from `first` at its top to `last` at its bottom."""
    mask = np.zeros(fine.shape[:2], np.uint8)
    cv2.fillPoly(mask, [_scaled(points)], (255,), cv2.LINE_AA)
    rows = np.flatnonzero(mask.any(axis=1))
    light = np.interp(np.arange(fine.shape[0]), [rows[0], rows[-1]], [first, last]).astype(np.float32)
    layer = light[:, None, None] * np.array(colour, np.float32)
    share = (mask.astype(np.float32) / 255.0)[..., None]
    fine[:] = fine * (1.0 - share) + layer * share


def _tiles(fine: NDArray[np.float32]) -> None:
    left, _, right, bottom = _BACK
    for i in range(9):
        share = i / 8.0
        _line(
            fine,
            (left + (right - left) * share, bottom),
            (WIDTH * (1.6 * share - 0.3), HEIGHT),
            (92, 100, 106),
            0.8,
        )
    for y in (432, 446, 468):
        _line(fine, (0, y), (WIDTH, y), (92, 100, 106), 0.8)


def _lamp(fine: NDArray[np.float32]) -> None:
    panel: Points = [(238, 18), (402, 18), (374, 52), (266, 52)]
    _fill(fine, panel, (250, 253, 252))
    for share in (0.33, 0.67):
        _line(fine, (238 + 164 * share, 18), (266 + 108 * share, 52), (222, 226, 226), 1.0)
    _line(fine, (238, 18), (402, 18), (170, 176, 176), 1.0)
    _line(fine, (266, 52), (374, 52), (170, 176, 176), 1.0)


def _door(fine: NDArray[np.float32]) -> None:
    """A glass door in the back wall; behind it a street out of focus."""
    left, top, right, bottom = 330, 112, 446, 424
    street = np.zeros((bottom - top, right - left, 3), np.float32)
    street[:] = np.linspace(168, 96, bottom - top, dtype=np.float32)[:, None, None] * np.array(
        [1.06, 1.0, 0.94], np.float32
    )
    for x, y, radius, colour in (
        (22, 150, 26, (96, 112, 148)),
        (84, 120, 34, (122, 132, 122)),
        (60, 190, 30, (84, 92, 96)),
        (98, 196, 20, (70, 84, 150)),
        (30, 60, 40, (196, 188, 176)),
        (92, 40, 34, (204, 198, 190)),
        (48, 240, 60, (92, 96, 98)),
    ):
        cv2.circle(street, (x, y), radius, colour, -1)
    street = np.asarray(cv2.GaussianBlur(street, (0, 0), 9), dtype=np.float32)
    size = ((right - left) * _FINE, (bottom - top) * _FINE)
    fine[top * _FINE : bottom * _FINE, left * _FINE : right * _FINE] = cv2.resize(street, size)
    for a, b in (((left, top), (left, bottom)), ((right, top), (right, bottom)), ((left, top), (right, top))):
        _line(fine, a, b, (84, 90, 92), 5.0)
    _line(fine, (left, 330), (right, 330), (92, 98, 100), 3.0)
    _line(fine, (left + 12, 232), (left + 12, 300), (214, 218, 218), 3.0)
    _line(fine, (left + 13, 232), (left + 13, 300), (126, 130, 130), 1.0)
    _line(fine, (left + 36, top + 8), (left + 84, bottom - 120), (190, 192, 190), 1.0)


def _notices(fine: NDArray[np.float32]) -> None:
    """A notice on the back wall, one on the left wall in perspective, a rail, a bin."""
    _fill(fine, [(206, 132), (290, 132), (290, 236), (206, 236)], (222, 226, 228))
    _fill(fine, [(206, 132), (290, 132), (290, 154), (206, 154)], (134, 96, 52))
    for i, width in enumerate((64, 70, 52, 66, 40)):
        _line(fine, (214, 168 + 12 * i), (214 + width, 168 + 12 * i), (150, 154, 156), 2.0)
    left: Points = [(52, 128), (128, 140), (128, 262), (52, 284)]
    _fill(fine, left, (204, 210, 212))
    _fill(fine, [(52, 128), (128, 140), (128, 164), (52, 158)], (72, 120, 78))
    for i in range(5):
        share = 0.34 + 0.13 * i
        a, b = (62, 128 + 156 * share), (118, 140 + 122 * share)
        _line(fine, a, b, (140, 146, 148), 1.8)
    _line(fine, (508, 318), (640, 384), (120, 126, 128), 3.5)
    _line(fine, (508, 316), (640, 381), (150, 156, 156), 1.0)
    _fill(fine, [(212, 352), (262, 352), (258, 424), (216, 424)], (96, 100, 100))
    _line(fine, (210, 352), (264, 352), (60, 64, 64), 3.0)


def _lit() -> NDArray[np.float32]:
    """The lamp's light: brighter below it, darker towards the lower corners."""
    h, w = HEIGHT * _FINE, WIDTH * _FINE
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    away = np.hypot((x / w - 0.5) * 1.1, y / h - 0.3)
    return np.asarray(1.06 - 0.42 * away**1.6, dtype=np.float32)
