"""Draws the pool of composed faces once, so that training runs only move, shade and spoil them.

    python -m models.training.check.pool --cache CACHE --seed 0

Each composed face remembers the source of the face and that of a donor: a run that leaves a source out
leaves out everything made from it.
"""

from __future__ import annotations

import argparse
import multiprocessing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.vision.face.check import LABELS
from models.training.check import canvas, compose, worn
from models.training.check.data import CACHE_PX, Cache, load
from models.training.check.glasses import hard_shadow, street_glasses
from models.training.files import new_array

PLAN = {
    "mask": 5000,
    "mask_under_nose": 2600,
    "glasses": 2500,
    "street_glasses": 6000,
    "helmet": 2600,
    "scarf": 3000,
    "hand": 1700,
    "object": 1700,
    "bare": 8000,
    "clear_glasses": 4500,
    "shadow": 1500,
    "half": 4000,
    "still_bare": 4000,
    "swap_mask": 3000,
    "swap_glasses": 2400,
    "swap_bare_mouth": 1800,
    "swap_bare_eyes": 1200,
}
"""How many of each are drawn."""

STRAIGHT_DEG = 25.0
"""Yaw up to which a face has two halves."""


@dataclass(frozen=True)
class Pool:
    """Composed faces: cuts as in the cache, the cached face under each, and the donor's index or -1."""

    cuts: NDArray[np.uint8]
    base: NDArray[np.int64]
    donor: NDArray[np.int64]
    label: NDArray[np.int64]
    what: NDArray[np.str_]


def load_pool(folder: Path) -> Pool:
    """The pool in `folder`; the cuts are memory-mapped."""
    with np.load(folder / "pool.npz") as stored:
        rest = {name: stored[name] for name in stored.files}
    return Pool(cuts=np.load(folder / "pool.npy", mmap_mode="r"), **rest)


Job = tuple[str, int, int, int]
"""What is drawn, the face under it, the donor or -1, the label."""

_opened: list[tuple[Cache, NDArray[np.uint8], NDArray[np.uint8]]] = []


def _open(folder: Path) -> None:
    cv2.setNumThreads(1)
    _opened.append(
        (load(folder), np.load(folder / "scenes.npy"), np.load(folder / "pool.npy", mmap_mode="r+"))
    )


def _draw(numbered: tuple[int, Job, np.random.SeedSequence]) -> None:
    """Draws one face into the pool."""
    (cache, scenes, cuts), (at, (what, base, donor, _), seed) = _opened[0], numbered
    rng = np.random.default_rng(seed)
    cut = np.array(cache.cuts[base])
    marks = cache.marks[base]
    g = canvas.geometry(marks, cache.box[base])
    if donor >= 0:
        side = "eyes" if what in ("swap_glasses", "swap_bare_eyes") else "mouth"
        compose.swap(cut, marks, g, cache.cuts[donor], cache.marks[donor], rng, side)
    elif what in ("street_glasses", "clear_glasses"):
        if rng.random() < 0.2:
            compose.paint(cut, g, rng, compose.NO_COVERS[1:5])
        street_glasses(cut, g, rng, what == "street_glasses", scenes)
    elif what == "shadow":
        hard_shadow(cut, g, rng)
    elif what == "still_bare":
        if rng.random() < 0.15:
            compose.paint(cut, g, rng, compose.NO_COVERS[:5])
        compose.paint(cut, g, rng, compose.STILL_BARE)
    elif what == "bare":
        for _ in range(1 + int(rng.random() < 0.3)):
            compose.paint(cut, g, rng, compose.NO_COVERS)
    else:
        if rng.random() < 0.25:
            compose.paint(cut, g, rng, compose.NO_COVERS[:5])
        compose.paint(cut, g, rng, compose.COVERS[what])
        if what.startswith("mask") and rng.random() < 0.12:
            worn.glasses(cut, g, rng, dark=rng.random() < 0.5)
    cuts[at] = cut


def main() -> None:
    """Draws the pool, evenly over sources as far as their numbers allow."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the planned numbers")
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    cache = load(args.cache)
    rng = np.random.default_rng(args.seed)
    real = cache.marks_real & (cache.size >= 30)
    pasted = cache.raw == "synthetic_mask"
    open_helmet = cache.raw == "helmet_open"
    bare = np.flatnonzero(real & (cache.label == 0) & ~pasted & ~open_helmet)
    # Of a face in profile the one half is hidden by the other already.
    straight = bare[np.abs(cache.pose[bare, 0]) < STRAIGHT_DEG]
    masked = np.flatnonzero(real & (cache.label == 1) & ~pasted)
    shaded = np.flatnonzero(real & (cache.label == 3))

    def drawn(of: NDArray[np.int64], n: int) -> NDArray[np.int64]:
        _, where, counts = np.unique(cache.source[of], return_inverse=True, return_counts=True)
        weight = 1.0 / np.sqrt(counts[where])
        return rng.choice(of, n, p=weight / weight.sum())

    jobs: list[Job] = []
    for what, planned in PLAN.items():
        n = int(planned * args.scale)
        base_of, donor_of, name = {
            "swap_mask": (bare, masked, "mask"),
            "swap_glasses": (bare, shaded, "glasses"),
            "swap_bare_mouth": (masked, bare, "bare"),
            "swap_bare_eyes": (shaded, bare, "bare"),
            "street_glasses": (bare, None, "glasses"),
            "clear_glasses": (bare, None, "bare"),
            "shadow": (bare, None, "bare"),
            "still_bare": (bare, None, "bare"),
            "half": (straight, None, "object"),
        }.get(what, (bare, None, what))
        donors = drawn(donor_of, n) if donor_of is not None else np.full(n, -1)
        label = LABELS.index(name)
        jobs += [(what, int(b), int(d), label) for b, d in zip(drawn(base_of, n), donors, strict=True)]
    new_array(args.cache / "pool.npy", np.uint8, (len(jobs), CACHE_PX, CACHE_PX, 3))
    # Each face has a generator of its own, so that the pool is the same whatever draws it.
    seeds = np.random.SeedSequence(args.seed).spawn(len(jobs))
    with multiprocessing.Pool(args.workers, _open, (args.cache,)) as workers:
        drawing = workers.imap_unordered(_draw, zip(range(len(jobs)), jobs, seeds, strict=True), 64)
        for _ in tqdm(drawing, total=len(jobs), desc="compose", mininterval=5):
            pass
    np.savez(
        args.cache / "pool.npz",
        what=np.array([j[0] for j in jobs]),
        base=np.array([j[1] for j in jobs]),
        donor=np.array([j[2] for j in jobs]),
        label=np.array([j[3] for j in jobs]),
    )


if __name__ == "__main__":
    main()
