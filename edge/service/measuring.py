"""Takes the kiosk's numbers in the loop and hands them to the thread that writes and serves them.

What is read here lies ready: no file of a disk, no lock that a disk may hold, no network. Opened only where
the settings ask for numbers; without them neither this file nor the library of the format is imported.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from edge.cabin.events import Anomaly, Device
from edge.journal.chain import Head
from edge.loop.facts import fact_of
from edge.loop.happening import Happening
from edge.loop.kiosk import Kiosk
from edge.loop.on_record import Journal
from edge.loop.parts import Parts
from edge.loop.watching import Watching
from edge.metrics.numbers import Numbers
from edge.metrics.publisher import Publisher
from edge.metrics.snapshot import (
    About,
    BrokerSeen,
    CabinSeen,
    LoopSeen,
    ModemSeen,
    PicturesSeen,
    QueuesSeen,
    RecordSeen,
    ThreadSeen,
)
from edge.service.gauge import THERMAL
from edge.service.machine import MachineReader
from edge.service.threads import Age, ThreadWatch
from edge.settings.schema import Settings
from edge.settings.version import program_version
from edge.terms.observation import CameraHealth, Observation
from edge.terms.record import Answer, Record
from hw.ports import Clock, KeyPress
from hw.scan import ScanEvent

if TYPE_CHECKING:  # its libraries are large
    from edge.service.fleet import FleetDesk

STOPPED: Final = "metrics_stopped"
SILENT_S: Final = 30.0
"""The thread of the numbers may be at one piece of work for so long: a scrape, a file on a slow disk."""

CLOSE_S: Final = 2.0


class Waiting(Journal, Protocol):
    """The record, as far as its numbers are asked for."""

    @property
    def waiting(self) -> int: ...


class TimedJournal:
    """The record of a kiosk, and how long it takes."""

    def __init__(self, journal: Waiting, numbers: Numbers) -> None:
        self._journal = journal
        self._numbers = numbers

    def submit(self, record: Record) -> None:
        self._numbers.submitted(record)
        self._journal.submit(record)

    def answers(self) -> tuple[Answer, ...]:
        answers = self._journal.answers()
        for answer in answers:
            self._numbers.answered(answer)
        return answers

    def head(self) -> Head:
        return self._journal.head()

    @property
    def waiting(self) -> int:
        return self._journal.waiting


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a kiosk's numbers are read from."""

    kiosk: Kiosk
    parts: Parts
    journal: Waiting
    watching: Watching
    fleet: FleetDesk | None


class Measuring:
    """The numbers of one start. Every method is the loop's and waits for nothing.

    It hears and times from the beginning; `open` it when the kiosk is put together.
    """

    def __init__(self, settings: Settings, data: Path, clock: Clock, *, threaded: bool) -> None:
        self._settings = settings
        self._data = data
        self._clock = clock
        self._threaded = threaded
        self._due_s = self._began_s = clock.now_s()
        self.numbers = Numbers(clock.now_s, tuple(map(fact_of, Anomaly)))
        self._asked: _Asked | None = None
        self._publisher: Publisher | None = None
        self._watch = ThreadWatch(self._thread_moved)
        self._ages: Callable[[float], Mapping[str, Age]] = self._watch.ages

    def timed(self, journal: Waiting) -> TimedJournal:
        """The same record, timed."""
        return TimedJournal(journal, self.numbers)

    def hear(self, happening: Happening) -> None:
        """For the loop's listener."""
        self.numbers.hear(happening.kind, happening.data)

    def open(
        self, kiosk: Kiosk, parts: Parts, journal: Waiting, watching: Watching, fleet: FleetDesk | None
    ) -> None:
        """Begin to publish the numbers of this kiosk; `fleet` where it has a broker."""
        self._asked = _Asked(kiosk, parts, journal, watching, fleet)
        thermal = THERMAL if self._threaded else None
        read = MachineReader(self._settings, self._data, thermal, self._clock.wall_s).read
        publisher = Publisher(self._settings.metrics, _about(), read, self._clock)
        self._publisher = publisher
        if self._threaded:
            # which device it is of is never asked: `_thread_moved` tells of the numbers alone
            self._watch.add(publisher.thread, Device.CONTROL, STOPPED, SILENT_S)
            publisher.thread.start()

    def close(self) -> None:
        if self._publisher is not None:
            self._publisher.close(CLOSE_S)

    @property
    def publisher(self) -> Publisher | None:
        return self._publisher

    def watch(self, ages: Callable[[float], Mapping[str, Age]]) -> None:
        """Whose ages are asked besides the own one's: those of the program's threads."""
        own = self._watch.ages
        self._ages = lambda now_s: {**ages(now_s), **own(now_s)}

    def moved(self, event: ScanEvent) -> None:
        """What the input path noticed, before the table hears of it."""
        if isinstance(event, KeyPress):
            self.numbers.key_pressed(event.at_s)

    def framed(self, observation: Observation) -> None:
        """The table has had its say on a frame."""
        self.numbers.framed(observation)

    def turned(self, began_s: float) -> None:
        """A turn of the loop is over that began then, with what came; look whether numbers are due."""
        self.numbers.turned(began_s)
        self.poll(self._clock.now_s())

    def poll(self, now_s: float) -> None:
        """Look after the thread, and lay down numbers when they are due."""
        asked, publisher = self._asked, self._publisher
        if asked is None or publisher is None:
            return
        self._watch.look(now_s)
        for trouble in publisher.troubles():
            asked.kiosk.aside_fault(trouble.code, trouble.active, trouble.detail, now_s)
        if now_s >= self._due_s:
            self._due_s = now_s + self._settings.metrics.every_s
            publisher.put(self._taken(asked, now_s))
        if not self._threaded:
            publisher.turn(0.0)

    def taken(self, now_s: float) -> LoopSeen:
        """All that the loop has, at this moment. RuntimeError before `open`."""
        if self._asked is None:
            raise RuntimeError("there is no kiosk yet")
        return self._taken(self._asked, now_s)

    def _taken(self, asked: _Asked, now_s: float) -> LoopSeen:
        parts, settings = asked.parts, self._settings
        counted = self.numbers.counted()
        head_at_s = self._began_s if counted.head_at_s is None else counted.head_at_s
        status = parts.board.modem.status
        return LoopSeen(
            wall_s=self._clock.wall_s(),
            up_s=now_s - self._began_s,
            counted=counted,
            cabin=self._cabin(asked, now_s),
            threads={
                name: ThreadSeen(age.silent_s, age.limit_s, age.alive)
                for name, age in self._ages(now_s).items()
            },
            queues=QueuesSeen(parts.outbox.open_rows(), asked.journal.waiting, parts.evidence.orders),
            record=RecordSeen(
                lines=asked.journal.head().seq,
                head_age_s=now_s - head_at_s,
                limit_bytes=settings.journal.keep_mb * 1e6,
                holds=len(parts.evidence.holds.held()),
            ),
            pictures=PicturesSeen(
                kept_bytes=parts.evidence.kept_bytes,
                limit_bytes=settings.evidence.keep_mb * 1e6,
                reserve_bytes=settings.evidence.reserve_mb * 1e6,
            ),
            modem=ModemSeen(
                ready=status.ready,
                signal_dbm=status.signal_dbm,
                supply_v=None if status.supply_mv is None else status.supply_mv / 1000.0,
            ),
            broker=_broker(asked.fleet, self._began_s, now_s),
        )

    def _cabin(self, asked: _Asked, now_s: float) -> CabinSeen:
        kiosk, state = asked.kiosk, asked.kiosk.state
        faults = asked.watching.standing(kiosk)
        return CabinSeen(
            mode=state.mode,
            state_for_s=now_s - state.since_s,
            door_locked=kiosk.door_locked,
            locked_for_s=0.0 if state.locked_at_s is None else max(0.0, now_s - state.locked_at_s),
            max_lock_s=kiosk.rules.flow.max_lock_s,
            permit_on=kiosk.permit_on,
            camera_ok=state.health is CameraHealth.OK,
            frame_ages_s=asked.watching.frame_ages_s(now_s),
            # a device of which the code is not known any more, after a restart, is named by itself
            active_faults=frozenset(code or f"{source}_failed" for source, code in faults.items()),
            anomalies=frozenset(anomaly.value for anomaly in state.active),
            incidents=state.incidents,
            clock_set=self._clock.wall_true(),
        )

    def _thread_moved(self, device: Device, code: str, source: str, active: bool, now_s: float) -> None:
        if self._asked is not None:
            self._asked.kiosk.aside_fault(code, active, source, now_s)


def _about() -> About:
    major, minor, _ = platform.python_version_tuple()
    return About(program_version(), f"{major}.{minor}", platform.machine())


def _broker(fleet: FleetDesk | None, began_s: float, now_s: float) -> BrokerSeen | None:
    if fleet is None:
        return None
    numbers = fleet.numbers()
    quiet_s = 0.0 if numbers.connected else now_s - max(numbers.since_s, began_s)
    return BrokerSeen(numbers.connected, quiet_s, numbers.connects, numbers.losses)
