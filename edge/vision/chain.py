"""Grey, noise removal, threshold, sharpening: the chain that earlier work puts before its network.

The four stages and their formulas are those of that work; where it leaves something open, what is done here
is said below. Every stage is height x width, uint8, grey levels 0 (black) to 255 (white). Nothing here
decides about the door: measured beside plain pictures the chain loses (`models/chain.md`), so it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.chain import ChainSettings, ThresholdMethod

Grey = NDArray[np.uint8]
"""Height x width, 0 to 255."""

Picture = NDArray[np.uint8]
"""Height x width (grey), or height x width x 3 (blue, green, red) or 4 (with alpha)."""

_HIGH_PASS: Final = np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], np.float32) / 9
_DRAWN_BRIGHTER: Final = 4
_MOST_TURNS: Final = 512
"""Of the iterative threshold. It only moves one way after the first turn, so 257 are enough."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What each stage of the chain makes of a picture, all of one size, and the level of the threshold."""

    grey: Grey
    median: Grey
    thresholded: Grey
    sharpened: Grey
    level: float
    method: ThresholdMethod

    def pictures(self) -> dict[str, Grey]:
        """The four, in order, by the names of their files."""
        return {
            "1-grey": self.grey,
            "2-median": self.median,
            "3-threshold": self.thresholded,
            "4-sharpened": self.sharpened,
        }


def titles(stages: Stages) -> tuple[tuple[str, Grey], ...]:
    """The four as they are drawn on a sheet, and what is written below each, in English.

    The fonts that draw know ASCII. The last stage is too dark for the eye: it is drawn brighter.
    """
    return (
        ("1 grey", stages.grey),
        ("2 median 3x3, zero border", stages.median),
        (f"3 threshold to zero, level {stages.level:.1f} ({stages.method.value})", stages.thresholded),
        (
            f"4 high-pass 3x3, negatives 0; drawn {_DRAWN_BRIGHTER}x brighter",
            np.minimum(stages.sharpened, 255 // _DRAWN_BRIGHTER) * np.uint8(_DRAWN_BRIGHTER),
        ),
    )


def stages_of(picture: Picture, how: ChainSettings) -> Stages:
    """The whole chain on one picture of any size. ValueError where it is none."""
    grey = weighted_grey(picture)
    median = median_3x3(grey)
    level = level_of(median, how)
    kept = to_zero(median, level)
    return Stages(grey, median, kept, sharpen(kept), level, how.chain_threshold)


def weighted_grey(picture: Picture) -> Grey:
    """Y = 0.299 R + 0.587 G + 0.114 B, rounded: the weights of ITU-R BT.601, which the earlier work has.

    OpenCV computes with weights of 15 bits, so it may round the other way within 0.02 of a half level. A
    grey picture stays as it is. ValueError where it is no picture of uint8.
    """
    if picture.dtype != np.uint8 or picture.size == 0:
        raise ValueError(f"a picture holds uint8 pixels, not {picture.dtype} {picture.shape}")
    if picture.ndim == 2:
        return picture
    if picture.ndim != 3 or picture.shape[2] not in (1, 3, 4):
        raise ValueError(f"a picture is grey or has 3 or 4 colours, not {picture.shape}")
    if picture.shape[2] == 1:
        return np.ascontiguousarray(picture[:, :, 0])
    code = cv2.COLOR_BGR2GRAY if picture.shape[2] == 3 else cv2.COLOR_BGRA2GRAY
    return np.asarray(cv2.cvtColor(picture, code), np.uint8)


def median_3x3(grey: Grey) -> Grey:
    """The fifth of the nine levels in each 3 x 3 square; outside the picture all is 0.

    So a corner keeps its level only where all of its four are bright, and the rim grows dark: that is
    the zero border of the earlier work. OpenCV alone would repeat the border's pixels.
    """
    framed = cv2.copyMakeBorder(grey, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=(0.0,))
    return np.ascontiguousarray(np.asarray(cv2.medianBlur(framed, 3), np.uint8)[1:-1, 1:-1])


def level_of(grey: Grey, how: ChainSettings) -> float:
    """The level that parts dark (at or below it) from bright, by the method of the settings."""
    match how.chain_threshold:
        case ThresholdMethod.OTSU:
            return otsu_level(grey)
        case ThresholdMethod.ITERATIVE:
            return iterative_level(grey, how.chain_initial_level, how.chain_tolerance_levels)
        case ThresholdMethod.MANUAL:
            return how.chain_manual_level
        case _:
            assert_never(how.chain_threshold)


def otsu_level(grey: Grey) -> float:
    """The level t with the largest variance between classes, p0(t) p1(t) (m1(t) - m0(t))^2, whole.

    p and m are share and mean level of the pixels at or below t and of those above (Otsu, *A threshold
    selection method from gray-level histograms*, 1979). 0 for a picture of one level.
    """
    level, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return float(level)


def iterative_level(grey: Grey, initial_level: float, tolerance_levels: float) -> float:
    """t = (m0(t) + m1(t)) / 2, again and again from `initial_level` until it moves less than the tolerance.

    m0 and m1 are the mean levels of the pixels at or below t and of those above (Ridler and Calvard, *Picture
    thresholding using an iterative selection method*, 1978). Where one class is empty, t is the mean of the
    other: so any beginning finds its way into the picture's levels. Computed from the histogram.
    """
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    count = np.cumsum(counts)
    total = np.cumsum(counts * np.arange(256))
    level = initial_level
    for _ in range(_MOST_TURNS):
        at = int(level)
        below, above = count[at], count[255] - count[at]
        means = []
        if below:
            means.append(float(total[at] / below))
        if above:
            means.append(float((total[255] - total[at]) / above))
        found = sum(means) / len(means)
        moved = abs(found - level)
        level = found
        if moved < tolerance_levels:
            break
    return level


def to_zero(grey: Grey, level: float) -> Grey:
    """f(x, y) where it is above the level, else 0: what is bright keeps its levels, what is dark is black."""
    return np.asarray(cv2.threshold(grey, level, 255, cv2.THRESH_TOZERO)[1], np.uint8)


def sharpen(grey: Grey) -> Grey:
    """(8 f(x, y) - sum of the eight around it) / 9, rounded, negative ones 0; the border is repeated.

    The high-pass mask of the earlier work: even ground becomes 0, what is brighter than what lies around it
    stays, at most 227. A ninth is never half way between two levels, so there is one way to round.
    """
    return np.asarray(cv2.filter2D(grey, cv2.CV_8U, _HIGH_PASS, borderType=cv2.BORDER_REPLICATE), np.uint8)
