"""What each table of the record holds, read and written in plain SQL; the messages' table is in `rows`."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from edge.journal.chain import START, Cover, Head, chained, digest

LATEST_WALL_S: Final = 32_503_680_000.0
MOST: Final = 10**12
"""The year 3000, and more than any number here ever comes to: beyond is damage, or made by somebody."""


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
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


def plain_text(raw: bytes) -> str:
    """What was damaged in a text must not stop the reader of all the others."""
    return raw.decode(errors="replace")


def number(db: sqlite3.Connection, ask: str, values: Sequence[object] = ()) -> int:
    """The one number that a statement gives, 0 for none."""
    (found,) = db.execute(ask, tuple(values)).fetchone()
    return int(found or 0)


def used_bytes(db: sqlite3.Connection) -> int:
    """The size of what is kept, without the free pages."""
    pages, free, size = (
        number(db, f"PRAGMA {name}") for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


# --- lines -----------------------------------------------------------------------------------------


def put_chained(db: sqlite3.Connection, head: Head, line: Sequence[object], carried: str = "") -> Head:
    """One more line of the chain, with what it carries."""
    after = chained(head.hash, line, carried)
    db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*line, after))
    if carried:
        db.execute("INSERT INTO carried VALUES (?, ?)", (head.seq + 1, carried))
    return Head(head.seq + 1, after)


def newest_head(db: sqlite3.Connection) -> Head:
    row = db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(*row) if row else base(db).head


@dataclass(frozen=True, slots=True)
class Base:
    """The line before the oldest that is kept, and what is wrong with the note of it."""

    head: Head
    problem: str = ""


def base(db: sqlite3.Connection) -> Base:
    """Where the record begins. A note that is lost is made out from the lines."""
    meta = dict(db.execute("SELECT name, value FROM meta"))
    seq, hash_ = meta.get("base_seq", ""), meta.get("base_hash", "")
    if seq.isascii() and seq.isdigit() and len(seq) < 18 and len(hash_) == len(START.hash):
        return Base(Head(int(seq), hash_))
    problem = "the note of where the record begins is lost"
    cut = last_prune(db).cut  # lines of held incidents may stand before it
    (oldest,) = db.execute("SELECT min(seq) FROM events WHERE seq > ?", (cut.seq,)).fetchone()
    if oldest in (None, 1):
        return Base(START, problem)
    return Base(Head(oldest - 1, cut.hash if cut.seq == oldest - 1 else ""), problem)


_NOWHERE: Final = Head(0, "")


@dataclass(frozen=True, slots=True)
class Prune:
    """The line `seq` of `wall_s` says that the record was cut after the line `cut`."""

    seq: int = 0
    cut: Head = _NOWHERE
    wall_s: float = 0.0
    said: object = None


def last_prune(db: sqlite3.Connection) -> Prune:
    """Where the record was cut last, as the lines say it; all 0 where none does."""
    found = db.execute(
        "SELECT seq, data, wall_s FROM events WHERE kind = 'note' AND name = 'record_pruned'"
        " ORDER BY seq DESC LIMIT 1"
    ).fetchone()
    if found is None:
        return Prune()
    seq, data, wall_s = found
    with contextlib.suppress(ValueError, TypeError, KeyError):
        said = json.loads(data)
        return Prune(seq, Head(int(said["through"]), str(said["hash"])), wall_s, said)
    return Prune(seq, wall_s=wall_s)


@dataclass(frozen=True, slots=True)
class Walk:
    """So many lines fit, `head` is the last of them; `problem` says what does not fit after it."""

    lines: int
    head: Head
    problem: str = ""


def walk(db: sqlite3.Connection, after: Head, cover: Cover) -> Walk:
    """Follow the chain from a line that is trusted. What the lines carry goes into `cover`."""
    lines = 0
    what = "carried.what FROM events LEFT JOIN carried USING (seq)" if is_covered(db) else "NULL FROM events"
    rows = db.execute(f"SELECT events.*, {what} WHERE events.seq > ? ORDER BY events.seq", (after.seq,))
    for seq, *line, hash_, carried in rows:
        if seq != after.seq + 1:
            return Walk(lines, after, f"line {after.seq + 1} is missing")
        if hash_ != chained(after.hash, (seq, *line), carried or ""):
            return Walk(lines, after, f"line {seq} was changed")
        if carried:
            cover.take(seq, carried)
        after = Head(seq, hash_)
        lines += 1
    return Walk(lines, after)


def is_covered(db: sqlite3.Connection) -> bool:
    """Whether the lines of this file carry the other tables."""
    return holds(db, "carried")


def holds(db: sqlite3.Connection, table: str) -> bool:
    """Whether this file has such a table: one of an earlier version may not."""
    return db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is not None


# --- state, counters, starts -----------------------------------------------------------------------


def state_digest(boot: int, mono_s: float, wall_s: float, state: str) -> str:
    return digest([boot, float(mono_s), float(wall_s), state])


def put_state(db: sqlite3.Connection, boot: int, mono_s: float, wall_s: float, state: str) -> str:
    """Keep the state of the table; its digest, for the line that carries it."""
    kept = (boot, float(mono_s), float(wall_s), state)
    db.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?, ?, ?)", kept)
    return state_digest(*kept)


def held_state(db: sqlite3.Connection) -> str:
    """The digest of the state that is kept, empty for none."""
    state = db.execute("SELECT boot, mono_s, wall_s, state FROM state").fetchone()
    return state_digest(*state) if state else ""


def held_counters(db: sqlite3.Connection) -> dict[str, int]:
    return dict(db.execute("SELECT name, value FROM counters"))


def put_counters(db: sqlite3.Connection, counters: Iterable[tuple[str, int]]) -> None:
    """Counters only go up."""
    db.executemany(
        "INSERT INTO counters VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)",
        counters,
    )


def highest(counters: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Of each counter the highest value."""
    found: dict[str, int] = {}
    for name, value in counters:
        found[name] = max(value, found.get(name, value))
    return found


_ASK_FOR: Final[Mapping[str, str]] = {
    "incident": "SELECT max(incident) FROM events WHERE incident BETWEEN 0 AND ?",
    "number": "SELECT max(number) FROM outbox WHERE number BETWEEN 0 AND ?",
}


def known_count(db: sqlite3.Connection, name: str) -> int:
    """What the rest of the record says of a counter that cannot be believed."""
    ask = _ASK_FOR.get(name)
    return number(db, ask, (MOST,)) if ask else 0


def held_boots(db: sqlite3.Connection) -> dict[str, str]:
    return {str(boot): digest(times) for boot, *times in db.execute("SELECT boot, mono_s, wall_s FROM boots")}


def last_boot(db: sqlite3.Connection) -> int:
    """The number of the newest start, 0 in a fresh file."""
    known = db.execute(
        "SELECT boot FROM boots UNION ALL SELECT boot FROM state"
        " UNION ALL SELECT boot FROM (SELECT boot FROM events ORDER BY seq DESC LIMIT 1)"
    )
    return max((boot for (boot,) in known if 0 <= boot <= MOST), default=0)


def knows(db: sqlite3.Connection) -> bool:
    """Whether anything was ever written down in it."""
    ask = "SELECT EXISTS (SELECT 1 FROM boots UNION SELECT 1 FROM state UNION SELECT 1 FROM events)"
    return bool(number(db, ask))
