"""The watch over the program's threads: one that died is started again, one that hangs is a fault by name."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final, Protocol

from edge.cabin.events import Device
from hw.watched import WatchedThread

_log = logging.getLogger(__name__)

STEADY_S: Final = 2.0
"""So long a thread must run again before its trouble counts as over and the pauses begin again."""

_PAUSES_S: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Between two starts of a thread that dies again and again."""


class Tell(Protocol):
    """How the watch says that a device lacks its thread (`active`), or has it again."""

    def __call__(self, device: Device, code: str, source: str, active: bool, now_s: float) -> None: ...


@dataclass(slots=True)
class _Watched:
    thread: WatchedThread
    device: Device
    code: str
    limit_s: float
    trouble: bool = False
    well_from_s: float | None = None
    deaths: int = 0
    start_at_s: float | None = None


class ThreadWatch:
    """Belongs to the loop, which calls `look` at every turn; waits for nothing.

    A thread that died is started again, with growing pauses where it dies again. One that stands still is
    left alone: a second one beside it could do harm, and what it waits for in the system no start would cure.
    """

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._all: list[_Watched] = []

    def add(self, thread: WatchedThread, device: Device, code: str, limit_s: float) -> None:
        """Watch it. `code` is the fault that it is when it died or made no progress for `limit_s`."""
        self._all.append(_Watched(thread, device, code, limit_s))

    def look(self, now_s: float) -> None:
        """Start again what died, and tell once of each trouble and of its end."""
        for one in self._all:
            self._look_at(one, now_s)

    def in_trouble(self, device: Device) -> bool:
        """Whether one of the device's threads is not known to run well."""
        return any(one.trouble for one in self._all if one.device is device)

    def _look_at(self, one: _Watched, now_s: float) -> None:
        died = one.thread.died
        if died or one.thread.silent_s(now_s) >= one.limit_s:
            one.well_from_s = None
            if not one.trouble:
                one.trouble = True
                why = one.thread.why or "stands still"
                _log.error("fault: %s (%s %s)", one.code, one.thread.name, why)
                self._tell(one.device, one.code, f"thread {one.thread.name}", True, now_s)
            if died:
                self._start_again(one, now_s)
            return
        if not one.trouble:
            return
        if one.well_from_s is None:
            one.well_from_s = now_s
        if now_s >= one.well_from_s + STEADY_S:
            one.trouble, one.deaths, one.well_from_s = False, 0, None
            self._tell(one.device, one.code, f"thread {one.thread.name}", False, now_s)

    def _start_again(self, one: _Watched, now_s: float) -> None:
        if one.start_at_s is None:
            one.start_at_s = now_s + _PAUSES_S[min(one.deaths, len(_PAUSES_S) - 1)]
            one.deaths += 1
        if now_s >= one.start_at_s:
            one.start_at_s = None
            one.thread.start()
