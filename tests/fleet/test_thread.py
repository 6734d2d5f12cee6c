"""The carrier's own thread against brokers that misbehave over real sockets: nothing holds up the loop."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from edge.fleet.link import Trouble
from edge.fleet.payloads import Status
from edge.fleet.publisher import Pace, Publisher, Voice
from edge.fleet.session import Broker, BrokerSession
from edge.fleet.topics import Topics
from edge.messages.ways.carrier import NotTaken, Taken
from edge.messages.ways.mqtt import Mqtt
from edge.terms.record import Channel, OutboxRow, Recipient
from hw.clock import SystemClock
from tests.worlds.broker import WITHIN_S, context_of, needs_mosquitto
from tests.worlds.broker import Broker as Mosquitto

pytestmark = pytest.mark.slow

TURN_S = 0.02
"""A call of the loop that takes longer would be felt at the keypad; on a busy machine the median counts."""

Behave = Callable[[socket.socket], None]


def accepts_and_says_nothing(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while line.recv(4096):
            pass


def sends_garbage(line: socket.socket) -> None:
    random = Random(0)
    with contextlib.suppress(OSError):
        for _ in range(50):
            line.sendall(random.randbytes(2000))
            time.sleep(0.01)


def breaks_off_in_the_middle_of_a_packet(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.recv(4096)
        line.sendall(b"\x20\x09\x00\x00\x06")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def promises_a_packet_that_never_ends(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.recv(4096)
        line.sendall(b"\x30\xff\xff\xff\x7f")
        while True:
            line.sendall(b"\0" * 65_536)


@contextlib.contextmanager
def server(behave: Behave) -> Iterator[int]:
    """A port at which every connection is treated like this."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                with contextlib.suppress(OSError):
                    line, _ = listener.accept()
                    threading.Thread(target=one, args=(line,), daemon=True).start()

        def one(line: socket.socket) -> None:
            with line:
                behave(line)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        ended.set()


@contextlib.contextmanager
def carrier(broker: Broker, context: Callable[[], object] | None = None) -> Iterator[Mqtt]:
    session = BrokerSession(broker, context, random=Random(0))  # type: ignore[arg-type]
    voice = Voice("kiosk-1", "40000000ab", str, lambda incident: ())
    publisher = Publisher(session, Topics("town", "kiosk-1"), voice, Pace(120.0, 1.0))
    made = Mqtt(publisher, SystemClock(), lambda: None)
    made.show(Status(kiosk="kiosk-1", online=True), Status(kiosk="kiosk-1", online=False))
    try:
        yield made
    finally:
        made.close()


def row(number: int) -> OutboxRow:
    return OutboxRow(
        number,
        1,
        "locked",
        0,
        Recipient.CONTROL_ROOM,
        Channel.MQTT,
        0.0,
        1e6,
        stream="alert",
        sequence=number,
    )


@pytest.mark.parametrize(
    ("behave", "troubles"),
    [
        (accepts_and_says_nothing, {Trouble.SILENT}),
        (sends_garbage, {Trouble.GARBLED, Trouble.DROPPED, Trouble.REFUSED}),
        (breaks_off_in_the_middle_of_a_packet, {Trouble.DROPPED, Trouble.GARBLED}),
        (promises_a_packet_that_never_ends, {Trouble.GARBLED}),
    ],
)
def test_the_loop_is_never_held_up_and_the_trouble_has_a_name(behave: Behave, troubles: set[Trouble]) -> None:
    seen: set[Trouble] = set()
    took_s: list[float] = []
    with server(behave) as port, carrier(Broker("127.0.0.1", port, "kiosk-1", answer_s=1.0)) as made:
        end_s = time.monotonic() + WITHIN_S
        while not seen or len(took_s) < 200:
            assert time.monotonic() < end_s
            began_s = time.monotonic()
            if made.idle:
                made.send(len(took_s) + 1, row(1), "text", began_s + 5.0)
            made.poll(began_s)
            made.next_wake_s()
            trouble = made.publisher.standing.trouble
            took_s.append(time.monotonic() - began_s)
            seen |= set() if trouble is None else {trouble}
            time.sleep(0.005)
        assert made.thread.alive
    assert seen <= troubles, seen
    assert sorted(took_s)[len(took_s) // 2] < TURN_S / 10


def test_a_name_that_is_unknown_and_a_port_that_is_shut_are_no_more_than_unreachable() -> None:
    with socket.socket() as shut:
        shut.bind(("127.0.0.1", 0))
        for host, port in (("no-such-name.invalid", 1883), ("127.0.0.1", shut.getsockname()[1])):
            with carrier(Broker(host, port, "kiosk-1")) as made:
                end_s = time.monotonic() + WITHIN_S
                while made.publisher.standing.trouble is not Trouble.UNREACHABLE:
                    assert time.monotonic() < end_s
                    time.sleep(0.01)


@needs_mosquitto
def test_over_mosquitto_the_thread_takes_and_gives_back_and_says_goodbye(tmp_path: Path) -> None:
    from tests.worlds.broker_client import BrokerClient

    with Mosquitto(tmp_path / "broker") as broker:
        identity = broker.certificate("kiosk-1")
        with (
            BrokerClient(broker, context_of(broker.certificate("control-room")), "control-room") as desk,
            carrier(Broker(broker.host, broker.port, "kiosk-1"), lambda: context_of(identity)) as made,
        ):
            desk.subscribe("cabinguard/v1/#")
            answers: list[object] = []
            given, end_s = 0, time.monotonic() + WITHIN_S
            while sum(isinstance(one, Taken) for one in answers) < 100:
                assert time.monotonic() < end_s, answers[-3:]
                while made.idle and given < 100:
                    given += 1
                    made.send(given, row(given), "text", time.monotonic() + 45.0)
                answers += made.poll(time.monotonic())
                time.sleep(0.005)
            assert not [one for one in answers if isinstance(one, NotTaken)]
            made.close()
            end_s = time.monotonic() + WITHIN_S
            status = "cabinguard/v1/town/kiosk-1/status"
            while not any(one.topic == status and b'"online":false' in one.payload for one in desk.arrived):
                assert time.monotonic() < end_s
                desk.subscribe("cabinguard/v1/none")
        events = [one for one in desk.arrived if one.topic.endswith("/events/alert")]
        assert len(events) == 100
