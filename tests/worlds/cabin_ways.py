"""Does to a locked cabin what each way says, and compares: what is said to open opens, what is not does not.

The world around the table is told here a second time: a broken keypad types nothing, a blind camera sees
nobody lie down, a contact that is not fitted does not move, a dead modem brings no text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from edge.cabin.commands import JudgeEntry
from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    Device,
    DeviceFailed,
    EntryCompleted,
    EntryJudged,
    EntryVerdict,
    Event,
    InputMoved,
    Orderer,
    ReleaseOrdered,
    Restarted,
    Ticked,
    TrialStopped,
)
from edge.cabin.outputs import door_locked, tried
from edge.cabin.rules import Rules
from edge.cabin.state import State
from edge.cabin.table import step
from edge.cabin.ways import LOCK_WAYS, TRIAL_WAYS, Because, Means, Opening, Way, openings
from edge.terms.commission import TrialEnd, Tried
from edge.terms.observation import CameraHealth
from hw.ports import Input

ALL_MEANS = Means(frozenset(Input), release_by_text=True)
FEW_MEANS = Means(frozenset({Input.EXIT, Input.FIRE}), release_by_text=False)


def _typed(s: State) -> Iterator[Event]:
    if Device.KEYPAD not in s.failed:
        yield EntryCompleted()


def _panic(s: State, means: Means) -> Iterator[Event]:
    if Input.PANIC in means.inputs:
        yield InputMoved(Input.PANIC, True)


def _down(s: State) -> Iterator[Event]:
    if s.health is CameraHealth.OK and Device.EYES not in s.failed:
        yield AnomalyBegan(Anomaly.PERSON_DOWN)


def _text(s: State, means: Means) -> Iterator[Event]:
    if means.release_by_text and not s.failed & {Device.MODEM, Device.MODEM_DRIVER}:
        yield ReleaseOrdered(Orderer.CONTROL_ROOM, s.incident)


def _order(s: State) -> Iterator[Event]:
    if Device.CONTROL not in s.failed:
        yield ReleaseOrdered(Orderer.ON_THE_SPOT)


def _door(s: State, means: Means) -> Iterator[Event]:
    if Input.DOOR in means.inputs:
        yield InputMoved(Input.DOOR, True)


_DOINGS: Mapping[Way, Callable[[State, Means], Iterator[Event]]] = {
    Way.CODE: lambda s, _: _typed(s),
    Way.EXIT: lambda s, _: iter([InputMoved(Input.EXIT, True)]),
    Way.FIRE: lambda s, _: iter([InputMoved(Input.FIRE, True)]),
    Way.PANIC: _panic,
    Way.PERSON_DOWN: lambda s, _: _down(s),
    Way.CONTROL_ROOM: _text,
    Way.ON_THE_SPOT: lambda s, _: _order(s),
    Way.FORCED: _door,
    Way.RESTART: lambda s, _: iter([Restarted(s.fire, s.exit, s.door_open, 0.0)]),
    Way.INPUTS_FAILED: lambda s, _: iter([DeviceFailed(Device.INPUTS, "gpio_read_failed")]),
    Way.NOBODY_THERE: lambda s, _: iter([Ticked()]),
    Way.NOBODY_CAN_OPEN: lambda s, _: iter([Ticked()]),
    Way.MAX_TIME: lambda s, _: iter([Ticked()]),
    Way.TRIAL_TIME: lambda s, _: iter([Ticked()]),
    Way.TRIAL_STOPPED: lambda s, _: iter([TrialStopped(TrialEnd.STOPPED)]),
    Way.HAPPENING: lambda s, _: iter([DeviceFailed(Device.SOUNDER, "sounder_failed")]),
}


def opens(events: Iterable[Event], state: State, now_s: float, rules: Rules) -> bool:
    """Whether the door is unlocked after these at this moment, the right code typed."""
    for event in events:
        done = step(state, event, now_s, rules)
        state = done.state
        if any(isinstance(command, JudgeEntry) for command in done.commands):
            state = step(state, EntryJudged(EntryVerdict.RIGHT), now_s, rules).state
    return not door_locked(state)


def opens_by_itself(way: Way, state: State, now_s: float, until_s: float, rules: Rules) -> bool:
    """Whether the door is unlocked by then, with no network, no record and nobody answering anything.

    Or this way's clock was stopped by another deadline, and the way says so: a keypad that closes for wrong
    codes stops the clock of a lock that nobody can open.
    """
    while door_locked(state):
        (said,) = (one for one in openings(state, now_s, rules, ALL_MEANS) if one.way is way)
        if said.because is not Because.TIME_RUNS:
            return way is Way.NOBODY_CAN_OPEN
        wake_s = next_wake_s(state, now_s, rules)
        if wake_s is None or wake_s > until_s:
            return not door_locked(step(state, Ticked(), until_s, rules).state)
        now_s = wake_s
        state = step(state, Ticked(), now_s, rules).state
    return True


def check_openings(state: State, now_s: float, rules: Rules) -> tuple[Opening, ...]:
    """AssertionError where a way does not do what it says; what was said, for a cabin that has everything."""
    state = step(state, Ticked(), now_s, rules).state
    done: dict[tuple[Event, ...], bool] = {}
    for means in (FEW_MEANS, ALL_MEANS):
        found = openings(state, now_s, rules, means)
        ways = () if not door_locked(state) else TRIAL_WAYS if tried(state) is Tried.LOCK else LOCK_WAYS
        assert tuple(one.way for one in found) == ways
        for one in found:
            events = tuple(_DOINGS[one.way](state, means))
            if events not in done:
                done[events] = opens(events, state, now_s, rules)
            did = done[events]
            assert did is one.opens, f"{one} and it {'opened' if did else 'stayed locked'}: {state}"
            if one.because is Because.TIME_RUNS:
                assert one.in_s is not None
                assert opens_by_itself(one.way, state, now_s, now_s + one.in_s + 1e-6, rules), one
            else:
                assert one.in_s is None or one.because is Because.KEYPAD_CLOSED
    return found
