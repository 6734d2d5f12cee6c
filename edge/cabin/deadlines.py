"""Time that ran is added up, and the earliest deadline of a state is named."""

from __future__ import annotations

from edge.cabin.conditions import code_fails_over_s, later, lock_ends_s
from edge.cabin.draft import Draft
from edge.cabin.rules import Rules
from edge.cabin.state import Mode, State, needed_s, replace


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
    s, flow, code = state, rules.flow, state.code
    due: list[float | None] = [s.siren_until_s, s.silent_until_s, s.stand_until_s, s.claim.until_s]
    due.append(s.trial.until_s)
    due.append(later(s.several_since_s, flow.crowd_s))
    due.append(later(s.door_open_since_s, flow.door_held_open_s))
    due.append(later(s.exit_since_s, flow.exit_stuck_s))
    due += [at_s + flow.remind_s for anomaly, at_s in s.told if anomaly in s.active]
    if not s.shown:
        due.append(later(s.bare_since_s, flow.adjust_after_s))
    if s.mode is Mode.CHECKING:
        due.append(s.warn_from_s + flow.adjust_after_s)
    elif s.mode is Mode.WARNED:
        due.append(s.say_again_s)
        due.append(later(s.counting_from_s, max(0.0, needed_s(s, flow) - s.evidence_s)))
        due.append(later(s.prompted_at_s, flow.prompt_lead_s))
        due.append(lock_ends_s(s, flow))
    elif s.mode is Mode.LOCKED:
        due += [
            s.record_by_s,
            later(s.unreached_from_s, max(0.0, flow.unreachable_release_s - s.unreached_s)),
            later(s.gone_since_s, flow.locked_empty_s),
            lock_ends_s(s, flow),
            code.lockout_until_s,
        ]
        if code.live and code.accepted_at_s is None:
            due += [code.issued_at_s + flow.code_accept_s, code_fails_over_s(code)]
        elif code.live:
            due += [
                later(code.accepted_at_s, flow.code_ttl_s),
                later(code.accepted_at_s, flow.second_watchman_s),
            ]
    elif s.mode is Mode.RELEASED:
        due += [s.since_s + flow.gone_after_s, later(s.fire_quiet_since_s, flow.fire_clear_s)]
    elif s.mode is Mode.EMERGENCY:
        due.append(s.exit_hold_until_s)
    ahead = [t for t in due if t is not None and t > now_s]
    return min(ahead, default=None)
