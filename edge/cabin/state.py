"""What the table remembers of one cabin. Every deadline is a field."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from edge.cabin.commands import PromptCause, PromptKey
from edge.cabin.events import Anomaly, Device, FaceFact
from edge.cabin.rules import Flow
from edge.terms.commission import Tried
from edge.terms.observation import CameraHealth, Cover, Unclear
from edge.terms.record import Recipient
from hw.ports import Sound

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:

    def replace(thing, /, **changes):
        """What `dataclasses.replace` gives, and to the type checker it is that; twenty times as quick.

        A step changes the state of more than fifty fields a few times over. One that keeps them in a
        dictionary (no `slots`) is copied whole; any other goes the usual way.
        """
        kept = getattr(thing, "__dict__", None)
        if kept is None or not changes.keys() <= kept.keys():
            return dataclasses.replace(thing, **changes)
        new = object.__new__(type(thing))
        vars(new).update(kept, **changes)
        return new


class Mode(StrEnum):
    VACANT = "vacant"
    CHECKING = "checking"
    CLEARED = "cleared"
    WARNED = "warned"
    LOCKED = "locked"
    RELEASED = "released"
    EMERGENCY = "emergency"


VISIT_MODES = frozenset({Mode.CHECKING, Mode.CLEARED, Mode.WARNED})
EVIDENCE_FACES = frozenset({FaceFact.COVERED, FaceFact.TURNED, FaceFact.HIDDEN})
"""The judged faces under which the lock clock runs."""


@dataclass(frozen=True)
class Code:
    """The one-time code as the table knows it: when, how often, never which digits.

    `issue` numbers every code of the incident; `counted` those that count towards the limit. `took` are the
    telephones for which the network took it and no report denies that it arrived. `again`: a restart took the
    live code's digits; the code in its place does not count.
    """

    issue: int = 0
    counted: int = 0
    live: bool = False
    issued_at_s: float = 0.0
    accepted_at_s: float | None = None
    failed_over: bool = False
    second_told: bool = False
    tries: int = 0
    pending: bool = False
    lockouts: int = 0
    lockout_until_s: float | None = None
    took: frozenset[Recipient] = frozenset()
    again: bool = False


class Stage(StrEnum):
    """How far a claim has come."""

    NONE = "none"
    FACE = "face"
    FAILED = "failed"
    SENDING = "sending"
    CODE = "code"
    BY_FACE = "by_face"
    BY_CODE = "by_code"


VERIFIED = frozenset({Stage.BY_FACE, Stage.BY_CODE})


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose card it is said to be, as the table knows it: a number, how far it has come, never who.

    `number` 0: none is open. `until_s`: until when the face has to be known, the code sent or typed, by the
    stage. `pending`: a typed code is being compared. `failed` counts the checks that failed in this visit.
    """

    number: int = 0
    stage: Stage = Stage.NONE
    until_s: float | None = None
    pending: bool = False
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """An output that is being tried, None for none.

    `disturbed`: something happened meanwhile, and it ends. `rest_until_s`: no relay is tried again before.
    """

    output: Tried | None = None
    until_s: float | None = None
    disturbed: bool = False
    rest_until_s: float | None = None


@dataclass(frozen=True, slots=True)
class Timebase:
    """Whose clock the times of a state are on: which boot of the machine; was its wall clock right."""

    boot: str = ""
    wall_true: bool = False


@dataclass(frozen=True)
class State:
    """Everything the table remembers. All `*_s` fields but `DURATIONS` are monotonic times.

    *This person* is the one who is present since the door last opened or the program last started. `shown`:
    this person has been cleared, or would have been but for a closed machine; `bare_since_s`: since when the
    latter shows a proper face; `was_shown`: the one before the door opened. `stands`: how often the lock
    clock was held in this visit; `openings`: how often the door was opened under a warning.
    """

    mode: Mode = Mode.VACANT
    since_s: float = 0.0
    timebase: Timebase = Timebase()
    # wired inputs
    fire: bool = False
    exit: bool = False
    door_open: bool = False
    exit_hold_until_s: float | None = None
    exit_since_s: float | None = None
    door_open_since_s: float | None = None
    # what the judge holds
    health: CameraHealth = CameraHealth.OK
    present: bool = False
    last_present_s: float | None = None
    face: FaceFact = FaceFact.UNKNOWN
    cover: Cover = Cover.NONE
    turned: bool = False
    unclear: Unclear = Unclear.NONE
    several: bool = False
    several_since_s: float | None = None
    active: frozenset[Anomaly] = frozenset()
    failed: frozenset[Device] = frozenset()
    # visit and incident
    visit: int = 0
    incident: int = 0
    incidents: int = 0
    no_lock: bool = False
    shown: bool = False
    was_shown: bool = False
    stands: int = 0
    openings: int = 0
    withheld_told: bool = False
    told: tuple[tuple[Anomaly, float], ...] = ()
    # the lock clock
    warn_from_s: float = 0.0
    bare_since_s: float | None = None
    evidence_s: float = 0.0
    counting_from_s: float | None = None
    stand_until_s: float | None = None
    # prompts
    ticket: int = 0
    warn_ticket: int | None = None
    prompted_at_s: float | None = None
    said: tuple[PromptKey, PromptCause] = (PromptKey.SILENCE, PromptCause.NONE)
    say_again_s: float | None = None
    # the lock
    locked_at_s: float | None = None
    came_back: bool = False
    dark_s: float = 0.0
    record_by_s: float | None = None
    gone_since_s: float | None = None
    unreached_s: float = 0.0
    unreached_from_s: float | None = None
    code: Code = Code()
    # sounds
    playing: Sound = Sound.OFF
    siren_until_s: float | None = None
    silent_until_s: float | None = None
    # after a fire
    after_fire: bool = False
    fire_quiet_since_s: float | None = None
    fire_door_opened: bool = False
    fire_door_cycled: bool = False
    # whose card it is said to be
    claim: Claim = Claim()
    # what anyone who commissions the cabin tries
    trial: Trial = Trial()


def returning(state: State) -> bool:
    """A lock that a restart interrupted: warned again, the door unlocked, until the one gate decides."""
    return state.mode is Mode.WARNED and state.locked_at_s is not None


def needed_s(state: State, flow: Flow) -> float:
    """Seconds of evidence that a lock needs."""
    return flow.relock_after_s if returning(state) else flow.lock_after_s
