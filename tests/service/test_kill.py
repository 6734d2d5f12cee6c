"""A kiosk process killed with SIGKILL at random instants of its visits, again and again on one folder."""

from __future__ import annotations

import random
import re
from pathlib import Path

import msgspec
import pytest

from edge.bench.leaving import scratch
from edge.cabin.state import State
from edge.journal import reader as journal
from tests.worlds.killed import FORKS, killed
from tests.worlds.kiosk_child import live

FORKS.set_forkserver_preload(["tests.worlds.kiosk_child"])
LIFE_S = 60.0
"""On the child's own clock: a lock comes after some 30 s, however slow the machine is."""
_CODE = re.compile(r"Incident (\d+): CODE (\d+).*#(\d+)", re.S)


def _life(folder: Path, seed: int, alive_s: float, more_s: float) -> list[dict[str, object]]:
    """Start it, kill it when its own clock shows `alive_s`, and `more_s` of real time later; what it said."""
    errors = folder.with_name(f"{folder.name}-errors")
    said, complaints = killed(
        live,
        (folder, seed),
        errors,
        lambda said: said[-1].endswith("\n") and _at_s(said[-1]) >= alive_s,
        more_s,
    )
    assert not complaints.strip(), complaints[-3000:]
    return said


class _Said(msgspec.Struct):
    at_s: float = -1.0


def _at_s(line: str) -> float:
    """What its clock shows, where the line tells of that."""
    return msgspec.json.decode(line, type=_Said).at_s


def _kills(folder: Path, count: int, seed: int) -> None:
    choose = random.Random(seed)
    path = folder / "journal.db"
    counters: dict[str, int] = {}
    by_number: dict[str, str] = {}
    lines = boot = locks = 0
    for life in range(count):
        said = _life(folder, seed * 1000 + life, choose.uniform(0.0, LIFE_S), choose.uniform(0.0, 0.02))
        starting = said[: said.index({"booted": True})]
        assert {"door": "locked"} not in starting, "nobody was looked for"
        locks += sum(one.get("door") == "locked" for one in said)
        newest = ""
        typed = ""
        for one in said:
            found = _CODE.search(str(one.get("sms", "")))
            if found:
                # a short number stands for one message, over all lives, and so for one code
                assert by_number.setdefault(found[3], found[2]) == found[2]
                newest = found[2]
            typed = str(one.get("typed", typed))
            if "opened" in one:
                assert newest, "a code from before the kill opened"
                assert typed == "CODE"
                newest = ""
        remembered = journal.recall(path)
        result = journal.verify(path)
        assert result.ok, result.problem
        assert result.head.seq >= lines, "lines that were on the card are gone"
        assert remembered.boot > boot
        lines, boot = result.head.seq, remembered.boot
        known = dict(remembered.counters)
        for name, value in counters.items():
            assert known[name] >= value, f"{name} went back"
        counters = known
        texts = [int(number) for number in by_number]
        assert max(texts, default=0) <= known.get("number", 0), "a message went out before its record"
        state = msgspec.json.decode(remembered.state or "{}", type=State)
        if state.mode == "locked" and state.code.live:
            rows = {(row.incident, row.issue) for row in journal.outbox(path) if row.kind == "code"}
            assert (state.incident, state.code.issue) in rows, "a lock without its code's message"
    assert locks, "no life came as far as a lock"


@pytest.mark.slow
@pytest.mark.timeout(500)
def test_ten_kills() -> None:
    with scratch("test") as folder:
        _kills(Path(folder), 10, 1)


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_a_thousand_kills() -> None:
    for seed in range(10):
        with scratch("test") as folder:
            _kills(Path(folder), 100, seed)
