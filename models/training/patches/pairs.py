"""Two looks at one place: the later in other light, from a hair's breadth beside, and perhaps with a change.

`Pair` is what the embedding learns from and is measured on. Sizes of changes are in the network's pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.patches import COLUMNS, HEIGHT, ROWS, WIDTH
from models.training.common import Grey
from models.training.front.change import change, families
from models.training.front.days import DAY_S, Day
from models.training.front.machine import Fold, Machine, Part
from models.training.patches.changes import changed
from models.training.patches.data import Picture
from models.training.patches.lights import other_light

SIZES_PX = (4, 6, 8, 12, 16, 24, 32, 48)
"""Shorter sides of the changes that are measured."""

_FAINT_LEVELS = 3
"""A pixel of a front that the change moves by less is as before."""

_FINER = 1.5
"""A place is made and lit this much finer than the network sees it, as a camera gives it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Three pictures of one place, as large as a camera gives them.

    `before`; `light` the same in other light; `change` in that same light with a change; `cover` rows x
    columns, the share of each cell that the change covers; `unknown` likewise what a screen covers, which
    shows what it likes; `size_px` the change's shorter side.
    """

    before: Grey
    light: Grey
    change: Grey
    cover: NDArray[np.float32]
    unknown: NDArray[np.float32]
    size_px: int


def view(grey: Grey, rng: np.random.Generator) -> Grey:
    """A part of a picture, 4 to 3, at `_FINER` times the network's size; now and then mirrored."""
    height, width = grey.shape
    most = min(width / WIDTH, height / HEIGHT)
    scale = most * rng.uniform(0.55, 1.0)
    w, h = int(scale * WIDTH), int(scale * HEIGHT)
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    size = (round(WIDTH * _FINER), round(HEIGHT * _FINER))
    how = cv2.INTER_AREA if scale > _FINER else cv2.INTER_CUBIC
    part = cv2.resize(grey[y : y + h, x : x + w], size, interpolation=how)
    return np.asarray(part[:, ::-1] if rng.random() < 0.5 else part, np.uint8)


def pair(
    place: Grey, foreign: Grey, rng: np.random.Generator, size_px: int, family: str = "", light: str = ""
) -> Pair:
    """Of a view of a place; `foreign` is a view of another picture. The later looks share light and noise."""
    height, width = place.shape
    long = size_px * rng.uniform(1.0, 2.5)
    w, h = (round(v * _FINER) for v in ((long, size_px) if rng.random() < 0.5 else (size_px, long)))
    w, h = max(2, min(w, width - 2)), max(2, min(h, height - 2))
    box = (int(rng.integers(1, width - w)), int(rng.integers(1, height - h)), w, h)
    made = changed(place, foreign, box, rng, family)
    moved = _slight_move((width, height), rng)
    seed = int(rng.integers(2**31))
    light_now, change_now = (
        other_light(_moved(grey, moved), np.random.default_rng(seed), light) for grey in (place, made.grey)
    )
    cover = np.asarray(cv2.warpAffine(made.cover, moved, (width, height)), np.float32)
    cells = cv2.resize(cover, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    unknown = np.zeros((ROWS, COLUMNS), np.float32)
    return Pair(place, light_now, change_now, np.asarray(cells, np.float32), unknown, size_px)


def _moved(grey: Grey, by: NDArray[np.float32]) -> Grey:
    size = (grey.shape[1], grey.shape[0])
    return np.asarray(cv2.warpAffine(grey, by, size, borderMode=cv2.BORDER_REFLECT), np.uint8)


def _slight_move(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """What is left of a camera's shift, turn and zoom after alignment: about a pixel of the network."""
    turn, zoom = rng.normal(0, 0.25), 1 + rng.normal(0, 0.003)
    moved = cv2.getRotationMatrix2D((size[0] / 2, size[1] / 2), turn, zoom)
    moved[:, 2] = moved[:, 2] + rng.normal(0, 0.5 * _FINER, 2)
    return np.asarray(moved, np.float32)


def front_pair(machine: Machine, rng: np.random.Generator) -> Pair | None:
    """Of a machine, with a change of a family that may be learnt from, at two times of two simulated days.

    None where no place for the change is found. ValueError for a machine that is kept for judging.
    """
    if machine.fold is not Fold.TRAINING:
        raise ValueError(f"{machine.name} is judged on and is not to be learnt from")
    kinds = families(Fold.TRAINING)
    size_cm = float(np.exp(rng.uniform(np.log(1.0), np.log(8.0))))
    try:
        made = change(machine.picture, machine, kinds[int(rng.integers(len(kinds)))], size_cm, rng)
    except ValueError:
        return None
    cut = _around(made.box, machine, rng)
    first, later = (Day(machine, int(rng.integers(10_000))) for _ in range(2))
    before_s, now_s = (free_time(day, rng) for day in (first, later))
    before, light, changed = (
        np.ascontiguousarray(picture[cut])
        for picture in (
            first.picture(before_s),
            later.picture(now_s),
            later.picture(now_s, base=made.picture),
        )
    )
    differs = np.abs(made.picture[cut].astype(np.int16) - machine.picture[cut]) > _FAINT_LEVELS
    screens = np.zeros(machine.picture.shape, np.uint8)
    for screen in machine.parts(Part.SCREEN):
        cv2.fillConvexPoly(screens, np.round(screen.corners).astype(np.int32), (1,))
    size_px = max(1, round(min(made.box[2:]) * WIDTH / before.shape[1]))
    return Pair(before, light, changed, _cells(differs), _cells(screens[cut] > 0), size_px)


def _cells(there: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Which share of each cell."""
    small = cv2.resize(there.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def free_time(day: Day, rng: np.random.Generator, infrared: bool = True) -> float:
    """Seconds of a day at which nobody stands there; without `infrared`, when the camera sees by light."""
    for _ in range(1000):
        at_s = float(rng.uniform(0, DAY_S))
        if not day.in_use(at_s) and (infrared or not day.light(at_s).infrared):
            return at_s
    raise ValueError(f"{day.machine.name}: no free minute in a day")


def _around(
    box: tuple[int, int, int, int], machine: Machine, rng: np.random.Generator
) -> tuple[slice, slice]:
    """Rows and columns of a part of the picture, 4 to 3 where there is room, with the change in it."""
    height, width = machine.picture.shape
    x, y, w, h = box
    wide = max(1.6 * w, 2.0 * h, machine.px_per_cm * np.exp(rng.uniform(np.log(14.0), np.log(80.0))), 48.0)
    across, down = int(min(wide, width)), int(min(0.75 * wide, height))
    left = int(np.clip(x + w / 2 - across * rng.uniform(0.3, 0.7), 0, width - across))
    top = int(np.clip(y + h / 2 - down * rng.uniform(0.3, 0.7), 0, height - down))
    return slice(top, top + down), slice(left, left + across)


def draw(
    pictures: Sequence[Picture], rng: np.random.Generator, size_px: int, family: str = "", light: str = ""
) -> Pair:
    """A pair of a picture drawn from `pictures`, with another as the foreign one."""
    one, other = (pictures[int(rng.integers(len(pictures)))].grey for _ in range(2))
    return pair(view(one, rng), view(other, rng), rng, size_px, family, light)
