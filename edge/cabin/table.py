"""The one table: what the cabin does about everything that can happen. Pure and total.

    step(state, event, now_s, rules) -> Step(state, commands, way)

`TABLE` is the first grid of the README: what an event does in each mode. What the state alone leads to
before and after it is the second (`edge.cabin.moves`).

Rules of this module, which tests enforce: no sleep, clock, randomness, logging or I/O; every
(mode, event) cell of `TABLE` is filled; every deadline is in the state and `next_wake_s` names the
earliest; door, permit, sound and lights are functions of the state alone, so that no path can forget
one. Times are monotonic seconds; `shift` carries a state over a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar, assert_never

from edge.cabin import claim, trial
from edge.cabin.anomalies import HOLDS_CLOCK, Ends, Siren, ended_by
from edge.cabin.commands import (
    AnswerMachine,
    ClearEntry,
    Command,
    JudgeEntry,
    KeepOnePicture,
    Note,
    PromptKey,
    Refuse,
    SetDoor,
    SetLights,
    SetPermit,
    SetSound,
)
from edge.cabin.conditions import door_open
from edge.cabin.deadlines import advance
from edge.cabin.devices import DEVICES, LOCK_NEEDS
from edge.cabin.draft import FLICKER_S, OFTEN, PROMPT_REPEAT_S, Draft
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    ClaimMade,
    ClaimOver,
    ClockJumped,
    CodeAccepted,
    CodeDenied,
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
    Kind,
    Orderer,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerCodeWanted,
    OwnerEntryCompleted,
    OwnerEntryJudged,
    OwnerJudged,
    PeopleJudged,
    PresenceStuck,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
    TrialAsked,
    TrialStopped,
    kind,
)
from edge.cabin.moves import HeardSoFar, Passed, settle
from edge.cabin.outputs import door_locked, lights, outputs, permit_on, sound
from edge.cabin.rules import Rules
from edge.cabin.state import VISIT_MODES, Mode, State, replace, returning
from edge.terms.alerts import Alert
from edge.terms.observation import CameraHealth
from edge.terms.record import Recipient
from hw.ports import Input


@dataclass(frozen=True, slots=True)
class Step:
    """What came out, and every row of the two grids that it went through, in order."""

    state: State
    commands: tuple[Command, ...]
    way: tuple[Passed, ...]


# --- what the rows do ------------------------------------------------------------------------------


def _to_emergency(d: Draft) -> None:
    if d.s.mode is Mode.LOCKED or returning(d.s):
        d.release("fire" if d.s.fire else "exit", Mode.EMERGENCY)
    elif d.s.mode is not Mode.EMERGENCY:
        d.go(Mode.EMERGENCY)
        d.s = replace(d.s, no_lock=True, siren_until_s=None, say_again_s=None)
    d.say(PromptKey.EMERGENCY)


def _fire_began(d: Draft) -> None:
    """After a fire the cabin is not normal before the door has opened and closed and time has passed.

    A contact that chatters is reported once: again only after it was quiet for `fire_clear_s`.
    """
    quiet_s = d.s.fire_quiet_since_s
    chatters = d.s.after_fire and (quiet_s is None or d.now_s < quiet_s + d.flow.fire_clear_s)
    d.s = replace(
        d.s,
        after_fire=True,
        fire_quiet_since_s=None,
        fire_door_opened=d.s.door_open,
        fire_door_cycled=False,
    )
    d.open_incident("fire")
    if not chatters:
        d.tell(Alert.FIRE, Recipient.CONTROL_ROOM, Recipient.WATCHMAN)


def _appeared(d: Draft, event: Event) -> None:
    again = not d.s.present and d.s.mode in (Mode.RELEASED, Mode.EMERGENCY)
    d.s = replace(d.s, present=True, last_present_s=d.now_s, gone_since_s=None)
    if d.s.mode is Mode.VACANT:
        d.start_visit()
    elif again:  # somebody came before the cabin was vacant again: the next visit, still without a lock
        d.s = replace(d.s, visit=d.s.visit + 1)


def _emptied(d: Draft, event: Event) -> None:
    if d.s.record_by_s is not None:
        d.take_back_lock("nobody_there")
    if returning(d.s):
        d.release("nobody_there")
    if d.s.mode is Mode.LOCKED and d.s.health is CameraHealth.OK:  # a blind camera saw nobody leave
        d.s = replace(d.s, gone_since_s=d.now_s - d.flow.gone_after_s)
    d.s = replace(d.s, present=False, last_present_s=d.now_s, several=False, several_since_s=None)
    d.s = replace(d.s, active=d.s.active - ended_by(Ends.EMPTY))
    d.s = replace(d.s, shown=False, was_shown=False)
    d.forget_face()
    if d.s.mode in VISIT_MODES and d.s.after_fire:
        d.go(Mode.RELEASED)
    elif d.s.mode in VISIT_MODES:
        d.vacate()


def _presence_stuck(d: Draft, event: Event) -> None:
    if returning(d.s):
        d.release("restart")
    d.s = replace(d.s, no_lock=True)
    d.tell(Alert.PRESENCE_STUCK, Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
    if d.s.mode in (Mode.CHECKING, Mode.WARNED):
        d.say(PromptKey.SILENCE)
        d.check()


def _face_judged(d: Draft, event: FaceJudged) -> None:
    bared = d.s.face is FaceFact.COVERED and event.face is FaceFact.PROPER
    d.hold_face(event)
    if event.face is not FaceFact.UNKNOWN:
        d.s = replace(d.s, dark_s=0.0)
    if bared:
        d.begin_incident()  # with the number of this visit, so that it grows old by itself
        d.do(KeepOnePicture(d.s.incident, "face_shown"))
    if returning(d.s) and event.face is FaceFact.PROPER:
        d.release("restart")


def _people_judged(d: Draft, event: PeopleJudged) -> None:
    if event.several and not d.s.several:
        d.s = replace(d.s, several=True, several_since_s=d.now_s)
        if returning(d.s):
            d.release("restart")
    elif not event.several and d.s.several:
        d.s = replace(d.s, several=False, several_since_s=None)
        if Anomaly.SEVERAL_PERSONS in d.s.active:
            d.end_anomaly(Anomaly.SEVERAL_PERSONS)
        d.stand_still()


def _camera_judged(d: Draft, event: CameraJudged) -> None:
    was, now = d.s.health, event.health
    d.s = replace(d.s, health=now)
    match now:
        case (
            CameraHealth.DARK
            | CameraHealth.BLINDED
            | CameraHealth.COVERED
            | CameraHealth.SPRAYED
            | CameraHealth.DEFOCUSED
            | CameraHealth.MOVED
            | CameraHealth.FROZEN
            | CameraHealth.REPLAYED
        ):  # somebody may have done this to the camera; the others are faults
            if Anomaly.CAMERA_OBSTRUCTED not in d.s.active:
                d.begin_anomaly(Anomaly.CAMERA_OBSTRUCTED, now.value, event.reason)
        case CameraHealth.GONE:
            if was is not now:
                d.tell(Alert.CAMERA_GONE, Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
            d.end_anomaly(Anomaly.CAMERA_OBSTRUCTED)
        case CameraHealth.UPSIDE_DOWN:
            if was is not now:
                d.tell(Alert.FAULT, Recipient.CONTROL_ROOM, Recipient.WATCHMAN, reason="camera_upside_down")
            d.end_anomaly(Anomaly.CAMERA_OBSTRUCTED)
        case CameraHealth.OK:
            d.end_anomaly(Anomaly.CAMERA_OBSTRUCTED)
        case _:
            assert_never(now)
    if d.s.mode is Mode.LOCKED and now is not was:  # only a healthy camera can say that nobody is there
        gone = now is CameraHealth.OK and not d.s.present
        d.s = replace(d.s, gone_since_s=d.now_s if gone else None)
    if now is CameraHealth.OK and was is not CameraHealth.OK:
        d.s = replace(d.s, warn_from_s=d.now_s)
        d.forget_face()
        if d.s.mode is Mode.RELEASED:
            d.s = replace(d.s, since_s=d.now_s)  # somebody may have come unseen: look as long as for empty
        d.stand_still()


def _anomaly_began(d: Draft, event: AnomalyBegan) -> None:
    if event.anomaly not in d.s.active:
        d.begin_anomaly(event.anomaly, event.detail, event.reason)


def _anomaly_ended(d: Draft, event: AnomalyEnded) -> None:
    d.end_anomaly(event.anomaly)


def _input_moved(d: Draft, event: InputMoved) -> None:
    match event.input:
        case Input.DOOR:
            _door_moved(d, event.active)
        case Input.EXIT:
            _exit_moved(d, event.active)
        case Input.FIRE:
            _fire_moved(d, event.active)
        case Input.PANIC:
            _switch_moved(d, Anomaly.PANIC, event.active)
        case Input.CASE:
            _switch_moved(d, Anomaly.CASE_OPENED, event.active)
        case Input.VIBRATION:
            _switch_moved(d, Anomaly.SHAKEN, event.active)
        case _:
            assert_never(event.input)


def _fire_moved(d: Draft, active: bool) -> None:
    if active == d.s.fire:
        return
    d.s = replace(d.s, fire=active)
    if active:
        _to_emergency(d)
        _fire_began(d)
    else:
        d.s = replace(d.s, fire_quiet_since_s=d.now_s)


def _exit_moved(d: Draft, active: bool) -> None:
    if active == d.s.exit:
        return
    d.s = replace(d.s, exit=active)
    if active:
        d.s = replace(d.s, exit_hold_until_s=d.now_s + d.flow.exit_hold_s, exit_since_s=d.now_s)
        if d.s.mode in (Mode.CHECKING, Mode.WARNED) and not d.s.shown and not returning(d.s):
            # it opens always, and it is also how to avoid a lock
            d.tell(Alert.EXIT_UNSHOWN, Recipient.CONTROL_ROOM)
        _to_emergency(d)
        return
    d.s = replace(d.s, exit_since_s=None)
    if Device.EXIT_INPUT in d.s.failed:
        d.s = replace(d.s, failed=d.s.failed - {Device.EXIT_INPUT})
        d.do(Note("exit_input_recovered"))


def _door_moved(d: Draft, active: bool) -> None:
    if active == d.s.door_open:
        return
    opened_s = d.s.door_open_since_s
    d.s = replace(d.s, door_open=active, door_open_since_s=d.now_s if active else None)
    _door_after_fire(d)
    if not active:
        if opened_s is not None and d.now_s < opened_s + FLICKER_S:
            d.s = replace(d.s, shown=d.s.shown or d.s.was_shown)
        for anomaly in ended_by(Ends.DOOR_SHUT):
            d.end_anomaly(anomaly)
        d.warn_anew()  # anyone who is there now
    elif door_open(d.s, d.rules):
        _door_opened(d)
    claim.door_moved(d, active)
    if d.s.mode is Mode.CLEARED:  # somebody else may stand there now: the machine is for who shows a face
        d.forget_face()
        d.check()


def _door_opened(d: Draft) -> None:
    """Anyone who is there from now on is another person, and a lock whose door is open holds nobody."""
    if d.s.record_by_s is not None:
        d.take_back_lock("door_open")
    if d.s.mode is Mode.LOCKED:
        d.release("door_forced")
        d.begin_anomaly(Anomaly.DOOR_FORCED)
    elif returning(d.s):
        d.release("restart")
    d.another_person()
    if d.s.mode is Mode.WARNED:
        d.say_warning()
        d.s = replace(d.s, openings=d.s.openings + 1)
        if d.s.openings == OFTEN:
            d.tell(Alert.DOOR_OPENED_OFTEN, Recipient.CONTROL_ROOM)


def _door_after_fire(d: Draft) -> None:
    """Somebody may have left through the door: it has been open and is closed."""
    if not d.s.after_fire:
        return
    if d.s.door_open:
        d.s = replace(d.s, fire_door_opened=True)
    elif d.s.fire_door_opened:
        d.s = replace(d.s, fire_door_cycled=True)


def _switch_moved(d: Draft, anomaly: Anomaly, active: bool) -> None:
    """A contact that means one anomaly, for as long as it is active."""
    if active and anomaly not in d.s.active:
        d.begin_anomaly(anomaly)
    elif not active:
        d.end_anomaly(anomaly)


def _key_locked(d: Draft, event: Event) -> None:
    """A key touched after acceptance stops the call to the second watchman; a closed keypad buzzes."""
    if d.s.code.lockout_until_s is not None or not d.s.code.live:
        d.do(ClearEntry(), Refuse(), Note("keypad_closed"))
    elif d.s.code.accepted_at_s is not None:
        d.code = replace(d.code, second_told=True)


def _entry_locked(d: Draft, event: Event) -> None:
    code = d.s.code
    if code.lockout_until_s is not None or not code.live or code.pending:
        d.do(ClearEntry(), Refuse(), Note("entry_refused"))
        return
    d.code = replace(d.code, tries=code.tries + 1, pending=True)
    d.do(JudgeEntry(d.s.incident))


def _entry_judged_locked(d: Draft, event: EntryJudged) -> None:
    code = d.s.code
    if not code.pending:
        d.do(Refuse(), Note("verdict_without_entry"))  # its code was replaced meanwhile
        return
    d.code = replace(d.code, pending=False)
    d.do(ClearEntry())
    if event.verdict is EntryVerdict.RIGHT and code.live:
        d.release("code")
        return
    d.do(Refuse())
    if event.verdict is EntryVerdict.SUPERSEDED:
        d.code = replace(d.code, tries=code.tries - 1)
        d.do(Note("superseded_code"))
        return
    d.do(Note("wrong_code"))
    if code.tries >= d.flow.code_tries:
        d.close_keypad()


def _record_answered_locked(d: Draft, event: RecordAnswered) -> None:
    if event.incident == d.s.incident:
        d.s = replace(d.s, record_by_s=None)


def _code_accepted_locked(d: Draft, event: CodeAccepted) -> None:
    if event.incident != d.s.incident:
        return
    code = d.s.code
    if event.issue != code.issue:
        return
    d.code = replace(d.code, took=code.took | {event.recipient})
    if code.accepted_at_s is None:
        d.code = replace(d.code, accepted_at_s=d.now_s)


def _code_denied_locked(d: Draft, event: CodeDenied) -> None:
    """The text reached nobody: the second watchman gets the code at once, and nobody else is counted on."""
    code = d.s.code
    if event.incident != d.s.incident or event.issue != code.issue:
        return
    d.code = replace(d.code, took=code.took - {event.recipient})
    if code.live and not code.second_told and not code.failed_over:
        d.code = replace(d.code, second_told=True)
        d.send_code(Recipient.WATCHMAN2)


def _prompt_given(d: Draft, event: PromptGiven) -> None:
    if d.s.warn_ticket is not None and event.ticket >= d.s.warn_ticket and d.s.prompted_at_s is None:
        d.s = replace(d.s, prompted_at_s=d.now_s)
    if event.ticket == d.s.ticket:
        d.s = replace(d.s, say_again_s=d.now_s + PROMPT_REPEAT_S)


def _release_ordered(d: Draft, event: ReleaseOrdered) -> None:
    if d.s.mode is not Mode.LOCKED and not returning(d.s):
        d.do(Note("nothing_to_release"))
    elif event.incident in (0, d.s.incident):
        d.release("control_room" if event.by is Orderer.CONTROL_ROOM else "on_the_spot")
    else:
        d.do(Note("release_of_another_incident"))


def _device_failed(d: Draft, event: DeviceFailed) -> None:
    if event.device in d.s.failed:
        return
    d.s = replace(d.s, failed=d.s.failed | {event.device})
    if event.device in LOCK_NEEDS:
        d.warn_anew()
    if event.device is Device.DOOR_CONTACT and d.s.present:
        _seen_behind_a_shut_door(d)
    if event.device is Device.CLOCK and returning(d.s):
        d.release("restart")  # it came back because of what that clock said
    d.tell(Alert.FAULT, *DEVICES[event.device].told, reason=event.code)


def _device_failed_locked(d: Draft, event: DeviceFailed) -> None:
    """A lock that cannot be recorded, or lacks what a lock needs, is taken back before the door has moved."""
    _device_failed(d, event)
    if d.s.record_by_s is not None:
        if event.device in LOCK_NEEDS:
            d.take_back_lock(event.code)
            d.warn_anew()
    elif event.device is Device.INPUTS:  # fire and exit cannot be read: a cut wire counts as active
        d.release("inputs_failed")


def _seen_behind_a_shut_door(d: Draft) -> None:
    """Somebody is seen whom the door did not let in: inside with a broken contact, or behind the glass.

    Nobody can tell which, so nobody is locked before the cabin was empty.
    """
    if returning(d.s):
        d.release("restart")
    elif d.s.mode is not Mode.LOCKED:
        d.s = replace(d.s, no_lock=True)
        if d.s.mode in (Mode.CHECKING, Mode.WARNED):
            d.check()


def _device_recovered(d: Draft, event: DeviceRecovered) -> None:
    d.s = replace(d.s, failed=d.s.failed - {event.device})
    if event.device in LOCK_NEEDS:
        d.warn_anew()


def _clock_jumped(d: Draft, event: Event) -> None:
    d.do(Note("clock_jumped"))


def _restarted(d: Draft, event: Restarted) -> None:
    """Take up the remembered state: the person may still be there, everything seen is forgotten."""
    s = d.s
    locked = s.mode is Mode.LOCKED or returning(s)
    if s.several or s.health is not CameraHealth.OK or s.active & HOLDS_CLOCK:
        d.stand_still()
    if any(d.rules.policy.rule(anomaly).siren is Siren.MUTE for anomaly in s.active):
        d.s = replace(d.s, silent_until_s=d.now_s + d.flow.hold_after_s)
    d.s = replace(
        d.s,
        fire=event.fire,
        exit=event.exit,
        door_open=event.door_open,
        door_open_since_s=d.now_s if event.door_open else None,
        exit_since_s=d.now_s if event.exit else None,
        exit_hold_until_s=d.now_s + d.flow.exit_hold_s if event.exit else s.exit_hold_until_s,
        health=CameraHealth.OK,
        shown=s.shown and not event.door_open,
        was_shown=False,
        evidence_s=0.0,
        several=False,
        several_since_s=None,
        active=frozenset(),
        failed=frozenset(),
        counting_from_s=None,
        warn_ticket=None,
        prompted_at_s=None,
        say_again_s=None,
    )
    d.forget_face()
    claim.restarted(d)
    trial.restarted(d)
    if s.fire and not event.fire:
        d.s = replace(d.s, fire_quiet_since_s=d.now_s)
    _door_after_fire(d)
    if locked:
        _restarted_locked(d, event.off_s)
    elif event.fire or event.exit:
        _to_emergency(d)
    elif s.mode is Mode.RELEASED:
        d.s = replace(d.s, since_s=d.now_s)  # nobody was seen: for how long is not known any more
    elif s.mode in VISIT_MODES:  # who was there is there until somebody has looked
        d.check()
    if event.fire and not s.fire:
        _fire_began(d)


def _restarted_locked(d: Draft, off_s: float | None) -> None:
    """A lock comes back as *warned*: nothing is locked by memory alone, the one gate decides."""
    dark_s = d.s.dark_s + (off_s or 0.0)  # cuts add up until a camera has looked
    d.s = replace(d.s, dark_s=dark_s)
    if d.s.fire or d.s.exit:
        _to_emergency(d)
    elif off_s is None or dark_s > d.flow.relock_max_s or not d.s.present or door_open(d.s, d.rules):
        d.release("restart")
    else:
        d.s = replace(d.s, came_back=True)
        d.interrupt_lock()


# --- the table -------------------------------------------------------------------------------------


Act = Callable[[Draft, Event], None]
_E = TypeVar("_E", bound=Event)


@dataclass(frozen=True, slots=True)
class Cell:
    """What one event does in one mode.

    `to` are the modes that it may lead to, each with when it does; `ALWAYS` is where it leads in all other
    cases, and without one it may stay. `act` None with a `refusal` is refused under that name, without one
    ignored.
    """

    act: Act | None
    to: Mapping[Mode, str] = field(default_factory=dict)
    refusal: str = ""


Row = Mapping[Mode, Cell]
IGNORED = Cell(None)
ALWAYS = ""

_M = Mode
COMES_BACK = "a lock was coming back"
_NO_MORE_LOCK = "nobody may be locked any more"
_FIRE_OR_EXIT = "fire or exit"
_ENDS_COMEBACK = "too long without power, nobody there or the door open"


def _on(kind: type[_E], act: Callable[[Draft, _E], None]) -> Act:
    """`act`, for events of its own kind."""

    def on(d: Draft, event: Event) -> None:
        assert isinstance(event, kind)
        act(d, event)

    return on


def _acts(
    act: Act, to: Mapping[Mode, Mapping[Mode, str]] | None = None, ignored: tuple[Mode, ...] = ()
) -> dict[Mode, Cell]:
    """`act` in every mode but those where the event is ignored, and where it may lead from some of them."""
    return {m: IGNORED if m in ignored else Cell(act, (to or {}).get(m, {})) for m in Mode}


def _only(mode: Mode, act: Act, to: Mapping[Mode, str] | None = None, refusal: str = "") -> Row:
    """`act` in one mode; elsewhere refused under that name, or ignored."""
    return {m: Cell(act, to or {}) if m is mode else Cell(None, refusal=refusal) for m in Mode}


def _in_a_visit(act: Act, refusal: str = "") -> Row:
    """`act` where a claim may be open; elsewhere refused under that name, or ignored."""
    return {m: Cell(None, refusal=refusal) if m in claim.NO_PLACE else Cell(act) for m in Mode}


def _wire(moved: InputMoved) -> Row:
    act = _on(InputMoved, _input_moved)
    match moved.input:
        case Input.FIRE | Input.EXIT if moved.active:
            return _acts(act, {m: {_M.EMERGENCY: ALWAYS} for m in Mode if m is not _M.EMERGENCY})
        case Input.FIRE | Input.EXIT:  # while one of them is active no other mode is possible
            return _only(_M.EMERGENCY, act)
        case Input.DOOR:
            cleared = {_M.CHECKING: ALWAYS, _M.RELEASED: _NO_MORE_LOCK}
            if not moved.active:
                return _acts(act, {_M.CLEARED: cleared})
            forced = {_M.WARNED: "not on record yet", _M.RELEASED: "on record or coming back"}
            return _acts(act, {_M.CLEARED: cleared, _M.WARNED: {_M.RELEASED: COMES_BACK}, _M.LOCKED: forced})
        case Input.PANIC if moved.active:
            return _acts(act, {_M.WARNED: {_M.RELEASED: COMES_BACK}, _M.LOCKED: {_M.RELEASED: ALWAYS}})
        case Input.PANIC:  # no lock lasts while it holds
            return _acts(act, ignored=(_M.LOCKED,))
        case Input.CASE | Input.VIBRATION:
            return _acts(act)
        case _:
            assert_never(moved.input)


TABLE: Mapping[Kind, Row] = {
    Appeared: _acts(_appeared, {_M.VACANT: {_M.CHECKING: ALWAYS}}),
    Emptied: _acts(
        _emptied,
        {
            _M.CHECKING: {_M.VACANT: ALWAYS},
            _M.CLEARED: {_M.VACANT: ALWAYS, _M.RELEASED: "a fire is not over"},
            _M.WARNED: {_M.VACANT: ALWAYS, _M.RELEASED: COMES_BACK},
            _M.LOCKED: {_M.VACANT: "not on record yet", _M.RELEASED: "came back and not on record yet"},
        },
    ),
    PresenceStuck: _acts(
        _presence_stuck,
        {_M.CHECKING: {_M.RELEASED: ALWAYS}, _M.WARNED: {_M.RELEASED: ALWAYS}},
        ignored=(_M.VACANT,),
    ),
    FaceJudged: _acts(
        _on(FaceJudged, _face_judged),
        {_M.WARNED: {_M.RELEASED: f"proper, and {COMES_BACK}"}},
        ignored=(_M.VACANT,),
    ),
    PeopleJudged: _acts(
        _on(PeopleJudged, _people_judged), {_M.WARNED: {_M.RELEASED: f"several, and {COMES_BACK}"}}
    ),
    CameraJudged: _acts(_on(CameraJudged, _camera_judged)),
    AnomalyBegan: _acts(
        _on(AnomalyBegan, _anomaly_began),
        {
            _M.WARNED: {_M.RELEASED: f"a person down or panic, and {COMES_BACK}"},
            _M.LOCKED: {_M.RELEASED: "a person down or panic"},
        },
    ),
    AnomalyEnded: _acts(_on(AnomalyEnded, _anomaly_ended)),
    **{moved: _wire(moved) for moved in (InputMoved(i, active) for i in Input for active in (True, False))},
    KeyTouched: _only(_M.LOCKED, _key_locked),
    EntryCompleted: _only(_M.LOCKED, _entry_locked, refusal="nothing_to_unlock"),
    EntryJudged: _only(
        _M.LOCKED,
        _on(EntryJudged, _entry_judged_locked),
        {_M.RELEASED: "the right code"},
        refusal="verdict_without_lock",
    ),
    OwnerJudged: _only(_M.CLEARED, _on(OwnerJudged, claim.owner_judged)),
    ClaimMade: _in_a_visit(_on(ClaimMade, claim.claim_made), refusal="not_now"),
    ClaimOver: _acts(_on(ClaimOver, claim.claim_over)),
    OwnerCodeWanted: _only(_M.CLEARED, claim.code_wanted, refusal="face_first"),
    OwnerCodeSent: _in_a_visit(_on(OwnerCodeSent, claim.code_sent)),
    OwnerCodeOver: _in_a_visit(_on(OwnerCodeOver, claim.code_over)),
    OwnerEntryCompleted: _only(_M.CLEARED, claim.entry_completed, refusal="face_first"),
    OwnerEntryJudged: _in_a_visit(
        _on(OwnerEntryJudged, claim.entry_judged), refusal="owner_verdict_without_entry"
    ),
    TrialAsked: _only(_M.VACANT, _on(TrialAsked, trial.asked), refusal="trial_refused"),
    TrialStopped: _only(_M.VACANT, _on(TrialStopped, trial.stopped)),
    RecordAnswered: _only(_M.LOCKED, _on(RecordAnswered, _record_answered_locked)),
    CodeAccepted: _only(_M.LOCKED, _on(CodeAccepted, _code_accepted_locked)),
    CodeDenied: _only(_M.LOCKED, _on(CodeDenied, _code_denied_locked)),
    PromptGiven: _only(_M.WARNED, _on(PromptGiven, _prompt_given)),
    ReleaseOrdered: {mode: Cell(None, refusal="nothing_to_release") for mode in Mode}
    | {
        _M.WARNED: Cell(_on(ReleaseOrdered, _release_ordered), {_M.RELEASED: COMES_BACK}),
        _M.LOCKED: Cell(_on(ReleaseOrdered, _release_ordered), {_M.RELEASED: "for this incident"}),
    },
    DeviceFailed: _acts(
        _on(DeviceFailed, _device_failed),
        {
            _M.CHECKING: {_M.RELEASED: "the door contact"},
            _M.WARNED: {_M.RELEASED: f"the door contact, or the clock and {COMES_BACK}"},
        },
    )
    | {
        _M.LOCKED: Cell(
            _on(DeviceFailed, _device_failed_locked),
            {
                _M.WARNED: "not on record yet, and a lock needs it",
                _M.RELEASED: "on record, and the inputs cannot be read",
            },
        )
    },
    DeviceRecovered: _acts(_on(DeviceRecovered, _device_recovered)),
    ClockJumped: _acts(_clock_jumped),
    Restarted: _acts(
        _on(Restarted, _restarted),
        {
            _M.VACANT: {_M.EMERGENCY: _FIRE_OR_EXIT},
            _M.CHECKING: {_M.EMERGENCY: _FIRE_OR_EXIT},
            _M.CLEARED: {
                _M.CHECKING: ALWAYS,
                _M.RELEASED: _NO_MORE_LOCK,
                _M.EMERGENCY: _FIRE_OR_EXIT,
            },
            _M.WARNED: {
                _M.CHECKING: "no lock was coming back",
                _M.RELEASED: f"{COMES_BACK}, and {_ENDS_COMEBACK}",
                _M.EMERGENCY: _FIRE_OR_EXIT,
            },
            _M.LOCKED: {
                _M.WARNED: ALWAYS,
                _M.RELEASED: _ENDS_COMEBACK,
                _M.EMERGENCY: _FIRE_OR_EXIT,
            },
            _M.RELEASED: {_M.EMERGENCY: _FIRE_OR_EXIT},
        },
    ),
    Ticked: dict.fromkeys(Mode, IGNORED),
}
"""What every event does in every mode. A deadline itself does nothing: `edge.cabin.moves` is what follows."""


def step(state: State, event: Event, now_s: float, rules: Rules) -> Step:
    """One event at one time. Deadlines that came before are done first, under their own rules; those that
    warn or lock wait until it is heard (`Move.after`).

    `now_s` must not run backwards; the loop's clock is monotonic and `shift` handles restarts.
    """
    d = Draft(state, now_s, rules)
    way: list[Passed] = []
    all_heard = isinstance(event, Ticked)
    if not isinstance(event, Restarted):
        advance(d)
        trial.disturb(d, event)
        way += settle(d, HeardSoFar.ALL if all_heard else HeardSoFar.NOTHING)
    way.append(_happens(d, event))
    way += settle(d, HeardSoFar.ALL if all_heard else HeardSoFar.EVENT)
    after = outputs(d.s, now_s, rules)
    d.s = replace(d.s, playing=sound(d.s, now_s, rules))
    if isinstance(event, Restarted):
        return Step(d.s, (*after, *d.commands), tuple(way))
    before = (
        SetDoor(door_locked(state)),
        SetPermit(permit_on(state, rules)),
        SetSound(state.playing),
        SetLights(lights(state)),
    )
    # the door and the permit first: nothing else may come before them
    changed = (new for old, new in zip(before, after, strict=True) if old != new)
    return Step(d.s, (*changed, *d.commands), tuple(way))


def _happens(d: Draft, event: Event) -> Passed:
    row, mode, so_far = kind(event), d.s.mode, len(d.commands)
    cell = TABLE[row][mode]
    if cell.act is not None:
        cell.act(d, event)
    elif cell.refusal:
        if isinstance(event, EntryCompleted):
            d.do(ClearEntry(), Refuse())
        elif isinstance(event, ClaimMade):
            d.do(AnswerMachine(event.claim, cell.refusal))
        elif isinstance(event, OwnerCodeWanted | OwnerEntryCompleted):
            d.do(AnswerMachine(d.s.claim.number, cell.refusal))
        d.do(Note(cell.refusal))
    return Passed(row, mode, d.s.mode, tuple(d.commands[so_far:]))
