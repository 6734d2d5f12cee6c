"""Unusual behaviour: said once after seconds of it, for no single moment, and ended by calm alone."""

from __future__ import annotations

from collections.abc import Iterable

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded, Event
from edge.judge.unusual import UnusualJudge
from edge.terms.observation import CameraHealth, Observation, SceneSeen, Thing, ThingKind
from edge.terms.reason import Ground, Measure

DT_S = 0.1
BAG = Thing(ThingKind.BAG, (50.0, 60.0, 10.0, 10.0), 0.01)
PERSON = Thing(ThingKind.PERSON, (10.0, 20.0, 60.0, 150.0), 0.9)


class Watched:
    """Ten frames a second, an answer at every fifth."""

    def __init__(self) -> None:
        self.judge = UnusualJudge()
        self.now_s = 100.0
        self.facts: list[Event] = []
        self._frame = 0

    def see(
        self, logits: Iterable[float | None], health: CameraHealth = CameraHealth.OK, why: str = "bursts"
    ) -> None:
        for logit in logits:
            for step in range(5):
                self.now_s += DT_S
                self._frame += 1
                said = logit if step == 0 else None
                seen = Observation(
                    self._frame,
                    self.now_s,
                    (320, 240),
                    (),
                    0.1,
                    health,
                    scene=SceneSeen(3.0, (BAG, PERSON)),
                    unusual_logit=said,
                    unusual_why=why if said is not None else "",
                )
                self.facts += self.judge.update(seen, self.now_s)

    @property
    def kinds(self) -> list[type[Event]]:
        return [type(fact) for fact in self.facts]


def test_seconds_of_it_are_told_once_with_numbers_boxes_and_words() -> None:
    watched = Watched()
    watched.see([1.0] * 20, why="movement in bursts")
    (began,) = watched.facts
    assert isinstance(began, AnomalyBegan)
    assert began.anomaly is Anomaly.UNUSUAL_BEHAVIOUR
    assert "movement in bursts" in began.detail
    assert began.reason is not None
    assert began.reason.ground is Ground.UNLIKE_NORMAL
    first = began.reason.numbers[0]
    assert (first.measure, first.value, first.limit) == (Measure.LOG_ODDS, 1.0, 0.0)
    assert [mark.label for mark in began.reason.marks] == ["person"]


def test_it_takes_more_than_a_moment() -> None:
    watched = Watched()
    watched.see([-1.0] * 8)
    watched.see([5.0])
    watched.see([-1.0] * 8)
    assert not watched.facts
    fresh = Watched()
    fresh.see([3.0] * 3)
    assert not fresh.facts, "three answers are less than two seconds"


def test_calm_ends_it_and_hovering_about_the_point_does_not() -> None:
    watched = Watched()
    watched.see([1.0] * 10)
    watched.see([0.2, -0.3] * 30)
    assert watched.kinds == [AnomalyBegan]
    watched.see([-2.0] * 15)
    assert watched.kinds == [AnomalyBegan], "seven seconds of calm are too few"
    watched.see([-2.0] * 15)
    assert watched.kinds == [AnomalyBegan, AnomalyEnded]


def test_a_picture_that_cannot_be_believed_says_nothing() -> None:
    watched = Watched()
    watched.see([5.0] * 20, health=CameraHealth.COVERED)
    assert not watched.facts
    watched.see([1.0] * 10)
    assert watched.kinds == [AnomalyBegan]
    watched.see([5.0] * 6, health=CameraHealth.COVERED)
    assert watched.kinds == [AnomalyBegan, AnomalyEnded]


def test_silence_ends_it_by_time_alone() -> None:
    watched = Watched()
    watched.see([1.0] * 10)
    wake_s = watched.judge.next_wake_s()
    assert wake_s is not None
    assert not watched.judge.tick(wake_s - 0.5)
    assert watched.judge.tick(wake_s) == (AnomalyEnded(Anomaly.UNUSUAL_BEHAVIOUR),)
    assert watched.judge.next_wake_s() is None


def test_nothing_of_one_visit_counts_in_the_next() -> None:
    watched = Watched()
    watched.see([2.0] * 3)
    assert watched.judge.forget() == ()
    watched.see([2.0] * 3)
    assert not watched.facts
    watched.see([2.0] * 6)
    assert watched.judge.forget() == (AnomalyEnded(Anomaly.UNUSUAL_BEHAVIOUR),)
