"""Bodies through the whole program, with scripted eyes: who hides, crouches, falls, is armed; two cameras."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.bench.desk import Desk
from edge.cabin.events import Device, FaceFact
from edge.cabin.state import Mode
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.terms.observation import CameraHealth
from edge.vision.eyes.report import EyesEvent, EyesTurn
from edge.vision.seers import Seer
from hw.ports import Input
from tests.worlds.desk_world import ScriptedLook, ScriptedPeople, scripted_desk

LOCKED_BY_S = 40.0


class World:
    """A cabin whose scene network sees everybody, and what happened in it."""

    def __init__(self, folder: Path, *settings: str, bodies: int | None = 9) -> None:
        self.heard: list[Happening] = []
        self.desk: Desk
        self.people: ScriptedPeople
        self.desk, self.people = scripted_desk(
            folder, self.heard.append, settings=load(None, list(settings)), bodies=bodies
        )

    def do(self, *actions: str) -> None:
        for action in actions:
            self.desk.stage(action)

    def enter(self, *actions: str) -> None:
        """Through the door, which opens and closes."""
        if self.desk.settings.wiring.door.fitted:
            self.desk.move_input(Input.DOOR, True)
        self.do(*actions)
        self.wait(1.0)
        if self.desk.settings.wiring.door.fitted:
            self.desk.move_input(Input.DOOR, False)

    def wait(self, for_s: float) -> None:
        self.desk.run_to(self.desk.clock.now_s() + for_s)

    def is_in(self, mode: Mode) -> bool:
        return self.desk.kiosk.state.mode is mode

    def names(self, kind: str) -> list[str]:
        return [str(h.data["name"]) for h in self.heard if h.kind == kind]

    @property
    def was_locked(self) -> bool:
        return "locked" in self.names("state")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.wait(2.0)
    yield made
    made.desk.close()


def test_one_who_hides_the_face_and_is_seen_is_locked(world: World) -> None:
    world.enter("enter anna", "turn away anna")
    world.wait(LOCKED_BY_S)
    assert world.is_in(Mode.LOCKED)


@pytest.mark.slow
@pytest.mark.parametrize("bodies", [9, None])
def test_two_who_hide_their_faces_are_not_locked_in(tmp_path: Path, bodies: int | None) -> None:
    """Without a scene network nobody but the one at the front is seen: what that cannot do, this can."""
    world = World(tmp_path, bodies=bodies)
    world.wait(2.0)
    world.enter("enter anna with mask", "enter george", "turn away george")
    world.wait(3 * LOCKED_BY_S)
    assert world.was_locked is (bodies is None)
    if bodies:
        assert "several" in world.names("fact")
        assert "one_at_a_time" in str(world.heard)
    world.desk.close()


@pytest.mark.slow
def test_both_with_their_backs_to_the_camera_are_not_locked_in_either(world: World) -> None:
    world.enter("enter anna", "turn away anna", "enter george", "turn away george")
    world.wait(3 * LOCKED_BY_S)
    assert not world.was_locked
    world.enter("leave george")  # the other one is seen alone now, and hides as before
    world.wait(3 * LOCKED_BY_S)
    assert world.was_locked


@pytest.mark.slow
def test_one_whom_nothing_but_a_latch_says_to_be_there_is_not_locked(world: World) -> None:
    """The face was seen, then neither face nor body: who knows who or what that is."""
    world.enter("enter anna with mask")
    world.wait(3.0)
    assert not world.is_in(Mode.VACANT)
    world.people.missed = 1
    world.do("turn away anna")
    world.wait(3 * LOCKED_BY_S)
    assert not world.was_locked
    assert world.desk.kiosk.state.present, "the door has not opened"
    assert world.desk.kiosk.state.face is FaceFact.UNCLEAR
    world.people.missed = 0
    world.wait(2 * LOCKED_BY_S)
    assert world.was_locked


def test_a_shown_face_that_goes_takes_the_permit_with_it_whoever_sees_a_body(world: World) -> None:
    world.enter("enter anna")
    world.wait(5.0)
    assert world.is_in(Mode.CLEARED)
    world.people.missed = 1
    world.do("turn away anna")
    world.wait(2.0)
    assert not world.is_in(Mode.CLEARED)
    assert not world.desk.kiosk.permit_on


@pytest.mark.slow
def test_who_crouches_is_somebody(tmp_path: Path) -> None:
    """Without a door contact nothing but the picture says so."""
    world = World(tmp_path, "wiring.door.fitted=false")
    world.wait(2.0)
    world.enter("enter anna")
    world.wait(3.0)
    world.do("crouch anna")
    world.wait(60.0)
    assert world.desk.kiosk.state.present
    assert "emptied" not in world.names("fact")
    world.do("leave anna")
    world.wait(8.0)
    assert world.is_in(Mode.VACANT)
    world.desk.close()


# --- who is in need, and who is armed -----------------------------------------------------------------------


@pytest.mark.slow
def test_a_person_who_falls_while_locked_is_released(world: World) -> None:
    world.enter("enter anna", "turn away anna")
    world.wait(LOCKED_BY_S)
    assert world.is_in(Mode.LOCKED)
    world.do("fall anna")
    world.wait(8.0)
    assert "person_down" in world.names("fact")
    assert world.is_in(Mode.RELEASED)
    assert not world.desk.kiosk.door_locked
    assert any(h.kind == "sms" and h.data["to"] == "control_room" for h in world.heard)
    world.wait(2 * LOCKED_BY_S)
    assert not world.is_in(Mode.LOCKED)


@pytest.mark.slow
def test_one_who_lies_there_is_not_locked_in(world: World) -> None:
    world.enter("enter anna", "turn away anna")
    world.wait(5.0)
    world.do("fall anna")
    world.wait(3 * LOCKED_BY_S)
    assert "person_down" in world.names("fact")
    assert not world.was_locked


@pytest.mark.slow
def test_who_crouches_at_the_machine_is_locked_like_anybody(world: World) -> None:
    """Low is not down: otherwise it would be the way around the lock."""
    world.enter("enter anna", "turn away anna")
    world.wait(5.0)
    world.do("crouch anna")
    world.wait(LOCKED_BY_S)
    assert "person_down" not in world.names("fact")
    assert world.was_locked


@pytest.mark.slow
def test_a_weapon_is_told_in_silence_and_never_locks(world: World) -> None:
    world.enter("enter anna with mask")
    world.wait(3.0)
    world.do("draw anna")
    world.wait(3 * LOCKED_BY_S)
    assert "weapon" in world.names("fact")
    assert not world.was_locked
    told_s = next(h.at_s for h in world.heard if h.kind == "fact" and h.data["name"] == "weapon")
    assert any(h.kind == "sms" and h.data["to"] == "control_room" for h in world.heard)
    after = [h for h in world.heard if h.at_s >= told_s]
    sounds = [h.data["sound"] for h in after if h.kind == "command" and h.data["name"] == "set_sound"]
    assert set(sounds) <= {"silence"}
    assert [h.data["text"] for h in after if h.kind == "prompt" and h.data["text"]] == []


# --- a seer that is missing --------------------------------------------------------------------------------


def failed(world: World, seer: Seer, turn: EyesTurn = EyesTurn.FAILED, camera: str = "face") -> None:
    event = EyesEvent(turn, "model_damaged", "hash", seer)
    world.desk.kiosk.eyes_changed(event, world.desk.clock.now_s(), camera)


@pytest.mark.slow
def test_without_the_face_check_nobody_is_locked(world: World) -> None:
    failed(world, Seer.FACES)
    assert Device.EYES in world.desk.kiosk.state.failed
    world.enter("enter anna with mask")
    world.wait(3 * LOCKED_BY_S)
    assert not world.was_locked
    failed(world, Seer.FACES, EyesTurn.RECOVERED)
    assert Device.EYES not in world.desk.kiosk.state.failed


@pytest.mark.slow
def test_a_missing_scene_network_is_told_and_the_face_is_judged(world: World) -> None:
    failed(world, Seer.THINGS)
    world.wait(1.0)
    fault = next(h for h in world.heard if h.kind == "fault")
    assert (fault.data["name"], fault.data["seer"]) == ("model_damaged", "things")
    assert any(h.kind == "sms" and h.data["to"] == "control_room" for h in world.heard)
    assert world.desk.kiosk.state.failed == frozenset()
    world.enter("enter anna with mask")
    world.wait(LOCKED_BY_S)
    assert world.was_locked
    failed(world, Seer.THINGS, EyesTurn.RECOVERED)
    assert "model_damaged" not in str(world.desk.kiosk.status(world.desk.clock.now_s())["faults"])


def test_of_a_camera_above_no_seer_that_fails_touches_the_lock(world: World) -> None:
    for seer in Seer:
        failed(world, seer, camera="overview")
    assert world.desk.kiosk.state.failed == frozenset()


# --- two cameras -------------------------------------------------------------------------------------------


class TwoCameras(World):
    """The camera at the machine sees one body, if any; the one above sees them all."""

    def __init__(self, folder: Path, seen_below: int | None = 1) -> None:
        self.heard = []
        self.above: list[ScriptedLook] = []

        def above(people: ScriptedPeople) -> ScriptedLook:
            self.above.append(ScriptedLook(people, "overview", faces=False, bodies=9))
            return self.above[-1]

        self.desk, self.people = scripted_desk(
            folder,
            self.heard.append,
            settings=load(None, ["overview.source=staged"]),
            bodies=seen_below,
            overview=above,
        )


@pytest.fixture
def two(tmp_path: Path) -> Iterator[TwoCameras]:
    made = TwoCameras(tmp_path)
    made.wait(2.0)
    yield made
    made.desk.close()


@pytest.mark.slow
@pytest.mark.parametrize("below", [1, None])
def test_the_camera_above_sees_the_second_one_and_nobody_is_locked(tmp_path: Path, below: int | None) -> None:
    two = TwoCameras(tmp_path, below)
    two.wait(2.0)
    two.enter("enter anna with mask", "enter george", "turn away george")
    two.wait(3 * LOCKED_BY_S)
    assert not two.was_locked
    fact = next(h for h in two.heard if h.kind == "fact" and h.data["name"] == "several")
    assert fact.data["camera"] == "overview", fact.data
    two.desk.close()


@pytest.mark.slow
def test_alone_under_both_one_who_hides_is_locked(two: TwoCameras) -> None:
    two.enter("enter anna with mask")
    two.wait(LOCKED_BY_S)
    assert two.is_in(Mode.LOCKED)


def test_a_covered_camera_above_is_told_and_blinds_nobody(two: TwoCameras) -> None:
    two.above[0].health = CameraHealth.COVERED
    two.wait(3.0)
    assert "camera_covered" in str(two.desk.kiosk.status(two.desk.clock.now_s())["faults"])
    assert next(h for h in two.heard if h.kind == "fault").data["camera"] == "overview"
    assert any(h.kind == "sms" and h.data["to"] == "control_room" for h in two.heard)
    assert two.desk.kiosk.state.health is CameraHealth.OK
    two.enter("enter anna")
    two.wait(4.0)
    assert two.is_in(Mode.CLEARED)
    two.above[0].health = CameraHealth.OK
    two.wait(3.0)
    assert "camera_covered" not in str(two.desk.kiosk.status(two.desk.clock.now_s())["faults"])


@pytest.mark.slow
def test_a_camera_above_never_locks_by_being_covered(two: TwoCameras) -> None:
    two.above[0].health = CameraHealth.COVERED
    two.wait(3 * LOCKED_BY_S)
    assert two.is_in(Mode.VACANT)
    assert Device.EYES not in two.desk.kiosk.state.failed


@pytest.mark.slow
def test_pictures_of_both_cameras_are_kept(two: TwoCameras, tmp_path: Path) -> None:
    two.enter("enter anna with mask")
    two.wait(LOCKED_BY_S)
    above = [path.stem.endswith("-overview") for path in (tmp_path / "evidence").rglob("*.jpg")]
    assert set(above) == {False, True}
