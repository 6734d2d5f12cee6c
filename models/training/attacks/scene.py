"""The scene network under attack: pictures with people, and places without anybody.

The shipped weights learnt from all pictures that there are, these too, so the clean figures are better than
those of the card for places left out; what counts here is how they fall.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.terms.observation import ThingKind
from edge.vision.scene.people import HEIGHT, WIDTH, People, fitted, levelled
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
from models.training.attacks.twins import scene_twin
from models.training.files import read_picture
from models.training.scene.data import read_labels
from models.training.scene.net import SceneNet, somebody_logit

COLUMNS: Final = ("somebody seen", "a person boxed", "places without anybody where nobody is seen")
PEOPLE: Final = 100
EMPTY: Final = 90
RADII: Final = (2, 8)
ATTACKED: Final = 40
"""Of these, so many of each follow a gradient."""
_WITH = ("one_person", "several_persons")


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture as the network sees it (160 x 192), and its largest person's box (left top width height)."""

    grey: Grey
    person: tuple[float, float, float, float] | None


def pictures(data: Path) -> tuple[list[Photo], Greys]:
    """Pictures with people and places without, drawn once for all rows."""
    said = read_labels()
    boxes = json.loads((data / "scene" / "boxes.json").read_text())
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        scene = [row for row in csv.DictReader(file) if row["task"] in ("atm", "person")]
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        negative = [row for row in csv.DictReader(file) if row["kind"] == "negative"]
    rng = np.random.default_rng(4)
    photos: list[Photo] = []
    places: list[Grey] = []
    for i in rng.permutation(len(scene)):
        row = scene[i]
        there = row["task"] == "person" or any(word in row["labels"] for word in _WITH)
        if not there or said.get(f"scene/{row['path']}") in ("empty", "unclear") or len(photos) == PEOPLE:
            continue
        grey = read_picture(data / "scene" / row["path"], cv2.IMREAD_GRAYSCALE)
        persons = [b["b"] for b in boxes.get(row["path"], []) if b["c"] == "person"]
        if grey is None or not persons:
            continue
        x0, y0, x1, y1 = max(persons, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))
        box = (x0 * WIDTH, y0 * HEIGHT, (x1 - x0) * WIDTH, (y1 - y0) * HEIGHT)
        photos.append(Photo(levelled(fitted(grey)), box))
    for i in rng.permutation(len(negative)):
        row = negative[i]
        if said.get(f"faces/{row['path']}") in ("person", "unclear") or len(places) == EMPTY:
            continue
        grey = read_picture(data / "faces" / row["path"], cv2.IMREAD_GRAYSCALE)
        if grey is not None and min(grey.shape) >= 100:
            places.append(levelled(fitted(grey)))
    return photos, np.stack(places)


def with_people(people: People, greys: Greys) -> Row:
    """The first two columns."""
    seen = [people.look(grey) for grey in greys]
    boxed = [any(t.kind is ThingKind.PERSON for t in s.things) for s in seen]
    return {
        COLUMNS[0]: Count(sum(s.somebody_logit > 0.0 for s in seen), len(seen)),
        COLUMNS[1]: Count(sum(boxed), len(seen)),
    }


def without(people: People, greys: Greys) -> Row:
    """The third."""
    return {COLUMNS[2]: Count(sum(people.look(grey).somebody_logit <= 0.0 for grey in greys), len(greys))}


def hides(twin: SceneNet, pictures_: torch.Tensor) -> torch.Tensor:
    """Large where nobody is seen, and no box."""
    places, _, kinds, _ = twin((pictures_ - 128.0) / 128.0)
    return -somebody_logit(places) - 0.1 * torch.relu(kinds[:, :2] + 4.0).flatten(1).sum(1)


def makes(twin: SceneNet, pictures_: torch.Tensor) -> torch.Tensor:
    """Large where somebody is seen."""
    places, _, kinds, _ = twin((pictures_ - 128.0) / 128.0)
    return somebody_logit(places) + kinds[:, 1].flatten(1).max(1).values


def on_chest(photos: Sequence[Photo]) -> tuple[Greys, Boxes]:
    """Where a print is worn: 0.4 of the width, a third down, on who is large enough."""
    kept = [p for p in photos if p.person is not None and p.person[3] >= 48.0]
    boxes = []
    for photo in kept:
        assert photo.person is not None
        x, y, w, h = photo.person
        side = max(0.4 * min(w, 0.6 * h), 10.0)
        boxes.append((x + w / 2 - side / 2, y + 0.38 * h - side / 2, side, side))
    return np.stack([p.grey for p in kept]), np.array(boxes, np.float32)


def measure(data: Path, models: Path, work: Path) -> Counts:
    """Every row, into `work/scene.json`."""
    torch.set_num_threads(1)
    counts, people = Counts(work / "scene.json"), People(models)
    photos, places = pictures(data)
    greys = np.stack([photo.grey for photo in photos])
    counts.add("clean", lambda: {**with_people(people, greys), **without(people, places)})
    for name, kind in SPOILS.items():
        for strength in kind.strengths:

            def row(name: str = name, strength: float = strength) -> Row:
                seen = np.stack([spoiled(name, strength, g, i) for i, g in enumerate(greys)])
                empty = np.stack([spoiled(name, strength, g, i) for i, g in enumerate(places)])
                return {**with_people(people, seen), **without(people, empty)}

            counts.add(kind.says.format(strength), row)
    twin = scene_twin(models)
    prints(counts, people, twin, photos, work)
    some, empty = greys[:ATTACKED], places[:ATTACKED]
    counts.add("clean, those attacked below", lambda: {**with_people(people, some), **without(people, empty)})
    for radius in RADII:
        for how in ("FGSM", f"PGD-{PGD_STEPS}"):

            def attacked(radius: int = radius, how: str = how) -> Row:
                hidden = [_one(how, twin, False, some[i : i + 6], radius, i) for i in range(0, len(some), 6)]
                made = [_one(how, twin, True, empty[i : i + 6], radius, i) for i in range(0, len(empty), 6)]
                return {
                    **with_people(people, np.concatenate(hidden)),
                    **without(people, np.concatenate(made)),
                }

            counts.add(f"{how}, {radius}/255", attacked)
    return counts


def _one(how: str, twin: SceneNet, make: bool, greys: Greys, radius: int, seed: int) -> Greys:
    def objective(pictures_: torch.Tensor) -> torch.Tensor:
        return makes(twin, pictures_) if make else hides(twin, pictures_)

    return fgsm(objective, greys, radius) if how == "FGSM" else pgd(objective, greys, radius, seed)


def prints(counts: Counts, people: People, twin: SceneNet, photos: Sequence[Photo], work: Path) -> None:
    """A print worn on the chest, learnt on one half of the pictures and judged on the other."""
    learn, at = on_chest(photos[: len(photos) // 2])
    seen, boxes = on_chest(photos[len(photos) // 2 :])
    file = work / "print-scene-chest.npy"
    if not file.exists():
        np.save(file, learnt_print(lambda p: hides(twin, p), learn, at, Printing((32, 32), 60, 5), 6))
    laid: NDArray[np.float32] = np.load(file)
    for what, print_ in (("plain grey", np.full_like(laid, 128.0)), ("learnt", laid)):

        def row(print_: NDArray[np.float32] = print_) -> Row:
            return with_people(people, with_print(seen, print_, boxes, 9))

        counts.add(f"a print on the chest, 0.4 of a person wide, {what}", row)
