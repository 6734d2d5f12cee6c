"""Stands in for lgpio where there are no pins: a line's level is a file in /srv/lines, outliving the process.

So Raspberry Pi OS's kernel treats a dead process's outputs. Only for service.sh; gpiozero over it is real.
"""

from pathlib import Path

from gpiozero.pins.local import LocalPiFactory

SET_PULL_UP, SET_PULL_DOWN, SET_PULL_NONE = 32, 64, 128
RISING_EDGE, FALLING_EDGE, BOTH_EDGES = 1, 2, 3

_LINES = Path("/srv/lines")
_OUTPUT = 2
_CLOSED_AT_REST = {5, 6, 12, 13, 16}
"""Normally closed contacts of the default wiring; every other input is pulled up."""

_modes: dict[int, int] = {}


class error(Exception):  # noqa: N801 - lgpio's own name
    """What lgpio raises."""


def gpiochip_open(chip: int) -> int:
    return 0


def gpiochip_close(handle: int) -> None:
    pass


def gpio_get_chip_info(handle: int) -> tuple[int, int, str, str]:
    return 0, 54, "gpiochip0", "pinctrl-bcm2835"


def gpio_claim_input(handle: int, line: int, flags: int = 0) -> None:
    _modes[line] = 0


def gpio_claim_output(handle: int, line: int, level: int = 0, flags: int = 0) -> None:
    _modes[line] = _OUTPUT
    gpio_write(handle, line, level)


def gpio_write(handle: int, line: int, level: int) -> None:
    path = _LINES / str(line)
    if not path.exists():
        path.touch()
        path.chmod(0o666)  # root rests the pins at boot, the service's user later
    path.write_text(str(int(level)))


def gpio_read(handle: int, line: int) -> int:
    if _modes.get(line) == _OUTPUT:
        return int((_LINES / str(line)).read_text())
    return 0 if line in _CLOSED_AT_REST else 1


def gpio_get_mode(handle: int, line: int) -> int:
    return _modes.get(line, 0)


def gpio_free(handle: int, line: int) -> None:
    _modes[line] = 0


LocalPiFactory._get_revision = lambda self: 0xA02082  # a Pi 3B, whatever this machine is
