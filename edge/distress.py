"""`distress`: the last word of a kiosk that stays down, one text past the loop and its record.

For the service manager alone, when the kiosk has ended too often to be started again: nobody holds the modem
then, and nothing of what broke the kiosk (record, camera, pins) is needed. A kiosk that goes down again
and again tells it once an hour.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.messages.modem_cli import open_modem
from edge.options import Commands, add_settings_options, load_settings
from edge.settings import Settings
from hw.clock import SystemClock
from hw.ports import Clock, HardwareError, Modem, ModemDown, TextAccepted, TextFailed

DONE, FOUND_WRONG = 0, 1
GIVE_UP_S: Final = 180.0
"""A modem that was just reset needs up to two minutes to find its network."""

SILENT_S: Final = 3600.0
_PAUSE_S: Final = 5.0
_STEP_S: Final = 0.1


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "distress", help="text the control room that the kiosk stays down (for systemd)"
    )
    add_settings_options(parser)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    clock = SystemClock()
    with contextlib.closing(open_modem(settings, clock)) as modem:
        return call(settings, modem, clock, time.sleep)


def call(settings: Settings, modem: Modem, clock: Clock, sleep: Callable[[float], None]) -> int:
    """Send the text; 0 when the network took it or took one within the last hour, 1 with nobody to tell.

    Raises `HardwareError` with the modem's trouble when it was not taken within `GIVE_UP_S`.
    """
    number = settings.people.control_room or settings.people.watchman
    if not number:
        return FOUND_WRONG
    told = Path(settings.paths.data) / "distress-told"
    if _lately(told, clock.wall_s()):
        return DONE
    _send(modem, number, text(settings.cabin.name), clock, sleep)
    # Without a disk it is told again: better twice than never.
    with contextlib.suppress(OSError):
        told.write_text(f"{clock.wall_s():.0f}\n")
    return DONE


def text(cabin: str) -> str:
    """What the control room reads, within one text."""
    return f"{cabin}: kiosk OUT OF SERVICE, failed repeatedly. Door unlocked, permit off. Restarts in 15 min."


def _lately(told: Path, wall_s: float) -> bool:
    try:
        told_s = float(told.read_text())
    except (OSError, ValueError):
        return False
    # A clock that was set back makes it the future: then it is told again.
    return 0.0 <= wall_s - told_s < SILENT_S


def _send(modem: Modem, number: str, words: str, clock: Clock, sleep: Callable[[float], None]) -> None:
    end_s = clock.now_s() + GIVE_UP_S
    code, detail = "modem_mute", "no answer"
    ticket = 0
    again_s: float | None = clock.now_s()
    while clock.now_s() < end_s:
        if again_s is not None and clock.now_s() >= again_s:
            ticket, again_s = ticket + 1, None
            modem.send(ticket, number, words, end_s)
        for event in modem.poll(clock.now_s()):
            if isinstance(event, TextAccepted):
                return
            if isinstance(event, ModemDown):
                code, detail = f"modem_{event.trouble}", event.detail
            elif isinstance(event, TextFailed):
                code, detail = f"modem_{event.trouble}", event.cause
                if not event.retryable:
                    raise HardwareError(code, detail)
                again_s = clock.now_s() + _PAUSE_S
        sleep(_STEP_S)
    raise HardwareError(code, detail)
