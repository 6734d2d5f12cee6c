"""What the embedding is measured on: one place before, in other light, and in that light with a change.

`fronts` are machines and families of changes that are kept for judging (`models/training/front`), over its
simulated days. `places` are left-out pictures with plain changes, each in one kind of light.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.patches import COLUMNS, ROWS
from models.training.common import Grey
from models.training.front.change import Changed, change, families
from models.training.front.days import Day
from models.training.front.machine import Fold, Machine
from models.training.front.machines import machines
from models.training.patches.changes import CHANGES
from models.training.patches.data import Picture
from models.training.patches.lights import LIGHTS
from models.training.patches.pairs import free_time, pair, view

SIZES_CM = (1.0, 2.0, 3.0, 5.0, 8.0)
PLACE_SIZES_PX = (6, 8, 12, 16, 24, 32)
DRAWN = 12
"""Drawn machines beside the real ones."""

_ROOM = 0.35
"""Around the marked parts of a machine, of their own extent: what an installer would have watched."""


@dataclass(frozen=True, slots=True)
class About:
    """What a case is: `size` in centimetres for a front, in the network's pixels for a place.

    `shoot` is the unit of the intervals.
    """

    size: float
    kind: str
    lit: str
    shoot: str


@dataclass(frozen=True, slots=True)
class Case:
    """Three pictures of one size; `site` left, top, width, height of the change in them."""

    before: Grey
    light: Grey
    change: Grey
    site: tuple[float, float, float, float]
    about: About


def fronts(data: Path, a_size: int, seed: int, close: bool = False) -> Iterator[Case]:
    """`a_size` of each size of `SIZES_CM` on every machine that is judged on, when nobody uses it.

    `close`: only the part that the change lies on is given to the network, with room around it.
    """
    kinds = families(Fold.JUDGING)
    for number, machine in enumerate(machines(Fold.JUDGING, data, DRAWN)):
        rng = np.random.default_rng((seed, number))
        for n in range(a_size * len(SIZES_CM)):
            family, size_cm = kinds[int(rng.integers(len(kinds)))], SIZES_CM[n % len(SIZES_CM)]
            try:
                made = change(machine.picture, machine, family, size_cm, rng)
            except ValueError:
                continue
            x, y, w, h = made.box
            left, top, right, bottom = _part(machine, made) if close else _front(machine)
            first, later = (Day(machine, int(rng.integers(1000))) for _ in range(2))
            before_s, now_s = free_time(first, rng, infrared=False), free_time(later, rng)
            before, light, changed = (
                np.ascontiguousarray(picture[top:bottom, left:right])
                for picture in (
                    first.picture(before_s),
                    later.picture(now_s),
                    later.picture(now_s, base=made.picture),
                )
            )
            lit = "infrared" if later.light(now_s).infrared else "day and lamps"
            site = (float(x - left), float(y - top), float(w), float(h))
            yield Case(before, light, changed, site, About(size_cm, family.value, lit, machine.shoot))


def _part(machine: Machine, made: Changed) -> tuple[int, int, int, int]:
    """As `_front`, of one part; of the nearest, where the machine has several of its kind."""
    x, y, w, h = made.box
    middle = np.array([x + w / 2, y + h / 2])
    region = min(machine.parts(made.part), key=lambda r: float(np.abs(r.corners.mean(0) - middle).max()))
    low = np.minimum(region.box[:2], (x, y))
    high = np.maximum(np.array(region.box[:2]) + region.box[2:], (x + w, y + h))
    return _with_room(machine, low, high, 0.5 * (high - low) + 2.0 * machine.px_per_cm)


def _front(machine: Machine) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is watched of a machine's picture."""
    boxes = np.array([region.box for region in machine.regions])
    low, high = boxes[:, :2].min(0), (boxes[:, :2] + boxes[:, 2:]).max(0)
    return _with_room(machine, low, high, _ROOM * (high - low) + 10.0)


def _with_room(
    machine: Machine, low: NDArray[np.float64], high: NDArray[np.float64], room: NDArray[np.float64]
) -> tuple[int, int, int, int]:
    height, width = machine.picture.shape
    left, top = np.maximum(low - room, 0).astype(int)
    right, bottom = np.minimum(high + room, (width, height)).astype(int)
    return int(left), int(top), int(right), int(bottom)


def places(pictures: Sequence[Picture], a_size: int, seed: int) -> Iterator[Case]:
    """`a_size` of each size of `PLACE_SIZES_PX` in each light of `LIGHTS`."""
    rng = np.random.default_rng(seed)
    kinds = list(CHANGES)
    for light in LIGHTS:
        for n in range(a_size * len(PLACE_SIZES_PX)):
            size_px, kind = PLACE_SIZES_PX[n % len(PLACE_SIZES_PX)], kinds[int(rng.integers(len(kinds)))]
            one, other = (pictures[int(rng.integers(len(pictures)))] for _ in range(2))
            made = pair(view(one.grey, rng), view(other.grey, rng), rng, size_px, kind, light)
            about = About(float(size_px), kind, light, one.group)
            yield Case(made.before, made.light, made.change, _site(made.cover, made.before.shape), about)


def _site(cover: NDArray[np.float32], shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(cover > 0.1 * cover.max())
    down, across = shape[0] / ROWS, shape[1] / COLUMNS
    left, top = float(columns.min()) * across, float(rows.min()) * down
    return left, top, float(np.ptp(columns) + 1) * across, float(np.ptp(rows) + 1) * down


def cells_of(site: tuple[float, float, float, float], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of the cells that a site of a picture of `shape` touches, and one more around."""
    left, top, width, height = site
    across, down = shape[1] / COLUMNS, shape[0] / ROWS
    row, column = int(top / down) - 1, int(left / across) - 1
    # The last pixel's own cell and one more; a site that ends on a cell's edge does not touch the next.
    last_row, last_column = int((top + height - 0.01) / down) + 2, int((left + width - 0.01) / across) + 2
    return slice(max(0, row), min(ROWS, last_row)), slice(max(0, column), min(COLUMNS, last_column))


def as_cells(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map of any size as the mean of each cell."""
    return np.asarray(cv2.resize(levels, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)
