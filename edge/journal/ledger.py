"""The record as its one writer has it open: every line chained, and all that a fresh file must begin with.

Nothing here waits or is shared; `writer` calls it, from one thread at a time, and meets what the disk raises.
"""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from edge.faults.fault import FaultError
from edge.journal import tables
from edge.journal.aging import Aging
from edge.journal.chain import START, Cover, Head, digest, packed
from edge.journal.file import RecordFile, copied, fault_of, salvaged_counters
from edge.journal.held import cut_lines, hold_entry
from edge.journal.limits import JournalLimits
from edge.journal.owners import carried_owners, owner_digests, put_owners, take_out_odd_owners
from edge.journal.reader import remember
from edge.journal.rows import carried_rows, put_rows, take_out_odd_rows
from edge.journal.schema import check
from edge.journal.tables import MOST, transaction
from edge.terms.hold import FREED, HELD, Hold, hold_in
from edge.terms.record import (
    Answer,
    Entry,
    NotWritten,
    OutboxRow,
    OwnerTries,
    Record,
    Remembered,
    RowKey,
    Written,
)
from hw.ports import Clock

_NEAR: Final = 200
"""The newest lines, which a start follows; all of the chain is for `verify`."""

_FOUND: Final = 4000
"""The newest lines among which a record is looked for that a commit may have left there: more than wait."""

_SLOW_S: Final = 1.0
_SLOW_EVERY_S: Final = 3600.0
"""A sync that takes longer is a fault; it is written down once in so long."""

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

ODD: Final = (LookupError, ValueError, TypeError, ArithmeticError)
"""What a reader may raise that meets content which nobody expects."""

Faults = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _KeptState:
    mono_s: float
    wall_s: float
    state: str


@dataclass(slots=True)
class _Known:
    """What a fresh file must begin with, should this one be lost while we run. `sealed` is the digest of the
    state as the newest line that carries it has it."""

    state: _KeptState | None = None
    sealed: str = ""
    counters: dict[str, int] = field(default_factory=dict)
    rows: dict[RowKey, OutboxRow] = field(default_factory=dict)
    owners: dict[int, OwnerTries] = field(default_factory=dict)
    holds: dict[int, Hold] = field(default_factory=dict)

    def take(self, boot: int, record: Record) -> None:
        """A record that is on the card."""
        if record.state is not None:
            self.state = _KeptState(record.mono_s, record.wall_s, record.state)
            self.sealed = tables.state_digest(boot, record.mono_s, record.wall_s, record.state)
        self.counters = tables.highest((*self.counters.items(), *record.counters))
        for row in record.rows:
            if row.state.is_open:
                self.rows[row.key] = row
            else:
                self.rows.pop(row.key, None)
        for owner in record.owners:
            if owner.is_blank:
                self.owners.pop(owner.person, None)
            else:
                self.owners[owner.person] = owner
        for entry in record.entries:
            if entry.name == HELD:
                self.holds[entry.incident] = hold_in(entry.incident, json.loads(entry.data))
            elif entry.name == FREED:
                self.holds.pop(entry.incident, None)


class Ledger:
    """Writes into `file`. `head` is the newest line that is on the card."""

    def __init__(
        self, file: RecordFile, clock: Clock, limits: JournalLimits, before_sync: Callable[[], None]
    ) -> None:
        self.head = START
        self._file = file
        self._clock = clock
        self._limits = limits
        self._before_sync = before_sync
        self._newest = START
        self._boot = 0
        self._boot_due: dict[str, str] = {}
        self._found: frozenset[int] = frozenset()
        self._slow: Entry | None = None
        self._slow_from_s = -math.inf
        self._since_prune = 0
        self._aging = Aging(clock)
        self._known = _Known()

    # --- the start ---------------------------------------------------------------------------------

    def open(self, faults: Faults) -> Remembered:
        """Open or create the file, set aside what cannot be understood, and tell what it knows."""
        try:
            return self._read_all(self.attach(faults, thorough=True), faults)
        except ODD as error:  # content that no reader expects, and that is not one row's alone
            self._file.detach()
            self._put_away(FaultError("journal_damaged", f"{type(error).__name__}: {error}"), faults)
            return self._read_all(self.attach(faults, thorough=True), faults)

    def copy(self, faults: Faults) -> Remembered:
        """What a file knows that takes no writes; nothing but the faults where it cannot be read either."""
        with contextlib.suppress(sqlite3.Error, OSError, FaultError, *ODD), copied(self._file.path) as db:
            check(db, thorough=True)
            return remember(db, tables.last_boot(db) + 1, faults)
        return Remembered(1, None, 0.0, 0.0, (), tuple(self._known.counters.items()), tuple(faults))

    def begin_with(self, remembered: Remembered) -> None:
        """Go on from what a start remembered."""
        self._boot = remembered.boot
        if remembered.state is not None:
            self._known.state = _KeptState(remembered.mono_s, remembered.wall_s, remembered.state)
        self._known.counters = dict(remembered.counters)
        self._known.rows = {row.key: row for row in remembered.rows}
        self._known.owners = {row.person: row for row in remembered.owners}
        self._known.holds = {hold.incident: hold for hold in remembered.holds}

    def _read_all(self, db: sqlite3.Connection, faults: Faults) -> Remembered:
        cover = Cover()
        seq = self._newest.seq - _NEAR
        near = db.execute("SELECT seq, hash FROM events WHERE seq = ?", (seq,)).fetchone()
        base = tables.base(db).head
        problem = tables.walk(db, Head(*near) if near and seq > base.seq else base, cover).problem
        held = tables.held_state(db)
        if not problem and cover.state not in ("", held):
            problem = "the state was changed"
        owners = owner_digests(db)
        changed = [key for key, value in cover.owners.items() if owners.get(key) != value]
        if not problem and changed:
            problem = f"the account {changed[0]} was changed"
        if problem:
            faults.append(("journal_chain_broken", problem))
        self._known.sealed = cover.state or held
        self._tidy_up(db, cover, faults)
        return remember(db, self._boot, faults)

    def _tidy_up(self, db: sqlite3.Connection, cover: Cover, faults: Faults) -> None:
        """Set aside what this version cannot understand: out of its table, into the record, and told."""
        odd: Faults = []
        head = self._newest
        aside: dict[str, object]
        with transaction(db):
            for row in take_out_odd_rows(db):
                odd.append(("record_row_odd", f"message {row.key}: {row.why}"))
                aside = {"table": "outbox", "why": row.why, "row": row.content}
                head = self._put_line(db, head, _aside(aside), carried={"rows": {row.key: None}})
            for owner in take_out_odd_owners(db):
                odd.append(("owner_account_odd", f"account {owner.person}: {owner.why}"))
                aside = {"table": "owners", "why": owner.why, "row": owner.content}
                carried = {"owners": {str(owner.person): None}}
                head = self._put_line(db, head, _aside(aside), carried=carried)
            counters = tables.held_counters(db)
            for name in sorted(counters.keys() | cover.counters.keys()):
                value, least = counters.get(name, -1), cover.counters.get(name, 0)
                if least <= value <= MOST:
                    continue
                known = min(max(tables.known_count(db, name), least), MOST)
                odd.append(("record_row_odd", f"counter {name}: {value}, now {known}"))
                db.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, known))
                aside = {"table": "counters", "name": name, "value": value, "now": known}
                head = self._put_line(db, head, _aside(aside), carried={"counters": {name: known}})
            base = tables.base(db)
            if base.problem:
                odd.append(("record_row_odd", base.problem))
                db.executemany(
                    "INSERT OR REPLACE INTO meta VALUES (?, ?)",
                    [("base_seq", str(base.head.seq)), ("base_hash", base.head.hash or START.hash)],
                )
                head = self._put_line(db, head, _aside({"table": "meta"}))
            if odd:
                self._before_sync()
        faults += odd
        self._newest = self.head = head

    # --- the file ----------------------------------------------------------------------------------

    def attached(self) -> sqlite3.Connection:
        """The open file; opened again where it is not open, or was taken away."""
        db = self._file.db
        if db is None or self._file.moved():
            self._file.detach()
            db = self.attach([])
        return db

    def attach(self, faults: Faults, *, thorough: bool = False) -> sqlite3.Connection:
        """Open the file; one that is damaged or not ours is set aside and a fresh one begun."""
        earlier = thorough and not faults and self._file.kept_before()
        try:
            db = self._connect(thorough=thorough)
        except (sqlite3.DatabaseError, FaultError) as error:
            fault = fault_of(error, self._file.path)
            if fault.code not in ("journal_damaged", "journal_newer"):
                raise
            self._file.detach()
            aside = self._put_away(fault, faults)
            db = self._connect(thorough=thorough)
            self._begin(db, Entry("fault", fault.code, 0, json.dumps({"kept_as": aside})))
        else:
            if earlier and not tables.knows(db):  # a first start finds no file
                faults.append(("state_unreadable", "the record was emptied"))
            self._begin(db, None)
        return db

    def _put_away(self, fault: FaultError, faults: Faults) -> str:
        """Set the whole file aside, but for its counters; its new name."""
        salvaged = salvaged_counters(self._file.path)
        self._known.counters = tables.highest((*self._known.counters.items(), *salvaged))
        aside = self._file.set_aside().name
        faults.append((fault.code, f"{fault.detail}; kept as {aside}"))
        return aside

    def _connect(self, *, thorough: bool) -> sqlite3.Connection:
        db = self._file.connect(thorough=thorough)
        self._newest = tables.newest_head(db)
        found = db.execute(
            "SELECT record FROM events WHERE seq > ? AND boot = ? AND record > 0",
            (self._newest.seq - _FOUND, self._boot),
        )
        self._found = frozenset(record for (record,) in found)
        return db

    def _begin(self, db: sqlite3.Connection, first: Entry | None) -> None:
        """Write down this boot, once a file; and in a fresh file what the lost one knew."""
        known = tables.last_boot(db)
        if self._boot and known >= self._boot:
            return
        boot = max(self._boot, known + 1)
        head = self._newest
        self._boot = boot
        times = (float(self._clock.now_s()), float(self._clock.wall_s()))
        with transaction(db):
            db.execute("INSERT INTO boots VALUES (?, ?, ?)", (boot, *times))
            self._boot_due = {str(boot): digest(times)}
            if not known:
                head = self._begin_file(db, head, first)
            self._before_sync()
        self._newest = self.head = head

    def _begin_file(self, db: sqlite3.Connection, head: Head, first: Entry | None) -> Head:
        """What the lost file knew, and the line that carries it."""
        rows = self._known.rows.values()
        owners = self._known.owners.values()
        carried: dict[str, object] = {
            "counters": self._known.counters,
            "rows": carried_rows(rows),
            "owners": carried_owners(owners),
        }
        kept = self._known.state
        if kept is not None:
            self._known.sealed = tables.put_state(db, self._boot, kept.mono_s, kept.wall_s, kept.state)
            carried["state"] = self._known.sealed
        tables.put_counters(db, self._known.counters.items())
        if first is None and packed(carried):
            first = Entry("note", "record_lost", 0)
        if first is not None:
            head = self._put_line(db, head, first, carried=carried)
        put_rows(db, rows, head.seq)
        put_owners(db, owners, head.seq)
        for hold in self._known.holds.values():
            head = self._put_line(db, head, hold_entry(hold, again=True))
        return head

    # --- writing -----------------------------------------------------------------------------------

    def write(self, batch: Sequence[Record], lost: int) -> list[Answer]:
        """One synced transaction: all of the batch, but for records that no disk would take."""
        db = self.attached()
        if not batch and not lost:
            self.head = self._newest
            return []
        answers: list[Answer] = []
        written: list[Record] = []
        head = self._newest
        with transaction(db):
            if lost:
                head = self._put_line(db, head, _note("records_lost", {"lines": lost}))
            if self._slow:
                head = self._put_line(db, head, self._slow)
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
        self._newest = self.head = head
        self._found = frozenset()
        if written:
            self._boot_due = {}
        for record in written:
            self._known.take(self._boot, record)
        return answers

    def _put(self, db: sqlite3.Connection, head: Head, record: Record) -> Head:
        # A commit that failed late may be found on the card by the next connection: all of it is there.
        if record.sequence in self._found:
            return head
        carried: dict[str, object] = {
            "rows": carried_rows(record.rows),
            "counters": dict(record.counters),
            "owners": carried_owners(record.owners),
        }
        if record.state is not None:
            carried["state"] = tables.put_state(db, self._boot, record.mono_s, record.wall_s, record.state)
        known = self._known.counters
        tables.put_counters(db, [(name, n) for name, n in record.counters if known.get(name, -1) < n])
        *entries, last = record.entries or (Entry("note", "checkpoint", 0),)
        for entry in entries:
            head = self._put_line(db, head, entry, record)
        if record.entries or packed(carried):
            head = self._put_line(db, head, last, record, carried)
        put_rows(db, record.rows, head.seq)
        put_owners(db, record.owners, head.seq)
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
        return tables.put_chained(db, head, line, what)

    # --- keeping it small --------------------------------------------------------------------------

    def keep_small(self, *, busy: bool) -> None:
        """Now and then, when nothing waits: remove the oldest lines beyond the limits."""
        self._since_prune += 1
        db = self._file.db
        if self._since_prune < self._limits.prune_every or busy or db is None:
            return
        try:
            more = self._prune(db)
        except Exception:  # the next record meets the same disk, and says so
            self._file.detach()
            more = False
        self._since_prune = self._limits.prune_every - 1 if more else 0

    def _prune(self, db: sqlite3.Connection) -> bool:
        """Remove some of the oldest lines, by age and by size; True when there is more to remove."""
        base, newest = tables.base(db).head, self._newest
        limits = self._limits
        cutoff_wall_s = self._clock.wall_s() - limits.keep_days * 86400
        young = db.execute("SELECT seq FROM events WHERE wall_s >= ? ORDER BY seq LIMIT 1", (cutoff_wall_s,))
        (first_young,) = young.fetchone() or (newest.seq,)
        wanted = 0
        if self._aging.believed():
            # One old line stays: it shows to `verify` that age alone took those before it.
            wanted = min(first_young - 2, newest.seq - limits.keep_rows)
        limit_bytes = limits.keep_mb * 1e6
        if tables.used_bytes(db) > limit_bytes:
            # A quarter at most: that much of the size still shows afterwards.
            wanted = max(wanted, base.seq + min(limits.prune_rows, (newest.seq - base.seq) // 4))
        through = min(wanted, base.seq + limits.prune_rows, newest.seq - 1)
        if through <= base.seq:
            return False
        (hash_,) = db.execute("SELECT hash FROM events WHERE seq = ?", (through,)).fetchone()
        with transaction(db):
            head = self._cut(db, Head(through, hash_))
            self._before_sync()
        self._newest = self.head = head
        return wanted > through or tables.used_bytes(db) > limit_bytes

    def _cut(self, db: sqlite3.Connection, cut: Head) -> Head:
        """Remove the lines through `cut`, and what only they carried; the line that says so."""
        stayed = cut_lines(db, cut.seq, self._known.holds)
        db.execute("DELETE FROM carried WHERE seq <= ?", (cut.seq,))
        db.executemany(
            "UPDATE meta SET value = ? WHERE name = ?",
            [(str(cut.seq), "base_seq"), (cut.hash, "base_hash")],
        )
        # Messages that are done go with the line that carries them; the others get a new one.
        db.execute("DELETE FROM outbox WHERE line <= ?", (cut.seq,))
        there = set(db.execute("SELECT number, recipient, channel FROM outbox"))
        again = [row for key, row in self._known.rows.items() if key not in there]
        lost = {person for (person,) in db.execute("SELECT person FROM owners WHERE line <= ?", (cut.seq,))}
        owners = [row for person, row in self._known.owners.items() if person in lost]
        carried: dict[str, object] = {
            "state": self._known.sealed,
            "counters": self._known.counters,
            "rows": carried_rows(again),
            "owners": carried_owners(owners),
        }
        # The chain itself says where it was cut.
        note = _note("record_pruned", {"through": cut.seq, "hash": cut.hash, **stayed})
        head = self._put_line(db, self._newest, note, carried=carried)
        put_rows(db, again, head.seq)
        put_owners(db, owners, head.seq)
        return head


def _note(name: str, data: dict[str, object]) -> Entry:
    return Entry("note", name, 0, json.dumps(data, separators=(",", ":")))


def _aside(content: Mapping[str, object]) -> Entry:
    return Entry("fault", "record_row_odd", 0, json.dumps(content, separators=(",", ":")))
