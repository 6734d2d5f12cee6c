"""Whose number is meant: senders and readers as networks write them, against those in the settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages.numbers import meant

DENMARK, NORWAY, SINGAPORE, ICELAND = "+4520123456", "+4790123456", "+6581234567", "+3545551234"
GERMANY, ROOM, INDIA, RUSSIA = "+4917000123456", "+4930555123456", "+919876543210", "+79161234567"
AMERICA, HUNGARY, ITALY = "+12025550143", "+36201234567", "+390612345678"
ALL = (DENMARK, NORWAY, SINGAPORE, ICELAND, GERMANY, ROOM, INDIA, RUSSIA, AMERICA, HUNGARY, ITALY)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        *[(number, number) for number in ALL],
        *[(f"00{number[1:]}", number) for number in ALL],
        *[(number[1:], number) for number in ALL],
        ("20123456", DENMARK),
        ("90123456", NORWAY),
        ("81234567", SINGAPORE),
        ("5551234", ICELAND),
        ("017000123456", GERMANY),
        ("17000123456", GERMANY),
        ("030555123456", ROOM),
        ("9876543210", INDIA),
        ("09876543210", INDIA),
        ("9161234567", RUSSIA),
        ("89161234567", RUSSIA),
        ("2025550143", AMERICA),
        ("06201234567", HUNGARY),
        ("201234567", HUNGARY),
        ("0612345678", ITALY),
    ],
)
def test_a_number_is_known_however_a_network_writes_it(told: str, known: str) -> None:
    assert meant(told, ALL) == known


@pytest.mark.parametrize(
    "told",
    [
        *("", "+", "00", "0", "123456", "555123456", "000123456", "0123456", "3456"),
        *("+4620123456", "+20123456", "+5551234", "004620123456", "+19876543210"),
        *("120123456", "445551234", "15551234", "8123456", "VM-BANK", "٢٠١٢٣٤٥٦", "2012345", "620123456"),
    ],
)
def test_strangers_are_not_known_by_their_last_digits(told: str) -> None:
    assert meant(told, ALL) is None


def test_where_two_would_fit_it_is_neither() -> None:
    assert meant("20123456", ("+4520123456", "+4720123456")) is None
    assert meant("+4520123456", ("+4520123456", "+4720123456")) == "+4520123456"
    assert meant("4520123456", ("+4520123456", "+14520123456")) == "+4520123456", (
        "the whole number goes first"
    )
    assert meant("20123456", (DENMARK, DENMARK)) == DENMARK, "one number of two people is one"


def test_two_numbers_with_the_same_last_digits_are_never_swapped() -> None:
    for told, known in ((GERMANY, GERMANY), (ROOM, ROOM), ("030555123456", ROOM), ("0170 00123456", None)):
        assert meant(told, (GERMANY, ROOM)) == known
        assert meant(told, (ROOM, GERMANY)) == known


@pytest.mark.slow
@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=3))
def test_any_words_are_borne(told: str, known: list[str]) -> None:
    found = meant(told, known)
    assert found is None or found in known


@pytest.mark.slow
@given(
    st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
)
def test_a_whole_number_means_itself_alone(one: str, other: str) -> None:
    assert meant(one, (one, other)) == one
    assert meant(one, (other,)) == (one if one == other else None)
