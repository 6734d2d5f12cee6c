"""The fight network's eye: what it cuts out, when it looks, and that it says nothing without two bodies."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.vision.scene.fight import (
    HEIGHT_PX,
    WIDTH_PX,
    FightEye,
    detail_of,
    moved_box,
    window_of,
)

H, W = 240, 320


@pytest.fixture(scope="module")
def eye_dir(repo: Path) -> Path:
    return repo / "models"


def _room() -> NDArray[np.uint8]:
    coarse = np.random.default_rng(5).integers(60, 180, (H // 20, W // 20)).astype(np.uint8)
    return np.kron(coarse, np.ones((20, 20), np.uint8)).astype(np.uint8)


def _with(x: int, y: int = 80, w: int = 30, h: int = 90) -> NDArray[np.uint8]:
    picture = _room()
    picture[y : y + h, x : x + w] = 235
    return picture


def test_the_cut_is_where_something_moved_and_lies_in_the_picture() -> None:
    left, top, wide, high = moved_box([_with(200 + 4 * n) for n in range(8)]) or (0.0, 0.0, 0.0, 0.0)
    assert left <= 200
    assert left + wide >= 200 + 28 + 30
    assert top <= 80
    assert top + high >= 170
    assert left >= 0.0
    assert left + wide <= W + 1e-6
    assert top + high <= H + 1e-6
    assert high < H
    assert wide / high == pytest.approx(4.0 / 3.0)


def test_nothing_moved_is_no_cut() -> None:
    assert moved_box([_room()] * 5) is None


@pytest.mark.parametrize("share", [1.0, 0.5, 0.25])
def test_less_light_gives_about_the_same_window(share: float) -> None:
    three = [_with(100), _with(110), _with(120)]
    dark = [np.rint(p * share).astype(np.uint8) for p in three]
    full, less = window_of(three, None), window_of(dark, None)
    assert full.shape == (HEIGHT_PX, WIDTH_PX, 3)
    assert np.abs(full.astype(int) - less.astype(int)).mean() < 3.0


def test_what_stands_is_grey_and_what_moves_is_coloured() -> None:
    window = window_of([_with(100), _with(120), _with(140)], None).astype(int)
    colour = np.abs(window[..., 0] - window[..., 2])
    assert colour[:, :30].max() == 0
    assert colour[:, 35:75].max() > 60


def test_large_pictures_are_brought_to_320() -> None:
    assert detail_of(np.zeros((480, 640), np.uint8)).shape == (240, 320)
    small = np.zeros((120, 160), np.uint8)
    assert detail_of(small) is small


@pytest.mark.parametrize("fps", [10, 15, 30])
def test_it_looks_twice_a_second_while_two_are_there(eye_dir: Path, fps: int) -> None:
    eye = FightEye(eye_dir)
    said = [eye.update(_with(60 + n % 40), n / fps, 2) for n in range(4 * fps)]
    looks = [n / fps for n, logit in enumerate(said) if logit is not None]
    assert 6 <= len(looks) <= 8
    assert looks[0] < 0.6
    assert all(0.45 < b - a < 0.65 for a, b in pairwise(looks))


@pytest.mark.parametrize("bodies", [0, 1])
def test_it_says_nothing_of_fewer_than_two(eye_dir: Path, bodies: int) -> None:
    eye = FightEye(eye_dir)
    assert all(eye.update(_with(60 + n % 40), n / 10.0, bodies) is None for n in range(60))


def test_two_who_are_found_as_one_for_a_moment_are_still_two(eye_dir: Path) -> None:
    eye = FightEye(eye_dir)
    looks = sum(
        eye.update(_with(60 + n % 40), n / 10.0, 2 if n % 10 < 5 else 1) is not None for n in range(60)
    )
    assert looks >= 10


def test_a_gap_or_another_size_begins_anew(eye_dir: Path) -> None:
    eye = FightEye(eye_dir)
    for n in range(20):
        eye.update(_with(60 + n), n / 10.0, 2)
    assert eye.update(_with(60), 10.0, 2) is None
    for n in range(20):
        eye.update(_with(60 + n), 11.0 + n / 10.0, 2)
    assert eye.update(_with(60)[:180], 13.1, 2) is None


def test_a_still_picture_is_no_fight(eye_dir: Path) -> None:
    eye = FightEye(eye_dir)
    said = [eye.update(_room(), n / 10.0, 2) for n in range(40)]
    assert all(logit < 0.0 for logit in said if logit is not None)
    assert any(logit is not None for logit in said)
