"""The table is total, says where it leads, and is pure; its state survives being written down."""

from __future__ import annotations

import ast
import subprocess
import sys
import typing
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import msgspec
import pytest

from edge.cabin import events
from edge.cabin.anomalies import PermitRule, Policy, Siren
from edge.cabin.comeback import DURATIONS, shift, wake_up
from edge.cabin.commands import PromptCause, PromptKey, SetDoor, SetPermit
from edge.cabin.deadlines import next_wake_s
from edge.cabin.diagram import row_words
from edge.cabin.events import (
    FACTS,
    Anomaly,
    Device,
    Event,
    InputMoved,
    Kind,
    Ticked,
)
from edge.cabin.outputs import lock_in_s, outputs, shown
from edge.cabin.rules import Flow, Rules
from edge.cabin.state import Code, Mode, State
from edge.cabin.table import ALWAYS, TABLE, step
from hw.ports import Input
from tests.worlds.cabin_places import PLACES
from tests.worlds.cabin_world import EVENTS, Cabin

RULES = Rules(flow=Flow())
KINDS: tuple[type[Event], ...] = typing.get_args(Event)


def test_every_event_has_a_row_and_every_row_is_an_event() -> None:
    wires = {InputMoved(name, active) for name in Input for active in (True, False)}
    assert set(TABLE) == (set(KINDS) - {InputMoved}) | wires
    defined = {
        thing
        for thing in vars(events).values()
        if isinstance(thing, type)
        and thing.__module__ == "edge.cabin.events"
        and hasattr(thing, "__dataclass_fields__")
    }
    assert set(KINDS) == defined
    assert set(FACTS) <= defined


@pytest.mark.parametrize("row", TABLE, ids=row_words)
@pytest.mark.parametrize("mode", Mode)
def test_every_cell_is_filled(row: Kind, mode: Mode) -> None:
    cell = TABLE[row][mode]
    assert mode not in cell.to, "staying is not a transition"
    assert list(cell.to.values()).count(ALWAYS) <= 1
    assert cell.act is None or not cell.refusal
    assert cell.act is not None or not cell.to
    assert cell.refusal == cell.refusal.lower().replace(" ", "_")


def test_the_samples_cover_every_mode_and_event() -> None:
    assert {state.mode for state, _ in PLACES.values()} == set(Mode)
    assert {type(event) for event in EVENTS} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_step_is_a_function_of_its_arguments(place: str) -> None:
    state, now_s = PLACES[place]
    for event in EVENTS:
        once = step(state, event, now_s + 700.0, RULES)
        assert once == step(state, event, now_s + 700.0, RULES), event


@pytest.mark.parametrize("place", PLACES)
def test_the_door_and_the_permit_come_first_and_the_next_deadline_lies_ahead(place: str) -> None:
    state, now_s = PLACES[place]
    for event in EVENTS:
        done = step(state, event, now_s, RULES)
        moves = [i for i, c in enumerate(done.commands) if isinstance(c, SetDoor | SetPermit)]
        assert moves == list(range(len(moves))), event
        wake_s = next_wake_s(done.state, now_s, RULES)
        assert wake_s is None or wake_s > now_s, event


@pytest.mark.parametrize("place", PLACES)
def test_a_second_tick_at_the_same_moment_does_nothing(place: str) -> None:
    state, now_s = PLACES[place]
    once = step(state, Ticked(), now_s, RULES)
    twice = step(once.state, Ticked(), now_s, RULES)
    assert (twice.state, twice.commands) == (once.state, ())


@pytest.mark.parametrize("place", PLACES)
def test_the_state_is_the_same_after_being_written_down(place: str) -> None:
    state, now_s = PLACES[place]
    again = msgspec.json.decode(msgspec.json.encode(state), type=State)
    assert again == state
    assert step(again, Ticked(), now_s + 5, RULES) == step(state, Ticked(), now_s + 5, RULES)


def test_a_full_state_is_the_same_after_being_written_down() -> None:
    state = State(
        mode=Mode.LOCKED,
        active=frozenset(Anomaly),
        failed=frozenset(Device),
        told=tuple((anomaly, 1.5) for anomaly in Anomaly),
        said=(PromptKey.SHOW_FACE, PromptCause.SCARF),
        code=Code(issue=3, accepted_at_s=0.1 + 0.2, lockout_until_s=1e9 / 3),
        evidence_s=1 / 3,
    )
    assert msgspec.json.decode(msgspec.json.encode(state), type=State) == state


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_a_shifted_state_does_the_same_on_its_clock(place: str) -> None:
    state, now_s = PLACES[place]
    here = [step(state, event, now_s + 1, RULES) for event in EVENTS]
    for by_s in (-1000.0, 12.5, 1e6):
        moved = shift(state, by_s)
        wakes = next_wake_s(moved, now_s + by_s, RULES) is not None
        assert wakes == (next_wake_s(state, now_s, RULES) is not None), by_s
        for event, before in zip(EVENTS, here, strict=True):
            there = step(moved, event, now_s + by_s + 1, RULES)
            assert there.commands == before.commands, (by_s, event)
            assert there.state.mode is before.state.mode, (by_s, event)
        assert lock_in_s(moved, now_s + by_s, RULES) == pytest.approx(lock_in_s(state, now_s, RULES))
        assert shown(moved, now_s + by_s) == shown(state, now_s)


def test_shift_knows_every_time_of_the_state() -> None:
    """A new field that is a time has to end in `_s`; numbers of seconds that are no times are named here."""
    times = [f.name for f in fields(State) if f.name.endswith("_s")]
    code_times = [f.name for f in fields(Code) if f.name.endswith("_s")]
    own: dict[str, object] = {name: float(number) for number, name in enumerate(times)}
    in_code: dict[str, object] = {name: 50.0 + number for number, name in enumerate(code_times)}
    state = msgspec.convert(
        msgspec.to_builtins(State()) | own | {"code": msgspec.to_builtins(Code()) | in_code}, State
    )
    state = replace(state, told=((Anomaly.PANIC, 1.0),))
    moved = shift(state, 100.0)
    for f in fields(State):
        before, after = getattr(state, f.name), getattr(moved, f.name)
        if f.name in times:
            assert after - before == (0.0 if f.name in DURATIONS else 100.0), f.name
        elif isinstance(after, float):
            pytest.fail(f"{f.name} is a number without a unit")
    for name in code_times:
        assert getattr(moved.code, name) - getattr(state.code, name) == 100.0, name
    assert moved.told == ((Anomaly.PANIC, 101.0),)


def test_shift_leaves_a_time_that_is_none() -> None:
    moved = shift(State(), 100.0)
    assert moved == replace(State(), since_s=100.0, warn_from_s=100.0, code=Code(issued_at_s=100.0))


def test_every_restart_counts_as_a_checkpoint_of_the_lock_at_least() -> None:
    c = Cabin()
    c.phones = set()
    locked = c.locked().state
    assert (locked.locked_at_s, locked.unreached_from_s) == (20.0, 20.0)
    short = wake_up(locked, 30.0, 500.0, 4.0, RULES.flow)
    assert (short.locked_at_s, short.unreached_s, short.unreached_from_s) == (480.0, 20.0, None)
    long = wake_up(locked, 30.0, 500.0, 100.0, RULES.flow)
    assert (long.locked_at_s, long.unreached_s) == (390.0, 20.0)
    assert wake_up(locked, 30.0, 500.0, None, RULES.flow) == short
    free = Cabin().comes("masked").state
    assert wake_up(free, 30.0, 500.0, 4.0, RULES.flow) == shift(free, 470.0)


@pytest.mark.parametrize("place", PLACES)
def test_the_four_outputs_are_complete(place: str) -> None:
    state, now_s = PLACES[place]
    names = [type(c).__name__ for c in outputs(state, now_s, RULES)]
    assert names == ["SetDoor", "SetPermit", "SetSound", "SetLights"]


def test_no_policy_makes_anything_lock() -> None:
    """Whether an anomaly may lock is no setting: with the wildest policy none does."""
    wild = Policy(
        **{
            name: msgspec.structs.replace(rule, siren=Siren.SIREN, permit=PermitRule.STAYS)
            for name, rule in Policy()
        }
    )
    for anomaly in ("weapon", "fight", "person_down", "panic", "several_persons"):
        c = Cabin(Rules(flow=Flow(), policy=wild)).comes("masked").wait(10).begins(anomaly).wait(2000)
        assert c.mode == "warned"


def test_the_policy_names_every_anomaly() -> None:
    assert {name for name, _ in Policy()} == {anomaly.value for anomaly in Anomaly}


# --- purity ----------------------------------------------------------------------------------------

PURE = {
    "cabin.table": {"__future__", "collections.abc", "dataclasses", "typing"},
    "cabin.state": {"__future__", "dataclasses", "enum", "typing"},
    "cabin.outputs": {"__future__", "collections.abc", "typing"},
    "cabin.comeback": {"__future__", "dataclasses"},
    "cabin.conditions": {"__future__", "collections.abc", "typing"},
    "cabin.draft": {"__future__", "dataclasses", "math"},
    "cabin.moves": {"__future__", "collections.abc", "dataclasses", "enum"},
    "cabin.deadlines": {"__future__", "dataclasses", "enum", "typing"},
    "cabin.ways": {"__future__", "collections.abc", "dataclasses", "enum", "typing"},
    "cabin.anomalies": {"__future__", "collections.abc", "dataclasses", "enum", "typing", "msgspec"},
    "cabin.devices": {"__future__", "collections.abc", "dataclasses", "typing"},
    "cabin.events": {"__future__", "dataclasses", "enum", "typing"},
    "cabin.commands": {"__future__", "dataclasses", "enum"},
    "cabin.claim": {"__future__"},
    "cabin.trial": {"__future__", "typing"},
    "cabin.rules": {"__future__", "dataclasses", "typing", "msgspec"},
    "terms.alerts": {"__future__", "enum", "typing"},
    "terms.commission": {"__future__", "enum", "typing"},
    "terms.hold": {"__future__", "collections.abc", "dataclasses", "datetime", "typing"},
    "terms.identity": {"__future__", "dataclasses", "enum", "typing"},
    "terms.reason": {"__future__", "collections.abc", "dataclasses", "enum", "typing"},
    "terms.record": {"__future__", "dataclasses", "enum", "typing"},
}
OWN = {f"edge.{name}" for name in PURE} | {"edge.cabin", "edge.terms.observation", "hw.ports"}
EFFECTS = {"open", "print", "input", "exec", "eval", "__import__", "compile", "globals", "breakpoint"}


@pytest.mark.parametrize("name", PURE)
def test_what_decides_is_pure(name: str, repo: Path) -> None:
    """No clock, no randomness, no log, no file: only what is allowed may be imported or called."""
    tree = ast.parse((repo / "edge" / f"{name.replace('.', '/')}.py").read_text())
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module or "")
        elif isinstance(node, ast.Global | ast.Nonlocal | ast.Await | ast.Yield):
            pytest.fail(f"line {node.lineno}: {type(node).__name__}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in EFFECTS, f"line {node.lineno}: {node.func.id}"
        elif isinstance(node, ast.Attribute):
            assert node.attr not in ("now", "today", "utcnow"), f"line {node.lineno}: it asks a clock"
    assert imported <= PURE[name] | OWN


def test_importing_the_table_imports_no_numpy() -> None:
    """What decides needs no picture, and a tool that only prints the table starts quickly."""
    program = "import edge.cabin.table, sys; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("event", [event for event in EVENTS if fields(event)], ids=repr)
def test_events_are_frozen(event: Event) -> None:
    for field in fields(event):
        with pytest.raises(FrozenInstanceError):
            setattr(event, field.name, getattr(event, field.name))


@pytest.mark.parametrize(
    "name", ["cabin.events", "cabin.commands", "terms.alerts", "terms.reason", "terms.record"]
)
def test_the_vocabulary_has_no_place_for_a_code(name: str, repo: Path) -> None:
    """No field of an event, a command or a record could hold digits: they are made when a text is sent."""
    tree = ast.parse((repo / "edge" / f"{name.replace('.', '/')}.py").read_text())
    names = {
        n.target.id for n in ast.walk(tree) if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }
    assert not names & {"digits", "otp", "secret", "entry", "typed", "pin"}
