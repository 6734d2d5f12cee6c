"""The kiosk's private key: made here, on the curve P-256, readable by the kiosk alone, given out by nothing.

Nothing hands the key on: who needs it names its file, which `ssl` reads itself, or asks for something signed
with it. P-256 with SHA-256 is what every broker, authority and token knows (NIST SP 800-186, RFC 5480).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from edge.faults.fault import FaultError
from edge.fleet.pairs import forget_key, kept_elsewhere, write_own
from edge.fleet.token import TokenKey, is_token_file, make_in_token, place_in
from edge.settings.schema import Settings

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
"""RSA only where somebody else has made the key: brokers and authorities know both."""

_LARGEST: Final = 65536
_OTHERS: Final = 0o077
_NOT_GROUP: Final = 0o027


def new_key(settings: Settings, file: Path) -> None:
    """A fresh key, in the token of the settings where they name one: then `file` stands for it.

    Raises `FaultError`.
    """
    if not settings.certificate.key_uri:
        make_key(file)
        return
    forget_key(settings, file)
    content = make_in_token(settings)
    write_own(file, content)


def signing_key(settings: Settings, file: Path) -> PrivateKey:
    """The key in `file` or in the token that it stands for. Raises `FaultError`."""
    ours = not kept_elsewhere(settings)
    content = key_content(file, ours=ours)
    if is_token_file(content):
        return TokenKey(settings, place_in(content))
    return read_key(file, ours=ours)


def make_key(file: Path) -> None:
    """A fresh key into `file`, mode 0600. Raises `FaultError` where the disk fails."""
    key = ec.generate_private_key(ec.SECP256R1())
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_own(file, content)


def read_key(file: Path, *, ours: bool) -> PrivateKey:
    """The key in `file`, for signing here and now. `ours`: the kiosk made it, so nobody else may read it.

    One that somebody else put there may also be readable by the kiosk's group, as every secret of root's is.
    Raises `FaultError`, whose words never hold a part of the file.
    """
    content = key_content(file, ours=ours)
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FaultError("key_unusable", f"{file}: not a private key in PEM without a password") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise FaultError("key_unusable", f"{file}: neither of an elliptic curve nor RSA")
    return key


def key_content(file: Path, *, ours: bool) -> bytes:
    """What stands in the file, once its rights are in order. Raises `FaultError`."""
    try:
        with file.open("rb") as source:
            rights = os.fstat(source.fileno()).st_mode & 0o777
            content = source.read(_LARGEST)
    except FileNotFoundError:
        raise FaultError("key_missing", str(file)) from None
    except OSError as error:
        raise FaultError("key_unusable", f"{file}: {error.strerror}") from error
    if rights & (_OTHERS if ours else _NOT_GROUP):
        raise FaultError("key_exposed", f"{file} has mode {rights:03o}")
    return content
