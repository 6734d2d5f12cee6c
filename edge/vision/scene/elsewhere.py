"""Looks for the learnt view elsewhere in the picture: the proof that a camera was turned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from edge.vision.scene.cells import Cells, Floats

_ANGLES_DEG: Final = (0.0, -5.0, 5.0, -10.0, 10.0, -15.0, 15.0, -20.0, 20.0)
_LEAST_OVERLAP: Final = 0.35
_ALIKE: Final = 0.5
_BETTER: Final = 0.2
"""Correlation of the strengths of edges where the two overlap, and by how much it is more than in the old
place. Of 264 turned cameras 98 % had both; another room reached 0.33, somebody close 0.44 (33 of each)."""
_LEAST_PX: Final = 1.5


@dataclass(frozen=True, slots=True)
class Found:
    """The view is `right_px`, `down_px` (of the quarter-size picture) and `turned_deg` from where it was."""

    right_px: float
    down_px: float
    turned_deg: float
    likeness: float


def find_elsewhere(learnt: Cells, now: Cells) -> Found | None:
    """Where the learnt view is now, or None. By phase correlation of edge strengths, for some rotations each.

    Kuglin and Hines, "The phase correlation image alignment method", 1975.
    """
    was, seen = _strength(learnt), _strength(now)
    h, w = was.shape
    at_rest = _correlation(was, seen)
    window = _window(w, h)
    shown = seen * window
    best: Found | None = None
    for angle in _ANGLES_DEG:
        turn = cv2.getRotationMatrix2D((w / 2, h / 2), angle, 1.0)
        rotated = np.asarray(cv2.warpAffine(was, turn, (w, h)), dtype=np.float32) if angle else was
        (dx, dy), _ = cv2.phaseCorrelate(rotated * window, shown)
        if abs(dx) > w * (1 - _LEAST_OVERLAP) or abs(dy) > h * (1 - _LEAST_OVERLAP):
            continue
        x, y = round(dx), round(dy)
        ours = rotated[max(0, -y) : h - max(0, y), max(0, -x) : w - max(0, x)]
        theirs = seen[max(0, y) : h - max(0, -y), max(0, x) : w - max(0, -x)]
        alike = _correlation(ours, theirs)
        if best is None or alike > best.likeness:
            best = Found(dx, dy, angle, alike)
    if best is None or best.likeness < max(_ALIKE, at_rest + _BETTER):
        return None
    far = abs(best.right_px) + abs(best.down_px) >= _LEAST_PX or best.turned_deg != 0.0
    return best if far else None


def _strength(cells: Cells) -> Floats:
    strength = np.sqrt(np.asarray(cv2.magnitude(cells.right, cells.down), dtype=np.float32))
    return np.asarray(cv2.GaussianBlur(strength, (0, 0), 1.0), dtype=np.float32)


@lru_cache(maxsize=4)
def _window(width: int, height: int) -> Floats:
    return np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F), dtype=np.float32)


def _correlation(a: Floats, b: Floats) -> float:
    x, y = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / scale if scale > 1e-3 else 0.0
