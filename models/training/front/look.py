"""Sheets of what the maker has marked and made, for looking at by eye.

    python -m models.training.front.look --data ../shared/data --out SHEET.png

With `--data` the sheet shows pictures of the data folder: keep it out of the project.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.front.machine import Fold, Machine
from models.training.front.machines import machines


def marked(machine: Machine) -> NDArray[np.uint8]:
    """The picture in colour with its parts drawn in, for looking at."""
    out = np.asarray(cv2.cvtColor(machine.picture, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    for number, region in enumerate(machine.regions):
        colour = (60 * (number % 4), 255 - 40 * number, 90 + 40 * (number % 5))
        cv2.polylines(out, [region.corners.round().astype(np.int32)], True, colour, 1)
        at = region.corners.mean(axis=0).round().astype(int)
        text = f"{region.part.value} {region.px_per_cm:.1f}"
        cv2.putText(out, text, (int(at[0]) - 30, int(at[1])), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1)
    title = f"{machine.name}, {machine.fold.value}, {machine.px_per_cm:.1f} px/cm"
    cv2.putText(out, title, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
    return out


def sheet(pictures: list[NDArray[np.uint8]], columns: int, height_px: int = 480) -> NDArray[np.uint8]:
    """Colour pictures side by side, each in a cell of its own."""
    width = max(picture.shape[1] for picture in pictures)
    cells = []
    for picture in pictures:
        cell = np.zeros((height_px, width, 3), np.uint8)
        part = picture[:height_px]
        cell[: part.shape[0], : part.shape[1]] = part
        cells.append(cell)
    while len(cells) % columns:
        cells.append(np.zeros_like(cells[0]))
    return np.vstack([np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m models.training.front.look")
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--out", type=Path, required=True, help="a PNG to write; keep it out of the project")
    parser.add_argument("--fold", choices=[fold.value for fold in Fold], default=None)
    arguments = parser.parse_args()
    folds = [Fold(arguments.fold)] if arguments.fold else list(Fold)
    shown = [marked(machine) for fold in folds for machine in machines(fold, arguments.data)]
    cv2.imwrite(str(arguments.out), sheet(shown, 3))


if __name__ == "__main__":
    main()
