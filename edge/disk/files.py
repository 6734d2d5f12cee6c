"""Writes, syncs and wipes files so that a power cut at any instant does no harm.

Everything here raises OSError as the system says it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

_PRIVATE: Final = 0o600
_FRESH: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


def make_private_folder(folder: Path) -> None:
    """Made for its owner alone; one that is there stays as it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_whole(path: Path, content: bytes, mode: int = _PRIVATE) -> None:
    """All of the file or what was there before; on the disk, and its owner's alone until it is whole."""
    put_whole(path, content, mode)
    sync(path.parent)


def put_whole(path: Path, content: bytes, mode: int = _PRIVATE) -> None:
    """As `write_whole`, but for the name: that is on the disk once the folder is synced."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    try:
        _write(part, content, mode)
        part.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def write_new(path: Path, content: bytes) -> None:
    """For its owner alone, and never over one that is there: FileExistsError."""
    _write(path, content, _PRIVATE)


def sync(path: Path) -> None:
    """What is in a file, or which names are in a folder, is on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def wipe(path: Path) -> None:
    """Overwrite, then remove. What a card's own wear levelling still holds is out of reach."""
    with path.open("r+b") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(0)
        file.write(bytes(length))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync(path.parent)


def _write(path: Path, content: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, _FRESH, _PRIVATE), "wb") as file:
        file.write(content)
        file.flush()
        if mode != _PRIVATE:  # a stick's file system refuses any change of it
            os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
