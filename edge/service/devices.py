"""The devices of this machine as the settings name them, and the lines that have to rest without us."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Mapping
from pathlib import Path

from edge.settings.places import prompts_folder
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, machine_keys, read_secret
from hw import board
from hw.board import ModemChoice, Voice, open_board, resting_lines
from hw.ports import Atm, Board, Clock, Modem, ModemSwitch


def open_real(settings: Settings, clock: Clock) -> Board:
    """The devices of this machine. Raises `HardwareError`, `FaultError`."""
    modem = functools.partial(open_modem, settings, clock)
    runtime = Path(settings.paths.runtime)
    voice = Voice(prompts_folder(settings), settings.prompt.device)
    keys = machine_keys(settings) if settings.line_wanted else {}
    atm = functools.partial(open_atm, settings, keys, clock)
    return open_board(
        settings.wiring, clock=clock, modem=modem, voice=voice, work_dir=runtime, atm=atm, strict=False
    )


def open_atm(settings: Settings, keys: Mapping[str, bytes], clock: Clock) -> Atm | None:
    """The line to the machines with these keys; None where none is wanted."""
    line = settings.atm
    if not settings.line_wanted:
        return None
    at = line.serial_port if line.transport == "serial" else (line.host, line.port)
    return board.open_atm(board.AtmChoice(at, keys, line.baud), clock)


def open_modem(settings: Settings, clock: Clock, switch: ModemSwitch | None = None) -> Modem:
    """The modem that the settings name, with its PIN and the memory of a refused one.

    Raises `FaultError` for a PIN file that cannot be used, `HardwareError` for a profile that nothing knows.
    """
    choice = ModemChoice(
        port=settings.modem.port,
        profile=settings.modem.profile,
        baud=settings.modem.baud,
        pin=read_secret(settings, Secret.SIM_PIN),
        pin_note=Path(settings.paths.data) / "sim-pin-tried",
        smsc=settings.modem.smsc or None,
        balance_ussd=settings.modem.balance_ussd or None,
        reports=settings.modem.delivery_reports,
    )
    return board.open_modem(choice, clock, switch)


def leave_pins(settings: Settings) -> None:
    """Which lines the stop step has to rest, however this ends and whatever the settings say by then."""
    folder = Path(os.environ.get("RUNTIME_DIRECTORY") or settings.paths.runtime)
    part = folder / ".rest-pins.new"
    with contextlib.suppress(OSError):  # then it goes by the settings
        part.write_text(resting_lines(settings.wiring), encoding="ascii")
        part.replace(folder / "rest-pins")
