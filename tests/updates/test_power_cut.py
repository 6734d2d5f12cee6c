"""An update that power or a kill ended anywhere: a sample of `python -m tests.power_cut_updates`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds.recorded_disk import Note, cut, may_record

needs_disk = pytest.mark.skipif(not may_record(), reason="needs root, FUSE, loop devices and ext4")
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


def _table(repo: Path, *arguments: str) -> list[list[int]]:
    """The numbers of each row: points, states, old, new, tried again, lost writes, wrong."""
    command = [sys.executable, "-m", "tests.power_cut_updates", *arguments]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False)
    print(done.stdout + done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(r"healthy +((?:\d+ +){7})", done.stdout)
    return [[int(number) for number in row.split()] for row in rows]


def _whole(rows: list[list[int]], points: int) -> None:
    for found, _, old, new, again, _, wrong in rows:
        assert (found, old + new, again, wrong) == (points, points, points, 0)
    assert any(new for _, _, _, new, _, _, _ in rows), "no point lies after the end of the update"
    assert any(old for _, _, old, _, _, _, _ in rows)


@pytest.mark.slow
@pytest.mark.timeout(900)
@needs_disk
def test_power_cuts(repo: Path) -> None:
    rows = _table(repo, "--power", "4", "--kills", "0")
    _whole(rows, 4)
    assert sum(row[5] for row in rows) > 0, "no write was lost: nothing was tried"


@pytest.mark.full
@pytest.mark.timeout(7200)
@needs_disk
@needs_strace
def test_power_cuts_and_kills_all_over(repo: Path) -> None:
    rows = _table(repo)
    assert sum(row[0] for row in rows) >= 400


def test_a_disk_loses_what_was_not_flushed_and_nothing_else(tmp_path: Path) -> None:
    image, to = tmp_path / "base", tmp_path / "cut"
    image.write_bytes(bytes(8192))
    notes = [Note(0, b"a" * 1024), Note(0, b""), Note(1024, b"b" * 1024), Note(4096, b"c" * 2048)]
    ends = set()
    for seed in range(60):
        cut(image, to, notes, len(notes), seed)
        left = to.read_bytes()
        assert left[:1024] == b"a" * 1024
        ends.add((left[1024:2048].count(b"b"), left[4096:6144].count(b"c")))
    assert {(0, 0), (1024, 2048), (0, 2048), (1024, 0)} <= ends
    assert any(0 < torn < 2048 for _, torn in ends)
    assert cut(image, to, notes, 4, None) == 0
    assert to.read_bytes()[1024:2048] == b"b" * 1024
