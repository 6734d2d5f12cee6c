"""What stands still in the empty cabin: bags and taken things, and not light, shadows, persons or noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.terms.observation import Box, StillRegion
from edge.vision.scene.still import EVERY_S, Still

Picture = NDArray[np.uint8]
BAG: Box = (100.0, 84.0, 14.0, 12.0)


def room(seed: int = 0) -> Picture:
    """A wall with a poster, a tiled floor and a bin at its left, 160 x 120."""
    picture = np.full((120, 160), 150, np.uint8)
    picture[70:] = 105
    cv2.rectangle(picture, (20, 15), (45, 45), (205,), -1)
    for x in range(-80, 240, 16):
        cv2.line(picture, (80 + (x - 80) // 2, 70), (x, 120), (90,), 1)
    cv2.rectangle(picture, (8, 66), (22, 92), (60,), -1)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.6), dtype=np.uint8)


def without_bin(picture: Picture) -> Picture:
    out = picture.copy()
    out[60:96, 2:28] = np.roll(picture, 30, axis=1)[60:96, 32:58]
    out[60:70, 2:28], out[70:96, 2:28] = 150, 105
    return out


def with_bag(picture: Picture, box: Box = BAG, level: int = 45) -> Picture:
    out = picture.copy()
    x, y, w, h = (round(v) for v in box)
    cv2.rectangle(out, (x, y), (x + w - 1, y + h - 1), (level,), -1)
    cv2.line(out, (x + 2, y + 3), (x + w - 3, y + 3), (level + 60,), 1)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.5), dtype=np.uint8)


def with_person(picture: Picture, x: float) -> Picture:
    out = picture.copy()
    cv2.ellipse(out, (round(x), 82), (13, 32), 0, 0, 360, (70,), -1)
    cv2.circle(out, (round(x), 44), 8, (180,), -1)
    return out


class Watch:
    """Shows pictures at eight a second, with noise."""

    def __init__(self, references: Sequence[Picture] = ()) -> None:
        self.still = Still(references)
        self.now_s = 100.0
        self.random = np.random.default_rng(5)
        self.noise = self.random.normal(0.0, 1.3, (9, 120, 160)).astype(np.float32)
        self.seen: tuple[StillRegion, ...] = ()

    def see(
        self, picture: Picture | Callable[[float], Picture], for_s: float, persons: Sequence[Box] = ()
    ) -> tuple[StillRegion, ...]:
        for number in range(round(for_s * 8)):
            shown = picture(number / 8) if callable(picture) else picture
            grey = np.clip(shown + self.noise[number % 9], 0, 255).astype(np.uint8)
            self.seen = self.still.update(grey, self.now_s, persons)
            self.now_s += 0.125
        return self.seen

    def walk(self, picture: Picture, begin: float, end: float, for_s: float = 3.0) -> tuple[StillRegion, ...]:
        return self.see(lambda t: with_person(picture, begin + (end - begin) * t / for_s), for_s)

    def bring(self, empty: Picture, full: Picture) -> None:
        """Somebody comes from the right, is at the place, and goes again; then `full` is what is seen."""
        self.walk(empty, 175, 107)
        self.see(lambda t: with_person(empty, 107 + 2 * np.sin(4 * t)), 1.5)
        self.walk(full, 107, 175)


def overlap(a: Box, b: Box) -> float:
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(wide, 0.0) * max(high, 0.0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


@pytest.mark.slow
def test_a_bag_that_somebody_left_is_found_where_it_stands_and_since_when() -> None:
    watch = Watch()
    watch.see(room(), 6.0)
    watch.bring(room(), with_bag(room()))
    left_s = watch.now_s
    (bag,) = watch.see(with_bag(room()), 6.0)
    assert bag.added
    assert overlap(bag.box, BAG) > 0.6
    assert left_s - 4.0 < bag.since_s < left_s + 1.0
    assert bag.area == pytest.approx(BAG[2] * BAG[3] / 19200, rel=0.35)
    (later,) = watch.see(with_bag(room()), 120.0)
    assert later.since_s == bag.since_s, "it is not absorbed after a minute"


def test_it_is_over_when_the_bag_is_fetched() -> None:
    watch = Watch()
    watch.see(room(), 6.0)
    watch.bring(room(), with_bag(room()))
    assert len(watch.see(with_bag(room()), 6.0)) == 1
    watch.bring(with_bag(room()), room())
    assert watch.see(room(), 4.0) == ()


def test_somebody_in_front_hides_it_without_ending_it() -> None:
    watch = Watch()
    watch.see(room(), 6.0)
    watch.bring(room(), with_bag(room()))
    (bag,) = watch.see(with_bag(room()), 6.0)
    watch.walk(with_bag(room()), 175, 107)
    held = watch.see(lambda t: with_person(with_bag(room()), 107 + 3 * np.sin(3 * t)), 20.0)
    assert [one.since_s for one in held] == [bag.since_s]
    watch.walk(with_bag(room()), 107, 175)
    (after,) = watch.see(with_bag(room()), 5.0)
    assert after.since_s == bag.since_s


@pytest.mark.slow
def test_a_thing_that_was_there_for_a_minute_and_is_taken_is_removed() -> None:
    watch = Watch()
    watch.see(room(), 70.0)
    watch.walk(room(), 175, 18)
    watch.see(lambda t: with_person(room(), 18 + 2 * np.sin(4 * t)), 1.5)
    gone = without_bin(room())
    watch.walk(gone, 18, 175)
    (taken,) = watch.see(gone, 6.0)
    assert not taken.added
    assert overlap(taken.box, (8, 66, 15, 27)) > 0.6


def test_who_was_there_when_it_began_leaves_no_thing_behind() -> None:
    watch = Watch()
    watch.see(with_person(room(), 107), 5.0)
    watch.walk(room(), 107, 175)
    assert watch.see(room(), 20.0) == ()


def test_a_lamp_a_sun_patch_and_a_soft_shadow_are_no_things() -> None:
    watch = Watch()
    watch.see(room(), 10.0)
    sunny = room().astype(np.float32)
    cv2.fillConvexPoly(sunny, np.array([[60, 75], [85, 75], [95, 100], [65, 100]]), (190.0,))
    assert watch.see(sunny.astype(np.uint8), 10.0) == ()
    watch.see(room(), 15.0)
    rows, columns = np.mgrid[:120, :160]
    shade = 1.0 - 0.3 * np.exp(-((rows - 90) ** 2 + (columns - 110) ** 2) / 400.0)
    assert watch.see((room() * shade).astype(np.uint8), 10.0) == ()
    watch.see(room(), 15.0)
    assert watch.see(np.clip(room() * 1.25, 0, 255).astype(np.uint8), 10.0) == ()


def test_light_that_is_switched_does_not_lose_a_bag() -> None:
    watch = Watch()
    watch.see(room(), 6.0)
    watch.bring(room(), with_bag(room()))
    (bag,) = watch.see(with_bag(room()), 6.0)
    (dim,) = watch.see((with_bag(room()) * 0.6).astype(np.uint8), 20.0)
    assert overlap(dim.box, bag.box) > 0.5


@pytest.mark.slow
def test_somebody_who_stands_is_no_thing() -> None:
    watch = Watch()
    watch.see(room(), 6.0)
    watch.walk(room(), 175, 107)
    body: Box = (92.0, 34.0, 30.0, 82.0)
    assert watch.see(with_person(room(), 107), 20.0, persons=[body]) == ()
    # Also where no network sees the person: who lives, stirs.
    swaying = watch.see(lambda t: with_person(room(), 107 + 2.0 * np.sin(1.3 * t)), 40.0)
    assert all(watch.now_s - one.since_s < 5.0 for one in swaying)


@pytest.mark.slow
@pytest.mark.parametrize("network_sees", [True, False])
def test_who_stood_for_a_minute_and_went_leaves_nothing_and_takes_nothing(network_sees: bool) -> None:
    def grey_coat(x: float) -> Picture:
        """Somebody whose coat is nearly as bright as the floor behind."""
        out = with_person(room(), x)
        cv2.ellipse(out, (round(x), 88), (11, 24), 0, 0, 360, (112,), -1)
        return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.8), np.uint8)

    body: list[Box] = [(90.0, 34.0, 34.0, 82.0)] if network_sees else []
    watch = Watch()
    watch.see(room(), 70.0)
    watch.see(lambda t: grey_coat(175 - 68 * t / 3.0), 3.0)
    came_s = watch.now_s
    told: list[StillRegion] = []
    for _ in range(70):
        told += watch.see(lambda t: grey_coat(107 + 1.6 * np.sin(1.4 * (watch.now_s - came_s))), 1.0, body)
    watch.see(lambda t: grey_coat(107 + 68 * t / 3.0), 3.0)
    for _ in range(40):
        told += watch.see(room(), 1.0)
    assert told == []


def test_a_light_that_came_while_nobody_was_there_is_no_thing_of_the_next_customer() -> None:
    watch = Watch()
    watch.see(room(), 70.0)
    sunny = room().astype(np.float32)
    cv2.fillConvexPoly(sunny, np.array([[90, 75], [115, 75], [125, 100], [95, 100]]), (190.0,))
    after = sunny.astype(np.uint8)
    told = list(watch.see(after, 15.0))
    watch.walk(after, 175, 140)
    told += watch.see(lambda t: with_person(after, 140 + 2 * np.sin(1.4 * t)), 20.0)
    watch.walk(after, 140, 175)
    for _ in range(10):
        told += watch.see(after, 1.0)
    assert told == []


@pytest.mark.slow
def test_a_light_that_drifts_while_somebody_stands_there_is_no_thing() -> None:
    def lit(gain: float) -> Picture:
        """The left part of the room, poster and bin, in the light of a door."""
        out = room().astype(np.float32)
        out[:100, :60] *= gain
        return np.clip(out, 0, 255).astype(np.uint8)

    def stands(gain: float, _: float) -> Picture:
        return with_person(lit(gain), 70 + 2.0 * np.sin(1.4 * watch.now_s))

    watch = Watch()
    watch.see(lit(0.8), 70.0)
    watch.walk(lit(0.8), 175, 70)
    for second in range(60):
        gain = 0.8 + 0.3 * second / 60.0
        watch.see(partial(stands, gain), 1.0)
    watch.walk(lit(1.1), 70, 175)
    told: list[StillRegion] = []
    for _ in range(30):
        told += watch.see(lit(1.1), 1.0)
    assert told == []


def test_a_reference_tells_what_stood_there_before_the_start() -> None:
    night = (room() * 0.5).astype(np.uint8)
    watch = Watch([night, room()])
    (bag,) = watch.see(with_bag(room()), 5.0)
    assert bag.added
    assert overlap(bag.box, BAG) > 0.6
    assert Watch([room()]).see(room(), 10.0) == ()


def test_noise_in_poor_light_is_nothing() -> None:
    watch = Watch()
    watch.noise *= 2.2
    assert watch.see((room() * 0.4).astype(np.uint8), 60.0) == ()


def test_pictures_of_another_size_begin_anew() -> None:
    watch = Watch()
    watch.see(room(), 6.0)
    watch.bring(room(), with_bag(room()))
    assert len(watch.see(with_bag(room()), 4.0)) == 1
    other = np.asarray(cv2.resize(room(), (120, 90)), np.uint8)
    assert watch.still.update(other, watch.now_s + EVERY_S) in ((), watch.seen)
    assert watch.still.update(other, watch.now_s + 3 * EVERY_S) == ()
