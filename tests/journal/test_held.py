"""Lines of a held incident outlive every cut of the record, and who changes or removes one of them shows."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from edge.journal.held import hold_entry
from edge.journal.limits import JournalLimits
from edge.journal.reader import lines, recall, verify
from edge.journal.writer import Journal
from edge.terms.hold import FREED, Hold
from edge.terms.record import Entry, Record
from tests.worlds.hand_clock import HandClock

DAY_S = 86400.0
LIMITS = JournalLimits(keep_days=10, keep_mb=64, keep_rows=20, prune_every=1, prune_rows=1000)


class Kept:
    """A record without a thread, on a clock that is moved by hand."""

    def __init__(self, path: Path, limits: JournalLimits = LIMITS) -> None:
        self.path = path
        self.clock = HandClock(1000.0, time.time() - 90 * DAY_S)
        self.limits = limits
        self.open()

    def open(self) -> None:
        self.journal = Journal(self.path, self.clock, self.limits, threaded=False)
        self.remembered = self.journal.open()
        self.sequence = 0

    def put(self, *entries: Entry) -> None:
        self.sequence += 1
        self.journal.submit(
            Record(
                self.sequence, self.clock.now_s(), self.clock.wall_s(), entries, counters=(("incident", 999),)
            )
        )
        self.journal.answers()

    def visit(self, incident: int, count: int = 8) -> None:
        for number in range(count):
            self.put(Entry("event", f"step_{number}", incident))

    def days(self, count: float) -> None:
        """So many days with a line every six hours, so that age is looked at."""
        for _ in range(int(count * 4)):
            self.clock.mono_s += DAY_S / 4
            self.put(Entry("note", "hour", 0))

    def names(self, incident: int) -> list[str]:
        return [line.name for line in lines(self.path) if line.incident == incident]

    def restart(self) -> None:
        self.journal.close(1.0)
        self.open()


HOLD = Hold(2, "court", "case 17", 1_700_000_000.0)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    kept = Kept(tmp_path / "journal.db")
    for incident in (1, 2, 3):
        kept.visit(incident)
    return kept


@pytest.mark.slow
def test_age_takes_the_lines_of_all_but_held_incidents(kept: Kept) -> None:
    kept.put(hold_entry(HOLD))
    kept.days(15)
    assert (len(kept.names(1)), len(kept.names(3))) == (0, 0)
    assert kept.names(2) == [*(f"step_{n}" for n in range(8)), "evidence_held"]
    proof = verify(kept.path, limits=LIMITS)
    assert proof.ok, proof.problem
    assert proof.pruned > 20
    kept.restart()
    assert kept.remembered.holds == (HOLD,)
    assert not kept.remembered.faults
    kept.days(15)
    assert len(kept.names(2)) == 9
    assert verify(kept.path, limits=LIMITS).ok
    kept.put(Entry("event", FREED, 2, '{"by":"court","why":""}'))
    kept.days(15)
    assert kept.names(2) == []
    assert verify(kept.path, limits=LIMITS).ok


@pytest.mark.slow
def test_size_takes_them_neither(tmp_path: Path) -> None:
    limits = JournalLimits(keep_days=10, keep_mb=0.2, keep_rows=20, prune_every=1, prune_rows=1000)
    kept = Kept(tmp_path / "journal.db", limits)
    kept.visit(2)
    kept.put(hold_entry(HOLD))
    for number in range(40):
        kept.put(*(Entry("note", "filling", 0, f'{{"at":"{n}{"x" * 400}"}}') for n in range(20)))
        assert len(kept.names(2)) == 9, number
    proof = verify(kept.path, limits=limits)
    assert proof.ok, proof.problem
    assert proof.pruned > 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        ("UPDATE events SET data = '{}' || ' ' WHERE incident = 2 AND name = 'step_3'", "changed or removed"),
        ("DELETE FROM events WHERE incident = 2 AND name = 'step_3'", "changed or removed"),
        ("DELETE FROM events WHERE incident = 2", "changed or removed"),
    ],
)
def test_who_touches_a_line_that_stayed_is_found(kept: Kept, spoil: str, problem: str) -> None:
    kept.put(hold_entry(HOLD))
    kept.days(15)
    kept.journal.close(1.0)
    assert verify(kept.path, limits=LIMITS).ok
    with closing(sqlite3.connect(kept.path)) as db, db:
        db.execute(spoil)
    assert problem in verify(kept.path, limits=LIMITS).problem


def test_a_line_that_was_put_before_the_cut_is_found(kept: Kept) -> None:
    kept.days(15)
    kept.journal.close(1.0)
    with closing(sqlite3.connect(kept.path)) as db, db:
        line = "1, boot, record, mono_s, wall_s, 2, kind, name, data, hash"
        db.execute(f"INSERT INTO events SELECT {line} FROM events LIMIT 1")
    assert verify(kept.path, limits=LIMITS).problem == "lines were added before the cut"


def test_a_record_that_is_lost_under_way_says_its_holds_again(kept: Kept) -> None:
    kept.put(hold_entry(HOLD))
    kept.path.unlink()
    kept.put(Entry("note", "later", 0))
    assert recall(kept.path).holds == (HOLD,)
    assert verify(kept.path, limits=LIMITS).ok


def test_a_damaged_record_is_set_aside_at_a_start_and_the_file_says_its_holds(kept: Kept) -> None:
    """The record itself then knows none; the file beside the pictures does (tests/pictures/test_holds.py)."""
    kept.put(hold_entry(HOLD), Entry("event", FREED, 3, "{}"))
    assert recall(kept.path).freed == (3,)
    kept.journal.close(1.0)
    kept.path.write_bytes(b"no record" * 1000)
    kept.open()
    assert kept.remembered.holds == ()
    assert [code for code, _ in kept.remembered.faults] == ["journal_damaged"]


def test_a_hold_that_makes_no_sense_counts(kept: Kept) -> None:
    kept.put(Entry("event", "evidence_held", 3, "[1]"))
    assert [hold.incident for hold in recall(kept.path).holds] == [3]
