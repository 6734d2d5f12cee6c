"""The age format (https://age-encryption.org/v1) by its own library, and nothing of ours beside it.

`pyrage` (the Rust implementation `rage`) is imported when something is first sealed or opened: a kiosk that
seals nothing does not carry it. It has no types of its own; the part that is used is written down here.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Final, Protocol, cast

MAGIC: Final = b"age-encryption.org/v1"
ARMOR: Final = b"-----BEGIN AGE ENCRYPTED FILE-----"
PUBLIC: Final = "age1"
SECRET: Final = "AGE-SECRET-KEY-1"


class WrongKeyError(Exception):
    """None of the keys is one that it was sealed to."""


class DamagedError(Exception):
    """It is sealed, and some of it is missing or was changed."""


class BadKeyError(Exception):
    """What was given as a key is none."""


class _Recipient(Protocol):
    def __str__(self) -> str: ...


class _Identity(Protocol):
    def __str__(self) -> str: ...
    def to_public(self) -> _Recipient: ...


class _Identities(Protocol):
    def generate(self) -> _Identity: ...
    def from_str(self, text: str) -> _Identity: ...


class _Recipients(Protocol):
    def from_str(self, text: str) -> _Recipient: ...


class _X25519(Protocol):
    Identity: _Identities
    Recipient: _Recipients


class _Passphrase(Protocol):
    def decrypt(self, ciphertext: bytes, passphrase: str) -> bytes: ...


class _Pyrage(Protocol):
    x25519: _X25519
    passphrase: _Passphrase
    DecryptError: type[Exception]
    IdentityError: type[Exception]
    RecipientError: type[Exception]

    def encrypt(self, plaintext: bytes, recipients: Sequence[_Recipient]) -> bytes: ...
    def decrypt(self, ciphertext: bytes, identities: Sequence[_Identity]) -> bytes: ...


def _library() -> _Pyrage:
    return cast(_Pyrage, importlib.import_module("pyrage"))


def seal(content: bytes, to: Sequence[str]) -> bytes:
    """The content as one age file that any one of the public keys `to` (age1…) opens. `BadKeyError`."""
    library = _library()
    try:
        keys = [library.x25519.Recipient.from_str(one) for one in to]
    except library.RecipientError as error:
        raise BadKeyError(str(error)) from None
    return library.encrypt(content, keys)


def unseal(content: bytes, by: Sequence[str]) -> bytes:
    """What was sealed, by whichever secret key fits. `WrongKeyError`, `DamagedError`, `BadKeyError`."""
    library = _library()
    try:
        keys = [library.x25519.Identity.from_str(one) for one in by]
    except library.IdentityError:
        raise BadKeyError("it is no secret key of age") from None  # never with a part of it
    try:
        return library.decrypt(content, keys)
    except library.DecryptError as error:
        if "No matching keys" in str(error):
            raise WrongKeyError from None
        raise DamagedError from None


def unseal_by_words(content: bytes, passphrase: str) -> bytes:
    """What was sealed by a passphrase (`age -p`), as a secret key at rest is. The errors of `unseal`."""
    library = _library()
    try:
        return library.passphrase.decrypt(content, passphrase)
    except library.DecryptError as error:
        if "No matching keys" in str(error) or "passphrase" in str(error).lower():
            raise WrongKeyError from None
        raise DamagedError from None


def new_key() -> tuple[str, str]:
    """A new pair: the secret key (AGE-SECRET-KEY-1…) and its public one (age1…)."""
    made = _library().x25519.Identity.generate()
    return str(made), str(made.to_public())


def public_of(secret: str) -> str:
    """The public key of a secret one. `BadKeyError`."""
    library = _library()
    try:
        return str(library.x25519.Identity.from_str(secret).to_public())
    except library.IdentityError:
        raise BadKeyError("it is no secret key of age") from None


def whole_public(text: str) -> str:
    """The public key as age writes it. `BadKeyError`."""
    library = _library()
    try:
        return str(library.x25519.Recipient.from_str(text))
    except library.RecipientError as error:
        raise BadKeyError(str(error)) from None
