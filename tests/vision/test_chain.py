"""The chain against a plain reference that was written without it: every size, every level, every border."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.terms.chain import ChainSettings, ThresholdMethod
from edge.vision.chain import (
    iterative_level,
    median_3x3,
    otsu_level,
    sharpen,
    stages_of,
    to_zero,
    weighted_grey,
)

Grey = NDArray[np.uint8]

FEW = settings(max_examples=30, deadline=None)
"""Of random pictures: a reference of loops is slow, and a picture holds many squares."""

LEVELS = st.one_of(st.integers(0, 255), st.sampled_from([0, 1, 127, 128, 254, 255]))


@st.composite
def greys(draw: st.DrawFn) -> Grey:
    """From 1 x 1; of a few levels or of all."""
    height, width = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    few = draw(st.lists(LEVELS, min_size=1, max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        return rng.choice(np.array(few, np.uint8), (height, width))
    return rng.integers(0, 256, (height, width), dtype=np.uint8)


# --- the reference: loops over pixels, whole numbers and fractions -----------------------------------------


def around(grey: Grey, y: int, x: int) -> list[int | None]:
    """The nine levels of a square, None outside the picture."""
    height, width = grey.shape
    return [
        int(grey[y + dy, x + dx]) if 0 <= y + dy < height and 0 <= x + dx < width else None
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    ]


def plain_median(grey: Grey) -> Grey:
    out = np.empty_like(grey)
    for y, x in np.ndindex(*grey.shape):
        out[y, x] = sorted(level or 0 for level in around(grey, y, x))[4]
    return out


def plain_sharpen(grey: Grey) -> Grey:
    height, width = grey.shape
    out = np.empty_like(grey)
    for y, x in np.ndindex(height, width):
        total = 0
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                level = int(grey[min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)])
                total += level * (8 if dy == dx == 0 else -1)
        out[y, x] = max(0, int(Fraction(total, 9) + Fraction(1, 2)) if total > 0 else 0)
    return out


def between(grey: Grey, level: int) -> Fraction:
    """The variance between the classes, exactly."""
    dark = [int(v) for v in grey.ravel() if v <= level]
    bright = [int(v) for v in grey.ravel() if v > level]
    if not dark or not bright:
        return Fraction(0)
    apart = Fraction(sum(bright), len(bright)) - Fraction(sum(dark), len(dark))
    return Fraction(len(dark) * len(bright), grey.size**2) * apart**2


# --- the stages ------------------------------------------------------------------------------------------


def test_the_grey_of_every_colour_is_within_rounding_of_the_weights() -> None:
    """Every red with every green, at each of some blues."""
    red, green = np.mgrid[0:256, 0:256].astype(np.uint8)
    for blue in (0, 1, 64, 127, 128, 200, 255):
        got = weighted_grey(np.dstack([np.full_like(red, blue), green, red])).astype(np.float64)
        exact = 0.299 * red + 0.587 * green + 0.114 * blue
        assert np.abs(got - exact).max() <= 0.5 + 0.02


def test_greys_and_other_pictures() -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert weighted_grey(grey) is grey
    assert np.array_equal(weighted_grey(grey[:, :, None]), grey)
    alpha = np.dstack([grey, grey, grey, np.full_like(grey, 9)])
    assert np.array_equal(weighted_grey(alpha), grey)
    for bad in (np.zeros((2, 2), np.float32), np.zeros((0, 4), np.uint8), np.zeros((2, 2, 2), np.uint8)):
        with pytest.raises(ValueError, match="a picture"):
            weighted_grey(bad)  # type: ignore[arg-type]


@given(greys())
@FEW
def test_the_median_is_the_fifth_of_nine_with_black_around(grey: Grey) -> None:
    assert np.array_equal(median_3x3(grey), plain_median(grey))


@given(greys())
@FEW
def test_sharpening_is_the_mask_over_a_repeated_border(grey: Grey) -> None:
    assert np.array_equal(sharpen(grey), plain_sharpen(grey))


def test_sharpening_has_every_ninth_right() -> None:
    """One pixel among eight of another level: all 65,536 pairs, so every sum and every rounding."""
    centre, ring = np.mgrid[0:256, 0:256].astype(np.uint8)
    tiles = np.kron(ring, np.ones((3, 3), np.uint8))
    tiles[1::3, 1::3] = centre
    wanted = np.clip(np.floor(8 * (centre.astype(int) - ring.astype(int)) / 9 + 0.5), 0, 255)
    assert np.array_equal(sharpen(tiles)[1::3, 1::3], wanted)


@given(greys(), st.one_of(LEVELS, st.floats(0, 255)))
@FEW
def test_what_is_above_the_level_stays_and_the_rest_is_black(grey: Grey, level: float) -> None:
    assert np.array_equal(to_zero(grey, level), np.where(grey > level, grey, 0))


@given(greys())
@FEW
def test_otsu_has_the_largest_variance_between_classes(grey: Grey) -> None:
    level = otsu_level(grey)
    assert level == int(level)
    best = max(between(grey, int(at)) for at in set(grey.ravel()))  # between two of them nothing changes
    # OpenCV compares in floating point: of levels that are alike to 1e-9 it may take any.
    assert float(between(grey, int(level))) >= float(best) * (1 - 1e-9)
    if not best:
        assert level == 0
    also, binary = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    assert level == also
    assert np.array_equal(to_zero(grey, level), np.where(binary > 0, grey, 0))


@given(greys(), st.floats(0, 255), st.floats(0.01, 8))
@FEW
def test_the_iterative_level_stands_still_between_the_means(
    grey: Grey, initial: float, tolerance: float
) -> None:
    level = iterative_level(grey, initial, tolerance)
    assert int(grey.min()) <= level <= int(grey.max())
    values = grey.ravel().astype(np.float64)

    def step(at: float) -> float:
        means = [side.mean() for side in (values[values <= at], values[values > at]) if side.size]
        return float(sum(means) / len(means))

    at = initial
    for _ in range(1000):  # the definition itself, on the pixels
        last, at = at, step(at)
        if abs(at - last) < tolerance:
            break
    assert level == pytest.approx(at, abs=1e-6)
    assert abs(at - last) < tolerance


def test_two_even_halves_are_parted_in_their_middle_from_any_beginning() -> None:
    grey = np.repeat(np.array([[40, 200]], np.uint8), 50, axis=1)
    for initial in (0.0, 39.9, 40.0, 127.0, 200.0, 255.0):
        assert iterative_level(grey, initial, 0.01) == pytest.approx(120.0)
    assert iterative_level(np.full((3, 3), 77, np.uint8), 10.0, 0.5) == 77.0


@given(greys(), st.sampled_from(ThresholdMethod), st.integers(0, 255))
@FEW
def test_the_chain_is_its_stages_one_after_the_other(
    grey: Grey, method: ThresholdMethod, manual: int
) -> None:
    how = ChainSettings(chain_threshold=method, chain_manual_level=float(manual))
    stages = stages_of(np.dstack([grey] * 3), how)
    assert np.array_equal(stages.grey, grey)
    assert np.array_equal(stages.median, plain_median(grey))
    assert np.array_equal(stages.thresholded, np.where(stages.median > stages.level, stages.median, 0))
    assert np.array_equal(stages.sharpened, plain_sharpen(stages.thresholded))
    if method is ThresholdMethod.MANUAL:
        assert stages.level == manual
