"""What is slow, as a process of its own beside the kiosk that runs, so that it stays out of the loop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from edge.inventory import whole
from edge.inventory.whole import Compared

WITHIN_S: Final = 600.0
COMPARED_WITHIN_S: Final = 3600.0
_NICE: Final = 39
"""Added to that of the kiosk; no more than 19, the least, comes of it."""


class _Line(msgspec.Struct, frozen=True):
    code: str


def selftest(command: Sequence[str]) -> tuple[str, ...]:
    """The codes of what failed, as `selftest --json` says them. Waits for it; OSError, ValueError."""
    lines = _lines(command, WITHIN_S)
    if not lines:
        raise ValueError("the self-test said nothing")
    found = [msgspec.json.decode(line, type=_Line).code for line in lines]
    return tuple(code for code in found if code)


def compared() -> Compared:
    """The program's files against their lists, read slowly. Waits for it; OSError, ValueError."""
    lines = _lines([sys.executable, "-P", "-m", whole.__name__], COMPARED_WITHIN_S)
    if not lines:
        raise ValueError("nothing was said")
    return msgspec.json.decode(lines[-1], type=Compared)


def _lines(command: Sequence[str], within_s: float) -> list[bytes]:
    """The JSON objects that it prints."""
    try:
        done = subprocess.run(
            ["nice", "-n", str(_NICE), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=within_s,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"{command[-1]} took more than {within_s:.0f} s") from None
    return [line for line in done.stdout.splitlines() if line.startswith(b"{")]
