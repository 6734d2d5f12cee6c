"""The watch over the program's threads: one that died is started again, one that hangs is a fault by name.

And over the input path the watch of the relays: inputs that nobody reads are as good as cut wires.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from edge.cabin.events import Device
from hw.ports import Board, HardwareError
from hw.watched import WatchedThread

_log = logging.getLogger(__name__)

STEADY_S: Final = 2.0
"""So long a thread must run again before its trouble counts as over and the pauses begin again."""

_PAUSES_S: Final = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Between two starts of a thread that dies again and again."""


SCAN_SILENT_S: Final = 0.7
"""No good step of the input path for so long: the loop drops the relays. The turn that sees it and what a
busy machine adds have to fit into the second that is promised."""

SCAN_STOPPED: Final = "scan_stopped"
"""The reason for which the loop holds the lock while the input path stands still."""


class Part(StrEnum):
    """A part of the program that works in a thread of its own."""

    INPUT_PATH = "input_path"
    JOURNAL = "journal"
    EVIDENCE = "evidence"
    CONTROL = "control"
    MODEM = "modem"
    ATM = "atm"


@dataclass(frozen=True, slots=True)
class Limit:
    """`code` is the fault of `device` when the thread died or was at one piece of work for `silent_s`."""

    device: Device
    code: str
    silent_s: float


LIMITS: Final[Mapping[Part, Limit]] = {
    Part.INPUT_PATH: Limit(Device.INPUTS, "input_path_stopped", SCAN_SILENT_S),
    Part.JOURNAL: Limit(Device.DISK, "record_stopped", 10.0),
    Part.EVIDENCE: Limit(Device.EVIDENCE, "pictures_stopped", 30.0),
    Part.CONTROL: Limit(Device.CONTROL, "control_stopped", 15.0),
    Part.MODEM: Limit(Device.MODEM_DRIVER, "modem_stopped", 15.0),
    Part.ATM: Limit(Device.ATM, "atm_stopped", 15.0),
}
"""How long a thread may be at one piece of work: a batch of records, a turn of the modem's or the machine's
port, a picture, a caller. Slow cards take seconds; what takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Age:
    """Seconds since a thread's last progress, 0 while it waits for work; from `limit_s` on it hangs."""

    silent_s: float
    limit_s: float
    alive: bool


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

    def watch(self, part: Part, thread: WatchedThread) -> None:
        """Watch a part of the program within its own limit."""
        limit = LIMITS[part]
        self.add(thread, limit.device, limit.code, limit.silent_s)

    def look(self, now_s: float) -> None:
        """Start again what died, and tell once of each trouble and of its end."""
        for one in self._all:
            self._look_at(one, now_s)

    def ages(self, now_s: float) -> Mapping[str, Age]:
        """How long ago each of them last made progress, by the thread's name."""
        return {
            one.thread.name: Age(one.thread.silent_s(now_s), one.limit_s, one.thread.alive)
            for one in self._all
        }

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


class InputGuard:
    """Holds the lock off and the permit while the input path, which reads fire and exit, stands still.

    Call `look` at every turn in place of the watch's own: first the relays are dropped, then the table hears
    that the inputs failed.
    """

    def __init__(self, board: Board, watch: ThreadWatch) -> None:
        self._board = board
        self._watch = watch
        self.stopped = False

    def look(self, silent_s: float, now_s: float) -> None:
        """`silent_s`: since the input path's last good step."""
        if not self.stopped and silent_s >= SCAN_SILENT_S:
            self.stopped = True
            lock = self._board.lock
            for drop in (functools.partial(lock.hold, SCAN_STOPPED, True), self._board.permit.off):
                with contextlib.suppress(HardwareError):  # the loop checks both at every turn, and tells
                    drop()
        self._watch.look(now_s)
        if self.stopped and not self._watch.in_trouble(Device.INPUTS):
            self.stopped = False
            self._board.lock.hold(SCAN_STOPPED, False)
