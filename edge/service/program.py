"""Looks once after the start whether the program's own files are as they were installed, and tells it.

Nothing is locked, opened or started again because of it. Where it was told before, a start only shows it;
where all files are whole again, it is over.
"""

from __future__ import annotations

import contextlib
import logging
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.disk.files import write_whole
from edge.inventory.whole import Compared

_log = logging.getLogger(__name__)

CHANGED: Final = "program_changed"

AFTER_S: Final = 180.0
"""Until then the eyes have the card and the processor for themselves."""

TOLD: Final = "program_told"
"""Beside the record: which files were told of."""

Tell = Callable[[str, bool, str, float], None]
"""A fault (its code) began or ended; which files; when."""


class ProgramWatch:
    """Belongs to the loop, which calls `poll` at each turn; waits for nothing.

    `compare` reads every file, and `apart` runs it where it may wait. `tell` also texts the control room,
    `show` does not.
    """

    def __init__(
        self,
        data: Path,
        compare: Callable[[], Compared],
        apart: Callable[[Callable[[], None]], None],
        tell: Tell,
        show: Tell,
    ) -> None:
        self._file = data / TOLD
        self._compare = compare
        self._apart = apart
        self._tell, self._show = tell, show
        self._found: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._due_s: float | None = None
        self._begun = False

    def poll(self, now_s: float) -> None:
        if self._due_s is None:
            self._due_s = now_s + AFTER_S
        if now_s >= self._due_s and not self._begun:
            self._begun = True
            self._apart(self._look)
        with contextlib.suppress(queue.Empty):
            words, before = self._found.get_nowait()
            if words:
                (self._show if words == before else self._tell)(CHANGED, True, words, now_s)
            elif before:
                self._show(CHANGED, False, before, now_s)

    def _look(self) -> None:
        """In a thread: what differs now, and what an earlier start told of."""
        try:
            words = self._compare().words
        except (OSError, ValueError) as error:  # the self-test of every morning looks again
            _log.warning("the program's files were not compared: %s", type(error).__name__)
            return
        before = ""
        with contextlib.suppress(OSError):
            before = self._file.read_text("utf-8", "replace")
        with contextlib.suppress(OSError):  # told once too often is better than never
            if not words:
                self._file.unlink(missing_ok=True)
            elif words != before:
                write_whole(self._file, words.encode())
        self._found.put((words, before))
