"""Finds lines of the record by incident, by time and by name, in short reads that hold little in memory.

Incidents have no index in the file: one more page for every line would wear the card. Their lines lie close
together, so anyone who knows where an incident begins and ends reads that stretch alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.journal.chain import Head
from edge.journal.reader import Line, reading
from edge.journal.rows import rows
from edge.journal.tables import base, newest_head
from edge.terms.record import OutboxRow

PIECE: Final = 500
"""So many lines are read at a time: little is held in memory, and the kiosk's log is not kept open."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The line before its oldest (`base`, all 0 if it was never cut), and its newest."""

    base: Head
    newest: Head


def ends(path: Path) -> Ends:
    """Raises `FaultError`."""
    with reading(path) as db:
        return Ends(base(db).head, newest_head(db))


def has(path: Path, head: Head) -> bool:
    """Whether the record has this line, or began after it. Raises `FaultError`."""
    with reading(path) as db:
        found = db.execute("SELECT hash FROM events WHERE seq = ?", (head.seq,)).fetchone()
        return found == (head.hash,) or (found is None and head.seq <= base(db).head.seq)


def incident_lines(path: Path, after_seq: int, to_seq: int, telling: tuple[str, ...]) -> Iterator[Line]:
    """The lines of all incidents after a line and up to another, oldest first, without their hashes.

    Lines of the names in `telling` alone have their `data`. Raises `FaultError` while it is read.
    """
    marks = ", ".join(f":name{number}" for number in range(len(telling)))
    yield from _pieces(
        path,
        "SELECT seq, boot, record, mono_s, wall_s, incident, kind, name,"
        f" iif(name IN ({marks}) AND length(data) < 4000, data, ''), '' FROM events"
        " WHERE seq > :after AND seq <= :to AND incident > 0 ORDER BY seq LIMIT :piece",
        after_seq,
        {"to": to_seq, **{f"name{number}": name for number, name in enumerate(telling)}},
    )


def lines_of(
    path: Path, incident: int, first_seq: int, last_seq: int, most: int
) -> tuple[tuple[Line, ...], bool]:
    """The lines of an incident, and those of none between them before it was closed or the next one began.

    Says too whether there are more than `most`: then they are the first and the last half of so many.

    Marks and late reports of deliveries stand far behind its end: what lies between is of other visits.
    """
    values = {"incident": incident, "first": first_seq, "last": last_seq, "most": most + 1}
    own = "seq BETWEEN :first AND :last AND (incident = :incident OR (incident = 0 AND seq < :end))"
    with reading(path) as db:
        (end,) = db.execute(
            "SELECT min(seq) FROM events WHERE seq BETWEEN :first AND :last AND (incident > :incident"
            " OR (incident = :incident AND kind = 'command' AND name = 'close_incident'))",
            values,
        ).fetchone()
        values["end"] = last_seq + 1 if end is None else end
        found = _rows(db, f"SELECT * FROM events WHERE {own} ORDER BY seq LIMIT :most", values)
        if len(found) <= most:
            return tuple(found), False
        values["most"] = most // 2
        tail = _rows(db, f"SELECT * FROM events WHERE {own} ORDER BY seq DESC LIMIT :most", values)
    return (*found[: most // 2], *tail[::-1]), True


def stretch(path: Path, first_seq: int, last_seq: int) -> tuple[Line, ...]:
    """All lines from `first_seq` to `last_seq`. Raises `FaultError`."""
    with reading(path) as db:
        ask = "SELECT * FROM events WHERE seq BETWEEN :first AND :last ORDER BY seq"
        return tuple(_rows(db, ask, {"first": first_seq, "last": last_seq}))


def bounds(path: Path, incident: int) -> tuple[int, int] | None:
    """The first and the last line of an incident; None where the record has none of it."""
    with reading(path) as db:
        low, high = db.execute(
            "SELECT min(seq), max(seq) FROM events WHERE incident = ?", (incident,)
        ).fetchone()
    return None if low is None else (int(low), int(high))


def last_before(path: Path, seq: int, kind: str, name: str, within: int = 5000) -> Line | None:
    """The newest line of that name before `seq`, looked for among the `within` lines before it."""
    with reading(path) as db:
        found = db.execute(
            "SELECT * FROM events WHERE seq < ? AND seq >= ? AND kind = ? AND name = ?"
            " ORDER BY seq DESC LIMIT 1",
            (seq, seq - within, kind, name),
        ).fetchone()
    return None if found is None else Line(*found)


def last_of_boot(path: Path, boot: int, after_seq: int, before_seq: int) -> Line | None:
    """The last line of one start of the kiosk between two lines."""
    with reading(path) as db:
        found = db.execute(
            "SELECT * FROM events WHERE seq >= ? AND seq < ? AND boot = ? ORDER BY seq DESC LIMIT 1",
            (after_seq, before_seq, boot),
        ).fetchone()
    return None if found is None else Line(*found)


def between(
    path: Path, from_wall_s: float, to_wall_s: float, names: tuple[str, ...], kind: str = ""
) -> Iterator[Line]:
    """The lines of these names, and all of that kind, from a time to another, oldest first.

    Raises `FaultError` while it is read.
    """
    marks = ", ".join(f":name{number}" for number in range(len(names)))
    yield from _pieces(
        path,
        "SELECT * FROM events WHERE seq > :after AND wall_s >= :from AND wall_s < :to"
        f" AND (kind = :kind OR name IN ({marks})) ORDER BY seq LIMIT :piece",
        0,
        {
            "from": from_wall_s,
            "to": to_wall_s,
            "kind": kind,
            **{f"name{number}": name for number, name in enumerate(names)},
        },
    )


@dataclass(frozen=True, slots=True)
class Extent:
    """How many lines a record has, when its oldest was written, and how many before the clock was set."""

    lines: int
    oldest_wall_s: float
    unset: int


def extent(path: Path, set_wall_s: float) -> Extent:
    """`set_wall_s`: a clock that shows an earlier time was never set. Raises `FaultError`."""
    with reading(path) as db:
        lines, oldest, unset = db.execute(
            "SELECT count(*), min(iif(wall_s >= :set, wall_s, NULL)), sum(wall_s < :set) FROM events",
            {"set": set_wall_s},
        ).fetchone()
    return Extent(lines, oldest or 0.0, unset or 0)


def messages_of(path: Path, incident: int) -> tuple[OutboxRow, ...]:
    """The messages of an incident that the record still has, oldest first. Raises `FaultError`."""
    with reading(path) as db:
        return rows(db, incident=incident)


def _pieces(path: Path, ask: str, after_seq: int, values: Mapping[str, object]) -> Iterator[Line]:
    while True:
        with reading(path) as db:
            found = _rows(db, ask, {**values, "after": after_seq, "piece": PIECE})
        for line in found:
            after_seq = line.seq
            yield line
        if len(found) < PIECE:
            return


def _rows(db: sqlite3.Connection, ask: str, values: Mapping[str, object]) -> list[Line]:
    return [Line(*row) for row in db.execute(ask, values)]
