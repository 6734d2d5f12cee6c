"""Puts a line into the record where the settings are other than at the start before.

Somebody who edits `kiosk.toml` needs to be root on the kiosk, and leaves no other trace of it there.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.service.site import Note
from edge.settings.changed import Seen, changed, keep_seen, look, read_seen
from edge.settings.schema import Settings

CHANGED: Final = "settings_changed"
FIRST: Final = "settings_first_seen"
"""Of the first start, and of one that found no list of before."""

NAMED_MOST: Final = 40
"""So many are named in the line; how many there were stands beside them."""


class SettingsWatch:
    """Belongs to the loop, which calls `poll` at each turn; waits for nothing.

    `apart` runs what may wait for the disk. `note` puts a line into the record, `written` says whether all
    lines are on the card: only then is the list kept, so that a power cut repeats a line and loses none.
    """

    def __init__(
        self,
        settings: Settings,
        data: Path,
        apart: Callable[[Callable[[], None]], None],
        note: Note,
        written: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._data = data
        self._apart = apart
        self._note = note
        self._written = written
        self._found: queue.SimpleQueue[tuple[Seen, Seen | None]] = queue.SimpleQueue()
        self._keep: Seen | None = None
        self._begun = False

    def poll(self, now_s: float) -> None:
        if not self._begun:
            self._begun = True
            self._apart(self._look)
            return
        if self._keep is not None and self._written():
            keep, self._keep = self._keep, None
            self._apart(lambda: self._put(keep))
        with contextlib.suppress(queue.Empty):
            now, before = self._found.get_nowait()
            self._take(now, before, now_s)

    def _take(self, now: Seen, before: Seen | None, now_s: float) -> None:
        if before is None:
            self._note(FIRST, {"settings": len(now.marks)}, now_s)
        elif names := changed(before, self._settings):
            self._note(CHANGED, {"count": len(names), "changed": " ".join(names[:NAMED_MOST])}, now_s)
        if now != before:
            self._keep = now

    def _look(self) -> None:
        before = read_seen(self._data)
        self._found.put((look(self._settings, "" if before is None else before.key), before))

    def _put(self, seen: Seen) -> None:
        with contextlib.suppress(OSError):  # the record tells of such a disk; the next start says it again
            keep_seen(self._data, seen)
