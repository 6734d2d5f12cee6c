"""A relay on a pin: off from the first instant, and every switching read back."""

from __future__ import annotations

from hw.pins.gpio import PinFactory, output
from hw.ports import HardwareError
from hw.wiring import RelayWiring


class PinRelay:
    """One relay contact. `name` appears in the errors: `relay_write_failed`, `relay_mismatch`."""

    def __init__(self, factory: PinFactory, wiring: RelayWiring, name: str) -> None:
        self._on_level = wiring.active_high
        self._name = name
        self._commanded = False
        self._pin = output(factory, wiring.pin, not wiring.active_high)

    def on(self) -> None:
        self._switch(True)

    def off(self) -> None:
        self._switch(False)

    @property
    def is_on(self) -> bool:
        """What the pin shows; where it cannot be read, what was last commanded."""
        try:
            return bool(self._pin.state) == self._on_level
        except Exception:
            return self._commanded

    def close(self) -> None:
        """Switch off and keep the pin: letting go would float it."""
        self.off()

    def _switch(self, on: bool) -> None:
        self._commanded = on
        level = self._on_level if on else not self._on_level
        try:
            self._pin.state = level
            shown = bool(self._pin.state)
        except Exception as error:  # whatever the library throws, the relay did not obey
            raise HardwareError("relay_write_failed", f"{self._name}: {error}") from error
        if shown != level:
            # lgpio does not report a write that the kernel refused; reading back does.
            raise HardwareError("relay_mismatch", f"{self._name}: commanded {'on' if on else 'off'}")
