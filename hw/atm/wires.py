"""The two wires under the lines: a serial port, and connections to a TCP port. Nothing here blocks for long.

A wire belongs to the driver's thread. It numbers its links, hands over what came and sends what is due; what
the bytes mean is the exchange's business.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

import serial

from hw.atm.exchange import Bucket
from hw.serial_port import RETRY_FIRST_S, retry_pauses_s, why_unopened

READ_BYTES: Final = 4096
"""So much of a link is taken at a turn, whatever more is there."""

_SPARE_LINKS: Final = 4
_ACCEPTS_A_SECOND: Final = 10.0
_ACCEPTS_AT_ONCE: Final = 20.0


class Lines(Protocol):
    """What a wire tells, and asks, of the exchange; each call is short."""

    def opened(self, link: int, *, stays: bool) -> None: ...

    def closed(self, link: int) -> None: ...

    def port_well(self) -> None: ...

    def port_failed(self, detail: str) -> None: ...

    def feed(self, link: int, data: bytes) -> None: ...

    def take_output(self, link: int) -> bytes: ...

    def closing(self, link: int) -> bool: ...

    def proven(self, link: int) -> bool: ...


class Wire(Protocol):
    def turn(self, lines: Lines, now_s: float) -> None:
        """Open what is due, send, and close what is to be closed."""
        ...

    def watched(self) -> dict[int, int]:
        """Each file descriptor with the events of poll(2) that it waits for."""
        ...

    def ready(self, lines: Lines, descriptor: int, now_s: float) -> None:
        """Something came on a descriptor."""
        ...

    def wake_s(self) -> float | None:
        """When `turn` has something to do by itself."""
        ...

    def close(self, lines: Lines) -> None: ...


@dataclass(slots=True)
class _End:
    """The kiosk's end of one link: its descriptor, and what is still to be sent."""

    descriptor: int
    close: Callable[[], None]
    output: bytes = field(default=b"", repr=False)

    def send(self, lines: Lines, link: int) -> bool:
        """What can be sent now; False where the link is gone."""
        if not self.output:
            self.output = lines.take_output(link)
        if self.output:
            try:
                self.output = self.output[os.write(self.descriptor, self.output) :]
            except BlockingIOError:
                pass
            except OSError:
                return False
        return True

    def take(self, lines: Lines, link: int) -> bool:
        """What can be read now; False where the link is gone."""
        try:
            data = os.read(self.descriptor, READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        lines.feed(link, data)
        return bool(data)

    @property
    def events(self) -> int:
        return select.POLLIN | (select.POLLOUT if self.output else 0)


class SerialWire:
    """One link, for as long as the port is there; a port that is gone is looked for every few seconds.

    `path` should be a name that udev keeps the same. Opening may block in the kernel, so this needs a thread.
    """

    def __init__(self, path: str, baud: int) -> None:
        self._path = path
        self._baud = baud
        self._end: _End | None = None
        self._links = itertools.count(1)
        self._link = 0
        self._retry_s = float("-inf")
        self._pauses_s: Iterator[float] = retry_pauses_s()

    def turn(self, lines: Lines, now_s: float) -> None:
        if self._end is None and now_s >= self._retry_s:
            self._open(lines, now_s)
        if self._end is not None and not self._end.send(lines, self._link):
            self._lost(lines, now_s)

    def watched(self) -> dict[int, int]:
        return {} if self._end is None else {self._end.descriptor: self._end.events}

    def ready(self, lines: Lines, descriptor: int, now_s: float) -> None:
        if self._end is not None and not self._end.take(lines, self._link):
            self._lost(lines, now_s)

    def wake_s(self) -> float | None:
        return self._retry_s if self._end is None else None

    def close(self, lines: Lines) -> None:
        end, self._end = self._end, None
        if end is not None:
            end.close()
            lines.closed(self._link)

    def _open(self, lines: Lines, now_s: float) -> None:
        try:
            port = serial.Serial(self._path, self._baud, timeout=0, write_timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            self._retry_s = now_s + next(self._pauses_s)
            lines.port_failed(f"{self._path}: {why_unopened(error)[1]}")
            return
        self._pauses_s = retry_pauses_s()
        self._link = next(self._links)
        self._end = _End(port.fileno(), _closer(port.close))
        lines.opened(self._link, stays=True)

    def _lost(self, lines: Lines, now_s: float) -> None:
        self.close(lines)
        self._retry_s = now_s + RETRY_FIRST_S
        lines.port_failed(f"{self._path}: the port was unplugged")


class TcpWire:
    """A link for each connection to one address of this machine.

    A stranger may connect as often as he likes: so many connections at once and not more, the oldest that has
    proven nothing goes first, and more than ten new ones a second wait in the kernel's queue.
    """

    def __init__(self, host: str, port: int, machines: int) -> None:
        self._address = (host, port)
        self._most = machines + _SPARE_LINKS
        self._listener: socket.socket | None = None
        self._ends: dict[int, _End] = {}
        self._links = itertools.count(1)
        self._retry_s = float("-inf")
        self._pauses_s: Iterator[float] = retry_pauses_s()
        self._bucket: Bucket | None = None
        self._accept_s = float("-inf")

    @property
    def port(self) -> int:
        """The port that is listened at; 0 while there is none."""
        return 0 if self._listener is None else int(self._listener.getsockname()[1])

    def turn(self, lines: Lines, now_s: float) -> None:
        if self._listener is None and now_s >= self._retry_s:
            self._listen(lines, now_s)
        if now_s >= self._accept_s:
            self._accept_s = float("-inf")
        for link, end in list(self._ends.items()):
            if not end.send(lines, link) or lines.closing(link):
                self._drop(lines, link)

    def watched(self) -> dict[int, int]:
        watched = {end.descriptor: end.events for end in self._ends.values()}
        if self._listener is not None and self._accept_s == float("-inf"):
            watched[self._listener.fileno()] = select.POLLIN
        return watched

    def ready(self, lines: Lines, descriptor: int, now_s: float) -> None:
        if self._listener is not None and descriptor == self._listener.fileno():
            self._accept(lines, now_s)
            return
        for link, end in list(self._ends.items()):
            if end.descriptor == descriptor and not end.take(lines, link):
                self._drop(lines, link)

    def wake_s(self) -> float | None:
        if self._listener is None:
            return self._retry_s
        return None if self._accept_s == float("-inf") else self._accept_s

    def close(self, lines: Lines) -> None:
        for link in list(self._ends):
            self._drop(lines, link)
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.close()

    def _listen(self, lines: Lines, now_s: float) -> None:
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setblocking(False)
            listener.bind(self._address)
            listener.listen(8)
        except OSError as error:
            listener.close()
            self._retry_s = now_s + next(self._pauses_s)
            lines.port_failed(f"{self._address[0]}, port {self._address[1]}: {error.strerror}")
            return
        self._listener = listener
        self._pauses_s = retry_pauses_s()
        self._bucket = Bucket(_ACCEPTS_A_SECOND, _ACCEPTS_AT_ONCE, now_s)
        lines.port_well()

    def _accept(self, lines: Lines, now_s: float) -> None:
        if self._listener is None or self._bucket is None:
            return
        if not self._bucket.take(now_s):
            self._accept_s = now_s + 1.0 / _ACCEPTS_A_SECOND
            return
        try:
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:  # gone again before it was taken, or no descriptor left
            return
        if len(self._ends) >= self._most:
            oldest = next((link for link in self._ends if not lines.proven(link)), None)
            if oldest is None:
                connection.close()
                return
            self._drop(lines, oldest)
        link = next(self._links)
        self._ends[link] = _End(connection.fileno(), _closer(connection.close))
        lines.opened(link, stays=False)

    def _drop(self, lines: Lines, link: int) -> None:
        self._ends.pop(link).close()
        lines.closed(link)


def _closer(close: Callable[[], None]) -> Callable[[], None]:
    def quietly() -> None:
        with contextlib.suppress(OSError, serial.SerialException):
            close()

    return quietly
