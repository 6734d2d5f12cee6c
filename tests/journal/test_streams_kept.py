"""Places in streams in the record: from a file of before, and back to a version that knows no broker."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from edge.journal import schema
from edge.journal.reader import recall, verify
from edge.journal.way_back import take_back
from edge.journal.writer import Journal
from edge.messages.streams import Streams
from edge.terms.record import Channel, OutboxRow, Recipient, Record, Written
from tests.worlds.hand_clock import HandClock

WALL_S = 1_767_254_400.0
SMS = OutboxRow(3, 1, "locked", 0, Recipient.CONTROL_ROOM, Channel.SMS, WALL_S, 86400.0, "mask")
PLACED = replace(SMS, channel=Channel.MQTT, stream="alert", sequence=2)
COUNTERS = (("mqtt_alert", 2), ("mqtt_alert_done", 1), ("mqtt_epoch", 0x40000000AB), ("number", 3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def opened(path: Path) -> Journal:
    return Journal(path, HandClock(100.0, WALL_S), threaded=False)


def kept(path: Path, *rows: OutboxRow) -> None:
    journal = opened(path)
    journal.open()
    journal.submit(Record(1, 101.0, WALL_S, (), '{"mode":"locked"}', rows, COUNTERS))
    assert journal.answers() == (Written(1),)
    journal.close(0)


def change(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_a_place_is_kept_with_its_row_under_the_chain(path: Path) -> None:
    kept(path, SMS, PLACED)
    assert recall(path).rows == (PLACED, SMS)
    assert verify(path).ok
    change(path, "UPDATE outbox SET sequence = 1 WHERE channel = 'mqtt'")
    assert not verify(path).ok


def test_a_record_from_before_the_streams_is_read_and_taken_along(path: Path) -> None:
    kept(path, SMS)
    columns = [f"ALTER TABLE outbox DROP COLUMN {name}" for name in ("stream", "sequence")]
    before = schema.MIGRATIONS.index(schema.streams)
    change(path, *columns, f"PRAGMA user_version = {before}")
    assert verify(path).ok
    assert recall(path).rows == (SMS,)
    journal = opened(path)
    remembered = journal.open()
    assert (remembered.faults, remembered.rows) == ((), (SMS,))
    journal.submit(Record(1, 102.0, WALL_S, (), None, (PLACED,), ()))
    journal.close(0)
    assert recall(path).rows == (PLACED, SMS)
    assert verify(path).ok


def test_an_older_version_gets_the_record_without_them_and_the_newer_one_explains_what_is_missing(
    path: Path,
) -> None:
    kept(path, SMS, PLACED)
    before = schema.MIGRATIONS.index(schema.streams)
    take_back(path.parent, before, WALL_S + 60)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (before,)
        assert db.execute("SELECT channel FROM outbox").fetchall() == [("sms",)]
    journal = opened(path)  # the newer one is back
    remembered = journal.open()
    journal.close(0)
    assert (remembered.faults, remembered.rows) == ((), (SMS,))
    assert verify(path).ok
    streams = Streams(dict(remembered.counters))
    (notice,) = streams.restore(remembered.rows, WALL_S, lambda: 4)
    assert (notice.stream, notice.reason, streams.epoch) == ("alert", "2-2 not_found", "40000000ab")
