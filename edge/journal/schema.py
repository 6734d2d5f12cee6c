"""The form of the record's file: its tables, the steps from version to version, and whether a file has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final

from edge.faults.fault import FaultError
from edge.journal import tables
from edge.journal.chain import START, packed
from edge.journal.owners import OWNER_FIELDS
from edge.journal.rows import ROW_FIELDS, row_digests
from edge.journal.tables import MOST, number, put_chained, transaction

APPLICATION_ID: Final = 0x43474A31
"""`CGJ1`, in the header of the file: that it is ours (sqlite.org/fileformat2.html#application_id)."""

NOT_OURS: Final = "it is not a record of this program"

TABLES: Final = {
    "meta": "name, value",
    "boots": "boot, mono_s, wall_s",
    "events": "seq, boot, record, mono_s, wall_s, incident, kind, name, data, hash",
    "carried": "seq, what",
    "state": "boot, mono_s, wall_s, state",
    "counters": "name, value",
    "outbox": f"{', '.join(ROW_FIELDS)}, line",
    "owners": f"{', '.join(OWNER_FIELDS)}, line",
}
"""Everything that a file of today holds."""


def first_schema(db: sqlite3.Connection) -> None:
    for statement in (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE boots (boot INTEGER PRIMARY KEY, mono_s REAL NOT NULL, wall_s REAL NOT NULL) STRICT",
        # No second index: one more page to write for every line, for a search that people rarely make.
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, boot INTEGER NOT NULL, record INTEGER NOT NULL,"
        " mono_s REAL NOT NULL, wall_s REAL NOT NULL, incident INTEGER NOT NULL, kind TEXT NOT NULL,"
        " name TEXT NOT NULL, data TEXT NOT NULL, hash TEXT NOT NULL) STRICT",
        "CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), boot INTEGER NOT NULL,"
        " mono_s REAL NOT NULL, wall_s REAL NOT NULL, state TEXT NOT NULL) STRICT",
        "CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE outbox (number INTEGER NOT NULL, incident INTEGER NOT NULL, kind TEXT NOT NULL,"
        " issue INTEGER NOT NULL, recipient TEXT NOT NULL, channel TEXT NOT NULL,"
        " created_wall_s REAL NOT NULL, ttl_s REAL NOT NULL, reason TEXT NOT NULL, state TEXT NOT NULL,"
        " tries INTEGER NOT NULL, reference INTEGER NOT NULL, cause TEXT NOT NULL,"
        " PRIMARY KEY (number, recipient, channel)) STRICT, WITHOUT ROWID",
        f"INSERT INTO meta VALUES ('base_seq', '0'), ('base_hash', '{START.hash}')",
        f"PRAGMA application_id = {APPLICATION_ID}",
    ):
        db.execute(statement)


def _awaited_reports(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE outbox ADD COLUMN awaited TEXT NOT NULL DEFAULT ''")


def _covered(db: sqlite3.Connection) -> None:
    """State, counters and messages come under the chain; `line` is the last that carries a message's row."""
    db.execute("CREATE TABLE carried (seq INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT")
    db.execute("ALTER TABLE outbox ADD COLUMN line INTEGER NOT NULL DEFAULT 0")
    held = {
        "state": tables.held_state(db),
        "counters": tables.held_counters(db),
        "rows": {key: value for key, (_, value) in row_digests(db).items()},
        "boots": tables.held_boots(db),
    }
    head, carried = tables.newest_head(db), packed(held)
    if carried:
        times = db.execute("SELECT boot, mono_s, wall_s FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        boot, mono_s, wall_s = times or (tables.last_boot(db), 0.0, 0.0)
        line = (head.seq + 1, boot, 0, mono_s, wall_s, 0, "note", "record_covered", "{}")
        put_chained(db, head, line, carried)
        db.execute("UPDATE outbox SET line = ?", (head.seq + 1,))


def _owners(db: sqlite3.Connection) -> None:
    """The accounts of cards whose owners are sent codes; `line` is the last that carries one.

    They are there where a newer version has been before (`edge.journal.way_back`).
    """
    db.execute(
        "CREATE TABLE IF NOT EXISTS owners (person INTEGER PRIMARY KEY, tries INTEGER NOT NULL,"
        " rests INTEGER NOT NULL, rest_left_s REAL NOT NULL, codes_left_s TEXT NOT NULL,"
        " boot TEXT NOT NULL, mono_s REAL NOT NULL, wall_s REAL NOT NULL, wall_true INTEGER NOT NULL,"
        " line INTEGER NOT NULL) STRICT"
    )


def streams(db: sqlite3.Connection) -> None:
    """The place of a message among those for the broker. No digest changes: defaults are left out of it.

    A file that an older version had meanwhile still has the columns.
    """
    there = {name for _, name, *_ in db.execute("PRAGMA table_info(outbox)")}
    for name, kind in (("stream", "TEXT NOT NULL DEFAULT ''"), ("sequence", "INTEGER NOT NULL DEFAULT 0")):
        if name not in there:
            db.execute(f"ALTER TABLE outbox ADD COLUMN {name} {kind}")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    first_schema,
    _awaited_reports,
    _covered,
    _owners,
    streams,
)
"""Step N takes a file of schema N to N + 1; all that a file needs run in one transaction."""


def migrate(db: sqlite3.Connection) -> None:
    """Bring the file to the version of today."""
    version = _version(db)
    if version < len(MIGRATIONS):
        with transaction(db):
            for step in MIGRATIONS[version:]:
                step(db)
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def is_ours(db: sqlite3.Connection) -> bool:
    return number(db, "PRAGMA application_id") == APPLICATION_ID


def check(db: sqlite3.Connection, *, thorough: bool) -> None:
    """That it is ours, of a version that we know and, looking at all of it, whole. Raises `FaultError`."""
    empty = number(db, "SELECT count(*) FROM sqlite_schema") == 0
    if not is_ours(db) and not empty:
        raise FaultError("journal_damaged", NOT_OURS)
    version = _version(db)
    if version > len(MIGRATIONS):
        raise FaultError("journal_newer", f"schema {version}, this program knows {len(MIGRATIONS)}")
    (found,) = db.execute("PRAGMA quick_check(1)").fetchone() if thorough else ("ok",)
    if found != "ok":
        raise FaultError("journal_damaged", " ".join(str(found).split()))
    if thorough and not empty and version == len(MIGRATIONS):
        _check_tables(db)


def _check_tables(db: sqlite3.Connection) -> None:
    """That every table is there with its columns, and that there is room for more lines."""
    for table, columns in TABLES.items():
        try:
            db.execute(f"SELECT {columns} FROM {table} LIMIT 0")
        except sqlite3.OperationalError as error:
            raise FaultError("journal_damaged", str(error)) from error
    lowest, highest = db.execute("SELECT min(seq), max(seq) FROM events").fetchone()
    if lowest is not None and not 0 < lowest <= highest <= MOST:
        raise FaultError("journal_damaged", "lines with numbers that cannot be")


def _version(db: sqlite3.Connection) -> int:
    return number(db, "PRAGMA user_version")
