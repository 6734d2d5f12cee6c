"""People for the films: the two photographs that the staged cabin ships, and faces of the shared pictures.

A person is a cut-out with the face's five landmarks. What they wear is drawn on it (`hw.camera.covers`), what
is held before the face and which way they look is done to the cut-out here.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from hw.camera.covers import COVERS, Layer, Marks
from hw.camera.scene import PHOTOGRAPHS
from hw.camera.staged import bare

_HEAD: Final = 1.35
"""Half the width of a head in face units (from between the eyes to the mouth), for turning it."""
_FEATHER: Final = 0.06
"""The soft edge of a cut-out that has no outline of its own, as a share of its side."""
_BODY: Final = 3
"""Heights of the crop that the body of such a person goes on below it."""
_PROFILE: Final = 0.42
"""From here on the nose lies so far beside the middle (in face units) that a face counts as turned."""
_FRONTAL: Final = 0.12


@dataclass(frozen=True, slots=True)
class Person:
    """`layer` is blue, green, red, alpha; `covers` is what the person wears in the picture already."""

    name: str
    layer: Layer
    marks: Marks
    covers: tuple[str, ...] = ()


def shipped() -> tuple[Person, ...]:
    return tuple(Person(photo.file, bare(photo), photo.marks) for photo in PHOTOGRAPHS)


def wearing(person: Person, cover: str) -> Person:
    """The person with a cover drawn on."""
    return replace(person, layer=COVERS[cover](person.layer, person.marks), covers=(cover,))


def looking_aside(person: Person, yaw_deg: float) -> Person:
    """The head turned about its axis, as if it were a cylinder with the face on it. No nose stands out."""
    x0, y0 = person.marks.eyes
    unit = person.marks.unit
    high, wide = person.layer.shape[:2]
    x, y = np.meshgrid(np.arange(wide, dtype=np.float32), np.arange(high, dtype=np.float32))
    across = np.clip((x - x0) / (_HEAD * unit), -1.0, 1.0)
    seen = np.clip(np.arcsin(across) + math.radians(yaw_deg), -1.45, 1.45)
    turned = x0 + _HEAD * unit * np.sin(seen)
    # The head turns, the shoulders stay.
    below = np.clip((y - y0) / unit - 1.9, 0.0, 0.6) / 0.6
    outside = (np.abs(across) >= 1.0).astype(np.float32)
    share = np.maximum(below, outside)
    source = (x * share + turned * (1.0 - share)).astype(np.float32)
    alpha = person.layer[..., 3]
    layer = cv2.remap(person.layer, source, y, cv2.INTER_LINEAR)
    layer[..., 3] = np.where(share > 0.5, layer[..., 3], alpha)
    return replace(person, layer=np.asarray(layer, np.uint8))


def half_hidden(person: Person, side: int, colour: tuple[int, int, int], beyond: float) -> Person:
    """A flat thing held up before the left (-1) or right (1) half of the face, and a little `beyond`."""
    x, y = person.marks.eyes
    unit = person.marks.unit
    layer = person.layer.copy()
    inner, outer = x - side * beyond * unit, x + side * 1.35 * unit
    left, right = sorted((round(inner), round(outer)))
    top, bottom = round(y - 0.7 * unit), round(y + 1.7 * unit)
    cv2.rectangle(layer, (left, top), (right, bottom), (*colour, 255), -1, cv2.LINE_AA)
    edge = tuple(int(0.7 * c) for c in colour)
    cv2.rectangle(layer, (left, top), (right, bottom), (*edge, 255), max(1, round(0.03 * unit)), cv2.LINE_AA)
    return replace(person, layer=layer, covers=("object",))


def shared(data: Path, chosen: Callable[[Face], bool], count: int, seed: int) -> Iterator[Person]:
    """Faces of the shared pictures, drawn by chance: crops with their own surroundings."""
    rows = [row for row in _rows(data) if chosen(row)]
    for row in Random(seed).sample(rows, min(count, len(rows))):
        picture = cv2.imread(str(data / "faces" / row.path), cv2.IMREAD_COLOR)
        if picture is not None:
            worn = {"mask": ("mask",), "sunglasses": ("glasses",)}.get(row.label, ())
            yield Person(row.path, _edged(np.asarray(picture, np.uint8)), row.marks, worn)


@dataclass(frozen=True, slots=True)
class Face:
    """A row of the shared list: `aside` is how far the nose lies from the middle, in face units."""

    path: str
    kind: str
    label: str
    marks: Marks
    aside: float

    @property
    def bare(self) -> bool:
        return self.kind == "identity" or self.label == "uncovered"

    @property
    def turned(self) -> bool:
        return self.aside >= _PROFILE

    @property
    def frontal(self) -> bool:
        return self.aside <= _FRONTAL


def _rows(data: Path) -> Iterator[Face]:
    with (data / "faces" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] not in ("identity", "crop") or not row["landmarks"]:
                continue
            p = msgspec.json.decode(row["landmarks"], type=list[float])
            if len(p) != 10:
                continue
            marks = Marks((p[0], p[1]), (p[2], p[3]), (p[4], p[5]), (p[6], p[7]), (p[8], p[9]))
            middle = (marks.eyes[0] + (marks.mouth_l[0] + marks.mouth_r[0]) / 2) / 2
            aside = abs(marks.nose[0] - middle) / max(marks.unit, 1.0)
            if marks.unit >= 18.0:
                yield Face(row["path"], row["kind"], row["label"], marks, aside)


def _edged(picture: NDArray[np.uint8]) -> Layer:
    """The picture with a soft edge instead of an outline."""
    high, wide = picture.shape[:2]
    edge = max(2, round(_FEATHER * min(high, wide)))
    alpha = np.zeros((high, wide), np.uint8)
    alpha[edge:-edge, edge:-edge] = 255
    soft = cv2.blur(alpha, (2 * edge + 1, 2 * edge + 1))
    # Below the crop a body, or nobody would be there where no face is found.
    row = cv2.GaussianBlur(picture[-2 * edge :].mean(axis=0, keepdims=True), (0, 0), wide / 6)
    body = np.repeat(np.clip(0.8 * row, 0, 255), _BODY * high, axis=0).astype(np.uint8)
    opaque = np.repeat(soft[high // 2 : high // 2 + 1], _BODY * high, axis=0)
    soft[high // 2 :] = soft[high // 2]
    return np.vstack([np.dstack([picture, soft]), np.dstack([body, opaque])])
