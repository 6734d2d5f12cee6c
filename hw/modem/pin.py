"""Remembers on the disk that a SIM card refused a PIN, so that no restart tries it again.

The file holds a salted scrypt hash, not the PIN: a PIN that was corrected in the settings is new and may be
tried. A PIN that the card took leaves no file.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final, Protocol

_SALT: Final = 16
_COST: Final = 2**14


class PinMemory(Protocol):
    """Remembers over restarts that a PIN was tried and not taken, so that it is never tried twice."""

    def tried(self, pin: str) -> bool: ...

    def mark(self, pin: str) -> None:
        """Called before the PIN is tried; must be on the disk when it returns. OSError when it cannot."""
        ...

    def clear(self) -> None:
        """The PIN was right."""
        ...


class PinMemoryInRam:
    """Forgets with the program; for the bench, and for cards whose PIN is switched off."""

    def __init__(self) -> None:
        self._tried: set[str] = set()

    def tried(self, pin: str) -> bool:
        return pin in self._tried

    def mark(self, pin: str) -> None:
        self._tried.add(pin)

    def clear(self) -> None:
        self._tried.clear()


class PinFile:
    """`PinMemory` in one small file, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def tried(self, pin: str) -> bool:
        """Whether this PIN was tried and not taken. A file that cannot be read counts as yes."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        if len(data) <= _SALT:
            return True
        return hmac.compare_digest(data[_SALT:], _digest(pin, data[:_SALT]))

    def mark(self, pin: str) -> None:
        """The PIN is about to be tried; on the disk when this returns. OSError when it cannot be."""
        salt = secrets.token_bytes(_SALT)
        new = self._path.with_suffix(".new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, salt + _digest(pin, salt))
            os.fsync(handle)
        finally:
            os.close(handle)
        new.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def clear(self) -> None:
        """The card is open: what was tried was right."""
        with contextlib.suppress(OSError):
            self._path.unlink()


def _digest(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode("utf-8"), salt=salt, n=_COST, r=8, p=1)
