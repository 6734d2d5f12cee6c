"""The film shows what was seen and why: boxes where they belong, facts while they hold, and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.bench.desk import Desk
from edge.bench.film import Film, Held, Shown, Words, picture_of
from edge.loop.happening import Happening
from edge.pictures.drawing import ALARM, MOVING, PERSON, ZONE, Colour
from edge.settings.load import load
from edge.terms.observation import (
    CameraHealth,
    Observation,
    Region,
    SceneSeen,
    StillRegion,
    Thing,
    ThingKind,
)
from hw.camera.port import ColourPicture, Frame
from tests.worlds.desk_world import scripted_desk

GREY = np.full((240, 320), 90, np.uint8)
PERSON_BOX = (40.0, 60.0, 80.0, 150.0)
GUN_BOX = (200.0, 100.0, 40.0, 30.0)
LOOKED = SceneSeen(3.0, (Thing(ThingKind.PERSON, PERSON_BOX, 0.97), Thing(ThingKind.HANDGUN, GUN_BOX, 0.8)))


def frame(at_s: float = 5.0) -> Frame:
    return Frame(1, at_s, GREY)


def seen(at_s: float = 5.0, scene: SceneSeen | None = None) -> Observation:
    return Observation(
        frame=1,
        at_s=at_s,
        size=(320, 240),
        faces=(),
        foreground=0.1,
        health=CameraHealth.OK,
        scene=scene,
        moving=(Region((150.0, 20.0, 30.0, 30.0), 0.01),),
        still=(StillRegion((250.0, 180.0, 40.0, 40.0), 0.02, 1.0, added=True),),
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    made, _ = scripted_desk(tmp_path_factory.mktemp("film"), settings=load(None))
    yield made
    made.close()


def is_drawn(picture: ColourPicture, x: float, y: float, colour: Colour) -> bool:
    """Whether the film's picture has this colour at a place of the frame, or right beside it."""
    left, top = round(x * 2), round(y * 2) + Film.HEAD
    near = picture[top - 2 : top + 3, left - 2 : left + 3].reshape(-1, 3).astype(int)
    return bool((np.abs(near - colour).max(axis=1) < 50).any())


def test_persons_weapons_regions_and_zones_are_drawn_where_they_are(desk: Desk) -> None:
    zone = [(0.0, 0.5), (0.1, 0.5), (0.1, 1.0)]
    picture = picture_of(frame(), seen(), desk.kiosk, Words(), Shown(LOOKED, [zone]))
    assert picture.shape == (Film.HEAD + Film.HEIGHT + Film.FOOT, Film.WIDTH, 3)
    places: Mapping[str, tuple[float, float, Colour]] = {
        "person": (40, 150, PERSON),
        "handgun": (240, 115, ALARM),
        "moving": (180, 35, MOVING),
        "zone": (32, 200, ZONE),
    }
    plain = picture_of(
        frame(), Observation(1, 5.0, (320, 240), (), 0.0, CameraHealth.OK), desk.kiosk, Words()
    )
    for name, (x, y, colour) in places.items():
        assert is_drawn(picture, x, y, colour), name
        assert not is_drawn(plain, x, y, colour), name


def test_the_longest_words_stay_in_their_lines(desk: Desk) -> None:
    long = "word " * 400
    bare = picture_of(frame(), seen(), desk.kiosk, Words())
    full = picture_of(frame(), seen(), desk.kiosk, Words(long, long, long, long))
    assert np.array_equal(bare[: Film.HEAD + Film.HEIGHT], full[: Film.HEAD + Film.HEIGHT])
    assert np.array_equal(bare[:, -4:], full[:, -4:]), "nothing runs out on the right"


@pytest.mark.slow
def test_what_a_look_saw_stays_until_the_next_and_no_longer(desk: Desk, tmp_path: Path) -> None:
    film = Film(tmp_path / "out.mp4", 10.0)
    for at_s, looked in ((0.0, LOOKED), (0.5, None), (1.5, None)):
        film.draw(frame(at_s), seen(at_s, looked), desk.kiosk)
    film.close(2.0)
    capture = cv2.VideoCapture(str(tmp_path / "out.mp4"))
    pictures = []
    while (read := capture.read())[0]:
        pictures.append(np.asarray(read[1], np.uint8))
    assert len(pictures) == 20
    green = [int((np.abs(p[40:520].astype(int) - PERSON).max(axis=2) < 60).sum()) for p in pictures]
    assert min(green[0], green[7]) > 10 * max(green[18], 1)


# --- facts and reasons -------------------------------------------------------------------------------

LOITERING = {
    "name": "loitering",
    "camera": "face",
    "stayed_s": 181.0,
    "limits": {"stayed_s": 180.0},
    "rule": "Somebody was in the cabin for longer than the limit",
}


def heard(*facts: tuple[float, Mapping[str, object]]) -> Held:
    held = Held()
    for at_s, data in facts:
        held.hear(Happening(at_s, "fact", data))
    return held


def test_a_fact_stands_while_it_holds_with_its_numbers_and_rule() -> None:
    held = heard((5.0, LOITERING))
    words = "Somebody was in the cabin for longer than the limit. time in the cabin 181 s (limit 180 s)"
    assert held.lines(500.0) == ("loitering", words)


def test_several_facts_stand_in_their_order_with_the_newest_reason() -> None:
    held = heard((5.0, LOITERING), (6.0, {"name": "weapon", "rule": "Seen"}), (7.0, {"name": "appeared"}))
    assert held.lines(8.0) == ("loitering, weapon", "Seen")


def test_a_fact_that_ended_at_once_can_still_be_read() -> None:
    held = heard((5.0, LOITERING), (5.1, {"name": "loitering_ended"}))
    assert held.lines(6.0)[0] == "loitering (ended)"
    assert held.lines(6.0)[1]
    assert held.lines(12.0) == ("", "")


def test_a_fact_without_a_reason_is_named_alone() -> None:
    assert heard((5.0, {"name": "camera_covered", "camera": "face"})).lines(6.0) == ("camera covered", "")
