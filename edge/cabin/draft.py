"""The state under change during one step, the commands so far, and what the rules ask of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import floor

from edge.cabin.commands import (
    ClearEntry,
    CloseIncident,
    Command,
    IssueCode,
    KeepPictures,
    PromptCause,
    PromptKey,
    RecordLock,
    Say,
    SendCode,
    Tell,
    VoidCode,
)
from edge.cabin.events import (
    Anomaly,
    Device,
    FaceFact,
)
from edge.cabin.rules import PermitRule, Siren
from edge.cabin.state import (
    EVIDENCE_FACES,
    HOLDS_CLOCK,
    LOCK_NEEDS,
    RELEASES,
    Code,
    Mode,
    Rules,
    State,
    needed_s,
    returning,
    silent,
)
from edge.terms.observation import CameraHealth, Cover
from edge.terms.record import Recipient

ROUNDING_S = 1e-6
"""Evidence is a sum of differences of times, so it may miss its deadline by a rounding error."""

PROMPT_REPEAT_S = 10.0
"""A warning is said again this long after it was heard, with the seconds that are left."""

PROMPT_LOST_S = 30.0
"""A warning of which nothing more was heard is said again after this long; none takes so long to say."""

FLICKER_S = 1.0
"""Nobody comes in through a door that was open for less: the contact chatters, and it is the same person."""

OFTEN = 3
"""What is told to the control room when it happens for the third time in a visit."""


# --- the working copy of one step ------------------------------------------------------------------


class Draft:
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
        # A contact that chatters in an empty cabin opens incident after incident: told every `remind_s`.
        lately = tuple((a, at_s) for a, at_s in self.s.told if self.now_s < at_s + self.flow.remind_s)
        self.set(incident=0, told=lately, withheld_told=False, code=Code())

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

    def say(
        self, prompt: PromptKey, cause: PromptCause = PromptCause.NONE, lock_in: int | None = None
    ) -> int:
        """Order the words, unless saying them could provoke somebody armed."""
        if silent(self.s, self.now_s, self.rules) and prompt not in _SAID_IN_SILENCE:
            return self.s.ticket
        ticket = self.s.ticket + 1
        self.set(ticket=ticket)
        if prompt is PromptKey.SILENCE:
            self.set(warn_ticket=None, prompted_at_s=None)  # whoever was hushed is warned anew
        elif lock_in is None and self.s.prompted_at_s is None:
            self.set(warn_ticket=None)  # these words do not tell that the door will lock
        self.do(Say(ticket, prompt, cause, lock_in or 0, threat=lock_in is not None))
        return ticket

    def say_warning(self) -> None:
        """Tell what to do and why; with the seconds to the lock when that clock can run."""
        prompt, cause = wanted_words(self)
        threat: int | None = None
        may_follow = prompt is PromptKey.SHOW_FACE and not self.s.shown and not self.s.failed & LOCK_NEEDS
        if may_follow and cause not in _NO_THREAT:
            threat = self._seconds_to_say()
        ticket = self.say(prompt, cause, threat)
        if self.s.warn_ticket is None and threat is not None:
            self.set(warn_ticket=ticket)
        wait_s = PROMPT_REPEAT_S if Device.PROMPT in self.s.failed else PROMPT_LOST_S
        self.set(said=(prompt, cause), say_again_s=self.now_s + wait_s)

    def _seconds_to_say(self) -> int:
        """Whole seconds to the lock that are left when the words have been said: never more than there are.

        Also somebody whose evidence is complete has to be told, and has the whole lead from their end.
        """
        s, flow, words_s = self.s, self.flow, self.rules.words_s
        stands_s = 0.0 if s.stand_until_s is None else max(0.0, s.stand_until_s - self.now_s)
        left_s = needed_s(s, flow) - s.evidence_s + stands_s - words_s
        lead_s = flow.prompt_lead_s
        if s.prompted_at_s is not None:
            lead_s += s.prompted_at_s - self.now_s - words_s
        return max(0, floor(max(left_s, lead_s) + ROUNDING_S))

    def warn_anew(self) -> None:
        """What the lock needs broke or came back: whatever was said of its time holds no more."""
        if self.s.mode is Mode.WARNED:
            self.set(warn_ticket=None, prompted_at_s=None, say_again_s=self.now_s)

    def another_person(self) -> None:
        """The door has opened: what was seen of one person or said to them is nobody else's."""
        self.set(
            shown=False,
            was_shown=self.s.shown,
            face=FaceFact.UNKNOWN,
            cover=Cover.NONE,
            evidence_s=0.0,
            counting_from_s=None,
            warn_from_s=self.now_s,
            warn_ticket=None,
            prompted_at_s=None,
        )

    # modes

    def start_visit(self) -> None:
        if self.s.incident:  # an anomaly outlived the visit before: this person gets an incident of their own
            self.do(CloseIncident(self.s.incident))
        still = tuple((anomaly, at_s) for anomaly, at_s in self.s.told if anomaly in self.s.active)
        self.set(incident=0, told=still, withheld_told=False, code=Code())
        self.set(visit=self.s.visit + 1, stands=0, openings=0)
        self.check()

    def clear(self) -> None:
        """A proper face: the permit. On record, so that this person is asked again but never locked."""
        self.set(shown=True)
        self.go(Mode.CLEARED)

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
            shown=False,
            face=FaceFact.UNKNOWN,
            cover=Cover.NONE,
            warn_ticket=None,
            prompted_at_s=None,
            say_again_s=None,
        )
        if self.s.mode is Mode.WARNED:
            self.say(PromptKey.SILENCE)
        self.go(Mode.VACANT)
        if not self.s.active:
            self.close_incident()

    def release(self, why: str, mode: Mode = Mode.RELEASED) -> None:
        """End a lock, standing or returning, once and for the rest of the visit."""
        self.void_code()
        self.set(
            no_lock=True,
            locked_at_s=None,
            came_back=False,
            dark_s=0.0,
            record_by_s=None,
            gone_since_s=None,
            unreached_s=0.0,
            unreached_from_s=None,
            siren_until_s=None,
            say_again_s=None,
            counting_from_s=None,
            code=replace(self.s.code, lockout_until_s=None, pending=False, again=False),
        )
        self.go(mode)
        self.do(ClearEntry())
        unreached = (Recipient.WATCHMAN2,) if why == "unreachable" else ()
        self.tell("released", Recipient.CONTROL_ROOM, Recipient.WATCHMAN, *unreached, reason=why)
        if mode is Mode.RELEASED:
            self.say(PromptKey.RELEASED)

    def lock(self) -> None:
        """The one gate is open: record, then act. A lock that a restart interrupted is still the same."""
        same = returning(self.s)
        self.open_incident("locked")
        self.set(
            record_by_s=self.now_s + self.flow.record_wait_s,
            siren_until_s=self.now_s + self.flow.siren_s,
            gone_since_s=None,
            counting_from_s=None,
            say_again_s=None,
        )
        if not same:
            self.set(locked_at_s=self.now_s, came_back=False, code=Code(issue=self.s.code.issue))
            self.set(unreached_s=0.0, unreached_from_s=None)
        self.go(Mode.LOCKED)
        self.do(RecordLock(self.s.incident), ClearEntry())
        if same:
            if self.s.code.again:
                self.issue_code(counts=False, fresh_tries=False)
            self.tell("restarted_locked", Recipient.CONTROL_ROOM, reason=self._code_that_follows())
        else:
            self.issue_code(counts=True)
            self.tell("locked", Recipient.CONTROL_ROOM, reason=cause(self.s).value)
        self.say(PromptKey.LOCKED, cause(self.s))

    def _code_that_follows(self) -> str:
        if self.s.code.live:
            return "new_code"
        return "no_code_left" if self.s.code.lockout_until_s is None else "keypad_closed"

    def take_back_lock(self, reason: str) -> None:
        """Undo a lock before the door has moved, to warned; the issue number of its code is used up."""
        self.interrupt_lock()
        if not self.s.came_back:
            self.set(locked_at_s=None, code=Code(issue=self.s.code.issue))
        self.do(ClearEntry())
        if self.s.came_back and (self.s.several or self.s.face is FaceFact.PROPER or door_open(self)):
            self.release("restart")
        elif not self.s.withheld_told:
            self.set(withheld_told=True)
            self.tell("lock_withheld", Recipient.CONTROL_ROOM, reason=reason)

    def interrupt_lock(self) -> None:
        """From locked to warned, times and tries kept; the code is void and the next one does not count."""
        again = self.s.code.live or self.s.code.again
        self.void_code()
        self.set_code(again=again, pending=False)
        self.set(
            record_by_s=None,
            gone_since_s=None,
            siren_until_s=None,
            counting_from_s=None,
            say_again_s=self.now_s,
        )
        self.go(Mode.WARNED)

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

    # anomalies

    def begin_anomaly(self, anomaly: Anomaly, detail: str = "") -> None:
        rule = self.rules.policy.rule(anomaly)
        self.set(active=self.s.active | {anomaly})
        self.tell_anomaly(anomaly, detail)
        if rule.siren is Siren.MUTE:
            self.say(PromptKey.SILENCE)
        if rule.siren is Siren.SIREN and (
            anomaly is not Anomaly.CAMERA_OBSTRUCTED or self.somebody_was_there()
        ):
            self.set(siren_until_s=self.now_s + self.flow.siren_s)
        if anomaly in RELEASES and (self.s.mode is Mode.LOCKED or returning(self.s)):
            self.release(anomaly.value)

    def end_anomaly(self, anomaly: Anomaly) -> None:
        if anomaly not in self.s.active:
            return
        self.set(active=self.s.active - {anomaly})
        if anomaly in HOLDS_CLOCK:
            self.stand_still()
        if self.rules.policy.rule(anomaly).siren is Siren.MUTE:
            self.set(silent_until_s=self.now_s + self.flow.hold_after_s)

    def stand_still(self) -> None:
        """Hold the lock clock for a while longer than what held it."""
        self.set(stand_until_s=self.now_s + self.flow.hold_after_s)

    def somebody_was_there(self) -> bool:
        last = self.s.last_present_s
        return self.s.present or (last is not None and self.now_s <= last + self.flow.hold_after_s)


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


def cause(state: State) -> PromptCause:
    if state.several:
        return PromptCause.ONE_AT_A_TIME
    if state.face is FaceFact.COVERED:
        return _COVER_CAUSE[state.cover]
    if state.face is FaceFact.UNCLEAR:
        return PromptCause.STEP_CLOSER
    return PromptCause.FACE_CAMERA


def door_open(d: Draft) -> bool:
    """The door stands open, as far as a fitted contact that is believed can say."""
    return d.s.door_open and d.rules.door_contact and Device.DOOR_CONTACT not in d.s.failed


def wanted_words(d: Draft) -> tuple[PromptKey, PromptCause]:
    """What a warned person has to be told now."""
    return (PromptKey.DOOR_OPEN if door_open(d) else PromptKey.SHOW_FACE), cause(d.s)


def first_warning_is_said(d: Draft) -> bool:
    """A warning is on its way that was not heard yet: another cause lets it come to its end first."""
    prompt, cause_now = wanted_words(d)
    same_threat = prompt is PromptKey.SHOW_FACE and cause_now not in _NO_THREAT
    return same_threat and d.s.warn_ticket is not None and d.s.prompted_at_s is None


def permit_blocked(state: State, rules: Rules) -> bool:
    blind = state.health is not CameraHealth.OK or Device.INPUTS in state.failed
    return blind or any(rules.policy.rule(a).permit is PermitRule.OFF for a in state.active)


def may_clear(d: Draft) -> bool:
    return (
        d.s.present
        and d.s.face is FaceFact.PROPER
        and not d.s.several
        and not permit_blocked(d.s, d.rules)
        and not d.s.fire
        and not d.s.exit
    )


def must_leave_cleared(d: Draft) -> bool:
    """Turned away or unclear is a customer at the keys; covered, hidden or joined is not."""
    return d.s.face in (FaceFact.COVERED, FaceFact.HIDDEN) or d.s.several or permit_blocked(d.s, d.rules)


def held(d: Draft) -> bool:
    """Something lasts, or has lasted lately, during which no evidence counts against anybody."""
    s = d.s
    return (
        s.face is FaceFact.UNCLEAR
        or s.several
        or s.health is not CameraHealth.OK
        or bool(s.active & HOLDS_CLOCK)
        or (s.stand_until_s is not None and d.now_s < s.stand_until_s)
    )


def alone_and_hidden(d: Draft) -> bool:
    """One person is there behind a shut door, not cleared before, and its face is not shown now."""
    s = d.s
    return (
        s.present
        and not s.no_lock
        and not s.shown
        and s.face in EVIDENCE_FACES
        and not held(d)
        and not s.fire
        and not s.exit
        and not door_open(d)
    )


def counting(d: Draft) -> bool:
    """Whether the lock clock runs."""
    return d.s.mode in (Mode.CHECKING, Mode.WARNED) and alone_and_hidden(d)


def evidence_complete(d: Draft) -> bool:
    return d.s.evidence_s >= needed_s(d.s, d.flow) - ROUNDING_S


def lock_is_due(d: Draft) -> bool:
    """The deadline has come, for a person who is there with the door shut."""
    return d.s.mode is Mode.WARNED and evidence_complete(d) and alone_and_hidden(d)


def may_lock(d: Draft) -> bool:
    """The one gate, for a new lock and for one that comes back.

    The deadline has come, this person heard the warning to its end in time, what a lock needs is in order.
    """
    heard_s = d.s.prompted_at_s
    told = heard_s is not None and d.now_s >= heard_s + d.flow.prompt_lead_s
    return told and lock_is_due(d) and not d.s.failed & LOCK_NEEDS


def forbids_lock(d: Draft) -> str | None:
    """What came up while a lock waited for its record and would have kept the gate shut, None for nothing."""
    s = d.s
    if alone_and_hidden(d):
        return None
    if door_open(d):
        return "door_open"
    if s.several:
        return Anomaly.SEVERAL_PERSONS.value
    if s.health is not CameraHealth.OK:
        return Anomaly.CAMERA_OBSTRUCTED.value
    dangers = s.active & HOLDS_CLOCK
    return min(dangers).value if dangers else "face_not_hidden"


def nobody_can_open(d: Draft) -> bool:
    """No code is with a telephone, or none could be typed. A keypad closed for wrong tries does not count."""
    s = d.s
    if s.mode is not Mode.LOCKED:
        return False
    reached = s.code.lockout_until_s is not None or (s.code.live and bool(s.code.took))
    return Device.KEYPAD in s.failed or not reached
