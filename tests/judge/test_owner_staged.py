"""The two people of the staged cabin before the real networks: owner, other, masked, on paper, both."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.identity.likeness import read_points
from edge.judge.owner import OwnerJudge
from edge.terms.identity import NoTemplate, OwnerFact, Template
from edge.vision.eyes.report import EyesEvent
from edge.vision.eyes.step import StepEyes
from edge.vision.face.embed import Embedder
from edge.vision.face.faces import Faces
from edge.vision.face.owner import OwnerSeer
from edge.vision.face.seer import FaceSeer
from edge.vision.look import Look
from hw.camera.staged import StagedCabin
from tests.worlds.hw_story import StoryClock

pytestmark = pytest.mark.slow
FPS = 8.0


class Stage:
    """The staged cabin with finder, check, embedding and the owner's judge, on a story clock."""

    def __init__(self, models: Path) -> None:
        self.clock = StoryClock(0.0)
        self.cabin = StagedCabin(self.clock)
        self.judge = OwnerJudge(read_points(models))
        look = Look([FaceSeer(Faces(models)), OwnerSeer(Embedder.open(models).look)])
        self.eyes = StepEyes(self.cabin, look, 0.0, 1.0 / FPS)
        self.looks: list[Template] = []
        self.missing: set[NoTemplate] = set()

    def play(self, for_s: float, *actions: str) -> list[tuple[float, OwnerFact]]:
        """What is judged in that time, and after how many seconds."""
        for action in actions:
            self.cabin.do(action, self.clock.at_s)
        self.looks.clear()
        self.missing.clear()
        judged: list[tuple[float, OwnerFact]] = []
        begun_s = self.clock.at_s
        while (wake_s := self.eyes.next_wake_s()) is not None and wake_s <= begun_s + for_s:
            self.clock.at_s = wake_s
            for seen in self.eyes.poll(wake_s):
                assert not isinstance(seen, EyesEvent)
                if seen.owner is not None and seen.owner.template is not None:
                    self.looks.append(seen.owner.template)
                elif seen.owner is not None and seen.owner.missing is not None:
                    self.missing.add(seen.owner.missing)
                judged += [(wake_s - begun_s, one.fact) for one in self.judge.update(seen, wake_s)]
        self.clock.at_s = begun_s + for_s
        return judged

    def claim(self, templates: list[Template]) -> None:
        self.judge.begin(templates, self.clock.at_s)
        self.eyes.want_owner(True)


def enrolled(stage: Stage, name: str) -> list[Template]:
    """Ten looks of a visit."""
    stage.eyes.want_owner(True)
    stage.play(7.0, f"enter {name}")
    looks = list(stage.looks)
    assert len(looks) >= 10
    stage.eyes.want_owner(False)
    stage.play(3.0, f"leave {name}")
    return looks[-10:]


def facts(judged: list[tuple[float, OwnerFact]]) -> list[OwnerFact]:
    return [fact for _, fact in judged]


def test_the_owner_is_verified_and_nobody_else_by_any_means(repo: Path) -> None:
    stage = Stage(repo / "models")
    card = enrolled(stage, "anna")

    stage.claim(card)
    [(after_s, fact), *_] = stage.play(8.0, "enter anna")
    assert fact is OwnerFact.SAME
    assert after_s < 6.0

    stage.claim(card)
    masked = stage.play(4.0, "mask on")
    assert OwnerFact.SAME not in facts(masked)
    assert stage.looks == []
    assert NoTemplate.COVERED in stage.missing

    bare = stage.play(6.0, "mask off")
    assert OwnerFact.SAME in facts(bare)

    stage.claim(card)
    assert OwnerFact.SAME not in facts(stage.play(9.0, "photo held"))
    assert stage.looks, "the print is compared, and only a sign of life is missing"

    stage.claim(card)
    assert OwnerFact.SAME not in facts(stage.play(4.0, "photo off", "enter ben"))
    assert NoTemplate.SEVERAL in stage.missing

    stage.play(3.0, "leave anna")
    stage.claim(card)
    other = facts(stage.play(6.0))
    assert OwnerFact.SAME not in other
    assert OwnerFact.ANOTHER in other
