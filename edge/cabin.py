"""The one table: what the cabin does about everything that can happen. Pure and total.

    step(state, event, now_s, rules) -> Step(state, commands)

Rules of this module, which tests enforce: no sleep, clock, randomness, logging or I/O; every
(mode, event) cell of `TABLE` is filled; every deadline is in the state and `next_wake_s` names the
earliest; door, permit, sound and lights are functions of the state alone, so that no path can forget
one. Times are monotonic seconds; `shift` carries a state over a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from math import ceil

from edge.commands import (
    ClearEntry,
    CloseIncident,
    Command,
    IssueCode,
    JudgeEntry,
    KeepOnePicture,
    KeepPictures,
    Note,
    PromptCause,
    PromptKey,
    RecordLock,
    Refuse,
    Say,
    SendCode,
    SetDoor,
    SetLights,
    SetPermit,
    SetSound,
    Tell,
    VoidCode,
)
from edge.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    ClockJumped,
    CodeAccepted,
    Device,
    DeviceFailed,
    DeviceRecovered,
    Emptied,
    EntryCompleted,
    EntryJudged,
    EntryVerdict,
    Event,
    FaceFact,
    FaceJudged,
    InputMoved,
    KeyTouched,
    Orderer,
    PeopleJudged,
    PresenceStuck,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
)
from edge.flow import Flow, PermitRule, Policy, Siren
from edge.record import Recipient
from edge.vision.observation import CameraHealth, Cover
from hw.ports import Input, Light, Sound


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
    {Device.LOCK, Device.INPUTS, Device.EXIT_INPUT, Device.KEYPAD, Device.PROMPT, Device.DISK}
)
"""No new lock while one of these is broken: nobody is locked unprompted, unrecorded or without a keypad."""

OBSTRUCTED = frozenset(CameraHealth) - {CameraHealth.OK, CameraHealth.GONE}

HOLDS_CLOCK = frozenset(
    {Anomaly.SEVERAL_PERSONS, Anomaly.WEAPON, Anomaly.FIGHT, Anomaly.PERSON_DOWN, Anomaly.PANIC}
)
"""While one of these lasts, and `hold_after_s` longer, the lock clock stands still. No setting changes it."""

RELEASES = frozenset({Anomaly.PERSON_DOWN, Anomaly.PANIC})
"""These open a standing lock. No setting changes it."""

ROUNDING_S = 1e-6
"""Evidence is a sum of differences of times, so it may miss its deadline by a rounding error."""

PROMPT_REPEAT_S = 10.0
"""A warning is said again after this long, with the seconds that are left."""

CODE_FAILOVER_S = 60.0
"""A code that no network has accepted by then goes to the second number too: all are tried within 150 s."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers and the policy; they do not change while the program runs."""

    flow: Flow
    policy: Policy = field(default_factory=Policy)
    door_contact: bool = True


@dataclass(frozen=True, slots=True)
class Code:
    """The one-time code as the table knows it: when, how often, never which digits.

    `issue` numbers every code of the incident; `counted` those that count towards the limit.
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


@dataclass(frozen=True, slots=True)
class State:
    """Everything the table remembers. All `*_s` fields but `evidence_s` are monotonic times."""

    mode: Mode = Mode.VACANT
    since_s: float = 0.0
    restarted_at_s: float = 0.0
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
    record_by_s: float | None = None
    unreachable_at_s: float | None = None
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


@dataclass(frozen=True, slots=True)
class Step:
    state: State
    commands: tuple[Command, ...]


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
    return max(0.0, rules.flow.lock_after_s - state.evidence_s - (now_s - state.counting_from_s))


# --- the working copy of one step ------------------------------------------------------------------


class _Draft:
    """The state under change, and the commands so far."""

    def __init__(self, state: State, now_s: float, rules: Rules) -> None:
        self.s = state
        self.now_s = now_s
        self.rules = rules
        self.flow = rules.flow
        self.commands: list[Command] = []

    def set(self, **changes: object) -> None:
        self.s = replace(self.s, **changes)  # type: ignore[arg-type]

    def set_code(self, **changes: object) -> None:
        self.set(code=replace(self.s.code, **changes))  # type: ignore[arg-type]

    def do(self, *commands: Command) -> None:
        self.commands.extend(commands)

    def go(self, mode: Mode) -> None:
        if mode is not self.s.mode:
            self.set(mode=mode, since_s=self.now_s)

    # incidents and messages

    def open_incident(self, why: str) -> None:
        if self.s.incident == 0:
            number = self.s.incidents + 1
            self.set(incident=number, incidents=number)
        self.do(KeepPictures(self.s.incident, why))

    def close_incident(self) -> None:
        if self.s.incident:
            self.do(CloseIncident(self.s.incident))
        self.set(incident=0, told=(), withheld_told=False, code=Code())

    def tell(self, kind: str, *recipients: Recipient, reason: str = "") -> None:
        self.do(Tell(kind, self.s.incident, recipients, reason))

    def tell_anomaly(self, anomaly: Anomaly, detail: str = "") -> None:
        """Tell once an incident, then every `remind_s`."""
        told = dict(self.s.told)
        last = told.get(anomaly)
        if last is not None and self.now_s < last + self.flow.remind_s:
            return
        self.open_incident(anomaly.value)
        told[anomaly] = self.now_s
        self.set(told=tuple(told.items()))
        self.tell(anomaly.value, *self.rules.policy.rule(anomaly).told, reason=detail)

    # prompts

    def say(self, prompt: PromptKey, cause: PromptCause = PromptCause.NONE, lock_in: int = 0) -> int:
        """Order the words, unless saying them could provoke somebody armed."""
        if silent(self.s, self.now_s, self.rules) and prompt not in _SAID_IN_SILENCE:
            return self.s.ticket
        ticket = self.s.ticket + 1
        self.set(ticket=ticket)
        if prompt is PromptKey.SILENCE:
            self.set(warn_ticket=None, prompted_at_s=None)  # whoever was hushed is warned anew
        elif not lock_in and self.s.prompted_at_s is None:
            self.set(warn_ticket=None)  # these words do not tell that the door will lock
        self.do(Say(ticket, prompt, cause, lock_in))
        return ticket

    def say_warning(self) -> None:
        """Tell what to do and why; with the seconds to the lock when that clock can run."""
        prompt, cause = _wanted_words(self)
        threat = 0
        if cause not in _NO_THREAT and prompt is PromptKey.SHOW_FACE:
            # also somebody whose evidence is complete has to be told, and gets the time to act
            prompted_s = self.now_s if self.s.prompted_at_s is None else self.s.prompted_at_s
            lead_s = prompted_s + self.flow.prompt_lead_s - self.now_s
            threat = max(1, ceil(max(self.flow.lock_after_s - self.s.evidence_s, lead_s)))
        ticket = self.say(prompt, cause, threat)
        if self.s.warn_ticket is None and threat:
            self.set(warn_ticket=ticket)
        self.set(said=(prompt, cause), say_again_s=self.now_s + PROMPT_REPEAT_S)

    # modes

    def start_visit(self) -> None:
        if self.s.incident:  # an anomaly outlived the visit before: this person gets an incident of their own
            self.do(CloseIncident(self.s.incident))
        still = tuple((anomaly, at_s) for anomaly, at_s in self.s.told if anomaly in self.s.active)
        self.set(incident=0, told=still, withheld_told=False, code=Code())
        self.set(visit=self.s.visit + 1)
        self.check()

    def check(self) -> None:
        """To checking, or to released where nothing may lock any more."""
        self.set(warn_from_s=self.now_s, warn_ticket=None, prompted_at_s=None, say_again_s=None)
        self.go(Mode.RELEASED if self.s.no_lock else Mode.CHECKING)

    def vacate(self) -> None:
        """The cabin is empty: forget the person."""
        self.set(
            evidence_s=0.0,
            counting_from_s=None,
            no_lock=False,
            face=FaceFact.UNKNOWN,
            cover=Cover.NONE,
            warn_ticket=None,
            prompted_at_s=None,
            say_again_s=None,
            locked_at_s=None,
        )
        if self.s.mode is Mode.WARNED:
            self.say(PromptKey.SILENCE)
        self.go(Mode.VACANT)
        if not self.s.active:
            self.close_incident()

    def release(self, why: str, mode: Mode = Mode.RELEASED) -> None:
        """Open a standing lock, once and for the rest of the visit."""
        self.void_code()
        self.set(
            no_lock=True,
            record_by_s=None,
            unreachable_at_s=None,
            siren_until_s=None,
            counting_from_s=None,
            code=replace(self.s.code, lockout_until_s=None, pending=False),
        )
        self.go(mode)
        self.do(ClearEntry())
        self.tell("released", Recipient.CONTROL_ROOM, Recipient.WATCHMAN, reason=why)
        if mode is Mode.RELEASED:
            self.say(PromptKey.RELEASED)

    def lock(self) -> None:
        """The deadline: record, then act."""
        self.open_incident("locked")
        self.set(
            locked_at_s=self.now_s,
            record_by_s=self.now_s + self.flow.record_wait_s,
            unreachable_at_s=self.now_s + self.flow.unreachable_release_s,
            siren_until_s=self.now_s + self.flow.siren_s,
            counting_from_s=None,
            say_again_s=None,
            code=Code(issue=self.s.code.issue),
        )
        self.go(Mode.LOCKED)
        self.do(RecordLock(self.s.incident), ClearEntry())
        self.issue_code(counts=True)
        self.tell("locked", Recipient.CONTROL_ROOM, reason=_cause(self.s).value)
        self.say(PromptKey.LOCKED, _cause(self.s))

    def take_back_lock(self, reason: str) -> None:
        """Undo a lock before the door has moved, to warned; the issue number of its code is used up."""
        self.void_code()
        self.set(
            record_by_s=None,
            locked_at_s=None,
            unreachable_at_s=None,
            siren_until_s=None,
            say_again_s=self.now_s,
            code=Code(issue=self.s.code.issue),
        )
        self.go(Mode.WARNED)
        self.do(ClearEntry())
        if not self.s.withheld_told:
            self.set(withheld_told=True)
            self.tell("lock_withheld", Recipient.CONTROL_ROOM, reason=reason)

    # the code

    def void_code(self) -> None:
        if self.s.code.live:
            self.set_code(live=False)
            self.do(VoidCode(self.s.incident))

    def issue_code(self, counts: bool, fresh_tries: bool = True) -> None:
        """A fresh code to the watchman, as long as the incident has codes left.

        Only a code that nobody can have read hands its tries on to the next.
        """
        code = self.s.code
        counted = code.counted + (1 if counts else 0)
        if counted > self.flow.codes_per_incident:
            self.tell("codes_used_up", Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
            return
        tries = 0 if fresh_tries else code.tries
        if tries >= self.flow.code_tries:
            self.close_keypad()  # the last try was counted and never judged
            return
        self.set(
            code=Code(
                issue=code.issue + 1,
                counted=counted,
                live=True,
                issued_at_s=self.now_s,
                tries=tries,
                lockouts=code.lockouts,
            )
        )
        self.do(IssueCode(self.s.incident, self.s.code.issue))
        self.send_code(Recipient.WATCHMAN)

    def close_keypad(self) -> None:
        """Too many wrong: the code is void and the keypad closed, each time for twice as long."""
        lockouts = self.s.code.lockouts
        pause_s = min(self.flow.keypad_lockout_s * 2.0**lockouts, self.flow.keypad_lockout_max_s)
        self.void_code()
        self.set_code(lockout_until_s=self.now_s + pause_s, lockouts=lockouts + 1, pending=False)
        self.tell("keypad_lockout", Recipient.CONTROL_ROOM)

    def send_code(self, recipient: Recipient) -> None:
        self.do(SendCode(self.s.incident, self.s.code.issue, recipient, self.s.code.counted))


_SAID_IN_SILENCE = frozenset({PromptKey.SILENCE, PromptKey.EMERGENCY})
_NO_THREAT = frozenset({PromptCause.ONE_AT_A_TIME, PromptCause.STEP_CLOSER})
_COVER_CAUSE: Mapping[Cover, PromptCause] = {
    Cover.NONE: PromptCause.COVERED,
    Cover.MASK: PromptCause.MASK,
    Cover.GLASSES: PromptCause.GLASSES,
    Cover.HELMET: PromptCause.HELMET,
    Cover.SCARF: PromptCause.SCARF,
    Cover.HAND: PromptCause.HAND,
    Cover.OTHER: PromptCause.COVERED,
}


def _cause(state: State) -> PromptCause:
    if state.several:
        return PromptCause.ONE_AT_A_TIME
    if state.face is FaceFact.COVERED:
        return _COVER_CAUSE[state.cover]
    if state.face is FaceFact.UNCLEAR:
        return PromptCause.STEP_CLOSER
    return PromptCause.FACE_CAMERA


def _wanted_words(d: _Draft) -> tuple[PromptKey, PromptCause]:
    """What a warned person has to be told now."""
    held_by_door = d.s.door_open and d.rules.door_contact and _evidence_complete(d)
    return (PromptKey.DOOR_OPEN if held_by_door else PromptKey.SHOW_FACE), _cause(d.s)


def _permit_blocked(state: State, rules: Rules) -> bool:
    return state.health is not CameraHealth.OK or any(
        rules.policy.rule(a).permit is PermitRule.OFF for a in state.active
    )


def _may_clear(d: _Draft) -> bool:
    return (
        d.s.present
        and d.s.face is FaceFact.PROPER
        and not d.s.several
        and not _permit_blocked(d.s, d.rules)
        and not d.s.fire
        and not d.s.exit
    )


def _must_leave_cleared(d: _Draft) -> bool:
    """Turned away, out of sight or unclear is a customer at the keys; covered or joined is not."""
    return d.s.face is FaceFact.COVERED or d.s.several or _permit_blocked(d.s, d.rules)


def _counting(d: _Draft) -> bool:
    """Whether the lock clock runs: one present person whose face is covered, turned away or hidden."""
    s = d.s
    return (
        s.mode in (Mode.CHECKING, Mode.WARNED)
        and s.present
        and not s.no_lock
        and s.face in EVIDENCE_FACES
        and not s.several
        and s.health is CameraHealth.OK
        and not s.active & HOLDS_CLOCK
        and (s.stand_until_s is None or d.now_s >= s.stand_until_s)
    )


def _evidence_complete(d: _Draft) -> bool:
    return d.s.evidence_s >= d.flow.lock_after_s - ROUNDING_S


def _may_lock(d: _Draft) -> bool:
    s = d.s
    return (
        s.mode is Mode.WARNED
        and _evidence_complete(d)
        and _counting(d)
        and not s.fire
        and not s.exit
        and not (s.door_open and d.rules.door_contact)
        and s.prompted_at_s is not None
        and d.now_s >= s.prompted_at_s + d.flow.prompt_lead_s
    )


def _forbids_lock(d: _Draft) -> str | None:
    """What came up while a lock waited for its record and would have forbidden it, None for nothing."""
    s = d.s
    if s.door_open and d.rules.door_contact:
        return "door_open"
    if s.several:
        return Anomaly.SEVERAL_PERSONS.value
    if s.health is not CameraHealth.OK:
        return Anomaly.CAMERA_OBSTRUCTED.value
    held = s.active & HOLDS_CLOCK
    return min(held).value if held else None


# --- deadlines -------------------------------------------------------------------------------------


def _advance(d: _Draft) -> None:
    """Add the time that ran to the evidence."""
    start = d.s.counting_from_s
    if start is not None and d.now_s > start:
        d.set(evidence_s=d.s.evidence_s + d.now_s - start, counting_from_s=d.now_s)


def _due(d: _Draft, at_s: float | None) -> bool:
    return at_s is not None and d.now_s >= at_s


def _tick_any(d: _Draft) -> None:
    """Deadlines that run in every mode."""
    if _due(d, d.s.siren_until_s):
        d.set(siren_until_s=None)
    if _due(d, d.s.silent_until_s):
        d.set(silent_until_s=None)
    if _due(d, d.s.stand_until_s):
        d.set(stand_until_s=None)
    since = d.s.several_since_s
    if since is not None and d.now_s >= since + d.flow.crowd_s and Anomaly.SEVERAL_PERSONS not in d.s.active:
        _begin_anomaly(d, Anomaly.SEVERAL_PERSONS)
    opened = d.s.door_open_since_s
    if (
        opened is not None
        and d.now_s >= opened + d.flow.door_held_open_s
        and Anomaly.DOOR_HELD_OPEN not in d.s.active
    ):
        _begin_anomaly(d, Anomaly.DOOR_HELD_OPEN)
    stuck = d.s.exit_since_s
    if stuck is not None and d.now_s >= stuck + d.flow.exit_stuck_s and Device.EXIT_INPUT not in d.s.failed:
        d.set(failed=d.s.failed | {Device.EXIT_INPUT})
        d.tell("exit_stuck", Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
    for anomaly, at_s in d.s.told:
        if anomaly in d.s.active and d.now_s >= at_s + d.flow.remind_s:
            d.tell_anomaly(anomaly)


def _tick_vacant(d: _Draft) -> None:
    if d.s.incident and not d.s.active:
        d.close_incident()


def _tick_checking(d: _Draft) -> None:
    if _may_clear(d):
        d.go(Mode.CLEARED)
    elif d.now_s >= d.s.warn_from_s + d.flow.adjust_after_s and _warnable(d):
        d.go(Mode.WARNED)
        d.open_incident("warned")
        d.say_warning()


def _warnable(d: _Draft) -> bool:
    """There is something to ask of the person, and asking would not provoke an attacker."""
    asked = d.s.several or d.s.face in EVIDENCE_FACES or d.s.face is FaceFact.UNCLEAR
    return asked and d.s.health is CameraHealth.OK and not silent(d.s, d.now_s, d.rules)


def _tick_cleared(d: _Draft) -> None:
    if _must_leave_cleared(d):
        d.check()


def _tick_warned(d: _Draft) -> None:
    if _may_clear(d):
        d.say(PromptKey.SILENCE)
        d.set(say_again_s=None)
        d.go(Mode.CLEARED)
        return
    if _may_lock(d):
        broken = d.s.failed & LOCK_NEEDS
        if not broken:
            d.lock()
            return
        if not d.s.withheld_told:
            d.set(withheld_told=True)
            d.tell("lock_withheld", Recipient.CONTROL_ROOM, reason=min(broken).value)
    changed = _wanted_words(d) != d.s.said
    if (changed or _due(d, d.s.say_again_s)) and _warnable(d):
        d.say_warning()


def _tick_locked(d: _Draft) -> None:
    s, flow = d.s, d.flow
    if s.record_by_s is not None:
        change = _forbids_lock(d)
        if change is not None:
            d.take_back_lock(change)
            return
    if _due(d, s.record_by_s):
        d.set(record_by_s=None)  # a slow card may not keep the door open; a failed one was answered
    if s.locked_at_s is not None and d.now_s >= s.locked_at_s + flow.max_lock_s:
        d.release("max_time")
        return
    if _due(d, s.unreachable_at_s):
        d.release("unreachable")
        return
    code = d.s.code
    if code.lockout_until_s is not None:
        if d.now_s >= code.lockout_until_s:
            d.set_code(lockout_until_s=None)
            d.issue_code(counts=True)
        return
    if not code.live:
        return
    if code.accepted_at_s is None:
        if d.now_s >= code.issued_at_s + flow.code_accept_s:
            d.void_code()
            d.set_code(counted=code.counted - 1)
            d.tell("code_withdrawn", Recipient.CONTROL_ROOM)
            d.issue_code(counts=True, fresh_tries=False)
        elif not code.failed_over and d.now_s >= code.issued_at_s + CODE_FAILOVER_S:
            d.set_code(failed_over=True)
            d.send_code(Recipient.WATCHMAN2)
        return
    if d.now_s >= code.accepted_at_s + flow.code_ttl_s:
        d.void_code()
        d.issue_code(counts=True)
    elif not code.second_told and d.now_s >= code.accepted_at_s + flow.second_watchman_s:
        d.set_code(second_told=True)
        if not code.failed_over:
            d.send_code(Recipient.WATCHMAN2)


def _fire_over(d: _Draft) -> bool:
    s = d.s
    if not s.after_fire:
        return True
    quiet = s.fire_quiet_since_s is not None and d.now_s >= s.fire_quiet_since_s + d.flow.fire_clear_s
    return quiet and (s.fire_door_cycled or not d.rules.door_contact)


def _tick_released(d: _Draft) -> None:
    if d.now_s < d.s.since_s + d.flow.gone_after_s:
        return  # so long everybody sees that it is released, and nobody seen for so long is empty
    if d.s.present:
        if _may_clear(d):
            d.go(Mode.CLEARED)
    elif d.s.health is CameraHealth.OK and _fire_over(d):
        d.set(after_fire=False, fire_quiet_since_s=None, fire_door_opened=False, fire_door_cycled=False)
        d.vacate()


def _tick_emergency(d: _Draft) -> None:
    if d.s.fire or d.s.exit:
        return
    if d.s.exit_hold_until_s is None or d.now_s >= d.s.exit_hold_until_s:
        d.set(exit_hold_until_s=None)
        d.go(Mode.RELEASED)
        if d.s.present:
            d.say(PromptKey.RELEASED)


_TICKS: Mapping[Mode, Callable[[_Draft], None]] = {
    Mode.VACANT: _tick_vacant,
    Mode.CHECKING: _tick_checking,
    Mode.CLEARED: _tick_cleared,
    Mode.WARNED: _tick_warned,
    Mode.LOCKED: _tick_locked,
    Mode.RELEASED: _tick_released,
    Mode.EMERGENCY: _tick_emergency,
}


def _settle(d: _Draft) -> None:
    """Run what is due until nothing changes; keep the lock clock's switch in step."""
    for _ in range(8):
        before = d.s
        _tick_any(d)
        _TICKS[d.s.mode](d)
        running = _counting(d)
        if running and d.s.counting_from_s is None:
            d.set(counting_from_s=d.now_s)
        elif not running and d.s.counting_from_s is not None:
            d.set(counting_from_s=None)
        if d.s == before:
            return


# --- what the rows do ------------------------------------------------------------------------------


def _to_emergency(d: _Draft) -> None:
    if d.s.mode is Mode.LOCKED:
        d.release("fire" if d.s.fire else "exit", Mode.EMERGENCY)
    elif d.s.mode is not Mode.EMERGENCY:
        d.go(Mode.EMERGENCY)
        d.set(no_lock=True, siren_until_s=None, say_again_s=None)
    d.say(PromptKey.EMERGENCY)


def _fire_began(d: _Draft) -> None:
    """After a fire the cabin is not normal before the door has opened and closed and time has passed."""
    d.set(
        after_fire=True,
        fire_quiet_since_s=None,
        fire_door_opened=d.s.door_open,
        fire_door_cycled=False,
    )
    d.open_incident("fire")
    d.tell("fire", Recipient.CONTROL_ROOM, Recipient.WATCHMAN)


def _begin_anomaly(d: _Draft, anomaly: Anomaly, detail: str = "") -> None:
    rule = d.rules.policy.rule(anomaly)
    d.set(active=d.s.active | {anomaly})
    d.tell_anomaly(anomaly, detail)
    if rule.siren is Siren.MUTE:
        d.say(PromptKey.SILENCE)
    if rule.siren is Siren.SIREN and (anomaly is not Anomaly.CAMERA_OBSTRUCTED or _somebody_was_there(d)):
        d.set(siren_until_s=d.now_s + d.flow.siren_s)
    if anomaly in RELEASES and d.s.mode is Mode.LOCKED:
        d.release(anomaly.value)


def _end_anomaly(d: _Draft, anomaly: Anomaly) -> None:
    if anomaly not in d.s.active:
        return
    d.set(active=d.s.active - {anomaly})
    if anomaly in HOLDS_CLOCK:
        _stand_still(d)
    if d.rules.policy.rule(anomaly).siren is Siren.MUTE:
        d.set(silent_until_s=d.now_s + d.flow.hold_after_s)


def _stand_still(d: _Draft) -> None:
    d.set(stand_until_s=d.now_s + d.flow.hold_after_s)


def _somebody_was_there(d: _Draft) -> bool:
    last = d.s.last_present_s
    return d.s.present or (last is not None and d.now_s <= last + d.flow.hold_after_s)


def _appeared(d: _Draft, event: Event) -> None:
    again = not d.s.present and d.s.mode in (Mode.RELEASED, Mode.EMERGENCY)
    d.set(present=True, last_present_s=d.now_s)
    if d.s.mode is Mode.VACANT:
        d.start_visit()
    elif again:  # somebody came before the cabin was vacant again: the next visit, still without a lock
        d.set(visit=d.s.visit + 1)


def _emptied(d: _Draft, event: Event) -> None:
    if d.s.record_by_s is not None:
        d.take_back_lock("nobody_there")
    d.set(present=False, last_present_s=d.now_s, several=False, several_since_s=None)
    d.set(active=d.s.active - {Anomaly.SEVERAL_PERSONS, Anomaly.LOITERING, Anomaly.STILL_PICTURE})
    d.set(face=FaceFact.UNKNOWN, cover=Cover.NONE)
    if d.s.mode in VISIT_MODES and d.s.after_fire:
        d.go(Mode.RELEASED)
    elif d.s.mode in VISIT_MODES:
        d.vacate()


def _presence_stuck(d: _Draft, event: Event) -> None:
    d.set(no_lock=True)
    d.tell("presence_stuck", Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
    if d.s.mode in (Mode.CHECKING, Mode.WARNED):
        d.say(PromptKey.SILENCE)
        d.check()


def _face_judged(d: _Draft, event: Event) -> None:
    assert isinstance(event, FaceJudged)
    bared = d.s.face is FaceFact.COVERED and event.face is FaceFact.PROPER
    d.set(face=event.face, cover=event.cover)
    if bared:
        d.do(KeepOnePicture(d.s.incident, "face_shown"))


def _people_judged(d: _Draft, event: Event) -> None:
    assert isinstance(event, PeopleJudged)
    if event.several and not d.s.several:
        d.set(several=True, several_since_s=d.now_s)
    elif not event.several and d.s.several:
        d.set(several=False, several_since_s=None)
        if Anomaly.SEVERAL_PERSONS in d.s.active:
            _end_anomaly(d, Anomaly.SEVERAL_PERSONS)
        _stand_still(d)


def _camera_judged(d: _Draft, event: Event) -> None:
    assert isinstance(event, CameraJudged)
    was, now = d.s.health, event.health
    d.set(health=now)
    if now in OBSTRUCTED and Anomaly.CAMERA_OBSTRUCTED not in d.s.active:
        _begin_anomaly(d, Anomaly.CAMERA_OBSTRUCTED, now.value)
    elif now is CameraHealth.GONE and was is not CameraHealth.GONE:
        d.tell("camera_gone", Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
    if now not in OBSTRUCTED:
        _end_anomaly(d, Anomaly.CAMERA_OBSTRUCTED)
    if now is CameraHealth.OK and was is not CameraHealth.OK:
        d.set(warn_from_s=d.now_s, face=FaceFact.UNKNOWN, cover=Cover.NONE)
        if d.s.mode is Mode.RELEASED:
            d.set(since_s=d.now_s)  # somebody may have come unseen: look as long as for empty
        _stand_still(d)


def _anomaly_began(d: _Draft, event: Event) -> None:
    assert isinstance(event, AnomalyBegan)
    if event.anomaly not in d.s.active:
        _begin_anomaly(d, event.anomaly, event.detail)


def _anomaly_ended(d: _Draft, event: Event) -> None:
    assert isinstance(event, AnomalyEnded)
    _end_anomaly(d, event.anomaly)


def _input_moved(d: _Draft, event: Event) -> None:
    assert isinstance(event, InputMoved)
    _INPUTS[event.input](d, event.active)


def _fire_moved(d: _Draft, active: bool) -> None:
    if active == d.s.fire:
        return
    d.set(fire=active)
    if active:
        _to_emergency(d)
        _fire_began(d)
    else:
        d.set(fire_quiet_since_s=d.now_s)


def _exit_moved(d: _Draft, active: bool) -> None:
    if active == d.s.exit:
        return
    d.set(exit=active)
    if active:
        d.set(exit_hold_until_s=d.now_s + d.flow.exit_hold_s, exit_since_s=d.now_s)
        _to_emergency(d)
        return
    d.set(exit_since_s=None)
    if Device.EXIT_INPUT in d.s.failed:
        d.set(failed=d.s.failed - {Device.EXIT_INPUT})
        d.do(Note("exit_input_recovered"))


def _door_moved(d: _Draft, active: bool) -> None:
    if active == d.s.door_open:
        return
    d.set(door_open=active, door_open_since_s=d.now_s if active else None)
    if active:
        if door_locked(d.s):
            _begin_anomaly(d, Anomaly.DOOR_FORCED)
    else:
        _end_anomaly(d, Anomaly.DOOR_HELD_OPEN)
        _end_anomaly(d, Anomaly.DOOR_FORCED)
    _door_after_fire(d)


def _door_after_fire(d: _Draft) -> None:
    """Somebody may have left through the door: it has been open and is closed."""
    if not d.s.after_fire:
        return
    if d.s.door_open:
        d.set(fire_door_opened=True)
    elif d.s.fire_door_opened:
        d.set(fire_door_cycled=True)


def _switch(anomaly: Anomaly) -> Callable[[_Draft, bool], None]:
    def moved(d: _Draft, active: bool) -> None:
        if active and anomaly not in d.s.active:
            _begin_anomaly(d, anomaly)
        elif not active:
            _end_anomaly(d, anomaly)

    return moved


_INPUTS: Mapping[Input, Callable[[_Draft, bool], None]] = {
    Input.DOOR: _door_moved,
    Input.EXIT: _exit_moved,
    Input.FIRE: _fire_moved,
    Input.PANIC: _switch(Anomaly.PANIC),
    Input.CASE: _switch(Anomaly.CASE_OPENED),
    Input.VIBRATION: _switch(Anomaly.SHAKEN),
}


def _key_locked(d: _Draft, event: Event) -> None:
    """A key touched after acceptance stops the call to the second watchman; a closed keypad buzzes."""
    if d.s.code.lockout_until_s is not None or not d.s.code.live:
        d.do(ClearEntry(), Refuse(), Note("keypad_closed"))
    elif d.s.code.accepted_at_s is not None:
        d.set_code(second_told=True)


def _entry_locked(d: _Draft, event: Event) -> None:
    code = d.s.code
    if code.lockout_until_s is not None or not code.live or code.pending:
        d.do(ClearEntry(), Refuse(), Note("entry_refused"))
        return
    d.set_code(tries=code.tries + 1, pending=True)
    d.do(JudgeEntry(d.s.incident))


def _entry_judged_locked(d: _Draft, event: Event) -> None:
    assert isinstance(event, EntryJudged)
    code = d.s.code
    if not code.pending:
        d.do(Refuse(), Note("verdict_without_entry"))  # its code was replaced meanwhile
        return
    d.set_code(pending=False)
    d.do(ClearEntry())
    if event.verdict is EntryVerdict.RIGHT and code.live:
        d.release("code")
        return
    d.do(Refuse())
    if event.verdict is EntryVerdict.SUPERSEDED:
        d.set_code(tries=code.tries - 1)
        d.do(Note("superseded_code"))
        return
    d.do(Note("wrong_code"))
    if code.tries >= d.flow.code_tries:
        d.close_keypad()


def _record_answered_locked(d: _Draft, event: Event) -> None:
    assert isinstance(event, RecordAnswered)
    if event.incident == d.s.incident:
        d.set(record_by_s=None)


def _code_accepted_locked(d: _Draft, event: Event) -> None:
    assert isinstance(event, CodeAccepted)
    if event.incident != d.s.incident:
        return
    d.set(unreachable_at_s=None)
    if event.issue == d.s.code.issue and d.s.code.accepted_at_s is None:
        d.set_code(accepted_at_s=d.now_s)


def _prompt_given(d: _Draft, event: Event) -> None:
    assert isinstance(event, PromptGiven)
    if d.s.warn_ticket is not None and event.ticket >= d.s.warn_ticket and d.s.prompted_at_s is None:
        d.set(prompted_at_s=d.now_s)


def _release_ordered_locked(d: _Draft, event: Event) -> None:
    assert isinstance(event, ReleaseOrdered)
    if event.incident in (0, d.s.incident):
        d.release("control_room" if event.by is Orderer.CONTROL_ROOM else "on_the_spot")
    else:
        d.do(Note("release_of_another_incident"))


def _device_failed(d: _Draft, event: Event) -> None:
    assert isinstance(event, DeviceFailed)
    if event.device in d.s.failed:
        return
    d.set(failed=d.s.failed | {event.device})
    told = (
        (Recipient.CONTROL_ROOM,)
        if event.device is Device.MODEM
        else (Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
    )
    d.tell("fault", *told, reason=event.code)


def _device_failed_locked(d: _Draft, event: Event) -> None:
    """A lock that cannot be recorded, or lacks what a lock needs, is taken back before the door has moved."""
    assert isinstance(event, DeviceFailed)
    _device_failed(d, event)
    if event.device in LOCK_NEEDS and d.s.record_by_s is not None:
        d.take_back_lock(event.code)


def _device_recovered(d: _Draft, event: Event) -> None:
    assert isinstance(event, DeviceRecovered)
    d.set(failed=d.s.failed - {event.device})


def _clock_jumped(d: _Draft, event: Event) -> None:
    d.do(Note("clock_jumped"))


def _restarted(d: _Draft, event: Event) -> None:
    """Take up the remembered state: the person may still be there, everything seen is forgotten."""
    assert isinstance(event, Restarted)
    s = d.s
    # who was there is there until somebody has looked: otherwise a kill would end a visit and allow a lock
    present = s.present if event.present is None else event.present
    if s.several or s.health is not CameraHealth.OK or s.active & HOLDS_CLOCK:
        _stand_still(d)
    if any(d.rules.policy.rule(anomaly).siren is Siren.MUTE for anomaly in s.active):
        d.set(silent_until_s=d.now_s + d.flow.hold_after_s)
    d.set(
        fire=event.fire,
        exit=event.exit,
        door_open=event.door_open,
        door_open_since_s=d.now_s if event.door_open else None,
        exit_since_s=d.now_s if event.exit else None,
        exit_hold_until_s=d.now_s + d.flow.exit_hold_s if event.exit else s.exit_hold_until_s,
        restarted_at_s=d.now_s,
        health=CameraHealth.OK,
        present=present,
        face=FaceFact.UNKNOWN,
        cover=Cover.NONE,
        several=False,
        several_since_s=None,
        active=frozenset(),
        failed=frozenset(),
        counting_from_s=None,
        warn_ticket=None,
        prompted_at_s=None,
        say_again_s=None,
    )
    if s.fire and not event.fire:
        d.set(fire_quiet_since_s=d.now_s)
    _door_after_fire(d)
    if s.mode is Mode.LOCKED:
        _restarted_locked(d, seen=event.present is True)
    elif event.fire or event.exit:
        _to_emergency(d)
    elif s.mode is Mode.RELEASED:
        d.set(since_s=d.now_s)  # nobody was seen: for how long is not known any more
    elif s.mode in VISIT_MODES:
        if present or s.no_lock:
            d.check()
        else:
            d.vacate()
    elif s.mode is Mode.VACANT and present:
        d.start_visit()
    if event.fire and not s.fire:
        _fire_began(d)


def _restarted_locked(d: _Draft, seen: bool) -> None:
    shut = not d.s.door_open or not d.rules.door_contact
    if d.s.fire or d.s.exit:
        _to_emergency(d)
        return
    if not (shut and seen):
        d.release("restart")
        return
    was_live = d.s.code.live
    d.void_code()
    d.set(record_by_s=None)
    d.set_code(pending=False)
    d.tell("restarted_locked", Recipient.CONTROL_ROOM)
    d.say(PromptKey.LOCKED, _cause(d.s))
    if was_live:
        d.issue_code(counts=False, fresh_tries=False)


def _ticked(d: _Draft, event: Event) -> None:
    """Everything that is due was done before and is done after; nothing else to do."""


# --- the table -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """What one event does in one mode. `to` are the modes it may lead to besides staying.

    `act` None with a `refusal` is refused under that name, without one ignored on purpose.
    """

    act: Callable[[_Draft, Event], None] | None
    to: frozenset[Mode] = frozenset()
    refusal: str = ""


IGNORED = Cell(None)

_ALL = tuple(Mode)


def _refused(name: str) -> Cell:
    return Cell(None, refusal=name)


def _row(act: Callable[[_Draft, Event], None] | None = None, **per_mode: Cell) -> dict[Mode, Cell]:
    """A row: `act` in every mode that is not named, the named cells elsewhere."""
    rest = IGNORED if act is None else Cell(act)
    return {mode: per_mode.get(mode.value, rest) for mode in _ALL}


def _to(act: Callable[[_Draft, Event], None], *to: Mode) -> Cell:
    return Cell(act, frozenset(to))


_M = Mode
TABLE: Mapping[type[Event], Mapping[Mode, Cell]] = {
    Appeared: _row(_appeared, vacant=_to(_appeared, _M.CHECKING)),
    Emptied: _row(
        _emptied,
        checking=_to(_emptied, _M.VACANT),
        cleared=_to(_emptied, _M.VACANT, _M.RELEASED),
        warned=_to(_emptied, _M.VACANT),
        locked=_to(_emptied, _M.VACANT),
    ),
    PresenceStuck: _row(
        _presence_stuck,
        vacant=IGNORED,
        checking=_to(_presence_stuck, _M.RELEASED),
        warned=_to(_presence_stuck, _M.RELEASED),
    ),
    FaceJudged: _row(_face_judged, vacant=IGNORED),
    PeopleJudged: _row(_people_judged),
    CameraJudged: _row(_camera_judged),
    AnomalyBegan: _row(_anomaly_began, locked=_to(_anomaly_began, _M.RELEASED)),
    AnomalyEnded: _row(_anomaly_ended),
    InputMoved: {mode: _to(_input_moved, _M.EMERGENCY) for mode in _ALL}
    | {_M.LOCKED: _to(_input_moved, _M.EMERGENCY, _M.RELEASED), _M.EMERGENCY: Cell(_input_moved)},
    KeyTouched: _row(locked=Cell(_key_locked)),
    EntryCompleted: {mode: _refused("nothing_to_unlock") for mode in _ALL} | {_M.LOCKED: Cell(_entry_locked)},
    EntryJudged: {mode: _refused("verdict_without_lock") for mode in _ALL}
    | {_M.LOCKED: _to(_entry_judged_locked, _M.RELEASED)},
    RecordAnswered: _row(locked=Cell(_record_answered_locked)),
    CodeAccepted: _row(locked=Cell(_code_accepted_locked)),
    PromptGiven: _row(_prompt_given),
    ReleaseOrdered: {mode: _refused("nothing_to_release") for mode in _ALL}
    | {_M.LOCKED: _to(_release_ordered_locked, _M.RELEASED)},
    DeviceFailed: _row(_device_failed, locked=_to(_device_failed_locked, _M.WARNED)),
    DeviceRecovered: _row(_device_recovered),
    ClockJumped: _row(_clock_jumped),
    Restarted: {
        _M.VACANT: _to(_restarted, _M.CHECKING, _M.EMERGENCY),
        _M.CHECKING: _to(_restarted, _M.VACANT, _M.EMERGENCY),
        _M.CLEARED: _to(_restarted, _M.CHECKING, _M.VACANT, _M.RELEASED, _M.EMERGENCY),
        _M.WARNED: _to(_restarted, _M.CHECKING, _M.VACANT, _M.EMERGENCY),
        _M.LOCKED: _to(_restarted, _M.RELEASED, _M.EMERGENCY),
        _M.RELEASED: _to(_restarted, _M.EMERGENCY),
        _M.EMERGENCY: Cell(_restarted),
    },
    Ticked: {
        _M.VACANT: Cell(_ticked),
        _M.CHECKING: _to(_ticked, _M.CLEARED, _M.WARNED),
        _M.CLEARED: _to(_ticked, _M.CHECKING, _M.RELEASED),
        _M.WARNED: _to(_ticked, _M.CLEARED, _M.LOCKED),
        _M.LOCKED: _to(_ticked, _M.RELEASED, _M.WARNED),
        _M.RELEASED: _to(_ticked, _M.CLEARED, _M.VACANT),
        _M.EMERGENCY: _to(_ticked, _M.RELEASED),
    },
}


def step(state: State, event: Event, now_s: float, rules: Rules) -> Step:
    """One event at one time. Deadlines that came before are done first, under their own rules.

    `now_s` must not run backwards; the loop's clock is monotonic and `shift` handles restarts.
    """
    d = _Draft(state, now_s, rules)
    if not isinstance(event, Restarted):
        _advance(d)
        _settle(d)
    cell = TABLE[type(event)][d.s.mode]
    if cell.act is not None:
        cell.act(d, event)
    elif cell.refusal:
        if isinstance(event, EntryCompleted):
            d.do(ClearEntry(), Refuse())
        d.do(Note(cell.refusal))
    _settle(d)
    after = outputs(d.s, now_s, rules)
    d.set(playing=sound(d.s, now_s, rules))
    if isinstance(event, Restarted):
        return Step(d.s, (*after, *d.commands))
    before = (
        SetDoor(door_locked(state)),
        SetPermit(permit_on(state)),
        SetSound(state.playing),
        SetLights(lights(state)),
    )
    # the door and the permit first: nothing else may come before them
    changed = (new for old, new in zip(before, after, strict=True) if old != new)
    return Step(d.s, (*changed, *d.commands))


# --- time ------------------------------------------------------------------------------------------

_CODE_TIMES = ("issued_at_s", "accepted_at_s", "lockout_until_s")
_TIMES = tuple(f.name for f in fields(State) if f.name.endswith("_s") and f.name != "evidence_s")


def shift(state: State, by_s: float) -> State:
    """The same state on a clock whose zero lies `by_s` earlier: the time without power does not count."""

    def moved(owner: State | Code, names: tuple[str, ...]) -> dict[str, object]:
        return {n: None if (t := getattr(owner, n)) is None else t + by_s for n in names}

    code = replace(state.code, **moved(state.code, _CODE_TIMES))  # type: ignore[arg-type]
    told = tuple((anomaly, at_s + by_s) for anomaly, at_s in state.told)
    return replace(state, code=code, told=told, **moved(state, _TIMES))  # type: ignore[arg-type]


def wake_up(state: State, saved_at_s: float, now_s: float, flow: Flow) -> State:
    """A remembered state on today's clock.

    What ran since the last record is lost, at most `checkpoint_s`. A program that dies sooner than
    that, again and again, would never count a lock down, so such a life costs a whole `checkpoint_s`.
    """
    state = shift(state, now_s - saved_at_s)
    short_life = saved_at_s - (state.restarted_at_s - (now_s - saved_at_s)) < flow.checkpoint_s
    if state.mode is Mode.LOCKED and short_life and state.locked_at_s is not None:
        state = replace(
            state,
            locked_at_s=state.locked_at_s - flow.checkpoint_s,
            unreachable_at_s=None
            if state.unreachable_at_s is None
            else state.unreachable_at_s - flow.checkpoint_s,
        )
    return state


def next_wake_s(state: State, now_s: float, rules: Rules) -> float | None:
    """The earliest deadline of the state after `now_s`, None where nothing is due by itself."""
    s, flow, code = state, rules.flow, state.code

    def after(at_s: float | None, delay_s: float) -> float | None:
        return None if at_s is None else at_s + delay_s

    due: list[float | None] = [s.siren_until_s, s.silent_until_s, s.stand_until_s]
    due.append(after(s.several_since_s, flow.crowd_s))
    due.append(after(s.door_open_since_s, flow.door_held_open_s))
    due.append(after(s.exit_since_s, flow.exit_stuck_s))
    due += [at_s + flow.remind_s for anomaly, at_s in s.told if anomaly in s.active]
    if s.mode is Mode.CHECKING:
        due.append(s.warn_from_s + flow.adjust_after_s)
    elif s.mode is Mode.WARNED:
        due.append(s.say_again_s)
        due.append(after(s.counting_from_s, max(0.0, flow.lock_after_s - s.evidence_s)))
        due.append(after(s.prompted_at_s, flow.prompt_lead_s))
    elif s.mode is Mode.LOCKED:
        due += [
            s.record_by_s,
            s.unreachable_at_s,
            after(s.locked_at_s, flow.max_lock_s),
            code.lockout_until_s,
        ]
        if code.live and code.accepted_at_s is None:
            due += [code.issued_at_s + flow.code_accept_s, code.issued_at_s + CODE_FAILOVER_S]
        elif code.live:
            due += [
                after(code.accepted_at_s, flow.code_ttl_s),
                after(code.accepted_at_s, flow.second_watchman_s),
            ]
    elif s.mode is Mode.RELEASED:
        due += [s.since_s + flow.gone_after_s, after(s.fire_quiet_since_s, flow.fire_clear_s)]
    elif s.mode is Mode.EMERGENCY:
        due.append(s.exit_hold_until_s)
    later = [t for t in due if t is not None and t > now_s]
    return min(later, default=None)
