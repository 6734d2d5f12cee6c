"""The face finder under attack: photographs of groups that it did not learn from, and places without a face.

Each picture is first fitted to what the network sees, so that a gradient attack changes the network's own
pixels; the whole finder judges, with its second look from nearer, at the operating point for video.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.face.find import LEAST_FACE_PX, Finder
from models.training.attacks.counts import Count, Counts, Row
from models.training.attacks.gradient import (
    PGD_STEPS,
    Boxes,
    Greys,
    Printing,
    fgsm,
    learnt_print,
    pgd,
    with_print,
)
from models.training.attacks.spoil import SPOILS, Grey, spoiled
from models.training.attacks.twins import find_twin
from models.training.common import part
from models.training.files import read_picture
from models.training.find.data import overlap
from models.training.find.net import HEIGHT, WIDTH

COLUMNS: Final = ("faces found", "places without a face where none is found")
FACES: Final = 90
"""Photographs with faces."""
EMPTY: Final = 90
RADII: Final = (2, 8)
ATTACKED: Final = 24
"""Of these, so many of each follow a gradient."""
SAME: Final = 0.4
_WITHOUT = frozenset({"ignore"})


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as the network sees it, 240 x 320, with its faces' boxes (n x 4, left top width height)."""

    grey: Grey
    boxes: Boxes


def fitted(grey: Grey) -> tuple[Grey, float]:
    """Whole in the upper left of 240 x 320, and the scale."""
    scale = min(WIDTH / grey.shape[1], HEIGHT / grey.shape[0], 3.0)
    size = min(WIDTH, max(1, round(grey.shape[1] * scale))), min(HEIGHT, max(1, round(grey.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
    out = np.zeros((HEIGHT, WIDTH), np.uint8)
    out[: size[1], : size[0]] = cv2.resize(grey, size, interpolation=method)
    return out, scale


def held_out(data: Path, which: Sequence[str], faces: int, empty: int) -> tuple[list[Photo], Greys]:
    """Photographs whose every box is a face of a fair size, and places without any, of these parts."""
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if part(row["group"]) in which]
    rng = np.random.default_rng(2)
    order = rng.permutation(len(rows))
    photos: list[Photo] = []
    places: list[Grey] = []
    for i in order:
        row = rows[i]
        wanted = row["kind"] == "photo" and len(photos) < faces
        if not wanted and not (row["kind"] == "negative" and len(places) < empty):
            continue
        grey = read_picture(data / "faces" / row["path"], cv2.IMREAD_GRAYSCALE)
        if grey is None:
            continue
        seen, scale = fitted(grey)
        if not wanted:
            places.append(seen)
            continue
        boxes = [b for b in json.loads(row["boxes"] or "[]") if b[4] not in _WITHOUT]
        large = np.array([[float(v) * scale for v in b[:4]] for b in boxes], np.float32).reshape(-1, 4)
        large = large[large[:, 2:].max(1) >= 1.5 * LEAST_FACE_PX] if len(large) else large
        if len(large):
            photos.append(Photo(seen, large))
    return photos, np.stack(places)


def found(finder: Finder, photos: Sequence[Photo], greys: Greys) -> Count:
    """How many of the labelled faces are found."""
    right = 0
    for photo, grey in zip(photos, greys, strict=True):
        boxes = np.array([f.box for f in finder.find(grey)], np.float32).reshape(-1, 4)
        if len(boxes):
            right += int((overlap(photo.boxes, boxes).max(1) >= SAME).sum())
    return Count(right, sum(len(photo.boxes) for photo in photos))


def left_alone(finder: Finder, places: Greys) -> Count:
    """In how many places no face is found."""
    return Count(sum(not finder.find(place) for place in places), len(places))


def hides(twin: torch.nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    """Large where no cell says face."""
    scores = twin((pictures - 128.0) / 128.0)[:3]
    return -torch.stack([torch.relu(s + 4.0).flatten(1).sum(1) for s in scores]).sum(0)


def makes(twin: torch.nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    """Large where some cell says face."""
    scores = torch.cat([s.flatten(1) for s in twin((pictures - 128.0) / 128.0)[:3]], 1)
    return torch.logsumexp(scores, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a print lies beside a face: its side and the gap to the face, in face widths."""

    side: float
    gap: float
    says: str


PLACES: Final[Mapping[str, Place]] = {
    "beside": Place(0.6, 0.08, "a print of 0.6 face widths close beside the face"),
    "apart": Place(1.0, 0.8, "a print as large as the face, 0.8 face widths away"),
}


def beside(photos: Sequence[Photo], place: Place) -> tuple[list[Photo], Boxes]:
    """Photographs of one face with room for the print at one side, and where it lies."""
    kept, boxes = [], []
    for photo in photos:
        if len(photo.boxes) != 1:
            continue
        x, y, w, h = (float(v) for v in photo.boxes[0])
        side, gap = place.side * w, place.gap * w
        top = min(max(y + h / 2 - side / 2, 0.0), HEIGHT - side)
        right, left = x + w + gap, x - gap - side
        at = right if right + side <= WIDTH else left
        if at >= 0.0 and side >= 10.0:
            kept.append(photo)
            boxes.append((at, top, side, side))
    return kept, np.array(boxes, np.float32).reshape(-1, 4)


def measure(data: Path, models: Path, work: Path) -> Counts:
    """Every row, into `work/face_find.json`."""
    torch.set_num_threads(1)
    counts, finder = Counts(work / "face_find.json"), Finder(models)
    photos, places = held_out(data, ("test", "val"), FACES, EMPTY)
    greys = np.stack([photo.grey for photo in photos])

    def both(seen: Greys, empty: Greys) -> Row:
        return {COLUMNS[0]: found(finder, photos, seen), COLUMNS[1]: left_alone(finder, empty)}

    counts.add("clean", lambda: both(greys, places))
    for name, kind in SPOILS.items():
        for strength in kind.strengths:
            if name == "rotated":
                continue  # the boxes would turn with it

            def row(name: str = name, strength: float = strength) -> Row:
                seen = np.stack([spoiled(name, strength, grey, i) for i, grey in enumerate(greys)])
                return both(seen, np.stack([spoiled(name, strength, g, i) for i, g in enumerate(places)]))

            counts.add(kind.says.format(strength), row)
    twin = find_twin(models)
    prints(counts, finder, twin, data, work, photos)
    some_photos, some, empty = photos[:ATTACKED], greys[:ATTACKED], places[:ATTACKED]
    counts.add(
        "clean, those attacked below",
        lambda: {COLUMNS[0]: found(finder, some_photos, some), COLUMNS[1]: left_alone(finder, empty)},
    )
    for radius in RADII:
        for how in ("FGSM", f"PGD-{PGD_STEPS}"):

            def attacked(radius: int = radius, how: str = how) -> Row:
                def spoil(objective_of: object, pictures: Greys) -> Greys:
                    parts = []
                    for i in range(0, len(pictures), 6):
                        objective = lambda p: objective_of(twin, p)  # type: ignore[operator]  # noqa: E731
                        part_ = pictures[i : i + 6]
                        parts.append(
                            fgsm(objective, part_, radius)
                            if how == "FGSM"
                            else pgd(objective, part_, radius, i)
                        )
                    return np.concatenate(parts)

                return {
                    COLUMNS[0]: found(finder, some_photos, spoil(hides, some)),
                    COLUMNS[1]: left_alone(finder, spoil(makes, empty)),
                }

            counts.add(f"{how}, {radius}/255", attacked)
    return counts


def prints(
    counts: Counts, finder: Finder, twin: torch.nn.Module, data: Path, work: Path, photos: Sequence[Photo]
) -> None:
    """A print that hides the face beside it, learnt on photographs of other groups."""
    test = photos
    others: list[Photo] = []
    for name, place in PLACES.items():
        kept, boxes = beside(test, place)
        seen = np.stack([photo.grey for photo in kept])
        file = work / f"print-find-{name}.npy"
        if not file.exists():
            others = others or held_out(data, ("train",), 150, 1)[0]
            learn, at = beside(others, place)
            laid = learnt_print(
                lambda p: hides(twin, p), np.stack([o.grey for o in learn]), at, Printing((32, 32), 50, 4), 3
            )
            np.save(file, laid)
        learnt: NDArray[np.float32] = np.load(file)
        for what, laid in (("plain grey", np.full_like(learnt, 128.0)), ("learnt", learnt)):

            def row(
                laid: NDArray[np.float32] = laid,
                kept: Sequence[Photo] = kept,
                seen: Greys = seen,
                boxes: Boxes = boxes,
            ) -> Row:
                return {COLUMNS[0]: found(finder, kept, with_print(seen, laid, boxes, 9))}

            counts.add(f"{place.says}, {what}", row)
