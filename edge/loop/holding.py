"""Begins and ends legal holds as somebody asked: in effect at once, answered when the card has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.faults.fault import FaultError
from edge.journal.held import hold_entry
from edge.loop.happening import plain
from edge.loop.logbook import Logbook
from edge.loop.situation import Situation
from edge.pictures.keeper import Evidence
from edge.terms.hold import FREED, HELD, Freed, Hold
from edge.terms.record import Entry

Answer = Callable[[dict[str, object]], None]


class Holding:
    """The holds of one kiosk. `lost`: those of the file that the record does not know any more."""

    def __init__(
        self, evidence: Evidence, situation: Situation, logbook: Logbook, lost: tuple[Hold, ...]
    ) -> None:
        self._evidence = evidence
        self._situation = situation
        self._logbook = logbook
        self._lost = lost
        self._waiting: dict[int, tuple[Answer, str]] = {}

    def start(self, now_s: float) -> None:
        """The record gets again what it lost."""
        entries = tuple(hold_entry(hold, again=True) for hold in self._lost)
        if entries:
            self._logbook.save(entries, (), now_s)

    def listed(self) -> list[dict[str, object]]:
        """All that stand, as plain JSON values."""
        return [{"incident": hold.incident, **hold.data()} for hold in self._evidence.holds.all()]

    def put(self, hold: Hold, answer: Answer, now_s: float) -> None:
        """Answered when it is on the card. FaultError: `incident_unknown`, and as `Holds.put` raises it."""
        if not 0 < hold.incident <= self._situation.state.incidents:
            raise FaultError("incident_unknown", f"incident {hold.incident}")
        self._evidence.hold(hold)
        self._record(hold_entry(hold), HELD, hold.incident, answer, now_s)

    def free(self, freed: Freed, answer: Answer, now_s: float) -> None:
        """The same. FaultError: `incident_not_held`."""
        if self._evidence.free(freed.incident) is None:
            raise FaultError("incident_not_held", f"incident {freed.incident}")
        entry = Entry("event", FREED, freed.incident, plain(freed.data()))
        self._record(entry, FREED, freed.incident, answer, now_s)

    def recorded(self, sequence: int, fault: str, head: Callable[[], object]) -> None:
        """The record's answer to one transaction."""
        for waiting in [number for number in self._waiting if number <= sequence]:
            answer, name = self._waiting.pop(waiting)
            if fault:
                answer({"error": fault, "detail": f"{name}: in effect, kept in memory, and tried again"})
            else:
                answer({"done": name, "head": str(head())})

    def _record(self, entry: Entry, name: str, incident: int, answer: Answer, now_s: float) -> None:
        said: Mapping[str, object] = {"name": name, "incident": incident}
        self._logbook.tell(now_s, "event", said)
        self._waiting[self._logbook.save((entry,), (), now_s)] = answer, name
