"""The clips that the whole-clip score learns from: which are normal, which are not, and who stands in them.

    python -m models.training.unusual.clips --data DATA --cache CACHE

Reads `scene/manifest.csv` of the data folder, decodes each clip once into grey pictures of 160 pixels (what
the kiosk's motion works on) and asks a finder of persons twice a second. The cache is one `.npz` a clip:
pictures, their times, and the person boxes of each look in pixels of the small picture.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, ThingKind
from edge.vision.scene.background import shrink
from edge.vision.scene.people import MODEL, People

Grey = NDArray[np.uint8]

LOOK_EVERY_S: Final = 0.5
"""The scene network looks twice a second."""

_NORMAL: Final = frozenset({"normal", "no_fight", "adl", "one_person|indoor|empty", "take_item_staged"})
_ABNORMAL: Final = frozenset({"abnormal", "fight", "fall"})

_SHOOTS: Final = {
    "atm_11": "atm_overhead",
    "atm_15": "atm_overhead",
    "atm_18": "atm_overhead",
    "atm_25": "atm_overhead",
    "atm_42": "atm_bank",
    "atm_47": "atm_bank",
    "atm_55": "atm_bank",
    "atm_63": "atm_bank",
    "atm_36a": "atm_36",
    "atm_36b": "atm_36",
    "atm_36c": "atm_36",
    "atm_67a": "atm_67",
    "atm_67b": "atm_67",
    "atm_82a": "atm_82",
    "atm_82b": "atm_82",
}
"""Videos of one camera or one shoot, by eye: they are left out together."""

_SPEEDED_UP: Final = frozenset({"normal_52_0"})
"""By eye: a queue in time lapse. Fast-forwarded, anybody looks as if fighting."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip. `scene` is the unit of splitting; `source` the maker's name; `task` the manifest's."""

    path: Path
    task: str
    abnormal: bool
    source: str
    scene: str

    @property
    def name(self) -> str:
        return self.path.stem


def shoot(group: str) -> str:
    """What is left out together with a video of this group."""
    return _SHOOTS.get(group, group)


def read_clips(data: Path) -> list[Clip]:
    """Every clip that is called normal or abnormal. FileNotFoundError without a manifest."""
    return _read(data, {"atm_behaviour", "fall", "fight", "normal"}, _NORMAL | _ABNORMAL)


def read_walkers(data: Path) -> list[Clip]:
    """Clips of left bags: people walk, stand and put bags down. Nothing learns from them."""
    bags = {"bag_drop", "bag_left", "bag_left_overlay", "bag_left_sequence", "owner_returns"}
    return _read(data, {"left_bag"}, bags)


def _read(data: Path, tasks: Collection[str], labels: Collection[str]) -> list[Clip]:
    clips: list[Clip] = []
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            if line["kind"] != "clip" or line["task"] not in tasks:
                continue
            if line["labels"] in labels and Path(line["path"]).stem not in _SPEEDED_UP:
                clips.append(
                    Clip(
                        data / "scene" / line["path"],
                        line["task"],
                        line["labels"] in _ABNORMAL,
                        line["source"].split("/")[0],
                        shoot(line["group"]),
                    )
                )
    return clips


@dataclass(frozen=True, slots=True)
class Film:
    """A decoded clip: `pictures` is N x H x W grey, `at_s` their times.

    `looks` holds for every picture the persons seen in it (boxes in its pixels), None where nobody looked.
    """

    pictures: Grey
    at_s: NDArray[np.float64]
    looks: Sequence[tuple[Box, ...] | None]


class PersonFinder(Protocol):
    """Persons in one colour picture (H x W x 3, BGR), as boxes in its pixels."""

    name: str

    def __call__(self, picture: NDArray[np.uint8]) -> tuple[Box, ...]: ...


class Teacher:
    """The SSD of the teachers' folder: used until the scene network is there, and as a peer."""

    name = "ssd"

    def __init__(self, teachers: Path, least: float = 0.35) -> None:
        runtime = importlib.import_module("ai_edge_litert.interpreter")
        self._net = runtime.Interpreter(
            model_path=str(teachers / "ssd_mobilenet_v1_coco_300_uint8.tflite"), num_threads=1
        )
        self._net.allocate_tensors()
        self._least = least

    def __call__(self, picture: NDArray[np.uint8]) -> tuple[Box, ...]:
        h, w = picture.shape[:2]
        net = self._net
        rgb = cv2.cvtColor(cv2.resize(picture, (300, 300)), cv2.COLOR_BGR2RGB)
        net.set_tensor(net.get_input_details()[0]["index"], rgb[None])
        net.invoke()
        boxes, kinds, scores, _ = (net.get_tensor(o["index"])[0] for o in net.get_output_details())
        found: list[Box] = []
        for box, kind, score in zip(boxes, kinds, scores, strict=True):
            if int(kind) != 0 or score < self._least:
                continue
            top, left, bottom, right = (float(n) for n in np.clip(box, 0.0, 1.0))
            found.append((left * w, top * h, (right - left) * w, (bottom - top) * h))
        return tuple(found)


class Shipped:
    """The kiosk's own scene network; other weights want another cache."""

    def __init__(self, models: Path) -> None:
        self.name = f"scene-{hashlib.sha256((models / MODEL).read_bytes()).hexdigest()[:12]}"
        self._people = People(models)

    def __call__(self, picture: NDArray[np.uint8]) -> tuple[Box, ...]:
        seen = self._people.look(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8))
        return tuple(thing.box for thing in seen.things if thing.kind is ThingKind.PERSON)


def film_of(clip: Clip, finder: PersonFinder, cache: Path) -> Film:
    """The clip with its persons, from the cache or decoded now. ValueError where it has no picture."""
    kept = cache / finder.name / f"{clip.name}.npz"
    if kept.exists():
        return _kept(kept)
    video = cv2.VideoCapture(str(clip.path))
    fps = float(video.get(cv2.CAP_PROP_FPS)) or 10.0
    pictures: list[Grey] = []
    looks: list[list[list[float]] | None] = []
    next_look_s = 0.0
    while True:
        more, frame = video.read()
        if not more:
            break
        picture = np.asarray(frame, dtype=np.uint8)
        small = shrink(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8))
        at_s, persons = len(pictures) / fps, None
        if at_s >= next_look_s - 1e-6:
            next_look_s = at_s + LOOK_EVERY_S
            factor = max(small.shape) / max(picture.shape)
            persons = [[edge * factor for edge in box] for box in finder(picture)]
        pictures.append(small)
        looks.append(persons)
    if not pictures:
        raise ValueError(f"{clip.path} has no picture")
    # A box array a look, cut out of one by its count; -1 where nobody looked.
    counts = np.array([-1 if look is None else len(look) for look in looks], dtype=np.int64)
    boxes = np.array([box for look in looks if look for box in look], dtype=np.float64).reshape(-1, 4)
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(".new.npz")
    np.savez(
        fresh, pictures=np.stack(pictures), at_s=np.arange(len(pictures)) / fps, counts=counts, boxes=boxes
    )
    fresh.replace(kept)
    return _kept(kept)


def _kept(path: Path) -> Film:
    with np.load(path) as file:
        looks: list[tuple[Box, ...] | None] = []
        begin = 0
        for count in file["counts"]:
            if count < 0:
                looks.append(None)
                continue
            rows = file["boxes"][begin : begin + count]
            looks.append(tuple((float(x), float(y), float(w), float(h)) for x, y, w, h in rows))
            begin += int(count)
        return Film(file["pictures"], file["at_s"], looks)


def finder_of(name: str, data: Path, models: Path) -> PersonFinder:
    """`ssd`: the teacher; `scene`: what is shipped."""
    return Teacher(data / "teachers") if name == "ssd" else Shipped(models)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training.unusual.clips",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--persons", choices=("scene", "ssd"), default="scene", help="who finds persons")
    parser.add_argument("--models", type=Path, default=Path("models"))
    arguments = parser.parse_args()
    finder = finder_of(arguments.persons, arguments.data, arguments.models)
    clips = read_clips(arguments.data)
    for number, clip in enumerate(clips, start=1):
        film_of(clip, finder, arguments.cache)
        print(f"\r{number} of {len(clips)} clips", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
