"""The thread of the numbers: takes what the loop laid down, adds the machine's, writes and serves the text.

The loop only hands over a frozen object. A full disk, a folder that is gone or a port that is taken is a
fault by name, told once and once again when it is over; the kiosk goes on without numbers.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.metrics import textfile
from edge.metrics.scrapes import Scrapes
from edge.metrics.snapshot import About, LoopSeen, MachineSeen, Snapshot
from edge.metrics.text import CONTENT_TYPE, text_of
from edge.settings.schema import MetricsSettings
from hw.ports import Clock
from hw.watched import WatchedThread

LOOK_S: Final = 0.5
"""How often it looks for something new, and the latest that it ends when told to."""

AGAIN_S: Final = 15.0
"""Between two tries to listen on a port that is taken."""

UNWRITABLE: Final = "metrics_unwritable"
PORT_TAKEN: Final = "metrics_port_taken"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault of the numbers began (`active`), or is over."""

    code: str
    detail: str
    active: bool


class Publisher:
    """Of one kiosk. `put` and `troubles` are the loop's, `machine` is called in the thread and may wait."""

    def __init__(
        self, settings: MetricsSettings, about: About, machine: Callable[[], MachineSeen], clock: Clock
    ) -> None:
        self._settings = settings
        self._about = about
        self._machine = machine
        self._newest: LoopSeen | None = None
        self._made: LoopSeen | None = None
        self._closing = threading.Event()
        self._told: queue.SimpleQueue[Trouble] = queue.SimpleQueue()
        self._troubles: set[str] = set()
        self._scrapes: Scrapes | None = None
        self._listen_at_s = 0.0
        self.text = b""
        self.port = 0
        self.thread = WatchedThread("metrics", self._run, clock)

    def put(self, seen: LoopSeen) -> None:
        """For the loop: the newest numbers. Returns at once."""
        self._newest = seen

    def troubles(self) -> tuple[Trouble, ...]:
        """What there is to tell since the last call."""
        found = []
        while not self._told.empty():
            found.append(self._told.get_nowait())
        return tuple(found)

    def close(self, timeout_s: float) -> None:
        """End it, and take the file away: from now on nobody keeps it up to date."""
        self._closing.set()
        if not self.thread.alive or self.thread.join(timeout_s):
            self._end()

    # --- the thread --------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            self.thread.beat()
            self.turn(LOOK_S)

    def turn(self, wait_s: float) -> None:
        """Make the text where there are new numbers, write it, and answer who asks, for so long.

        The thread's work; where there is none, as on a bench in step, the loop calls it without waiting.
        """
        newest = self._newest
        if newest is not None and newest is not self._made:
            self._made = newest
            self.text = text_of(Snapshot(self._about, newest, self._machine()))
            self._write(self.text)
        self._serve(wait_s)

    def _end(self) -> None:
        if self._scrapes is not None:
            self._scrapes.close()
            self._scrapes = None
        if self._settings.textfile_folder:
            textfile.remove(Path(self._settings.textfile_folder))

    def _write(self, text: bytes) -> None:
        if not self._settings.textfile_folder:
            return
        try:
            textfile.write(Path(self._settings.textfile_folder), text)
        except OSError as error:
            self._tell(UNWRITABLE, f"{self._settings.textfile_folder}: {error.strerror}", active=True)
        else:
            self._tell(UNWRITABLE, "", active=False)

    def _serve(self, wait_s: float) -> None:
        now_s = time.monotonic()
        if self._settings.port and self._scrapes is None and now_s >= self._listen_at_s:
            self._listen(now_s)
        if self._scrapes is None:
            self._closing.wait(wait_s)
        else:
            self._scrapes.turn(wait_s, now_s, self.text)

    def _listen(self, now_s: float) -> None:
        settings = self._settings
        try:
            self._scrapes = Scrapes(settings.host, settings.port, CONTENT_TYPE)
        except OSError as error:
            self._listen_at_s = now_s + AGAIN_S
            self._tell(PORT_TAKEN, f"{settings.host} port {settings.port}: {error.strerror}", active=True)
        else:
            self.port = self._scrapes.port
            self._tell(PORT_TAKEN, "", active=False)

    def _tell(self, code: str, detail: str, *, active: bool) -> None:
        if active is not (code in self._troubles):
            (self._troubles.add if active else self._troubles.discard)(code)
            self._told.put(Trouble(code, detail, active))
