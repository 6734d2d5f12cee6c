"""The machine's front: light is no change, what is fixed to it or taken off is, and it is told in time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from edge.terms.observation import Box, FrontChange, FrontSeen
from edge.vision.scene.front import SLOT_S, FrontEye
from edge.vision.scene.patches import Patches
from hw.camera.port import GreyPicture
from tests.worlds.drawn_front import KEYPAD, SCREEN, SLOT, Floats, front, lit, machine, skimmed, stripped

FADED = 0.3

At = Callable[[int], GreyPicture]


def watched(
    eye: FrontEye,
    picture: At,
    slots: int,
    first: int = 0,
    before: Sequence[Box] = (),
    step_s: float = SLOT_S,
) -> list[FrontSeen]:
    """What is said while `picture(slot)` is seen once in each of so many slots."""
    said: list[FrontSeen] = []
    for slot in range(first, first + slots):
        said += eye.look(picture(slot), slot * step_s + 1.0, before)
    return said


def worst(said: Sequence[FrontSeen]) -> FrontSeen:
    return max(said, key=lambda seen: seen.distance)


def steady(picture: Floats) -> At:
    return lambda slot: lit(picture, 0.9, slot)


@pytest.mark.slow
def test_light_is_no_change() -> None:
    """Levels from dim to bright, and strips of sun that wander over it."""
    eye = FrontEye(front(), at_once=True)
    said = watched(eye, lambda n: lit(machine(), 0.45 + 0.5 * abs((n % 20) / 10 - 1), n), 18)
    said += watched(eye, lambda n: lit(machine(), 0.7, n, strip_px=6.0 * n + 20.0), 24, first=18)
    assert {seen.region for seen in said} == {"slot", "keypad"}, "a screen is not judged"
    assert worst(said).distance < 0.8


@pytest.mark.slow
@pytest.mark.parametrize(("change", "region", "box"), [(skimmed, "slot", SLOT), (stripped, "keypad", KEYPAD)])
def test_what_is_fixed_to_it_and_what_is_gone_are_found(
    change: Callable[[Floats], Floats], region: str, box: tuple[int, int, int, int]
) -> None:
    eye = FrontEye(front(), at_once=True)
    before = watched(eye, steady(machine()), 12)
    assert worst(before).distance < 0.5
    after = watched(eye, steady(change(machine())), 20, first=12)
    first = next(seen for seen in after if seen.distance > 1.0)
    told = worst(after)
    assert told.region == first.region == region
    x, y, w, h = told.box
    assert box[0] <= x + w / 2 <= box[0] + box[2]
    assert box[1] <= y + h / 2 <= box[1] + box[3]
    assert told.change is not FrontChange.SAME
    assert told.size_cm is not None
    assert 2.0 < told.size_cm < 14.0
    assert told.over_s >= 180.0


def test_a_cover_that_hides_edges_and_keys_that_are_gone_are_no_additions() -> None:
    eye = FrontEye(front(), at_once=True)
    assert worst(watched(eye, steady(stripped(machine())), 12)).change is FrontChange.REMOVED


def test_a_sign_on_a_plain_place_is_an_addition() -> None:
    sign = machine()
    sign[KEYPAD[1] - 5 : KEYPAD[1] - 1, KEYPAD[0] + 10 : KEYPAD[0] + 30] = 30.0
    sign[KEYPAD[1] + 54 : KEYPAD[1] + 59, KEYPAD[0] + 10 : KEYPAD[0] + 30] = 30.0
    eye = FrontEye(front(), at_once=True)
    assert worst(watched(eye, steady(sign), 12)).change is FrontChange.ADDED


@pytest.mark.slow
def test_it_takes_minutes_and_less_than_ten() -> None:
    """What is there for a moment says nothing; what stays is found after about five minutes."""
    eye = FrontEye(front(), at_once=True)
    assert worst(watched(eye, steady(machine()), 12)).distance < 0.5
    changed = skimmed(machine())
    passing = watched(eye, lambda n: lit(changed if n % 14 < 5 else machine(), 0.9, n), 15, first=14)
    assert worst(passing).distance < 1.0
    after = watched(eye, steady(changed), 20, first=42)
    found = next(n for n, seen in enumerate(after) if seen.distance > 1.0) / 2.0 * SLOT_S
    assert 180.0 <= found <= 360.0


@pytest.mark.slow
def test_nothing_is_said_while_somebody_stands_before_it() -> None:
    eye = FrontEye(front(), at_once=True)
    beside: Box = (300.0, 10.0, 15.0, 15.0)
    person: Box = (100.0, 60.0, 60.0, 170.0)
    assert watched(eye, steady(skimmed(machine())), 20, before=[person]) == []
    assert eye.why == "somebody is before it"
    assert watched(eye, steady(skimmed(machine())), 12, first=20, before=[beside])


@pytest.mark.slow
def test_a_screen_may_show_what_it_likes() -> None:
    x, y, w, h = SCREEN

    def showing(slot: int) -> GreyPicture:
        picture = machine()
        picture[y + 2 : y + h - 2, x + 2 : x + w - 2] = 40.0 + 200.0 * (slot % 3 == 0)
        picture[y + 20 : y + 30, x + 10 : x + 60] = 20.0 * (slot % 7)
        return lit(picture, 0.8, slot)

    assert worst(watched(FrontEye(front(), at_once=True), showing, 30)).distance < 0.8


def test_too_dark_and_another_size_are_named_and_say_nothing() -> None:
    eye = FrontEye(front(), at_once=True)
    assert watched(eye, lambda n: lit(machine(), 0.05, n), 14) == []
    assert eye.why == "too dark"
    assert eye.look(np.zeros((480, 640), np.uint8), 500.0) == ()
    assert "640x480" in eye.why


@pytest.mark.slow
def test_what_is_faint_and_undisturbed_becomes_normal_and_an_attack_does_not() -> None:
    """A look every ten minutes for some days: hours of quarantine pass between them."""
    x, y, w, h = KEYPAD

    def faded(picture: Floats) -> Floats:
        keys = picture[y : y + h, x : x + w]
        picture[y : y + h, x : x + w] = keys + FADED * (150.0 - keys)
        return picture

    def days(change: Callable[[Floats], Floats], looks: int) -> list[float]:
        eye = FrontEye(front(), at_once=True)
        watched(eye, steady(machine()), 12, step_s=600.0)
        said = watched(eye, steady(change(machine())), looks, first=12, step_s=600.0)
        return [seen.distance for seen in said if seen.region == ("slot" if change is skimmed else "keypad")]

    faint = days(faded, 120)
    assert 0.3 < max(faint[10:20]) < 0.7, "too faint to be told"
    assert max(faint[-10:]) < 0.75 * max(faint[10:20])
    told = days(skimmed, 80)
    assert min(told[12:]) > 1.0


@pytest.mark.slow
def test_the_network_sees_it_as_well(repo: Path) -> None:
    eye = FrontEye(front(), Patches(repo / "models"), at_once=True)
    eye.prepare()
    before = watched(eye, lambda n: lit(machine(), 0.6 + 0.02 * n, n), 12)
    assert max(seen.likeness for seen in before) < 1.0
    after = watched(eye, steady(skimmed(machine())), 12, first=12)
    assert max(seen.likeness for seen in after if seen.region == "slot") > 1.0


@pytest.mark.slow
def test_one_look_does_one_pass_of_the_network_at_most(repo: Path) -> None:
    class Counting:
        def __init__(self) -> None:
            self.passes = 0

        def embed(self, grey: GreyPicture) -> Vectors:
            self.passes += 1
            return Vectors()

    class Vectors:
        vectors = np.full((2, 2, 4), 0.5, np.float32)

    counting = Counting()
    eye = FrontEye(front(1), counting)
    said: list[FrontSeen] = []
    for look in range(115):
        before = counting.passes
        said += eye.look(lit(machine(), 0.9, look), look * 5.0)
        assert counting.passes - before <= 1
    assert {seen.region for seen in said} == {"slot", "keypad"}
