"""What a modem says by itself: texts and reports that come in, balance, supply; the rest is dropped."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Final

from hw.modem import replies
from hw.modem.hearing import Hearing
from hw.modem.news import News
from hw.modem.storage import Storage, from_pdu, from_report
from hw.ports import ModemEvent

_FULL: Final = ("^SMMEMFULL", '+QIND: "SMSFULL"', "+SMSFULL", "+SMS FULL", "SMS FULL")


class Receiving:
    def __init__(self, hearing: Hearing, news: News, storage: Storage) -> None:
        self._hearing = hearing
        self._news = news
        self._storage = storage

    def take(self, line: str) -> None:
        """A line that nothing asked for."""
        if line.startswith(("+CMTI:", "+CDSI:")):
            self._storage.note_arrival(replies.split(line[6:]))
        elif line.startswith(_FULL):
            self._storage.read_soon()
        elif line.startswith(("+CDS:", "+CMT:")):
            fields = replies.split(line[5:])
            if line.startswith("+CDS:") and len(fields) >= 7:
                self._tell(functools.partial(from_report, fields))
            elif fields[-1].isdecimal() and len(fields[-1]) < 4:
                self._hearing.pdu_follows(int(fields[-1]))
        elif line.startswith("+CUSD:"):
            self._take_ussd(line[6:])
        elif line.startswith(("UNDER-VOLTAGE WARN", "UNDER_VOLTAGE")):
            self._news.supply_low("the modem says so")

    def take_pdu(self, line: str) -> None:
        """The PDU that a header announced."""
        self._tell(functools.partial(from_pdu, line))

    def _tell(self, read: Callable[[], ModemEvent | None]) -> None:
        """What came by itself, and is gone if it cannot be read."""
        with contextlib.suppress(ValueError):
            event = read()
            if event is not None:
                self._news.tell(event)

    def _take_ussd(self, rest: str) -> None:
        fields = replies.split(rest)
        if len(fields) < 2:
            return
        words = fields[1]
        if len(words) % 4 == 0 and replies.HEX.match(words):
            words = bytes.fromhex(words).decode("utf-16-be", "replace")
        self._news.status.balance = "".join(char if char.isprintable() else " " for char in words)[:160]
