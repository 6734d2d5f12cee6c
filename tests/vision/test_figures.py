"""How good a picture is: each number answers to its own change, and to no other."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.terms.observation import PictureFigures
from edge.vision.scene.background import shrink
from edge.vision.scene.figures import EVERY_S, Figures
from tests.worlds.tampering import drawn_room

Floats = NDArray[np.float32]
NOISE = 1.5


def room() -> Floats:
    drawn = cv2.resize(drawn_room(3), (720, 560), interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(1).normal(0.0, 6.0, drawn.shape).astype(np.float32)
    return np.asarray(drawn * 0.7 + 30.0 + cv2.GaussianBlur(grain, (0, 0), 0.8), np.float32)


def taken(picture: Floats, noise: float = NOISE, seed: int = 0) -> NDArray[np.uint8]:
    grain = np.random.default_rng(seed).normal(0.0, noise, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def figures(picture: Floats, noise: float = NOISE, reference: Floats | None = None) -> PictureFigures:
    eye = Figures(() if reference is None else (taken(reference, seed=9),))
    first, second = taken(picture, noise, 1), taken(picture, noise, 2)
    assert eye.update(first, shrink(first), 0.0) is None
    found = eye.update(second, shrink(second), 0.1)
    assert found is not None
    return found


WHOLE = room()
VIEW = WHOLE[40:520, 40:680]


def test_noise_is_measured_and_changes_nothing_else() -> None:
    calm, noisy = figures(VIEW), figures(VIEW, 4.0)
    assert calm.noise == pytest.approx(NOISE, rel=0.1)
    assert noisy.noise == pytest.approx(4.0, rel=0.1)
    assert noisy.detail == pytest.approx(calm.detail, abs=0.05)
    assert noisy.contrast == pytest.approx(calm.contrast, abs=0.03)


def test_less_light_is_less_light_and_neither_dirt_nor_blur() -> None:
    bright, dark = figures(VIEW), figures(VIEW * np.float32(0.6))
    assert dark.light == pytest.approx(0.6 * bright.light, rel=0.02)
    assert dark.detail == pytest.approx(bright.detail, abs=0.06)
    assert dark.contrast == pytest.approx(bright.contrast, abs=0.08)


@pytest.mark.parametrize("sigma", [0.8, 1.2, 2.0])
def test_a_focus_that_creeps_takes_detail(sigma: float) -> None:
    blurred = np.asarray(cv2.GaussianBlur(VIEW, (0, 0), sigma), np.float32)
    assert figures(blurred).detail < figures(VIEW).detail - 0.25 * sigma
    assert figures(blurred).contrast == pytest.approx(figures(VIEW).contrast, abs=0.2)


def test_a_veil_takes_contrast_and_dirt_on_half_the_lens_half_of_that() -> None:
    veil = np.asarray(VIEW * 0.6 + 0.4 * VIEW.mean(), np.float32)
    half = VIEW.copy()
    half[:, :320] = veil[:, :320]
    clean, veiled, spotted = (figures(one).contrast for one in (VIEW, veil, half))
    assert veiled < clean - 0.3
    assert spotted == pytest.approx((clean + veiled) / 2.0, abs=0.12)


@pytest.mark.parametrize(("right", "down"), [(0, 3), (-7, 12), (40, 0)])
def test_a_camera_that_sags_is_told_in_pixels(right: int, down: int) -> None:
    """Down: what stood at a height stands lower in the picture."""
    seen = WHOLE[40 - down : 520 - down, 40 - right : 680 - right]
    shift = figures(np.ascontiguousarray(seen), reference=VIEW).shift
    assert shift is not None
    assert shift == pytest.approx((right, down), abs=1.2)


def test_without_a_reference_or_with_one_of_elsewhere_nothing_has_a_place() -> None:
    assert figures(VIEW).shift is None
    other = np.asarray(cv2.resize(drawn_room(11), (640, 480)), np.float32)
    assert figures(VIEW, reference=other).shift is None


def test_it_looks_seldom_and_only_at_two_pictures_one_after_the_other() -> None:
    eye = Figures()
    picture = taken(VIEW)
    small = shrink(picture)
    said = [at_s for at_s in np.arange(0.0, 3 * EVERY_S, 0.2) if eye.update(picture, small, float(at_s))]
    assert np.diff(said) == pytest.approx([EVERY_S + 0.2] * (len(said) - 1), abs=0.25)
    eye = Figures()
    eye.update(picture, small, 0.0)
    eye.skip()
    assert eye.update(picture, small, 0.2) is None
    assert eye.update(picture, small, 0.4) is not None
