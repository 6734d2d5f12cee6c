"""A contact at the end of two wires, for the bench: moved by hand, with bounce, and wires that can be cut."""

from __future__ import annotations

from random import Random

from hw.contact import Contact
from hw.pins.bench_pins import BenchPin
from hw.ports import Clock
from hw.wiring import ContactKind, ContactWiring


class WiredContact:
    """What hangs on one input pin. Resting (not active) until moved."""

    def __init__(self, pin: BenchPin, wiring: ContactWiring, clock: Clock, random: Random) -> None:
        self._closed_at_rest = wiring.contact is ContactKind.NORMALLY_CLOSED
        self._contact = Contact(random, closed=self._closed_at_rest)
        self._clock = clock
        self._pin = pin
        self.cut = False
        pin.sense = self._level

    def move(self, active: bool, at_s: float) -> None:
        self._contact.move(active != self._closed_at_rest, at_s)

    def restless(self, now_s: float) -> bool:
        return self._contact.restless(now_s)

    def fail(self, failing: bool) -> None:
        """Make the pin unreadable, or well again."""
        self._pin.fault = "bad read" if failing else ""

    def _level(self) -> bool:
        if not self.cut and self._contact.closed(self._clock.now_s()):
            return False
        # An open wire follows the pull; without one it would pick up anything, here always the ground.
        return self._pin.pulled_up
