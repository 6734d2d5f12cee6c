"""The drift judge on simulated weeks: silent without a change, heard with one, the same after a restart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.judge.drift import VIEW_DEGRADING, DriftJudge, Memory
from edge.judge.gauges import GAUGES, Gauge
from edge.judge.joined import Notice
from edge.judge.learnt import CHANCE, FIRST_DAYS, KEPT_DAYS, student_limit, student_tail
from edge.loop.views import decode, encode
from edge.terms.observation import (
    FACE_CAMERA,
    CabinState,
    CameraHealth,
    Cover,
    Face,
    FaceVerdict,
    FrontChange,
    FrontSeen,
    NormalSeen,
    Observation,
    PictureFigures,
    SceneSeen,
)

START_HOUR = 490_896
"""2026-01-01, 00:00 UTC."""
POINTS = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.4, 0.8), (0.6, 0.8))
EMPTY = Observation(0, 0.0, (640, 480), (), 0.0, CameraHealth.OK)


@dataclass
class World:
    """Hours one after the other; `change` may turn a moment's observation into a worse one."""

    judge: DriftJudge = field(default_factory=DriftJudge)
    seed: int = 0
    change: Callable[[Observation, int], Observation] = lambda seen, hour: seen
    visits_an_hour: int = 3
    hour: int | None = START_HOUR
    now_s: float = 0.0
    heard: list[tuple[int, Notice]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.judge = DriftJudge(lambda: self.hour)
        self.random = np.random.default_rng(self.seed)

    def restart(self) -> None:
        """A new program with what the old one kept, through the file's own words."""
        kept = decode(encode(self.judge.memory(), "b"), "b")
        self.judge = DriftJudge(lambda: self.hour, kept)

    def play(self, hours: int) -> None:
        for _ in range(hours):
            assert self.hour is not None
            begins_s = self.now_s
            self._see(False)
            for _ in range(self.visits_an_hour):
                for _ in range(3):
                    self._see(True)
                self._see(False)
            self.now_s += 40.0
            for _ in range(4):
                self._see(False)
            self.now_s = begins_s + 3600.0
            self.hour += 1
        self._see(False)

    def _see(self, present: bool) -> None:
        self.now_s += 11.0
        assert self.hour is not None
        of_day = self.hour % 24
        day = 1.0 if 7 <= of_day < 18 else 0.3
        noise = self.random.normal(0.0, 0.02, 4)
        figures = PictureFigures(
            light=100.0 * day * (1.0 + noise[0]),
            detail=-1.0 + 0.2 * day + noise[1],
            contrast=-2.0 + noise[2],
            noise=2.0 / day * (1.0 + noise[3]),
            shift=(0.0, 0.0),
        )
        faces: tuple[Face, ...] = ()
        if present:
            unclear = self.random.random() < 0.1
            verdict = FaceVerdict.UNCLEAR if unclear else FaceVerdict.PROPER
            logit = float(self.random.normal(-5.0, 1.0))
            faces = (
                Face((100.0, 100.0, 90.0, 90.0), 0.97, POINTS, verdict, Cover.NONE, logit, -3.0, 0.0, 0.0),
            )
        scene = SceneSeen(float(self.random.normal(6.0 if present else -6.0, 0.5)))
        seen = replace(EMPTY, at_s=self.now_s, faces=faces, scene=scene, picture=None if present else figures)
        self.judge.observe(self.change(seen, self.hour), present, self.now_s)
        self.heard += ((self.hour, notice) for notice in self.judge.notices())


def worse_picture(
    from_hour: int, detail: float = 0.0, light: float = 1.0
) -> Callable[[Observation, int], Observation]:
    def change(seen: Observation, hour: int) -> Observation:
        if hour < from_hour or seen.picture is None:
            return seen
        now = seen.picture
        return replace(seen, picture=replace(now, detail=now.detail - detail, light=now.light * light))

    return change


DAY = 24
NINE_DAYS = 9 * DAY


@pytest.mark.slow
def test_nothing_is_said_without_a_change_and_nothing_without_data() -> None:
    world = World()
    world.play(45 * DAY)
    assert world.heard == []
    days = world.judge.memory().days[FACE_CAMERA]
    assert len(days) <= KEPT_DAYS + 1
    assert DriftJudge(lambda: 1).report() == {}


@pytest.mark.slow
def test_the_same_picture_for_ever_is_no_drift() -> None:
    world = World(
        change=lambda seen, hour: replace(seen, picture=PictureFigures(90.0, -1.0, -2.0, 0.0, None))
    )
    world.play(12 * DAY)
    assert world.heard == []


@pytest.mark.parametrize("at_day", [FIRST_DAYS + 1, pytest.param(20, marks=pytest.mark.slow)])
def test_a_step_is_found_within_a_day_told_daily_and_over_when_it_is_over(at_day: int) -> None:
    begins = START_HOUR + at_day * DAY
    world = World(change=worse_picture(begins, detail=0.5))
    world.play(at_day * DAY)
    assert world.heard == []
    world.play(3 * DAY)
    hours = [hour - begins for hour, notice in world.heard]
    assert hours[0] <= 24
    assert [b - a for a, b in pairwise(hours)] == [24] * (len(hours) - 1)
    assert len(hours) >= 2
    first = world.heard[0][1]
    assert (first.code, first.active, first.camera) == (VIEW_DEGRADING, True, FACE_CAMERA)
    assert first.why.startswith("view_blurred now_percent=")
    assert world.heard[1][1].why.startswith("view_blurred now_percent=6")  # a whole day of it: exp(-0.5)
    assert "detail" in first.detail
    world.change = lambda seen, hour: seen
    world.play(2 * DAY)
    assert not world.heard[-1][1].active
    assert sum(not notice.active for _, notice in world.heard) == 1


def test_faces_that_become_unclear_are_found_by_what_visits_show() -> None:
    begins = START_HOUR + NINE_DAYS

    def change(seen: Observation, hour: int) -> Observation:
        if hour < begins or not seen.faces or hour % 2:
            return seen
        return replace(seen, faces=(replace(seen.faces[0], verdict=FaceVerdict.UNCLEAR),))

    world = World(change=change)
    world.play(NINE_DAYS + 2 * DAY)
    assert world.heard[0][0] - begins <= 24
    assert world.heard[0][1].why.split()[0] == "faces_unclear"


@pytest.mark.slow
def test_a_better_picture_is_nothing_to_tell() -> None:
    world = World(change=worse_picture(START_HOUR + NINE_DAYS, detail=-0.5, light=1.5))
    world.play(NINE_DAYS + 3 * DAY)
    assert world.heard == []


@pytest.mark.slow
def test_a_week_of_nobody_and_a_kiosk_that_was_off_say_nothing() -> None:
    world = World()
    world.play(10 * DAY)
    world.visits_an_hour = 0
    world.play(7 * DAY)
    assert world.hour is not None
    world.hour += 20 * DAY  # off for three weeks
    world.restart()
    world.visits_an_hour = 3
    world.play(3 * DAY)
    assert world.heard == []


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(st.lists(st.integers(1, 12 * DAY - 1), max_size=3), st.booleans())
def test_a_restart_at_any_hour_gives_the_same_answers(restarts: list[int], drifts: bool) -> None:
    change = worse_picture(START_HOUR + 9 * DAY, detail=0.4 if drifts else 0.0)
    whole, parts = World(change=change), World(change=change)
    whole.visits_an_hour = parts.visits_an_hour = 1
    whole.play(12 * DAY)
    at = 0
    for restart in sorted(set(restarts)):
        parts.play(restart - at)
        parts.restart()
        at = restart
    parts.play(12 * DAY - at)
    told = [(hour, notice) for hour, notice in parts.heard if not notice.again]
    assert told == whole.heard
    assert bool(told) is drifts


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(-400, 400)), min_size=1, max_size=4))
def test_a_clock_that_jumps_raises_nothing_and_leaves_what_was_learnt_in_order(
    jumps: list[tuple[int, int]],
) -> None:
    world = World()
    world.visits_an_hour = 0
    world.play(8 * DAY)
    for hours, by in jumps:
        assert world.hour is not None
        world.hour += by
        world.play(hours)
    numbers = [day.number for day in world.judge.memory().days[FACE_CAMERA]]
    assert numbers == sorted(set(numbers))
    assert not [notice for _, notice in world.heard if "light" not in notice.detail and notice.active]


def test_an_hour_that_nobody_knows_is_not_learnt() -> None:
    world = World()
    world.play(1)
    world.hour = None
    before = world.judge.memory()
    for _ in range(50):
        world.now_s += 20.0
        world.judge.observe(replace(EMPTY, at_s=world.now_s), False, world.now_s)
    after = world.judge.memory()
    assert [len(days) for days in after.days.values()] == [len(days) for days in before.days.values()]


@pytest.mark.slow
def test_start_again_ends_what_stands_and_forgets() -> None:
    world = World(change=worse_picture(START_HOUR + NINE_DAYS, detail=0.5))
    world.play(NINE_DAYS + 2 * DAY)
    assert world.heard
    world.judge.start_again()
    assert [notice.active for notice in world.judge.notices()] == [False]
    assert world.judge.memory() == Memory()


def test_students_distribution_is_as_in_the_tables() -> None:
    assert student_tail(0.0, 5) == pytest.approx(0.5)
    for chance, freedom, limit in (
        (0.025, 1, 12.706),
        (0.005, 6, 3.707),
        (0.001, 13, 3.852),
        (0.025, 2, 4.303),
    ):
        assert student_limit(chance, freedom) == pytest.approx(limit, abs=1e-3)
    assert 3.9 < student_limit(CHANCE, 200) < 4.3


def test_every_gauge_is_measured_by_something() -> None:
    world = World()
    world.play(2)
    day = world.judge.memory().days[FACE_CAMERA][0]
    measured = {gauge for number, gauge in enumerate(GAUGES) if day.count[number].any()}
    others = {Gauge.WEAPON, Gauge.FIGHT, Gauge.UNUSUAL, Gauge.UNLIKE_NORMAL, Gauge.UNLIKE_FRONT}
    assert set(Gauge) - measured == others
    normal = NormalSeen(CabinState.VACANT_DAY, 1.5, 3.0, 0.5, 0.0, (), 1.0)
    front = (FrontSeen("slot", 0.4, FrontChange.SAME, (0.0, 0.0, 9.0, 9.0), 60.0),)

    def rarely_said(seen: Observation, hour: int) -> Observation:
        assert seen.scene is not None
        more = replace(seen.scene, weapon_logit=-6.0)
        return replace(seen, scene=more, normal=normal, front=front, fight_logit=-3.0, unusual_logit=-2.0)

    world = World(change=rarely_said)
    world.play(2)
    report = world.judge.report()[FACE_CAMERA]
    assert isinstance(report, dict)
    said = {name: values[-1] for name, values in report["last_days"].items()}
    assert {gauge.value: said[gauge.value] for gauge in others} == {
        "weapon": -6.0,
        "fight": -3.0,
        "unusual": -2.0,
        "unlike_normal": 0.5,
        "unlike_front": 0.4,
    }
