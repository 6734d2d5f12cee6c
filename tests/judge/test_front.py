"""The judge of the machine's front: two answers begin it, minutes as before end it, blindness neither."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.front import LIMIT, STEP, FrontJudge
from edge.terms.observation import Box, CameraHealth, FrontChange, FrontSeen, Observation
from edge.terms.reason import Ground, Measure

BOX: Box = (260.0, 455.0, 40.0, 20.0)


class Told:
    """One judge whose regions are judged twice a minute."""

    def __init__(self) -> None:
        self.judge = FrontJudge()
        self.now_s = 100.0

    def see(
        self,
        for_s: float,
        health: CameraHealth = CameraHealth.OK,
        change: FrontChange = FrontChange.ADDED,
        over_s: float = 300.0,
        **distances: float,
    ) -> list[AnomalyBegan | AnomalyEnded]:
        facts: list[AnomalyBegan | AnomalyEnded] = []
        for _ in range(round(for_s / 30.0)):
            self.now_s += 30.0
            front = tuple(
                FrontSeen(region, distance, change, BOX, over_s, size_cm=4.0)
                for region, distance in distances.items()
            )
            seen = Observation(1, self.now_s, (640, 480), (), 0.0, health, front=front)
            facts += self.judge.update(seen, self.now_s)
        return facts


@pytest.mark.parametrize(
    ("change", "ground"),
    [
        (FrontChange.ADDED, Ground.FIXED_TO_FRONT),
        (FrontChange.REMOVED, Ground.GONE_FROM_FRONT),
        (FrontChange.CHANGED, Ground.FRONT_DIFFERS),
    ],
)
def test_two_answers_begin_it_once_with_its_reason(change: FrontChange, ground: Ground) -> None:
    told = Told()
    assert told.see(30.0, slot=1.4, keypad=0.2) == []
    (began,) = told.see(600.0, change=change, slot=1.4, keypad=0.2)
    assert isinstance(began, AnomalyBegan)
    assert began.anomaly is Anomaly.FRONT_CHANGED
    assert began.reason is not None
    assert began.reason.ground is ground
    said = {number.measure: (number.value, number.limit) for number in began.reason.numbers}
    assert said[Measure.UNLIKENESS] == (1.4, 1.0)
    assert said[Measure.STILL_S] == (300.0, 180.0)
    assert said[Measure.SIZE_CM] == (4.0, None)
    assert [mark.label for mark in began.reason.marks] == [f"slot {change.value}"]
    assert began.reason.marks[0].box == BOX
    assert "slot" in began.detail


def test_one_answer_and_what_has_not_stood_for_minutes_say_nothing() -> None:
    told = Told()
    for _ in range(5):
        assert told.see(30.0, slot=1.5) == []
        assert told.see(30.0, slot=0.9) == []
    assert told.see(600.0, over_s=170.0, slot=2.0) == []


def test_it_ends_when_it_has_been_as_before_for_minutes() -> None:
    told = Told()
    assert len(told.see(90.0, slot=1.5, keypad=1.2)) == 1
    assert told.see(600.0, slot=0.9, keypad=0.1) == [], "not clearly as before"
    assert told.see(150.0, slot=0.3, keypad=0.1) == []
    assert told.see(90.0, slot=0.3, keypad=0.1) == [AnomalyEnded(Anomaly.FRONT_CHANGED)]
    assert len(told.see(90.0, slot=1.5, keypad=0.1)) == 1, "and it may come again"


@pytest.mark.parametrize("health", [health for health in CameraHealth if health is not CameraHealth.OK])
def test_an_unsound_picture_neither_begins_nor_ends_it(health: CameraHealth) -> None:
    told = Told()
    assert told.see(600.0, health, slot=3.0) == []
    assert len(told.see(60.0, slot=3.0)) == 1
    assert told.see(3600.0, health, slot=0.0) == []
    assert told.judge.forget() == ()


def test_hours_with_somebody_before_it_end_nothing() -> None:
    told = Told()
    told.see(60.0, slot=3.0, keypad=0.1)
    told.now_s += 7200.0
    assert told.see(300.0, slot=3.0, keypad=0.1) == []


def test_regions_that_are_taught_again_end_what_the_old_ones_told() -> None:
    told = Told()
    told.see(60.0, slot=3.0)
    assert told.see(60.0, shutter=0.1) == []
    assert told.see(300.0, shutter=0.1) == [AnomalyEnded(Anomaly.FRONT_CHANGED)]


def begun(facts: list[AnomalyBegan | AnomalyEnded]) -> int:
    return sum(isinstance(fact, AnomalyBegan) for fact in facts)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.floats(0.0, 4.0), st.integers(1, 30)), max_size=60))
def test_whatever_the_light_does_there_is_one_alarm_a_week_and_a_few_at_first(
    stretches: list[tuple[float, int]],
) -> None:
    told = Told()
    found = sum(begun(told.see(30.0 * count, slot=distance)) for distance, count in stretches)
    assert found <= told.now_s / 604_800.0 + (4.0 - LIMIT) / STEP + 1.0


def test_a_strip_of_sun_that_comes_each_day_is_let_pass_and_what_is_plainer_is_still_told() -> None:
    told = Told()
    days = [begun(told.see(600.0, slot=1.3) + told.see(86_400.0, slot=0.1)) for _ in range(6)]
    assert days == [1, 0, 0, 1, 0, 0], "no more than one a week, and one at first"
    assert begun(told.see(600.0, slot=2.2)) == 1, "a thing that stands out more than the sun did"
    assert begun(told.see(600.0, slot=0.1)) == 0
    assert begun(told.see(600.0, keypad=1.3)) == 1, "another region has its own limit"


def test_what_an_alarm_raised_does_not_end_it() -> None:
    told = Told()
    assert begun(told.see(120.0, slot=1.1)) == 1
    assert told.see(86_400.0, slot=1.1) == []
