"""After what nobody can say any more that somebody was seen to go, step by step of the state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edge.cabin.draft import FLICKER_S
from edge.cabin.events import Device
from edge.cabin.state import State
from edge.loop.gone import SHUTS_S, Gone
from edge.terms.observation import CameraHealth


class Followed:
    """A `Gone`, and the state that it follows."""

    def __init__(self, door_contact: bool = True, **first: Any) -> None:
        self.gone = Gone(door_contact)
        self.state = replace(State(), **first)
        self.now_s = 100.0

    def then(self, after_s: float = 5.0, **changes: Any) -> bool:
        self.now_s += after_s
        before = self.state
        self.state = replace(before, **changes)
        self.gone.stepped(before, self.state, self.now_s)
        return self.gone.seen

    def door(self, is_open: bool, after_s: float = 5.0) -> bool:
        since_s = self.now_s + after_s if is_open else None
        return self.then(after_s, door_open=is_open, door_open_since_s=since_s)

    def comes_and_goes(self) -> bool:
        self.door(True)
        self.then(present=True)
        self.door(False)
        self.door(True)
        self.door(False)
        return self.then(present=False)


def test_one_who_came_and_went_was_seen_to_go() -> None:
    followed = Followed()
    assert not followed.gone.seen
    assert followed.comes_and_goes()


def test_one_who_is_only_remembered_was_not_seen_to_come() -> None:
    followed = Followed(present=True)
    followed.door(True)
    followed.door(False)
    assert not followed.then(present=False)


def test_nobody_goes_through_a_shut_door() -> None:
    followed = Followed()
    followed.door(True)
    followed.then(present=True)
    followed.door(False)
    assert not followed.then(present=False)
    followed.then(present=True)
    followed.door(True)
    followed.door(False, after_s=FLICKER_S / 2)
    assert not followed.then(present=False)


def test_a_door_without_a_contact_says_nothing() -> None:
    followed = Followed(door_contact=False)
    followed.then(present=True)
    assert followed.then(present=False)


def test_one_of_several_may_have_stayed() -> None:
    followed = Followed()
    assert followed.comes_and_goes()
    followed.door(True)
    followed.then(present=True, several=True)
    followed.then(several=False)
    followed.door(False)
    followed.door(True)
    assert not followed.then(present=False)
    followed.door(False)
    assert followed.comes_and_goes()


def test_the_door_shuts_behind_the_one_who_went() -> None:
    followed = Followed()
    followed.door(True)
    followed.then(present=True)
    assert followed.then(present=False)
    assert followed.door(False, after_s=SHUTS_S)
    assert not followed.door(True)
    followed.then(present=True)
    assert followed.then(present=False)
    assert not followed.door(False, after_s=SHUTS_S + 1.0)


@pytest.mark.parametrize("device", [Device.DOOR_CONTACT, Device.INPUTS])
def test_a_door_that_nobody_watches_may_let_anybody_in(device: Device) -> None:
    followed = Followed()
    assert followed.comes_and_goes()
    assert not followed.then(failed=frozenset({device}))
    assert not followed.then(failed=frozenset())
    assert followed.comes_and_goes()


@pytest.mark.parametrize(
    "blind",
    [{"health": CameraHealth.GONE}, {"health": CameraHealth.DARK}, {"failed": frozenset({Device.EYES})}],
)
def test_where_no_contact_is_only_the_camera_says_who_comes(blind: dict[str, Any]) -> None:
    sees: dict[str, Any] = {"health": CameraHealth.OK, "failed": frozenset()}
    with_contact = Followed()
    assert with_contact.comes_and_goes()
    assert with_contact.then(**blind), "the door has not moved"
    without = Followed(door_contact=False)
    without.then(present=True)
    assert without.then(present=False)
    assert not without.then(**blind)
    without.then(**sees)
    without.then(present=True)
    without.then(**blind)
    without.then(**sees)
    assert not without.then(present=False), "another one may have come beside this one"
