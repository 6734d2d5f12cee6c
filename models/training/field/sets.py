"""Public sets of normal pictures and of defects, as folders on the disk; nothing is downloaded here.

Three layouts are known:

- `labels.csv` and `images/`: solar cells of the package `elpv-dataset` (Buerhop-Lutz et al., 2018), two kinds
  and both together. Normal are the cells of defect probability 0, a quarter of them kept for the test as in
  earlier work; abnormal those of probability 1. The doubtful ones (2/3) are for choosing only.
- `KIND/train/good`, `KIND/test/...`, `KIND/ground_truth/...`: the layout of MVTec AD (Bergmann et al., 2019).
- pictures of even textures alone, such as `skimage/data`: windows of them with made defects (`defects.py`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.field.defects import Texture, made
from models.training.files import must_read

Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]

GOOD: Final = "good"
TEXTURES: Final = ("brick", "grass", "gravel")
"""Of scikit-image's pictures those that are even textures; all three are CC0."""

CHOOSING: Final = ("gravel", "solar, doubtful mono", "solar, doubtful poly")
"""The classes that choices were made on. They are in no reported mean."""

_MOST_LEARNT: Final = 200
"""Normal pictures that a class is learnt from: as many as MVTec AD has on average (242), and quick enough."""
_TEST_SHARE: Final = 0.25
_SPLIT_SEED: Final = 42
_DOUBTFUL_NORMAL: Final = 100


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of the test: `kind` is `good` or the defect's name; `mask` says where, if that is known."""

    picture: Grey
    kind: str
    mask: Mask | None = None
    name: str = ""

    @property
    def abnormal(self) -> bool:
        """Whether something is wrong in it."""
        return self.kind != GOOD


@dataclass(frozen=True, slots=True)
class Class:
    """One kind of thing: normal pictures to learn from, and what is judged."""

    name: str
    learn: Sequence[Grey]
    test: Sequence[Shot]


def read_set(folder: Path, seed: int = 0) -> Iterator[Class]:
    """The classes of a folder, one at a time. ValueError where its layout is none of those above."""
    if (folder / "labels.csv").exists():
        yield from _solar(folder, seed)
    elif found := sorted(one.parent.parent for one in folder.glob("*/train/good")):
        yield from (_placed(one, seed) for one in found)
    elif found := [one for name in TEXTURES for one in folder.glob(f"{name}.png")]:
        pictures = {one.stem: must_read(one, cv2.IMREAD_GRAYSCALE) for one in found}
        for number, name in enumerate(pictures):
            yield _texture(name, pictures, seed + number)
    else:
        raise ValueError(f"{folder} is no set: neither labels.csv, nor KIND/train/good, nor textures")


def few(pictures: Sequence[Path], most: int, seed: int) -> Sequence[Path]:
    """At most `most` of them, drawn, in their old order."""
    if len(pictures) <= most:
        return pictures
    drawn = np.random.default_rng(seed).choice(len(pictures), most, replace=False)
    return [pictures[number] for number in np.sort(drawn)]


def halves(total: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the test and of the learning part, as scikit-learn's `train_test_split` draws them with the
    seed 42: the split of the solar cells that published figures stand on."""
    order = np.random.RandomState(_SPLIT_SEED).permutation(total)
    test = int(np.ceil(_TEST_SHARE * total))
    return order[:test], order[test:]


def _solar(folder: Path, seed: int) -> Iterator[Class]:
    with (folder / "labels.csv").open(newline="") as file:
        rows = [line for line in csv.reader(file, delimiter=" ", skipinitialspace=True) if line]
    of = {(kind, level): [folder / r[0] for r in rows if r[2] == kind and round(float(r[1]) * 3) == level]
          for kind in ("mono", "poly") for level in range(4)}  # fmt: skip
    normal = [folder / r[0] for r in rows if float(r[1]) == 0.0]
    kind_of = {folder / r[0]: r[2] for r in rows}
    test, learn = (frozenset(normal[n] for n in part) for part in halves(len(normal)))
    learnt: list[Grey] = []
    judged: list[Shot] = []
    choosing: list[Class] = []
    for kind in ("mono", "poly"):
        known = [p for p in normal if p in learn and kind_of[p] == kind]
        own = few(known, _MOST_LEARNT, seed)
        pictures = [_grey(p) for p in own]
        shots = [
            *(_shot(p, GOOD) for p in normal if p in test and kind_of[p] == kind),
            *(_shot(p, "defective") for p in of[kind, 3]),
        ]
        yield Class(f"solar, {kind}", pictures, shots)
        # The same pictures, not read again: what was seen of them is known then.
        learnt += pictures
        judged += shots
        # Normal cells of the learning part, not learnt from; no reported test has them or the doubtful ones.
        kept = few(sorted(frozenset(known) - frozenset(own)), _DOUBTFUL_NORMAL, seed)
        doubtful = [*(_shot(p, GOOD) for p in kept), *(_shot(p, "doubtful") for p in of[kind, 2])]
        choosing.append(Class(f"solar, doubtful {kind}", pictures, doubtful))
    yield Class("solar, both", learnt, judged)
    yield from choosing


def _placed(folder: Path, seed: int) -> Class:
    learn = few(sorted((folder / "train" / GOOD).glob("*.*")), _MOST_LEARNT, seed)
    shots = []
    for path in sorted((folder / "test").glob("*/*.*")):
        kind = path.parent.name
        mask_path = folder / "ground_truth" / kind / f"{path.stem}_mask.png"
        mask = must_read(mask_path, cv2.IMREAD_GRAYSCALE) > 0 if mask_path.exists() else None
        shots.append(Shot(_grey(path), kind, mask, path.stem))
    return Class(folder.name, [_grey(p) for p in learn], shots)


def _texture(name: str, pictures: dict[str, Grey], seed: int) -> Class:
    others = [picture for other, picture in pictures.items() if other != name]
    learn, judged = made(Texture(pictures[name], others), seed)
    shots = [Shot(one.picture, one.kind, one.mask, f"{name} {number}") for number, one in enumerate(judged)]
    return Class(name, learn, shots)


def _shot(path: Path, kind: str) -> Shot:
    return Shot(_grey(path), kind, None, path.stem)


def _grey(path: Path) -> Grey:
    return must_read(path, cv2.IMREAD_GRAYSCALE)
