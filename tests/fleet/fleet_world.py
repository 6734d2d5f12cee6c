"""A desk whose kiosk is at a broker: what its messages say to a reader, and requests signed for it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge.bench.broker import FakeBroker
from edge.fleet.payloads import GAP, Event, Gap, Status
from edge.fleet.requests import SIGNED
from edge.fleet.topics import Topics
from edge.settings.load import load
from edge.settings.schema import Settings

KIOSK = "kiosk-1"
TOPICS = Topics("town", KIOSK)


def at_broker(*more: str) -> Settings:
    """Settings of a kiosk at the broker of the bench."""
    base = ["mqtt.host=localhost", "mqtt.tls=false", "mqtt.site=town", f"mqtt.kiosk_id={KIOSK}"]
    return load(None, [*base, *more])


def said(broker: FakeBroker) -> list[Event | Gap]:
    """Every message of every stream that the broker took, in that order."""
    found: list[Event | Gap] = []
    for one in broker.taken:
        if "/events/" in one.topic:
            message: Event | Gap
            if json.loads(one.payload)["kind"] == GAP:
                message = msgspec.json.decode(one.payload, type=Gap)
            else:
                message = msgspec.json.decode(one.payload, type=Event)
            assert one.topic == TOPICS.events(message.stream)
            found.append(message)
    return found


def events(broker: FakeBroker) -> list[Event]:
    return [one for one in said(broker) if isinstance(one, Event)]


def gaps(broker: FakeBroker) -> list[Gap]:
    return [one for one in said(broker) if isinstance(one, Gap)]


def status(broker: FakeBroker) -> Status:
    """What the broker retained of the kiosk."""
    return msgspec.json.decode(broker.retained[TOPICS.status], type=Status)


def unexplained(messages: list[Event | Gap]) -> list[str]:
    """Holes that no notice explains and repeats that bear no mark, as a reader finds them at the end."""
    seen: dict[tuple[str, str], set[int]] = {}
    wrong: list[str] = []
    for one in messages:
        known = seen.setdefault((one.epoch, one.stream), set())
        if isinstance(one, Gap):
            known.update(range(one.first, one.last + 1))
            continue
        if one.sequence in known and not one.repeat:
            wrong.append(f"{one.stream} {one.sequence} came twice without a mark")
        known.add(one.sequence)
    for (epoch, stream), known in seen.items():
        holes = set(range(1, max(known, default=0) + 1)) - known
        wrong += [f"{epoch} {stream} {number} is missing" for number in sorted(holes)]
    return wrong


def key_files(folder: Path) -> tuple[Ed25519PrivateKey, str]:
    """A key, and the settings' file with its public half."""
    key = Ed25519PrivateKey.generate()
    file = folder / "request-keys.pem"
    file.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key, str(file)


def signed(key: Ed25519PrivateKey, **asked: object) -> bytes:
    """A request as it goes over the wire; `version` is the envelope's, 1 where it is not given."""
    version = asked.pop("version", 1)
    text = json.dumps(asked)
    signature = base64.b64encode(key.sign(SIGNED + text.encode())).decode()
    return json.dumps({"version": version, "request": text, "signature": signature}).encode()
