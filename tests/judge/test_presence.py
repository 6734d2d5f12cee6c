"""Who is in the cabin: comes, stays, hides, leaves, over single frames, doors and blind moments."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cabin.events import Appeared, Device, DeviceFailed, DeviceRecovered, Emptied, Event, PresenceStuck
from edge.judge.bodies import UNFITTED, Bodies
from edge.judge.presence import CONTACT_FAULT, PresenceJudge
from edge.terms.observation import (
    Box,
    CameraHealth,
    Cover,
    Face,
    FaceVerdict,
    Observation,
    StillRegion,
)

CONFIRM_S, GONE_S, AREA, MAX_S = 0.5, 3.0, 0.04, 1800.0
DT_S = 1.0 / 15.0
REGION: Box = (300.0, 200.0, 120.0, 200.0)

FACE = Face(
    (100.0, 100.0, 80.0, 80.0),
    0.9,
    ((120, 130), (160, 130), (140, 150), (125, 165), (155, 165)),
    FaceVerdict.PROPER,
    Cover.NONE,
    -4.0,
    -4.0,
    0.0,
    0.0,
)


def observation(
    seen: bool, at_s: float, *, foreground: float = 0.0, health: CameraHealth = CameraHealth.OK
) -> Observation:
    return Observation(0, at_s, (640, 480), (FACE,) if seen else (), foreground, health)


class Cabin:
    """A presence judge on a clock of its own."""

    def __init__(self, door_fitted: bool, dt_s: float = DT_S) -> None:
        self.judge = PresenceJudge(CONFIRM_S, GONE_S, AREA, MAX_S, door_fitted)
        self.now_s = 100.0
        self.dt_s = dt_s
        self.facts: list[tuple[float, Event]] = []

    def _took(self, facts: Iterable[Event]) -> None:
        self.facts += [(self.now_s, fact) for fact in facts]

    def see(
        self,
        seen: bool,
        for_s: float,
        *,
        foreground: float = 0.0,
        health: CameraHealth = CameraHealth.OK,
        bodies: Bodies = UNFITTED,
        still: bool = False,
    ) -> None:
        """`still`: the region stands there without moving since this began."""
        began_s = self.now_s
        end_s = self.now_s + for_s
        while self.now_s < end_s - 1e-9:
            self.now_s += self.dt_s
            shown = observation(seen, self.now_s, foreground=foreground, health=health)
            if still:
                region = StillRegion(REGION, 0.1, began_s, added=True)
                shown = replace(shown, foreground_box=REGION, still=(region,))
            word = bodies
            if bodies.seen is False:
                word = replace(bodies, nobody_for_s=self.now_s - began_s)
            self._took(self.judge.update(shown, self.now_s, word))

    def door(self, is_open: bool) -> None:
        self._took(self.judge.door(is_open, self.now_s))

    @property
    def names(self) -> list[str]:
        return [type(fact).__name__ for _, fact in self.facts]


def test_a_face_appears_after_the_confirm_time_and_is_gone_after_the_gone_time() -> None:
    cabin = Cabin(door_fitted=False)
    cabin.see(False, 2.0)
    began_s = cabin.now_s
    cabin.see(True, 4.0)
    left_s = cabin.now_s
    cabin.see(False, 10.0)
    (came_s, came), (went_s, went) = cabin.facts
    assert (came, went) == (Appeared(), Emptied())
    assert CONFIRM_S - DT_S <= came_s - began_s <= CONFIRM_S + 2 * DT_S
    assert GONE_S - DT_S <= went_s - left_s <= GONE_S + 2 * DT_S


@pytest.mark.parametrize(("foreground", "appears"), [(0.05, True), (0.03, False)])
def test_a_region_counts_when_it_is_larger_than_the_area(foreground: float, appears: bool) -> None:
    cabin = Cabin(door_fitted=False)
    cabin.see(False, 2.0, foreground=foreground)
    assert cabin.judge.present is appears


def test_crouching_behind_a_closed_door_stays_present() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.door(True)
    cabin.see(True, 1.5)
    cabin.door(False)
    cabin.see(True, 1.0)
    cabin.see(False, 600.0)
    assert cabin.names == ["Appeared"]


def test_leaving_through_the_door_empties_although_it_closes_at_once() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.door(False)
    cabin.see(True, 5.0)
    cabin.door(True)
    cabin.see(True, 0.6)
    cabin.door(False)
    cabin.see(True, 0.2)  # the door shuts on the last glimpse of a back
    cabin.see(False, 4.0)
    assert cabin.names == ["Appeared", "Emptied"]


def test_a_second_person_who_stays_inside_keeps_the_latch() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.door(False)
    cabin.see(True, 5.0)
    cabin.door(True)
    cabin.see(True, 1.0)
    cabin.door(False)
    cabin.see(True, 1.0)
    cabin.see(False, 60.0)
    assert cabin.names == ["Appeared"]


DOUBTED = DeviceFailed(Device.DOOR_CONTACT, CONTACT_FAULT)
TRUSTED = DeviceRecovered(Device.DOOR_CONTACT)


def empty_with_contact() -> Cabin:
    """A fitted contact, the door shut, and nobody there since the start."""
    cabin = Cabin(door_fitted=True)
    cabin.door(False)
    cabin.see(False, 5.0)
    return cabin


@pytest.mark.parametrize("for_s", [1.5, 10.0, 55.0])
def test_a_face_behind_the_glass_is_nobody(for_s: float) -> None:
    cabin = empty_with_contact()
    for _ in range(3):
        cabin.see(True, for_s)
        assert not cabin.judge.present
        cabin.see(False, 30.0)
    assert cabin.facts == []


def test_whoever_the_door_lets_in_is_there_at_once() -> None:
    cabin = empty_with_contact()
    cabin.see(True, 3.0)
    cabin.door(True)
    cabin.see(True, 0.2)
    assert cabin.names == ["Appeared"]


def test_whoever_is_seen_only_after_the_door_has_closed_was_let_in() -> None:
    cabin = empty_with_contact()
    cabin.door(True)
    cabin.see(False, 1.0)
    cabin.door(False)
    cabin.see(False, 2.0)
    cabin.see(True, 1.0)
    assert cabin.names == ["Appeared"]


def test_a_door_that_let_nobody_in_has_to_open_once_more() -> None:
    cabin = empty_with_contact()
    cabin.door(True)
    cabin.see(False, 2.0)
    cabin.door(False)
    cabin.see(False, 4.0)
    cabin.see(True, 30.0)
    assert cabin.facts == []
    cabin.door(True)
    cabin.see(True, 1.0)
    assert cabin.names == ["Appeared"]


def test_the_next_in_the_queue_behind_the_glass_is_not_latched() -> None:
    """One leaves; the next stands at the shut door before the cabin is known to be empty."""
    cabin = empty_with_contact()
    cabin.door(True)
    cabin.see(True, 1.0)
    cabin.door(False)
    cabin.see(True, 10.0)
    cabin.door(True)
    cabin.see(True, 0.5)
    cabin.see(False, 1.0)
    cabin.door(False)
    cabin.see(False, 1.0)
    cabin.see(True, 5.0)
    assert not cabin.judge.latched
    cabin.see(False, 4.0)
    assert cabin.names == ["Appeared", "Emptied"]
    cabin.see(True, 30.0)
    assert cabin.names == ["Appeared", "Emptied"], "still nobody"


def test_somebody_hidden_is_not_gone_at_the_moment_the_door_opens() -> None:
    cabin = empty_with_contact()
    cabin.door(True)
    cabin.see(True, 1.0)
    cabin.door(False)
    cabin.see(True, 2.0)
    cabin.see(False, 30.0)
    cabin.door(True)
    cabin.see(False, 2.5)
    assert cabin.names == ["Appeared"]
    cabin.see(False, 1.0)
    assert cabin.names == ["Appeared", "Emptied"]


def test_whoever_is_there_at_a_start_is_there() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.door(False)
    cabin.see(True, 1.0)
    assert cabin.names == ["Appeared"]


def test_somebody_seen_for_long_behind_a_door_that_never_opened_is_a_fault_of_the_contact() -> None:
    cabin = empty_with_contact()
    cabin.see(True, 61.0)
    assert [fact for _, fact in cabin.facts] == [Appeared(), DOUBTED]
    cabin.see(False, 4.0)
    assert [fact for _, fact in cabin.facts[2:]] == [Emptied()], "it latches nobody"
    cabin.see(True, 1.0)
    assert [fact for _, fact in cabin.facts[3:]] == [Appeared()], "it counts as not fitted"
    cabin.door(True)
    assert [fact for _, fact in cabin.facts[4:]] == [TRUSTED]
    cabin.door(False)
    cabin.see(True, 1.0)
    cabin.see(False, 30.0)
    assert cabin.judge.latched


def test_somebody_gone_from_behind_a_door_that_never_opened_is_one_too() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.door(False)
    cabin.see(True, 5.0)
    cabin.see(False, 55.0)
    assert cabin.names == ["Appeared"]
    cabin.see(False, 10.0)
    assert [fact for _, fact in cabin.facts] == [Appeared(), DOUBTED, Emptied()]


def test_without_a_contact_nobody_is_latched() -> None:
    cabin = Cabin(door_fitted=False)
    cabin.door(False)
    cabin.see(True, 5.0)
    cabin.see(False, 5.0)
    assert cabin.names == ["Appeared", "Emptied"]


@pytest.mark.parametrize("health", [h for h in CameraHealth if h is not CameraHealth.OK])
def test_an_unsound_picture_says_nothing_either_way(health: CameraHealth) -> None:
    cabin = Cabin(door_fitted=False)
    cabin.see(True, 5.0, foreground=1.0, health=health)
    assert cabin.names == []
    cabin.see(True, 1.0)
    cabin.see(False, 60.0, health=health)
    assert cabin.names == ["Appeared"]
    cabin.see(False, 4.0)
    assert cabin.names == ["Appeared", "Emptied"]


def test_blind_time_does_not_count_towards_gone() -> None:
    cabin = Cabin(door_fitted=False)
    cabin.see(True, 1.0)
    cabin.see(False, 2.0)
    cabin.judge.stale(cabin.now_s)
    cabin.now_s += 30.0
    cabin.see(False, 0.5)
    assert cabin.names == ["Appeared"]


def test_stuck_is_said_once_a_visit() -> None:
    cabin = Cabin(door_fitted=False, dt_s=0.4)
    cabin.see(True, MAX_S + 60.0)
    assert cabin.names == ["Appeared", "PresenceStuck"]
    (came_s, _), (stuck_s, stuck) = cabin.facts
    assert stuck == PresenceStuck()
    assert stuck_s - came_s == pytest.approx(MAX_S, abs=0.5)
    cabin.see(False, 10.0)
    cabin.see(True, MAX_S + 60.0)
    assert cabin.names == ["Appeared", "PresenceStuck", "Emptied", "Appeared", "PresenceStuck"]


def test_resumed_visit_ends_when_nobody_is_seen() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.door(False)
    cabin.judge.resume(cabin.now_s)
    assert cabin.judge.present
    cabin.see(False, 4.0)
    assert cabin.names == ["Emptied"]


@pytest.mark.slow
@given(
    base=st.booleans(),
    flips=st.lists(st.integers(min_value=0, max_value=299), max_size=40),
    fps=st.sampled_from([4, 8, 15]),
    door=st.booleans(),
)
def test_single_frames_never_change_anything(base: bool, flips: list[int], fps: int, door: bool) -> None:
    """Whatever single frames say, none of them next to another, the fact stays that of the rest."""
    lonely: set[int] = set()
    for flip in sorted(flips):
        # With few frames a second presence is confirmed by few of them: keep the odd ones rare.
        if not lonely or flip - max(lonely) > 6:
            lonely.add(flip)
    cabin = Cabin(door_fitted=door, dt_s=1.0 / fps)
    if door:
        cabin.door(False)
    cabin.see(base, 3.0)
    said = list(cabin.names)
    assert said == (["Appeared"] if base else [])
    for frame in range(300):
        cabin.see(base is not (frame in lonely), 1.0 / fps)
    assert cabin.names == said


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(list(CameraHealth))), max_size=300), st.booleans())
def test_facts_alternate_whatever_is_seen(frames: list[tuple[bool, CameraHealth]], door: bool) -> None:
    cabin = Cabin(door_fitted=door, dt_s=0.2)
    for seen, health in frames:
        cabin.see(seen, 0.2, health=health)
    changes = [name for name in cabin.names if name != "PresenceStuck"]
    assert all(a != b for a, b in itertools.pairwise(changes))
    assert not changes or changes[0] == "Appeared"
    assert cabin.judge.present is (bool(changes) and changes[-1] == "Appeared")


# --- bodies ------------------------------------------------------------------------------------------------

BODY = Bodies(fitted=True, seen=True, count=1)
NOBODY = Bodies(fitted=True, seen=False)


def test_a_body_without_face_or_region_is_somebody() -> None:
    cabin = Cabin(door_fitted=False)
    cabin.see(False, 2.0, bodies=NOBODY)
    cabin.see(False, 60.0, bodies=BODY)
    assert cabin.names == ["Appeared"]
    cabin.see(False, 5.0, bodies=NOBODY)
    assert cabin.names == ["Appeared", "Emptied"]


def test_who_crouches_after_showing_the_face_stays() -> None:
    cabin = Cabin(door_fitted=False)
    cabin.see(True, 3.0, bodies=BODY)
    cabin.see(False, 600.0, bodies=BODY)
    assert cabin.names == ["Appeared"]


def test_a_body_behind_the_glass_is_nobody() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.see(False, 10.0)
    cabin.see(False, 30.0, bodies=BODY)
    assert cabin.names == []


def test_a_body_inside_latches_like_a_region() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.door(True)
    cabin.door(False)
    cabin.see(False, 12.0, bodies=BODY)
    assert cabin.judge.latched
    cabin.see(False, 60.0, bodies=NOBODY)
    assert cabin.judge.present


@pytest.mark.parametrize("door_fitted", [False, True])
def test_a_chair_that_was_carried_in_holds_no_visit(door_fitted: bool) -> None:
    cabin = Cabin(door_fitted=door_fitted)
    cabin.door(True)
    cabin.door(False)
    cabin.see(False, 20.0, foreground=0.1, bodies=NOBODY, still=True)
    assert cabin.names == ["Appeared", "Emptied"]
    assert not cabin.judge.latched


def test_nor_does_it_begin_one_while_the_network_says_nobody() -> None:
    cabin = Cabin(door_fitted=False)
    cabin.see(False, 20.0, foreground=0.1, bodies=NOBODY, still=True)
    cabin.facts.clear()
    cabin.see(False, 60.0, foreground=0.1, bodies=NOBODY, still=True)
    assert cabin.names in ([], ["Appeared", "Emptied"])


def test_a_region_that_moves_is_somebody_whatever_the_network_says() -> None:
    cabin = Cabin(door_fitted=False)
    cabin.see(False, 120.0, foreground=0.1, bodies=NOBODY)
    assert cabin.names == ["Appeared"]


@pytest.mark.slow
@pytest.mark.parametrize("seen_by", ["face", "body"])
def test_whoever_was_seen_once_is_not_thought_gone_because_the_network_misses_them(seen_by: str) -> None:
    """So is anybody who is locked: without a face or a body nobody is."""
    cabin = Cabin(door_fitted=False)
    cabin.see(seen_by == "face", 3.0, foreground=0.1, bodies=BODY if seen_by == "body" else NOBODY)
    cabin.see(False, 600.0, foreground=0.1, bodies=NOBODY, still=True)
    assert cabin.names == ["Appeared"]


def test_a_lock_that_comes_back_is_not_given_up_for_a_region_that_stands_still() -> None:
    cabin = Cabin(door_fitted=False)
    cabin.judge.resume(cabin.now_s)
    cabin.see(False, 60.0, foreground=0.1, bodies=NOBODY, still=True)
    assert cabin.names == []


def test_a_scene_network_that_is_silent_says_nothing_against_a_region() -> None:
    cabin = Cabin(door_fitted=True)
    cabin.door(True)
    cabin.door(False)
    cabin.see(False, 20.0, foreground=0.1, bodies=Bodies(fitted=True, seen=None), still=True)
    assert cabin.names == ["Appeared"]
    assert cabin.judge.latched
