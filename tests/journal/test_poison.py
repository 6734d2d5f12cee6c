"""Content that no reader expects never stops a start: set aside, told once, and nothing else is lost."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from edge.bench.desk import StoryClock
from edge.journal import schema
from edge.journal.reader import lines, newest, outbox, recall, verify
from edge.journal.writer import Journal
from edge.terms.record import Channel, Entry, OutboxRow, Recipient, Record, Written

WALL_S = 1_767_254_400.0
COUNTERS = (("incident", 4), ("number", 3), ("release_tries", 6))


def _row(number: int) -> OutboxRow:
    return OutboxRow(number, 4, "locked", 0, Recipient.CONTROL_ROOM, Channel.SMS, WALL_S, 86400.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    journal = Journal(path, StoryClock(100.0), threaded=False)
    journal.open()
    for n in (1, 2, 3):
        entry = Entry("event", f"e{n}", 4)
        journal.submit(Record(n, 100.0 + n, WALL_S + n, (entry,), '{"mode":"locked"}', (_row(n),), COUNTERS))
    journal.close(0)
    return path


def _spoil(path: Path, *changes: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        for change in changes:
            db.execute(change)
        db.commit()


def _open(path: Path) -> Journal:
    return Journal(path, StoryClock(500.0), threaded=False)


ROWS = {
    "recipient": "'police'",
    "channel": "'pager'",
    "channel empty": "''",
    "state": "'read'",
    "created_wall_s": "1e15",
    "created_wall_s before all": "-1e12",
    "created_wall_s without end": "9e999",
    "ttl_s": "-1.0",
    "ttl_s without end": "9e999",
    "tries": "-3",
    "incident": "9223372036854775807",
    "issue": "-1",
    "reference": "-9223372036854775808",
    "number": "-2",
    "recipient no text": "CAST(x'ff00' AS TEXT)",
    "state no text": "CAST(x'80' AS TEXT)",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("state", ["queued", "delivered"])
def test_a_message_that_nobody_understands_is_set_aside_and_the_others_go_out(
    path: Path, name: str, state: str
) -> None:
    column = name.split()[0]
    _spoil(
        path,
        f"UPDATE outbox SET state = '{state}' WHERE number = 2",
        f"UPDATE outbox SET {column} = {ROWS[name]} WHERE number = 2",
    )
    assert {row.number for row in outbox(path)} == {1, 3}  # a reader before the start
    assert len(newest(path, 5, 5).messages) == 2
    assert len(recall(path).rows) == 2
    journal = _open(path)
    remembered = journal.open()
    assert [code for code, _ in remembered.faults] == ["record_row_odd"]
    assert [row.number for row in remembered.rows] == [1, 3]
    assert (remembered.boot, remembered.state, remembered.counters) == (2, '{"mode":"locked"}', COUNTERS)
    # The whole of it is in the record.
    [aside] = [line for line in lines(path) if line.name == "record_row_odd"]
    assert json.loads(aside.data)["row"]["kind"] == "locked"
    journal.submit(Record(1, 501.0, WALL_S + 500, (Entry("event", "next", 0),)))
    assert journal.answers() == (Written(1),)
    journal.close(0)
    # Told once; what was done to it stays on record, and so does the rest.
    assert _open(path).open().faults == ()
    assert [line.name for line in lines(path)] == ["e1", "e2", "e3", "record_row_odd", "next"]


def test_a_message_of_a_later_version_is_set_aside_whole(path: Path) -> None:
    """After a roll-back: the later version wrote it properly, so the chain fits before and after."""
    journal = _open(path)
    journal.open()
    channel: Channel = "pager"  # type: ignore[assignment]  # the later version has this one too
    row = OutboxRow(9, 4, "drone", 0, Recipient.CONTROL_ROOM, channel, WALL_S, 600.0)
    journal.submit(Record(1, 501.0, WALL_S + 500, (), None, (row,)))
    journal.close(0)
    assert verify(path).ok
    journal = _open(path)
    assert journal.open().faults == (("record_row_odd", "message 9 control_room pager: " + _why(row)),)
    journal.close(0)
    assert verify(path).ok


def _why(row: OutboxRow) -> str:
    return f"Invalid enum value {str(row.channel)!r} - at `$.channel`"


@pytest.mark.slow
@pytest.mark.parametrize("value", ["9223372036854775807", "-1", "-9223372036854775808", "0", "1000000000001"])
@pytest.mark.parametrize("name", ["incident", "number", "release_tries"])
def test_a_counter_that_cannot_be_is_what_the_lines_say_it_was(path: Path, name: str, value: str) -> None:
    _spoil(path, f"UPDATE counters SET value = {value} WHERE name = '{name}'")
    journal = _open(path)
    remembered = journal.open()
    assert [code for code, _ in remembered.faults] == ["record_row_odd"]
    assert remembered.counters == COUNTERS
    journal.submit(Record(1, 501.0, WALL_S + 500, (), '{"mode":"locked"}', (_row(4),), (("number", 4),)))
    assert journal.answers() == (Written(1),)
    journal.close(0)
    assert verify(path).ok
    assert dict(recall(path).counters) == dict(COUNTERS) | {"number": 4}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("DELETE FROM meta", "record_row_odd"),
        ("DELETE FROM meta WHERE name = 'base_hash'", "record_row_odd"),
        ("UPDATE meta SET value = 'x' WHERE name = 'base_seq'", "record_row_odd"),
        ("UPDATE meta SET value = '-1' WHERE name = 'base_seq'", "record_row_odd"),
        ("UPDATE meta SET value = '²' WHERE name = 'base_seq'", "record_row_odd"),
        ("UPDATE meta SET value = CAST(x'ff' AS TEXT) WHERE name = 'base_hash'", "record_row_odd"),
        ("DELETE FROM counters", "record_row_odd"),
        ("DELETE FROM boots", ""),
        ("INSERT INTO boots VALUES (9223372036854775807, 0, 0)", ""),
        ("UPDATE boots SET mono_s = 9e999", ""),
        ("UPDATE state SET mono_s = 9e999", "journal_chain_broken state_unreadable"),
        ("UPDATE state SET wall_s = -9e999", "journal_chain_broken state_unreadable"),
        ("UPDATE events SET mono_s = 9e999 WHERE seq = 3", "journal_chain_broken"),
        ("UPDATE events SET data = CAST(x'ff' AS TEXT) WHERE seq = 3", "journal_chain_broken"),
        ("UPDATE carried SET what = 'nonsense'", "journal_chain_broken"),
        ("DELETE FROM carried", "journal_chain_broken"),
    ],
)
def test_a_start_goes_on_with_what_else_there_is(path: Path, change: str, fault: str) -> None:
    _spoil(path, change)
    journal = _open(path)
    remembered = journal.open()
    assert {code for code, _ in remembered.faults} == set(fault.split())
    assert [row.number for row in remembered.rows] == [1, 2, 3]
    assert 2 <= remembered.boot < 100
    if "state_unreadable" not in fault:
        assert (remembered.state, remembered.mono_s) == ('{"mode":"locked"}', 103.0)
    counters = dict(remembered.counters)
    assert counters.get("incident") == 4
    journal.submit(Record(1, 501.0, WALL_S + 500, (Entry("event", "next", 0),), '{"mode":"vacant"}'))
    assert journal.answers() == (Written(1),)
    journal.close(0)
    assert not verify(path).problem.startswith("Traceback")
    assert list(lines(path))[-1].name == "next"


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        *(f"DROP TABLE {name}" for name in schema.TABLES),
        "ALTER TABLE outbox DROP COLUMN awaited",
        "UPDATE events SET seq = 9223372036854775807 WHERE seq = 3",
        "UPDATE events SET seq = -5 WHERE seq = 1",
    ],
)  # fmt: skip
def test_a_file_of_another_form_is_set_aside_whole(path: Path, change: str) -> None:
    _spoil(path, change)
    journal = _open(path)
    remembered = journal.open()
    assert [code for code, _ in remembered.faults] == ["journal_damaged"]
    assert remembered.state is None
    if change != "DROP TABLE counters":
        assert remembered.counters == COUNTERS
    journal.submit(Record(1, 501.0, WALL_S + 500, (Entry("event", "next", 0),)))
    assert journal.answers() == (Written(1),)
    journal.close(0)
    assert verify(path).ok
    assert (path.parent / "journal.db.damaged-1").exists()
