"""The machine's two clocks."""

from __future__ import annotations

import time


class SystemClock:
    """CLOCK_BOOTTIME would count suspend; a kiosk never suspends, so the plain monotonic clock serves."""

    def now_s(self) -> float:
        return time.monotonic()

    def wall_s(self) -> float:
        return time.time()
