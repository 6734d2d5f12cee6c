"""Requests from the broker, in the loop: each done once, and only when the record has its id on the card."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from edge.fleet.asking import NotDone, Refused, Request
from edge.loop.happening import plain
from edge.loop.logbook import Logbook
from edge.terms.record import Entry

LAST_ID: Final = "mqtt_request"
"""The counter of the record: the highest id that was taken."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    sequence: int
    request: Request


class FleetRequests:
    """Of one kiosk. Decides nothing about the cabin: what may be done is handed to the one who does it."""

    def __init__(self, logbook: Logbook) -> None:
        self._logbook = logbook
        self._last_id = 0
        self._waiting: deque[_Waiting] = deque()
        self._due: list[Request] = []
        self._refused: list[Refused] = []

    def restore(self, last_id: int) -> None:
        """What an earlier start has taken."""
        self._last_id = last_id

    @property
    def counters(self) -> tuple[tuple[str, int], ...]:
        """For the record; nothing where nobody has ever asked."""
        return ((LAST_ID, self._last_id),) if self._last_id else ()

    def take(self, read: Request | Refused, now_s: float) -> None:
        """What arrived; put down in the record in any case."""
        if isinstance(read, Refused):
            self._refuse(read, now_s)
            return
        if read.id <= self._last_id:
            self._refuse(Refused(NotDone.REPLAYED, read.id, read.verb.value), now_s)
            return
        self._last_id = read.id
        data = {"id": read.id, "verb": read.verb.value, "of": read.incident}
        entry = Entry("event", "request_taken", 0, plain(data))
        self._logbook.tell(now_s, "event", {"name": "request_taken", **data})
        self._waiting.append(_Waiting(self._logbook.save((entry,), (), now_s), read))

    def refuse(self, request: Request, refusal: NotDone, now_s: float) -> None:
        """One that was taken cannot be done after all."""
        self._refuse(Refused(refusal, request.id, request.verb.value), now_s)

    def recorded(self, sequence: int, fault: str, now_s: float) -> None:
        """The record has everything up to there on the card, or (`fault`) cannot take this one."""
        while self._waiting and self._waiting[0].sequence <= sequence:
            waited = self._waiting.popleft()
            if fault:
                self.refuse(waited.request, NotDone.NOT_RECORDED, now_s)
            else:
                self._due.append(waited.request)

    def due(self) -> tuple[Request, ...]:
        """What may be done now, each once."""
        due, self._due = tuple(self._due), []
        return due

    def refused(self) -> tuple[Refused, ...]:
        """What was refused since the last call, each once."""
        refused, self._refused = tuple(self._refused), []
        return refused

    def _refuse(self, refused: Refused, now_s: float) -> None:
        data = {"why": refused.refusal.value, "id": refused.id, "verb": refused.verb}
        self._logbook.note("event", "request_refused", data, now_s)
        self._refused.append(refused)
