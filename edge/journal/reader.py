"""Reads the record while a kiosk writes it or none does, and proves that nobody has changed it."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edge.faults.fault import FaultError
from edge.journal import tables
from edge.journal.chain import Cover, Head
from edge.journal.file import copied, fault_of
from edge.journal.held import holds_in, stayed_problem
from edge.journal.limits import JournalLimits
from edge.journal.owners import owner_digests, owners
from edge.journal.rows import row_digests, rows
from edge.journal.schema import NOT_OURS, TABLES, is_ours
from edge.journal.tables import LATEST_WALL_S, MOST, plain_text
from edge.terms.record import OutboxRow, Remembered


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
class Newest:
    """The end of the record: its head, its last lines and its last messages, newest first."""

    head: Head
    lines: tuple[Line, ...]
    messages: tuple[OutboxRow, ...]


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
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
                db = stack.enter_context(copied(path))
            db.text_factory = plain_text
            # One snapshot for all that is read; the writer goes on beside it.
            db.execute("BEGIN")
            if not is_ours(db):
                raise FaultError("journal_damaged", NOT_OURS)
            yield db
    except (sqlite3.Error, OSError) as error:
        raise fault_of(error, path) from error


def lines(
    path: Path,
    *,
    since_wall_s: float | None = None,
    incident: int | None = None,
    after_seq: int = 0,
    piece: int = 5000,
) -> Iterator[Line]:
    """The lines of the record, oldest first. Raises `FaultError` while it is read.

    Read in pieces: a reader who pauses in the middle must not keep the kiosk's log from being folded in.
    """
    while True:
        with reading(path) as db:
            found = db.execute(
                "SELECT * FROM events WHERE seq > :after AND (:since IS NULL OR wall_s >= :since)"
                " AND (:incident IS NULL OR incident = :incident) ORDER BY seq LIMIT :piece",
                {"after": after_seq, "since": since_wall_s, "incident": incident, "piece": piece},
            ).fetchall()
        for row in found:
            line = Line(*row)
            after_seq = line.seq
            yield line
        if len(found) < piece:
            return


def newest(path: Path, line_count: int, message_count: int) -> Newest:
    """The end of the record, in one short read. Raises `FaultError`."""
    with reading(path) as db:
        found = db.execute("SELECT * FROM events ORDER BY seq DESC LIMIT ?", (line_count,)).fetchall()
        messages = rows(db, newest=message_count)
        return Newest(tables.newest_head(db), tuple(Line(*row) for row in found), messages[::-1])


def recall(path: Path) -> Remembered:
    """What the record knows now, read without opening it for writing; `boot` is the last one."""
    with reading(path) as db:
        return remember(db, tables.last_boot(db))


def outbox(path: Path) -> tuple[OutboxRow, ...]:
    """Every message that is still in the record, done or not, oldest first."""
    with reading(path) as db:
        return rows(db)


def remember(db: sqlite3.Connection, boot: int, faults: Iterable[tuple[str, str]] = ()) -> Remembered:
    """What the file knows. The times are those of the newest record of the state's own start."""
    faults = list(faults)
    state: str | None = None
    times = (0, 0.0, 0.0)
    kept = db.execute("SELECT state, boot, mono_s, wall_s FROM state").fetchone()
    if kept:
        words, of_boot, mono_s, wall_s = kept
        if math.isfinite(mono_s) and 0 <= wall_s <= LATEST_WALL_S:
            state, times = words, (of_boot, mono_s, wall_s)
        else:
            faults.append(("state_unreadable", "its times cannot be"))
    last = db.execute("SELECT boot, mono_s, wall_s FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    if last:
        last_boot, mono_s, wall_s = last
        of_boot, *_ = times
        # A line of a later start without a state is on another clock.
        if (state is None or last_boot == of_boot) and math.isfinite(mono_s) and math.isfinite(wall_s):
            times = max(times, (last_boot, mono_s, wall_s))
    _, mono_s, wall_s = times
    counters = tuple(
        (name, value)
        for name, value in sorted(db.execute("SELECT name, value FROM counters"))
        if 0 <= value <= MOST
    )
    undone = rows(db, undone_at=wall_s)
    # A reader may look at a file of an earlier version before a kiosk has brought it to that of today.
    accounts = owners(db) if tables.holds(db, "owners") else ()
    said = holds_in(db)
    return Remembered(
        boot, state, mono_s, wall_s, undone, counters, tuple(faults), accounts, said.holds, said.freed
    )


# --- proof -----------------------------------------------------------------------------------------


def verify(path: Path, sent: Head | None = None, limits: JournalLimits | None = None) -> VerifyResult:
    """Follow the whole chain; `sent` is a head that was sent elsewhere and must still be in it.

    Tells a line changed, removed or added; a state, counter, message or start that is not what the lines
    carry; and first lines removed that neither age nor size (`limits`) asked for. With `sent` also a record
    whose hashes were made again, or an older copy of it. Raises `FaultError` where the file cannot be read.
    """
    limits = limits or JournalLimits()
    with reading(path) as db:
        base = tables.base(db)
        cover = Cover()
        walked = tables.walk(db, base.head, cover)
        problem = base.problem or walked.problem
        if (
            not problem
            and not walked.lines
            and not base.head.seq
            and db.execute("SELECT 1 FROM counters").fetchone()
        ):
            problem = "every line was removed"
        problem = problem or _sent_problem(db, base.head, sent)
        problem = problem or _cut_problem(db, base.head, sent, limits)
        if not problem and tables.is_covered(db):
            problem = cover.problem(
                tables.held_state(db),
                tables.held_counters(db),
                row_digests(db),
                tables.held_boots(db),
                owner_digests(db) if tables.holds(db, "owners") else {},
            ) or _added_problem(db)
    return VerifyResult(not problem, walked.lines, base.head.seq, walked.head, problem)


def _sent_problem(db: sqlite3.Connection, base: Head, sent: Head | None) -> str:
    """Whether the line that was sent out is in the record, as it was."""
    if sent is None:
        return ""
    row = db.execute("SELECT hash FROM events WHERE seq = ?", (sent.seq,)).fetchone()
    found = Head(sent.seq, *row) if row else None
    if sent.seq == base.seq:
        found = base
    if found is None and sent.seq < base.seq:
        return (
            f"line {sent.seq}, which was sent out, is not kept any more: compare a head that was sent later"
        )
    if found is None:
        return f"line {sent.seq}, which was sent out, is missing"
    return "" if sent.is_of(found.hash) else f"line {sent.seq} is not the one that was sent out"


def _cut_problem(db: sqlite3.Connection, base: Head, sent: Head | None, limits: JournalLimits) -> str:
    """Whether the lines before the oldest went as the program removes them, or a head stands for it."""
    if not base.seq:
        return ""
    noted = tables.last_prune(db)
    if problem := stayed_problem(db, base.seq, noted.said):
        return problem
    if noted.cut != base:
        return f"lines after {noted.cut.seq} were removed"
    if sent is not None and sent.seq >= noted.seq:
        return ""
    oldest = db.execute("SELECT wall_s FROM events WHERE seq = ?", (base.seq + 1,)).fetchone()
    by_age = False
    if oldest is not None:
        (oldest_wall_s,) = oldest
        by_age = (
            oldest_wall_s < noted.wall_s - limits.keep_days * 86400
            and noted.seq - base.seq > limits.keep_rows
            and noted.wall_s < time.time() + 86400  # a note that somebody dated ahead
        )
    if by_age or tables.used_bytes(db) > 0.5 * limits.keep_mb * 1e6:
        return ""
    return (
        f"lines up to {base.seq} were removed, which neither their age nor the size of the record asked for"
    )


def _added_problem(db: sqlite3.Connection) -> str:
    """Whether the file holds anything that the program does not make."""
    names = db.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%' ORDER BY name")
    added = next((name for (name,) in names if name not in TABLES), None)
    return "" if added is None else f"{added!r} was added to the file"
