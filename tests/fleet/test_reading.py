"""The reader's numbers against a model that remembers every number."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.fleet.reading import MAX_SEQUENCE, Finding, ReadAs, Reading, Span, Stream

HERE = Stream("kiosk-1", "e1", "alert")


def test_a_stream_without_loss() -> None:
    reading = Reading()
    for sequence in range(1, 6):
        assert reading.take(HERE, sequence, marked=False) == Finding(ReadAs.NEW)
    assert reading.missing(HERE) == ()
    assert reading.highest(HERE) == 5


def test_a_gap_is_seen_at_once_and_may_be_filled() -> None:
    reading = Reading()
    reading.take(HERE, 1, marked=False)
    assert reading.take(HERE, 5, marked=False) == Finding(ReadAs.NEW, Span(2, 4))
    assert reading.take(HERE, 3, marked=True) == Finding(ReadAs.FILLED)
    assert reading.missing(HERE) == (Span(2, 2), Span(4, 4))
    assert reading.take(HERE, 3, marked=True).read_as is ReadAs.REPEATED
    assert reading.take(HERE, 3, marked=False).read_as is ReadAs.REPEATED_UNMARKED


def test_what_is_marked_and_was_never_read_is_new() -> None:
    """A kiosk marks a second try also where the first one was lost."""
    assert Reading().take(HERE, 1, marked=True) == Finding(ReadAs.NEW)


def test_streams_epochs_and_kiosks_count_apart() -> None:
    reading = Reading()
    others = [
        Stream("kiosk-2", "e1", "alert"),
        Stream("kiosk-1", "e2", "alert"),
        Stream("kiosk-1", "e1", "emergency"),
    ]
    reading.take(HERE, 1, marked=False)
    reading.take(HERE, 2, marked=False)
    for other in others:
        assert reading.take(other, 1, marked=False) == Finding(ReadAs.NEW)
    assert reading.streams == tuple(sorted([HERE, *others]))
    reading.forget(others)
    assert reading.streams == (HERE,)


def test_who_comes_later_misses_only_what_is_sent_after() -> None:
    reading = Reading(from_first=False)
    assert reading.take(HERE, 40, marked=False) == Finding(ReadAs.NEW)
    assert reading.give_up(HERE, Span(1, 40)) == ()
    assert reading.take(HERE, 39, marked=True) == Finding(ReadAs.FILLED)
    assert reading.take(HERE, 39, marked=True) == Finding(ReadAs.REPEATED)
    assert reading.missing(HERE) == ()
    assert Reading().take(HERE, 40, marked=False) == Finding(ReadAs.NEW, Span(1, 39))


def test_a_notice_names_what_is_lost() -> None:
    reading = Reading()
    reading.take(HERE, 2, marked=False)
    assert reading.give_up(HERE, Span(1, 4)) == (Span(1, 1), Span(3, 4))  # 2 had come all the same
    assert reading.give_up(HERE, Span(1, 4)) == ()
    assert reading.missing(HERE) == ()
    assert reading.given_up(HERE) == (Span(1, 1), Span(3, 4))
    assert reading.take(HERE, 5, marked=False) == Finding(ReadAs.NEW)


@pytest.mark.parametrize("wrong", [0, -1, MAX_SEQUENCE + 1])
def test_a_number_that_no_kiosk_gives_is_refused(wrong: int) -> None:
    reading = Reading()
    with pytest.raises(ValueError, match="sequence number"):
        reading.take(HERE, wrong, marked=False)
    with pytest.raises(ValueError, match="sequence number"):
        reading.give_up(HERE, Span(wrong, 5))
    with pytest.raises(ValueError, match="a gap"):
        reading.give_up(HERE, Span(5, 4))
    assert reading.streams == ()


_MESSAGE = st.tuples(st.just("take"), st.integers(1, 30), st.booleans())
_NOTICE = st.tuples(st.just("give_up"), st.integers(1, 30), st.integers(0, 8))


@pytest.mark.slow
@given(st.lists(st.one_of(_MESSAGE, _NOTICE), max_size=60), st.booleans())
def test_any_order_of_messages_and_notices_as_the_model_says(
    story: list[tuple[str, int, int]], from_first: bool
) -> None:
    """The model keeps every number in plain sets."""
    reading = Reading(from_first=from_first)
    come: set[int] = set()
    lost: set[int] = set()
    lowest: int | None = 1 if from_first else None
    highest = 0
    for what, first, more in story:
        if lowest is None:
            lowest, highest = first, first - 1
        if what == "take":
            finding = reading.take(HERE, first, marked=bool(more))
            assert finding.is_new == (first not in come)
            assert (finding.read_as is ReadAs.REPEATED_UNMARKED) == (not finding.is_new and not more)
            jumped = set(range(highest + 1, first))
            assert _numbers([finding.opened] if finding.opened else []) == jumped
            come.add(first)
            lost.discard(first)
        else:
            span = Span(first, first + more)
            named = _numbers(reading.give_up(HERE, span))
            fresh = {n for n in range(span.first, span.last + 1) if n >= lowest} - come - lost
            assert named == fresh
            lost |= fresh
            first = span.last
        highest = max(highest, first)
        assert reading.highest(HERE) == highest
        assert _numbers(reading.given_up(HERE)) == lost
        assert _numbers(reading.missing(HERE)) == set(range(lowest, highest + 1)) - come - lost


def test_a_long_stream_shuffled_keeps_nothing_in_the_end() -> None:
    reading = Reading()
    numbers = list(range(1, 5001))
    random.Random(7).shuffle(numbers)
    kinds = [reading.take(HERE, number, marked=False).read_as for number in numbers]
    assert set(kinds) == {ReadAs.NEW, ReadAs.FILLED}
    assert reading.missing(HERE) == ()


def _numbers(spans: object) -> set[int]:
    assert isinstance(spans, list | tuple)
    found: set[int] = set()
    for span in spans:
        assert isinstance(span, Span)
        numbers = set(range(span.first, span.last + 1))
        assert numbers, "an empty span"
        assert not numbers & found, "one number in two spans"
        found |= numbers
    return found
