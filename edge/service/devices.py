"""The kiosk's modem as its settings name it."""

from __future__ import annotations

from pathlib import Path

from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret
from hw import board
from hw.board import ModemChoice
from hw.ports import Clock, Modem, ModemSwitch


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
