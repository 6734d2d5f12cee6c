"""The gallery's file as bytes: a head that anybody may read, a sealed list, and a sealed block a person.

    cabinguard-gallery 1 KEY GENERATION\\n      version, name of the key, how often it was written
    4 bytes                                    length of the list, most significant first
    the list                                   who is in it, each block's hash, the numbers that only go up
    the blocks                                 in the order of the list

List and blocks are sealed by ChaCha20-Poly1305 (RFC 8439) of the `cryptography` library with a random nonce
of 96 bits each, the authenticated data naming version, key and place, so that none opens elsewhere. A block
is padded to 4 KiB and stays as it is, byte for byte, while others come, change and go. What the file shows
without the key: about how many people are in it, and how often it was written.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.identity.key import GalleryKey, KeyRing
from edge.identity.person import Done, Person

VERSION: Final = 1
_MAGIC: Final = b"cabinguard-gallery "
_HEAD_MOST: Final = 80
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_PAGE: Final = 4096
_LENGTH_BYTES: Final = 4
_DONE_KEPT: Final = 2000
"""So many lines of what was done are kept; older ones are in the kiosk's record."""


class Damaged(ValueError):
    """It is no gallery, or one that was cut short or changed."""


class OtherVersion(ValueError):
    """It is a gallery of another version of the program."""


class OtherKey(ValueError):
    """It was sealed with a key that is not at hand; its text is that key's name."""


@dataclass(frozen=True, slots=True)
class Block:
    """One person, open and as it stands in the file."""

    person: Person
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a gallery holds. `next_person` and `generation` only go up; `key` names what sealed it."""

    generation: int
    next_person: int
    blocks: Mapping[int, Block]
    done: tuple[Done, ...]
    key: str = ""

    @property
    def people(self) -> tuple[Person, ...]:
        return tuple(block.person for block in self.blocks.values())

    @property
    def done_number(self) -> int:
        """Of the newest line of what was done."""
        return self.done[-1].number if self.done else 0


EMPTY: Final = Contents(0, 1, {}, ())


class _Row(msgspec.Struct, frozen=True, array_like=True):
    person: int
    length: int
    sha256: bytes


class _Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    next_person: int
    rows: tuple[_Row, ...]
    done: tuple[Done, ...]


_listing_in = msgspec.msgpack.Decoder(_Listing)
_person_in = msgspec.msgpack.Decoder(Person)


def encode(contents: Contents, key: GalleryKey) -> bytes:
    """The whole file. Every block has to be sealed with this key (`seal_person`)."""
    head = _head(key.name, contents.generation)
    rows = tuple(
        _Row(number, len(block.sealed), hashlib.sha256(block.sealed).digest())
        for number, block in sorted(contents.blocks.items())
    )
    listing = _Listing(contents.next_person, rows, contents.done[-_DONE_KEPT:])
    sealed = seal(key.raw, msgspec.msgpack.encode(listing), head)
    blocks = b"".join(contents.blocks[row.person].sealed for row in rows)
    return head + len(sealed).to_bytes(_LENGTH_BYTES, "big") + sealed + blocks


def decode(content: bytes, ring: KeyRing) -> Contents:
    """Raises `Damaged`, `OtherVersion` or `OtherKey`; then nothing of it is believed."""
    name, generation, body = _split(content)
    key = ring.named(name)
    if key is None:
        raise OtherKey(name)
    head = content[:body]
    length = int.from_bytes(content[body : body + _LENGTH_BYTES], "big")
    at = body + _LENGTH_BYTES + length
    try:
        listing = _listing_in.decode(unseal(key.raw, content[body + _LENGTH_BYTES : at], head))
        blocks = {}
        for row in listing.rows:
            sealed, at = content[at : at + row.length], at + row.length
            if hashlib.sha256(sealed).digest() != row.sha256:
                raise Damaged("a block is not the one that belongs there")
            person = _person_in.decode(unseal(key.raw, sealed, _place(key.name, row.person)))
            if person.number != row.person or not 0 < person.number < listing.next_person:
                raise Damaged("a block has another number than its place")
            blocks[row.person] = Block(person, sealed)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Damaged(f"what was sealed is no gallery ({type(error).__name__})") from None
    if at != len(content):
        raise Damaged("it is longer or shorter than its list says")
    return Contents(generation, listing.next_person, blocks, listing.done, name)


def key_name(content: bytes) -> str:
    """The name of the key that a gallery says to be sealed with. Raises as `decode` does."""
    return _split(content)[0]


def seal_person(person: Person, key: GalleryKey) -> Block:
    return Block(person, seal(key.raw, msgspec.msgpack.encode(person), _place(key.name, person.number)))


def seal(raw_key: bytes, plain: bytes, about: bytes) -> bytes:
    """Padded and sealed; `about` is authenticated with it."""
    sized = len(plain).to_bytes(_LENGTH_BYTES, "big") + plain
    page = _PAGE - _NONCE_BYTES - _TAG_BYTES
    if len(sized) > page:
        page += -(-(len(sized) - page) // _PAGE) * _PAGE
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + ChaCha20Poly1305(raw_key).encrypt(nonce, sized.ljust(page, b"\0"), about)


def unseal(raw_key: bytes, sealed: bytes, about: bytes) -> bytes:
    """Raises `Damaged` where key, bytes or place are others, and where it is too short."""
    # Imported here: 7 MB that a site without identity does without.
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    if len(sealed) < _NONCE_BYTES + _TAG_BYTES + _LENGTH_BYTES:
        raise Damaged("it is cut short")
    try:
        padded = ChaCha20Poly1305(raw_key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], about)
    except InvalidTag:
        raise Damaged("it does not open with its key") from None
    length = int.from_bytes(padded[:_LENGTH_BYTES], "big")
    if length > len(padded) - _LENGTH_BYTES:
        raise Damaged("its length is wrong")
    return padded[_LENGTH_BYTES : _LENGTH_BYTES + length]


def _head(name: str, generation: int) -> bytes:
    return _MAGIC + f"{VERSION} {name} {generation}\n".encode()


def _place(name: str, person: int) -> bytes:
    return _MAGIC + f"{VERSION} {name} person {person}".encode()


def _split(content: bytes) -> tuple[str, int, int]:
    """Key's name, generation, and where the body begins."""
    line, ended, _ = content[:_HEAD_MOST].partition(b"\n")
    if not line.startswith(_MAGIC) or not ended:
        raise Damaged("it does not begin as a gallery does")
    words: Sequence[str] = line[len(_MAGIC) :].decode("ascii", "replace").split(" ")
    if not (words[0].isascii() and words[0].isdigit()):
        raise Damaged("its head is wrong")
    if words[0] != str(VERSION):
        raise OtherVersion(f"version {words[0][:8]!r}; this program knows {VERSION}")
    if len(words) != 3 or not (words[2].isascii() and words[2].isdigit()):
        raise Damaged("its head is wrong")
    return words[1], int(words[2]), len(line) + 1
