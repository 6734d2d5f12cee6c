"""What the finder's measures share: test pictures, detectors, how found faces match labelled ones."""

from __future__ import annotations

import csv
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face.find import LEAST_FACE_PX, Finder
from models.training.find.data import (
    BARE,
    COVERED,
    FACE,
    IGNORED,
    Boxes,
    Picture,
    Teacher,
    may_hide_a_face,
    overlap,
)
from models.training.find.net import CELLS
from models.training.shares import wilson

Rows = NDArray[np.float32]
"""n x 5: left, top, width, height, score."""

Detector = Callable[[NDArray[np.uint8]], Rows]
"""Colour picture (BGR) to boxes with scores."""

View = tuple[str, NDArray[np.uint8]]
"""A picture's path, and the picture in colour (BGR)."""

_LOWEST = 0.01
_MATCH_IOU = 0.4
_COVERS = {"ignore": IGNORED, "uncovered": BARE, "helmet_open": BARE, "face": FACE}


@dataclass(slots=True)
class Case:
    """One test picture: `boxes` n x 4 and `covers` n; what is IGNORED counts neither for nor against."""

    bgr: NDArray[np.uint8]
    boxes: Boxes
    covers: NDArray[np.int8]
    path: str


def read(data: Path, picture: Picture) -> NDArray[np.uint8]:
    folder = data / ("scene" if picture.kind == "scene" else "faces")
    bgr = cv2.imread(str(folder / picture.path))
    if bgr is None:
        raise FileNotFoundError(folder / picture.path)
    k = min(1.0, 320 / max(bgr.shape[:2]))
    return np.asarray(
        cv2.resize(bgr, None, fx=k, fy=k, interpolation=cv2.INTER_AREA) if k < 1 else bgr, np.uint8
    )


def hand_checked(path: Path) -> dict[str, tuple[Boxes, NDArray[np.int8]]]:
    """Boxes checked by eye, by picture."""
    boxes: dict[str, list[list[float]]] = {}
    covers: dict[str, list[int]] = {}
    with path.open(newline="") as file:
        for line in csv.DictReader(file):
            boxes.setdefault(line["path"], []).append([float(line[k]) for k in "xywh"])
            covers.setdefault(line["path"], []).append(_COVERS.get(line["label"], COVERED))
    return {p: (np.array(b, np.float32), np.array(covers[p], np.int8)) for p, b in boxes.items()}


def cases(
    data: Path, pictures: Sequence[Picture], checked: dict[str, tuple[Boxes, NDArray[np.int8]]]
) -> list[Case]:
    """Photos with hand-checked boxes; further faces that the teacher or the manifest knows are ignored."""
    found = []
    for picture in pictures:
        if picture.path not in checked or picture.kind != "photo":
            continue
        boxes, covers = checked[picture.path]
        others = [
            i for i in range(len(picture.boxes)) if overlap(picture.boxes[i : i + 1], boxes).max() < 0.3
        ]
        boxes = np.concatenate([boxes, picture.boxes[others]])
        covers = np.concatenate([covers, np.full(len(others), IGNORED, np.int8)])
        found.append(Case(read(data, picture), boxes, covers, picture.path))
    return found


def shrunk(case: Case, seed: int) -> Case:
    """The same picture made smaller, its largest face 20 to 40 px, on a plain 320 x 240 canvas."""
    rng = np.random.default_rng(seed)
    sides = case.boxes[case.covers != IGNORED, 2:].max(axis=1)
    k = float(rng.uniform(21, 39)) / float(sides.max())
    small = cv2.resize(case.bgr, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
    canvas = np.full((240, 320, 3), 110, np.uint8)
    h, w = min(240, small.shape[0]), min(320, small.shape[1])
    left, top = int(rng.integers(0, 320 - w + 1)), int(rng.integers(0, 240 - h + 1))
    canvas[top : top + h, left : left + w] = small[:h, :w]
    boxes = case.boxes * np.float32(k) + np.array([left, top, 0, 0], np.float32)
    return Case(canvas, boxes, case.covers, case.path)


def ours(finder: Finder, still: bool) -> Detector:
    """This project's finder, as for video (one pass) or for still pictures."""

    def detect(bgr: NDArray[np.uint8]) -> Rows:
        grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
        rows = [[*f.box, f.score] for f in finder.candidates(grey, _LOWEST, still)]
        return np.array(rows, np.float32).reshape(-1, 5)

    return detect


class FloatFinder(Finder):
    """The same finder on the float twin of the network: what differs is what int8 costs."""

    def __init__(self, model_dir: Path, twin: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        super().__init__(model_dir)
        self._twin = Interpreter(model_path=str(twin)).get_signature_runner()
        self._entry = next(iter(self._twin.get_input_details()))

    def _decode(self, least: float) -> NDArray[np.float32]:
        outputs = self._twin(**{self._entry: self._seen.astype(np.float32) / np.float32(128)})
        score = np.concatenate([outputs[f"output_{i}"].reshape(-1) for i in range(3)])
        shape = np.concatenate([outputs[f"output_{i}"].reshape(-1, 14) for i in range(3, 6)])
        hits = np.flatnonzero(score >= least)
        at, far = CELLS[hits, :2], shape[hits] * CELLS[hits, 2:]
        points = far[:, 4:] + np.tile(at, 5)
        rows = np.concatenate([score[hits, None], at - far[:, :2], at + far[:, 2:4], points], axis=1)
        return np.asarray(rows[(rows[:, 3:5] - rows[:, 1:3]).max(axis=1) >= LEAST_FACE_PX], np.float32)


def yunet(data: Path) -> Detector:
    """OpenCV's YuNet, in colour, at the picture's own size."""
    teacher = Teacher(data)

    def detect(bgr: NDArray[np.uint8]) -> Rows:
        return teacher.look(bgr, None, 0.1)[:, [0, 1, 2, 3, 14]]

    return detect


def false_scores(detector: Detector, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Scores of all faces found where there is none, highest first."""
    scores = [detector(p)[:, 4] for p in pictures]
    return np.sort(np.concatenate(scores))[::-1] if scores else np.zeros(0, np.float32)


def threshold_for(scores: NDArray[np.float32], pictures: int, per_picture: float) -> float:
    """The lowest score at which at most `per_picture` false faces remain per picture."""
    allowed = int(per_picture * pictures)
    if allowed >= len(scores):
        return _LOWEST
    return float(min(0.995, scores[allowed] + 1e-4))


@dataclass(slots=True)
class Tally:
    """For every labelled face its cover, longer side and best matching score; the scores of false boxes."""

    covers: list[int]
    sides: list[float]
    scores: list[float]
    errors: list[float]
    paths: list[str]

    def recall(self, covered: bool, low: float, high: float, threshold: float) -> tuple[int, int]:
        """Found and all faces of one kind and size."""
        kind = COVERED if covered else BARE
        chosen = [
            s >= threshold
            for c, d, s in zip(self.covers, self.sides, self.scores, strict=True)
            if c == kind and low <= d < high
        ]
        return sum(chosen), len(chosen)


def tally(detector: Detector, test: Sequence[Case]) -> Tally:
    """Greedy matching by score, as usual, at `_MATCH_IOU`."""
    result = Tally([], [], [], [], [])
    for case in test:
        rows = detector(case.bgr)
        order = np.argsort(-rows[:, 4])
        rows = rows[order]
        iou = overlap(rows[:, :4], case.boxes)
        got = np.zeros(len(case.boxes), np.float32)
        used = np.zeros(len(case.boxes), bool)
        for i in range(len(rows)):
            free = np.where(used | (case.covers == IGNORED), 0.0, iou[i])
            j = int(np.argmax(free)) if len(free) else -1
            if j >= 0 and free[j] >= _MATCH_IOU:
                used[j] = True
                got[j] = rows[i, 4]
                continue
            ignored = case.boxes[case.covers == IGNORED]
            centre = rows[i, :2] + rows[i, 2:4] / 2
            inside = (
                (centre >= ignored[:, :2] - 0.2 * ignored[:, 2:])
                & (centre <= ignored[:, :2] + 1.2 * ignored[:, 2:])
            ).all(1)
            if not inside.any() and max(rows[i, 2:4]) >= 18:
                result.errors.append(float(rows[i, 4]))
        for j in np.flatnonzero(case.covers != IGNORED):
            result.covers.append(int(case.covers[j]))
            result.sides.append(float(case.boxes[j, 2:].max()))
            result.scores.append(float(got[j]))
            result.paths.append(case.path)
    return result


def shown(k: int, n: int) -> str:
    """`0.948 (147/155, 0.901-0.974)`, or `none` of nothing."""
    low, high = wilson(k, n)
    return f"{k / n:.3f} ({k}/{n}, {low:.3f}-{high:.3f})" if n else "none"


def face_free(data: Path, pictures: Sequence[Picture], checked: Container[str]) -> list[View]:
    """Negatives, and scene pictures in which neither the teacher nor the person boxes see anybody.

    Those in which the eye found a head (`checked`) are left out.
    """
    free = [p for p in pictures if p.kind in ("negative", "scene") and not len(p.boxes)]
    return [(p.path, read(data, p)) for p in free if p.path not in checked and not may_hide_a_face(p)]


Crop = tuple[Picture, NDArray[np.uint8]]
"""A picture as gathered, and in colour."""


def crops_found(detector: Detector, crops: Sequence[Crop], threshold: float) -> list[bool]:
    """Whether each crop's face was found: its centre lies in the middle half of the crop.

    No labelled box is needed: most of those come from YuNet and would leave out what it misses.
    """
    found = []
    for _, bgr in crops:
        rows = detector(bgr)
        size = np.array(bgr.shape[1::-1], np.float32)
        centre = (rows[:, :2] + rows[:, 2:4] / 2) / size
        middle = ((centre > 0.25) & (centre < 0.75)).all(1) & (rows[:, 4] >= threshold)
        found.append(bool(middle.any()))
    return found


def with_cuts(pictures: Sequence[NDArray[np.uint8]], seed: int = 11) -> list[NDArray[np.uint8]]:
    """The pictures and four random cuts of each: more to choose a point by, some filled by one thing."""
    rng = np.random.default_rng(seed)
    views = list(pictures)
    for picture in pictures:
        for _ in range(4):
            height, width = picture.shape[:2]
            h = int(min(height, width) * rng.uniform(0.3, 1.0))
            w = int(min(width, h * rng.uniform(0.7, 1.4)))
            top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
            views.append(np.ascontiguousarray(picture[top : top + h, left : left + w]))
    return views


def landmark_errors(finder: Finder, still: bool, pictures: Sequence[Crop]) -> dict[str, list[float]]:
    """Mean distance of the five landmarks to the teacher's, in its eye distances, by cover."""
    errors: dict[str, list[float]] = {"bare": [], "covered": []}
    for picture, bgr in pictures:
        k = bgr.shape[1] / picture.grey.shape[1]
        found = finder.candidates(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8), 0.5, still)
        for box, marks, cover in zip(picture.boxes * k, picture.marks * k, picture.covers, strict=True):
            if cover not in (BARE, COVERED) or np.isnan(marks).any() or not found:
                continue
            iou = overlap(box[None], np.array([f.box for f in found], np.float32))[0]
            if iou.max() < _MATCH_IOU:
                continue
            points = np.array(found[int(iou.argmax())].landmarks, np.float32)
            true = marks.reshape(5, 2)
            eyes = float(np.hypot(*(true[1] - true[0])))
            if eyes >= 8:
                off = float(np.hypot(*(points - true).T).mean()) / eyes
                errors["bare" if cover == BARE else "covered"].append(off)
    return errors
