"""What a start believes of a state that an earlier start wrote down. Pure.

Whatever it cannot say, or should not be able to say, is taken as the safer answer: nobody is locked
before the cabin was seen empty (`no_lock`, and somebody held to be present until then).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar, get_type_hints

import msgspec

from edge.cabin.comeback import DURATIONS, wake_up
from edge.cabin.rules import Flow
from edge.cabin.state import Mode, State, Timebase
from edge.terms.record import Remembered

_AHEAD_S: Final = 86400.0
"""No deadline of the table lies further ahead; a moment that does would hold a door for as long."""

_MOST: Final = 10**12
_COUNTS: Final = ("visit", "incidents")
"""What must only go up: kept from a state that says nothing else that can be understood."""

_DOUBTS_STATE: Final = frozenset(
    {
        *("journal_damaged", "journal_newer", "journal_chain_broken", "state_unreadable", "state_unrecorded"),
        *("journal_denied", "journal_busy", "disk_error", "disk_full", "disk_read_only"),
    }
)
"""With one of these a start cannot be sure that the record says all that there was."""

_Kind = TypeVar("_Kind")


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """When a start happens: by the monotonic clock, by the wall clock, and what these are worth."""

    now_s: float
    wall_s: float
    timebase: Timebase


@dataclasses.dataclass(frozen=True, slots=True)
class Comeback:
    """What a start goes on with. `off_s`: how long the program did not run, None where no clock can say."""

    state: State
    off_s: float | None
    faults: tuple[tuple[str, str], ...]


def come_back(remembered: Remembered, unrecorded: bool, start: Start, flow: Flow) -> Comeback:
    """What a start believes of what the record knew. `unrecorded`: not all of it had reached the card."""
    faults = list(remembered.faults)
    if unrecorded:
        faults.append(("state_unrecorded", "the program ended before its last state was on the card"))
    doubted = any(code in _DOUBTS_STATE for code, _ in faults)
    state, off_s = State(), None
    if remembered.state is not None:
        known, odd = read_state(remembered.state, remembered.mono_s)
        faults += odd
        doubted = doubted or bool(odd)
        if not doubted:  # what is doubted may not come back: as where no clock can say how long it was off
            off_s = _off_s(known.timebase, remembered, start)
        state = wake_up(known, remembered.mono_s, start.now_s, off_s, flow)
    elif remembered.wall_s > 0:  # lines, and no state beside them
        doubted = True
        faults.append(("state_unreadable", "there is none"))
    if doubted:
        state = distrust(state)
    highest = max(dict(remembered.counters).get("incident", 0), state.incidents)
    state = dataclasses.replace(state, incidents=highest, failed=frozenset())
    return Comeback(state, off_s, tuple(faults))


def _off_s(then: Timebase, remembered: Remembered, start: Start) -> float | None:
    """How long the program did not run; None where no clock can say.

    Within one boot of the machine the monotonic clock goes on. Over a power cut only a wall clock that
    was right then and is right now can tell: one that begins where it stood tells nothing.
    """
    if then.boot and then.boot == start.timebase.boot:
        return max(0.0, start.now_s - remembered.mono_s)
    off_s = start.wall_s - remembered.wall_s
    known = then.wall_true and start.timebase.wall_true and off_s >= 0.0
    return off_s if known else None


def read_state(raw: str | bytes, saved_at_s: float) -> tuple[State, list[tuple[str, str]]]:
    """The state as far as it can be believed, and the faults (code, detail) of what cannot.

    `saved_at_s` is when it was written, on the clock of its own times.
    """
    said: object = None
    try:
        said = msgspec.json.decode(raw)
        if not isinstance(said, dict):
            raise ValueError("it is no object")
        odd: list[str] = []
        state = _read(said, State, odd)
        problem = next(_impossible(state, saved_at_s), "")
        if problem:
            raise ValueError(problem)
    except (ValueError, TypeError, RecursionError, msgspec.MsgspecError) as error:
        return _fresh(said), [("state_unreadable", str(error))]
    if odd:
        return distrust(state), [("state_incomplete", ", ".join(odd))]
    return state, []


def distrust(state: State) -> State:
    """The same state, with nothing held against anybody before the cabin was seen empty."""
    mode = Mode.RELEASED if state.mode is Mode.VACANT else state.mode
    return dataclasses.replace(state, mode=mode, no_lock=True, present=True)


def _fresh(said: object) -> State:
    """A state that knows nothing but the numbers that are used up."""
    known = said if isinstance(said, dict) else {}
    counts = {name: known.get(name) for name in (*_COUNTS, "incident")}
    sane = {n: v for n, v in counts.items() if type(v) is int and 0 <= v <= _MOST}
    incidents = max(sane.get("incidents", 0), sane.get("incident", 0))
    return distrust(State(visit=sane.get("visit", 0), incidents=incidents))


def _read(said: Mapping[str, object], kind: type[_Kind], odd: list[str], within: str = "") -> _Kind:
    """Field by field: what is missing is at its default and, like what nobody knows, named in `odd`.

    Raises `msgspec.ValidationError` for a value of another kind.
    """
    hints = get_type_hints(kind)
    values: dict[str, object] = {}
    for name in hints:
        if name not in said:
            odd.append(f"{within}{name} is missing")
        elif dataclasses.is_dataclass(hints[name]) and isinstance(inner := said[name], dict):
            values[name] = _read(inner, hints[name], odd, f"{name}.")
        else:
            values[name] = msgspec.convert(said[name], hints[name])
    odd += [f"{within}{name} is not known" for name in said if name not in hints]
    return kind(**values)


def _impossible(state: State, saved_at_s: float) -> Iterator[str]:
    """What no table writes down: counts below nothing, durations and moments that cannot be."""
    for name, value in _numbers(state, ""):
        if not math.isfinite(value):
            yield f"{name} is no number"
        elif isinstance(value, int):
            if not 0 <= value <= _MOST:
                yield f"{name} cannot be {value}"
        elif name in DURATIONS:
            if not 0 <= value <= _AHEAD_S:
                yield f"{name} cannot be {value}"
        elif value > saved_at_s + _AHEAD_S:
            yield f"{name} lies too far ahead"
    if state.locked_at_s is not None and state.locked_at_s > saved_at_s + 1.0:
        yield "it locks in the future"


def _numbers(thing: object, name: str) -> Iterator[tuple[str, float]]:
    """Every number in it, with the name of its field."""
    if dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            yield from _numbers(getattr(thing, field.name), f"{name}.{field.name}".strip("."))
    elif isinstance(thing, tuple):
        for part in thing:
            yield from _numbers(part, name)
    elif isinstance(thing, int | float) and not isinstance(thing, bool):
        yield name, thing
