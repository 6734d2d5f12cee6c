"""A state under change: copied quickly, and as the standard library would."""

from __future__ import annotations

import dataclasses

import pytest

from edge.cabin.events import FaceFact
from edge.cabin.state import Code, Mode, State, Timebase, replace
from tests.worlds.cabin_world import Cabin


def test_a_changed_state_is_what_the_standard_library_makes() -> None:
    state = Cabin().locked().state
    kept = dataclasses.replace(state)
    changed = replace(state, mode=Mode.RELEASED, code=Code(issue=7), face=FaceFact.PROPER)
    assert changed == dataclasses.replace(state, mode=Mode.RELEASED, code=Code(issue=7), face=FaceFact.PROPER)
    assert type(changed) is State
    assert state == kept, "the one before is left as it was"
    assert replace(changed.code, tries=2) == dataclasses.replace(changed.code, tries=2)
    assert replace(state) is not state


def test_one_with_slots_is_changed_too() -> None:
    assert replace(Timebase("one", True), boot="two") == Timebase("two", True)


@pytest.mark.parametrize("thing", [State(), Timebase()])
def test_nothing_gets_a_field_that_it_does_not_have(thing: State | Timebase) -> None:
    wrong: dict[str, float] = {"sinec_s": 1.0}
    with pytest.raises(TypeError, match="sinec_s"):
        replace(thing, **wrong)  # type: ignore[arg-type]
