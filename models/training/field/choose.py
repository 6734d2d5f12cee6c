"""What each part of the dictionary is worth, on classes that are in no reported mean (`sets.CHOOSING`).

    python -m models.training.field.choose --set SOLAR --set TEXTURES

Prints one line a variant: the kiosk's as it is, and with one thing changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from edge.vision.scene.dictionary import Dictionary, Search, joined
from edge.vision.scene.normal import unlikeness
from edge.vision.scene.normal_learning import MOST_VECTOR_BYTES, spread_of

from edge.vision.scene.patches import Patches
from models.training.field.areas import drawn_area
from models.training.field.bank import Bank, Embed, Floats, Grey
from models.training.field.measure import Cached
from models.training.field.sets import CHOOSING, Class, read_set

_TOP: Final = 10


def without(embed: Embed, channels: slice) -> Embed:
    """The vectors less some channels, of unit length again."""

    def part(picture: Grey) -> Floats:
        vectors = np.delete(embed(picture), np.arange(10_000)[channels], axis=2)
        length = np.linalg.norm(vectors, axis=2, keepdims=True)
        return np.asarray(vectors / np.maximum(length, 1e-6), np.float32)

    return part


def maps(cls: Class, embed: Embed) -> tuple[Sequence[Floats], Floats]:
    """Distances of every picture of the test, and the places' usual spread, as `KioskDictionary` has them."""
    looks = [embed(picture) for picture in cls.learn]
    rows, columns, channels = looks[0].shape
    most = MOST_VECTOR_BYTES // (2 * (channels + 2))
    halves = (Dictionary(rows, columns, most), Dictionary(rows, columns, most))
    for number, look in enumerate(looks):
        halves[number % 2].add(look)
    entries = [half.entries() for half in halves]
    away = [Search(one, rows, columns) for one in entries]
    spreads = [
        spread_of(np.stack([away[1 - half].distances(look) for look in looks[half::2]])) for half in (0, 1)
    ]
    whole = Search(joined(*entries), rows, columns)
    return [whole.distances(embed(shot.picture)) for shot in cls.test], np.maximum(*spreads)


def top(heat: Floats) -> float:
    """The mean of the ten most unlike places."""
    return float(np.sort(heat.ravel())[-_TOP:].mean())


def variants(cls: Class, embed: Embed, levels: Mapping[str, slice]) -> Mapping[str, Sequence[float]]:
    """Scores of the test by variant."""
    distances, spread = maps(cls, embed)
    even = np.full_like(spread, float(spread.mean()))
    no_mean: Callable[[Floats], Floats] = lambda d: d / (spread + np.float32(0.006))  # noqa: E731
    found: dict[str, Sequence[float]] = {
        "the kiosk's": [float(unlikeness(d, spread).max()) for d in distances],
        "the ten most unlike places": [top(unlikeness(d, spread)) for d in distances],
        "without the 3 x 3 mean": [float(no_mean(d).max()) for d in distances],
        "without the place's spread": [float(unlikeness(d, even).max()) for d in distances],
        "without both": [float(d.max()) for d in distances],
    }
    for share, weighed in ((0.01, False), (0.01, True)):
        bank = Bank(embed, share, weighed)
        bank.learn(cls.learn)
        looked = [bank.look(shot.picture) for shot in cls.test]
        name = f"any place, {100 * share:.0f} %{', weighed' if weighed else ''}"
        found[name] = [score for score, _ in looked]
        if not weighed:
            found["any place, 3 x 3 mean"] = [float(cv2.blur(heat, (3, 3)).max()) for _, heat in looked]
    for name, channels in levels.items():
        less, usual = maps(cls, without(embed, channels))
        found[f"without {name}"] = [float(unlikeness(d, usual).max()) for d in less]
    return found


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
            for name, scores in variants(cls, embed, levels).items():
                print(
                    f"| {cls.name} | {name} | {drawn_area(np.array(scores, np.float64), abnormal)} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
