"""What this page asks of the running kiosk, over the control socket and with root's grant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from edge.faults.fault import FaultError
from edge.loop.commission_view import CommissionView, EnrolView
from edge.panel.commission.walk import Region
from edge.panel.sources import Kept
from edge.service.asks import (
    CheckItem,
    Commission,
    CommissionEnd,
    Draw,
    EnrolBegin,
    EnrolCancel,
    EnrolProgress,
    Learn,
    LearnEnd,
    LearnRegion,
    Reply,
    Request,
    Restart,
    SeeAim,
    SeeDrawn,
    SeeLearning,
    SendTestText,
    Sign,
    TryOutput,
    Untry,
)
from edge.service.control import ask, done
from edge.settings.drawn import Drawn
from edge.terms.aim import Aim
from edge.terms.commission import Tried
from edge.terms.ground import Marks, Mask, Zone
from edge.terms.learning import Learning, LearnWhat
from edge.words.language import LanguageName

ASKED_EVERY_S: Final = 0.5
SELDOM_S: Final = 1.0
SLOW_S: Final = 2.5
DRAWN_WITHIN_S: Final = 10.0
SIGNED_WITHIN_S: Final = 15.0
"""A signature is answered when it is on the card."""

T = TypeVar("T")


Told = Literal["watchman", "watchman2", "control_room"]
"""Who can be sent a test text, by role."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who is to be enrolled; goes to the kiosk and is kept nowhere here. `consent`: the version agreed to."""

    name: str
    card: str
    phone: str = field(repr=False)
    language: LanguageName
    consent: str
    anyway: bool


class _Aims(msgspec.Struct, frozen=True):
    cameras: dict[str, Aim]


class Warned(msgspec.Struct, frozen=True):
    """Something drawn that is allowed and worth a look: why, its name, and how much that is."""

    code: str
    name: str
    percent: float = 0.0


class InEffect(msgspec.Struct, frozen=True):
    """What the running kiosk goes by."""

    zone: tuple[Zone, ...] = ()
    floor: Marks = Marks()
    mask: tuple[Mask, ...] = ()


class DrawnView(msgspec.Struct, frozen=True):
    """What was drawn and what holds; `source` by kind: `settings`, `drawn` or `default`."""

    drawn: Drawn
    in_effect: InEffect
    source: dict[str, str]
    restart_wanted: bool
    trouble: str = ""

    @property
    def wanted(self) -> InEffect:
        """What the next start goes by."""
        drawn, now = self.drawn, self.in_effect
        return InEffect(
            zone=now.zone if drawn.zone is None else drawn.zone,
            floor=now.floor if drawn.floor is None else drawn.floor,
            mask=now.mask if drawn.mask is None else drawn.mask,
        )

    def with_only_changes(self, given: InEffect) -> Drawn:
        """What to save for this: a kind that is as the settings have it stays theirs."""
        was = self.wanted
        return Drawn(
            zone=self.drawn.zone if given.zone == was.zone else given.zone,
            floor=self.drawn.floor if given.floor == was.floor else given.floor,
            mask=self.drawn.mask if given.mask == was.mask else given.mask,
        )


@dataclass(slots=True)
class Link:
    """One kiosk and the grant for it. Every method may raise `FaultError`, by the kiosk's own names.

    `standing` is asked at most twice a second, however often it is called.
    """

    runtime: Path
    grant: str = field(repr=False)
    standing: Kept[CommissionView | FaultError] = field(init=False)
    aims: Kept[Mapping[str, Aim]] = field(init=False)
    drawn: Kept[DrawnView | FaultError] = field(init=False)
    learning: Kept[Learning | FaultError] = field(init=False)
    enrolling: Kept[EnrolView | FaultError] = field(init=False)

    def __post_init__(self) -> None:
        self.standing = Kept(self._stands, ASKED_EVERY_S)
        self.aims = Kept(self._aims, ASKED_EVERY_S)
        self.drawn = Kept(self._drawn, SELDOM_S)
        self.learning = Kept(self._learning, SELDOM_S)
        self.enrolling = Kept(self._enrolling, ASKED_EVERY_S)

    def _stands(self) -> CommissionView | FaultError:
        try:
            return self.shaped(Commission(grant=self.grant), CommissionView)
        except FaultError as fault:
            return fault

    def shaped(self, request: Request, kind: type[T]) -> T:
        """The reply as a value of this type. Raises `FaultError`."""
        try:
            return msgspec.convert(self.asked(request), kind)
        except msgspec.ValidationError as error:
            raise FaultError("kiosk_not_running", "another version of the program answers") from error

    def asked(self, request: Request, within_s: float = SLOW_S) -> Reply:
        """The reply to a request that was not refused."""
        return done(ask(self.runtime, request, within_s))

    def _seen(self, request: Request, kind: type[T]) -> T | FaultError:
        """What the kiosk shows. A grant that it refused is not shown to it again: each try takes a second."""
        standing = self.standing()
        if isinstance(standing, FaultError) and standing.code == "not_granted":
            return standing
        try:
            return self.shaped(request, kind)
        except FaultError as fault:
            return fault

    def _aims(self) -> Mapping[str, Aim]:
        """What is measured of each camera; none while the eyes have not answered."""
        aims = self._seen(SeeAim(grant=self.grant), _Aims)
        return {} if isinstance(aims, FaultError) else aims.cameras

    def _drawn(self) -> DrawnView | FaultError:
        return self._seen(SeeDrawn(grant=self.grant), DrawnView)

    def _learning(self) -> Learning | FaultError:
        return self._seen(SeeLearning(grant=self.grant), Learning)

    def _enrolling(self) -> EnrolView | FaultError:
        return self._seen(EnrolProgress(grant=self.grant), EnrolView)

    # --- what is drawn and learnt ------------------------------------------------------------------

    def draw(self, drawn: Drawn) -> tuple[Warned, ...]:
        """Save it for the next start. What is worth a look comes back."""
        reply = self.asked(Draw(grant=self.grant, drawn=drawn), DRAWN_WITHIN_S)
        self.drawn.forget()
        return msgspec.convert(reply.get("warnings", ()), tuple[Warned, ...])

    def learn(
        self, what: LearnWhat, regions: tuple[Region, ...], wide: str = "", wide_cm: float = 0.0
    ) -> None:
        """Begin to learn the empty cabin, or the front in these regions; `wide` names one that is so wide."""
        named = tuple(LearnRegion(one.name, one.polygon) for one in regions)
        self.asked(Learn(grant=self.grant, what=what, regions=named, wide=wide, wide_cm=wide_cm))
        self.learning.forget()

    def learn_end(self) -> None:
        self.asked(LearnEnd(grant=self.grant))
        self.learning.forget()

    # --- outputs -----------------------------------------------------------------------------------

    def try_output(self, output: Tried, seconds: float) -> None:
        self.asked(TryOutput(grant=self.grant, output=output, seconds=seconds))
        self.standing.forget()

    def untry(self) -> None:
        """Nothing is asked before, and no grant is needed."""
        self.asked(Untry())
        self.standing.forget()

    # --- the rest ----------------------------------------------------------------------------------

    def send_test(self, to: Told) -> int:
        """The number of the text."""
        reply = self.asked(SendTestText(grant=self.grant, to=to))
        self.standing.forget()
        return int(str(reply["number"]))

    def enrol(self, owner: Owner, by: str) -> None:
        """Begin to enrol somebody who has agreed."""
        self.asked(
            EnrolBegin(
                grant=self.grant,
                name=owner.name,
                card=owner.card,
                phone=owner.phone,
                language=owner.language,
                consent=owner.consent,
                by=by,
                agreed=True,
                anyway=owner.anyway,
            )
        )
        self.enrolling.forget()

    def enrol_cancel(self) -> None:
        self.asked(EnrolCancel(grant=self.grant))
        self.enrolling.forget()

    def restart(self) -> None:
        self.asked(Restart(grant=self.grant))
        self.standing.forget()

    def sign(self, who: str, items: tuple[CheckItem, ...]) -> str:
        """The head of the record behind the signature: `SEQ:HASH`."""
        return str(self.asked(Sign(grant=self.grant, who=who, items=items), SIGNED_WITHIN_S)["head"])

    def end(self) -> None:
        self.asked(CommissionEnd(grant=self.grant))

    def lasts(self) -> bool:
        """Whether the grant is still good. A kiosk that does not answer may be starting again: yes."""
        standing = self.standing()
        return not (isinstance(standing, FaultError) and standing.code == "not_granted")
