"""Wired inputs: every way a contact can be wired, cut, bounce and become unreadable."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.ports import HardwareError, Input
from hw.wiring import ContactKind, WiringSettings
from tests.worlds.hw_story import bench, moves, troubles

NO, NC = ContactKind.NORMALLY_OPEN, ContactKind.NORMALLY_CLOSED


def _wired(name: Input, kind: ContactKind) -> WiringSettings:
    contact = msgspec.structs.replace(WiringSettings().contact(name), contact=kind)
    return msgspec.structs.replace(WiringSettings(), **{name.value: contact})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "moved", "cut", "active"),
    [
        (NO, False, False, False),
        (NO, True, False, True),
        (NO, False, True, False),
        (NO, True, True, False),
        (NC, False, False, False),
        (NC, True, False, True),
        (NC, False, True, True),
        (NC, True, True, True),
    ],
)
@pytest.mark.parametrize("name", list(Input))
def test_wiring_table(name: Input, kind: ContactKind, moved: bool, cut: bool, active: bool) -> None:
    story = bench(_wired(name, kind))
    story.run(0.05)
    story.hands.set_input(name, moved, story.clock.at_s)
    story.hands.break_wire(name, cut)
    story.run(0.1)
    assert story.board.inputs.active(name) is active
    story.hands.break_wire(name, False)
    story.run(0.1)
    assert story.board.inputs.active(name) is moved


def test_the_first_sample_reports_every_fitted_input() -> None:
    story = bench()
    changes = story.board.inputs.sample(story.clock.at_s)
    assert [change.input for change in changes] == list(Input)
    assert not any(change.active for change in changes)
    assert story.board.inputs.sample(story.clock.at_s) == ()


def test_an_input_that_is_not_fitted_is_silent_and_cannot_be_moved() -> None:
    panic = msgspec.structs.replace(WiringSettings().panic, fitted=False)
    story = bench(msgspec.structs.replace(WiringSettings(), panic=panic))
    assert Input.PANIC not in [name for name, _ in moves(story.run(0.05))]
    assert not story.board.inputs.fitted(Input.PANIC)
    assert not story.board.inputs.active(Input.PANIC)
    with pytest.raises(KeyError):
        story.hands.set_input(Input.PANIC, True, story.clock.at_s)


@pytest.mark.parametrize("name", [Input.FIRE, Input.EXIT])
def test_what_guards_life_acts_on_the_first_sample_and_is_let_go_slowly(name: Input) -> None:
    story = bench()
    story.run(0.05)
    story.hands.break_wire(name)
    assert moves(story.run(0.01)) == [(name, True)]
    story.hands.break_wire(name, False)
    assert moves(story.run(0.02)) == []
    assert moves(story.run(0.01)) == [(name, False)]


def test_the_others_want_equal_samples_in_a_row() -> None:
    story = bench()
    story.run(0.05)
    for _ in range(5):
        story.hands.break_wire(Input.DOOR)
        story.run(0.02)
        story.hands.break_wire(Input.DOOR, False)
        story.run(0.01)
    assert moves(story.events, Input.DOOR) == [(Input.DOOR, False)]
    story.hands.break_wire(Input.DOOR)
    assert moves(story.run(0.03)) == [(Input.DOOR, True)]


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(
    st.integers(0, 1000),
    st.lists(st.tuples(st.sampled_from(list(Input)), st.floats(0.08, 0.5)), min_size=1, max_size=12),
)
def test_each_move_is_reported_once_however_it_bounces(seed: int, steps: list[tuple[Input, float]]) -> None:
    story = bench(seed=seed)
    story.run(0.05)
    story.events.clear()
    level = dict.fromkeys(Input, False)
    expected: list[tuple[Input, bool]] = []
    for name, pause_s in steps:
        level[name] = not level[name]
        story.hands.set_input(name, level[name], story.clock.at_s)
        expected.append((name, level[name]))
        story.run(pause_s)
    assert moves(story.events) == expected


@pytest.mark.parametrize("name", list(Input))
def test_an_unreadable_pin_counts_as_a_cut_wire(name: Input) -> None:
    story = bench()
    story.run(0.05)
    story.hands.fail_input(name)
    found = story.run(0.1)
    wired_closed = WiringSettings().contact(name).contact is NC
    assert story.board.inputs.active(name) is wired_closed
    assert troubles(found) == [("input_failed", True)], "told once"
    assert story.board.inputs.unreadable == {name}
    story.hands.fail_input(name, False)
    assert troubles(story.run(0.1)) == [("input_failed", False)]
    assert not story.board.inputs.active(name)


def test_an_unreadable_life_input_is_active_even_if_it_were_wired_open() -> None:
    story = bench(_wired(Input.FIRE, NO))
    story.run(0.05)
    story.hands.fail_input(Input.FIRE)
    story.run(0.02)
    assert story.board.inputs.active(Input.FIRE)


def test_one_unreadable_pin_hides_no_other() -> None:
    story = bench()
    story.run(0.05)
    story.hands.fail_input(Input.CASE)
    story.hands.break_wire(Input.EXIT)
    with pytest.raises(HardwareError, match="case"):
        story.board.inputs.sample(story.clock.at_s)
    assert story.board.inputs.active(Input.EXIT)
    kept = story.board.inputs.sample(story.clock.at_s)
    assert [(change.input, change.active) for change in kept] == [(Input.EXIT, True)]
