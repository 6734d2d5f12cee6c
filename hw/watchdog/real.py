"""The service manager's watchdog: systemd's notification protocol over a datagram socket.

The protocol is sd_notify(3): one datagram of `NAME=value` lines to the address in NOTIFY_SOCKET, where a
leading `@` stands for the abstract namespace. systemd in turn feeds the hardware watchdog.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

from hw.ports import HardwareError


class SystemdWatchdog:
    """Feeds systemd. Without a NOTIFY_SOCKET (run by hand) every call does nothing."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        path = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + path[1:] if path.startswith("@") else path
        self._socket: socket.socket | None = None
        if path:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        usec = environment.get("WATCHDOG_USEC", "")
        self.period_s: float | None = int(usec) / 2e6 if usec.isdecimal() and int(usec) else None
        """How often systemd wants to be fed: half of its limit, as sd_watchdog_enabled(3) advises."""

    def feed(self) -> None:
        self._tell("WATCHDOG=1")

    def ready(self, status: str) -> None:
        self._tell(f"READY=1\nSTATUS={_line(status)}")

    def status(self, status: str) -> None:
        self._tell(f"STATUS={_line(status)}")

    def close(self) -> None:
        """Say that the service ends on purpose."""
        with contextlib.suppress(HardwareError):
            self._tell("STOPPING=1")
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, message: str) -> None:
        """HardwareError `watchdog_missing` when the service manager does not take it."""
        if self._socket is None:
            return
        try:
            self._socket.sendto(message.encode(), self._address)
        except OSError as error:
            raise HardwareError("watchdog_missing", f"NOTIFY_SOCKET: {error.strerror}") from error


def _line(text: str) -> str:
    """One line: a line break would begin another assignment."""
    return " ".join(text.split())
