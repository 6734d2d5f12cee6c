"""The background model: people, light, shadows, things left and taken, and who was there at the start."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.vision.scene.background import Scene, shrink

Picture = NDArray[np.uint8]
DT_S = 1.0 / 8.0


def room() -> Picture:
    """A wall with a few edges and a floor, 320 x 240."""
    picture = np.full((240, 320), 150, np.uint8)
    picture[170:] = 90
    cv2.rectangle(picture, (30, 40), (90, 130), (210,), -1)
    cv2.rectangle(picture, (230, 30), (290, 170), (110,), -1)
    for x in range(0, 320, 20):
        cv2.line(picture, (x, 170), (2 * x - 160, 240), (70,), 1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.0), dtype=np.uint8)


def person(picture: Picture, x: float, size: float = 1.0) -> Picture:
    """Somebody dark with a light face, standing at column x."""
    out = picture.copy()
    cv2.ellipse(out, (int(x), 240), (int(60 * size), int(120 * size)), 0, 0, 360, (50,), -1)
    cv2.circle(out, (int(x), int(240 - 145 * size)), int(30 * size), (190,), -1)
    return out


class Watch:
    def __init__(self) -> None:
        self.scene = Scene()
        self.now_s = 0.0
        self.noise = np.random.default_rng(3).normal(0.0, 2.5, (7, 240, 320)).astype(np.float32)

    def see(
        self, picture: Picture | Callable[[float], Picture], for_s: float, somebody: bool = False
    ) -> list[float]:
        shares: list[float] = []
        for _ in range(round(for_s / DT_S)):
            shown = picture(self.now_s) if callable(picture) else picture
            grey = np.clip(shown + self.noise[len(shares) % 7], 0, 255).astype(np.uint8)
            share, _ = self.scene.update(grey, self.now_s, somebody)
            shares.append(share)
            self.now_s += DT_S
        return shares


def swaying(x: float) -> Callable[[float], Picture]:
    return lambda t: person(room(), x + 4.0 * np.sin(2.0 * t))


@pytest.mark.slow
def test_an_empty_room_is_empty_and_a_person_is_a_region() -> None:
    watch = Watch()
    assert max(watch.see(room(), 5.0)) < 0.01
    assert min(watch.see(swaying(160), 5.0)) > 0.15
    assert watch.see(room(), 4.0)[-1] < 0.01


def test_the_region_says_where_it_is() -> None:
    watch = Watch()
    watch.see(room(), 3.0)
    empty = watch.scene.box
    assert empty is None
    watch.see(swaying(160), 3.0)
    seen = watch.scene.box
    assert seen is not None
    left, top, wide, high = seen
    assert 40 < left < 65  # of a picture half the size: somebody 120 wide about column 160, up to row 65
    assert 20 < top < 45
    assert 95 < left + wide < 120
    assert top + high == 120
    watch.see(room(), 4.0)
    last = watch.scene.box
    assert last is None or last[2] < 5


@pytest.mark.slow
def test_a_person_who_stands_and_sways_is_seen_for_minutes() -> None:
    watch = Watch()
    watch.see(room(), 3.0)
    assert min(watch.see(swaying(160), 100.0)) > 0.15


@pytest.mark.slow
@pytest.mark.parametrize("gain", [0.5, 0.7, 1.2])
def test_another_light_is_no_person(gain: float) -> None:
    watch = Watch()
    watch.see(room(), 5.0)
    lit = np.clip(room() * gain, 0, 255).astype(np.uint8)
    assert sum(share > 0.04 for share in watch.see(lit, 6.0)) <= 12
    # And a person is seen in the new light all the same.
    assert watch.see(lambda t: np.clip(swaying(160)(t) * gain, 0, 255).astype(np.uint8), 2.0)[-1] > 0.1


@pytest.mark.slow
def test_slow_drift_of_light_is_followed() -> None:
    watch = Watch()
    watch.see(room(), 3.0)

    def dusk(t: float) -> Picture:
        darker = room() * (1.0 - 0.5 * min(t / 100.0, 1.0)) + 4.0 * np.sin(t / 7.0)
        return np.asarray(np.clip(darker, 0, 255), np.uint8)

    assert max(watch.see(dusk, 100.0)) < 0.02


def test_a_shadow_on_a_textured_wall_is_no_person() -> None:
    grain = np.random.default_rng(1).standard_normal((60, 80)).repeat(4, 0).repeat(4, 1)
    wall = np.clip(room() + 25.0 * grain, 0, 255).astype(np.uint8)
    shaded = wall.copy()
    shaded[60:200, 100:180] = (shaded[60:200, 100:180] * 0.75).astype(np.uint8)
    watch = Watch()
    watch.see(wall, 4.0)
    assert np.mean(watch.see(shaded, 3.0)) < 0.03


@pytest.mark.slow
def test_who_was_there_at_the_start_leaves_no_ghost() -> None:
    watch = Watch()
    watch.see(swaying(160), 6.0, somebody=True)
    shares = watch.see(room(), 12.0)
    assert shares[-1] < 0.01


@pytest.mark.slow
def test_a_parcel_is_seen_and_learnt_in_the_end() -> None:
    watch = Watch()
    watch.see(room(), 4.0)
    left = room()
    cv2.rectangle(left, (120, 150), (200, 220), (30,), -1)
    shares = watch.see(left, 70.0)
    assert min(shares[: round(55 / DT_S)]) > 0.05
    assert shares[-1] < 0.01
    # Taken away again: the outline is now the background's, so this is known at once.
    assert watch.see(room(), 4.0)[-1] < 0.01


@pytest.mark.slow
def test_nothing_is_learnt_while_a_face_is_in_view() -> None:
    watch = Watch()
    watch.see(room(), 4.0)
    watch.see(person(room(), 160), 70.0, somebody=True)
    assert watch.see(person(room(), 160), 0.5)[-1] > 0.15


def test_motion_is_in_grey_levels() -> None:
    scene = Scene()
    picture = np.full((120, 160), 100, np.uint8)
    scene.update(picture, 0.0, False)
    _, motion = scene.update(np.full((120, 160), 103, np.uint8), 0.1, False)
    assert motion == pytest.approx(3.0)


def test_another_size_of_picture_begins_again() -> None:
    watch = Watch()
    watch.see(room(), 3.0)
    assert watch.scene.update(np.zeros((100, 100), np.uint8), watch.now_s, False) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("size", "small"), [((480, 640), (120, 160)), ((640, 360), (160, 90)), ((30, 40), (30, 40))]
)
def test_shrinking_keeps_the_shape(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert shrink(np.zeros(size, np.uint8)).shape == small
