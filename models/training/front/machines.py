"""Machine fronts to change: real ones of a data folder, marked by eye, and drawn ones that need no data.

    python -m models.training.front.look --data ../shared/data --out SHEET.png      # look at what is marked

`machines.csv` has a line for each part of each real machine: where its picture is in `DATA/scene` (and
which picture of a clip), the four corners of the part in pixels of that picture, and the part's size in
centimetres, estimated from what is known of such machines (a screen is about 30 cm wide, a keypad about
10 cm). Pictures are doubled to the kiosk's 640 pixels; all of them are soft, for they had no finer detail.

Machines are split by shoot, never by picture: two cameras on one machine are on one side.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from models.training.files import must_read
from models.training.front.drawn import drawn_machines
from models.training.front.machine import WIDTH_PX, Fold, Grey, Machine, Part, Region

_TABLE: Final = Path(__file__).with_name("machines.csv")


def real_machines(data: Path, fold: Fold | None = None) -> list[Machine]:
    """The marked machines of the data folder. FileNotFoundError or ValueError where pictures are missing."""
    rows: dict[str, list[dict[str, str]]] = {}
    with _TABLE.open(newline="") as file:
        for line in csv.DictReader(file):
            rows.setdefault(line["machine"], []).append(line)
    found: list[Machine] = []
    for name, lines in rows.items():
        first = lines[0]
        if fold is not None and Fold(first["fold"]) is not fold:
            continue
        picture = _picture(data / "scene" / first["path"], first["frame"])
        factor = WIDTH_PX / picture.shape[1]
        size = (WIDTH_PX, round(picture.shape[0] * factor))
        regions = tuple(_region(line, factor) for line in lines)
        found.append(
            Machine(
                name,
                Fold(first["fold"]),
                first["shoot"],
                False,
                np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8),
                regions,
                float(first["blur_px"]),
            )
        )
    return found


def machines(fold: Fold, data: Path | None = None, drawn: int = 6) -> list[Machine]:
    """All machines of a fold: `drawn` of the drawn ones, and the real ones where there is a data folder."""
    real = [] if data is None or not (data / "scene").is_dir() else real_machines(data, fold)
    return real + drawn_machines(fold, drawn)


def _picture(path: Path, frame: str) -> Grey:
    if not frame:
        return must_read(path, cv2.IMREAD_GRAYSCALE)
    clip = cv2.VideoCapture(str(path))
    clip.set(cv2.CAP_PROP_POS_FRAMES, float(frame))
    there, picture = clip.read()
    if not there:
        raise ValueError(f"{path} has no picture {frame}")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)


def _region(line: dict[str, str], factor: float) -> Region:
    corners = np.array([[float(line[f"x{i}"]), float(line[f"y{i}"])] for i in range(4)]) * factor
    return Region(Part(line["part"]), corners, float(line["width_cm"]), float(line["height_cm"]))
