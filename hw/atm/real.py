"""The lines to real machines: the exchange with a thread of its own, so that nothing delays the loop."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Sequence
from typing import Final

from hw.atm.exchange import Exchange, MachineKey
from hw.atm.protocol import PACE, Pace
from hw.atm.wires import SerialWire, TcpWire, Wire
from hw.ports import Asked, AtmEvent, Clock
from hw.watched import WatchedThread

_LONGEST_WAIT_S: Final = 1.0
_CLOSE_S: Final = 2.0


def open_serial(path: str, baud: int, machine: MachineKey, clock: Clock, pace: Pace = PACE) -> AtmDriver:
    """One machine at a serial port. A port that cannot be opened is reported by `MachineLost`."""
    return AtmDriver(SerialWire(path, baud), [machine], clock, pace)


def open_tcp(
    host: str, port: int, machines: Sequence[MachineKey], clock: Clock, pace: Pace = PACE
) -> AtmDriver:
    """Machines that connect to this address; one that cannot be listened at is reported by `MachineLost`."""
    return AtmDriver(TcpWire(host, port, len(machines)), machines, clock, pace)


class AtmDriver:
    """`hw.ports.Atm` over a wire. The caller's side only takes a lock that nobody holds while he waits."""

    def __init__(self, wire: Wire, machines: Sequence[MachineKey], clock: Clock, pace: Pace = PACE) -> None:
        self.wire = wire
        self._clock = clock
        self._lock = threading.Lock()
        self._exchange = Exchange(machines, clock.now_s(), pace=pace)
        self._lines = _Locked(self._exchange, self._lock, clock)
        self._stopping = False
        self._begun = False
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self.thread = WatchedThread("atm", self._run, clock)
        self.thread.start()

    # --- the caller's side -------------------------------------------------------------------------

    def permit(self, on: bool, reason: str, machine: str = "") -> None:
        with self._lock:
            self._exchange.permit(on, reason, machine, self._clock.now_s())
        self._nudge()

    def ask(self, machine: str, what: Asked) -> None:
        with self._lock:
            self._exchange.ask(machine, what, self._clock.now_s())
        self._nudge()

    def refuse(self, machine: str, reason: str) -> None:
        with self._lock:
            self._exchange.refuse(machine, reason, self._clock.now_s())
        self._nudge()

    def poll(self, now_s: float) -> tuple[AtmEvent, ...]:
        with self._lock:
            # The thread does so as well; but a claim must end in time where it died, or hangs in the system.
            self._exchange.poll(now_s)
            return self._exchange.take_events()

    def next_wake_s(self) -> float | None:
        """Now when there are events; all else is the thread's business."""
        with self._lock:
            return self._clock.now_s() if self._exchange.eventful else None

    @property
    def refused(self) -> int:
        """How many lines were refused since the start."""
        with self._lock:
            return self._exchange.refused.total()

    def close(self) -> None:
        """Stop; a thread that hangs in the system is left behind, it ends with the program."""
        if self._stopping:
            return
        self._stopping = True
        self._nudge()
        if self.thread.join(_CLOSE_S):
            os.close(self._wake_read)
            os.close(self._wake_write)

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):  # a full pipe wakes as well
            os.write(self._wake_write, b"x")

    # --- the thread's side -------------------------------------------------------------------------

    def _run(self) -> None:
        if self._begun:  # the thread before this one died: nobody knows in the middle of what
            self.wire.close(self._lines)
        self._begun = True
        while not self._stopping:
            self.thread.beat()
            self._turn()
        self.wire.close(self._lines)

    def _turn(self) -> None:
        now_s = self._clock.now_s()
        with self._lock:
            self._exchange.poll(now_s)
            wakes = [now_s + _LONGEST_WAIT_S, self._exchange.next_wake_s()]
        self.wire.turn(self._lines, now_s)
        wakes.append(self.wire.wake_s())
        due_s = min(wake_s for wake_s in wakes if wake_s is not None)
        for descriptor in self._wait(max(0.0, due_s - self._clock.now_s())):
            self.wire.ready(self._lines, descriptor, self._clock.now_s())

    def _wait(self, timeout_s: float) -> list[int]:
        """Which of the wire's descriptors have something."""
        poll = select.poll()
        poll.register(self._wake_read, select.POLLIN)
        for descriptor, events in self.wire.watched().items():
            poll.register(descriptor, events)
        ready = [descriptor for descriptor, _ in poll.poll(timeout_s * 1000.0)]
        if self._wake_read in ready:
            ready.remove(self._wake_read)
            with contextlib.suppress(OSError):
                os.read(self._wake_read, 4096)
        return ready


class _Locked:
    """The exchange as the wire has it: each call under the lock, dated now."""

    def __init__(self, exchange: Exchange, lock: threading.Lock, clock: Clock) -> None:
        self._exchange = exchange
        self._lock = lock
        self._clock = clock

    def opened(self, link: int, *, stays: bool) -> None:
        with self._lock:
            self._exchange.opened(link, self._clock.now_s(), stays=stays)

    def closed(self, link: int) -> None:
        with self._lock:
            self._exchange.closed(link, self._clock.now_s())

    def port_well(self) -> None:
        with self._lock:
            self._exchange.port_well()

    def port_failed(self, detail: str) -> None:
        with self._lock:
            self._exchange.port_failed("atm_port_failed", detail)

    def feed(self, link: int, data: bytes) -> None:
        with self._lock:
            self._exchange.feed(link, data, self._clock.now_s())

    def take_output(self, link: int) -> bytes:
        with self._lock:
            return self._exchange.take_output(link)

    def closing(self, link: int) -> bool:
        with self._lock:
            return self._exchange.closing(link)

    def proven(self, link: int) -> bool:
        with self._lock:
            return self._exchange.proven(link)
