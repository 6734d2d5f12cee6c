"""What a page is told of a commissioning. By itself, so that a page's process loads nothing else for it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class TrialView(msgspec.Struct, frozen=True):
    """The output that is being tried, empty for none, and how the last trial ended."""

    output: str = ""
    left_s: float = 0.0
    last: str = ""
    ended: str = ""


class TextView(msgspec.Struct, frozen=True):
    """A test text: to whom, by which way, and how far it is (`edge.terms.record.RowState`)."""

    number: int
    to: str
    channel: str
    state: str
    cause: str
    ago_s: float


class DoneView(msgspec.Struct, frozen=True):
    """What was really done since the grant began, as far as the kiosk knows; goes into the signed row too.

    `outputs`: how the last trial of each ended (`edge.terms.commission.TrialEnd`), empty while it runs.
    """

    outputs: dict[str, str] = {}
    outputs_most: int = 0
    keys: int = 0
    texts_sent: int = 0
    texts_delivered: int = 0
    learnt: tuple[str, ...] = ()
    drawn: bool = False


class CommissionView(msgspec.Struct, frozen=True):
    """How the commissioning stands, for anyone who has its grant.

    `keys`: for each keypad the keys that were seen in the empty cabin since it began, in the keypad's own
    order. `empty_for_s`: for how long no camera has shown a sign of anybody; `not_tried`: for each output why
    it would be refused now, empty where it would not. `not_vacant`: why the cabin is not (`NotVacant`), empty
    where it is or a visit goes on; `vacant_in_s`: for how long that lasts at least, where the kiosk knows it.
    """

    who: str
    left_s: float
    trial: TrialView
    empty_for_s: float
    empty_needed_s: float
    not_tried: dict[str, str]
    keys: dict[str, tuple[str, ...]]
    texts: tuple[TextView, ...]
    text_again_s: float
    done: DoneView = DoneView()
    not_vacant: str = ""
    vacant_in_s: float | None = None


class EnrolStage(StrEnum):
    """How far an enrolment is."""

    NONE = "none"
    READING = "reading"
    LOOKING = "looking"
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"


class EnrolView(msgspec.Struct, frozen=True):
    """For the page. Words are values of `Guidance` and `NotTaken`; `fault` is one of the catalogue.

    Nothing of who it is but the `person`'s number, once enrolled.
    """

    stage: str
    taken: int
    wanted: int
    guidance: str
    refused: str
    left_s: float
    person: int
    fault: str
    detail: str
