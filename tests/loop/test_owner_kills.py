"""Killed while owners' codes are typed: no code twice, no try back, nothing compared that was not counted."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from edge.cabin.events import EntryVerdict
from edge.codes.book import CodeBook
from edge.codes.hidden import Typed
from edge.identity.desk import CodeJudged, CodeSent
from edge.identity.limits import CodeRules
from edge.journal.reader import lines, recall, verify
from edge.journal.writer import Journal
from edge.terms.record import OwnerTries, Record
from tests.worlds.cutting_vfs import CutDisk, Recording, available, recording
from tests.worlds.owner_world import ANNA, OwnerWorld, Phone, WorldClock


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


# --- the card after a power cut, down to single sectors ----------------------------------------------

LONG = CodeRules(rest_s=86_400.0, rest_max_s=604_800.0, codes_per_hour=100)
"""A rest is longer than the work below: no card is compared more than three times between two right codes."""

needs_vfs = pytest.mark.skipif(bool(available()), reason=f"SQLite's file layer: {available()}")


class MarkingBook(CodeBook):
    """Marks on the tape each comparison, before it is made."""

    tape: Recording
    person = 0

    def judge(self, entry: Typed) -> EntryVerdict:
        live = self.text()
        right = live is not None and entry.same_as(live)
        self.tape.mark(f"{'right' if right else 'wrong'} {self.person}")
        return super().judge(entry)


class MarkingWorld(OwnerWorld):
    book_type = MarkingBook


def type_codes(folder: Path, tape: Recording, chance: random.Random, lives: int) -> None:
    """Claims, codes and entries over some lives, of which half end as by a kill; a card is tried in a few."""
    clock, phone = WorldClock(), Phone()
    for life in range(lives):
        world = MarkingWorld(folder, clock, phone, rules=LONG)
        assert isinstance(world.book, MarkingBook)
        world.book.tape = tape
        for claim in range(1, 4):
            world.book.person = person = life + chance.randrange(1, 4)
            world.begin(claim, person)
            world.ask()
            for _ in range(chance.randrange(1, 4)):
                if world.heard and isinstance(world.last(), CodeSent | CodeJudged):
                    world.type(chance.choice([world.phone.code(), world.wrong(), world.wrong()]))
        if chance.random() < 0.5:
            assert world.journal.close(0)
        else:
            world.journal.let_go()


def look(folder: Path, marks: list[str]) -> str:
    """What the record that a cut left contradicts, empty for nothing."""
    counted = 0
    if (folder / "journal.db").exists():
        world = OwnerWorld(folder, WorldClock(mono_s=1e6), Phone(), rules=LONG)
        world.journal.let_go()
        counted = sum(line.name == "owner_code_tried" for line in lines(folder / "journal.db"))
        since_right: dict[int, int] = defaultdict(int)
        for mark in marks:
            verdict, _, card = mark.partition(" ")
            since_right[int(card)] = since_right[int(card)] + 1 if verdict == "wrong" else 0
        accounts = {row.person: row for row in world.remembered.owners}
        for person, tries in since_right.items():
            known = accounts.get(person, OwnerTries(person))
            if tries >= LONG.tries and known.rest_left_s <= 0:
                return f"card {person} does not rest after {tries} wrong ones"
            if known.tries < tries and known.rest_left_s <= 0:
                return f"card {person} has {known.tries} tries after {tries} wrong ones"
    return "" if len(marks) <= counted else f"{len(marks)} compared, {counted} counted"


def cut_power(memory: Path, cuts: int, seed: int) -> tuple[int, list[str]]:
    """Pull the plug at so many places; the comparisons on the tape, and what was wrong."""
    chance = random.Random(seed)
    with recording() as tape:
        type_codes(memory / "written", tape, chance, 10 + cuts // 25)
    places = sorted(chance.randrange(len(tape.ops)) for _ in range(cuts))
    disk = CutDisk()
    marks: list[str] = []
    problems: list[str] = []
    for place, op in enumerate(tape.ops):
        disk.apply(op)
        if op.kind == "mark":
            marks.append(op.file)
        while places and places[0] == place:
            places.pop(0)
            found = memory / "found"
            found.mkdir()
            disk.cut(found, chance)
            problem = look(found, marks)
            if problem:
                problems.append(f"after operation {place}: {problem}")
            shutil.rmtree(found)
    return len(marks), problems


@pytest.mark.slow
@needs_vfs
@pytest.mark.timeout(600)
@pytest.mark.parametrize("cuts", [100, pytest.param(1000, marks=pytest.mark.full)])
def test_no_power_cut_gives_a_try_back(tmp_path: Path, cuts: int, capsys: pytest.CaptureFixture[str]) -> None:
    compared, problems = cut_power(tmp_path, cuts, 1)
    assert problems == []
    assert compared > 30
    with capsys.disabled():
        print(f"\n{cuts} power cuts, {compared} comparisons: none uncounted, no try given back")
