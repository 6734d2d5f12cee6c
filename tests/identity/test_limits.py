"""Tries, rests and codes an hour, against a model that knows the true time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.identity.limits import (
    HOUR_S,
    CodeRules,
    Moment,
    OwnerRefusal,
    Refused,
    aged,
    believable,
    doubted,
    may_send,
    may_try,
    opened,
    passed_s,
    rested,
    sent,
    tried,
)
from edge.terms.record import OwnerTries

RULES = CodeRules()
START = Moment("first", 100.0, 1_767_254_400.0, True)


def later(moment: Moment, seconds: float) -> Moment:
    return replace(moment, mono_s=moment.mono_s + seconds, wall_s=moment.wall_s + seconds)


def used_up(row: OwnerTries, at: Moment) -> OwnerTries:
    for _ in range(RULES.tries):
        row = tried(row, at, RULES)
    return row


# --- examples --------------------------------------------------------------------------------------


def test_three_wrong_tries_begin_a_rest_that_doubles_up_to_its_longest() -> None:
    row, at, rests = OwnerTries(7), START, []
    for _ in range(7):
        row = used_up(row, at)
        rests.append(row.rest_left_s)
        assert may_try(row, at) == Refused(OwnerRefusal.CARD_RESTS, row.rest_left_s)
        at = later(at, row.rest_left_s)
        assert may_try(row, at) is None
    assert rests == [600, 1200, 2400, 4800, 9600, 14_400, 14_400]


def test_a_rest_that_is_over_gives_the_tries_again_and_not_the_growth() -> None:
    row = used_up(OwnerTries(7), START)
    at = later(START, 600)
    assert (aged(row, at).tries, aged(row, at).rests) == (0, 1)
    assert used_up(row, at).rest_left_s == 1200


def test_time_alone_gives_no_try_back() -> None:
    row = tried(tried(OwnerTries(7), START, RULES), START, RULES)
    assert aged(row, later(START, 1e6)).tries == 2


def test_a_right_code_sets_tries_and_growth_back_and_not_the_codes_of_the_hour() -> None:
    row = sent(OwnerTries(7), START)
    row = opened(used_up(used_up(row, START), later(START, 600)), later(START, 601))
    assert (row.tries, row.rests, row.rest_left_s) == (0, 0, 0.0)
    assert row.codes_left_s == (HOUR_S - 601,)


def test_three_codes_in_any_hour() -> None:
    row, at = OwnerTries(7), START
    for _ in range(3):
        assert may_send(row, at, RULES) is None
        row = sent(row, at)
        at = later(at, 100)
    assert may_send(row, at, RULES) == Refused(OwnerRefusal.TOO_MANY, HOUR_S - 300)
    assert may_send(row, later(at, HOUR_S - 300.001), RULES) is not None
    assert may_send(row, later(at, HOUR_S - 300), RULES) is None


def test_a_no_rests_the_card_and_shortens_no_rest() -> None:
    row = rested(OwnerTries(7), START, RULES)
    assert may_send(row, START, RULES) == Refused(OwnerRefusal.CARD_RESTS, 600.0)
    long = replace(OwnerTries(7), rest_left_s=5000.0, boot="first", mono_s=100.0)
    assert rested(long, START, RULES).rest_left_s == 5000.0


def test_a_doubted_record_rests_every_card_once() -> None:
    assert doubted(OwnerTries(7), START, RULES).rest_left_s == 600
    longer = used_up(used_up(OwnerTries(7), START), later(START, 600))
    assert doubted(longer, later(START, 600), RULES).rest_left_s == 1200


def test_settings_that_were_tightened_hold_for_what_was_written_before() -> None:
    row = OwnerTries(7, rest_left_s=1e6, codes_left_s=(9000.0, 5.0))
    kept = believable(row, RULES)
    assert (kept.rest_left_s, kept.codes_left_s) == (14_400.0, (5.0, 3600.0))


# --- what a clock can prove ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "now", "passed"),
    [
        (Moment("a", 100, 0, False), Moment("a", 160, 0, False), 60.0),
        (Moment("a", 100, 5000, True), Moment("a", 160, 9_999_999, True), 60.0),  # a wall clock that jumped
        (Moment("a", 100, 5000, True), Moment("b", 3, 5050, True), 50.0),
        (Moment("a", 100, 5000, True), Moment("b", 3, 4000, True), 0.0),  # set back
        (Moment("a", 100, 5000, False), Moment("b", 3, 5050, True), 0.0),  # was never set
        (Moment("a", 100, 5000, True), Moment("b", 3, 5050, False), 0.0),  # is not set now
        (Moment("", 100, 5000, False), Moment("", 300, 5050, False), 0.0),  # no boot has a name
        (Moment("a", 100, 5000, True), Moment("a", 50, 5050, True), 0.0),
    ],
)
def test_only_what_a_clock_proves_has_passed(then: Moment, now: Moment, passed: float) -> None:
    row = OwnerTries(7, 1, 0, 0.0, (), then.boot, then.mono_s, then.wall_s, then.wall_true)
    assert passed_s(row, now) == passed


# --- any life, against the model -------------------------------------------------------------------


@dataclass
class Model:
    """What happened, in true time. `tries` since a rest was over or a code was right."""

    now_s: float = 0.0
    tries: int = 0
    rests: int = 0
    rest_until_s: float = 0.0
    codes_s: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        resting = self.now_s < self.rest_until_s
        self.now_s += seconds
        if resting and self.now_s >= self.rest_until_s:
            self.tries = 0

    def may_try(self) -> bool:
        return self.now_s >= self.rest_until_s

    def may_send(self) -> bool:
        return self.may_try() and sum(at_s > self.now_s - HOUR_S for at_s in self.codes_s) < 3

    def rest(self) -> None:
        self.rest_until_s = max(self.rest_until_s, self.now_s + min(14_400.0, 600.0 * 2**self.rests))
        self.rests += 1

    def count(self) -> None:
        self.tries += 1
        if self.tries >= 3:
            self.rest()

    def open(self) -> None:
        self.tries = self.rests = 0
        self.rest_until_s = 0.0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 5000).map(float)),
        st.tuples(st.sampled_from(["send", "wrong", "right", "no", "restart", "power cut"]), st.just(0.0)),
    ),
    max_size=40,
)


def _live(steps: list[tuple[str, float]], *, set_clock: bool, ahead: list[int]) -> None:
    """A life of one card. `set_clock`: the wall clock is always right; else never set, it says anything.

    With it the rules are the model's to the second; without it they are never milder.
    """
    model, row = Model(), OwnerTries(7)
    at = Moment("boot 0", 50.0, 1_767_254_400.0, set_clock)
    boots = 0
    for what, seconds in steps:
        strict_try, strict_send = may_try(row, at) is None, may_send(row, at, RULES) is None
        if set_clock:
            assert (strict_try, strict_send) == (model.may_try(), model.may_send())
            assert aged(row, at).tries == model.tries
        else:
            assert model.may_try() or not strict_try
            assert model.may_send() or not strict_send
            assert aged(row, at).tries >= model.tries
        match what:
            case "wait":
                model.wait(seconds)
                at = later(at, seconds)
            case "send" if strict_send:
                model.codes_s.append(model.now_s)
                row = sent(row, at)
            case "wrong" if strict_try:
                model.count()
                row = tried(row, at, RULES)
            case "right" if strict_try:
                model.count()
                model.open()
                row = opened(tried(row, at, RULES), at)
            case "no":
                model.rest()
                row = rested(row, at, RULES)
            case "restart":
                row = aged(believable(row, RULES), at)
            case "power cut":
                boots += 1
                wall_s = at.wall_s if set_clock else at.wall_s + ahead[boots % len(ahead)]
                at = Moment(f"boot {boots}", 5.0, wall_s, set_clock)
                row = aged(believable(row, RULES), at)
            case _:
                pass


@given(STEPS)
def test_with_a_clock_that_was_set_the_rules_are_the_models(steps: list[tuple[str, float]]) -> None:
    _live(steps, set_clock=True, ahead=[0])


@pytest.mark.slow
@given(STEPS, st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=5))
def test_with_a_clock_that_says_anything_nothing_is_given_back(
    steps: list[tuple[str, float]], ahead: list[int]
) -> None:
    _live(steps, set_clock=False, ahead=ahead)
