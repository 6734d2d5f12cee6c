"""Legal holds in the record: which stand, and the lines of held incidents that stay when the record is cut.

A cut removes the oldest lines but those of incidents that are held. What stays before the cut is no part of
the chain that `verify` walks any more; the line that says where it was cut has the hash of all of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from edge.terms.hold import FREED, HELD, Hold, hold_in
from edge.terms.record import Entry

STAYED: Final = "stayed"
"""In the line that says where the record was cut: how many lines before it stayed, and their hash."""


@dataclass(frozen=True, slots=True)
class InRecord:
    """The holds that stand, and the incidents whose newest word is that theirs was ended."""

    holds: tuple[Hold, ...]
    freed: tuple[int, ...]


def holds_in(db: sqlite3.Connection) -> InRecord:
    """What all lines together say; one that makes no sense counts as a hold."""
    holds: dict[int, Hold] = {}
    freed: set[int] = set()
    found = db.execute(
        "SELECT name, incident, data FROM events WHERE name IN (?, ?) AND kind = 'event' ORDER BY seq",
        (HELD, FREED),
    )
    for name, incident, data in found:
        if name == FREED:
            holds.pop(incident, None)
            freed.add(incident)
            continue
        said: object = None
        with contextlib.suppress(ValueError):
            said = json.loads(data)
        holds[incident] = hold_in(incident, said if isinstance(said, dict) else {})
        freed.discard(incident)
    return InRecord(tuple(holds[n] for n in sorted(holds)), tuple(sorted(freed)))


def hold_entry(hold: Hold, *, again: bool = False) -> Entry:
    """The line for a hold; `again` for one that a record lacks that was lost."""
    data = hold.data() | ({"again": True} if again else {})
    return Entry("event", HELD, hold.incident, json.dumps(data, separators=(",", ":")))


def cut_lines(db: sqlite3.Connection, through: int, held: Collection[int]) -> dict[str, object]:
    """Remove the lines up to one, but those of held incidents; what the line about it says of these."""
    kept = sorted(held)
    marks = ", ".join("?" * len(kept))
    stays = f" AND incident NOT IN ({marks})" if kept else ""
    db.execute(f"DELETE FROM events WHERE seq <= ?{stays}", (through, *kept))
    count, sha256 = _stayed(db, through)
    return {STAYED: {"lines": count, "sha256": sha256}} if count else {}


def stayed_problem(db: sqlite3.Connection, through: int, said: object) -> str:
    """Whether the lines that stayed before a cut are those of which the line about it speaks."""
    count, sha256 = _stayed(db, through)
    known = said.get(STAYED, {}) if isinstance(said, dict) else {}
    if (count, sha256 if count else "") == (known.get("lines", 0), known.get("sha256", "")):
        return ""
    return "lines of a held incident were changed or removed" if known else "lines were added before the cut"


def _stayed(db: sqlite3.Connection, through: int) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    for row in db.execute("SELECT * FROM events WHERE seq <= ? ORDER BY seq", (through,)):
        digest.update(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        count += 1
    return count, digest.hexdigest()
