"""Evidence over time in seconds, not in frames: what one frame says once must be said again to count."""

from __future__ import annotations

import math
from typing import Final, Generic, TypeVar

GAP_MAX_S: Final = 0.5
"""The most that one frame may stand for, however long the next one takes."""


_K = TypeVar("_K")


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


class Shares(Generic[_K]):
    """Seconds that each kind was seen for, fading over `memory_s`: what was seen most of late."""

    __slots__ = ("_memory_s", "_seen_s")

    def __init__(self, memory_s: float) -> None:
        self._memory_s = memory_s
        self._seen_s: dict[_K, float] = {}

    def add(self, kind: _K | None, dt_s: float) -> None:
        """`dt_s` seconds of this kind, None for seconds of none."""
        fade = math.exp(-dt_s / self._memory_s)
        for known in self._seen_s:
            self._seen_s[known] *= fade
        if kind is not None:
            self._seen_s[kind] = self._seen_s.get(kind, 0.0) + dt_s

    def most(self, held: _K, margin: float, nothing: _K) -> _K:
        """What was seen most: `held` unless another was `margin` times as much, `nothing` without any."""
        first = max(self._seen_s, key=lambda kind: self._seen_s[kind], default=nothing)
        held_s = self._seen_s.get(held, 0.0)
        return held if held_s > 0.0 and self._seen_s[first] < margin * held_s else first

    def clear(self) -> None:
        self._seen_s.clear()
