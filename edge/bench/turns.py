"""How time passes in a sitting: with the world's, or as a story has it."""

from __future__ import annotations

import time
from typing import Final, Protocol

from edge.bench.desk import Desk, StoryClock

_REST_S: Final = 0.03
_LONGEST_S: Final = 0.1


class Turns(Protocol):
    """What a sitting does again and again, until it is `over`. `rest_s`: how long it may rest in between."""

    over: bool
    rest_s: float

    def turn(self) -> None:
        """Let everything happen whose time has come."""
        ...


class RealTime:
    """The desk's time goes with the world's. Anyone who let it run ahead (`wait`) has moved it for good.

    On a machine that is too busy frames go by unseen, as they do on a kiosk, and no turn is longer than the
    step in which its time was over: anyone who clicks is answered between two steps.
    """

    over = False
    rest_s = _REST_S

    def __init__(self, desk: Desk, clock: StoryClock) -> None:
        self._desk = desk
        self._clock = clock
        self._ahead_s = clock.now_s() - time.monotonic()

    def turn(self) -> None:
        self._ahead_s = max(self._ahead_s, self._clock.now_s() - time.monotonic())
        began_s = time.monotonic()
        until_s = began_s + self._ahead_s
        if self._desk.sight is not None:
            self._desk.sight.skip_to(until_s)
        for _ in self._desk.steps_to(until_s):
            if time.monotonic() - began_s > _LONGEST_S:
                break  # the rest of it belongs to the next turn
