"""A note on a typed code that only the control room can read: sealed to its public key, always of one size.

HPKE of RFC 9180, base mode: X25519, HKDF-SHA-256, ChaCha20-Poly1305, by the `cryptography` library, which is
imported where a note is made or opened and nowhere else. The kiosk cannot read its own notes back.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from edge.codes.hidden import Hidden

if TYPE_CHECKING:
    from cryptography.hazmat.primitives import hpke
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

KEY_BYTES: Final = 32
"""Of the control room's public key, X25519 (RFC 7748)."""

CONTENT_BYTES: Final = 64
"""Every note is filled up with spaces to this."""

NOTE_LETTERS: Final = 152
"""A sealed note as text: 32 bytes of a fresh key, the content, 16 bytes of its check, in base64."""

_INFO: Final = b"cabinguard note on a typed code, version 1"
_CONTENT: Final = re.compile(r"(\d+) (\d+) (typed|forced) *", re.ASCII)


@dataclass(frozen=True, slots=True)
class Note:
    """What a note says: of which message and incident, and whether who typed was forced."""

    number: int
    incident: int
    forced: bool


class NoteSealer(Hidden):
    """Makes notes for one control room. `public` is its raw X25519 key; ValueError where it is none."""

    __slots__ = ("_public", "_suite")

    def __init__(self, public: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

        self._suite = _suite()
        self._public = X25519PublicKey.from_public_bytes(public)

    def seal(self, note: Note) -> str:
        """Base64, `NOTE_LETTERS` long whatever it says."""
        said = f"{note.number} {note.incident} {('typed', 'forced')[note.forced]}".encode()
        sealed = self._suite.encrypt(said.ljust(CONTENT_BYTES), self._public, _INFO)
        return base64.b64encode(sealed).decode()


def open_note(private: X25519PrivateKey, sealed: str) -> Note | None:
    """What a note says; None where it is not for this key, or was changed."""
    from cryptography.exceptions import InvalidTag

    try:
        content = _suite().decrypt(base64.b64decode(sealed, validate=True), private, _INFO)
    except (InvalidTag, ValueError, binascii.Error):
        return None
    found = _CONTENT.fullmatch(content.decode("ascii", "replace"))
    return None if found is None else Note(int(found[1]), int(found[2]), found[3] == "forced")


def _suite() -> hpke.Suite:
    from cryptography.hazmat.primitives import hpke

    return hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
