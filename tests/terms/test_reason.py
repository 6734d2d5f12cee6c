"""A reason is small, has units, and is the same again after it was printed."""

from __future__ import annotations

import msgspec
import pytest

from edge.cabin.commands import KeepPictures
from edge.cabin.events import Anomaly, AnomalyBegan
from edge.loop.happening import describe
from edge.terms.observation import CameraHealth, Observation, Region, StillRegion, Thing, ThingKind
from edge.terms.reason import BOXES_MAX, Ground, Markable, Measure, Number, Reason, because

SEEN = Observation(7, 12.34567, (640, 480), (), 0.0, CameraHealth.OK, camera="overview")
BAG = StillRegion((10.04, 20.0, 60.0, 40.0), 0.02, 3.0, added=True)


@pytest.fixture
def reason() -> Reason:
    size = Number(Measure.SIZE_CM, 41.23456, 10)
    return because(Ground.STANDS_THERE, SEEN, size, Number(Measure.STILL_S, 60), marks=[BAG])


def test_it_names_the_frame_and_the_camera_that_it_was_decided_on(reason: Reason) -> None:
    assert (reason.camera, reason.frame, reason.at_s, reason.size) == ("overview", 7, 12.346, (640, 480))
    assert reason.marks[0].box == (10.0, 20.0, 60.0, 40.0)


def test_in_one_line_it_has_the_numbers_with_their_limits(reason: Reason) -> None:
    assert reason.brief() == "stands_there size_cm=41.235/10 still_s=60"


@pytest.mark.parametrize(
    ("measure", "unit"),
    [
        (Measure.STILL_S, "s"),
        (Measure.SIZE_CM, "cm"),
        (Measure.MOVED_PX, "px"),
        (Measure.AREA_PERCENT, "%"),
        (Measure.PERSONS, ""),
        (Measure.LOG_ODDS, ""),
    ],
)
def test_the_unit_is_the_end_of_the_name(measure: Measure, unit: str) -> None:
    assert Number(measure, 1).unit == unit


def test_what_was_seen_is_marked_under_its_own_name() -> None:
    box = (0.0, 0.0, 5.0, 5.0)
    gone = StillRegion(box, 0.1, 0.0, added=False)
    seen: list[Markable] = [Thing(ThingKind.LONG_GUN, box, 0.91234), Region(box, 0.1), BAG, gone]
    marks = because(Ground.WEAPON_SEEN, SEEN, marks=seen).marks
    assert [mark.label for mark in marks] == ["long_gun", "moving", "left", "gone"]
    assert [mark.score for mark in marks] == [0.912, None, None, None]


def test_a_crowd_of_boxes_does_not_fill_the_record() -> None:
    assert len(because(Ground.FIGHT_SEEN, SEEN, marks=[Region((0, 0, 1, 1), 0.1)] * 99).marks) == BOXES_MAX


def test_the_fact_is_recorded_with_it_and_without_one_as_before(reason: Reason) -> None:
    line = describe(AnomalyBegan(Anomaly.OBJECT_LEFT, "a bag", reason))
    assert msgspec.convert(line["reason"], Reason, strict=False) == reason
    assert describe(AnomalyBegan(Anomaly.OBJECT_LEFT, "a bag")) == {
        "name": "object_left",
        "anomaly": "object_left",
        "detail": "a bag",
    }
    assert describe(KeepPictures(3, "weapon", reason)) == describe(KeepPictures(3, "weapon"))
