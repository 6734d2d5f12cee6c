"""The working copy of one step: the state under change, and the commands so far."""

from __future__ import annotations

from math import floor

from edge.cabin.anomalies import ANOMALIES, HOLDS_CLOCK, RELEASES, Siren, SirenFor
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
from edge.cabin.conditions import (
    NO_THREAT,
    ROUNDING_S,
    cause,
    comes_back_in_vain,
    hides,
    lockout_s,
    wanted_words,
)
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.events import Anomaly, Device, FaceFact, FaceJudged
from edge.cabin.outputs import silent
from edge.cabin.rules import Rules
from edge.cabin.state import Code, Mode, State, needed_s, replace, returning
from edge.terms.alerts import Alert
from edge.terms.reason import Reason
from edge.terms.record import Recipient

_SAID_IN_SILENCE = frozenset({PromptKey.SILENCE, PromptKey.EMERGENCY})

PROMPT_REPEAT_S = 10.0
"""A warning is said again this long after it was heard, with the seconds that are left."""

PROMPT_LOST_S = 30.0
"""A warning of which nothing more was heard is said again after this long; none takes so long to say."""

FLICKER_S = 1.0
"""Nobody comes in through a door that was open for less: the contact chatters, and it is the same person."""

OFTEN = 3
"""What is reported to the control room when it happens for the third time in a visit."""


class Draft:
    """The state under change, and the commands so far."""

    def __init__(self, state: State, now_s: float, rules: Rules) -> None:
        self.s = state
        self.now_s = now_s
        self.rules = rules
        self.flow = rules.flow
        self.commands: list[Command] = []

    @property
    def code(self) -> Code:
        return self.s.code

    @code.setter
    def code(self, code: Code) -> None:
        self.s = replace(self.s, code=code)

    def do(self, *commands: Command) -> None:
        self.commands.extend(commands)

    def go(self, mode: Mode) -> None:
        if mode is not self.s.mode:
            self.s = replace(self.s, mode=mode, since_s=self.now_s)

    # the face

    def hold_face(self, judged: FaceJudged) -> None:
        """What is held of the face from now on, and with it what is asked of the person."""
        self.s = replace(
            self.s, face=judged.face, cover=judged.cover, turned=judged.turned, unclear=judged.unclear
        )

    def forget_face(self) -> None:
        self.hold_face(FaceJudged(FaceFact.UNKNOWN))

    # incidents and messages

    def begin_incident(self) -> None:
        """One number for all that is kept and told of what left the normal, from now to its end."""
        if self.s.incident == 0:
            number = self.s.incidents + 1
            self.s = replace(self.s, incident=number, incidents=number)

    def open_incident(self, why: str, reason: Reason | None = None) -> None:
        self.begin_incident()
        self.do(KeepPictures(self.s.incident, why, reason))

    def close_incident(self) -> None:
        if self.s.incident:
            self.do(CloseIncident(self.s.incident))
        # A contact that chatters in an empty cabin opens incident after incident: told every `remind_s`.
        lately = tuple((a, at_s) for a, at_s in self.s.told if self.now_s < at_s + self.flow.remind_s)
        self.s = replace(self.s, incident=0, told=lately, withheld_told=False, code=Code())

    def tell(self, kind: Alert | Anomaly, *recipients: Recipient, reason: str = "") -> None:
        self.do(Tell(kind.value, self.s.incident, recipients, reason))

    def tell_anomaly(self, anomaly: Anomaly, detail: str = "", reason: Reason | None = None) -> None:
        """Tell once an incident, then every `remind_s`."""
        told = dict(self.s.told)
        last = told.get(anomaly)
        if last is not None and self.now_s < last + self.flow.remind_s:
            return
        self.open_incident(anomaly.value, reason)
        told[anomaly] = self.now_s
        self.s = replace(self.s, told=tuple(told.items()))
        said = detail if reason is None else reason.brief()
        self.tell(anomaly, *self.rules.policy.rule(anomaly).told, reason=said)

    # prompts

    def say(
        self, prompt: PromptKey, cause: PromptCause = PromptCause.NONE, lock_in: int | None = None
    ) -> int:
        """Order the words, unless saying them could provoke somebody armed."""
        if silent(self.s, self.now_s, self.rules) and prompt not in _SAID_IN_SILENCE:
            return self.s.ticket
        ticket = self.s.ticket + 1
        self.s = replace(self.s, ticket=ticket)
        if prompt is PromptKey.SILENCE:
            # the one who was hushed is warned again
            self.s = replace(self.s, warn_ticket=None, prompted_at_s=None)
        elif lock_in is None and self.s.prompted_at_s is None:
            self.s = replace(self.s, warn_ticket=None)  # these words do not tell that the door will lock
        self.do(Say(ticket, prompt, cause, lock_in or 0, threat=lock_in is not None))
        return ticket

    def say_warning(self) -> None:
        """Tell what to do and why; with the seconds to the lock when that clock can run."""
        prompt, cause = wanted_words(self.s, self.rules)
        threat: int | None = None
        may_follow = prompt is PromptKey.SHOW_FACE and not self.s.shown and not self.s.failed & LOCK_NEEDS
        if may_follow and cause not in NO_THREAT:
            threat = self._seconds_to_say()
        ticket = self.say(prompt, cause, threat)
        if self.s.warn_ticket is None and threat is not None:
            self.s = replace(self.s, warn_ticket=ticket)
        wait_s = PROMPT_REPEAT_S if Device.PROMPT in self.s.failed else PROMPT_LOST_S
        self.s = replace(self.s, said=(prompt, cause), say_again_s=self.now_s + wait_s)

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
            self.s = replace(self.s, warn_ticket=None, prompted_at_s=None, say_again_s=self.now_s)

    def another_person(self) -> None:
        """The door has opened: what was seen of one person or said to them is nobody else's."""
        self.s = replace(
            self.s,
            shown=False,
            was_shown=self.s.shown,
            evidence_s=0.0,
            counting_from_s=None,
            warn_from_s=self.now_s,
            warn_ticket=None,
            prompted_at_s=None,
        )
        self.forget_face()

    # modes

    def start_visit(self) -> None:
        if self.s.incident:  # an anomaly outlived the visit before: this person gets an incident of their own
            self.do(CloseIncident(self.s.incident))
        still = tuple((anomaly, at_s) for anomaly, at_s in self.s.told if anomaly in self.s.active)
        self.s = replace(self.s, incident=0, told=still, withheld_told=False, code=Code())
        self.s = replace(self.s, visit=self.s.visit + 1, stands=0, openings=0)
        self.check()

    def clear(self) -> None:
        """A proper face: the permit. On record, so that this person is asked again but never locked."""
        self.s = replace(self.s, shown=True)
        self.go(Mode.CLEARED)

    def check(self) -> None:
        """To checking, or to released where nothing may lock any more."""
        self.s = replace(
            self.s, warn_from_s=self.now_s, warn_ticket=None, prompted_at_s=None, say_again_s=None
        )
        self.go(Mode.RELEASED if self.s.no_lock else Mode.CHECKING)

    def vacate(self) -> None:
        """The cabin is empty: forget the person."""
        self.s = replace(
            self.s,
            evidence_s=0.0,
            counting_from_s=None,
            no_lock=False,
            shown=False,
            warn_ticket=None,
            prompted_at_s=None,
            say_again_s=None,
        )
        self.forget_face()
        if self.s.mode is Mode.WARNED:
            self.say(PromptKey.SILENCE)
        self.go(Mode.VACANT)
        if not self.s.active:
            self.close_incident()

    def release(self, why: str, mode: Mode = Mode.RELEASED) -> None:
        """End a lock, standing or returning, once and for the rest of the visit."""
        self.void_code()
        self.s = replace(
            self.s,
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
        self.tell(Alert.RELEASED, Recipient.CONTROL_ROOM, Recipient.WATCHMAN, *unreached, reason=why)
        if mode is Mode.RELEASED:
            self.say(PromptKey.RELEASED)

    def lock(self) -> None:
        """The one gate is open: record, then act. A lock that a restart interrupted is still the same."""
        same = returning(self.s)
        self.open_incident("locked")
        self.s = replace(
            self.s,
            record_by_s=self.now_s + self.flow.record_wait_s,
            siren_until_s=self.now_s + self.flow.siren_s,
            gone_since_s=None,
            counting_from_s=None,
            say_again_s=None,
        )
        if not same:
            self.s = replace(
                self.s, locked_at_s=self.now_s, came_back=False, code=Code(issue=self.s.code.issue)
            )
            self.s = replace(self.s, unreached_s=0.0, unreached_from_s=None)
        self.go(Mode.LOCKED)
        self.do(RecordLock(self.s.incident), ClearEntry())
        if same:
            if self.s.code.again:
                self.issue_code(counts=False, fresh_tries=False)
            self.tell(Alert.RESTARTED_LOCKED, Recipient.CONTROL_ROOM, reason=self._code_that_follows())
        else:
            self.issue_code(counts=True)
            self.tell(Alert.LOCKED, Recipient.CONTROL_ROOM, reason=hides(self.s).value)
        self.say(PromptKey.LOCKED, cause(self.s))

    def _code_that_follows(self) -> str:
        if self.s.code.live:
            return "new_code"
        return "no_code_left" if self.s.code.lockout_until_s is None else "keypad_closed"

    def take_back_lock(self, reason: str) -> None:
        """Undo a lock before the door has moved, to warned; the issue number of its code is used up."""
        self.interrupt_lock()
        if not self.s.came_back:
            self.s = replace(self.s, locked_at_s=None, code=Code(issue=self.s.code.issue))
        self.do(ClearEntry())
        if comes_back_in_vain(self.s, self.rules):
            self.release("restart")
        elif not self.s.withheld_told:
            self.s = replace(self.s, withheld_told=True)
            self.tell(Alert.LOCK_WITHHELD, Recipient.CONTROL_ROOM, reason=reason)

    def interrupt_lock(self) -> None:
        """From locked to warned, times and tries kept; the code is void and the next one does not count."""
        again = self.s.code.live or self.s.code.again
        self.void_code()
        self.code = replace(self.code, again=again, pending=False)
        self.s = replace(
            self.s,
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
            self.code = replace(self.code, live=False)
            self.do(VoidCode(self.s.incident))

    def issue_code(self, counts: bool, fresh_tries: bool = True) -> None:
        """A fresh code to the watchman, as long as the incident has codes left.

        Only a code that nobody can have read hands its tries on to the next.
        """
        code = self.s.code
        counted = code.counted + (1 if counts else 0)
        if counted > self.flow.codes_per_incident:
            self.tell(Alert.CODES_USED_UP, Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
            return
        tries = 0 if fresh_tries else code.tries
        if tries >= self.flow.code_tries:
            self.close_keypad()  # the last try was counted and never judged
            return
        self.s = replace(
            self.s,
            code=Code(
                issue=code.issue + 1,
                counted=counted,
                live=True,
                issued_at_s=self.now_s,
                tries=tries,
                lockouts=code.lockouts,
            ),
        )
        self.do(IssueCode(self.s.incident, self.s.code.issue))
        self.send_code(Recipient.WATCHMAN)

    def close_keypad(self) -> None:
        """Too many wrong: the code is void and the keypad closed, each time for twice as long."""
        lockouts = self.s.code.lockouts
        pause_s = lockout_s(lockouts, self.flow)
        self.void_code()
        self.code = replace(
            self.code, lockout_until_s=self.now_s + pause_s, lockouts=lockouts + 1, pending=False
        )
        self.tell(Alert.KEYPAD_LOCKOUT, Recipient.CONTROL_ROOM)

    def send_code(self, recipient: Recipient) -> None:
        self.do(SendCode(self.s.incident, self.s.code.issue, recipient, self.s.code.counted))

    # anomalies

    def begin_anomaly(self, anomaly: Anomaly, detail: str = "", reason: Reason | None = None) -> None:
        rule = self.rules.policy.rule(anomaly)
        self.s = replace(self.s, active=self.s.active | {anomaly})
        self.tell_anomaly(anomaly, detail, reason)
        if rule.siren is Siren.MUTE:
            self.say(PromptKey.SILENCE)
        for_anybody = ANOMALIES[anomaly].siren_for is SirenFor.ANYBODY
        if rule.siren is Siren.SIREN and (for_anybody or self.somebody_was_there()):
            self.s = replace(self.s, siren_until_s=self.now_s + self.flow.siren_s)
        if anomaly in RELEASES and (self.s.mode is Mode.LOCKED or returning(self.s)):
            self.release(anomaly.value)

    def end_anomaly(self, anomaly: Anomaly) -> None:
        if anomaly not in self.s.active:
            return
        self.s = replace(self.s, active=self.s.active - {anomaly})
        if anomaly in HOLDS_CLOCK:
            self.stand_still()
        if self.rules.policy.rule(anomaly).siren is Siren.MUTE:
            self.s = replace(self.s, silent_until_s=self.now_s + self.flow.hold_after_s)

    def stand_still(self) -> None:
        """Hold the lock clock for a while longer than what held it."""
        self.s = replace(self.s, stand_until_s=self.now_s + self.flow.hold_after_s)

    def somebody_was_there(self) -> bool:
        last = self.s.last_present_s
        return self.s.present or (last is not None and self.now_s <= last + self.flow.hold_after_s)


_SAID_IN_SILENCE = frozenset({PromptKey.SILENCE, PromptKey.EMERGENCY})
