"""The keypad over an electrical matrix: a digit for a clean press, none from ghosts, stuck keys or noise."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.contact import Contact
from hw.keypad.real import LEGEND
from hw.ports import KeyPress
from hw.wiring import ContactWiring, KeypadWiring, WiringSettings
from tests.worlds.hw_story import Bench, bench, keys, troubles

FOUR_BY_FOUR = msgspec.structs.replace(
    WiringSettings(),
    vibration=ContactWiring(pin=26, fitted=False),
    keypad=KeypadWiring(columns=(10, 11, 20, 26)),
)
THREE = "".join(LEGEND[3])


def _ready(wiring: WiringSettings | None = None, seed: int = 0) -> Bench:
    story = bench(wiring, seed)
    story.run(0.05)
    story.events.clear()
    return story


@pytest.mark.parametrize(("wiring", "legend"), [(None, LEGEND[3]), (FOUR_BY_FOUR, LEGEND[4])])
def test_every_key_gives_itself(wiring: WiringSettings | None, legend: tuple[str, ...]) -> None:
    story = _ready(wiring)
    every = "".join(legend)
    end_s = story.hands.type(every, story.clock.at_s)
    story.run(end_s - story.clock.at_s + 0.1)
    assert keys(story.events) == every
    assert troubles(story.events) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(
    st.integers(0, 10_000),
    st.lists(st.tuples(st.sampled_from(THREE), st.floats(0.07, 1.0), st.floats(0.05, 0.4)), max_size=6),
    st.floats(0.005, 0.015),
)
def test_each_clean_press_is_one_key(
    seed: int, presses: list[tuple[str, float, float]], period_s: float
) -> None:
    story = _ready(seed=seed)
    for key, hold_s, gap_s in presses:
        story.hands.press(key, story.clock.at_s, hold_s)
        story.run(hold_s + gap_s, period_s)
    assert keys(story.events) == "".join(key for key, _, _ in presses)
    assert story.hands.matrix.shorts == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(
    st.integers(0, 10_000),
    st.lists(st.tuples(st.sampled_from(THREE), st.floats(0.0, 0.1), st.floats(0.005, 0.5)), max_size=25),
)
def test_no_press_is_ever_made_up(seed: int, presses: list[tuple[str, float, float]]) -> None:
    """Fingers everywhere: a digit comes only from a key that was down by hand, and at most once a push."""
    story = _ready(seed=seed)
    for key, pause_s, hold_s in presses:
        story.run(pause_s)
        story.hands.press(key, story.clock.at_s, hold_s)
    story.run(1.0)
    pushed = [key for key, _, _ in presses]
    for key in set(keys(story.events)):
        assert keys(story.events).count(key) <= pushed.count(key)
    assert story.hands.matrix.shorts == 0, "two outputs met"


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(
    st.integers(0, 10_000),
    st.permutations([0, 1, 2, 3]),
    st.lists(st.integers(0, 3), min_size=2, max_size=2, unique=True),
    st.lists(st.integers(0, 2), min_size=2, max_size=2, unique=True),
    st.lists(st.floats(0, 0.06), min_size=2, max_size=2),
)
def test_a_ghost_is_never_a_digit(
    seed: int, order: list[int], rows: list[int], columns: list[int], pauses: list[float]
) -> None:
    """Three keys of a rectangle held down, in any order and rhythm: the fourth shows and is not believed."""
    story = _ready(seed=seed)
    corners = [LEGEND[3][row][column] for row in rows for column in columns]
    pushed, ghost = [corners[index] for index in order[:3]], corners[order[3]]
    for key, pause_s in zip(pushed, [*pauses, 0.3], strict=True):
        story.hands.stick_key(key, True, story.clock.at_s)
        story.run(pause_s)
    assert ("ghost", True) in troubles(story.events)
    for key in pushed:
        story.hands.stick_key(key, False, story.clock.at_s)
        story.run(0.08)
    assert ghost not in keys(story.events)
    assert len(keys(story.events)) <= 1, "no more than the first key, before the others came"
    assert troubles(story.events) == [("ghost", True), ("ghost", False)]
    story.hands.press(ghost, story.clock.at_s)
    story.run(0.3)
    assert keys(story.events)[-1] == ghost, "the keypad works again"


def test_two_at_once_are_none_and_a_second_beside_the_first_is_none() -> None:
    story = _ready()
    story.hands.press("1", story.clock.at_s)
    story.hands.press("2", story.clock.at_s)
    story.run(0.4)
    assert keys(story.events) == ""
    story.hands.press("1", story.clock.at_s)
    story.hands.press("2", story.clock.at_s, 0.4)
    story.run(0.6)
    assert keys(story.events) == "", "nor the one that stays down longer"
    story.hands.press("1", story.clock.at_s, 0.3)
    story.run(0.1)
    story.hands.press("2", story.clock.at_s, 0.5)
    story.run(1.0)
    assert keys(story.events) == "1"


@pytest.mark.parametrize("hold_s", [0.004, 0.009, 0.015])
def test_a_touch_too_short_is_no_key(hold_s: float) -> None:
    story = _ready()
    story.hands.press("5", story.clock.at_s, hold_s)
    story.run(0.3)
    assert story.events == []


def test_late_scans_ask_for_as_many_proofs() -> None:
    story = _ready()
    story.hands.press("5", story.clock.at_s, 0.05)
    assert keys(story.run(0.3, period_s=0.03)) == "", "seen twice only"
    story.hands.press("5", story.clock.at_s, 0.1)
    assert keys(story.run(0.3, period_s=0.03)) == "5"


def test_a_stuck_key_is_told_left_out_and_comes_back() -> None:
    story = _ready()
    story.hands.stick_key("5", True, story.clock.at_s)
    found = story.run(12.0)
    assert keys(found) == "5", "it was a press when it went down"
    assert troubles(found) == [("stuck", True)]
    end_s = story.hands.type("417", story.clock.at_s)
    found = story.run(end_s - story.clock.at_s + 0.2)
    assert keys(found) == "417", "the others go on working"
    assert troubles(found) == []
    story.hands.stick_key("5", False, story.clock.at_s)
    assert troubles(story.run(0.2)) == [("stuck", False)]
    story.hands.press("5", story.clock.at_s)
    assert keys(story.run(0.3)) == "5"


def test_a_stuck_key_makes_ghosts_that_are_refused_too() -> None:
    story = _ready()
    story.hands.stick_key("1", True, story.clock.at_s)
    story.run(11.0)
    for key in "25":
        story.hands.stick_key(key, True, story.clock.at_s)
    found = story.run(0.3)
    assert keys(found) == ""
    assert troubles(found) == [("ghost", True)]
    story.hands.stick_key("2", False, story.clock.at_s)
    story.hands.stick_key("5", False, story.clock.at_s)
    assert troubles(story.run(0.3)) == [("ghost", False)]


def test_a_key_that_flickers_for_ever_is_stuck_too() -> None:
    story = _ready()
    for _ in range(600):
        story.hands.press("8", story.clock.at_s, 0.004)
        story.run(0.02)
    assert keys(story.events) == ""
    assert troubles(story.events) == [("stuck", True)]


def test_a_failing_row_is_told_once_and_presses_nothing() -> None:
    story = _ready()
    story.hands.fail_keypad()
    story.hands.press("4", story.clock.at_s)
    assert troubles(story.run(0.5)) == [("keypad_failed", True)]
    assert keys(story.events) == ""
    story.hands.fail_keypad(False)
    assert troubles(story.run(0.1)) == [("keypad_failed", False)]
    story.hands.press("4", story.clock.at_s)
    assert keys(story.run(0.3)) == "4"


def test_rows_float_except_the_one_that_is_read() -> None:
    story = _ready()
    rows = WiringSettings().keypad.rows
    assert all(story.hands.trace(row)[-1][1] is None for row in rows)
    levels = {level for row in rows for _, level in story.hands.trace(row)}
    assert levels == {None, False}, "never driven high"


def test_a_driver_without_pull_ups_would_see_every_key() -> None:
    """The matrix is electrical: columns that nothing pulls up read low."""
    story = _ready()
    for number in WiringSettings().keypad.columns:
        story.hands.pin(number).pull = "floating"
    story.run(0.3)
    assert troubles(story.events) == [("ghost", True)]


def test_a_key_says_nothing_of_itself() -> None:
    assert "7" not in repr(KeyPress("7", 1.0))


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(st.integers(0, 10_000), st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.5)), max_size=10))
def test_a_contact_settles_where_it_was_moved(seed: int, moves: list[tuple[bool, float]]) -> None:
    contact = Contact(Random(seed))
    at_s = 0.0
    for closed, pause_s in moves:
        contact.move(closed, at_s)
        at_s += pause_s
        assert contact.closed(at_s) is closed
        assert not contact.restless(at_s)


def test_a_contact_bounces() -> None:
    flips = 0
    for seed in range(20):
        contact = Contact(Random(seed))
        contact.move(True, 1.0)
        levels = [contact.closed(1.0 + index / 100_000) for index in range(500)]
        assert levels[0]
        flips += sum(one != other for one, other in pairwise(levels))
    assert flips > 20
