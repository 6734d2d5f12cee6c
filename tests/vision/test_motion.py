"""Moving regions: who walks is one region in the right place, light and noise are none, and it is cheap."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.terms.observation import Region
from edge.vision.scene.motion import Moving

H, W = 120, 160


def _room(seed: int = 3) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 180, (H // 10, W // 10)).astype(np.uint8)
    return np.kron(coarse, np.ones((10, 10), np.uint8)).astype(np.uint8)


def _with(room: NDArray[np.uint8], x: int, y: int, w: int = 20, h: int = 50) -> NDArray[np.uint8]:
    picture = room.copy()
    picture[max(y, 0) : y + h, max(x, 0) : x + w] = 230
    return picture


def _run(pictures: list[NDArray[np.uint8]], fps: float = 15.0) -> list[tuple[Region, ...]]:
    moving = Moving()
    return [moving.update(p, n / fps) for n, p in enumerate(pictures)]


def test_who_walks_is_one_region_where_they_are() -> None:
    room = _room()
    seen = _run([room] * 5 + [_with(room, 10 + 3 * n, 40) for n in range(30)])
    assert seen[:5] == [()] * 5
    for n, regions in enumerate(seen[15:], start=10):
        assert len(regions) == 1
        left, top, width, height = regions[0].box
        assert left <= 10 + 3 * n + 20 <= left + width + 2
        assert abs(top - 40) <= 3
        assert 45 <= height <= 56
        assert 0.0 < regions[0].area <= width * height / (H * W)


def test_two_apart_are_two_and_the_larger_comes_first() -> None:
    room = _room()
    pictures = [_with(_with(room, 5 + 2 * n, 50, 14, 40), 110 + 2 * n, 30, 24, 70) for n in range(20)]
    last = _run(pictures)[-1]
    assert len(last) == 2
    assert last[0].box[0] > 80 > last[1].box[0]
    assert last[0].area > last[1].area


def test_who_stands_still_is_gone_after_a_moment() -> None:
    room = _room()
    seen = _run([room] * 5 + [_with(room, 60, 40)] * 45)
    assert seen[6]
    assert seen[-1] == ()


@pytest.mark.parametrize("change", [-40, -15, 15, 40])
def test_exposure_is_nobody(change: int) -> None:
    room = _room()
    other = np.clip(room.astype(np.int16) + change, 0, 255).astype(np.uint8)
    assert all(regions == () for regions in _run([room] * 10 + [other] * 10))


@pytest.mark.parametrize("sigma", [2.0, 5.0, 9.0])
def test_noise_is_nobody(sigma: float) -> None:
    rng = np.random.default_rng(8)
    room = _room().astype(np.float64)
    noisy = [np.clip(room + rng.normal(0, sigma, room.shape), 0, 255).astype(np.uint8) for _ in range(40)]
    assert all(regions == () for regions in _run(noisy))


def test_another_size_of_picture_begins_anew() -> None:
    moving = Moving()
    room = _room()
    moving.update(room, 0.0)
    assert moving.update(room[:90], 0.1) == ()
