"""A power cut before the Nth change of a folder: what was not synced is empty afterwards."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

_CHANGES: Final = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link"})


class PowerCut(BaseException):
    """Nothing catches it: the machine is off."""


class _Watch:
    """Counts the changes below one folder; cuts before the one that is asked for."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.before = 0
        self.count = 0

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.folder is None:
            return
        made = event == "open" and len(arguments) == 3 and _writes(arguments[2])
        if not (made or event in _CHANGES):
            return
        names = [os.fspath(one) for one in arguments if isinstance(one, str | os.PathLike)]
        if not any(isinstance(one, str) and self.folder in Path(one).parents for one in names):
            return
        self.count += 1
        if self.count == self.before:
            self.folder = None
            raise PowerCut


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


_WATCH: Final = _Watch()
_HEARD: Final[list[bool]] = []


def cut_before(number: int, folder: Path, do: Callable[[], object], patch: pytest.MonkeyPatch) -> bool:
    """Do it with the power cut before change `number` below `folder`; False where it had fewer.

    Files that were written and never synced are emptied, as a disk may leave them.
    """
    if not _HEARD:
        sys.addaudithook(_WATCH.hear)
        _HEARD.append(True)
    before = {one: one.stat().st_ino for one in _files(folder)}
    synced = set(before.values())
    sync = os.fsync

    def fsync(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        sync(handle)

    patch.setattr(os, "fsync", fsync)
    _WATCH.folder, _WATCH.before, _WATCH.count = folder, number, 0
    try:
        do()
        return False
    except PowerCut:
        for one in _files(folder):
            if one.stat().st_ino not in synced:
                one.write_bytes(b"")
        return True
    finally:
        _WATCH.folder = None
        patch.undo()


def _files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file() and not one.is_symlink()]
