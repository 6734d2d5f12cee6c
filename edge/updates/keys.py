"""The publisher's keys: one file each, on a stick of their own, with a passphrase where one is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def make_key(folder: Path, name: str, passphrase: str) -> CryptoSigner:
    """A new Ed25519 key as `NAME.pem`; one that is there is never written over. Raises `FaultError`."""
    signer = CryptoSigner(private := Ed25519PrivateKey.generate())
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    path = folder / f"{name}.pem"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(content)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error
    return signer


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
