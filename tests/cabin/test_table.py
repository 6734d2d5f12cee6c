"""The table is total, says where it leads, and is pure; its state survives being written down."""

from __future__ import annotations

import ast
import typing
from dataclasses import fields, replace
from pathlib import Path

import msgspec
import pytest

from edge.cabin import events
from edge.cabin.comeback import DURATIONS, shift, wake_up
from edge.cabin.commands import PromptCause, PromptKey, SetDoor, SetPermit
from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    FACTS,
    Anomaly,
    CodeDenied,
    Device,
    EntryCompleted,
    Event,
    Restarted,
    Ticked,
)
from edge.cabin.outputs import lock_in_s, outputs, shown
from edge.cabin.rules import Flow, PermitRule, Policy, Rules, Siren
from edge.cabin.state import Code, Mode, State
from edge.cabin.table import TABLE, step
from edge.terms.record import Recipient
from tests.worlds.cabin_world import EVENTS, Cabin

RULES = Rules(flow=Flow())
KINDS = typing.get_args(Event)


def places() -> dict[str, Cabin]:
    """A cabin in every mode and every corner of it."""
    return {
        "vacant": Cabin(),
        "vacant, door open": Cabin().wire("door", True),
        "vacant, case open": Cabin().begins("case_opened"),
        "checking": Cabin().comes(),
        "checking, masked": Cabin().comes("masked").wait(3),
        "checking, blind": Cabin().comes("masked").camera("covered"),
        "checking, two": Cabin().comes("bare").several().wait(20),
        "cleared": Cabin().comes("bare"),
        "cleared, door open": Cabin().comes("bare").wire("door", True),
        "cleared after a release": Cabin().locked().types("right").shows("bare").wait(4),
        "cleared after a fire": Cabin().wire("fire", True).wire("fire", False).wait(4).comes("bare"),
        "warned": Cabin().comes("masked").wait(10),
        "warned, complete evidence": Cabin().wire("door", True).comes("masked").wait(100),
        "warned, weapon": Cabin().comes("masked").wait(10).begins("weapon"),
        "warned, about to lock": Cabin().comes("masked").wait(19.999),
        "locked, waiting for its record": _without_card().comes("masked").wait(20.2),
        "locked": Cabin().locked().wait(5),
        "locked, nobody seen": Cabin().locked().wait(5).leaves(),
        "locked, entry pending": _pending(Cabin().locked().wait(5)),
        "locked, lockout": Cabin().locked().types("wrong").types("wrong").types("wrong"),
        "locked, codes used up": Cabin().locked().wait(1520),
        "locked, denied": Cabin().locked().hear(CodeDenied(1, 1, Recipient.WATCHMAN)),
        "locked, keypad broken": Cabin().locked().fails("keypad"),
        "warned, a lock comes back": Cabin().locked().wait(5).dies_and_starts().shows("masked").wait(1),
        "locked again": Cabin().locked().wait(5).dies_and_starts().shows("masked").wait(11),
        "locked again, waiting for its record": _returns_without_card(),
        "warned, cleared before": Cabin().comes("bare").shows("masked").wait(10),
        "warned, door open": Cabin().comes("masked").wait(10).wire("door", True),
        "locked, unreached": _without_phones().comes("masked").wait(100),
        "released, forced": Cabin().locked().wait(5).wire("door", True),
        "locked, blind": Cabin().locked().camera("gone"),
        "released": Cabin().locked().types("right"),
        "released, empty": Cabin().locked().types("right").leaves(),
        "released, after a fire": Cabin().locked().wire("fire", True).wire("fire", False).wait(3),
        "emergency, fire": Cabin().comes("masked").wire("fire", True),
        "emergency, exit": Cabin().locked().wire("exit", True),
        "emergency, exit held": Cabin().locked().wire("exit", True).wire("exit", False),
        "emergency, nobody": Cabin().wire("exit", True).wait(100),
    }


def _without_card() -> Cabin:
    c = Cabin()
    c.card = False
    return c


def _returns_without_card() -> Cabin:
    c = Cabin().locked().wait(5).dies_and_starts().shows("masked").wait(9)
    c.card = False
    return c.wait(1.2)


def _without_phones() -> Cabin:
    c = Cabin()
    c.phones = set()
    return c


def _pending(c: Cabin) -> Cabin:
    c._step(EntryCompleted())
    return c


PLACES = {name: (c.state, c.now_s) for name, c in places().items()}


def test_every_event_has_a_row_and_every_row_is_an_event() -> None:
    assert set(TABLE) == set(KINDS)
    defined = {
        thing
        for thing in vars(events).values()
        if isinstance(thing, type)
        and thing.__module__ == "edge.cabin.events"
        and hasattr(thing, "__dataclass_fields__")
    }
    assert set(KINDS) == defined
    assert set(FACTS) <= defined


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
@pytest.mark.parametrize("mode", Mode)
def test_every_cell_is_filled(kind: type[Event], mode: Mode) -> None:
    cell = TABLE[kind][mode]
    assert mode not in cell.to, "staying is not a transition"
    assert cell.act is None or not cell.refusal
    assert cell.act is not None or not cell.to
    assert cell.refusal == cell.refusal.lower().replace(" ", "_")


def test_the_samples_cover_every_mode_and_event() -> None:
    assert {state.mode for state, _ in PLACES.values()} == set(Mode)
    assert {type(event) for event in EVENTS} == set(KINDS)


def _by_time(modes: set[Mode]) -> set[Mode]:
    """Where deadlines alone may lead from these modes."""
    while True:
        more = modes | {to for mode in modes for to in TABLE[Ticked][mode].to}
        if more == modes:
            return modes
        modes = more


def declared(mode: Mode, event: Event) -> set[Mode]:
    """Where one step may lead: what was due before, what the event does, what is due after."""
    before = {mode} if isinstance(event, Restarted) else _by_time({mode})
    return _by_time(before | {to for m in before for to in TABLE[type(event)][m].to})


@pytest.mark.parametrize("place", PLACES)
def test_every_event_leads_only_where_its_cell_says(place: str) -> None:
    state, now_s = PLACES[place]
    for event in EVENTS:
        for later_s in (0.0, 700.0):
            done = step(state, event, now_s + later_s, RULES)
            assert done.state.mode in declared(state.mode, event), (event, later_s)
        assert done == step(state, event, now_s + 700.0, RULES), "not a function of its arguments"


def test_no_cell_promises_what_never_happens() -> None:
    promised = {(kind, mode, to) for kind in KINDS for mode in Mode for to in TABLE[kind][mode].to}
    for state, now_s in PLACES.values():
        for event in EVENTS:
            for later_s in (0.0, 0.5, 7.0, 700.0, 4000.0) if isinstance(event, Ticked) else (0.0,):
                after = step(state, event, now_s + later_s, RULES).state.mode
                by_itself = after in TABLE[type(event)][state.mode].to
                promised.discard((type(event) if by_itself else Ticked, state.mode, after))
    assert not promised


@pytest.mark.parametrize("place", PLACES)
def test_the_door_and_the_permit_come_first(place: str) -> None:
    state, now_s = PLACES[place]
    for event in EVENTS:
        commands = step(state, event, now_s, RULES).commands
        moves = [i for i, c in enumerate(commands) if isinstance(c, SetDoor | SetPermit)]
        assert moves == list(range(len(moves))), event


@pytest.mark.parametrize("place", PLACES)
def test_a_second_tick_at_the_same_moment_does_nothing(place: str) -> None:
    state, now_s = PLACES[place]
    once = step(state, Ticked(), now_s, RULES)
    twice = step(once.state, Ticked(), now_s, RULES)
    assert (twice.state, twice.commands) == (once.state, ())


@pytest.mark.parametrize("place", PLACES)
def test_after_a_step_the_next_deadline_lies_ahead(place: str) -> None:
    state, now_s = PLACES[place]
    for event in EVENTS:
        state_after = step(state, event, now_s, RULES).state
        wake_s = next_wake_s(state_after, now_s, RULES)
        assert wake_s is None or wake_s > now_s


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


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("by_s", [-1000.0, 12.5, 1e6])
def test_a_shifted_state_does_the_same_on_its_clock(place: str, by_s: float) -> None:
    state, now_s = PLACES[place]
    moved = shift(state, by_s)
    assert (next_wake_s(moved, now_s + by_s, RULES) is None) == (next_wake_s(state, now_s, RULES) is None)
    for event in EVENTS:
        here = step(state, event, now_s + 1, RULES)
        there = step(moved, event, now_s + by_s + 1, RULES)
        assert there.commands == here.commands, event
        assert there.state.mode is here.state.mode
    assert lock_in_s(moved, now_s + by_s, RULES) == pytest.approx(lock_in_s(state, now_s, RULES))
    assert shown(moved, now_s + by_s) == shown(state, now_s)


def test_shift_knows_every_time_of_the_state() -> None:
    """A new field that is a time has to end in `_s`; numbers of seconds that are no times are named here."""
    durations = set(DURATIONS)
    everything = replace(
        State(code=Code(**{f.name: 1.0 for f in fields(Code) if f.name.endswith("_s")})),  # type: ignore[arg-type]
        told=((Anomaly.PANIC, 1.0),),
        **{f.name: 1.0 for f in fields(State) if f.name.endswith("_s")},  # type: ignore[arg-type]
    )
    moved = shift(everything, 100.0)
    for f in fields(State):
        value = getattr(moved, f.name)
        if f.name.endswith("_s"):
            assert value == (1.0 if f.name in durations else 101.0), f.name
        elif isinstance(value, float):
            pytest.fail(f"{f.name} is a number without a unit")
    assert {getattr(moved.code, f.name) for f in fields(Code) if f.name.endswith("_s")} == {101.0}
    assert moved.told == ((Anomaly.PANIC, 101.0),)


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
    "cabin.table": {"__future__", "collections.abc", "dataclasses"},
    "cabin.state": {"__future__", "dataclasses", "enum"},
    "cabin.outputs": {"__future__", "collections.abc"},
    "cabin.comeback": {"__future__", "dataclasses"},
    "cabin.conditions": {"__future__", "collections.abc"},
    "cabin.draft": {"__future__", "dataclasses", "math"},
    "cabin.deadlines": {"__future__", "collections.abc", "dataclasses"},
    "cabin.events": {"__future__", "dataclasses", "enum"},
    "cabin.commands": {"__future__", "dataclasses", "enum"},
    "cabin.rules": {"__future__", "collections.abc", "dataclasses", "enum", "typing", "msgspec"},
    "terms.record": {"__future__", "dataclasses", "enum", "typing"},
}
OWN = {f"edge.{name}" for name in PURE} | {"edge.terms.observation", "hw.ports"}
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
    assert imported <= PURE[name] | OWN


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_events_are_frozen(kind: type[Event]) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["cabin.events", "cabin.commands", "terms.record"])
def test_the_vocabulary_has_no_place_for_a_code(name: str, repo: Path) -> None:
    """No field of an event, a command or a record could hold digits: they are made when a text is sent."""
    tree = ast.parse((repo / "edge" / f"{name.replace('.', '/')}.py").read_text())
    names = {
        n.target.id for n in ast.walk(tree) if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
    }
    assert not names & {"digits", "otp", "secret", "entry", "typed", "pin"}
