"""The way to the broker: TCP and TLS opened without waiting, and a bound on what may come back over it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

PACKET_MOST: Final = 65_536
"""Bytes of one packet from the broker: a request has a few hundred. Asked for in `CONNECT`, and held here."""

_AHEAD: Final = 16_384
_BURST_S: Final = 4.0
"""What was not read for so long may be read at once."""
_GOING_ON: Final = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR})


class Trouble(StrEnum):
    """Why there is no connection."""

    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    REFUSED = "refused"
    SILENT = "silent"
    GARBLED = "garbled"
    DROPPED = "dropped"
    TAKEN_OVER = "taken_over"
    NO_CERTIFICATE = "no_certificate"
    UNREAD = "unread"


class LinkFault(Exception):
    """The way cannot be opened, or broke; `detail` without an address or a secret."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(detail)
        self.trouble = trouble
        self.detail = detail


class Wire(Protocol):
    """A connection as a socket has it, without waiting: `BlockingIOError` where there is nothing."""

    def recv(self, size: int, /) -> bytes: ...

    def send(self, data: bytes, /) -> int: ...

    def fileno(self) -> int: ...

    def close(self) -> None: ...


class Way(Protocol):
    """A connection on its way. `step` goes on as far as it can; True once it is open. Raises `LinkFault`."""

    @property
    def wants_write(self) -> bool: ...

    def step(self) -> bool: ...

    def open(self) -> Wire: ...

    def fileno(self) -> int: ...

    def close(self) -> None: ...


Dial = Callable[[], Way]
"""Begins a connection. May raise `LinkFault`."""


class TlsWay:
    """TCP to a host, then TLS with `context` (None: plain, for a broker on this machine alone)."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._host = host
        self._context = context
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise LinkFault(Trouble.UNREACHABLE, f"the name is not known ({type(error).__name__})") from None
        self._addresses = [(family, address) for family, _, _, _, address in found]
        self._tls: ssl.SSLSocket | None = None
        self._wants_write = True
        self._socket = self._begin()

    @property
    def wants_write(self) -> bool:
        return self._wants_write

    def fileno(self) -> int:
        return self._socket.fileno()

    def step(self) -> bool:
        try:
            if self._tls is None and not self._connected():
                return False
            if self._tls is None:
                if self._context is None:
                    return True
                self._tls = self._context.wrap_socket(
                    self._socket, server_hostname=self._host, do_handshake_on_connect=False
                )
                self._socket = self._tls
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._wants_write = False
            return False
        except ssl.SSLWantWriteError:
            self._wants_write = True
            return False
        except (OSError, ValueError) as error:
            raise fault_of(error) from None
        return True

    def open(self) -> Wire:
        self._socket.setblocking(False)
        return self._socket

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()

    def _begin(self) -> socket.socket:
        family, address = self._addresses.pop(0)
        made = socket.socket(family, socket.SOCK_STREAM)
        made.setblocking(False)
        with contextlib.suppress(OSError):  # a kernel without it sends the same a little later
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = made.connect_ex(address)
        if code not in _GOING_ON and code:
            made.close()
            if self._addresses:
                return self._begin()
            raise LinkFault(Trouble.UNREACHABLE, os.strerror(code))
        return made

    def _connected(self) -> bool:
        """Whether TCP is through; the next address is tried where this one does not answer."""
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._socket.close()
            if not self._addresses:
                raise LinkFault(Trouble.UNREACHABLE, os.strerror(code))
            self._socket = self._begin()
            return False
        try:
            self._socket.getpeername()
        except OSError:
            return False
        return True


def fault_of(error: Exception) -> LinkFault:
    """What an error on the way means."""
    if isinstance(error, LinkFault):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message
        return LinkFault(Trouble.UNTRUSTED, f"the broker's certificate is not trusted: {why}")
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or type(error).__name__).lower().replace("_", " ")
        if "alert" in reason:  # the other side says what it has against us
            return LinkFault(Trouble.REFUSED, f"the broker refuses our certificate: {reason}")
        if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return LinkFault(Trouble.DROPPED, "the broker broke off")
        return LinkFault(Trouble.GARBLED, f"no TLS that we speak: {reason}")
    if isinstance(error, ValueError):
        return LinkFault(Trouble.UNTRUSTED, "the broker's name is none that a certificate can have")
    if isinstance(error, ConnectionRefusedError):
        return LinkFault(Trouble.UNREACHABLE, "nobody listens there")
    if isinstance(error, ConnectionError):
        return LinkFault(Trouble.DROPPED, "the broker broke off")
    detail = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return LinkFault(Trouble.UNREACHABLE, detail)


@dataclass(slots=True)
class Heard:
    """What came over the wire: when last, and what it broke with."""

    any: bool = False
    fault: LinkFault | None = None


class BoundedWire:
    """What paho takes for its socket: reads ahead, refuses a packet beyond `PACKET_MOST`, keeps the error.

    `bytes_s` bounds what is read a second (0: nothing does): a broker that was broken into may send as fast
    as the line goes, and a process that reads all of it has no time for anything else.
    """

    def __init__(self, wire: Wire, bytes_s: int = 0) -> None:
        self._wire = wire
        self._ahead = bytearray()
        self._bytes_s = bytes_s
        self._left = float(bytes_s * _BURST_S)
        self._filled_s: float | None = None
        self.heard = Heard()

    def fill(self, now_s: float) -> None:
        """Time has gone on: more may be read."""
        since_s = 0.0 if self._filled_s is None else max(0.0, now_s - self._filled_s)
        self._filled_s = now_s
        self._left = min(self._bytes_s * _BURST_S, self._left + since_s * self._bytes_s)

    @property
    def may_read(self) -> bool:
        """Whether more may be read now."""
        return not self._bytes_s or self._left > 0.0

    @property
    def pending(self) -> bool:
        """Whether bytes have been read that nobody has taken: the socket will not say so."""
        if self._ahead:
            return True
        if not self.may_read:
            return False
        if getattr(self._wire, "waiting", False):
            return True
        return isinstance(self._wire, ssl.SSLSocket) and self._wire.pending() > 0

    def recv(self, buffer_size: int) -> bytes:
        if buffer_size > PACKET_MOST:
            self.heard.fault = LinkFault(Trouble.GARBLED, "a packet larger than any that we asked for")
            raise ConnectionAbortedError
        if not self._ahead:
            if not self.may_read:
                raise BlockingIOError
            try:
                got = self._wire.recv(_AHEAD)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except OSError as error:
                self.heard.fault = fault_of(error)
                raise
            if not got:
                return b""
            self.heard.any = True
            self._left -= len(got)
            self._ahead += got
        taken = bytes(self._ahead[:buffer_size])
        del self._ahead[:buffer_size]
        return taken

    def send(self, buffer: bytes | bytearray) -> int:
        try:
            return self._wire.send(bytes(buffer))
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except OSError as error:
            self.heard.fault = fault_of(error)
            raise

    def fileno(self) -> int:
        return self._wire.fileno()

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._wire.close()
