"""Who may be connected: the newest is let in, and who guesses, is slow or says nothing gives its place."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, assert_never

AT_ONCE: Final = 48
"""Connections at the same time; for one more, one that guesses or has not said what it wants is ended."""

MOST: Final = 96
"""Connections at the same time where nobody can be spared; beyond, who comes is turned away."""

ASKED_S: Final = 0.3
"""Anyone who has just come has this long to say what it wants before its place is given to the next."""

TAKEN_S: Final = 2.0
"""Anyone who takes longer over request and answer keeps its place only while nobody else wants it."""


class Doing(IntEnum):
    """What a connection is at; the lower, the sooner it gives its place to another."""

    GUESSING = 0
    ASKING = 1
    TAKING = 2
    BEING_ANSWERED = 3


@dataclass(slots=True, eq=False)
class Guest:
    """One connection, from its beginning on the monotonic clock. `end` ends it at once."""

    address: str
    end: Callable[[], object]
    doing: Doing = Doing.ASKING
    since_s: float = field(default_factory=time.monotonic)


class Places:
    """The connections of one server. Used by its one thread only."""

    def __init__(self) -> None:
        self._guests: set[Guest] = set()

    def __len__(self) -> int:
        return len(self._guests)

    def take(self, guest: Guest) -> bool:
        """Let it in, at another's cost where all places are taken; False: it has to go itself."""
        if len(self._guests) >= AT_ONCE:
            self._make_room(full=len(self._guests) >= MOST)
        if len(self._guests) >= MOST:
            return False
        self._guests.add(guest)
        return True

    def leave(self, guest: Guest) -> None:
        """It is gone, or became a stream, which has a place of another kind."""
        self._guests.discard(guest)

    def _make_room(self, *, full: bool) -> None:
        """End the one that may best be spared, unless all are being answered or have only just come."""
        crowds = Counter(guest.address for guest in self._guests)
        now_s = time.monotonic()
        spare = [guest for guest in self._guests if _may_be_spared(guest, now_s - guest.since_s, full=full)]
        if spare:
            one = min(spare, key=lambda guest: (guest.doing, -crowds[guest.address], guest.since_s))
            self._guests.discard(one)
            one.end()


def _may_be_spared(guest: Guest, for_s: float, *, full: bool) -> bool:
    match guest.doing:
        case Doing.GUESSING:
            return True
        case Doing.ASKING:
            return full or for_s > ASKED_S
        case Doing.TAKING:
            return for_s > TAKEN_S
        case Doing.BEING_ANSWERED:
            return False
        case _:
            assert_never(guest.doing)
