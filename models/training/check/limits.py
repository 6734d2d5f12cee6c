"""How small, blurred or dark a face the check can still judge: the table behind `min_face_px` and its like.

    python -m models.training.check.limits --cache CACHE --models models

Held-out faces of 60 pixels and more are spoilt by known amounts and judged by the shipped int8 file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face.align import EXTENT, SIZE_PX, Frame, align, normalise
from edge.vision.face.check import LABELS, quality_of
from edge.vision.network import load as load_network
from models.training.check.data import CACHE_EXTENT, CACHE_PX, load
from models.training.check.export import Points
from models.training.check.train import kept_of

Grey = NDArray[np.uint8]
Spoil = Callable[[Grey, np.random.Generator], Grey]

_FACE_PX = CACHE_PX / CACHE_EXTENT * 0.86
"""Width of a face in the cache: a box is about 0.86 face sizes wide."""


def smaller(width_px: float) -> Spoil:
    """As from a camera in which the face is `width_px` wide, found with an error of half a pixel."""

    def spoil(grey: Grey, rng: np.random.Generator) -> Grey:
        side = max(4, round(CACHE_PX * width_px / _FACE_PX))
        small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
        x, y = (side - 1) / 2 + rng.normal(0, 0.5, 2)
        return align(np.asarray(small, np.uint8), Frame(float(x), float(y), side / CACHE_EXTENT, 0.0))

    return spoil


def blurred(sigma_faces: float) -> Spoil:
    """A lens out of focus by `sigma_faces` of the face's width."""

    def spoil(grey: Grey, rng: np.random.Generator) -> Grey:
        soft = cv2.GaussianBlur(grey, (0, 0), max(0.1, sigma_faces * _FACE_PX))
        return _cut(np.asarray(soft, np.uint8))

    return spoil


def darker(share: float) -> Spoil:
    """Light cut to `share` with a sensor's noise of three levels."""

    def spoil(grey: Grey, rng: np.random.Generator) -> Grey:
        dark = grey.astype(np.float32) * share + rng.normal(0, 3.0, grey.shape)
        return _cut(np.clip(dark, 0, 255).astype(np.uint8))

    return spoil


def _cut(grey: Grey) -> Grey:
    middle = (CACHE_PX - 1) / 2
    return align(grey, Frame(middle, middle, CACHE_PX / CACHE_EXTENT, 0.0), SIZE_PX, EXTENT)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    args = parser.parse_args()
    cache = load(args.cache)
    points = Points.of(json.loads((args.models / "face_check.json").read_text())["operating_points"])
    network = load_network(args.models / "face_check.tflite", labels=LABELS)
    index = np.flatnonzero(~kept_of(cache, ()) & (cache.size >= 60))
    bare = np.flatnonzero(~cache.covered[index])
    # As many bare as covered.
    index = np.concatenate([index[cache.covered[index]], index[bare[:: max(1, 2 * len(bare) // len(index))]]])
    covered = cache.covered[index]
    cut = (cv2.cvtColor(np.asarray(cache.cuts[i]), cv2.COLOR_BGR2GRAY) for i in index)
    greys = [np.asarray(grey, np.uint8) for grey in cut]
    rng = np.random.default_rng(0)
    print(f"{len(index)} faces, {covered.sum()} covered")
    print(
        "| picture | balanced | bare called covered | sharpness, 10th to 90th percentile | light |\n"
        "|---|---|---|---|---|"
    )
    steps: list[tuple[str, Spoil]] = [(f"{w} px wide", smaller(w)) for w in (40, 32, 26, 22, 18, 14, 11)]
    steps += [
        (f"blur {100 * s:.0f} % of the width", blurred(s)) for s in (0.0, 0.02, 0.04, 0.06, 0.08, 0.11, 0.15)
    ]
    steps += [(f"light {100 * s:.0f} %", darker(s)) for s in (0.5, 0.3, 0.2, 0.12, 0.08, 0.05)]
    for name, spoil in steps:
        cuts = [spoil(g, rng) for g in greys]
        outs = [network.run_real(normalise(c).reshape(1, SIZE_PX, SIZE_PX, 1))[0] for c in cuts]
        said = points.odds(np.concatenate(outs)) > points.cut
        wrong, missed = said[~covered].mean(), 1 - said[covered].mean()
        qualities = [quality_of(c) for c in cuts]
        low, high = np.percentile([q.sharpness for q in qualities], [10, 90])
        level = np.median([q.dark for q in qualities])
        print(
            f"| {name} | {1 - (wrong + missed) / 2:.3f} | {wrong:.3f} | {low:.3f} to {high:.3f} "
            f"| {level:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
