"""The kiosk's modem as its settings name it."""

from __future__ import annotations

from pathlib import Path

from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret
from hw.modem.pin import PinFile
from hw.modem.power import PowerSwitch
from hw.modem.real import SerialModem
from hw.ports import Clock


def open_modem(settings: Settings, clock: Clock, switch: PowerSwitch | None = None) -> SerialModem:
    """The modem that the settings name, with its PIN and the memory of a refused one.

    Raises `FaultError` for a PIN file that cannot be used, `HardwareError` for a profile that nothing knows.
    """
    return SerialModem(
        settings.modem.port,
        settings.modem.profile,
        read_secret(settings, Secret.SIM_PIN),
        clock,
        baud=settings.modem.baud,
        pin_memory=PinFile(Path(settings.paths.data) / "sim-pin-tried"),
        switch=switch,
        smsc=settings.modem.smsc or None,
        balance_ussd=settings.modem.balance_ussd or None,
        reports=settings.modem.delivery_reports,
    )
