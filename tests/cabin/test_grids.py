"""Every cell of both printed grids is driven: the cabin does what it says, and all that it says comes.

The grids are read as they are printed. What the words of the first one mean stands in `WHEN`, written again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

import msgspec
import pytest

from edge.cabin import diagram
from edge.cabin.anomalies import PermitRule, Policy
from edge.cabin.commands import Note
from edge.cabin.deadlines import next_wake_s
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    Device,
    DeviceFailed,
    EntryCompleted,
    EntryJudged,
    EntryVerdict,
    Event,
    FaceFact,
    FaceJudged,
    InputMoved,
    PeopleJudged,
    ReleaseOrdered,
    Restarted,
    Ticked,
    TrialStopped,
)
from edge.cabin.moves import MOVES, Move, Passed
from edge.cabin.rules import Flow, Rules
from edge.cabin.state import Mode, State
from edge.cabin.table import step
from edge.terms.commission import TrialEnd
from hw.ports import Input
from tests.worlds.cabin_grids import check_way, order_of
from tests.worlds.cabin_places import CORNERS, MAKERS
from tests.worlds.cabin_world import CLAIMS, EVENTS, Cabin, claimed, rules

# --- places ----------------------------------------------------------------------------------------


def _quiet() -> Cabin:
    c = Cabin()
    c.phones = set()
    return c


def _no_answers() -> Cabin:
    c = _quiet()
    c.card = False
    return c


ALARMS: Final = (Input.PANIC, Input.CASE, Input.VIBRATION)


def _stays_open(wire: Input) -> Cabin:
    """A machine that stays in use beside an alarm; as delivered it is closed, and the watch says so."""
    stays = {name: msgspec.structs.replace(rule, permit=PermitRule.STAYS) for name, rule in Policy()}
    c = Cabin(Rules(flow=Flow(), policy=Policy(**stays))).comes("bare")
    c.state = step(c.state, InputMoved(wire, True), c.now_s, c.rules).state
    return c


def _last_try(c: Cabin) -> Cabin:
    """The last try is counted, and its verdict never comes."""
    c.types("wrong").types("wrong")
    c.unanswered(EntryCompleted())
    return c


def _one_code() -> Cabin:
    return Cabin(rules(codes_per_incident=1)).locked()


def _alarmed(mode: str, wire: Input) -> Cabin:
    c = Cabin()
    match mode:
        case "checking":
            c.comes("masked")
        case "warned":
            c.comes("masked").wait(10)
        case "released":
            c.locked().types("right")
        case _:
            assert mode == "emergency"
            c.wire("fire", True)
    return c.wire(wire.value, True)


def _after_release() -> Cabin:
    """A claim where nobody may be locked any more."""
    c = Cabin(Rules(flow=Flow(), owner=CLAIMS)).locked().types("right").shows("bare").wait(4)
    return c.claims()


def _coded(c: Cabin, sent: bool = True) -> Cabin:
    c.owner_phone = sent
    return c.owner("another").asks_for_code()


def _failed_before_a_lock() -> Cabin:
    c = claimed().owner("another").wire("door", True).wait(2).wire("door", False)
    return c.shows("masked").wait(26)


CLAIMED: Final[dict[str, Callable[[], Cabin]]] = {
    "checking, blind, owner's code being sent": lambda: _coded(claimed(), sent=False).camera("gone").wait(55),
    "checking, blind, owner's code asked for": lambda: _coded(claimed()).camera("gone").wait(175),
    "cleared after a release, the owner asked for": _after_release,
    "cleared after a release, owner's face known": lambda: _after_release().owner("same"),
    "cleared after a release, owner's code right": lambda: _coded(_after_release()).types_owner("right"),
    "released, owner's code being sent": lambda: (
        _coded(_after_release(), sent=False).shows("masked").wait(55)
    ),
    "released, owner's code asked for": lambda: _coded(_after_release()).shows("masked").wait(175),
    "released, not the owner": lambda: _after_release().owner("another").shows("masked"),
    "emergency, not the owner before": lambda: claimed().owner("another").wire("exit", True),
    "locked, not the owner before": _failed_before_a_lock,
}

FURTHER: Final[dict[str, Callable[[], Cabin]]] = {
    "checking behind an open door": lambda: Cabin().wire("door", True).comes().wait(50),
    "cleared behind an open door": lambda: Cabin().comes("bare").wire("door", True).shows("bare"),
    "cleared behind an open door after a release": lambda: (
        Cabin().locked().types("right").wire("door", True).shows("bare").wait(4)
    ),
    "cleared, a device broken": lambda: Cabin().fails("disk").comes("bare"),
    "cleared, two at once": lambda: Cabin(rules(crowd_s=0.0)).comes("bare"),
    **{f"cleared, {wire.value}": partial(_stays_open, wire) for wire in ALARMS},
    "locked behind a contact that is not believed": lambda: (
        Cabin().fails("door_contact").wire("door", True).locked()
    ),
    "locked, case open for long": lambda: Cabin().wire("case", True).locked().wait(575),
    "locked, shaken": lambda: Cabin().locked().wire("vibration", True),
    "locked, the last try never judged": lambda: _last_try(_quiet().comes("masked").wait(20)).wait(95),
    "locked, neither recorded nor reached": lambda: _no_answers().comes("masked").wait(20.2),
    "locked, the only code closed": lambda: _one_code().types("wrong").types("wrong").types("wrong"),
    "locked, the only code old": lambda: _one_code().wait(295),
    "comes back, the last try never judged": lambda: (
        _last_try(Cabin().locked()).dies_and_starts().shows("masked").wait(9)
    ),
    "vacant, panic": lambda: Cabin().wire("panic", True),
    "vacant, shaken": lambda: Cabin().wire("vibration", True),
    **{
        f"{mode}, {wire.value}": partial(_alarmed, mode, wire)
        for mode in ("checking", "warned", "released", "emergency")
        for wire in ALARMS
    },
}


PLACES: Final = MAKERS | CORNERS | FURTHER | CLAIMED

# --- driving ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drive:
    """One event in one place: which row of the first grid it went through, and what came of it."""

    state: State
    event: Event
    rules: Rules
    passed: Passed
    nothing: bool

    @property
    def leads_to(self) -> str:
        moved = self.passed.after is not self.passed.before
        return f"→ {self.passed.after}" if moved else "nothing" if self.nothing else "stored"


@dataclass(frozen=True)
class Driven:
    """All of it, by the words of the row and the mode."""

    events: dict[tuple[str, Mode], list[Drive]]
    moves: dict[tuple[str, Mode], list[Passed]]


def _is_news(event: Event, state: State) -> bool:
    """A wire that has not moved and what is so already are no news."""
    match event:
        case InputMoved(Input.DOOR, active):
            return active != state.door_open
        case InputMoved(Input.EXIT, active):
            return active != state.exit
        case InputMoved(Input.FIRE, active):
            return active != state.fire
        case DeviceFailed(device, _):
            return device not in state.failed
        case AnomalyBegan(anomaly, _):
            return anomaly not in state.active
        case _:
            return True


@cache
def driven() -> Driven:
    found = Driven({}, {})
    been: set[tuple[State, Rules]] = set()
    for make in PLACES.values():
        c = make().hear(Ticked())
        let_go = _let_go(c)
        for event in EVENTS:
            done = step(c.state, event, c.now_s, c.rules)
            check_way(c.state.mode, done, c.rules)
            for passed in done.way:
                if isinstance(passed.row, Move):
                    found.moves.setdefault((passed.row.when, passed.before), []).append(passed)
                else:
                    nothing = done.state == c.state and not done.commands
                    nothing |= done.state == let_go != c.state and not passed.commands
                    at = (diagram.row_words(passed.row), passed.before)
                    drive = Drive(c.state, event, c.rules, passed, nothing)
                    found.events.setdefault(at, []).append(drive)
            for passed in _time_goes_on(done.state, c.now_s, c.rules, been):
                if isinstance(passed.row, Move):
                    found.moves.setdefault((passed.row.when, passed.before), []).append(passed)
    return found


def _let_go(c: Cabin) -> State:
    """The same place, when what was tried there was disturbed: that is a row of the second grid."""
    return step(c.state, TrialStopped(TrialEnd.HAPPENED), c.now_s, c.rules).state


def _time_goes_on(
    state: State, now_s: float, known: Rules, been: set[tuple[State, Rules]]
) -> Iterator[Passed]:
    """Wake by wake, until there is nothing new."""
    for _ in range(8):
        here = (state, known)
        if here in been or (wake_s := next_wake_s(state, now_s, known)) is None:
            return
        been.add(here)
        done = step(state, Ticked(), wake_s, known)
        check_way(state.mode, done, known)
        yield from done.way
        state, now_s = done.state, wake_s


# --- the first grid --------------------------------------------------------------------------------

Meaning = Callable[[State, Event, Rules], bool]


def _comes_back(s: State) -> bool:
    return s.mode is Mode.WARNED and s.locked_at_s is not None


def _believed(s: State, known: Rules) -> bool:
    return known.door_contact and Device.DOOR_CONTACT not in s.failed


def _counts(s: State, e: Event, known: Rules) -> bool:
    """A door whose contact is not believed opens nothing, nor does an order for another incident."""
    if isinstance(e, ReleaseOrdered):
        return e.incident in (0, s.incident)
    return not isinstance(e, InputMoved) or e.input is not Input.DOOR or _believed(s, known)


def _pending(s: State) -> bool:
    return s.record_by_s is not None


def _down(e: Event) -> bool:
    return isinstance(e, AnomalyBegan) and e.anomaly in (Anomaly.PERSON_DOWN, Anomaly.PANIC)


def _broke(e: Event, *devices: Device) -> bool:
    return isinstance(e, DeviceFailed) and e.device in devices


def _alarm(e: Event) -> bool:
    return isinstance(e, Restarted) and (e.fire or e.exit)


def _stays_released(s: State, e: Event, known: Rules) -> bool:
    """A lock that a restart interrupts does not come back."""
    if not isinstance(e, Restarted) or _alarm(e):
        return False
    long = e.off_s is None or s.dark_s + e.off_s > known.flow.relock_max_s
    return long or not s.present or (e.door_open and known.door_contact)


WHEN: Final[dict[str, Meaning]] = {
    "a lock was coming back": lambda s, e, r: _comes_back(s) and _counts(s, e, r),
    "a fire is not over": lambda s, e, r: s.after_fire,
    "not on record yet": lambda s, e, r: _pending(s) and not s.came_back and _counts(s, e, r),
    "came back and not on record yet": lambda s, e, r: _pending(s) and s.came_back,
    "on record or coming back": lambda s, e, r: (not _pending(s) or s.came_back) and _counts(s, e, r),
    "proper, and a lock was coming back": lambda s, e, r: (
        isinstance(e, FaceJudged) and e.face is FaceFact.PROPER and _comes_back(s)
    ),
    "several, and a lock was coming back": lambda s, e, r: (
        isinstance(e, PeopleJudged) and e.several and _comes_back(s)
    ),
    "a person down or panic": lambda s, e, r: _down(e),
    "a person down or panic, and a lock was coming back": lambda s, e, r: _down(e) and _comes_back(s),
    "nobody may be locked any more": lambda s, e, r: s.no_lock and not _alarm(e),
    "the right code": lambda s, e, r: (
        isinstance(e, EntryJudged) and e.verdict is EntryVerdict.RIGHT and s.code.pending and s.code.live
    ),
    "for this incident": lambda s, e, r: _counts(s, e, r),
    "the door contact": lambda s, e, r: _broke(e, Device.DOOR_CONTACT),
    "the door contact, or the clock and a lock was coming back": lambda s, e, r: (
        _broke(e, Device.DOOR_CONTACT) or (_broke(e, Device.CLOCK) and _comes_back(s))
    ),
    "not on record yet, and a lock needs it": lambda s, e, r: _pending(s) and _broke(e, *LOCK_NEEDS),
    "on record, and the inputs cannot be read": lambda s, e, r: not _pending(s) and _broke(e, Device.INPUTS),
    "fire or exit": lambda s, e, r: _alarm(e),
    "no lock was coming back": lambda s, e, r: not _comes_back(s) and not _alarm(e),
    "too long without power, nobody there or the door open": _stays_released,
    "a lock was coming back, and too long without power, nobody there or the door open": lambda s, e, r: (
        _comes_back(s) and _stays_released(s, e, r)
    ),
}


@dataclass(frozen=True)
class Cell:
    """A cell of the first grid as it is printed: what comes otherwise, and where words in brackets lead."""

    otherwise: str
    when: dict[str, str]


def _cell(text: str) -> Cell:
    otherwise, *exceptions = text.split("; ")
    leads = [part.removesuffix(")").split(" (", 1) for part in exceptions]
    return Cell(otherwise, {words: target for target, words in leads})


def _table(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip().split("|")[1:-1]] for line in text.splitlines()[2:]]


EVENT_GRID: Final = {
    (name, mode): _cell(text)
    for name, *cells in _table(diagram.event_grid())
    for mode, text in zip(Mode, cells, strict=True)
}
NAMES: Final = [name for name, mode in EVENT_GRID if mode is Mode.VACANT]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", Mode)
def test_an_event_does_what_its_cell_says(name: str, mode: Mode) -> None:
    cell = EVENT_GRID[name, mode]
    drives = driven().events.get((name, mode), [])
    assert drives, "nothing was driven"
    came: set[str] = set()
    for drive in drives:
        if not _is_news(drive.event, drive.state):
            assert drive.leads_to in ("nothing", "stored"), drive
            continue
        due = [words for words in cell.when if WHEN[words](drive.state, drive.event, drive.rules)]
        assert len(due) <= 1, f"{drive}: {due}"
        expected = cell.when[due[0]] if due else cell.otherwise
        match expected:
            case "stored":
                assert drive.leads_to in ("stored", "nothing"), drive
            case "ignored in this state" | "second grid":
                assert drive.leads_to == "nothing", drive
                assert drive.passed.commands == (), drive
            case "refused":
                assert drive.leads_to == "stored", drive
                assert any(isinstance(command, Note) for command in drive.passed.commands), drive
                assert drive.passed.after is drive.passed.before
            case _:
                assert drive.leads_to == expected, drive
        came.add(drive.leads_to)
    printed = {cell.otherwise, *cell.when.values()}
    never = {one for one in printed if one.startswith("→") or one == "stored"} - came
    assert not never, f"printed, and never came: {never}"


def test_every_word_in_brackets_has_its_meaning() -> None:
    assert set(WHEN) == {words for cell in EVENT_GRID.values() for words in cell.when}


# --- the second grid -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A line of the second grid as it is printed."""

    modes: tuple[Mode, ...]
    when: str
    leads_to: str
    done: frozenset[str]


def _line(modes: str, when: str, leads_to: str, done: str) -> Line:
    printed = tuple(Mode) if modes == "every state" else tuple(Mode(mode) for mode in modes.split(", "))
    return Line(printed, when, leads_to, frozenset(done.split("; ")) - {""})


STATE_GRID: Final = [_line(*cells) for cells in _table(diagram.state_grid())]
ORDERS: Final = frozenset(diagram.order_words(order) for move in MOVES for order in move.orders)


def _done(passed: Passed) -> set[str]:
    return {diagram.order_words(order_of(command)) for command in passed.commands}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "mode"),
    [pytest.param(line, mode, id=f"{mode}: {line.when}") for line in STATE_GRID for mode in line.modes],
)
def test_the_state_alone_leads_where_its_line_says(line: Line, mode: Mode) -> None:
    found = driven().moves.get((line.when, mode), [])
    assert found, "printed, and never came"
    for passed in found:
        after = "stays" if passed.after is passed.before else f"→ {passed.after}"
        assert after == line.leads_to
        assert _done(passed) <= line.done


@pytest.mark.slow
@pytest.mark.parametrize("line", STATE_GRID, ids=lambda line: f"{line.modes[0]}: {line.when}")
def test_all_that_a_line_says_and_orders_comes(line: Line) -> None:
    found = [passed for mode in line.modes for passed in driven().moves[line.when, mode]]
    assert {words for passed in found for words in _done(passed)} == line.done & ORDERS


@pytest.mark.slow
def test_nothing_comes_that_is_not_printed() -> None:
    assert set(driven().events) <= set(EVENT_GRID)
    assert set(driven().moves) <= {(line.when, mode) for line in STATE_GRID for mode in line.modes}
