"""What is said over the broker: each message as a frozen struct, and the JSON schema made from them.

A reader ignores fields that it does not know; a field is never renamed, removed or given another meaning
while the topics say `v1`. No code, no typed digit and no telephone number is a field of anything here.
"""

from __future__ import annotations

import inspect
from typing import Annotated, Final

import msgspec

from edge.fleet.topics import Stream

VERSION: Final = 1
GAP: Final = "gap"
PICTURES: Final = "pictures"
INCIDENT_BEGAN: Final = "incident_began"
INCIDENT_ENDED: Final = "incident_ended"
"""Kinds of messages that go to the broker alone; all others are those that a text has."""

BROKER_KINDS: Final = frozenset({GAP, PICTURES, INCIDENT_BEGAN, INCIDENT_ENDED})

PICTURES_MOST: Final = 200
CHUNK_BYTES: Final = 32_768
"""Of a picture in one message: small enough that an alarm waits for no more than this on a slow line."""

_Count = Annotated[int, msgspec.Meta(ge=0)]
_First = Annotated[int, msgspec.Meta(ge=1)]
_Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
_Epoch = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{10}$")]


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """`kiosk`: who says it."""

    version: int = VERSION
    kiosk: str


class Picture(msgspec.Struct, frozen=True):
    """A picture by reference: its name in the incident, and the SHA-256 of the file on the disk."""

    name: str
    sha256: _Sha256


class Event(_Said, frozen=True, kw_only=True):
    """One message of a stream, on `events/STREAM`.

    `sequence` counts from 1 within (`epoch`, `stream`), without holes; a new record begins a new `epoch`.
    `number` is the short number that a text of it bears (`#37`), `created` the kiosk's time in UTC seconds.
    `repeat`: it may have been published before. `record_head` is the newest line of the kiosk's record.
    """

    epoch: _Epoch
    stream: Stream
    sequence: _First
    number: _Count
    incident: _Count
    kind: str
    reason: str
    text: str
    created: float
    repeat: bool
    record_head: str
    pictures: Annotated[tuple[Picture, ...], msgspec.Meta(max_length=PICTURES_MOST)] = ()


class Gap(_Said, frozen=True, kw_only=True):
    """What of a stream will never come: `first` to `last`, both included, and why. On `events/STREAM`.

    Any of them that a reader has all the same is good.
    """

    epoch: _Epoch
    stream: Stream
    first: _First
    last: _First
    cause: str
    number: _Count
    created: float
    repeat: bool
    kind: str = GAP


class Last(msgspec.Struct, frozen=True):
    """The newest sequence number given in each stream, 0 for none yet."""

    emergency: _Count = 0
    alert: _Count = 0
    report: _Count = 0


class Status(_Said, frozen=True, kw_only=True):
    """How the kiosk is, retained on `status`. Where `online` is false the rest is as it was last said.

    The last will says `online` false and nothing else. `door`, `stage`, `camera` and `permit` are words,
    `faults` names of the catalogue, `at` the kiosk's time in UTC seconds, `clock_set` whether anybody set it.
    """

    online: bool
    at: float = 0.0
    clock_set: bool = False
    cabin: str = ""
    program: str = ""
    door: str = ""
    permit: str = ""
    stage: str = ""
    camera: str = ""
    incident: _Count = 0
    faults: tuple[str, ...] = ()
    epoch: str = ""
    last: Last = Last()
    waiting: _Count = 0
    update: str = ""
    record_head: str = ""


class Reply(_Said, frozen=True, kw_only=True):
    """What became of a request, on `reply`. `outcome` is `done`, `refused` (then `refusal` says why),
    or `failed`; `id` and `verb` are the request's, 0 and empty where it could not be read."""

    id: _Count
    verb: str
    outcome: str
    refusal: str = ""
    result: dict[str, str | int | float | bool | list[str] | None] = {}


class Chunk(_Said, frozen=True, kw_only=True):
    """A piece of a picture, on `evidence`: `chunk` of `chunks`, from 0; `data` in base64.

    `size` and `sha256` are those of the whole file as it lies on the kiosk's disk, sealed or not.
    """

    id: _Count
    incident: _First
    name: str
    sha256: _Sha256
    size: _Count
    chunk: _Count
    chunks: _First
    data: bytes


SAID: Final = (Event, Gap, Status, Reply, Chunk)


def encoded(said: Event | Gap | Status | Reply | Chunk) -> bytes:
    """As it goes over the wire."""
    return msgspec.json.encode(said)


def schema() -> bytes:
    """The JSON schema (2020-12) of all of them, as `edge/docs/mqtt.schema.json` has it."""
    shapes, parts = msgspec.json.schema_components(SAID, ref_template="#/$defs/{name}")
    for part in parts.values():  # only some versions of Python take the indent off a docstring
        part["description"] = inspect.cleandoc(part.get("description", ""))
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:cabinguard:mqtt:v1",
        "title": "What a CabinGuard kiosk says over MQTT, version 1",
        "anyOf": list(shapes),
        "$defs": parts,
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"
