"""Says when the time of day may be believed so far that what is old is removed for good."""

from __future__ import annotations

from typing import Final

from edge.terms.clock import CLOCK_SET_S
from hw.ports import Clock

DOUBT_S: Final = 86400.0
"""After a start, and after a jump of the clock, nothing is too old for so long: time to correct it."""

_JUMP_S: Final = 3600.0
_LATEST_WALL_S: Final = 2_682_374_400.0
"""2055: no machine that runs this has a clock that says more."""


def can_be(wall_s: float) -> bool:
    """Whether a clock that was ever set can have said this time."""
    return CLOCK_SET_S <= wall_s <= _LATEST_WALL_S


class Aging:
    """Watches the clock of one start. Ask at least once an hour: a jump between two looks is one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = clock.now_s(), clock.wall_s()
        self._from_s = clock.now_s() + DOUBT_S

    def believed(self) -> bool:
        """Whether the clock has run for a day without a jump, at a time that can be."""
        now_s, wall_s = self._clock.now_s(), self._clock.wall_s()
        before_s, before_wall_s = self._seen
        if abs((wall_s - before_wall_s) - (now_s - before_s)) > _JUMP_S:
            self._from_s = now_s + DOUBT_S
        self._seen = now_s, wall_s
        return now_s >= self._from_s and can_be(wall_s)
