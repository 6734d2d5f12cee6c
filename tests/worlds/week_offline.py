"""A kiosk whose broker is away for a week of story time: what it decides, restarts, power cuts; then the
broker is back and all of it goes out in real time.

Real are the record on a disk, the outbox, the streams, the publisher, the session and the broker; the cabin
is a list of what happens when.
"""

from __future__ import annotations

import random
import select
import shutil
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.fleet.publisher import Pace, Publisher, Voice
from edge.fleet.session import Broker as BrokerAt
from edge.fleet.session import BrokerSession
from edge.fleet.topics import Topics
from edge.journal.file import NAME
from edge.journal.limits import JournalLimits
from edge.journal.writer import Journal
from edge.messages.outbox import Outbox
from edge.messages.streams import Streams
from edge.messages.ways.mqtt import Mqtt
from edge.terms.record import Channel, Entry, OutboxRow, Recipient, Record
from hw.modem.status import Status as ModemStatus
from hw.ports import ModemEvent
from tests.worlds.authority import Identity
from tests.worlds.broker import WITHIN_S
from tests.worlds.fleet_parts import Desk
from tests.worlds.hand_clock import HandClock

DAY_S: Final = 86_400.0
BEGAN_WALL_S: Final = 1_767_254_400.0
KINDS: Final = (("panic", 8.0), ("locked", 30.0), ("fault", 60.0), ("daily", 24.0))
"""What is decided, and how often on a day."""


class PowerCut(BaseException):
    """The plug is pulled at this very instruction."""


class _NoModem:
    """Nothing goes by text here."""

    idle = False
    network_offset_s = None
    status = ModemStatus()

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        raise AssertionError("a text")

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]:
        return ()

    def next_wake_s(self) -> float | None:
        return None

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Setup:
    """Who the kiosk is, where its broker is, and how much it keeps for how long."""

    identity: Identity
    address: tuple[str, int]
    keep_most: int = 5000
    keep_s: float = 14 * DAY_S
    resend_s: float = 120.0
    longest_pause_s: float = 2.0


@dataclass(slots=True)
class Truth:
    """What is on the card: by stream the numbers that messages have; and how often what happened."""

    decided: dict[str, set[int]] = field(default_factory=dict)
    cuts: int = 0
    restarts: int = 0

    @property
    def total(self) -> int:
        return sum(len(numbers) for numbers in self.decided.values())


class OfflineKiosk:
    """One kiosk in `folder`. `cut_next` pulls the plug in the next transaction, `before` or `after` it is
    written."""

    def __init__(self, folder: Path, setup: Setup, clock: HandClock, seed: int) -> None:
        self._folder = folder
        self._setup = setup
        self._clock = clock
        self._random = random.Random(seed)
        self._context = _context(setup.identity)
        self._record = 0
        self._number = 0
        self._lives = 0
        self.truth = Truth()
        self.cut_next = ""
        self._start()

    @property
    def waiting(self) -> int:
        return self._outbox.waiting

    @property
    def is_up(self) -> bool:
        return self._session.is_up

    @property
    def socket(self) -> int | None:
        return self._session.fileno()

    @property
    def wants_write(self) -> bool:
        return self._session.wants_write()

    def decide(self, kind: str) -> None:
        """A message to the control room: on the card first, then to the outbox."""
        row = OutboxRow(
            number=self._fresh_number(),
            incident=1,
            kind=kind,
            issue=0,
            recipient=Recipient.CONTROL_ROOM,
            channel=Channel.MQTT,
            created_wall_s=self._clock.wall_s(),
            ttl_s=self._setup.keep_s,
        )
        placed = self._streams.numbered(row)
        try:
            self._save((placed,))
        except PowerCut:
            self._power_cut()
            return
        self._outbox.add(placed)

    def poll(self) -> None:
        """What became of messages; as `edge.loop.post` does it."""
        now_s, wall_s = self._clock.now_s(), self._clock.wall_s()
        polled = self._outbox.poll(now_s, wall_s, _NoModem(), _text_of)
        rows = (*polled.rows_changed, *polled.rows_kept)
        if not rows:
            return
        notices = self._streams.changed(rows, wall_s, self._fresh_number)
        try:
            self._save((*rows, *notices))
        except PowerCut:
            self._power_cut()
            return
        for notice in notices:
            self._outbox.add(notice)

    def restart(self) -> None:
        """The program ends in order and starts again."""
        self.truth.restarts += 1
        self._carrier.close()
        self._journal.close(1.0)
        self._start()

    def close(self) -> None:
        self._carrier.close()
        self._journal.close(1.0)

    # --- inside ---------------------------------------------------------------------------------

    def _start(self) -> None:
        self._clock.mono_s += 20.0
        self._journal = Journal(
            self._folder / NAME, self._clock, JournalLimits(keep_days=3650, keep_mb=1e6), threaded=False
        )
        remembered = self._journal.open()
        counters = dict(remembered.counters)
        self._number = counters.get("number", 0)
        self._record = 0
        self._streams = Streams(counters)
        topics = Topics("north", self._setup.identity.name)
        self._session = BrokerSession(
            BrokerAt(
                *self._setup.address,
                self._setup.identity.name,
                longest_pause_s=self._setup.longest_pause_s,
            ),
            lambda: self._context,
            random=self._random,
        )
        voice = Voice(self._setup.identity.name, self._streams.epoch, self._head, lambda incident: ())
        publisher = Publisher(self._session, topics, voice, Pace(self._setup.resend_s, 10.0))
        self._carrier = Mqtt(publisher, self._clock, lambda: None, threaded=False)
        self._outbox = Outbox(
            {},
            random=self._random,
            carriers={Channel.MQTT: self._carrier},
            backlog_most=self._setup.keep_most,
        )
        self._outbox.restore(remembered.rows, self._clock.now_s())
        notices = self._streams.restore(remembered.rows, self._clock.wall_s(), self._fresh_number)
        if notices:
            self._save(notices)
        for notice in notices:
            self._outbox.add(notice)

    def _save(self, rows: tuple[OutboxRow, ...]) -> None:
        cut, self.cut_next = self.cut_next, ""
        if cut == "before":
            raise PowerCut
        self._record += 1
        times = (self._clock.now_s(), self._clock.wall_s())
        counters = (("number", self._number), *self._streams.counters)
        entries = (Entry("note", "messages", 0),)
        self._journal.submit(Record(self._record, *times, entries, rows=rows, counters=counters))
        self._journal.answers()
        for row in rows:
            if row.sequence:
                self.truth.decided.setdefault(row.stream, set()).add(row.sequence)
        if cut == "after":
            raise PowerCut

    def _power_cut(self) -> None:
        """The card as it is at this moment is all that goes on; the rest is never closed."""
        self.truth.cuts += 1
        self._lives += 1
        card = self._folder.parent / f"{self._folder.name.split('.')[0]}.{self._lives}"
        shutil.copytree(self._folder, card)
        self._folder = card
        socket = self._session.fileno()
        if socket is not None:
            self._session.close()
        self._start()

    def _fresh_number(self) -> int:
        self._number += 1
        return self._number

    def _head(self) -> str:
        return str(self._journal.head())


def live_offline(kiosk: OfflineKiosk, clock: HandClock, seed: int, days: float = 7.0) -> None:
    """So many days without a broker; each day about one restart of the program, and the plug pulled twice."""
    source = random.Random(seed)
    began_s = clock.mono_s
    plan: list[tuple[float, str]] = []
    for kind, a_day in KINDS:
        plan += [(source.uniform(0.0, days * DAY_S), kind) for _ in range(round(a_day * days))]
    for _ in range(round(days)):
        plan += [(source.uniform(0.0, days * DAY_S), one) for one in ("restart", "before", "after")]
    for at_s, what in sorted(plan):
        clock.mono_s = max(clock.mono_s, began_s + at_s)
        if what == "restart":
            kiosk.restart()
        elif what in ("before", "after"):
            kiosk.cut_next = what
        else:
            kiosk.decide(what)
        kiosk.poll()
    clock.mono_s = max(clock.mono_s, began_s + days * DAY_S)
    kiosk.poll()


def drain(
    kiosk: OfflineKiosk, desk: Desk, clock: HandClock, done: Callable[[], bool], turn: Callable[[], None]
) -> float:
    """The broker is back: until `done`, in real time; how many seconds it took since it first let the kiosk
    in. `turn` is called each turn."""
    began_s, story_s = time.monotonic(), clock.mono_s
    up_s: float | None = None
    while not done():
        now_s = time.monotonic()
        assert now_s < began_s + 5 * WITHIN_S, f"not drained: {kiosk.waiting} wait"
        clock.mono_s = max(clock.mono_s, story_s + now_s - began_s)
        turn()
        kiosk.poll()
        up_s = now_s if up_s is None and kiosk.is_up else up_s
        desk.turn(time.monotonic(), True, True)
        sockets = [one for one in (kiosk.socket, desk.fileno()) if one is not None and one >= 0]
        writing = [kiosk.socket] if kiosk.wants_write and kiosk.socket in sockets else []
        select.select(sockets, writing, [], 0.01)
    return time.monotonic() - (began_s if up_s is None else up_s)


def _text_of(row: OutboxRow) -> str:
    return f"Cabin north: {row.kind}. #{row.number}"


def _context(identity: Identity) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=str(identity.ca_file))
    context.load_cert_chain(identity.certificate_file, identity.key_file)
    return context
