"""The messages of the record: rows of its table become an `OutboxRow` or are told apart, and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

import msgspec

from edge.journal.chain import row_digest, row_key
from edge.journal.tables import LATEST_WALL_S, MOST
from edge.terms.record import REPORT_LATE_S, OutboxRow, RowState

ROW_FIELDS: Final = tuple(field.name for field in fields(OutboxRow))
_NAMES: Final = ", ".join(ROW_FIELDS)
_PUT_ROW: Final = (
    f"INSERT OR REPLACE INTO outbox ({_NAMES}, line) VALUES ({', '.join('?' * len(ROW_FIELDS))}, ?)"
)
_OPEN: Final = ", ".join(f"'{state}'" for state in RowState if state.is_open)


def put_rows(db: sqlite3.Connection, rows: Iterable[OutboxRow], line: int) -> None:
    """Messages, with the line that carries them."""
    db.executemany(_PUT_ROW, ((*asdict(row).values(), line) for row in rows))


def carried_rows(rows: Iterable[OutboxRow]) -> dict[str, str]:
    """What a line carries of them."""
    return {row_key(*row.key): row_digest(asdict(row)) for row in rows}


def row_digests(db: sqlite3.Connection) -> dict[str, tuple[int, str]]:
    """Of every message: the line that carries it, and its digest.

    A file of an earlier version lacks some fields: they are at their defaults, which no digest has.
    """
    names = _there(db)
    found = {}
    for line, *values in db.execute(f"SELECT line, {', '.join(names)} FROM outbox"):
        content = dict(zip(names, values, strict=True))
        key = row_key(content["number"], content["recipient"], content["channel"])
        found[key] = line, row_digest(content)
    return found


def rows(
    db: sqlite3.Connection,
    *,
    undone_at: float | None = None,
    incident: int | None = None,
    newest: int = -1,
) -> tuple[OutboxRow, ...]:
    """The rows of the outbox, oldest first: all, those not done at that time, or those of an incident; of
    these the `newest`.

    Those that nobody understands are left out; the next start sets them aside.
    """
    where = ""
    since: tuple[float, ...] = ()
    if undone_at is not None:
        where = (
            f" WHERE state IN ({_OPEN})"
            f" OR (state = '{RowState.ACCEPTED}' AND awaited != '' AND created_wall_s + ttl_s > ?)"
        )
        since = (undone_at - REPORT_LATE_S,)
    elif incident is not None:
        where, since = " WHERE incident = ?", (incident,)
    names = _there(db)
    order = "number DESC, recipient DESC, channel DESC"
    last = f"{', '.join(names)} FROM outbox{where} ORDER BY {order} LIMIT {newest:d}"
    found = db.execute(f"SELECT * FROM (SELECT {last}) ORDER BY number, recipient, channel", since)
    read = (_row_of(dict(zip(names, values, strict=True))) for values in found)
    return tuple(row for row in read if isinstance(row, OutboxRow))


@dataclass(frozen=True, slots=True)
class OddRow:
    """A message that no reader of this version can understand: all of it, and why."""

    key: str
    why: str
    content: dict[str, object]


def take_out_odd_rows(db: sqlite3.Connection) -> Iterator[OddRow]:
    """Remove each message that cannot be understood from its table, and tell it."""
    found = db.execute(f"SELECT hex(recipient), hex(channel), {_NAMES} FROM outbox").fetchall()
    for recipient, channel, *values in found:
        content = dict(zip(ROW_FIELDS, values, strict=True))
        why = _row_of(content)
        if isinstance(why, OutboxRow):
            continue
        db.execute(
            "DELETE FROM outbox WHERE number = ? AND hex(recipient) = ? AND hex(channel) = ?",
            (content["number"], recipient, channel),
        )
        key = row_key(content["number"], content["recipient"], content["channel"])
        yield OddRow(key, why, content)


def _there(db: sqlite3.Connection) -> list[str]:
    """The fields that this file has: one of an earlier version lacks some."""
    columns = {name for _, name, *_ in db.execute("PRAGMA table_info(outbox)")}
    return [name for name in ROW_FIELDS if name in columns]


def _row_of(content: Mapping[str, object]) -> OutboxRow | str:
    """A message as it was written, or what no reader of this version can understand in it."""
    try:
        row = msgspec.convert(content, OutboxRow)
    except msgspec.ValidationError as error:
        return str(error)
    numbers = (row.number, row.incident, row.issue, row.tries, row.reference)
    if not all(0 <= number <= MOST for number in numbers):
        return "a number that cannot be"
    if not (0.0 <= row.created_wall_s <= LATEST_WALL_S and 0.0 <= row.ttl_s <= LATEST_WALL_S):
        return "a time that cannot be"
    return row
