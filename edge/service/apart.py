"""The self-test as a process of its own beside the kiosk that runs: what is slow stays out of the loop."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Final

import msgspec

WITHIN_S: Final = 600.0
_NICE: Final = 19


class _Line(msgspec.Struct, frozen=True):
    code: str


def selftest(command: Sequence[str]) -> tuple[str, ...]:
    """The codes of what failed, as `selftest --json` says them. Waits for it; OSError, ValueError."""
    try:
        done = subprocess.run(
            ["nice", "-n", str(_NICE), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WITHIN_S,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"the self-test took more than {WITHIN_S:.0f} s") from None
    lines = [line for line in done.stdout.splitlines() if line.startswith(b"{")]
    if not lines:
        raise ValueError("the self-test said nothing")
    found = [msgspec.json.decode(line, type=_Line).code for line in lines]
    return tuple(code for code in found if code)
