"""A cabin in words for the tests: people, wires and keys on one side; loudspeaker, card and phones answer.

Every step is also watched by `cabin_model.Watch`, so a scenario cannot break a property unnoticed.
"""

from __future__ import annotations

import msgspec

from edge.cabin.comeback import wake_up
from edge.cabin.commands import (
    ClearEntry,
    Command,
    IssueCode,
    IssueOwnerCode,
    JudgeEntry,
    JudgeOwnerEntry,
    Note,
    PromptKey,
    RecordLock,
    Refuse,
    Say,
    SendCode,
    SetDoor,
    SetLights,
    SetPermit,
    SetSound,
    Tell,
    VoidCode,
)
from edge.cabin.deadlines import next_wake_s
from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    ClaimMade,
    ClaimOver,
    ClockJumped,
    CodeAccepted,
    CodeDenied,
    Device,
    DeviceFailed,
    DeviceRecovered,
    Emptied,
    EntryCompleted,
    EntryJudged,
    EntryVerdict,
    Event,
    FaceFact,
    FaceJudged,
    InputMoved,
    KeyTouched,
    Orderer,
    OwnerCodeOver,
    OwnerCodeSent,
    OwnerCodeWanted,
    OwnerEntryCompleted,
    OwnerEntryJudged,
    OwnerJudged,
    PeopleJudged,
    PresenceStuck,
    PromptGiven,
    RecordAnswered,
    ReleaseOrdered,
    Restarted,
    Ticked,
    TrialAsked,
    TrialStopped,
)
from edge.cabin.outputs import shown
from edge.cabin.rules import Flow, OwnerRules, Rules
from edge.cabin.state import Mode, State, returning
from edge.cabin.table import step
from edge.codes.book import CodeBook
from edge.codes.hidden import Typed
from edge.terms.commission import TrialEnd, Tried
from edge.terms.identity import ClaimEnd, NoOwnerCode, OwnerFact
from edge.terms.observation import CameraHealth, Cover, Unclear
from edge.terms.record import Recipient
from hw.ports import Input, Sound
from tests.worlds.cabin_grids import check_way
from tests.worlds.cabin_model import Watch

FACES = {
    "bare": FaceJudged(FaceFact.PROPER),
    "masked": FaceJudged(FaceFact.COVERED, Cover.MASK),
    "helmeted": FaceJudged(FaceFact.COVERED, Cover.HELMET),
    "turned": FaceJudged(FaceFact.TURNED),
    "hidden": FaceJudged(FaceFact.HIDDEN),
    "masked and turned": FaceJudged(FaceFact.COVERED, Cover.MASK, turned=True),
    "unclear": FaceJudged(FaceFact.UNCLEAR, unclear=Unclear.SMALL),
    "cut": FaceJudged(FaceFact.UNCLEAR, unclear=Unclear.CUT),
}


EVENTS: tuple[Event, ...] = (
    Appeared(),
    Emptied(),
    PresenceStuck(),
    *(FaceJudged(face) for face in FaceFact),
    *(FaceJudged(FaceFact.COVERED, cover) for cover in Cover),
    FaceJudged(FaceFact.COVERED, Cover.MASK, turned=True),
    *(FaceJudged(FaceFact.UNCLEAR, unclear=why) for why in Unclear if why is not Unclear.NONE),
    PeopleJudged(True),
    PeopleJudged(False),
    *(CameraJudged(health) for health in CameraHealth),
    *(AnomalyBegan(anomaly, "detail") for anomaly in Anomaly),
    *(AnomalyEnded(anomaly) for anomaly in Anomaly),
    *(InputMoved(name, active) for name in Input for active in (True, False)),
    KeyTouched(),
    EntryCompleted(),
    *(EntryJudged(verdict) for verdict in EntryVerdict),
    *(OwnerJudged(fact) for fact in OwnerFact),
    *(ClaimMade(claim) for claim in (1, 2)),
    *(ClaimOver(1, why) for why in ClaimEnd),
    ClaimOver(2, ClaimEnd.MACHINE_ENDED),
    OwnerCodeWanted(),
    *(OwnerCodeSent(claim) for claim in (1, 2)),
    *(OwnerCodeOver(1, why) for why in NoOwnerCode),
    OwnerCodeOver(2, NoOwnerCode.NOT_SENT),
    OwnerEntryCompleted(),
    *(OwnerEntryJudged(1, verdict) for verdict in EntryVerdict),
    OwnerEntryJudged(2, EntryVerdict.RIGHT),
    *(TrialAsked(output, 3.0, seen_empty=True) for output in Tried),
    TrialAsked(Tried.LOCK, 99.0, seen_empty=True),
    *(TrialAsked(output, 3.0, seen_empty=False) for output in (Tried.LOCK, Tried.PERMIT, Tried.SIREN)),
    *(TrialStopped(why) for why in (TrialEnd.STOPPED, TrialEnd.HAPPENED)),
    *(RecordAnswered(incident) for incident in (0, 1, 2)),
    *(CodeAccepted(i, issue, whom) for i in (1, 2) for issue in (1, 2) for whom in Recipient),
    *(CodeDenied(i, issue, whom) for i in (1, 2) for issue in (1, 2) for whom in Recipient),
    *(PromptGiven(ticket) for ticket in (0, 1, 2, 99)),
    *(ReleaseOrdered(by, incident) for by in Orderer for incident in (0, 1, 7)),
    *(DeviceFailed(device, "some_code") for device in Device),
    *(DeviceRecovered(device) for device in Device),
    ClockJumped(-3600.0),
    *(
        Restarted(fire, exit_, door_open, off_s)
        for fire in (True, False)
        for exit_ in (True, False)
        for door_open in (True, False)
        for off_s in (0.0, 180.0, 181.0, None)
    ),
    Ticked(),
)
"""One of every kind in every variant, sensible or not."""


class Cabin:
    """One cabin on a story clock. What answers by itself can be switched off: `card`, `speaker`, `phones`."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules(flow=Flow())
        self.flow = self.rules.flow
        self.state = State()
        self.now_s = 0.0
        self.saved_at_s = 0.0
        self.watch = Watch(self.rules)
        self.all: list[Command] = []
        self.fresh: list[Command] = []
        self.modes: list[str] = ["vacant"]
        self.card = True
        self.speaker = True
        self.phones = {Recipient.WATCHMAN, Recipient.WATCHMAN2}
        self.door = self.permit = False
        self.sound = Sound.OFF
        self.book = CodeBook(self.flow.code_digits)
        self.old_codes: list[str] = []
        self._typed = Typed("")
        self.owner_phone = True
        self._owner_types = EntryVerdict.WRONG

    # --- the machinery ------------------------------------------------------------------------------

    def unanswered(self, event: Event) -> tuple[Command, ...]:
        """An event at this very moment, and nothing answers what it ordered."""
        done = step(self.state, event, self.now_s, self.rules)
        check_way(self.state.mode, done, self.rules)
        self.state = done.state
        self.saved_at_s = self.now_s
        self.watch.saw(event, done.state, done.commands, self.now_s)
        if done.state.mode.value != self.modes[-1]:
            self.modes.append(done.state.mode.value)
        for command in done.commands:
            self._carry_out(command)
        self.all += done.commands
        self.fresh += done.commands
        return done.commands

    def hear(self, *events: Event) -> Cabin:
        """Events at this very moment, each followed by the answers to what it ordered."""
        waiting = list(events)
        while waiting:
            event = waiting.pop(0)
            answers: list[Event] = []
            for command in self.unanswered(event):
                answers += self._answer(command)
            waiting = answers + waiting
        return self

    def _carry_out(self, command: Command) -> None:
        match command:
            case SetDoor(locked):
                self.door = locked
            case SetPermit(on):
                self.permit = on
            case SetSound(sound):
                self.sound = sound
            case IssueCode(_, issue):
                self._keep_old_code()
                self.book.issue(issue)
            case VoidCode():
                self._keep_old_code()
                self.book.void()
            case _:
                pass

    def _keep_old_code(self) -> None:
        if (old := self.book.text()) is not None:
            self.old_codes.append(old)

    def _answer(self, command: Command) -> list[Event]:
        match command:
            case Say(ticket, _, _, _) if self.speaker:
                return [PromptGiven(ticket)]
            case RecordLock(incident) if self.card:
                return [RecordAnswered(incident)]
            case SendCode(incident, issue, recipient, _) if recipient in self.phones:
                return [CodeAccepted(incident, issue, recipient)]
            case JudgeEntry():
                return [EntryJudged(self.book.judge(self._typed))]
            case IssueOwnerCode(claim) if self.owner_phone:
                return [OwnerCodeSent(claim)]
            case JudgeOwnerEntry(claim):
                return [OwnerEntryJudged(claim, self._owner_types)]
            case _:
                pass
        return []

    def wait(self, seconds: float) -> Cabin:
        """Time goes on; the loop wakes when the table said it wants to."""
        return self.until(self.now_s + seconds)

    def until(self, end_s: float) -> Cabin:
        """Time goes on to that moment, and every deadline up to it was woken for."""
        while True:
            wake_s = next_wake_s(self.state, self.now_s, self.rules)
            if wake_s is None or wake_s > end_s:
                break
            self.stall_until(wake_s)
            self.hear(Ticked())
        self.stall_until(end_s)
        return self

    def stall_until(self, at_s: float) -> None:
        """Time goes on to that moment, and the loop is not woken."""
        self.watch.run(at_s - self.now_s)
        self.now_s = at_s

    # --- people, wires, keys ------------------------------------------------------------------------

    def comes(self, face: str | None = None) -> Cabin:
        self.hear(Appeared())
        return self.shows(face) if face else self

    def shows(self, face: str) -> Cabin:
        return self.hear(FACES[face])

    def leaves(self) -> Cabin:
        return self.hear(Emptied())

    def several(self, several: bool = True) -> Cabin:
        return self.hear(PeopleJudged(several))

    def wire(self, name: str, active: bool) -> Cabin:
        return self.hear(InputMoved(Input(name), active))

    def begins(self, anomaly: str) -> Cabin:
        return self.hear(AnomalyBegan(Anomaly(anomaly)))

    def ends(self, anomaly: str) -> Cabin:
        return self.hear(AnomalyEnded(Anomaly(anomaly)))

    def camera(self, health: str) -> Cabin:
        return self.hear(CameraJudged(CameraHealth(health)))

    def fails(self, device: str) -> Cabin:
        return self.hear(DeviceFailed(Device(device), f"{device}_broken"))

    def recovers(self, device: str) -> Cabin:
        return self.hear(DeviceRecovered(Device(device)))

    def stuck(self) -> Cabin:
        return self.hear(PresenceStuck())

    def types(self, code: str) -> Cabin:
        """`right`, `wrong`, `old`: the entry of the watchman at the keypad."""
        live = self.book.text() or "000"
        other = next(
            c for c in ("123", "124", "125", "126", "127", "128", "129") if c not in (live, *self.old_codes)
        )
        self._typed = Typed({"right": live, "wrong": other, "old": (self.old_codes or ["000"])[-1]}[code])
        return self.hear(KeyTouched(), EntryCompleted())

    def touches_a_key(self) -> Cabin:
        return self.hear(KeyTouched())

    def tries(self, output: str, seconds: float = 5.0, *, seen_empty: bool = True) -> Cabin:
        """Anyone who commissions the cabin tries an output."""
        return self.hear(TrialAsked(Tried(output), seconds, seen_empty))

    def control_room_releases(self, incident: int = 0) -> Cabin:
        return self.hear(ReleaseOrdered(Orderer.CONTROL_ROOM, incident))

    def claims(self, number: int = 1) -> Cabin:
        """The machine says whose card it is."""
        return self.hear(ClaimMade(number))

    def owner(self, fact: str) -> Cabin:
        return self.hear(OwnerJudged(OwnerFact(fact)))

    def asks_for_code(self) -> Cabin:
        return self.hear(OwnerCodeWanted())

    def types_owner(self, code: str) -> Cabin:
        """`right`, `wrong`, `superseded`: the customer's entry at the machine."""
        self._owner_types = EntryVerdict(code)
        return self.hear(OwnerEntryCompleted())

    def locked(self, face: str = "masked") -> Cabin:
        """The main path up to the lock."""
        self.comes(face).wait(self.flow.lock_after_s)
        assert self.mode == "locked", self.mode
        return self

    def dies_and_starts(
        self,
        off_s: float = 8.0,
        fire: bool | None = None,
        exit_: bool | None = None,
        door_open: bool | None = None,
        clock: bool = True,
    ) -> Cabin:
        """Killed now; after `off_s` it runs again, the inputs read. Not `clock`: none can say how long."""
        saved_at_s = self.saved_at_s
        if self.state.mode is Mode.LOCKED or returning(self.state):  # elapsed times are recorded now and then
            lost_s = (self.now_s - saved_at_s) % self.flow.checkpoint_s
            saved_at_s = self.now_s - lost_s
        self.door = self.permit = False
        self.book = CodeBook(self.flow.code_digits)
        self.now_s += off_s
        known_s = self.now_s - saved_at_s if clock else None  # the last record is all that is known
        self.state = wake_up(self.state, saved_at_s, self.now_s, known_s, self.flow)
        s = self.state
        return self.hear(
            Restarted(
                fire=s.fire if fire is None else fire,
                exit=s.exit if exit_ is None else exit_,
                door_open=s.door_open if door_open is None else door_open,
                off_s=known_s,
            )
        )

    # --- what is seen, heard and told ---------------------------------------------------------------

    @property
    def mode(self) -> str:
        return self.state.mode.value

    @property
    def shown(self) -> str:
        return shown(self.state, self.now_s)

    def forget(self) -> Cabin:
        """What was ordered so far is not asked about any more."""
        self.fresh.clear()
        return self

    def ordered(self, kind: type[Command]) -> list[Command]:
        return [c for c in self.fresh if isinstance(c, kind)]

    @property
    def told(self) -> list[str]:
        return [c.kind for c in self.fresh if isinstance(c, Tell)]

    def told_whom(self, kind: str) -> list[set[str]]:
        return [{r.value for r in c.recipients} for c in self.fresh if isinstance(c, Tell) and c.kind == kind]

    @property
    def reasons(self) -> dict[str, str]:
        return {c.kind: c.reason for c in self.fresh if isinstance(c, Tell)}

    @property
    def said(self) -> list[str]:
        return [
            c.prompt.value for c in self.fresh if isinstance(c, Say) and c.prompt is not PromptKey.SILENCE
        ]

    @property
    def causes(self) -> list[str]:
        return [c.cause.value for c in self.fresh if isinstance(c, Say) and c.prompt is PromptKey.SHOW_FACE]

    @property
    def countdowns(self) -> list[int]:
        return [c.lock_in_s for c in self.fresh if isinstance(c, Say) and c.prompt is PromptKey.SHOW_FACE]

    @property
    def codes(self) -> list[tuple[int, str, int]]:
        """Issue, recipient and count of every code SMS."""
        return [(c.issue, c.recipient.value, c.counted) for c in self.fresh if isinstance(c, SendCode)]

    @property
    def notes(self) -> list[str]:
        return [c.name for c in self.fresh if isinstance(c, Note)]

    @property
    def buzzed(self) -> int:
        return len([c for c in self.fresh if isinstance(c, Refuse)])

    @property
    def cleared_entries(self) -> int:
        return len([c for c in self.fresh if isinstance(c, ClearEntry)])

    @property
    def lights(self) -> set[str]:
        lit = [c.lit for c in self.all if isinstance(c, SetLights)]
        return {light.value for light in lit[-1]} if lit else {"green"}


CLAIMS = OwnerRules()


def claimed(face: str | None = "bare") -> Cabin:
    """A cabin that asks for the owner of the card, and a customer whose card is in the machine."""
    c = Cabin(Rules(flow=Flow(), owner=CLAIMS)).comes(face)
    return c.claims()


def rules(door_contact: bool = True, **numbers: float) -> Rules:
    """The defaults with some numbers changed."""
    return Rules(flow=msgspec.structs.replace(Flow(), **numbers), door_contact=door_contact)
