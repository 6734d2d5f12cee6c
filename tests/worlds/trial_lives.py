"""Random lives in which a technician, or a hostile page with a grant, tries the relays without end.

The same people, faults and power cuts as in `lives`. `python -m tests.worlds.trial_lives --lives 300` counts.
A relay that is tried is taken out of the life before `lives_rules` judge it: beside trials all is as ever.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from edge.bench.leaving import scratch
from edge.judge.nobody import EMPTY_S
from edge.loop import commission
from edge.service.asks import CommissionOpen, TryOutput
from edge.terms.commission import Tried
from hw.prompt.fake import CHARACTERS_S
from tests.worlds.lives import play
from tests.worlds.lives_rules import Entry, Kind, Life, Violation, check
from tests.worlds.lives_world import FRAME_S, Act, World

LOCK_MOST_S = 5.0
SLACK_S = 0.1
"""A turn of the loop and a step of the input path."""


@dataclass
class Spell:
    """A door that was locked for a trial."""

    from_s: float
    until_s: float = 0.0
    unseen: bool = False
    """Somebody was inside whom no camera could see, behind a door that has no contact or one that lies."""


@dataclass
class TriedLife:
    """What became of one life."""

    number: int
    spells: list[Spell] = field(default_factory=list)
    permits: int = 0
    wrong: list[str] = field(default_factory=list)
    violations: tuple[Violation, ...] = ()


class TrialWorld(World):
    """Knows which relay moved for a trial, and who was inside then."""

    def __init__(self, number: int, folder: Path) -> None:
        self.life = TriedLife(number)
        self._spell: Spell | None = None
        self._permit = False
        self._seen_s: float | None = None
        self._grant = ""
        self._kiosk: object = None
        super().__init__(number, folder)

    def look_at_relays(self) -> None:
        super().look_at_relays()
        desk = self.desk
        output = desk.kiosk.state.trial.output if desk.powered else None
        lock_on = desk.powered and desk.hands.lock_on
        self._look_at_lock(lock_on and output is Tried.LOCK)
        permit = desk.powered and desk.hands.permit_on and output is Tried.PERMIT
        if permit and not self._permit:
            self.life.permits += 1
            if any(look.value != "unseen" for look in self.looks.values()):
                self.life.wrong.append(f"{self.now_s:.2f} s: the machine is opened with somebody there")
        self._permit = permit

    def _look_at_lock(self, on: bool) -> None:
        visible = any(look.value != "unseen" for look in self.looks.values())
        self._seen_s = (self._seen_s or self.now_s) if visible else None
        if on and self._spell is None:
            self._spell = Spell(self.now_s, unseen=bool(self.looks))
            if visible:
                self.life.wrong.append(f"{self.now_s:.2f} s: locked with {dict(self.looks)} inside")
        if self._spell is None:
            return
        spell = self._spell
        if on and self.now_s > spell.from_s + LOCK_MOST_S + SLACK_S:
            self.life.wrong.append(f"{self.now_s:.2f} s: locked for longer than a trial lasts")
        if on and self._seen_s is not None and self.now_s > self._seen_s + 2 * FRAME_S + SLACK_S:
            self.life.wrong.append(f"{self.now_s:.2f} s: locked with somebody in the picture")
        if not on:
            spell.until_s = self.now_s
            self.life.spells.append(spell)
            self._spell = None

    def relays(self) -> tuple[bool, bool]:
        """What the relays show beside trials."""
        lock, permit = super().relays()
        output = self.desk.kiosk.state.trial.output if self.desk.powered else None
        return lock and output is not Tried.LOCK, permit and output is not Tried.PERMIT

    def technician(self) -> Act:
        """Asks for the lock and the permit in turn, as soon as may be; again after every restart."""
        while True:
            yield 0.2 + self.random.random()
            if not self.desk.powered:
                continue
            if self.desk.kiosk is not self._kiosk:
                self._kiosk = self.desk.kiosk
                self._grant = str(self.desk.answer(CommissionOpen("somebody"))["grant"])
            output = Tried(self.pick(("lock", 60), ("permit", 35), ("siren", 5)))
            self.desk.answer(TryOutput(output, 10.0, grant=self._grant))
            self.look_at_relays()


def live(number: int, empty_s: float = EMPTY_S) -> TriedLife:
    """Play and judge the life of this number.

    `empty_s`: so long nobody must have been seen. With less than a kiosk asks for, trials begin among people
    who come and go all the time.
    """
    needed = mock.patch.multiple(commission, EMPTY_S=empty_s, EMPTY_NO_CONTACT_S=3 * empty_s)
    with scratch("trial") as folder, needed:
        world = TrialWorld(number, Path(folder))
        try:
            world.begin(world.technician())
            play(world)
        finally:
            world.desk.close()
    world.entries.append(Entry(world.now_s, Kind.CONTACT, "", world.contact))
    life = Life(world.entries, world.flow, CHARACTERS_S, bool(world.settings.people.watchman2))
    world.life.violations = tuple(check(life))
    return world.life


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lives", type=int, default=100, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N")
    parser.add_argument("--empty", type=float, default=EMPTY_S, metavar="S", help="nobody seen for so long")
    asked = parser.parse_args(arguments)
    lives = [live(number, asked.empty) for number in range(asked.first, asked.first + asked.lives)]
    spells = [spell for life in lives for spell in life.spells]
    wrong = [f"life {life.number}: {line}" for life in lives for line in life.wrong]
    wrong += [f"life {life.number}: {line}" for life in lives for line in life.violations]
    longest_s = max((spell.until_s - spell.from_s for spell in spells), default=0.0)
    print("\n".join(wrong))
    permits = sum(life.permits for life in lives)
    print(
        f"lives {len(lives)}, locks tried {len(spells)}, permits tried {permits}, "
        f"longest lock {longest_s:.2f} s, with somebody whom no camera could see "
        f"{sum(spell.unseen for spell in spells)}, wrong {len(wrong)}"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
