"""What the view says would open the door is done by hand, by the page's words: the pin says if it did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from edge.bench.keeping import with_secret
from edge.bench.wire import WayOut
from edge.cabin.ways import Because, Way
from edge.settings.load import load
from tests.worlds.bench_world import LiveCabin, scripted_cabin

BY_HAND: Final[Mapping[Way, tuple[str, ...]]] = {
    Way.CODE: ("keys CODE#", "wait 4"),
    Way.EXIT: ("exit press", "wait 1"),
    Way.FIRE: ("fire on", "wait 1"),
    Way.PANIC: ("panic on", "wait 1"),
    Way.CONTROL_ROOM: ("sms from control_room RELEASE INCIDENT HOTP", "wait 10"),
    Way.ON_THE_SPOT: ("release", "wait 1"),
    Way.FORCED: ("door open", "wait 1"),
    Way.RESTART: ("restart", "wait 1"),
    Way.INPUTS_FAILED: ("thread input_path hangs", "wait 2"),
    Way.NOBODY_CAN_OPEN: ("keypad broken", "wait 190"),
    Way.MAX_TIME: ("wait 400",),
}
"""How it is done where it works now, or comes by itself. In the script nobody lies down or leaves unseen."""

AFTER: Final[Mapping[Way, tuple[tuple[str, ...], Because, tuple[str, ...]]]] = {
    Way.CODE: (("keypad broken", "wait 3"), Because.KEYPAD_BROKEN, ("keys CODE#", "wait 4")),
    Way.CONTROL_ROOM: (
        ("modem mute on", "wait 100"),
        Because.NO_MODEM,
        ("sms from control_room RELEASE INCIDENT HOTP", "wait 10"),
    ),
    Way.ON_THE_SPOT: (("thread control hangs", "wait 16"), Because.SOCKET_DEAD, ("release",)),
}
"""What is done first so that a way does not work, what is said of it then, and what is tried in vain."""


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[LiveCabin]:
    secret = with_secret(load(None), tmp_path).people.hotp_secret_file
    overrides = (
        f"people.hotp_secret_file={secret}",
        "flow.siren_s=5",
        "flow.code_ttl_s=1800",
        "flow.max_lock_s=400",
    )
    with scripted_cabin(tmp_path, *overrides) as cabin:
        cabin.does("enter anna with mask", "wait 40")
        assert cabin.view().outputs.locked
        yield cabin


def _way(cabin: LiveCabin, way: Way) -> WayOut:
    (found,) = (one for one in cabin.view().ways if one.way is way)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("way", BY_HAND)
def test_what_is_said_to_open_the_door_opens_it(locked: LiveCabin, way: Way) -> None:
    said = _way(locked, way)
    assert said.opens or way in (Way.NOBODY_CAN_OPEN, Way.MAX_TIME)
    for words in BY_HAND[way]:
        locked.act(words)
    assert not locked.desk.hands.lock_on, said
    assert not locked.view().ways


@pytest.mark.slow
@pytest.mark.parametrize("way", AFTER)
def test_what_is_said_not_to_open_it_does_not(locked: LiveCabin, way: Way) -> None:
    before, because, tried = AFTER[way]
    said = _way(locked.does(*before), way)
    assert (said.opens, said.because) == (False, because)
    for words in tried:
        locked.act(words)
    assert locked.desk.hands.lock_on
