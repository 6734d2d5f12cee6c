"""Left and removed things: told in time, with their size, once; and not while somebody is near them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.floor import Floor
from edge.judge.left import LeftJudge
from edge.terms.ground import Marks, Purpose, Spot, Zone
from edge.terms.observation import (
    Box,
    CameraHealth,
    Observation,
    Region,
    SceneSeen,
    StillRegion,
    Thing,
    ThingKind,
)
from edge.terms.reason import Ground, Measure

SIZE = (640, 480)
BAG: Box = (400.0, 340.0, 56.0, 48.0)
FAR: Box = (60.0, 150.0, 60.0, 160.0)
BESIDE: Box = (330.0, 180.0, 70.0, 210.0)


class Told:
    """One judge, ten frames a second, the scene network at every fifth."""

    def __init__(self, judge: LeftJudge | None = None) -> None:
        self.judge = judge or LeftJudge(20.0)
        self.now_s = 50.0
        self.frame = 0

    def see(
        self,
        for_s: float,
        still: Sequence[StillRegion] = (),
        persons: Sequence[Box] = (),
        moving: Sequence[Box] = (),
        health: CameraHealth = CameraHealth.OK,
    ) -> list[AnomalyBegan | AnomalyEnded]:
        facts: list[AnomalyBegan | AnomalyEnded] = []
        for _ in range(round(for_s * 10)):
            things = tuple(Thing(ThingKind.PERSON, box, 0.9) for box in persons)
            scene = SceneSeen(4.0 if persons else -4.0, things) if self.frame % 5 == 0 else None
            regions = tuple(Region(box, box[2] * box[3] / 307200) for box in moving)
            seen = Observation(
                self.frame, self.now_s, SIZE, (), 0.0, health, scene=scene, moving=regions, still=tuple(still)
            )
            facts += self.judge.update(seen, self.now_s)
            self.frame += 1
            self.now_s += 0.1
        return facts


def region(since_s: float, box: Box = BAG, added: bool = True) -> StillRegion:
    return StillRegion(box, box[2] * box[3] / 307200, since_s, added)


def test_a_bag_that_stands_alone_is_told_once_within_its_time_and_ended_when_it_is_fetched() -> None:
    told = Told()
    bag = region(told.now_s)
    assert told.see(19.5, [bag]) == []
    (began,) = told.see(1.5, [bag])
    assert isinstance(began, AnomalyBegan)
    assert began.anomaly is Anomaly.OBJECT_LEFT
    assert began.reason is not None
    assert began.reason.ground is Ground.STANDS_THERE
    assert began.reason.marks[0].box == BAG
    assert told.see(60.0, [bag]) == [], "once"
    assert told.judge.forget() == (), "it outlasts the visit"
    assert told.see(3.0) == []
    assert told.see(2.0) == [AnomalyEnded(Anomaly.OBJECT_LEFT)]
    # And the next one is told again.
    assert len(told.see(22.0, [region(told.now_s)])) == 1


def test_its_time_does_not_run_while_its_owner_is_near_and_does_with_somebody_far_away() -> None:
    told = Told()
    bag = region(told.now_s)
    assert told.see(60.0, [bag], persons=[BESIDE]) == []
    assert told.see(60.0, [bag], moving=[BESIDE]) == [], "also where no network sees people"
    assert len(told.see(22.0, [bag], persons=[FAR])) == 1


def test_who_passes_by_delays_it_and_who_hides_it_does_not_end_it() -> None:
    told = Told()
    bag = region(told.now_s)
    told.see(15.0, [bag])
    assert told.see(3.0, [bag], persons=[BESIDE]) == []
    assert told.see(7.0, [bag]) == []
    (began,) = told.see(2.5, [bag])
    assert isinstance(began, AnomalyBegan)
    assert told.see(3.0, [], persons=[BESIDE]) == [], "hidden for a moment"
    assert told.see(5.0, [bag]) == []


def test_a_taken_thing_is_removed_and_both_are_told_apart() -> None:
    told = Told()
    both = [region(told.now_s), region(told.now_s, (100.0, 100.0, 40.0, 60.0), added=False)]
    facts = told.see(22.0, both)
    assert {f.anomaly for f in facts} == {Anomaly.OBJECT_LEFT, Anomaly.OBJECT_REMOVED}
    removed = next(f for f in facts if f.anomaly is Anomaly.OBJECT_REMOVED)
    assert isinstance(removed, AnomalyBegan)
    assert removed.reason is not None
    assert removed.reason.ground is Ground.IS_GONE
    assert told.see(6.0, both[:1]) == [AnomalyEnded(Anomaly.OBJECT_REMOVED)]


def test_what_has_just_stirred_has_not_stood_there() -> None:
    told = Told()
    for _ in range(8):  # a person whom nobody sees as one: still for a while, then stirs
        assert told.see(10.0, [region(told.now_s - 2.0)]) == []


def test_an_unsound_picture_says_nothing_and_a_screen_is_ignored() -> None:
    told = Told()
    bag = region(told.now_s)
    assert told.see(40.0, [bag], health=CameraHealth.COVERED) == []
    screen = Zone("screen", Purpose.IGNORED, (Spot(0.6, 0.6), Spot(0.8, 0.6), Spot(0.8, 0.9), Spot(0.6, 0.9)))
    assert Told(LeftJudge(20.0, [screen])).see(40.0, [bag]) == []


# --- its size --------------------------------------------------------------------------------------

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Pinhole:
    """A camera `height_cm` over a floor, tilted down by `tilt_deg`; x to the right, y away, z up."""

    def __init__(self, height_cm: float, tilt_deg: float, focal_px: float) -> None:
        self.height_cm = height_cm
        self.focal_px = focal_px
        tilt = np.radians(tilt_deg)
        self.turn = np.array([[1, 0, 0], [0, -np.sin(tilt), -np.cos(tilt)], [0, np.cos(tilt), -np.sin(tilt)]])

    def __call__(self, points: Sequence[Sequence[float]] | Floats) -> Floats:
        seen = (np.array(points, dtype=np.float64) - [0, 0, self.height_cm]) @ self.turn.T
        middle = np.array([SIZE[0] / 2, SIZE[1] / 2])
        return np.asarray(self.focal_px * seen[:, :2] / seen[:, 2:] + middle)

    def marks(self, x: float, y: float, width_cm: float, depth_cm: float) -> Marks:
        flat = [(x, y, 0), (x + width_cm, y, 0), (x + width_cm, y + depth_cm, 0), (x, y + depth_cm, 0)]
        corners = tuple(Spot(float(u) / SIZE[0], float(v) / SIZE[1]) for u, v in self(flat))
        return Marks("face", corners, width_cm, depth_cm, self.height_cm)

    def box(self, x: float, y: float, width_cm: float, depth_cm: float, height_cm: float) -> Box:
        corners = [
            (x + a * width_cm / 2, y + b * depth_cm / 2, up)
            for a in (-1, 1)
            for b in (-1, 1)
            for up in (0, height_cm)
        ]
        seen = self(corners)
        (left, top), (right, bottom) = seen.min(axis=0), seen.max(axis=0)
        return float(left), float(top), float(right - left), float(bottom - top)


@pytest.mark.parametrize(("height_cm", "tilt_deg"), [(180, 30), (220, 45), (260, 60), (300, 75), (280, 88)])
def test_the_marks_and_the_height_give_the_camera(height_cm: float, tilt_deg: float) -> None:
    camera = Pinhole(height_cm, tilt_deg, 430.0)
    away_cm = height_cm / np.tan(np.radians(tilt_deg))
    floor = Floor(camera.marks(-40, away_cm - 30, 80, 60), SIZE)
    assert floor.focal_px == pytest.approx(430.0, rel=0.04)
    assert floor.camera_height_cm == pytest.approx(height_cm, rel=0.02)
    size = floor.size_of(camera.box(10, away_cm, 40, 40, 50))
    assert size is not None
    assert size.width_cm == pytest.approx(40, rel=0.08 if tilt_deg < 80 else 0.15)
    assert not size.cut
    if tilt_deg < 80:
        assert size.height_cm == pytest.approx(50, rel=0.12)
    else:
        assert size.height_cm is None, "from straight above nobody can tell"


def test_a_line_on_the_floor_has_its_length_wherever_it_lies() -> None:
    camera = Pinhole(240, 45, 430.0)
    marks = camera.marks(-40, 210, 80, 60)
    floor = Floor(marks, SIZE)
    for a, b in (((-40, 210), (40, 210)), ((0, 180), (0, 300)), ((-60, 200), (30, 280))):
        ends = camera([(*a, 0.0), (*b, 0.0)])
        true_cm = float(np.hypot(b[0] - a[0], b[1] - a[1]))
        seen = [(float(x), float(y)) for x, y in ends]
        assert floor.length_cm(seen[0], seen[1]) == pytest.approx(true_cm, rel=0.03)
    assert floor.length_cm((320.0, -2000.0), (320.0, 400.0)) is None, "above the horizon"
    # A measure that is wrong shows: sides of 60 x 60 were said to be 80 x 60.
    squeezed = Floor(Marks("face", camera.marks(-40, 210, 60, 60).corners, 80.0, 60.0, 240.0), SIZE)
    line = [(float(x), float(y)) for x, y in camera([(-40, 210, 0.0), (20, 210, 0.0)])]
    length = squeezed.length_cm(line[0], line[1])
    assert length is not None
    assert length > 66.0


def test_the_marks_may_go_around_either_way() -> None:
    camera = Pinhole(240, 50, 500.0)
    marks = camera.marks(-40, 180, 80, 60)
    turned = Marks("face", marks.corners[::-1], 80, 60, 240)
    for one in (marks, turned):
        size = Floor(one, SIZE).size_of(camera.box(0, 210, 30, 30, 45))
        assert size is not None
        assert size.width_cm == pytest.approx(30, rel=0.05)
        assert size.height_cm == pytest.approx(45, rel=0.05)


def test_what_cannot_stand_on_the_floor_has_no_size_and_what_is_cut_is_at_least_so_large() -> None:
    camera = Pinhole(220, 15, 430.0)
    floor = Floor(camera.marks(-40, 380, 80, 60), SIZE)
    assert floor.size_of((300.0, 20.0, 40.0, 30.0)) is None, "above the horizon"
    cut = floor.size_of((0.0, 330.0, 60.0, 60.0))
    assert cut is not None
    assert cut.cut
    with pytest.raises(ValueError, match="four marks"):
        Floor(Marks(), SIZE)


def test_a_door_leaf_is_no_thing() -> None:
    camera = Pinhole(240, 50, 430.0)
    marks = camera.marks(-40, 180, 80, 60)
    leaf = (100.0, 20.0, 400.0, 420.0)
    assert Told(LeftJudge(20.0)).see(22.0, [region(50.0, leaf)]) != [], "without marks nobody knows"
    assert Told(LeftJudge(20.0, (), marks)).see(60.0, [region(50.0, leaf)]) == []


def test_the_size_stands_in_the_words_and_the_reason() -> None:
    camera = Pinhole(240, 50, 430.0)
    told = Told(LeftJudge(20.0, (), camera.marks(-40, 180, 80, 60)))
    facts = told.see(22.0, [region(told.now_s, camera.box(0, 220, 35, 35, 50))])
    (began,) = facts
    assert isinstance(began, AnomalyBegan)
    assert "50 cm (35 wide, 50 high)" in began.detail
    assert began.reason is not None
    numbers = {number.measure: number.value for number in began.reason.numbers}
    assert numbers[Measure.SIZE_CM] == pytest.approx(50, rel=0.05)
    assert numbers[Measure.WIDTH_CM] == pytest.approx(35, rel=0.05)
