"""Puts somebody's word on an incident into a record that no kiosk has open."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from edge.faults.fault import FaultError
from edge.journal.writer import Journal
from edge.terms.marks import MARKED, Marked
from edge.terms.record import Entry, NotWritten, Record, Remembered
from hw.ports import Clock


def put_mark(path: Path, marked: Marked, clock: Clock) -> None:
    """One more line of the record. FaultError as `put_word` raises it."""
    entry = Entry("event", MARKED, marked.incident, json.dumps(marked.data(), separators=(",", ":")))
    put_word(path, clock, lambda remembered: entry)


def put_word(path: Path, clock: Clock, word: Callable[[Remembered], Entry]) -> None:
    """One more line of the record, made of what it knows: on the card when this returns.

    FaultError: `journal_missing`, `kiosk_running`, `incident_unknown`, or why the disk does not take it.
    """
    if not path.exists():
        raise FaultError("journal_missing", str(path))
    journal = Journal(path, clock, threaded=False)
    try:
        remembered = journal.open()
        entry = word(remembered)
        if not 0 < entry.incident <= dict(remembered.counters).get("incident", 0):
            raise FaultError("incident_unknown", f"incident {entry.incident}")
        journal.submit(Record(1, clock.now_s(), clock.wall_s(), (entry,)))
        for answer in journal.answers():
            if isinstance(answer, NotWritten):
                raise FaultError(answer.code, answer.detail)
    finally:
        journal.close(0.0)
