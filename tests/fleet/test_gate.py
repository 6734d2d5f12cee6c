"""A broker that lies: what it can say costs neither memory nor time, and each lie has a name."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import pytest

from edge.bench.broker import FakeBroker, Line, Mood
from edge.fleet.gate import PACKET_MOST, UNANSWERED_MOST, UNASKED_BYTES, Gate
from edge.fleet.link import LinkFault, Trouble
from edge.fleet.publisher import Pace, Publisher, Voice
from edge.fleet.session import Arrived, Broker, BrokerSession, Connected, Event, Lost, Published
from edge.fleet.topics import Topics

TOPICS = Topics("town", "kiosk-1")
GROWN_MOST = 600_000
"""Bytes of one connection and what may wait on it: two packets of the largest kind, and a reading ahead."""


def number(value: int) -> bytes:
    """A variable byte integer (MQTT 5.0, 1.5.5)."""
    found = bytearray()
    while True:
        found.append(value % 128 | (128 if value >= 128 else 0))
        value //= 128
        if not value:
            return bytes(found)


def packet(first: int, body: bytes = b"") -> bytes:
    return bytes([first]) + number(len(body)) + body


def message(
    payload: bytes, *, qos: int = 0, mid: int = 1, topic: bytes = b"a", properties: bytes = b""
) -> bytes:
    head = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if qos else b"")
    return packet(0x30 | qos << 1, head + number(len(properties)) + properties + payload)


def mids() -> Iterator[int]:
    value = 0
    while True:
        value = value % 65_535 + 1
        yield value


class Reader:
    """A kiosk's session at a broker that takes all and says only what the test tells it to."""

    def __init__(self, *, read_bytes_s: int = 0, subscriptions: tuple[str, ...] = ()) -> None:
        self.broker = FakeBroker()
        self.now_s = 0.0
        self.session = BrokerSession(
            Broker("localhost", 1883, "kiosk-1", read_bytes_s=read_bytes_s),
            None,
            subscriptions=subscriptions,
            random=Random(0),
            dial=self.broker.dial,
        )
        self.session.connect(0.0)
        self.enter()

    def enter(self) -> None:
        """Be connected; then the broker answers nothing by itself."""
        self.broker.be(Mood.UP)
        while not self.session.is_up:
            assert self.now_s < 1e6
            self.turn(10.0)
        self.turn()
        self.broker.be(Mood.HANGS)

    @property
    def line(self) -> Line:
        return self.broker.lines[0]

    def turn(self, pass_s: float = 0.1) -> tuple[Event, ...]:
        self.now_s += pass_s
        return self.session.turn(self.now_s)

    def says(self, data: bytes) -> list[Event]:
        self.line.say_raw(data)
        return list(self.turn())


LIES: dict[str, Callable[[int], bytes]] = {
    "QoS 2": lambda mid: message(b"x" * 60_000, qos=2, mid=mid),
    "PUBREC": lambda mid: packet(0x50, mid.to_bytes(2, "big")),
    "PUBREL": lambda mid: packet(0x62, mid.to_bytes(2, "big")),
    "PUBCOMP": lambda mid: packet(0x70, mid.to_bytes(2, "big")),
    "an acknowledgement of what was not sent": lambda mid: packet(0x40, mid.to_bytes(2, "big")),
    "a subscription that was not asked for": lambda mid: packet(0x90, mid.to_bytes(2, "big") + b"\0\1"),
    "UNSUBACK": lambda mid: packet(0xB0, mid.to_bytes(2, "big") + b"\0\0"),
    "a ping": lambda mid: packet(0xC0),
    "an answer to no ping": lambda mid: packet(0xD0),
    "AUTH": lambda mid: packet(0xF0, b"\x18\0"),
    "a second greeting": lambda mid: packet(0x20, b"\0\0\0"),
    "CONNECT": lambda mid: packet(0x10, b"\0\4MQTT\5\0\0\0\0\0\0"),
    "no kind": lambda mid: packet(0x00, b"\0" * 60_000),
    "an alias for a topic": lambda mid: message(b"x" * 60_000, topic=b"", properties=b"\x23\0\1"),
    "properties without end": lambda mid: packet(0x30, b"\0\1a\xff\xff\x03" + b"x" * 60_000),
    "a larger packet than any": lambda mid: packet(0x30, b"x" * PACKET_MOST),
    "a length of five bytes": lambda mid: b"\x30\xff\xff\xff\xff\x01",
}


@pytest.mark.parametrize("lie", LIES)
def test_what_no_broker_has_to_say_ends_the_connection_by_name(lie: str) -> None:
    reader = Reader()
    (lost,) = reader.says(LIES[lie](77))
    assert isinstance(lost, Lost)
    assert lost.trouble is Trouble.GARBLED, lost
    reader.enter()


@pytest.mark.parametrize("lie", LIES)
def test_nothing_is_taken_before_the_broker_has_greeted(lie: str) -> None:
    broker = FakeBroker()
    broker.be(Mood.HANGS)
    session = BrokerSession(Broker("localhost", 1, "kiosk-1"), None, random=Random(0), dial=broker.dial)
    session.connect(0.0)
    assert not session.turn(0.0)
    broker.lines[0].say_raw(LIES[lie](1))
    events = session.turn(0.1)
    if lie == "a second greeting":
        assert isinstance(events[0], Connected)
    else:
        (lost,) = events
        assert isinstance(lost, Lost)
        assert lost.trouble is Trouble.GARBLED


@contextmanager
def grows_no_more_than(most: int) -> Iterator[None]:
    """Bytes that Python holds beyond what it held before, at the highest moment."""
    tracemalloc.start()
    try:
        yield
        _, highest = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert highest < most, f"{highest} bytes"


FLOODS: dict[str, Callable[[int], bytes]] = LIES | {
    "large messages": lambda mid: message(b"x" * 60_000, qos=1, mid=mid),
    "without a number": lambda mid: message(b"x" * 60_000),
    "many properties of a user": lambda mid: message(b"", properties=b"\x26\0\0\0\0" * 12_000),
    "many names of subscriptions": lambda mid: message(b"", properties=b"\x0b\x01" * 32_000),
    "always other topics": lambda mid: message(b"", qos=1, mid=mid, topic=mid.to_bytes(2, "big") * 30_000),
    "a packet that never ends": lambda mid: (b"\x30\xe0\xff\x03" if mid == 1 else b"") + b"\xff" * 100,
}


@pytest.mark.slow
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_any_kind_grows_nothing(flood: str) -> None:
    """At a broker that comes again after each break; 60 KB a second for minutes, where it is let go on."""
    reader = Reader()
    numbers = mids()
    with grows_no_more_than(GROWN_MOST):
        for _ in range(25):
            reader.says(FLOODS[flood](next(numbers)))
            if not reader.session.is_up:
                reader.enter()
                numbers = mids()


def test_what_goes_along_with_a_message_costs_no_time() -> None:
    """paho needs seconds for one packet full of properties: it never sees them."""
    reader = Reader()
    began_s = time.process_time()
    for _ in range(4):
        (arrived,) = reader.says(message(b"please", properties=b"\x0b\x01" * 32_000))
        assert isinstance(arrived, Arrived)
        assert arrived.payload == b"please"
    assert time.process_time() - began_s < 2.0
    gate = Gate(lambda mid: True, lambda mid: True)
    gate.let_in(packet(0x20, b"\0\0\0"))
    assert gate.let_in(message(b"please", qos=1, properties=b"\x0b\x01" * 32_000)) == message(
        b"please", qos=1
    )
    assert gate.let_in(packet(0x40, b"\0\1\x10" + number(60_000) + b"x" * 60_000)) == b"\x40\x03\0\1\x10"
    assert gate.let_in(packet(0x90, b"\0\1\5\x26\0\0\0\0\1")) == b"\x90\x04\0\1\0\1"
    assert gate.let_in(packet(0xE0, b"\x8e" + b"x" * 9_000)) == b"\xe0\x01\x8e"
    with pytest.raises(LinkFault):
        Gate(lambda mid: True, lambda mid: True).length(packet(0x20, b"\0\0" + b"x" * 9_000))


def test_so_many_packets_a_second_and_no_more_however_small_they_are() -> None:
    reader = Reader(read_bytes_s=10_000)
    reader.line.say_raw(message(b"") * 5_000)
    came = [sum(isinstance(one, Arrived) for one in reader.turn()) for _ in range(100)]
    assert sum(came) <= 14 * 10_000 / UNASKED_BYTES + 2
    assert sum(came[10:]) > 8 * 10_000 / UNASKED_BYTES


def test_what_was_asked_for_has_no_such_price() -> None:
    """A kiosk that has a week to tell is not slowed by the answers."""
    reader = Reader(read_bytes_s=10_000)
    reader.broker.be(Mood.UP)
    told, began_s = 0, reader.now_s
    while told < 2_000:
        while reader.session.publish(TOPICS.status, b"x") is not None:
            pass
        told += sum(isinstance(one, Published) for one in reader.turn(0.01))
    assert reader.now_s - began_s < 10.0


class _FullLine:
    """Of a broker that reads nothing: the line takes so many bytes and no more."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.takes = 1 << 30

    wants_write = False

    def step(self) -> bool:
        return True

    def open(self) -> _FullLine:
        return self

    @property
    def waiting(self) -> bool:
        return self.line.waiting

    def recv(self, size: int, /) -> bytes:
        return self.line.recv(size)

    def send(self, data: bytes, /) -> int:
        if not self.takes:
            raise BlockingIOError
        count = min(self.takes, len(data))
        self.takes -= count
        return self.line.send(data[:count])

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.line.close()


def full_line() -> tuple[_FullLine, BrokerSession]:
    broker = FakeBroker()
    lines: list[_FullLine] = []

    def dial() -> _FullLine:
        lines.append(_FullLine(broker.dial()))
        return lines[-1]

    session = BrokerSession(Broker("localhost", 1, "kiosk-1"), None, random=Random(0), dial=dial)
    session.connect(0.0)
    assert isinstance(session.turn(0.0)[0], Connected)
    broker.be(Mood.HANGS)
    return lines[0], session


@pytest.mark.slow
def test_a_broker_that_takes_nothing_is_told_no_more_and_is_asked_no_more_and_is_given_up() -> None:
    """It sends on, acknowledges what it has not read, and answers pings that it has not got."""
    line, session = full_line()
    line.takes = 1
    came: list[Event] = []
    ticket = session.publish(TOPICS.status, b"x" * 50_000)
    assert ticket is not None
    assert session.room == 0
    assert session.publish(TOPICS.status, b"x") is None
    numbers = mids()
    with grows_no_more_than(GROWN_MOST):
        for turn in range(1, 290):
            if len(line.line._out) < 8_000:
                line.line.say_raw(b"".join(message(b"y", qos=1, mid=next(numbers)) for _ in range(1_000)))
            if turn == 10:
                line.line._out[:0] = packet(0x40, b"\0\1")  # the first message's number: it is easy to guess
            came += session.turn(turn * 0.1)
        assert sum(isinstance(one, Arrived) for one in came) == UNANSWERED_MOST
    assert session.is_up
    assert not session.wants_read()
    assert session.wants_write()
    assert session.room == 0
    wake_s = session.next_wake_s(29.0)
    assert wake_s is not None
    assert wake_s <= 30.0
    (lost,) = session.turn(30.0)
    assert isinstance(lost, Lost)
    assert (lost.trouble, lost.detail) == (Trouble.SILENT, "it took nothing from us for 30 s")


def test_a_slow_line_gets_all_of_it_in_its_time() -> None:
    line, session = full_line()
    line.line._broker.be(Mood.UP)
    line.takes = 0
    came: list[Event] = []
    told, turns, numbers = 0, 0, mids()
    while told < 40 or sum(isinstance(one, Arrived) for one in came) < 40:
        turns += 1
        assert turns < 5_000
        line.takes += 20
        if told < 40 and session.publish(TOPICS.status, b"%d" % told) is not None:
            told += 1
            line.line.say_raw(message(b"y", qos=1, mid=next(numbers)))
        came += session.turn(turns * 0.01)
    assert session.is_up


def test_a_broker_that_takes_one_message_at_a_time_gets_one_after_the_other() -> None:
    """Mosquitto with `max_inflight_messages 1`: nothing can be kept free for the status there."""
    broker = FakeBroker()
    broker.be(Mood.HANGS)
    session = BrokerSession(Broker("localhost", 1, "kiosk-1"), None, random=Random(0), dial=broker.dial)
    voice = Voice("kiosk-1", "40000000ab", str, lambda incident: ())
    publisher = Publisher(session, TOPICS, voice, Pace(120.0, 1.0))
    publisher.turn(0.0)
    broker.lines[0].say_raw(packet(0x20, b"\0\0\3\x21\0\1"))
    publisher.turn(0.1)
    assert session.is_up
    assert session.in_flight == 1
    assert publisher.room == 1
    broker.cut()
    broker.be(Mood.UP)
    now_s = 0.2
    while publisher.standing.connects < 2:
        now_s += 0.5
        assert now_s < 100.0
        publisher.turn(now_s)
    assert session.in_flight == 20  # another broker, or one that was set otherwise since


def test_a_kiosk_asks_its_broker_for_no_more_than_it_takes() -> None:
    said = bytearray()
    broker = FakeBroker()
    line = broker.dial()
    send = line.send

    def hears(data: bytes, /) -> int:
        said.extend(data)
        return send(data)

    line.send = hears  # type: ignore[method-assign]  # it listens, and does the same
    session = BrokerSession(Broker("localhost", 1, "kiosk-1"), None, random=Random(0), dial=lambda: line)
    session.connect(0.0)
    assert isinstance(session.turn(0.0)[0], Connected)
    asked = bytes(said)
    assert b"\x27" + PACKET_MOST.to_bytes(4, "big") in asked
    assert b"\x21" + UNANSWERED_MOST.to_bytes(2, "big") in asked
