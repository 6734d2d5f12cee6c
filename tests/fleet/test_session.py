"""The client at the broker: the same tests over the broker of the bench, at the wire, and over Mosquitto."""

from __future__ import annotations

import select
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Protocol

import pytest

from edge.bench.broker import FakeBroker, Mood
from edge.fleet.link import LinkFault, Trouble
from edge.fleet.session import (
    Arrived,
    Broker,
    BrokerSession,
    Connected,
    Event,
    Lost,
    NotTaken,
    Published,
    Will,
)
from edge.fleet.topics import Topics
from tests.worlds.broker import WITHIN_S, context_of, needs_mosquitto
from tests.worlds.broker import Broker as Mosquitto

TOPICS = Topics("town", "kiosk-1")
ALERT = f"{TOPICS.folder}/events/alert"


class World(Protocol):
    """A broker, and a desk that reads and writes there."""

    def session(self, *, clean: bool = True) -> BrokerSession: ...

    def turn(self, *sessions: BrokerSession) -> list[Event]: ...

    def read(self, topic: str) -> list[bytes]: ...

    def ask(self, payload: bytes) -> None: ...

    def cut(self) -> None: ...


class FakeWorld:
    def __init__(self) -> None:
        self.broker = FakeBroker()
        self.now_s = 0.0

    def session(self, *, clean: bool = True) -> BrokerSession:
        return BrokerSession(
            Broker("localhost", 1883, "kiosk-1"),
            None,
            will=Will(TOPICS.status, b'{"online":false}'),
            subscriptions=(TOPICS.request,),
            clean=clean,
            random=Random(0),
            dial=self.broker.dial,
        )

    def turn(self, *sessions: BrokerSession) -> list[Event]:
        self.now_s += 0.1
        return [event for session in sessions for event in session.turn(self.now_s)]

    def read(self, topic: str) -> list[bytes]:
        return [one.payload for one in self.broker.taken if one.topic == topic]

    def ask(self, payload: bytes) -> None:
        self.broker.send(TOPICS.request, payload)

    def cut(self) -> None:
        self.broker.cut()


class RealWorld:
    """The desk is a client of the same kind, with the control room's certificate."""

    def __init__(self, broker: Mosquitto) -> None:
        self.broker = broker
        self._identity = broker.certificate("kiosk-1")
        control_room = broker.certificate("control-room")
        self._arrived: list[Arrived] = []
        self._desk = BrokerSession(
            Broker(broker.host, broker.port, "control-room", answer_s=WITHIN_S),
            lambda: context_of(control_room),
            subscriptions=("cabinguard/v1/#",),
            random=Random(1),
        )
        self._desk.connect(0.0)
        self._enter()

    def _enter(self) -> None:
        end_s = time.monotonic() + WITHIN_S
        while not self._desk.is_up:
            assert time.monotonic() < end_s
            self.turn()

    def session(self, *, clean: bool = True) -> BrokerSession:
        return BrokerSession(
            Broker(self.broker.host, self.broker.port, "kiosk-1", answer_s=WITHIN_S),
            lambda: context_of(self._identity),
            will=Will(TOPICS.status, b'{"online":false}'),
            subscriptions=(TOPICS.request,),
            clean=clean,
            random=Random(0),
        )

    def turn(self, *sessions: BrokerSession) -> list[Event]:
        found: list[Event] = []
        for session in (self._desk, *sessions):
            number = session.fileno()
            wanted = [] if number is None else [number]
            select.select(wanted, wanted if session.wants_write() else [], [], 0.01)
            events = session.turn(time.monotonic())
            if session is self._desk:
                self._arrived += [event for event in events if isinstance(event, Arrived)]
            else:
                found += events
        return found

    def read(self, topic: str) -> list[bytes]:
        return [one.payload for one in self._arrived if one.topic == topic]

    def ask(self, payload: bytes) -> None:
        assert self._desk.publish(TOPICS.request, payload) is not None

    def cut(self) -> None:
        self.broker.restart()

    def close(self) -> None:
        self._desk.close()


@pytest.fixture(params=["fake", pytest.param("mosquitto", marks=[pytest.mark.slow, needs_mosquitto])])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    with Mosquitto(tmp_path / "broker") as broker:
        real = RealWorld(broker)
        yield real
        real.close()


def until(world: World, done: Callable[[list[Event]], bool], *sessions: BrokerSession) -> list[Event]:
    """Turn them until what came is enough."""
    found: list[Event] = []
    end_s = time.monotonic() + WITHIN_S
    while not done(found):
        assert time.monotonic() < end_s, found
        found += world.turn(*sessions)
    return found


def of(kind: type[Event], count: int = 1) -> Callable[[list[Event]], bool]:
    return lambda events: sum(isinstance(event, kind) for event in events) >= count


def entered(world: World) -> BrokerSession:
    session = world.session()
    assert session.publish(ALERT, b"too soon") is None
    session.connect(0.0)
    until(world, of(Connected), session)
    return session


def test_what_is_published_is_taken_in_its_order(world: World) -> None:
    session = entered(world)
    tickets = [session.publish(ALERT, b"%d" % number) for number in range(8)]
    events = until(world, of(Published, 8), session)
    assert [event.ticket for event in events if isinstance(event, Published)] == tickets
    until(world, lambda _: len(world.read(ALERT)) == 8, session)
    assert world.read(ALERT) == [b"%d" % number for number in range(8)]
    session.close()


def test_no_more_is_in_flight_than_may_be(world: World) -> None:
    session = entered(world)
    tickets = [session.publish(ALERT, b"x" * 200) for _ in range(30)]
    assert tickets.index(None) == 20
    assert set(tickets[20:]) == {None}
    until(world, of(Published, 20), session)
    assert session.publish(ALERT, b"y") is not None
    session.close()


def test_a_request_arrives_and_is_not_said_to_be_kept(world: World) -> None:
    session = entered(world)
    until(world, lambda _: True, session)
    world.ask(b"please")
    (arrived,) = [one for one in until(world, of(Arrived), session) if isinstance(one, Arrived)]
    assert (arrived.topic, arrived.payload, arrived.retained) == (TOPICS.request, b"please", False)
    session.close()


def test_a_kiosk_that_leaves_in_order_has_no_will_published(world: World) -> None:
    session = entered(world)
    session.publish(TOPICS.status, b'{"online":true}', retain=True)
    until(world, of(Published), session)
    session.close()
    world.turn(session)
    other = world.session()
    other.connect(0.0)
    until(world, of(Connected), other)
    assert b'{"online":false}' not in world.read(TOPICS.status)
    other.close()


def test_a_connection_that_breaks_gives_back_what_was_in_flight_and_comes_again(world: World) -> None:
    session = entered(world)
    world.cut()
    ticket = session.publish(ALERT, b"lost?")
    events = until(world, of(Lost), session)
    lost = next(event for event in events if isinstance(event, Lost))
    assert lost.trouble is Trouble.DROPPED
    assert ticket is None or lost.tickets == (ticket,)
    until(world, of(Connected), session)
    assert session.publish(ALERT, b"again") is not None
    until(world, of(Published), session)
    session.close()


def test_another_client_of_the_same_name_takes_the_place(world: World) -> None:
    first = entered(world)
    second = world.session()
    second.connect(0.0)
    events = until(world, lambda found: of(Connected)(found) and of(Lost)(found), first, second)
    lost = next(event for event in events if isinstance(event, Lost))
    assert lost.trouble in (Trouble.TAKEN_OVER, Trouble.DROPPED)  # Mosquitto 2.0 gives no reason
    first.close()
    second.close()


# --- what only the broker of the bench does when it is told to ----------------------------------------


@pytest.mark.parametrize(
    ("mood", "trouble"),
    [
        (Mood.DOWN, Trouble.UNREACHABLE),
        (Mood.REFUSES, Trouble.REFUSED),
        (Mood.GARBLES, Trouble.GARBLED),
        (Mood.HANGS, Trouble.SILENT),
    ],
)
def test_a_broker_that_lets_nobody_in_has_a_name_for_each_way(mood: Mood, trouble: Trouble) -> None:
    world = FakeWorld()
    world.broker.be(mood)
    session = world.session()
    session.connect(0.0)
    events: list[Event] = []
    while not events:
        events += world.turn(session)
        assert world.now_s < 40.0
    (lost,) = events
    assert isinstance(lost, Lost)
    assert lost.trouble is trouble, lost
    world.broker.be(Mood.UP)
    until(world, of(Connected), session)


def test_a_broker_that_never_acknowledges_is_given_up_and_what_it_had_comes_back() -> None:
    world = FakeWorld()
    session = entered(world)
    world.broker.be(Mood.DEAF)
    ticket = session.publish(ALERT, b"hello?")
    events = until(world, of(Lost), session)
    (lost,) = [event for event in events if isinstance(event, Lost)]
    assert (lost.trouble, lost.tickets) == (Trouble.SILENT, (ticket,))
    assert world.now_s > 30.0


def test_a_refusal_and_a_message_that_nobody_reads_are_said() -> None:
    world = FakeWorld()
    session = entered(world)
    world.broker.be(Mood.DENIES)
    session.publish(ALERT, b"x")
    (denied,) = [one for one in until(world, of(NotTaken), session) if isinstance(one, NotTaken)]
    assert denied.detail == "not authorized"
    world.broker.be(Mood.UNREAD)
    session.publish(ALERT, b"x")
    (unread,) = [one for one in until(world, of(Published), session) if isinstance(one, Published)]
    assert unread.unread


def test_a_flood_is_read_no_faster_than_was_asked_for() -> None:
    """A broker that was broken into must not take the time of anyone who reads."""
    world = FakeWorld()
    session = BrokerSession(
        Broker("localhost", 1883, "kiosk-1", read_bytes_s=10_000),
        None,
        random=Random(0),
        dial=world.broker.dial,
    )
    session.connect(0.0)
    until(world, of(Connected), session)
    for number in range(400):
        world.broker.send(TOPICS.request, b"%d" % number + b"x" * 1000)
    came = [one for one in session.turn(world.now_s) if isinstance(one, Arrived)]
    assert len(came) < 80
    assert not session.wants_read()
    wake_s = session.next_wake_s(world.now_s)
    assert wake_s is not None
    assert wake_s > world.now_s
    while len(came) < 400:
        began_s = world.now_s
        came += [one for one in world.turn(session) if isinstance(one, Arrived)]
    assert world.now_s > 30.0 > began_s - 30.0
    assert [int(one.payload.partition(b"x")[0]) for one in came] == list(range(400))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_bytes_from_the_other_side_ever_raise_or_grow(seed: int) -> None:
    """Garbage, cut packets, promises of packets that are larger than any; then many whole, large packets of
    one kind, that mean nothing. What Python holds is measured at its highest."""
    random = Random(seed)
    world = FakeWorld()
    session = entered(world)
    kinds = (0x20, 0x30, 0x32, 0x34, 0x40, 0x50, 0x62, 0x70, 0x90, 0xD0, 0xE0, 0xF0)
    tracemalloc.start()
    try:
        for turn in range(45):
            line = world.broker.lines[0]
            if turn < 20:
                first = random.choice((*kinds, random.randrange(256)))
                size = random.choice((b"\x05", b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\x01", b"\x80"))
                line.say_raw(bytes([first]) + size + random.randbytes(random.randrange(40)))
            else:
                first = kinds[seed % len(kinds)]
                body = b"\0\1a" + random.randbytes(2) + b"\0" + random.randbytes(50_000)
                size = bytes([0x80 | len(body) & 127, 0x80 | len(body) >> 7 & 127, len(body) >> 14])
                line.say_raw(bytes([first]) + size + body)
            world.turn(session)
            while not session.is_up:
                world.now_s += 10.0
                world.turn(session)
        _, highest = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert highest < 1_000_000, f"{highest} bytes"


def test_the_pauses_are_drawn_from_all_of_their_range_and_begin_again_after_a_steady_time() -> None:
    broker = FakeBroker()
    broker.be(Mood.DOWN)
    pauses: dict[int, list[float]] = {}
    for seed in range(200):
        session = BrokerSession(Broker("h", 1, "k"), None, random=Random(seed), dial=broker.dial)
        now_s = 0.0
        session.connect(now_s)
        for number in range(8):
            session.turn(now_s)
            wake_s = session.next_wake_s(now_s)
            assert wake_s is not None
            pauses.setdefault(number, []).append(wake_s - now_s)
            now_s = wake_s
    for number, found in pauses.items():
        widest = min(30.0, 2.0**number)
        assert 0.0 <= min(found) < 0.1 * widest
        assert 0.9 * widest < max(found) <= widest
        assert abs(sum(found) / len(found) - widest / 2) < 0.1 * widest
    world = FakeWorld()
    session = entered(world)
    world.now_s += 60.0
    world.turn(session)
    world.cut()
    world.turn(session)
    wake_s = session.next_wake_s(world.now_s)
    assert wake_s is not None
    assert wake_s - world.now_s <= 1.0


def test_a_certificate_is_asked_for_at_each_connection() -> None:
    """So that a renewed one is taken without a restart; one that cannot be used has a name."""
    asked: list[int] = []

    def context() -> object:
        asked.append(len(asked))
        raise LinkFault(Trouble.NO_CERTIFICATE, "certificate_missing")

    session = BrokerSession(
        replace(Broker("127.0.0.1", 1, "kiosk-1"), longest_pause_s=0.0, first_pause_s=0.0),
        context,  # type: ignore[arg-type]  # it never comes to a context
        random=Random(0),
    )
    session.connect(0.0)
    for now_s in range(3):
        (lost,) = session.turn(float(now_s))
        assert isinstance(lost, Lost)
        assert lost.trouble is Trouble.NO_CERTIFICATE
    assert asked == [0, 1, 2]
