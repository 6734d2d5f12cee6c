"""What can be reported beside an anomaly, and how soon a message goes out before others.

The kinds of the alerts are the names under which the outbox, the record and the words know them.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import assert_never


class Urgency(IntEnum):
    """The lower goes out first."""

    CODE = 0
    EMERGENCY = 1
    ALERT = 2
    REPORT = 3


class Alert(StrEnum):
    """What is told of the lock, the door, the visit and the machine. Anomalies have their own names."""

    LOCKED = "locked"
    RELEASED = "released"
    CODES_USED_UP = "codes_used_up"
    CODE_WITHDRAWN = "code_withdrawn"
    KEYPAD_LOCKOUT = "keypad_lockout"
    CODE_TYPED = "code_typed"
    ALL_OK = "all_ok"
    DURESS = "duress"
    LOCK_WITHHELD = "lock_withheld"
    RESTARTED_LOCKED = "restarted_locked"
    EXIT_UNSHOWN = "exit_unshown"
    DOOR_OPENED_OFTEN = "door_opened_often"
    CLOCK_HELD = "clock_held"
    EXIT_STUCK = "exit_stuck"
    FIRE = "fire"
    PRESENCE_STUCK = "presence_stuck"
    CAMERA_GONE = "camera_gone"
    FAULT = "fault"
    OUT_OF_SERVICE = "out_of_service"
    RELEASE_REFUSED = "release_refused"
    IDENTITY_FAILED = "identity_failed"
    OWNER_SAID_NO = "owner_said_no"
    TEST = "test"


def urgency(alert: Alert) -> Urgency:
    """How soon an alert goes out."""
    match alert:
        case Alert.FIRE | Alert.CODE_TYPED | Alert.ALL_OK | Alert.DURESS:
            # the same for both: how soon it goes out must not tell which it is
            return Urgency.EMERGENCY
        case Alert.TEST:
            return Urgency.REPORT
        case (
            Alert.LOCKED
            | Alert.RELEASED
            | Alert.CODES_USED_UP
            | Alert.CODE_WITHDRAWN
            | Alert.KEYPAD_LOCKOUT
            | Alert.LOCK_WITHHELD
            | Alert.RESTARTED_LOCKED
            | Alert.EXIT_UNSHOWN
            | Alert.DOOR_OPENED_OFTEN
            | Alert.CLOCK_HELD
            | Alert.EXIT_STUCK
            | Alert.PRESENCE_STUCK
            | Alert.CAMERA_GONE
            | Alert.FAULT
            | Alert.OUT_OF_SERVICE
            | Alert.RELEASE_REFUSED
            | Alert.IDENTITY_FAILED
            | Alert.OWNER_SAID_NO
        ):
            return Urgency.ALERT
        case _:
            assert_never(alert)
