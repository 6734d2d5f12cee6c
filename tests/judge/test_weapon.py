"""The vote of several looks: what begins `weapon`, what one strange look does, and when it ends."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.weapon import LIMITS, WeaponJudge
from edge.terms.observation import Box, CameraHealth, Observation, SceneSeen, Thing, ThingKind
from edge.terms.reason import Ground, Measure

LEFT: Box = (20.0, 40.0, 120.0, 300.0)
RIGHT: Box = (400.0, 60.0, 130.0, 310.0)
SURE, NO = 4.0, -3.0
LOOK_S = 0.5


def look(
    at_s: float,
    logit: float | None,
    person: Box = LEFT,
    kind: ThingKind = ThingKind.KNIFE,
    *,
    health: CameraHealth = CameraHealth.OK,
    persons: Sequence[Box] = (LEFT,),
) -> Observation:
    things = [Thing(ThingKind.PERSON, box, 0.9) for box in persons]
    if logit is not None and logit > 0.0:
        things.append(Thing(kind, (person[0] + 40.0, person[1] + 120.0, 20.0, 30.0), 0.9))
    square = (person[0] - 10.0, person[1] - 10.0, 200.0, 200.0)
    scene = SceneSeen(3.0, tuple(things), logit, square if logit is not None else None)
    return Observation(0, at_s, (640, 480), (), 0.0, health, scene=scene)


def shown(
    judge: WeaponJudge, logits: Iterable[float | None], start_s: float = 0.0
) -> list[tuple[float, object]]:
    """The facts of looks every half second, each with its time."""
    said: list[tuple[float, object]] = []
    for number, logit in enumerate(logits):
        at_s = start_s + number * LOOK_S
        said += [(at_s, fact) for fact in judge.update(look(at_s, logit), at_s)]
    return said


def test_several_looks_that_agree_say_it_once_with_the_numbers_in_words() -> None:
    said = shown(WeaponJudge(), [SURE] * 10)
    assert [type(fact) for _, fact in said] == [AnomalyBegan]
    fact = said[0][1]
    assert isinstance(fact, AnomalyBegan)
    assert fact.anomaly is Anomaly.WEAPON
    assert fact.detail.startswith("a knife in 3 of 3 looks over 1.0 s")
    assert said[0][0] == pytest.approx(2 * LOOK_S)
    assert fact.reason is not None
    assert fact.reason.ground is Ground.WEAPON_SEEN
    numbers = {number.measure: number for number in fact.reason.numbers}
    assert numbers[Measure.LOOKS].value == LIMITS.agreeing
    assert numbers[Measure.LASTED_S].value == pytest.approx(1.0)
    assert all(number.limit is not None and number.value >= number.limit for number in numbers.values())
    assert len(fact.reason.marks) == 1


@pytest.mark.parametrize("logit", [1.0, 3.0, 50.0])
def test_one_strange_look_never_says_it(logit: float) -> None:
    assert shown(WeaponJudge(), [NO, NO, logit, NO, NO, NO]) == []


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_looks_than_agreed_never_say_it_however_sure(count: int) -> None:
    assert count < LIMITS.agreeing
    assert shown(WeaponJudge(), [*[50.0] * count, *[None] * 30]) == []


def test_looks_far_apart_do_not_add_up() -> None:
    said = shown(WeaponJudge(), [SURE, *[NO] * 16] * 6)
    assert said == []


def test_half_of_the_looks_are_not_enough_where_the_others_deny_it_as_surely() -> None:
    assert shown(WeaponJudge(), [SURE, -SURE] * 40) == []


def test_looks_at_two_persons_do_not_add_up() -> None:
    judge = WeaponJudge()
    said: list[object] = []
    for number in range(4):
        person = (LEFT, RIGHT)[number % 2]
        at_s = number * LOOK_S
        said += judge.update(look(at_s, SURE, person, persons=(LEFT, RIGHT)), at_s)
    assert said == []


def test_a_denied_look_at_another_person_takes_nothing_back() -> None:
    judge = WeaponJudge()
    said: list[object] = []
    for number in range(8):
        person, logit = ((LEFT, SURE), (RIGHT, -9.0))[number % 2]
        at_s = number * LOOK_S
        said += judge.update(look(at_s, logit, person, persons=(LEFT, RIGHT)), at_s)
    assert [type(fact) for fact in said] == [AnomalyBegan]


def test_who_walks_stays_the_same_person() -> None:
    judge = WeaponJudge()
    said: list[object] = []
    for number in range(6):
        person = (20.0 + 30.0 * number, 40.0, 120.0, 300.0)
        at_s = number * LOOK_S
        said += judge.update(look(at_s, SURE, person, persons=(person,)), at_s)
    assert [type(fact) for fact in said] == [AnomalyBegan]


def test_it_is_not_said_sooner_than_the_dwell_however_fast_the_looks() -> None:
    judge = WeaponJudge()
    for number in range(int(LIMITS.over_s / 0.1)):
        assert judge.update(look(number * 0.1, 50.0), number * 0.1) == ()
    assert judge.update(look(LIMITS.over_s, 50.0), LIMITS.over_s) != ()


def test_a_moment_out_of_sight_does_not_end_it_and_time_does() -> None:
    judge = WeaponJudge()
    assert len(shown(judge, [SURE] * 4)) == 1
    last_s = 3 * LOOK_S
    assert shown(judge, [NO] * 4, last_s + LOOK_S) == []
    wake_s = judge.next_wake_s()
    assert wake_s is not None
    assert wake_s == pytest.approx(last_s + LIMITS.end_s)
    assert judge.tick(wake_s - 0.01) == ()
    assert judge.tick(wake_s) == (AnomalyEnded(Anomaly.WEAPON),)
    assert judge.next_wake_s() is None
    assert judge.tick(wake_s + 1.0) == ()


def test_frames_without_a_look_end_it_too() -> None:
    judge = WeaponJudge()
    shown(judge, [SURE] * 4)
    said = shown(judge, [None] * 60, 2.0)
    assert [fact for _, fact in said] == [AnomalyEnded(Anomaly.WEAPON)]


def test_seen_all_the_time_it_neither_ends_nor_begins_again() -> None:
    assert len(shown(WeaponJudge(), [SURE] * 200)) == 1


def test_an_unsound_picture_is_no_look() -> None:
    judge = WeaponJudge()
    for number in range(20):
        at_s = number * LOOK_S
        assert judge.update(look(at_s, 50.0, health=CameraHealth.COVERED), at_s) == ()


def test_forgetting_ends_it_and_holds_nothing_against_the_next() -> None:
    judge = WeaponJudge()
    shown(judge, [SURE] * 2)
    assert judge.forget() == ()
    assert shown(judge, [SURE] * 2, 1.0) == []
    shown(judge, [SURE] * 2, 2.0)
    assert judge.forget() == (AnomalyEnded(Anomaly.WEAPON),)
    assert judge.forget() == ()


@pytest.mark.slow
@given(st.lists(st.one_of(st.none(), st.floats(-60.0, 60.0)), max_size=60))
def test_it_begins_and_ends_in_turn_and_only_on_agreement(logits: list[float | None]) -> None:
    judge = WeaponJudge()
    said = shown(judge, [*logits, *[None] * 40])
    kinds = [type(fact) for _, fact in said]
    assert kinds == list(itertools.islice(itertools.cycle((AnomalyBegan, AnomalyEnded)), len(kinds)))
    assert len(kinds) % 2 == 0, "it has ended when nothing was seen for long enough"
    for at_s, fact in said:
        if isinstance(fact, AnomalyBegan):
            upto = [x for n, x in enumerate(logits) if n * LOOK_S <= at_s and x is not None]
            assert sum(x > LIMITS.doubt for x in upto) >= LIMITS.agreeing
