"""Remembers over a kill that the newest state had not reached the card: what the record says then is old.

A file in memory: it costs no write to the card, outlives the process and not a power cut.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

NAME: Final = "unrecorded"


class Unrecorded:
    """`path` None: remembers nothing. A file that cannot be made is no fault: it only adds a doubt."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._set = False

    def left(self) -> bool:
        """Whether the life before ended with something unrecorded. Ask before the first `waits`."""
        return self._path is not None and self._path.exists()

    def waits(self, waits: bool) -> None:
        """Whether something is not on the card now."""
        if self._path is None or waits == self._set:
            return
        with contextlib.suppress(OSError):
            if waits:
                self._path.touch()
            else:
                self._path.unlink(missing_ok=True)
            self._set = waits
