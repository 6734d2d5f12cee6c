"""A trial of an output by anyone who commissions the cabin: in an empty cabin, for seconds, never remembered.

A lock or a permit that is tried moves a relay, so everything that could mean somebody ends it: each event but
those in `HARMLESS`, and each condition that does not hold any more. Nothing here warns, tells or opens an
incident; the door's own rules stand beside it (`outputs.door_locked`: never near fire or exit).
"""

from __future__ import annotations

from typing import Final

from edge.cabin.anomalies import RELEASES
from edge.cabin.commands import Note, PromptKey
from edge.cabin.conditions import due
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.draft import Draft
from edge.cabin.events import (
    CodeAccepted,
    CodeDenied,
    Device,
    Event,
    PromptGiven,
    RecordAnswered,
    Ticked,
    TrialAsked,
    TrialStopped,
)
from edge.cabin.outputs import silent
from edge.cabin.rules import Rules
from edge.cabin.state import Mode, State, Trial, replace
from edge.terms.commission import NotTried, TrialEnd, Tried, trial_most_s
from edge.terms.observation import CameraHealth

REST_S: Final = 10.0
"""A relay that was tried rests for so long: anyone who nobody saw can walk out before it is tried again."""

RELAYS: Final = frozenset({Tried.LOCK, Tried.PERMIT})

_RELAY_NEEDS: Final = LOCK_NEEDS | {Device.PERMIT, Device.DOOR_CONTACT}

HARMLESS: Final[tuple[type[Event], ...]] = (
    Ticked,
    PromptGiven,
    RecordAnswered,
    CodeAccepted,
    CodeDenied,
    TrialAsked,
    TrialStopped,
)
"""What says nothing of the cabin: time, answers of card, loudspeaker and network, the trials themselves."""


def not_tried(s: State, now_s: float, rules: Rules, tried: Tried) -> NotTried | None:
    """Why this output may not be tried now, as far as the state knows; None where it may."""
    if s.fire:
        return NotTried.FIRE
    if s.exit:
        return NotTried.EXIT
    if s.present:
        return NotTried.SOMEBODY_THERE
    if s.mode is not Mode.VACANT:
        return NotTried.NOT_VACANT
    if s.active & RELEASES or silent(s, now_s, rules):
        return NotTried.DANGER
    return _relay_not_tried(s, now_s, rules) if tried in RELAYS else None


def _relay_not_tried(s: State, now_s: float, rules: Rules) -> NotTried | None:
    if s.door_open and rules.door_contact:
        return NotTried.DOOR_OPEN
    if s.failed & _RELAY_NEEDS:
        return NotTried.DEVICE_FAILED
    if s.health is not CameraHealth.OK:
        return NotTried.CAMERA
    if s.claim.number:
        return NotTried.CLAIM
    return NotTried.INCIDENT if s.active or s.several else None


def rests(s: State, now_s: float) -> bool:
    """No relay may be tried yet: one is, or was a moment ago."""
    until_s = s.trial.rest_until_s
    return s.trial.output in RELAYS or (until_s is not None and now_s < until_s)


# --- events ----------------------------------------------------------------------------------------


def asked(d: Draft, event: TrialAsked) -> None:
    """Begin it, where it may be and nobody was seen.

    Another one that runs ends; but no relay takes over from a relay, so that none is held by asking again.
    """
    held_back = event.output in RELAYS and (not event.seen_empty or rests(d.s, d.now_s))
    if held_back or not_tried(d.s, d.now_s, d.rules, event.output) is not None:
        d.do(Note("trial_refused"))
        return
    if d.s.trial.output is not None:
        end(d, TrialEnd.ANOTHER)
    seconds = max(0.0, min(event.seconds, trial_most_s(event.output)))
    d.s = replace(d.s, trial=replace(d.s.trial, output=event.output, until_s=d.now_s + seconds))
    if event.output is Tried.PROMPT:
        d.say(PromptKey.TRIAL)


def stopped(d: Draft, event: TrialStopped) -> None:
    end(d, event.why)


def disturb(d: Draft, event: Event) -> None:
    """Before an event is acted on: whatever it is, no trial outlives it."""
    if d.s.trial.output is not None and not isinstance(event, HARMLESS):
        d.s = replace(d.s, trial=replace(d.s.trial, disturbed=True))


# --- what the state alone leads to -----------------------------------------------------------------


def is_over(s: State, now_s: float, rules: Rules) -> bool:
    """Its time has come, something happened, or it would not be begun now."""
    tried = s.trial.output
    return tried is not None and (
        due(now_s, s.trial.until_s) or s.trial.disturbed or not_tried(s, now_s, rules, tried) is not None
    )


def time_is_up(d: Draft) -> None:
    end(d, TrialEnd.TIME if due(d.now_s, d.s.trial.until_s) else TrialEnd.HAPPENED)


def end(d: Draft, why: TrialEnd) -> None:
    """Let go of the output. What is said is cut off, unless it had its time."""
    tried = d.s.trial.output
    _let_go(d, why)
    if tried is Tried.PROMPT and why is not TrialEnd.TIME:
        d.say(PromptKey.SILENCE)


def _let_go(d: Draft, why: TrialEnd) -> None:
    tried = d.s.trial.output
    if tried is None:
        return
    rest_until_s = d.now_s + REST_S if tried in RELAYS else d.s.trial.rest_until_s
    d.s = replace(d.s, trial=Trial(rest_until_s=rest_until_s))
    d.do(Note(f"trial_{why.value}"))


def restarted(d: Draft) -> None:
    """No trial outlives the program; a relay rests after it all the same."""
    _let_go(d, TrialEnd.RESTARTED)
