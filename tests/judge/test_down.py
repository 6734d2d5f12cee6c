"""Somebody down: falls of every kind are told; crouching, sitting, tying a shoe, jumping are not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.down import DownJudge
from edge.terms.observation import Box, CameraHealth, Observation, Region, SceneSeen, Thing, ThingKind
from edge.terms.reason import Ground

DT_S = 0.1
SIZE = (640, 480)
Walk = Callable[[float], Box | None]
"""Where the one person is at a time; None where the scene network does not find them."""

STANDS: Box = (280.0, 90.0, 90.0, 340.0)
LIES: Box = (200.0, 340.0, 300.0, 95.0)
SLUMPED: Box = (270.0, 320.0, 120.0, 110.0)
"""Legs towards the camera: hardly wider than high."""
CROUCHES: Box = (270.0, 245.0, 115.0, 185.0)
SITS: Box = (275.0, 180.0, 100.0, 245.0)
BENDS: Box = (250.0, 210.0, 210.0, 220.0)


def between(a: Box, b: Box, share: float) -> Box:
    share = min(max(share, 0.0), 1.0)
    x, y, w, h = (p + (q - p) * share for p, q in zip(a, b, strict=True))
    return x, y, w, h


class Room:
    def __init__(self) -> None:
        self.judge = DownJudge()
        self.now_s = 50.0
        self.frame = 0
        self.facts: list[tuple[float, AnomalyBegan | AnomalyEnded]] = []

    def see(self, *walks: Walk, for_s: float, health: CameraHealth = CameraHealth.OK) -> None:
        begun_s = self.now_s
        before: list[Box | None] = [walk(0.0) for walk in walks]
        for _ in range(round(for_s / DT_S)):
            self.now_s += DT_S
            boxes = [walk(self.now_s - begun_s) for walk in walks]
            look = self.frame % 5 == 0
            self.frame += 1
            things = tuple(Thing(ThingKind.PERSON, b, 0.8) for b in boxes if b is not None)
            seen = Observation(
                self.frame,
                self.now_s,
                SIZE,
                (),
                0.1,
                health,
                scene=SceneSeen(3.0 if things else -3.0, things) if look else None,
                moving=moved(before, boxes),
            )
            before = boxes
            self.facts += [(self.now_s, f) for f in self.judge.update(seen, self.now_s)]

    def said(self) -> list[type[AnomalyBegan | AnomalyEnded]]:
        return [type(fact) for _, fact in self.facts]


def moved(before: Sequence[Box | None], now: Sequence[Box | None]) -> tuple[Region, ...]:
    """A region over each box that changed."""
    return tuple(
        Region(b, b[2] * b[3] * 0.6 / (SIZE[0] * SIZE[1]))
        for a, b in zip(before, now, strict=True)
        if b is not None and a is not None and a != b
    )


def still(box: Box) -> Walk:
    return lambda _: box


def goes(a: Box, b: Box, over_s: float) -> Walk:
    return lambda t: between(a, b, t / over_s)


@pytest.mark.parametrize("end", [LIES, SLUMPED, (150.0, 300.0, 160.0, 130.0)])
@pytest.mark.parametrize("over_s", [0.5, 0.8, 1.2])
def test_a_fall_is_told_within_four_seconds_with_its_reason(end: Box, over_s: float) -> None:
    room = Room()
    room.see(still(STANDS), for_s=3.0)
    begun_s = room.now_s
    room.see(goes(STANDS, end, over_s), for_s=5.0)
    assert room.said() == [AnomalyBegan]
    at_s, fact = room.facts[0]
    assert at_s - begun_s < 4.0
    assert isinstance(fact, AnomalyBegan)
    assert fact.anomaly is Anomaly.PERSON_DOWN
    assert fact.reason is not None
    assert fact.reason.ground is Ground.LIES_STILL
    assert fact.reason.marks[0].label == "lies"
    assert fact.detail.startswith("a fall")


@pytest.mark.parametrize("phase", range(5))
def test_it_does_not_hang_on_when_the_looks_fall(phase: int) -> None:
    room = Room()
    room.frame = phase
    room.see(still(STANDS), for_s=2.0)
    room.see(goes(STANDS, LIES, 0.7), for_s=4.0)
    assert room.said() == [AnomalyBegan]


def test_who_gets_up_is_down_no_longer() -> None:
    room = Room()
    room.see(still(STANDS), for_s=3.0)
    room.see(goes(STANDS, LIES, 0.7), for_s=8.0)
    room.see(goes(LIES, STANDS, 3.0), for_s=8.0)
    assert room.said() == [AnomalyBegan, AnomalyEnded]


def test_who_lies_there_lies_there_although_the_network_loses_them() -> None:
    room = Room()
    room.see(still(STANDS), for_s=3.0)
    room.see(goes(STANDS, LIES, 0.7), for_s=5.0)
    room.see(lambda _: None, for_s=120.0)
    assert room.said() == [AnomalyBegan]


def test_one_who_falls_beside_another_who_stands_is_told() -> None:
    room = Room()
    other: Box = (40.0, 80.0, 90.0, 350.0)
    room.see(still(STANDS), still(other), for_s=3.0)
    room.see(goes(STANDS, LIES, 0.7), still(other), for_s=5.0)
    assert room.said() == [AnomalyBegan]


def test_who_lies_down_slowly_is_told_late() -> None:
    room = Room()
    room.see(still(STANDS), for_s=3.0)
    room.see(goes(STANDS, LIES, 8.0), for_s=18.0)
    assert room.said() == []
    room.see(still(LIES), for_s=15.0)
    assert room.said() == [AnomalyBegan]


def wobble(box: Box, by: float = 6.0, per_s: float = 0.7) -> Walk:
    """Someone at work in one place."""

    def at(t: float) -> Box:
        x, y, w, h = box
        d = by * math.sin(2.0 * math.pi * per_s * t)
        return x + d, y - d / 2.0, w, h + d / 2.0

    return at


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "low", "down_s", "stays_s"),
    [
        ("crouches at the lower slot", CROUCHES, 0.6, 15.0),
        ("ties a shoe", (265.0, 260.0, 120.0, 170.0), 0.6, 12.0),
        ("sits down on a chair", SITS, 0.6, 60.0),
        ("picks something up", BENDS, 0.5, 1.0),
        ("wipes the floor", BENDS, 1.0, 30.0),
    ],
)
@pytest.mark.parametrize("phase", [0, 2, 4])
def test_what_is_no_fall(what: str, low: Box, down_s: float, stays_s: float, phase: int) -> None:
    room = Room()
    room.frame = phase
    room.see(wobble(STANDS), for_s=4.0)
    for _ in range(3):
        room.see(goes(STANDS, low, down_s), for_s=down_s)
        room.see(wobble(low), for_s=stays_s)
        room.see(goes(low, STANDS, down_s), for_s=down_s + 1.0)
    assert room.facts == [], what


def test_a_jumping_child_and_one_who_exercises_are_not_down() -> None:
    room = Room()

    def jumps(t: float) -> Box:
        high = abs(math.sin(2.0 * math.pi * 0.6 * t))
        return 300.0, 250.0 - 60.0 * high, 70.0, 190.0

    def squats(t: float) -> Box:
        return between(STANDS, CROUCHES, 0.5 - 0.5 * math.cos(2.0 * math.pi * 0.7 * t))

    room.see(jumps, for_s=20.0)
    room.see(lambda _: None, for_s=5.0)
    room.see(squats, for_s=20.0)
    assert room.facts == []


def test_who_walks_to_and_from_the_camera_is_not_down() -> None:
    room = Room()
    far, near = (300.0, 120.0, 50.0, 150.0), (180.0, 30.0, 230.0, 450.0)

    def walks(t: float) -> Box:
        return between(far, near, 0.5 - 0.5 * math.cos(2.0 * math.pi * 0.15 * t))

    room.see(walks, for_s=60.0)
    assert room.facts == []


def test_a_low_thing_that_nobody_fell_to_is_nobody_down() -> None:
    room = Room()
    room.see(still((100.0, 380.0, 160.0, 80.0)), for_s=60.0)
    assert room.facts == []


def test_an_unsound_picture_says_nothing() -> None:
    room = Room()
    room.see(still(STANDS), for_s=3.0)
    room.see(goes(STANDS, LIES, 0.7), for_s=10.0, health=CameraHealth.COVERED)
    assert room.facts == []


def test_leaving_forgets() -> None:
    room = Room()
    room.see(still(STANDS), for_s=3.0)
    room.see(goes(STANDS, LIES, 0.7), for_s=5.0)
    assert room.judge.held
    assert room.judge.forget() == (AnomalyEnded(Anomaly.PERSON_DOWN),)
    assert room.judge.forget() == ()
    assert room.judge.next_wake_s() is None
    assert room.judge.tick(room.now_s) == ()
