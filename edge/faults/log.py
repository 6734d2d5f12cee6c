"""The log: a line that cannot be written is left out, counted, and never waited for.

Every module says its lines to `logging.getLogger(__name__)`; what starts a program installs the one handler
behind them. Standard error may be closed, full, or a pipe whose reader went away or stands still, and none of
that may end or stop whatever guards the door. Where it leads to systemd's journal each line begins with its
priority, as sd-daemon(3) has it.
"""

from __future__ import annotations

import io
import logging
import os
import re
import select
import sys
from typing import Final

_OURS: Final = ("edge", "hw")

_LONGEST_BYTES: Final = 4096
"""A pipe that poll(2) calls ready takes so many bytes without waiting (pipe(7), PIPE_BUF)."""

_PHONE: Final = re.compile(r"\+?\d{7,}")
"""No line has a telephone number to say; one that comes with a library's complaint is hidden."""

_PRIORITIES: Final = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG_PRIORITY: Final = 7


def install_log(*, verbose: bool = False) -> None:
    """Send the log to standard error: our own lines, and from libraries what they warn of."""
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, ErrorHandler)]
    root.addHandler(ErrorHandler())
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.DEBUG if verbose else logging.INFO)


class ErrorHandler(logging.Handler):
    """Writes to standard error, whatever that is by then. Never raises, never waits."""

    def __init__(self) -> None:
        super().__init__()
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            lines = _words(record).split("\n")
            if self._left_out:
                lines.insert(0, f"({self._left_out} messages before this one could not be written)")
            mark = f"<{_priority(record.levelno)}>" if _is_journal() else ""
            written = _write("".join(f"{mark}{line}\n" for line in lines))
        except Exception:  # a line with a mistake in it is one line less, no more
            written = False
        self._left_out = 0 if written else self._left_out + 1


def _words(record: logging.LogRecord) -> str:
    """Of an error its kind alone: its words may hold what somebody typed or sent."""
    error = record.exc_info and record.exc_info[0]
    said = f"{record.getMessage()}: {error.__name__}" if error else record.getMessage()
    return _PHONE.sub("…", said)


def _priority(level: int) -> int:
    return next((priority for least, priority in _PRIORITIES if level >= least), _DEBUG_PRIORITY)


def _is_journal() -> bool:
    """Whether systemd has joined this standard error to its journal (systemd.exec(5), JOURNAL_STREAM)."""
    named = os.environ.get("JOURNAL_STREAM")
    if not named:
        return False
    try:
        found = os.fstat(sys.stderr.fileno())
    except (AttributeError, ValueError, OSError):
        return False
    return named == f"{found.st_dev}:{found.st_ino}"


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
    ready = select.poll()
    try:
        ready.register(number, select.POLLOUT)
        # Past Python's own buffer: what failed once would stay in it and be in the way of the next line.
        return bool(ready.poll(0)) and os.write(number, data) > 0
    except (OSError, ValueError):
        return False
