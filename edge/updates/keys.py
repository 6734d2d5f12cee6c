"""The publisher's keys: one file each, on a stick of their own, with a passphrase where one is given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from edge.faults.fault import FaultError

ROLES: Final = ("root", "targets", "snapshot", "timestamp")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that is in no file yet: what it is for may still be refused."""

    signer: CryptoSigner
    path: Path
    content: bytes = field(repr=False)


def new_keys(folder: Path, names: Sequence[str], passphrase: str) -> Sequence[NewKey]:
    """An Ed25519 key for each name, to be kept as `NAME.pem`. Raises `FaultError`; writes nothing."""
    for at, name in enumerate(names):
        if not _NAME.fullmatch(name):
            words = "1 to 60 letters, digits, - and _"
            raise FaultError("release_key_unusable", f"{name!r} is no name of a key: {words}")
        if name in names[:at] or (folder / f"{name}.pem").exists():
            raise FaultError("file_unusable", f"{folder / name}.pem is there already")
    return [_new_key(folder / f"{name}.pem", passphrase) for name in names]


def keep(keys: Sequence[NewKey]) -> None:
    """Write their files, all of them or none. Raises `FaultError`; none that is there is written over."""
    made: list[Path] = []
    for key in keys:
        try:
            key.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            key.path.touch(mode=0o600, exist_ok=False)
            made.append(key.path)
            key.path.write_bytes(key.content)
        except OSError as error:
            for path in made:
                path.unlink(missing_ok=True)
            raise FaultError("file_unusable", f"{key.path}: {error.strerror}") from error


def make_key(folder: Path, name: str, passphrase: str) -> CryptoSigner:
    """A new key, kept. Raises `FaultError`."""
    (key,) = new_keys(folder, [name], passphrase)
    keep([key])
    return key.signer


def _new_key(path: Path, passphrase: str) -> NewKey:
    private = Ed25519PrivateKey.generate()
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return NewKey(CryptoSigner(private), path, content)


def read_keys(folders: Sequence[Path], passphrase: str) -> Mapping[str, CryptoSigner]:
    """Every key in these folders, by the id that the lists know it under. Raises `FaultError`."""
    found: dict[str, CryptoSigner] = {}
    for path in (path for folder in folders for path in sorted(folder.glob("*.pem"))):
        signer = _read(path, passphrase)
        found[signer.public_key.keyid] = signer
    return found


def _read(path: Path, passphrase: str) -> CryptoSigner:
    try:
        content = path.read_bytes()
        locked = b"ENCRYPTED" in content
        private = load_pem_private_key(content, passphrase.encode() if locked and passphrase else None)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error
    except (TypeError, ValueError) as error:
        raise FaultError("release_key_unusable", f"{path}: wrong or no passphrase, or no key") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise FaultError("release_key_unusable", f"{path}: not an Ed25519 key")
    return CryptoSigner(private)
