"""Two kinds of processes at a broker: a control room that reads everything, and many kiosks."""

from __future__ import annotations

import gc
import random
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import msgspec

from edge.fleet.payloads import GAP
from edge.fleet.reading import ReadAs, Reading, Span, Stream
from edge.fleet.session import Arrived, BrokerSession, Connected
from edge.fleet.session import Broker as BrokerAt
from tests.worlds.authority import Identity
from tests.worlds.broker import context_of
from tests.worlds.many_kiosks import Driver, Habit, SimulatedKiosk, raise_file_limit

EVENTS: Final = "cabinguard/v1/+/+/events/+"
_LOOK_S: Final = 0.2


class _Said(msgspec.Struct):
    """What a reader wants of a message or of a notice (`edge/docs/mqtt.md`)."""

    kiosk: str
    epoch: str
    stream: str
    kind: str
    repeat: bool
    created: float
    sequence: int = 0
    first: int = 0
    last: int = 0


_decoder = msgspec.json.Decoder(_Said)


# --- the control room ---------------------------------------------------------------------------------------


class Desk:
    """A control room: one lasting session, and the numbers of all that it reads.

    `order` has every message as it came, where it is to be kept: stream, number, repeat.
    """

    def __init__(self, identity: Identity, address: tuple[str, int]) -> None:
        self.reading = Reading()
        self.counts: Counter[ReadAs] = Counter()
        self.notices = 0
        self.connects = 0
        self.late_s: list[float] = []
        self.order: list[tuple[Stream, int, bool]] | None = None
        context = context_of(identity)
        self._session = BrokerSession(
            BrokerAt(address[0], address[1], identity.name, longest_pause_s=2.0),
            lambda: context,
            subscriptions=(EVENTS,),
            clean=False,
        )
        self._session.connect(time.monotonic())

    @property
    def is_up(self) -> bool:
        return self._session.is_up

    def fileno(self) -> int | None:
        return self._session.fileno()

    def wants_write(self) -> bool:
        return self._session.wants_write()

    def next_wake_s(self, now_s: float) -> float | None:
        return self._session.next_wake_s(now_s)

    def turn(self, now_s: float, readable: bool, writable: bool) -> None:
        for event in self._session.turn(now_s, readable, writable):
            match event:
                case Arrived():
                    self._read(event)
                case Connected():
                    self.connects += 1
                case _:
                    pass

    def close(self) -> None:
        self._session.close()

    def _read(self, event: Arrived) -> None:
        said = _decoder.decode(event.payload)
        stream = Stream(said.kiosk, said.epoch, said.stream)
        if said.kind == GAP:
            self.notices += 1
            self.reading.give_up(stream, Span(said.first, said.last))
            return
        marked = said.repeat or event.dup or event.retained
        if self.order is not None:
            self.order.append((stream, said.sequence, marked))
        self.counts[self.reading.take(stream, said.sequence, marked=marked).read_as] += 1
        if not said.repeat:
            self.late_s.append(time.time() - said.created)


@dataclass(frozen=True, slots=True)
class DeskCount:
    """What the control room has so far."""

    up: bool
    new: int
    repeated: int
    unmarked: int
    notices: int
    connects: int
    late_s: tuple[float, ...]
    cpu_s: float


@dataclass(frozen=True, slots=True)
class DeskEnd:
    """By (kiosk, epoch, stream): the highest number, and how many of them are missing."""

    highest: dict[tuple[str, str, str], int]
    missing: int


def desk_process(pipe: Connection, identity: Identity, address: tuple[str, int]) -> None:
    """Answers `count` and, at the end, `end`."""
    driver = Driver()
    desk = Desk(identity, address)
    driver.add(desk)
    while True:
        driver.step(_LOOK_S)
        if not pipe.poll():
            continue
        if pipe.recv() == "end":
            break
        late_s, desk.late_s = tuple(desk.late_s), []
        counts = desk.counts
        pipe.send(
            DeskCount(
                desk.is_up,
                counts[ReadAs.NEW] + counts[ReadAs.FILLED],
                counts[ReadAs.REPEATED],
                counts[ReadAs.REPEATED_UNMARKED],
                desk.notices,
                desk.connects,
                late_s,
                time.process_time(),
            )
        )
    known = desk.reading.streams
    highest = {(one.kiosk, one.epoch, one.name): desk.reading.highest(one) for one in known}
    missing = sum(len(span) for one in known for span in desk.reading.missing(one))
    pipe.send(DeskEnd(highest, missing))
    desk.close()
    driver.close()


# --- the kiosks ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KiosksCount:
    """Of one process: kiosks that are up, messages that wait, messages decided; processor and memory."""

    up: int
    waiting: int
    decided: int
    cpu_s: float
    resident_kb: int
    empty_kb: int


@dataclass(frozen=True, slots=True)
class KiosksEnd:
    """`up_s`: when each connection was up, a list a kiosk; `opening_s`: how long each took to open."""

    decided: dict[tuple[str, str, str], int]
    up_s: list[list[float]]
    opening_s: list[float]


def kiosks_process(
    pipe: Connection, identities: Sequence[Identity], address: tuple[str, int], habit: Habit, seed: int
) -> None:
    """Answers `up` (how many are), `count`, `silent` (nothing more is decided) and, at the end, `end`."""
    raise_file_limit()
    empty_kb = _resident_kb()
    source = random.Random(seed)
    driver = Driver()
    begun_s = time.monotonic()
    kiosks = [
        SimulatedKiosk(identity, address, habit, random.Random(source.random()), begun_s)
        for identity in identities
    ]
    for kiosk in kiosks:
        driver.add(kiosk)
    gc.collect()
    gc.freeze()  # thousands of kiosks in one process: each has one of its own
    while True:
        driver.step(_LOOK_S)
        if not pipe.poll():
            continue
        order = pipe.recv()
        if order == "end":
            break
        if order == "up":
            pipe.send(sum(kiosk.is_up for kiosk in kiosks))
            continue
        for kiosk in kiosks if order == "silent" else ():
            kiosk.silent = True
        pipe.send(
            KiosksCount(
                sum(kiosk.is_up for kiosk in kiosks),
                sum(kiosk.waiting for kiosk in kiosks),
                sum(sum(kiosk.streams.last.values()) for kiosk in kiosks),
                time.process_time(),
                _resident_kb(),
                empty_kb,
            )
        )
    decided = {
        (kiosk.name, epoch, stream): last
        for kiosk in kiosks
        for (epoch, stream), last in kiosk.decided.items()
        if last
    }
    up_s = [kiosk.happened.up_s for kiosk in kiosks]
    opening_s = [one_s for kiosk in kiosks for one_s in kiosk.happened.opening_s]
    pipe.send(KiosksEnd(decided, up_s, opening_s))
    for kiosk in kiosks:
        kiosk.leave()
    driver.close()


def _resident_kb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024
