"""The judges together: order of facts, the camera's silence, still pictures, loitering, a second camera."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from dataclasses import replace

import pytest

from edge.cabin.events import (
    Anomaly,
    AnomalyBegan,
    AnomalyEnded,
    Appeared,
    CameraJudged,
    Emptied,
    Event,
    FaceFact,
    FaceJudged,
    PeopleJudged,
)
from edge.cabin.rules import Flow
from edge.judge.judge import Judge
from edge.judge.still import StillJudge
from edge.terms.observation import CameraHealth, Cover, Face, FaceVerdict, Observation
from edge.terms.reason import Ground

DT_S = 1.0 / 15.0
BARE = Face(
    (100.0, 100.0, 80.0, 80.0),
    0.9,
    ((120.0, 130.0), (160.0, 130.0), (140.0, 150.0), (125.0, 165.0), (155.0, 165.0)),
    FaceVerdict.PROPER,
    Cover.NONE,
    -4.0,
    -4.0,
    0.0,
    0.0,
)


def moved(face: Face, dx: float, dy: float = 0.0) -> Face:
    x, y, w, h = face.box
    a, b, c, d, e = ((px + dx, py + dy) for px, py in face.landmarks)
    return replace(face, box=(x + dx, y + dy, w, h), landmarks=(a, b, c, d, e))


class Cabin:
    def __init__(self, door_fitted: bool = False, flow: Flow | None = None) -> None:
        self.now_s = 10.0
        self.judge = Judge(flow or Flow(), self.now_s, door_fitted)
        self.facts: list[Event] = []

    def several(self) -> bool:
        """Asked again each time: the type checker would take a property for unchanged."""
        return self.judge.several

    def took(self, facts: Iterable[Event]) -> None:
        """Without their reasons."""
        self.facts += (replace(f, reason=None) if isinstance(f, PeopleJudged) else f for f in facts)

    def see(
        self,
        *faces: Face,
        for_s: float,
        health: CameraHealth = CameraHealth.OK,
        camera: str = "face",
        foreground: float = 0.0,
        sway: bool = True,
        late_s: float = 0.0,
    ) -> None:
        for _ in range(round(for_s / DT_S)):
            self.now_s += DT_S
            dx = 3.0 * math.sin(self.now_s) if sway else 0.0
            shown = tuple(moved(f, dx) for f in faces)
            at_s = self.now_s - late_s
            o = Observation(0, at_s, (640, 480), shown, foreground, health, 0.0, camera)
            self.took(self.judge.observe(o, self.now_s))

    def wait(self, for_s: float) -> None:
        end_s = self.now_s + for_s
        while self.now_s < end_s:
            self.now_s = min(end_s, self.now_s + 0.5)
            self.took(self.judge.tick(self.now_s))


def test_a_whole_visit_in_order() -> None:
    cabin = Cabin()
    cabin.see(for_s=1.0)
    cabin.see(BARE, for_s=4.0)
    other = replace(BARE, box=(300.0, 100.0, 80.0, 80.0))
    cabin.see(BARE, other, for_s=2.0)
    cabin.see(for_s=8.0)
    assert cabin.facts == [
        CameraJudged(CameraHealth.OK),
        Appeared(),
        FaceJudged(FaceFact.PROPER),
        PeopleJudged(several=True),
        FaceJudged(FaceFact.HIDDEN),
        PeopleJudged(several=False),
        Emptied(),
    ]


@pytest.mark.slow
def test_behind_a_shut_door_two_do_not_become_one_by_hiding() -> None:
    other = replace(BARE, box=(300.0, 100.0, 80.0, 80.0))
    cabin = Cabin(door_fitted=True)
    cabin.judge.door(True, cabin.now_s)
    cabin.see(BARE, other, for_s=3.0)
    cabin.judge.door(False, cabin.now_s)  # behind the second one
    assert cabin.several()
    cabin.see(BARE, for_s=50.0)
    assert cabin.several()
    cabin.judge.door(True, cabin.now_s)
    cabin.judge.door(False, cabin.now_s)
    cabin.see(BARE, for_s=2.0)
    assert not cabin.several(), "one of them may have left"
    cabin.see(BARE, other, for_s=3.0)
    cabin.see(BARE, for_s=65.0)
    assert not cabin.several(), "a picture on the wall may not keep a customer from the machine for ever"


def test_a_door_that_moves_has_a_shown_face_judged_anew() -> None:
    cabin = Cabin()
    cabin.see(BARE, for_s=3.0)
    assert cabin.judge.door(True, cabin.now_s)[-1] == FaceJudged(FaceFact.UNKNOWN)
    assert cabin.judge.door(False, cabin.now_s) == ()
    cabin.facts.clear()
    cabin.see(BARE, for_s=2.0)
    assert cabin.facts == [FaceJudged(FaceFact.PROPER)]


def test_silence_is_a_camera_that_is_gone_and_the_next_frame_brings_it_back() -> None:
    cabin = Cabin()
    cabin.see(BARE, for_s=3.0)
    cabin.facts.clear()
    cabin.wait(4.5)
    assert cabin.facts == [FaceJudged(FaceFact.UNKNOWN)]
    cabin.wait(30.0)
    assert cabin.facts[1:] == [CameraJudged(CameraHealth.GONE)]
    cabin.see(BARE, for_s=2.0)
    assert cabin.facts[2:] == [CameraJudged(CameraHealth.OK), FaceJudged(FaceFact.PROPER)]
    assert cabin.judge.present


def test_eyes_that_never_start_are_gone_after_a_minute() -> None:
    cabin = Cabin()
    wake_s = cabin.judge.next_wake_s(cabin.now_s)
    assert wake_s == pytest.approx(cabin.now_s + 60.0)
    cabin.wait(59.0)
    assert cabin.facts == []
    cabin.wait(2.0)
    assert cabin.facts == [CameraJudged(CameraHealth.GONE)]


def test_eyes_known_to_have_failed_are_gone_at_once() -> None:
    cabin = Cabin()
    cabin.see(for_s=1.0)
    cabin.took(cabin.judge.camera_gone(cabin.now_s))
    cabin.took(cabin.judge.camera_gone(cabin.now_s))
    assert cabin.facts == [CameraJudged(CameraHealth.OK), CameraJudged(CameraHealth.GONE)]


def test_an_old_observation_keeps_nothing_alive() -> None:
    cabin = Cabin()
    cabin.see(for_s=1.0)
    cabin.see(BARE, for_s=6.0, late_s=6.0)
    assert cabin.facts == [CameraJudged(CameraHealth.OK), CameraJudged(CameraHealth.GONE)]


@pytest.mark.parametrize("health", [h for h in CameraHealth if h is not CameraHealth.OK])
def test_each_health_is_said_once(health: CameraHealth) -> None:
    cabin = Cabin()
    cabin.see(for_s=1.0)
    cabin.see(for_s=3.0, health=health)
    cabin.see(for_s=1.0)
    said = [f.health for f in cabin.facts if isinstance(f, CameraJudged)]
    assert said == [CameraHealth.OK, health, CameraHealth.OK]


def test_the_ceiling_camera_sees_who_crouches_below_the_other() -> None:
    cabin = Cabin()
    cabin.see(BARE, for_s=2.0)
    for _ in range(60):
        cabin.see(for_s=0.2)
        cabin.see(for_s=DT_S, camera="overview", foreground=0.3)
    assert cabin.judge.present
    cabin.see(for_s=5.0)
    assert cabin.facts[-1] == Emptied()


def test_the_door_ends_a_latched_visit() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.took(cabin.judge.door(False, cabin.now_s))
    cabin.see(BARE, for_s=2.0)
    cabin.see(for_s=50.0)
    assert cabin.judge.present
    assert cabin.judge.latched
    cabin.took(cabin.judge.door(True, cabin.now_s))
    cabin.see(for_s=4.0)
    assert cabin.facts[-1] == Emptied()


def test_loitering_is_said_once_and_ends_before_the_visit_does() -> None:
    cabin = Cabin(flow=Flow(loiter_s=20.0))
    cabin.see(BARE, for_s=60.0)
    cabin.see(for_s=5.0)
    names = [(type(f), getattr(f, "anomaly", None)) for f in cabin.facts]
    assert names.count((AnomalyBegan, Anomaly.LOITERING)) == 1
    [why] = [f.reason for f in cabin.facts if isinstance(f, AnomalyBegan)]
    assert why is not None
    assert why.ground is Ground.STAYED_LONG
    assert 20.0 <= why.numbers[0].value < 20.2
    assert why.numbers[0].limit == 20.0
    assert [mark.label for mark in why.marks] == ["face"]
    assert names[-2:] == [(AnomalyEnded, Anomaly.LOITERING), (Emptied, None)]


def test_a_fixed_photograph_is_a_still_picture_and_a_person_is_not() -> None:
    cabin = Cabin()
    cabin.see(BARE, for_s=20.0)
    assert not [f for f in cabin.facts if isinstance(f, AnomalyBegan)]
    cabin.see(for_s=5.0)
    cabin.see(BARE, for_s=6.0, sway=False)
    began = [f for f in cabin.facts if isinstance(f, AnomalyBegan)]
    assert [f.anomaly for f in began] == [Anomaly.STILL_PICTURE]
    assert began[0].reason is not None
    assert began[0].reason.brief() == "face_stands_still still_s=4/4"
    assert [mark.label for mark in began[0].reason.marks] == ["face"]
    cabin.see(BARE, for_s=6.0)
    assert AnomalyEnded(Anomaly.STILL_PICTURE) in cabin.facts


def test_the_detectors_own_jitter_does_not_hide_a_photograph() -> None:
    judge = StillJudge()
    rng = random.Random(4)
    facts: list[Event] = []
    for i in range(15 * 30):
        face = moved(BARE, rng.gauss(0, 0.2), rng.gauss(0, 0.2))
        now_s = i * DT_S
        facts += judge.update(Observation(i, now_s, (640, 480), (face,), 0.2, CameraHealth.OK), now_s)
    assert [type(f) for f in facts] == [AnomalyBegan]


def test_a_primed_visit_needs_no_second_appearance() -> None:
    cabin = Cabin()
    cabin.judge.prime(True, cabin.now_s)
    cabin.see(BARE, for_s=2.0)
    assert Appeared() not in cabin.facts
    assert FaceJudged(FaceFact.PROPER) in cabin.facts
    cabin.see(for_s=5.0)
    assert cabin.facts[-1] == Emptied()


def test_a_face_that_nobody_looks_at_is_no_evidence() -> None:
    judge = Judge(Flow(), 0.0, False)
    facts: list[object] = []
    for index in range(40):
        at_s = index * 0.1
        facts += judge.observe(covered_at(at_s), at_s)
    assert any(isinstance(f, FaceJudged) and f.face is FaceFact.COVERED for f in facts)
    assert judge.tick(4.5) == ()
    assert FaceJudged(FaceFact.UNKNOWN) in judge.tick(5.5)
    assert judge.tick(6.0) == ()
    again: list[object] = []
    for index in range(20):
        at_s = 6.0 + index * 0.1
        again += judge.observe(covered_at(at_s), at_s)
    assert any(isinstance(f, FaceJudged) and f.face is FaceFact.COVERED for f in again)


def covered_at(at_s: float) -> Observation:
    marks = ((65.0, 80.0), (95.0, 80.0), (80.0, 95.0), (68.0, 110.0), (92.0, 110.0))
    face = Face((50.0, 60.0, 60.0, 70.0), 0.9, marks, FaceVerdict.COVERED, Cover.MASK, 5.0, -6.0, 0.0, 0.0)
    return Observation(int(at_s * 10), at_s, (320, 240), (face,), 0.0, CameraHealth.OK)


# --- reasons -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "health", [one for one in CameraHealth if one not in (CameraHealth.OK, CameraHealth.GONE)]
)
def test_what_was_done_to_the_camera_has_a_ground_of_its_own_and_the_frame_that_shows_it(
    health: CameraHealth,
) -> None:
    judge = Judge(Flow(), 0.0, door_fitted=False)
    facts = judge.observe(Observation(8, 1.0, (640, 480), (), 0.0, health), 1.0)
    [judged] = [fact for fact in facts if isinstance(fact, CameraJudged)]
    assert judged.reason is not None
    assert judged.reason.ground.value == f"picture_{health.value}"
    assert (judged.reason.frame, judged.reason.marks[0].box) == (8, (0.0, 0.0, 640.0, 480.0))


def test_a_sound_camera_and_one_that_is_gone_have_nothing_to_show() -> None:
    judge = Judge(Flow(), 0.0, door_fitted=False)
    sound = judge.observe(Observation(8, 1.0, (640, 480), (), 0.0, CameraHealth.OK), 1.0)
    for fact in (*sound, *judge.camera_gone(2.0)):
        assert not isinstance(fact, CameraJudged) or fact.reason is None
