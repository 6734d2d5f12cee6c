"""The record: one SQLite file that keeps every transaction it has answered `Written`, through any power cut.

The loop hands over a `Record` and goes on; a thread of the journal's own writes whatever waits in one
synced transaction and answers each record. A disk that is full, read-only, slow or gone makes answers
`NotWritten` with a fault code, never an exception: what waits is kept in memory and tried again. Events are
chained by their hashes; pruning leaves the chain's head behind, so `verify` holds for what remains.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import math
import os
import shutil
import sqlite3
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Final

from edge.faults import FaultError
from edge.record import (
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

_READ_ROWS: Final = 5000

_SLOW_S: Final = 1.0
_SLOW_EVERY_S: Final = 3600.0
"""A sync that takes longer is a fault; it is written down once in so long."""

_BATCH: Final = 200
_FIRST_PAUSE_S: Final = 0.25
_LAST_PAUSE_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Head:
    """The newest line of the chain: with it, sent elsewhere, nobody can cut the record short unseen."""

    seq: int
    hash: str


_START: Final = Head(0, "0" * 64)


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
        f"INSERT INTO meta VALUES ('base_seq', '0'), ('base_hash', '{_START.hash}')",
        f"PRAGMA application_id = {_APPLICATION_ID}",
    ):
        db.execute(statement)


def _awaited_reports(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE outbox ADD COLUMN awaited TEXT NOT NULL DEFAULT ''")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (_first_schema, _awaited_reports)
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


def _walk(db: sqlite3.Connection, after: Head) -> tuple[int, Head, str]:
    """Follow the chain from a line that is trusted: lines that fit, the last of them, what does not fit."""
    lines = 0
    for *line, chained in db.execute("SELECT * FROM events WHERE seq > ? ORDER BY seq", (after.seq,)):
        if line[0] != after.seq + 1:
            return lines, after, f"line {after.seq + 1} is missing"
        if chained != _chained(after.hash, line):
            return lines, after, f"line {line[0]} was changed"
        after = Head(line[0], chained)
        lines += 1
    return lines, after, ""


def _head(db: sqlite3.Connection) -> Head:
    row = db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(*row) if row else _base(db)


def _base(db: sqlite3.Connection) -> Head:
    """The line before the oldest that is kept."""
    meta = dict(db.execute("SELECT name, value FROM meta"))
    return Head(int(meta["base_seq"]), meta["base_hash"])


def _chained(before: str, line: Sequence[object]) -> str:
    """The hash of a line: SHA-256 over the hash before it and the line (all but its hash) as a JSON array."""
    return hashlib.sha256((before + json.dumps(line, separators=(",", ":"))).encode()).hexdigest()


_ROW_FIELDS: Final = tuple(field.name for field in fields(OutboxRow))
_PUT_ROW: Final = (
    f"INSERT OR REPLACE INTO outbox ({', '.join(_ROW_FIELDS)}) VALUES ({', '.join('?' * len(_ROW_FIELDS))})"
)
_OPEN_STATES: Final = (RowState.QUEUED, RowState.SENDING)


def _rows(
    db: sqlite3.Connection, *, undone_at: float | None = None, newest: int = -1
) -> tuple[OutboxRow, ...]:
    """The rows of the outbox, oldest first: all, or those not done at that time; of these the `newest`."""
    where = ""
    since: tuple[float, ...] = ()
    if undone_at is not None:
        where = (
            f" WHERE state IN ({', '.join(repr(str(s)) for s in _OPEN_STATES)})"
            f" OR (state = '{RowState.ACCEPTED}' AND awaited != '' AND created_wall_s + ttl_s > ?)"
        )
        since = (undone_at - REPORT_LATE_S,)
    found = []
    names = ", ".join(_ROW_FIELDS)
    last = f"{names} FROM outbox{where} ORDER BY number DESC, recipient DESC, channel DESC LIMIT {newest:d}"
    for values in db.execute(f"SELECT * FROM (SELECT {last}) ORDER BY number, recipient, channel", since):
        content = dict(zip(_ROW_FIELDS, values, strict=True))
        content["recipient"] = Recipient(content["recipient"])
        content["channel"] = Channel(content["channel"])
        content["state"] = RowState(content["state"])
        found.append(OutboxRow(**content))
    return tuple(found)


def _remember(db: sqlite3.Connection, boot: int, faults: Iterable[tuple[str, str]] = ()) -> Remembered:
    """What the file knows. The times are those of its newest record, with or without a state in it."""
    state = db.execute("SELECT state, boot, mono_s, wall_s FROM state").fetchone()
    times = [tuple(state[1:])] if state else []
    last = db.execute("SELECT boot, mono_s, wall_s FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    if last:
        times.append(tuple(last))
    _, mono_s, wall_s = max(times, default=(0, 0.0, 0.0))
    counters = tuple(sorted(db.execute("SELECT name, value FROM counters")))
    rows = _rows(db, undone_at=wall_s)
    return Remembered(boot, state[0] if state else None, mono_s, wall_s, rows, counters, tuple(faults))


def _last_boot(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(boot), 0) FROM boots").fetchone()[0])


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
        self._published = _START
        # The writer's own.
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._folder = -1
        self._boot = 0
        self._newest = _START
        self._found: frozenset[int] = frozenset()
        self._pause_s = 0.0
        self._retry_at_s = 0.0
        self._slow: Entry | None = None
        self._slow_from_s = -math.inf
        self._since_prune = 0
        # What a fresh file must begin with, should this one be lost while we run.
        self._state: tuple[float, float, str] | None = None
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
            db = self._attach(faults, thorough=True)
            base = _base(db)
            near = db.execute(
                "SELECT seq, hash FROM events WHERE seq = ?", (self._newest.seq - 200,)
            ).fetchone()
            problem = _walk(db, Head(*near) if near else base)[2]
            if problem:
                faults.append(("journal_chain_broken", problem))
            remembered = _remember(db, self._boot, faults)
        except (sqlite3.Error, OSError, FaultError) as error:
            self._detach()
            fault = _fault_of(error, self._path)
            faults.append((fault.code, fault.detail))
            self._fail(fault, [])
            remembered = Remembered(1, None, 0.0, 0.0, (), tuple(self._counters.items()), tuple(faults))
            with contextlib.suppress(sqlite3.Error, OSError, FaultError), _copy(self._path) as copy:
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
        for record in written:
            self._mirror(record)
        return answers

    def _put(self, db: sqlite3.Connection, head: Head, record: Record) -> Head:
        # A commit that failed late may be found on the card by the next connection: its lines stay single.
        if record.sequence not in self._found:
            for entry in record.entries:
                head = self._put_line(db, head, entry, record)
        if record.state is not None:
            db.execute(
                "INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?)",
                (self._boot, record.mono_s, record.wall_s, record.state),
            )
        _put_counters(db, record.counters)
        db.executemany(_PUT_ROW, (astuple(row) for row in record.rows))
        return head

    def _put_line(
        self, db: sqlite3.Connection, head: Head, entry: Entry, record: Record | None = None
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
        chained = _chained(head.hash, line)
        db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*line, chained))
        return Head(head.seq + 1, chained)

    @staticmethod
    def _note(name: str, data: dict[str, object]) -> Entry:
        return Entry("note", name, 0, json.dumps(data, separators=(",", ":")))

    def _mirror(self, record: Record) -> None:
        if record.state is not None:
            self._state = (record.mono_s, record.wall_s, record.state)
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
        try:
            db = self._connect(thorough)
        except (sqlite3.DatabaseError, FaultError) as error:
            fault = _fault_of(error, self._path)
            if fault.code not in ("journal_damaged", "journal_newer"):
                raise
            self._detach()
            self._counters = _highest((*self._counters.items(), *_salvaged_counters(self._path)))
            aside = _set_aside(self._path)
            faults.append((fault.code, f"{fault.detail}; kept as {aside.name}"))
            db = self._connect(thorough)
            self._begin(db, Entry("fault", fault.code, 0, json.dumps({"kept_as": aside.name})))
        else:
            self._begin(db, None)
        return db

    def _connect(self, thorough: bool) -> sqlite3.Connection:
        if self._path != MEMORY:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its log and index the rights of the file.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        db = sqlite3.connect(self._path, timeout=1.0, isolation_level=None, check_same_thread=False)
        self._db = db
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
        with _transaction(db):
            db.execute(
                "INSERT INTO boots VALUES (?, ?, ?)", (boot, self._clock.now_s(), self._clock.wall_s())
            )
            if first is not None:
                head = self._put_line(db, head, first)
            if not known:
                if self._state is not None:
                    db.execute("INSERT INTO state VALUES (1, ?, ?, ?, ?)", (boot, *self._state))
                _put_counters(db, self._counters.items())
                db.executemany(_PUT_ROW, (astuple(row) for row in self._rows.values()))
            self._before_sync()
        self._newest = head
        with self._changed:
            self._published = head

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
        base, newest = _base(db), self._newest
        cutoff_wall_s = self._clock.wall_s() - self._limits.keep_days * 86400
        young = db.execute("SELECT seq FROM events WHERE wall_s >= ? ORDER BY seq LIMIT 1", (cutoff_wall_s,))
        first_young = (young.fetchone() or (newest.seq,))[0]
        wanted = min(first_young - 1, newest.seq - _KEEP_ROWS)
        limit_bytes = self._limits.keep_mb * 1e6
        if _used_bytes(db) > limit_bytes:
            wanted = max(wanted, base.seq + _PRUNE_ROWS)
        through = min(wanted, base.seq + _PRUNE_ROWS, newest.seq - 1)
        if through <= base.seq:
            return False
        cut = Head(through, db.execute("SELECT hash FROM events WHERE seq = ?", (through,)).fetchone()[0])
        with _transaction(db):
            db.execute("DELETE FROM events WHERE seq <= ?", (cut.seq,))
            db.executemany(
                "UPDATE meta SET value = ? WHERE name = ?",
                [(str(cut.seq), "base_seq"), (cut.hash, "base_hash")],
            )
            # Messages that are done go with the lines of their time.
            db.execute(
                "DELETE FROM outbox WHERE created_wall_s < ? AND state NOT IN (?, ?)",
                (cutoff_wall_s, *_OPEN_STATES),
            )
            # The chain itself says where it was cut.
            head = self._put_line(
                db, newest, self._note("record_pruned", {"through": cut.seq, "hash": cut.hash})
            )
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


def verify(path: Path, sent: Head | None = None) -> VerifyResult:
    """Follow the whole chain; `sent` is a head that was sent elsewhere and must still be in it.

    Tells a line changed, removed from the middle or added; with `sent` also an end that was cut off or a
    record that was made anew. Raises `FaultError` where the file cannot be read at all.
    """
    with _reading(path) as db:
        base = _base(db)
        count, head, problem = _walk(db, base)
        noted = db.execute(
            "SELECT data FROM events WHERE kind = 'note' AND name = 'record_pruned' ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        if not problem and not count and not base.seq and db.execute("SELECT 1 FROM counters").fetchone():
            problem = "every line was removed"
        if not problem and base.seq:
            said = json.loads(noted[0]) if noted else {"through": 0, "hash": ""}
            if (said["through"], said["hash"]) != (base.seq, base.hash):
                problem = f"lines after {said['through']} were removed"
        if not problem and sent is not None and sent.seq > base.seq:
            found = db.execute("SELECT hash FROM events WHERE seq = ?", (sent.seq,)).fetchone()
            if found is None:
                problem = f"line {sent.seq}, which was sent out, is missing"
            elif found[0] != sent.hash:
                problem = f"line {sent.seq} is not the one that was sent out"
    return VerifyResult(not problem, count, base.seq, head, problem)
