"""The clips as small grey pictures, decoded once; folds that never part a scene.

    python -m models.training.fight.data --data ../shared/data --cache CACHE

Every clip of the tasks below becomes one uint8 array, frames x height x 320 at most, by the runtime's own
`detail_of`. The clips of the data folder have ten frames a second; others are thinned out to that.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.fight import detail_of
from models.training.common import show_rate

FPS = 10.0
FOLDS = 5
MAIN = "seymanurakti"
"""The source with the surveillance cameras: folds are made of it, the other sources are always left out."""
OTHERS = ("tiao051", "ciel-oliver")
NO_FIGHT_TASKS = ("left_bag", "fall")
"""Clips of these tasks show people who do not fight: more to learn from, never judged on."""
SEEN_TASKS = ("atm_behaviour", "normal")
"""Clips of these tasks are never learnt from: what the whole says of them is counted."""

Frames = NDArray[np.uint8]
"""Number x height x width."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip; `fight` is None where the manifest does not say."""

    path: str
    task: str
    label: str
    group: str
    source: str
    notes: str
    frames: Frames

    @property
    def maker(self) -> str:
        """The owner part of the source's name."""
        return self.source.split("/")[0]

    @property
    def fight(self) -> bool | None:
        """Whether they fight."""
        if self.task in NO_FIGHT_TASKS or (self.task == "fight" and self.label == "no_fight"):
            return False
        return True if self.task == "fight" and self.label == "fight" else None


def read_clips(cache: Path, tasks: Sequence[str]) -> list[Clip]:
    """The clips of these tasks, in the manifest's order. FileNotFoundError where the cache was not made."""
    listed = json.loads((cache / "clips.json").read_text())
    with np.load(cache / "clips.npz") as stored:
        return [
            Clip(**row, frames=stored[f"clip{number}"])
            for number, row in enumerate(listed)
            if row["task"] in tasks
        ]


def folds_of(clips: Sequence[Clip]) -> dict[str, int]:
    """The fold of every group, folds about equal in fights and in others; the same in every run."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for clip in clips:
        counts[clip.group][int(bool(clip.fight))] += 1
    filled = np.zeros((FOLDS, 2))
    fold: dict[str, int] = {}
    for group in sorted(counts, key=lambda g: (-sum(counts[g]), g)):
        count = np.array(counts[group])
        cost = [((filled + count * (np.arange(FOLDS) == f)[:, None]) ** 2).sum() for f in range(FOLDS)]
        fold[group] = int(np.argmin(cost))
        filled[fold[group]] += count
    return fold


def _decoded(path: Path) -> Frames:
    film = cv2.VideoCapture(str(path))
    every = max(1, round((film.get(cv2.CAP_PROP_FPS) or FPS) / FPS))
    frames = []
    number = 0
    while True:
        ok, picture = film.read()
        if not ok:
            break
        if number % every == 0:
            frames.append(detail_of(np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)))
        number += 1
    if not frames:
        raise ValueError(f"{path} is no clip")
    return np.stack(frames)


def _rows(data: Path) -> Iterator[dict[str, str]]:
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "clip" and row["task"] in ("fight", *NO_FIGHT_TASKS, *SEEN_TASKS):
                yield row


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    rows = list(_rows(arguments.data))
    arrays, listed = {}, []
    for number, row in enumerate(rows):
        arrays[f"clip{number}"] = _decoded(arguments.data / "scene" / row["path"])
        listed.append(
            {
                "path": row["path"],
                "task": row["task"],
                "label": row["labels"],
                "group": row["group"],
                "source": row["source"],
                "notes": row["notes"],
            }
        )
        show_rate(number + 1, len(rows), "clips")
    np.savez(arguments.cache / "clips.npz", **arrays)
    (arguments.cache / "clips.json").write_text(json.dumps(listed, indent=1))
    print()


if __name__ == "__main__":
    main()
