"""What may be asked over the control socket: a struct for each verb. `edge/docs/socket.md` has examples.

A request is one JSON object on one line; its member `verb` says which struct it is. A new verb has its
struct here and to `Request`, and the type checker leads to the rest (`edge.service.acts`).
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from edge.settings.drawn import Drawn
from edge.terms.commission import TRIAL_MOST_S, CheckResult, Tried
from edge.terms.ground import CameraRole, FloorBox, FloorLine, Marks, Spot
from edge.terms.learning import LearnWhat
from edge.terms.marks import Mark
from edge.words.language import LanguageName

VERSION: Final = 1
"""Of requests and replies. Another one is refused by name, so that nobody half understands a reply."""

SLOW: Final = "slow_s"
"""What a reply says that is to be held back outside the loop; never sent."""

Reply = dict[str, object]

Word = Annotated[str, Meta(pattern=r"\A[a-z0-9_]{0,40}\Z")]
Line = Annotated[str, Meta(max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
Reason = Annotated[str, Meta(max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\Z")]
Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\A[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\Z")]
Secret = Annotated[str, Meta(pattern=r"\A[0-9a-f]{0,64}\Z")]


class Asks(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="verb"):
    """`version` may be left out: then it is this one."""

    version: int = VERSION


class Granted(Asks, frozen=True, kw_only=True):
    """`grant` is what `commission_open` answered with."""

    grant: Secret = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"


class Status(Asks, frozen=True, tag="status"):
    """What a person wants to know at a glance."""


class Panel(Asks, frozen=True, tag="panel"):
    """Everything that the page shows (`edge.loop.watching.View`)."""


class Drift(Asks, frozen=True, tag="drift"):
    """How good the view of each camera has been day by day."""


class DriftAgain(Asks, frozen=True, tag="drift_again"):
    """Somebody set the cameras right: the days are compared from now on."""


class Report(Asks, frozen=True, tag="report"):
    """The daily line to the control room; `finding` is `ok` or a code of the fault catalogue."""

    finding: Word = "ok"


class Release(Asks, frozen=True, tag="release"):
    """Open the locked door on the spot. `incident` 0 means the lock that stands."""

    incident: Annotated[int, Meta(ge=0)] = 0


class MarkIncident(Asks, frozen=True, tag="mark"):
    """Say what an incident was: a false alarm or a true one; `by` is who says so.

    With a profile it also says how long the pictures stay; it changes nothing else.
    """

    incident: Annotated[int, Meta(ge=1, le=10**12)] = msgspec.field()
    mark: Mark = msgspec.field()
    by: Name = msgspec.field()
    note: Line = ""


class HoldIncident(Granted, frozen=True, kw_only=True, tag="hold"):
    """Keep all pictures and lines of an incident until a time (UTC seconds), null: until somebody ends it.

    Who has a hold on it may make it longer; another's is refused by name (`hold_stands`).
    """

    incident: Annotated[int, Meta(ge=1, le=10**12)]
    by: Name
    why: Reason
    until_wall_s: Annotated[float, Meta(ge=0, le=32503766400)] | None = None


class FreeIncident(Granted, frozen=True, kw_only=True, tag="free"):
    """End the hold on an incident."""

    incident: Annotated[int, Meta(ge=1, le=10**12)]
    by: Name
    why: Reason


class SeeHolds(Asks, frozen=True, tag="holds"):
    """Which incidents are held, by whom, and until when."""


class CommissionOpen(Asks, frozen=True, tag="commission_open"):
    """Begin a commissioning; `who` is the one who does it, as given. One that ran ends."""

    who: Line = ""


class CommissionEnd(Granted, frozen=True, tag="commission_end"):
    """End the commissioning; root needs no grant for that."""


class Commission(Granted, frozen=True, tag="commission"):
    """How the commissioning stands: time left, trial, keys that were seen, test texts."""


class TryOutput(Granted, frozen=True, tag="try_output"):
    """Try one output for some seconds; `edge.terms.commission.trial_most_s` says how long at most."""

    output: Tried = msgspec.field()
    seconds: Annotated[float, Meta(gt=0, le=TRIAL_MOST_S)] = 3.0


class Untry(Asks, frozen=True, tag="untry"):
    """End a trial at once. Anybody may, and nothing is asked."""


class SendTestText(Granted, frozen=True, tag="test_text"):
    """Send a test text to anyone who has this role."""

    to: Literal["watchman", "watchman2", "control_room"] = msgspec.field()


class Restart(Granted, frozen=True, tag="restart"):
    """End the program in order; the service manager starts it again."""


class Update(Asks, frozen=True, tag="update"):
    """Whether another version may take over now; with `restart` the program ends for it in the same breath.

    Nobody can come in between the answer and the end: both are one turn of the loop.
    """

    restart: bool = False


class EnrolBegin(Granted, frozen=True, tag="enrol_begin"):
    """Enrol somebody before the kiosk's own camera. `card` is the machine's token, never a card's number.

    `agreed`: the person agreed to the words of the `consent` version in that language, as the page showed
    them. `anyway`: a shared telephone, or a face that somebody has, is meant.
    """

    name: Name = msgspec.field()
    card: Annotated[str, Meta(min_length=1, max_length=64)] = msgspec.field()
    phone: Annotated[str, Meta(min_length=1, max_length=20)] = msgspec.field()
    language: LanguageName = msgspec.field()
    consent: Annotated[str, Meta(max_length=20)] = msgspec.field()
    by: Name = msgspec.field()
    agreed: bool = False
    anyway: bool = False


class EnrolProgress(Granted, frozen=True, tag="enrol_progress"):
    """How far the enrolment is (`edge.loop.commission_view.EnrolView`)."""


class EnrolCancel(Granted, frozen=True, tag="enrol_cancel"):
    """End it without a result."""


class CheckItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the checklist: its name, how it came out, and a remark."""

    id: Annotated[str, Meta(pattern=r"\A[a-z0-9_]{1,40}\Z")]
    result: CheckResult
    note: Line = ""


class Sign(Granted, frozen=True, tag="sign"):
    """Put the checklist into the record, under the name of the one who answers for it."""

    who: Name = msgspec.field()
    items: Annotated[tuple[CheckItem, ...], Meta(min_length=1, max_length=40)] = msgspec.field()


class SeeDrawn(Granted, frozen=True, tag="drawn"):
    """What is drawn on the pictures, and what of it is in effect."""


class Draw(Granted, frozen=True, kw_only=True, tag="draw"):
    """Keep what was drawn, in the place of all that was; `only_check`: only say what is wrong with it."""

    drawn: Drawn = msgspec.field()
    only_check: bool = False


class Undraw(Granted, frozen=True, kw_only=True, tag="undraw"):
    """Forget what was drawn of these kinds: the settings file's own hold again."""

    kinds: Annotated[tuple[Literal["zone", "floor", "mask"], ...], Meta(min_length=1, max_length=3)]


class SeeAim(Granted, frozen=True, tag="aim"):
    """Measure for somebody who aims the cameras, for the next ten seconds."""


class Measure(Granted, frozen=True, kw_only=True, tag="measure"):
    """Lengths and sizes on the floor that four marks would give."""

    marks: Marks
    lines: Annotated[tuple[FloorLine, ...], Meta(max_length=16)] = ()
    boxes: Annotated[tuple[FloorBox, ...], Meta(max_length=16)] = ()


class LearnRegion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the machine's front, such as `keypad`, and where it is."""

    name: Annotated[str, Meta(min_length=1, max_length=20)]
    polygon: Annotated[tuple[Spot, ...], Meta(min_length=3, max_length=32)]


class Learn(Granted, frozen=True, kw_only=True, tag="learn"):
    """Learn the empty cabin, or the machine's front, with nobody there.

    Without `regions` a front's pictures are added to what is taught. `wide` names a region that is `wide_cm`
    wide. `fresh`: forget what this camera had learnt before.
    """

    what: LearnWhat
    camera: CameraRole = "face"
    fresh: bool = False
    regions: Annotated[tuple[LearnRegion, ...], Meta(max_length=12)] = ()
    wide: Annotated[str, Meta(max_length=20)] = ""
    wide_cm: Annotated[float, Meta(ge=0, le=300)] = 0.0


class SeeLearning(Granted, frozen=True, tag="learning"):
    """How far that is."""


class LearnEnd(Granted, frozen=True, tag="learn_end"):
    """Stop it."""


Request = (
    Status
    | Panel
    | Drift
    | DriftAgain
    | Report
    | Release
    | MarkIncident
    | HoldIncident
    | FreeIncident
    | SeeHolds
    | CommissionOpen
    | CommissionEnd
    | Commission
    | TryOutput
    | Untry
    | SendTestText
    | Restart
    | Update
    | Sign
    | EnrolBegin
    | EnrolProgress
    | EnrolCancel
    | SeeDrawn
    | Draw
    | Undraw
    | SeeAim
    | Measure
    | Learn
    | SeeLearning
    | LearnEnd
)


class _Envelope(msgspec.Struct, frozen=True):
    version: int = VERSION


def speaks(line: bytes) -> bool:
    """Whether a request is of this version, or names none. Raises `msgspec.DecodeError`."""
    return msgspec.json.decode(line, type=_Envelope).version == VERSION
