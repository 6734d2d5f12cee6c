"""Fights and robberies over time: tables of looks into facts, hysteresis, and what is no fight."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.fight import FightJudge, RobberyJudge
from edge.judge.tracks import STILL, Tracks
from edge.terms.observation import (
    Box,
    CameraHealth,
    Observation,
    Region,
    SceneSeen,
    Thing,
    ThingKind,
)
from edge.terms.reason import Ground

DT_S = 0.1
SIZE = (640, 480)
LEFT: Box = (180.0, 100.0, 110.0, 320.0)
RIGHT: Box = (330.0, 110.0, 110.0, 310.0)


def person(box: Box) -> Thing:
    return Thing(ThingKind.PERSON, box, 0.9)


def tussle(at_s: float) -> tuple[Region, ...]:
    """Two regions that grow, shrink and swing to and fro, as arms do."""
    swing = 25.0 * math.sin(at_s * 9.0)
    grown = 0.03 + 0.02 * math.sin(at_s * 14.0)
    return (
        Region((180.0 + swing, 100.0, 140.0, 300.0), grown),
        Region((330.0 - swing, 110.0, 130.0, 290.0), 0.03),
    )


class Cabin:
    """Plays frames to both judges: two looks of the scene network and of the fight network a second."""

    def __init__(self) -> None:
        self.fight = FightJudge()
        self.weapon = Weapon()
        self.robbery = RobberyJudge(self.fight, self.weapon)
        self.now_s = 100.0
        self.facts: list[AnomalyBegan | AnomalyEnded] = []
        self.frame = 0

    def see(
        self,
        for_s: float,
        logit: float | None,
        bodies: Sequence[Box] = (LEFT, RIGHT),
        moving: bool = True,
        health: CameraHealth = CameraHealth.OK,
    ) -> None:
        for _ in range(round(for_s / DT_S)):
            self.now_s += DT_S
            look = self.frame % 5 == 0
            self.frame += 1
            scene = SceneSeen(3.0, tuple(person(b) for b in bodies)) if look else None
            seen = Observation(
                self.frame,
                self.now_s,
                SIZE,
                (),
                0.1,
                health,
                scene=scene,
                moving=tussle(self.now_s) if moving else (),
                fight_logit=logit if look else None,
            )
            self.facts += self.fight.update(seen, self.now_s)
            self.facts += self.robbery.update(seen, self.now_s)

    def wait(self, for_s: float) -> None:
        for _ in range(round(for_s / DT_S)):
            self.now_s += DT_S
            self.facts += [*self.fight.tick(self.now_s), *self.robbery.tick(self.now_s)]

    def said(self, anomaly: Anomaly) -> list[type[AnomalyBegan | AnomalyEnded]]:
        return [type(f) for f in self.facts if f.anomaly is anomaly]


class Weapon:
    """Stands in for the judge of weapons."""

    def __init__(self) -> None:
        self.held = False


def test_a_fight_begins_within_three_seconds_and_says_why() -> None:
    cabin = Cabin()
    cabin.see(3.0, 4.0)
    assert cabin.said(Anomaly.FIGHT) == [AnomalyBegan]
    fact = cabin.facts[0]
    assert isinstance(fact, AnomalyBegan)
    assert fact.reason is not None
    assert fact.reason.ground is Ground.FIGHT_SEEN
    assert fact.reason.numbers[0].value > 0.0
    assert {mark.label for mark in fact.reason.marks} == {"person", "moving"}
    assert "odds" in fact.detail


def test_it_ends_once_and_some_seconds_after_the_last_blow() -> None:
    cabin = Cabin()
    cabin.see(4.0, 4.0)
    cabin.see(3.0, -4.0)
    assert cabin.said(Anomaly.FIGHT) == [AnomalyBegan]
    cabin.see(3.0, -4.0)
    assert cabin.said(Anomaly.FIGHT) == [AnomalyBegan, AnomalyEnded]


def test_doubt_keeps_a_fight_that_goes_on_and_begins_none() -> None:
    cabin = Cabin()
    for _ in range(10):
        cabin.see(0.5, 3.0)
        cabin.see(0.5, -3.0)
    assert cabin.facts == []
    cabin.see(3.0, 4.0)
    for _ in range(10):
        cabin.see(0.5, 3.0)
        cabin.see(0.5, -3.0)
    assert cabin.said(Anomaly.FIGHT) == [AnomalyBegan]


@pytest.mark.parametrize(
    ("logit", "bodies", "moving"),
    [
        (-1.0, (LEFT, RIGHT), True),  # two who greet each other
        (-0.6, (LEFT, RIGHT), True),  # and wave: motion alone is no fight
        (4.0, (LEFT,), True),  # one who hits the machine: no fight, whatever it looks like
        (4.0, (), True),
        (4.0, (LEFT, RIGHT), False),  # a picture of a fight
        (None, (LEFT, RIGHT), True),
    ],
)
def test_what_is_no_fight(logit: float | None, bodies: Sequence[Box], moving: bool) -> None:
    cabin = Cabin()
    cabin.see(20.0, logit, bodies, moving)
    assert cabin.facts == []


def test_one_look_is_no_fight() -> None:
    cabin = Cabin()
    cabin.see(5.0, -2.0)
    cabin.see(0.5, 9.0)
    cabin.see(5.0, -2.0)
    assert cabin.facts == []


def test_who_hold_each_other_and_are_found_as_one_now_and_then_are_two() -> None:
    cabin = Cabin()
    for _ in range(6):
        cabin.see(0.5, 4.0, (LEFT, RIGHT))
        cabin.see(0.5, 4.0, (LEFT,))
    assert cabin.said(Anomaly.FIGHT) == [AnomalyBegan]


def test_a_fight_that_the_network_is_not_asked_about_any_more_ends_by_time() -> None:
    cabin = Cabin()
    cabin.see(4.0, 4.0)
    wake_s = cabin.fight.next_wake_s()
    assert wake_s is not None
    assert wake_s > cabin.now_s
    cabin.wait(5.0)
    assert cabin.said(Anomaly.FIGHT) == [AnomalyBegan, AnomalyEnded]
    assert cabin.fight.next_wake_s() is None


def test_an_unsound_picture_begins_nothing() -> None:
    cabin = Cabin()
    cabin.see(10.0, 5.0, health=CameraHealth.COVERED)
    assert cabin.facts == []


def test_leaving_forgets() -> None:
    cabin = Cabin()
    cabin.see(4.0, 4.0)
    assert cabin.fight.forget() == (AnomalyEnded(Anomaly.FIGHT),)
    assert cabin.fight.forget() == ()
    cabin.see(0.6, 4.0)
    assert cabin.said(Anomaly.FIGHT) == [AnomalyBegan]


def test_a_fight_that_goes_on_is_a_robbery_and_ends_later() -> None:
    cabin = Cabin()
    cabin.see(2.5, 4.0)
    assert cabin.said(Anomaly.ROBBERY) == []
    cabin.see(3.0, 4.0)
    assert cabin.said(Anomaly.ROBBERY) == [AnomalyBegan]
    cabin.see(8.0, -4.0)
    assert cabin.said(Anomaly.FIGHT) == [AnomalyBegan, AnomalyEnded]
    assert cabin.said(Anomaly.ROBBERY) == [AnomalyBegan]
    cabin.see(12.0, -4.0)
    assert cabin.said(Anomaly.ROBBERY) == [AnomalyBegan, AnomalyEnded]


@pytest.mark.parametrize(("bodies", "robbed"), [((LEFT, RIGHT), True), ((LEFT,), False)])
def test_a_weapon_among_two_is_a_robbery_and_with_one_alone_is_not(
    bodies: Sequence[Box], robbed: bool
) -> None:
    cabin = Cabin()
    cabin.see(3.0, -4.0, bodies)
    cabin.weapon.held = True
    cabin.see(1.0, -4.0, bodies)
    assert cabin.said(Anomaly.ROBBERY) == ([AnomalyBegan] if robbed else [])
    if robbed:
        fact = cabin.facts[-1]
        assert isinstance(fact, AnomalyBegan)
        assert fact.reason is not None
        assert fact.reason.ground is Ground.ROBBED_AT_GUNPOINT


def test_tracks_measure_speed_turns_and_change() -> None:
    walk, swing = Tracks(), Tracks()
    for n in range(30):
        at_s = n * DT_S
        walk.update([Region((10.0 + 10.0 * n, 100.0, 80.0, 200.0), 0.05)], SIZE, at_s)
        x = 200.0 + 20.0 * (n % 2)
        swing.update([Region((x, 100.0, 80.0, 200.0), 0.05 + 0.02 * (n % 2))], SIZE, at_s)
    assert walk.moved().speed == pytest.approx(10.0 / 480.0 / DT_S, rel=0.05)
    assert walk.moved().turns == 0.0
    assert walk.moved().count == 1.0
    assert swing.moved().turns == pytest.approx(1.0)
    assert swing.moved().change > 0.3 > walk.moved().change
    swing.clear()
    assert swing.moved() == STILL


def test_tracks_are_the_same_at_any_frame_rate() -> None:
    speeds = []
    for fps in (10, 15, 30):
        tracks = Tracks()
        for n in range(3 * fps):
            tracks.update([Region((10.0 + 100.0 * n / fps, 100.0, 80.0, 200.0), 0.05)], SIZE, n / fps)
        speeds.append(tracks.moved().speed)
    assert max(speeds) / min(speeds) < 1.1
