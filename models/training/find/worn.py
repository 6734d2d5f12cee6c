"""Heads with a mask, a balaclava or a helmet that the scene pictures' own boxes mark, as faces.

The boxes `face_cover` and `helmet` go round the whole head, hair and all; looked at by eye, nearly all are
worn. Where the teacher saw the face too, its box and landmarks are taken; else the box is drawn in to where a
face lies.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from models.training.find.data import COVERED, FACE, IGNORED, Boxes, Picture

_LABELS = {"face_cover": COVERED, "helmet": FACE}
"""A helmet may be open or closed."""

_NO_FACE = {
    ("images/mausam/00151.jpg", 3),
    ("images/mausam/00558.jpg", 1),
    ("images/mausam/00710.jpg", 0),
    ("images/mausam/00794.jpg", 0),
    ("images/mausam/00818.jpg", 0),
    ("images/mausam/00948.jpg", 0),
    ("images/mausam/01091.jpg", 0),
}
"""Seen by eye: the back of a head, or nothing. Picture and number of the box among its heads."""

_LEAST_PX = 10.0


def mark_heads(pictures: list[Picture], data: Path) -> int:
    """Makes faces of the marked heads, in place; how many."""
    marked = json.loads((data / "scene" / "boxes.json").read_text())
    count = 0
    for picture in pictures:
        if picture.kind != "scene" or picture.path not in marked:
            continue
        heads = [(b["b"], b["c"]) for b in marked[picture.path] if b["c"] in _LABELS]
        for number, (corners, label) in enumerate(heads):
            if (picture.path, number) in _NO_FACE:
                continue
            height, width = picture.grey.shape
            box = np.array(corners, np.float32) * np.array([width, height, width, height], np.float32)
            if min(box[2:] - box[:2]) >= _LEAST_PX:
                _mark(picture, box, _LABELS[label])
                count += 1
    return count


def _mark(picture: Picture, head: Boxes, cover: int) -> None:
    """`head` is left, top, right, bottom in the picture's pixels."""
    centres = picture.boxes[:, :2] + picture.boxes[:, 2:] / 2
    inside = ((centres > head[:2]) & (centres < head[2:])).all(axis=1)
    by_teacher = inside & ~np.isnan(picture.marks).any(axis=1)
    if by_teacher.any():
        best = int(np.flatnonzero(by_teacher)[0])
        picture.covers[best] = cover
        keep = ~inside
        keep[best] = True
    else:
        w, h = head[2:] - head[:2]
        face = np.array([[head[0] + 0.1 * w, head[1] + 0.18 * h, 0.8 * w, 0.8 * h]], np.float32)
        picture.boxes = np.concatenate([picture.boxes, face])
        picture.marks = np.concatenate([picture.marks, np.full((1, 10), np.nan, np.float32)])
        picture.covers = np.append(picture.covers, np.int8(cover))
        # The head's place is known now: no wide guess at it is left out any more.
        keep = np.append(~(inside & (picture.covers[:-1] == IGNORED)), True)
        over = _within(picture.boxes[:-1], face[0])
        keep[:-1] &= ~(over & (picture.covers[:-1] == IGNORED))
    picture.boxes, picture.marks = picture.boxes[keep], picture.marks[keep]
    picture.covers = picture.covers[keep]


def _within(boxes: Boxes, face: Boxes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which boxes hold the middle of `face`."""
    x, y = float(face[0] + face[2] / 2), float(face[1] + face[3] / 2)
    held = (
        (boxes[:, 0] < x)
        & (x < boxes[:, 0] + boxes[:, 2])
        & (boxes[:, 1] < y)
        & (y < boxes[:, 1] + boxes[:, 3])
    )
    return np.asarray(held)
