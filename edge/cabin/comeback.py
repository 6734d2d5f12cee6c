"""How a remembered state comes back after a restart: every time in it is moved to today's clock."""

from __future__ import annotations

from edge.cabin.rules import Flow
from edge.cabin.state import Mode, State, replace, returning

DURATIONS = frozenset({"evidence_s", "unreached_s", "dark_s"})
"""Seconds in the state that are no times: `shift` leaves them."""


def shift(state: State, by_s: float) -> State:
    """The same state on a clock whose zero lies `by_s` earlier: the time without power does not count."""

    def moved(at_s: float | None) -> float | None:
        return None if at_s is None else at_s + by_s

    code = replace(
        state.code,
        issued_at_s=state.code.issued_at_s + by_s,
        accepted_at_s=moved(state.code.accepted_at_s),
        lockout_until_s=moved(state.code.lockout_until_s),
    )
    return replace(
        state,
        code=code,
        claim=replace(state.claim, until_s=moved(state.claim.until_s)),
        trial=replace(
            state.trial, until_s=moved(state.trial.until_s), rest_until_s=moved(state.trial.rest_until_s)
        ),
        told=tuple((anomaly, at_s + by_s) for anomaly, at_s in state.told),
        since_s=state.since_s + by_s,
        exit_hold_until_s=moved(state.exit_hold_until_s),
        exit_since_s=moved(state.exit_since_s),
        door_open_since_s=moved(state.door_open_since_s),
        last_present_s=moved(state.last_present_s),
        several_since_s=moved(state.several_since_s),
        warn_from_s=state.warn_from_s + by_s,
        bare_since_s=moved(state.bare_since_s),
        counting_from_s=moved(state.counting_from_s),
        stand_until_s=moved(state.stand_until_s),
        prompted_at_s=moved(state.prompted_at_s),
        say_again_s=moved(state.say_again_s),
        locked_at_s=moved(state.locked_at_s),
        record_by_s=moved(state.record_by_s),
        gone_since_s=moved(state.gone_since_s),
        unreached_from_s=moved(state.unreached_from_s),
        siren_until_s=moved(state.siren_until_s),
        silent_until_s=moved(state.silent_until_s),
        fire_quiet_since_s=moved(state.fire_quiet_since_s),
    )


def wake_up(state: State, saved_at_s: float, now_s: float, off_s: float | None, flow: Flow) -> State:
    """A remembered state on today's clock.

    A lock's elapsed times are recorded every `checkpoint_s`, so each restart counts as that at least.
    """
    if state.mode is Mode.LOCKED or returning(state):
        if state.locked_at_s is not None:
            state = replace(state, locked_at_s=state.locked_at_s - max(flow.checkpoint_s, off_s or 0.0))
        if state.unreached_from_s is not None:
            ran_s = max(0.0, saved_at_s - state.unreached_from_s) + flow.checkpoint_s
            state = replace(state, unreached_s=state.unreached_s + ran_s, unreached_from_s=None)
    return shift(state, now_s - saved_at_s)
