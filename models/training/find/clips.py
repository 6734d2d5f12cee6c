"""Frames of the videos as further pictures with faces: small and middle-sized bare faces seen from above.

YuNet looks at a few frames of every clip at a large size. What it is sure of is a face; what it half believes
is neither face nor background. Nobody marked the people of these frames: a head that the teacher missed is
learnt as background, which costs little, for small faces turned away are not asked for.
"""

from __future__ import annotations

import csv
import pickle
from pathlib import Path

import cv2
import numpy as np

from models.training.common import show_rate
from models.training.find.data import FACE, Picture, Teacher, merge_teacher

_FRAMES = 4
_SKIPPED = ("tamper", "left_bag")
"""Tasks whose few clips show hardly anybody."""

_LONG_SIDE = 960
"""What the teacher sees: faces of 10 px of a small video then have 20 or more."""

_KEPT_SIDE = 480


def clip_pictures(data: Path, cache: Path) -> list[Picture]:
    """Frames with a face the teacher is sure of, from `cache` where an earlier run left them."""
    kept = cache / "find_clips.pickle"
    if kept.exists():
        with kept.open("rb") as file:
            pictures: list[Picture] = pickle.load(file)
        return pictures
    with (data / "scene" / "manifest.csv").open(newline="") as file:
        lines = [r for r in csv.DictReader(file) if r["kind"] == "clip" and r["task"] not in _SKIPPED]
    teacher = Teacher(data)
    pictures = []
    for n, line in enumerate(lines):
        pictures += _of_a_clip(data, line, teacher)
        show_rate(n + 1, len(lines), "clips")
    cache.mkdir(parents=True, exist_ok=True)
    with kept.open("wb") as out:
        pickle.dump(pictures, out, protocol=pickle.HIGHEST_PROTOCOL)
    return pictures


def _of_a_clip(data: Path, line: dict[str, str], teacher: Teacher) -> list[Picture]:
    video = cv2.VideoCapture(str(data / "scene" / line["path"]))
    count = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    wanted = set((np.linspace(0.08, 0.92, _FRAMES) * count).astype(int).tolist())
    pictures = []
    for n in range(count):
        if not video.grab():
            break
        if n not in wanted:
            continue
        frame = np.asarray(video.retrieve()[1], np.uint8)
        boxes, marks, covers = merge_teacher([], teacher.look(frame, _LONG_SIDE), False)
        if not (covers == FACE).any():
            continue
        k = np.float32(min(1.0, _KEPT_SIDE / max(frame.shape[:2])))
        grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
        if k < 1.0:
            grey = cv2.resize(grey, None, fx=float(k), fy=float(k), interpolation=cv2.INTER_AREA)
        group, path = "scene/" + (line["group"] or line["path"]), f"{line['path']}#{n}"
        told = f"person:{line['task']}"
        pictures.append(
            Picture(
                np.asarray(grey, np.uint8),
                "clip",
                line["source"],
                group,
                path,
                told,
                boxes * k,
                marks * k,
                covers,
            )
        )
    video.release()
    return pictures
