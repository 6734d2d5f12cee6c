"""gpiozero's lgpio pins, made to start an output at its level in one request and never to float one.

gpiozero 2.0.1 claims an output low and sets its level afterwards, which pulls an active-low relay in for
a moment; it also turns the boot pull off on first touch and floats a pin when it is closed. Read in
gpiozero's `pins/lgpio.py` and in lg's `lgGpio.c` (a claim of a line that is an output already changes
nothing, and a failed write goes unreported, hence the drivers read back).
"""

from __future__ import annotations

import lgpio
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin
from gpiozero.pins.local import LocalPiPin


class RestingPin(LGPIOPin):  # type: ignore[misc]
    """A pin that keeps what the board gave it at power-up until it is claimed, and its level when closed."""

    def __init__(self, factory: RestingFactory, info: object) -> None:
        LocalPiPin.__init__(self, factory, info)
        self._pwm = None
        self._bounce = None
        self._callback = None
        self._edges = lgpio.BOTH_EDGES
        # No flags: the pull stays as it is, so a resting relay is not let go for a moment.
        lgpio.gpio_claim_input(factory._handle, self._number, 0)

    def output_with_state(self, state: bool) -> None:
        lgpio.gpio_claim_output(self.factory._handle, self._number, int(state), 0)
        self.state = state

    def close(self) -> None:
        """Leave the pin as it is; the kernel lets go of it when the process ends."""


class RestingFactory(LGPIOFactory):  # type: ignore[misc]
    """The lgpio factory with `RestingPin`."""

    def __init__(self) -> None:
        super().__init__()
        self.pin_class = RestingPin
