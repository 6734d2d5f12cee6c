"""What finder and check together say of held-out faces that are rolled, half hidden, or lit as in bad cabins.

    python -m models.training.check.stress --cache CACHE --models models [--models OTHER ...]

Faces of groups and sources that the shipped file never saw, in their cached cuts, which hold room enough to
be turned in. Each folder of models is judged on the same pictures. What is done to a picture here is drawn
by other means than what the training draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import PictureVerdict
from edge.vision.face.check import LABELS
from edge.vision.face.faces import Faces, picture_verdict
from models.training.check.canvas import Geometry, Points, geometry
from models.training.check.data import CACHE_PX, Cache, load
from models.training.check.train import kept_of
from models.training.shares import share

Grey = NDArray[np.uint8]
Spoil = Callable[[Grey, Points, Geometry, np.random.Generator], Grey]

WORDS = (
    PictureVerdict.PROPER,
    PictureVerdict.TURNED,
    PictureVerdict.COVERED,
    PictureVerdict.UNCLEAR,
    PictureVerdict.NONE,
    PictureVerdict.SEVERAL,
)


def rolled(degrees: float) -> Spoil:
    """The whole picture turned about the face."""

    def spoil(grey: Grey, marks: Points, g: Geometry, rng: np.random.Generator) -> Grey:
        m = cv2.getRotationMatrix2D((CACHE_PX / 2, CACHE_PX / 2), degrees, 0.9)
        return np.asarray(
            cv2.warpAffine(grey, m, grey.shape[::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8
        )

    return spoil


def half_hidden(side: str) -> Spoil:
    """A plain slab over one half, to the middle of the nose."""

    def spoil(grey: Grey, marks: Points, g: Geometry, rng: np.random.Generator) -> Grey:
        out = grey.copy()
        tone = float(rng.choice([0, 90, 128, 255, float(np.median(grey[60:100, 60:100]))]))
        x, y = int((g.nose[0] + g.eyes[0] + g.mouth[0]) / 3), int((g.eyes[1] + g.nose[1]) / 2)
        wide, high = int(0.6 * (g.right - g.left)), int(0.65 * (g.bottom - g.top))
        middle = int((g.top + g.bottom) / 2)
        spans = {
            "left": ((x - wide, middle - high), (x, middle + high)),
            "right": ((x, middle - high), (x + wide, middle + high)),
            "upper": ((x - wide, middle - high), (x + wide, y)),
            "lower": ((x - wide, y), (x + wide, middle + high)),
        }
        cv2.rectangle(out, *spans[side], (tone,), -1)
        return out

    return spoil


def half_dark(grey: Grey, marks: Points, g: Geometry, rng: np.random.Generator) -> Grey:
    """Hard light from one side: the other half a sixth as bright."""
    x = np.arange(CACHE_PX) - float(g.nose[0])
    dark = 1 / (1 + np.exp(-np.clip(x * float(rng.choice([-1, 1])), -30, 30)))
    return np.asarray(np.clip(grey * (1 - 0.83 * dark)[None, :] + 3, 0, 255), np.uint8)


def banded(depth: float) -> Spoil:
    """Dark bands across the picture, as of mains lamps behind a rolling shutter."""

    def spoil(grey: Grey, marks: Points, g: Geometry, rng: np.random.Generator) -> Grey:
        rows = np.arange(CACHE_PX) * 2 * np.pi / rng.uniform(25, 90) + rng.uniform(0, 6)
        light = 1 - depth * np.abs(np.sin(rows))
        return np.asarray(np.clip(grey * light[:, None], 0, 255), np.uint8)

    return spoil


def at_night(grey: Grey, marks: Points, g: Geometry, rng: np.random.Generator) -> Grey:
    """An eighth of the light, with a sensor's noise."""
    return np.clip(grey / 8.0 + rng.normal(0, 1.5, grey.shape) + 4, 0, 255).astype(np.uint8)


def as_it_is(grey: Grey, marks: Points, g: Geometry, rng: np.random.Generator) -> Grey:
    """Nothing."""
    return grey


TILTS = tuple(side * degrees for degrees in (10, 20, 30, 40, 45) for side in (-1, 1))
SPOILS: Mapping[str, Spoil] = {
    "as it is": as_it_is,
    **{f"rolled {degrees} degrees": rolled(degrees) for degrees in TILTS},
    **{f"{side} half hidden": half_hidden(side) for side in ("left", "right", "upper", "lower")},
    "one half in hard shadow": half_dark,
    "bands of half the light": banded(0.5),
    "bands down to a tenth": banded(0.9),
    "an eighth of the light": at_night,
}
COVERED_TOO = ("as it is", *(f"rolled {degrees} degrees" for degrees in TILTS), "bands down to a tenth")


def chosen(cache: Cache, rng: np.random.Generator, each: int) -> dict[str, NDArray[np.int64]]:
    """Held-out faces that look about straight ahead: bare ones, masks, and dark glasses."""
    held = ~kept_of(cache, ()) & cache.marks_real & (np.abs(cache.pose[:, 0]) < 20) & (cache.size >= 45)
    kinds = {"bare": "bare", "masks": "mask", "dark glasses": "glasses"}
    out: dict[str, NDArray[np.int64]] = {}
    for name, label in kinds.items():
        of = np.flatnonzero(held & (cache.label == LABELS.index(label)) & (cache.raw != "synthetic_mask"))
        out[name] = rng.choice(of, min(each, len(of)), replace=False)
    return out


def main() -> None:
    """Prints one table for each folder of models."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", type=Path, action="append", required=True)
    parser.add_argument("--each", type=int, default=80, help="faces of each kind")
    parser.add_argument("--still", action="store_true", help="as still pictures, not as frames of a video")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    cache = load(args.cache)
    sets = chosen(cache, np.random.default_rng(0), args.each)
    for folder in args.models:
        faces = Faces(folder)
        print(f"\n{folder}\n\n| faces | picture | {' | '.join(WORDS)} |\n|---|---|{'---|' * len(WORDS)}")
        for name, index in sets.items():
            for what, spoil in SPOILS.items():
                if name != "bare" and what not in COVERED_TOO:
                    continue
                rng = np.random.default_rng(1)
                said = []
                for i in index:
                    grey = np.asarray(cv2.cvtColor(np.asarray(cache.cuts[i]), cv2.COLOR_BGR2GRAY), np.uint8)
                    g = geometry(cache.marks[i], cache.box[i])
                    seen = spoil(grey, cache.marks[i], g, rng)
                    still = args.still
                    said.append(faces.look_at(seen).verdict if still else picture_verdict(faces(seen)))
                counts = [sum(v is word for v in said) for word in WORDS]
                print(f"| {name} | {what} | {' | '.join(share(c, len(said)) for c in counts)} |", flush=True)


if __name__ == "__main__":
    main()
