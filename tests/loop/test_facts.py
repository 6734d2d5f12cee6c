"""What is seen is printed, recorded and shown under one name, with its numbers; also after a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from edge.bench.desk import Desk
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    CameraJudged,
    Event,
    InputMoved,
    PeopleJudged,
)
from edge.journal import reader as journal
from edge.loop.facts import camera_fact, fact_names, fact_of
from edge.loop.happening import Happening
from edge.pictures.check import check_pictures
from edge.pictures.files import is_reason, pictures
from edge.settings.load import load
from edge.terms.observation import CameraHealth, Observation, Thing, ThingKind
from edge.terms.reason import Ground, Measure, Number, Reason, because
from edge.words.grounds import brief_in
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk

DOORLESS = load(None, ["wiring.door.fitted=false"])


@dataclass
class Room:
    """A kiosk in step, and what was heard of it."""

    desk: Desk
    heard: list[Happening]

    def hears(self, event: Event) -> list[dict[str, object]]:
        """The lines of facts that an event leads to at once."""
        self.heard.clear()
        self.desk.kiosk.handle(event, self.desk.clock.now_s())
        return self.facts()

    def facts(self) -> list[dict[str, object]]:
        return [dict(one.data) for one in self.heard if one.kind == "fact"]

    def names(self) -> list[str]:
        return [str(fact["name"]) for fact in self.facts()]

    def why(self, ground: Ground = Ground.STANDS_THERE, *numbers: Number) -> Reason:
        at_s = self.desk.clock.now_s()
        seen = Observation(41, at_s, (80, 60), (), 0.0, CameraHealth.OK)
        bag = Thing(ThingKind.BAG, (10.0, 20.0, 12.0, 8.0), 0.9)
        return because(ground, seen, *numbers, marks=[bag])


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    heard: list[Happening] = []
    desk, _ = scripted_desk(tmp_path, heard.append, settings=DOORLESS)
    desk.run_to(5.0)
    yield Room(desk, heard)
    desk.close()


def test_every_fact_has_a_name_of_its_own() -> None:
    names = fact_names()
    assert len(set(names)) == len(names)
    wanted = (
        *("several", "crowd", "loitering", "intrusion", "weapon", "fight", "robbery", "person_down"),
        *("left_object", "removed_object", "unusual_behaviour", "unusual_scene"),
        *("camera_covered", "camera_sprayed"),
        *("camera_moved", "camera_defocused", "camera_frozen", "camera_dark", "camera_blinded"),
        "camera_upside_down",
    )
    assert set(wanted) <= set(names)


@pytest.mark.slow
@pytest.mark.parametrize("anomaly", Anomaly)
def test_every_anomaly_begins_and_ends_under_its_name(room: Room, anomaly: Anomaly) -> None:
    name = fact_of(anomaly)
    room.hears(AnomalyBegan(anomaly))
    assert room.names().count(name) == 1
    assert room.hears(AnomalyBegan(anomaly)) == [{"name": anomaly.value, "anomaly": anomaly, "detail": ""}]
    room.hears(AnomalyEnded(anomaly))
    assert room.names().count(f"{name}_ended") == 1
    assert anomaly.value + "_ended" in room.names(), "the line as it always was"


@pytest.mark.slow
@pytest.mark.parametrize("health", [one for one in CameraHealth if one is not CameraHealth.OK])
def test_every_health_of_a_camera_begins_and_ends_under_its_name(room: Room, health: CameraHealth) -> None:
    name = camera_fact(health)
    room.hears(CameraJudged(health))
    assert room.names().count(str(name)) == 1
    assert {"camera": "face", "health": health}.items() <= room.facts()[0].items()
    room.hears(CameraJudged(CameraHealth.OK))
    assert room.names().count(f"{name}_ended") == 1
    assert "camera_ok" in room.names(), "the line as it always was"


def test_a_switch_and_time_begin_facts_too(room: Room) -> None:
    assert {"name": "panic"} in room.hears(InputMoved(Input.PANIC, True))
    room.hears(PeopleJudged(True, room.why(Ground.SEVERAL_SEEN, Number(Measure.PERSONS, 3, 1))))
    assert room.names() == ["several_persons", "several"]
    assert room.facts()[1]["persons"] == 3
    room.desk.run_to(room.desk.clock.now_s() + 11.0)
    [crowd] = [fact for fact in room.facts() if fact["name"] == "crowd"]
    assert crowd["persons"] == 3
    room.hears(PeopleJudged(False))
    assert room.names() == ["one_person", "several_ended", "crowd_ended"]


def test_a_fact_has_the_numbers_and_boxes_that_it_was_decided_on(room: Room) -> None:
    why = room.why(Ground.STANDS_THERE, Number(Measure.SIZE_CM, 41.2), Number(Measure.STILL_S, 61, 60))
    facts = {str(fact["name"]): fact for fact in room.hears(AnomalyBegan(Anomaly.OBJECT_LEFT, "a bag", why))}
    assert facts["object_left"] == {"name": "object_left", "anomaly": "object_left", "detail": "a bag"}
    assert facts["left_object"] == {
        "name": "left_object",
        "camera": "face",
        "frame": 41,
        "size_cm": 41.2,
        "still_s": 61.0,
        "limits": {"still_s": 60.0},
        "rule": "Something new has stood in the empty cabin for longer than the limit",
        "boxes": [{"label": "bag", "box": [10.0, 20.0, 12.0, 8.0], "score": 0.9}],
    }
    json.dumps(facts)


def test_where_fact_and_event_have_one_name_they_are_one_line(room: Room) -> None:
    why = room.why(Ground.STAYED_LONG, Number(Measure.STAYED_S, 181, 180))
    [line] = room.hears(AnomalyBegan(Anomaly.LOITERING, "in the cabin for 180 s", why))
    assert line["name"] == "loitering"
    assert line["detail"] == "in the cabin for 180 s"
    assert line["stayed_s"] == 181.0
    assert "reason" not in line


def test_the_reason_is_in_the_record_and_its_picture_with_the_incident_also_after_a_restart(
    room: Room, tmp_path: Path
) -> None:
    why = room.why(Ground.WEAPON_SEEN, Number(Measure.LOOKS, 4, 3))
    room.hears(AnomalyBegan(Anomaly.WEAPON, "seen", why))
    room.desk.run_to(room.desk.clock.now_s() + 3.0)
    incident = room.desk.kiosk.state.incident
    room.desk.restart()
    room.desk.run_to(room.desk.clock.now_s() + 30.0)
    found = list(journal.lines(tmp_path / "journal.db"))
    [fact] = [line for line in found if (line.kind, line.name) == ("fact", "weapon")]
    assert fact.incident == incident
    assert msgspec.convert(json.loads(fact.data)["reason"], Reason, strict=False) == why
    assert not any("reason" in json.loads(line.data) for line in found if line.name == "keep_pictures")
    [shown] = [path for path in pictures(tmp_path / "evidence", incident) if is_reason(path.name)]
    assert shown.stem.endswith("-face-weapon")
    assert check_pictures(tmp_path / "evidence", found) == ()
    shown.unlink()
    assert len(check_pictures(tmp_path / "evidence", found)) == 1


def told(room: Room) -> dict[str, str]:
    """The reasons that messages carry, by the kind of the message."""
    return {
        str(one.data["alert"]): str(one.data["reason"])
        for one in room.heard
        if one.kind == "command" and one.data["name"] == "tell"
    }


def test_messages_carry_the_reason_in_short(room: Room) -> None:
    why = room.why(Ground.STANDS_THERE, Number(Measure.SIZE_CM, 41.2))
    room.hears(AnomalyBegan(Anomaly.OBJECT_LEFT, "a bag", why))
    assert told(room) == {"object_left": "stands_there size_cm=41.2"}
    room.hears(AnomalyBegan(Anomaly.LOITERING, "in the cabin for 180 s"))
    assert told(room) == {"loitering": "in the cabin for 180 s"}, "as before where there is none"
    room.hears(PeopleJudged(True, room.why(Ground.SEVERAL_SEEN, Number(Measure.PERSONS, 3, 1))))
    room.desk.run_to(room.desk.clock.now_s() + 11.0)
    brief = brief_in(told(room)["several_persons"])
    assert brief is not None
    assert brief.numbers == (Number(Measure.PERSONS, 3, 1),)


def test_a_reason_is_not_used_for_what_began_without_one_later(room: Room) -> None:
    why = room.why(Ground.SHAKEN_AND_SEEN, Number(Measure.MOVED_PX, 9))
    assert room.hears(AnomalyBegan(Anomaly.SHAKEN, "", why))[0]["moved_px"] == 9.0
    room.hears(AnomalyEnded(Anomaly.SHAKEN))
    assert {"name": "shaken"} in room.hears(InputMoved(Input.VIBRATION, True))


def test_a_camera_that_fails_twice_names_both(room: Room) -> None:
    why = room.why(Ground.PICTURE_DARK, Number(Measure.SPEED, 2, 10))
    assert room.hears(CameraJudged(CameraHealth.DARK, replace(why, camera="face")))[0]["speed"] == 2.0
    room.hears(CameraJudged(CameraHealth.COVERED))
    assert room.names() == ["camera_covered", "camera_dark_ended"]
