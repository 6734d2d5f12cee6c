"""A picture of the machine laid over an earlier one: the camera's shift, slight turn and zoom, taken out.

Corners of the earlier picture are followed into the present one (Lucas and Kanade's flow over a pyramid,
Bouguet 2001, forwards and back), both with their light taken out, and one similarity is fitted to those that
agree (RANSAC, Fischler and Bolles 1981). What was added or hidden is among those that do not. Where too few
agree, or the camera has moved by more than a knock would, there is no answer: nothing is compared then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]
Matrix = NDArray[np.float64]

SHIFT_MAX: Final = 0.08
"""Of the picture's longer side, at its middle."""
TURN_MAX_DEG: Final = 4.0
ZOOM_MAX: Final = 0.06
_SOFT_PX: Final = 1.0
"""Blur against noise, which would give a plain surface corners that are elsewhere in each picture."""
_SIGMA_PX: Final = 5.0
_SOFT_LEVELS: Final = 5.0
"""Added to the local contrast, so that a plain surface's noise does not become texture."""
_CORNERS: Final = 160
_APART_PX: Final = 8
_WINDOW_PX: Final = 21
_LEVELS: Final = 4
_BACK_PX: Final = 0.8
"""A corner that is followed there and back ends where it began, or was not found."""
_AGREE_PX: Final = 1.2
_LEAST_CORNERS: Final = 10
_LEAST_SHARE: Final = 0.35
_FLAT: Final = 0.15
"""Ratio of the spreads of the agreeing corners: all along one line fix no turn and no zoom."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """`matrix` (2x3) takes x, y of the earlier picture to x, y of the present one.

    `share`: how many of the corners that were followed agree.
    """

    matrix: Matrix
    share: float


class Aligner:
    """Lays pictures over `base`. `where`: non-zero where its corners may lie (same shape), None: anywhere."""

    def __init__(self, base: GreyPicture, where: NDArray[np.uint8] | None = None) -> None:
        self._even = even_light(base)
        self._shape = base.shape
        self._corners = _corners(self._even, where)
        if len(self._corners) < 3 * _LEAST_CORNERS:
            self._corners = _corners(self._even, None)
        self._last: Matrix = np.eye(2, 3)
        self.why = ""
        """Why the newest picture could not be laid over; empty where it could."""

    @property
    def corners(self) -> int:
        """How many corners there are to follow: with fewer than 10 no picture can be laid over."""
        return len(self._corners)

    def align(self, grey: GreyPicture) -> Aligned | None:
        """The present picture, of the same size as the base; None, with `why`, where it cannot be done."""
        self.why = ""
        if grey.shape != self._shape:
            self.why = (
                f"{grey.shape[1]}x{grey.shape[0]} pixels where {self._shape[1]}x{self._shape[0]} were learnt"
            )
            return None
        if len(self._corners) < _LEAST_CORNERS:
            self.why = "nothing with corners to hold on to"
            return None
        even = even_light(grey)
        found = self._followed(even, self._last)
        if found is None and not np.array_equal(self._last, np.eye(2, 3)):
            found = self._followed(even, np.eye(2, 3))
        if found is None:
            self.why = "too little of it is found again"
            return None
        self.why = self._beyond(found.matrix)
        if self.why:
            return None
        self._last = found.matrix
        return found

    def _followed(self, even: GreyPicture, guess: Matrix) -> Aligned | None:
        begun = self._corners
        guessed = _moved(begun, guess)
        window = (_WINDOW_PX, _WINDOW_PX)
        flags = cv2.OPTFLOW_USE_INITIAL_FLOW
        there, ok, _ = cv2.calcOpticalFlowPyrLK(
            self._even, even, begun, guessed.copy(), winSize=window, maxLevel=_LEVELS, flags=flags
        )
        back, ok_back, _ = cv2.calcOpticalFlowPyrLK(
            even, self._even, there, begun.copy(), winSize=window, maxLevel=_LEVELS, flags=flags
        )
        away = np.linalg.norm((back - begun).reshape(-1, 2), axis=1)
        good = (ok.ravel() > 0) & (ok_back.ravel() > 0) & (away < _BACK_PX)
        if np.count_nonzero(good) < _LEAST_CORNERS:
            return None
        src, dst = begun[good].reshape(-1, 2), there[good].reshape(-1, 2)
        fitted, inliers = cv2.estimateAffinePartial2D(
            src, dst, method=cv2.RANSAC, ransacReprojThreshold=_AGREE_PX, maxIters=1000, confidence=0.995
        )
        if fitted is None:
            return None
        agree = inliers.ravel() > 0
        count = int(np.count_nonzero(agree))
        if count < max(_LEAST_CORNERS, _LEAST_SHARE * len(begun)):
            return None
        spread = np.sqrt(np.abs(np.linalg.eigvalsh(np.cov(src[agree].T))))
        if spread[0] < _FLAT * spread[1]:
            return None
        matrix = np.asarray(fitted, dtype=np.float64)
        return Aligned(matrix, count / len(src))

    def _beyond(self, matrix: Matrix) -> str:
        height, width = self._shape
        middle = np.array([(width - 1) / 2.0, (height - 1) / 2.0, 1.0])
        shift = float(np.linalg.norm(matrix @ middle - middle[:2]))
        zoom = float(np.hypot(matrix[0, 0], matrix[1, 0]))
        turn = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
        if shift > SHIFT_MAX * max(height, width):
            return f"the camera has moved by {shift:.0f} pixels"
        if abs(turn) > TURN_MAX_DEG:
            return f"the camera has turned by {abs(turn):.1f} degrees"
        if abs(zoom - 1.0) > ZOOM_MAX:
            return f"the picture is {100.0 * abs(zoom - 1.0):.0f} % {'larger' if zoom > 1.0 else 'smaller'}"
        return ""


def even_light(grey: GreyPicture) -> GreyPicture:
    """The picture without its light: each pixel against the mean and the spread around it, about 128."""
    x = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _SOFT_PX)
    mean = cv2.GaussianBlur(x, (0, 0), _SIGMA_PX)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(x * x, (0, 0), _SIGMA_PX) - mean * mean, 0.0))
    even = np.clip(128.0 + 48.0 * (x - mean) / (spread + _SOFT_LEVELS), 0, 255)
    return np.asarray(even, dtype=np.uint8)


def _corners(even: GreyPicture, where: NDArray[np.uint8] | None) -> Floats:
    found: object = cv2.goodFeaturesToTrack(even, _CORNERS, 0.02, _APART_PX, mask=where, blockSize=7)
    # None where there is no corner at all, which the library's types do not say.
    return found.astype(np.float32) if isinstance(found, np.ndarray) else np.zeros((0, 1, 2), np.float32)


def _moved(points: Floats, matrix: Matrix) -> Floats:
    flat = points.reshape(-1, 2).astype(np.float64)
    moved = flat @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved, dtype=np.float32).reshape(-1, 1, 2)
