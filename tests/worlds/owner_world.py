"""The card owner's code without a cabin: real desk, record, outbox, inbox and modem engine, a fake phone.

What the table would decide is decided at once: a code that is asked for is sent, a full entry is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast
from zoneinfo import ZoneInfo

from edge.cabin.anomalies import Policy
from edge.cabin.rules import Flow, Rules
from edge.codes.book import CodeBook, random_code
from edge.codes.release import ReleaseDesk
from edge.identity.desk import (
    OWNER_CODE_DIGITS,
    CodeJudged,
    CodeRefused,
    CodeWanted,
    EntryTyped,
    OwnerDesk,
    OwnerNews,
)
from edge.identity.limits import CodeRules, Moment
from edge.journal.limits import JournalLimits
from edge.journal.writer import Journal
from edge.loop.facts import Facts
from edge.loop.happening import Happening
from edge.loop.logbook import Logbook
from edge.loop.on_record import OnRecord
from edge.loop.owner_codes import OwnerCodes
from edge.loop.parts import Parts
from edge.loop.post import Post
from edge.loop.situation import Situation
from edge.loop.unrecorded import Unrecorded
from edge.messages.inbox import Inbox
from edge.messages.outbox import Outbox
from edge.messages.texts import Context, code_in
from edge.messages.ways.carrier import Carrier
from edge.terms.record import Channel, Recipient
from hw.bench import FakeModem, SteppedModem

OWNER: Final = "+15550177"
NUMBERS: Final = {Recipient.WATCHMAN: "+15550100", Recipient.CONTROL_ROOM: "+15550102"}
WALL_S: Final = 1_767_254_400.0
ANNA: Final = 7
"""A person of the gallery."""


@dataclass
class WorldClock:
    """Both clocks, moved by the test. `boot`: which one it is; `true`: whether the wall clock was set."""

    mono_s: float = 1000.0
    ahead_s: float = WALL_S - 1000.0
    boot: str = "first"
    true: bool = True

    def now_s(self) -> float:
        return self.mono_s

    def wall_s(self) -> float:
        return self.mono_s + self.ahead_s

    def wall_true(self) -> bool:
        return self.true


class _Unlocked:
    """A door that nothing here moves."""

    is_on = False


@dataclass
class _Board:
    clock: WorldClock
    modem: SteppedModem
    lock: _Unlocked


@dataclass
class _Few:
    """The parts that the messages of a kiosk need."""

    board: _Board
    rules: Rules
    journal: Journal
    outbox: Outbox
    streams: None
    keep_messages_s: float
    inbox: Inbox
    release_desk: ReleaseDesk
    identity: object
    owner_desk: OwnerDesk
    context: Context
    book: CodeBook


@dataclass
class Phone:
    """What outlives a power cut: the modem, and those who read its texts."""

    modem: FakeModem = field(default_factory=FakeModem)

    def texts(self, number: str = OWNER) -> list[str]:
        return [text.text for text in self.modem.texts if text.number == number]

    def code(self, number: str = OWNER) -> str:
        """The code of the newest text."""
        code = code_in(self.texts(number)[-1])
        assert code is not None
        return code


class OwnerWorld:
    """One life of the program on a folder. `heard` is what the table would be told."""

    in_use = True
    book_type: type[CodeBook] = CodeBook
    journal_type: type[Journal] = Journal

    def __init__(
        self,
        folder: Path,
        clock: WorldClock | None = None,
        phone: Phone | None = None,
        *,
        rules: CodeRules | None = None,
        choose: Callable[[int], str] = random_code,
        carriers: Mapping[Channel, Carrier] = MappingProxyType({}),
        threaded: bool = False,
    ) -> None:
        self.folder = folder
        self.clock = clock or WorldClock()
        self.phone = phone or Phone()
        self.disk_error: OSError | None = None
        self.decides = True
        self.heard: list[OwnerNews] = []
        self.shown: list[Happening] = []
        clock = self.clock
        self.journal = self.journal_type(
            folder / "journal.db", clock, JournalLimits(), threaded=threaded, before_sync=self._sync
        )
        remembered = self.journal.open()
        self.watchman = CodeBook(OWNER_CODE_DIGITS, choose)
        self.book = self.book_type(OWNER_CODE_DIGITS, choose)
        self.book.keep_apart(self.watchman)
        self.desk = OwnerDesk(
            rules or CodeRules(),
            self.book,
            lambda: Moment(clock.boot, clock.now_s(), clock.wall_s(), clock.wall_true()),
        )
        modem = SteppedModem(self.phone.modem, clock=clock)
        flow = Flow()
        few = _Few(
            _Board(clock, modem, _Unlocked()),
            Rules(flow, Policy(), True),
            self.journal,
            Outbox(NUMBERS, carriers=carriers),
            None,
            0.0,
            Inbox(NUMBERS),
            ReleaseDesk(None, 3),
            object() if self.in_use else None,
            self.desk,
            Context("Cabin 1", "Main Road 5", "en", ZoneInfo("UTC")),
            self.watchman,
        )
        parts = cast(Parts, few)
        self.outbox = few.outbox
        self.situation = Situation(few.rules)
        self.on_record = OnRecord(self.journal, Unrecorded(None), flow.record_wait_s)
        facts = Facts()
        self.logbook = Logbook(self.situation, self.on_record, clock, lambda: (), self.shown.append, facts)
        self.logbook.restore(dict(remembered.counters).get("number", 0))
        self.codes = OwnerCodes(parts, self.situation, self.logbook, self._hear)
        self.post = Post(parts, self.situation, self.logbook, self.on_record, self.codes)
        self.post.restore(remembered.rows, clock.now_s())
        self.codes.restore(remembered, clock.now_s())
        self.remembered = remembered
        self._todo: list[OwnerNews] = []

    # --- what happens ------------------------------------------------------------------------------

    def begin(self, claim: int = 1, person: int = ANNA, phone: str = OWNER) -> None:
        self.codes.begin(claim, person, phone, self.clock.now_s())

    def ask(self) -> None:
        """The customer asks for a code, and waits until a network has it."""
        self.codes.given("", self.clock.now_s())
        end_s = self.clock.mono_s + 90.0
        self.turn()
        while isinstance(self.heard[-1], CodeWanted) and self.clock.mono_s < end_s:
            self.run(0.25)

    def type(self, digits: str) -> CodeJudged | CodeRefused:
        """The machine hands on an entry; what became of it."""
        self.codes.given(digits, self.clock.now_s())
        self.run(1.0)
        last = self.heard[-1]
        assert isinstance(last, CodeJudged | CodeRefused)
        return last

    def last(self) -> OwnerNews:
        """What was told last."""
        return self.heard[-1]

    def wrong(self) -> str:
        """Six digits that are not the code."""
        return f"{(int(self.phone.code()) + 1) % 10**6:06d}"

    def run(self, seconds: float, step_s: float = 0.25) -> None:
        end_s = self.clock.mono_s + seconds
        self.turn()
        while self.clock.mono_s < end_s:
            self.clock.mono_s = min(end_s, self.clock.mono_s + step_s)
            self.turn()

    def turn(self) -> None:
        """One turn of the loop, as the kiosk does it."""
        now_s = self.clock.now_s()
        self._decide()
        for answer in self.on_record.answers():
            self.codes.recorded(answer.sequence, not answer.fault, now_s)
            self.post.send(answer.rows)
        self.post.poll(now_s)
        self.codes.poll(now_s)
        self._decide()

    def cut(self) -> OwnerWorld:
        """The plug is pulled and put in again: the next life, on the same clock, phone and folder."""
        self.journal.let_go()
        return OwnerWorld(self.folder, self.clock, self.phone, rules=self.desk.rules)

    def forget(self) -> None:
        """Nobody decides on what was told meanwhile."""
        self._todo.clear()

    def _decide(self) -> None:
        while self._todo and self.decides:
            match self._todo.pop(0):
                case CodeWanted():
                    self.codes.issue(self.clock.now_s())
                case EntryTyped():
                    self.codes.compare(self.clock.now_s())
                case _:
                    pass

    def _hear(self, news: OwnerNews) -> None:
        self.heard.append(news)
        self._todo.append(news)

    def _sync(self) -> None:
        if self.disk_error is not None:
            raise self.disk_error
