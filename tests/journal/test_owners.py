"""The accounts of cards in the record: they come back, and are covered by its chain."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from edge.journal.limits import JournalLimits
from edge.journal.reader import lines, recall, verify
from edge.journal.writer import Journal
from edge.terms.record import Entry, NotWritten, OwnerTries, Record, Written
from tests.worlds.hand_clock import HandClock

WALL_S = 1_767_254_400.0
ANNA = OwnerTries(7, 2, 1, 0.0, (120.5, 3600.0), "boot-a", 100.0, WALL_S, True)
BEN = OwnerTries(9, 3, 4, 4800.0, (), "", 101.0, WALL_S + 1.0, False)


def record(n: int, *owners: OwnerTries) -> Record:
    return Record(n, 100.0 + n, WALL_S + n, (Entry("event", f"e{n}", 0),), '{"n":1}', (), (), owners)


def opened(path: Path, limits: JournalLimits | None = None) -> Journal:
    return Journal(path, HandClock(500.0, WALL_S + 400.0), limits, threaded=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    journal = opened(path)
    journal.open()
    journal.submit(record(1, ANNA, replace(BEN, tries=1)))
    journal.submit(record(2, BEN))
    assert journal.answers() == (Written(1), Written(2))
    journal.close(0)
    return path


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def test_the_newest_account_of_each_card_comes_back_after_a_restart(path: Path) -> None:
    assert opened(path).open().owners == (ANNA, BEN)
    assert recall(path).owners == (ANNA, BEN)
    assert verify(path).ok


def test_an_account_that_says_nothing_is_taken_out(path: Path) -> None:
    journal = opened(path)
    journal.open()
    journal.submit(record(3, OwnerTries(7)))
    journal.close(0)
    assert recall(path).owners == (BEN,)
    assert verify(path).ok
    assert b"120.5" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_an_account_outlives_the_line_that_carried_it(path: Path) -> None:
    limits = JournalLimits(keep_mb=0.01, prune_every=2)
    journal = opened(path, limits)
    journal.open()
    for n in range(3, 40):
        journal.submit(record(n))
    journal.close(0)
    first = next(iter(lines(path)))
    assert first.seq > 3, "nothing was pruned"
    assert recall(path).owners == (ANNA, BEN)
    assert verify(path, limits=limits).ok


def test_a_fresh_file_begins_with_the_accounts_of_the_one_that_was_lost(path: Path) -> None:
    journal = opened(path)
    journal.open()
    path.unlink()
    journal.submit(record(3))
    journal.close(0)
    assert recall(path).owners == (ANNA, BEN)
    assert verify(path).ok


def test_records_that_wait_too_many_lose_no_account(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    failing = [True]

    def before_sync() -> None:
        if failing[0]:
            raise OSError(28, "no space")

    clock = HandClock(500.0, WALL_S)
    journal = Journal(path, clock, JournalLimits(waiting=2), threaded=False, before_sync=before_sync)
    failing[0] = False
    journal.open()
    failing[0] = True
    for n, owner in enumerate((ANNA, BEN, replace(ANNA, tries=3), replace(BEN, rests=5)), 1):
        journal.submit(record(n, owner))
    assert any(isinstance(a, NotWritten) and a.code == "journal_overflow" for a in journal.answers())
    failing[0] = False
    clock.mono_s += 60.0
    journal.answers()
    journal.close(0)
    assert recall(path).owners == (replace(ANNA, tries=3), replace(BEN, rests=5))


# --- forged, or not understood ---------------------------------------------------------------------

FORGED = [
    "UPDATE owners SET tries = 0 WHERE person = 7",
    "UPDATE owners SET rest_left_s = 0.0 WHERE person = 9",
    "UPDATE owners SET codes_left_s = '' WHERE person = 7",
    "UPDATE owners SET mono_s = mono_s - 5000.0",
    "UPDATE owners SET wall_true = 1 WHERE person = 9",
    "UPDATE owners SET line = 1",
    "DELETE FROM owners WHERE person = 9",
    "INSERT INTO owners SELECT 11, tries, rests, rest_left_s, codes_left_s, boot, mono_s, wall_s, wall_true,"
    " line FROM owners WHERE person = 7",
]


@pytest.mark.slow
@pytest.mark.parametrize("forgery", FORGED)
def test_an_account_that_was_changed_is_found(path: Path, forgery: str) -> None:
    change(path, forgery)
    result = verify(path)
    assert not result.ok
    assert "the account" in result.problem


@pytest.mark.slow
@pytest.mark.parametrize("forgery", [one for one in FORGED if not one.startswith("INSERT")])
def test_a_start_sees_it_too_where_the_newest_lines_carry_it(path: Path, forgery: str) -> None:
    change(path, forgery)
    assert [code for code, _ in opened(path).open().faults] == ["journal_chain_broken"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "odd",
    [
        "tries = -1",
        "rests = 9000000000000000000",
        "rest_left_s = 9e999",
        "rest_left_s = -5.0",
        "codes_left_s = 'soon'",
        "codes_left_s = 'nan'",
        "codes_left_s = CAST(x'ff' AS TEXT)",
        "mono_s = 9e999",
        "wall_s = 1e15",
        "wall_true = 2",
        "person = -4",
    ],
)
def test_an_account_that_nobody_understands_is_set_aside_and_the_others_stay(path: Path, odd: str) -> None:
    change(path, f"UPDATE owners SET {odd} WHERE person = 7")
    assert recall(path).owners == (BEN,)
    journal = opened(path)
    remembered = journal.open()
    assert "owner_account_odd" in [code for code, _ in remembered.faults]
    assert remembered.owners == (BEN,)
    [aside] = [line for line in lines(path) if line.name == "record_row_odd"]
    assert json.loads(aside.data)["table"] == "owners"
    journal.submit(record(1, ANNA))
    assert journal.answers() == (Written(1),)
    journal.close(0)
    assert opened(path).open().owners == (ANNA, BEN)


# --- a file of the version before ------------------------------------------------------------------


def test_a_record_from_before_the_accounts_is_read_and_taken_along(path: Path) -> None:
    journal = opened(path)
    journal.open()
    journal.submit(record(3, OwnerTries(7), OwnerTries(9)))
    journal.close(0)
    later = [f"ALTER TABLE outbox DROP COLUMN {name}" for name in ("stream", "sequence")]
    change(path, "DROP TABLE owners", *later, "PRAGMA user_version = 3")
    assert verify(path).ok
    assert recall(path).owners == ()
    journal = opened(path)
    assert journal.open().faults == ()
    journal.submit(record(1, ANNA))
    journal.close(0)
    assert recall(path).owners == (ANNA,)
    assert verify(path).ok
