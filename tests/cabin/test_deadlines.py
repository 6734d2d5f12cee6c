"""Every time that the table waits for is named: a new time of the state needs a name or a reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

import pytest

from edge.cabin.comeback import DURATIONS
from edge.cabin.deadlines import Wait, countdowns, next_wake_s
from edge.cabin.events import Ticked
from edge.cabin.rules import Rules
from edge.cabin.state import Claim, Code, Mode, State, Trial
from edge.cabin.table import step
from tests.worlds.cabin_places import CORNERS, MAKERS
from tests.worlds.cabin_world import Cabin

PLACES = MAKERS | CORNERS


@dataclass(frozen=True)
class Place:
    """One cabin at one moment."""

    state: State
    now_s: float
    rules: Rules


@cache
def place_at(name: str) -> Place:
    """With what was due done."""
    cabin = PLACES[name]().hear(Ticked())
    return Place(cabin.state, cabin.now_s, cabin.rules)


def places() -> list[Place]:
    return [place_at(name) for name in PLACES]


NAMED: Mapping[str, frozenset[Wait]] = {
    "since_s": frozenset({Wait.GONE}),
    "exit_hold_until_s": frozenset({Wait.EXIT_HOLD}),
    "exit_since_s": frozenset({Wait.EXIT_STUCK}),
    "door_open_since_s": frozenset({Wait.DOOR_HELD}),
    "several_since_s": frozenset({Wait.CROWD}),
    "warn_from_s": frozenset({Wait.ADJUST}),
    "bare_since_s": frozenset({Wait.SHOWN}),
    "evidence_s": frozenset({Wait.LOCK}),
    "counting_from_s": frozenset({Wait.LOCK}),
    "stand_until_s": frozenset({Wait.HOLD}),
    "prompted_at_s": frozenset({Wait.LEAD}),
    "say_again_s": frozenset({Wait.SAY_AGAIN}),
    "locked_at_s": frozenset({Wait.MAX_LOCK}),
    "record_by_s": frozenset({Wait.RECORD}),
    "gone_since_s": frozenset({Wait.LOCKED_EMPTY}),
    "unreached_s": frozenset({Wait.UNREACHABLE}),
    "unreached_from_s": frozenset({Wait.UNREACHABLE}),
    "siren_until_s": frozenset({Wait.SIREN}),
    "silent_until_s": frozenset({Wait.SILENCE}),
    "fire_quiet_since_s": frozenset({Wait.FIRE_CLEAR}),
    "code.issued_at_s": frozenset({Wait.CODE_ACCEPT, Wait.CODE_FAILOVER}),
    "code.accepted_at_s": frozenset({Wait.CODE_TTL, Wait.SECOND_WATCHMAN}),
    "code.lockout_until_s": frozenset({Wait.KEYPAD_OPENS}),
    "claim.until_s": frozenset({Wait.CLAIM}),
    "trial.until_s": frozenset({Wait.TRIAL}),
}
"""Each time of the state, and what it is the beginning or the end of."""

NOT_AWAITED: Mapping[str, str] = {
    "last_present_s": "only asked when something happens: was somebody there shortly before",
    "trial.rest_until_s": "only asked when another trial is wanted",
    "dark_s": "seconds without power, added up at a start",
}


def _times() -> set[str]:
    found = {field.name for field in fields(State)}
    for part, kind in (("code", Code), ("claim", Claim), ("trial", Trial)):
        found |= {f"{part}.{field.name}" for field in fields(kind)}
    return {name for name in found if name.endswith("_s")}


def test_every_time_of_the_state_is_named() -> None:
    assert _times() == set(NAMED) | set(NOT_AWAITED)
    assert set(NAMED) | set(NOT_AWAITED) >= DURATIONS


def test_every_name_is_of_a_time_of_the_state() -> None:
    named = {what for names in NAMED.values() for what in names}
    assert set(Wait) == named | {Wait.REMIND}, "what was told is kept with its anomaly"


@pytest.mark.slow
def test_a_time_that_moves_moves_what_it_is_said_to() -> None:
    """Somewhere in the cabin, by 0.125 s; and nowhere does it move anything else."""
    moved: dict[str, set[Wait]] = {name: set() for name in NAMED}
    for place in places():
        before = _at(place.state, place)
        for name, waits in moved.items():
            later = _moved(place.state, name, 0.125)
            if later is not None:
                after = _at(later, place)
                waits |= {what for what in before if after.get(what) != before[what]}
    assert moved == NAMED


def _at(state: State, place: Place) -> dict[Wait, tuple[float, bool]]:
    """Each countdown that is not over at once."""
    found = countdowns(state, place.now_s, place.rules)
    return {one.what: (round(one.in_s, 6), one.runs) for one in found if one.in_s > 0.2}


def _moved(state: State, name: str, by_s: float) -> State | None:
    part, _, inner = name.rpartition(".")
    thing = getattr(state, part) if part else state
    at_s = getattr(thing, inner)
    if at_s is None:
        return None
    changed = dataclasses.replace(thing, **{inner: at_s + by_s})
    if not part:
        return changed  # type: ignore[no-any-return]
    return dataclasses.replace(state, **{part: changed})  # type: ignore[arg-type]  # by name


def test_nothing_comes_by_itself_before_the_nearest_deadline() -> None:
    """And the nearest that runs is what wakes the loop, unless it only ripens while something else is due."""
    for name in PLACES:
        place = place_at(name)
        named = countdowns(place.state, place.now_s, place.rules)
        wake_s = next_wake_s(place.state, place.now_s, place.rules)
        ahead = [one.in_s for one in named if one.runs and not _ripens(one.what, place.state)]
        assert min(ahead, default=None) == (
            None if wake_s is None else pytest.approx(wake_s - place.now_s)
        ), name
        for share in (0.1, 0.5, 0.99):
            at_s = place.now_s + share * (min(ahead) if ahead else 1e6)
            done = step(place.state, Ticked(), at_s, place.rules)
            assert done.state.mode is place.state.mode, name
            assert done.commands == (), name


def _ripens(what: Wait, state: State) -> bool:
    """While checking the evidence grows, and nothing happens when it is complete: first comes the warning."""
    return what is Wait.LOCK and state.mode is Mode.CHECKING


def test_every_countdown_can_be_seen_somewhere() -> None:
    seen: dict[Wait, set[bool]] = {}
    for place in places():
        for one in countdowns(place.state, place.now_s, place.rules):
            assert one.in_s > 0.0 or not one.runs
            seen.setdefault(one.what, set()).add(one.runs)
    assert set(seen) == set(Wait)
    standing = {what for what, runs in seen.items() if False in runs}
    assert standing == {Wait.LOCK, Wait.UNREACHABLE}


def test_a_lock_clock_that_stands_says_what_is_left() -> None:
    cabin = Cabin().comes("masked").wait(12).several()
    (lock,) = (one for one in countdowns(cabin.state, cabin.now_s, cabin.rules) if one.what is Wait.LOCK)
    assert (lock.in_s, lock.runs) == (8.0, False)
    cabin.several(False).wait(31)
    cabin.shows("masked")
    (lock,) = (one for one in countdowns(cabin.state, cabin.now_s, cabin.rules) if one.what is Wait.LOCK)
    assert lock.runs
    assert lock.in_s < 8.0


def test_no_countdown_has_more_left_than_it_began_with() -> None:
    for name in PLACES:
        place = place_at(name)
        for one in countdowns(place.state, place.now_s, place.rules):
            assert 0.0 <= one.in_s <= one.of_s + 1e-6, (name, one)


def test_the_nearest_comes_first() -> None:
    cabin = Cabin().locked()
    left = [one.in_s for one in countdowns(cabin.state, cabin.now_s, cabin.rules) if one.runs]
    assert left == sorted(left)
    assert len(left) > 3
