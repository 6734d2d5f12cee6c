"""What is over is forgotten: each time, code and mark in the state belongs to what is so now.

A time that stays behind does no harm until something asks for it in another mode; nobody can know that it
never will, and the state is also what the record remembers.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.cabin.conditions import counting, nobody_can_open, shows_face
from edge.cabin.events import Ticked
from edge.cabin.rules import Rules
from edge.cabin.state import Mode, State, returning
from edge.cabin.table import step
from tests.cabin.every_step import events_at
from tests.worlds.cabin_places import CORNERS, MAKERS
from tests.worlds.cabin_world import Cabin

M = Mode


def lasts(s: State) -> bool:
    """A lock stands or comes back."""
    return s.mode is M.LOCKED or returning(s)


ONLY: dict[str, Callable[[State], bool]] = {
    # a field that is set: only then
    "record_by_s": lambda s: s.mode is M.LOCKED,
    "gone_since_s": lambda s: s.mode is M.LOCKED and not s.present,
    "locked_at_s": lasts,
    "came_back": lasts,
    "dark_s": lasts,
    "unreached_s": lasts,
    "unreached_from_s": lambda s: nobody_can_open(s),
    "say_again_s": lambda s: s.mode is M.WARNED,
    "warn_ticket": lambda s: s.mode not in (M.VACANT, M.CHECKING),
    "prompted_at_s": lambda s: s.mode not in (M.VACANT, M.CHECKING),
    "evidence_s": lambda s: s.mode is not M.VACANT,
    "no_lock": lambda s: s.mode is not M.VACANT or not s.present,
    "exit_since_s": lambda s: s.exit,
    "exit_hold_until_s": lambda s: s.mode is M.EMERGENCY,
    "door_open_since_s": lambda s: s.door_open,
    "several_since_s": lambda s: s.several,
    "bare_since_s": shows_face,
    "fire_quiet_since_s": lambda s: s.after_fire and not s.fire,
    "fire_door_opened": lambda s: s.after_fire,
    "fire_door_cycled": lambda s: s.after_fire and s.fire_door_opened,
    "withheld_told": lambda s: bool(s.incident),
}
ONLY_OF_THE_CODE: dict[str, Callable[[State], bool]] = {
    "live": lambda s: s.mode is M.LOCKED and s.code.lockout_until_s is None,
    "pending": lambda s: s.mode is M.LOCKED and s.code.lockout_until_s is None,
    "lockout_until_s": lasts,
    "again": returning,
}
IN_THE_FUTURE = ("siren_until_s", "silent_until_s", "stand_until_s")


def untidy(s: State, now_s: float, rules: Rules) -> set[str]:
    wrong = {name for name, so in ONLY.items() if getattr(s, name) and not so(s)}
    wrong |= {f"code.{name}" for name, so in ONLY_OF_THE_CODE.items() if getattr(s.code, name) and not so(s)}
    for name in IN_THE_FUTURE:
        until_s = getattr(s, name)
        if until_s is not None and until_s <= now_s:
            wrong.add(name)
    if s.counting_from_s != (now_s if counting(s, now_s, rules) else None):
        wrong.add("counting_from_s")
    if s.unreached_from_s != (now_s if nobody_can_open(s) else None):
        wrong.add("unreached_from_s")
    return wrong


@pytest.mark.slow
@pytest.mark.parametrize("place", [*MAKERS, *CORNERS])
def test_what_is_over_is_forgotten(place: str) -> None:
    c = (MAKERS | CORNERS)[place]().hear(Ticked())
    for event in events_at(place):
        after = step(c.state, event, c.now_s, c.rules).state
        assert untidy(after, c.now_s, c.rules) == set(), event
        later_s = c.now_s + 700.0
        assert untidy(step(after, Ticked(), later_s, c.rules).state, later_s, c.rules) == set(), event


def test_a_face_judged_in_an_empty_cabin_is_forgotten_with_the_visit() -> None:
    c = Cabin().locked().types("right").leaves().shows("masked").wait(4)
    assert (c.mode, c.state.face, c.state.cover) == ("vacant", "unknown", "none")


def test_a_visit_after_an_incident_that_lasts_begins_with_a_code_of_its_own() -> None:
    c = Cabin().begins("case_opened").locked().types("wrong").types("right").leaves().wait(4)
    assert (c.mode, c.state.incident) == ("vacant", 2)
    c.forget().comes("masked").wait(20)
    assert (c.state.incident, c.codes, c.state.code.tries) == (3, [(1, "watchman", 1)], 0)


def test_a_lock_that_comes_back_to_a_broken_door_contact_is_released_and_told() -> None:
    c = Cabin().locked().dies_and_starts().shows("masked").wait(1).forget().fails("door_contact")
    assert c.mode == "released"
    assert c.told == ["released", "fault"]
    assert untidy(c.state, c.now_s, c.rules) == set()


def test_whoever_comes_after_that_has_the_whole_time() -> None:
    """The times of the lock before stay behind: this person is locked after 16 s in place of 20."""
    c = Cabin().locked().dies_and_starts().shows("masked").wait(1).fails("door_contact").leaves().wait(64)
    c.comes("masked").wait(19.9)
    assert c.mode == "warned"
