"""gpiozero's lgpio pins, made to start an output at its level in one request and never to float one.

gpiozero 2.0.1 claims an output low and sets its level afterwards, which pulls an active-low relay in for
a moment; it also turns the boot pull off on first touch and floats a pin when it is closed. Read in
gpiozero's `pins/lgpio.py` and in lg's `lgGpio.c` (a claim of a line that is an output already changes
nothing, and a failed write goes unreported, so the drivers read back).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import lgpio
from gpiozero.pins.lgpio import LGPIOFactory, LGPIOPin
from gpiozero.pins.local import LocalPiPin

from hw.pins.gpio import NoHeaderChip


class RestingPin(LGPIOPin):  # type: ignore[misc]  # gpiozero has no types
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


HEADER_CHIPS: Final = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""What the kernel calls the chip behind the 40-pin header: on a Pi 5, on a Pi 4, on those before."""

_NUMBERS: Final = range(256)
"""The numbers that are tried: the kernel gives them from 0 on, with gaps."""


class RestingFactory(LGPIOFactory):  # type: ignore[misc]  # gpiozero has no types
    """The lgpio factory with `RestingPin`, on the chip that is labelled as the header's."""

    def __init__(self) -> None:
        # Not LGPIOFactory's own: it opens a chip by number.
        super(LGPIOFactory, self).__init__()
        self._chip, self._handle = _header_chip()
        self.pin_class = RestingPin


def _header_chip() -> tuple[int, int]:
    """Number and open handle of the header's chip; the others are closed again, no line of theirs touched."""
    others = []
    for number, handle in _chips():
        _, _, _, label = lgpio.gpio_get_chip_info(handle)
        if label in HEADER_CHIPS:
            return number, handle
        lgpio.gpiochip_close(handle)
        others.append(f"gpiochip{number} ({label})")
    raise NoHeaderChip(", ".join(others))


def _chips() -> Iterator[tuple[int, int]]:
    """Each chip that can be opened."""
    for number in _NUMBERS:
        try:
            handle = lgpio.gpiochip_open(number)
        except lgpio.error:  # not there, or not for us: `hw.pins.gpio` tells which
            continue
        yield number, handle
