"""What time alone does to a cabin: deadlines that came, and when the next one comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from edge.cabin.commands import PromptKey
from edge.cabin.conditions import (
    ROUNDING_S,
    counting,
    due,
    fire_over,
    first_warning_is_said,
    forbids_lock,
    held,
    lock_ends_s,
    lock_is_due,
    may_clear,
    may_lock,
    must_leave_cleared,
    nobody_can_open,
    wanted_words,
    warnable,
)
from edge.cabin.draft import OFTEN, Draft
from edge.cabin.events import Anomaly, Device
from edge.cabin.rules import Rules
from edge.cabin.state import LOCK_NEEDS, Mode, State, needed_s, returning
from edge.terms.observation import CameraHealth
from edge.terms.record import Recipient

CODE_FAILOVER_S = 60.0
"""A code that no network has accepted by then goes to the second number too: all are tried within 150 s."""


# --- deadlines -------------------------------------------------------------------------------------


def advance(d: Draft) -> None:
    """Add the time that ran to the evidence, and to the time in which nobody could open."""
    start = d.s.counting_from_s
    if start is not None and d.now_s > start:
        d.s = replace(d.s, evidence_s=d.s.evidence_s + d.now_s - start, counting_from_s=d.now_s)
    start = d.s.unreached_from_s
    if start is not None and d.now_s > start:
        d.s = replace(d.s, unreached_s=d.s.unreached_s + d.now_s - start, unreached_from_s=d.now_s)


def _tick_any(d: Draft) -> None:
    """Deadlines that run in every mode."""
    if due(d.now_s, d.s.siren_until_s):
        d.s = replace(d.s, siren_until_s=None)
    if due(d.now_s, d.s.silent_until_s):
        d.s = replace(d.s, silent_until_s=None)
    if due(d.now_s, d.s.stand_until_s):
        d.s = replace(d.s, stand_until_s=None)
    since = d.s.several_since_s
    if since is not None and d.now_s >= since + d.flow.crowd_s and Anomaly.SEVERAL_PERSONS not in d.s.active:
        d.begin_anomaly(Anomaly.SEVERAL_PERSONS)
    opened = d.s.door_open_since_s
    if (
        opened is not None
        and d.now_s >= opened + d.flow.door_held_open_s
        and Anomaly.DOOR_HELD_OPEN not in d.s.active
    ):
        d.begin_anomaly(Anomaly.DOOR_HELD_OPEN)
    stuck = d.s.exit_since_s
    if stuck is not None and d.now_s >= stuck + d.flow.exit_stuck_s and Device.EXIT_INPUT not in d.s.failed:
        d.s = replace(d.s, failed=d.s.failed | {Device.EXIT_INPUT})
        d.tell("exit_stuck", Recipient.CONTROL_ROOM, Recipient.WATCHMAN)
    for anomaly, at_s in d.s.told:
        if anomaly in d.s.active and d.now_s >= at_s + d.flow.remind_s:
            d.tell_anomaly(anomaly)


def _tick_vacant(d: Draft) -> None:
    if d.s.incident and not d.s.active:
        d.close_incident()


def _tick_checking(d: Draft) -> None:
    if may_clear(d.s, d.rules):
        d.clear()
    elif d.now_s >= d.s.warn_from_s + d.flow.adjust_after_s and warnable(d.s, d.now_s, d.rules):
        d.go(Mode.WARNED)
        d.open_incident("warned")
        d.say_warning()


def _tick_cleared(d: Draft) -> None:
    if must_leave_cleared(d.s, d.rules):
        d.check()


def _tick_warned(d: Draft) -> None:
    if returning(d.s) and due(d.now_s, lock_ends_s(d.s, d.flow)):
        d.release("max_time")
        return
    if may_clear(d.s, d.rules):
        d.say(PromptKey.SILENCE)
        d.s = replace(d.s, say_again_s=None)
        d.clear()
        return
    if may_lock(d.s, d.now_s, d.rules):
        d.lock()
        return
    broken = d.s.failed & LOCK_NEEDS
    if broken and lock_is_due(d.s, d.now_s, d.rules) and not d.s.withheld_told:
        d.s = replace(d.s, withheld_told=True)
        d.tell("lock_withheld", Recipient.CONTROL_ROOM, reason=min(broken).value)
    changed = wanted_words(d.s, d.rules) != d.s.said and not first_warning_is_said(d.s, d.rules)
    if (changed or due(d.now_s, d.s.say_again_s)) and warnable(d.s, d.now_s, d.rules):
        d.say_warning()


def _tick_locked(d: Draft) -> None:
    s, flow = d.s, d.flow
    if s.record_by_s is not None:
        change = forbids_lock(d.s, d.now_s, d.rules)
        if change is not None:
            d.take_back_lock(change)
            return
    if due(d.now_s, s.record_by_s):
        # a slow card may not keep the door open; a failed one was answered
        d.s = replace(d.s, record_by_s=None)
    if due(d.now_s, lock_ends_s(s, flow)):
        d.release("max_time")
        return
    if s.unreached_from_s is not None and s.unreached_s >= flow.unreachable_release_s - ROUNDING_S:
        d.release("unreachable")
        return
    if s.gone_since_s is not None and d.now_s >= s.gone_since_s + flow.locked_empty_s:
        d.release("nobody_there")
        return
    code = d.s.code
    if code.lockout_until_s is not None:
        if d.now_s >= code.lockout_until_s:
            d.code = replace(d.code, lockout_until_s=None)
            d.issue_code(counts=True)
        return
    if not code.live:
        return
    if code.accepted_at_s is None:
        if d.now_s >= code.issued_at_s + flow.code_accept_s:
            d.void_code()
            d.code = replace(d.code, counted=code.counted - 1)
            d.tell("code_withdrawn", Recipient.CONTROL_ROOM)
            d.issue_code(counts=True, fresh_tries=False)
        elif not code.failed_over and d.now_s >= code.issued_at_s + CODE_FAILOVER_S:
            d.code = replace(d.code, failed_over=True)
            d.send_code(Recipient.WATCHMAN2)
        return
    if d.now_s >= code.accepted_at_s + flow.code_ttl_s:
        d.void_code()
        d.issue_code(counts=True)
    elif not code.second_told and d.now_s >= code.accepted_at_s + flow.second_watchman_s:
        d.code = replace(d.code, second_told=True)
        if not code.failed_over:
            d.send_code(Recipient.WATCHMAN2)


def _tick_released(d: Draft) -> None:
    if d.now_s < d.s.since_s + d.flow.gone_after_s:
        return  # so long everybody sees that it is released, and nobody seen for so long is empty
    if d.s.present:
        if may_clear(d.s, d.rules):
            d.clear()
    elif d.s.health is CameraHealth.OK and fire_over(d.s, d.now_s, d.rules):
        d.s = replace(
            d.s, after_fire=False, fire_quiet_since_s=None, fire_door_opened=False, fire_door_cycled=False
        )
        d.vacate()


def _tick_emergency(d: Draft) -> None:
    if d.s.fire or d.s.exit:
        return
    if d.s.exit_hold_until_s is None or d.now_s >= d.s.exit_hold_until_s:
        d.s = replace(d.s, exit_hold_until_s=None)
        d.go(Mode.RELEASED)
        if d.s.present:
            d.say(PromptKey.RELEASED)


_TICKS: Mapping[Mode, Callable[[Draft], None]] = {
    Mode.VACANT: _tick_vacant,
    Mode.CHECKING: _tick_checking,
    Mode.CLEARED: _tick_cleared,
    Mode.WARNED: _tick_warned,
    Mode.LOCKED: _tick_locked,
    Mode.RELEASED: _tick_released,
    Mode.EMERGENCY: _tick_emergency,
}


def settle(d: Draft) -> None:
    """Run what is due until nothing changes; keep the lock clock's switch in step."""
    for _ in range(8):
        before = d.s
        _tick_any(d)
        _TICKS[d.s.mode](d)
        running = counting(d.s, d.now_s, d.rules)
        if running and d.s.counting_from_s is None:
            d.s = replace(d.s, counting_from_s=d.now_s)
        elif not running and d.s.counting_from_s is not None:
            d.s = replace(d.s, counting_from_s=None)
            _count_stand(d)
        unreached = nobody_can_open(d.s)
        if unreached and d.s.unreached_from_s is None:
            d.s = replace(d.s, unreached_from_s=d.now_s)
        elif not unreached and d.s.unreached_from_s is not None:
            d.s = replace(d.s, unreached_from_s=None)
        if d.s == before:
            return


def _count_stand(d: Draft) -> None:
    """The lock clock was stopped by what holds it: the third time may be on purpose."""
    if d.s.mode not in (Mode.CHECKING, Mode.WARNED) or not held(d.s, d.now_s):
        return
    d.s = replace(d.s, stands=d.s.stands + 1)
    if d.s.stands == OFTEN:
        d.tell("clock_held", Recipient.CONTROL_ROOM)


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
        due.append(after(s.counting_from_s, max(0.0, needed_s(s, flow) - s.evidence_s)))
        due.append(after(s.prompted_at_s, flow.prompt_lead_s))
        due.append(lock_ends_s(s, flow))
    elif s.mode is Mode.LOCKED:
        due += [
            s.record_by_s,
            after(s.unreached_from_s, max(0.0, flow.unreachable_release_s - s.unreached_s)),
            after(s.gone_since_s, flow.locked_empty_s),
            lock_ends_s(s, flow),
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
