"""People for the simulated month: cut out of pictures that were checked by eye to show no weapon.

`people.csv` names picture, which of its person boxes, and who it is. The cut is GrabCut's (Rother and others,
2004) inside the box. The pictures are not part of the project: without them there is no month.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

HEIGHT_PX: Final = 260
"""Every actor is kept at this height."""
_MARGIN: Final = 0.25
_ROUNDS: Final = 4


class _Box(msgspec.Struct):
    c: str
    b: Annotated[tuple[float, float, float, float], "left, top, right, bottom as fractions"]


@dataclass(frozen=True, slots=True)
class Actor:
    """One person: `grey` and `opacity` (0 to 255) are `HEIGHT_PX` high and equally wide."""

    name: str
    child: bool
    grey: Grey
    opacity: Grey


def actors(data: Path, work: Path) -> tuple[Actor, ...]:
    """All of `people.csv`, cut once and kept in `work`."""
    boxes = msgspec.json.decode((data / "scene" / "boxes.json").read_bytes(), type=dict[str, list[_Box]])
    work.mkdir(parents=True, exist_ok=True)
    found: list[Actor] = []
    with (Path(__file__).parent / "people.csv").open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            kept = work / f"actor-{number:02}.png"
            if not kept.exists():
                persons = [box for box in boxes[row["path"]] if box.c == "person"]
                picture = cv2.imread(str(data / "scene" / row["path"]))
                if picture is None:
                    raise SystemExit(f"{row['path']} cannot be read")
                cv2.imwrite(
                    str(kept), np.hstack(_cut(np.asarray(picture, np.uint8), persons[int(row["person"])]))
                )
            both = cv2.imread(str(kept), cv2.IMREAD_GRAYSCALE)
            assert both is not None
            grey, opacity = np.hsplit(np.asarray(both, np.uint8), 2)
            found.append(Actor(row["path"], row["who"] == "child", grey.copy(), opacity.copy()))
    return tuple(found)


def _cut(picture: NDArray[np.uint8], box: _Box) -> tuple[Grey, Grey]:
    high, wide = picture.shape[:2]
    left, top, right, bottom = box.b[0] * wide, box.b[1] * high, box.b[2] * wide, box.b[3] * high
    margin = _MARGIN * (bottom - top)
    x0, y0 = max(0, round(left - margin)), max(0, round(top - margin))
    around = picture[y0 : round(bottom + margin), x0 : round(right + margin)]
    scale = HEIGHT_PX / (bottom - top)
    around = np.asarray(
        cv2.resize(around, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8
    )
    inside = tuple(round(v * scale) for v in (left - x0, top - y0, right - left, bottom - top))
    labels = np.zeros(around.shape[:2], np.uint8)
    cv2.grabCut(around, labels, inside, np.zeros((1, 65)), np.zeros((1, 65)), _ROUNDS, cv2.GC_INIT_WITH_RECT)
    person = np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, regions, stats, _ = cv2.connectedComponentsWithStats(person)
    person = (regions == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    opacity = np.asarray(cv2.GaussianBlur(person * 255, (3, 3), 0), np.uint8)
    grey = np.asarray(cv2.cvtColor(around, cv2.COLOR_BGR2GRAY), np.uint8)
    x, y, w, h = inside
    rows, columns = slice(max(y, 0), y + h), slice(max(x, 0), x + w)
    size = (round(w * HEIGHT_PX / h), HEIGHT_PX)
    return (
        np.asarray(cv2.resize(grey[rows, columns], size), np.uint8),
        np.asarray(cv2.resize(opacity[rows, columns], size), np.uint8),
    )
