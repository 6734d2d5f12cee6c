"""Puts somebody's word on an incident into the record; that alone changes nothing."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from edge.loop.happening import plain
from edge.loop.logbook import Logbook
from edge.loop.situation import Situation
from edge.terms.marks import MARKED, Marked
from edge.terms.record import Entry

_KNOWN_MOST: Final = 64


class Marks:
    """The marks of one kiosk. One that says what the newest said already is no new line."""

    def __init__(self, situation: Situation, logbook: Logbook) -> None:
        self._situation = situation
        self._logbook = logbook
        self._newest: OrderedDict[int, Marked] = OrderedDict()

    def put(self, marked: Marked, now_s: float) -> bool:
        """Record it; False where there never was such an incident."""
        if not 0 < marked.incident <= self._situation.state.incidents:
            return False
        if self._newest.get(marked.incident) != marked:
            data = marked.data()
            self._logbook.tell(now_s, "event", {"name": MARKED, "incident": marked.incident, **data})
            self._logbook.save((Entry("event", MARKED, marked.incident, plain(data)),), (), now_s)
            self._newest[marked.incident] = marked
            self._newest.move_to_end(marked.incident)
            while len(self._newest) > _KNOWN_MOST:
                self._newest.popitem(last=False)
        return True
