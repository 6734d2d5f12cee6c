"""What is said of who somebody is: a look at the face for a claim, and what came of it. No name in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

TEMPLATE_NUMBERS: Final = 256


@dataclass(frozen=True, slots=True)
class Template:
    """A face as the embedding network describes it: 256 numbers of one signed byte each, a direction.

    Two of the same person point the same way. It identifies a person, so it is neither printed nor recorded.
    """

    numbers: bytes = field(repr=False)


class NoTemplate(StrEnum):
    """Why a look at a face gave nothing to compare."""

    NO_FACE = "no_face"
    SEVERAL = "several"
    COVERED = "covered"
    TURNED = "turned"
    CUT = "cut"
    SMALL = "small"
    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "bright"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class OwnerLook:
    """One look at the one face while a claim is open: a template, or why there is none."""

    template: Template | None = None
    missing: NoTemplate | None = None


class OwnerFact(StrEnum):
    """What is held, over several looks, of whether the card's owner stands there.

    `UNKNOWN` is not decided yet; `UNFIT`: no look was good enough to compare, or nothing showed that the face
    lives.
    """

    UNKNOWN = "unknown"
    SAME = "same"
    ANOTHER = "another"
    UNFIT = "unfit"


class CheckFailed(StrEnum):
    """How a check of the owner failed: the reason of the picture that is kept."""

    IDENTITY_MISMATCH = "identity_mismatch"
    IDENTITY_TIMEOUT = "identity_timeout"
    OWNER_CODE_WRONG = "owner_code_wrong"


class ClaimEnd(StrEnum):
    """Why a claim is over; the word that its machine is told, where the machine did not end it itself."""

    MACHINE_ENDED = "machine_ended"
    LINE_LOST = "line_lost"
    ANOTHER_CLAIM = "another_claim"
    OWNER_SAID_NO = "owner_said_no"
    NOT_ENROLLED = "not_enrolled"
    DOOR_OPENED = "door_opened"
    NOBODY_THERE = "nobody_there"
    LOCKED = "locked"
    EMERGENCY = "emergency"


class NoOwnerCode(StrEnum):
    """Why there is no code of the owner to be typed, or none any more."""

    NOT_SENT = "code_not_sent"
    NOT_ON_RECORD = "code_not_on_record"
    EXPIRED = "code_expired"
    TRIES_USED = "code_tries_used"
    CARD_RESTS = "card_rests"
    TOO_MANY = "too_many_codes"
