"""Thousands of kiosks at one broker: of each what is real about its messages, and no camera, no door.

Each has its own certificate and connection, the kiosk's own outbox part for the broker, its streams and its
publisher. All of one process are turned by one selector. Messages are decided at random moments.
"""

from __future__ import annotations

import contextlib
import heapq
import random
import resource
import select
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from edge.fleet.payloads import Status, encoded
from edge.fleet.publisher import Pace, Publisher, Voice
from edge.fleet.session import Broker as BrokerAt
from edge.fleet.session import BrokerSession, Will
from edge.fleet.topics import Topics
from edge.messages.backlog import Backlog
from edge.messages.step import Draft
from edge.messages.streams import Streams
from edge.messages.ways.mqtt import Mqtt
from edge.terms.record import Channel, OutboxRow, Recipient
from tests.worlds.authority import Identity

SITE: Final = "bench"
KINDS: Final = ("panic", "locked", "daily")
"""One of each stream, in this order: what a kiosk decides in turn."""

KEEP_S: Final = 14 * 86_400.0
WAITS_MOST: Final = 5000


class Turned(Protocol):
    """What a selector can drive."""

    def fileno(self) -> int | None: ...

    def wants_write(self) -> bool: ...

    def next_wake_s(self, now_s: float) -> float | None: ...

    def turn(self, now_s: float, readable: bool, writable: bool) -> None: ...


class Driver:
    """Turns many when their socket moves or their time has come."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._poll = select.epoll()
        self._all: list[Turned] = []
        self._by_socket: dict[int, int] = {}
        self._waits: list[tuple[int, int] | None] = []
        self._due_s: list[float] = []
        self._heap: list[tuple[float, int]] = []

    def add(self, one: Turned) -> None:
        self._all.append(one)
        self._waits.append(None)
        self._due_s.append(float("inf"))
        self.wake(len(self._all) - 1)

    def wake(self, number: int) -> None:
        """It has something to do now; numbers are given in the order of `add`."""
        self._due(number, self._clock_s())

    def step(self, longest_s: float) -> None:
        """Wait until something moves, no longer than this, and turn all that it concerns."""
        first_s = self._heap[0][0] - self._clock_s() if self._heap else longest_s
        moved = self._poll.poll(max(0.0, min(longest_s, first_s)), 512)
        broken = select.EPOLLERR | select.EPOLLHUP
        for socket, mask in moved:
            number = self._by_socket.get(socket)
            if number is not None:
                self._turn(
                    number, bool(mask & (select.EPOLLIN | broken)), bool(mask & (select.EPOLLOUT | broken))
                )
        now_s = self._clock_s()
        # No more than were due at this moment, so that sockets are looked at in between.
        for _ in range(len(self._heap)):
            if not self._heap or self._heap[0][0] > now_s:
                break
            at_s, number = heapq.heappop(self._heap)
            if at_s == self._due_s[number]:
                self._due_s[number] = float("inf")
                self._turn(number, False, False)

    def close(self) -> None:
        self._poll.close()

    # --- inside ---------------------------------------------------------------------------------

    def _turn(self, number: int, readable: bool, writable: bool) -> None:
        now_s = self._clock_s()
        self._all[number].turn(now_s, readable, writable)
        self._look(number, now_s)

    def _look(self, number: int, now_s: float) -> None:
        one = self._all[number]
        socket = one.fileno()
        wants = None
        if socket is not None and socket >= 0:
            wants = (socket, select.EPOLLIN | (select.EPOLLOUT if one.wants_write() else 0))
        before = self._waits[number]
        if wants != before:
            if before is not None and (wants is None or wants[0] != before[0]):
                if self._by_socket.get(before[0]) == number:
                    del self._by_socket[before[0]]
                with contextlib.suppress(OSError):  # a socket that was closed has left by itself
                    self._poll.unregister(before[0])
            if wants is not None:
                self._by_socket[wants[0]] = number
                if before is not None and before[0] == wants[0]:
                    self._poll.modify(*wants)
                else:
                    self._poll.register(*wants)
            self._waits[number] = wants
        wake_s = one.next_wake_s(now_s)
        if wake_s is not None:
            self._due(number, wake_s)

    def _due(self, number: int, at_s: float) -> None:
        if at_s != self._due_s[number]:
            self._due_s[number] = at_s
            heapq.heappush(self._heap, (at_s, number))


class _Clock:
    """The kiosk's clocks are this machine's."""

    boot = ""

    def now_s(self) -> float:
        return time.monotonic()

    def wall_s(self) -> float:
        return time.time()

    def wall_true(self) -> bool:
        return True


class _Carrier(Mqtt):
    """Tells whether anything was handed over since it was last asked."""

    handed = False

    def send(self, ticket: int, row: OutboxRow, text: str, deadline_s: float, phone: str = "") -> None:
        self.handed = True
        super().send(ticket, row, text, deadline_s, phone)


@dataclass(frozen=True, slots=True)
class Habit:
    """`every_s`: the mean pause between two messages of a kiosk; `begin_s`: all begin within so long."""

    every_s: float
    begin_s: float
    resend_s: float = 120.0


@dataclass(slots=True)
class Happened:
    """What became of a kiosk's connection, in monotonic seconds."""

    up_s: list[float] = field(default_factory=list)
    dial_s: float = 0.0
    opening_s: list[float] = field(default_factory=list)


class SimulatedKiosk:
    """One kiosk's messages at the broker at `host`, `port`."""

    def __init__(
        self,
        identity: Identity,
        address: tuple[str, int],
        habit: Habit,
        random_: random.Random,
        start_s: float,
    ) -> None:
        self.name = identity.name
        self.happened = Happened()
        self.silent = False
        self._habit = habit
        self._random = random_
        self._start_s = start_s + random_.uniform(0.0, habit.begin_s)
        self._next_s = self._start_s + random_.uniform(0.0, habit.every_s)
        self._decided = 0
        self._context: ssl.SSLContext | None = None
        self._identity = identity
        self._topics = Topics(SITE, identity.name)
        self.streams = Streams({})
        gone = Status(kiosk=identity.name, online=False)
        at = BrokerAt(address[0], address[1], identity.name)
        self.session = BrokerSession(
            at,
            self._dial,
            will=Will(self._topics.status, encoded(gone)),
            subscriptions=(self._topics.request,),
            random=random_,
        )
        voice = Voice(identity.name, self.streams.epoch, _head, _no_pictures)
        publisher = Publisher(self.session, self._topics, voice, Pace(habit.resend_s, 10.0))
        publisher.show(Status(kiosk=identity.name, online=True, cabin="Bench"))
        self.carrier = _Carrier(publisher, _Clock(), _nothing, threaded=False)
        self._backlog = Backlog(self.carrier, WAITS_MOST)

    @property
    def is_up(self) -> bool:
        return self.session.is_up

    @property
    def waiting(self) -> int:
        """Messages that the broker has not acknowledged."""
        return self._backlog.waiting

    @property
    def decided(self) -> dict[tuple[str, str], int]:
        """The newest number by (epoch, stream)."""
        return {(self.streams.epoch, stream.value): last for stream, last in self.streams.last.items()}

    def fileno(self) -> int | None:
        return self.session.fileno()

    def wants_write(self) -> bool:
        return self.session.wants_write()

    def next_wake_s(self, now_s: float) -> float | None:
        if now_s < self._start_s:
            return self._start_s
        wakes = [self.carrier.publisher.next_wake_s(now_s), self._backlog.next_wake_s(now_s)]
        wakes.append(None if self.silent else self._next_s)
        return min((wake_s for wake_s in wakes if wake_s is not None), default=None)

    def turn(self, now_s: float, readable: bool, writable: bool) -> None:
        if now_s < self._start_s:
            return
        if now_s >= self._next_s:
            if not self.silent:
                self._decide()
            self._next_s = now_s + self._random.expovariate(1.0 / self._habit.every_s)
        before = self.session.is_up
        self._backlog.poll(now_s, time.time(), _text_of, Draft())
        if self.carrier.handed:
            self.carrier.handed = False
            self.carrier.publisher.turn(now_s, False, True)
        if self.session.is_up and not before:
            self.happened.up_s.append(now_s)
            self.happened.opening_s.append(now_s - self.happened.dial_s)

    def leave(self) -> None:
        self.carrier.close()

    # --- inside ---------------------------------------------------------------------------------

    def _dial(self) -> ssl.SSLContext:
        """A kiosk reads its certificate again for each connection; thousands in one process keep theirs."""
        self.happened.dial_s = time.monotonic()
        if self._context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_verify_locations(cafile=str(self._identity.ca_file))
            context.load_cert_chain(self._identity.certificate_file, self._identity.key_file)
            self._context = context
        return self._context

    def _decide(self) -> None:
        self._decided += 1
        row = OutboxRow(
            number=self._decided,
            incident=self._decided,
            kind=KINDS[self._decided % len(KINDS)],
            issue=0,
            recipient=Recipient.CONTROL_ROOM,
            channel=Channel.MQTT,
            created_wall_s=time.time(),
            ttl_s=KEEP_S,
        )
        self._backlog.add(self.streams.numbered(row))


def raise_file_limit() -> int:
    """As many open files as this user may have; how many that is."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def _text_of(row: OutboxRow) -> str:
    return f"Cabin bench: {row.kind}. Somebody is in the cabin; look at the pictures. #{row.number}"


def _head() -> str:
    return "0" * 64


def _no_pictures(incident: int) -> tuple[()]:
    return ()


def _nothing() -> None:
    pass
