"""Intrusion: where nobody may be, and when nobody may be there; by feet, by hours, not by a glimpse."""

from __future__ import annotations

import pytest

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.intrusion import IntrusionJudge
from edge.judge.zones import applies, contains
from edge.terms.ground import Purpose, Spot, Zone
from edge.terms.observation import Box, CameraHealth, Observation, Region, SceneSeen, Thing, ThingKind
from edge.terms.reason import Ground

BEHIND = Zone("behind", Purpose.FORBIDDEN, (Spot(0, 0.5), Spot(0.4, 0.5), Spot(0.4, 1), Spot(0, 1)))
NIGHT = Zone(
    "cabin", Purpose.FORBIDDEN, (Spot(0, 0), Spot(1, 0), Spot(1, 1), Spot(0, 1)), hours="22:00-06:00"
)
INSIDE: Box = (60.0, 150.0, 80.0, 250.0)
LEANS: Box = (60.0, 20.0, 80.0, 180.0)
OUTSIDE: Box = (450.0, 150.0, 80.0, 250.0)


class Told:
    def __init__(self, zone: Zone, minute: int | None = 600) -> None:
        self.minute = minute
        self.judge = IntrusionJudge([zone], 2.0, lambda: self.minute)
        self.now_s = 5.0
        self.frame = 0

    def see(
        self, for_s: float, person: Box | None, network: bool = True, sound: bool = True
    ) -> list[AnomalyBegan | AnomalyEnded]:
        facts: list[AnomalyBegan | AnomalyEnded] = []
        for _ in range(round(for_s * 10)):
            things = () if person is None else (Thing(ThingKind.PERSON, person, 0.8),)
            looked = SceneSeen(3.0 if things else -3.0, things) if network and self.frame % 5 == 0 else None
            moving = () if person is None or network else (Region(person, 0.06),)
            health = CameraHealth.OK if sound else CameraHealth.COVERED
            seen = Observation(
                self.frame, self.now_s, (640, 480), (), 0.0, health, scene=looked, moving=moving
            )
            facts += self.judge.update(seen, self.now_s)
            self.frame += 1
            self.now_s += 0.1
        return facts


@pytest.mark.parametrize("network", [True, False])
def test_somebody_in_a_forbidden_zone_is_told_once_and_ends_when_nobody_is_there(network: bool) -> None:
    told = Told(BEHIND)
    (began,) = told.see(4.0, INSIDE, network)
    assert isinstance(began, AnomalyBegan)
    assert began.anomaly is Anomaly.INTRUSION
    assert "behind" in began.detail
    assert began.reason is not None
    assert began.reason.ground is Ground.FORBIDDEN_ZONE
    assert began.reason.zone == ((0.0, 240.0), (256.0, 240.0), (256.0, 480.0), (0.0, 480.0))
    assert told.see(30.0, INSIDE, network) == []
    assert told.see(5.0, None, network) == []
    assert told.see(2.0, INSIDE, network) == [], "came back at once: the same"
    assert told.see(15.0, None, network) == [AnomalyEnded(Anomaly.INTRUSION)]


def test_a_glimpse_a_head_that_leans_over_and_somebody_elsewhere_are_none() -> None:
    told = Told(BEHIND)
    assert told.see(1.0, INSIDE) == []
    assert told.see(20.0, OUTSIDE) == []
    assert told.see(20.0, LEANS) == [], "the feet are elsewhere"
    assert told.see(20.0, INSIDE, sound=False) == []


def test_somebody_who_crouches_and_has_no_box_is_found_by_what_moves() -> None:
    judge = IntrusionJudge([BEHIND], 2.0, lambda: 600)
    facts: list[AnomalyBegan | AnomalyEnded] = []
    for frame in range(40):
        looked = SceneSeen(2.0) if frame % 5 == 0 else None
        seen = Observation(
            frame,
            frame / 10,
            (640, 480),
            (),
            0.0,
            CameraHealth.OK,
            scene=looked,
            moving=(Region((60.0, 300.0, 90.0, 120.0), 0.035),),
        )
        facts += judge.update(seen, frame / 10)
    assert [fact.anomaly for fact in facts] == [Anomaly.INTRUSION]


def test_hours_are_kept_over_midnight_and_not_without_a_clock() -> None:
    told = Told(NIGHT, 21 * 60 + 59)
    assert told.see(10.0, OUTSIDE) == []
    told.minute = 22 * 60
    (began,) = told.see(4.0, OUTSIDE)
    assert isinstance(began, AnomalyBegan)
    assert began.reason is not None
    assert began.reason.ground is Ground.FORBIDDEN_HOUR
    assert began.detail.endswith("between 22:00-06:00")
    assert Told(NIGHT, None).see(10.0, OUTSIDE) == []


def test_it_ends_with_the_visit() -> None:
    told = Told(BEHIND)
    told.see(4.0, INSIDE)
    assert told.judge.forget() == (AnomalyEnded(Anomaly.INTRUSION),)
    assert told.judge.forget() == ()


@pytest.mark.parametrize(
    ("hours", "minute", "holds"),
    [
        ("22:00-06:00", 0, True),
        ("22:00-06:00", 359, True),
        ("22:00-06:00", 360, False),
        ("22:00-06:00", 1319, False),
        ("22:00-06:00", 1320, True),
        ("09:30-17:00", 569, False),
        ("09:30-17:00", 570, True),
        ("09:30-17:00", 1020, False),
        ("", 700, True),
    ],
)
def test_hours_begin_with_their_first_minute_and_end_before_their_last(
    hours: str, minute: int, holds: bool
) -> None:
    assert applies(Zone("z", Purpose.FORBIDDEN, BEHIND.polygon, hours=hours), minute) is holds


def test_a_point_is_in_a_polygon_or_not_also_in_a_hollow_one() -> None:
    u_shape = (
        *(Spot(0.1, 0.1), Spot(0.3, 0.1), Spot(0.3, 0.7), Spot(0.6, 0.7)),
        *(Spot(0.6, 0.1), Spot(0.9, 0.1), Spot(0.9, 0.9), Spot(0.1, 0.9)),
    )
    inside = [
        (x, y)
        for x, y in ((0.2, 0.2), (0.45, 0.4), (0.45, 0.8), (0.7, 0.2), (0.95, 0.5))
        if contains(u_shape, x, y)
    ]
    assert inside == [(0.2, 0.2), (0.45, 0.8), (0.7, 0.2)]
