"""An unusual scene: said with where it is, ended by calm, and given time where all of the picture changed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.normal import NormalJudge, at_most
from edge.terms.observation import CabinState, CameraHealth, NormalSeen, Observation
from edge.terms.reason import Ground, Measure

Facts = tuple[AnomalyBegan | AnomalyEnded, ...]
ENDED = (AnomalyEnded(Anomaly.UNUSUAL_SCENE),)


class Watched:
    def __init__(self, a_day: float = 1.0) -> None:
        self.judge = NormalJudge()
        self.a_day = a_day
        self.at_s = 0.0

    def looks(
        self,
        score: float | None,
        for_s: float = 1.0,
        area: float = 0.02,
        health: CameraHealth = CameraHealth.OK,
    ) -> list[AnomalyBegan | AnomalyEnded]:
        facts: list[AnomalyBegan | AnomalyEnded] = []
        for _ in range(round(for_s)):
            self.at_s += 1.0
            box = (320.0, 60.0, 40.0, 40.0)
            seen = None
            if score is not None:
                seen = NormalSeen(CabinState.VACANT_NIGHT, score, 2.0, 0.05, area, (box,), self.a_day)
            observation = Observation(
                round(self.at_s * 15), self.at_s, (640, 480), (), 0.0, health, normal=seen
            )
            facts += self.judge.update(observation, self.at_s)
        return facts


def test_it_is_said_at_once_with_place_state_and_how_far_above_the_limit() -> None:
    watched = Watched()
    assert watched.looks(2.0, 30.0) == [], "the limit itself is normal"
    [began] = watched.looks(5.0)
    assert isinstance(began, AnomalyBegan)
    assert (began.anomaly, began.detail) == (
        Anomaly.UNUSUAL_SCENE,
        "unlike the vacant night cabin as it was learnt",
    )
    why = began.reason
    assert why is not None
    assert why.ground is Ground.UNLIKE_LEARNT
    numbers = [(n.measure, n.value, n.limit) for n in why.numbers]
    assert numbers == [(Measure.UNLIKENESS, 2.5, 1.0), (Measure.AREA_PERCENT, 2.0, None)]
    assert [(mark.label, mark.box) for mark in why.marks] == [("unusual", (320.0, 60.0, 40.0, 40.0))]
    assert watched.looks(5.0, 100.0) == []


def test_calm_for_some_seconds_ends_it_and_a_short_one_does_not() -> None:
    watched = Watched()
    watched.looks(5.0)
    assert watched.looks(1.0, 9.0) == []
    assert watched.looks(1.9) == [], "hardly under the limit is no calm"
    assert watched.looks(1.0, 10.0) == []
    assert watched.looks(1.0) == list(ENDED)


def test_where_all_of_the_picture_changed_the_camera_speaks_first() -> None:
    watched = Watched()
    assert watched.looks(9.0, 20.0, area=0.8) == []
    assert len(watched.looks(9.0, area=0.8)) == 1
    other = Watched()
    assert other.looks(9.0, 19.0, area=0.8) == []
    assert other.looks(9.0, 60.0, area=0.8, health=CameraHealth.MOVED) == []


def test_silence_ends_it_by_time_alone_and_the_end_of_a_visit_does_not() -> None:
    watched = Watched()
    assert watched.judge.next_wake_s() is None
    watched.looks(5.0)
    assert watched.judge.forget() == ()
    assert watched.looks(None, 59.0) == []
    wake_s = watched.judge.next_wake_s()
    assert wake_s is not None
    assert watched.judge.tick(wake_s - 1.0) == ()
    assert watched.judge.tick(wake_s) == ENDED
    assert watched.judge.tick(wake_s + 1.0) == ()


def alarms(facts: list[AnomalyBegan | AnomalyEnded]) -> int:
    return sum(isinstance(fact, AnomalyBegan) for fact in facts)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.floats(0.0, 12.0), st.integers(1, 40)), max_size=40),
    st.sampled_from([1.0, 96.0, 1440.0]),
)
def test_whatever_the_scores_are_the_rate_that_is_set_is_held(
    scores: list[tuple[float, int]], a_day: float
) -> None:
    watched = Watched(a_day)
    told = sum(alarms(watched.looks(score, float(for_s))) for score, for_s in scores)
    assert told <= at_most(a_day, watched.at_s, 12.0 / 2.0)


def test_light_that_passes_the_limit_again_and_again_is_soon_let_pass() -> None:
    watched = Watched()
    told = [alarms(watched.looks(4.5) + watched.looks(1.0, 30.0)) for _ in range(20)]
    assert told == [1, 1, 1] + 17 * [0], "at once, half and twice the limit above it: then it is known"
    plain = Watched()
    plain.judge = NormalJudge(step=0.0)
    assert sum(alarms(plain.looks(4.5) + plain.looks(1.0, 30.0)) for _ in range(20)) == 20


def test_what_an_alarm_raised_does_not_end_it_and_sinks_in_time() -> None:
    watched = Watched(a_day=288.0)
    assert alarms(watched.looks(2.5)) == 1
    assert watched.looks(2.5, 300.0) == [], "it lasts, and is told once"
    assert alarms(watched.looks(1.0, 30.0)) == 0
    watched.judge = NormalJudge()
    watched.looks(2.5)
    watched.looks(1.0, 30.0)
    assert alarms(watched.looks(2.5)) == 0, "higher than before an alarm"
    watched.looks(1.0, 300.0)
    assert alarms(watched.looks(2.5)) == 1, "one in five minutes is what is asked for"


@pytest.mark.parametrize(("a_day", "hours", "largest", "most"), [(1.0, 240.0, 3.0, 15), (24.0, 1.0, 1.0, 2)])
def test_how_many_that_is(a_day: float, hours: float, largest: float, most: int) -> None:
    assert int(at_most(a_day, hours * 3600.0, largest)) == most
