"""Loitering by what is done: a stay where nobody needs to be, and walking about beside the machine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.wander import WanderJudge
from edge.terms.ground import Purpose, Spot, Zone
from edge.terms.observation import (
    CameraHealth,
    Cover,
    Face,
    FaceVerdict,
    Observation,
    Region,
    SceneSeen,
    Thing,
    ThingKind,
)
from edge.terms.reason import Ground

SIZE = (640, 480)
CORNER = Zone("corner", Purpose.LOITER, (Spot(0, 0.5), Spot(0.3, 0.5), Spot(0.3, 1), Spot(0, 1)))
MACHINE = Zone("machine", Purpose.MACHINE, (Spot(0.4, 0.5), Spot(0.6, 0.5), Spot(0.6, 1), Spot(0.4, 1)))
FACE = Face((300.0, 100.0, 60.0, 70.0), 0.9, ((0.0, 0.0),) * 5, FaceVerdict.PROPER, Cover.NONE, -4, -4, 0, 0)

Place = Callable[[float], float]


class Told:
    """One judge at ten frames a second. Somebody stands at a column that changes with time."""

    def __init__(self, judge: WanderJudge) -> None:
        self.judge = judge
        self.now_s = 10.0
        self.frame = 0

    def see(
        self, for_s: float, column: Place | float | None, face: bool = False, network: bool = True
    ) -> list[AnomalyBegan]:
        facts: list[AnomalyBegan] = []
        for number in range(round(for_s * 10)):
            x = column(number / 10) if callable(column) else column
            box = None if x is None else (x * 640 - 40.0, 180.0, 80.0, 240.0)
            things = () if box is None else (Thing(ThingKind.PERSON, box, 0.9),)
            looked = SceneSeen(3.0 if things else -3.0, things) if self.frame % 5 == 0 else None
            seen = Observation(
                self.frame,
                self.now_s,
                SIZE,
                (FACE,) if face else (),
                0.0,
                CameraHealth.OK,
                scene=looked if network else None,
                moving=() if box is None else (Region(box, 0.06),),
            )
            facts += self.judge.update(seen, self.now_s)
            self.frame += 1
            self.now_s += 0.1
        return facts


def pacing(t: float) -> float:
    """To and fro over half of the picture, nine seconds for each way there and back."""
    return 0.5 + 0.25 * float(np.sin(2 * np.pi * t / 9.0))


def standing(t: float) -> float:
    return 0.5 + 0.01 * float(np.sin(1.7 * t)) + 0.005 * float(np.sin(5 * t))


def test_who_paces_and_leaves_the_machine_alone_is_told_once_and_it_ends_with_the_visit() -> None:
    told = Told(WanderJudge([], 180.0))
    facts = told.see(50.0, pacing)
    (began,) = facts
    assert began.anomaly is Anomaly.LOITERING
    assert began.reason is not None
    assert began.reason.ground is Ground.MOVED_ABOUT
    assert told.see(30.0, pacing) == []
    assert told.judge.forget() == (AnomalyEnded(Anomaly.LOITERING),)
    assert told.judge.forget() == ()
    assert len(told.see(50.0, pacing)) == 1, "the next visit is another"


def test_it_is_seen_by_what_moves_where_there_is_no_network() -> None:
    assert len(Told(WanderJudge([], 180.0)).see(50.0, pacing, network=False)) == 1


def test_who_uses_the_machine_may_walk_about() -> None:
    told = Told(WanderJudge([MACHINE], 180.0))
    told.see(3.0, lambda t: 0.9 - 0.4 * t / 3.0)
    told.see(8.0, standing)
    assert told.see(60.0, pacing) == []
    shown = Told(WanderJudge([MACHINE], 180.0))
    assert shown.see(5.0, pacing, face=True) == []
    assert shown.see(60.0, pacing) == [], "a face was shown to the machine"


def test_a_stay_elsewhere_is_no_use_where_the_machines_zone_is_drawn() -> None:
    aside = Told(WanderJudge([MACHINE], 180.0))
    aside.see(10.0, 0.85)
    assert len(aside.see(60.0, pacing)) == 1
    anywhere = Told(WanderJudge([], 180.0))
    anywhere.see(10.0, 0.85)
    assert anywhere.see(60.0, pacing) == []


def test_a_normal_visit_is_none() -> None:
    told = Told(WanderJudge([], 180.0))
    facts = told.see(4.0, lambda t: 1.0 - 0.125 * t)
    facts += told.see(90.0, standing)
    facts += told.see(4.0, lambda t: 0.5 + 0.125 * t)
    assert facts == []
    jittery = Told(WanderJudge([], 180.0))
    random = np.random.default_rng(2)
    assert jittery.see(120.0, lambda t: 0.5 + 0.02 * float(random.standard_normal())) == []


def test_a_stay_in_a_zone_is_told_after_its_time_and_a_passage_is_not() -> None:
    told = Told(WanderJudge([CORNER], 30.0))
    assert told.see(20.0, 0.15) == []
    assert told.see(20.0, 0.8) == []
    assert told.see(28.0, 0.15) == []
    (began,) = told.see(4.0, 0.15)
    assert began.detail == "in corner for 30 s"
    assert began.reason is not None
    assert began.reason.ground is Ground.STAYED_LONG
    assert began.reason.zone[1] == (192.0, 240.0)
