"""Words of commissioning that table, loop, socket and page share: what can be tried, and why it is not."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Tried(StrEnum):
    """An output that can be tried for some seconds, each by itself."""

    LOCK = "lock"
    PERMIT = "permit"
    SIREN = "siren"
    BEEPS = "beeps"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    PROMPT = "prompt"


TRIAL_MOST_S: Final = 10.0
RELAY_TRIAL_MOST_S: Final = 5.0
"""The lock and the permit move something outside this program: they are let go of sooner."""


def trial_most_s(tried: Tried) -> float:
    """The longest time of a trial, in seconds."""
    return RELAY_TRIAL_MOST_S if tried in (Tried.LOCK, Tried.PERMIT) else TRIAL_MOST_S


class NotTried(StrEnum):
    """Why what was asked has to wait: the detail of `not_now`."""

    NOT_VACANT = "not_vacant"
    SOMEBODY_THERE = "somebody_there"
    NOT_SEEN_EMPTY = "not_seen_empty"
    NOBODY_SEEN_TO_GO = "nobody_seen_to_go"
    """Since the start, or since somebody may have come in unseen, nobody was seen alone and then gone."""
    DOOR_OPEN = "door_open"
    FIRE = "fire"
    EXIT = "exit"
    DANGER = "danger"
    INCIDENT = "incident"
    DEVICE_FAILED = "device_failed"
    CAMERA = "camera"
    CLAIM = "claim"
    RESTS = "rests"
    """A relay that was tried is not tried again at once."""
    TOO_SOON = "too_soon"
    TRIAL_RUNS = "trial_runs"
    NO_NUMBER = "no_number"
    """Nobody with that role has a telephone in the settings."""


class NotVacant(StrEnum):
    """Why a cabin in which nobody has to be is not vacant: more on `NotTried.NOT_VACANT`."""

    AFTER_FIRE = "after_fire"
    """The fire contact was active, and has to be quiet for long enough."""
    FIRE_DOOR = "fire_door"
    """It is quiet for long enough, and nobody has opened and closed the door since."""
    RELEASED = "released"
    EMERGENCY = "emergency"


class TrialEnd(StrEnum):
    """What ended a trial."""

    TIME = "time"
    STOPPED = "stopped"
    ANOTHER = "another"
    HAPPENED = "happened"
    RESTARTED = "restarted"


class CheckResult(StrEnum):
    """How an item of the checklist came out."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
