"""A clock that stands still until a test moves it."""

from __future__ import annotations


class HandClock:
    """`hw.ports.Clock`; `offset_s` is how far the time of day is ahead of the monotonic time."""

    boot = "test"

    def __init__(self, mono_s: float, wall_s: float) -> None:
        self.mono_s = mono_s
        self.offset_s = wall_s - mono_s

    def now_s(self) -> float:
        return self.mono_s

    def wall_s(self) -> float:
        return self.mono_s + self.offset_s

    def wall_true(self) -> bool:
        return True
