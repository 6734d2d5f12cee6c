"""Whose card it is, in the loop: between the machine's line, the gallery, the eyes, the judge and the code.

The table decides; this hears and tells. Everything that names somebody, the token, the templates and the
telephone number, stays here and in what it asks: the table knows a claim by its number alone. All times are
monotonic seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from edge.cabin.commands import AnswerMachine, EndClaim, IssueOwnerCode, JudgeOwnerEntry, VoidOwnerCode
from edge.cabin.events import (
    ClaimMade,
    ClaimOver,
    Device,
    Event,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerCodeWanted,
    OwnerEntryCompleted,
    OwnerEntryJudged,
)
from edge.cabin.outputs import owner_asked, owner_face_wanted, permit_on, permit_reason
from edge.identity.desk import (
    CodeJudged,
    CodeNotSent,
    CodeRefused,
    CodeSent,
    CodeWanted,
    EntryTyped,
    OwnerNews,
    OwnerSaidNo,
)
from edge.identity.keeper import GalleryFault, GalleryNoted, GalleryTaken
from edge.identity.limits import OwnerRefusal
from edge.identity.person import Enrolled
from edge.loop.logbook import Logbook
from edge.loop.owner_codes import OwnerCodes
from edge.loop.parts import Parts
from edge.loop.situation import Situation
from edge.terms.identity import ClaimEnd, NoOwnerCode
from edge.terms.observation import FACE_CAMERA, Observation
from edge.terms.record import Remembered
from hw.ports import (
    Asked,
    AtmEvent,
    Claimed,
    ClaimEnded,
    CodeGiven,
    KeyPress,
    MachineBack,
    MachineDoubted,
    MachineLost,
)

COUNTER: Final = "claim"
"""Under which the record keeps how many claims there were."""

_TOLD_BY_ITSELF: Final = frozenset({ClaimEnd.MACHINE_ENDED, ClaimEnd.LINE_LOST, ClaimEnd.ANOTHER_CLAIM})
"""Ends that the machine made itself, or cannot hear of."""

_NO_CODE: Final[Mapping[OwnerRefusal, NoOwnerCode]] = {
    OwnerRefusal.CARD_RESTS: NoOwnerCode.CARD_RESTS,
    OwnerRefusal.TOO_MANY: NoOwnerCode.TOO_MANY,
    OwnerRefusal.NOT_SENT: NoOwnerCode.NOT_SENT,
    OwnerRefusal.NOT_ON_RECORD: NoOwnerCode.NOT_ON_RECORD,
    OwnerRefusal.EXPIRED: NoOwnerCode.EXPIRED,
    OwnerRefusal.NO_CODE: NoOwnerCode.EXPIRED,
    OwnerRefusal.INCOMPLETE: NoOwnerCode.NOT_ON_RECORD,
    OwnerRefusal.UNDER_WAY: NoOwnerCode.NOT_ON_RECORD,
}
"""Why there is no code any more, where the desk would not do what the table ordered."""

Command = AnswerMachine | EndClaim | IssueOwnerCode | JudgeOwnerEntry | VoidOwnerCode
"""The table's orders about a claim."""

TellFault = Callable[[str, bool, Mapping[str, object], float], None]


@dataclass(frozen=True, slots=True)
class _Claim:
    """One that a machine made: whose it would be."""

    number: int
    machine: str
    enrolled: Enrolled = field(repr=False)


@dataclass(slots=True)
class _Told:
    """What was said last, so that only changes are."""

    permit: tuple[bool, str, str] | None = None
    asked: tuple[int, Asked | None] = (0, None)
    looked_for: int = 0


class Owner:
    """The claims of one kiosk. `drain` takes to the table what was added to the situation."""

    def __init__(
        self,
        parts: Parts,
        situation: Situation,
        logbook: Logbook,
        fault: TellFault,
        drain: Callable[[float], None],
    ) -> None:
        self._atm = parts.board.atm
        self._identity = parts.identity
        self._situation = situation
        self._logbook = logbook
        self._fault = fault
        self._drain = drain
        self._number = 0
        self._open: _Claim | None = None
        self._made: _Claim | None = None
        self._comparing = False
        self._gallery_whole = True
        self._told = _Told()
        self.codes: Final = OwnerCodes(parts, situation, logbook, self._hear_of_code)

    # --- life --------------------------------------------------------------------------------------

    def restore(self, remembered: Remembered, now_s: float) -> None:
        """No claim outlives a start; their numbers and the tries of the cards do."""
        self._number = dict(remembered.counters).get(COUNTER, 0)
        self.codes.restore(remembered, now_s)

    @property
    def counters(self) -> tuple[tuple[str, int], ...]:
        """For the record."""
        kept = {} if self._identity is None else self._identity.keeper.counters
        return ((COUNTER, self._number), *kept.items()) if self._number or kept else ()

    @property
    def words(self) -> dict[str, object]:
        """How far the claim has come, for a status; nothing where none is asked for."""
        return {} if self._identity is None else {"claim": self._situation.state.claim.stage.value}

    # --- what comes in -----------------------------------------------------------------------------

    def observe(self, observation: Observation, now_s: float) -> tuple[Event, ...]:
        """One frame: what is held of whether the owner stands there."""
        judge = None if self._identity is None else self._identity.judge
        if judge is None or observation.camera != FACE_CAMERA:
            return ()
        return judge.update(observation, now_s)

    def key(self, press: KeyPress, now_s: float) -> None:
        """A key of the customer's keypad; for nobody while no claim is open."""
        if self._open is not None:
            self.codes.key(press.key, now_s)
            self._drain(now_s)

    def poll(self, now_s: float) -> None:
        """The machine, the gallery, and the deadlines of a code."""
        if self._identity is not None:
            self._hear_of_gallery(now_s)
        if self._atm is not None:
            for event in self._atm.poll(now_s):
                self._hear_of_machine(event, now_s)
                self._drain(now_s)
        self.codes.poll(now_s)
        self._drain(now_s)

    def next_wake_s(self, now_s: float) -> float | None:
        wakes = [self.codes.next_wake_s()]
        if self._atm is not None:
            wakes.append(self._atm.next_wake_s())
        if self._identity is not None:
            wakes.append(self._identity.keeper.next_wake_s(now_s))
        return min((wake_s for wake_s in wakes if wake_s is not None), default=None)

    # --- what the table orders ---------------------------------------------------------------------

    def carry_out(self, command: Command, now_s: float) -> None:
        match command:
            case IssueOwnerCode():
                self.codes.issue(now_s)
            case JudgeOwnerEntry():
                self._comparing = True
                self.codes.compare(now_s)
            case VoidOwnerCode():
                self.codes.void(now_s)
            case EndClaim(claim=number, why=why):
                self._end(number, why, now_s)
            case AnswerMachine(claim=number, refused=refused):
                self._refuse(number, refused)
            case _:
                assert_never(command)

    def stepped(self, now_s: float) -> None:
        """The table has made a step: what of it the machine, the eyes and the judge have to know."""
        number = self._situation.state.claim.number
        if self._made is not None:
            if self._made.number == number:
                self._begin(self._made, now_s)
            self._made = None
        self._look(now_s)
        self._tell_permit()
        self._ask()

    # --- the machine -------------------------------------------------------------------------------

    def _hear_of_machine(self, event: AtmEvent, now_s: float) -> None:
        match event:
            case Claimed(machine=machine, token=token):
                self._claim(machine, token, now_s)
            case CodeGiven(machine=machine, digits=digits):
                if self._open is not None and self._open.machine == machine:
                    self.codes.given(digits, now_s)
                else:
                    self._answer(machine, "no_claim" if self._open is None else "another_machine")
            case ClaimEnded(machine=machine, cut=cut):
                self._over(machine, ClaimEnd.LINE_LOST if cut else ClaimEnd.MACHINE_ENDED)
            case MachineLost(machine=machine, code=code):
                self._over(machine, ClaimEnd.LINE_LOST)
                self._situation.trouble(Device.ATM, code, machine, True)
            case MachineBack(machine=machine):
                self._situation.trouble(Device.ATM, "", machine, False)
            case MachineDoubted(code=code, detail=detail):
                self._logbook.note("fault", code, {"detail": detail}, now_s)
            case _:
                assert_never(event)

    def _claim(self, machine: str, token: str, now_s: float) -> None:
        """A card was put in. One claim at a time: another machine's has to wait for the end of this one."""
        if self._identity is None:
            self._answer(machine, "identity_off")
            return
        if self._open is not None and self._open.machine != machine:
            self._answer(machine, "another_machine")
            return
        enrolled = self._identity.keeper.gallery.find(token)
        if enrolled is None:
            self._over(machine, ClaimEnd.ANOTHER_CLAIM)
            self._answer(machine, ClaimEnd.NOT_ENROLLED.value)
            self._logbook.note("event", "card_not_enrolled", {"machine": machine}, now_s)
            return
        self._number += 1
        self._made = _Claim(self._number, machine, enrolled)
        self._situation.add(ClaimMade(self._number))

    def _over(self, machine: str, why: ClaimEnd) -> None:
        if self._open is not None and self._open.machine == machine:
            self._situation.add(ClaimOver(self._open.number, why))

    def _answer(self, machine: str, refused: str) -> None:
        if self._atm is not None:
            self._atm.refuse(machine, refused)

    def _refuse(self, number: int, refused: str) -> None:
        """Of the claim that is open, of the one that was just made, or of none: then nobody asked."""
        for claim in (self._open, self._made):
            if claim is not None and claim.number == number:
                self._answer(claim.machine, refused)

    def _begin(self, claim: _Claim, now_s: float) -> None:
        self._open = claim
        self._comparing = False
        enrolled = claim.enrolled
        self.codes.begin(claim.number, enrolled.person, enrolled.phone, now_s, enrolled.language)

    def _end(self, number: int, why: ClaimEnd, now_s: float) -> None:
        claim = self._open
        if claim is None or claim.number != number:
            return
        self._open = None
        self.codes.end(now_s)
        if why not in _TOLD_BY_ITSELF:
            self._answer(claim.machine, why.value)

    def _look(self, now_s: float) -> None:
        """Ask the eyes for looks, and the judge for a verdict, while the face is what counts."""
        if self._identity is None or self._identity.judge is None:
            return
        wanted = self._open is not None and owner_face_wanted(self._situation.state)
        number = self._open.number if self._open is not None and wanted else 0
        if number == self._told.looked_for:
            return
        self._told.looked_for = number
        if self._open is not None and wanted and self._open.enrolled.templates:
            self._identity.judge.begin(self._open.enrolled.templates, now_s)
        else:
            self._identity.judge.end()
        self._identity.want_owner(wanted)

    def _tell_permit(self) -> None:
        if self._atm is None:
            return
        state, rules = self._situation.state, self._situation.rules
        on = permit_on(state, rules)
        whose = self._open.machine if on and self._open is not None else ""
        permit = (on, permit_reason(state, rules), whose)
        if permit != self._told.permit:
            self._told.permit = permit
            self._atm.permit(on, permit[1], whose)

    def _ask(self) -> None:
        if self._open is None:
            self._told.asked = (0, None)
            return
        asked = (self._open.number, owner_asked(self._situation.state))
        if asked == self._told.asked:
            return
        self._told.asked = asked
        if self._atm is not None and asked[1] is not None:
            self._atm.ask(self._open.machine, asked[1])

    # --- the gallery -------------------------------------------------------------------------------

    def _hear_of_gallery(self, now_s: float) -> None:
        assert self._identity is not None
        for news in self._identity.keeper.poll(now_s):
            match news:
                case GalleryFault(code=code, detail=detail, active=active):
                    self._gallery_whole = not active
                    self._fault(code, active, {"detail": detail}, now_s)
                case GalleryNoted(name=name, data=data):
                    self._logbook.note("note", name, data, now_s)
                case GalleryTaken(gone=gone):
                    if self._open is not None and self._open.enrolled.person in gone:
                        self._over(self._open.machine, ClaimEnd.NOT_ENROLLED)
                    if self._gallery_whole:  # else nobody is known, and every card keeps its tries
                        self.codes.keep_only(self._identity.keeper.gallery.persons, now_s)
                case _:
                    assert_never(news)
            self._drain(now_s)

    # --- the code ----------------------------------------------------------------------------------

    def _hear_of_code(self, news: OwnerNews) -> None:
        match news:
            case CodeWanted():
                self._situation.add(OwnerCodeWanted())
            case EntryTyped():
                self._situation.add(OwnerEntryCompleted())
            case CodeSent(claim=claim):
                self._situation.add(OwnerCodeSent(claim))
            case CodeNotSent(claim=claim):
                self._situation.add(OwnerCodeOver(claim, NoOwnerCode.NOT_SENT))
            case CodeRefused(claim=claim, why=OwnerRefusal.INCOMPLETE) if not self._comparing:
                self._refuse(claim, OwnerRefusal.INCOMPLETE.value)
            case CodeRefused(claim=claim, why=why):
                self._comparing = False
                self._situation.add(OwnerCodeOver(claim, _NO_CODE[why]))
            case CodeJudged(claim=claim, verdict=verdict, rest_s=rest_s):
                self._comparing = False
                self._situation.add(OwnerEntryJudged(claim, verdict))
                if rest_s > 0.0:
                    self._situation.add(OwnerCodeOver(claim, NoOwnerCode.TRIES_USED))
            case OwnerSaidNo(claim=claim):
                self._situation.add(ClaimOver(claim, ClaimEnd.OWNER_SAID_NO))
            case _:
                assert_never(news)
