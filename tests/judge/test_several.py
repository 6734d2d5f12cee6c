"""One person or several: by faces, by bodies, by both; not for a reflection, a split box or a moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.cabin.events import PeopleJudged
from edge.judge.bodies import Bodies, BodiesHeard
from edge.judge.several import SeveralJudge
from edge.terms.observation import (
    Box,
    CameraHealth,
    Cover,
    Face,
    FaceVerdict,
    Observation,
    SceneSeen,
    Thing,
    ThingKind,
)
from edge.terms.reason import Measure, Number

MARKS = ((120.0, 130.0), (160.0, 130.0), (140.0, 150.0), (125.0, 165.0), (155.0, 165.0))
BARE = Face((100.0, 100.0, 80.0, 80.0), 0.9, MARKS, FaceVerdict.PROPER, Cover.NONE, -4.0, -4.0, 0.0, 0.0)
MASKED = replace(BARE, verdict=FaceVerdict.COVERED, cover=Cover.MASK, covered_logit=4.0)
BESIDE = replace(BARE, box=(300.0, 100.0, 70.0, 70.0))

ONE: Box = (80.0, 90.0, 160.0, 380.0)
OTHER: Box = (330.0, 110.0, 150.0, 360.0)


def scene(*boxes: Box, kind: ThingKind = ThingKind.PERSON, logit: float | None = None) -> SceneSeen:
    sure = (4.0 if boxes else -4.0) if logit is None else logit
    return SceneSeen(sure, tuple(Thing(kind, box, 0.9) for box in boxes))


class Watch:
    """A judge of numbers with scene looks twice a second; without `looks` no scene network is fitted."""

    def __init__(self, fps: float = 15.0, door_fitted: bool = False) -> None:
        self.judge = SeveralJudge(door_fitted)
        self.heard = BodiesHeard()
        self.now_s = 50.0
        self.dt_s = 1.0 / fps
        self.look_s = 0.0
        self.number = 0
        self.facts: list[PeopleJudged] = []

    def show(self, *faces: Face, for_s: float, looks: tuple[SceneSeen, ...] = ()) -> None:
        """`looks` come in turn, one each half second."""
        for _ in range(max(1, round(for_s / self.dt_s))):
            self.now_s += self.dt_s
            seen = Observation(0, self.now_s, (640, 480), faces, 0.2, CameraHealth.OK)
            if looks and self.now_s >= self.look_s - 1e-6:
                self.look_s = self.now_s + 0.5
                seen = replace(seen, scene=looks[self.number % len(looks)])
                self.number += 1
            self.heard.hear(seen, self.now_s)
            self.facts += self.judge.update(seen, self.now_s, True, self.heard.word(self.now_s))

    @property
    def said(self) -> list[bool]:
        return [fact.several for fact in self.facts]


def test_a_second_face_counts_after_a_while_and_so_does_its_going() -> None:
    watch = Watch()
    watch.show(BARE, for_s=3.0)
    watch.show(BARE, BESIDE, for_s=0.3)
    watch.show(BARE, for_s=3.0)
    assert True not in watch.said
    watch.show(BARE, BESIDE, for_s=1.5)
    watch.show(BARE, for_s=0.5)
    watch.show(BARE, BESIDE, for_s=1.5)
    watch.show(for_s=5.0)
    assert watch.said == [True]
    watch.show(BARE, for_s=2.0)
    assert watch.said == [True, False]


@pytest.mark.parametrize(("both", "one"), [(1, 1), (1, 2), (2, 3), (5, 5)])
def test_a_second_face_in_some_of_the_pictures_is_a_second_person(both: int, one: int) -> None:
    """A child in arms, somebody half behind another: found now and then, and there all the time."""
    watch = Watch(fps=5.0)
    for _ in range(10):
        watch.show(MASKED, BESIDE, for_s=0.2 * both)
        watch.show(MASKED, for_s=0.2 * one)
    assert True in watch.said


def test_a_tiny_second_face_is_no_second_person() -> None:
    watch = Watch()
    watch.show(BARE, replace(BARE, box=(10.0, 10.0, 12.0, 12.0)), for_s=5.0)
    assert True not in watch.said


def test_two_who_both_hide_their_faces_are_two() -> None:
    watch = Watch()
    watch.show(for_s=3.0, looks=(scene(ONE, OTHER),))
    assert watch.said == [True]


def test_the_reason_shows_whichever_sees_more() -> None:
    watch = Watch()
    watch.show(BARE, for_s=3.0, looks=(scene(ONE, OTHER),))
    reason = watch.facts[0].reason
    assert reason is not None
    assert reason.numbers == (Number(Measure.PERSONS, 2.0, 2.0),)
    assert [mark.box for mark in reason.marks] == [ONE, OTHER]
    faces = Watch()
    faces.show(BARE, BESIDE, for_s=3.0)
    reason = faces.facts[0].reason
    assert reason is not None
    assert reason.numbers == (Number(Measure.FACES, 2.0, 2.0),)


def test_two_heads_over_one_body_are_two() -> None:
    watch = Watch()
    looked = scene((100.0, 60.0, 60.0, 70.0), (260.0, 60.0, 60.0, 70.0), kind=ThingKind.HEAD)
    joined = replace(
        looked, things=(*looked.things, Thing(ThingKind.PERSON, (80.0, 60.0, 300.0, 400.0), 0.9))
    )
    watch.show(for_s=3.0, looks=(joined,))
    assert watch.said == [True]


def test_a_face_and_a_body_without_one_are_two() -> None:
    """One shows the face, the other one turns away: the faces alone are one."""
    watch = Watch()
    watch.show(BARE, for_s=3.0, looks=(scene(ONE, OTHER),))
    assert watch.said == [True]


@pytest.mark.parametrize(
    "second",
    [
        pytest.param((100.0, 250.0, 120.0, 200.0), id="a part of the same body"),
        pytest.param((420.0, 200.0, 40.0, 90.0), id="a small reflection"),
        pytest.param((85.0, 100.0, 160.0, 370.0), id="the same box twice"),
    ],
)
def test_one_person_with_a_second_box_is_one(second: Box) -> None:
    watch = Watch()
    watch.show(BARE, for_s=20.0, looks=(scene(ONE, second),))
    assert watch.said == []


def test_a_body_that_is_split_now_and_then_is_one() -> None:
    watch = Watch()
    watch.show(MASKED, for_s=60.0, looks=(scene(ONE, OTHER), scene(ONE), scene(ONE)))
    assert watch.said == []


def test_two_of_whom_one_is_missed_now_and_then_stay_two() -> None:
    watch = Watch()
    watch.show(for_s=60.0, looks=(scene(ONE, OTHER), scene(ONE, OTHER), scene(ONE)))
    assert watch.said == [True]


def test_one_who_steps_behind_the_other_is_not_gone_at_once() -> None:
    watch = Watch()
    watch.show(for_s=3.0, looks=(scene(ONE, OTHER),))
    watch.show(for_s=8.0, looks=(scene(ONE),))
    assert watch.judge.several, "a body alone says little"
    watch.show(for_s=8.0, looks=(scene(ONE),))
    assert watch.said == [True, False]


def test_a_face_alone_is_believed_later_where_bodies_are_seen() -> None:
    watch = Watch()
    watch.show(BARE, BESIDE, for_s=3.0, looks=(scene(ONE, OTHER),))
    watch.show(BARE, for_s=2.0, looks=(scene(ONE),))
    assert watch.judge.several
    watch.show(BARE, for_s=3.0, looks=(scene(ONE),))
    assert not watch.said[-1]


def test_behind_a_shut_door_nobody_has_left() -> None:
    watch = Watch(door_fitted=True)
    watch.show(for_s=3.0, looks=(scene(ONE, OTHER),))
    watch.show(MASKED, for_s=100.0, looks=(scene(ONE),))
    assert watch.judge.several
    watch.judge.door_opened()
    watch.show(MASKED, for_s=5.0, looks=(scene(ONE),))
    assert not watch.said[-1]


def test_the_empty_cabin_forgets() -> None:
    watch = Watch()
    watch.show(BARE, BESIDE, for_s=5.0)
    assert [fact.several for fact in watch.judge.forget()] == [False]
    assert watch.judge.forget() == ()


def test_a_look_holds_until_the_next_and_no_longer() -> None:
    heard = BodiesHeard()
    assert heard.word(0.0) == Bodies()
    for at_s in (1.0, 1.5):
        heard.hear(Observation(0, at_s, (640, 480), (), 0.0, CameraHealth.OK, scene=scene(ONE, OTHER)), at_s)
    word = heard.word(3.4)
    assert (word.fitted, word.seen, word.count) == (True, True, 2)
    assert heard.word(3.6) == Bodies(fitted=True, seen=None)


def test_one_look_decides_nothing() -> None:
    heard = BodiesHeard()
    looks = [scene(), scene(ONE), scene(), scene(), scene(ONE), scene(ONE), scene(), scene(), scene()]
    seen = []
    for number, look in enumerate(looks):
        at_s = 0.5 * number
        heard.hear(Observation(0, at_s, (640, 480), (), 0.0, CameraHealth.OK, scene=look), at_s)
        seen.append(heard.word(at_s).seen)
    assert seen == [False, False, False, False, False, True, True, True, False]


def test_the_camera_that_sees_most_counts() -> None:
    heard = BodiesHeard()
    for at_s in (0.0, 0.5, 1.0):
        for camera, look in (("face", scene(ONE)), ("overview", scene(ONE, OTHER))):
            seen = Observation(0, at_s, (640, 480), (), 0.0, CameraHealth.OK, camera=camera, scene=look)
            heard.hear(seen, at_s)
    assert heard.word(1.0).count == 2


def test_doubt_is_not_nobody() -> None:
    heard = BodiesHeard()
    for number in range(20):
        look = scene(logit=-0.5 if number == 10 else -4.0)
        heard.hear(Observation(0, 0.5 * number, (9, 9), (), 0.0, CameraHealth.OK, scene=look), 0.5 * number)
    assert heard.word(9.5).nobody_for_s == pytest.approx(4.5)
