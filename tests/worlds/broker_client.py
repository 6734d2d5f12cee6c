"""A client of a real broker that does one thing after the other and hears what the broker says to each."""

from __future__ import annotations

import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from tests.worlds.broker import WITHIN_S, Broker
from tests.worlds.closing import Closing

_TURN_S: Final = 0.05
_KEEPS_S: Final = 3600


@dataclass(frozen=True, slots=True)
class Arrived:
    topic: str
    payload: bytes
    retained: bool
    dup: bool


class RefusedError(Exception):
    """The broker did not take the connection, or broke it off; the words are its reason."""


class BrokerClient(Closing):
    """Speaks MQTT 5 at QoS 1. `context` None: without TLS. `keeps`: its session outlives the connection."""

    def __init__(
        self,
        broker: Broker,
        context: ssl.SSLContext | None,
        name: str,
        *,
        keeps: bool = False,
        username: str = "",
    ) -> None:
        self.arrived: list[Arrived] = []
        self.session_present = False
        self._connected = ""
        self._lost = ""
        self._answers: dict[int, list[ReasonCode]] = {}
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5, reconnect_on_failure=False
        )
        if username:
            self._client.username_pw_set(username, "anything")
        if context is not None:
            self._client.tls_set_context(context)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_subscribe = self._on_subscribe
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        if keeps:
            properties.SessionExpiryInterval = _KEEPS_S
        try:
            self._client.connect(broker.host, broker.port, 60, clean_start=not keeps, properties=properties)
        except (OSError, ssl.SSLError) as error:
            raise RefusedError(str(error)) from None
        try:
            self._until(lambda: bool(self._connected))
            if self._connected != "Success":
                raise RefusedError(self._connected)
        except RefusedError:
            self.drop()
            raise

    def close(self) -> None:
        """Go in good order."""
        self._client.disconnect()
        self._client.loop(_TURN_S)
        self.drop()

    def drop(self) -> None:
        """Be gone without a word, as in a power cut."""
        held = self._client.socket()
        if isinstance(held, socket.socket):
            held.close()

    def publish(self, topic: str, payload: bytes = b"{}", *, retain: bool = False) -> str:
        """The broker's answer: `Success`, `No matching subscribers`, `Not authorized` …"""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        self._until(lambda: sent.mid in self._answers)
        return str(self._answers.pop(sent.mid)[0])

    def subscribe(self, *filters: str, retained: bool = True) -> list[str]:
        """The broker's answer to each. `retained`: what is kept there comes at once."""
        handling = (
            SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if retained else SubscribeOptions.RETAIN_DO_NOT_SEND
        )
        asked = [(one, SubscribeOptions(qos=1, retainHandling=handling)) for one in filters]
        _, number = self._client.subscribe(asked)
        assert number is not None
        self._until(lambda: number in self._answers)
        return [str(code) for code in self._answers.pop(number)]

    def wait_for(self, payload: bytes) -> list[Arrived]:
        """All that came, up to a message with this payload; they are taken away."""
        self._until(lambda: any(one.payload == payload for one in self.arrived))
        end = 1 + next(at for at, one in enumerate(self.arrived) if one.payload == payload)
        came, self.arrived = self.arrived[:end], self.arrived[end:]
        return came

    def wait_until_lost(self) -> str:
        """The broker breaks the connection off; its reason."""
        end_s = time.monotonic() + WITHIN_S
        while not self._lost:
            assert time.monotonic() < end_s, "the connection holds"
            self._client.loop(_TURN_S)
        return self._lost

    # --- inside ---------------------------------------------------------------------------------

    def _until(self, done: object) -> None:
        assert callable(done)
        end_s = time.monotonic() + WITHIN_S
        while not done():
            assert time.monotonic() < end_s, "the broker does not answer"
            self._client.loop(_TURN_S)
            if self._lost and not done():
                raise RefusedError(self._lost)

    def _on_connect(
        self,
        client: paho.Client,
        given: object,
        flags: paho.ConnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self.session_present = flags.session_present
        self._connected = str(code)

    def _on_disconnect(
        self,
        client: paho.Client,
        given: object,
        flags: paho.DisconnectFlags,
        code: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._lost = str(code)

    def _on_message(self, client: paho.Client, given: object, message: paho.MQTTMessage) -> None:
        self.arrived.append(Arrived(message.topic, bytes(message.payload), message.retain, message.dup))

    def _on_publish(
        self, client: paho.Client, given: object, number: int, code: ReasonCode, properties: Properties | None
    ) -> None:
        self._answers[number] = [code]

    def _on_subscribe(
        self,
        client: paho.Client,
        given: object,
        number: int,
        codes: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        self._answers[number] = codes
