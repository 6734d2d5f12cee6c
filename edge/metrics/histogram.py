"""Counts durations by how long they were: cheap enough for every turn of the loop, no lock."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Final

FRAME_S: Final = (0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
TURN_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
RELAY_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
RECORD_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MODEM_S: Final = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0)
"""Upper edges in seconds. 0.05 s is what a relay's drop may take, 0.5 s what a lock waits for its record."""


@dataclass(frozen=True, slots=True)
class Counts:
    """A histogram at one moment: `counts` has one more than `edges_s`, the last for all that took longer."""

    edges_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


class Histogram:
    """Belongs to one thread, which also asks for the `counts`."""

    __slots__ = ("_counts", "_edges_s", "_sum_s")

    def __init__(self, edges_s: tuple[float, ...]) -> None:
        self._edges_s = edges_s
        self._counts = [0] * (len(edges_s) + 1)
        self._sum_s = 0.0

    def observe(self, took_s: float) -> None:
        """One more. A negative time, from clocks that disagree, counts as none."""
        took_s = max(took_s, 0.0)
        self._counts[bisect_left(self._edges_s, took_s)] += 1
        self._sum_s += took_s

    def counts(self) -> Counts:
        return Counts(self._edges_s, tuple(self._counts), self._sum_s)
