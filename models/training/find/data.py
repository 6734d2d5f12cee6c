"""Pictures and boxes for the face finder: grey, cached, relabelled by the teacher at higher resolution.

The manifest's boxes miss faces and hold no landmarks for photos with several faces, so YuNet looks again at
two to three times the size. What it is sure of becomes a face or lends its landmarks; what it half believes,
and the head of every person without a found face (a balaclava hides there as easily as the back of a head),
is `ignore`: neither learnt as face nor as background.
"""

from __future__ import annotations

import csv
import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import FaceRow, Grey, read_faces, show_rate
from models.training.files import read_picture

Boxes = NDArray[np.float32]
"""n x 4: left, top, width, height in pixels."""

Marks = NDArray[np.float32]
"""n x 10: x, y of left eye, right eye, nose, left and right mouth corner; NaN where unknown."""

IGNORED, BARE, COVERED, FACE = 0, 1, 2, 3
"""What a box holds; FACE: a face whose cover nobody labelled."""

_COVER = {
    "ignore": IGNORED,
    "uncovered": BARE,
    "helmet_open": BARE,
    "face": FACE,
    "mask": COVERED,
    "synthetic_mask": COVERED,
    "mask_improper": COVERED,
    "sunglasses": COVERED,
    "helmet_full": COVERED,
    "scarf_other": COVERED,
    "hand": COVERED,
}

_TEACHER_SURE = 0.8
_TEACHER_DOUBTS = 0.45


@dataclass(slots=True)
class Picture:
    """One grey picture with every face in it; `kind` is crop, photo, identity, negative or scene."""

    grey: Grey
    kind: str
    source: str
    group: str
    path: str
    label: str
    boxes: Boxes
    marks: Marks
    covers: NDArray[np.int8]


def may_hide_a_face(picture: Picture) -> bool:
    """People are in it whose heads nobody marked: no witness against a face that the teacher missed."""
    return "person" in picture.label or picture.label.startswith(("atm:", "weapon_crop:"))


class Teacher:
    """YuNet (OpenCV, MIT) at any size."""

    def __init__(self, data: Path) -> None:
        model = data / "teachers" / "yunet_2023mar.onnx"
        self._net = cv2.FaceDetectorYN.create(str(model), "", (320, 320), _TEACHER_DOUBTS, 0.3, 5000)

    def look(
        self, bgr: NDArray[np.uint8], long_side: int | None, at_least: float = _TEACHER_DOUBTS
    ) -> NDArray[np.float32]:
        """n x 15 (box, landmarks, score) in the picture's pixels; `long_side` scales what YuNet sees."""
        height, width = bgr.shape[:2]
        k = 1.0 if long_side is None else long_side / max(height, width)
        # YuNet finds faces of up to about 300 px best; a frame around the picture helps with faces cut by it.
        seen = (
            bgr
            if k == 1.0
            else cv2.resize(bgr, None, fx=k, fy=k, interpolation=cv2.INTER_CUBIC if k > 1 else cv2.INTER_AREA)
        )
        self._net.setInputSize((seen.shape[1], seen.shape[0]))
        self._net.setScoreThreshold(at_least)
        rows: object = self._net.detect(seen)[1]
        if rows is None:
            return np.zeros((0, 15), np.float32)
        found = np.array(rows, np.float32)
        found[:, :14] /= k
        return found


def overlap(a: Boxes, b: Boxes) -> NDArray[np.float32]:
    """Intersection over union of every box of `a` with every box of `b`."""
    left = np.maximum(a[:, None, 0], b[None, :, 0])
    top = np.maximum(a[:, None, 1], b[None, :, 1])
    right = np.minimum(a[:, None, 0] + a[:, None, 2], b[None, :, 0] + b[None, :, 2])
    bottom = np.minimum(a[:, None, 1] + a[:, None, 3], b[None, :, 1] + b[None, :, 3])
    inner = np.clip(right - left, 0, None) * np.clip(bottom - top, 0, None)
    union = (a[:, 2] * a[:, 3])[:, None] + (b[:, 2] * b[:, 3])[None] - inner
    return np.asarray(inner / np.maximum(union, 1e-6), np.float32)


def _sorted_marks(marks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Left first as seen in the picture, whichever side a labeller counted from."""
    points = marks.reshape(5, 2).copy()
    if points[0, 0] > points[1, 0]:
        points[[0, 1]] = points[[1, 0]]
    if points[3, 0] > points[4, 0]:
        points[[3, 4]] = points[[4, 3]]
    return points.reshape(10)


def merge_teacher(
    given: list[tuple[float, float, float, float, int]], found: NDArray[np.float32], all_given: bool
) -> tuple[Boxes, Marks, NDArray[np.int8]]:
    """Given boxes with the teacher's landmarks, and the teacher's further faces (`ignore` if in doubt)."""
    boxes = np.array([g[:4] for g in given], np.float32).reshape(-1, 4)
    covers = np.array([g[4] for g in given], np.int8)
    marks = np.full((len(given), 10), np.nan, np.float32)
    extra: list[tuple[NDArray[np.float32], NDArray[np.float32], int]] = []
    together = overlap(boxes, found[:, :4])
    taken = np.zeros(len(found), bool)
    for i in range(len(given)):
        if len(found):
            j = int(np.argmax(together[i]))
            if together[i, j] > 0.4 and not taken[j]:
                taken[j] = True
                if found[j, 14] > 0.5:
                    marks[i] = _sorted_marks(found[j, 4:14])
                if found[j, 14] > _TEACHER_SURE:
                    boxes[i] = found[j, :4]
    for j in np.flatnonzero(~taken):
        centre = found[j, :2] + found[j, 2:4] / 2
        within = (np.abs(centre - boxes[:, :2] - boxes[:, 2:] / 2) < 0.6 * boxes[:, 2:]).all(1)
        if (within & (covers != IGNORED)).any():
            continue  # a second look at a face that has its box
        near = len(given) and together[:, j].max() > 0.15
        sure = found[j, 14] > _TEACHER_SURE and not near and not all_given
        extra.append((found[j, :4], _sorted_marks(found[j, 4:14]), FACE if sure else IGNORED))
    if extra:
        boxes = np.concatenate([boxes, np.array([e[0] for e in extra], np.float32)])
        marks = np.concatenate([marks, np.array([e[1] for e in extra], np.float32)])
        covers = np.concatenate([covers, np.array([e[2] for e in extra], np.int8)])
    return boxes, marks, covers


def _face_picture(row: FaceRow, teacher: Teacher) -> Picture | None:
    bgr = read_picture(row.path)
    if bgr is None:
        return None
    given = [(b.x, b.y, b.w, b.h, _COVER.get(b.label, FACE)) for b in row.boxes]
    if row.kind == "negative":
        boxes, marks, covers = merge_teacher([], teacher.look(bgr, None, 0.6), True)
    elif len(given) == 1 and row.landmarks:
        boxes = np.array([given[0][:4]], np.float32)
        marks = _sorted_marks(np.array(row.landmarks, np.float32).reshape(10))[None]
        covers = np.array([given[0][4]], np.int8)
    elif row.kind == "crop" and not given and row.label in _COVER:
        # Cut so tightly that the teacher saw no face: it fills the whole crop.
        height, width = bgr.shape[:2]
        boxes = np.array([[0.04 * width, 0.08 * height, 0.92 * width, 0.92 * height]], np.float32)
        marks = np.full((1, 10), np.nan, np.float32)
        covers = np.array([_COVER[row.label]], np.int8)
    else:
        side = 960 if row.kind == "photo" else 256
        boxes, marks, covers = merge_teacher(given, teacher.look(bgr, side), row.kind != "photo")
    if row.kind == "identity" and not len(boxes):
        return None
    grey = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    path = str(Path(*row.path.parts[-4:]))
    return Picture(grey, row.kind, row.source, row.group, path, row.label, boxes, marks, covers)


_SCENE_TASKS = ("weapon", "object", "person", "fall_img", "atm", "tool", "face_cover")


def _scene_pictures(data: Path, teacher: Teacher) -> list[Picture]:
    """Scene pictures as background: faces where the teacher is sure, every other head ignored."""
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    people = json.loads((data / "scene" / "boxes.json").read_text())
    lines = [
        r
        for r in lines
        if r["kind"] != "clip"
        and (r["task"] in _SCENE_TASKS or r["labels"] == "no_weapon")
        and (r["task"] != "atm" or ("missed" not in r["labels"] and "uncertain" not in r["labels"]))
    ]
    pictures = []
    for n, line in enumerate(lines):
        bgr = read_picture(data / "scene" / line["path"])
        if bgr is None:
            continue
        side = 960 if max(bgr.shape[:2]) < 900 else 1280
        boxes, marks, covers = merge_teacher([], teacher.look(bgr, side), False)
        height, width = bgr.shape[:2]
        heads = []
        for box in people.get(line["path"], []):
            if box["c"] != "person":
                continue
            x0, y0, x1, y1 = (v * s for v, s in zip(box["b"], (width, height, width, height), strict=True))
            reach = min(y1 - y0, max(0.35 * (y1 - y0), 0.6 * (x1 - x0)))
            head = np.array([[x0, y0, x1 - x0, reach]], np.float32)
            centres = boxes[:, :2] + boxes[:, 2:] / 2
            inside = (
                (centres[:, 0] > x0)
                & (centres[:, 0] < x1)
                & (centres[:, 1] > y0)
                & (centres[:, 1] < y0 + reach)
            )
            if not (inside & (covers != IGNORED)).any():
                heads.append(head)
        if heads:
            boxes = np.concatenate([boxes, *heads])
            marks = np.concatenate([marks, np.full((len(heads), 10), np.nan, np.float32)])
            covers = np.concatenate([covers, np.full(len(heads), IGNORED, np.int8)])
        k = min(1.0, 480 / max(height, width))
        grey = cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        if k < 1.0:
            grey = cv2.resize(grey, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        pictures.append(
            Picture(
                np.asarray(grey, np.uint8),
                "scene",
                line["source"],
                "scene/" + (line["group"] or line["path"]),
                line["path"],
                line["task"] + ":" + line["labels"],
                boxes * np.float32(k),
                marks * np.float32(k),
                covers,
            )
        )
        show_rate(n + 1, len(lines), "scene pictures")
    return pictures


def prepare(data: Path, cache: Path) -> list[Picture]:
    """Every picture of the data folder, from `cache` where an earlier run left them."""
    kept = cache / "find_pictures.pickle"
    if kept.exists():
        with kept.open("rb") as file:
            pictures: list[Picture] = pickle.load(file)
        return pictures
    cv2.setNumThreads(1)
    teacher = Teacher(data)
    rows = read_faces(data)
    pictures = []
    for n, row in enumerate(rows):
        picture = _face_picture(row, teacher)
        if picture is not None:
            pictures.append(picture)
        show_rate(n + 1, len(rows), "face pictures")
    pictures += _scene_pictures(data, teacher)
    cache.mkdir(parents=True, exist_ok=True)
    with kept.open("wb") as out:
        pickle.dump(pictures, out, protocol=pickle.HIGHEST_PROTOCOL)
    return pictures


def without_face(folders: Sequence[Path], data: Path, grounds: Sequence[Picture], seed: int) -> list[Picture]:
    """Further pictures without a face: PNG and JPEG files under `folders`, less those the teacher doubts.

    What is transparent is filled twice: with a plain grey, and with one of `grounds`.
    """
    if not folders:
        return []
    rng = np.random.default_rng(seed)
    teacher = Teacher(data)
    paths = sorted(p for f in folders for p in f.rglob("*") if p.suffix.lower() in (".png", ".jpg", ".jpeg"))
    made = []
    for path in paths:
        stored = read_picture(path, cv2.IMREAD_UNCHANGED)
        if stored is None:
            continue
        seen = stored[..., :3] if stored.ndim == 3 else cv2.cvtColor(stored, cv2.COLOR_GRAY2BGR)
        alpha = stored[..., 3] if stored.ndim == 3 and stored.shape[2] == 4 else None
        if alpha is not None:
            rows, columns = np.nonzero(alpha > 20)
            if len(rows) < 500:
                continue
            inner = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
            seen, alpha = seen[inner], alpha[inner]
        k = min(1.0, 320 / max(seen.shape[:2]))
        seen = cv2.resize(seen, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY)
        fillings: list[Grey | None] = [None]
        share = np.ones(grey.shape, np.float32)
        if alpha is not None:
            share = cv2.resize(alpha, grey.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
            ground = grounds[rng.integers(len(grounds))].grey
            fitted = cv2.resize(ground, grey.shape[::-1], interpolation=cv2.INTER_AREA)
            fillings += [np.asarray(fitted, np.uint8)]
            plain = (seen * share[..., None] + 200 * (1 - share[..., None])).astype(np.uint8)
            seen = cv2.copyMakeBorder(plain, 30, 30, 30, 30, cv2.BORDER_CONSTANT, value=(200, 200, 200))
        if len(teacher.look(np.asarray(seen, np.uint8), None, 0.5)):
            continue
        for filling in fillings:
            under = np.full(grey.shape, rng.integers(0, 256), np.uint8) if filling is None else filling
            mixed = (grey * share + under * (1 - share)).astype(np.uint8)
            none = np.zeros((0, 4), np.float32), np.zeros((0, 10), np.float32), np.zeros(0, np.int8)
            made.append(Picture(mixed, "negative", "further", str(path), str(path), "none", *none))
    print(f"{len(made)} further pictures without a face", flush=True)
    return made
