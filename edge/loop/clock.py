"""The wall clock under suspicion: one that jumps, and one that the network contradicts."""

from __future__ import annotations

from typing import Final

from edge.cabin.events import ClockJumped, Device
from edge.loop.situation import Situation
from hw.ports import Board

CLOCK_WRONG_S: Final = 120.0
"""The machine's clock is wrong when the network's differs by more: texts would name the wrong minute."""


class ClockWatch:
    """`jump_s`: a change of the wall clock against the monotonic one by more is a jump."""

    def __init__(self, board: Board, jump_s: float, situation: Situation) -> None:
        self._clock = board.clock
        self._modem = board.modem
        self._jump_s = jump_s
        self._situation = situation
        self._drift_s: float | None = None

    def poll(self, now_s: float) -> None:
        drift_s = self._clock.wall_s() - now_s
        if self._drift_s is not None and abs(drift_s - self._drift_s) > self._jump_s:
            self._situation.add(ClockJumped(drift_s - self._drift_s))
        self._drift_s = drift_s
        offset_s = self._modem.network_offset_s
        if offset_s is None:
            return
        if abs(drift_s - offset_s) > CLOCK_WRONG_S:
            self._situation.failed(Device.CLOCK, "clock_wrong")
        else:
            self._situation.works(Device.CLOCK)
