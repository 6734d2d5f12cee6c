"""Brings the relays to rest (door unlocked, permit off) with Python's own core alone.

    python3 -I -S rest_pins.py PINS-FILE SETTINGS-FILE

For the stop step after any death, and for the boot: a kernel that keeps driving a dead process's pins leaves
the door locked until this has run, so it imports nothing of the program and waits for nothing but the pins.
PINS-FILE is what the kiosk wrote before it touched a pin (`LINE LEVEL` in each row); without it the wiring of
SETTINGS-FILE counts, and where that cannot be read the default wiring: better these pins than none.

It asks the kernel by itself (include/uapi/linux/gpio.h, the second version of its interface).
"""

# ruff: noqa: PTH123, PTH208 - pathlib would cost as much as all the rest
from __future__ import annotations

import fcntl
import os
import sys
import time

DEFAULT = {17: 0, 27: 0}
"""Line to resting level: the lock relay and the permit relay of the default wiring."""

LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""What the driver of the header's lines calls its chip; the chip's number differs by board and kernel."""

DEVICES = "/dev"
PATIENCE_S = 2.0
"""For a line that a dying process still holds, and for a chip that comes late."""

_CHIP_INFO = 0x8044B401
_GET_LINE = 0xC250B407
_GET_VALUES = 0xC010B40E
_OUTPUT = 1 << 3
_OUTPUT_VALUES = 2


def header_chip() -> str:
    """The device of the header's lines. LookupError where there is none, OSError where it may not be had."""
    found: dict[str, str] = {}
    denied: OSError | None = None
    for name in sorted(os.listdir(DEVICES)):
        if name.startswith("gpiochip"):
            try:
                found.setdefault(_label(f"{DEVICES}/{name}"), f"{DEVICES}/{name}")
            except OSError as error:
                denied = error
    for label in LABELS:
        if label in found:
            return found[label]
    if denied is not None:
        raise denied
    raise LookupError


def _label(chip: str) -> str:
    info = bytearray(68)  # name, label, number of lines
    handle = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(handle, _CHIP_INFO, info)
    finally:
        os.close(handle)
    return info[32:64].split(b"\0")[0].decode("ascii", "replace")


def rest(chip: str, line: int, level: int) -> int:
    """Drive a line to its level, in one request; the level that it then has."""
    request = bytearray(592)
    request[0] = line
    request[256:267] = b"cabin-rests"
    request[288] = _OUTPUT
    request[296] = 1  # one attribute: the level, for the first line of the request
    request[320] = _OUTPUT_VALUES
    request[328] = level
    request[336] = 1
    request[560] = 1  # one line
    handle = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(handle, _GET_LINE, request)
    finally:
        os.close(handle)
    held = int.from_bytes(request[588:592], "little", signed=True)
    values = bytearray(16)
    values[8] = 1
    try:
        fcntl.ioctl(held, _GET_VALUES, values)
    finally:
        os.close(held)
    return values[0] & 1


def lines(pins_file: str, settings_file: str) -> dict[int, int]:
    """Each relay's line and resting level, by the best that can be read."""
    try:
        with open(pins_file, encoding="ascii") as file:
            found = {int(line): int(level) for line, level in (row.split() for row in file)}
        if found and all(0 <= line < 64 and level in (0, 1) for line, level in found.items()):
            return found
    except (OSError, ValueError):
        pass
    # The kiosk has not run since power-on, or left half a file: by the settings.
    try:
        with open(settings_file, encoding="utf-8") as settings:
            text = settings.read()
        import tomllib  # costs more than all the rest

        return wired(tomllib.loads(_about_wiring(text)).get("wiring", {}))
    except (OSError, ValueError, RecursionError) as error:
        _say("settings_unreadable", f"{settings_file}: {type(error).__name__}", "the default pins are rested")
        return DEFAULT


def _about_wiring(text: str) -> str:
    """The settings without the tables about something else, which would take twice as long to read."""
    if '"""' in text or "'''" in text:
        return text  # a line of such a text may look like the head of a table
    kept: list[str] = []
    keep = True
    for line in text.splitlines():
        if line.lstrip().startswith("["):
            keep = "wiring" in line
        if keep:
            kept.append(line)
    return "\n".join(kept)


def wired(wiring: object) -> dict[int, int]:
    """The relays of a `[wiring]` table. What is missing or wrong in it counts as the default."""
    table = wiring if isinstance(wiring, dict) else {}
    found: dict[int, int] = {}
    for name, usual in (("lock", 17), ("permit", 27), ("modem_power", 21)):
        relay = table.get(name)
        relay = relay if isinstance(relay, dict) else {}
        pin = relay.get("pin", usual)
        if name == "modem_power" and relay.get("fitted") is not True:
            continue
        if type(pin) is not int or not 2 <= pin <= 27:
            _say("settings_out_of_bounds", f"wiring.{name}.pin", f"BCM {usual} is rested")
            pin = usual
        found.setdefault(pin, int(relay.get("active_high") is False))
    return found


def _say(code: str, what: str, then: str) -> None:
    print(f"{code}: {what}; {then}", file=sys.stderr)


def _try_until(end_s: float, pins: dict[int, int]) -> dict[int, tuple[str, str]]:
    """Rest what can be rested until all of it is, or the time is over; the code and cause of what is not."""
    failed: dict[int, tuple[str, str]] = dict.fromkeys(pins, ("gpio_failed", ""))
    while True:
        try:
            chip = header_chip()
        except LookupError:
            failed = dict.fromkeys(failed, ("gpio_missing", f"there is no {', '.join(LABELS)}"))
        except OSError as error:
            code = "gpio_denied" if isinstance(error, PermissionError) else "gpio_missing"
            failed = dict.fromkeys(failed, (code, str(error.strerror)))
        else:
            for line in list(failed):
                try:
                    if rest(chip, line, pins[line]) == pins[line]:
                        del failed[line]
                    else:
                        failed[line] = ("gpio_failed", "it is driven and has the other level")
                except OSError as error:
                    code = "gpio_busy" if error.errno == 16 else "gpio_failed"
                    failed[line] = (code, str(error.strerror))
        if not failed or time.monotonic() >= end_s:
            return failed
        time.sleep(0.05)


def main(pins_file: str, settings_file: str) -> int:
    failed = _try_until(time.monotonic() + PATIENCE_S, lines(pins_file, settings_file))
    for line, (code, cause) in failed.items():
        _say(code, f"BCM {line}: {cause}", "its relay may still be pulled in; exit, fire, key open by wire")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
