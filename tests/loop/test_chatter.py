"""What moves again and again costs the record, the pictures and the readers little; the table sees it all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.bench.desk import BENCH_NUMBERS, Desk
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    ClockJumped,
    Device,
    DeviceFailed,
    DeviceRecovered,
    Emptied,
    FaceFact,
    FaceJudged,
    PeopleJudged,
)
from edge.cabin.state import Mode
from edge.journal import reader as journal
from edge.loop.chatter import FAST, QUIET_S, SLOW, Chatter, Turn
from edge.loop.happening import Happening
from edge.pictures.kept import EvidenceAnswer, EvidenceTrouble
from edge.service.asks import Status
from edge.terms.observation import CameraHealth
from edge.terms.reason import Reason
from edge.terms.record import Recipient
from edge.vision.eyes.report import EyesEvent, EyesTurn
from hw.ports import Input, KeypadFault, KeypadTrouble
from hw.scan import HardwareTrouble, Piece
from tests.worlds.desk_world import ScriptedPeople, scripted_desk

Move = Callable[[Desk, bool], None]


def _desk(folder: Path) -> tuple[Desk, ScriptedPeople, list[Happening]]:
    said: list[Happening] = []
    desk, people = scripted_desk(folder, said.append, every_s=1.0)
    desk.run_to(5.0)
    return desk, people, said


def _flap(desk: Desk, move: Move, for_s: float, every_s: float) -> int:
    """Move it there and back; how many lines that cost."""
    before = len(list(journal.lines(desk.journal_file)))
    end_s, there = desk.clock.now_s() + for_s, False
    while desk.clock.now_s() < end_s:
        there = not there
        move(desk, there)
        desk.run_to(desk.clock.now_s() + every_s)
    return len(list(journal.lines(desk.journal_file))) - before


def _event(began: object, ended: object) -> Move:
    def move(desk: Desk, there: bool) -> None:
        desk.kiosk.handle(began if there else ended, desk.clock.now_s())  # type: ignore[arg-type]

    return move


def _eyes(camera: str) -> Move:
    def move(desk: Desk, there: bool) -> None:
        turn = EyesTurn.FAILED if there else EyesTurn.RECOVERED
        desk.kiosk.eyes_changed(EyesEvent(turn, "eyes_silent", ""), desk.clock.now_s(), camera)

    return move


def _keypad(desk: Desk, there: bool) -> None:
    desk.kiosk.hardware_event(KeypadTrouble(KeypadFault.STUCK, there, desk.clock.now_s()), desk.clock.now_s())


def _driver(desk: Desk, there: bool) -> None:
    desk.kiosk.hardware_event(
        HardwareTrouble(Piece.INPUTS, "input_failed", "", there, desk.clock.now_s()), desk.clock.now_s()
    )


def _evidence(desk: Desk, there: bool) -> None:
    """The keeper of the pictures tells of trouble with the disk, once."""
    evidence = desk.built.parts.evidence
    answers = evidence.answers

    def told() -> tuple[EvidenceAnswer, ...]:
        evidence.answers = answers  # type: ignore[method-assign]  # once
        return (EvidenceTrouble("evidence_disk_low", "1 MB free", there),)

    evidence.answers = told  # type: ignore[method-assign]  # in place of a disk that is nearly full


def _orders(desk: Desk) -> list[float]:
    """When pictures will have been ordered."""
    evidence, ordered_s = desk.built.parts.evidence, list[float]()
    keep, keep_one = evidence.keep, evidence.keep_one

    def order(incident: int, at_s: float, why: str, reason: Reason | None = None) -> None:
        ordered_s.append(at_s)
        keep(incident, at_s, why, reason)

    def order_one(incident: int, at_s: float, why: str) -> None:
        ordered_s.append(at_s)
        keep_one(incident, at_s, why)

    evidence.keep = order  # type: ignore[method-assign]  # counted on their way
    evidence.keep_one = order_one  # type: ignore[method-assign]
    return ordered_s


def _keys(desk: Desk, there: bool) -> None:
    desk.type_keys("123")


def _moved(name: Input) -> Move:
    return lambda desk, there: desk.move_input(name, there)


SOURCES: dict[str, Move] = {
    **{f"input {name.value}": _moved(name) for name in Input},
    **{
        f"device {device.value}": _event(DeviceFailed(device, "disk_slow"), DeviceRecovered(device))
        for device in Device
        if device not in (Device.DISK, Device.LIGHTS, Device.LOCK, Device.PERMIT)  # looked at in each turn
    },
    **{
        f"anomaly {anomaly.value}": _event(AnomalyBegan(anomaly), AnomalyEnded(anomaly))
        for anomaly in Anomaly
    },
    "camera": _event(CameraJudged(CameraHealth.DARK), CameraJudged(CameraHealth.OK)),
    "face": _event(FaceJudged(FaceFact.COVERED), FaceJudged(FaceFact.PROPER)),
    "people": _event(PeopleJudged(True), PeopleJudged(False)),
    "presence": _event(Appeared(), Emptied()),
    "clock": _event(ClockJumped(9.0), ClockJumped(-9.0)),
    "eyes": _eyes("face"),
    "overview": _eyes("overview"),
    "keypad": _keypad,
    "driver": _driver,
    "evidence": _evidence,
    "keys": _keys,
}


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_what_flaps_fills_neither_the_record_nor_the_disk_nor_a_phone(tmp_path: Path, source: str) -> None:
    desk, _, said = _desk(tmp_path)
    ordered_s = _orders(desk)
    first = _flap(desk, SOURCES[source], 60.0, 1.0)
    later = _flap(desk, SOURCES[source], 120.0, 1.0)
    assert later <= 10  # of 120 moves
    assert first <= 8 * FAST
    assert len(desk.phone.texts) <= 6
    assert sum(at_s > desk.clock.now_s() - desk.settings.evidence.after_s for at_s in ordered_s) <= 4
    assert _told(said, began=True) == 1
    SOURCES[source](desk, False)
    desk.run_to(desk.clock.now_s() + QUIET_S + 40.0)
    assert _told(said, began=False) == 1
    assert {"input_chatters", "comes_and_goes"}.isdisjoint(_faults(desk))
    desk.close()
    assert journal.verify(desk.journal_file).ok


def _faults(desk: Desk) -> list[str]:
    faults = desk.kiosk.status(desk.clock.now_s())["faults"]
    assert isinstance(faults, list)
    return faults


def _told(said: list[Happening], *, began: bool) -> int:
    """How often it was reported that the source of a test flaps; not what flaps along with it."""
    names = {
        f"{name}{'' if began else '_ended'}" for name in ("input_chatters", "comes_and_goes", "held_back")
    }
    sources = [h.data["source"] for h in said if h.data.get("name") in names]
    return max((sources.count(one) for one in sources), default=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(Input))
def test_each_edge_of_a_chattering_contact_reaches_the_table_at_once(tmp_path: Path, name: Input) -> None:
    desk, _, said = _desk(tmp_path)
    active = False
    for _ in range(80):
        active = not active
        desk.move_input(name, active)
        before = len(said)
        desk.run_to(desk.clock.now_s() + 0.2)
        moved = [h.data for h in said[before:] if h.data.get("name") == "input_moved"]
        assert [(m["input"], m["active"]) for m in moved] == [(name.value, active)]
        if name is Input.FIRE:
            assert desk.kiosk.state.fire is active
        if name is Input.EXIT and active:
            assert desk.kiosk.state.exit
        if name is Input.DOOR:
            assert desk.kiosk.state.door_open is active
        if name is Input.PANIC:
            assert (Anomaly.PANIC in desk.kiosk.state.active) is active
    assert _faults(desk) == ["input_chatters"]
    [line] = [line for line in journal.lines(desk.journal_file) if line.name == "input_chatters"]
    assert json.loads(line.data) == {"source": f"input {name.value}"}
    desk.run_to(desk.clock.now_s() + QUIET_S + 1.0)
    [line] = [line for line in journal.lines(desk.journal_file) if line.name == "input_chatters_ended"]
    told = json.loads(line.data)
    assert told["source"] == f"input {name.value}"
    assert told["held"] > 50
    desk.close()


def _enter(desk: Desk, people: ScriptedPeople) -> None:
    """Somebody who does not show the face comes in through the door."""
    desk.move_input(Input.DOOR, True)
    desk.run_to(desk.clock.now_s() + 2.0)
    people.do("enter anna with mask", 0.0)
    desk.run_to(desk.clock.now_s() + 1.0)
    desk.move_input(Input.DOOR, False)
    desk.run_to(desk.clock.now_s() + 1.0)


def _until_locked(desk: Desk, people: ScriptedPeople, move: Move) -> None:
    _enter(desk, people)
    there = False
    while desk.kiosk.state.mode is not Mode.LOCKED:
        assert desk.clock.now_s() < 150.0
        there = not there
        move(desk, there)
        desk.run_to(desk.clock.now_s() + 0.2)
    desk.run_to(desk.clock.now_s() + 1.0)


@pytest.mark.slow
def test_a_lock_in_the_midst_of_it_has_its_record(tmp_path: Path) -> None:
    desk, people, _ = _desk(tmp_path)
    _flap(desk, SOURCES["input vibration"], 30.0, 0.2)
    _until_locked(desk, people, SOURCES["input vibration"])
    assert desk.kiosk.door_locked
    names = [line.name for line in journal.lines(desk.journal_file)]
    assert {"record_lock", "issue_code", "send_code", "locked"} <= set(names)
    assert '"mode":"locked"' in str(journal.recall(desk.journal_file).state)
    desk.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", [Input.EXIT, Input.FIRE, Input.PANIC])
def test_what_opens_the_door_is_on_record_though_it_chatters(tmp_path: Path, name: Input) -> None:
    """Killed in the middle of it, the kiosk does not come back locked."""
    desk, people, _ = _desk(tmp_path)
    _flap(desk, SOURCES[f"input {name.value}"], 12.0, 0.2)
    desk.move_input(name, False)
    desk.run_to(desk.clock.now_s() + 700.0)
    desk.move_input(Input.DOOR, True)
    desk.run_to(desk.clock.now_s() + 2.0)
    desk.move_input(Input.DOOR, False)
    desk.run_to(desk.clock.now_s() + 700.0)
    _enter(desk, people)
    desk.run_to(desk.clock.now_s() + 60.0)
    assert desk.kiosk.door_locked
    for there in (True, False) * (2 * FAST):
        desk.move_input(name, there)
        desk.run_to(desk.clock.now_s() + 0.2)
        assert not desk.kiosk.door_locked
    state = json.loads(str(journal.recall(desk.journal_file).state))
    assert state["mode"] != "locked"
    assert state["no_lock"]
    desk.close()


@pytest.mark.slow
@pytest.mark.parametrize("sender", ["+15559999", BENCH_NUMBERS[Recipient.CONTROL_ROOM]])
def test_who_writes_again_and_again_fills_nothing(tmp_path: Path, sender: str) -> None:
    """A stranger; and somebody who forges the control room's number."""
    desk, _, _ = _desk(tmp_path)
    count = 0

    def write(desk: Desk, there: bool) -> None:
        nonlocal count
        count += 1
        desk.phone.incoming(sender, f"RELEASE {count} 123456")

    _flap(desk, write, 60.0, 1.0)
    assert _flap(desk, write, 120.0, 1.0) <= 10
    desk.close()


def test_status_names_a_full_evidence_disk_as_soon_as_the_record_does(tmp_path: Path) -> None:
    desk, _, _ = _desk(tmp_path)
    _evidence(desk, True)
    desk.run_to(desk.clock.now_s() + 1.0)
    assert "evidence_disk_low" in [line.name for line in journal.lines(desk.journal_file)]
    assert _faults(desk) == ["evidence_disk_low"]
    assert desk.answer(Status())["faults"] == ["evidence_disk_low"]
    _evidence(desk, False)
    desk.run_to(desk.clock.now_s() + 1.0)
    assert _faults(desk) == []
    desk.close()


# --- the counting ----------------------------------------------------------------------------------


def test_it_begins_with_many_moves_and_ends_with_none() -> None:
    chatter = Chatter()
    held = [chatter.moved("x", 2.0 * n) for n in range(30)]
    assert held == [False] * (FAST - 1) + [True] * (31 - FAST)
    assert chatter.poll(60.0) == (Turn("x", began=True),)
    assert chatter.next_wake_s() == 58.0 + QUIET_S
    assert chatter.poll(58.0 + QUIET_S - 0.1) == ()
    assert chatter.poll(58.0 + QUIET_S) == (Turn("x", began=False, held=31 - FAST),)
    assert chatter.next_wake_s() is None
    assert not chatter.moved("x", 58.0 + QUIET_S + 1.0)


def test_slow_and_steady_is_too_much_too() -> None:
    chatter = Chatter()
    held = [chatter.moved("x", 12.0 * n) for n in range(SLOW + 10)]
    assert held == [False] * (SLOW - 1) + [True] * 11


def test_a_busy_day_is_none_and_one_source_is_not_another() -> None:
    """A door for two customers a minute; and twenty different sources at once."""
    chatter = Chatter()
    assert not any(chatter.moved("door", 16.0 * n) for n in range(1000))
    assert not any(chatter.moved(f"source {n}", 20_000.0) for n in range(50))
    assert chatter.poll(30_000.0) == ()
