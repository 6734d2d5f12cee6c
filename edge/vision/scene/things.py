"""The second look: weapons, tools and telephones in the hands of the persons that the scene network found.

Each look of a moving picture costs one pass of the network, on one square: the persons in turn, of each the
upper body with the hands, every other time one side of it from nearer by. `look_at` searches a still
picture for as long as it takes. What the network says of a square as a whole decides whether there is a
weapon; its cells say where.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, Thing, ThingKind
from edge.vision.network import ModelFault, Network, load_or_previous
from edge.vision.scene.crops import SIDE_PX, Square, along, around, cut, even, whole
from hw.camera.port import GreyPicture

MODEL: Final = "things.tflite"
PREVIOUS: Final = "previous"
"""Subfolder of the models' folder where an update leaves what it replaced."""

LABELS: Final = ("nothing", "handgun", "knife", "long_gun", "bar", "phone")
"""The network's classes, in order."""

_OUTPUTS: Final = ("whole", "cells", "shape")
_WEAPONS: Final = (1, 2, 3)
_OTHERS: Final = (4, 5)
_POINTS: Final = ("weapon", "weapon_still", "scale", "bar", "phone")

_NEARER: Final = 0.62
"""Side of the nearer square in sides of a person's own."""
_SMALLEST_PX: Final = 24.0
"""A person smaller than this on the picture has hands that nobody could see into."""
_TILED_FROM_PX: Final = 420
"""Longer side from which a still picture is also searched in parts: in one square its hands are too small."""
_TILE_STEP: Final = 0.5
_TILE: Final = 0.5
"""Side of a part and step to the next in shorter sides of the picture and in its own side."""
_SAME_IOU: Final = 0.35


@dataclass(frozen=True, slots=True)
class ThingsSeen:
    """Of one look: what has a box, the log-odds of a weapon (zero is the operating point), and the square
    looked at.

    Without a person there is no look: both are None.
    """

    things: tuple[Thing, ...] = ()
    weapon_logit: float | None = None
    looked_at: Box | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """Mean class logits of a square (6,), and its cells' logits (6, 6, 6) and distances (6, 6, 4)."""

    logits: NDArray[np.float32]
    cells: NDArray[np.float32]
    shape: NDArray[np.float32]


class Things:
    """The network in `model_dir`, for one camera and one thread.

    `refused` holds the faults of a newer model that was not taken. Raises `ModelFault` where no model passes.
    """

    def __init__(self, model_dir: Path) -> None:
        newest = model_dir / MODEL
        paths = [p for p in (newest, model_dir / PREVIOUS / MODEL) if p.exists()] or [newest]
        self._network, self.refused = load_or_previous(paths, labels=LABELS)
        self._points = _checked(self._network)
        self._turn = 0

    def look(self, grey: GreyPicture, persons: Sequence[Thing]) -> ThingsSeen:
        """One square of one of `persons` (boxes in pixels of `grey`), another one at each call."""
        large = sorted(
            (p.box for p in persons if p.kind is ThingKind.PERSON and max(p.box[2:]) >= _SMALLEST_PX),
            key=lambda box: box[0],
        )
        if not large:
            return ThingsSeen()
        turn, self._turn = self._turn, self._turn + 1
        square = around(large[turn % len(large)])
        view = turn // len(large) % 4
        if view % 2:
            square = _nearer(square, right=view == 3)
        answer = self._answer(grey, square)
        logit = self._weapon_logit(answer.logits, self._points["weapon"])
        return ThingsSeen(
            self._named(answer, square, logit), logit, (square.left, square.top, *(square.side,) * 2)
        )

    def look_at(self, grey: GreyPicture, persons: Sequence[Thing] = ()) -> ThingsSeen:
        """A still picture: whole, each person, and in overlapping parts where it is large."""
        height, width = grey.shape
        best: float | None = None
        things: list[Thing] = []
        for square in still_squares(height, width, persons):
            answer = self._answer(grey, square, mirrored=True)
            logit = self._weapon_logit(answer.logits, self._points["weapon_still"])
            best = logit if best is None else max(best, logit)
            things += self._named(answer, square, logit)
        return ThingsSeen(_merged(things), best, (0.0, 0.0, float(width), float(height)))

    def _answer(self, grey: GreyPicture, square: Square, mirrored: bool = False) -> _Answer:
        seen = even(cut(grey, square))
        whole_map, cells, shape = self._run(seen)
        logits = whole_map.mean((0, 1))
        if mirrored:
            logits = (logits + self._run(np.ascontiguousarray(seen[:, ::-1]))[0].mean((0, 1))) / 2.0
        return _Answer(logits, cells, shape)

    def _run(self, seen: GreyPicture) -> tuple[NDArray[np.float32], ...]:
        picture = (seen.astype(np.int16) - 128).astype(np.int8)[None, :, :, None]
        return tuple(output[0] for output in self._network.run_real(picture))

    def _weapon_logit(self, logits: NDArray[np.float32], point: float) -> float:
        return float((_odds(logits, _WEAPONS) - point) * self._points["scale"])

    def _named(self, answer: _Answer, square: Square, weapon_logit: float) -> tuple[Thing, ...]:
        """The weapon and the other things that are likelier there than not, each with its place."""
        found = []
        if weapon_logit > 0.0:
            kind = _WEAPONS[int(np.argmax(answer.logits[list(_WEAPONS)]))]
            found.append(_thing(answer, square, kind, weapon_logit))
        for kind in _OTHERS:
            logit = (_odds(answer.logits, (kind,)) - self._points[LABELS[kind]]) * self._points["scale"]
            if logit > 0.0:
                found.append(_thing(answer, square, kind, float(logit)))
        return tuple(found)


def _checked(network: Network) -> dict[str, float]:
    contract = network.contract
    if (contract.input.scale, contract.input.zero) != (1 / 128, 0):
        raise _fault(f"input scaled {contract.input.scale}/{contract.input.zero}, not grey - 128")
    if contract.input.shape != (1, SIDE_PX, SIDE_PX, 1):
        raise _fault(f"a square of {contract.input.shape[1]} px")
    if tuple(o.name for o in contract.outputs) != _OUTPUTS:
        raise _fault("outputs are not whole, cells and shape")
    missing = [name for name in _POINTS if name not in contract.operating_points]
    if missing:
        raise _fault(f"no operating point {', '.join(missing)}")
    if contract.operating_points["scale"] <= 0.0:
        raise _fault("a scale that is not positive")
    return {name: contract.operating_points[name] for name in _POINTS}


def _fault(what: str) -> ModelFault:
    return ModelFault("model_wrong", f"{MODEL}: {what}")


def _odds(logits: NDArray[np.float32], kinds: Sequence[int]) -> float:
    """Log-odds of any of `kinds` against every other class."""
    each = np.exp(logits.astype(np.float64) - float(logits.max()))
    some = float(each[list(kinds)].sum())
    return float(np.log(some + 1e-12) - np.log(float(each.sum()) - some + 1e-12))


def _thing(answer: _Answer, square: Square, kind: int, logit: float) -> Thing:
    """The box of the cell that is surest of this kind, in pixels of the picture."""
    cells = answer.cells - answer.cells.max(axis=2, keepdims=True)
    share = np.exp(cells[:, :, kind]) / np.exp(cells).sum(axis=2)
    row, column = (int(n) for n in np.unravel_index(int(np.argmax(share)), share.shape))
    grid = share.shape[0]
    left, top, right, bottom = (float(n) for n in np.clip(answer.shape[row, column], 0.0, 1.0))
    x, y = (column + 0.5) / grid, (row + 0.5) / grid
    x0, y0 = max(x - left, 0.0), max(y - top, 0.0)
    x1, y1 = min(x + right, 1.0), min(y + bottom, 1.0)
    box = (
        square.left + x0 * square.side,
        square.top + y0 * square.side,
        (x1 - x0) * square.side,
        (y1 - y0) * square.side,
    )
    return Thing(ThingKind(LABELS[kind]), box, 1.0 / (1.0 + float(np.exp(-logit))))


def _nearer(square: Square, right: bool) -> Square:
    """The lower left or lower right of a person's square, where a hand is."""
    side = _NEARER * square.side
    left = square.left + (square.side - side if right else 0.0)
    return Square(left, square.top + square.side - side, side)


def still_squares(height: int, width: int, persons: Sequence[Thing] = ()) -> tuple[Square, ...]:
    """Where a still picture is looked at: whole, along its longer side, each person, parts of a large one."""
    squares = [whole(height, width), *along(height, width)]
    squares += [
        around(person.box)
        for person in persons
        if person.kind is ThingKind.PERSON and max(person.box[2:]) >= _SMALLEST_PX
    ]
    if max(height, width) >= _TILED_FROM_PX:
        side = max(_TILE * min(height, width), float(SIDE_PX))
        squares += [Square(left, top, side) for top in _starts(height, side) for left in _starts(width, side)]
    return tuple(squares)


def _starts(length: int, side: float) -> list[float]:
    """Where parts of this side begin, so that each lies over half of the one before."""
    room = max(length - side, 0.0)
    count = math.ceil(room / (_TILE_STEP * side)) + 1
    return [room * n / max(count - 1, 1) for n in range(count)]


def _merged(things: Sequence[Thing]) -> tuple[Thing, ...]:
    """The surest of those of one kind that lie on each other."""
    kept: list[Thing] = []
    for thing in sorted(things, key=lambda t: -t.score):
        if all(k.kind is not thing.kind or _iou(k.box, thing.box) < _SAME_IOU for k in kept):
            kept.append(thing)
    return tuple(kept)


def _iou(a: Box, b: Box) -> float:
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(w, 0.0) * max(h, 0.0)
    return both / max(a[2] * a[3] + b[2] * b[3] - both, 1e-6)
