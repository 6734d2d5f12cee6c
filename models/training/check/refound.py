"""Halves of faces as the finder frames them: about the half that is left, not about the whole face.

    python -m models.training.check.refound --cache CACHE --models models

A slab is drawn over half a cached face and the finder asked where the face is. The cut that it would lead to
is kept as covered; so is the same cut of the face without the slab, as bare, so that a face beside the
middle tells nothing. Where a hard shadow lies on one half, the cut is bare as well.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge.vision.face.align import Frame, frame_of, matrix_of
from edge.vision.face.check import LABELS
from edge.vision.face.find import Finder
from models.training.check.canvas import Cut, geometry
from models.training.check.data import CACHE_EXTENT, CACHE_PX, Cache, load
from models.training.check.halves import half, half_shadow
from models.training.check.mesh import load_meshes

STRAIGHT_DEG = 25.0
LOOSE = 0.3
"""Score from which on a found face counts."""


def frame_in(picture: Cut, finder: Finder) -> Frame | None:
    """The frame of the surest face near the middle of a cut, None where there is none."""
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    for found in finder.candidates(grey, LOOSE):
        x, y, w, h = found.box
        if x < 0.62 * CACHE_PX and x + w > 0.38 * CACHE_PX and y < CACHE_PX / 2 < y + h:
            return frame_of(found.box, found.landmarks)
    return None


def _again(picture: Cut, frame: Frame) -> Cut:
    m = matrix_of(frame, CACHE_PX, CACHE_EXTENT)
    size = (CACHE_PX, CACHE_PX)
    return np.asarray(cv2.warpAffine(picture, m, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _usable(cache: Cache, sure: NDArray[np.bool_], pose: NDArray[np.float32]) -> NDArray[np.int64]:
    straight = sure & (np.abs(pose) < STRAIGHT_DEG).all(1)
    bare = (cache.label == 0) & (cache.raw != "synthetic_mask")
    return np.flatnonzero(straight & bare & cache.marks_real & (cache.size >= 45))


def main() -> None:
    """Draws and finds again."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"), help="with the face finder")
    parser.add_argument("--faces", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    rng = np.random.default_rng(args.seed)
    cache, meshes, finder = load(args.cache), load_meshes(args.cache), Finder(args.models)
    usable = _usable(cache, meshes.sure, meshes.pose)
    _, where, counts = np.unique(cache.source[usable], return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(counts[where])
    cuts: list[Cut] = []
    rows: list[tuple[int, int, str]] = []
    for i in tqdm(rng.choice(usable, args.faces, p=weight / weight.sum()), desc="halves", mininterval=10):
        plain = np.array(cache.cuts[i])
        picture = plain.copy()
        dark = rng.random() < 0.2
        draw = half_shadow if dark else half
        draw(picture, geometry(cache.marks[i], cache.box[i]), rng)
        frame = frame_in(picture, finder)
        if frame is None:
            continue
        cuts.append(_again(picture, frame))
        rows.append((int(i), 0 if dark else LABELS.index("object"), "shaded" if dark else "half"))
        if not dark:
            cuts.append(_again(plain, frame))
            rows.append((int(i), 0, "whole"))
    np.save(args.cache / "refound.npy", np.stack(cuts))
    base = np.array([row[0] for row in rows])
    np.savez(
        args.cache / "refound.npz",
        base=base,
        donor=np.full(len(base), -1),
        label=np.array([row[1] for row in rows]),
        pose=meshes.pose[base].astype(np.float64),
        found=np.ones(len(base), bool),
        what=np.array([row[2] for row in rows]),
    )
    for what, n in zip(*np.unique([row[2] for row in rows], return_counts=True), strict=True):
        print(f"{what:10s} {n:6d}")


if __name__ == "__main__":
    main()
