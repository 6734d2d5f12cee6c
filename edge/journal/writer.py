"""The record: one SQLite file that keeps every transaction it has answered `Written`, through any power cut.

The loop hands over a `Record` and goes on; a thread of the journal's own writes whatever waits in one
synced transaction and answers each record. A disk that is full, read-only, slow or gone makes answers
`NotWritten` with a fault code, never an exception: what waits is kept in memory and tried again. Lines are
chained by their hashes and cover the other tables (`chain`); pruning leaves the chain's head behind, so
`verify` holds for what remains. What no reader expects is set aside and told: it never stops a start.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import json
import math
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.journal.aging import Aging
from edge.journal.chain import START, Cover, Head, digest, packed, row_digest, row_key
from edge.journal.chain import chained as _chained
from edge.terms.record import (
    REPORT_LATE_S,
    Answer,
    Channel,
    Entry,
    NotWritten,
    OutboxRow,
    Recipient,
    Record,
    Remembered,
    RowState,
    Written,
)
from hw.ports import Clock
from hw.watched import WatchedThread

MEMORY: Final = Path(":memory:")
"""As a path: a record that lives as long as the program, for replays. Without a thread only."""

_APPLICATION_ID: Final = 0x43474A31
"""`CGJ1`, in the header of the file: that it is ours (sqlite.org/fileformat2.html#application_id)."""

_WAL_PAGES: Final = 256
"""The write-ahead log is folded into the file at 1 MiB: rarely enough to spare the card, small to recover."""

_PRUNE_EVERY: Final = 256
"""Transactions between two looks at age and size."""

_PRUNE_ROWS: Final = 1000
"""Rows removed in one transaction at most, so that a lock's record never waits long behind it."""

_KEEP_ROWS: Final = 10_000
"""The newest rows that age never removes: a clock that is wrong by years must not empty the record."""

_LATEST_WALL_S: Final = 32_503_680_000.0
_MOST: Final = 10**12
"""The year 3000, and more than any number here ever comes to: beyond is damage, or made by somebody."""

_NEAR: Final = 200
"""The newest lines, which a start follows; all of the chain is for `verify`."""

_READ_ROWS: Final = 5000

_SLOW_S: Final = 1.0
_SLOW_EVERY_S: Final = 3600.0
"""A sync that takes longer is a fault; it is written down once in so long."""

_BATCH: Final = 200
_FIRST_PAUSE_S: Final = 0.25
_LAST_PAUSE_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the record as it is read back. Times in seconds, `hash` in hexadecimal."""

    seq: int
    boot: int
    record: int
    mono_s: float
    wall_s: float
    incident: int
    kind: str
    name: str
    data: str
    hash: str


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """Whether the chain fits: `problem` is empty where it does. `pruned` lines went by age or size."""

    ok: bool
    lines: int
    pruned: int
    head: Head
    problem: str = ""


@dataclass(frozen=True, slots=True)
class JournalLimits:
    keep_days: float = 365.0
    keep_mb: float = 64.0
    waiting: int = 2000
    """Records that wait in memory at most while the disk fails."""


# --- the file --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All of the block, or nothing of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        # After some errors SQLite has rolled back by itself.
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


def _first_schema(db: sqlite3.Connection) -> None:
    for statement in (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE boots (boot INTEGER PRIMARY KEY, mono_s REAL NOT NULL, wall_s REAL NOT NULL) STRICT",
        # No second index: one more page to write for every line, for a search that people seldom make.
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
        f"PRAGMA application_id = {_APPLICATION_ID}",
    ):
        db.execute(statement)


def _awaited_reports(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE outbox ADD COLUMN awaited TEXT NOT NULL DEFAULT ''")


def _covered(db: sqlite3.Connection) -> None:
    """State, counters and messages come under the chain; `line` is the last that carries a message's row."""
    db.execute("CREATE TABLE carried (seq INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT")
    db.execute("ALTER TABLE outbox ADD COLUMN line INTEGER NOT NULL DEFAULT 0")
    rows = {key: value for key, (_, value) in _row_digests(db).items()}
    held = {"state": _held_state(db), "counters": _held_counters(db), "rows": rows, "boots": _held_boots(db)}
    head, carried = _head(db), packed(held)
    if carried:
        times = db.execute("SELECT boot, mono_s, wall_s FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        boot, mono_s, wall_s = times or (_last_boot(db), 0.0, 0.0)
        line = (head.seq + 1, boot, 0, mono_s, wall_s, 0, "note", "record_covered", "{}")
        _put_chained(db, head, line, carried)
        db.execute("UPDATE outbox SET line = ?", (head.seq + 1,))


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first_schema, _awaited_reports, _covered)
"""Step N takes a file of schema N to N + 1; all that a file needs run in one transaction."""


def _migrate(db: sqlite3.Connection) -> None:
    version = _version(db)
    if version < len(MIGRATIONS):
        with _transaction(db):
            for step in MIGRATIONS[version:]:
                step(db)
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _check(db: sqlite3.Connection, thorough: bool) -> None:
    """That it is ours, of a version that we know and, looking at all of it, whole. Raises `FaultError`."""
    ours = int(db.execute("PRAGMA application_id").fetchone()[0]) == _APPLICATION_ID
    empty = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
    if not ours and not empty:
        raise FaultError("journal_damaged", "it is not a record of this program")
    if _version(db) > len(MIGRATIONS):
        raise FaultError("journal_newer", f"schema {_version(db)}, this program knows {len(MIGRATIONS)}")
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0] if thorough else "ok"
    if found != "ok":
        raise FaultError("journal_damaged", " ".join(str(found).split()))
    if thorough and not empty and _version(db) == len(MIGRATIONS):
        _check_tables(db)


def _check_tables(db: sqlite3.Connection) -> None:
    """That every table is there with its columns, and that there is room for more lines."""
    for table, columns in _TABLES.items():
        try:
            db.execute(f"SELECT {columns} FROM {table} LIMIT 0")
        except sqlite3.OperationalError as error:
            raise FaultError("journal_damaged", str(error)) from error
    lowest, highest = db.execute("SELECT min(seq), max(seq) FROM events").fetchone()
    if lowest is not None and not 0 < lowest <= highest <= _MOST:
        raise FaultError("journal_damaged", "lines with numbers that cannot be")


def _walk(db: sqlite3.Connection, after: Head, cover: Cover) -> tuple[int, Head, str]:
    """Follow the chain from a line that is trusted: lines that fit, the last of them, what does not fit.

    What the lines carry goes into `cover`.
    """
    lines = 0
    what = "carried.what FROM events LEFT JOIN carried USING (seq)" if _is_covered(db) else "NULL FROM events"
    rows = db.execute(f"SELECT events.*, {what} WHERE events.seq > ? ORDER BY events.seq", (after.seq,))
    for *line, chained, carried in rows:
        if line[0] != after.seq + 1:
            return lines, after, f"line {after.seq + 1} is missing"
        if chained != _chained(after.hash, line, carried or ""):
            return lines, after, f"line {line[0]} was changed"
        if carried:
            cover.take(line[0], carried)
        after = Head(line[0], chained)
        lines += 1
    return lines, after, ""


def _is_covered(db: sqlite3.Connection) -> bool:
    """Whether the lines of this file carry the other tables."""
    return db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'carried'").fetchone() is not None


def _state_digest(boot: int, mono_s: float, wall_s: float, state: str) -> str:
    return digest([boot, float(mono_s), float(wall_s), state])


def _held_state(db: sqlite3.Connection) -> str:
    """The digest of the state that is kept, empty for none."""
    state = db.execute("SELECT boot, mono_s, wall_s, state FROM state").fetchone()
    return _state_digest(*state) if state else ""


def _held_counters(db: sqlite3.Connection) -> dict[str, int]:
    return dict(db.execute("SELECT name, value FROM counters"))


def _held_boots(db: sqlite3.Connection) -> dict[str, str]:
    return {str(boot): digest(times) for boot, *times in db.execute("SELECT boot, mono_s, wall_s FROM boots")}


def _row_digests(db: sqlite3.Connection) -> dict[str, tuple[int, str]]:
    """Of every message: the line that carries it, and its digest."""
    found = {}
    for line, *values in db.execute(f"SELECT line, {', '.join(_ROW_FIELDS)} FROM outbox"):
        content = dict(zip(_ROW_FIELDS, values, strict=True))
        key = row_key(content["number"], content["recipient"], content["channel"])
        found[key] = line, row_digest(content)
    return found


def _head(db: sqlite3.Connection) -> Head:
    row = db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(*row) if row else _base(db)[0]


def _base(db: sqlite3.Connection) -> tuple[Head, str]:
    """The line before the oldest that is kept, and what is wrong with the note of it.

    A note that is lost is made out from the lines.
    """
    meta = dict(db.execute("SELECT name, value FROM meta"))
    seq, hash_ = meta.get("base_seq", ""), meta.get("base_hash", "")
    if seq.isascii() and seq.isdigit() and len(seq) < 18 and len(hash_) == len(START.hash):
        return Head(int(seq), hash_), ""
    problem = "the note of where the record begins is lost"
    oldest = db.execute("SELECT min(seq) FROM events").fetchone()[0]
    if oldest in (None, 1):
        return START, problem
    _, through, hash_, _ = _last_prune(db) or (0, 0, "", 0.0)
    return Head(oldest - 1, hash_ if through == oldest - 1 else ""), problem


def _last_prune(db: sqlite3.Connection) -> tuple[int, int, str, float] | None:
    """The line that says where the record was cut last: its number, the cut and its hash, and its time."""
    noted = db.execute(
        "SELECT seq, data, wall_s FROM events WHERE kind = 'note' AND name = 'record_pruned'"
        " ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    if noted is None:
        return None
    with contextlib.suppress(ValueError, TypeError, KeyError):
        said = json.loads(noted[1])
        return noted[0], int(said["through"]), str(said["hash"]), noted[2]
    return noted[0], 0, "", noted[2]


def _put_chained(db: sqlite3.Connection, head: Head, line: Sequence[object], carried: str = "") -> Head:
    """One more line of the chain, with what it carries."""
    chained = _chained(head.hash, line, carried)
    db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*line, chained))
    if carried:
        db.execute("INSERT INTO carried VALUES (?, ?)", (head.seq + 1, carried))
    return Head(head.seq + 1, chained)


_ROW_FIELDS: Final = tuple(field.name for field in fields(OutboxRow))
_PUT_ROW: Final = (
    f"INSERT OR REPLACE INTO outbox ({', '.join(_ROW_FIELDS)}, line)"
    f" VALUES ({', '.join('?' * len(_ROW_FIELDS))}, ?)"
)
_TABLES: Final = {
    "meta": "name, value",
    "boots": "boot, mono_s, wall_s",
    "events": "seq, boot, record, mono_s, wall_s, incident, kind, name, data, hash",
    "carried": "seq, what",
    "state": "boot, mono_s, wall_s, state",
    "counters": "name, value",
    "outbox": f"{', '.join(_ROW_FIELDS)}, line",
}
"""Everything that a file of today holds."""

_OPEN_STATES: Final = (RowState.QUEUED, RowState.SENDING)


def _put_rows(db: sqlite3.Connection, rows: Iterable[OutboxRow], line: int) -> None:
    """Messages, with the line that carries them."""
    values = (asdict(row).values() for row in rows)
    db.executemany(_PUT_ROW, ((*row, line) for row in values))


def _carried_rows(rows: Iterable[OutboxRow]) -> dict[str, str]:
    return {row_key(*_key(row)): row_digest(asdict(row)) for row in rows}


def _row_of(values: Sequence[object]) -> OutboxRow | str:
    """A message as it was written, or what no reader of this version can understand in it."""
    content = dict(zip(_ROW_FIELDS, values, strict=True))
    try:
        row = msgspec.convert(content, OutboxRow)
    except msgspec.ValidationError as error:
        return str(error)
    numbers = (row.number, row.incident, row.issue, row.tries, row.reference)
    if not all(0 <= number <= _MOST for number in numbers):
        return "a number that cannot be"
    if not (0.0 <= row.created_wall_s <= _LATEST_WALL_S and 0.0 <= row.ttl_s <= _LATEST_WALL_S):
        return "a time that cannot be"
    return row


def _rows(
    db: sqlite3.Connection, *, undone_at: float | None = None, newest: int = -1
) -> tuple[OutboxRow, ...]:
    """The rows of the outbox, oldest first: all, or those not done at that time; of these the `newest`.

    Those that nobody understands are left out; the next start sets them aside.
    """
    where = ""
    since: tuple[float, ...] = ()
    if undone_at is not None:
        where = (
            f" WHERE state IN ({', '.join(repr(str(s)) for s in _OPEN_STATES)})"
            f" OR (state = '{RowState.ACCEPTED}' AND awaited != '' AND created_wall_s + ttl_s > ?)"
        )
        since = (undone_at - REPORT_LATE_S,)
    names = ", ".join(_ROW_FIELDS)
    last = f"{names} FROM outbox{where} ORDER BY number DESC, recipient DESC, channel DESC LIMIT {newest:d}"
    found = db.execute(f"SELECT * FROM (SELECT {last}) ORDER BY number, recipient, channel", since)
    return tuple(row for values in found if isinstance(row := _row_of(values), OutboxRow))


def _remember(db: sqlite3.Connection, boot: int, faults: Iterable[tuple[str, str]] = ()) -> Remembered:
    """What the file knows. The times are those of the newest record of the state's own start."""
    faults = list(faults)
    state = db.execute("SELECT state, boot, mono_s, wall_s FROM state").fetchone()
    if state and not (math.isfinite(state[2]) and 0 <= state[3] <= _LATEST_WALL_S):
        faults.append(("state_unreadable", "its times cannot be"))
        state = None
    last = db.execute("SELECT boot, mono_s, wall_s FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    times = tuple(state[1:]) if state else (0, 0.0, 0.0)
    # A line of a later start without a state is on another clock.
    if last and (not state or last[0] == times[0]) and all(map(math.isfinite, last[1:])):
        times = max(times, tuple(last))
    counters = tuple(
        (name, value)
        for name, value in sorted(db.execute("SELECT name, value FROM counters"))
        if 0 <= value <= _MOST
    )
    rows = _rows(db, undone_at=times[2])
    return Remembered(boot, state[0] if state else None, times[1], times[2], rows, counters, tuple(faults))


def _last_boot(db: sqlite3.Connection) -> int:
    """The number of the newest start, 0 in a fresh file."""
    known = db.execute(
        "SELECT boot FROM boots UNION ALL SELECT boot FROM state"
        " UNION ALL SELECT boot FROM (SELECT boot FROM events ORDER BY seq DESC LIMIT 1)"
    )
    return max((boot for (boot,) in known if 0 <= boot <= _MOST), default=0)


def _knows(db: sqlite3.Connection) -> bool:
    """Whether anything was ever written down in it."""
    found = db.execute(
        "SELECT EXISTS (SELECT 1 FROM boots UNION SELECT 1 FROM state UNION SELECT 1 FROM events)"
    )
    return bool(found.fetchone()[0])


def _text(raw: bytes) -> str:
    """What was damaged in a text must not stop the reader of all the others."""
    return raw.decode(errors="replace")


@contextlib.contextmanager
def _copy(path: Path) -> Iterator[sqlite3.Connection]:
    """A throw-away copy in memory: how a file is read whose folder takes no writes, or that is damaged.

    SQLite must write beside a file to read its log. Only for a file that this process has not open:
    closing the original would drop SQLite's locks on it (sqlite.org/howtocorrupt.html, 2.2).
    """
    shm = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=shm if os.access(shm, os.W_OK) else None) as folder:
        copy = Path(folder) / "journal.db"
        shutil.copyfile(path, copy)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as db:
            db.text_factory = _text
            yield db


def _fault_of(error: Exception, path: Path) -> FaultError:
    """What an error of SQLite or of the system means."""
    if isinstance(error, FaultError):
        return error
    detail = str(error)
    if isinstance(error, OSError):
        detail = error.strerror or detail
        by_errno = {
            errno.ENOSPC: "disk_full",
            errno.EDQUOT: "disk_full",
            errno.EROFS: "disk_read_only",
            errno.EACCES: "journal_denied",
            errno.EPERM: "journal_denied",
        }
        return FaultError(by_errno.get(error.errno or 0, "disk_error"), detail)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return FaultError("journal_damaged", detail)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return FaultError("journal_busy", detail)
    if code == sqlite3.SQLITE_FULL:
        return FaultError("disk_full", detail)
    # SQLite says "cannot open" or "I/O error" for much that the folder can tell better.
    with contextlib.suppress(OSError):
        disk = os.statvfs(path.parent)
        if disk.f_flag & os.ST_RDONLY:
            return FaultError("disk_read_only", detail)
        if disk.f_bavail == 0 or disk.f_favail == 0 < disk.f_files:
            return FaultError("disk_full", detail)
        if not os.access(path.parent, os.W_OK | os.X_OK):
            return FaultError("journal_denied", detail)
        for file in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
            if file.exists() and not os.access(file, os.R_OK | os.W_OK):
                return FaultError("journal_denied", f"{detail}: {file.name} belongs to another user")
    return FaultError("disk_read_only" if code == sqlite3.SQLITE_READONLY else "disk_error", detail)


# --- writing ---------------------------------------------------------------------------------------


class Journal:
    """The record of one kiosk. All methods but `open` and `close` return at once; they belong to one thread.

    `on_answer` is called, from the journal's thread, whenever there are new answers: it wakes the loop.
    `before_sync` is called before each commit, for tests: it may sleep or raise as a disk does.
    Without a thread (`threaded=False`) a record is written where it is submitted, for replays in step.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        limits: JournalLimits | None = None,
        *,
        threaded: bool = True,
        on_answer: Callable[[], None] = lambda: None,
        before_sync: Callable[[], None] = lambda: None,
    ) -> None:
        if threaded and path == MEMORY:
            raise ValueError("a record in memory has no thread")
        self._path = path
        self._clock = clock
        self._limits = limits or JournalLimits()
        self._on_answer = on_answer
        self._before_sync = before_sync
        self.thread = WatchedThread("journal", self._run, clock)
        self._threaded = threaded
        # Shared by the two threads, under the condition's lock.
        self._changed = threading.Condition()
        self._waiting: deque[Record] = deque()
        self._in_flight = 0
        self._answers: list[Answer] = []
        self._failing: FaultError | None = None
        self._lost = 0
        self._closing = False
        self._published = START
        # The writer's own.
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._folder = -1
        self._boot = 0
        self._newest = START
        self._found: frozenset[int] = frozenset()
        self._pause_s = 0.0
        self._retry_at_s = 0.0
        self._slow: Entry | None = None
        self._slow_from_s = -math.inf
        self._since_prune = 0
        self._aging = Aging(clock)
        # What a fresh file must begin with, should this one be lost while we run.
        self._state: tuple[float, float, str] | None = None
        self._sealed_state = ""
        self._boot_due: dict[str, str] = {}
        self._counters: dict[str, int] = {}
        self._rows: dict[tuple[int, Recipient, Channel], OutboxRow] = {}

    # - for the loop -

    def open(self) -> Remembered:
        """Open or create the file, and tell what it knows. Call once, before all else.

        Takes as long as reading the whole file does. A disk that takes no writes, or a damaged file, is
        told in `faults`; only another kiosk on the same folder raises `FaultError`.
        """
        faults: list[tuple[str, str]] = []
        self._lock_folder()
        try:
            remembered = self._begin_reading(faults)
        except (sqlite3.Error, OSError, FaultError) as error:
            self._detach()
            fault = _fault_of(error, self._path)
            faults.append((fault.code, fault.detail))
            self._fail(fault, [])
            remembered = Remembered(1, None, 0.0, 0.0, (), tuple(self._counters.items()), tuple(faults))
            with contextlib.suppress(sqlite3.Error, OSError, FaultError, *_ODD), _copy(self._path) as copy:
                _check(copy, thorough=True)
                remembered = _remember(copy, _last_boot(copy) + 1, faults)
        self._boot = remembered.boot
        if remembered.state is not None:
            self._state = (remembered.mono_s, remembered.wall_s, remembered.state)
        self._counters = dict(remembered.counters)
        self._rows = {_key(row): row for row in remembered.rows}
        if self._threaded:
            self.thread.start()
        return remembered

    def _begin_reading(self, faults: list[tuple[str, str]]) -> Remembered:
        try:
            return self._read_all(self._attach(faults, thorough=True), faults)
        except _ODD as error:  # content that no reader expects, and that is not one row's alone
            self._detach()
            self._put_away(FaultError("journal_damaged", f"{type(error).__name__}: {error}"), faults)
            return self._read_all(self._attach(faults, thorough=True), faults)

    def _read_all(self, db: sqlite3.Connection, faults: list[tuple[str, str]]) -> Remembered:
        cover = Cover()
        seq = self._newest.seq - _NEAR
        near = db.execute("SELECT seq, hash FROM events WHERE seq = ?", (seq,)).fetchone()
        problem = _walk(db, Head(*near) if near else _base(db)[0], cover)[2]
        held = _held_state(db)
        if not problem and cover.state not in ("", held):
            problem = "the state was changed"
        if problem:
            faults.append(("journal_chain_broken", problem))
        self._sealed_state = cover.state or held
        self._tidy_up(db, cover, faults)
        return _remember(db, self._boot, faults)

    def _tidy_up(self, db: sqlite3.Connection, cover: Cover, faults: list[tuple[str, str]]) -> None:
        """Set aside what this version cannot understand: out of its table, into the record, and told."""
        odd: list[tuple[str, str]] = []
        head = self._newest
        with _transaction(db):
            names = ", ".join(_ROW_FIELDS)
            rows = db.execute(f"SELECT hex(recipient), hex(channel), {names} FROM outbox").fetchall()
            for recipient, channel, *values in rows:
                why = _row_of(values)
                if isinstance(why, OutboxRow):
                    continue
                row = dict(zip(_ROW_FIELDS, values, strict=True))
                key = row_key(row["number"], row["recipient"], row["channel"])
                odd.append(("record_row_odd", f"message {key}: {why}"))
                db.execute(
                    "DELETE FROM outbox WHERE number = ? AND hex(recipient) = ? AND hex(channel) = ?",
                    (row["number"], recipient, channel),
                )
                aside: dict[str, object] = {"table": "outbox", "why": why, "row": row}
                head = self._put_line(db, head, _aside(aside), carried={"rows": {key: None}})
            counters = _held_counters(db)
            for name in sorted(counters.keys() | cover.counters.keys()):
                value, least = counters.get(name, -1), cover.counters.get(name, 0)
                if least <= value <= _MOST:
                    continue
                known = min(max(_known_count(db, name), least), _MOST)
                odd.append(("record_row_odd", f"counter {name}: {value}, now {known}"))
                db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, known))
                aside = {"table": "counters", "name": name, "value": value, "now": known}
                head = self._put_line(db, head, _aside(aside), carried={"counters": {name: known}})
            base, problem = _base(db)
            if problem:
                odd.append(("record_row_odd", problem))
                db.executemany(
                    "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                    [("base_seq", str(base.seq)), ("base_hash", base.hash or START.hash)],
                )
                head = self._put_line(db, head, _aside({"table": "meta"}))
            if odd:
                self._before_sync()
        faults += odd
        self._newest = head
        with self._changed:
            self._published = head

    def submit(self, record: Record) -> None:
        """Hand over one transaction. While the disk fails it is answered `NotWritten` at once, and kept."""
        with self._changed:
            if len(self._waiting) >= max(2, self._limits.waiting):
                self._merge_oldest()
            self._waiting.append(record)
            if self._failing is not None:
                self._answers.append(NotWritten(record.sequence, self._failing.code, self._failing.detail))
            self._changed.notify()
        self._turn_inline()

    def answers(self) -> tuple[Answer, ...]:
        """What has become of the records since the last call, in the order in which it was decided.

        A record that was answered `NotWritten` is answered again, `Written`, once it is on the card; not
        after `journal_overflow` and `record_refused`, which are final.
        """
        self._turn_inline()
        with self._changed:
            taken, self._answers = tuple(self._answers), []
        return taken

    def next_wake_s(self) -> float | None:
        """Without a thread: when to ask for answers again because the disk fails. Else None."""
        return self._retry_at_s if not self._threaded and self._waiting else None

    @property
    def waiting(self) -> int:
        """Records that are not on the card yet."""
        with self._changed:
            return len(self._waiting) + self._in_flight

    @property
    def failing(self) -> FaultError | None:
        """Why records wait, None while the disk takes them."""
        return self._failing

    def head(self) -> Head:
        """The newest line of the chain that is on the card."""
        with self._changed:
            return self._published

    def close(self, timeout_s: float) -> bool:
        """Write what waits, at most for `timeout_s`; True when everything is on the card."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if not self._threaded:
            self._retry_at_s = 0.0
            self._turn_inline()
            self._finish()
        elif not self.thread.join(timeout_s):
            return False
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1
        return not self._waiting

    # - the writer -

    def _turn_inline(self) -> None:
        while not self._threaded and self._waiting and self._clock.now_s() >= self._retry_at_s:
            self._turn()

    def _run(self) -> None:
        while True:
            self.thread.rest()
            with self._changed:
                if self._failing is not None:
                    self._changed.wait_for(lambda: self._closing, self._pause_s)
                else:
                    self._changed.wait_for(lambda: self._closing or bool(self._waiting))
                closing = self._closing
            self.thread.beat()
            self._turn()
            if closing and (not self._waiting or self._failing is not None):
                self._finish()
                return

    def _finish(self) -> None:
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._detach()

    def _turn(self) -> None:
        """Write one batch, or learn why not. Never raises: this is where the disk's faults end."""
        with self._changed:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._in_flight = len(batch)
            lost = self._lost
        try:
            db = self._db
            if db is None or self._moved():
                self._detach()
                db = self._attach([])
            answers = self._write(db, batch, lost)
        except Exception as error:
            fault = _fault_of(error, self._path)
            # After an error SQLite's own view is not to be trusted: the next try is a fresh connection's.
            self._detach()
            self._fail(fault, batch)
        except BaseException:  # this thread dies of it: the next one finds the batch where it was
            self._detach()
            with self._changed:
                self._in_flight = 0
                self._waiting.extendleft(reversed(batch))
            raise
        else:
            with self._changed:
                self._failing = None
                self._pause_s = self._retry_at_s = 0.0
                self._in_flight = 0
                self._lost -= lost
                self._published = self._newest
                self._answers.extend(answers)
            self._keep_small()
        if batch:
            self._on_answer()

    def _fail(self, fault: FaultError, batch: Sequence[Record]) -> None:
        with self._changed:
            if self._failing is None:
                # Records that come while the disk is known to fail get this answer from `submit`.
                for record in (*batch, *self._waiting):
                    self._answers.append(NotWritten(record.sequence, fault.code, fault.detail))
            self._failing = fault
            self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LAST_PAUSE_S)
            self._retry_at_s = self._clock.now_s() + self._pause_s
            self._in_flight = 0
            self._waiting.extendleft(reversed(batch))

    def _merge_oldest(self) -> None:
        """Make room: the two oldest become one that loses the first's lines, but nothing the future needs."""
        first, second = self._waiting.popleft(), self._waiting.popleft()
        rows = {_key(row): row for row in (*first.rows, *second.rows)}
        self._waiting.appendleft(
            Record(
                second.sequence,
                second.mono_s,
                second.wall_s,
                second.entries,
                first.state if second.state is None else second.state,
                tuple(rows.values()),
                tuple(_highest((*first.counters, *second.counters)).items()),
            )
        )
        self._lost += len(first.entries)
        self._answers.append(
            NotWritten(first.sequence, "journal_overflow", f"{len(first.entries)} lines lost")
        )

    def _write(self, db: sqlite3.Connection, batch: Sequence[Record], lost: int) -> list[Answer]:
        if not batch and not lost:
            return []
        answers: list[Answer] = []
        written: list[Record] = []
        head = self._newest
        slow = self._slow
        with _transaction(db):
            if lost:
                head = self._put_line(db, head, self._note("records_lost", {"lines": lost}))
            if slow:
                head = self._put_line(db, head, slow)
            for record in batch:
                db.execute("SAVEPOINT one")
                try:
                    head = self._put(db, head, record)
                except (*_RECORDS_OWN_FAULT,) as error:
                    # A record that no disk would take must not keep the others waiting for ever.
                    db.execute("ROLLBACK TO one")
                    answers.append(NotWritten(record.sequence, "record_refused", type(error).__name__))
                else:
                    answers.append(Written(record.sequence))
                    written.append(record)
                db.execute("RELEASE one")
            began_s = self._clock.now_s()
            self._before_sync()
        took_s = self._clock.now_s() - began_s
        self._slow = None
        if took_s >= _SLOW_S and began_s >= self._slow_from_s:
            # The line about it goes along with the next record: it must not cost a sync of its own.
            self._slow = Entry("fault", "disk_slow", 0, json.dumps({"took_s": round(took_s, 1)}))
            self._slow_from_s = began_s + _SLOW_EVERY_S
        self._newest = head
        self._found = frozenset()
        if written:
            self._boot_due = {}
        for record in written:
            self._mirror(record)
        return answers

    def _put(self, db: sqlite3.Connection, head: Head, record: Record) -> Head:
        # A commit that failed late may be found on the card by the next connection: all of it is there.
        if record.sequence in self._found:
            return head
        carried: dict[str, object] = {"rows": _carried_rows(record.rows), "counters": dict(record.counters)}
        if record.state is not None:
            kept = (self._boot, float(record.mono_s), float(record.wall_s), record.state)
            carried["state"] = _state_digest(*kept)
            db.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?)", kept)
        risen = [(name, value) for name, value in record.counters if self._counters.get(name, -1) < value]
        _put_counters(db, risen)
        *entries, last = record.entries or (Entry("note", "checkpoint", 0),)
        for entry in entries:
            head = self._put_line(db, head, entry, record)
        if record.entries or packed(carried):
            head = self._put_line(db, head, last, record, carried)
        _put_rows(db, record.rows, head.seq)
        return head

    def _put_line(
        self,
        db: sqlite3.Connection,
        head: Head,
        entry: Entry,
        record: Record | None = None,
        carried: Mapping[str, object] | None = None,
    ) -> Head:
        """One more line of the chain; without a record it is the journal's own, record 0."""
        line = (
            head.seq + 1,
            self._boot,
            record.sequence if record else 0,
            float(record.mono_s if record else self._clock.now_s()),
            float(record.wall_s if record else self._clock.wall_s()),
            entry.incident,
            str(entry.kind),
            str(entry.name),
            entry.data,
        )
        what = packed({**carried, "boots": self._boot_due}) if carried else ""
        return _put_chained(db, head, line, what)

    @staticmethod
    def _note(name: str, data: dict[str, object]) -> Entry:
        return Entry("note", name, 0, json.dumps(data, separators=(",", ":")))

    def _mirror(self, record: Record) -> None:
        if record.state is not None:
            self._state = (record.mono_s, record.wall_s, record.state)
            self._sealed_state = _state_digest(self._boot, *self._state)
        self._counters = _highest((*self._counters.items(), *record.counters))
        for row in record.rows:
            if row.state in _OPEN_STATES:
                self._rows[_key(row)] = row
            else:
                self._rows.pop(_key(row), None)

    # - opening and keeping the file -

    def _lock_folder(self) -> None:
        """One kiosk to a folder. The lock is on the folder itself: that needs no writing."""
        if self._path == MEMORY:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(self._folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._folder)
            self._folder = -1
            raise FaultError("kiosk_running", str(self._path.parent)) from None
        except OSError:
            return  # whatever it is, opening the file says it better

    def _attach(self, faults: list[tuple[str, str]], *, thorough: bool = False) -> sqlite3.Connection:
        """Open the file; one that is damaged or not ours is set aside and a fresh one begun."""
        earlier = thorough and not faults and _earlier(self._path)
        try:
            db = self._connect(thorough)
        except (sqlite3.DatabaseError, FaultError) as error:
            fault = _fault_of(error, self._path)
            if fault.code not in ("journal_damaged", "journal_newer"):
                raise
            self._detach()
            aside = self._put_away(fault, faults)
            db = self._connect(thorough)
            self._begin(db, Entry("fault", fault.code, 0, json.dumps({"kept_as": aside})))
        else:
            if earlier and not _knows(db):  # a first start finds no file
                faults.append(("state_unreadable", "the record was emptied"))
            self._begin(db, None)
        return db

    def _put_away(self, fault: FaultError, faults: list[tuple[str, str]]) -> str:
        """Set the whole file aside, but for its counters; its new name."""
        self._counters = _highest((*self._counters.items(), *_salvaged_counters(self._path)))
        aside = _set_aside(self._path).name
        faults.append((fault.code, f"{fault.detail}; kept as {aside}"))
        return aside

    def _connect(self, thorough: bool) -> sqlite3.Connection:
        if self._path != MEMORY:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its log and index the rights of the file.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(self._path, timeout=1.0, isolation_level=None, check_same_thread=False)
        self._db = db
        db.text_factory = _text
        _check(db, thorough)  # before anything is changed: it may not be ours
        mode = db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal" and self._path != MEMORY:
            raise FaultError("disk_error", f"no write-ahead log on this file system ({mode})")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        db.execute(f"PRAGMA journal_size_limit = {_WAL_PAGES * 4096}")
        _migrate(db)
        self._newest = _head(db)
        found = db.execute(
            "SELECT record FROM events WHERE seq > ? AND boot = ? AND record > 0",
            (self._newest.seq - 4000, self._boot),
        )
        self._found = frozenset(row[0] for row in found)
        self._inode = 0 if self._path == MEMORY else self._path.stat().st_ino
        return db

    def _begin(self, db: sqlite3.Connection, first: Entry | None) -> None:
        """Write down this boot, once a file; and in a fresh file what the lost one knew."""
        known = _last_boot(db)
        if self._boot and known >= self._boot:
            return
        boot = max(self._boot, known + 1)
        head = self._newest
        self._boot = boot
        times = (float(self._clock.now_s()), float(self._clock.wall_s()))
        with _transaction(db):
            db.execute("INSERT INTO boots VALUES (?, ?, ?)", (boot, *times))
            self._boot_due = {str(boot): digest(times)}
            if not known:
                head = self._begin_file(db, head, first)
            self._before_sync()
        self._newest = head
        with self._changed:
            self._published = head

    def _begin_file(self, db: sqlite3.Connection, head: Head, first: Entry | None) -> Head:
        """What the lost file knew, and the line that carries it."""
        rows = self._rows.values()
        carried: dict[str, object] = {"counters": self._counters, "rows": _carried_rows(rows)}
        if self._state is not None:
            carried["state"] = self._sealed_state = _state_digest(self._boot, *self._state)
            db.execute("INSERT INTO state VALUES (1, ?, ?, ?, ?)", (self._boot, *self._state))
        _put_counters(db, self._counters.items())
        if first is None and packed(carried):
            first = Entry("note", "record_lost", 0)
        if first is not None:
            head = self._put_line(db, head, first, carried=carried)
        _put_rows(db, rows, head.seq)
        return head

    def _moved(self) -> bool:
        """Whether somebody took the file away: SQLite would go on writing into nothing."""
        if self._path == MEMORY:
            return False
        try:
            return self._path.stat().st_ino != self._inode
        except FileNotFoundError:
            return True

    def _detach(self) -> None:
        if self._db is not None:
            with contextlib.suppress(sqlite3.Error):
                self._db.close()
            self._db = None

    def _keep_small(self) -> None:
        """Now and then, when nothing waits: remove the oldest lines beyond the limits."""
        self._since_prune += 1
        db = self._db
        if self._since_prune < _PRUNE_EVERY or self._waiting or db is None:
            return
        try:
            more = self._prune(db)
        except Exception:  # the next record meets the same disk, and says so
            self._detach()
            more = False
        self._since_prune = _PRUNE_EVERY - 1 if more else 0

    def _prune(self, db: sqlite3.Connection) -> bool:
        """Remove some of the oldest lines, by age and by size; True when there is more to remove."""
        base, newest = _base(db)[0], self._newest
        cutoff_wall_s = self._clock.wall_s() - self._limits.keep_days * 86400
        young = db.execute("SELECT seq FROM events WHERE wall_s >= ? ORDER BY seq LIMIT 1", (cutoff_wall_s,))
        first_young = (young.fetchone() or (newest.seq,))[0]
        wanted = 0
        if self._aging.believed():
            # One old line stays: it shows to `verify` that age alone took those before it.
            wanted = min(first_young - 2, newest.seq - _KEEP_ROWS)
        limit_bytes = self._limits.keep_mb * 1e6
        if _used_bytes(db) > limit_bytes:
            # A quarter at most: that much of the size still shows afterwards.
            wanted = max(wanted, base.seq + min(_PRUNE_ROWS, (newest.seq - base.seq) // 4))
        through = min(wanted, base.seq + _PRUNE_ROWS, newest.seq - 1)
        if through <= base.seq:
            return False
        cut = Head(through, db.execute("SELECT hash FROM events WHERE seq = ?", (through,)).fetchone()[0])
        with _transaction(db):
            db.execute("DELETE FROM events WHERE seq <= ?", (cut.seq,))
            db.execute("DELETE FROM carried WHERE seq <= ?", (cut.seq,))
            db.executemany(
                "UPDATE meta SET value = ? WHERE name = ?",
                [(str(cut.seq), "base_seq"), (cut.hash, "base_hash")],
            )
            # Messages that are done go with the line that carries them; the others get a new one.
            db.execute("DELETE FROM outbox WHERE line <= ?", (cut.seq,))
            there = set(db.execute("SELECT number, recipient, channel FROM outbox"))
            again = [row for key, row in self._rows.items() if key not in there]
            carried: dict[str, object] = {
                "state": self._sealed_state,
                "counters": self._counters,
                "rows": _carried_rows(again),
            }
            # The chain itself says where it was cut.
            note = self._note("record_pruned", {"through": cut.seq, "hash": cut.hash})
            head = self._put_line(db, newest, note, carried=carried)
            _put_rows(db, again, head.seq)
            self._before_sync()
        self._newest = head
        with self._changed:
            self._published = head
        return wanted > through or _used_bytes(db) > limit_bytes


_RECORDS_OWN_FAULT: Final = (
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
    ArithmeticError,
    TypeError,
    ValueError,
)
"""What SQLite and the hashing raise for content that can never be written, such as NaN for a time."""


_ODD: Final = (LookupError, ValueError, TypeError, ArithmeticError)
"""What a reader may raise that meets content which nobody expects."""


def _aside(content: Mapping[str, object]) -> Entry:
    return Entry("fault", "record_row_odd", 0, json.dumps(content, separators=(",", ":")))


def _known_count(db: sqlite3.Connection, name: str) -> int:
    """What the rest of the record says of a counter that cannot be believed."""
    ask = {
        "incident": "SELECT max(incident) FROM events WHERE incident BETWEEN 0 AND ?",
        "number": "SELECT max(number) FROM outbox WHERE number BETWEEN 0 AND ?",
    }.get(name)
    return int(db.execute(ask, (_MOST,)).fetchone()[0] or 0) if ask else 0


def _key(row: OutboxRow) -> tuple[int, Recipient, Channel]:
    return row.number, row.recipient, row.channel


def _highest(counters: Iterable[tuple[str, int]]) -> dict[str, int]:
    highest: dict[str, int] = {}
    for name, value in counters:
        highest[name] = max(value, highest.get(name, value))
    return highest


def _put_counters(db: sqlite3.Connection, counters: Iterable[tuple[str, int]]) -> None:
    db.executemany(
        "INSERT INTO counters VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        counters,
    )


def _used_bytes(db: sqlite3.Connection) -> int:
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _salvaged_counters(path: Path) -> list[tuple[str, int]]:
    """The counters of a damaged file, as far as they can be read: numbers in use must not come again."""
    with contextlib.suppress(sqlite3.Error, OSError), _copy(path) as db:
        found = db.execute("SELECT name, value FROM counters").fetchall()
        return [(name, value) for name, value in found if isinstance(name, str) and isinstance(value, int)]
    return []


def _earlier(path: Path) -> bool:
    """Whether a record was kept here before: it, its log, or one that was set aside."""
    return path != MEMORY and any(path.parent.glob(f"{glob.escape(path.name)}*"))


def _set_aside(path: Path) -> Path:
    """Rename the file and its log to `NAME.damaged-N`, under which SQLite still finds them together."""
    number = 1
    while any(Path(f"{path}.damaged-{number}{end}").exists() for end in ("", "-wal")):
        number += 1
    aside = Path(f"{path}.damaged-{number}")
    # The file last: a log left alone beside a fresh file would be thrown away by SQLite.
    for end in ("-shm", "-wal", ""):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{end}").rename(f"{aside}{end}")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside


# --- reading ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The file for reading, also while a kiosk writes it. Raises `FaultError`."""
    if not path.exists():
        raise FaultError("journal_missing", str(path))
    try:
        with contextlib.ExitStack() as stack:
            writable = os.access(path.parent, os.W_OK) and not os.statvfs(path.parent).f_flag & os.ST_RDONLY
            # A running kiosk's own index serves a reader that may not write one (sqlite.org/wal.html, 5).
            if writable or Path(f"{path}-shm").exists():
                uri = f"{path.absolute().as_uri()}?mode=ro"
                db = stack.enter_context(
                    contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None))
                )
            else:
                db = stack.enter_context(_copy(path))
            db.text_factory = _text
            # One snapshot for all that is read; the writer goes on beside it.
            db.execute("BEGIN")
            if int(db.execute("PRAGMA application_id").fetchone()[0]) != _APPLICATION_ID:
                raise FaultError("journal_damaged", "it is not a record of this program")
            yield db
    except (sqlite3.Error, OSError) as error:
        raise _fault_of(error, path) from error


def lines(
    path: Path, *, since_wall_s: float | None = None, incident: int | None = None, after_seq: int = 0
) -> Iterator[Line]:
    """The lines of the record, oldest first. Raises `FaultError` while it is read.

    Read in pieces: a reader who pauses in the middle must not keep the kiosk's log from being folded in.
    """
    while True:
        with _reading(path) as db:
            found = db.execute(
                "SELECT * FROM events WHERE seq > ?1 AND (?2 IS NULL OR wall_s >= ?2)"
                " AND (?3 IS NULL OR incident = ?3) ORDER BY seq LIMIT ?4",
                (after_seq, since_wall_s, incident, _READ_ROWS),
            ).fetchall()
        for row in found:
            yield Line(*row)
        if len(found) < _READ_ROWS:
            return
        after_seq = found[-1][0]


@dataclass(frozen=True, slots=True)
class Newest:
    """The end of the record: its head, its last lines and its last messages, newest first."""

    head: Head
    lines: tuple[Line, ...]
    messages: tuple[OutboxRow, ...]


def newest(path: Path, line_count: int, message_count: int) -> Newest:
    """The end of the record, in one short read. Raises `FaultError`."""
    with _reading(path) as db:
        found = db.execute("SELECT * FROM events ORDER BY seq DESC LIMIT ?", (line_count,)).fetchall()
        rows = _rows(db, newest=message_count)
        return Newest(_head(db), tuple(Line(*row) for row in found), rows[::-1])


def recall(path: Path) -> Remembered:
    """What the record knows now, read without opening it for writing; `boot` is the last one."""
    with _reading(path) as db:
        return _remember(db, _last_boot(db))


def outbox(path: Path) -> tuple[OutboxRow, ...]:
    """Every message that is still in the record, done or not, oldest first."""
    with _reading(path) as db:
        return _rows(db)


def verify(path: Path, sent: Head | None = None, limits: JournalLimits | None = None) -> VerifyResult:
    """Follow the whole chain; `sent` is a head that was sent elsewhere and must still be in it.

    Tells a line changed, removed or added; a state, counter, message or start that is not what the lines
    carry; and first lines removed that neither age nor size (`limits`) asked for. With `sent` also a record
    whose hashes were made anew, or an older copy of it. Raises `FaultError` where the file cannot be read.
    """
    limits = limits or JournalLimits()
    with _reading(path) as db:
        base, problem = _base(db)
        cover = Cover()
        count, head, broken = _walk(db, base, cover)
        problem = problem or broken
        if not problem and not count and not base.seq and db.execute("SELECT 1 FROM counters").fetchone():
            problem = "every line was removed"
        problem = problem or _sent_problem(db, base, sent)
        problem = problem or _cut_problem(db, base, head, sent, limits)
        if not problem and _is_covered(db):
            problem = cover.problem(
                _held_state(db), _held_counters(db), _row_digests(db), _held_boots(db)
            ) or _added_problem(db)
    return VerifyResult(not problem, count, base.seq, head, problem)


def _sent_problem(db: sqlite3.Connection, base: Head, sent: Head | None) -> str:
    """Whether the line that was sent out is in the record, as it was."""
    if sent is None:
        return ""
    found = db.execute("SELECT hash FROM events WHERE seq = ?", (sent.seq,)).fetchone()
    if sent.seq == base.seq:
        found = (base.hash,)
    if found is None and sent.seq < base.seq:
        return (
            f"line {sent.seq}, which was sent out, is not kept any more: compare a head that was sent later"
        )
    if found is None:
        return f"line {sent.seq}, which was sent out, is missing"
    return "" if sent.is_of(found[0]) else f"line {sent.seq} is not the one that was sent out"


def _cut_problem(
    db: sqlite3.Connection, base: Head, head: Head, sent: Head | None, limits: JournalLimits
) -> str:
    """Whether the lines before the oldest went as the program removes them, or a head vouches for it."""
    if not base.seq:
        return ""
    noted_seq, through, hash_, wall_s = _last_prune(db) or (0, 0, "", 0.0)
    if (through, hash_) != (base.seq, base.hash):
        return f"lines after {through} were removed"
    if sent is not None and sent.seq >= noted_seq:
        return ""
    oldest = db.execute("SELECT wall_s FROM events WHERE seq = ?", (base.seq + 1,)).fetchone()
    by_age = (
        oldest is not None
        and oldest[0] < wall_s - limits.keep_days * 86400
        and noted_seq - base.seq > _KEEP_ROWS
        and wall_s < time.time() + 86400  # a note that somebody dated ahead
    )
    if by_age or _used_bytes(db) > 0.5 * limits.keep_mb * 1e6:
        return ""
    return (
        f"lines up to {base.seq} were removed, which neither their age nor the size of the record asked for"
    )


def _added_problem(db: sqlite3.Connection) -> str:
    """Whether the file holds anything that the program does not make."""
    names = db.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name")
    added = [name for (name,) in names if name not in _TABLES]
    return f"{added[0]!r} was added to the file" if added else ""
