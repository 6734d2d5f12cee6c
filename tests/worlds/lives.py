"""Random lives of a whole simulated cabin, each the same for its number, judged by `lives_rules`.

People come, tailgate, hide and leave, stand behind the glass, press and force; the watchman types or does
not; devices fail, the power goes and comes. `python -m tests.worlds.lives --lives 1000` prints the counts,
`python -m tests.worlds.lives --life 12 -v` the whole story of one.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge.bench.leaving import scratch
from hw.prompt.fake import CHARACTERS_S
from tests.worlds.lives_actors import Actors
from tests.worlds.lives_rules import (
    Entry,
    Kind,
    Life,
    Violation,
    check,
    is_relock,
    release_reason,
)
from tests.worlds.lives_world import World


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of one life."""

    number: int
    life: Life
    violations: tuple[Violation, ...]
    remarks: tuple[tuple[float, str], ...]


def live(number: int) -> Lived:
    """Play and judge the life of this number."""
    with scratch("life") as folder:
        world = World(number, Path(folder))
        try:
            play(world)
        finally:
            world.desk.close()
    world.entries.append(Entry(world.now_s, Kind.CONTACT, "", world.contact))  # so that the life has an end
    life = Life(world.entries, world.flow, CHARACTERS_S, bool(world.settings.people.watchman2))
    return Lived(number, life, tuple(check(life)), tuple(world.remarks))


def play(world: World) -> None:
    """Everybody acts, for a while that the world's number chooses."""
    actors = Actors(world)
    chance = world.random.random
    length_s = 120.0 + 300.0 * chance()
    world.begin(actors.street(length_s))
    world.begin(actors.watchman())
    if chance() < 0.3:
        world.begin(actors.more_people(length_s))
    if chance() < 0.2:
        world.begin(actors.passers(length_s))
    if chance() < 0.35:
        for _ in range(world.random.randrange(1, 4)):
            world.begin(actors.trouble(length_s))
    if world.later_contact:
        world.begin(actors.contact_trouble(length_s))
    if chance() < 0.1:
        world.begin(actors.alarms(length_s))
    if chance() < 0.45:
        world.begin(actors.power(length_s))
    if chance() < 0.06:
        world.begin(actors.control_room())
    if chance() < 0.12:
        world.begin(actors.nobody_hears())
    world.run_to(length_s)
    if world.random.random() < 0.8:
        for _ in range(40):  # a lock is watched to its end, for longer than any may last
            if not world.locked and world.desk.powered:
                break
            world.run_to(world.now_s + 50.0)


# --- counts ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Counts:
    """What many lives came to."""

    lives: int = 0
    locks: int = 0
    relocks: int = 0
    empty: int = 0
    """Locks of a cabin in which nobody was, for all that the camera saw: they shut nobody in."""
    permits: int = 0
    threats: int = 0
    restarts: int = 0
    releases: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)

    def add(self, lived: Lived) -> None:
        life = lived.life
        relocks = sum(is_relock(life, start_s) for start_s, _ in life.locks)
        self.lives += 1
        self.relocks += relocks
        self.locks += len(life.locks) - relocks
        self.empty += sum(not life.at(start_s).inside for start_s, _ in life.locks)
        self.permits += sum(1 for _ in life.spells(lambda moment: moment.permit))
        self.threats += sum(words.threat_s is not None for words in life.words)
        self.restarts += len(life.ons) - 1
        self.releases.update(release_reason(life, lock) or "UNEXPLAINED" for lock in life.locks)
        self.violations.update(violation.rule for violation in lived.violations)

    def __str__(self) -> str:
        lines = [
            f"lives {self.lives}, restarts {self.restarts}, permits {self.permits}, threats {self.threats}",
            f"locks {self.locks}, relocks {self.relocks}, of these with nobody inside {self.empty}",
            "releases: " + ", ".join(f"{name} {count}" for name, count in self.releases.most_common()),
            f"violations {self.violations.total()}"
            + "".join(f"\n  {name} {count}" for name, count in self.violations.most_common()),
        ]
        return "\n".join(lines)


def live_many(numbers: Iterable[int], tell: Callable[[str], None] = lambda _: None) -> Counts:
    """Many lives; `tell` gets a line for each violation."""
    counts = Counts()
    for number in numbers:
        lived = live(number)
        counts.add(lived)
        for violation in lived.violations:
            tell(f"life {number}: {violation}")
    return counts


def timeline(lived: Lived, verbose: bool) -> str:
    """The story of a life, a line for each entry; `verbose` with what the program says of itself."""
    lines = [(entry.at_s, str(entry)) for entry in lived.life.entries]
    if verbose:
        lines += [
            (at_s, f"{at_s // 60:4.0f}:{at_s % 60:05.2f}            . {words}")
            for at_s, words in lived.remarks
        ]
    lines += [(v.at_s, f"*** {v}") for v in lived.violations]
    return "\n".join(line for _, line in sorted(lines, key=lambda line: line[0]))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.worlds.lives", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--lives", type=int, default=100, metavar="N", help="how many lives")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the number of the first")
    parser.add_argument("--life", type=int, metavar="N", help="only this one, with its story")
    parser.add_argument("-v", "--verbose", action="store_true", help="with what the program says of itself")
    asked = parser.parse_args(arguments)
    if asked.life is not None:
        lived = live(asked.life)
        print(timeline(lived, asked.verbose))
        return 1 if lived.violations else 0
    counts = live_many(range(asked.first, asked.first + asked.lives), lambda line: print(line, flush=True))
    print(counts)
    return 1 if counts.violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
