"""What is done to a kiosk is told and stays as lines of its record: the groups of events of EN 50131-1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.bench.desk import Desk
from edge.cabin.events import Anomaly, AnomalyBegan
from edge.journal import reader
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk


def begun(folder: Path) -> Desk:
    desk, _ = scripted_desk(folder)
    desk.run_to(5.0)
    return desk


def kept(desk: Desk, folder: Path) -> list[reader.Line]:
    """The lines of the record after some more seconds, read from the disk."""
    desk.run_to(desk.clock.now_s() + 8.0)
    desk.close()
    assert reader.verify(folder / "journal.db").ok
    return list(reader.lines(folder / "journal.db"))


def names(lines: list[reader.Line]) -> list[tuple[str, str]]:
    return [(line.kind, line.name) for line in lines]


@pytest.mark.parametrize(
    ("contact", "alert", "told"),
    [
        (Input.CASE, "case_opened", "The case of the guard was opened"),
        (Input.VIBRATION, "shaken", "The machine is being shaken"),
        (Input.PANIC, "panic", "PANIC switch pressed"),
    ],
)
def test_a_case_that_is_opened_or_shaken_and_a_panic_button_are_recorded_and_told(
    tmp_path: Path, contact: Input, alert: str, told: str
) -> None:
    desk = begun(tmp_path)
    desk.hands.set_input(contact, True, desk.clock.now_s())
    lines = kept(desk, tmp_path)
    (moved,) = [json.loads(line.data) for line in lines if line.name == "input_moved"]
    assert moved == {"name": "input_moved", "input": contact.value, "active": True}
    (tell,) = [line for line in lines if line.name == "tell"]
    assert (json.loads(tell.data)["alert"], tell.incident) == (alert, 1)
    assert ("sms", "delivered") in names(lines)
    assert any(told in text.text for text in desk.phone.texts)


@pytest.mark.parametrize(
    ("anomaly", "told"),
    [
        (Anomaly.INTRUSION, "Somebody is where nobody may be"),
        (Anomaly.CAMERA_OBSTRUCTED, "Camera covered, moved or dark"),
    ],
)
def test_an_intruder_and_a_camera_made_blind_are_recorded_and_told(
    tmp_path: Path, anomaly: Anomaly, told: str
) -> None:
    desk = begun(tmp_path)
    desk.kiosk.handle(AnomalyBegan(anomaly, "as it was seen"), desk.clock.now_s())
    lines = kept(desk, tmp_path)
    (seen,) = [line for line in lines if line.name == anomaly.value]
    assert (json.loads(seen.data)["detail"], seen.incident) == ("as it was seen", 1)
    assert [json.loads(line.data)["alert"] for line in lines if line.name == "tell"] == [anomaly.value]
    assert any(told in text.text for text in desk.phone.texts)


def test_a_wire_that_fails_is_recorded_and_told(tmp_path: Path) -> None:
    desk = begun(tmp_path)
    desk.hands.fail_input(Input.DOOR)
    lines = kept(desk, tmp_path)
    (failed,) = [json.loads(line.data) for line in lines if line.name == "device_failed"]
    assert (failed["device"], failed["code"]) == ("inputs", "input_failed")
    assert [json.loads(line.data)["reason"] for line in lines if line.name == "tell"] == ["input_failed"]
    assert len(desk.phone.texts) == 2


@pytest.mark.parametrize(("jump_s", "recorded"), [(4.0, False), (9.0, True), (-3600.0, True)])
def test_a_clock_that_is_set_is_a_line_of_the_record_with_by_how_much(
    tmp_path: Path, jump_s: float, recorded: bool
) -> None:
    """Up to `watchdog.clock_jump_s`, 5 by default, it counts as the network's small steps."""
    desk = begun(tmp_path)
    desk.clock.jump(jump_s)
    found = [json.loads(line.data) for line in kept(desk, tmp_path) if line.name == "clock_jumped"]
    assert [data["by_s"] for data in found if "by_s" in data] == [pytest.approx(jump_s)] * recorded


def test_a_camera_that_fails_and_works_again_is_told_and_stands_in_the_record(tmp_path: Path) -> None:
    desk = begun(tmp_path)
    desk.camera_alive = False
    desk.run_to(40.0)
    desk.camera_alive = True
    lines = kept(desk, tmp_path)
    assert [name for kind, name in names(lines) if kind == "fact"] == [
        "camera_ok",
        "camera_gone",
        "camera_ok",
    ]
    assert names(lines).count(("command", "tell")) == 1
    assert len(desk.phone.texts) == 2
