"""Draws scenes once, for all runs that may see their sources: drawing costs a third as much as learning.

    python -m models.training.find.pool --data ../shared/data --out runs/pool --count 24000 --leave-out SOURCE

A pool is a folder with `greys.npy` and `faces.npz`. A run cycles through it with cheap changes (a mirror, a
small shift, gain, gamma) beside a share of scenes drawn fresh with what misleads it now.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import show_rate
from models.training.files import new_array
from models.training.find.data import without_face
from models.training.find.gather import gathered, learnt_from
from models.training.find.grounds import Scene
from models.training.find.net import HEIGHT, WIDTH
from models.training.find.placing import clipped, mirror, moved
from models.training.find.scenes import Scenes

_MOST_SHIFT_PX = 10


class Pool:
    """The scenes of one folder. FileNotFoundError where it is not whole."""

    def __init__(self, folder: Path) -> None:
        faces = np.load(folder / "faces.npz")
        self._greys: NDArray[np.uint8] = np.load(folder / "greys.npy", mmap_mode="r")
        self._first: NDArray[np.int64] = faces["first"]
        self._shapes: NDArray[np.int16] = faces["shapes"]
        self._boxes: NDArray[np.float32] = faces["boxes"]
        self._marks: NDArray[np.float32] = faces["marks"]
        self._covers: NDArray[np.int8] = faces["covers"]

    def __len__(self) -> int:
        return len(self._shapes)

    def scene(self, number: int) -> Scene:
        """As it was drawn."""
        one = slice(int(self._first[number]), int(self._first[number + 1]))
        height, width = (int(n) for n in self._shapes[number])
        grey = np.array(self._greys[number])
        return Scene(grey, self._boxes[one], self._marks[one], self._covers[one], (height, width))


def pooled(pools: Sequence[Pool], number: int, seed: int) -> Scene:
    """Scene `number` of an endless walk through all pools, each round in another order, a little changed."""
    total = sum(len(pool) for pool in pools)
    lap, place = divmod(number, total)
    step = int(np.random.default_rng((seed, lap, 3)).integers(1, total)) | 1
    while np.gcd(step, total) != 1:
        step += 2
    at = (place * step + lap) % total
    for pool in pools:
        if at < len(pool):
            return _changed(pool.scene(at), np.random.default_rng((seed, number, 2)))
        at -= len(pool)
    raise IndexError(number)


def _changed(scene: Scene, rng: np.random.Generator) -> Scene:
    height, width = scene.shape
    part, boxes, marks = scene.grey[:height, :width], scene.boxes, scene.marks
    if rng.random() < 0.5:
        part = part[:, ::-1]
        boxes, marks = moved(boxes, marks, mirror(width)[:2], flip=True)
    if rng.random() < 0.5:
        gain, gamma, lift = np.exp(rng.normal(0, 0.15)), np.exp(rng.normal(0, 0.15)), rng.normal(0, 8)
        levels = (np.arange(256) / 255) ** gamma * 255 * gain + lift
        table = levels.clip(0, 255).astype(np.uint8)
        part = np.asarray(cv2.LUT(np.ascontiguousarray(part), table), np.uint8)
    # Only what is cut away moves a face: a strip on the left and above.
    left, top = (int(n) for n in rng.integers(0, _MOST_SHIFT_PX + 1, 2))
    if width - left < 16 or height - top < 16:
        left = top = 0
    part = part[top:, left:]
    boxes = boxes - np.array([left, top, 0, 0], np.float32)
    marks = marks - np.tile(np.array([left, top], np.float32), 5)
    grey = np.zeros((HEIGHT, WIDTH), np.uint8)
    high, wide = part.shape
    grey[:high, :wide] = part
    return Scene(grey, *clipped(boxes, marks, scene.covers, wide, high), (high, wide))


def draw(scenes: Scenes, count: int, out: Path) -> None:
    """Writes `count` scenes into the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    greys = new_array(out / "greys.npy", np.uint8, (count, HEIGHT, WIDTH))
    made: list[Scene] = []
    for n in range(count):
        scene = scenes.scene(n)
        greys[n] = scene.grey
        made.append(Scene(scene.grey[:0], scene.boxes, scene.marks, scene.covers, scene.shape))
        if n % 50 == 0:
            show_rate(n + 1, count, "scenes")
    np.savez(
        out / "faces.npz",
        first=np.cumsum([0, *(len(s.covers) for s in made)]),
        shapes=np.array([s.shape for s in made], np.int16),
        boxes=np.concatenate([s.boxes for s in made]),
        marks=np.concatenate([s.marks for s in made]),
        covers=np.concatenate([s.covers for s in made]),
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Draw scenes for the face finder's runs")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=25000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leave-out", action="append", default=[])
    parser.add_argument(
        "--only", action="append", default=[], help="faces of these sources, or of this kind, alone"
    )
    parser.add_argument("--turned", type=Path, help="folder of turned faces made by check.turned")
    parser.add_argument("--free", action="append", type=Path, default=[])
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    mine = learnt_from(
        gathered(arguments.data, arguments.cache, arguments.turned), arguments.leave_out, False
    )
    if arguments.only:
        kept = ("negative", *arguments.only)
        mine = [p for p in mine if p.kind in kept or any(s in p.source for s in arguments.only)]
    grounds = [p for p in mine if p.kind == "negative"]
    mine += without_face(arguments.free, arguments.data, grounds, arguments.seed)
    draw(Scenes(mine, arguments.seed), arguments.count, arguments.out)
    (arguments.out / "about.json").write_text(json.dumps({"leave_out": sorted(arguments.leave_out)}) + "\n")


if __name__ == "__main__":
    main()
