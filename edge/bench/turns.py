"""How time passes in a sitting: with the world's, or as a story has it."""

from __future__ import annotations

import time
from typing import Final, Protocol

from edge.bench.desk import Desk, StoryClock

_REST_S: Final = 0.03
_TURN_S: Final = 0.2
"""So long others wait while the desk makes up for time."""


class Turns(Protocol):
    """What a sitting does again and again, until it is `over`. `rest_s`: how long it may rest in between."""

    over: bool
    rest_s: float

    def turn(self) -> None:
        """Let everything happen whose time has come."""
        ...


class RealTime:
    """The desk's time goes with the world's. Whoever let it run ahead (`wait`) has moved it for good.

    On a machine that is too slow for its pictures it stays behind, and whoever asks is answered all the same.
    """

    over = False

    def __init__(self, desk: Desk, clock: StoryClock) -> None:
        self._desk = desk
        self._clock = clock
        self._ahead_s = clock.now_s() - time.monotonic()
        self.rest_s = _REST_S

    def turn(self) -> None:
        began_s = time.monotonic()
        self._ahead_s = max(self._ahead_s, self._clock.now_s() - began_s)
        self.rest_s = _REST_S
        for _ in self._desk.steps_to(began_s + self._ahead_s):
            if time.monotonic() > began_s + _TURN_S:
                self.rest_s = 0.0
                return
