"""Simulated machines at real wires: behind a pseudo-terminal, and at a socket. Each has its own thread."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
import tty
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hw.atm.fake.machine import FakeMachine

_TRY_AGAIN_S: Final = 0.2
_TURN_S: Final = 0.5
_READ_BYTES: Final = 4096
_CLOSE_S: Final = 5.0


class _WiredMachine(ABC):
    """A machine and its thread. `_plug` opens its end of the wire (None: not now), `_unplug` closes it."""

    def __init__(self, fake: FakeMachine) -> None:
        self.fake = fake
        self._lock = threading.Lock()
        self._wake_read, self._wake_write = os.pipe()
        self._end: int | None = None
        self._stopping = False
        self._started_s = time.monotonic()
        self._pending = b""
        self._thread = threading.Thread(target=self._serve, name=f"fake-{fake.name}", daemon=True)

    def do(self, what: Callable[[FakeMachine], None]) -> None:
        """Something that a customer or a tester does with it."""
        with self._lock:
            what(self.fake)
        self._nudge()

    def is_so(self, what: Callable[[FakeMachine], bool]) -> bool:
        with self._lock:
            return what(self.fake)

    def put(self, data: bytes) -> None:
        """Bytes on the wire that are not the machine's own."""
        with self._lock:
            self._pending += data
        self._nudge()

    def close(self) -> None:
        self._stopping = True
        self._nudge()
        self._thread.join(_CLOSE_S)
        self._unplug()
        os.close(self._wake_read)
        os.close(self._wake_write)

    @abstractmethod
    def _plug(self) -> int | None: ...

    @abstractmethod
    def _unplug(self) -> None: ...

    def _nudge(self) -> None:
        os.write(self._wake_write, b"x")

    def _now(self) -> float:
        return time.monotonic() - self._started_s

    def _serve(self) -> None:
        while not self._stopping:
            self._mind_wire()
            with self._lock:
                wake_s = self.fake.next_wake_s()
            timeout_s = _TURN_S if wake_s is None else min(_TURN_S, max(0.0, wake_s - self._now()))
            reads = [self._wake_read] if self._end is None else [self._wake_read, self._end]
            writes = [self._end] if self._end is not None and self._pending else []
            wait_s = timeout_s if self._end is not None else min(timeout_s, _TRY_AGAIN_S)
            readable, writable, _ = select.select(reads, writes, [], wait_s)
            if self._wake_read in readable:
                os.read(self._wake_read, _READ_BYTES)
            if self._end is not None:
                self._turn(self._end in readable, self._end in writable or not writes)

    def _mind_wire(self) -> None:
        cut = "cut" in self.fake.faults
        if cut and self._end is not None:
            self._gone()
        elif not cut and self._end is None:
            self._end = self._plug()
            if self._end is not None:
                with self._lock:
                    self.fake.connected(self._now())

    def _gone(self) -> None:
        self._end = None
        self._unplug()
        with self._lock:
            self._pending = b""
            self.fake.disconnected()

    def _turn(self, readable: bool, writable: bool) -> None:
        assert self._end is not None
        try:
            data = os.read(self._end, _READ_BYTES) if readable else None
        except BlockingIOError:
            data = None
        except OSError:
            data = b""
        if data == b"":
            self._gone()
            return
        with self._lock:
            if data:
                self.fake.feed(data, self._now())
            self.fake.poll(self._now())
            self._pending += self.fake.take_output()
            if self._pending and writable:
                with contextlib.suppress(OSError):
                    self._pending = self._pending[os.write(self._end, self._pending) :]


class PtyMachine(_WiredMachine):
    """At a serial line. `port` is a link that survives a new pseudo-terminal, as a udev name does."""

    def __init__(self, fake: FakeMachine, port: Path) -> None:
        super().__init__(fake)
        self.port = port
        self._slave: int | None = None
        self._master: int | None = None
        self._end = self._plug()
        fake.connected(self._now())
        self._thread.start()

    def _plug(self) -> int | None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self._slave))
        return self._master

    def _unplug(self) -> None:
        self.port.unlink(missing_ok=True)
        for end in (self._master, self._slave):
            if end is not None:
                os.close(end)
        self._master = self._slave = None


class SocketMachine(_WiredMachine):
    """At a network: it connects to the kiosk, and again whenever it was thrown out."""

    def __init__(self, fake: FakeMachine, host: str, port: int) -> None:
        super().__init__(fake)
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._thread.start()

    def _plug(self) -> int | None:
        try:
            self._socket = socket.create_connection(self._address, timeout=1.0)
        except OSError:
            return None
        self._socket.setblocking(False)
        return self._socket.fileno()

    def _unplug(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
