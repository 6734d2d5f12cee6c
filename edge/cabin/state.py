"""What the table remembers of one cabin, and what the door, the lights and the people see of it.

Door, permit, sound and lights are functions of the state alone, so that no path of the table can
forget one. Every deadline is a field; `shift` and `wake_up` carry a state over a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum

from edge.cabin.commands import (
    Command,
    PromptCause,
    PromptKey,
    SetDoor,
    SetLights,
    SetPermit,
    SetSound,
)
from edge.cabin.events import (
    Anomaly,
    Device,
    FaceFact,
)
from edge.cabin.rules import Flow, Policy, Siren
from edge.terms.observation import CameraHealth, Cover
from edge.terms.record import Recipient
from hw.ports import Light, Sound


class Mode(StrEnum):
    VACANT = "vacant"
    CHECKING = "checking"
    CLEARED = "cleared"
    WARNED = "warned"
    LOCKED = "locked"
    RELEASED = "released"
    EMERGENCY = "emergency"


VISIT_MODES = frozenset({Mode.CHECKING, Mode.CLEARED, Mode.WARNED})
EVIDENCE_FACES = frozenset({FaceFact.COVERED, FaceFact.TURNED, FaceFact.HIDDEN})
"""The judged faces under which the lock clock runs."""

LOCK_NEEDS = frozenset(
    {
        Device.LOCK,
        Device.INPUTS,
        Device.EXIT_INPUT,
        Device.KEYPAD,
        Device.PROMPT,
        Device.DISK,
        Device.EYES,
        Device.MODEM_DRIVER,
        Device.EVIDENCE,
        Device.CONTROL,
    }
)
"""No lock begins while one of these is broken: nobody is locked unprompted, unrecorded or unseen."""

OBSTRUCTED = frozenset(CameraHealth) - {CameraHealth.OK, CameraHealth.GONE, CameraHealth.UPSIDE_DOWN}
"""Somebody may have done this to the camera; the others are faults."""

HOLDS_CLOCK = frozenset(
    {Anomaly.SEVERAL_PERSONS, Anomaly.WEAPON, Anomaly.FIGHT, Anomaly.PERSON_DOWN, Anomaly.PANIC}
)
"""While one of these lasts, and `hold_after_s` longer, the lock clock stands still. No setting changes it."""

RELEASES = frozenset({Anomaly.PERSON_DOWN, Anomaly.PANIC})
"""These open a standing lock. No setting changes it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers and the policy; they do not change while the program runs."""

    flow: Flow
    policy: Policy = field(default_factory=Policy)
    door_contact: bool = True
    words_s: float = 0.0
    """The longest that a warning takes to be said: its seconds are those that are left at its end."""


@dataclass(frozen=True, slots=True)
class Code:
    """The one-time code as the table knows it: when, how often, never which digits.

    `issue` numbers every code of the incident; `counted` those that count towards the limit. `took` are the
    telephones for which the network took it and no report denies that it arrived. `again`: a restart took the
    live code's digits; the code in its place does not count.
    """

    issue: int = 0
    counted: int = 0
    live: bool = False
    issued_at_s: float = 0.0
    accepted_at_s: float | None = None
    failed_over: bool = False
    second_told: bool = False
    tries: int = 0
    pending: bool = False
    lockouts: int = 0
    lockout_until_s: float | None = None
    took: frozenset[Recipient] = frozenset()
    again: bool = False


@dataclass(frozen=True, slots=True)
class Timebase:
    """Whose clock the times of a state are on: which boot of the machine; was its wall clock right."""

    boot: str = ""
    wall_true: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Everything the table remembers. All `*_s` fields but `DURATIONS` are monotonic times.

    *This person* is whoever is present since the door last opened or the program last started. `shown`:
    this person has been cleared; `was_shown`: the one before the door opened. `stands`: how often the lock
    clock was held in this visit; `openings`: how often the door was opened under a warning.
    """

    mode: Mode = Mode.VACANT
    since_s: float = 0.0
    timebase: Timebase = Timebase()
    # wired inputs
    fire: bool = False
    exit: bool = False
    door_open: bool = False
    exit_hold_until_s: float | None = None
    exit_since_s: float | None = None
    door_open_since_s: float | None = None
    # what the judge holds
    health: CameraHealth = CameraHealth.OK
    present: bool = False
    last_present_s: float | None = None
    face: FaceFact = FaceFact.UNKNOWN
    cover: Cover = Cover.NONE
    several: bool = False
    several_since_s: float | None = None
    active: frozenset[Anomaly] = frozenset()
    failed: frozenset[Device] = frozenset()
    # visit and incident
    visit: int = 0
    incident: int = 0
    incidents: int = 0
    no_lock: bool = False
    shown: bool = False
    was_shown: bool = False
    stands: int = 0
    openings: int = 0
    withheld_told: bool = False
    told: tuple[tuple[Anomaly, float], ...] = ()
    # the lock clock
    warn_from_s: float = 0.0
    evidence_s: float = 0.0
    counting_from_s: float | None = None
    stand_until_s: float | None = None
    # prompts
    ticket: int = 0
    warn_ticket: int | None = None
    prompted_at_s: float | None = None
    said: tuple[PromptKey, PromptCause] = (PromptKey.SILENCE, PromptCause.NONE)
    say_again_s: float | None = None
    # the lock
    locked_at_s: float | None = None
    came_back: bool = False
    dark_s: float = 0.0
    record_by_s: float | None = None
    gone_since_s: float | None = None
    unreached_s: float = 0.0
    unreached_from_s: float | None = None
    code: Code = Code()
    # sounds
    playing: Sound = Sound.OFF
    siren_until_s: float | None = None
    silent_until_s: float | None = None
    # after a fire
    after_fire: bool = False
    fire_quiet_since_s: float | None = None
    fire_door_opened: bool = False
    fire_door_cycled: bool = False


def returning(state: State) -> bool:
    """A lock that a restart interrupted: warned again, the door unlocked, until the one gate decides."""
    return state.mode is Mode.WARNED and state.locked_at_s is not None


def needed_s(state: State, flow: Flow) -> float:
    """Seconds of evidence that a lock needs."""
    return flow.relock_after_s if returning(state) else flow.lock_after_s


# --- outputs: functions of the state alone ---------------------------------------------------------


def door_locked(state: State) -> bool:
    """Whether the relay is to lock the door: in `locked`, once recorded, and never near fire or exit."""
    return state.mode is Mode.LOCKED and state.record_by_s is None and not state.fire and not state.exit


def permit_on(state: State) -> bool:
    return state.mode is Mode.CLEARED


def silent(state: State, now_s: float, rules: Rules) -> bool:
    """While a weapon, a fight, a person down or the panic switch holds, and a while after, no sound."""
    held = any(rules.policy.rule(a).siren is Siren.MUTE for a in state.active)
    return held or (state.silent_until_s is not None and now_s < state.silent_until_s)


def sound(state: State, now_s: float, rules: Rules) -> Sound:
    """The one sound that plays: siren before beeps before nothing."""
    if silent(state, now_s, rules) or state.mode is Mode.EMERGENCY:
        return Sound.OFF
    if state.siren_until_s is not None and now_s < state.siren_until_s:
        return Sound.SIREN
    if state.mode is Mode.WARNED:
        return Sound.BEEPS
    beeping = any(rules.policy.rule(a).siren is Siren.BEEPS for a in state.active)
    return Sound.BEEPS if beeping and state.mode is not Mode.LOCKED else Sound.OFF


def lights(state: State) -> frozenset[Light]:
    return _LIGHTS[state.mode]


_LIGHTS: Mapping[Mode, frozenset[Light]] = {
    Mode.VACANT: frozenset({Light.GREEN}),
    Mode.CHECKING: frozenset({Light.GREEN, Light.AMBER}),
    Mode.CLEARED: frozenset({Light.GREEN}),
    Mode.WARNED: frozenset({Light.AMBER}),
    Mode.LOCKED: frozenset({Light.RED}),
    Mode.RELEASED: frozenset({Light.AMBER}),
    Mode.EMERGENCY: frozenset({Light.RED, Light.AMBER, Light.GREEN}),
}


def outputs(state: State, now_s: float, rules: Rules) -> tuple[Command, ...]:
    """All four outputs as commands, for a loop that starts."""
    return (
        SetDoor(door_locked(state)),
        SetPermit(permit_on(state)),
        SetSound(sound(state, now_s, rules)),
        SetLights(lights(state)),
    )


def shown(state: State, now_s: float) -> str:
    """The name for people: the mode, or what overrides it in their eyes."""
    lockout = state.code.lockout_until_s
    if state.mode is Mode.LOCKED and lockout is not None and now_s < lockout:
        return "lockout"
    if state.health is not CameraHealth.OK and state.mode not in (Mode.LOCKED, Mode.EMERGENCY):
        return "blind"
    return state.mode.value


def lock_in_s(state: State, now_s: float, rules: Rules) -> float | None:
    """Seconds of evidence left until the lock deadline while its clock runs, else None."""
    if state.counting_from_s is None:
        return None
    return max(0.0, needed_s(state, rules.flow) - state.evidence_s - (now_s - state.counting_from_s))


# --- time ------------------------------------------------------------------------------------------

_CODE_TIMES = ("issued_at_s", "accepted_at_s", "lockout_until_s")
DURATIONS = frozenset({"evidence_s", "unreached_s", "dark_s"})
"""Seconds in the state that are no times: `shift` leaves them."""
_TIMES = tuple(f.name for f in fields(State) if f.name.endswith("_s") and f.name not in DURATIONS)


def shift(state: State, by_s: float) -> State:
    """The same state on a clock whose zero lies `by_s` earlier: the time without power does not count."""

    def moved(owner: State | Code, names: tuple[str, ...]) -> dict[str, object]:
        return {n: None if (t := getattr(owner, n)) is None else t + by_s for n in names}

    code = replace(state.code, **moved(state.code, _CODE_TIMES))  # type: ignore[arg-type]
    told = tuple((anomaly, at_s + by_s) for anomaly, at_s in state.told)
    return replace(state, code=code, told=told, **moved(state, _TIMES))  # type: ignore[arg-type]


def wake_up(state: State, saved_at_s: float, now_s: float, off_s: float | None, flow: Flow) -> State:
    """A remembered state on today's clock.

    A lock's elapsed times are recorded every `checkpoint_s`, so each restart counts as that at least.
    """
    if state.mode is Mode.LOCKED or returning(state):
        if state.locked_at_s is not None:
            state = replace(state, locked_at_s=state.locked_at_s - max(flow.checkpoint_s, off_s or 0.0))
        if state.unreached_from_s is not None:
            ran_s = max(0.0, saved_at_s - state.unreached_from_s) + flow.checkpoint_s
            state = replace(state, unreached_s=state.unreached_s + ran_s, unreached_from_s=None)
    return shift(state, now_s - saved_at_s)
