"""The staged cabin: what is directed is what the real networks see, the same every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    Appeared,
    Emptied,
    Event,
    FaceFact,
    FaceJudged,
    PeopleJudged,
)
from edge.cabin.rules import Flow
from edge.judge.judge import Judge
from edge.terms.observation import CameraHealth, Cover
from edge.vision.eyes.report import EyesEvent
from edge.vision.eyes.step import StepEyes
from edge.vision.face.faces import Faces
from edge.vision.face.seer import FaceSeer, FacesIn
from edge.vision.look import Look
from hw.camera.port import Frame
from hw.camera.staged import StagedCabin
from tests.worlds.hw_story import StoryClock


class Stage:
    """The staged cabin with a judge before it, on a story clock."""

    def __init__(self, faces: FacesIn | None, fps: float = 6.0) -> None:
        self.clock = StoryClock(0.0)
        self.cabin = StagedCabin(self.clock)
        self.eyes = StepEyes(self.cabin, Look([] if faces is None else [FaceSeer(faces)]), 0.0, 1.0 / fps)
        self.judge = Judge(Flow(), 0.0, door_fitted=False)
        self.facts: list[Event] = []
        self.health: set[CameraHealth] = set()

    def play(self, for_s: float, *actions: str) -> list[Event]:
        """Does the actions, then lets time pass; the facts of that time."""
        began = len(self.facts)
        for action in actions:
            self.cabin.do(action, self.clock.at_s)
        end_s = self.clock.at_s + for_s
        while (wake_s := self.eyes.next_wake_s()) is not None and wake_s <= end_s:
            self.clock.at_s = wake_s
            for seen in self.eyes.poll(wake_s):
                assert not isinstance(seen, EyesEvent)
                self.health.add(seen.health)
                self.facts += self.judge.observe(seen, wake_s)
        self.clock.at_s = end_s
        return self.facts[began:]


@pytest.fixture(scope="module")
def faces(request: pytest.FixtureRequest) -> Faces:
    return Faces(Path(request.config.rootpath) / "models")


def seen_faces(facts: list[Event]) -> list[FaceFact]:
    return [fact.face for fact in facts if isinstance(fact, FaceJudged)]


@pytest.mark.slow
def test_a_visit_as_the_networks_see_it(faces: Faces) -> None:
    stage = Stage(faces)
    assert not [f for f in stage.play(2.0) if isinstance(f, Appeared)]
    facts = stage.play(6.0, "enter anna")
    assert Appeared() in facts
    assert seen_faces(facts)[-1] is FaceFact.PROPER
    assert FaceFact.COVERED not in seen_faces(facts)
    assert seen_faces(stage.play(3.0, "turn away")) == [FaceFact.HIDDEN]
    assert seen_faces(stage.play(3.0, "turn front")) == [FaceFact.PROPER]
    facts = stage.play(8.0, "leave anna")
    assert facts[-1] == Emptied()
    assert stage.health == {CameraHealth.OK}


@pytest.mark.slow
@pytest.mark.parametrize("cover", ["mask", "glasses", "helmet", "scarf", "hand"])
@pytest.mark.parametrize("person", ["first", "second"])
def test_no_cover_is_ever_proper(faces: Faces, cover: str, person: str) -> None:
    """Covered, or so covered that there is no face to find: either leads to the same."""
    stage = Stage(faces)
    stage.play(2.0)
    if person == "second":
        # The second photograph is given to anyone who comes while the first is there.
        stage.play(0.1, "enter x", f"enter anna with {cover}", "leave x")
    else:
        stage.play(0.1, f"enter anna with {cover}")
    facts = stage.play(6.0)
    said = seen_faces(facts)
    assert said
    assert set(said) <= {FaceFact.COVERED, FaceFact.HIDDEN}
    if cover in ("mask", "glasses"):
        assert said[-1] is FaceFact.COVERED
    assert seen_faces(stage.play(4.0, f"{cover} off"))[-1] is FaceFact.PROPER


@pytest.mark.slow
def test_dark_glasses_are_named_as_the_cause(faces: Faces) -> None:
    stage = Stage(faces)
    stage.play(2.0)
    facts = stage.play(6.0, "enter anna with glasses")
    assert FaceJudged(FaceFact.COVERED, Cover.GLASSES) in facts


@pytest.mark.slow
def test_two_persons_are_several_until_one_leaves(faces: Faces) -> None:
    stage = Stage(faces)
    stage.play(2.0)
    stage.play(4.0, "enter anna")
    said = [fact.several for fact in stage.play(5.0, "enter george") if isinstance(fact, PeopleJudged)]
    assert True in said
    assert PeopleJudged(several=False) in stage.play(6.0, "leave george")


@pytest.mark.slow
def test_staged_people_move_like_the_living(faces: Faces) -> None:
    stage = Stage(faces)
    stage.play(2.0)
    facts = stage.play(26.0, "enter anna")
    assert not [f for f in facts if isinstance(f, AnomalyBegan) and f.anomaly is Anomaly.STILL_PICTURE]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "health"),
    [
        ("camera covered", CameraHealth.COVERED),
        ("cover lens", CameraHealth.COVERED),
        ("camera sprayed", CameraHealth.COVERED),
        ("camera blurred", CameraHealth.DEFOCUSED),
        ("camera moved", CameraHealth.MOVED),
        ("camera white", CameraHealth.BLINDED),
        ("lights off", CameraHealth.DARK),
        ("freeze", CameraHealth.FROZEN),
        ("lights dim", CameraHealth.OK),
    ],
)
def test_what_is_done_to_the_lens_is_seen(action: str, health: CameraHealth) -> None:
    stage = Stage(None)
    stage.play(5.0)
    stage.play(6.5, action)
    assert stage.judge.health is health
    stage.play(4.0, "lights on" if "lights" in action else "camera clear")
    assert stage.judge.health is CameraHealth.OK
    assert stage.health == {CameraHealth.OK, health}
    assert Appeared() not in stage.facts


@pytest.mark.slow
def test_who_crouches_is_out_of_the_picture_and_comes_back() -> None:
    stage = Stage(None)
    stage.play(2.0)
    stage.play(3.0, "enter anna")
    assert stage.judge.present
    assert stage.play(5.0, "crouch")[-1] == Emptied()
    assert Appeared() in stage.play(2.0, "stand")


def picture_after(*actions: str | float) -> Frame:
    clock = StoryClock(0.0)
    cabin = StagedCabin(clock)
    for action in actions:
        if isinstance(action, str):
            cabin.do(action, clock.at_s)
        else:
            clock.at_s += action
    return cabin.read()


def test_the_same_story_gives_the_same_pictures() -> None:
    one, two = (picture_after("enter anna with mask", 2.0, "mask off", 1.0) for _ in range(2))
    assert np.array_equal(one.grey, two.grey)
    assert one.grey.shape == (480, 640)
    assert one.colour is not None
    assert one.colour.shape == (480, 640, 3)
    other = picture_after("enter anna with mask", 2.0, "mask off", 1.2)
    assert not np.array_equal(one.grey, other.grey)


def test_pictures_have_a_live_cameras_noise() -> None:
    clock = StoryClock(0.0)
    cabin = StagedCabin(clock)
    one, two = cabin.read().grey, cabin.read().grey
    assert 0.5 < float(np.abs(one.astype(int) - two).mean()) < 4.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "action",
    [
        "",
        "dance anna",
        "mask on",
        "mask maybe",
        "leave nobody",
        "enter",
        "enter anna with moustache",
        "camera upside_down",
        "lights blue",
    ],
)
def test_words_that_mean_nothing_are_refused(action: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        StagedCabin(StoryClock(0.0)).do(action, 0.0)


def test_names_are_told_apart() -> None:
    cabin = StagedCabin(StoryClock(0.0))
    for name in ("anna", "george", "ida", "otto"):
        cabin.do(f"enter {name}", 0.0)
    with pytest.raises(ValueError, match="full"):
        cabin.do("enter eve", 0.0)
    with pytest.raises(ValueError, match="already"):
        cabin.do("enter anna", 0.0)
    with pytest.raises(ValueError, match="eve"):
        cabin.do("mask on eve", 0.0)
    cabin.do("leave george", 1.0)
    cabin.do("helmet on otto", 2.0)
    cabin.do("enter eve", 10.0)
    assert cabin.people == ("anna", "ida", "otto", "eve")
