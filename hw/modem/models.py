"""What differs between modems, as data: the driver has no line of code for one model.

Sources: the makers' AT command manuals (SIM800 Series V1.12, SIM7500/SIM7600 V3, A76XX V1.09, Quectel
EC2x/EG9x V1.x, Huawei ME/E-series) for command names and banners; times are generous roundings of
theirs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from hw.ports import HardwareError


@dataclass(frozen=True, slots=True)
class TriesQuery:
    """How a model tells the tries left for the PIN: `field` counts from 0 in the reply's list."""

    command: str
    prefix: str
    field: int


def _notify(*reports: int) -> tuple[str, ...]:
    """The AT+CNMI settings in turn, best first: where reports go, when it tells, what becomes of the old.

    `reports`: 1 direct, 2 stored; without any at the end. Some models take only 1 in the last place.
    """
    return tuple(
        f"{mode},1,0,{report},{buffer}" for report in (*reports, 0) for buffer in (0, 1) for mode in (2, 1, 3)
    )


@dataclass(frozen=True, slots=True)
class ModemProfile:
    """One family of modems.

    `registration` are the network kinds asked in turn (CREG circuit, CGREG packet, CEREG LTE); `notify`
    the AT+CNMI settings tried in turn; `quiet` commands that end chatter and may fail; `reset` the
    command that restarts the modem and `boot_s` how long that takes at most. `references_move`: a
    message reference equal to the one before is a stale line, not an answer. `bauds` are tried in
    turn when nothing answers.
    """

    name: str
    makers: tuple[str, ...] = ()
    registration: tuple[str, ...] = ("CREG", "CGREG", "CEREG")
    storage: str = "SM"
    notify: tuple[str, ...] = _notify(1, 2)
    quiet: tuple[str, ...] = ()
    reset: str = "AT+CFUN=1,1"
    boot_s: float = 20.0
    text_mode: bool = False
    tells_supply: bool = True
    supply_low_mv: int = 3400
    tells_time: bool = True
    references_move: bool = True
    pin_tries: TriesQuery | None = None
    bauds: tuple[int, ...] = field(default=(115_200,))


_SIMCOM_TRIES: Final = TriesQuery("AT+SPIC", "+SPIC:", 0)

PROFILES: Final = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            ModemProfile("generic", references_move=False, bauds=(115_200, 9_600, 57_600, 38_400, 19_200)),
            ModemProfile(
                "generic_text", text_mode=True, references_move=False, bauds=(115_200, 9_600, 57_600)
            ),
            ModemProfile(
                "sim800",
                makers=("SIM800", "SIM900", "SIM808", "SIM868"),
                registration=("CREG", "CGREG"),
                pin_tries=_SIMCOM_TRIES,
                boot_s=15.0,
                bauds=(115_200, 9_600, 57_600, 19_200),
            ),
            ModemProfile(
                "sim7600",
                makers=("SIM7600", "SIM7500", "SIM7000", "A7670", "A7672", "SIMCOM"),
                reset="AT+CRESET",
                pin_tries=_SIMCOM_TRIES,
                boot_s=30.0,
            ),
            ModemProfile(
                "quectel",
                makers=("EC25", "EC21", "EC20", "EG91", "EG95", "EG25", "QUECTEL"),
                quiet=('AT+QURCCFG="urcport","all"',),
                storage="ME",
                pin_tries=TriesQuery('AT+QPINC="SC"', "+QPINC:", 1),
                boot_s=30.0,
            ),
            ModemProfile(
                "huawei",
                makers=("E3372", "E3531", "E173", "E1550", "E303", "HUAWEI"),
                quiet=("AT^CURC=0",),
                notify=_notify(2),
                tells_supply=False,
                tells_time=False,
                references_move=False,
                pin_tries=TriesQuery("AT^CPIN?", "^CPIN:", 3),
                boot_s=30.0,
            ),
        )
    }
)
"""Every profile by its name in the settings."""


def named(name: str) -> ModemProfile:
    """The profile of this name; HardwareError names the ones that there are."""
    try:
        return PROFILES[name]
    except KeyError:
        known = ", ".join(sorted(PROFILES))
        raise HardwareError("settings_out_of_bounds", f"modem.profile must be one of {known}") from None


def identify(maker_and_model: str) -> str:
    """The name of the profile that fits what the modem says of itself; `generic` when none does."""
    said = maker_and_model.upper()
    for profile in PROFILES.values():
        if any(word in said for word in profile.makers):
            return profile.name
    return "generic"
