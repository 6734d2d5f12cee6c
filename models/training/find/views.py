"""How well faces are found that are rolled, cut, near, half hidden, in full helmets, or short as from below.

    python -m models.training.find.views --data ../shared/data --model RUN --leave-out SOURCE ...

Test photos of the sources left out (or, without any, of the groups kept back) are turned by fixed angles,
cut and drawn over in fixed ways; YuNet sees the same pictures, at the points that `eval` chooses. Helmets
are real ones: crops of groups that no run learns from.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import part
from models.training.find.data import COVERED, IGNORED, Picture
from models.training.find.eval import detectors_of
from models.training.find.gather import gathered
from models.training.find.matching import (
    Case,
    Detector,
    cases,
    crops_found,
    face_free,
    false_scores,
    hand_checked,
    read,
    shown,
    tally,
    threshold_for,
    with_cuts,
)

_ROLLS = (-45, -30, -15, 0, 15, 30, 45)
_LEAST_PX = 40.0
"""Faces smaller than this are another question."""

View = Callable[[Case], Case]


def _warped(case: Case, matrix: NDArray[np.float64], size: tuple[int, int]) -> Case:
    """The case after an affine map, on a grey ground; boxes keep their size times the map's."""
    bgr = cv2.warpAffine(case.bgr, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(110, 110, 110))
    centres = (case.boxes[:, :2] + case.boxes[:, 2:] / 2) @ matrix[:, :2].T + matrix[:, 2]
    sides = case.boxes[:, 2:] * np.hypot(matrix[0, :2], matrix[1, :2])
    boxes = np.concatenate([centres - sides / 2, sides], axis=1).astype(np.float32)
    return Case(np.asarray(bgr, np.uint8), boxes, case.covers, case.path)


def rolled(degrees: float) -> View:
    """The whole picture turned, nothing of it lost."""

    def view(case: Case) -> Case:
        height, width = case.bgr.shape[:2]
        turn = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0), np.float64)
        k = abs(turn[0, 0]), abs(turn[0, 1])
        wide, high = int(width * k[0] + height * k[1]), int(width * k[1] + height * k[0])
        shrink = min(1.0, 320 / max(wide, high))
        turn[:, 2] += [(wide - width) / 2, (high - height) / 2]
        lean = turn * shrink
        moved = _warped(case, lean, (max(1, int(wide * shrink)), max(1, int(high * shrink))))
        # A turned box would be lengthened by its own turn; the face is not.
        sides = case.boxes[:, 2:] * np.float32(shrink)
        moved.boxes[:, :2] += moved.boxes[:, 2:] / 2 - sides / 2
        moved.boxes[:, 2:] = sides
        return moved

    return view


def foreshortened(case: Case) -> Case:
    """As tall as three quarters: a face that looks up or down by about 40 degrees, its features apart."""
    height, width = case.bgr.shape[:2]
    return _warped(case, np.array([[1.0, 0, 0], [0, 0.75, 0]]), (width, int(0.75 * height)))


def _cut(case: Case, sides: NDArray[np.float64]) -> Case:
    """What remains of the picture about its largest face: left, top, right, bottom in shares of the face."""
    whole = case.boxes[case.covers != IGNORED]
    x, y, w, h = whole[np.argmax(whole[:, 2] * whole[:, 3])]
    left, top = max(0, int(x + sides[0] * w)), max(0, int(y + sides[1] * h))
    right, bottom = int(x + sides[2] * w), int(y + sides[3] * h)
    bgr = np.ascontiguousarray(case.bgr[top:bottom, left:right])
    high, wide = bgr.shape[:2]
    boxes = case.boxes - np.array([left, top, 0, 0], np.float32)
    x1, y1 = np.minimum(boxes[:, 0] + boxes[:, 2], wide), np.minimum(boxes[:, 1] + boxes[:, 3], high)
    kept = np.stack([np.maximum(boxes[:, 0], 0), np.maximum(boxes[:, 1], 0), x1, y1], axis=1)
    kept[:, 2:] = np.maximum(kept[:, 2:] - kept[:, :2], 0)
    share = kept[:, 2] * kept[:, 3] / np.maximum(case.boxes[:, 2] * case.boxes[:, 3], 1)
    covers = np.where(share > 0.55, case.covers, IGNORED).astype(np.int8)
    return Case(bgr, kept.astype(np.float32), covers, case.path)


def filling(case: Case) -> Case:
    """The face fills the picture: nothing about it but a twentieth of it."""
    return _cut(case, np.array([-0.05, -0.05, 1.05, 1.05]))


def cut_at(side: int) -> View:
    """A third of the face beyond one edge: 0 left, 1 top, 2 right, 3 bottom."""

    def view(case: Case) -> Case:
        sides = np.array([-0.8, -0.6, 1.8, 1.6])
        sides[side] = 0.33 if side < 2 else 0.67
        return _cut(case, sides)

    return view


def half_hidden(case: Case) -> Case:
    """The right half of every bare face under a plain dark block, as a telephone held up."""
    bgr = case.bgr.copy()
    for x, y, w, h in case.boxes[case.covers != IGNORED]:
        corner = int(x + 0.5 * w), int(y - 0.1 * h)
        cv2.rectangle(bgr, corner, (int(x + 1.15 * w), int(y + 1.1 * h)), (30, 30, 30), -1)
    return Case(
        bgr, case.boxes, np.where(case.covers != IGNORED, COVERED, IGNORED).astype(np.int8), case.path
    )


def banded(case: Case) -> Case:
    """Under a lamp on mains current before a rolling shutter: bands four fifths deep."""
    rows = np.sin(np.linspace(0, 2 * np.pi * 5, case.bgr.shape[0]))[:, None, None]
    lit = case.bgr * (1 - 0.8 * (0.5 + 0.5 * rows))
    return Case(lit.astype(np.uint8), case.boxes, case.covers, case.path)


VIEWS: dict[str, View] = {
    **{f"rolled by {angle}": rolled(angle) for angle in _ROLLS},
    "short, as looking up or down": foreshortened,
    "filling the picture": filling,
    "a third beyond the left edge": cut_at(0),
    "a third beyond the upper edge": cut_at(1),
    "a third beyond the right edge": cut_at(2),
    "a third beyond the lower edge": cut_at(3),
    "half hidden": half_hidden,
    "dark bands of light": banded,
}


def measure(detectors: dict[str, Detector], points: dict[str, float], photos: Sequence[Case]) -> None:
    """Prints, for each view, what each detector finds of bare and covered faces of 40 px and more."""
    for title, view in VIEWS.items():
        seen = [view(case) for case in photos]
        for name, detector in detectors.items():
            one = tally(detector, seen)
            cells = [shown(*one.recall(covered, 1.0, 1e9, points[name])) for covered in (False, True)]
            false = sum(e >= points[name] for e in one.errors)
            print(f"{title} | {name} | bare {cells[0]} | covered {cells[1]} | false {false}", flush=True)


def helmets(pictures: Sequence[Picture]) -> list[Picture]:
    """Full helmets that no run learns from."""
    return [p for p in pictures if p.label == "helmet_full" and part(p.group) != "train"]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measure the face finder by view")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--model", type=Path, default=Path("models"))
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    parser.add_argument("--labels", type=Path, default=Path(__file__).parent / "labels.csv")
    parser.add_argument("--leave-out", action="append", default=[])
    parser.add_argument("--at-most", type=int, default=10_000, help="photos")
    parser.add_argument("--false-rate", type=float, default=0.005)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = gathered(arguments.data, arguments.cache)
    out = [p for p in pictures if any(s in p.source for s in arguments.leave_out)]
    rest = [p for p in pictures if not any(s in p.source for s in arguments.leave_out)]
    known = [p for p in rest if part(p.group) != "train"]
    checked = hand_checked(arguments.labels)
    _, detectors = detectors_of(arguments)
    calm = with_cuts([p for _, p in face_free(arguments.data, known, checked)])
    rate = arguments.false_rate
    points = {n: threshold_for(false_scores(d, calm), len(calm), rate) for n, d in detectors.items()}
    whole = cases(arguments.data, out or known, checked)
    large = [c for c in whole if (c.boxes[c.covers != IGNORED, 2:] >= _LEAST_PX).any()]
    measure(detectors, points, large[:: max(1, len(large) // arguments.at_most)])
    worn = [(p, read(arguments.data, p)) for p in helmets(pictures)]
    for name, detector in detectors.items():
        hits = crops_found(detector, worn, points[name])
        print(f"full helmets not learnt | {name} | {shown(sum(hits), len(hits))}", flush=True)


if __name__ == "__main__":
    main()
