"""Each way to blind a camera is told apart in a drawn room, after a restart too, and life is none of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge.terms.observation import CameraHealth
from edge.vision.look import Look
from edge.vision.scene.cells import measured
from edge.vision.scene.elsewhere import find_elsewhere
from edge.vision.scene.health import Health
from edge.vision.scene.repeats import Repeats
from hw.camera.port import Frame
from tests import tampering as table
from tests.worlds import tampering as world
from tests.worlds.tampering import Floats, Picture, Random, Sensor, Take

ROOMS = tuple(range(1, 24, 2))
"""The half of the rooms that was looked at least while limits were chosen."""
CLIPS = world.SHARED / "scene" / "clips" / "tamper"

Make = Callable[[Floats, Random], Take]


def take_of(make: Make) -> Take:
    """One take of average strength. Thin paint, or paint like the wall, is missed: see the table."""
    seed = 3 if make is table.sprayed else 0
    random = np.random.default_rng(zlib.crc32(f"test {make.__name__} {seed}".encode()))
    return make(world.drawn_room(ROOMS[seed % len(ROOMS)]), random)


def faults(said: list[tuple[float, CameraHealth]]) -> list[tuple[float, CameraHealth]]:
    return [(t, health) for t, health in said if health is not CameraHealth.OK]


SOON = [make for make in table.TAMPERS if make not in (table.sprayed_slowly, table.replayed_coded)]
QUICK_HARMLESS = (table.close, table.hand, table.cleaner, table.lamps, table.sun, table.infrared)


@pytest.mark.slow
@pytest.mark.parametrize("make", SOON, ids=lambda make: make.__name__)
def test_each_tampering_is_named_within_ten_seconds(make: Make) -> None:
    take = take_of(make)
    said = faults(table.play(take))
    assert said, take.kind
    assert take.health in {health for t, health in said if t - take.at_s <= table.WITHIN_S}


@pytest.mark.slow
@pytest.mark.parametrize("make", QUICK_HARMLESS, ids=lambda make: make.__name__)
def test_life_before_the_lens_is_no_tampering(make: Make) -> None:
    assert faults(table.play(take_of(make))) == []


# --- the site's own pictures -------------------------------------------------------------------------


def shot(room: Floats, change: world.Change | None = None, seed: int = 5) -> Picture:
    """One picture of a room."""
    random = np.random.default_rng(seed)
    return next(picture for _, picture in world.seen(room, 1.0, Sensor(), random, in_room=change))


def after_restart(take: Take) -> list[tuple[float, CameraHealth]]:
    """What is said when the program starts in the middle of a tampering and knows the empty cabin."""
    first = next(iter(take.pictures()))[1]

    def late() -> Iterator[tuple[float, Picture]]:
        return ((t, picture) for t, picture in take.pictures() if t > take.at_s)

    return table.play(replace(take, pictures=late), Health(references=[first]))


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [table.covered, table.sprayed, table.defocused, table.moved, table.turned_10, table.upside_down],
    ids=lambda make: make.__name__,
)
def test_a_restart_in_the_middle_of_a_tampering_is_noticed_by_the_sites_own_picture(make: Make) -> None:
    take = take_of(make)
    said = faults(after_restart(take))
    assert said, take.kind
    assert said[0][0] - take.at_s < table.WITHIN_S


def by_night(picture: Floats, t: float) -> Floats:
    """The lamp is off; the machine's screen lights the left."""
    x = np.linspace(1.0, 0.3, picture.shape[1], dtype=np.float32)
    return np.asarray(picture * x * 0.45, np.float32)


def test_with_pictures_by_day_and_by_night_both_are_sound_from_the_start() -> None:
    room = world.drawn_room(7)
    for change in (None, by_night):
        health = Health(references=[shot(room), shot(room, by_night)])
        random = np.random.default_rng(9)
        said = [health.update(p, t) for t, p in world.seen(room, 12.0, Sensor(), random, in_room=change)]
        assert set(said) == {CameraHealth.OK}


def test_a_camera_turned_by_night_is_moved_although_the_day_was_learnt_too() -> None:
    room = world.drawn_room(7)
    health = Health(references=[shot(room), shot(room, by_night)])
    turn = world.turned(20, 6, 4, 1.0, 6.0, 0.5)
    random = np.random.default_rng(9)
    pictures = world.seen(room, 18.0, Sensor(), random, in_room=by_night, turn=turn)
    said = [(t, health.update(p, t)) for t, p in pictures]
    assert {h for t, h in said if t < 6.0} == {CameraHealth.OK}
    assert said[-1][1] is CameraHealth.MOVED


def test_a_reference_of_another_shape_is_left_out() -> None:
    health = Health(references=[np.zeros((90, 120), np.uint8)])
    room = world.drawn_room(7)
    said = {health.update(p, t) for t, p in world.seen(room, 8.0, Sensor(), np.random.default_rng(1))}
    assert said == {CameraHealth.OK}


# --- the measures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dx", "dy", "degrees"), [(4, 0, 0), (0, -9, 0), (27, 0, 0), (-18, 12, 0), (0, 0, 10)]
)
def test_a_turned_view_is_found_where_it_is(dx: float, dy: float, degrees: float) -> None:
    room = world.drawn_room(11)
    turn = world.turned(dx, dy, degrees, 1.0, -9.0, 1.0)
    moved = next(p for _, p in world.seen(room, 1.0, Sensor(), np.random.default_rng(2), turn=turn))
    found = find_elsewhere(measured(shot(room)), measured(moved))
    assert found is not None
    assert found.turned_deg == degrees
    assert (found.right_px, found.down_px) == pytest.approx((dx, dy), abs=1.0)


@pytest.mark.parametrize("other", [13, 15, 17, 19])
def test_another_room_is_not_the_view_elsewhere(other: int) -> None:
    assert (
        find_elsewhere(measured(shot(world.drawn_room(11))), measured(shot(world.drawn_room(other)))) is None
    )


def test_a_view_in_its_place_is_not_elsewhere() -> None:
    room = world.drawn_room(11)
    assert find_elsewhere(measured(shot(room)), measured(shot(room, seed=6))) is None


def test_a_loop_is_found_after_one_turn_and_forgotten_when_the_camera_is_live_again() -> None:
    random = np.random.default_rng(3)
    live = [p for _, p in world.seen(world.drawn_room(9), 30.0, Sensor(), random)]
    shown = [*live[:80], *live[40:80] * 3, *live[80:140]]
    repeats = Repeats()
    said = []
    for i, picture in enumerate(shown):
        repeats.update(picture, i * world.DT_S)
        said.append(repeats.replayed)
    assert not any(said[:80])
    assert said[80 + 40]
    assert not said[-1]


def test_infrared_is_told_by_the_colours_and_is_no_fault() -> None:
    look = Look()
    grey = np.repeat(np.repeat(shot(world.drawn_room(9)), 2, 0), 2, 1)
    in_colour = np.asarray(cv2.merge([grey, grey // 2 + 20, grey // 3]), np.uint8)
    in_infrared = np.asarray(cv2.merge([grey, grey, grey]), np.uint8)
    random = np.random.default_rng(3)
    seen = []
    for i in range(60):
        noisy = np.clip(grey + random.normal(0.0, 2.0, grey.shape), 0, 255).astype(np.uint8)
        seen.append(look(Frame(i, i / 8.0, noisy, in_colour if i < 30 else in_infrared)))
    assert not any(one.infrared for one in seen[:30])
    assert seen[-1].infrared
    assert seen[-1].health is CameraHealth.OK


# --- real clips --------------------------------------------------------------------------------------


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the shared clips are not beside the project")
@pytest.mark.parametrize(
    ("name", "health"),
    [
        ("Video_Analysis_System_Displacement", CameraHealth.MOVED),
        ("Video_Analysis_System_Occlusion", CameraHealth.COVERED),
        ("Video_Analysis_System_Defocusing", CameraHealth.DEFOCUSED),
    ],
)
def test_a_real_camera_that_is_tampered_with(name: str, health: CameraHealth) -> None:
    """The clips end as soon as it is done: their last picture stays, with a sensor's noise on it."""
    assert table.play_clip(CLIPS / f"{name}.mp4")[-1][1] is health
