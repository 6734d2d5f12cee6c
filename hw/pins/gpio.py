"""The border to gpiozero: pins by number, outputs that start at their resting level, failures by their code.

Drivers work on gpiozero's `Pin` objects rather than its devices: a device floats its pin when it is closed
and claims an output before it says at which level. The factory is always named; gpiozero's own search
for one would fall back to something else in silence.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from pathlib import Path
from typing import Protocol, cast

from hw.ports import HardwareError


class Pin(Protocol):
    """The part of a gpiozero pin that the drivers use. `state` is True for a high level."""

    state: bool
    function: str

    def output_with_state(self, state: bool) -> None:
        """Become an output that starts at `state`, without showing the other level first."""
        ...

    def input_with_pull(self, pull: str) -> None:
        """Become an input, pulled `up`, `down` or `floating`."""
        ...


class PinFactory(Protocol):
    """The part of a gpiozero pin factory that the drivers use."""

    def pin(self, name: int) -> Pin: ...


class NoHeaderChip(Exception):
    """None of the chips that are here is the header's; the text names those that could be opened."""


def output(factory: PinFactory, number: int, level: bool) -> Pin:
    """Claim BCM `number` as an output at `level`; HardwareError names a pin that cannot be had."""
    try:
        pin = factory.pin(number)
        pin.output_with_state(level)
    except Exception as error:  # gpiozero, lgpio and the kernel each raise their own kind
        raise _claim_error(number, error) from error
    return pin


def pulled_up(factory: PinFactory, number: int) -> Pin:
    """Claim BCM `number` as an input with its pull-up on."""
    try:
        pin = factory.pin(number)
        pin.input_with_pull("up")
    except Exception as error:
        raise _claim_error(number, error) from error
    return pin


def open_lgpio(work_dir: Path) -> PinFactory:
    """The pins of this Raspberry Pi through lgpio.

    lgpio makes a pipe in the working directory while it is imported, so that happens in `work_dir`
    (writable, best memory-backed). HardwareError: `gpio_library_missing`, `gpio_denied`, `gpio_missing`.
    """
    try:
        with contextlib.chdir(work_dir):
            library = importlib.import_module("lgpio")
    except ModuleNotFoundError as error:
        raise HardwareError("gpio_library_missing", "lgpio is not installed") from error
    except OSError as error:
        detail = f"lgpio cannot make its pipe in {work_dir}: {error.strerror}"
        raise HardwareError("gpio_denied", detail) from error
    if not hasattr(library, "gpiochip_open"):
        # The index has an empty 0.0.0.2 for Python 3.13, which imports and can do nothing.
        raise HardwareError("gpio_library_missing", "this lgpio is the empty 0.0.0.2; install python3-lgpio")
    for pipe in work_dir.glob(".lgd-nfy*"):
        with contextlib.suppress(OSError):
            pipe.unlink()  # both ends are open by now
    try:
        # Imported late: it imports lgpio in turn.
        factory = importlib.import_module("hw.pins.lgpio_pins").RestingFactory()
    except Exception as error:
        raise _chip_error(error) from error
    return cast(PinFactory, factory)


def _claim_error(number: int, error: Exception) -> HardwareError:
    text = str(error)
    lowered = text.lower()
    if "busy" in lowered or "in use" in lowered:
        code = "gpio_busy"
    elif "permi" in lowered:
        code = "gpio_denied"
    elif "valid pin" in lowered or "bad gpio number" in lowered:
        code = "gpio_missing"
    else:
        code = "gpio_failed"
    return HardwareError(code, f"BCM {number}: {text}")


def _chip_error(error: Exception, dev: Path = Path("/dev")) -> HardwareError:
    """Why the chip of the header could not be had."""
    if not isinstance(error, NoHeaderChip):
        return HardwareError("gpio_missing", str(error))
    closed = [chip.name for chip in sorted(dev.glob("gpiochip*")) if not os.access(chip, os.R_OK | os.W_OK)]
    if closed:
        return HardwareError("gpio_denied", f"no access to {', '.join(closed)}")
    found = str(error) or "no gpiochip at all"
    detail = f"no chip has the label of a Raspberry Pi's header; found {found}"
    return HardwareError("gpio_missing", detail)
