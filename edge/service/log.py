"""Lines for people who read the log: a line that cannot be written is left out, and never waited for.

The loop says its lines here and not with `print`: standard error may be closed, full, or a pipe whose reader
went away or stands still, and none of that may end or stop whatever guards the door.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import Final

_LONGEST_BYTES: Final = 4096
"""A pipe that poll(2) calls ready takes so many bytes without waiting (pipe(7), PIPE_BUF)."""

_left_out = 0


def say(text: str) -> None:
    """One line or more to standard error. Never raises, never waits."""
    global _left_out
    told = f"({_left_out} messages before this one could not be written)\n" if _left_out else ""
    if _write(f"{told}{text}\n"):
        _left_out = 0
    else:
        _left_out += 1


def _write(text: str) -> bool:
    """False where it could not be written, or would have had to wait."""
    try:
        number = sys.stderr.fileno()
    except io.UnsupportedOperation:  # a stream of a test: nothing behind it that could wait
        print(text, end="", file=sys.stderr, flush=True)
        return True
    except (AttributeError, ValueError, OSError):  # there is none, or it was closed
        return False
    data = text.encode(errors="backslashreplace")
    if len(data) > _LONGEST_BYTES:
        data = data[: _LONGEST_BYTES - 4] + b"...\n"
    try:
        ready = select.poll()
        ready.register(number, select.POLLOUT)
        # Past Python's own buffer: what failed once would stay in it and be in the way of the next line.
        return bool(ready.poll(0)) and os.write(number, data) > 0
    except (OSError, ValueError):
        return False
