"""The counter of the RELEASE passwords, in a file that outlives the record: no old one opens again."""

from __future__ import annotations

import contextlib
import re
import threading
from pathlib import Path
from typing import Final

from edge.disk.files import write_whole

NAME: Final = "release-counter"
"""Beside the record. A text file, so that a person can read it and, once, set it."""


class CounterFile:
    """The highest number that was ever kept. Whatever the disk does, nothing is raised and nobody waits."""

    def __init__(self, path: Path, *, threaded: bool = True) -> None:
        self._path = path
        self._threaded = threaded
        self._lock = threading.Lock()

    def read(self) -> int:
        """0 where there is none, or none that can be read."""
        try:
            text = self._path.read_text("ascii")[:40].strip()
        except (OSError, UnicodeDecodeError):
            return 0
        return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0

    def keep(self, number: int) -> None:
        """Keep a number where it is higher. The record has it as well, so not being able to is no fault."""
        if not self._threaded:
            self._write(number)
            return
        with contextlib.suppress(RuntimeError):  # no thread can be had now
            threading.Thread(target=self._write, args=(number,), name="release-counter", daemon=True).start()

    def _write(self, number: int) -> None:
        """A whole file or the one before, through any power cut."""
        with self._lock, contextlib.suppress(OSError):
            if number <= self.read():
                return
            write_whole(self._path, f"{number}\n".encode())
