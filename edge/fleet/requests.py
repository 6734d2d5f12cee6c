"""What may be asked of a kiosk over the broker: three things, signed, once each. All else is refused by name.

A request is JSON text with an Ed25519 signature (RFC 8032) over it; the keys are files of the kiosk. Nothing
here can move a door, and no verb that does may ever be added: what is asked is answered beside the loop. `id`
only goes up and is kept in the record, so that a request that was heard once does nothing a second time, also
after a restart. What is cheap comes first: a size before anything is read, a rate before a signature.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from edge.faults.fault import FaultError
from edge.fleet.asking import (
    AHEAD_S,
    BURST,
    EVERY_S,
    ID_MOST,
    LIFE_S,
    PICTURES_ASKED_MOST,
    REQUEST_BYTES,
    Came,
    NotDone,
    Refused,
    Request,
    Verb,
)
from edge.fleet.payloads import VERSION

SIGNED: Final = b"cabinguard request v1\0"
"""Stands before what is signed, so that a signature made for anything else is none here."""


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is signed. `issued` and `good_until` are UTC seconds; `incident` and `pictures` (names; none: all)
    belong to `evidence` alone."""

    kiosk: Annotated[str, msgspec.Meta(max_length=40)]
    id: Annotated[int, msgspec.Meta(ge=1, le=ID_MOST)]
    verb: Annotated[str, msgspec.Meta(max_length=40)]
    issued: float
    good_until: float
    incident: Annotated[int, msgspec.Meta(ge=0, le=ID_MOST)] = 0
    pictures: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=80)], ...], msgspec.Meta(max_length=PICTURES_ASKED_MOST)
    ] = ()


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes over the wire: the text of an `Asked`, and the signature over `SIGNED` and it, in base64."""

    version: int
    request: str
    signature: Annotated[str, msgspec.Meta(max_length=200)]


def read_keys(file: str) -> tuple[Ed25519PublicKey, ...]:
    """The keys of a file of PEM blocks; none where no file is named. Raises `FaultError`."""
    if not file:
        return ()
    try:
        text = Path(file).read_bytes()
    except OSError as error:
        raise FaultError("request_keys_unreadable", f"{file}: {error.strerror}") from error
    end = b"-----END PUBLIC KEY-----"
    found: list[Ed25519PublicKey] = []
    for block in text.split(end)[:-1]:
        try:
            key = load_pem_public_key(block[block.find(b"-----BEGIN") :] + end + b"\n")
        except ValueError as error:
            raise FaultError("request_keys_unreadable", f"{file}: not a public key in PEM") from error
        if not isinstance(key, Ed25519PublicKey):
            raise FaultError("request_keys_unreadable", f"{file}: a key that is not Ed25519")
        found.append(key)
    if not found:
        raise FaultError("request_keys_unreadable", f"{file}: no public key in it")
    return tuple(found)


class Doorkeeper:
    """Reads what arrives at one kiosk, on `topic`. It knows no id of before: the record does."""

    def __init__(self, kiosk: str, topic: str, keys: Iterable[Ed25519PublicKey]) -> None:
        self._kiosk = kiosk
        self._topic = topic
        self._keys = tuple(keys)
        self._left = float(BURST)
        self._at_s: float | None = None

    def read(self, came: Came, now_s: float, wall_s: float, wall_true: bool) -> Request | Refused:
        """What it is; cheap before dear: size and rate first, the signature before any word of it counts."""
        if came.topic != self._topic:
            return Refused(NotDone.WRONG_TOPIC)
        if came.retained:
            return Refused(NotDone.RETAINED)
        if len(came.payload) > REQUEST_BYTES:
            return Refused(NotDone.TOO_LARGE)
        if not self._keys:
            return Refused(NotDone.NO_KEYS)
        if not self._let(now_s):
            return Refused(NotDone.TOO_MANY)
        try:
            envelope = msgspec.json.decode(came.payload, type=_Version)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Refused(NotDone.NOT_A_REQUEST)
        if envelope.version != VERSION:
            return Refused(NotDone.WRONG_VERSION)
        try:
            whole = msgspec.json.decode(came.payload, type=Envelope)
            text = whole.request.encode()
            signature = base64.b64decode(whole.signature, validate=True)
        except (msgspec.DecodeError, UnicodeError, binascii.Error, ValueError):
            return Refused(NotDone.NOT_A_REQUEST)
        if not self._is_signed(text, signature):
            return Refused(NotDone.WRONG_KEY)
        try:
            asked = msgspec.json.decode(text, type=Asked)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Refused(NotDone.NOT_A_REQUEST)
        return self._judge(asked, wall_s, wall_true)

    def _judge(self, asked: Asked, wall_s: float, wall_true: bool) -> Request | Refused:
        refusal: NotDone | None = None
        verb = next((verb for verb in Verb if verb.value == asked.verb), None)
        if asked.kiosk != self._kiosk:
            refusal = NotDone.OTHER_KIOSK
        elif verb is None:
            refusal = NotDone.UNKNOWN_VERB
        elif bool(asked.incident) is not (verb is Verb.EVIDENCE) or (asked.pictures and not asked.incident):
            refusal = NotDone.NOT_A_REQUEST
        elif not 0.0 <= asked.good_until - asked.issued <= LIFE_S:
            refusal = NotDone.GOOD_TOO_LONG
        elif not wall_true:
            refusal = NotDone.CLOCK_UNSET
        elif asked.issued > wall_s + AHEAD_S:
            refusal = NotDone.NOT_YET
        elif asked.good_until < wall_s:
            refusal = NotDone.TOO_OLD
        if refusal is not None or verb is None:
            return Refused(refusal or NotDone.UNKNOWN_VERB, asked.id, asked.verb if verb else "")
        return Request(asked.id, verb, asked.incident, asked.pictures)

    def _let(self, now_s: float) -> bool:
        """Whether one more may be read now."""
        since_s = 0.0 if self._at_s is None else max(0.0, now_s - self._at_s)
        self._at_s = now_s
        self._left = min(float(BURST), self._left + since_s / EVERY_S)
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def _is_signed(self, text: bytes, signature: bytes) -> bool:
        for key in self._keys:
            try:
                key.verify(signature, SIGNED + text)
            except InvalidSignature:
                continue
            return True
        return False


class _Version(msgspec.Struct, frozen=True):
    version: int
