"""An unusual scene: said with where it is, ended by calm, and given time where all of the picture changed."""

from __future__ import annotations

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.normal import NormalJudge
from edge.terms.observation import CabinState, CameraHealth, NormalSeen, Observation
from edge.terms.reason import Ground, Measure

Facts = tuple[AnomalyBegan | AnomalyEnded, ...]
ENDED = (AnomalyEnded(Anomaly.UNUSUAL_SCENE),)


class Watched:
    def __init__(self) -> None:
        self.judge = NormalJudge()
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
                seen = NormalSeen(CabinState.VACANT_NIGHT, score, 2.0, 0.05, area, (box,))
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
