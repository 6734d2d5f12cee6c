"""Kills a process in which owners' codes are typed, again and again on one folder, and counts what it did.

`python -m tests.worlds.owner_kills KILLS [--careless]`: each life is a forked process with the record in a
thread of its own, a hundred lives to a folder. It opens claims, asks for codes and types right ones, wrong
ones and those of lives before. Its parent kills it with SIGKILL at a random instant and judges by what it
said: a line before each comparison, from within the book that compares, and one after it. A rest is longer
here than all the lives together, so that no card may ever be compared with more than three entries since its
last right code, over all lives. `--careless` compares without waiting for the card, to show that the kills
find it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge.bench.leaving import scratch
from edge.cabin.events import EntryVerdict
from edge.codes.book import CodeBook
from edge.codes.hidden import Typed
from edge.identity.desk import CodeJudged, CodeNotSent, CodeRefused, CodeSent
from edge.identity.limits import CodeRules
from edge.journal.reader import recall, verify
from edge.terms.record import OwnerTries
from tests.worlds.owner_world import OwnerWorld, Phone, WorldClock

TRIES: Final = 3
RULES: Final = CodeRules(tries=TRIES, rest_s=86_400.0, rest_max_s=604_800.0, codes_per_hour=10)
PAUSES_S: Final = (0.0, 0.0, 0.001, 0.003)
"""Where a kill is most wanted the child waits a little."""
SYNCS_S: Final = (0.0, 0.001, 0.004)
LONGEST: Final = 300
LINES: Final = ("booted", "sent", "typed", "typed", "compare", "compare", "verdict", "verdict")
"""A kill comes after one of these lines."""
CARDS: Final = 4
"""So many are tried by turns; for one that rests a new one follows."""

Say = Callable[[dict[str, object]], None]


class SayingBook(CodeBook):
    """Tells each comparison before it is made, and what came of it."""

    say: Say
    person: int
    live: str
    chance: random.Random

    def judge(self, entry: Typed) -> EntryVerdict:
        live = self.text()
        self.say({"compare": self.person, "right": live is not None and entry.same_as(live)})
        time.sleep(self.chance.choice(PAUSES_S))
        verdict = super().judge(entry)
        self.say({"verdict": verdict.value, "code": f"{self.person} {self.live}"})
        time.sleep(self.chance.choice(PAUSES_S))
        return verdict


class SayingWorld(OwnerWorld):
    """With a disk that takes its time, in memory as it may be."""

    book_type = SayingBook

    def _sync(self) -> None:
        time.sleep(random.choice(SYNCS_S))


class CarelessWorld(SayingWorld):
    """Compares without waiting for the card: what the kills are to find."""

    def turn(self) -> None:
        super().turn()
        self.codes.recorded(self.on_record.next_sequence - 1, True, self.clock.now_s())


def live(folder: Path, seed: int, before: list[str], say: Say, world_type: type[SayingWorld]) -> None:
    """One life, until it is killed. `before`: codes that were sent in lives before."""
    chance = random.Random(seed)
    clock = WorldClock(mono_s=1000.0 + seed * 0.001, boot="one boot")
    world = world_type(folder, clock, Phone(), rules=RULES, threaded=True)
    book = world.book
    assert isinstance(book, SayingBook)
    book.say, book.chance = say, chance
    say({"booted": True})
    claim = 0
    while True:
        claim += 1
        person = _card(world, chance)
        book.person = person
        world.begin(claim, person)
        world.codes.given("", clock.now_s())
        _until(world, (CodeSent, CodeNotSent, CodeRefused))
        if not isinstance(world.last(), CodeSent):
            say({"not sent": person})
            continue
        code = world.phone.code()
        book.live = code
        say({"sent": code, "person": person})
        for _ in range(chance.randrange(5)):
            wrong = f"{chance.randrange(10**6):06d}"
            typed = chance.choice([code, wrong, wrong, chance.choice(before or [wrong])])
            say({"typed": person})
            for _ in range(chance.choice([1, 1, 3])):  # hammered: each before the one before it is answered
                world.codes.given(typed, clock.now_s())
            _until(world, (CodeJudged, CodeRefused))
            if isinstance(world.last(), CodeRefused):
                say({"refused": person})


def _card(world: OwnerWorld, chance: random.Random) -> int:
    """One of the lowest that may still be sent a code; now and then one that rests."""
    open_ones: list[int] = []
    person = 0
    while len(open_ones) < CARDS:
        person += 1
        row = world.desk.row(person)
        if row.rest_left_s == 0 and len(row.codes_left_s) < RULES.codes_per_hour:
            open_ones.append(person)
    return chance.choice([*open_ones, chance.randrange(1, person + 1)])


def _until(world: OwnerWorld, kinds: tuple[type, ...]) -> bool:
    """Turn the loop until it has told one of these, as the record's thread lets it."""
    end_s = time.monotonic() + 20.0
    while time.monotonic() < end_s:
        # the modem's seconds go by quickly, those in which the record is waited for do not
        waits = world.journal.waiting > 0
        world.clock.mono_s += 0.002 if waits else 0.05
        world.turn()
        if isinstance(world.last(), kinds):
            return True
        if waits:
            time.sleep(0.0005)
    return False


# --- the parent ------------------------------------------------------------------------------------


@dataclass
class Counts:
    """What all lives did. `most` is the most comparisons that one card ever had between two right codes."""

    kills: int = 0
    compared: int = 0
    counted: int = 0
    right: int = 0
    sent: int = 0
    most: int = 0
    refused: int = 0
    between: int = 0
    """Killed after an entry was counted or begun to be compared, and before its verdict was out."""
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, {self.between} of them between a count and its verdict; {self.sent} codes "
            f"sent, {self.counted} tries counted on the card, {self.compared} comparisons, {self.right} "
            f"right, {self.refused} refused; at most {self.most} comparisons on one card between two right "
            f"codes; {len(self.problems)} problems"
        )


@dataclass
class _Watch:
    """Judges what a life said against what all lives before it said."""

    counts: Counts
    since_right: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    opened: set[str] = field(default_factory=set)
    codes: list[str] = field(default_factory=list)

    def hear(self, said: list[dict[str, object]]) -> None:
        counts = self.counts
        for one in said:
            if "sent" in one:
                counts.sent += 1
                self.codes.append(str(one["sent"]))
            elif "compare" in one:
                person = int(str(one["compare"]))
                counts.compared += 1
                self.since_right[person] += 1
                counts.most = max(counts.most, self.since_right[person])
                if self.since_right[person] > TRIES:
                    counts.problems.append(f"card {person} was compared {self.since_right[person]} times")
                if one["right"]:  # its verdict may not be heard any more, and may be on the card
                    self.since_right[person] = 0
            elif "refused" in one or "not sent" in one:
                counts.refused += 1
            elif one.get("verdict") == "right":
                counts.right += 1
                code = str(one["code"])
                if code in self.opened:
                    counts.problems.append(f"the code {code} was accepted twice")
                self.opened.add(code)
        if said and ("compare" in said[-1] or "typed" in said[-1]):
            counts.between += 1


def kill_many(folder: Path, kills: int, seed: int, world_type: type[SayingWorld] = SayingWorld) -> Counts:
    """So many lives on one folder, each killed; what was found after each."""
    chance = random.Random(seed)
    counts = Counts()
    watch = _Watch(counts)
    path = folder / "journal.db"
    known: dict[int, OwnerTries] = {}
    for life in range(kills):
        watch.hear(_one_life(Life(folder, seed * 100_000 + life, watch.codes, world_type), chance))
        counts.kills += 1
        if not path.exists():
            continue
        counts.counted = _counted(path)
        if counts.compared > counts.counted:
            counts.problems.append(f"life {life}: {counts.compared} compared, {counts.counted} counted")
        result = verify(path) if life % 10 == 0 or life == kills - 1 else None
        if result is not None and not result.ok:
            counts.problems.append(f"life {life}: {result.problem}")
        accounts = {row.person: row for row in recall(path).owners}
        for person, row in known.items():
            if row.rest_left_s > 0 and accounts.get(person, OwnerTries(person)).rest_left_s <= 0:
                counts.problems.append(f"life {life}: card {person} rests no more")
        known = {person: row for person, row in accounts.items() if row.tries < TRIES or row.rest_left_s > 0}
        known = {person: row for person, row in known.items() if watch.since_right[person] >= TRIES}
    return counts


@dataclass(frozen=True)
class Life:
    folder: Path
    seed: int
    before: list[str]
    world_type: type[SayingWorld]


def _one_life(life: Life, chance: random.Random) -> list[dict[str, object]]:
    """Fork it, read what it says, kill it after some of its lines and a moment more; all that it said."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _child(life, writer)
    os.close(writer)
    kind, wanted = chance.choice(LINES), chance.randrange(1, 5)
    more_s = chance.choice([0.0, chance.uniform(0.0, 0.004)])
    said: list[str] = []
    with os.fdopen(reader) as lines_said:
        for line in lines_said:
            said.append(line)
            wanted -= f'"{kind}"' in line
            if not wanted or len(said) > LONGEST:
                break
        time.sleep(more_s)
        os.kill(child, signal.SIGKILL)
        said += lines_said
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"it ended by itself: {status}, {said[-1:]}"
    return [json.loads(line) for line in said if line.endswith("\n")]


def _child(life: Life, writer: int) -> None:
    def say(what: dict[str, object]) -> None:
        os.write(writer, json.dumps(what).encode() + b"\n")

    try:
        live(life.folder, life.seed, life.before, say, life.world_type)
    finally:
        os._exit(1)


def _counted(path: Path) -> int:
    """The tries that are on the card, each a line."""
    with contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        [(count,)] = db.execute("SELECT count(*) FROM events WHERE name = 'owner_code_tried'")
        return int(count)


def kill_hundreds(kills: int, seed: int, world_type: type[SayingWorld] = SayingWorld) -> Counts:
    """A hundred to a folder; all of them together."""
    total = Counts()
    for begun in range(0, kills, 100):
        with scratch("kills") as folder:
            found = kill_many(Path(folder), min(100, kills - begun), seed + begun, world_type)
        for name in ("kills", "compared", "counted", "right", "sent", "refused", "between", "problems"):
            setattr(total, name, getattr(total, name) + getattr(found, name))
        total.most = max(total.most, found.most)
        print(f"{total}", flush=True)
    return total


def main() -> None:
    began_s = time.monotonic()
    careless = "--careless" in sys.argv
    counts = kill_hundreds(int(sys.argv[1]), 1, CarelessWorld if careless else SayingWorld)
    print(f"{time.monotonic() - began_s:.0f} s")
    for problem in counts.problems[:20]:
        print(problem)
    sys.exit(bool(counts.problems))


if __name__ == "__main__":
    main()
