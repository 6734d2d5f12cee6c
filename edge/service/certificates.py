"""Tells in time that the kiosk's certificate ends, and that it has: once each, by the ways that need none.

A certificate that ended shuts nobody out but the kiosk: the door, its codes and its texts ask nobody for one.
"""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import msgspec

from edge.disk.files import write_whole
from edge.faults.fault import FaultError
from edge.fleet.pairs import current_pair, fleet_folder
from edge.fleet.renewal import certificate_fault
from edge.settings.schema import Settings
from hw.ports import Clock

EVERY_S: Final = 600.0
"""So often the file is looked at, in a thread: a day's notice needs no more."""

_TOLD: Final = "told"


class Tell(Protocol):
    """A fault of something that no lock needs began (`active`) or ended."""

    def __call__(self, code: str, active: bool, detail: str, now_s: float) -> None: ...


class CertificateWatch:
    """Belongs to the loop, which calls `poll` at each turn; waits for nothing.

    `tell` also texts the control room; `show` does not: for what was told before the program started again.
    `apart` runs what reads the file where it may wait.
    """

    def __init__(
        self,
        settings: Settings,
        data: Path,
        clock: Clock,
        apart: Callable[[Callable[[], None]], None],
        tell: Tell,
        show: Tell,
    ) -> None:
        paths = msgspec.structs.replace(settings.paths, data=str(data))
        self._settings = msgspec.structs.replace(settings, paths=paths)
        self._clock = clock
        self._apart = apart
        self._tell, self._show = tell, show
        self._found: queue.SimpleQueue[tuple[FaultError | None, bool]] = queue.SimpleQueue()
        self._due_s = float("-inf")
        self._now: FaultError | None = None

    def poll(self, now_s: float) -> None:
        if now_s >= self._due_s:
            self._due_s = now_s + EVERY_S
            # By a clock that nobody has set, nothing begins and nothing is over.
            if self._clock.wall_true():
                wall_s = self._clock.wall_s()
                self._apart(lambda: self._look(wall_s))
        with contextlib.suppress(queue.Empty):
            fault, before = self._found.get_nowait()
            self._take(fault, before, now_s)

    def _take(self, fault: FaultError | None, before: bool, now_s: float) -> None:
        was, self._now = self._now, fault
        if was is not None and (fault is None or fault.code != was.code):
            self._show(was.code, False, was.detail, now_s)
        if fault is not None and (was is None or fault.code != was.code):
            (self._show if before else self._tell)(fault.code, True, fault.detail, now_s)

    def _look(self, wall_s: float) -> None:
        """In a thread: what is wrong now, and whether that was told before, by whichever start."""
        fault = certificate_fault(self._settings, wall_s)
        self._found.put((fault, self._told(fault)))

    def _told(self, fault: FaultError | None) -> bool:
        file = fleet_folder(self._settings) / _TOLD
        if fault is None:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
            return False
        said = f"{fault.code} {fault.detail} {current_pair(self._settings).certificate}\n".encode()
        with contextlib.suppress(OSError):
            if file.read_bytes() == said:
                return True
        with contextlib.suppress(OSError):  # told once too often is better than never
            write_whole(file, said)
        return False
