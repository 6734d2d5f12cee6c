"""Where a fake modem keeps texts and reports, and what it tells of them by itself."""

from __future__ import annotations

from typing import Final

from hw.modem import pdu
from hw.modem.fake.condition import Condition
from hw.modem.fake.voice import Voice
from hw.modem.fake.writing import Writing, report_pdu

PLACES: Final = 20
_DAMAGED: Final = ("", "not hexadecimal", "0791", "00FFFFFFFF")
_OTHER: Final = {"SM": "ME", "ME": "SM"}
_STORED: Final = 2
"""The fourth value of AT+CNMI with which reports are stored, and only their places told."""


class Stores:
    """Three storages by name. `memory`: the one that commands are about; `arrivals`: where texts are put.

    `tells`: it says when a text came in. `reports_to`: the fourth value of AT+CNMI. `backlog`: texts, each
    with its sender, that wait in the network.
    """

    def __init__(self, condition: Condition, voice: Voice, writing: Writing) -> None:
        self.by_name: dict[str, dict[int, str]] = {"SM": {}, "ME": {}, "SR": {}}
        self.memory = self.arrivals = "SM"
        self.tells = False
        self.reports_to = 0
        self._condition = condition
        self._voice = voice
        self._writing = writing
        self.backlog: list[tuple[str, str]] = []
        self._listed: set[int] = set()

    def settle(self) -> None:
        """The modem was restarted."""
        self.memory = self.arrivals = "SM"
        self.tells = False
        self.reports_to = 0
        self._listed = set()

    @property
    def here(self) -> dict[int, str]:
        return self.by_name[self.memory]

    @property
    def used(self) -> int:
        return PLACES if self._condition.suffers("storage_full") else len(self.here)

    # --- what comes in --------------------------------------------------------------------------

    def wait(self, number: str, text: str) -> None:
        """It waits in the network while the storage is full."""
        self.backlog.append((number, text))
        self._condition.changed()

    @property
    def may_arrive(self) -> bool:
        full = self._condition.suffers("storage_full") or len(self.by_name[self._arrivals]) >= PLACES
        return bool(self.backlog) and not full

    def arrive(self) -> None:
        """What waits and has room comes in."""
        while self.may_arrive:
            self._put(*self.backlog.pop(0))
            self._condition.changed()

    def damage(self) -> None:
        """All places but one hold what cannot be read."""
        for index in range(1, PLACES):
            self.here.setdefault(index, _DAMAGED[index % len(_DAMAGED)])
        self._condition.changed()

    def report(self, told: pdu.StatusReport, after_s: float) -> None:
        """What became of a text: told directly, or stored and only its place told."""
        if self.reports_to != _STORED and not self._condition.suffers("other_storage"):
            self._voice.say(self._writing.report(told), after_s)
            return
        stored = self.by_name["SR"]
        place = next((index for index in range(1, PLACES + 1) if index not in stored), None)
        if place is not None:
            stored[place] = report_pdu(told).hex
            self._condition.changed()
            self._voice.say(f'+CDSI: "SR",{place}', after_s)

    @property
    def _arrivals(self) -> str:
        return _OTHER[self.arrivals] if self._condition.suffers("other_storage") else self.arrivals

    def _put(self, number: str, text: str) -> None:
        arriving = self.by_name[self._arrivals]
        index = next(index for index in range(1, PLACES + 1) if index not in arriving)
        arriving[index] = pdu.encode_deliver(number, text).hex
        if self.tells:
            self._voice.say(f'+CMTI: "{self._arrivals}",{index}')

    # --- for commands ---------------------------------------------------------------------------

    def choose(self, names: list[str]) -> bool:
        """Whether it took what AT+CPMS= asks for."""
        if self._condition.suffers("no_notice") or not set(names) <= self.by_name.keys() or "SR" in names[1:]:
            return False
        self.memory = names[0]
        if len(names) == 3:
            self.arrivals = names[2]
        return True

    def listed(self) -> list[tuple[str, ...]]:
        """Every entry of this storage, as lines; from here on they count as read."""
        entries = [
            self._writing.entry(f"+CMGL: {index},", stored) for index, stored in sorted(self.here.items())
        ]
        self._listed |= self.here.keys()
        return entries

    def read(self, index: int) -> tuple[str, ...] | None:
        stored = self.here.get(index)
        return None if stored is None else self._writing.entry("+CMGR: ", stored)

    def delete(self, index: str) -> None:
        if index.isdecimal():
            self.here.pop(int(index), None)
            self._condition.changed()

    def delete_read(self) -> None:
        for index in self._listed:
            self.here.pop(index, None)
        self._condition.changed()
