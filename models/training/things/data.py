"""Pictures with weapons, tools and phones, and those without, from the data folder into one cache of grey
arrays.

    python -m models.training.things.data --data ../shared/data --cache runs/things-cache

`scene/manifest.csv` and `scene/boxes.json` say what is in each picture. Boxes of kinds that a detector
proposed count for persons alone: it takes pistols for telephones. Pictures of `faces/` are people without
weapons.
"""

from __future__ import annotations

import argparse
import csv
import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import read_faces
from models.training.files import read_picture

LABELS = ("nothing", "handgun", "knife", "long_gun", "bar", "phone")
"""The network's classes, in order. `bar` is any tool or rod in a hand: crowbar, hammer, screwdriver, drill,
bat."""

NOTHING, HANDGUN, KNIFE, LONG_GUN, BAR, PHONE = range(6)
GUN = 6
"""A handgun or a long gun, nobody wrote down which."""
IGNORED = -1

CLASS_OF = {
    "handgun": HANDGUN,
    "knife": KNIFE,
    "long_gun": LONG_GUN,
    "gun": GUN,
    "hammer": BAR,
    "screwdriver": BAR,
    "drill": BAR,
    "baseball bat": BAR,
    "phone": PHONE,
    "cell phone": PHONE,
    "remote": IGNORED,
    "scissors": IGNORED,
    "smoke": IGNORED,
}
"""Kinds in `boxes.json` that are things; `IGNORED` is learnt neither as one nor as its absence. A kitchen
knife on a laid table is no weapon and no background (`_TABLE`)."""

_TABLE = "lightly-ai/coco128_yolo"
LONGEST_PX = 320
_TASKS = ("weapon", "tool", "object", "face_cover", "person", "cutout", "fall_img", "weapon_crop")
_WEAPON_TASKS = ("weapon", "cutout")
_FACES = 1200
"""So many pictures of `faces/`, each tenth of what there is of a source at most."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One box in pixels, left, top, right, bottom, and its class."""

    box: tuple[float, float, float, float]
    kind: int


@dataclass(slots=True)
class Picture:
    """One picture. `negatives`: whatever lies outside its things may be taken for background.

    `crop`: it is a person with a margin already. `boxed`: its boxes are good enough to learn places from.
    `kind` is the class of the whole picture where it has no box (`NOTHING` for none).
    """

    path: str
    source: str
    group: str
    task: str
    grey: NDArray[np.uint8]
    things: list[Marked] = field(default_factory=list)
    persons: list[Marked] = field(default_factory=list)
    objects: list[Marked] = field(default_factory=list)
    negatives: bool = True
    crop: bool = False
    boxed: bool = True


def prepare(data: Path, cache: Path, colour: bool = False) -> list[Picture]:
    """Every picture, from the cache where it is there."""
    file = cache / ("things-colour.pickle" if colour else "things.pickle")
    if file.exists():
        with file.open("rb") as stored:
            found: list[Picture] = pickle.load(stored)
        return found
    pictures = [*_scene(data, colour), *_people(data, colour)]
    cache.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    with fresh.open("wb") as out:
        pickle.dump(pictures, out, protocol=5)
    fresh.replace(file)
    return pictures


def _read(path: Path, colour: bool) -> NDArray[np.uint8] | None:
    picture = read_picture(path, cv2.IMREAD_COLOR if colour else cv2.IMREAD_GRAYSCALE)
    if picture is None:
        return None
    scale = LONGEST_PX / max(picture.shape[:2])
    if scale >= 1.0:
        return picture
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _scene(data: Path, colour: bool) -> Iterator[Picture]:
    boxes = json.loads((data / "scene" / "boxes.json").read_text())
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            task = line["task"]
            usable = task in _TASKS or (task == "atm" and line["labels"].split("|")[0] in ("normal", "empty"))
            if line["path"].endswith(".mp4") or not usable:
                continue
            grey = _read(data / "scene" / line["path"], colour)
            if grey is None:
                continue
            picture = Picture(line["path"], line["source"], line["group"], task, grey)
            _mark(picture, boxes.get(line["path"], []))
            kinds = {CLASS_OF.get(word, NOTHING) for word in line["labels"].split("|")}
            dangerous = kinds & {HANDGUN, KNIFE, LONG_GUN, GUN}
            picture.crop = task == "weapon_crop"
            picture.boxed = "UNRELIABLE" not in line["notes"]
            # A picture of a weapon whose box is missing or wrong has no sure background.
            picture.negatives = picture.boxed and not (dangerous and not picture.things) and task != "cutout"
            yield picture


def _mark(picture: Picture, boxes: list[dict[str, object]]) -> None:
    height, width = picture.grey.shape[:2]
    for entry in boxes:
        name = str(entry["c"])
        x0, y0, x1, y1 = (float(str(n)) for n in list(entry["b"]))  # type: ignore[call-overload]
        marked = Marked((x0 * width, y0 * height, x1 * width, y1 * height), CLASS_OF.get(name, NOTHING))
        if name == "person":
            picture.persons.append(marked)
        elif entry["src"] != "gt":
            continue
        elif name not in CLASS_OF:
            picture.objects.append(marked)
        elif picture.source == _TABLE and marked.kind == KNIFE:
            picture.things.append(Marked(marked.box, IGNORED))
        else:
            picture.things.append(marked)


def _people(data: Path, colour: bool) -> Iterator[Picture]:
    rows = [r for r in read_faces(data) if r.kind in ("photo", "negative", "crop")]
    rng = np.random.default_rng(11)
    taken: dict[str, int] = {}
    for number in rng.permutation(len(rows)):
        row = rows[number]
        if taken.get(row.source, 0) >= _FACES // 8 or sum(taken.values()) >= _FACES:
            continue
        grey = _read(row.path, colour)
        if grey is None:
            continue
        taken[row.source] = taken.get(row.source, 0) + 1
        yield Picture(str(row.path.name), row.source, row.group, f"face_{row.kind}", grey)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/things-cache"))
    parser.add_argument("--colour", action="store_true", help="three channels, for the one comparison")
    arguments = parser.parse_args()
    # The cache names the module of what it holds, which must not be `__main__`.
    from models.training.things.data import prepare as prepare_by_name

    pictures = prepare_by_name(arguments.data, arguments.cache, arguments.colour)
    counts: dict[tuple[str, str], int] = {}
    for picture in pictures:
        counts[picture.task, picture.source] = counts.get((picture.task, picture.source), 0) + 1
    for (task, source), n in sorted(counts.items()):
        print(f"{task:14} {source:70} {n}")


if __name__ == "__main__":
    main()
