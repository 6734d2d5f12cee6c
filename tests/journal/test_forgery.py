"""Ways to forge a record, by somebody who has the card, the source and time; which are found, and by what."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.bench.desk import StoryClock
from edge.journal.chain import SHORT, START, Head, chained, digest
from edge.journal.limits import JournalLimits
from edge.journal.reader import verify
from edge.journal.writer import Journal
from edge.terms.record import Channel, Entry, OutboxRow, Recipient, Record, RowState

STATE = '{"mode":"locked","code":{"tries":1}}'
WALL_S = 1_767_254_400.0


def _row(number: int, state: RowState = RowState.ACCEPTED) -> OutboxRow:
    return OutboxRow(number, 1, "code", 1, Recipient.WATCHMAN, Channel.SMS, WALL_S, 300.0, "", state)


def _write(path: Path, name: str, count: int) -> None:
    """A kiosk's record of `count` transactions."""
    journal = Journal(path, StoryClock(100.0), threaded=False)
    journal.open()
    for n in range(1, count + 1):
        entries = tuple(Entry("event", f"{name}{n}", 1, json.dumps({"n": i})) for i in range(3))
        rows = (_row(n), _row(n + 1, RowState.QUEUED))
        counters = (("incident", 1), ("number", n + 1))
        journal.submit(Record(n, 100.0 + n, WALL_S + n, entries, STATE, rows, counters))
    assert journal.close(0)


@pytest.fixture(scope="module")
def genuine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("genuine") / "journal.db"
    _write(path, "real", 4)
    shutil.copyfile(path, path.with_name("older.db"))
    path.unlink()
    _write(path, "real", 8)
    return path


# --- the forger's tools ----------------------------------------------------------------------------


def _sql(*statements: str) -> Callable[[Path], None]:
    def forge(path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path)) as db:
            for statement in statements:
                assert db.execute(statement).rowcount
            db.commit()

    return forge


def _chain_anew(db: sqlite3.Connection) -> None:
    """Every hash, as the program itself makes them."""
    before = START.hash
    carried = dict(db.execute("SELECT seq, what FROM carried"))
    for *line, _ in db.execute("SELECT * FROM events ORDER BY seq").fetchall():
        before = chained(before, line, carried.get(line[0], ""))
        db.execute("UPDATE events SET hash = ? WHERE seq = ?", (before, line[0]))


def _hashes_anew(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE events SET data = '{\"forged\":1}' WHERE seq = 5")
        _chain_anew(db)
        db.commit()


def _state_and_hashes(path: Path) -> None:
    """The state, and the newest line that carries it, together."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE state SET state = replace(state, 'locked', 'vacant')")
        state = db.execute("SELECT boot, mono_s, wall_s, state FROM state").fetchone()
        seq, what = db.execute("SELECT seq, what FROM carried ORDER BY seq DESC LIMIT 1").fetchone()
        forged = json.loads(what) | {"state": digest(state)}
        words = json.dumps(forged, separators=(",", ":"), sort_keys=True)
        db.execute("UPDATE carried SET what = ? WHERE seq = ?", (words, seq))
        _chain_anew(db)
        db.commit()


def _forged_prune(path: Path) -> None:
    """As the program does it, with everything that a prune line carries."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT * FROM events ORDER BY seq").fetchall()
        cut, last = rows[len(rows) // 2], rows[-1]
        db.execute("DELETE FROM events WHERE seq <= ?", (cut[0],))
        db.execute("DELETE FROM carried WHERE seq <= ?", (cut[0],))
        db.execute("DELETE FROM outbox WHERE line <= ?", (cut[0],))
        db.execute("UPDATE meta SET value = ? WHERE name = 'base_seq'", (str(cut[0]),))
        db.execute("UPDATE meta SET value = ? WHERE name = 'base_hash'", (cut[-1],))
        data = json.dumps({"through": cut[0], "hash": cut[-1]})
        forged = (last[0] + 1, last[1], 0, last[3], last[4], 0, "note", "record_pruned", data)
        db.execute("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?)", (*forged, chained(last[-1], forged)))
        db.commit()


def _made_anew(path: Path) -> None:
    path.unlink()
    _write(path, "forged", 8)


def _older_copy(path: Path) -> None:
    shutil.copyfile(path.with_name("older.db"), path)


@dataclass(frozen=True)
class Forgery:
    name: str
    forge: Callable[[Path], None]
    alone: bool
    """Found without a head that was sent out."""
    problem: str
    """What is said where a head is at hand."""


FORGERIES: Sequence[Forgery] = (
    Forgery(
        "a line changed", _sql("UPDATE events SET data = '{}' WHERE seq = 5"), True, "line 5 was changed"
    ),
    Forgery("a line removed", _sql("DELETE FROM events WHERE seq = 7"), True, "line 7 is missing"),
    Forgery(
        "the last lines cut off", _sql("DELETE FROM events WHERE seq > 19"), True, "which was sent out, is"
    ),
    Forgery(
        "the first half removed behind a forged note of pruning",
        _forged_prune,
        True,
        "lines up to 13 were removed",
    ),
    Forgery(
        "the state changed",
        _sql("UPDATE state SET state = replace(state, 'locked', 'vacant')"),
        True,
        "the state was changed",
    ),
    Forgery(
        "the tries at the keypad set to -1000",
        _sql("UPDATE state SET state = replace(state, '\"tries\":1', '\"tries\":-1000')"),
        True,
        "the state was changed",
    ),
    Forgery("the counters set to 0", _sql("UPDATE counters SET value = 0"), True, "the counter incident was"),
    Forgery("messages removed", _sql("DELETE FROM outbox"), True, "was removed"),
    Forgery(
        "a message said to be delivered",
        _sql("UPDATE outbox SET state = 'delivered' WHERE number = 9"),
        True,
        "the message 9 watchman sms was changed",
    ),
    Forgery(
        "a line changed and every hash recomputed", _hashes_anew, False, "is not the one that was sent out"
    ),
    Forgery(
        "the state changed and every hash recomputed", _state_and_hashes, False, "is not the one that was"
    ),
    Forgery("the whole record rewritten", _made_anew, False, "is not the one that was sent out"),
    Forgery("an older copy put back", _older_copy, False, "line 24, which was sent out, is missing"),
)


@pytest.mark.slow
@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
@pytest.mark.parametrize("short", [False, True], ids=["whole", "short"])
def test_a_forgery_is_found(genuine: Path, tmp_path: Path, forgery: Forgery, short: bool) -> None:
    for file in genuine.parent.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    path = tmp_path / "journal.db"
    head = verify(path).head
    sent = replace(head, hash=head.hash[:SHORT]) if short else head
    assert verify(path, sent).ok
    forgery.forge(path)
    assert verify(path).ok is not forgery.alone
    result = verify(path, sent)
    assert not result.ok
    assert forgery.problem in result.problem


def test_the_readme_says_which_forgeries_need_a_head(repo: Path) -> None:
    readme = (repo / "README.md").read_text()
    for forgery in FORGERIES:
        assert f"| {forgery.name} | {'found' if forgery.alone else '-'} | found |" in readme
    assert readme.count(" | found |\n") == len(FORGERIES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM state",
        "UPDATE state SET wall_s = wall_s - 3600",
        "DELETE FROM counters WHERE name = 'incident'",
        "INSERT INTO counters VALUES ('release_tries', 3)",
        "UPDATE counters SET value = 9000000000000000000",
        "INSERT INTO outbox (number, incident, kind, issue, recipient, channel, created_wall_s, ttl_s,"
        " reason, state, tries, reference, cause, awaited, line) SELECT 99, incident, kind, issue, recipient,"
        " channel, created_wall_s, ttl_s, reason, state, tries, reference, cause, awaited, line"
        " FROM outbox LIMIT 1",
        "UPDATE outbox SET line = line + 1 WHERE number = 9",
        "UPDATE outbox SET recipient = 'police' WHERE number = 2",
        "UPDATE boots SET wall_s = 0",
        "DELETE FROM boots",
        "DELETE FROM meta",
        "UPDATE meta SET value = 'x' WHERE name = 'base_seq'",
        "DELETE FROM carried WHERE seq = 6",
        "UPDATE carried SET what = '{}' WHERE seq = 6",
        "UPDATE carried SET what = 'nonsense' WHERE seq = 6",
        "CREATE TABLE more (x)",
        "CREATE TRIGGER more AFTER INSERT ON events BEGIN DELETE FROM outbox; END",
        "UPDATE outbox SET cause = CAST(x'ff' AS TEXT) WHERE number = 3",
        "UPDATE events SET name = CAST(x'ff' AS TEXT) WHERE seq = 3",
    ],
)
def test_whatever_is_changed_in_a_table_is_found(genuine: Path, tmp_path: Path, change: str) -> None:
    path = tmp_path / "journal.db"
    shutil.copyfile(genuine, path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(change)
        db.commit()
    assert not verify(path).ok


@pytest.mark.parametrize("ahead_days", [0, 100_000])
def test_a_note_of_pruning_makes_no_line_old(genuine: Path, tmp_path: Path, ahead_days: int) -> None:
    """Where enough lines are left for age to have taken the others, and the note may be dated ahead."""
    path = tmp_path / "journal.db"
    shutil.copyfile(genuine, path)
    _forged_prune(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        *line, _ = db.execute("SELECT * FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        before = db.execute("SELECT hash FROM events WHERE seq = ?", (line[0] - 1,)).fetchone()[0]
        line[4] += ahead_days * 86400.0
        db.execute("DELETE FROM events WHERE seq = ?", (line[0],))
        db.execute("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?,?)", (*line, chained(before, line)))
        db.commit()
    assert verify(path, limits=JournalLimits(keep_rows=5)).problem.startswith("lines up to 13 were removed")


def test_a_head_that_is_too_short_or_of_lines_long_gone_vouches_for_nothing(genuine: Path) -> None:
    head = verify(genuine).head
    assert not verify(genuine, replace(head, hash=head.hash[: SHORT - 1])).ok
    assert not verify(genuine, replace(head, seq=head.seq - 1)).ok
    assert verify(genuine, START).ok


@pytest.mark.slow
def test_a_head_sent_after_a_pruning_vouches_for_it(tmp_path: Path) -> None:
    """The keeper of the record lowered keep_mb and raised it again: without a head that looks forged."""
    path = tmp_path / "journal.db"
    journal = Journal(path, StoryClock(100.0), JournalLimits(keep_mb=0.2, prune_every=4), threaded=False)
    journal.open()
    early = Head(0, "")
    for n in range(1, 200):
        journal.submit(Record(n, 100.0 + n, WALL_S + n, (Entry("event", "x", 0, f'{{"x":"{"y" * 2000}"}}'),)))
        if n == 2:
            early = journal.head()
    late = journal.head()
    journal.close(0)
    assert verify(path, late, JournalLimits(keep_mb=0.2)).ok
    assert verify(path, late).ok
    assert "asked for" in verify(path).problem
    assert "compare a head that was sent later" in verify(path, early, JournalLimits(keep_mb=0.2)).problem


@pytest.mark.slow
def test_the_command_takes_the_head_as_a_text_or_a_mail_has_it(
    genuine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head = verify(genuine).head
    events = ["events", "--verify", "--journal", str(genuine)]
    assert main(events) == 0
    assert f"head {head}\n" in capsys.readouterr().out
    for sent in (str(head), head.short, head.short.upper(), f" {head.short}"):
        assert main([*events, "--head", sent]) == 0
    assert len(head.short) < 30  # it shares a text with the state of the cabin
    assert main([*events, "--head", f"{head.seq}:{'0' * SHORT}"]) == 1
    assert "is not the one that was sent out" in capsys.readouterr().out
    for bad in (head.short[:-1], head.hash, f"{head.seq}", f"{head}0", ""):
        with pytest.raises(SystemExit, match="2"):
            main([*events, "--head", bad])
        assert "as a message or --verify has it" in capsys.readouterr().err
