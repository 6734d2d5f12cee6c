"""What the state alone leads to: the second grid of the README, row for row as the program goes through it.

A row is done as soon as what it says holds: after every event, and at every deadline of `next_wake_s`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from edge.cabin import claim, trial
from edge.cabin.commands import (
    AnswerMachine,
    ClearEntry,
    CloseIncident,
    Command,
    EndClaim,
    IssueCode,
    KeepOnePicture,
    KeepPictures,
    Note,
    PromptKey,
    RecordLock,
    SendCode,
    VoidCode,
    VoidOwnerCode,
)
from edge.cabin.conditions import (
    all_quiet,
    code_fails_over_s,
    code_waits,
    comes_back_in_vain,
    counting,
    due,
    fire_over,
    forbids_lock,
    held,
    later,
    lock_ends_s,
    lock_is_due,
    may_clear,
    may_lock,
    must_leave_cleared,
    nobody_can_open,
    other_words_wanted,
    released_for_long,
    shown_in_full,
    shows_face,
    unreached_for_long,
    warnable,
)
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.draft import OFTEN, Draft
from edge.cabin.events import Anomaly, Device, Kind
from edge.cabin.rules import Rules
from edge.cabin.state import Mode, State, replace, returning
from edge.terms.alerts import Alert
from edge.terms.observation import CameraHealth
from edge.terms.record import Recipient

Condition = Callable[[State, float, Rules], bool]
Order = PromptKey | type[Command] | type[Anomaly] | Alert
"""Words, a command, an alert by its kind; `Anomaly` for the alert of whichever anomaly it is."""

_M = Mode
_EVERY = frozenset(Mode)


class HeardSoFar(IntEnum):
    """How much of what happened was heard: deadlines come before the event of a step, and after it."""

    NOTHING = 0
    EVENT = 1
    ALL = 2
    """With `Ticked`, which the loop sends when nothing else waits to be told."""


@dataclass(frozen=True, slots=True)
class Move:
    """In one of `modes` and when `holds`: `act`, which leads `to` another mode or, with None, to none.

    `when` says it in words, `does` what else it does. `orders` is everything that it may say and order with
    the policy as delivered. `after`: what has to be heard before, so that no fact that came in time is
    overtaken because the loop was late.
    """

    modes: frozenset[Mode]
    when: str
    holds: Condition
    act: Callable[[Draft], None]
    to: Mode | None = None
    orders: tuple[Order, ...] = ()
    does: str = ""
    after: HeardSoFar = HeardSoFar.NOTHING

    def leads(self, source: Mode, target: Mode) -> bool:
        return source in self.modes and self.to is target


def _in(*modes: Mode) -> frozenset[Mode]:
    return frozenset(modes)


# --- what the rows do ------------------------------------------------------------------------------


def _siren_ends(d: Draft) -> None:
    d.s = replace(d.s, siren_until_s=None)


def _silence_ends(d: Draft) -> None:
    d.s = replace(d.s, silent_until_s=None)


def _stand_ends(d: Draft) -> None:
    d.s = replace(d.s, stand_until_s=None)


def _exit_is_stuck(d: Draft) -> None:
    d.s = replace(d.s, failed=d.s.failed | {Device.EXIT_INPUT})
    d.tell(Alert.EXIT_STUCK, Recipient.CONTROL_ROOM, Recipient.WATCHMAN)


def _remind(d: Draft) -> None:
    for anomaly, _ in d.s.told:
        if anomaly in d.s.active:
            d.tell_anomaly(anomaly)


def _warn(d: Draft) -> None:
    d.go(Mode.WARNED)
    d.open_incident("warned")
    d.say_warning()


def _clear_the_warned(d: Draft) -> None:
    d.say(PromptKey.SILENCE)
    d.s = replace(d.s, say_again_s=None)
    d.clear()


def _on_record_as_shown(d: Draft) -> None:
    d.s = replace(d.s, shown=True)


def _withhold(d: Draft) -> None:
    d.s = replace(d.s, withheld_told=True)
    d.tell(Alert.LOCK_WITHHELD, Recipient.CONTROL_ROOM, reason=min(d.s.failed & LOCK_NEEDS).value)


def _take_back(d: Draft) -> None:
    d.take_back_lock(forbids_lock(d.s, d.now_s, d.rules) or "")


def _lock_without_answer(d: Draft) -> None:
    """A slow card may not keep the door open; a failed one was answered."""
    d.s = replace(d.s, record_by_s=None)


def _keypad_opens(d: Draft) -> None:
    d.code = replace(d.code, lockout_until_s=None)
    d.issue_code(counts=True)


def _code_withdrawn(d: Draft) -> None:
    d.void_code()
    d.code = replace(d.code, counted=d.code.counted - 1)
    d.tell(Alert.CODE_WITHDRAWN, Recipient.CONTROL_ROOM)
    d.issue_code(counts=True, fresh_tries=False)


def _code_fails_over(d: Draft) -> None:
    d.code = replace(d.code, failed_over=True)
    d.send_code(Recipient.WATCHMAN2)


def _code_too_old(d: Draft) -> None:
    d.void_code()
    d.issue_code(counts=True)


def _second_watchman(d: Draft) -> None:
    sent = d.code.failed_over
    d.code = replace(d.code, second_told=True)
    if not sent:
        d.send_code(Recipient.WATCHMAN2)


def _normal_again(d: Draft) -> None:
    d.s = replace(
        d.s, after_fire=False, fire_quiet_since_s=None, fire_door_opened=False, fire_door_cycled=False
    )
    d.vacate()


def _emergency_ends(d: Draft) -> None:
    d.s = replace(d.s, exit_hold_until_s=None)
    d.go(Mode.RELEASED)
    if d.s.present:
        d.say(PromptKey.RELEASED)


def _clock_starts(d: Draft) -> None:
    d.s = replace(d.s, counting_from_s=d.now_s)


def _clock_stops(d: Draft) -> None:
    """What holds the lock clock stopped it: the third time may be on purpose."""
    d.s = replace(d.s, counting_from_s=None)
    if d.s.mode in (Mode.CHECKING, Mode.WARNED) and held(d.s, d.now_s):
        d.s = replace(d.s, stands=d.s.stands + 1)
        if d.s.stands == OFTEN:
            d.tell(Alert.CLOCK_HELD, Recipient.CONTROL_ROOM)


def _face_begins(d: Draft) -> None:
    d.s = replace(d.s, bare_since_s=d.now_s)


def _face_ends(d: Draft) -> None:
    d.s = replace(d.s, bare_since_s=None)


def _unreached_starts(d: Draft) -> None:
    d.s = replace(d.s, unreached_from_s=d.now_s)


def _unreached_stops(d: Draft) -> None:
    d.s = replace(d.s, unreached_from_s=None)


def _taken_back(state: State, now_s: float, rules: Rules) -> bool:
    return state.record_by_s is not None and forbids_lock(state, now_s, rules) is not None


# --- the rows --------------------------------------------------------------------------------------

COMMON: tuple[Move, ...] = (
    Move(
        _EVERY,
        "the siren has sounded for long enough",
        lambda s, now_s, rules: due(now_s, s.siren_until_s),
        _siren_ends,
        does="ends the siren",
    ),
    Move(
        _EVERY,
        "the silence after a danger is over",
        lambda s, now_s, rules: due(now_s, s.silent_until_s),
        _silence_ends,
        does="lets it sound again",
    ),
    Move(
        _EVERY,
        "what held the lock clock is over for long enough",
        lambda s, now_s, rules: due(now_s, s.stand_until_s),
        _stand_ends,
        does="lets the lock clock run again",
    ),
    Move(
        _EVERY,
        "several persons for too long",
        lambda s, now_s, rules: (
            Anomaly.SEVERAL_PERSONS not in s.active
            and due(now_s, later(s.several_since_s, rules.flow.crowd_s))
        ),
        lambda d: d.begin_anomaly(Anomaly.SEVERAL_PERSONS),
        orders=(KeepPictures, Anomaly),
    ),
    Move(
        _EVERY,
        "the door open for too long",
        lambda s, now_s, rules: (
            Anomaly.DOOR_HELD_OPEN not in s.active
            and due(now_s, later(s.door_open_since_s, rules.flow.door_held_open_s))
        ),
        lambda d: d.begin_anomaly(Anomaly.DOOR_HELD_OPEN),
        orders=(KeepPictures, Anomaly),
    ),
    Move(
        _in(_M.EMERGENCY),
        "the exit button pressed for so long that it must be stuck",
        lambda s, now_s, rules: (
            Device.EXIT_INPUT not in s.failed and due(now_s, later(s.exit_since_s, rules.flow.exit_stuck_s))
        ),
        _exit_is_stuck,
        orders=(Alert.EXIT_STUCK,),
        does="the button counts as broken",
    ),
    Move(
        _EVERY,
        "an anomaly lasts since it was last told",
        lambda s, now_s, rules: any(
            anomaly in s.active and now_s >= at_s + rules.flow.remind_s for anomaly, at_s in s.told
        ),
        _remind,
        orders=(KeepPictures, Anomaly),
    ),
)
"""Gone through first, in whatever mode."""

OWN: tuple[Move, ...] = (
    Move(
        _in(_M.VACANT),
        "an output was tried for long enough, anything happens, or what it needs does not hold any more",
        trial.is_over,
        trial.time_is_up,
        orders=(Note, PromptKey.SILENCE),
        does="lets go of it",
    ),
    Move(
        _in(_M.VACANT),
        "nothing is wrong any more",
        lambda s, now_s, rules: s.incident != 0 and not s.active,
        lambda d: d.close_incident(),
        orders=(CloseIncident,),
    ),
    Move(_in(_M.CHECKING), "a proper face is shown", may_clear, lambda d: d.clear(), to=_M.CLEARED),
    Move(
        _in(_M.CHECKING, _M.WARNED),
        "a proper face was shown for as long as anybody is given for it, and the machine has to stay closed",
        shown_in_full,
        _on_record_as_shown,
        does="this person is not locked any more",
    ),
    Move(
        _in(_M.CHECKING),
        "no proper face in time",
        lambda s, now_s, rules: (
            now_s >= s.warn_from_s + rules.flow.adjust_after_s and warnable(s, now_s, rules)
        ),
        _warn,
        to=_M.WARNED,
        orders=(KeepPictures, PromptKey.SHOW_FACE, PromptKey.DOOR_OPEN),
        after=HeardSoFar.EVENT,
    ),
    Move(
        _in(_M.CLEARED),
        "the face is covered or hidden, somebody joins, or the machine has to be closed",
        lambda s, now_s, rules: must_leave_cleared(s, now_s, rules) and not s.no_lock,
        lambda d: d.check(),
        to=_M.CHECKING,
    ),
    Move(
        _in(_M.CLEARED),
        "the face is covered or hidden, somebody joins, or the machine has to be closed, "
        "and nobody may be locked any more",
        lambda s, now_s, rules: must_leave_cleared(s, now_s, rules) and s.no_lock,
        lambda d: d.check(),
        to=_M.RELEASED,
    ),
    Move(
        _in(_M.WARNED),
        "the longest time of a lock that was coming back is over",
        lambda s, now_s, rules: returning(s) and due(now_s, lock_ends_s(s, rules.flow)),
        lambda d: d.release("max_time"),
        to=_M.RELEASED,
        orders=(ClearEntry, Alert.RELEASED, PromptKey.RELEASED),
    ),
    Move(
        _in(_M.WARNED),
        "a proper face is shown",
        may_clear,
        _clear_the_warned,
        to=_M.CLEARED,
        orders=(PromptKey.SILENCE,),
    ),
    Move(
        _in(_M.WARNED),
        "one person alone behind a shut door has not shown the face until the deadline, "
        "has heard the warning in time, and all that a lock needs is in order",
        lambda s, now_s, rules: may_lock(s, now_s, rules) and not returning(s),
        lambda d: d.lock(),
        to=_M.LOCKED,
        orders=(KeepPictures, RecordLock, ClearEntry, IssueCode, SendCode, Alert.LOCKED, PromptKey.LOCKED),
        after=HeardSoFar.ALL,
    ),
    Move(
        _in(_M.WARNED),
        "all of this holds again for a lock that a restart interrupted",
        lambda s, now_s, rules: may_lock(s, now_s, rules) and returning(s),
        lambda d: d.lock(),
        to=_M.LOCKED,
        orders=(
            *(KeepPictures, RecordLock, ClearEntry, IssueCode, SendCode, Alert.KEYPAD_LOCKOUT),
            *(Alert.RESTARTED_LOCKED, PromptKey.LOCKED),
        ),
        after=HeardSoFar.ALL,
    ),
    Move(
        _in(_M.WARNED),
        "the deadline has come, but something that a lock needs is broken",
        lambda s, now_s, rules: (
            bool(s.failed & LOCK_NEEDS) and lock_is_due(s, now_s, rules) and not s.withheld_told
        ),
        _withhold,
        orders=(Alert.LOCK_WITHHELD,),
        after=HeardSoFar.EVENT,
    ),
    Move(
        _in(_M.WARNED),
        "other words are wanted, or the words are due again",
        lambda s, now_s, rules: (
            (other_words_wanted(s, rules) or due(now_s, s.say_again_s)) and warnable(s, now_s, rules)
        ),
        lambda d: d.say_warning(),
        orders=(PromptKey.SHOW_FACE, PromptKey.DOOR_OPEN),
        after=HeardSoFar.EVENT,
    ),
    Move(
        _in(_M.LOCKED),
        "not on record yet, and the lock that was coming back is for nothing",
        lambda s, now_s, rules: _taken_back(s, now_s, rules) and comes_back_in_vain(s, rules),
        _take_back,
        to=_M.RELEASED,
        orders=(VoidCode, ClearEntry, Alert.RELEASED, PromptKey.RELEASED),
    ),
    Move(
        _in(_M.LOCKED),
        "not on record yet, and a danger, several persons, a blind camera, an open door or a face that shows",
        lambda s, now_s, rules: _taken_back(s, now_s, rules) and not comes_back_in_vain(s, rules),
        _take_back,
        to=_M.WARNED,
        orders=(VoidCode, ClearEntry, Alert.LOCK_WITHHELD),
    ),
    Move(
        _in(_M.LOCKED),
        "the record of the lock is slow",
        lambda s, now_s, rules: due(now_s, s.record_by_s),
        _lock_without_answer,
        does="locks without waiting longer",
        after=HeardSoFar.ALL,
    ),
    Move(
        _in(_M.LOCKED),
        "the longest time of a lock is over",
        lambda s, now_s, rules: due(now_s, lock_ends_s(s, rules.flow)),
        lambda d: d.release("max_time"),
        to=_M.RELEASED,
        orders=(VoidCode, ClearEntry, Alert.RELEASED, PromptKey.RELEASED),
    ),
    Move(
        _in(_M.LOCKED),
        "nobody can open for too long",
        lambda s, now_s, rules: unreached_for_long(s, rules),
        lambda d: d.release("unreachable"),
        to=_M.RELEASED,
        orders=(VoidCode, ClearEntry, Alert.RELEASED, PromptKey.RELEASED),
    ),
    Move(
        _in(_M.LOCKED),
        "nobody is seen there for too long",
        lambda s, now_s, rules: due(now_s, later(s.gone_since_s, rules.flow.locked_empty_s)),
        lambda d: d.release("nobody_there"),
        to=_M.RELEASED,
        orders=(VoidCode, ClearEntry, Alert.RELEASED, PromptKey.RELEASED),
    ),
    Move(
        _in(_M.LOCKED),
        "the keypad was closed for long enough",
        lambda s, now_s, rules: due(now_s, s.code.lockout_until_s),
        _keypad_opens,
        orders=(IssueCode, SendCode, Alert.CODES_USED_UP),
    ),
    Move(
        _in(_M.LOCKED),
        "no network took the code in time",
        lambda s, now_s, rules: (
            code_waits(s)
            and s.code.accepted_at_s is None
            and now_s >= s.code.issued_at_s + rules.flow.code_accept_s
        ),
        _code_withdrawn,
        orders=(VoidCode, Alert.CODE_WITHDRAWN, IssueCode, SendCode, Alert.KEYPAD_LOCKOUT),
    ),
    Move(
        _in(_M.LOCKED),
        "no network has taken the code yet",
        lambda s, now_s, rules: (
            code_waits(s)
            and s.code.accepted_at_s is None
            and not s.code.failed_over
            and now_s >= code_fails_over_s(s.code)
        ),
        _code_fails_over,
        orders=(SendCode,),
        does="calls the second watchman",
    ),
    Move(
        _in(_M.LOCKED),
        "the code is too old",
        lambda s, now_s, rules: (
            code_waits(s) and due(now_s, later(s.code.accepted_at_s, rules.flow.code_ttl_s))
        ),
        _code_too_old,
        orders=(VoidCode, IssueCode, SendCode, Alert.CODES_USED_UP),
    ),
    Move(
        _in(_M.LOCKED),
        "the first watchman has not come to the keypad in time",
        lambda s, now_s, rules: (
            code_waits(s)
            and not s.code.second_told
            and due(now_s, later(s.code.accepted_at_s, rules.flow.second_watchman_s))
        ),
        _second_watchman,
        orders=(SendCode,),
        does="calls the second watchman",
    ),
    Move(
        _in(_M.RELEASED),
        "a proper face is shown",
        lambda s, now_s, rules: released_for_long(s, now_s, rules) and may_clear(s, now_s, rules),
        lambda d: d.clear(),
        to=_M.CLEARED,
    ),
    Move(
        _in(_M.RELEASED),
        "seen to be empty for long enough, and no fire or the fire over",
        lambda s, now_s, rules: (
            released_for_long(s, now_s, rules)
            and not s.present
            and s.health is CameraHealth.OK
            and fire_over(s, now_s, rules)
        ),
        _normal_again,
        to=_M.VACANT,
        orders=(CloseIncident,),
    ),
    Move(
        _in(_M.EMERGENCY),
        "fire and exit quiet for long enough",
        all_quiet,
        _emergency_ends,
        to=_M.RELEASED,
        orders=(PromptKey.RELEASED,),
    ),
)
"""Gone through next: what a mode alone knows. Where a row leads to another mode, no more are done for now."""

CLOCKS: tuple[Move, ...] = (
    Move(
        _in(_M.CHECKING, _M.WARNED),
        "one person alone behind a shut door does not show the face",
        lambda s, now_s, rules: counting(s, now_s, rules) and s.counting_from_s is None,
        _clock_starts,
        does="the lock clock runs",
    ),
    Move(
        _in(_M.CHECKING, _M.CLEARED, _M.WARNED, _M.RELEASED, _M.EMERGENCY),
        "that is over, or held",
        lambda s, now_s, rules: not counting(s, now_s, rules) and s.counting_from_s is not None,
        _clock_stops,
        orders=(Alert.CLOCK_HELD,),
        does="the lock clock stands",
    ),
    Move(
        _in(_M.CHECKING, _M.WARNED),
        "one person shows a proper face, and the machine has to stay closed",
        lambda s, now_s, rules: shows_face(s) and s.bare_since_s is None,
        _face_begins,
        does="the clock of a face that is shown runs",
    ),
    Move(
        _EVERY - {_M.LOCKED},
        "that is over",
        lambda s, now_s, rules: not shows_face(s) and s.bare_since_s is not None,
        _face_ends,
        does="that clock begins again at zero",
    ),
    Move(
        _in(_M.LOCKED),
        "no code is with a telephone, or none could be typed",
        lambda s, now_s, rules: nobody_can_open(s) and s.unreached_from_s is None,
        _unreached_starts,
        does="the clock of a lock that nobody can open runs",
    ),
    Move(
        _in(_M.VACANT, _M.WARNED, _M.LOCKED),
        "somebody can open, or nobody is locked",
        lambda s, now_s, rules: not nobody_can_open(s) and s.unreached_from_s is not None,
        _unreached_stops,
        does="that clock stands",
    ),
)
"""Gone through next: clocks start and stop, of the evidence, of a shown face, of a lock nobody can open."""


CLAIM: tuple[Move, ...] = (
    Move(
        _in(_M.VACANT, _M.LOCKED, _M.RELEASED, _M.EMERGENCY),
        "a claim is open where nobody uses the machine",
        claim.out_of_place,
        claim.end_out_of_place,
        orders=(EndClaim,),
    ),
    Move(
        _in(_M.VACANT, _M.LOCKED, _M.RELEASED, _M.EMERGENCY),
        "the visit is over in which checks of a card's owner failed",
        claim.visit_is_over,
        claim.forget_failed,
        does="the next one begins at none",
    ),
    Move(
        _in(_M.CHECKING, _M.RELEASED),
        "a claim waited for the owner's face",
        claim.face_left,
        claim.look_ends,
        does="its time begins again with the face",
    ),
    Move(
        _in(_M.CLEARED),
        "a claim waits for the owner's face behind a shut door",
        claim.waits_for_face,
        claim.look_begins,
        orders=(PromptKey.OWNER_FACE,),
        does="the face is compared",
    ),
    Move(
        _in(_M.CHECKING, _M.CLEARED, _M.RELEASED),
        "the owner's face was known, and is not shown any more or may be a picture",
        claim.known_no_more,
        claim.look_ends,
        does="the claim waits for the face again",
    ),
    Move(
        _in(_M.CHECKING, _M.WARNED, _M.RELEASED),
        "somebody joins who did not give the owner's code",
        claim.joined,
        claim.look_ends,
        does="the claim waits for the face",
    ),
    Move(
        _in(_M.CLEARED),
        "the owner's face was not known in time",
        claim.not_known_in_time,
        claim.time_is_up,
        orders=(KeepOnePicture, Note, AnswerMachine, Alert.IDENTITY_FAILED, PromptKey.OWNER_NOT_KNOWN),
    ),
    Move(
        _in(_M.CHECKING, _M.CLEARED, _M.WARNED, _M.RELEASED),
        "no network took the owner's code in time",
        claim.not_sent_in_time,
        claim.sending_is_up,
        orders=(VoidOwnerCode, AnswerMachine, PromptKey.OWNER_CODE_NOT_SENT),
    ),
    Move(
        _in(_M.CHECKING, _M.CLEARED, _M.WARNED, _M.RELEASED),
        "the owner's code is too old",
        claim.not_typed_in_time,
        claim.typing_is_up,
        orders=(VoidOwnerCode, AnswerMachine, PromptKey.OWNER_CODE_OLD),
    ),
)
"""Gone through after the clocks: what becomes of a claim. None of these leads to another state."""


MOVES = (*COMMON, *OWN, *CLOCKS, *CLAIM)

_ROUND: tuple[Mapping[Mode, tuple[Move, ...]], ...] = tuple(
    {mode: tuple(row for row in rows if mode in row.modes) for mode in Mode}
    for rows in (COMMON, OWN, CLOCKS, CLAIM)
)
"""The rows of each mode: settling need not look at the others."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One row that a step went through: of the first grid, or of this one."""

    row: Kind | Move
    before: Mode
    after: Mode
    commands: tuple[Command, ...]


def settle(d: Draft, heard: HeardSoFar) -> list[Passed]:
    """Do what holds until nothing changes, but for what has to wait until more is heard."""
    way: list[Passed] = []
    for _ in range(8):
        before = d.s
        for rows in _ROUND:
            way += _go_through(d, rows[d.s.mode], heard)
        if d.s is before or d.s == before:
            break
    return way


def _go_through(d: Draft, rows: tuple[Move, ...], heard: HeardSoFar) -> list[Passed]:
    way: list[Passed] = []
    mode = d.s.mode
    for row in rows:
        if heard >= row.after and row.holds(d.s, d.now_s, d.rules):
            so_far = len(d.commands)
            row.act(d)
            way.append(Passed(row, mode, d.s.mode, tuple(d.commands[so_far:])))
            if d.s.mode is not mode:
                break
    return way
