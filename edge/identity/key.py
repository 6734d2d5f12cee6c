"""The keys of the gallery: 32 random bytes each, in a file or a systemd credential, the one in use first.

A second line is the key before it: while a rotation is under way both open, so a power cut at any moment
leaves a key that opens whatever gallery there is.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from edge.codes.hidden import Hidden
from edge.disk.files import sync
from edge.faults.fault import FaultError
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret, secret_file

KEY_BYTES: Final = 32
_KEYS_MOST: Final = 2


class GalleryKey(Hidden):
    """One key. Its `name` may be shown: it is a hash, and says nothing of random bytes."""

    __slots__ = ("name", "raw")

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes")
        self.raw: Final = raw
        self.name: Final = hashlib.sha256(b"cabinguard gallery key\n" + raw).hexdigest()[:16]


class KeyRing(Hidden):
    """The key in use, and the one before while a rotation is under way."""

    __slots__ = ("_by_name", "current")

    def __init__(self, current: GalleryKey, *earlier: GalleryKey) -> None:
        self.current: Final = current
        self._by_name: Final[Mapping[str, GalleryKey]] = MappingProxyType(
            {key.name: key for key in (*earlier, current)}
        )

    def named(self, name: str) -> GalleryKey | None:
        return self._by_name.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The one in use first."""
        return (self.current.name, *(name for name in self._by_name if name != self.current.name))


def new_key() -> GalleryKey:
    return GalleryKey(secrets.token_bytes(KEY_BYTES))


def key_text(*keys: GalleryKey) -> str:
    """The content of a key file: a line of base64 a key."""
    return "".join(f"{base64.b64encode(key.raw).decode()}\n" for key in keys)


def keys_in(text: str) -> KeyRing:
    """FaultError where it is no key; what it says then is not repeated."""
    keys = []
    for line in text.split():
        try:
            keys.append(GalleryKey(base64.b64decode(line, validate=True)))
        except (binascii.Error, ValueError):
            raise FaultError("gallery_key_wrong", "that is no key; enrol key --make makes one") from None
    if not 1 <= len(keys) <= _KEYS_MOST:
        raise FaultError("gallery_key_wrong", f"{len(keys)} keys where one belongs, two during a rotation")
    return KeyRing(*keys)


def read_keys(settings: Settings) -> KeyRing:
    """The keys that the settings or systemd give. FaultError where there is none, or it is open to others."""
    named = secret_file(settings, Secret.GALLERY)
    if named is not None and not _is_there(named):
        raise FaultError("gallery_key_missing", f"{named} is not there")
    text = read_secret(settings, Secret.GALLERY)
    if text is None:
        raise FaultError("gallery_key_missing", "neither identity.key_file nor the credential gallery_key")
    return keys_in(text)


def _is_there(file: Path) -> bool:
    """Whatever else is wrong with it is said by who reads it."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except OSError:
        pass
    return True


def write_key_file(path: Path, *keys: GalleryKey, fresh: bool) -> None:
    """All of the file or what was there before, through any power cut. `fresh`: none may be there yet.

    One that is replaced keeps its owner and its rights. OSError as the system says it, FileExistsError for
    a fresh one that is there.
    """
    if fresh and (path.exists() or path.is_symlink()):
        raise FileExistsError(f"{path} is there already")
    before = None if fresh else path.stat()
    part = path.with_name(f".{path.name}.new")
    part.unlink(missing_ok=True)
    made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(made, "wb") as file:
            file.write(key_text(*keys).encode())
            file.flush()
            if before is not None:
                os.fchown(file.fileno(), before.st_uid, before.st_gid)
                os.fchmod(file.fileno(), before.st_mode & 0o777)
            os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    sync(path.parent)
