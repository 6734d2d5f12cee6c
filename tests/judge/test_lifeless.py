"""A face that moves and never stirs is a still picture; one that stirs, or hardly shows, is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.lifeless import FLAT_S, STARES_S, LifelessJudge
from edge.terms.observation import CameraHealth, Cover, Face, FaceMotion, FaceVerdict, Observation
from edge.terms.reason import Ground

MARKS = ((85.0, 90.0), (115.0, 90.0), (100.0, 105.0), (88.0, 122.0), (112.0, 122.0))
FACE = Face((60.0, 60.0, 80.0, 96.0), 0.9, MARKS, FaceVerdict.PROPER, Cover.NONE, -5.0, -4.0, 0.0, 0.0)
PRINT = FaceMotion(moved=0.06, bent=0.002, eyes=0.6, mouth=0.4, visible=18.0, around=1.0)
BLINK = replace(PRINT, eyes=9.0)
LOOK_S = 0.1


def watched(
    of: Callable[[float], FaceMotion | None],
    for_s: float,
    judge: LifelessJudge | None = None,
    from_s: float = 0.0,
    health: CameraHealth = CameraHealth.OK,
) -> list[tuple[float, AnomalyBegan | AnomalyEnded]]:
    """What is said, and when, of looks ten times a second."""
    judge = judge or LifelessJudge()
    said = []
    for index in range(round(for_s / LOOK_S)):
        at_s = from_s + index * LOOK_S
        seen = Observation(index, at_s, (640, 480), (FACE,), 0.2, health, face_motion=of(at_s))
        said += [(at_s, fact) for fact in judge.update(seen, at_s)]
    return said


@pytest.mark.parametrize(
    ("motion", "after_s", "ground"),
    [
        (PRINT, FLAT_S, Ground.FACE_MOVES_FLAT),
        (replace(PRINT, around=None), FLAT_S, Ground.FACE_MOVES_FLAT),
        (replace(PRINT, around=0.0), STARES_S, Ground.FACE_NEVER_STIRS),
        (replace(PRINT, around=None, bent=0.012), STARES_S, Ground.FACE_NEVER_STIRS),
    ],
)
def test_a_face_that_never_stirs_is_told_sooner_where_it_moves_as_something_flat(
    motion: FaceMotion, after_s: float, ground: Ground
) -> None:
    [(at_s, fact)] = watched(lambda _: motion, 100.0)
    assert isinstance(fact, AnomalyBegan)
    assert fact.anomaly is Anomaly.STILL_PICTURE
    assert at_s == pytest.approx(after_s, abs=0.2)
    assert fact.reason is not None
    assert fact.reason.ground is ground
    assert [mark.label for mark in fact.reason.marks] == ["face"]


def test_a_blink_in_ten_seconds_is_a_life() -> None:
    assert not watched(lambda at_s: BLINK if at_s % 10.0 < 0.25 else PRINT, 300.0)


def test_a_word_now_and_then_is_a_life() -> None:
    talks = replace(PRINT, mouth=8.0)
    assert not watched(lambda at_s: talks if at_s % 15.0 < 1.0 else PRINT, 300.0)


@pytest.mark.parametrize(
    "motion",
    [
        replace(PRINT, visible=4.0),
        replace(PRINT, moved=0.004),
        replace(PRINT, sharp=0.5),
        replace(PRINT, sharp=2.0),
        None,
    ],
)
def test_where_a_blink_would_not_show_nothing_is_said(motion: FaceMotion | None) -> None:
    assert not watched(lambda _: motion, 120.0)


def test_signs_of_life_end_it_and_one_glare_does_not() -> None:
    judge = LifelessJudge()
    assert len(watched(lambda _: PRINT, 25.0, judge)) == 1
    assert not watched(lambda at_s: BLINK if at_s < 25.15 else PRINT, 20.0, judge, 25.0)
    [(at_s, fact)] = watched(lambda at_s: BLINK if at_s % 1.0 < 0.5 else PRINT, 20.0, judge, 45.0)
    assert isinstance(fact, AnomalyEnded)
    assert at_s < 50.0


def test_an_unsound_picture_and_a_pause_end_the_watch() -> None:
    judge = LifelessJudge()
    assert not watched(lambda _: PRINT, 19.0, judge)
    assert not watched(lambda _: PRINT, 0.2, judge, 19.0, CameraHealth.DEFOCUSED)
    assert not watched(lambda _: PRINT, 19.0, judge, 19.2)
    assert not watched(lambda _: PRINT, 19.0, judge, 45.0)
    [(_, began)] = watched(lambda _: PRINT, 5.0, judge, 64.0)
    assert isinstance(began, AnomalyBegan)
    assert judge.forget() == (AnomalyEnded(Anomaly.STILL_PICTURE),)
