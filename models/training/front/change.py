"""One change made to a machine's picture: `change(picture, machine, family, size_cm, rng)`.

Families are split as machines are: what may be learnt from (`for_training.py`) and what is judged on
(`for_judging.py`) are other shapes, drawn by other code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

import cv2
import numpy as np

from models.training.front import for_judging, for_training
from models.training.front.machine import Fold, Grey, Machine, Part, Region
from models.training.front.paste import (
    Ground,
    Layer,
    grid_to_picture,
    ground,
    inside,
    paste,
    per_cm_of,
    side_of,
)

SIZES_CM: Final = (0.5, 8.0)

_TRIES: Final = 60
_LEAST_LEVELS: Final = 3.0
"""A layer that differs by less on the mean has changed nothing that a picture could show: drawn again."""


class Family(Enum):
    """Kinds of changes, those to learn from first."""

    RIM = "rim"
    LABEL = "label"
    STRIP = "strip"
    LUMP = "lump"
    HOLE = "hole"
    CARD = "card"
    SWAP = "swap"
    SKIMMER = "skimmer"
    FALSE_KEYPAD = "false keypad"
    FALSE_BEZEL = "false bezel"
    STICKER = "sticker"
    BAR = "pinhole bar"
    FALSE_HOOD = "false hood"
    INSERT = "in the slot"
    REMOVED = "cover removed"
    REPLACED = "part replaced"

    @property
    def fold(self) -> Fold:
        return _HOW[self].fold


@dataclass(frozen=True, slots=True)
class _How:
    """Where it goes, in order of liking; `top`: to the part's upper edge in place of its middle."""

    fold: Fold
    draw: Callable[[Ground], Layer]
    parts: tuple[Part, ...]
    top: bool = False


_ANY: Final = (Part.CARD_SLOT, Part.KEYPAD, Part.BEZEL, Part.HOOD, Part.SHUTTER)
_SLOTS: Final = (Part.CARD_SLOT, Part.SHUTTER)

_HOW: dict[Family, _How] = {
    Family.RIM: _How(Fold.TRAINING, for_training.rim, _SLOTS),
    Family.LABEL: _How(Fold.TRAINING, for_training.label, _ANY),
    Family.STRIP: _How(Fold.TRAINING, for_training.strip, _ANY, top=True),
    Family.LUMP: _How(Fold.TRAINING, for_training.lump, _ANY),
    Family.HOLE: _How(Fold.TRAINING, for_training.hole, _ANY),
    Family.CARD: _How(Fold.TRAINING, for_training.card, _ANY),
    Family.SWAP: _How(Fold.TRAINING, for_training.swap, _ANY),
    Family.SKIMMER: _How(Fold.JUDGING, for_judging.skimmer, (Part.CARD_SLOT,)),
    Family.FALSE_KEYPAD: _How(Fold.JUDGING, for_judging.keypad, (Part.KEYPAD,)),
    Family.FALSE_BEZEL: _How(Fold.JUDGING, for_judging.bezel, (Part.CARD_SLOT, Part.BEZEL)),
    Family.STICKER: _How(Fold.JUDGING, for_judging.sticker, (Part.BEZEL, Part.HOOD)),
    Family.BAR: _How(Fold.JUDGING, for_judging.bar, (Part.KEYPAD, Part.SCREEN, Part.BEZEL), top=True),
    Family.FALSE_HOOD: _How(Fold.JUDGING, for_judging.hood, (Part.HOOD, Part.BEZEL)),
    Family.INSERT: _How(Fold.JUDGING, for_judging.insert, _SLOTS),
    Family.REMOVED: _How(Fold.JUDGING, for_judging.removed, _ANY),
    Family.REPLACED: _How(
        Fold.JUDGING, for_judging.replaced, (Part.CARD_SLOT, Part.KEYPAD, Part.SHUTTER, Part.HOOD)
    ),
}


@dataclass(frozen=True, eq=False)
class Changed:
    """The picture with one change. `box`: left, top, width, height in pixels, outside which nothing differs;
    the longest side of what was put there, in cm and in the picture's pixels; `contrast`: the mean difference
    over it in levels; `part`: what it lies on."""

    picture: Grey
    box: tuple[int, int, int, int]
    size_cm: float
    size_px: float
    contrast: float
    part: Part
    family: Family


def families(fold: Fold) -> tuple[Family, ...]:
    """The families of changes that belong to a fold."""
    return tuple(family for family in Family if family.fold is fold)


def change(
    picture: Grey, machine: Machine, family: Family, size_cm: float, rng: np.random.Generator
) -> Changed:
    """`picture` is one of this machine in its usual view, 640 wide. ValueError where no place is found.

    The middle of what is put there is always on a part that an installer marks, never on the screen.
    """
    low, high = SIZES_CM
    if not low <= size_cm <= high:
        raise ValueError(f"a change of {size_cm} cm; made are {low} to {high}")
    how = _HOW[family]
    wanted = machine.parts(*how.parts) or machine.parts(*_ANY)
    best: Changed | None = None
    for _ in range(_TRIES):
        region = wanted[int(rng.integers(len(wanted)))]
        middle = _middle(region, how.top, size_cm, rng)
        per_cm = per_cm_of(region)
        side = side_of(size_cm, per_cm)
        turn = grid_to_picture(region, middle, side, per_cm)
        if not inside(picture, turn, side) or not _taught(machine, region, middle):
            continue
        on = ground(picture, region, turn, size_cm, rng)
        made = paste(picture, machine, region, turn, on, how.draw(on))
        changed = Changed(made.picture, made.box, size_cm, made.size_px, made.contrast, region.part, family)
        if made.contrast >= _LEAST_LEVELS:
            return changed
        if best is None or made.contrast > best.contrast:
            best = changed
    if best is None or best.contrast <= 0.0:
        raise ValueError(f"{machine.name}: no place for {family.value} of {size_cm} cm")
    return best


def _middle(region: Region, top: bool, size_cm: float, rng: np.random.Generator) -> tuple[float, float]:
    w, h = region.width_cm, region.height_cm
    if region.part is Part.BEZEL:
        x, y = rng.uniform(0.1, 0.9, 2)
        return float(x) * w, float(y) * h
    jitter = rng.normal(0.0, 0.1, 2) * min(size_cm, 4.0)
    if top:
        return float(w * rng.uniform(0.3, 0.7)), float(jitter[1] - 0.7)
    return float(np.clip(w / 2 + jitter[0], 0, w)), float(np.clip(h / 2 + jitter[1], 0, h))


def _taught(machine: Machine, region: Region, middle: tuple[float, float]) -> bool:
    x, y = (float(n) for n in region.seen(np.array([middle]))[0])
    within = {
        other.part is Part.SCREEN
        for other in machine.regions
        if cv2.pointPolygonTest(other.corners.astype(np.float32), (x, y), False) >= 0
    }
    return within == {False}
