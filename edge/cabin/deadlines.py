"""Time that ran is added up, and every deadline of a state is named: the earliest wakes the loop."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from edge.cabin.conditions import CODE_FAILOVER_S, code_fails_over_s, later, lock_ends_s, lockout_s
from edge.cabin.draft import PROMPT_LOST_S, Draft
from edge.cabin.rules import OwnerRules, Rules
from edge.cabin.state import Mode, Stage, State, needed_s, replace
from edge.terms.commission import trial_most_s


class Wait(StrEnum):
    """What a deadline is the end of."""

    SIREN = "siren"
    SILENCE = "silence"
    """No sound after a danger."""
    HOLD = "hold"
    """What held the lock clock is over, and it still stands."""
    CLAIM = "claim"
    """The owner's face has to be known, the code sent or typed."""
    TRIAL = "trial"
    """An output that is tried is let go of."""
    CROWD = "crowd"
    """Several persons are told."""
    DOOR_HELD = "door_held"
    """A door that stands open is told."""
    EXIT_STUCK = "exit_stuck"
    REMIND = "remind"
    """What lasts is told again."""
    SHOWN = "shown"
    """A face that is shown before a closed machine goes on record as shown."""
    ADJUST = "adjust"
    """The warning."""
    SAY_AGAIN = "say_again"
    LOCK = "lock"
    """The evidence is complete."""
    LEAD = "lead"
    """The warning was heard long enough ago."""
    MAX_LOCK = "max_lock"
    RECORD = "record"
    """A lock waits no longer for its record."""
    UNREACHABLE = "unreachable"
    """Nobody could open for so long."""
    LOCKED_EMPTY = "locked_empty"
    KEYPAD_OPENS = "keypad_opens"
    CODE_ACCEPT = "code_accept"
    """A code that no network took is withdrawn."""
    CODE_FAILOVER = "code_failover"
    """A code that no network took goes to the second watchman too."""
    CODE_TTL = "code_ttl"
    SECOND_WATCHMAN = "second_watchman"
    GONE = "gone"
    """Nobody seen for so long after a release is an empty cabin."""
    FIRE_CLEAR = "fire_clear"
    EXIT_HOLD = "exit_hold"


@dataclass(frozen=True, slots=True)
class Countdown:
    """Seconds that are left of how many; `runs` False: its clock stands still with so much left."""

    what: Wait
    in_s: float
    of_s: float
    runs: bool = True


def advance(d: Draft) -> None:
    """Add the time that ran to the evidence, and to the time in which nobody could open."""
    start = d.s.counting_from_s
    if start is not None and d.now_s > start:
        d.s = replace(d.s, evidence_s=d.s.evidence_s + d.now_s - start, counting_from_s=d.now_s)
    start = d.s.unreached_from_s
    if start is not None and d.now_s > start:
        d.s = replace(d.s, unreached_s=d.s.unreached_s + d.now_s - start, unreached_from_s=d.now_s)


def next_wake_s(state: State, now_s: float, rules: Rules) -> float | None:
    """The earliest deadline of the state after `now_s`, None where nothing is due by itself."""
    ahead = [at_s for _, at_s in _due(state, rules) if at_s is not None and at_s > now_s]
    return min(ahead, default=None)


def countdowns(state: State, now_s: float, rules: Rules) -> tuple[Countdown, ...]:
    """Everything that the state waits for, the nearest first, then the clocks that stand still."""
    s, flow = state, rules.flow
    left_s: dict[Wait, float] = {}
    for what, at_s in _due(state, rules):
        if at_s is not None and at_s > now_s:
            left_s[what] = min(at_s - now_s, left_s.get(what, at_s - now_s))
    standing: dict[Wait, float] = {}
    if s.mode in (Mode.CHECKING, Mode.WARNED):
        evidence_s = s.evidence_s
        if s.counting_from_s is not None:
            evidence_s += now_s - s.counting_from_s
        lock_in_s = max(0.0, needed_s(s, flow) - evidence_s)
        if s.counting_from_s is None and s.evidence_s > 0.0:
            standing[Wait.LOCK] = lock_in_s
        elif s.counting_from_s is not None and lock_in_s > 0.0:
            left_s[Wait.LOCK] = lock_in_s
    if s.mode is Mode.LOCKED and s.unreached_from_s is None and s.unreached_s > 0.0:
        standing[Wait.UNREACHABLE] = max(0.0, flow.unreachable_release_s - s.unreached_s)
    running = (Countdown(what, in_s, _whole_s(what, s, rules)) for what, in_s in left_s.items())
    still = (Countdown(what, in_s, _whole_s(what, s, rules), False) for what, in_s in standing.items())
    return (*sorted(running, key=lambda one: one.in_s), *still)


def _whole_s(what: Wait, state: State, rules: Rules) -> float:
    """How many seconds a countdown begins with."""
    flow = rules.flow
    match what:
        case Wait.SIREN:
            return flow.siren_s
        case Wait.SILENCE | Wait.HOLD:
            return flow.hold_after_s
        case Wait.CLAIM:
            return _claim_s(state.claim.stage, rules.owner or OwnerRules())
        case Wait.TRIAL:
            return 0.0 if state.trial.output is None else trial_most_s(state.trial.output)
        case Wait.CROWD:
            return flow.crowd_s
        case Wait.DOOR_HELD:
            return flow.door_held_open_s
        case Wait.EXIT_STUCK:
            return flow.exit_stuck_s
        case Wait.REMIND:
            return flow.remind_s
        case Wait.SHOWN | Wait.ADJUST:
            return flow.adjust_after_s
        case Wait.SAY_AGAIN:
            return PROMPT_LOST_S
        case Wait.LOCK:
            return needed_s(state, flow)
        case Wait.LEAD:
            return flow.prompt_lead_s
        case Wait.MAX_LOCK:
            return flow.max_lock_s
        case Wait.RECORD:
            return flow.record_wait_s
        case Wait.UNREACHABLE:
            return flow.unreachable_release_s
        case Wait.LOCKED_EMPTY:
            return flow.locked_empty_s
        case Wait.KEYPAD_OPENS:
            return lockout_s(state.code.lockouts - 1, flow)
        case Wait.CODE_ACCEPT:
            return flow.code_accept_s
        case Wait.CODE_FAILOVER:
            return CODE_FAILOVER_S
        case Wait.CODE_TTL:
            return flow.code_ttl_s
        case Wait.SECOND_WATCHMAN:
            return flow.second_watchman_s
        case Wait.GONE:
            return flow.gone_after_s
        case Wait.FIRE_CLEAR:
            return flow.fire_clear_s
        case Wait.EXIT_HOLD:
            return flow.exit_hold_s
        case _:
            assert_never(what)


def _claim_s(stage: Stage, owner: OwnerRules) -> float:
    """How long a claim may stay as far as it has come."""
    match stage:
        case Stage.FACE:
            return owner.verify_s
        case Stage.SENDING:
            return owner.code_accept_s
        case Stage.CODE:
            return owner.code_ttl_s
        case Stage.NONE | Stage.FAILED | Stage.BY_FACE | Stage.BY_CODE:
            return 0.0
        case _:
            assert_never(stage)


def _due(state: State, rules: Rules) -> list[tuple[Wait, float | None]]:
    """Every deadline of the state: what it ends, and when; None and past ones are of no concern."""
    s, flow, code = state, rules.flow, state.code
    due: list[tuple[Wait, float | None]] = [
        (Wait.SIREN, s.siren_until_s),
        (Wait.SILENCE, s.silent_until_s),
        (Wait.HOLD, s.stand_until_s),
        (Wait.CLAIM, s.claim.until_s),
        (Wait.TRIAL, s.trial.until_s),
        (Wait.CROWD, later(s.several_since_s, flow.crowd_s)),
        (Wait.DOOR_HELD, later(s.door_open_since_s, flow.door_held_open_s)),
        (Wait.EXIT_STUCK, later(s.exit_since_s, flow.exit_stuck_s)),
    ]
    due += [(Wait.REMIND, at_s + flow.remind_s) for anomaly, at_s in s.told if anomaly in s.active]
    if not s.shown:
        due.append((Wait.SHOWN, later(s.bare_since_s, flow.adjust_after_s)))
    if s.mode is Mode.CHECKING:
        due.append((Wait.ADJUST, s.warn_from_s + flow.adjust_after_s))
    elif s.mode is Mode.WARNED:
        due += [
            (Wait.SAY_AGAIN, s.say_again_s),
            (Wait.LOCK, later(s.counting_from_s, max(0.0, needed_s(s, flow) - s.evidence_s))),
            (Wait.LEAD, later(s.prompted_at_s, flow.prompt_lead_s)),
            (Wait.MAX_LOCK, lock_ends_s(s, flow)),
        ]
    elif s.mode is Mode.LOCKED:
        due += [
            (Wait.RECORD, s.record_by_s),
            (
                Wait.UNREACHABLE,
                later(s.unreached_from_s, max(0.0, flow.unreachable_release_s - s.unreached_s)),
            ),
            (Wait.LOCKED_EMPTY, later(s.gone_since_s, flow.locked_empty_s)),
            (Wait.MAX_LOCK, lock_ends_s(s, flow)),
            (Wait.KEYPAD_OPENS, code.lockout_until_s),
        ]
        if code.live and code.accepted_at_s is None:
            due += [
                (Wait.CODE_ACCEPT, code.issued_at_s + flow.code_accept_s),
                (Wait.CODE_FAILOVER, code_fails_over_s(code)),
            ]
        elif code.live:
            due += [
                (Wait.CODE_TTL, later(code.accepted_at_s, flow.code_ttl_s)),
                (Wait.SECOND_WATCHMAN, later(code.accepted_at_s, flow.second_watchman_s)),
            ]
    elif s.mode is Mode.RELEASED:
        due += [
            (Wait.GONE, s.since_s + flow.gone_after_s),
            (Wait.FIRE_CLEAR, later(s.fire_quiet_since_s, flow.fire_clear_s)),
        ]
    elif s.mode is Mode.EMERGENCY:
        due.append((Wait.EXIT_HOLD, s.exit_hold_until_s))
    return due
