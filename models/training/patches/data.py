"""Pictures to learn and measure the embedding on: grey, of which place, from whom.

Everything of `scene/manifest.csv` that is one picture may teach, for the network is to tell any surface from
any other. A cabin's video is one group, and whole groups and sources are left out of a measured run.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.training.common import Grey
from models.training.files import read_picture

LARGEST_PX = 480
"""Longer side of a picture as it is kept; a view of it is made smaller to the network's input."""

_SMALLEST_PX = 160
"""Shorter side from which a picture holds enough to be looked at by pieces."""

_TASKS = frozenset({"atm", "object", "person", "tool", "weapon", "face_cover"})
CABIN = "atm"
_MOST_OF_GROUP = 12
"""Pictures of one group: the frames of a video show one place over and over."""


@dataclass(frozen=True, slots=True)
class Picture:
    """`grey` at most 480 px long; `cabin`: a real machine's room."""

    grey: Grey
    cabin: bool
    group: str
    source: str
    path: str


def read(data: Path, most: int = 0) -> list[Picture]:
    """In the manifest's order; `most` above 0: about as many, evenly over all.

    FileNotFoundError without a manifest.
    """
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        rows = [line for line in csv.DictReader(file) if line["kind"] == "image" and line["task"] in _TASKS]
    chosen = _few_of_each(rows)
    if 0 < most < len(chosen):
        chosen = [chosen[i * len(chosen) // most] for i in range(most)]
    found = []
    for row in chosen:
        grey = read_picture(data / "scene" / row["path"], cv2.IMREAD_GRAYSCALE)
        if grey is None or min(grey.shape) < _SMALLEST_PX:
            continue
        found.append(Picture(_at_most(grey), row["task"] == CABIN, row["group"], row["source"], row["path"]))
    return found


def _few_of_each(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """At most `_MOST_OF_GROUP` of each group, chosen by their names alone."""
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(f"{row['source']}/{row['group']}", []).append(row)
    kept: set[str] = set()
    for members in groups.values():
        members = sorted(members, key=lambda r: zlib.crc32(r["path"].encode()))
        kept |= {r["path"] for r in members[:_MOST_OF_GROUP]}
    return [r for r in rows if r["path"] in kept]


def _at_most(grey: Grey) -> Grey:
    scale = LARGEST_PX / max(grey.shape)
    if scale >= 1.0:
        return grey
    size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def away(picture: Picture, leave_out: Sequence[str]) -> bool:
    """Whether a word names the picture's group, or is part of its source."""
    return any(word == picture.group or word in picture.source for word in leave_out)
