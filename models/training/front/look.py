"""Sheets of what the maker has marked and made, for looking at by eye.

    python -m models.training.front.look machines --data ../shared/data --out SHEET.png
    python -m models.training.front.look changes --out models/front_changes.png     # drawn machines alone
    python -m models.training.front.look days --out SHEET.png

With `--data` a sheet shows pictures of the data folder: keep it out of the project.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.front.change import change, families
from models.training.front.days import Day
from models.training.front.machine import Fold, Grey, Machine
from models.training.front.machines import machines

_CUT_PX: Final = 96
_HOURS: Final = (2.0, 8.0, 11.0, 15.0, 19.0, 23.0)


def marked(machine: Machine) -> NDArray[np.uint8]:
    """The picture in colour with its parts drawn in."""
    out = np.asarray(cv2.cvtColor(machine.picture, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    for number, region in enumerate(machine.regions):
        colour = (60 * (number % 4), 255 - 40 * number, 90 + 40 * (number % 5))
        cv2.polylines(out, [region.corners.round().astype(np.int32)], True, colour, 1)
        at = region.corners.mean(axis=0).round().astype(int)
        _write(out, f"{region.part.value} {region.px_per_cm:.1f}", (int(at[0]) - 30, int(at[1])), colour)
    _write(out, f"{machine.name}, {machine.fold.value}, {machine.px_per_cm:.1f} px/cm", (6, 14))
    return out


def changed(machine: Machine, size_cm: float, seed: int) -> Iterator[NDArray[np.uint8]]:
    """For each family of the machine's fold what is around a change of it, twice as large."""
    for number, family in enumerate(families(machine.fold)):
        rng = np.random.default_rng([seed, number])
        try:
            made = change(machine.picture, machine, family, size_cm, rng)
        except ValueError:
            yield np.zeros((2 * _CUT_PX, 2 * _CUT_PX, 3), np.uint8)
            continue
        x, y, w, h = made.box
        rows, columns = made.picture.shape
        left = int(np.clip(x + w // 2 - _CUT_PX // 2, 0, columns - _CUT_PX))
        top = int(np.clip(y + h // 2 - _CUT_PX // 2, 0, rows - _CUT_PX))
        cut = made.picture[top : top + _CUT_PX, left : left + _CUT_PX]
        out = _colour(cv2.resize(cut, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC))
        corner = (2 * (x - left) - 3, 2 * (y - top) - 3)
        end = (2 * (x + w - left) + 3, 2 * (y + h - top) + 3)
        cv2.rectangle(out, corner, end, (90, 200, 255), 1)
        _write(out, f"{family.value} {size_cm:g} cm", (4, 13))
        yield out


def over_a_day(machine: Machine, seed: int) -> Iterator[NDArray[np.uint8]]:
    """The machine's picture at some hours, at three tenths of its size."""
    day = Day(machine, seed)
    for hour in _HOURS:
        seen = cv2.resize(day.picture(hour * 3600), None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
        out = _colour(seen)
        night = " infrared" if day.light(hour * 3600).infrared else ""
        _write(out, f"{hour:g} h{night}", (4, 13))
        yield out


def sheet(pictures: list[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Colour pictures side by side, each in a cell of its own."""
    width = max(picture.shape[1] for picture in pictures)
    height = max(picture.shape[0] for picture in pictures)
    cells = []
    for picture in pictures:
        cell = np.zeros((height, width, 3), np.uint8)
        cell[: picture.shape[0], : picture.shape[1]] = picture
        cells.append(cell)
    while len(cells) % columns:
        cells.append(np.zeros_like(cells[0]))
    return np.vstack([np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)])


def _colour(grey: Grey | cv2.typing.MatLike) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _write(
    out: NDArray[np.uint8], text: str, at: tuple[int, int], colour: tuple[int, int, int] = (255, 255, 255)
) -> None:
    cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1, cv2.LINE_AA)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.training.front.look",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("machines", "changes", "days"))
    parser.add_argument("--data", type=Path, default=None, help="without it: drawn machines only")
    parser.add_argument("--out", type=Path, required=True, help="a PNG to write")
    parser.add_argument("--fold", choices=[fold.value for fold in Fold], default=Fold.JUDGING.value)
    parser.add_argument("--drawn", type=int, default=6, help="how many drawn machines")
    parser.add_argument("--size-cm", type=float, default=4.0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    fold = Fold(arguments.fold)
    found = machines(fold, arguments.data, arguments.drawn)
    if arguments.what == "machines":
        shown, columns = [marked(machine) for machine in found], 3
    elif arguments.what == "changes":
        shown = [one for machine in found for one in changed(machine, arguments.size_cm, arguments.seed)]
        columns = len(families(fold))
    else:
        shown = [one for machine in found for one in over_a_day(machine, arguments.seed)]
        columns = len(_HOURS)
    cv2.imwrite(str(arguments.out), sheet(shown, columns), [cv2.IMWRITE_PNG_COMPRESSION, 9])


if __name__ == "__main__":
    main()
