"""What a bad camera does to the shipped score: clips of rooms shaken, in noise, in poor or flickering light.

    python -m models.training.unusual.stress --data DATA --cache CACHE

Prints how many normal and abnormal clips are above the operating point in their highest four seconds. The
shipped weights learnt from these clips, so only the differences between the lines mean anything.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from edge.vision.scene.unusual import UnusualEye
from models.training.shares import share
from models.training.unusual.clips import Film, Grey, film_of, finder_of, read_clips
from models.training.unusual.score import JUDGED, NO_ROOMS

Spoil = Callable[[Grey, np.random.Generator], Grey]


def shaken(by_px: float) -> Spoil:
    """Moved at random at every picture, by so many pixels of the quarter-size picture (deviation)."""

    def spoil(picture: Grey, rng: np.random.Generator) -> Grey:
        dx, dy = rng.normal(0.0, by_px, 2)
        move = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]], dtype=np.float32)
        size = (picture.shape[1], picture.shape[0])
        return np.asarray(
            cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
        )

    return spoil


def lit(by: float, flicker: float, noise: float) -> Spoil:
    """So much of the light, which flickers by this share (deviation), with noise in grey levels."""

    def spoil(picture: Grey, rng: np.random.Generator) -> Grey:
        light = by * (1.0 + flicker * rng.normal())
        return np.clip(picture * light + rng.normal(0.0, noise, picture.shape), 0, 255).astype(np.uint8)

    return spoil


KINDS: dict[str, Spoil] = {
    "as they are": lit(1.0, 0.0, 0.0),
    "shaken by 1 px": shaken(1.0),
    "shaken by 3 px": shaken(3.0),
    "noise of 4 levels": lit(1.0, 0.0, 4.0),
    "noise of 8 levels": lit(1.0, 0.0, 8.0),
    "half the light, noise of 2": lit(0.5, 0.0, 2.0),
    "a quarter, noise of 2": lit(0.25, 0.0, 2.0),
    "flicker of 3 %": lit(1.0, 0.03, 0.0),
    "flicker of 10 %": lit(1.0, 0.1, 0.0),
}


def highest(film: Film, eye: UnusualEye, spoil: Spoil, seed: int) -> float | None:
    """The highest mean over four seconds of one spoilt clip; None where nothing is said."""
    rng = np.random.default_rng(seed)
    said = [
        one.logit
        for picture, at_s, look in zip(film.pictures, film.at_s, film.looks, strict=True)
        if (one := eye.update(spoil(picture, rng), float(at_s), look)) is not None
    ]
    if not said:
        return None
    width = min(JUDGED, len(said))
    return float(np.convolve(said, np.full(width, 1.0 / width), "valid").max())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training.unusual.stress",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--persons", choices=("scene", "ssd"), default="scene")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    finder = finder_of(arguments.persons, arguments.data, arguments.models)
    # Two seconds of a fight are too short to tell much of a camera.
    clips = [c for c in read_clips(arguments.data) if c.task != "fight" and c.source not in NO_ROOMS]
    print("| pictures | normal above the point | abnormal above the point |\n|---|---|---|")
    for name, spoil in KINDS.items():
        above: dict[bool, list[bool]] = {False: [], True: []}
        for clip in clips:
            film = film_of(clip, finder, arguments.cache)
            score = highest(film, UnusualEye(arguments.models), spoil, arguments.seed)
            if score is not None:
                above[clip.abnormal].append(score > 0.0)
        cells = " | ".join(share(sum(above[kind]), len(above[kind])) for kind in (False, True))
        print(f"| {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
