"""One metal contact that a story or a tester moves; it bounces as metal does, on any clock."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class _Change:
    at_s: float
    closed: bool


class Contact:
    """Open or closed over time. Moves may be given ahead; a later move replaces what was planned after it."""

    __slots__ = ("_changes", "_random", "bounce_s")

    def __init__(self, random: Random, *, closed: bool = False, bounce_s: float = 0.004) -> None:
        self.bounce_s = bounce_s
        self._random = random
        # Replaced whole and never changed in place, so that a scanning thread may read it at any time.
        self._changes: tuple[_Change, ...] = (_Change(float("-inf"), closed),)

    def closed(self, now_s: float) -> bool:
        for change in reversed(self._changes):
            if change.at_s <= now_s:
                return change.closed
        return self._changes[0].closed

    def move(self, closed: bool, at_s: float) -> None:
        """Close or open at `at_s`: a first touch, then up to four bounces within `bounce_s`."""
        kept = [change for change in self._changes if change.at_s < at_s]
        if kept and kept[-1].closed != closed:
            bounces = 2 * self._random.randint(0, 4)
            times = sorted(self._random.uniform(0, self.bounce_s) for _ in range(bounces))
            level = closed
            kept.append(_Change(at_s, level))
            for after_s in times:
                level = not level
                kept.append(_Change(at_s + after_s, level))
        self._changes = tuple(kept[-40:])

    def restless(self, now_s: float) -> bool:
        """True while a planned change or a bounce is still to come."""
        return self._changes[-1].at_s > now_s
