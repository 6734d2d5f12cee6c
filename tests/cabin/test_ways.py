"""What would open a locked door now is what does, and no event opens it that no way names."""

from __future__ import annotations

from typing import assert_never

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    Device,
    DeviceFailed,
    EntryJudged,
    Event,
    InputMoved,
    Orderer,
    ReleaseOrdered,
    Restarted,
    Ticked,
)
from edge.cabin.outputs import door_locked
from edge.cabin.table import step
from edge.cabin.trial import HARMLESS
from edge.cabin.ways import TRIAL_WAYS, Because, Opening, Way, openings
from hw.ports import Input
from tests.worlds.cabin_places import CORNERS, MAKERS
from tests.worlds.cabin_ways import ALL_MEANS, check_openings
from tests.worlds.cabin_world import EVENTS, Cabin, rules

PLACES = MAKERS | CORNERS
LOCKED = [name for name in PLACES if name.startswith("locked") and "its record" not in name]


ON_ITS_WAY = {
    (Way.CODE, Because.BEING_COMPARED),  # the verdict of the entry that is being compared
    (Way.PERSON_DOWN, Because.CAMERA_BLIND),  # no judge says so of a picture that shows nothing
}
"""What opens though it is said not to: the table would do it, and the world does not bring it."""


def _ways(cabin: Cabin) -> dict[Way, Opening]:
    return {one.way: one for one in openings(cabin.state, cabin.now_s, cabin.rules, ALL_MEANS)}


def test_a_way_does_what_it_says() -> None:
    """In every mode and corner of the cabin."""
    for make in PLACES.values():
        cabin = make()
        check_openings(cabin.state, cabin.now_s, cabin.rules)


def test_an_unlocked_door_has_no_ways() -> None:
    assert _ways(Cabin().comes("masked").wait(10)) == {}


def test_a_lock_that_is_tried_has_the_ways_that_end_a_trial() -> None:
    found = _ways(Cabin().tries("lock", 5.0).wait(2.0))
    assert tuple(found) == TRIAL_WAYS
    assert {way for way, one in found.items() if not one.opens} == {Way.TRIAL_TIME}
    assert found[Way.TRIAL_TIME].in_s == pytest.approx(3.0)
    assert _ways(Cabin().tries("permit", 5.0).wait(2.0)) == {}, "the door is unlocked"


def test_whatever_happens_opens_a_lock_that_is_tried() -> None:
    cabin = Cabin().tries("lock").wait(1)
    for event in EVENTS:
        if not isinstance(event, HARMLESS):
            assert not door_locked(step(cabin.state, event, cabin.now_s, cabin.rules).state), event


def test_every_reason_is_given_somewhere() -> None:
    """No name that nobody ever reads, so that each has to be translated for something."""
    given_s: set[Because] = set()
    broken = [Cabin().locked().fails(device) for device in ("modem", "control", "eyes", "door_contact")]
    for cabin in (*(make() for make in PLACES.values()), *broken):
        for means in (ALL_MEANS, ALL_MEANS.__class__(frozenset(), release_by_text=False)):
            given_s |= {o.because for o in openings(cabin.state, cabin.now_s, cabin.rules, means)}
    assert given_s == set(Because) - {Because.HOLDS_ALREADY}, "no lock lasts while these hold"


@pytest.mark.slow
def test_nothing_opens_a_door_but_by_a_way() -> None:
    for place in LOCKED:
        cabin = PLACES[place]()
        state = step(cabin.state, Ticked(), cabin.now_s, cabin.rules).state
        assert door_locked(state), place
        known = {one.way: one for one in openings(state, cabin.now_s, cabin.rules, ALL_MEANS)}
        opened: set[Way] = set()
        for event in EVENTS:
            if not door_locked(step(state, event, cabin.now_s, cabin.rules).state):
                way = way_of(event)
                opened.add(way)
                assert known[way].opens or (way, known[way].because) in ON_ITS_WAY, (place, event, known[way])
        assert opened >= {Way.EXIT, Way.FIRE, Way.PANIC, Way.RESTART, Way.ON_THE_SPOT, Way.CONTROL_ROOM}


def way_of(event: Event) -> Way:
    """The way that an event belongs to. AssertionError for one that may open no door."""
    match event:
        case InputMoved(input=Input.EXIT, active=True):
            return Way.EXIT
        case InputMoved(input=Input.FIRE, active=True):
            return Way.FIRE
        case InputMoved(input=Input.PANIC, active=True) | AnomalyBegan(anomaly=Anomaly.PANIC):
            return Way.PANIC
        case AnomalyBegan(anomaly=Anomaly.PERSON_DOWN):
            return Way.PERSON_DOWN
        case InputMoved(input=Input.DOOR, active=True):
            return Way.FORCED
        case EntryJudged():
            return Way.CODE
        case ReleaseOrdered(by=by):
            match by:
                case Orderer.CONTROL_ROOM:
                    return Way.CONTROL_ROOM
                case Orderer.ON_THE_SPOT:
                    return Way.ON_THE_SPOT
                case _:
                    assert_never(by)
        case Restarted():
            return Way.RESTART
        case DeviceFailed(device=Device.INPUTS):
            return Way.INPUTS_FAILED
        case _:
            raise AssertionError(f"{event} opened the door")


@settings(max_examples=20, deadline=None)
@given(
    contact=st.booleans(),
    lives=st.lists(st.sampled_from(EVENTS) | st.sampled_from([1.0, 30.0, 90.0, 300.0]), max_size=12),
)
def test_a_way_does_what_it_says_in_any_life(contact: bool, lives: list[Event | float]) -> None:
    cabin = Cabin(rules(contact)).locked()
    for what in lives:
        if isinstance(what, float):
            cabin.wait(what)
        else:
            cabin.hear(what)
        check_openings(cabin.state, cabin.now_s, cabin.rules)


def test_a_closed_keypad_says_when_it_opens() -> None:
    cabin = Cabin().locked().types("wrong").types("wrong").types("wrong").wait(30)
    code = _ways(cabin)[Way.CODE]
    assert (code.opens, code.because, code.in_s) == (False, Because.KEYPAD_CLOSED, 60.0)


def test_a_code_that_no_telephone_has_is_named() -> None:
    cabin = Cabin()
    cabin.phones = set()
    code = _ways(cabin.locked())[Way.CODE]
    assert (code.opens, code.because) == (True, Because.CODE_ON_ITS_WAY)


def test_the_clock_of_nobody_can_open_runs_down() -> None:
    cabin = Cabin()
    cabin.phones = set()
    cabin.locked().wait(40)
    unreached = _ways(cabin)[Way.NOBODY_CAN_OPEN]
    assert unreached.because is Because.TIME_RUNS
    assert unreached.in_s == pytest.approx(140.0)
    assert next_wake_s(cabin.state, cabin.now_s, cabin.rules) is not None
