"""An outsider who sees events, time and commands, and knows what must always hold. No part of the table.

`Watch` keeps ages instead of times and clamps them, so that a search can tell when it has been somewhere
before. It checks the seven properties after every step, by its own small bookkeeping.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge.cabin.commands import (
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
    Tell,
    VoidCode,
)
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    CodeAccepted,
    CodeDenied,
    Device,
    DeviceFailed,
    DeviceRecovered,
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
from edge.cabin.outputs import outputs
from edge.cabin.rules import Rules
from edge.cabin.state import Mode, State, replace
from edge.terms.observation import CameraHealth
from edge.terms.record import Recipient
from hw.ports import Input
from tests.worlds.claim_model import ClaimWatch
from tests.worlds.trial_model import TrialWatch

NOT_SHOWN = {FaceFact.COVERED, FaceFact.TURNED, FaceFact.HIDDEN}
NEVER_LOCK = {
    Anomaly.SEVERAL_PERSONS,
    Anomaly.WEAPON,
    Anomaly.FIGHT,
    Anomaly.ROBBERY,
    Anomaly.PERSON_DOWN,
    Anomaly.PANIC,
}
NEEDED = {
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
NEARLY = 1e-5


@dataclass
class Facts:
    """What is so at the moment, as far as events have told."""

    contact: bool = True
    fire: bool = False
    exit: bool = False
    door_open: bool = False
    present: bool = False
    healthy: bool = True
    several: bool = False
    dangers: frozenset[Anomaly] = frozenset()
    failed: frozenset[Device] = frozenset()
    face: FaceFact = FaceFact.UNKNOWN
    shown: bool = False  # this person has been cleared, or showed the face for as long as anybody is given

    @property
    def calm(self) -> bool:
        return self.healthy and not self.several and not self.dangers

    @property
    def ajar(self) -> bool:
        return self.door_open and self.contact and Device.DOOR_CONTACT not in self.failed

    @property
    def clock_runs(self) -> bool:
        """One present person behind a shut door, never cleared, whose face is not shown."""
        alone = self.calm and self.present and not self.ajar and not self.fire and not self.exit
        return alone and not self.shown and self.face in NOT_SHOWN

    @property
    def shows_face(self) -> bool:
        return self.present and self.healthy and not self.several and self.face is FaceFact.PROPER

    @property
    def in_order(self) -> bool:
        return not self.failed & NEEDED


@dataclass
class Watch:
    rules: Rules
    facts: Facts = field(default_factory=Facts)
    # ages in seconds, clamped where more makes no difference
    calm_for: float = 1e9
    evidence: float = 0.0
    bare_for: float | None = None  # how long a proper face has been shown that may not be cleared
    warned_for: float | None = None
    unseen_for: float = 1e9  # how long a healthy camera has seen nobody
    # the lock
    mode: Mode = Mode.VACANT
    relay: bool = False
    permit: bool = False
    lock_up: float = 0.0  # how long a lock lasts, counting only time with power
    lock_credit: float = 0.0  # by how much the restarts may have shortened it
    unreached_for: float = 0.0
    unreached_credit: float = 0.0
    incident: int = 0
    recorded: bool = False
    interrupted: bool = False  # this lock was interrupted by a restart
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
    owed: bool = False  # a restart took a live code
    issue: int = 0
    took: frozenset[Recipient] = frozenset()
    code_age: float = 0.0
    accepted_for: float | None = None
    tries: int = 0
    judged: int = 0
    pending: bool = False
    closed_for: float | None = None
    pause: float = 0.0  # how long the keypad stays closed
    lockouts: int = 0
    claim: ClaimWatch = field(default_factory=lambda: ClaimWatch(wanted=False))
    trial: TrialWatch = field(default_factory=TrialWatch)

    def __post_init__(self) -> None:
        self.facts.contact = self.rules.door_contact
        self.claim.wanted = self.rules.owner is not None
        self.claim.contact = self.rules.door_contact
        self.calm_for = min(self.calm_for, self.rules.flow.hold_after_s)
        self.unseen_for = min(self.unseen_for, self._long_unseen_s)

    @property
    def _long_unseen_s(self) -> float:
        return max(self.rules.flow.gone_after_s, self.rules.flow.locked_empty_s)

    @property
    def _lock_lasts(self) -> bool:
        return self.mode is Mode.LOCKED or (self.interrupted and self.mode is Mode.WARNED)

    @property
    def _unreached(self) -> bool:
        """No code is with a telephone, or none could be typed; one closed for wrong tries is not meant."""
        closed = self.closed_for is not None and self.closed_for < self.pause - NEARLY
        reached = closed or (self.live and bool(self.took))
        return self.mode is Mode.LOCKED and (Device.KEYPAD in self.facts.failed or not reached)

    def copy(self) -> Watch:
        parts = replace(self.facts), replace(self.claim), replace(self.trial)
        return replace(self, facts=parts[0], claim=parts[1], trial=parts[2])

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
            facts.failed,
            facts.face,
            facts.shown,
            self.calm_for,
            self.bare_for,
            self.evidence,
            self.warned_for,
            self.unseen_for,
            self.mode,
            self.relay,
            self.permit,
            self.lock_up,
            self.lock_credit,
            self.unreached_for,
            self.unreached_credit,
            self.recorded,
            self.interrupted,
            self.locks,
            self.released,
            self.after_fire,
            self.fire_quiet_for,
            self.door_opened,
            self.door_cycled,
            ticket in self.threats,
            self.live,
            self.owed,
            self.took,
            self.code_age,
            self.accepted_for,
            self.tries,
            self.judged,
            self.pending,
            self.closed_for,
            self.pause,
            min(self.lockouts, 2),
            self.claim.key(),
            self.trial.key(),
        )

    # --- time ---------------------------------------------------------------------------------------

    def run(self, dt: float) -> None:
        """Time with power goes on; no event in between."""
        flow = self.rules.flow
        self.trial.run(dt)
        if self.facts.clock_runs and self.calm_for >= flow.hold_after_s - NEARLY:
            self.evidence = min(self.evidence + dt, flow.lock_after_s)
        if self.facts.calm:
            self.calm_for = min(self.calm_for + dt, flow.hold_after_s)
        if self.bare_for is not None:
            self.bare_for = min(self.bare_for + dt, flow.adjust_after_s)
            self.facts.shown |= self.bare_for >= flow.adjust_after_s - NEARLY
        if self.warned_for is not None:
            self.warned_for = min(self.warned_for + dt, flow.prompt_lead_s)
        if self.after_fire and not self.facts.fire:
            self.fire_quiet_for = min(self.fire_quiet_for + dt, flow.fire_clear_s)
        if self._lock_lasts:
            self.lock_up = min(self.lock_up + dt, 2 * flow.max_lock_s)
            self.code_age = min(self.code_age + dt, flow.code_accept_s)
            if self._unreached:
                self.unreached_for = min(self.unreached_for + dt, 2 * flow.unreachable_release_s)
            if self.accepted_for is not None:
                self.accepted_for = min(self.accepted_for + dt, flow.code_ttl_s)
            if self.closed_for is not None:
                self.closed_for = min(self.closed_for + dt, self.pause)
        if not self.facts.present and self.facts.healthy:
            self.unseen_for = min(self.unseen_for + dt, self._long_unseen_s)
            self._maybe_empty()

    @property
    def _code_in_time(self) -> bool:
        """Also where the loop was late and nobody has voided the code yet."""
        if self.accepted_for is None:
            return self.code_age < self.rules.flow.code_accept_s - NEARLY
        return self.accepted_for < self.rules.flow.code_ttl_s - NEARLY

    # --- one step -----------------------------------------------------------------------------------

    def saw(self, event: Event, state: State, commands: Sequence[Command], now_s: float) -> None:
        """What the table did about `event`; `run` was called for the time before. AssertionError if wrong."""
        before, had = replace(self.facts), (self.evidence, self.warned_for)
        was_pending, was_live, was_mode, was_relay = self.pending, self.live, self.mode, self.relay
        was_lock, was_in_time = self._lock_lasts, self._code_in_time
        self._happened(event)
        self.mode = state.mode
        self.facts.shown |= self.mode is Mode.CLEARED
        if self.mode is Mode.VACANT and self.after_fire:
            assert self._fire_over(), "vacant before the fire is over"
            self.after_fire = self.door_opened = self.door_cycled = False
        self.trial.saw(event, was_mode, self.mode, self.facts, commands)
        for command in commands:
            self._ordered(command, event, before, had, commands)
        asked = self.mode in (Mode.CHECKING, Mode.WARNED)
        if not (asked and self.facts.shows_face):
            self.bare_for = None
        elif self.bare_for is None:
            self.bare_for = 0.0
        self._check_codes(event, commands, was_pending and was_live)
        if was_mode is Mode.LOCKED and self.mode is not Mode.LOCKED:
            self._left_locked(event, was_relay, was_pending and was_live)
        if was_lock and not self._lock_lasts:
            self._lock_is_over()
        right = was_mode is Mode.LOCKED and was_pending and event == EntryJudged(EntryVerdict.RIGHT)
        if right and was_live and was_in_time:
            assert self.mode is not Mode.LOCKED, "the live code did not open"
        self.claim.saw(event, state, commands)
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
                facts.shown = False
                facts.dangers -= {Anomaly.SEVERAL_PERSONS}
                self.unseen_for = flow.gone_after_s
            case FaceJudged(face):
                facts.face = face
            case PeopleJudged(several):
                facts.several = several
                if not several:
                    facts.dangers -= {Anomaly.SEVERAL_PERSONS}
            case CameraJudged(health):
                if (health is CameraHealth.OK) is not facts.healthy:
                    self.unseen_for = 0.0
                    facts.face = FaceFact.UNKNOWN if health is CameraHealth.OK else facts.face
                facts.healthy = health is CameraHealth.OK
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
                if not active:
                    facts.failed -= {Device.EXIT_INPUT}
            case InputMoved(Input.DOOR, active):
                self._door_moved(active)
            case DeviceFailed(device, _):
                facts.failed |= {device}
            case DeviceRecovered(device):
                facts.failed -= {device}
            case PromptGiven(ticket) if ticket in self.threats and self.warned_for is None:
                self.warned_for = 0.0
            case CodeAccepted(incident, issue, to) if (incident, issue) == (self.incident, self.issue):
                if self.mode is Mode.LOCKED:
                    self.took |= {to}
                    if self.accepted_for is None:
                        self.accepted_for = 0.0
            case CodeDenied(incident, issue, to) if (incident, issue) == (self.incident, self.issue):
                self.took -= {to}
            case Restarted(fire, exit_, door_open, off_s):
                self._restarted(fire, exit_, door_open, off_s)
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

    def _door_moved(self, active: bool) -> None:
        opened = active and not self.facts.door_open
        if active is not self.facts.door_open and self.mode is Mode.CLEARED:
            self.facts.face = FaceFact.UNKNOWN
        self.facts.door_open = active
        self._door()
        if opened and self.facts.ajar:
            self._another_person()

    def _another_person(self) -> None:
        """Anyone who is present since the door last opened: nothing of the one before counts."""
        self.evidence, self.warned_for, self.threats = 0.0, None, ()
        self.facts.face, self.facts.shown = FaceFact.UNKNOWN, False

    def _door(self) -> None:
        self.door_opened |= self.facts.door_open
        self.door_cycled |= self.door_opened and not self.facts.door_open

    def _restarted(self, fire: bool, exit_: bool, door_open: bool, off_s: float | None) -> None:
        facts, flow = self.facts, self.rules.flow
        calm, shown = facts.calm, facts.shown
        if self._lock_lasts:
            self.owed |= self.live
            self.interrupted = True
            taken = max(flow.checkpoint_s, off_s or 0.0)
            self.lock_credit = min(self.lock_credit + taken, flow.max_lock_s)
            self.unreached_credit = min(self.unreached_credit + flow.checkpoint_s, flow.unreachable_release_s)
            may_return = off_s is not None and off_s <= flow.relock_max_s and facts.present
            if not may_return:
                self.released = True
        facts.exit, facts.failed = exit_, frozenset()
        facts.door_open = door_open
        self._fire(fire)
        self._door()
        facts.several, facts.dangers, facts.healthy = False, frozenset(), True
        self._another_person()
        facts.shown = shown and not door_open
        self.pending = False
        self.unseen_for = 0.0
        if self.interrupted and facts.ajar:
            self.released = True
        if not calm:
            self.calm_for = 0.0

    def _maybe_empty(self) -> None:
        """A healthy camera has seen nobody for long enough: all is forgotten, except what still lasts."""
        if self.facts.present or self.unseen_for < self.rules.flow.gone_after_s - NEARLY:
            return
        self.evidence, self.warned_for, self.threats = 0.0, None, ()
        self.facts.shown = False
        if self.mode is not Mode.LOCKED:
            self.locks, self.released = 0, self.facts.fire or self.facts.exit

    # --- commands -----------------------------------------------------------------------------------

    def _ordered(
        self,
        command: Command,
        event: Event,
        before: Facts,
        had: tuple[float, float | None],
        commands: Sequence[Command],
    ) -> None:
        flow = self.rules.flow
        match command:
            case RecordLock(incident):
                self.incident, self.recorded = incident, True
                self._check_gate(before, *had)
                if not self.interrupted:
                    self.lock_up = self.lock_credit = self.unreached_for = self.unreached_credit = 0.0
                    self.tries = self.judged = 0
                    self.closed_for, self.lockouts = None, 0
            case SetDoor(True):
                self._check_locking(event, before)
                self.relay = True
            case SetDoor(False):
                self.relay = False
            case SetPermit(on):
                self.permit = on
            case Say(ticket, prompt, _, _, threat):
                if prompt is PromptKey.SILENCE:
                    self.warned_for, self.threats = None, ()
                elif threat:
                    assert prompt is PromptKey.SHOW_FACE
                    assert not self.facts.shown, "who has been cleared is threatened"
                    self.threats = (*self.threats[-20:], ticket)
            case IssueCode(_, issue):
                relock = self.interrupted and any(isinstance(c, RecordLock) for c in commands)
                if not relock and self.accepted_for is not None:
                    self.tries = 0
                closed = self.closed_for is not None and self.closed_for < self.pause - NEARLY
                assert not closed, "a code for a closed keypad"
                self.live, self.code_age, self.accepted_for = True, 0.0, None
                self.issue, self.took, self.owed = issue, frozenset(), False
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

    def _check_gate(self, before: Facts, evidence: float, warned_for: float | None) -> None:
        """Properties 5 and 6 when it is decided: the one gate, for a new lock and a returning one."""
        flow = self.rules.flow
        if not self.interrupted:
            assert self.locks == 0, "a second lock between two moments of an empty cabin"
        assert not self.released, "a lock after a release, fire or exit"
        assert not self.after_fire or self._fire_over(), "a lock before the fire is over"
        # deadlines come before the event of the same moment, and after it
        lockable = [f for f in (before, self.facts) if f.clock_runs and f.in_order]
        assert lockable, f"a lock although {before}, {self.facts}"
        needed_s = flow.relock_after_s if self.interrupted else flow.lock_after_s
        assert evidence >= needed_s - NEARLY, f"a lock after {evidence} s of evidence"
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
        if self.trial.door:
            return
        assert self.mode is Mode.LOCKED
        assert self.recorded, "the door locks without a lock on record"
        assert not isinstance(event, Restarted), "locked by memory alone"
        if self.relay:
            return
        assert facts.clock_runs or before.clock_runs, f"the relay locks although {facts}"
        assert facts.in_order or before.in_order, f"the relay locks although {facts.failed}"
        if not self.interrupted:
            self.locks += 1
        assert self.locks <= 1, "a second lock between two moments of an empty cabin"

    def _left_locked(self, event: Event, relay: bool, live_entry: bool) -> None:
        """Property 2: who opened it."""
        flow = self.rules.flow
        self.recorded = False
        self.took = frozenset()
        if self.mode is Mode.WARNED and isinstance(event, Restarted):
            assert not self.live
            return
        if self.mode in (Mode.WARNED, Mode.CLEARED, Mode.VACANT):
            assert not relay, "a lock taken back after the door had moved"
            assert not self.live
            return
        why = (
            (event == EntryJudged(EntryVerdict.RIGHT) and live_entry)
            or (
                isinstance(event, InputMoved)
                and event.input in (Input.FIRE, Input.EXIT, Input.PANIC)
                and event.active
            )
            or (isinstance(event, InputMoved) and event.input is Input.DOOR and self.facts.ajar)
            or (isinstance(event, AnomalyBegan) and event.anomaly in (Anomaly.PANIC, Anomaly.PERSON_DOWN))
            or (isinstance(event, DeviceFailed) and event.device is Device.INPUTS)
            or isinstance(event, Restarted | ReleaseOrdered)
            or self.lock_up + self.lock_credit >= flow.max_lock_s - NEARLY
            or self.unreached_for + self.unreached_credit >= flow.unreachable_release_s - NEARLY
            or self.unseen_for >= flow.locked_empty_s - NEARLY
            or not relay  # taken back before the door had moved
        )
        assert why, f"{event} opened the lock"

    def _lock_is_over(self) -> None:
        """Released, or taken back before the door had moved."""
        if self.mode in (Mode.RELEASED, Mode.EMERGENCY):
            self.released = True
        self.interrupted = self.owed = self.recorded = False
        self.lock_up = self.lock_credit = self.unreached_for = self.unreached_credit = self.code_age = 0.0
        self.accepted_for = self.closed_for = None
        self.pending = False
        self.took = frozenset()
        self.tries = self.judged = self.lockouts = 0

    def _check_codes(self, event: Event, commands: Sequence[Command], live_entry: bool) -> None:
        """Property 3 and the second half of 7."""
        issued = [c for c in commands if isinstance(c, IssueCode)]
        sent = {c.issue for c in commands if isinstance(c, SendCode)}
        if any(isinstance(c, RecordLock) for c in commands):
            used_up = self.interrupted and (not self.owed or self.tries >= self.rules.flow.code_tries)
            assert issued or used_up, "a lock without its code"
        for code in issued:
            assert code.issue in sent, "a code that nobody is sent"
        if self.mode is not Mode.LOCKED:
            return
        wrong = event == EntryJudged(EntryVerdict.WRONG) and live_entry
        assert not (wrong and self.live and self.tries >= self.rules.flow.code_tries), "a try too many"
        if any(isinstance(c, Tell) and c.kind == "keypad_lockout" for c in commands):
            assert not self.live, "the keypad is closed and the code lives"
            pause_s = self.rules.flow.keypad_lockout_s * 2.0**self.lockouts
            self.pause = min(pause_s, self.rules.flow.keypad_lockout_max_s)
            self.lockouts += 1
            self.closed_for, self.tries, self.owed = 0.0, 0, False
        if not isinstance(event, EntryJudged) or not live_entry:
            return
        self.pending = False
        if event.verdict is EntryVerdict.SUPERSEDED:
            self.tries -= 1
            self.judged -= 1

    def _check_standing(self) -> None:
        """Property 2, second half, and property 4."""
        flow, facts = self.rules.flow, self.facts
        if self._lock_lasts:
            assert not facts.fire
            assert not facts.exit
            assert self.lock_up < flow.max_lock_s, "locked for ever"
        if self.mode is Mode.LOCKED:
            assert self.unreached_for < flow.unreachable_release_s, "nobody can open for too long"
            assert facts.present or self.unseen_for < flow.locked_empty_s, "locked and empty"
        if self.interrupted and self.mode is Mode.WARNED:
            assert not self.released, "a lock comes back after it should have ended"
            assert facts.face is not FaceFact.PROPER, "a lock comes back for a face that is shown"
            assert not facts.several, "a lock comes back for several persons"
            assert not facts.ajar, "a lock comes back behind an open door"
        if self.relay:
            assert self.mode is Mode.LOCKED or self.trial.door
        verified = not self.claim.wanted or bool(self.claim.by)
        assert self.permit == ((self.mode is Mode.CLEARED and verified) or self.trial.permit)
        if self.mode is Mode.CLEARED:
            assert facts.present
            assert facts.calm
            assert facts.face not in (FaceFact.COVERED, FaceFact.HIDDEN)
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
