"""A watchdog that remembers when it was fed and says whether it would have reset the machine."""

from __future__ import annotations

from hw.ports import Clock


class BenchWatchdog:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.feeds = 0
        self.fed_at_s = clock.now_s()
        self.longest_gap_s = 0.0
        self.is_ready = False
        self.closed = False
        self.last_status = ""

    def feed(self) -> None:
        now_s = self._clock.now_s()
        if self.feeds:
            self.longest_gap_s = max(self.longest_gap_s, now_s - self.fed_at_s)
        self.feeds += 1
        self.fed_at_s = now_s

    def ready(self, status: str) -> None:
        self.is_ready = True
        self.last_status = status

    def status(self, status: str) -> None:
        self.last_status = status

    def would_bite(self, limit_s: float) -> bool:
        """True when it was left unfed for longer than `limit_s` at any time, now included."""
        return max(self.longest_gap_s, self._clock.now_s() - self.fed_at_s) > limit_s

    def close(self) -> None:
        self.closed = True
