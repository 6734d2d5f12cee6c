"""What the embedding is measured on: one place before, in other light, and in that light with a change.

`fronts` are machines and families of changes that are kept for judging (`models/training/front`), over its
simulated days. `places` are left-out pictures with plain changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.patches import COLUMNS, ROWS, prepared
from models.training.common import Grey
from models.training.front.change import Changed, change, families
from models.training.front.days import Day
from models.training.front.machine import Fold, Machine
from models.training.front.machines import machines
from models.training.patches.data import Picture
from models.training.patches.pairs import SIZES_PX, draw, free_time

SIZES_CM = (1.0, 2.0, 3.0, 5.0, 8.0)
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
    """`looks` 3 x H x W as the network is given them: before, in other light, changed in that light.

    `cells` rows x columns: those that the change touches, and their neighbours.
    """

    looks: Grey
    cells: NDArray[np.bool_]
    about: About


def stored(make: Callable[[], Iterator[Case]], file: Path) -> list[Case]:
    """From the file where it is there."""
    if not file.exists():
        made = list(make())
        told = json.dumps([asdict(case.about) for case in made])
        looks, cells = (np.stack(part) for part in ([c.looks for c in made], [c.cells for c in made]))
        np.savez(file, looks=looks, cells=cells, abouts=np.array(told))
    with np.load(file) as kept:
        abouts = [About(**about) for about in json.loads(str(kept["abouts"]))]
        each = zip(kept["looks"], kept["cells"], abouts, strict=True)
        return [Case(looks, cells, about) for looks, cells, about in each]


def _case(looks: Sequence[Grey], cover: NDArray[np.float32], about: About) -> Case:
    touched = (cover > 0.1 * cover.max()).astype(np.uint8)
    cells = cv2.dilate(touched, np.ones((3, 3), np.uint8)) > 0
    return Case(np.stack([prepared(grey) for grey in looks]), cells, about)


def fronts(data: Path, a_size: int, seed: int, close: bool = False) -> Iterator[Case]:
    """`a_size` of each size of `SIZES_CM` on every machine that is judged on, when nobody uses it.

    `close`: only the part that the change lies on is given to the network, with room around it.
    """
    kinds = families(Fold.JUDGING)
    for number, machine in enumerate(machines(Fold.JUDGING, data, DRAWN)):
        rng = np.random.default_rng((seed, number))
        for n in range(a_size * len(SIZES_CM)):
            family, size_cm = kinds[int(rng.integers(len(kinds)))], SIZES_CM[n // a_size]
            try:
                made = change(machine.picture, machine, family, size_cm, rng)
            except ValueError:
                continue
            x, y, w, h = made.box
            left, top, right, bottom = _part(machine, made) if close else _front(machine)
            first, later = (Day(machine, int(rng.integers(1000))) for _ in range(2))
            before_s, now_s = free_time(first, rng, infrared=False), free_time(later, rng)
            looks = [
                np.ascontiguousarray(picture[top:bottom, left:right])
                for picture in (
                    first.picture(before_s),
                    later.picture(now_s),
                    later.picture(now_s, base=made.picture),
                )
            ]
            there = np.zeros(looks[0].shape, np.float32)
            there[y - top : y - top + h, x - left : x - left + w] = 1.0
            lit = "infrared" if later.light(now_s).infrared else "day and lamps"
            yield _case(looks, as_cells(there), About(size_cm, family.value, lit, machine.shoot))


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


def places(pictures: Sequence[Picture], count: int, seed: int) -> Iterator[Case]:
    """Of all sizes and families of plain changes, in one to three kinds of light together."""
    rng = np.random.default_rng(seed)
    for n in range(count):
        made = draw(pictures, rng, int(rng.choice(SIZES_PX)))
        about = About(float(made.size_px), "", "", str(n))
        yield _case((made.before, made.light, made.change), made.cover, about)


def as_cells(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map of any size as the mean of each cell."""
    return np.asarray(cv2.resize(levels, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA), np.float32)
