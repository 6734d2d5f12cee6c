"""One client at the broker: MQTT 5 by paho, driven from outside, without a thread and without ever waiting.

Anyone who has it asks `socket`, `wants_write` and `next_wake_s`, waits as it likes (one kiosk in a thread, a
bench with thousands in one selector), and calls `turn`. A connection that is lost is opened again after a
pause drawn from the whole of its range (AWS, "Exponential Backoff And Jitter", full jitter), so that a fleet
does not come back in step. Each connection has a fresh paho client: what was in flight is given back by
`Lost`, for paho would send it again as if it were the first time, and a broker passes on no mark of that.

MQTT 5 and not 3.1.1, since only there a broker can say in its answer to a message that it does not take it;
Mosquitto answers a 3.1.1 client that may not write there as if all were well.
"""

from __future__ import annotations

import contextlib
import random as random_module
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.fleet.gate import PACKET_MOST, UNANSWERED_MOST, BoundedWire, Gate
from edge.fleet.link import Dial, LinkFault, TlsWay, Trouble, Way, Wire

STEADY_S: Final = 10.0
"""So long a connection must have held for the pauses to begin again."""

_READS_A_TURN: Final = 256
_FULL_S: Final = 0.1
"""Where enough was read: so long until the socket is looked at again."""
_TAKEN_OVER: Final = 0x8E
_UNREAD: Final = 0x10
"""MQTT 5.0, 3.4.2.1: session taken over; no matching subscribers."""
_EXPIRY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is, and who we are there.

    `answer_s`: so long it may take to open a connection, to take what we send, and to acknowledge a message.
    `first_pause_s` and `longest_pause_s` bound the pauses. `in_flight`: messages sent and not acknowledged,
    at most. `read_bytes_s`: of what comes from there so much is read a second, 0 for all.
    """

    host: str
    port: int
    client_id: str
    keepalive_s: int = 60
    answer_s: float = 30.0
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    in_flight: int = 20
    read_bytes_s: int = 0


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, where we are gone without a word."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Connected:
    """`session_present`: the broker knows us from before, and what we had subscribed to."""

    session_present: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """No connection, or none any more. `tickets` were sent and not acknowledged: forgotten here."""

    trouble: Trouble
    detail: str
    tickets: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """The broker has taken it. `unread`: nobody has asked for it there, so that it keeps it for nobody."""

    ticket: int
    unread: bool = False


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The broker does not take it; why, in its words."""

    ticket: int
    detail: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody published it. `dup`: the broker may have sent it before."""

    topic: str
    payload: bytes
    retained: bool
    dup: bool


Event = Connected | Lost | Published | NotTaken | Arrived


class _Client(Client):
    """paho's client over a wire that is open already."""

    wire: BoundedWire

    def _create_socket(self) -> BoundedWire:
        return self.wire


class BrokerSession:
    """`context` makes the TLS side of each connection, so that a renewed certificate is taken with the next;
    None: without TLS, for a broker on this machine. `clean`: the broker forgets us with the connection.

    `dial` is for benches: another way to the broker than TCP.
    """

    def __init__(
        self,
        broker: Broker,
        context: Callable[[], ssl.SSLContext] | None,
        *,
        will: Will | None = None,
        subscriptions: Sequence[str] = (),
        clean: bool = True,
        random: random_module.Random | None = None,
        dial: Dial | None = None,
    ) -> None:
        self._broker = broker
        self._context = context
        self._will = will
        self._subscriptions = tuple(subscriptions)
        self._clean = clean
        self._random = random or random_module.Random()
        self._dial = dial or self._dial_tcp
        self._events: list[Event] = []
        self._way: Way | None = None
        self._client: _Client | None = None
        self._up = False
        self._up_since_s = 0.0
        self._tries = 0
        self._retry_at_s: float | None = None
        self._answer_by_s = 0.0
        self._now_s = 0.0
        self._clear_s = 0.0
        self._in_flight = broker.in_flight
        self._tickets: dict[int, int] = {}
        self._sent_s: dict[int, float] = {}
        self._next_ticket = 1
        self._subscribing: int | None = None
        self._said: LinkFault | None = None
        self.heard_s = float("-inf")
        """When anything last came from the broker."""

    def __repr__(self) -> str:
        return f"BrokerSession(up={self._up})"

    # --- what a driver asks ------------------------------------------------------------------------

    @property
    def is_up(self) -> bool:
        """Whether the broker has let us in."""
        return self._up

    @property
    def room(self) -> int:
        """How many more messages may be in flight."""
        if self._client is None or not self._up or self._client.want_write():
            return 0
        return max(0, self._in_flight - len(self._tickets))

    @property
    def in_flight(self) -> int:
        """How many messages may be in flight at all: fewer than asked for, where the broker says so."""
        return self._in_flight

    def fileno(self) -> int | None:
        """The socket to wait for, None while there is none."""
        if self._way is not None:
            return self._way.fileno()
        return None if self._client is None else self._client.wire.fileno()

    def wants_read(self) -> bool:
        """Whether the socket is to be waited for until it has bytes; not while enough was read."""
        return self._client is None or self._client.wire.may_read

    def wants_write(self) -> bool:
        """Whether the socket is to be waited for until it takes bytes."""
        if self._way is not None:
            return self._way.wants_write
        return self._client is not None and self._client.want_write()

    def next_wake_s(self, now_s: float) -> float | None:
        """The latest time for the next `turn`, though nothing moves at the socket; None: never."""
        if self._client is not None and (self._client.wire.pending or self._events):
            return now_s
        if not self.wants_read():
            return now_s + _FULL_S
        if self._way is not None or (self._client is not None and not self._up):
            return self._answer_by_s
        if self._up:
            by_s = now_s + max(1.0, self._broker.keepalive_s / 4)
            since_s = list(self._sent_s.values())
            if self.wants_write():
                since_s.append(self._clear_s)
            return min(by_s, min(since_s) + self._broker.answer_s) if since_s else by_s
        return self._retry_at_s

    # --- orders ------------------------------------------------------------------------------------

    def connect(self, now_s: float) -> None:
        """Begin, and stay connected until `close`."""
        if self._retry_at_s is None and self._way is None and self._client is None:
            self._retry_at_s = now_s

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Send at least once (QoS 1); the ticket of it.

        None: not now (not up, enough in flight, or the line has not taken what was sent before).
        """
        client = self._client
        if client is None or not self.room:
            return None
        self._clear_s = self._now_s
        info = client.publish(topic, payload, qos=1, retain=retain)
        if info.rc is not MQTTErrorCode.MQTT_ERR_SUCCESS or self._client is not client:
            return None
        ticket = self._next_ticket
        self._next_ticket += 1
        self._tickets[info.mid] = ticket
        self._sent_s[info.mid] = self._now_s
        return ticket

    def close(self) -> None:
        """Leave in order: the broker does not publish the will. What is in flight is forgotten."""
        if self._client is not None and self._up:
            with contextlib.suppress(OSError, ValueError):
                self._client.disconnect()
        self._drop()
        self._retry_at_s = None

    def turn(self, now_s: float, readable: bool = True, writable: bool = True) -> tuple[Event, ...]:
        """Do what can be done at once; what came of it. Never raises for what the other side does."""
        self._now_s = now_s
        try:
            self._turn(now_s, readable, writable)
        except LinkFault as fault:
            self._lose(fault)
        taken, self._events = tuple(self._events), []
        return taken

    # --- inside ------------------------------------------------------------------------------------

    def _turn(self, now_s: float, readable: bool, writable: bool) -> None:
        if self._way is None and self._client is None:
            if self._retry_at_s is None or now_s < self._retry_at_s:
                return
            self._answer_by_s = now_s + self._broker.answer_s
            self._way = self._dial()
        if self._way is not None:
            if not self._way.step():
                self._check_late()
                return
            way, self._way = self._way, None
            self._greet(way.open())
        client = self._client
        if client is None:
            return
        client.wire.fill(now_s)
        if readable or client.wire.pending:
            self._read(client)
        if self._client is client and (writable or client.want_write()):
            client.loop_write()
        if self._client is client:
            client.loop_misc()
        if self._client is client:
            self._look_whether_clear(client)
            if client.wire.heard.any:
                client.wire.heard.any, self.heard_s = False, now_s
            self._check_late()

    def _read(self, client: _Client) -> None:
        for _ in range(_READS_A_TURN):
            try:
                client.loop_read()
            except Exception as error:  # paho's parser meets bytes that are no MQTT in many ways
                raise LinkFault(Trouble.GARBLED, f"no MQTT ({type(error).__name__})") from None
            if self._client is not client:
                return
            self._look_whether_clear(client)
            if not client.wire.pending:
                return

    def _look_whether_clear(self, client: _Client) -> None:
        """Where all that we had to say has left, the broker may say more."""
        if not client.want_write():
            client.wire.gate.unanswered = 0
            self._clear_s = self._now_s

    def _check_late(self) -> None:
        now_s = self._now_s
        if not self._up:
            if now_s >= self._answer_by_s:
                raise LinkFault(Trouble.SILENT, f"no answer within {self._broker.answer_s:.0f} s")
        elif self.wants_write() and now_s >= self._clear_s + self._broker.answer_s:
            raise LinkFault(Trouble.SILENT, f"it took nothing from us for {self._broker.answer_s:.0f} s")
        elif self._sent_s and now_s >= min(self._sent_s.values()) + self._broker.answer_s:
            raise LinkFault(
                Trouble.SILENT, f"a message not acknowledged within {self._broker.answer_s:.0f} s"
            )

    def _dial_tcp(self) -> Way:
        context = None if self._context is None else self._context()
        return TlsWay(self._broker.host, self._broker.port, context)

    def _greet(self, wire: Wire) -> None:
        """Say who we are over an open wire."""
        client = _Client(
            CallbackAPIVersion.VERSION2, self._broker.client_id, protocol=MQTTProtocolVersion.MQTTv5
        )
        gate = Gate(self._tickets.__contains__, lambda mid: mid == self._subscribing)
        client.wire = BoundedWire(wire, gate, self._broker.read_bytes_s)
        self._in_flight, self._subscribing, self._clear_s = self._broker.in_flight, None, self._now_s
        client.max_inflight_messages_set(0)  # the bound is our own: paho would queue without a word
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        if self._will is not None:
            client.will_set(self._will.topic, self._will.payload, qos=1, retain=True)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = PACKET_MOST
        properties.ReceiveMaximum = UNANSWERED_MOST
        if not self._clean:
            properties.SessionExpiryInterval = _EXPIRY_S
        client.connect_async(
            self._broker.host,
            self._broker.port,
            self._broker.keepalive_s,
            clean_start=self._clean,
            properties=properties,
        )
        self._client = client
        client.reconnect()

    def _on_connect(
        self,
        client: Client,
        userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if client is not self._client:
            return
        if reason.is_failure:
            self._said = LinkFault(Trouble.REFUSED, f"the broker refuses us: {str(reason).lower()}")
            return
        self._up, self._up_since_s = True, self._now_s
        self.heard_s = self._now_s
        most = getattr(properties, "ReceiveMaximum", None)
        if isinstance(most, int) and most > 0:
            self._in_flight = min(self._in_flight, most)
        if self._subscriptions:
            _, self._subscribing = client.subscribe([(topic, 1) for topic in self._subscriptions])
        self._events.append(Connected(bool(flags.session_present)))

    def _on_subscribe(
        self,
        client: Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        if client is self._client:
            self._subscribing = None

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if client is not self._client or not isinstance(client, _Client):
            return
        words = str(reason).lower()
        if (fault := self._said or client.wire.heard.fault) is not None:
            self._lose(fault)
        elif flags.is_disconnect_packet_from_server:
            over = reason.value == _TAKEN_OVER
            trouble = Trouble.TAKEN_OVER if over else Trouble.REFUSED
            self._lose(LinkFault(trouble, f"the broker ended it: {words}"))
        elif "protocol" in words or "malformed" in words:
            self._lose(LinkFault(Trouble.GARBLED, words))
        elif "keep alive" in words:
            self._lose(LinkFault(Trouble.SILENT, words))
        else:
            self._lose(LinkFault(Trouble.DROPPED, "the broker broke off"))

    def _on_publish(
        self, client: Client, userdata: object, mid: int, reason: ReasonCode, properties: Properties
    ) -> None:
        if client is not self._client:
            return
        ticket = self._tickets.pop(mid, None)
        self._sent_s.pop(mid, None)
        if ticket is not None:
            if reason.is_failure:
                self._events.append(NotTaken(ticket, str(reason).lower()))
            else:
                self._events.append(Published(ticket, reason.value == _UNREAD))

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        if client is not self._client:
            return
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._events.append(Arrived(topic, bytes(message.payload), message.retain, message.dup))

    def _lose(self, fault: LinkFault) -> None:
        """No connection any more: forget all of it, and draw the pause to the next."""
        if self._up and self._now_s >= self._up_since_s + STEADY_S:
            self._tries = 0
        tickets = self._drop()
        widest_s = min(self._broker.longest_pause_s, self._broker.first_pause_s * 2.0 ** min(self._tries, 16))
        self._tries += 1
        self._retry_at_s = self._now_s + self._random.uniform(0.0, widest_s)
        self._events.append(Lost(fault.trouble, fault.detail, tickets))

    def _drop(self) -> tuple[int, ...]:
        tickets = tuple(self._tickets.values())
        self._tickets.clear()
        self._sent_s.clear()
        self._up, self._said = False, None
        client, self._client = self._client, None
        way, self._way = self._way, None
        if client is not None:
            client.wire.close()
        if way is not None:
            way.close()
        return tickets
