"""One film: an empty cabin, then somebody at the machine whose head and camera never stand quite still."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.bench.desk import StoryClock
from hw.camera.covers import Marks
from hw.camera.port import Frame
from hw.camera.room import HEIGHT, WIDTH, draw_room
from tests.words_fit.people import Person

COMES_S: Final = 3.0
ENDS_S: Final = 12.5
_WALK_S: Final = 1.2
_NOISE: Final = 2.2
_DISTANCE: Final = 48.0
"""Pixels from the eyes to the mouth of somebody at the machine."""
_SHIFT: Final = 64


@dataclass(frozen=True, slots=True)
class Stand:
    """How somebody stands: `roll_deg` clockwise, `x` and `y` of the eyes' middle, `size` 1 at the machine."""

    roll_deg: float = 0.0
    x: float = 318.0
    y: float = 200.0
    size: float = 1.0


@dataclass(frozen=True, slots=True)
class Film:
    """`quarters`: the camera hangs turned by so many quarter turns to the left. `walks`: from far to near."""

    people: tuple[tuple[Person, Stand], ...]
    quarters: int = 0
    walks: bool = True
    seed: int = 0


class FilmCamera:
    """The film as a camera on a story clock; grey, as the networks see it."""

    def __init__(self, film: Film, clock: StoryClock) -> None:
        self._film = film
        self._clock = clock
        self._number = 0
        self._random = np.random.default_rng(film.seed)
        chance = Random(film.seed)
        self._cast = [
            (_grey(person), person.marks, stand, chance.uniform(0.0, 50.0)) for person, stand in film.people
        ]

    def read(self) -> Frame:
        now_s = self._clock.now_s()
        picture = _room().copy()
        near = min(max((now_s - COMES_S) / (_WALK_S if self._film.walks else 0.01), 0.0), 1.0)
        if near > 0.0:
            for layer, marks, stand, phase in self._cast:
                _put(picture, layer, marks, _swaying(stand, near, now_s + phase))
        y, x = (int(n) for n in self._random.integers(0, _SHIFT, 2))
        noisy = picture + _grain()[y : y + HEIGHT, x : x + WIDTH]
        seen = np.rot90(np.clip(noisy, 0, 255).astype(np.uint8), self._film.quarters)
        self._number += 1
        return Frame(self._number - 1, now_s, np.ascontiguousarray(seen))

    def close(self) -> None:
        """Nothing is held."""


@lru_cache(maxsize=1)
def _room() -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(draw_room(), cv2.COLOR_BGR2GRAY), np.float32)


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.float32]:
    """One field of noise, laid at another place in each frame."""
    field = np.random.default_rng(0).normal(0.0, _NOISE, (HEIGHT + _SHIFT, WIDTH + _SHIFT))
    return np.asarray(field, np.float32)


def _grey(person: Person) -> NDArray[np.float32]:
    """Height x width x 2: the grey level times the opacity, and the opacity."""
    alpha = person.layer[..., 3].astype(np.float32) / np.float32(255)
    grey = cv2.cvtColor(np.ascontiguousarray(person.layer[..., :3]), cv2.COLOR_BGR2GRAY)
    return np.dstack([grey * alpha, alpha])


def _swaying(stand: Stand, near: float, t: float) -> Stand:
    """Where somebody is at this time: nobody stands quite still."""
    return Stand(
        stand.roll_deg + 1.6 * math.sin(0.9 * t + 0.4) + 0.8 * math.sin(2.3 * t),
        stand.x + stand.size * (3.2 * math.sin(1.43 * t) + 1.9 * math.sin(3.1 * t + 1.0)),
        stand.y + stand.size * (1.8 * math.sin(1.9 * t + 2.0) + 0.9 * math.sin(4.3 * t)),
        stand.size * (0.4 + 0.6 * near) * (1.0 + 0.012 * math.sin(1.1 * t)),
    )


def _put(picture: NDArray[np.float32], layer: NDArray[np.float32], marks: Marks, stand: Stand) -> None:
    scale = _DISTANCE * stand.size / marks.unit
    if scale < 0.5:  # small pictures of large ones are made by areas, or single pixels would decide
        share = 2.0 * scale
        layer = np.asarray(
            cv2.resize(layer, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.float32
        )
    else:
        share = 1.0
    eyes = (marks.eyes[0] * share, marks.eyes[1] * share)
    matrix = np.asarray(cv2.getRotationMatrix2D(eyes, -stand.roll_deg, scale / share), np.float64)
    matrix[:, 2] += (stand.x - eyes[0], stand.y - eyes[1])
    high, wide = layer.shape[:2]
    corners = matrix @ np.array([[0, wide, 0, wide], [0, 0, high, high], [1, 1, 1, 1]], np.float64)
    x0, y0 = (max(0, math.floor(n)) for n in corners.min(axis=1))
    x1, y1 = (min(most, math.ceil(n)) for n, most in zip(corners.max(axis=1), (WIDTH, HEIGHT), strict=True))
    if x0 >= x1 or y0 >= y1:
        return
    matrix[:, 2] -= (x0, y0)
    shown = cv2.warpAffine(layer, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR)
    picture[y0:y1, x0:x1] *= 1.0 - shown[..., 1]
    picture[y0:y1, x0:x1] += shown[..., 0]
