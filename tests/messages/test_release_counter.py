"""The counter's file that outlives the record: it only goes up, and no disk holds anybody up."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from edge.messages.release_counter import CounterFile


def test_the_counter_file_only_goes_up(tmp_path: Path) -> None:
    file = CounterFile(tmp_path / "release-counter", threaded=False)
    assert file.read() == 0
    for number, after in ((3, 3), (9, 9), (4, 9), (10**17, 10**17)):
        file.keep(number)
        assert file.read() == after
    assert [path.name for path in tmp_path.iterdir()] == ["release-counter"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"-3", b"9" * 5000, b"12 # set by hand", b"1_0"])
def test_a_counter_file_that_is_none_counts_as_lost(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "release-counter"
    path.write_bytes(content)
    file = CounterFile(path, threaded=False)
    assert file.read() == 0
    file.keep(7)
    assert path.read_text() == "7\n"


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    CounterFile(tmp_path / "no" / "folder" / "release-counter", threaded=False).keep(3)
    (tmp_path / "release-counter").mkdir()
    file = CounterFile(tmp_path / "release-counter", threaded=False)
    file.keep(3)
    assert file.read() == 0


def test_the_loop_does_not_wait_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda descriptor: disk.wait(30))
    file = CounterFile(tmp_path / "release-counter")
    file.keep(3)
    assert file.read() == 0
    disk.set()
    give_up_s = time.monotonic() + 30.0
    while file.read() != 3:
        assert time.monotonic() < give_up_s
        time.sleep(0.01)
