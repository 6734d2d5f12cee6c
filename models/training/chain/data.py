"""Grey cuts of labelled faces, covered or not, for the network on top of the chain and for its plain twin.

    python -m models.training.chain.data --data ../shared/data --cache CACHE

Cut by the runtime's own `align`, half as wide again as the network sees, so that the trainer can move and
turn them. Nothing of it is ever committed.
"""

from __future__ import annotations

import argparse
import csv
import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box
from edge.vision.chain import weighted_grey
from edge.vision.face.align import EXTENT, SIZE_PX, Frame, Landmarks, align, frame_of
from edge.vision.face.check import LABELS
from models.training.check.data import COVERED, class_of, read_corrections
from models.training.files import read_picture

Grey = NDArray[np.uint8]
"""Height x width, 0 to 255."""

CUT_PX: Final = 96
CUT_EXTENT: Final = EXTENT * CUT_PX / SIZE_PX

MOST_BARE: Final = 2500
"""Bare faces that are taken of the pictures by person: these alone are more than all others."""

FOLDS: Final = (
    ("shreyas0906", "rxkt"),
    ("chandrikadeb7", "tonhathuy", "prajnasb"),
    ("marellanoc", "pavan050505"),
)
"""Owners of the sources that each measured run never sees; all of them are judged once."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Parallel arrays: `grey` (n, 96, 96), and what each face is and where it comes from."""

    grey: NDArray[np.uint8]
    covered: NDArray[np.bool_]
    kind: NDArray[np.str_]
    maker: NDArray[np.str_]
    group: NDArray[np.str_]
    path: NDArray[np.str_]


def load(cache: Path) -> Cuts:
    """What `main` left in `cache`."""
    with np.load(cache / "cuts.npz") as stored:
        return Cuts(**{name: stored[name] for name in Cuts.__slots__})


def cut_of(grey: NDArray[np.uint8], box: Box, marks: Landmarks | None) -> NDArray[np.uint8]:
    """The upright cut, 96 px."""
    return align(grey, frame_of(box, marks), CUT_PX, CUT_EXTENT)


def seen(cut: Grey, shift: tuple[float, float], zoom: float, roll_rad: float) -> Grey:
    """64 px of a cut, as the runtime cuts them; `shift` in its pixels, `zoom` over 1 is farther away."""
    middle = (CUT_PX - 1) / 2
    size = CUT_PX / CUT_EXTENT * zoom
    return align(cut, Frame(middle + shift[0], middle + shift[1], size, roll_rad))


def main() -> None:
    """Reads the manifest, cuts every usable face, prints counts by maker and class."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--at-most", type=int, default=0, help="so many rows of each maker; 0: all")
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    with (args.data / "faces" / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] in ("crop", "identity")]
    rows.sort(key=lambda row: zlib.crc32(row["path"].encode()))  # any share of them is a fair one
    corrections = read_corrections()
    found: list[tuple[NDArray[np.uint8], str, dict[str, str]]] = []
    counts: dict[str, int] = {}
    for row in rows:
        name = corrections.get((row["path"], 0)) or class_of(row, row["label"])
        bare_person = row["kind"] == "identity" and name == "bare"
        bin_of = "persons" if bare_person else row["source"].split("/")[0]
        most = args.at_most or (MOST_BARE if bare_person else len(rows))
        if name == "skip" or counts.get(bin_of, 0) >= most:
            continue
        picture = read_picture(args.data / "faces" / row["path"])
        if picture is None:
            continue
        counts[bin_of] = counts.get(bin_of, 0) + 1
        found.append((_cut(picture, row), name, row))
    np.savez(
        args.cache / "cuts.npz",
        grey=np.stack([cut for cut, _, _ in found]),
        covered=np.array([COVERED[LABELS.index(name)] for _, name, _ in found]),
        kind=np.array([name for _, name, _ in found]),
        maker=np.array([row["source"].split("/")[0] for _, _, row in found]),
        group=np.array([row["group"] for _, _, row in found]),
        path=np.array([row["path"] for _, _, row in found]),
    )
    table: dict[tuple[str, str], int] = {}
    for _, name, row in found:
        key = (row["source"].split("/")[0], name)
        table[key] = table.get(key, 0) + 1
    for (maker, name), count in sorted(table.items()):
        print(f"{maker:16s} {name:16s} {count:6d}")


def _cut(picture: NDArray[np.uint8], row: dict[str, str]) -> NDArray[np.uint8]:
    boxes, marks = json.loads(row["boxes"] or "[]"), json.loads(row["landmarks"] or "[]")
    height, width = picture.shape[:2]
    # A crop has 30 % of margin round its face.
    box = (width * 0.19, height * 0.19, width * 0.62, height * 0.62)
    if len(boxes) == 1:
        box = (float(boxes[0][0]), float(boxes[0][1]), float(boxes[0][2]), float(boxes[0][3]))
    points = [(float(x), float(y)) for x, y in zip(marks[::2], marks[1::2], strict=True)]
    return cut_of(weighted_grey(picture), box, cast(Landmarks, tuple(points)) if len(points) == 5 else None)


if __name__ == "__main__":
    main()
