"""Killed while owners' codes are typed: no code twice, no try back, nothing compared that was not counted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from edge.cabin.events import EntryVerdict
from edge.identity.desk import CodeJudged
from edge.journal.reader import lines, recall, verify
from edge.journal.writer import Journal
from edge.terms.record import Record
from tests.worlds.owner_world import ANNA, OwnerWorld


def kills(repo: Path, *words: str) -> tuple[int, str]:
    """In a process of its own: it forks, and pytest has threads."""
    command = [sys.executable, "-m", "tests.worlds.owner_kills", *words]
    done = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr[-3000:]
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_kill_gives_a_try_back_or_takes_a_code_twice(repo: Path) -> None:
    code, said = kills(repo, "25")
    assert code == 0, said
    assert said.startswith("25 kills")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_kills_find_a_desk_that_does_not_wait_for_the_card(repo: Path) -> None:
    """The test of the test."""
    code, said = kills(repo, "25", "--careless")
    assert code == 1, said
    assert "counted" in said.splitlines()[-1] or "was compared" in said


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_a_thousand_kills(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = kills(repo, "1000")
    with capsys.disabled():
        print(f"\n{said.splitlines()[-2]}")
    assert code == 0, said


# --- the plug, pulled at each transaction ------------------------------------------------------------


class PowerCut(BaseException):
    """The plug is pulled at this very instruction."""


class CuttingJournal(Journal):
    """Pulls the plug just before, or just after, the record with the number `at` is on the card."""

    at = 0
    before = False

    def submit(self, record: Record) -> None:
        cut = record.sequence == self.at
        if cut and self.before:
            raise PowerCut
        super().submit(record)
        if cut:
            raise PowerCut


class CutWorld(OwnerWorld):
    journal_type = CuttingJournal


@pytest.mark.parametrize(
    "before", [pytest.param(True, marks=pytest.mark.slow), False], ids=["before", "after"]
)
@pytest.mark.parametrize("at", range(1, 8))
def test_a_power_cut_at_each_record_of_two_wrong_codes_and_a_right_one(
    tmp_path: Path, at: int, before: bool
) -> None:
    world: OwnerWorld = CutWorld(tmp_path)
    journal = world.journal
    assert isinstance(journal, CuttingJournal)
    journal.at, journal.before = at, before
    judged: list[CodeJudged] = []
    code = ""
    try:
        world.begin()
        world.ask()
        code = world.phone.code()
        for typed in (world.wrong(), world.wrong(), code):
            world.type(typed)
        raise AssertionError("there is no such record")
    except PowerCut:
        judged = [news for news in world.heard if isinstance(news, CodeJudged)]
    again = world.cut()
    events = [line.name for line in lines(tmp_path / "journal.db")]
    assert len(judged) <= events.count("owner_code_tried")
    wrong = sum(news.verdict is EntryVerdict.WRONG for news in judged)
    row = again.desk.row(ANNA)
    assert row.tries >= wrong or row.rest_left_s > 0 or "owner_code_right" in events
    again.begin()
    if code:
        assert not isinstance(again.type(code), CodeJudged), "a code of before the cut"
    assert verify(tmp_path / "journal.db").ok
    assert all(row.person == ANNA for row in recall(tmp_path / "journal.db").owners)
