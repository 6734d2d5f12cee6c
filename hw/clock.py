"""The machine's two clocks, and how far the one that people read can be believed."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path
from typing import Final

SYNCHRONIZED: Final = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd makes this file when it has set the clock from the network."""
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR: Final = 5
"""What adjtimex(2) answers while no time service has set the clock."""
_TIMEX_BYTES: Final = 512
"""More than `struct timex` takes on any 64-bit Linux; zeroed it asks and changes nothing."""


class SystemClock:
    """CLOCK_BOOTTIME would count suspend; a kiosk never suspends, so the plain monotonic clock serves."""

    def __init__(self) -> None:
        try:
            self._boot = BOOT_ID.read_text().strip()
        except OSError:
            self._boot = ""
        self._libc = ctypes.CDLL(None)

    def now_s(self) -> float:
        return time.monotonic()

    def wall_s(self) -> float:
        return time.time()

    @property
    def boot(self) -> str:
        return self._boot

    def wall_true(self) -> bool:
        """A time service has set the clock, by its own word or the kernel's; a sandbox may forbid to ask."""
        if SYNCHRONIZED.exists():
            return True
        answer = int(self._libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
        return answer not in (-1, _TIME_ERROR)
