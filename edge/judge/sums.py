"""Evidence over time in seconds, not in frames: what one frame says once must be said again to count."""

from __future__ import annotations

from typing import Final

GAP_MAX_S: Final = 0.5
"""The most that one frame may stand for, however long the next one takes."""


class Held:
    """A leaky sum of seconds: rises while something is seen, falls while it is not, between 0 and `full_s`.

    Seen in every frame it is full after `full_s`. It falls `fall` times as fast: seen in a smaller share of
    the frames than `fall / (1 + fall)` it never fills. One frame stands for half of `full_s` at most, so
    that a single one never fills it.
    """

    __slots__ = ("_fall", "_full_s", "_level_s")

    def __init__(self, full_s: float, fall: float = 1.0) -> None:
        self._full_s = full_s
        self._fall = fall
        self._level_s = 0.0

    @property
    def full(self) -> bool:
        return self._level_s >= self._full_s - 1e-9

    @property
    def half(self) -> bool:
        return self._level_s > self._full_s / 2.0

    def update(self, seen: bool, dt_s: float) -> bool:
        """Counts `dt_s` seconds for or against; whether it is full."""
        step_s = min(dt_s, GAP_MAX_S, max(self._full_s / 2.0, 1e-3))
        change_s = step_s if seen else -step_s * self._fall
        self._level_s = min(max(self._level_s + change_s, 0.0), self._full_s)
        return self.full

    def clear(self) -> None:
        self._level_s = 0.0
