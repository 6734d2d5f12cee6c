"""Everything the table may order, imperative: its only output.

A command is carried out by the loop and answered, where it can fail, by an event. None holds a code.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.terms.identity import ClaimEnd
from edge.terms.reason import Reason
from edge.terms.record import Recipient
from hw.ports import Light, Sound


class PromptKey(StrEnum):
    """What the person in the cabin is told."""

    SHOW_FACE = "show_face"
    DOOR_OPEN = "door_open"
    LOCKED = "locked"
    RELEASED = "released"
    EMERGENCY = "emergency"
    MACHINE_CLOSED = "machine_closed"
    OWNER_FACE = "owner_face"
    OWNER_NOT_KNOWN = "owner_not_known"
    OWNER_CODE_SENT = "owner_code_sent"
    OWNER_CODE_WRONG = "owner_code_wrong"
    OWNER_CODE_OLD = "owner_code_old"
    OWNER_CODE_NOT_SENT = "owner_code_not_sent"
    OWNER_NO_CODE = "owner_no_code"
    TRIAL = "trial"
    SILENCE = "silence"


class PromptCause(StrEnum):
    """Why: what the person is asked to change."""

    NONE = "none"
    MASK = "mask"
    HELMET = "helmet"
    GLASSES = "glasses"
    SCARF = "scarf"
    HAND = "hand"
    OBJECT = "object"
    COVERED = "covered"
    FACE_CAMERA = "face_camera"
    HIDDEN = "hidden"
    ONE_AT_A_TIME = "one_at_a_time"
    STEP_CLOSER = "step_closer"
    STEP_BACK = "step_back"
    MIDDLE = "middle"
    HOLD_STILL = "hold_still"
    WHOLE_FACE = "whole_face"


@dataclass(frozen=True, slots=True)
class SetDoor:
    locked: bool


@dataclass(frozen=True, slots=True)
class SetPermit:
    on: bool


@dataclass(frozen=True, slots=True)
class SetSound:
    sound: Sound


@dataclass(frozen=True, slots=True)
class SetLights:
    lit: frozenset[Light]


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the person. `threat`: that the door will lock, no sooner than `lock_in_s` after these words."""

    ticket: int
    prompt: PromptKey
    cause: PromptCause
    lock_in_s: int = 0
    threat: bool = False


@dataclass(frozen=True, slots=True)
class RecordLock:
    """Record the lock and its code SMS in one transaction; answered by `RecordAnswered`."""

    incident: int


@dataclass(frozen=True, slots=True)
class IssueCode:
    """Make a fresh code, never the one before; it becomes the live one."""

    incident: int
    issue: int


@dataclass(frozen=True, slots=True)
class SendCode:
    """Put the SMS with the live code into the outbox for this recipient."""

    incident: int
    issue: int
    recipient: Recipient
    counted: int


@dataclass(frozen=True, slots=True)
class VoidCode:
    """The live code opens nothing any more; unsent messages that carry it are superseded."""

    incident: int


@dataclass(frozen=True, slots=True)
class JudgeEntry:
    """Compare the entry with the live code; answered by `EntryJudged`. The attempt is counted."""

    incident: int


@dataclass(frozen=True, slots=True)
class ClearEntry:
    """Forget what was typed."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Let the keypad buzz: closed, nothing to type, or wrong."""


@dataclass(frozen=True, slots=True)
class IssueOwnerCode:
    """Make a code for this claim and send it to the card's owner.

    Answered by `OwnerCodeSent` or `OwnerCodeOver`.
    """

    claim: int


@dataclass(frozen=True, slots=True)
class VoidOwnerCode:
    """The code of this claim verifies nobody any more; a text that carries it and is not out yet stays."""

    claim: int


@dataclass(frozen=True, slots=True)
class JudgeOwnerEntry:
    """Count the try and compare the entry with the owner's code; answered by `OwnerEntryJudged`."""

    claim: int


@dataclass(frozen=True, slots=True)
class EndClaim:
    """The claim is over: forget the owner's templates, number and code, and tell the machine."""

    claim: int
    why: ClaimEnd


@dataclass(frozen=True, slots=True)
class AnswerMachine:
    """Tell the machine of this claim what was refused; a plain snake-case word."""

    claim: int
    refused: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Put an alert into the outbox. `kind` and `reason` are plain snake-case words."""

    kind: str
    incident: int
    recipients: tuple[Recipient, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class KeepPictures:
    """Keep the seconds before and after with the incident, and a picture of the reason where there is one."""

    incident: int
    why: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class KeepOnePicture:
    """Keep one picture with the visit."""

    incident: int
    why: str


@dataclass(frozen=True, slots=True)
class CloseIncident:
    incident: int


@dataclass(frozen=True, slots=True)
class Note:
    """Put a named refusal or remark into the record."""

    name: str


Command = (
    SetDoor
    | SetPermit
    | SetSound
    | SetLights
    | Say
    | RecordLock
    | IssueCode
    | SendCode
    | VoidCode
    | JudgeEntry
    | ClearEntry
    | Refuse
    | IssueOwnerCode
    | VoidOwnerCode
    | JudgeOwnerEntry
    | EndClaim
    | AnswerMachine
    | Tell
    | KeepPictures
    | KeepOnePicture
    | CloseIncident
    | Note
)
