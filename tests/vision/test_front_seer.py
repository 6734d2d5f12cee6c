"""The front's seer: who stands before it holds it, a restart loses nothing, what is wrong has a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from edge.faults.catalogue import CATALOGUE
from edge.judge.front import FrontJudge
from edge.terms.observation import CameraHealth, FrontSeen, Observation, Region, Thing, ThingKind
from edge.vision.scene.front import SLOT_S
from edge.vision.scene.front_seer import FrontSeer
from edge.vision.scene.fronts import MANIFEST, write_front
from edge.vision.scene.reference import Reference
from edge.vision.scene.teaching import teach
from edge.vision.seers import Seer, Trouble
from edge.vision.sight import Sight
from hw.camera.port import Frame
from tests.worlds.drawn_front import HEIGHT, REGIONS, WIDTH, Floats, lit, machine, skimmed

PERSON = Thing(ThingKind.PERSON, (100.0, 40.0, 80.0, 190.0), 0.9)


def learn(folder: Path, picture: Floats) -> None:
    taken = [Reference(lit(picture, level, 3), "face", 0.0, 0, infrared=False) for level in (1.0, 0.7)]
    write_front(folder, teach(taken, "face", REGIONS, None))


class Eyes:
    """One seer and the judge behind it, a look in each slot."""

    def __init__(self, folder: Path, now_s: float = 1000.0) -> None:
        self.seer = FrontSeer(folder, "face", None)
        self.judge = FrontJudge()
        self.now_s = now_s

    def sight(self, picture: Floats, persons: Sequence[Thing] = (), moving: Sequence[Region] = ()) -> Sight:
        grey = lit(picture, 0.9, round(self.now_s) % 71)
        sight = Sight(Frame(0, self.now_s, grey), grey[::2, ::2], CameraHealth.OK)
        return replace(sight, persons=tuple(persons), moving=tuple(moving))

    def see(self, picture: Floats, slots: int, persons: Sequence[Thing] = ()) -> list[str]:
        """Facts, as words with the seconds that had passed."""
        told = []
        begun_s = self.now_s
        for _ in range(slots):
            # A region is judged at a look of its own.
            for part in range(len(REGIONS) - 1):
                sight = self.sight(picture, persons)
                sight.frame = replace(sight.frame, at_s=self.now_s + part)
                if self.seer.wants(sight):
                    self.seer.look(sight)
                seen = self.observed(sight.front)
                told += [
                    f"{type(f).__name__} {self.now_s - begun_s:.0f}"
                    for f in self.judge.update(seen, self.now_s)
                ]
            self.now_s += SLOT_S
        return told

    def observed(self, front: tuple[FrontSeen, ...]) -> Observation:
        return Observation(0, self.now_s, (WIDTH, HEIGHT), (), 0.0, CameraHealth.OK, front=front)


@pytest.mark.slow
def test_a_restart_of_the_eyes_finds_what_was_fixed_before_it_within_ten_minutes(tmp_path: Path) -> None:
    """The taught pictures are on disk, and nothing that was learnt since is needed to find it again."""
    learn(tmp_path, machine())
    (told,) = Eyes(tmp_path).see(skimmed(machine()), 14)
    assert told.startswith("AnomalyBegan")
    (found,) = Eyes(tmp_path, now_s=5.0).see(skimmed(machine()), 14)
    assert 180.0 <= float(found.split()[1]) <= 600.0


@pytest.mark.slow
def test_what_is_taught_again_is_taken_up_while_it_runs_and_ends_what_was_told(tmp_path: Path) -> None:
    learn(tmp_path, machine())
    eyes = Eyes(tmp_path)
    assert len(eyes.see(skimmed(machine()), 14)) == 1
    learn(tmp_path, skimmed(machine()))
    (ended,) = eyes.see(skimmed(machine()), 19)
    assert ended.startswith("AnomalyEnded")


@pytest.mark.slow
def test_who_stands_before_it_holds_it(tmp_path: Path) -> None:
    learn(tmp_path, machine())
    eyes = Eyes(tmp_path)
    assert eyes.seer.wants(eyes.sight(machine()))
    assert not eyes.seer.wants(eyes.sight(machine(), [PERSON]))
    hand = Region((150.0, 90.0, 30.0, 30.0), 0.01)
    assert not eyes.seer.wants(eyes.sight(machine(), moving=[hand]))
    outside = Region((0.0, 0.0, 8.0, 8.0), 0.01)
    assert eyes.seer.wants(eyes.sight(machine(), moving=[outside]))
    assert not eyes.seer.wants(replace(eyes.sight(machine()), health=CameraHealth.BLINDED))
    assert eyes.see(skimmed(machine()), 20, [PERSON]) == []


def test_where_nothing_was_taught_it_asks_for_nothing(tmp_path: Path) -> None:
    eyes = Eyes(tmp_path / "never")
    assert not eyes.seer.wants(eyes.sight(machine()))
    assert eyes.seer.trouble is None


def test_a_damaged_front_is_told_by_name_until_it_is_taught_again(tmp_path: Path) -> None:
    learn(tmp_path, machine())
    (tmp_path / MANIFEST).write_text("{}")
    eyes = Eyes(tmp_path)
    assert not eyes.seer.wants(eyes.sight(machine()))
    assert eyes.seer.trouble == Trouble(Seer.FRONT, "front_damaged", "front.json cannot be read")
    learn(tmp_path, machine())
    eyes.now_s += 31.0
    assert eyes.seer.wants(eyes.sight(machine()))
    assert eyes.seer.trouble is None


@pytest.mark.slow
def test_a_front_that_nobody_can_see_for_an_hour_is_told(tmp_path: Path) -> None:
    learn(tmp_path, machine())
    eyes = Eyes(tmp_path)
    eyes.see(machine(), 2)
    for _ in range(61):
        assert eyes.seer.trouble is None
        eyes.seer.wants(eyes.sight(machine(), [PERSON]))
        eyes.now_s += 60.0
    trouble = eyes.seer.trouble
    assert trouble is not None
    assert (trouble.seer, trouble.code) == (Seer.FRONT, "front_unseen")
    assert trouble.code in CATALOGUE
    assert trouble.detail == "face: somebody is seen"
    eyes.see(machine(), 1)
    assert eyes.seer.trouble is None
