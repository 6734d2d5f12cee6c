"""The way to the broker: TCP and TLS, opened without waiting."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

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
