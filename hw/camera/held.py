"""What is held before a staged face: a print of it, leaned against the machine or held in a hand."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from hw.camera.covers import Layer, Marks
from hw.camera.port import ColourPicture

_NEARER: Final = 1.4
"""A print stands nearer to the camera than the face that it hides."""


def hold_up(
    picture: ColourPicture,
    paper: Layer,
    marks: Marks,
    at: tuple[float, float],
    unit: float,
    hand_s: float | None,
) -> None:
    """Puts a print into the picture, its eyes at `at`; `unit` is the size of the face that it hides.

    `hand_s`: the time at which a hand holds it, which is never quite still; None where it leans.
    """
    t = 0.0 if hand_s is None else hand_s
    sway = 0.0 if hand_s is None else 0.12 * unit
    scale = _NEARER * unit / marks.unit * (1.0 + 0.15 * sway / unit * math.sin(0.7 * t))
    roll = 0.3 * sway / unit * math.degrees(0.6 * math.sin(0.9 * t) + 0.2 * math.sin(2.6 * t))
    matrix = np.asarray(cv2.getRotationMatrix2D(marks.eyes, roll, scale), dtype=np.float64)
    right = sway * (math.sin(1.1 * t) + 0.3 * math.sin(3.7 * t + 1.0))
    down = 0.7 * sway * (math.sin(1.7 * t + 2.0) + 0.3 * math.sin(4.9 * t))
    matrix[:, 2] += (at[0] + right - marks.eyes[0], at[1] + down - marks.eyes[1])
    height, width = picture.shape[:2]
    shown = cv2.warpAffine(paper, matrix, (width, height), flags=cv2.INTER_LINEAR)
    there = shown[..., 3] > 127
    picture[there] = shown[..., :3][there]


def printed(person: Layer, marks: Marks) -> Layer:
    """The head on grey paper with a white edge; opaque where there is paper."""
    alpha = person[..., 3:].astype(np.float32) / 255.0
    paper = np.dstack([person[..., :3] * alpha + 150.0 * (1.0 - alpha), np.zeros(person.shape[:2])])
    left, right = (round(marks.eyes[0] + side * 2.4 * marks.unit) for side in (-1, 1))
    top, bottom = round(marks.eyes[1] - 2.2 * marks.unit), round(marks.eyes[1] + 2.9 * marks.unit)
    left, top = max(left, 0), max(top, 0)
    edge = max(2, round(0.12 * marks.unit))
    inside = np.zeros(paper.shape[:2], bool)
    inside[top + edge : bottom - edge, left + edge : right - edge] = True
    paper[top:bottom, left:right, 3] = 255.0
    paper[~inside, :3] = 235.0
    return np.asarray(np.clip(paper, 0, 255), np.uint8)
