"""What a broker may say to a kiosk: each packet is looked at before paho takes it, and cut to what is used.

A broker that was broken into is the other side's. paho keeps every message of QoS 2 until its second half
comes, answers whatever asks for an answer, takes an acknowledgement of what was never sent for no news, and
decodes properties in a time that grows with the square of their number (32,500 in 64 KB: 3 s of a server's
processor). So packets that no kiosk's broker has to send end the connection, and properties go no further.

MQTT Version 5.0, OASIS standard: the numbers beside the packets are its sections.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge.fleet.link import LinkFault, Trouble, Wire, fault_of

PACKET_MOST: Final = 65_536
"""Bytes of one packet from the broker: a request has a few hundred. Asked for in `CONNECT`, and held here."""
UNANSWERED_MOST: Final = 16
"""Messages from the broker that we have not answered yet. Asked for in `CONNECT` (3.1.2.11.3), held here."""
UNASKED_BYTES: Final = 512
"""A packet that nobody asked for counts as so many bytes at least: each has a price, however small it is."""

_PING: Final = b"\xc0\x00"
_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _PINGRESP, _DISCONNECT = 0x20, 0x30, 0x40, 0x90, 0xD0, 0xE0
_NAMES: Final = {
    0x00: "of a kind that MQTT does not have",
    0x10: "that only a client sends (CONNECT)",
    0x50: "about a message of QoS 2 (PUBREC), and we send none",
    0x60: "about a message of QoS 2 (PUBREL), and we take none",
    0x70: "about a message of QoS 2 (PUBCOMP), and we send none",
    0x80: "that only a client sends (SUBSCRIBE)",
    0xA0: "that only a client sends (UNSUBSCRIBE)",
    0xB0: "that answers what we never ask (UNSUBACK)",
    0xC0: "that only a client sends (PINGREQ)",
    0xF0: "that goes on with a log-in we did not begin (AUTH)",
}
_CONNACK_MOST: Final = 4_096
_TOPIC_MOST: Final = 1_024
_AHEAD: Final = 16_384
_BURST_S: Final = 4.0
"""What was not read for so long may be read at once."""


def garbled(detail: str) -> LinkFault:
    """What the other side said is nothing that a broker may say to us now."""
    return LinkFault(Trouble.GARBLED, detail)


class Gate:
    """One connection's. `sent`: whether a message of this id was sent and not acknowledged; `asked`: whether
    a subscription of this id was. Raises `LinkFault` (garbled) for what may not come.
    """

    def __init__(self, sent: Callable[[int], bool], asked: Callable[[int], bool]) -> None:
        self._sent = sent
        self._asked = asked
        self._greeted = False
        self.pings = 0
        """Of ours, that were not answered."""
        self.unanswered = 0
        """Messages let in since all that we had to say had left."""

    @property
    def is_full(self) -> bool:
        """Whether nothing more is let in until our answers have left."""
        return self.unanswered >= UNANSWERED_MOST

    def length(self, data: bytes | bytearray) -> int | None:
        """How long the packet is that begins here, in bytes; None: not known before there is more of it."""
        if not data:
            return None
        self._look(data[0])
        size = 0
        for at, byte in enumerate(data[1:5]):
            size |= (byte & 127) << 7 * at
            if not byte & 128:
                whole = 2 + at + size
                if whole > (_CONNACK_MOST if data[0] == _CONNACK else PACKET_MOST):
                    raise garbled("a packet larger than any that we asked for")
                return whole
        if len(data) >= 5:
            raise garbled("the length of a packet has more than four bytes")
        return None

    def let_in(self, packet: bytes) -> bytes:
        """A whole packet, as paho is to see it: the same without properties, but for the greeting."""
        kind = packet[0] & 0xF0
        self._look(packet[0])
        body = packet[2 + sum(byte > 127 for byte in _size_of(packet)) :]
        if kind == _CONNACK:
            self._greeted = True
            return packet
        if kind == _PUBLISH:
            return self._message(packet[0], body)
        if kind == _PUBACK:
            if len(body) < 2 or not self._sent(int.from_bytes(body[:2], "big")):
                raise garbled("it acknowledges a message that was not sent")
            return as_packet(packet[0], body[:3])
        if kind == _SUBACK:
            if len(body) < 3 or not self._asked(int.from_bytes(body[:2], "big")):
                raise garbled("it answers a subscription that was not asked for")
            return as_packet(packet[0], body[:2] + b"\0" + _after_properties(body, 2))
        if kind == _PINGRESP:
            if body or not self.pings:
                raise garbled("it answers a ping that was not sent")
            self.pings -= 1
            return packet
        return as_packet(packet[0], body[:1])  # it ends: the reason is enough

    def price(self, packet: bytes) -> int:
        """Beyond its length, in bytes: so that small ones come no faster than what may be felt."""
        return max(0, UNASKED_BYTES - len(packet)) if packet[0] & 0xF0 == _PUBLISH else 0

    def _look(self, first: int) -> None:
        """Whether a packet that begins so may come now."""
        kind, flags = first & 0xF0, first & 0x0F
        if kind in _NAMES:
            raise garbled(f"a packet {_NAMES[kind]}")
        if not self._greeted and kind not in (_CONNACK, _DISCONNECT):
            raise garbled("no MQTT, or no answer to our greeting")
        if self._greeted and kind == _CONNACK:
            raise garbled("it greets twice (CONNACK)")
        if kind != _PUBLISH and flags:
            raise garbled("flags that its packet cannot have")
        if kind == _PUBLISH and flags & 0b0100:
            raise garbled("a message of QoS 2, and we take none")

    def _message(self, first: int, body: bytes) -> bytes:
        """3.3. An alias in place of the topic was not allowed in `CONNECT`: the topic is always there."""
        counted = bool(first & 0b0010)
        end = 2 + int.from_bytes(body[:2], "big")
        head_end = end + 2 * counted
        if len(body) <= head_end or not 2 < end <= 2 + _TOPIC_MOST:
            raise garbled("a message without a topic, or with one longer than any that we asked for")
        if counted and body[end:head_end] == b"\0\0":
            raise garbled("a message without a number")
        self.unanswered += counted
        return as_packet(first, body[:head_end] + b"\0" + _after_properties(body, head_end))


def _size_of(packet: bytes) -> bytes:
    """The bytes after the first that tell the length, and no others that look so."""
    found = packet[1:5]
    for at, byte in enumerate(found):
        if not byte & 128:
            return found[: at + 1]
    return found


def _after_properties(body: bytes, at: int) -> bytes:
    size = 0
    for number, byte in enumerate(body[at : at + 4]):
        size |= (byte & 127) << 7 * number
        if not byte & 128:
            end = at + number + 1 + size
            if end > len(body):
                break
            return body[end:]
    raise garbled("properties that do not end")


def as_packet(first: int, body: bytes) -> bytes:
    """With its length between the two, a variable byte integer (1.5.5)."""
    size, length = len(body), bytearray()
    while True:
        length.append(size % 128 | (128 if size >= 128 else 0))
        size //= 128
        if not size:
            return bytes([first]) + length + body


@dataclass(slots=True)
class Heard:
    """Whether anything came over the wire since that was last looked at, and what it broke with."""

    any: bool = False
    fault: LinkFault | None = None


class BoundedWire:
    """What paho takes for its socket: whole packets that `gate` lets in, and the error it broke with.

    `bytes_s` bounds what is read a second (0: nothing does): a broker that was broken into may send as fast
    as the line goes, and a process that reads all of it has no time for anything else.
    """

    def __init__(self, wire: Wire, gate: Gate, bytes_s: int = 0) -> None:
        self._wire = wire
        self.gate = gate
        self._ahead = bytearray()
        self._packet = b""
        self._at = 0
        self._bytes_s = bytes_s
        self._left = float(bytes_s * _BURST_S)
        self._filled_s: float | None = None
        self.heard = Heard()

    def fill(self, now_s: float) -> None:
        """Time has gone on: more may be read."""
        since_s = 0.0 if self._filled_s is None else max(0.0, now_s - self._filled_s)
        self._filled_s = now_s
        self._left = min(self._bytes_s * _BURST_S, self._left + since_s * self._bytes_s)

    @property
    def may_read(self) -> bool:
        """Whether more may be read now."""
        return not self.gate.is_full and (not self._bytes_s or self._left > 0.0)

    @property
    def pending(self) -> bool:
        """Whether there is something for paho that the socket will not say: read, and not taken."""
        if self._packet:
            return True
        if not self.may_read:
            return False
        try:
            length = self.gate.length(self._ahead)
        except LinkFault:
            return True
        if length is not None and len(self._ahead) >= length:
            return True
        if getattr(self._wire, "waiting", False):
            return True
        return isinstance(self._wire, ssl.SSLSocket) and self._wire.pending() > 0

    def recv(self, buffer_size: int) -> bytes:
        if not self._packet and not self._next():
            return b""
        taken = self._packet[self._at : self._at + buffer_size]
        self._at += len(taken)
        if self._at >= len(self._packet):
            self._packet, self._at = b"", 0
        return taken

    def _next(self) -> bool:
        """Have the next packet whole; False at the end. BlockingIOError where there is none by now."""
        if not self.may_read:
            raise BlockingIOError
        try:
            while True:
                length = self.gate.length(self._ahead)
                if length is not None and len(self._ahead) >= length:
                    break
                if not self.may_read:
                    raise BlockingIOError
                got = self._wire.recv(_AHEAD)
                if not got:
                    return False
                self.heard.any = True
                self._left -= len(got)
                self._ahead += got
            said = bytes(self._ahead[:length])
            del self._ahead[:length]
            self._left -= self.gate.price(said)
            self._packet = self.gate.let_in(said)
        except LinkFault as fault:
            self.heard.fault = LinkFault(fault.trouble, fault.detail)  # without the frames, which hold us
            raise ConnectionAbortedError from None
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            self.heard.fault = fault_of(error)
            raise
        return True

    def send(self, buffer: bytes | bytearray) -> int:
        data = bytes(buffer)
        try:
            count = self._wire.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            self.heard.fault = fault_of(error)
            raise
        self.gate.pings += data == _PING
        return count

    def fileno(self) -> int:
        return self._wire.fileno()

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def close(self) -> None:
        self._ahead.clear()
        self._packet, self._at = b"", 0
        with contextlib.suppress(OSError):
            self._wire.close()
