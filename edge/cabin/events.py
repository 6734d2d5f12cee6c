"""Everything that can happen to the cabin, in the past tense: the table's only input.

Events are frozen and carry no secret: an entry at the keypad arrives as its verdict, never as its
digits. Times are not in the events; `step` gets them as `now_s`. A `reason` is what a fact was decided on:
to the table the same fact for another reason is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, get_args

from edge.terms.commission import TrialEnd, Tried
from edge.terms.identity import ClaimEnd, NoOwnerCode, OwnerFact
from edge.terms.observation import CameraHealth, Cover, Unclear
from edge.terms.reason import Reason
from edge.terms.record import Recipient
from hw.ports import Input


class FaceFact(StrEnum):
    """What the judge holds of the face of the one person, over time.

    `HIDDEN` is somebody present who shows no face at all; `UNKNOWN` is not judged yet.
    """

    UNKNOWN = "unknown"
    PROPER = "proper"
    COVERED = "covered"
    TURNED = "turned"
    HIDDEN = "hidden"
    UNCLEAR = "unclear"


class Anomaly(StrEnum):
    """What may be wrong besides the face; one row of the policy each."""

    SEVERAL_PERSONS = "several_persons"
    WEAPON = "weapon"
    FIGHT = "fight"
    ROBBERY = "robbery"
    PERSON_DOWN = "person_down"
    PANIC = "panic"
    LOITERING = "loitering"
    INTRUSION = "intrusion"
    OBJECT_LEFT = "object_left"
    OBJECT_REMOVED = "object_removed"
    FRONT_CHANGED = "front_changed"
    CAMERA_OBSTRUCTED = "camera_obstructed"
    UNUSUAL_SCENE = "unusual_scene"
    UNUSUAL_BEHAVIOUR = "unusual_behaviour"
    STILL_PICTURE = "still_picture"
    CASE_OPENED = "case_opened"
    SHAKEN = "shaken"
    DOOR_FORCED = "door_forced"
    DOOR_HELD_OPEN = "door_held_open"


class Device(StrEnum):
    """What can fail and come back."""

    LOCK = "lock"
    PERMIT = "permit"
    INPUTS = "inputs"
    EXIT_INPUT = "exit_input"
    KEYPAD = "keypad"
    CUSTOMER_KEYPAD = "customer_keypad"
    PROMPT = "prompt"
    SOUNDER = "sounder"
    LIGHTS = "lights"
    MODEM = "modem"
    MODEM_DRIVER = "modem_driver"
    ATM = "atm"
    DISK = "disk"
    EVIDENCE = "evidence"
    CONTROL = "control"
    EYES = "eyes"
    CLOCK = "clock"
    DOOR_CONTACT = "door_contact"


class EntryVerdict(StrEnum):
    """What a full entry at the keypad turned out to be."""

    RIGHT = "right"
    WRONG = "wrong"
    SUPERSEDED = "superseded"


class Orderer(StrEnum):
    """Who may order a release without the code."""

    CONTROL_ROOM = "control_room"
    ON_THE_SPOT = "on_the_spot"


# --- facts, from the judge -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Appeared:
    """Somebody has been present for `presence_confirm_s`."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """A healthy camera has seen nobody for `gone_after_s`, and no latch holds."""


@dataclass(frozen=True, slots=True)
class PresenceStuck:
    """Somebody has been 'present' for `presence_max_s`: a bag, a poster, or a person in need."""


@dataclass(frozen=True, slots=True)
class FaceJudged:
    """What is held of the face, and what helps to say what the person has to do.

    `cover` is what covers it; `turned`: a covered one looks past the camera, too; `unclear` is why an unclear
    one cannot be judged.
    """

    face: FaceFact
    cover: Cover = Cover.NONE
    turned: bool = False
    unclear: Unclear = Unclear.NONE


@dataclass(frozen=True, slots=True)
class PeopleJudged:
    several: bool
    reason: Reason | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class CameraJudged:
    """The judged health of the face camera; anything but OK means that the cabin is blind."""

    health: CameraHealth
    reason: Reason | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AnomalyBegan:
    """`detail` says it in plain English, `reason` as data; where there is one, messages say that."""

    anomaly: Anomaly
    detail: str = ""
    reason: Reason | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class AnomalyEnded:
    anomaly: Anomaly


@dataclass(frozen=True, slots=True)
class OwnerJudged:
    """What is held of whether the owner of the claimed card stands there."""

    fact: OwnerFact


# --- inputs and keypad -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InputMoved:
    """A wired input changed (door: active is open)."""

    input: Input
    active: bool


@dataclass(frozen=True, slots=True)
class KeyTouched:
    """Some key was pressed; which one stays in the keypad's entry buffer."""


@dataclass(frozen=True, slots=True)
class EntryCompleted:
    """As many digits as the code has were typed. The attempt counts before it is compared."""


@dataclass(frozen=True, slots=True)
class EntryJudged:
    """The answer to `JudgeEntry`."""

    verdict: EntryVerdict


# --- the claim: whose card it is said to be --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClaimMade:
    """A machine says whose card was put in, and that somebody is enrolled. `claim` only goes up."""

    claim: int


@dataclass(frozen=True, slots=True)
class ClaimOver:
    """A claim does not count any more, for a reason that the table cannot see by itself."""

    claim: int
    why: ClaimEnd


@dataclass(frozen=True, slots=True)
class OwnerCodeWanted:
    """The customer asks that the card's owner is sent a code."""


@dataclass(frozen=True, slots=True)
class OwnerCodeSent:
    """A network took the text with the owner's code. The answer to `IssueOwnerCode`."""

    claim: int


@dataclass(frozen=True, slots=True)
class OwnerCodeOver:
    """There is no code for the owner of this claim, or none any more."""

    claim: int
    why: NoOwnerCode


@dataclass(frozen=True, slots=True)
class OwnerEntryCompleted:
    """As many digits as the owner's code has were typed. The try counts before it is compared."""


@dataclass(frozen=True, slots=True)
class OwnerEntryJudged:
    """The answer to `JudgeOwnerEntry`."""

    claim: int
    verdict: EntryVerdict


# --- commissioning ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrialAsked:
    """Anyone who commissions the cabin wants to see an output move.

    `seen_empty`: every camera has shown nobody at all for as long as a lock that is tried needs.
    """

    output: Tried
    seconds: float
    seen_empty: bool


@dataclass(frozen=True, slots=True)
class TrialStopped:
    """A trial is to end: somebody said so, or something is seen that is nobody's visit yet."""

    why: TrialEnd


# --- answers from the machine ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RecordAnswered:
    """The record of the lock of this incident is on the card."""

    incident: int


@dataclass(frozen=True, slots=True)
class CodeAccepted:
    """The network took the code SMS of this issue."""

    incident: int
    issue: int
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class CodeDenied:
    """A delivery report says that the code SMS of this issue, taken by the network, reached nobody."""

    incident: int
    issue: int
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class PromptGiven:
    """The words with this ticket were said to their end. Words that newer ones replaced never are."""

    ticket: int


@dataclass(frozen=True, slots=True)
class ReleaseOrdered:
    """Somebody entitled to it released this incident's lock. `incident` 0 means: whatever is locked."""

    by: Orderer
    incident: int = 0


@dataclass(frozen=True, slots=True)
class DeviceFailed:
    device: Device
    code: str


@dataclass(frozen=True, slots=True)
class DeviceRecovered:
    device: Device


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """Wall time moved against monotonic time; deadlines are monotonic and do not care."""

    by_s: float


@dataclass(frozen=True, slots=True)
class Restarted:
    """The program runs again; the state that is stepped is what the record remembered.

    All inputs have been read once. `off_s` is how long the program did not run, None where no clock can say.
    """

    fire: bool
    exit: bool
    door_open: bool
    off_s: float | None


@dataclass(frozen=True, slots=True)
class Ticked:
    """A deadline of the state came."""


Fact = (
    Appeared
    | Emptied
    | PresenceStuck
    | FaceJudged
    | PeopleJudged
    | CameraJudged
    | AnomalyBegan
    | AnomalyEnded
    | OwnerJudged
)
"""The events that come from the judge, shown as `fact` rather than `event`."""

Event = (
    Fact
    | InputMoved
    | KeyTouched
    | EntryCompleted
    | EntryJudged
    | ClaimMade
    | ClaimOver
    | OwnerCodeWanted
    | OwnerCodeSent
    | OwnerCodeOver
    | OwnerEntryCompleted
    | OwnerEntryJudged
    | TrialAsked
    | TrialStopped
    | RecordAnswered
    | CodeAccepted
    | CodeDenied
    | PromptGiven
    | ReleaseOrdered
    | DeviceFailed
    | DeviceRecovered
    | ClockJumped
    | Restarted
    | Ticked
)

FACTS: Final[tuple[type[Fact], ...]] = get_args(Fact)

Kind = type[Event] | InputMoved
"""What a row of the table is about: a type of event, or which way which wire moved."""


def kind(event: Event) -> Kind:
    return event if isinstance(event, InputMoved) else type(event)
