"""Looks vote on whether the owner stands there; a picture never wins, and a poor angle is nobody else."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from edge.identity.likeness import Points
from edge.judge.owner import ANOTHER_S, SAME_LOOKS, UNFIT_S, OwnerJudge
from edge.terms.identity import NoTemplate, OwnerFact, Template
from tests.worlds.owner_looks import LOOK_FRAMES, OWNER, PRINT, STARES, Customer, template_at

POINTS = Points(same=0.45, another=0.2, duplicate=0.6)
LIKE, BETWEEN, UNLIKE = template_at(0.8), template_at(0.3), template_at(0.0, towards=2)
SAME, ANOTHER, UNKNOWN, UNFIT = OwnerFact.SAME, OwnerFact.ANOTHER, OwnerFact.UNKNOWN, OwnerFact.UNFIT


@pytest.fixture
def customer() -> Customer:
    judge = OwnerJudge(POINTS)
    judge.begin([OWNER], 100.0)
    return Customer(judge)


def test_the_owner_is_verified_after_three_looks_and_a_blink(customer: Customer) -> None:
    [(after_s, fact)] = customer.shows(LIKE, 20.0)
    assert fact is SAME
    assert after_s <= 4.0


def test_life_that_was_shown_before_the_first_look_is_not_lent_to_a_picture() -> None:
    """Somebody lives before the camera, and holds the owner's photograph up as the card goes in."""
    customer = Customer(OwnerJudge(POINTS))
    assert customer.shows(None, 6.0) == []
    customer.blink_every_s = None
    customer.judge.begin([OWNER], customer.now_s)
    assert SAME not in [fact for _, fact in customer.shows(LIKE, 19.0)]


def test_life_that_was_shown_with_the_face_aside_is_not_lent_to_a_picture(customer: Customer) -> None:
    for _ in range(5):
        customer.blink_every_s = None
        assert SAME not in [fact for _, fact in customer.shows(LIKE, 2.0)]
        customer.blink_every_s = 0.5
        assert SAME not in [fact for _, fact in customer.shows(NoTemplate.TURNED, 2.0)]


def test_somebody_else_is_told_later_than_the_owner_would_be(customer: Customer) -> None:
    [(after_s, fact)] = customer.shows(UNLIKE, 20.0)
    assert fact is ANOTHER
    assert after_s >= ANOTHER_S


def test_one_look_that_is_like_enough_forbids_another(customer: Customer) -> None:
    customer.shows(UNLIKE, 2.5)
    customer.shows(BETWEEN, 0.5)
    assert ANOTHER not in [fact for _, fact in customer.shows(UNLIKE, 3.0)]


def test_in_between_nothing_is_decided(customer: Customer) -> None:
    assert customer.shows(BETWEEN, 60.0) == []


@pytest.mark.parametrize("motion", [PRINT, STARES, None])
def test_a_face_that_never_stirs_is_never_verified_and_that_is_told(
    customer: Customer, motion: object
) -> None:
    customer.blink_every_s = None
    customer.motion = PRINT if motion is PRINT else STARES if motion is STARES else None
    ((after_s, fact),) = customer.shows(LIKE, 90.0)
    assert fact is UNFIT
    assert after_s == pytest.approx(UNFIT_S + 0.5, abs=1.1)


def test_a_picture_that_is_held_up_takes_the_verification_away(customer: Customer) -> None:
    assert customer.shows(LIKE, 6.0)[-1][1] is SAME
    customer.blink_every_s = None
    customer.motion = PRINT
    assert customer.shows(LIKE, 40.0)[0][1] is UNKNOWN
    assert customer.judge.fact is not SAME


def test_a_print_after_a_living_face_borrows_no_life(customer: Customer) -> None:
    """The one who stands there blinks, and then holds the owner's photograph before the own face."""
    customer.shows(UNLIKE, 3.2)
    customer.blink_every_s = None
    customer.motion = PRINT
    assert SAME not in [fact for _, fact in customer.shows(LIKE, 15.0)]


def test_several_begin_it_all_again(customer: Customer) -> None:
    assert customer.shows(LIKE, 6.0)[-1][1] is SAME
    assert customer.shows(NoTemplate.SEVERAL, 1.0, faces=2)[-1][1] is UNKNOWN
    assert customer.judge.missing is NoTemplate.SEVERAL
    [(after_s, fact), *_] = customer.shows(LIKE, 10.0)
    assert fact is SAME
    assert after_s >= SAME_LOOKS * LOOK_FRAMES * 0.1 - 0.5


def test_a_face_that_went_away_may_come_back_as_another(customer: Customer) -> None:
    assert customer.shows(LIKE, 6.0)[-1][1] is SAME
    assert customer.shows(None, 0.8, faces=0) == []
    assert [fact for _, fact in customer.shows(None, 1.0, faces=0)] == [UNKNOWN]
    customer.blink_every_s = None
    assert SAME not in [fact for _, fact in customer.shows(LIKE, 20.0)]


@pytest.mark.parametrize("why", [one for one in NoTemplate if one is not NoTemplate.SEVERAL])
def test_looks_that_are_not_good_enough_are_told_and_decide_nothing(
    customer: Customer, why: NoTemplate
) -> None:
    ((after_s, fact),) = customer.shows(why, 30.0)
    assert fact is UNFIT
    assert after_s == pytest.approx(UNFIT_S, abs=0.6)
    assert customer.judge.missing is why
    assert [fact for _, fact in customer.shows(LIKE, 8.0)][-1] is SAME


def test_a_verified_owner_who_looks_aside_stays_verified(customer: Customer) -> None:
    assert customer.shows(LIKE, 6.0)[-1][1] is SAME
    assert customer.shows(NoTemplate.TURNED, 10.0) == []
    assert customer.shows(BETWEEN, 10.0) == []


def test_nothing_is_said_without_a_claim_and_an_end_forgets(customer: Customer) -> None:
    assert customer.shows(LIKE, 6.0)[-1][1] is SAME
    customer.judge.end()
    assert customer.judge.fact is UNKNOWN
    assert customer.shows(LIKE, 6.0) == []
    with pytest.raises(ValueError, match="no template"):
        customer.judge.begin([], customer.now_s)
    assert not customer.judge.asking


@pytest.mark.slow
def test_whatever_is_shown_only_a_living_like_face_is_the_same() -> None:
    """Random visits: `SAME` begins only after enough like looks and two looks that stirred, of one face."""
    chance = random.Random(17)
    begun = 0
    for _ in range(40):
        judge = OwnerJudge(POINTS)
        judge.begin([OWNER], 100.0)
        customer = Customer(judge)
        like = stirred = 0
        for _ in range(40):
            seen: Template | NoTemplate | None = chance.choice(
                [LIKE, LIKE, LIKE, BETWEEN, UNLIKE, NoTemplate.TURNED, NoTemplate.SEVERAL, None]
            )
            faces = 2 if seen is NoTemplate.SEVERAL else 0 if seen is None and chance.random() < 0.5 else 1
            customer.blink_every_s = chance.choice([None, None, 0.5])
            customer.motion = replace(STARES, around=chance.choice([0.0, 1.0]))
            before = judge.fact
            for _ in range(LOOK_FRAMES):
                judged = customer.shows(seen, 0.1, faces)
                stirs = customer.blink_every_s is not None and customer.now_s % 0.5 < 0.25 and faces > 0
                stirred += stirs
                looked = customer.frame % LOOK_FRAMES == 0
                if looked and seen is NoTemplate.SEVERAL:
                    like = 0
                elif looked and seen in (LIKE, UNLIKE, BETWEEN):
                    like += seen is LIKE
                if judged and judged[0][1] is SAME:
                    begun += 1
                    assert before is not SAME
                    assert like >= SAME_LOOKS
                    assert stirred >= 2
                    before = SAME
                elif judged:
                    before = judged[0][1]
    assert begun > 5, "some were verified, or this would show nothing"
