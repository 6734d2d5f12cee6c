"""A broker for benches, at the wire: it reads and writes the bytes of MQTT 5, and can be broken by hand.

As strict as a real one: what is no packet, out of order or twice ends the connection. What it takes it keeps
for anyone who looks (`taken`, `retained`), and it publishes a client's will when that goes without a word.
The same tests run over it and over Mosquitto.

MQTT Version 5.0, OASIS standard: the numbers beside the packets are its sections.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from edge.fleet.gate import as_packet
from edge.fleet.link import LinkFault, Trouble

_NOT_AUTHORIZED: Final = 0x87
_UNREAD: Final = 0x10
_TAKEN_OVER: Final = 0x8E
_KEPT: Final = 20_000
_OTHER_SERVER: Final = (
    b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 150\r\n\r\n" + b"<html>" * 25
)


class _Packet:
    """The kinds of packets (2.1.2) that are spoken here: numbers, for anything may come over a wire."""

    CONNECT: Final = 1
    CONNACK: Final = 2
    PUBLISH: Final = 3
    PUBACK: Final = 4
    SUBSCRIBE: Final = 8
    SUBACK: Final = 9
    PINGREQ: Final = 12
    PINGRESP: Final = 13
    DISCONNECT: Final = 14


class Mood(StrEnum):
    """What the broker does: `up` is well. The names are the words of stories."""

    UP = "up"
    DOWN = "down"
    HANGS = "hangs"
    REFUSES = "refuses"
    GARBLES = "garbles"
    DEAF = "deaf"
    DENIES = "denies"
    UNREAD = "unread"
    DROPS = "drops"


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the broker acknowledged, or published for a client that is gone (`will`)."""

    client: str
    topic: str
    payload: bytes
    retain: bool
    dup: bool
    will: bool = False


class Malformed(Exception):
    """No packet of MQTT 5, or one that may not come now."""


class FakeBroker:
    """`mood` may be changed at any time; one that ends connections ends those that are open."""

    def __init__(self) -> None:
        self._mood = Mood.UP
        self._lines: list[Line] = []
        self.taken: list[Taken] = []
        self.retained: dict[str, bytes] = {}
        self.connects = 0
        self._seen = 0
        self._online = False

    @property
    def mood(self) -> Mood:
        return self._mood

    def be(self, mood: Mood) -> None:
        """From now on."""
        self._mood = mood
        if mood in (Mood.DOWN, Mood.REFUSES):
            self.cut()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The connections that are open."""
        return tuple(self._lines)

    def dial(self) -> Line:
        """A client begins a connection. Raises `LinkFault` where nobody listens."""
        if self._mood is Mood.DOWN:
            raise LinkFault(Trouble.UNREACHABLE, "nobody listens there")
        line = Line(self)
        self._lines.append(line)
        return line

    def cut(self) -> None:
        """Every connection breaks: each will is published."""
        for line in tuple(self._lines):
            line.drop()

    def send(self, topic: str, payload: bytes, *, retained: bool = False) -> int:
        """Somebody publishes to every client, whatever it has asked for: a broker that was broken into may.

        How many got it.
        """
        lines = [line for line in self._lines if line.client]
        for line in lines:
            line.say_publish(topic, payload, retained=retained)
        return len(lines)

    def read(self, ending: str) -> Iterator[bytes]:
        """The payloads that were taken on topics that end so."""
        return (one.payload for one in self.taken if one.topic.endswith(ending))

    def news(self) -> Iterator[dict[str, object]]:
        """What was taken since the last call, as people are told it: messages, and who comes and goes."""
        fresh, self._seen = self.taken[self._seen :], len(self.taken)
        for one in fresh:
            if "/events/" not in one.topic and not one.topic.endswith("/status"):
                continue
            said = json.loads(one.payload)
            if "online" not in said:
                yield {name: said[name] for name in ("stream", "kind", "repeat")}
            elif said["online"] is not self._online:
                self._online = said["online"] is True
                yield {"online": self._online}

    def take(self, taken: Taken) -> None:
        self.taken.append(taken)
        if len(self.taken) > _KEPT:
            del self.taken[: _KEPT // 2]
            self._seen = max(0, self._seen - _KEPT // 2)
        if taken.retain:
            self.retained[taken.topic] = taken.payload

    def forget(self, line: Line) -> None:
        if line in self._lines:
            self._lines.remove(line)

    def others(self, line: Line) -> tuple[Line, ...]:
        """The other connections of the same client."""
        return tuple(one for one in self._lines if one is not line and one.client == line.client)


@dataclass(slots=True)
class _Buffer:
    """Bytes of which packets are read from the front."""

    data: bytes
    at: int = 0

    def byte(self) -> int:
        return self.some(1)[0]

    def some(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise Malformed("it ends too soon")
        found, self.at = self.data[self.at : end], end
        return found

    def short(self) -> int:
        return int.from_bytes(self.some(2), "big")

    def text(self) -> bytes:
        return self.some(self.short())

    def number(self) -> int:
        """A variable byte integer (1.5.5)."""
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if not byte & 128:
                return value
            shift += 7
            if shift > 21:
                raise Malformed("a length of more than four bytes")

    def properties(self) -> bytes:
        return self.some(self.number())

    @property
    def rest(self) -> bytes:
        return self.data[self.at :]


class Line:
    """One connection, seen from the client: a way that is open at once, and its bytes."""

    def __init__(self, broker: FakeBroker) -> None:
        self._broker = broker
        self._in = bytearray()
        self._out = bytearray()
        self._open = True
        self._will: Taken | None = None
        self._next_mid = 1
        self.client = ""

    # --- as a client's socket ----------------------------------------------------------------------

    @property
    def wants_write(self) -> bool:
        return False

    @property
    def waiting(self) -> bool:
        """Whether bytes wait for the client, or the end of the connection."""
        return bool(self._out) or not self._open

    def step(self) -> bool:
        return True

    def open(self) -> Line:
        return self

    def fileno(self) -> int:
        return -1

    def recv(self, size: int, /) -> bytes:
        if not self._out:
            if not self._open:
                return b""
            raise BlockingIOError
        taken = bytes(self._out[:size])
        del self._out[:size]
        return taken

    def send(self, data: bytes, /) -> int:
        if not self._open:
            raise ConnectionResetError
        if self._broker.mood is Mood.HANGS:
            return len(data)
        if self._broker.mood is Mood.GARBLES:
            self._out += _OTHER_SERVER
            return len(data)
        self._in += data
        try:
            while self._one():
                pass
        except Malformed:
            self.drop()
        return len(data)

    def close(self) -> None:
        """The client's end is closed."""
        self._out.clear()
        self.drop()

    def drop(self) -> None:
        """The connection is gone; a client that did not say so has its will published."""
        if not self._open:
            return
        self._open = False
        self._broker.forget(self)
        if self._will is not None:
            self._broker.take(self._will)

    # --- packets -----------------------------------------------------------------------------------

    def say_raw(self, data: bytes) -> None:
        """Whatever a broker that is broken may say."""
        self._out += data

    def say_publish(self, topic: str, payload: bytes, *, retained: bool) -> None:
        name = topic.encode()
        body = len(name).to_bytes(2, "big") + name + self._next_mid.to_bytes(2, "big") + b"\0" + payload
        self._next_mid = self._next_mid % 65_535 + 1
        self._say(_Packet.PUBLISH, body, 0b0010 | retained)

    def _say(self, kind: int, body: bytes, flags: int = 0) -> None:
        self._out += as_packet(kind << 4 | flags, body)

    def _one(self) -> bool:
        """Take the next packet, where it is whole."""
        if not self._open or len(self._in) < 2:
            return False
        buffer = _Buffer(bytes(self._in))
        first = buffer.byte()
        try:
            body = buffer.some(buffer.number())
        except Malformed:
            if len(self._in) > 5 and all(byte & 128 for byte in self._in[1:5]):
                raise
            return False
        del self._in[: buffer.at]
        self._packet(first >> 4, first & 15, _Buffer(body))
        return True

    def _packet(self, kind: int, flags: int, body: _Buffer) -> None:
        if not self.client and kind != _Packet.CONNECT:
            raise Malformed("the first packet is no CONNECT")  # 3.1
        match kind:
            case _Packet.CONNECT:
                self._connect(body)
            case _Packet.PUBLISH:
                self._publish(flags, body)
            case _Packet.PUBACK:
                body.short()
            case _Packet.SUBSCRIBE:
                self._subscribe(body)
            case _Packet.PINGREQ:
                self._say(_Packet.PINGRESP, b"")
            case _Packet.DISCONNECT:
                if not body.rest or body.byte() != 4:  # 3.14.2.1: 4 asks for the will all the same
                    self._will = None
                self.drop()
            case _:
                raise Malformed(f"a packet of kind {kind}")

    def _connect(self, body: _Buffer) -> None:
        if self.client:
            raise Malformed("a second CONNECT")
        if (body.text(), body.byte()) != (b"MQTT", 5):
            raise Malformed("not MQTT 5")
        flags = body.byte()
        body.short()
        body.properties()
        client = body.text().decode()
        if flags & 4:
            body.properties()
            topic, payload = body.text().decode(), body.text()
            self._will = Taken(client, topic, payload, bool(flags & 32), dup=False, will=True)
        if self._broker.mood is Mood.REFUSES:
            self._will = None
            self._say(_Packet.CONNACK, bytes([0, _NOT_AUTHORIZED, 0]))
            return
        self.client = client
        for other in self._broker.others(self):
            other.take_over()
        self._broker.connects += 1
        self._say(_Packet.CONNACK, b"\0\0\0")

    def take_over(self) -> None:
        """Another connection of the same client has come."""
        self._say(_Packet.DISCONNECT, bytes([_TAKEN_OVER]))
        self.drop()

    def _publish(self, flags: int, body: _Buffer) -> None:
        topic = body.text().decode()
        if not topic or "#" in topic or "+" in topic or flags >> 1 & 3 != 1:
            raise Malformed("a topic or a quality that no kiosk uses")
        mid = body.short()
        body.properties()
        mood = self._broker.mood
        if mood is Mood.DEAF:
            return
        if mood is Mood.DROPS:
            self.drop()
            return
        answer = mid.to_bytes(2, "big")
        if mood is Mood.DENIES:
            self._say(_Packet.PUBACK, answer + bytes([_NOT_AUTHORIZED, 0]))
            return
        if mood is Mood.UNREAD:
            self._say(_Packet.PUBACK, answer + bytes([_UNREAD, 0]))
            return
        self._broker.take(Taken(self.client, topic, body.rest, bool(flags & 1), bool(flags & 8)))
        self._say(_Packet.PUBACK, answer)

    def _subscribe(self, body: _Buffer) -> None:
        mid = body.short()
        body.properties()
        count = 0
        while body.rest:
            body.text()
            body.byte()
            count += 1
        if not count:
            raise Malformed("a SUBSCRIBE for nothing")
        self._say(_Packet.SUBACK, mid.to_bytes(2, "big") + b"\0" + bytes([1] * count))
