"""Three lights on three pins, dark until told."""

from __future__ import annotations

from hw.pins.gpio import PinFactory, output
from hw.ports import HardwareError, Light
from hw.wiring import LightsWiring


class PinLights:
    """Errors are `lights_failed`; the lights that can be switched are switched all the same."""

    def __init__(self, factory: PinFactory, wiring: LightsWiring) -> None:
        self._on_level = wiring.active_high
        self._pins = {light: output(factory, wiring.light(light), not self._on_level) for light in Light}
        self._lit: frozenset[Light] = frozenset()

    def show(self, lit: frozenset[Light]) -> None:
        failed: Exception | None = None
        shown = set(self._lit)
        for light in lit ^ self._lit:
            try:
                self._pins[light].state = self._on_level if light in lit else not self._on_level
                shown ^= {light}
            except Exception as error:
                failed = error
        self._lit = frozenset(shown)
        if failed is not None:
            raise HardwareError("lights_failed", str(failed)) from failed

    def close(self) -> None:
        self.show(frozenset())
