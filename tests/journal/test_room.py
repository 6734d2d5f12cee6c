"""The smallest record that the settings allow has room for what alarm systems must remember."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.journal.limits import JournalLimits
from edge.journal.reader import lines
from edge.settings.load import SettingsError, load
from edge.terms.record import Entry, Record
from tests.journal.test_record import inline
from tests.worlds.hand_clock import HandClock

LINES = 1000
"""EN 50131-1, 8.10, grade 4."""


@pytest.mark.slow
def test_a_thousand_lines_have_room_in_the_smallest_record(tmp_path: Path) -> None:
    smallest = load(None, ["journal.keep_mb=5"]).journal.keep_mb
    with pytest.raises(SettingsError):
        load(None, ["journal.keep_mb=4.9"])
    clock = HandClock(100.0, 1_700_000_100.0)
    journal = inline(tmp_path / "journal.db", clock, JournalLimits(keep_mb=smallest, prune_every=50))
    journal.open()
    data = json.dumps({"x": "y" * 1000})  # larger than nearly all
    for number in range(1, LINES + 1):
        journal.submit(Record(number, float(number), clock.wall_s(), (Entry("event", "x", 1, data),)))
    journal.close(1.0)
    assert len([line for line in lines(tmp_path / "journal.db") if line.kind == "event"]) == LINES
