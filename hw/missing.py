"""Stands in for a device whose pins could not be had at start: the kiosk works on, each use says why not."""

from __future__ import annotations

from typing import NoReturn

from hw.ports import HardwareError, KeypadTrouble, KeyPress, Light, Sound


class Missing:
    """A keypad, buzzer, lights or power switch that is not there; each use raises what opening did."""

    settling = False

    def __init__(self, error: HardwareError) -> None:
        self._error = error

    def _refuse(self) -> NoReturn:
        raise HardwareError(self._error.code, self._error.detail)

    def on(self) -> None:
        self._refuse()

    def off(self) -> None:
        self._refuse()

    def scan(self, now_s: float) -> tuple[KeyPress | KeypadTrouble, ...]:
        self._refuse()

    def play(self, sound: Sound, now_s: float) -> None:
        self._refuse()

    def click(self, now_s: float) -> None:
        self._refuse()

    def buzz(self, now_s: float) -> None:
        self._refuse()

    def poll(self, now_s: float) -> float | None:
        self._refuse()

    def show(self, lit: frozenset[Light]) -> None:
        self._refuse()

    def close(self) -> None:
        """Nothing was opened."""
