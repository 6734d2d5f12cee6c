"""What each part of the dictionary is worth, on classes that are in no reported mean (`sets.CHOOSING`).

    python -m models.training.field.choose --set SOLAR --set TEXTURES

Prints one line a variant: the kiosk's as it is, and with one thing changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.vision.scene.patches import Patches
from models.training.field.areas import drawn_area
from models.training.field.bank import Bank, Embed, Floats, Grey
from models.training.field.kiosk import KioskDictionary, heat_of
from models.training.field.measure import Cached
from models.training.field.peers import Padim
from models.training.field.sets import CHOOSING, Class, read_set

_TOP: Final = 10
_SHARE: Final = 0.01
_FLOOR: Final = np.float32(0.006)
"""As the kiosk's: no spread is smaller."""


def without(embed: Embed, channels: slice) -> Embed:
    """The vectors less some channels, of unit length again."""

    def part(picture: Grey) -> Floats:
        vectors = np.delete(embed(picture), np.arange(10_000)[channels], axis=2)
        length = np.linalg.norm(vectors, axis=2, keepdims=True)
        return np.asarray(vectors / np.maximum(length, 1e-6), np.float32)

    return part


def top(heat: Floats) -> float:
    """The mean of the ten most unlike places."""
    return float(np.sort(heat.ravel())[-_TOP:].mean())


def variants(cls: Class, embed: Embed, levels: Mapping[str, slice]) -> Iterator[tuple[str, Sequence[float]]]:
    """Names, and the scores of the test, as they are found."""
    known = KioskDictionary(embed)
    known.learn(cls.learn)
    distances = [known.distances(shot.picture) for shot in cls.test]
    usual = known.usual
    even = np.full_like(usual, float(usual.mean()))
    yield "the kiosk's", [float(heat_of(d, usual).max()) for d in distances]
    yield "the ten most unlike places", [top(heat_of(d, usual)) for d in distances]
    yield "without the 3 x 3 mean", [float((d / (usual + _FLOOR)).max()) for d in distances]
    yield "without the place's spread", [float(heat_of(d, even).max()) for d in distances]
    yield "without both", [float(d.max()) for d in distances]
    gaussian = Padim(embed)
    gaussian.learn(cls.learn)
    heats = [gaussian.look(shot.picture)[1] for shot in cls.test]
    yield "a Gaussian a place (PaDiM)", [float(heat.max()) for heat in heats]
    yield "a Gaussian a place, 3 x 3 mean", [float(cv2.blur(heat, (3, 3)).max()) for heat in heats]
    bank = Bank(embed, _SHARE, weighed=False)
    bank.learn(cls.learn)
    heats = [bank.look(shot.picture)[1] for shot in cls.test]
    yield "any place, 1 % of the cells", [float(heat.max()) for heat in heats]
    yield "any place, 3 x 3 mean", [float(cv2.blur(heat, (3, 3)).max()) for heat in heats]
    for name, channels in levels.items():
        less = KioskDictionary(without(embed, channels))
        less.learn(cls.learn)
        yield f"without {name}", [less.look(shot.picture)[0] for shot in cls.test]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", type=Path, action="append", required=True, dest="sets")
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--levels", nargs="*", default=("fine:0:24", "near:24:56", "wide:56:152"))
    arguments = parser.parse_args()
    patches = Patches(arguments.models)
    embed = Cached(lambda picture: patches.embed(picture).vectors)
    levels = {}
    for word in arguments.levels:
        name, begin, end = word.split(":")
        levels[name] = slice(int(begin), int(end))
    print("| class | variant | area |\n|---|---|---|")
    for folder in arguments.sets:
        for cls in read_set(folder):
            if cls.name not in CHOOSING:
                continue
            abnormal = np.array([shot.abnormal for shot in cls.test], np.bool_)
            for name, scores in variants(cls, embed, levels):
                print(
                    f"| {cls.name} | {name} | {drawn_area(np.array(scores, np.float64), abnormal)} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
