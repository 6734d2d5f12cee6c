"""The code opens once, is named when replaced, and appears in no text that anybody could keep."""

from __future__ import annotations

import copy
import hmac
import pickle
import traceback
from collections.abc import Callable, Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cabin.events import EntryVerdict
from edge.codes.book import CodeBook, random_code
from edge.codes.hidden import Typed
from edge.codes.hotp import hotp
from edge.codes.pad import EntryPad, PadResult
from tests.worlds.rfc_4226 import PASSWORDS, SECRET


def these(codes: Iterable[str]) -> Callable[[int], str]:
    source = iter(codes)
    return lambda digits: next(source)


def type_in(pad: EntryPad, keys: str, now_s: float = 0.0) -> list[PadResult]:
    return [pad.press(key, now_s) for key in keys]


def test_hotp_gives_the_vectors_of_the_rfc() -> None:
    assert tuple(hotp(SECRET, counter) for counter in range(10)) == PASSWORDS


def test_hotp_has_more_digits_on_request_and_keeps_leading_zeros() -> None:
    assert hotp(SECRET, 0, 8) == "84755224"
    assert hotp(SECRET, 0, 7) == "4755224"
    zeros = [hotp(SECRET, counter) for counter in range(60)]
    assert all(len(password) == 6 for password in zeros)
    assert any(password.startswith("0") for password in zeros)


@pytest.mark.parametrize(
    "bad", [(b"", 0, 6), (SECRET, -1, 6), (SECRET, 1 << 64, 6), (SECRET, 0, 5), (SECRET, 0, 9)]
)
def test_hotp_refuses_what_the_rfc_does_not_allow(bad: tuple[bytes, int, int]) -> None:
    with pytest.raises(ValueError, match=r"needed|digits"):
        hotp(*bad)


@pytest.mark.parametrize("digits", range(3, 9))
def test_a_random_code_has_its_digits_and_uses_all_ten(digits: int) -> None:
    codes = [random_code(digits) for _ in range(300)]
    assert {len(code) for code in codes} == {digits}
    assert set("".join(codes)) == set("0123456789")


def test_the_live_code_is_right_once() -> None:
    book = CodeBook(3, these(["417"]))
    book.issue(1)
    assert (book.text(), book.live_issue) == ("417", 1)
    assert book.judge(Typed("416")) is EntryVerdict.WRONG
    assert book.judge(Typed("417")) is EntryVerdict.RIGHT
    assert (book.text(), book.live_issue) == (None, None)
    assert book.judge(Typed("417")) is EntryVerdict.SUPERSEDED


def test_a_replaced_or_voided_code_is_refused_by_name_in_its_incident_only() -> None:
    book = CodeBook(3, these(["111", "222", "333"]))
    book.issue(1)
    book.void()
    assert book.judge(Typed("111")) is EntryVerdict.SUPERSEDED
    book.issue(2)
    assert book.judge(Typed("111")) is EntryVerdict.SUPERSEDED
    assert book.judge(Typed("222")) is EntryVerdict.RIGHT
    book.issue(1)
    assert book.judge(Typed("111")) is EntryVerdict.WRONG
    assert book.judge(Typed("222")) is EntryVerdict.WRONG
    assert book.judge(Typed("333")) is EntryVerdict.RIGHT


def test_a_fresh_code_is_never_the_one_before_even_over_incidents() -> None:
    book = CodeBook(3, these(["111", "111", "111", "222", "111"]))
    for issue, code in ((1, "111"), (1, "222"), (2, "111")):
        book.issue(issue)
        assert book.text() == code


def test_a_code_that_comes_back_after_another_is_live_not_superseded() -> None:
    book = CodeBook(3, these(["111", "222", "111"]))
    for issue in (1, 2, 3):
        book.issue(issue)
    assert book.judge(Typed("111")) is EntryVerdict.RIGHT


@pytest.mark.parametrize("given_code", ["12", "1234", "12a", "", "１２３", "٣٣٣"])
def test_a_source_that_gives_something_else_is_refused_without_a_word_of_it(given_code: str) -> None:
    book = CodeBook(3, lambda digits: given_code)
    with pytest.raises(ValueError, match="did not give 3 digits") as caught:
        book.issue(1)
    assert book.text() is None
    assert not given_code or given_code not in str(caught.value)


def test_a_source_stuck_on_one_code_is_found_out() -> None:
    book = CodeBook(4, lambda digits: "8642")
    book.issue(1)
    with pytest.raises(ValueError, match="same one") as caught:
        book.issue(2)
    assert "8642" not in "".join(traceback.format_exception(caught.value))
    assert book.text() is None
    assert book.judge(Typed("8642")) is EntryVerdict.SUPERSEDED


@pytest.mark.parametrize("digits", [2, 9])
def test_a_code_has_3_to_8_digits(digits: int) -> None:
    with pytest.raises(ValueError, match="3 to 8"):
        CodeBook(digits)


def test_every_comparison_is_constant_time_and_none_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare_digest = hmac.compare_digest

    def spy(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return compare_digest(a, b)

    book = CodeBook(3, these(["111", "222", "333", "444"]))
    for issue in (1, 2, 3, 4):
        book.issue(issue)
    monkeypatch.setattr(hmac, "compare_digest", spy)
    for entry in ("999", "111", "444"):
        compared.clear()
        book.judge(Typed(entry))
        assert {b for _, b in compared} == {b"111", b"222", b"333", b"444"}


def test_nothing_shows_or_copies_a_digit() -> None:
    book = CodeBook(8, these(["86420975"]))
    book.issue(1)
    pad = EntryPad(8, 10)
    type_in(pad, "86420975")
    for secretive in (book, pad, Typed("86420975")):
        assert "86420975" not in f"{secretive!r} {secretive} {[secretive]}"
        assert "hidden" in repr(secretive)
        with pytest.raises(TypeError, match="stays in this process"):
            pickle.dumps(secretive)
        with pytest.raises(TypeError, match="stays in this process"):
            copy.copy(secretive)


def test_the_last_digit_submits_and_the_entry_is_taken_once() -> None:
    pad = EntryPad(3, 10)
    assert type_in(pad, "41") == [PadResult.ADDED] * 2
    assert pad.take() is None
    assert pad.press("7", 1) is PadResult.COMPLETED
    assert pad.press("9", 1) is PadResult.IGNORED
    entry = pad.take()
    assert entry is not None
    assert entry.same_as("417")
    assert not entry.same_as("419")
    assert pad.take() is None
    assert pad.typed == 0
    assert pad.next_wake_s is None


def test_star_clears_and_the_other_keys_do_nothing() -> None:
    pad = EntryPad(3, 10)
    ignored = PadResult.IGNORED
    assert type_in(pad, "1#A2BCD") == [PadResult.ADDED, ignored, ignored, PadResult.ADDED, *[ignored] * 3]
    assert pad.typed == 2
    assert pad.press("*", 0) is PadResult.CLEARED
    assert pad.typed == 0
    assert type_in(pad, "#") == [ignored]
    assert type_in(pad, "417#")[2:] == [PadResult.COMPLETED, ignored]
    entry = pad.take()
    assert entry is not None
    assert entry.same_as("417")


@pytest.mark.parametrize("key", ["", "10", "٣", "1 ", "e"])
def test_a_key_that_no_keypad_has_does_nothing(key: str) -> None:
    assert EntryPad(3, 10).press(key, 0) is PadResult.IGNORED


def test_an_unfinished_entry_is_forgotten_ten_seconds_after_its_last_key() -> None:
    pad = EntryPad(3, 10)
    pad.press("1", 0)
    pad.press("2", 8)
    assert pad.next_wake_s == 18
    assert not pad.poll(17.9)
    assert pad.typed == 2
    assert pad.poll(18)
    assert pad.typed == 0
    assert not pad.poll(18)
    pad.press("1", 20)
    pad.press("2", 21)
    assert pad.press("3", 31) is PadResult.ADDED, "a late key begins again, even where nobody polled"


def test_an_ignored_key_does_not_keep_an_entry_alive() -> None:
    pad = EntryPad(3, 10)
    pad.press("1", 0)
    pad.press("#", 9)
    assert pad.next_wake_s == 10


@given(st.text("0123456789*#AD", max_size=30), st.integers(3, 8))
def test_what_is_taken_is_what_was_typed_since_the_last_star(keys: str, digits: int) -> None:
    pad = EntryPad(digits, 10)
    expected = ""
    for key in keys:
        result = pad.press(key, 0)
        expected = "" if key == "*" else expected + key if key.isdecimal() else expected
        assert (result is PadResult.COMPLETED) == (len(expected) == digits and key.isdecimal())
        if len(expected) == digits:
            entry = pad.take()
            assert entry is not None
            assert entry.same_as(expected)
            expected = ""


@pytest.mark.slow
@given(st.lists(st.sampled_from(["issue", "void", "live", "old", "wrong"]), max_size=30))
def test_no_code_is_ever_right_twice_or_after_its_replacement(acts: list[str]) -> None:
    book = CodeBook(6)
    live: str | None = None
    old: set[str] = set()
    issue = 0
    for act in acts:
        if act == "issue":
            if live is not None:
                old.add(live)
            issue += 1
            book.issue(issue)
            live = book.text()
            assert live is not None
            old.discard(live)
        elif act == "void":
            book.void()
            if live is not None:
                old.add(live)
            live = None
        elif act == "live" and live is not None:
            assert book.judge(Typed(live)) is EntryVerdict.RIGHT
            old.add(live)
            live = None
        elif act == "old":
            assert all(book.judge(Typed(code)) is EntryVerdict.SUPERSEDED for code in old)
        elif act == "wrong":
            other = next(
                c for c in ("000000", "000001", *map(str, range(200000, 200040))) if c not in old | {live}
            )
            assert book.judge(Typed(other)) is EntryVerdict.WRONG
        assert book.text() == live


# --- two books, and an entry that comes at once ------------------------------------------------------


def test_no_book_draws_the_live_code_of_the_other() -> None:
    first, second = (
        CodeBook(3, these(["111", "222", "333"])),
        CodeBook(3, these(["111", "444", "444", "333"])),
    )
    first.keep_apart(second)
    first.issue(1)
    second.issue(1)
    assert (first.text(), second.text()) == ("111", "444")
    first.void()
    second.issue(2)  # what it had before, then what is nobody's live code
    assert second.text() == "333"
    first.issue(2)
    assert first.text() == "222"


def test_an_entry_that_comes_at_once_takes_the_place_of_what_was_typed() -> None:
    pad = EntryPad(6, 10.0)
    type_in(pad, "99")
    assert pad.enter("012345", 1.0)
    assert pad.full
    entry = pad.take()
    assert entry is not None
    assert entry.same_as("012345")
    assert not pad.full


@pytest.mark.parametrize("keys", ["", "12345", "1234567", "12345a", "12345*", "12345\u0663", "-12345"])
def test_what_is_no_entry_leaves_nothing_at_the_pad(keys: str) -> None:
    pad = EntryPad(6, 10.0)
    type_in(pad, "99")
    assert not pad.enter(keys, 1.0)
    assert pad.typed == 0
