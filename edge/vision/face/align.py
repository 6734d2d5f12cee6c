"""Turns a face upright and cuts it out by its five landmarks and its box, at one mean and contrast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, Point

Grey = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Int8 = NDArray[np.int8]
Landmarks = tuple[Point, Point, Point, Point, Point]

SIZE_PX: Final = 64
"""Side of the network's input."""

EXTENT: Final = 1.25
"""Side of the cut in face sizes (see `Frame`): chin, forehead and ears with a margin for a poor box."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a face is and how it stands: centre and size in pixels, `roll_rad` clockwise in the picture."""

    x: float
    y: float
    size: float
    roll_rad: float


def frame_of(box: Box, landmarks: Landmarks | None) -> Frame:
    """The face's frame from its box and landmarks; from the box alone where there are none.

    Size is the geometric mean of what the box and what the landmarks say, the centre their midpoint, so an
    error of either is halved. In profile the eyes fall together and in a nod the mouth rises: the larger of
    the two distances counts. The factors are medians of YuNet's output over the training pictures.
    """
    left, top, width, height = box
    size = math.sqrt(max(width, 1.0) * max(height, 1.0))
    x, y = left + width / 2, top + height / 2
    if landmarks is None:
        return Frame(x, y, size, 0.0)
    eye_l, eye_r, _, mouth_l, mouth_r = landmarks
    eyes = ((eye_l[0] + eye_r[0]) / 2, (eye_l[1] + eye_r[1]) / 2)
    mouth = ((mouth_l[0] + mouth_r[0]) / 2, (mouth_l[1] + mouth_r[1]) / 2)
    down = (mouth[0] - eyes[0], mouth[1] - eyes[1])
    # "Right" three times over, each weighted with its own length: eyes, mouth, and the upright axis turned.
    right = (
        eye_r[0] - eye_l[0] + mouth_r[0] - mouth_l[0] + down[1],
        eye_r[1] - eye_l[1] + mouth_r[1] - mouth_l[1] - down[0],
    )
    seen = max(2.5 * math.hypot(eye_r[0] - eye_l[0], eye_r[1] - eye_l[1]), 2.45 * math.hypot(*down))
    seen = min(max(seen, 0.6 * size), 1.6 * size)
    roll = math.atan2(right[1], right[0]) if math.hypot(*right) > 1e-6 else 0.0
    return Frame(
        (x + (eyes[0] + mouth[0]) / 2) / 2,
        (y + (eyes[1] + mouth[1]) / 2) / 2,
        math.sqrt(size * seen),
        roll,
    )


def matrix_of(frame: Frame, size_px: int = SIZE_PX, extent: float = EXTENT) -> Matrix:
    """2x3: from picture pixels to those of an upright cut, `size_px` and `extent` face sizes wide."""
    scale = size_px / (extent * max(frame.size, 1.0))
    c, s = scale * math.cos(frame.roll_rad), scale * math.sin(frame.roll_rad)
    half = (size_px - 1) / 2
    return np.array(
        [[c, s, half - c * frame.x - s * frame.y], [-s, c, half + s * frame.x - c * frame.y]], np.float64
    )


def align(picture: Grey, frame: Frame, size_px: int = SIZE_PX, extent: float = EXTENT) -> Grey:
    """The upright cut, `size_px` square. Beyond the picture's edge its last pixels are repeated.

    A face much larger than the cut is first made smaller by areas, otherwise single pixels would decide.
    """
    shrink = int(extent * frame.size / size_px)
    if shrink >= 2:
        # Half the cut's diagonal and a little more.
        reach = 0.75 * extent * frame.size
        x0, y0 = max(0, int(frame.x - reach)), max(0, int(frame.y - reach))
        high, wide = picture.shape
        x1, y1 = min(wide, int(frame.x + reach) + 1), min(high, int(frame.y + reach) + 1)
        if x1 - x0 >= shrink and y1 - y0 >= shrink:
            width, height = (x1 - x0) // shrink, (y1 - y0) // shrink
            region = picture[y0 : y0 + height * shrink, x0 : x0 + width * shrink]
            picture = np.asarray(cv2.resize(region, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
            frame = Frame(
                (frame.x - x0 + 0.5) / shrink - 0.5,
                (frame.y - y0 + 0.5) / shrink - 0.5,
                frame.size / shrink,
                frame.roll_rad,
            )
    cut = cv2.warpAffine(
        picture,
        matrix_of(frame, size_px, extent),
        (size_px, size_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(cut, np.uint8)


def normalise(cut: Grey) -> Int8:
    """The network's input, same shape: mean 0, standard deviation 48 steps, clipped to int8.

    Exposure and contrast of a cabin camera say nothing of a cover. A cut without contrast is left flat.
    """
    mean, deviation = cv2.meanStdDev(cut)
    scale = 48.0 / max(float(deviation[0, 0]), 6.0)
    levels = np.rint((cut.astype(np.float32) - np.float32(mean[0, 0])) * np.float32(scale))
    steps: Int8 = np.clip(levels, -128, 127).astype(np.int8)
    return steps
