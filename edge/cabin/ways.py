"""By what a locked door would open now, one by one: the second property of the cabin flow, asked of a state.

A lock that is only being tried has ways of its own.

Pure. `Means` says what a cabin has that the table does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.cabin.conditions import later, lock_ends_s, nobody_can_open
from edge.cabin.events import Anomaly, Device
from edge.cabin.outputs import door_locked, tried
from edge.cabin.rules import Rules
from edge.cabin.state import State
from edge.terms.commission import Tried
from edge.terms.observation import CameraHealth
from hw.ports import Input


class Way(StrEnum):
    """What opens a locked door."""

    CODE = "code"
    EXIT = "exit"
    FIRE = "fire"
    PANIC = "panic"
    PERSON_DOWN = "person_down"
    CONTROL_ROOM = "control_room"
    ON_THE_SPOT = "on_the_spot"
    FORCED = "forced"
    RESTART = "restart"
    INPUTS_FAILED = "inputs_failed"
    """Fire and exit cannot be read any more."""
    NOBODY_THERE = "nobody_there"
    NOBODY_CAN_OPEN = "nobody_can_open"
    MAX_TIME = "max_time"
    TRIAL_TIME = "trial_time"
    """The lock is only being tried, and its seconds are over."""
    TRIAL_STOPPED = "trial_stopped"
    """Somebody who commissions stops what is tried."""
    HAPPENING = "happening"
    """Anything that happens ends what is tried: somebody is seen, the door moves."""


class Because(StrEnum):
    """Why a way would open the door, or what is missing for it."""

    WORKS = "works"
    CODE_ON_ITS_WAY = "code_on_its_way"
    """Typed it opens, but no telephone has it yet."""
    TIME_RUNS = "time_runs"
    """It comes by itself when the time is over."""
    NO_CODE = "no_code"
    KEYPAD_CLOSED = "keypad_closed"
    """After too many wrong codes."""
    KEYPAD_BROKEN = "keypad_broken"
    BEING_COMPARED = "being_compared"
    """A typed code waits for its verdict."""
    NOT_FITTED = "not_fitted"
    CONTACT_BROKEN = "contact_broken"
    """What the door's contact says is not believed."""
    CAMERA_BLIND = "camera_blind"
    SOMEBODY_THERE = "somebody_there"
    SOMEBODY_CAN_OPEN = "somebody_can_open"
    """A code is with a telephone, or the keypad is closed for wrong ones: that clock stands."""
    HOLDS_ALREADY = "holds_already"
    NO_SECRET = "no_secret"
    """Nobody can make the control room's password, or no control room has a number."""
    NO_MODEM = "no_modem"
    SOCKET_DEAD = "socket_dead"


@dataclass(frozen=True, slots=True)
class Means:
    """What a cabin has: which contacts are fitted, and whether the control room can release by text."""

    inputs: frozenset[Input]
    release_by_text: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """One way. `opens`: if it happened now, the door would. `in_s`: seconds until it comes by itself, or
    until what is missing is over; None where time alone does nothing.
    """

    way: Way
    opens: bool
    because: Because
    in_s: float | None = None


def openings(state: State, now_s: float, rules: Rules, means: Means) -> tuple[Opening, ...]:
    """Every way for a door that is locked, `TRIAL_WAYS` where its lock is only being tried; none for one
    that is not.

    Deadlines before `now_s` are done.
    """
    asked = _Asked(state, now_s, rules, means)
    if tried(state) is Tried.LOCK:
        return tuple(_OPENINGS[way](asked) for way in TRIAL_WAYS)
    if not door_locked(state):
        return ()
    return tuple(_OPENINGS[way](asked) for way in LOCK_WAYS)


@dataclass(frozen=True, slots=True)
class _Asked:
    s: State
    now_s: float
    rules: Rules
    means: Means

    def in_s(self, at_s: float | None) -> float | None:
        return None if at_s is None else max(0.0, at_s - self.now_s)


def _works(way: Way) -> Opening:
    return Opening(way, True, Because.WORKS)


def _not(way: Way, because: Because, in_s: float | None = None) -> Opening:
    return Opening(way, False, because, in_s)


def _code(a: _Asked) -> Opening:
    code = a.s.code
    if Device.KEYPAD in a.s.failed:
        return _not(Way.CODE, Because.KEYPAD_BROKEN)
    if code.lockout_until_s is not None:
        return _not(Way.CODE, Because.KEYPAD_CLOSED, a.in_s(code.lockout_until_s))
    if not code.live:
        return _not(Way.CODE, Because.NO_CODE)
    if code.pending:
        return _not(Way.CODE, Because.BEING_COMPARED)
    if not code.took:
        return Opening(Way.CODE, True, Because.CODE_ON_ITS_WAY)
    return _works(Way.CODE)


def _panic(a: _Asked) -> Opening:
    if Input.PANIC not in a.means.inputs:
        return _not(Way.PANIC, Because.NOT_FITTED)
    if Anomaly.PANIC in a.s.active:
        return _not(Way.PANIC, Because.HOLDS_ALREADY)
    return _works(Way.PANIC)


def _person_down(a: _Asked) -> Opening:
    if Anomaly.PERSON_DOWN in a.s.active:
        return _not(Way.PERSON_DOWN, Because.HOLDS_ALREADY)
    if a.s.health is not CameraHealth.OK or Device.EYES in a.s.failed:
        return _not(Way.PERSON_DOWN, Because.CAMERA_BLIND)
    return _works(Way.PERSON_DOWN)


def _control_room(a: _Asked) -> Opening:
    if not a.means.release_by_text:
        return _not(Way.CONTROL_ROOM, Because.NO_SECRET)
    if a.s.failed & {Device.MODEM, Device.MODEM_DRIVER}:
        return _not(Way.CONTROL_ROOM, Because.NO_MODEM)
    return _works(Way.CONTROL_ROOM)


def _on_the_spot(a: _Asked) -> Opening:
    if Device.CONTROL in a.s.failed:
        return _not(Way.ON_THE_SPOT, Because.SOCKET_DEAD)
    return _works(Way.ON_THE_SPOT)


def _forced(a: _Asked) -> Opening:
    if not a.rules.door_contact or Input.DOOR not in a.means.inputs:
        return _not(Way.FORCED, Because.NOT_FITTED)
    if Device.DOOR_CONTACT in a.s.failed:
        return _not(Way.FORCED, Because.CONTACT_BROKEN)
    return _works(Way.FORCED)


def _nobody_there(a: _Asked) -> Opening:
    if a.s.gone_since_s is not None:
        ends_s = later(a.s.gone_since_s, a.rules.flow.locked_empty_s)
        return _not(Way.NOBODY_THERE, Because.TIME_RUNS, a.in_s(ends_s))
    blind = a.s.health is not CameraHealth.OK
    return _not(Way.NOBODY_THERE, Because.CAMERA_BLIND if blind else Because.SOMEBODY_THERE)


def _nobody_can_open(a: _Asked) -> Opening:
    if not nobody_can_open(a.s):
        return _not(Way.NOBODY_CAN_OPEN, Because.SOMEBODY_CAN_OPEN)
    left_s = a.rules.flow.unreachable_release_s - a.s.unreached_s
    if a.s.unreached_from_s is not None:
        left_s -= a.now_s - a.s.unreached_from_s
    return _not(Way.NOBODY_CAN_OPEN, Because.TIME_RUNS, max(0.0, left_s))


def _max_time(a: _Asked) -> Opening:
    return _not(Way.MAX_TIME, Because.TIME_RUNS, a.in_s(lock_ends_s(a.s, a.rules.flow)))


def _trial_time(a: _Asked) -> Opening:
    return _not(Way.TRIAL_TIME, Because.TIME_RUNS, a.in_s(a.s.trial.until_s))


_OPENINGS: Final[Mapping[Way, Callable[[_Asked], Opening]]] = {
    Way.CODE: _code,
    Way.EXIT: lambda _: _works(Way.EXIT),
    Way.FIRE: lambda _: _works(Way.FIRE),
    Way.PANIC: _panic,
    Way.PERSON_DOWN: _person_down,
    Way.CONTROL_ROOM: _control_room,
    Way.ON_THE_SPOT: _on_the_spot,
    Way.FORCED: _forced,
    Way.RESTART: lambda _: _works(Way.RESTART),
    Way.INPUTS_FAILED: lambda _: _works(Way.INPUTS_FAILED),
    Way.NOBODY_THERE: _nobody_there,
    Way.NOBODY_CAN_OPEN: _nobody_can_open,
    Way.MAX_TIME: _max_time,
    Way.TRIAL_TIME: _trial_time,
    Way.TRIAL_STOPPED: lambda _: _works(Way.TRIAL_STOPPED),
    Way.HAPPENING: lambda _: _works(Way.HAPPENING),
}

TRIAL_WAYS: Final = (Way.TRIAL_TIME, Way.TRIAL_STOPPED, Way.FIRE, Way.EXIT, Way.HAPPENING, Way.RESTART)
"""How a lock ends that is only being tried."""

LOCK_WAYS: Final = tuple(way for way in Way if way not in (Way.TRIAL_TIME, Way.TRIAL_STOPPED, Way.HAPPENING))
"""How any other does."""
