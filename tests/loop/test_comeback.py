"""A state that an earlier start left: taken as it is or, where anything is odd, as the safer answer."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from edge.bench.desk import Desk
from edge.cabin.commands import PromptCause, PromptKey
from edge.cabin.events import Anomaly, Device, FaceFact
from edge.cabin.state import Code, Mode, State
from edge.journal import reader as journal
from edge.loop.comeback import read_state
from edge.loop.happening import Happening
from hw.ports import Input
from tests.worlds.desk_world import ScriptedPeople, scripted_desk

SAVED_S = 5000.0
FULL = State(
    mode=Mode.LOCKED,
    since_s=4900.0,
    door_open_since_s=4800.0,
    face=FaceFact.COVERED,
    active=frozenset({Anomaly.LOITERING}),
    failed=frozenset({Device.MODEM}),
    visit=8,
    incident=3,
    incidents=3,
    told=((Anomaly.LOITERING, 4890.0),),
    evidence_s=20.0,
    said=(PromptKey.LOCKED, PromptCause.NONE),
    locked_at_s=4900.0,
    unreached_s=12.0,
    unreached_from_s=4950.0,
    code=Code(issue=2, counted=2, live=True, tries=1, lockout_until_s=5030.0),
    siren_until_s=5020.0,
)
FIELDS = [field.name for field in dataclasses.fields(State)]
CODE_FIELDS = [field.name for field in dataclasses.fields(Code)]


def said(changes: Mapping[str, object] | None = None) -> dict[str, object]:
    """The state as it is written down, with changes."""
    written: dict[str, object] = json.loads(msgspec.json.encode(FULL))
    return {**written, **(changes or {})}


CODE: dict[str, object] = json.loads(msgspec.json.encode(FULL.code))


def read(content: object) -> tuple[State, list[tuple[str, str]]]:
    return read_state(json.dumps(content), SAVED_S)


def with_field(thing: State | Code, name: str, value: object) -> State | Code:
    """The same with one field of another value, whatever its kind."""
    changed = copy.copy(thing)
    object.__setattr__(changed, name, value)
    return changed


def is_fresh(state: State) -> bool:
    """Knows nothing but that somebody may be there, and the numbers that are used up."""
    known = State(mode=Mode.RELEASED, no_lock=True, present=True)
    return dataclasses.replace(state, visit=0, incidents=0) == known


def test_a_state_of_this_version_comes_back_as_it_was() -> None:
    assert read(said()) == (FULL, [])
    assert read_state(msgspec.json.encode(State()), 0.0) == (State(), [])


@pytest.mark.parametrize("name", FIELDS)
def test_without_a_field_nobody_is_locked(name: str) -> None:
    content = said()
    del content[name]
    state, faults = read(content)
    assert faults == [("state_incomplete", f"{name} is missing")]
    default = Mode.RELEASED if name == "mode" else getattr(State(), name)
    careful = dataclasses.replace(FULL, no_lock=True, present=True)
    if name in ("no_lock", "present"):
        assert state == careful
    else:
        assert state == with_field(careful, name, default)


@pytest.mark.parametrize("name", CODE_FIELDS)
def test_without_a_field_of_the_code_nobody_is_locked(name: str) -> None:
    content = said()
    code = content["code"]
    assert isinstance(code, dict)
    del code[name]
    state, faults = read(content)
    assert faults == [("state_incomplete", f"code.{name} is missing")]
    assert state.no_lock
    assert state.code == with_field(FULL.code, name, getattr(Code(), name))


@pytest.mark.parametrize("within", ["", "code"])
def test_what_a_later_version_added_is_left_out_and_nobody_is_locked(within: str) -> None:
    content = said({"code": CODE | {"colour": "red"}} if within else {"colour": "red"})
    state, faults = read(content)
    assert state == dataclasses.replace(FULL, no_lock=True, present=True)
    ((code, detail),) = faults
    assert code == "state_incomplete"
    assert "colour is not known" in detail


@pytest.mark.slow
@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [{"x": 1}, "drone", [["drone", 1.0]], ["drone"]], ids=str)
def test_a_value_of_another_kind_leaves_nothing_to_believe(name: str, value: object) -> None:
    state, faults = read(said({name: value}))
    code, _ = faults[0]
    if code == "state_incomplete":  # an object where one belongs, with nothing of it inside
        assert value == {"x": 1}
        assert getattr(state, name) == getattr(State(), name)
        assert dataclasses.is_dataclass(getattr(state, name))
        assert state.no_lock
        return
    assert [code for code, _ in faults] == ["state_unreadable"]
    assert is_fresh(state)
    assert state.incidents == 3
    assert state.visit == (0 if name == "visit" else 8)


@pytest.mark.parametrize(
    "content",
    [
        *(
            "",
            "garbage",
            "null",
            "[]",
            "3",
            '"locked"',
            '{"mode":',
            "\x00",
            "[" * 100_000,
            '{"since_s":1e400}',
        ),
        json.dumps(said({"visit": 99999999999999999999})),
        json.dumps(said({"mode": "interlocked"})),
        json.dumps(said({"active": ["drone"]})),
        json.dumps(said({"incidents": -1})),
        json.dumps(said({"code": CODE | {"tries": -1000}})),
        json.dumps(said({"code": CODE | {"lockout_until_s": 1e300}})),
        json.dumps(said({"locked_at_s": SAVED_S + 3600})),
        json.dumps(said({"stand_until_s": 1e12})),
        json.dumps(said({"evidence_s": -50.0})),
        json.dumps(said({"evidence_s": 1e9})),
        json.dumps(said({"unreached_s": -1e6})),
        json.dumps(said({"told": [["loitering", 1e12]]})),
        json.dumps(said({"no_lock": 0})),
        b"\xff\xfe",
    ],
    ids=lambda content: repr(content)[:30],
)
def test_a_state_that_cannot_be_leaves_nothing_to_believe(content: str | bytes) -> None:
    state, faults = read_state(content, SAVED_S)
    assert [code for code, _ in faults] == ["state_unreadable"]
    assert is_fresh(state)


# --- the whole program -----------------------------------------------------------------------------


def _edit(change: Callable[[dict[str, object]], object]) -> Callable[[sqlite3.Connection], None]:
    def edit(db: sqlite3.Connection) -> None:
        content = json.loads(db.execute("SELECT state FROM state").fetchone()[0])
        change(content)
        db.execute("UPDATE state SET state = ?", (json.dumps(content),))

    return edit


def _locked(folder: Path, listener: Callable[[Happening], None]) -> tuple[Desk, ScriptedPeople]:
    desk, people = scripted_desk(folder, listener)
    people.do("enter anna with mask", 0.0)
    while desk.kiosk.state.mode is not Mode.LOCKED:
        assert desk.clock.now_s() < 120.0
        desk.run_to(desk.clock.now_s() + 1.0)
    desk.run_to(desk.clock.now_s() + 15.0)
    desk.power_off()
    return desk, people


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_edit(lambda s: s.update(active=["drone"])), "state_unreadable"),
        (_edit(lambda s: s.pop("locked_at_s")), "state_incomplete"),
        (_edit(lambda s: s.pop("no_lock")), "state_incomplete"),
        (_edit(lambda s: s.update(colour="red")), "state_incomplete"),
        (_edit(lambda s: s.update(mode="vacant", evidence_s=19.9)), "journal_chain_broken"),
        (lambda db: db.execute("UPDATE state SET state = 'garbage'"), "state_unreadable"),
        (lambda db: db.execute("UPDATE state SET mono_s = 9e999"), "state_unreadable"),
        (lambda db: db.execute("DELETE FROM state"), "state_unreadable"),
        (lambda db: db.execute("DROP TABLE state"), "journal_damaged"),
        (lambda db: db.execute("PRAGMA user_version = 99"), "journal_newer"),
    ],
)
def test_nobody_is_locked_before_the_cabin_was_seen_empty(
    tmp_path: Path, change: Callable[[sqlite3.Connection], None], fault: str
) -> None:
    said: list[Happening] = []
    desk, people = _locked(tmp_path, said.append)
    with contextlib.closing(sqlite3.connect(desk.journal_file)) as db:
        change(db)
        db.commit()
    said.clear()
    desk.clock.move_to(desk.clock.now_s() + 5.0)
    desk.power_on()
    end_s = desk.clock.now_s() + 90.0
    for _ in desk.steps_to(end_s):
        assert not desk.kiosk.door_locked
    assert fault in [h.data["name"] for h in said if h.kind == "fault"]
    desk.move_input(Input.DOOR, True)
    people.do("leave anna", 0.0)
    desk.run_to(end_s + 2.0)
    desk.move_input(Input.DOOR, False)
    desk.run_to(end_s + 10.0)
    assert desk.kiosk.state.mode is Mode.VACANT
    assert not desk.kiosk.state.no_lock
    number = desk.kiosk.state.incidents
    assert number >= 1  # none comes twice
    # And the next start has nothing to tell.
    desk.power_off()
    said.clear()
    desk.power_on()
    desk.run_to(end_s + 12.0)
    assert not [h for h in said if h.kind == "fault"]
    desk.close()
    assert journal.verify(desk.journal_file).ok


def _emptied(file: Path, header: bytes) -> None:
    file.write_bytes(b"")


def _without_its_log(file: Path, header: bytes) -> None:
    """What a card holds that lost the log before any of it was folded in."""
    file.write_bytes(header)


def _only_its_log(file: Path, header: bytes) -> None:
    file.unlink()
    Path(f"{file}-wal").write_bytes(b"what is left")


def _set_aside(file: Path, header: bytes) -> None:
    """A start found it damaged, and ended before it had begun another."""
    file.rename(f"{file}.damaged-1")


@pytest.mark.slow
@pytest.mark.parametrize("lose", [_emptied, _without_its_log, _only_its_log, _set_aside])
def test_a_record_that_was_lost_is_no_first_start(
    tmp_path: Path, lose: Callable[[Path, bytes], None]
) -> None:
    """Anyone who was cleared or released before it was lost is still there, and is not locked (again)."""
    said: list[Happening] = []
    desk, people = scripted_desk(tmp_path, said.append)
    people.do("enter anna", 0.0)
    desk.run_to(5.0)
    assert desk.kiosk.name == "cleared"
    header = desk.journal_file.read_bytes()
    desk.power_off()
    for end in ("-wal", "-shm"):
        Path(f"{desk.journal_file}{end}").unlink(missing_ok=True)
    lose(desk.journal_file, header[:4096])
    said.clear()
    people.do("helmet on", 5.0)
    desk.power_on()
    for _ in desk.steps_to(80.0):
        assert not desk.kiosk.door_locked
    assert "state_unreadable" in [h.data["name"] for h in said if h.kind == "fault"]
    people.do("leave anna", 80.0)
    desk.move_input(Input.DOOR, True)
    desk.run_to(82.0)
    desk.move_input(Input.DOOR, False)
    desk.run_to(90.0)
    assert desk.kiosk.name == "vacant"
    assert not desk.kiosk.state.no_lock
    desk.close()
