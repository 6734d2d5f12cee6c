"""The record keeps what it answered, in one piece, chained, across restarts, damage and old versions."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.journal import schema
from edge.journal.chain import Head, chained
from edge.journal.file import MEMORY
from edge.journal.limits import JournalLimits
from edge.journal.reader import lines, outbox, recall, verify
from edge.journal.writer import Journal
from edge.terms.record import (
    REPORT_LATE_S,
    Channel,
    Entry,
    NotWritten,
    OutboxRow,
    Recipient,
    Record,
    RowState,
    Written,
)
from tests.worlds.hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock(100.0, 1_700_000_100.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.db"


def row(number: int, state: RowState = RowState.QUEUED, tries: int = 0) -> OutboxRow:
    return OutboxRow(
        number, 7, "code", 1, Recipient.WATCHMAN, Channel.SMS, 1_700_000_000.0, 300.0, "", state, tries
    )


def record(
    sequence: int,
    *names: str,
    state: str | None = None,
    rows: tuple[OutboxRow, ...] = (),
    counters: tuple[tuple[str, int], ...] = (),
) -> Record:
    entries = tuple(
        Entry("event", name, 7, json.dumps({"n": sequence})) for name in names or (f"e{sequence}",)
    )
    return Record(sequence, 100.0 + sequence, 1_700_000_100.0 + sequence, entries, state, rows, counters)


def inline(
    path: Path,
    clock: HandClock,
    limits: JournalLimits | None = None,
    before_sync: Callable[[], None] = lambda: None,
) -> Journal:
    return Journal(path, clock, limits, threaded=False, before_sync=before_sync)


# --- what is kept ----------------------------------------------------------------------------------


def test_a_new_record_begins_with_boot_one_and_nothing(path: Path, clock: HandClock) -> None:
    journal = inline(path, clock)
    remembered = journal.open()
    assert (remembered.boot, remembered.state, remembered.rows, remembered.counters) == (1, None, (), ())
    assert remembered.faults == ()
    assert journal.close(1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_everything_of_a_record_comes_back_after_a_restart(path: Path, clock: HandClock) -> None:
    journal = inline(path, clock)
    journal.open()
    journal.submit(
        record(1, "locked", state='{"mode":"locked"}', rows=(row(5), row(6)), counters=(("incident", 7),))
    )
    journal.submit(record(2, rows=(row(5, RowState.SENDING, 1), row(6, RowState.ACCEPTED))))
    journal.submit(record(3, counters=(("incident", 6), ("hotp", 2))))
    assert journal.answers() == (Written(1), Written(2), Written(3))
    assert journal.answers() == ()
    journal.close(1)

    remembered = inline(path, clock).open()
    assert remembered.boot == 2
    assert remembered.state == '{"mode":"locked"}'
    assert (remembered.mono_s, remembered.wall_s) == (103.0, 1_700_000_103.0)
    assert remembered.rows == (row(5, RowState.SENDING, 1),)
    assert remembered.counters == (("hotp", 2), ("incident", 7))
    assert [r.state for r in outbox(path)] == [RowState.SENDING, RowState.ACCEPTED]


def test_texts_whose_delivery_may_still_be_reported_are_remembered(path: Path, clock: HandClock) -> None:
    journal = inline(path, clock)
    journal.open()
    taken = replace(row(6, RowState.ACCEPTED, 1), reference=8, awaited="7 8")
    told = replace(row(7, RowState.DELIVERED, 1), reference=9)
    unasked = row(8, RowState.ACCEPTED, 1)
    journal.submit(record(1, rows=(taken, told, unasked)))
    journal.close(1)
    assert recall(path).rows == (taken,)
    journal = inline(path, clock)
    journal.open()
    long_after = replace(record(2), wall_s=taken.created_wall_s + taken.ttl_s + REPORT_LATE_S)
    journal.submit(long_after)
    journal.close(1)
    assert recall(path).rows == ()
    assert outbox(path)[0] == taken


def test_the_times_remembered_are_the_newest_even_without_a_line(path: Path, clock: HandClock) -> None:
    journal = inline(path, clock)
    journal.open()
    journal.submit(record(1))
    journal.submit(Record(2, 500.0, 1_700_000_500.0, (), '{"t":2}'))
    journal.close(1)
    assert (recall(path).mono_s, recall(path).wall_s) == (500.0, 1_700_000_500.0)


def test_lines_are_found_by_incident_and_time(path: Path, clock: HandClock) -> None:
    journal = inline(path, clock)
    journal.open()
    for n in range(1, 6):
        journal.submit(Record(n, float(n), 1000.0 + n, (Entry("event", f"e{n}", n % 2, "{}"),)))
    journal.close(1)
    assert [line.name for line in lines(path)] == ["e1", "e2", "e3", "e4", "e5"]
    assert [line.name for line in lines(path, incident=0)] == ["e2", "e4"]
    assert [line.name for line in lines(path, since_wall_s=1003.0)] == ["e3", "e4", "e5"]
    assert [line.name for line in lines(path, after_seq=4)] == ["e5"]
    first = next(lines(path))
    assert (first.seq, first.boot, first.record, first.mono_s, first.wall_s) == (1, 1, 1, 1.0, 1001.0)


def test_a_reader_who_pauses_does_not_hold_the_kiosk_up(path: Path, clock: HandClock) -> None:
    journal = inline(path, clock)
    journal.open()
    for n in range(1, 6):
        journal.submit(record(n))
    reader = lines(path, piece=2)
    assert next(reader).record == 1
    journal.submit(record(6))
    assert journal.close(1)
    # Nobody holds an old view of the file: all of the log could be folded in.
    assert not Path(f"{path}-wal").exists()
    assert [line.record for line in reader] == [2, 3, 4, 5, 6]


_WRITE_FOR_EVER = """
import sys, time
from dataclasses import replace
from pathlib import Path
from edge.journal.writer import Journal
from edge.terms.record import Entry, Record
class Clock:
    now_s = staticmethod(time.monotonic)
    wall_s = staticmethod(time.time)
journal = Journal(Path(sys.argv[1]), Clock())
remembered = journal.open()
n = dict(remembered.counters).get("n", 0)
print("remembered", n, remembered.state, remembered.faults, flush=True)
while True:
    if journal.waiting < 10:
        n += 1
        entries = (Entry("event", "x", n),) * 2
        journal.submit(Record(n, time.monotonic(), time.time(), entries, str(n), (), (("n", n),)))
    for answer in journal.answers():
        print("written", answer.sequence, flush=True)
"""


@pytest.mark.slow
def test_a_killed_kiosk_remembers_what_was_answered(path: Path, repo: Path, full: bool) -> None:
    answered = 0
    random.seed(5)
    for _ in range(40 if full else 4):
        child = subprocess.Popen(
            [sys.executable, "-c", _WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE, text=True, cwd=repo
        )
        assert child.stdout is not None
        first = child.stdout.readline().split(maxsplit=3)
        assert int(first[1]) >= answered
        assert first[3] == "()\n"
        assert answered == 0 or first[2] == first[1]
        child.stdout.readline()
        time.sleep(random.uniform(0.0, 0.05))
        child.send_signal(signal.SIGKILL)
        for line in child.stdout.read().splitlines():
            answered = max(answered, int(line.split()[1]))
        child.stdout.close()
        child.wait(10)
    found = [line.record for line in lines(path)]
    assert len(found) >= 2 * answered > 0
    assert found == [n for n in range(1, len(found) // 2 + 1) for _ in range(2)]
    assert verify(path).ok


def test_a_record_in_memory_serves_a_replay(clock: HandClock) -> None:
    journal = inline(MEMORY, clock)
    assert journal.open().boot == 1
    journal.submit(record(1, state="{}"))
    assert journal.answers() == (Written(1),)
    assert journal.head().seq == 1
    assert journal.close(1)
    with pytest.raises(ValueError, match="no thread"):
        Journal(MEMORY, clock)


def test_a_content_that_no_disk_would_take_is_refused_alone(path: Path, clock: HandClock) -> None:
    gate = threading.Event()
    reached = threading.Event()

    def before_sync() -> None:
        reached.set()
        gate.wait(30)

    journal = Journal(path, clock, before_sync=before_sync)
    gate.set()
    journal.open()
    gate.clear()
    reached.clear()
    journal.submit(record(1))
    assert reached.wait(30)
    # These wait together, so they go in one transaction: the bad ones must not take the good ones along.
    journal.submit(record(2, state="{}", counters=(("x", 1),)))
    journal.submit(Record(3, float("nan"), 0.0, (Entry("event", "x", 1),), '{"bad":1}'))
    journal.submit(Record(4, 0.0, 0.0, (Entry("event", "\udc80", 1),)))
    journal.submit(Record(5, 0.0, 0.0, (Entry("event", "x", 1 << 70),), None, (), (("x", 1 << 70),)))
    journal.submit(record(6))
    gate.set()
    assert journal.close(10)
    answers = {a.sequence: a for a in journal.answers()}
    assert [n for n, a in answers.items() if isinstance(a, Written)] == [1, 2, 6]
    assert {a.code for a in answers.values() if isinstance(a, NotWritten)} == {"record_refused"}
    assert recall(path).state == "{}"
    assert [line.record for line in lines(path)] == [1, 2, 6]
    assert verify(path).ok


# --- the chain -------------------------------------------------------------------------------------


@pytest.fixture
def five(path: Path, clock: HandClock) -> Path:
    journal = inline(path, clock)
    journal.open()
    for n in range(1, 6):
        journal.submit(record(n, "first", "second"))
    journal.close(1)
    return path


def test_the_chain_of_an_untouched_record_fits(five: Path) -> None:
    result = verify(five)
    assert (result.ok, result.lines, result.pruned, result.problem) == (True, 10, 0, "")
    assert result.head == Head(10, list(lines(five))[-1].hash)
    assert verify(five, result.head).ok


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE events SET data = '{}' WHERE seq = 4", "line 4 was changed"),
        ("UPDATE events SET wall_s = wall_s + 1e-6 WHERE seq = 4", "line 4 was changed"),
        ("UPDATE events SET incident = 8 WHERE seq = 4", "line 4 was changed"),
        ("UPDATE events SET hash = '0' WHERE seq = 4", "line 4 was changed"),
        ("DELETE FROM events WHERE seq = 4", "line 4 is missing"),
        ("DELETE FROM events WHERE seq < 4", "line 1 is missing"),
        ("INSERT INTO events SELECT 11, boot, record, mono_s, wall_s, incident, kind, name, data, hash"
         " FROM events WHERE seq = 10", "line 11 was changed"),
        ("DELETE FROM events WHERE seq > 8", "line 10, which was sent out, is missing"),
        (
            "UPDATE meta SET value = '3' WHERE name = 'base_seq';"
            " UPDATE meta SET value = (SELECT hash FROM events WHERE seq = 3) WHERE name = 'base_hash';"
            " DELETE FROM events WHERE seq < 4",
            "lines after 0 were removed",
        ),
    ],
)  # fmt: skip
def test_what_was_done_to_the_chain_is_told(five: Path, change: str, problem: str) -> None:
    head = verify(five).head
    with contextlib.closing(sqlite3.connect(five)) as db:
        db.executescript(change)
    result = verify(five, head)
    assert not result.ok
    assert result.problem == problem


def test_a_record_made_anew_does_not_pass_for_the_one_that_was_sent(five: Path, clock: HandClock) -> None:
    head = verify(five).head
    five.unlink()
    journal = inline(five, clock)
    journal.open()
    for n in range(1, 12):
        journal.submit(record(n, "forged"))
    journal.close(1)
    assert verify(five).ok
    assert verify(five, head).problem == "line 10 is not the one that was sent out"


def test_a_broken_chain_is_told_at_the_start_and_the_record_goes_on(five: Path, clock: HandClock) -> None:
    with contextlib.closing(sqlite3.connect(five)) as db:
        db.executescript("UPDATE events SET name = 'other' WHERE seq = 7")
    journal = inline(five, clock)
    assert [code for code, _ in journal.open().faults] == ["journal_chain_broken"]
    journal.submit(record(1))
    assert journal.answers() == (Written(1),)


@pytest.mark.slow
def test_the_record_can_be_read_and_verified_while_a_kiosk_writes_it(path: Path, clock: HandClock) -> None:
    journal = Journal(path, clock)
    journal.open()
    for n in range(1, 301):
        journal.submit(record(n))
        if n % 60 == 0:
            result = verify(path)
            assert result.ok, result.problem
            assert len(list(lines(path))) <= n
    # And from another process, as `cabinguard events --verify` does.
    said = subprocess.run(
        [sys.executable, "-c", "import sys; from pathlib import Path; from edge.journal.reader import verify;"
         "print(verify(Path(sys.argv[1])).ok)", str(path)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2], timeout=60,
    )  # fmt: skip
    assert said.stdout == "True\n"
    assert journal.close(10)
    assert verify(path).lines == 300


# --- pruning ---------------------------------------------------------------------------------------


def test_old_lines_go_and_what_remains_still_verifies(path: Path, clock: HandClock) -> None:
    limits = JournalLimits(keep_days=1, keep_rows=20, prune_every=10, prune_rows=15)
    clock.offset_s = 1_740_000_000.0
    journal = inline(path, clock, limits)
    journal.open()
    for n in range(1, 101):
        journal.submit(
            Record(
                n, float(n), clock.wall_s(), (Entry("event", "old", 1),), None, (row(n, RowState.DELIVERED),)
            )
        )
    assert len(list(lines(path))) == 100
    clock.mono_s += 40 * 86400
    young = dataclasses.replace(row(101, RowState.DELIVERED), created_wall_s=clock.wall_s())
    for n in range(101, 181):
        rows = (young, row(102)) if n == 101 else ()
        journal.submit(Record(n, float(n), clock.wall_s(), (Entry("event", "new", 1),), None, rows))
    head = journal.head()
    journal.close(1)
    kept = list(lines(path))
    # One old line stays: it shows that age alone took those before it.
    assert sum(line.name == "old" for line in kept) == 1
    assert sum(line.name == "new" for line in kept) == 80
    for sent in (None, head):
        result = verify(path, sent, limits)
        assert result.ok, result.problem
    assert (result.pruned, kept[0].seq) == (99, 100)
    # Messages that are done went too; not those that are young, or not done.
    assert {r.number for r in outbox(path)} == {100, 101, 102}
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM events WHERE seq = ?", (kept[0].seq,))
        db.commit()
    assert verify(path).problem == f"line {kept[0].seq} is missing"


def test_a_clock_that_is_wrong_by_years_does_not_empty_the_record(path: Path, clock: HandClock) -> None:
    journal = inline(path, clock, JournalLimits(keep_rows=50, prune_every=5))
    journal.open()
    for n in range(1, 71):
        journal.submit(Record(n, float(n), clock.wall_s(), (Entry("event", "x", 1),)))
    clock.offset_s += 20 * 365 * 86400
    for n in range(71, 91):
        journal.submit(Record(n, float(n), clock.wall_s(), (Entry("event", "x", 1),)))
    assert len(list(lines(path))) == 90  # not believed for a day
    clock.mono_s += 25 * 3600
    for n in range(91, 111):
        journal.submit(Record(n, float(n), clock.wall_s(), (Entry("event", "x", 1),)))
    head = journal.head()
    journal.close(1)
    assert verify(path, head).ok
    assert 50 <= len(list(lines(path))) < 90


@pytest.mark.slow
def test_the_file_stays_within_its_size(path: Path, clock: HandClock) -> None:
    limits = JournalLimits(keep_mb=0.5, prune_every=4, prune_rows=100)
    journal = inline(path, clock, limits)
    journal.open()
    data = json.dumps({"x": "y" * 2000})
    for n in range(1, 601):
        journal.submit(Record(n, float(n), clock.wall_s(), (Entry("event", "x", 1, data),)))
    journal.close(1)
    assert path.stat().st_size < 0.8e6
    result = verify(path, limits=limits)
    assert result.ok, result.problem
    assert result.pruned > 300


# --- damage, versions, rights ----------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["noise", "truncated", "foreign", "page"])
def test_a_damaged_file_is_set_aside_and_its_counters_saved(
    five: Path, clock: HandClock, damage: str
) -> None:
    journal = inline(five, clock)
    journal.open()
    journal.submit(record(1, state='{"mode":"locked"}', counters=(("incident", 7), ("hotp", 3))))
    journal.close(1)
    content = bytearray(five.read_bytes())
    if damage == "noise":
        content[:] = os.urandom(len(content))
    elif damage == "truncated":
        del content[len(content) // 2 :]
    elif damage == "foreign":
        five.unlink()
        with contextlib.closing(sqlite3.connect(five)) as db:
            db.executescript("CREATE TABLE other (x)")
        content = bytearray(five.read_bytes())
    else:
        with contextlib.closing(sqlite3.connect(five)) as db:
            page = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'events'").fetchone()[0]
        content[(page - 1) * 4096 : page * 4096] = b"\x05" * 4096
    five.write_bytes(content)

    again = inline(five, clock)
    remembered = again.open()
    assert [code for code, _ in remembered.faults] == ["journal_damaged"]
    assert remembered.state is None
    if damage == "page":
        assert remembered.counters == (("hotp", 3), ("incident", 7))
        assert recall(five).counters == (("hotp", 3), ("incident", 7))
    again.submit(record(1))
    assert again.answers() == (Written(1),)
    again.close(1)
    assert (five.parent / "journal.db.damaged-1").read_bytes() == bytes(content)
    assert [line.name for line in lines(five)] == ["journal_damaged", "e1"]
    assert verify(five).ok

    five.write_bytes(b"x" * 8192)
    assert inline(five, clock).open().faults[0][0] == "journal_damaged"
    assert (five.parent / "journal.db.damaged-1").read_bytes() == bytes(content)
    assert (five.parent / "journal.db.damaged-2").read_bytes() == b"x" * 8192


def test_damage_found_while_running_does_not_lose_what_the_future_needs(five: Path, clock: HandClock) -> None:
    spoiled: list[str] = []

    def before_sync() -> None:
        if spoiled:
            raise sqlite3.DatabaseError(spoiled.pop()) from None

    journal = inline(five, clock, before_sync=before_sync)
    journal.open()
    journal.submit(record(1, state='{"mode":"locked"}', rows=(row(5), row(6)), counters=(("incident", 7),)))
    journal.submit(record(2, rows=(row(6, RowState.FAILED),)))
    # What SQLite raises when it meets a bad page, and a file that is bad when it is looked at again.
    spoiled.append("database disk image is malformed")
    journal.submit(record(3))
    assert [type(a) for a in journal.answers()] == [Written, Written, NotWritten]
    for end in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{five}{end}").write_bytes(b"\x99" * 50_000)
    clock.mono_s += 1
    assert journal.answers() == (Written(3),)
    journal.close(1)
    remembered = recall(five)
    assert remembered.state == '{"mode":"locked"}'
    assert remembered.rows == (row(5),)
    assert remembered.counters == (("incident", 7),)
    assert [line.name for line in lines(five)] == ["journal_damaged", "e3"]


def test_a_file_taken_away_while_running_is_noticed(five: Path, clock: HandClock) -> None:
    journal = inline(five, clock)
    journal.open()
    journal.submit(record(1, state='{"mode":"locked"}'))
    for end in ("", "-wal", "-shm"):
        Path(f"{five}{end}").unlink()
    journal.submit(record(2))
    assert journal.answers() == (Written(1), Written(2))
    journal.close(1)
    assert recall(five).state == '{"mode":"locked"}'
    assert [(line.record, line.name) for line in lines(five)] == [(0, "record_lost"), (2, "e2")]
    assert verify(five).ok


def test_an_empty_file_of_version_zero_becomes_a_record(path: Path, clock: HandClock) -> None:
    path.parent.mkdir()
    path.touch()
    journal = inline(path, clock)
    assert journal.open().faults == (("state_unreadable", "the record was emptied"),)
    journal.submit(record(1))
    assert journal.answers() == (Written(1),)


def _version_zero(db: sqlite3.Connection) -> None:
    """A fabricated forerunner: lines without a chain, one state, no outbox."""
    db.executescript(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY, wall_s REAL, name TEXT);"
        "CREATE TABLE state (state TEXT);"
        "INSERT INTO events VALUES (1, 1000.0, 'locked'), (2, 1001.0, 'released');"
        'INSERT INTO state VALUES (\'{"mode":"released"}\');'
        f"PRAGMA application_id = {schema.APPLICATION_ID};"
    )


def _from_version_zero(db: sqlite3.Connection) -> None:
    db.execute("ALTER TABLE events RENAME TO old_events")
    db.execute("ALTER TABLE state RENAME TO old_state")
    schema.first_schema(db)
    head = Head(0, "0" * 64)
    for seq, wall_s, name in db.execute("SELECT * FROM old_events ORDER BY seq").fetchall():
        line = (seq, 0, 0, 0.0, wall_s, 0, "event", name, "{}")
        head = Head(seq, chained(head.hash, line))
        db.execute("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?)", (*line, head.hash))
    db.execute("INSERT INTO state SELECT 1, 0, 0.0, 0.0, state FROM old_state")
    db.execute("DROP TABLE old_events")
    db.execute("DROP TABLE old_state")


_FROM_VERSION_ZERO = (_from_version_zero, *schema.MIGRATIONS[1:])


def test_a_file_of_an_old_version_is_taken_along(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db:
        _version_zero(db)
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*_FROM_VERSION_ZERO, lambda db: db.execute("UPDATE boots SET boot = boot"))
    )
    journal = inline(path, clock)
    remembered = journal.open()
    assert remembered.faults == ()
    assert remembered.state == '{"mode":"released"}'
    journal.submit(record(1, "locked"))
    journal.close(1)
    assert verify(path).ok
    assert [line.name for line in lines(path)] == ["locked", "released", "record_covered", "locked"]
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)


@pytest.fixture
def version_two(path: Path, repo: Path) -> Path:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript((repo / "tests" / "data" / "journal_v2.sql").read_text())
    return path


def test_a_record_from_before_the_cover_is_read_and_then_covered(version_two: Path, clock: HandClock) -> None:
    head = verify(version_two).head
    assert verify(version_two, head).ok  # as it is, by a reader
    journal = inline(version_two, clock)
    remembered = journal.open()
    assert remembered.faults == ()
    assert (remembered.boot, remembered.state) == (2, '{"mode":"locked"}')
    assert (remembered.mono_s, remembered.wall_s) == (102.0, 1767254402.0)
    assert [(row.number, row.state) for row in remembered.rows] == [(1, "accepted"), (2, "queued")]
    assert remembered.counters == (("incident", 1), ("number", 2))
    assert [line.name for line in lines(version_two)][-1] == "record_covered"
    assert verify(version_two, head).ok
    journal.submit(record(1, state='{"mode":"released"}', rows=(row(2, RowState.DELIVERED),)))
    journal.close(1)
    assert verify(version_two, head).ok
    with contextlib.closing(sqlite3.connect(version_two)) as db:
        db.executescript("UPDATE outbox SET state = 'delivered' WHERE number = 1")
    assert verify(version_two).problem == "the message 1 watchman sms was changed"


def test_a_migration_that_is_cut_leaves_the_old_version_whole(
    path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    with contextlib.closing(sqlite3.connect(path)) as db:
        _version_zero(db)

    def full(db: sqlite3.Connection) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(schema, "MIGRATIONS", (*_FROM_VERSION_ZERO, full))
    journal = inline(path, clock)
    assert [code for code, _ in journal.open().faults] == ["disk_full"]
    journal.close(0)
    monkeypatch.setattr(schema, "MIGRATIONS", _FROM_VERSION_ZERO)
    assert inline(path, clock).open().state == '{"mode":"released"}'


def test_a_file_of_a_newer_version_is_set_aside(five: Path, clock: HandClock) -> None:
    with contextlib.closing(sqlite3.connect(five)) as db:
        db.execute("PRAGMA user_version = 99")
        db.execute("INSERT INTO counters VALUES ('incident', 41)")
        db.commit()
    journal = inline(five, clock)
    remembered = journal.open()
    assert [code for code, _ in remembered.faults] == ["journal_newer"]
    assert remembered.counters == (("incident", 41),)
    journal.close(1)
    with contextlib.closing(sqlite3.connect(five.parent / "journal.db.damaged-1")) as db:
        assert db.execute("SELECT count(*) FROM events").fetchone() == (10,)


def test_two_kiosks_do_not_share_a_record(path: Path, clock: HandClock) -> None:
    first = Journal(path, clock)
    first.open()
    with pytest.raises(FaultError, match="kiosk_running"):
        Journal(path, clock).open()
    assert first.close(5)
    second = Journal(path, clock)
    assert second.open().boot == 2
    assert second.close(5)


def test_reading_what_is_not_there_or_not_ours_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FaultError, match="journal_missing"):
        list(lines(tmp_path / "none.db"))
    other = tmp_path / "other.db"
    other.write_bytes(b"not a database at all" * 100)
    with pytest.raises(FaultError, match="journal_damaged"):
        verify(other)
    with contextlib.closing(sqlite3.connect(tmp_path / "foreign.db")) as db:
        db.executescript("CREATE TABLE x (y)")
    with pytest.raises(FaultError, match="journal_damaged"):
        recall(tmp_path / "foreign.db")
