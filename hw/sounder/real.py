"""The buzzer: patterns from data, and a click or a 'no' that can be heard through any of them."""

from __future__ import annotations

import threading

from hw.pins.gpio import PinFactory, output
from hw.ports import HardwareError, Sound
from hw.wiring import SounderWiring

PATTERNS: dict[Sound, tuple[float, ...]] = {
    Sound.OFF: (),
    Sound.BEEPS: (0.10, 0.90),
    Sound.SIREN: (0.45, 0.10, 0.15, 0.10),
}
"""Seconds on, off, on, off, … over and over. No pattern is on or off for as short as a click."""

CLICK_S = 0.02
GAP_S = 0.005
"""Silence before a click in a sounding buzzer, until the next scan: only what begins again is heard."""

BUZZ_S = 0.4
RATTLE_S = 0.02
"""Half a period of the low 'no': a buzzer with its own tone can only be made to rattle."""


class PinBuzzer:
    """A buzzer with its own oscillator on one pin. Any thread may call; errors are `sounder_failed`."""

    def __init__(self, factory: PinFactory, wiring: SounderWiring) -> None:
        self._on_level = wiring.active_high
        self._guard = threading.Lock()
        self._sound = Sound.OFF
        self._since_s = 0.0
        self._gap_until_s = self._click_until_s = float("-inf")
        self._buzz_until_s = float("-inf")
        self._sounding = False
        self._pin = output(factory, wiring.pin, not wiring.active_high)

    def play(self, sound: Sound, now_s: float) -> None:
        """Begin a pattern at once; the one that plays already goes on undisturbed."""
        with self._guard:
            if sound is not self._sound:
                self._sound = sound
                self._since_s = now_s
            self._drive(now_s)

    def click(self, now_s: float) -> None:
        """A short sound of its own, whatever plays: the last of a beep that is cut short is no click."""
        with self._guard:
            self._gap_until_s = now_s + GAP_S if self._sounding else now_s
            self._click_until_s = self._gap_until_s + CLICK_S
            self._drive(now_s)

    def buzz(self, now_s: float) -> None:
        with self._guard:
            self._buzz_until_s = now_s + BUZZ_S
            self._drive(now_s)

    def poll(self, now_s: float) -> float | None:
        with self._guard:
            return self._drive(now_s)

    @property
    def sound(self) -> Sound:
        """The pattern that was asked for last."""
        return self._sound

    def close(self) -> None:
        with self._guard:
            self._sound = Sound.OFF
            self._gap_until_s = self._click_until_s = self._buzz_until_s = float("-inf")
            self._write(False)

    def _drive(self, now_s: float) -> float | None:
        """Set the pin to what should be heard now; the time of the next change."""
        due: list[float] = []
        if now_s < self._buzz_until_s:
            step = int((self._buzz_until_s - now_s) / RATTLE_S)
            level = step % 2 == 0
            due.append(max(self._buzz_until_s - step * RATTLE_S, now_s + RATTLE_S / 4))
        else:
            level, change_s = _pattern_level(PATTERNS[self._sound], now_s - self._since_s)
            if change_s is not None:
                due.append(now_s + change_s)
        if now_s < self._click_until_s:
            level = now_s >= self._gap_until_s
            due = [self._click_until_s if level else self._gap_until_s]
        if level != self._sounding:
            self._write(level)
        return min(due, default=None)

    def _write(self, sounding: bool) -> None:
        try:
            self._pin.state = self._on_level if sounding else not self._on_level
        except Exception as error:
            raise HardwareError("sounder_failed", str(error)) from error
        self._sounding = sounding


def _pattern_level(pattern: tuple[float, ...], elapsed_s: float) -> tuple[bool, float | None]:
    """Whether `pattern` sounds `elapsed_s` after its start, and in how many seconds that changes."""
    if not pattern:
        return False, None
    left_s = elapsed_s % sum(pattern)
    for index, length_s in enumerate(pattern):
        if left_s < length_s:
            return index % 2 == 0, length_s - left_s
        left_s -= length_s
    return True, 0.0
