"""The loop between table and machine: interrupted starts, answers that come late, events on the way."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.bench.desk import Desk, StoryClock
from edge.bench.leaving import scratch
from edge.cabin.events import Device, DeviceFailed, FaceFact, FaceJudged
from edge.cabin.state import Mode
from edge.journal.writer import Journal
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.terms.record import Answer, Record, Remembered
from hw.ports import Input, KeypadFault, KeypadTrouble
from hw.scan import HardwareTrouble, Piece
from tests.worlds.desk_world import scripted_desk


def locked(folder: Path, heard: list[Happening], kind: type[Desk] = Desk) -> Desk:
    """Somebody masked is locked in, the code is out."""
    desk, people = scripted_desk(folder, heard.append, desk_type=kind)
    people.do("enter anna with mask", 0.0)
    desk.run_to(30.0)
    assert mode_of(desk) is Mode.LOCKED
    assert desk.hands.lock_on
    return desk


def mode_of(desk: Desk) -> Mode:
    """As it is now."""
    return desk.kiosk.state.mode


def is_locked(desk: Desk) -> bool:
    """As it is now."""
    return desk.hands.lock_on


def cut(desk: Desk, dark_s: float = 5.0) -> None:
    desk.power_off()
    desk.run_to(desk.clock.now_s() + dark_s)


def back_without_eyes(folder: Path, heard: list[Happening]) -> Desk:
    """Locked, power cut, and on again: the eyes have not seen anything yet."""
    desk = locked(folder, heard)
    cut(desk)
    heard.clear()
    desk.camera_alive = False
    desk.power_on()
    return desk


@pytest.mark.slow
def test_a_release_while_it_still_looks_for_the_person_is_not_lost() -> None:
    with scratch("test") as folder:
        desk = back_without_eyes(Path(folder), [])
        assert desk.kiosk.releasable(0)
        desk.release()
        desk.camera_alive = True
        desk.run_to(desk.clock.now_s() + 20.0)
        assert mode_of(desk) is Mode.RELEASED
        assert not desk.hands.lock_on
        desk.close()


@pytest.mark.slow
@pytest.mark.parametrize("name", [Input.EXIT, Input.FIRE, Input.DOOR, Input.PANIC])
@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_is_let_go_at_a_start_is_not_locked_in_again(name: Input, when: str) -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk = locked(Path(folder), heard)
        cut(desk)
        heard.clear()
        if when == "before":
            desk.move_input(name, True)
            desk.power_on()
        else:
            desk.camera_alive = False
            desk.power_on()
            desk.run_to(desk.clock.now_s() + 1.0)
            desk.move_input(name, True)
            desk.run_to(desk.clock.now_s() + 1.0)
            desk.camera_alive = True
        desk.run_to(desk.clock.now_s() + 3.0)
        desk.move_input(name, False)
        desk.run_to(desk.clock.now_s() + 60.0)
        assert not any(h.data.get("door") == "locked" for h in heard)
        assert desk.kiosk.state.present, "nobody has seen her go"
        desk.close()


@pytest.mark.slow
@pytest.mark.parametrize("blind_s", [5.0, 40.0])
def test_a_lock_that_comes_back_waits_for_eyes_that_start_slowly(blind_s: float) -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk = back_without_eyes(Path(folder), heard)
        desk.run_to(desk.clock.now_s() + blind_s)
        assert not desk.hands.lock_on
        assert not any(h.data.get("name") == "released" for h in heard)
        desk.camera_alive = True
        desk.run_to(desk.clock.now_s() + 9.0)
        assert (desk.kiosk.state.mode, desk.hands.lock_on) == (Mode.WARNED, False)
        desk.run_to(desk.clock.now_s() + 15.0)
        assert (desk.kiosk.state.mode, desk.hands.lock_on) == (Mode.LOCKED, True)
        desk.close()


def test_who_is_not_seen_in_the_first_pictures_is_let_go() -> None:
    """The eyes came late; nobody is in their pictures; anyone who is seen after that came later."""
    with scratch("test") as folder:
        heard: list[Happening] = []
        clock = StoryClock()
        desk, people = scripted_desk(Path(folder), heard.append, clock=clock)
        people.do("enter anna with mask", 0.0)
        desk.run_to(30.0)
        assert desk.hands.lock_on
        cut(desk)
        heard.clear()
        people.do("leave anna", clock.now_s())
        desk.camera_alive = False
        desk.power_on()
        desk.run_to(clock.now_s() + 30.0)
        desk.camera_alive = True
        desk.run_to(clock.now_s() + 2.0)
        assert mode_of(desk) is Mode.WARNED, "still looking"
        desk.run_to(clock.now_s() + 3.0)
        assert mode_of(desk) in (Mode.RELEASED, Mode.VACANT)
        assert [h.data["reason"] for h in heard if h.data.get("alert") == "released"] == ["nobody_there"]
        people.do("enter anna with mask", clock.now_s())
        desk.run_to(clock.now_s() + 6.0)
        assert not any(h.data.get("door") == "locked" for h in heard)
        desk.close()


@pytest.mark.slow
def test_without_eyes_a_lock_does_not_come_back_and_its_time_still_ends() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk = back_without_eyes(Path(folder), heard)
        desk.run_to(desk.clock.now_s() + 900.0)
        assert (desk.kiosk.state.mode, desk.hands.lock_on) == (Mode.WARNED, False)
        desk.run_to(desk.clock.now_s() + 900.0)
        assert mode_of(desk) is Mode.RELEASED
        desk.camera_alive = True
        desk.run_to(desk.clock.now_s() + 60.0)
        assert mode_of(desk) is Mode.RELEASED
        assert not any(h.data.get("door") == "locked" for h in heard)
        desk.close()


class OtherBoot(StoryClock):
    """A machine whose clock cannot say how long it was off."""

    names = iter(f"boot {number}" for number in range(1000))
    true = True

    @property
    def boot(self) -> str:
        return next(self.names)

    def wall_true(self) -> bool:
        return self.true


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dark_s", "true", "comes_back"),
    [
        (5.0, True, True),
        (170.0, True, True),
        (5.0, False, False),
        (200.0, True, False),
        (36000.0, True, False),
    ],
)
def test_a_lock_comes_back_only_where_a_clock_says_that_it_was_short(
    dark_s: float, true: bool, comes_back: bool
) -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        clock = OtherBoot()
        clock.true = true
        desk, people = scripted_desk(Path(folder), heard.append, clock=clock)
        people.do("enter anna with mask", 0.0)
        desk.run_to(30.0)
        assert desk.hands.lock_on
        cut(desk, dark_s)
        desk.power_on()
        desk.run_to(clock.now_s() + 30.0)
        assert is_locked(desk) is comes_back
        assert mode_of(desk) is (Mode.LOCKED if comes_back else Mode.RELEASED)
        desk.close()


class KilledDesk(Desk):
    """Each start is that of a killed process: what lies in memory-backed files is still there."""

    memory_keeps = True


@pytest.mark.slow
@pytest.mark.parametrize("full", [True, False])
def test_whoever_was_released_while_the_disk_was_full_is_not_locked_again_after_a_kill(full: bool) -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk = locked(Path(folder), heard, KilledDesk)
        desk.fail_disk(full)
        desk.run_to(desk.clock.now_s() + 1.0)
        desk.type_keys("CODE")
        desk.run_to(desk.clock.now_s() + 5.0)
        assert mode_of(desk) is Mode.RELEASED
        assert (Path(folder) / "unrecorded").exists() is full
        cut(desk, 1.0)
        heard.clear()
        desk.fail_disk(False)
        desk.power_on()
        desk.run_to(desk.clock.now_s() + 60.0)
        assert mode_of(desk) is Mode.RELEASED
        assert not any(h.data.get("door") == "locked" for h in heard)
        assert any(h.data.get("name") == "state_unrecorded" for h in heard) is full
        assert not (Path(folder) / "unrecorded").exists(), "all is on the card again"
        desk.close()


@pytest.mark.slow
def test_three_who_wait_at_power_on_are_not_locked_in() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk, people = scripted_desk(Path(folder), heard.append)
        people.do("enter anna with mask", 0.0)
        desk.run_to(30.0)
        cut(desk)
        heard.clear()
        for name in ("ben", "carl"):
            people.do(f"enter {name} with mask", desk.clock.now_s())
        desk.power_on()
        desk.run_to(desk.clock.now_s() + 120.0)
        assert not any(h.data.get("door") == "locked" for h in heard)
        assert mode_of(desk) is Mode.RELEASED
        desk.close()


@pytest.mark.slow
def test_whoever_slips_in_as_another_leaves_hears_a_whole_warning() -> None:
    """The one before was warned for long; the next has a deadline and words of their own."""
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk, people = scripted_desk(Path(folder), heard.append)
        desk.move_input(Input.DOOR, True)
        people.do("enter anna with mask", 0.0)
        desk.run_to(1.0)
        desk.move_input(Input.DOOR, False)
        desk.run_to(18.0)
        desk.move_input(Input.DOOR, True)
        desk.run_to(19.5)
        people.do("leave anna", 19.5)
        people.do("enter ben with mask", 19.5)
        desk.run_to(22.0)
        desk.move_input(Input.DOOR, False)
        desk.run_to(41.9)
        assert not desk.hands.lock_on
        desk.run_to(60.0)
        locked_s = next(h.at_s for h in heard if h.data.get("door") == "locked")
        warned = [
            h.at_s for h in heard if h.kind == "prompt" and h.at_s > 22.0 and "will lock" in str(h.data)
        ]
        assert locked_s >= 42.0
        assert locked_s - warned[0] >= 10.0
        desk.close()


@pytest.mark.slow
def test_what_fails_while_it_looks_for_the_person_is_told() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk = back_without_eyes(Path(folder), heard)
        desk.hands.fail_keypad()
        desk.run_to(desk.clock.now_s() + 1.0)
        desk.camera_alive = True
        desk.run_to(desk.clock.now_s() + 5.0)
        assert [h.data["code"] for h in heard if h.data.get("name") == "device_failed"] == ["keypad_failed"]
        desk.run_to(desk.clock.now_s() + 60.0)
        assert not desk.hands.lock_on, "no lock comes back without a keypad"
        desk.close()


class LateJournal(Journal):
    """Answers no transaction above `through`; `states` are those that it was handed."""

    through = 10**9

    def open(self) -> Remembered:
        self._held: list[Answer] = []
        self.states: list[str | None] = []
        return super().open()

    def submit(self, record: Record) -> None:
        self.states.append(record.state)
        super().submit(record)

    def answers(self) -> tuple[Answer, ...]:
        held = [*self._held, *super().answers()]
        self._held = [answer for answer in held if answer.sequence > self.through]
        return tuple(answer for answer in held if answer.sequence <= self.through)


class LateDesk(Desk):
    journal_type = LateJournal

    @property
    def late(self) -> LateJournal:
        assert isinstance(self.built.journal, LateJournal)
        return self.built.journal

    @property
    def states(self) -> list[str | None]:
        return self.late.states


def test_a_late_answer_to_a_lock_taken_back_does_not_lock() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk, people = scripted_desk(Path(folder), heard.append, desk_type=LateDesk)
        assert isinstance(desk, LateDesk)
        people.do("enter anna with mask", 0.0)
        while mode_of(desk) is not Mode.LOCKED:
            desk.late.through = len(desk.states)  # all so far, none to come
            desk.run_to(desk.clock.now_s() + 0.1)
            assert desk.clock.now_s() < 40.0
        first = len(desk.states)
        assert not desk.hands.lock_on
        desk.kiosk.handle(FaceJudged(FaceFact.UNCLEAR), desk.clock.now_s())
        assert mode_of(desk) is Mode.WARNED
        desk.run_to(desk.clock.now_s() + 0.2)
        desk.kiosk.handle(FaceJudged(FaceFact.COVERED), desk.clock.now_s())
        while mode_of(desk) is not Mode.LOCKED:
            desk.run_to(desk.clock.now_s() + 0.02)
            assert desk.clock.now_s() < 60.0
        desk.late.through = first  # the first lock's answer comes only now
        desk.run_to(desk.clock.now_s() + 0.1)
        assert not desk.hands.lock_on, "the second lock is not on the card"
        desk.run_to(desk.clock.now_s() + 0.6)
        assert is_locked(desk), "a slow card may not keep the door open"
        assert None not in desk.states, "each transaction holds the state, on the clock of its own boot"
        desk.close()


@pytest.mark.slow
@pytest.mark.parametrize("device", [Device.KEYPAD, Device.INPUTS, Device.PROMPT, Device.DISK])
def test_a_lock_that_waits_for_its_record_needs_what_every_lock_needs(device: Device) -> None:
    with scratch("test") as folder:
        desk, people = scripted_desk(Path(folder), desk_type=LateDesk)
        assert isinstance(desk, LateDesk)
        people.do("enter anna with mask", 0.0)
        while desk.kiosk.name != "locked":
            desk.late.through = len(desk.states)
            desk.run_to(desk.clock.now_s() + 0.1)
            assert desk.clock.now_s() < 40.0
        desk.kiosk.handle(DeviceFailed(device, "broken"), desk.clock.now_s())
        assert desk.kiosk.name == "warned"
        assert not desk.hands.lock_on
        desk.close()


@pytest.mark.slow
def test_a_disk_that_never_answers_allows_no_new_lock() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk, people = scripted_desk(Path(folder), heard.append, desk_type=LateDesk)
        assert isinstance(desk, LateDesk)
        desk.run_to(1.0)
        desk.late.through = len(desk.states)  # all so far, none to come
        people.do("enter anna with mask", 0.0)
        desk.run_to(60.0)
        assert desk.kiosk.name == "warned"
        assert [h.data["code"] for h in heard if h.data.get("name") == "device_failed"] == ["disk_error"]
        desk.late.through = 10**9  # it was only very slow
        desk.run_to(62.0)
        assert desk.kiosk.name == "warned", "she is told again"
        desk.run_to(85.0)
        assert desk.kiosk.name == "locked"
        desk.late.through = len(desk.states)  # and hangs again: a lock that stands keeps its rules
        desk.run_to(110.0)
        assert desk.hands.lock_on
        desk.close()


def test_a_device_works_again_when_all_its_troubles_are_over() -> None:
    with scratch("test") as folder:
        desk, _ = scripted_desk(Path(folder))

        def failed(event: KeypadTrouble | HardwareTrouble) -> bool:
            desk.kiosk.hardware_event(event, desk.clock.now_s())
            return Device.KEYPAD in desk.kiosk.state.failed

        assert failed(KeypadTrouble(KeypadFault.STUCK, True, 0.0))
        assert failed(KeypadTrouble(KeypadFault.GHOST, True, 0.0))
        assert failed(KeypadTrouble(KeypadFault.GHOST, False, 0.0)), "a key is still stuck"
        assert failed(HardwareTrouble(Piece.KEYPAD, "keypad_failed", "", True, 0.0))
        assert failed(KeypadTrouble(KeypadFault.STUCK, False, 0.0)), "it cannot be read"
        assert not failed(HardwareTrouble(Piece.KEYPAD, "keypad_failed", "", False, 0.0))
        desk.close()


def test_no_message_goes_out_before_its_record_has_had_its_time() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk, people = scripted_desk(Path(folder), heard.append, desk_type=LateDesk)
        assert isinstance(desk, LateDesk)
        people.do("enter anna with mask", 0.0)
        desk.run_to(20.0)
        desk.late.through = len(desk.states)
        desk.run_to(40.0)
        at_s = next(h.at_s for h in heard if h.data.get("name") == "send_code")
        sent_s = next(h.at_s for h in heard if h.kind == "sms")
        assert at_s + 0.5 <= sent_s <= at_s + 0.7
        desk.close()


@pytest.mark.slow
def test_both_watchmen_read_the_same_end_of_the_same_code() -> None:
    with scratch("test") as folder:
        desk = locked(Path(folder), [])
        desk.run_to(200.0)
        found = [re.search(r"CODE (\d+).*until (\S+),", text.text) for text in desk.phone.texts]
        ends = [match.groups() for match in found if match]
        assert len(ends) == 2
        assert ends[0] == ends[1]
        desk.close()


@pytest.mark.slow
def test_a_key_that_was_refused_is_no_digit_of_the_next_entry() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        desk = locked(Path(folder), heard)
        for _ in range(3):
            desk.type_keys("WRONG")
            desk.run_to(desk.clock.now_s() + 4.0)
        assert desk.kiosk.name == "lockout"
        while desk.kiosk.state.code.lockout_until_s is not None:
            until_s = desk.kiosk.state.code.lockout_until_s
            desk.run_to(min(until_s, desk.clock.now_s() + 10.0))
            if until_s - desk.clock.now_s() < 5.0 and desk.kiosk.name == "lockout":
                desk.type_keys("7")
                desk.run_to(until_s + 1.0)
        desk.run_to(desk.clock.now_s() + 1.0)
        desk.type_keys("CODE")
        desk.run_to(desk.clock.now_s() + 3.0)
        assert mode_of(desk) is Mode.RELEASED
        desk.close()


@pytest.mark.slow
def test_the_record_of_a_visit_is_read_and_verified(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    desk = locked(tmp_path, [])
    desk.type_keys("CODE")
    desk.run_to(70.0)  # the pictures after the release are in the record, too
    desk.close()
    record = ("--journal", str(desk.journal_file))
    assert main(["events", "--verify", *record]) == 0
    assert "the chain fits" in capsys.readouterr().out
    assert main(["events", "--verify", "--json", *record]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == []
    assert main(["events", "--json", "--incident", "1", *record]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["incident"] for line in lines} == {1}
    assert {"record_lock", "locked", "released", "code_accepted"} <= {line["name"] for line in lines}
    assert list(lines[0]) == ["seq", "at", "boot", "mono_s", "incident", "kind", "name", "data", "hash"]
    next((tmp_path / "evidence" / "1").glob("*.jpg")).write_bytes(b"another picture")
    assert main(["events", "--verify", "--json", *record]) == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["ok"]
    assert len(found["pictures"]) == 1
    assert found["pictures"][0].endswith("was changed")
    assert main(["events", "--verify", "--head", f"{lines[0]['seq']}:{'0' * 64}", *record]) == 1
    assert "is not the one that was sent out" in capsys.readouterr().out


@pytest.mark.slow
def test_the_daily_text_has_the_head_of_the_record(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    desk = locked(tmp_path, [])
    desk.kiosk.report("ok", desk.clock.now_s())
    desk.run_to(desk.clock.now_s() + 30.0)
    desk.close()
    [text] = [text.text for text in desk.phone.texts if "selftest ok" in text.text]
    [head] = re.findall(r"record (\d+:[0-9a-f]{16})\b", text)
    assert len(text) <= 160  # one text
    verify = ["events", "--verify", "--journal", str(desk.journal_file), "--head"]
    assert main([*verify, head]) == 0
    assert main([*verify, head[:-1] + ("0" if head[-1] != "0" else "1")]) == 1
    capsys.readouterr()


@pytest.mark.slow
def test_a_record_without_any_line_is_no_whole_record(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    desk = locked(tmp_path, [])
    desk.close()
    with closing(sqlite3.connect(desk.journal_file)) as db, db:
        db.execute("DELETE FROM events")
    assert main(["events", "--verify", "--journal", str(desk.journal_file)]) == 1
    assert "every line was removed" in capsys.readouterr().out
    assert main(["events", "--head", f"1:{'0' * 64}", "--journal", str(desk.journal_file)]) == 2


@pytest.mark.slow
def test_the_right_code_at_the_keypad_inside_opens_nothing() -> None:
    with scratch("test") as folder:
        heard: list[Happening] = []
        settings = load(None, ["wiring.customer_keypad.fitted=true"])
        desk, people = scripted_desk(Path(folder), heard.append, settings=settings)
        people.do("enter anna with mask", 0.0)
        desk.run_to(30.0)
        assert is_locked(desk)
        end_s = desk.hands.customer_type(desk.spell("CODE#"), desk.clock.now_s())
        desk.run_to(end_s + 5.0)
        assert is_locked(desk)
        names = {one.data.get("name") for one in heard if one.kind == "event"}
        assert names
        assert not names & {"entry_completed", "key_touched"}
        desk.type_keys("CODE")
        desk.run_to(desk.clock.now_s() + 3.0)
        assert not is_locked(desk), "and none of it stands before the watchman's digits"
        desk.close()
