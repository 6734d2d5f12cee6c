"""What is known of the modem, and the questions that find it out."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Final

from hw.modem import replies
from hw.modem.models import ModemProfile
from hw.modem.steps import Answer, Broken, Step, ask, wonder
from hw.ports import ModemTrouble, Recovery


@dataclass(slots=True)
class Status:
    """`hw.ports.ModemStatus`. Another thread may read it: containers are replaced, never changed.

    `network_offset_s`: the network's clock against `poll`'s, as UTC seconds minus monotonic seconds.
    """

    ready: bool = False
    trouble: ModemTrouble | None = ModemTrouble.ABSENT
    detail: str = ""
    doing: str = ""
    model: str = ""
    operator: str = ""
    signal_dbm: int | None = None
    registration: dict[str, str] = field(default_factory=dict)
    service_centre: bool | None = None
    storage_used: int | None = None
    storage_total: int | None = None
    told_of_texts: bool | None = None
    supply_mv: int | None = None
    supply_low: bool = False
    network_offset_s: float | None = None
    balance: str = ""
    pin_tries_left: int | None = None
    reboots: int = 0
    recoveries: tuple[Recovery, ...] = ()

    def silent_restart(self) -> Broken:
        """Count a restart that the modem did not tell of, and say what it leads to."""
        self.reboots += 1
        return Broken(ModemTrouble.MUTE, "the modem restarted without saying so", restarted=True)


# --- asking for it ---------------------------------------------------------------------------------


def look_at_service_centre(status: Status) -> Generator[Step, Answer, None]:
    line = yield from wonder("AT+CSCA?", 5.0, info="+CSCA:")
    status.service_centre = None if line is None else bool(replies.split(line)[0].strip("+"))


def note_storage(status: Status, fields: list[str]) -> bool:
    """How many texts are stored, and how many may be; True when there are some."""
    if len(fields) == 2 and fields[0].isdecimal() and fields[1].isdecimal():
        status.storage_used, status.storage_total = int(fields[0]), int(fields[1])
        return status.storage_used > 0
    return False


REGISTERED: Final = frozenset((1, 5, 6, 7))
DENIED: Final = 3


def look_at_registration(profile: ModemProfile, status: Status) -> Generator[Step, Answer, set[int]]:
    """What the networks say of the card, as the standard numbers it; none where the modem does not tell."""
    states: set[int] = set()
    for kind in profile.registration:
        line = yield from wonder(f"AT+{kind}?", info=f"+{kind}:")
        if line is None:
            continue
        state = int(replies.split(line)[1])
        found = {kind: replies.REGISTRATION.get(state, "unknown")}
        status.registration = status.registration | found
        states.add(state)
    return states


def look_at_signal(status: Status) -> Generator[Step, Answer, None]:
    answer = yield from ask("AT+CSQ", info="+CSQ:")
    if answer.ok:
        field_ = replies.split(answer.lines[0])[0]
        strength = int(field_) if field_.isdecimal() and len(field_) < 4 else 99
        status.signal_dbm = 2 * strength - 113 if strength <= 31 else None


def look_at_facts(
    profile: ModemProfile, status: Status, now_s: Callable[[], float]
) -> Generator[Step, Answer, None]:
    line = yield from wonder("AT+COPS?", 10.0, info="+COPS:")
    fields = replies.split(line) if line is not None else []
    name = fields[2] if len(fields) > 2 else ""
    # Another program may have left the modem in UCS2; a network's number has five or six digits.
    status.operator = replies.from_ucs2(name) if len(name) >= 8 else name
    if profile.tells_supply:
        line = yield from wonder("AT+CBC", info="+CBC:")
        millivolts = replies.millivolts(replies.split(line)) if line is not None else None
        if millivolts is not None:
            status.supply_mv = millivolts
    if profile.tells_time:
        line = yield from wonder("AT+CCLK?", info="+CCLK:")
        utc_s = replies.network_time(replies.split(line)[0]) if line is not None else None
        if utc_s is not None:
            status.network_offset_s = utc_s - now_s()
