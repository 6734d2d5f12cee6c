"""What is published first, what comes again, and what waits: the publisher over the broker of the bench."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from edge.bench.broker import FakeBroker, Mood
from edge.fleet.payloads import Chunk, Reply, Status
from edge.fleet.publisher import AGAIN_S, RESENT_MOST, Pace, Publisher, Voice
from edge.fleet.session import Broker, BrokerSession
from edge.fleet.topics import Stream
from edge.terms.record import Channel, OutboxRow, Recipient
from tests.fleet.fleet_world import KIOSK, TOPICS, events


class World:
    def __init__(self, pace: Pace | None = None) -> None:
        self.broker = FakeBroker()
        self.now_s = 100.0
        self.updates = ""
        session = BrokerSession(
            Broker("localhost", 1883, KIOSK), None, random=Random(0), dial=self.broker.dial
        )
        voice = Voice(KIOSK, "40000000ab", lambda: "7:00", lambda incident: (), lambda: self.updates)
        self.publisher = Publisher(session, TOPICS, voice, pace or Pace(120.0, 5.0))
        self._given = 0

    def turn(self, times: int = 1, each_s: float = 0.1) -> None:
        for _ in range(times):
            self.now_s += each_s
            self.publisher.turn(self.now_s)

    def hand(self, stream: Stream, sequence: int) -> int:
        self._given += 1
        row = OutboxRow(self._given, 1, "locked", 0, Recipient.CONTROL_ROOM, Channel.MQTT, 0.0, 1e6, tries=1)
        placed = OutboxRow(**{**_fields(row), "stream": stream.value, "sequence": sequence})  # type: ignore[arg-type]
        self.publisher.hand(self._given, placed, "text")
        return self._given


def _fields(row: OutboxRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def chunk(number: int) -> Callable[[], Chunk | None]:
    def read() -> Chunk | None:
        return Chunk(
            kiosk=KIOSK,
            id=1,
            incident=1,
            name="a.jpg",
            sha256="a" * 64,
            size=9,
            chunk=number,
            chunks=9,
            data=b"x",
        )

    return read


def leaves(world: World) -> list[str]:
    return [one.topic.removeprefix(f"{TOPICS.folder}/") for one in world.broker.taken]


def test_an_alarm_waits_for_no_more_than_one_piece_of_a_picture() -> None:
    world = World()
    world.turn(3)
    assert world.publisher.upload(tuple(chunk(number) for number in range(5)))
    assert not world.publisher.upload((chunk(9),))
    world.turn()
    assert leaves(world) == ["evidence"]
    world.hand(Stream.EMERGENCY, 1)
    world.publisher.reply(Reply(kiosk=KIOSK, id=1, verb="report", outcome="done"))
    world.turn(9)
    assert leaves(world) == ["evidence", "events/emergency", "reply", *["evidence"] * 4]


def test_of_each_stream_what_comes_again_goes_before_what_is_new_and_emergencies_before_all() -> None:
    world = World()
    world.turn(3)
    for sequence in (1, 2):
        world.hand(Stream.ALERT, sequence)
    world.turn(3)
    world.broker.cut()
    world.broker.taken.clear()
    world.turn(30)
    told = [(one.stream, one.sequence, one.repeat) for one in events(world.broker)]
    assert told == [("alert", 1, True), ("alert", 2, True)]
    world.broker.cut()
    world.broker.taken.clear()
    world.turn()
    while not world.publisher.session.is_up:
        world.turn()
    world.hand(Stream.ALERT, 3)
    world.hand(Stream.EMERGENCY, 1)
    world.turn(3)
    alerts = [one.sequence for one in events(world.broker) if one.stream is Stream.ALERT]
    assert alerts == [1, 2, 3]


def test_what_comes_again_is_bounded_in_time_and_number() -> None:
    world = World(Pace(resend_s=60.0, status_s=5.0))
    world.turn(3)
    world.hand(Stream.ALERT, 1)
    world.turn(3)
    world.turn(1, each_s=90.0)
    for sequence in range(2, RESENT_MOST + 52):
        world.hand(Stream.ALERT, sequence)
        world.turn()
    world.broker.cut()
    world.broker.taken.clear()
    world.turn(60)
    again = [one.sequence for one in events(world.broker)]
    assert again == list(range(RESENT_MOST + 52 - len(again), RESENT_MOST + 52))
    assert 200 < len(again) <= RESENT_MOST
    none = World(Pace(resend_s=0.0, status_s=5.0))
    none.turn(3)
    none.hand(Stream.ALERT, 1)
    none.turn(3)
    none.broker.cut()
    none.turn(30)
    assert len(events(none.broker)) == 1


def test_a_message_that_nobody_reads_is_given_back_and_nothing_is_offered_for_a_while() -> None:
    world = World()
    world.turn(3)
    world.broker.be(Mood.UNREAD)
    ticket = world.hand(Stream.ALERT, 1)
    world.turn(3)
    (done,) = world.publisher.done()
    assert (done.ticket, done.cause) == (ticket, "nobody reads it at the broker")
    assert world.publisher.room == 0
    world.turn(1, each_s=AGAIN_S + 1.0)
    assert world.publisher.room > 0


def test_the_word_on_updates_is_part_of_the_status_and_read_now_and_then() -> None:
    world = World()
    world.turn(3)
    world.publisher.show(Status(kiosk=KIOSK, online=True))
    world.turn(3)
    world.updates = "waiting 2.0"
    world.turn(30, each_s=1.0)
    words = [json.loads(one)["update"] for one in world.broker.read("/status")]
    assert words == ["", "waiting 2.0"]


def test_replies_and_arrivals_are_bounded_while_nobody_takes_them() -> None:
    world = World()
    for number in range(100):
        world.publisher.reply(Reply(kiosk=KIOSK, id=number, verb="report", outcome="done"))
    world.turn(9)
    ids = [json.loads(one)["id"] for one in world.broker.read("/reply")]
    assert ids == list(range(68, 100))
    for _ in range(100):
        world.broker.send(TOPICS.request, b"x" * 9000)
    world.turn(9)
    came, dropped = world.publisher.came()
    assert (len(came), len(came) + dropped) == (16, 100)
