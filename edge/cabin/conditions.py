"""What holds in a cabin at a time: questions to the state, the time and the rules. They change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from edge.cabin.anomalies import HOLDS_CLOCK, PermitRule
from edge.cabin.commands import PromptCause, PromptKey
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.events import Anomaly, Device, FaceFact
from edge.cabin.outputs import silent
from edge.cabin.rules import Flow, Rules
from edge.cabin.state import EVIDENCE_FACES, Code, Mode, State, needed_s
from edge.terms.observation import CameraHealth, Cover, Unclear

ROUNDING_S = 1e-6
"""Evidence is a sum of differences of times, so it may miss its deadline by a rounding error."""

CODE_FAILOVER_S = 60.0
"""A code that no network has accepted by then goes to the second number too: all are tried within 150 s."""

NO_THREAT = frozenset(
    {
        PromptCause.ONE_AT_A_TIME,
        PromptCause.STEP_CLOSER,
        PromptCause.STEP_BACK,
        PromptCause.MIDDLE,
        PromptCause.HOLD_STILL,
        PromptCause.WHOLE_FACE,
    }
)
"""Asked for one of these, nobody is told that the door will lock."""

_COVER_CAUSE: Mapping[Cover, PromptCause] = {
    Cover.NONE: PromptCause.COVERED,
    Cover.MASK: PromptCause.MASK,
    Cover.GLASSES: PromptCause.GLASSES,
    Cover.HELMET: PromptCause.HELMET,
    Cover.SCARF: PromptCause.SCARF,
    Cover.HAND: PromptCause.HAND,
    Cover.OTHER: PromptCause.OBJECT,
}

_UNCLEAR_CAUSE: Mapping[Unclear, PromptCause] = {
    Unclear.NONE: PromptCause.WHOLE_FACE,
    Unclear.SMALL: PromptCause.STEP_CLOSER,
    Unclear.DARK: PromptCause.STEP_CLOSER,  # to the light of the machine, away from the door's
    Unclear.BRIGHT: PromptCause.STEP_BACK,  # from the lamp
    Unclear.BLURRED: PromptCause.HOLD_STILL,
    Unclear.CUT: PromptCause.STEP_BACK,
    Unclear.CUT_ASIDE: PromptCause.MIDDLE,
    Unclear.UPSIDE_DOWN: PromptCause.WHOLE_FACE,
    Unclear.UNDECIDED: PromptCause.WHOLE_FACE,
}


def hides(state: State) -> PromptCause:
    """What keeps the face from being seen."""
    if state.several:
        return PromptCause.ONE_AT_A_TIME
    match state.face:
        case FaceFact.COVERED:
            return _COVER_CAUSE[state.cover]
        case FaceFact.UNCLEAR:
            return _UNCLEAR_CAUSE[state.unclear]
        case FaceFact.HIDDEN:
            return PromptCause.HIDDEN
        case FaceFact.TURNED | FaceFact.PROPER | FaceFact.UNKNOWN:
            return PromptCause.FACE_CAMERA
        case _:
            assert_never(state.face)


def cause(state: State) -> PromptCause:
    """What a warned person is asked to change: first to face the camera, then to take off what covers."""
    turned = state.face is FaceFact.COVERED and state.turned and not state.several
    return PromptCause.FACE_CAMERA if turned else hides(state)


def door_open(state: State, rules: Rules) -> bool:
    """The door stands open, as far as a fitted contact that is believed can say."""
    return state.door_open and rules.door_contact and Device.DOOR_CONTACT not in state.failed


def due(now_s: float, at_s: float | None) -> bool:
    return at_s is not None and now_s >= at_s


def later(at_s: float | None, delay_s: float) -> float | None:
    return None if at_s is None else at_s + delay_s


def wanted_words(state: State, rules: Rules) -> tuple[PromptKey, PromptCause]:
    """What a warned person has to be told now."""
    return (PromptKey.DOOR_OPEN if door_open(state, rules) else PromptKey.SHOW_FACE), cause(state)


def first_warning_is_said(state: State, rules: Rules) -> bool:
    """A warning is on its way that was not heard yet: another cause lets it come to its end first."""
    prompt, cause_now = wanted_words(state, rules)
    same_threat = prompt is PromptKey.SHOW_FACE and cause_now not in NO_THREAT
    return same_threat and state.warn_ticket is not None and state.prompted_at_s is None


def other_words_wanted(state: State, rules: Rules) -> bool:
    return wanted_words(state, rules) != state.said and not first_warning_is_said(state, rules)


def permit_blocked(state: State, rules: Rules) -> bool:
    blind = state.health is not CameraHealth.OK or Device.INPUTS in state.failed
    return blind or any(rules.policy.rule(a).permit is PermitRule.OFF for a in state.active)


def warnable(state: State, now_s: float, rules: Rules) -> bool:
    """There is something to ask of the person, and asking would not provoke an attacker."""
    asked = state.several or state.face in EVIDENCE_FACES or state.face is FaceFact.UNCLEAR
    return asked and state.health is CameraHealth.OK and not silent(state, now_s, rules)


def may_clear(state: State, now_s: float, rules: Rules) -> bool:
    return (
        state.present
        and state.face is FaceFact.PROPER
        and not state.several
        and not permit_blocked(state, rules)
        and not state.fire
        and not state.exit
    )


def shows_face(state: State) -> bool:
    """One person is asked for the face and shows it, whether or not the machine may be used."""
    asked = state.mode in (Mode.CHECKING, Mode.WARNED) and state.health is CameraHealth.OK
    return asked and state.present and state.face is FaceFact.PROPER and not state.several


def shown_in_full(state: State, now_s: float, rules: Rules) -> bool:
    """For as long as anybody is given to show it. What closes the machine is not held against this person."""
    return not state.shown and due(now_s, later(state.bare_since_s, rules.flow.adjust_after_s))


def must_leave_cleared(state: State, now_s: float, rules: Rules) -> bool:
    """Turned away or unclear is a customer at the keys; covered, hidden or joined is not."""
    return state.face in (FaceFact.COVERED, FaceFact.HIDDEN) or state.several or permit_blocked(state, rules)


def held(state: State, now_s: float) -> bool:
    """Something lasts, or has lasted recently, during which no evidence counts against anybody."""
    return (
        state.face is FaceFact.UNCLEAR
        or state.several
        or state.health is not CameraHealth.OK
        or bool(state.active & HOLDS_CLOCK)
        or (state.stand_until_s is not None and now_s < state.stand_until_s)
    )


def alone_and_hidden(state: State, now_s: float, rules: Rules) -> bool:
    """One person is there behind a shut door, not cleared before, and its face is not shown now."""
    return (
        state.present
        and not state.no_lock
        and not state.shown
        and state.face in EVIDENCE_FACES
        and not held(state, now_s)
        and not state.fire
        and not state.exit
        and not door_open(state, rules)
    )


def counting(state: State, now_s: float, rules: Rules) -> bool:
    """Whether the lock clock runs."""
    return state.mode in (Mode.CHECKING, Mode.WARNED) and alone_and_hidden(state, now_s, rules)


def evidence_complete(state: State, flow: Flow) -> bool:
    return state.evidence_s >= needed_s(state, flow) - ROUNDING_S


def lock_is_due(state: State, now_s: float, rules: Rules) -> bool:
    """The deadline has come, for a person who is there with the door shut."""
    return (
        state.mode is Mode.WARNED
        and evidence_complete(state, rules.flow)
        and alone_and_hidden(state, now_s, rules)
    )


def may_lock(state: State, now_s: float, rules: Rules) -> bool:
    """The one gate, for a new lock and for one that comes back.

    The deadline has come, this person heard the warning to its end in time, what a lock needs is in order.
    """
    heard_s = state.prompted_at_s
    told = heard_s is not None and now_s >= heard_s + rules.flow.prompt_lead_s
    return told and lock_is_due(state, now_s, rules) and not state.failed & LOCK_NEEDS


def forbids_lock(state: State, now_s: float, rules: Rules) -> str | None:
    """What came up while a lock waited for its record and would have kept the gate shut, None for nothing."""
    if alone_and_hidden(state, now_s, rules):
        return None
    if door_open(state, rules):
        return "door_open"
    if state.several:
        return Anomaly.SEVERAL_PERSONS.value
    if state.health is not CameraHealth.OK:
        return Anomaly.CAMERA_OBSTRUCTED.value
    dangers = state.active & HOLDS_CLOCK
    return min(dangers).value if dangers else "face_not_hidden"


def lock_ends_s(state: State, flow: Flow) -> float | None:
    """When the longest time of the lock is over."""
    return later(state.locked_at_s, flow.max_lock_s)


def comes_back_in_vain(state: State, rules: Rules) -> bool:
    """A lock that a restart interrupted holds nobody: joined, shown or behind an open door meanwhile."""
    free = state.several or state.face is FaceFact.PROPER or door_open(state, rules)
    return state.came_back and free


def lockout_s(lockouts: int, flow: Flow) -> float:
    """How long the keypad is closed after so many times before: each time for twice as long."""
    return min(flow.keypad_lockout_s * 2.0**lockouts, flow.keypad_lockout_max_s)


def code_waits(state: State) -> bool:
    """There is a code to be typed, and the keypad takes it."""
    return state.code.live and state.code.lockout_until_s is None


def code_fails_over_s(code: Code) -> float:
    """When a code that no network has taken goes to the second watchman too."""
    return code.issued_at_s + CODE_FAILOVER_S


def nobody_can_open(state: State) -> bool:
    """No code is with a telephone, or none could be typed. A keypad closed for wrong tries does not count."""
    if state.mode is not Mode.LOCKED:
        return False
    reached = state.code.lockout_until_s is not None or (state.code.live and bool(state.code.took))
    return Device.KEYPAD in state.failed or not reached


def unreached_for_long(state: State, rules: Rules) -> bool:
    long = state.unreached_s >= rules.flow.unreachable_release_s - ROUNDING_S
    return state.unreached_from_s is not None and long


def released_for_long(state: State, now_s: float, rules: Rules) -> bool:
    """So long everybody sees that it is released, and nobody seen for so long is empty."""
    return now_s >= state.since_s + rules.flow.gone_after_s


def all_quiet(state: State, now_s: float, rules: Rules) -> bool:
    """No fire and no exit, and the exit's hold is over."""
    hold_s = state.exit_hold_until_s
    return not state.fire and not state.exit and (hold_s is None or now_s >= hold_s)


def fire_over(state: State, now_s: float, rules: Rules) -> bool:
    """No fire was, or it is quiet for long enough and somebody may have left through the door since."""
    if not state.after_fire:
        return True
    quiet_s = state.fire_quiet_since_s
    quiet = quiet_s is not None and now_s >= quiet_s + rules.flow.fire_clear_s
    return quiet and (state.fire_door_cycled or not rules.door_contact)
