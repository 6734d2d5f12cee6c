"""What a kiosk at a broker is put together from. Imported only where one is set up: here paho is loaded."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from edge.faults.fault import FaultError
from edge.fleet.discovery import discovery
from edge.fleet.link import Dial
from edge.fleet.login import Login
from edge.fleet.payloads import Status, encoded
from edge.fleet.publisher import Pace, Publisher, Voice
from edge.fleet.requests import Doorkeeper, read_keys
from edge.fleet.session import Broker, BrokerSession, Will
from edge.fleet.topics import Topics
from edge.loop.kiosk import Kiosk
from edge.messages.streams import Streams
from edge.messages.ways.mqtt import Mqtt
from edge.service.fleet import Aside, FleetDesk, references, update_word
from edge.settings.schema import Settings
from edge.settings.version import program_version
from hw.ports import Clock

READ_BYTES_S: Final = 65_536
"""Of what comes from the broker so much is read a second: many requests, and too little to feel."""


def topics_of(settings: Settings) -> Topics:
    return Topics(settings.mqtt.site, settings.mqtt.kiosk_id)


@dataclass(frozen=True, slots=True)
class Around:
    """Of the one who opens it. `evidence` is the folder of the pictures, `head` the record's newest line,
    `wake` says to the loop that there is news. `dial`: another way to the broker than TCP, for a bench."""

    evidence: Path
    head: Callable[[], str]
    clock: Clock
    wake: Callable[[], None]
    threaded: bool
    dial: Dial | None
    random: Random


def session_of(
    settings: Settings,
    context: Callable[[], ssl.SSLContext] | None,
    rng: Random,
    dial: Dial | None = None,
    *,
    will: bool = True,
) -> BrokerSession:
    """The kiosk's session, not connected yet; `will`: the broker says when the kiosk is gone."""
    broker, topics = settings.mqtt, topics_of(settings)
    return BrokerSession(
        Broker(broker.host, broker.port, broker.kiosk_id, broker.keepalive_s, read_bytes_s=READ_BYTES_S),
        context,
        will=Will(topics.status, encoded(Status(kiosk=broker.kiosk_id, online=False))) if will else None,
        subscriptions=(topics.request,) if broker.request_keys_file else (),
        random=rng,
        dial=dial,
    )


def open_carrier(settings: Settings, streams: Streams, around: Around) -> Mqtt:
    """The carrier, at work."""
    broker, topics = settings.mqtt, topics_of(settings)
    voice = Voice(
        broker.kiosk_id,
        streams.epoch,
        around.head,
        partial(references, around.evidence),
        partial(update_word, Path(settings.paths.runtime)),
    )
    found = discovery(topics, settings.cabin.name, program_version()) if broker.home_assistant else b""
    login = Login(settings, around.clock.wall_true) if broker.tls and around.dial is None else None
    session = session_of(settings, login.context if login else None, around.random, around.dial)
    publisher = Publisher(
        session,
        topics,
        voice,
        Pace(broker.resend_s, broker.status_s),
        found,
        login.heard if login else lambda trouble: None,
    )
    return Mqtt(publisher, around.clock, around.wake, threaded=around.threaded)


def open_desk(
    settings: Settings, kiosk: Kiosk, carrier: Mqtt, streams: Streams, clock: Clock, aside: Aside
) -> FleetDesk:
    """What the loop turns. Keys that cannot be read are a fault, and nobody may ask anything."""
    wrong: FaultError | None = None
    try:
        keys = read_keys(settings.mqtt.request_keys_file)
    except FaultError as fault:
        keys, wrong = (), fault
    doorkeeper = Doorkeeper(settings.mqtt.kiosk_id, topics_of(settings).request, keys)
    return FleetDesk(settings, kiosk, carrier, streams, doorkeeper, clock, replace(aside, wrong=wrong))
