"""Where a face lies in a scene: its size, how it leans, and what becomes of boxes and landmarks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey
from models.training.find.data import IGNORED, Boxes, Marks
from models.training.find.net import HEIGHT, WIDTH

_SWAP = np.array([2, 3, 0, 1, 4, 5, 8, 9, 6, 7])
"""Landmark columns after a left-right flip."""

Faces = tuple[Boxes, Marks, NDArray[np.int8]]
"""Boxes, landmarks and covers of the faces of one scene."""


def size(rng: np.random.Generator) -> float:
    """Face size in pixels: log-uniform, so that every octave is learnt alike."""
    return float(np.exp(rng.uniform(np.log(13.0), np.log(250.0))))


def turn(rng: np.random.Generator) -> float:
    """Radians by which a head leans: nearly half of them anything up to 50 degrees either way."""
    return float(np.deg2rad(rng.uniform(-50.0, 50.0) if rng.random() < 0.45 else rng.normal(0, 8.0)))


def pose(scale: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """2 x 2: a head that leans; one in six is short as one looking up or down."""
    angle = turn(rng)
    across, down = np.exp(rng.normal(0, 0.04, 2))
    if rng.random() < 0.17:
        down *= rng.uniform(0.66, 1.0)
    cos, sin = np.cos(angle), np.sin(angle)
    lean = np.array([[cos, -sin], [sin, cos]]) @ np.array([[across, rng.normal(0, 0.05)], [0.0, down]])
    return np.asarray(scale * lean, np.float64)


def mirror(width: int) -> NDArray[np.float64]:
    """3 x 3 that exchanges left and right of a picture of that width."""
    return np.array([[-1.0, 0, width - 1.0], [0, 1, 0], [0, 0, 1]])


def nothing() -> Faces:
    """No face."""
    return np.zeros((0, 4), np.float32), np.zeros((0, 10), np.float32), np.zeros(0, np.int8)


def moved(boxes: Boxes, marks: Marks, matrix: NDArray[np.float64], flip: bool) -> tuple[Boxes, Marks]:
    """Boxes (through their centres and sizes: turns do not blow them up) and landmarks after a warp."""
    if not len(boxes):
        return boxes.copy(), marks.copy()
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    centres = centres @ matrix[:, :2].T + matrix[:, 2]
    sizes = boxes[:, 2:] * np.array([np.hypot(*matrix[:, 0]), np.hypot(*matrix[:, 1])])
    points = marks.reshape(-1, 5, 2) @ matrix[:, :2].T + matrix[:, 2]
    after = points.reshape(-1, 10).astype(np.float32)
    if flip:
        after = after[:, _SWAP]
    return np.concatenate([centres - sizes / 2, sizes], axis=1).astype(np.float32), after


def clipped(
    boxes: Boxes, marks: Marks, covers: NDArray[np.int8], width: int = WIDTH, height: int = HEIGHT
) -> Faces:
    """Boxes cut by the picture's edge; what is less than 45 % inside is not learnt.

    Landmarks stay where they are, also beyond the edge: so the network says that eyes or mouth lie outside.
    """
    left, top = np.maximum(boxes[:, 0], 0), np.maximum(boxes[:, 1], 0)
    right = np.minimum(boxes[:, 0] + boxes[:, 2], width)
    bottom = np.minimum(boxes[:, 1] + boxes[:, 3], height)
    area = boxes[:, 2] * boxes[:, 3]
    seen = np.clip(right - left, 0, None) * np.clip(bottom - top, 0, None) / np.maximum(area, 1e-3)
    keep = (seen > 0.05) & (area > 1.0)
    covers = np.where(seen < 0.45, IGNORED, covers).astype(np.int8)
    cut = np.stack([left, top, right - left, bottom - top], axis=1).astype(np.float32)
    return cut[keep], marks[keep], covers[keep]


def turned(
    grey: Grey, boxes: Boxes, marks: Marks, face: int, rng: np.random.Generator
) -> tuple[Grey, Boxes, Marks]:
    """A picture turned about one of its faces; what was outside repeats its edge or is plain."""
    x, y, w, h = (float(v) for v in boxes[face])
    centre = np.array([x + w / 2, y + h / 2])
    lean = pose(1.0, rng)
    matrix = np.concatenate([lean, (centre - lean @ centre)[:, None]], axis=1)
    border = int(rng.choice([cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT_101, cv2.BORDER_CONSTANT]))
    plain = (float(rng.integers(0, 256)),)
    warped = cv2.warpAffine(
        grey, matrix, grey.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=border, borderValue=plain
    )
    boxes, marks = moved(boxes, marks, matrix, flip=False)
    return np.asarray(warped, np.uint8), boxes, marks


def fitted(part: Grey, boxes: Boxes, marks: Marks, rng: np.random.Generator) -> tuple[Grey, Boxes, Marks]:
    """The picture, half of the time made small first, scaled to fit the network's input or smaller."""
    longest = max(part.shape)
    if longest > 32 and rng.random() < 0.5:
        k = float(np.exp(rng.uniform(np.log(24.0 / longest), 0.0)))
        part = np.asarray(cv2.resize(part, None, fx=k, fy=k, interpolation=cv2.INTER_AREA), np.uint8)
        boxes, marks = boxes * np.float32(k), marks * np.float32(k)
    k = min(WIDTH / part.shape[1], HEIGHT / part.shape[0], 3.0)
    if rng.random() < 0.35:
        k *= float(rng.uniform(0.35, 1.0))
    method = cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR
    wide, high = min(WIDTH, max(1, round(part.shape[1] * k))), min(HEIGHT, max(1, round(part.shape[0] * k)))
    part = np.asarray(cv2.resize(part, (wide, high), interpolation=method), np.uint8)
    boxes, marks = boxes * np.float32(k), marks * np.float32(k)
    if rng.random() < 0.5:
        part = np.ascontiguousarray(part[:, ::-1])
        boxes, marks = moved(boxes, marks, mirror(part.shape[1])[:2], flip=True)
    return part, boxes, marks
