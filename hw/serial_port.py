"""What all serial ports have in common: when one is tried again, and why one cannot be opened."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Final

RETRY_FIRST_S: Final = 1.0
_RETRY_MAX_S: Final = 4.0


def retry_pauses_s() -> Iterator[float]:
    """How long after each failure it is tried again: a device that was away for days is soon found."""
    pause_s = RETRY_FIRST_S
    while True:
        yield pause_s
        pause_s = min(_RETRY_MAX_S, pause_s * 2)


def why_unopened(error: Exception) -> tuple[bool, str]:
    """Whether another program has the port, and the matter in words that name the remedy's object."""
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK) or "exclusively lock" in str(error):
        return True, "another program uses the port"
    if number in (errno.EACCES, errno.EPERM):
        return False, "the port may not be opened by this user"
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return False, "there is no such port"
    return False, "the port cannot be opened"
