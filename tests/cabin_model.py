"""An outsider who sees events, time and commands, and knows what must always hold. No part of the table.

`Watch` keeps ages instead of times and clamps them, so that a search can tell when it has been somewhere
before. It checks the seven properties after every step, by its own small bookkeeping.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.commands import (
    Command,
    IssueCode,
    JudgeEntry,
    PromptKey,
    RecordLock,
    Say,
    SendCode,
    SetDoor,
    SetLights,
    SetPermit,
    SetSound,
    VoidCode,
)
from edge.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    CodeAccepted,
    Emptied,
    EntryJudged,
    EntryVerdict,
    Event,
    FaceFact,
    FaceJudged,
    InputMoved,
    PeopleJudged,
    PromptGiven,
    ReleaseOrdered,
    Restarted,
)
from edge.state import Mode, Rules, State, outputs
from edge.vision.observation import CameraHealth
from hw.ports import Input

NOT_SHOWN = {FaceFact.COVERED, FaceFact.TURNED, FaceFact.HIDDEN}
NEVER_LOCK = {Anomaly.SEVERAL_PERSONS, Anomaly.WEAPON, Anomaly.FIGHT, Anomaly.PERSON_DOWN, Anomaly.PANIC}
NEARLY = 1e-5


@dataclass
class Facts:
    """What is so at the moment, as far as events have told."""

    fire: bool = False
    exit: bool = False
    door_open: bool = False
    present: bool = False
    healthy: bool = True
    several: bool = False
    dangers: frozenset[Anomaly] = frozenset()
    face: FaceFact = FaceFact.UNKNOWN

    @property
    def calm(self) -> bool:
        return self.healthy and not self.several and not self.dangers

    @property
    def clock_runs(self) -> bool:
        return self.calm and self.present and self.face in NOT_SHOWN


@dataclass
class Watch:
    rules: Rules
    facts: Facts = field(default_factory=Facts)
    # ages in seconds, clamped where more makes no difference
    calm_for: float = 1e9
    evidence: float = 0.0
    warned_for: float | None = None
    unseen_for: float = 1e9  # how long a healthy camera has seen nobody
    # the lock
    mode: Mode = Mode.VACANT
    relay: bool = False
    permit: bool = False
    lock_up: float = 0.0  # how long a lock stands, counting only time with power
    lock_credit: float = 0.0  # how much of that the restarts may have taken or given
    incident: int = 0
    recorded: bool = False
    reached: bool = False
    locks: int = 0
    released: bool = False
    # the fire
    after_fire: bool = False
    fire_quiet_for: float = 0.0
    door_opened: bool = False
    door_cycled: bool = False
    # tickets of warnings that named the lock
    threats: tuple[int, ...] = ()
    # the code
    live: bool = False
    code_age: float = 0.0
    accepted_for: float | None = None
    tries: int = 0
    judged: int = 0
    pending: bool = False
    closed_for: float | None = None

    def __post_init__(self) -> None:
        self.calm_for = min(self.calm_for, self.rules.flow.hold_after_s)
        self.unseen_for = min(self.unseen_for, self.rules.flow.gone_after_s)

    def copy(self) -> Watch:
        other = copy.copy(self)
        other.facts = copy.copy(self.facts)
        return other

    def key(self, ticket: int) -> tuple[object, ...]:
        """All that matters for the future, if only the newest ticket may still be answered."""
        facts = self.facts
        return (
            facts.fire,
            facts.exit,
            facts.door_open,
            facts.present,
            facts.healthy,
            facts.several,
            facts.dangers,
            facts.face,
            self.calm_for,
            self.evidence,
            self.warned_for,
            self.unseen_for,
            self.mode,
            self.relay,
            self.permit,
            self.lock_up,
            self.lock_credit,
            self.recorded,
            self.reached,
            self.locks,
            self.released,
            self.after_fire,
            self.fire_quiet_for,
            self.door_opened,
            self.door_cycled,
            ticket in self.threats,
            self.live,
            self.code_age,
            self.accepted_for,
            self.tries,
            self.judged,
            self.pending,
            self.closed_for,
        )

    # --- time ---------------------------------------------------------------------------------------

    def run(self, dt: float) -> None:
        """Time with power goes on; no event in between."""
        flow = self.rules.flow
        if self.facts.clock_runs and self.calm_for >= flow.hold_after_s - NEARLY:
            self.evidence = min(self.evidence + dt, flow.lock_after_s)
        if self.facts.calm:
            self.calm_for = min(self.calm_for + dt, flow.hold_after_s)
        if self.warned_for is not None:
            self.warned_for = min(self.warned_for + dt, flow.prompt_lead_s)
        if self.after_fire and not self.facts.fire:
            self.fire_quiet_for = min(self.fire_quiet_for + dt, flow.fire_clear_s)
        if self.mode is Mode.LOCKED:
            self.lock_up = min(self.lock_up + dt, 2 * flow.max_lock_s)
            self.code_age = min(self.code_age + dt, flow.code_accept_s)
            if self.accepted_for is not None:
                self.accepted_for = min(self.accepted_for + dt, flow.code_ttl_s)
            if self.closed_for is not None:
                self.closed_for = min(self.closed_for + dt, flow.keypad_lockout_s)
        if not self.facts.present and self.facts.healthy:
            self.unseen_for = min(self.unseen_for + dt, flow.gone_after_s)
            self._maybe_empty()

    # --- one step -----------------------------------------------------------------------------------

    def saw(self, event: Event, state: State, commands: Sequence[Command], now_s: float) -> None:
        """What the table did about `event`; `run` was called for the time before. AssertionError if wrong."""
        before, had = copy.copy(self.facts), (self.evidence, self.warned_for)
        was_pending, was_live, was_mode, was_relay = self.pending, self.live, self.mode, self.relay
        self._happened(event)
        self.mode = state.mode
        if self.mode is Mode.VACANT and self.after_fire:
            assert self._fire_over(), "vacant before the fire is over"
            self.after_fire = self.door_opened = self.door_cycled = False
        for command in commands:
            self._ordered(command, event, before, had)
        self._check_codes(event, commands, was_pending and was_live)
        if was_mode is Mode.LOCKED and self.mode is not Mode.LOCKED:
            self._left_locked(event, was_relay, was_pending and was_live)
        if was_mode is Mode.LOCKED and was_pending and was_live and event == EntryJudged(EntryVerdict.RIGHT):
            assert self.mode is not Mode.LOCKED, "the live code did not open"
        self._check_standing()
        self._check_outputs(state, commands, event, now_s)

    def _happened(self, event: Event) -> None:
        facts, flow = self.facts, self.rules.flow
        calm = facts.calm
        match event:
            case Appeared():
                facts.present, self.unseen_for = True, 0.0
            case Emptied():
                facts.present, facts.several, facts.face = False, False, FaceFact.UNKNOWN
                facts.dangers -= {Anomaly.SEVERAL_PERSONS}
                self.unseen_for = flow.gone_after_s
            case FaceJudged(face, _):
                facts.face = face
            case PeopleJudged(several):
                facts.several = several
                if not several:
                    facts.dangers -= {Anomaly.SEVERAL_PERSONS}
            case CameraJudged(health):
                facts.healthy = health is CameraHealth.OK
                if not facts.healthy:
                    self.unseen_for = 0.0
            case AnomalyBegan(anomaly, _) if anomaly in NEVER_LOCK:
                facts.dangers |= {anomaly}
            case AnomalyEnded(anomaly):
                facts.dangers -= {anomaly}
            case InputMoved(Input.PANIC, active):
                facts.dangers = facts.dangers | {Anomaly.PANIC} if active else facts.dangers - {Anomaly.PANIC}
            case InputMoved(Input.FIRE, active):
                self._fire(active)
            case InputMoved(Input.EXIT, active):
                facts.exit = active
                self.released |= active
            case InputMoved(Input.DOOR, active):
                facts.door_open = active
                self._door()
            case PromptGiven(ticket) if ticket in self.threats and self.warned_for is None:
                self.warned_for = 0.0
            case CodeAccepted(incident, _, _) if self.mode is Mode.LOCKED and incident == self.incident:
                self.reached = True
                if self.accepted_for is None:
                    self.accepted_for = 0.0
            case Restarted(fire, exit_, door_open, present):
                self._restarted(fire, exit_, door_open, present)
            case _:
                pass
        if isinstance(event, Emptied) and facts.calm:
            self.calm_for = flow.hold_after_s  # two who have left hold up nobody who comes
        elif not calm or not facts.calm:
            self.calm_for = 0.0
        if facts.fire or facts.exit:
            self.released = True
        self._maybe_empty()

    def _fire(self, active: bool) -> None:
        if active and not self.facts.fire:
            self.after_fire, self.fire_quiet_for = True, 0.0
            self.door_opened, self.door_cycled = self.facts.door_open, False
        self.facts.fire = active
        self.released |= active

    def _door(self) -> None:
        self.door_opened |= self.facts.door_open
        self.door_cycled |= self.door_opened and not self.facts.door_open

    def _restarted(self, fire: bool, exit_: bool, door_open: bool, present: bool | None) -> None:
        facts = self.facts
        calm = facts.calm
        facts.exit, facts.door_open = exit_, door_open
        self._fire(fire)
        self._door()
        facts.face, facts.several, facts.dangers, facts.healthy = FaceFact.UNKNOWN, False, frozenset(), True
        self.warned_for, self.threats = None, ()
        self.pending = False
        if present is not None:
            facts.present = present
        self.unseen_for = 0.0
        if not calm:
            self.calm_for = 0.0
        if self.mode is Mode.LOCKED:
            self.lock_credit = min(
                self.lock_credit + self.rules.flow.checkpoint_s, self.rules.flow.max_lock_s
            )

    def _maybe_empty(self) -> None:
        """A healthy camera has seen nobody for long enough: all is forgotten, except what still lasts."""
        if self.facts.present or self.unseen_for < self.rules.flow.gone_after_s - NEARLY:
            return
        self.evidence, self.warned_for, self.threats = 0.0, None, ()
        self.locks, self.released = 0, self.facts.fire or self.facts.exit

    # --- commands -----------------------------------------------------------------------------------

    def _ordered(
        self, command: Command, event: Event, before: Facts, had: tuple[float, float | None]
    ) -> None:
        flow = self.rules.flow
        match command:
            case RecordLock(incident):
                self.incident, self.recorded = incident, True
                self._check_deadline(before, *had)
                self.lock_up = self.lock_credit = 0.0
                self.reached = False
                self.tries = self.judged = 0
                self.closed_for = None
            case SetDoor(True):
                self._check_locking(event, before)
                self.relay = True
            case SetDoor(False):
                self.relay = False
            case SetPermit(on):
                self.permit = on
            case Say(ticket, prompt, _, lock_in):
                if prompt is PromptKey.SILENCE:
                    self.warned_for, self.threats = None, ()
                elif lock_in > 0:
                    assert prompt is PromptKey.SHOW_FACE
                    self.threats = (*self.threats[-20:], ticket)
            case IssueCode():
                if not isinstance(event, Restarted) and self.accepted_for is not None:
                    self.tries = 0
                shortest_s = flow.keypad_lockout_s - NEARLY
                assert self.closed_for is None or self.closed_for >= shortest_s, "a code for a closed keypad"
                self.live, self.code_age, self.accepted_for = True, 0.0, None
                self.pending, self.closed_for = False, None
            case VoidCode():
                self.live = self.pending = False
            case JudgeEntry():
                assert self.live, "an entry is judged with no live code"
                assert not self.pending, "two entries are judged at once"
                assert self.accepted_for is None or self.accepted_for < flow.code_ttl_s - NEARLY, (
                    "judged late"
                )
                assert self.closed_for is None, "judged while the keypad is closed"
                self.tries += 1
                self.judged += 1
                self.pending = True
                assert self.tries <= flow.code_tries, "one try too many"
                assert self.judged <= flow.code_tries * flow.codes_per_incident, "more tries than promised"
            case _:
                pass

    def _check_deadline(self, before: Facts, evidence: float, warned_for: float | None) -> None:
        """Properties 5 and 6 at the moment of the decision."""
        flow = self.rules.flow
        assert self.locks == 0, "a second lock between two moments of an empty cabin"
        assert not self.released, "a lock after a release, fire or exit"
        assert not self.after_fire or self._fire_over(), "a lock before the fire is over"
        # deadlines come before the event of the same moment, and after it
        lockable = [
            f for f in (before, self.facts) if f.clock_runs and not (f.door_open and self.rules.door_contact)
        ]
        assert lockable, f"a lock although {before}, {self.facts}"
        assert evidence >= flow.lock_after_s - NEARLY, f"a lock after {evidence} s of evidence"
        assert warned_for is not None, "nobody is locked unprompted"
        assert warned_for >= flow.prompt_lead_s - NEARLY, "no time to act after the prompt"

    def _fire_over(self) -> bool:
        quiet = self.fire_quiet_for >= self.rules.flow.fire_clear_s - NEARLY
        return quiet and (self.door_cycled or not self.rules.door_contact)

    def _check_locking(self, event: Event, before: Facts) -> None:
        """Properties 1, 5 and 6 at the moment the relay moves."""
        facts = self.facts
        assert not facts.fire, "locked during a fire"
        assert not facts.exit, "locked against the exit button"
        assert self.mode is Mode.LOCKED
        assert self.recorded, "the door locks without a lock on record"
        if isinstance(event, Restarted):
            assert not (facts.door_open and self.rules.door_contact), "a restart locks an open door"
            assert event.present, "a restart locks a cabin in which nobody was seen"
            return
        if self.relay:
            return
        assert facts.calm or before.calm, f"the relay locks although {facts}"
        closed = not facts.door_open or not before.door_open or not self.rules.door_contact
        assert closed, "the relay locks with the door open"
        self.locks += 1
        assert self.locks <= 1, "a second lock between two moments of an empty cabin"

    def _left_locked(self, event: Event, relay: bool, live_entry: bool) -> None:
        """Property 2: who opened it."""
        flow = self.rules.flow
        self.recorded = False
        if self.mode in (Mode.WARNED, Mode.CLEARED, Mode.VACANT):
            assert not relay, "a lock taken back after the door had moved"
            assert not self.live
            return
        latest = self.lock_up + self.lock_credit
        why = (
            (event == EntryJudged(EntryVerdict.RIGHT) and live_entry)
            or (
                isinstance(event, InputMoved)
                and event.input in (Input.FIRE, Input.EXIT, Input.PANIC)
                and event.active
            )
            or (isinstance(event, AnomalyBegan) and event.anomaly in (Anomaly.PANIC, Anomaly.PERSON_DOWN))
            or isinstance(event, ReleaseOrdered | Restarted)
            or latest >= flow.max_lock_s - NEARLY
            or (not self.reached and latest >= flow.unreachable_release_s - NEARLY)
        )
        assert why, f"opened by {event}"
        assert not self.live, "a code outlives its lock"
        self.released = True
        self.lock_up = self.lock_credit = self.code_age = 0.0
        self.accepted_for = self.closed_for = None
        self.reached = self.pending = False
        self.tries = self.judged = 0

    def _check_codes(self, event: Event, commands: Sequence[Command], live_entry: bool) -> None:
        """Property 3 and the second half of 7."""
        issued = [c for c in commands if isinstance(c, IssueCode)]
        sent = {c.issue for c in commands if isinstance(c, SendCode)}
        if any(isinstance(c, RecordLock) for c in commands):
            assert issued, "a lock without its code"
        for code in issued:
            assert code.issue in sent, "a code that nobody is sent"
        if self.mode is not Mode.LOCKED:
            return
        if self.tries >= self.rules.flow.code_tries and not self.live:
            self.closed_for, self.tries = 0.0, 0
        if not isinstance(event, EntryJudged) or not live_entry:
            return
        self.pending = False
        if event.verdict is EntryVerdict.SUPERSEDED:
            self.tries -= 1
            self.judged -= 1

    def _check_standing(self) -> None:
        """Property 2, second half, and property 4."""
        flow, facts = self.rules.flow, self.facts
        if self.mode is Mode.LOCKED:
            assert not facts.fire
            assert not facts.exit
            assert self.lock_up - self.lock_credit < flow.max_lock_s, "locked for ever"
            assert self.reached or self.lock_up - self.lock_credit < flow.unreachable_release_s
        if self.relay:
            assert self.mode is Mode.LOCKED
        assert self.permit == (self.mode is Mode.CLEARED)
        if self.permit:
            assert facts.present
            assert facts.calm
            assert facts.face is not FaceFact.COVERED
            assert not facts.fire
            assert not facts.exit

    def _check_outputs(self, state: State, commands: Sequence[Command], event: Event, now_s: float) -> None:
        """What was commanded is what the state says."""
        wanted = {type(c): c for c in outputs(state, now_s, self.rules)}
        if isinstance(event, Restarted):
            assert set(wanted.values()) <= set(commands), "a start that does not set every output"
        for command in commands:
            if isinstance(command, SetDoor | SetPermit | SetSound | SetLights):
                assert command == wanted[type(command)]
        assert wanted[SetDoor] == SetDoor(self.relay)
        assert wanted[SetPermit] == SetPermit(self.permit)
