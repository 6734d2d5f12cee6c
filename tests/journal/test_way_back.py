"""A record that a newer version has written: the older one reads it, writes on, and nothing of it is lost."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.faults.fault import FaultError
from edge.journal import schema, tables, way_back
from edge.journal.reader import lines, outbox, verify
from edge.journal.writer import Journal
from edge.terms.record import Channel, Entry, OutboxRow, OwnerTries, Recipient, Record, RowState
from tests.worlds.hand_clock import HandClock

FORMS = len(schema.MIGRATIONS)
WALL_S = 1_790_000_000.0


def row(number: int, channel: Channel = Channel.SMS) -> OutboxRow:
    return OutboxRow(
        number, 3, "alarm", 0, Recipient.CONTROL_ROOM, channel, WALL_S, 300.0, "", RowState.QUEUED, 0
    )


def write(data: Path, name: str, *rows: OutboxRow, owners: tuple[OwnerTries, ...] = ()) -> list[str]:
    """One record; the faults that the start met."""
    journal = Journal(data / "journal.db", HandClock(100.0, WALL_S), threaded=False)
    met = journal.open().faults
    journal.submit(
        Record(1, 100.0, WALL_S, (Entry("event", name, 3),), "{}", rows, (("incident", 3),), owners)
    )
    journal.close(5.0)
    return [code for code, _ in met]


def names(data: Path) -> list[str]:
    return [line.name for line in lines(data / "journal.db")]


def as_older(monkeypatch: pytest.MonkeyPatch, form: int) -> None:
    """The program as it was when its record had this form."""
    monkeypatch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:form])
    if form < 4:
        monkeypatch.setattr(schema, "TABLES", {k: v for k, v in schema.TABLES.items() if k != "owners"})


def test_every_form_has_its_way_back() -> None:
    assert set(way_back.WAYS_BACK) == set(range(way_back.LOWEST + 1, FORMS + 1))


def test_an_older_version_reads_it_writes_on_and_the_newer_one_takes_it_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed = replace(row(1, Channel.MQTT), stream="alert", sequence=7)
    owner = OwnerTries(5, 2, 1, 60.0, (10.0,), "b", 1.0, WALL_S, True)
    assert write(tmp_path, "under_the_new", placed, row(2), owners=(owner,)) == []
    way_back.take_back(tmp_path, 4, WALL_S)
    assert way_back.form_of(tmp_path / "journal.db") == 4
    way_back.take_back(tmp_path, 4, WALL_S)  # once more: nothing
    assert names(tmp_path).count("record_taken_back") == 1
    with monkeypatch.context() as older:
        as_older(older, 4)
        assert write(tmp_path, "under_the_old", row(3)) == []
        assert verify(tmp_path / "journal.db").problem == ""
    assert write(tmp_path, "under_the_new_again") == []
    assert verify(tmp_path / "journal.db").problem == ""
    assert [name for name in names(tmp_path) if name.startswith("under")] == [
        "under_the_new",
        "under_the_old",
        "under_the_new_again",
    ]
    # The one for the broker went, as the older version has none; its place is told as a gap later.
    assert sorted(one.number for one in outbox(tmp_path / "journal.db")) == [2, 3]


def test_all_the_way_down_and_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "first", row(1))
    way_back.take_back(tmp_path, way_back.LOWEST, WALL_S)
    with monkeypatch.context() as older:
        as_older(older, way_back.LOWEST)
        assert verify(tmp_path / "journal.db").problem == ""
    assert write(tmp_path, "second") == []
    assert verify(tmp_path / "journal.db").problem == ""


def test_a_form_without_a_way_back_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "first")
    before = (tmp_path / "journal.db").read_bytes()
    with pytest.raises(FaultError, match="journal_newer"):
        way_back.take_back(tmp_path, way_back.LOWEST - 1, WALL_S)
    assert (tmp_path / "journal.db").read_bytes() == before


def test_a_running_kiosk_keeps_its_record(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", HandClock(100.0, WALL_S), threaded=False)
    journal.open()
    with pytest.raises(FaultError, match="kiosk_running"):
        way_back.take_back(tmp_path, FORMS - 1, WALL_S)
    journal.close(5.0)


def _power(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `at`-th change of a name does not come about."""
    done = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def act(*args: object) -> object:
            nonlocal done
            done += 1
            if done == at:
                raise KeyboardInterrupt
            return real(*args)

        return act

    for name in ("rename", "replace"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))


@pytest.mark.parametrize("cut_at", [0, 1, 2, 3, 4, 5])
def test_the_copy_takes_its_place_whole_from_any_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_at: int
) -> None:
    """What a newer version wrote meanwhile stays in the file set aside, and no number comes again."""
    write(tmp_path, "before")
    way_back.keep_copy(tmp_path)
    clock = HandClock(100.0, WALL_S)
    journal = Journal(tmp_path / "journal.db", clock, threaded=False)
    journal.open()
    journal.submit(Record(1, 100.0, WALL_S, (Entry("event", "between", 9),), None, (), (("incident", 9),)))
    journal.close(5.0)
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with monkeypatch.context() as power, contextlib.suppress(KeyboardInterrupt):
        _power(cut_at, power)
        way_back.put_copy_back(tmp_path, WALL_S)
    if way_back.is_between(tmp_path) or way_back.form_of(tmp_path / "journal.db") == 99:
        assert cut_at > 0
        way_back.put_copy_back(tmp_path, WALL_S)
    assert verify(tmp_path / "journal.db").problem == ""
    assert {"before", "record_from_copy"} <= set(names(tmp_path))
    assert "between" not in names(tmp_path)
    assert write(tmp_path, "after") == []
    with contextlib.closing(sqlite3.connect(tmp_path / "journal.db")) as db:
        assert tables.held_counters(db)["incident"] == 9
    (aside,) = tmp_path.glob("journal.db.damaged-1")
    with contextlib.closing(sqlite3.connect(aside)) as db:
        assert db.execute("SELECT count(*) FROM events WHERE name = 'between'").fetchone() == (1,)
