"""How good the picture of the empty cabin is: its light, detail, contrast, noise, and its place.

Of two pictures one after the other, now and then. What is the same in both is the cabin, what is not is the
sensor's noise: so detail is the product of the two pictures' fine bands, in which independent noise cancels,
and noise is their difference. Each number is a mean over squares of the picture, of logarithms: dirt on half
of the lens counts half, and a light twice as strong changes no detail and no contrast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from edge.terms.observation import PictureFigures
from edge.vision.scene.background import Floats, shrink
from hw.camera.port import GreyPicture

EVERY_S: Final = 10.0
_TILES: Final = (8, 6)
_FINE_PX, _COARSE_PX, _WIDE_PX = 1.0, 2.5, 6.0
_LONGEST_PX: Final = 640
_FINE_FLOOR, _COARSE_FLOOR = 2e-6, 1e-4
"""Of the light, squared: what is weaker is a bare wall, of which nothing can be said."""
_DARK_LEVELS: Final = 4.0
_TRIM_LEVELS: Final = 24.0
_PEAK: Final = 0.3
"""The share of all correlation in one place under which two pictures are not of one view."""
_FURTHEST: Final = 0.2


class Figures:
    """Of one camera. `references`: its own pictures of the empty cabin; without them nothing has a place."""

    def __init__(self, references: Sequence[GreyPicture] = ()) -> None:
        self._references = tuple(_lines(shrink(picture)) for picture in references)
        self._due_s = float("-inf")
        self._before: GreyPicture | None = None

    def update(self, grey: GreyPicture, small: GreyPicture, at_s: float) -> PictureFigures | None:
        """The figures where it is time for them, from this picture and the one before; else None.

        `small` is `grey` at quarter size. The caller shows it sound pictures of an empty cabin alone.
        """
        if at_s < self._due_s:
            return None
        before, self._before = self._before, grey.copy()
        if before is None or before.shape != grey.shape:
            return None
        self._before = None
        self._due_s = at_s + EVERY_S
        return self._of(before, grey, small)

    def skip(self) -> None:
        """This picture is of no empty cabin: two beside it are not one after the other."""
        self._before = None

    def _of(self, before: GreyPicture, now: GreyPicture, small: GreyPicture) -> PictureFigures:
        one, two = _working(before), _working(now)
        fine_1, coarse_1 = _bands(one)
        fine_2, coarse_2 = _bands(two)
        light = _tiled(two)
        lit = np.square(light + np.float32(_DARK_LEVELS))
        fine = np.maximum(_tiled(fine_1 * fine_2) / lit, 0.0) + np.float32(_FINE_FLOOR)
        coarse = np.maximum(_tiled(coarse_1 * coarse_2) / lit, 0.0) + np.float32(_COARSE_FLOOR)
        change = np.clip(two - one, -_TRIM_LEVELS, _TRIM_LEVELS)
        return PictureFigures(
            light=float(light.mean()),
            detail=float(0.5 * np.log(fine / coarse).mean()),
            contrast=float(0.5 * np.log(coarse).mean()),
            noise=float(np.sqrt(0.5 * np.square(change).mean())),
            shift=self._shift(small, max(now.shape) / max(small.shape)),
        )

    def _shift(self, small: GreyPicture, factor: float) -> tuple[float, float] | None:
        """How far the view lies right and down of where it was learnt, in pixels of the whole picture.

        By phase correlation (Kuglin and Hines, 1975) with the reference that fits best; None where none does.
        """
        now = _lines(small)
        window = np.asarray(cv2.createHanningWindow(small.shape[::-1], cv2.CV_32F), dtype=np.float32)
        best, found = _PEAK, None
        for reference in self._references:
            if reference.shape != now.shape:
                continue
            (right, down), peak = cv2.phaseCorrelate(reference.copy(), now.copy(), window)
            if peak > best and max(abs(right), abs(down)) < _FURTHEST * max(small.shape):
                best, found = peak, (float(right) * factor, float(down) * factor)
        return found


def _working(grey: GreyPicture) -> Floats:
    """At most as large as the networks' pictures, so that figures of every camera mean the same."""
    scale = _LONGEST_PX / max(grey.shape)
    if scale < 1.0:
        grey = np.asarray(
            cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
    return grey.astype(np.float32)


def _bands(picture: Floats) -> tuple[Floats, Floats]:
    """What is finer than a pixel or so, and what is some pixels wide."""
    fine = picture - cv2.GaussianBlur(picture, (0, 0), _FINE_PX)
    coarse = cv2.GaussianBlur(picture, (0, 0), _COARSE_PX) - cv2.GaussianBlur(picture, (0, 0), _WIDE_PX)
    return np.asarray(fine, dtype=np.float32), np.asarray(coarse, dtype=np.float32)


def _tiled(picture: Floats) -> Floats:
    return np.asarray(cv2.resize(picture, _TILES, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _lines(small: GreyPicture) -> Floats:
    """What a change of light leaves of a picture: its lines, each as strong as the next."""
    now = small.astype(np.float32)
    high = now - cv2.GaussianBlur(now, (0, 0), 4.0)
    return np.asarray(high / (np.abs(high) + 6.0), dtype=np.float32)
