"""Finds the text of a delivery report. A long text is delivered with its last part, and lost with any."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from edge.messages.item import Item
from edge.messages.numbers import meant
from edge.messages.step import Draft, MessageDelivered
from edge.terms.record import REPORT_LATE_S, Recipient, RowState
from hw.ports import TextReported

_KEPT: Final = 256
_EARLY: Final = 16
_CLOCKS_APART_S: Final = 900.0
"""How far our clock and that of the network's SMS centre may be apart."""


class Reports:
    """The texts that were accepted and whose delivery may still be reported. `numbers` as the outbox has."""

    def __init__(self, numbers: Mapping[Recipient, str]) -> None:
        self._numbers = numbers
        self._awaiting: deque[Item] = deque(maxlen=_KEPT)
        self._early: deque[TextReported] = deque(maxlen=_EARLY)

    def __iter__(self) -> Iterator[Item]:
        return iter(self._awaiting)

    def wait_for(self, item: Item) -> None:
        self._awaiting.append(item)

    def came_early(self, report: TextReported) -> None:
        """One that may have overtaken the answer to its text."""
        self._early.append(report)

    def take_early(self, wall_s: float, draft: Draft) -> None:
        """After another text was accepted: whether one of the early ones is about it."""
        early = list(self._early)
        self._early.clear()
        for report in early:
            self.take(report, wall_s, draft)

    def take(self, report: TextReported, wall_s: float, draft: Draft) -> bool:
        """Find whose text was delivered; False for nobody's. `wall_s` is now, by the better clock."""
        item = self._reported(report, wall_s)
        if item is None:
            return False
        reference = str(report.reference)
        left = " ".join(part for part in item.row.awaited.split() if part != reference)
        if report.ok and left:
            draft.keep(item, replace(item.row, awaited=left))
            return True
        self._awaiting.remove(item)
        if report.ok:
            draft.change(item, replace(item.row, state=RowState.DELIVERED, awaited=""))
        else:
            words = "taken by the network, not delivered"
            draft.change(item, replace(item.row, state=RowState.FAILED, awaited="", cause=words))
        draft.events.append(MessageDelivered(item.row, report.ok))
        return True

    def is_for(self, item: Item, number: str) -> bool:
        """Whether a number, as a network writes it, is that of the item's reader."""
        known = self._numbers.get(item.row.recipient, "")
        return bool(known) and meant(number, self._numbers.values()) == known

    def forget_old(self, now_s: float) -> None:
        """Accepted texts stay as long as a report of them may come."""
        while self._awaiting and now_s >= self._awaiting[0].end_s(now_s) + REPORT_LATE_S:
            self._awaiting.popleft()

    def _reported(self, report: TextReported, wall_s: float) -> Item | None:
        """The text that a report is about.

        References have 8 bits, come round again, and begin again with the modem. So the time at which the
        network got the text decides; where the report has none, good news is of the newest text to that
        number and bad news, which comes late, of the oldest.
        """
        reference = str(report.reference)
        found = [
            item
            for item in self._awaiting
            if reference in item.row.awaited.split() and self.is_for(item, report.number)
        ]
        if not found:
            return None
        sent_s = report.sent_utc_s
        if sent_s is None:
            return found[-1] if report.ok else found[0]
        # Among equals the newest.
        nearest = min(reversed(found), key=lambda item: _apart_s(item, sent_s, wall_s))
        return nearest if _apart_s(nearest, sent_s, wall_s) <= _CLOCKS_APART_S else None


def _apart_s(item: Item, sent_s: float, wall_s: float) -> float:
    """How far a time is from the time at which this text went out; that is not known over a restart."""
    taken_s = item.taken_wall_s
    first_s = item.row.created_wall_s if taken_s is None else taken_s
    last_s = wall_s if taken_s is None else taken_s
    return max(first_s - sent_s, sent_s - last_s, 0.0)
