"""Says whether anybody is in one grey picture of any size, and where persons, heads and bags are.

The network always sees 192 x 160; the picture is stretched to that and, where it is dark, lifted first.
What it gives is described in `models/scene.md`. Reference pictures of the empty site take away what is always
there: a coat on a hook that the network takes for a person is nobody as long as that place looks as it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import SceneSeen, Thing, ThingKind
from edge.vision.network import ModelFault, load_or_previous
from hw.camera.port import GreyPicture

MODEL: Final = "scene.tflite"
PREVIOUS: Final = "previous"
"""Subfolder of the models' folder where an update leaves what it replaced."""

WIDTH: Final = 192
HEIGHT: Final = 160
MAP_PX: Final = 32
"""A cell of the map of where anybody is, in the network's pixels."""

CELL_PX: Final = 16
"""A cell of the maps of things."""

UNIT_PX: Final = 16.0
"""Of the distances to the edges of a box."""

OUTPUTS: Final = ("somebody", "several", "kinds", "shapes")
KINDS: Final = (ThingKind.PERSON, ThingKind.HEAD, ThingKind.BAG)
LABELS: Final = tuple(str(k) for k in KINDS)
_HEAD: Final = 1

_BRIGHT: Final = 200.0
_MOST_GAIN: Final = 10.0
_SAME_THING_IOU: Final = 0.4
_INSIDE: Final = 0.7
"""A weaker box with this share of the smaller one in common with a stronger is part of it, not another."""

_MOST_THINGS: Final = 24
_DOUBT: Final = -3.0
"""Logit under which nothing is decoded."""

_NOBODY: Final = -8.0
"""Logit of a cell, or of a thing, that the reference explains."""

_ALIKE_LEVELS: Final = 7.0
_ALIKE_SHARE: Final = 0.3
"""A place looks as in the reference where it differs by less than this many grey levels, or this share of the
place's own contrast, once its mean brightness is taken out."""

_SAME_PLACE_IOU: Final = 0.4
_MAY_MISLEAD: Final = -2.0
"""Logit of a cell of the reference from which it may mislead tomorrow."""


Floats = NDArray[np.float32]


def levelled(small: GreyPicture) -> GreyPicture:
    """A dark picture lifted so that its brightest hundredth is bright; others as they are.

    The network then sees at an eighth of the light what it saw at full light, and noise.
    """
    counts = np.cumsum(np.bincount(small.ravel(), minlength=256))
    top = float(np.searchsorted(counts, 0.99 * counts[-1]))
    gain = min(_MOST_GAIN, _BRIGHT / max(1.0, top))
    if gain <= 1.0:
        return small
    table = np.minimum(np.arange(256, dtype=np.float32) * np.float32(gain), 255.0)
    return np.asarray(table.astype(np.uint8)[small], np.uint8)


def fitted(grey: GreyPicture) -> GreyPicture:
    """Stretched to what the network sees, each pixel the mean of those it covers."""
    if grey.shape == (HEIGHT, WIDTH):
        return grey
    smaller = grey.shape[0] >= HEIGHT and grey.shape[1] >= WIDTH
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (WIDTH, HEIGHT), interpolation=method), np.uint8)


@dataclass(frozen=True, slots=True)
class Raw:
    """What the network said of one picture: `cells` 5 x 6, `several`, and every thing above a doubt.

    `kinds` (n,) index `KINDS`; `logits` (n,), best first; `boxes` n x 4 corners in the network's pixels.
    """

    cells: Floats
    several: float
    kinds: NDArray[np.intp]
    logits: Floats
    boxes: Floats


@dataclass(frozen=True, slots=True)
class Points:
    """The contract's operating points: cuts of raw logits, and what turns these into calibrated odds."""

    somebody_cut: float
    somebody_scale: float
    head_weight: float
    several_weight: float
    second_cut: float
    cuts: tuple[float, float, float]
    scales: tuple[float, float, float]
    biases: tuple[float, float, float]

    @staticmethod
    def of(stated: dict[str, float]) -> Points:
        """Raises `ModelFault` where one is missing."""
        try:
            return Points(
                stated["somebody_cut"],
                stated["somebody_scale"],
                stated["head_weight"],
                stated["several_weight"],
                stated["second_cut"],
                (stated["person_cut"], stated["head_cut"], stated["bag_cut"]),
                (stated["person_scale"], stated["head_scale"], stated["bag_scale"]),
                (stated["person_bias"], stated["head_bias"], stated["bag_bias"]),
            )
        except KeyError as missing:
            raise ModelFault("model_wrong", f"{MODEL}: no operating point {missing}") from missing


@dataclass(frozen=True, slots=True)
class Reference:
    """The empty site once: its picture as the network saw it, how bright it was, and what was seen in it."""

    small: Floats
    brightness: float
    raw: Raw


class People:
    """The scene network with its model loaded. One per thread.

    `references` are this site's own empty pictures, by day and by night. `refused` holds the faults of a
    newer model that was not taken. Raises `ModelFault` when no model passes.
    """

    def __init__(self, model_dir: Path, references: Sequence[GreyPicture] = (), num_threads: int = 1) -> None:
        paths = [p for p in (model_dir / MODEL, model_dir / PREVIOUS / MODEL) if p.exists()]
        network, self.refused = load_or_previous(paths or [model_dir / MODEL], num_threads, LABELS)
        self._network = network
        contract = network.contract
        if contract.input.shape != (1, HEIGHT, WIDTH, 1):
            raise ModelFault("model_wrong", f"{MODEL}: input {contract.input.shape}")
        if (contract.input.scale, contract.input.zero) != (1 / 128, 0):
            raise ModelFault("model_wrong", f"{MODEL}: its input is not grey - 128")
        if tuple(o.name for o in contract.outputs) != OUTPUTS:
            raise ModelFault("model_wrong", f"{MODEL}: outputs are not {', '.join(OUTPUTS)}")
        self._points = Points.of(contract.operating_points)
        self._references = [self._reference(r) for r in references]

    @property
    def version(self) -> str:
        """The model's version, for the record."""
        return self._network.contract.version

    def look(self, grey: GreyPicture) -> SceneSeen:
        """One look, boxes in the pixels of `grey`. ValueError where `grey` is no picture."""
        if grey.ndim != 2 or 0 in grey.shape:
            raise ValueError(f"a grey picture has two sides, this has shape {grey.shape}")
        small = levelled(fitted(grey))
        raw = self._told_apart(self._raw(small), small, float(grey.mean()))
        things = accepted(raw, self._points)
        across, down = grey.shape[1] / WIDTH, grey.shape[0] / HEIGHT
        return SceneSeen(somebody_odds(raw, self._points), tuple(_scaled(t, across, down) for t in things))

    def raw(self, grey: GreyPicture) -> Raw:
        """What the network says before any operating point: for measuring."""
        return self._raw(levelled(fitted(grey)))

    def _raw(self, small: GreyPicture) -> Raw:
        seen = (small.astype(np.int16) - 128).astype(np.int8)[None, :, :, None]
        cells, several, kinds, shapes = self._network.run_real(seen)
        return decoded(cells[0, :, :, 0], float(several.ravel()[0]), kinds[0], shapes[0])

    def _reference(self, grey: GreyPicture) -> Reference:
        small = levelled(fitted(grey))
        return Reference(small.astype(np.float32), float(grey.mean()), self._raw(small))

    def _told_apart(self, raw: Raw, small: GreyPicture, brightness: float) -> Raw:
        """`raw` without what the reference nearest in brightness shows too, where it still looks the same."""
        if not self._references:
            return raw
        before = min(self._references, key=lambda r: abs(np.log((r.brightness + 4) / (brightness + 4))))
        return without(raw, small.astype(np.float32), before)


def without(raw: Raw, now: Floats, before: Reference) -> Raw:
    """`raw` without the cells and boxes that `before` shows too, where `now` still looks as it did."""
    cells = raw.cells.copy()
    for row, column in np.argwhere(before.raw.cells > _MAY_MISLEAD):
        corners = np.array([column, row, column + 1, row + 1], np.float32) * MAP_PX
        if _alike(now, before.small, corners):
            cells[row, column] = _NOBODY
    keep = np.ones(len(raw.logits), np.bool_)
    for i, box in enumerate(raw.boxes):
        same = before.raw.boxes[before.raw.kinds == raw.kinds[i]]
        if len(same) and _iou(box, same).max() > _SAME_PLACE_IOU and _alike(now, before.small, box):
            keep[i] = False
    return Raw(cells, raw.several, raw.kinds[keep], raw.logits[keep], raw.boxes[keep])


def somebody_score(raw: Raw, head_weight: float) -> float:
    """The mean of the two best cells, and the surest head.

    What fills a picture (a cat, a plate of food) can look like a part of a person; it rarely has a head.
    """
    two = np.partition(raw.cells.ravel(), -2)[-2:]
    heads = raw.logits[raw.kinds == _HEAD]
    return float(two.mean()) + head_weight * float(np.max(heads, initial=_DOUBT))


def somebody_odds(raw: Raw, points: Points) -> float:
    """Calibrated log-odds that anybody is there, 0 at the operating point."""
    return (somebody_score(raw, points.head_weight) - points.somebody_cut) * points.somebody_scale


def accepted(raw: Raw, points: Points) -> list[Thing]:
    """Things above the cut of their kind, in the network's pixels, best first.

    A second person need be less sure where the whole picture speaks for several, and surer where it does not.
    """
    found = []
    persons = 0
    for kind, logit, box in zip(raw.kinds, raw.logits, raw.boxes, strict=True):
        odds = float(logit)
        cut = points.cuts[kind]
        if KINDS[kind] is ThingKind.PERSON:
            if persons:
                cut, odds = points.second_cut, odds + points.several_weight * raw.several
            persons += odds >= cut
        if odds < cut:
            continue
        left, top, right, bottom = (float(v) for v in box)
        score = 1.0 / (1.0 + float(np.exp(-(points.scales[kind] * float(logit) + points.biases[kind]))))
        found.append(Thing(KINDS[kind], (left, top, right - left, bottom - top), score))
    return found


def decoded(cells: Floats, several: float, kinds: Floats, shapes: Floats) -> Raw:
    """The network's maps (rows x columns x channels) as cells and merged boxes above a low doubt."""
    rows, columns, which = np.nonzero(kinds > _DOUBT)
    logits = kinds[rows, columns, which]
    best = np.argsort(-logits)[:100]
    rows, columns, which, logits = rows[best], columns[best], which[best], logits[best]
    stated = shapes.reshape(*shapes.shape[:2], len(KINDS), 4)[rows, columns, which]
    sides = np.logaddexp(np.float32(0.0), stated) * np.float32(UNIT_PX)
    x = (columns.astype(np.float32) + 0.5) * CELL_PX
    y = (rows.astype(np.float32) + 0.5) * CELL_PX
    boxes = np.stack([x - sides[:, 0], y - sides[:, 1], x + sides[:, 2], y + sides[:, 3]], 1)
    boxes[:, 0::2] = np.clip(boxes[:, 0::2], 0, WIDTH)
    boxes[:, 1::2] = np.clip(boxes[:, 1::2], 0, HEIGHT)
    chosen: list[int] = []
    for kind in range(len(KINDS)):
        left = np.flatnonzero(which == kind)
        while len(left) and len(chosen) < _MOST_THINGS:
            first, left = left[0], left[1:]
            chosen.append(int(first))
            left = left[~_same(boxes[first], boxes[left])]
    chosen.sort(key=lambda i: -float(logits[i]))
    return Raw(cells, several, which[chosen], logits[chosen], boxes[chosen])


def _same(box: Floats, others: Floats) -> NDArray[np.bool_]:
    """(n,): whether each of `others` is the same thing as `box`."""
    shared, own, areas = _shared(box, others)
    inside = shared / np.maximum(np.minimum(areas, own), 1e-3)
    joint = shared / np.maximum(areas + own - shared, 1e-3)
    return np.asarray((joint > _SAME_THING_IOU) | (inside > _INSIDE))


def _iou(box: Floats, others: Floats) -> Floats:
    """(n,): shared area over joint area of corners."""
    shared, own, areas = _shared(box, others)
    return np.asarray(shared / np.maximum(areas + own - shared, 1e-3), np.float32)


def _shared(box: Floats, others: Floats) -> tuple[Floats, float, Floats]:
    """Shared areas (n,), the area of `box`, the areas of `others` (n,)."""
    left, top = np.maximum(box[0], others[:, 0]), np.maximum(box[1], others[:, 1])
    right, bottom = np.minimum(box[2], others[:, 2]), np.minimum(box[3], others[:, 3])
    shared = np.clip(right - left, 0, None) * np.clip(bottom - top, 0, None)
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    own = float((box[2] - box[0]) * (box[3] - box[1]))
    return np.asarray(shared, np.float32), own, np.asarray(areas, np.float32)


def _alike(now: Floats, before: Floats, corners: Floats) -> bool:
    """Whether this part of two pictures shows the same, whatever the brightness."""
    left, top = (int(v) for v in corners[:2])
    right, bottom = int(corners[2] + 0.5), int(corners[3] + 0.5)
    a, b = now[top:bottom, left:right], before[top:bottom, left:right]
    if a.size == 0:
        return False
    a, b = a - a.mean(), b - b.mean()
    return float(np.abs(a - b).mean()) < max(_ALIKE_LEVELS, _ALIKE_SHARE * float(b.std()))


def _scaled(thing: Thing, across: float, down: float) -> Thing:
    x, y, w, h = thing.box
    return Thing(thing.kind, (x * across, y * down, w * across, h * down), thing.score)
