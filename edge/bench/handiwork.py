"""What hands did to a simulated cabin: what is held and what is broken outlives its power cuts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from edge.settings.schema import Settings
from hw.board import BenchHands
from hw.ports import Clock, Input

FINGER_S: Final = 0.2
"""From the last key of one entry to the first of the next."""

Break = Callable[[BenchHands, bool], None]
"""Breaks something, or repairs it."""


class Handiwork:
    """The hands of one desk. Without power nothing is touched but all is remembered."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hands: BenchHands | None = None
        self._held: set[Input] = set()
        self._broken: dict[str, Break] = {}
        self._typing_until_s = 0.0

    @property
    def held(self) -> frozenset[Input]:
        """The contacts that are moved from their rest."""
        return frozenset(self._held)

    @property
    def broken(self) -> frozenset[str]:
        """What is broken, by the names that `break_down` was given."""
        return frozenset(self._broken)

    def power_on(self, hands: BenchHands, fitted: Callable[[Input], bool]) -> None:
        """The same wires, contacts and keys on a board that starts."""
        self._hands = hands
        now_s = self._clock.now_s()
        for name in filter(fitted, self._held):
            hands.set_input(name, True, now_s - 1.0)
        for break_it in self._broken.values():
            with contextlib.suppress(KeyError):  # what these settings do not fit any more
                break_it(hands, True)

    def power_off(self) -> None:
        self._hands = None

    def type_keys(self, typed: str) -> float:
        """Type at the keypad with one finger; the time when the last key is up. ValueError for a missing key.

        Without power a finger may touch the keys, and nothing comes of it.
        """
        if self._hands is None:
            return self._clock.now_s()
        self._check(typed)
        begin_s = max(self._clock.now_s(), self._typing_until_s)
        self._typing_until_s = self._hands.type(typed, begin_s) + FINGER_S
        return self._typing_until_s - FINGER_S

    def stick_key(self, key: str, stuck: bool) -> None:
        """Let a key stay down, or come up. ValueError for a key that this keypad does not have."""
        if self._hands is not None:
            self._check(key)
        self.break_down(
            f"key {key}", stuck, lambda hands, down: hands.stick_key(key, down, self._clock.now_s())
        )

    def break_down(self, what: str, broken: bool, do: Break) -> None:
        """Break something, or repair it. What is broken still is after a power cut."""
        if self._hands is not None:
            do(self._hands, broken)
        if broken:
            self._broken[what] = do
        else:
            self._broken.pop(what, None)

    def move_input(self, settings: Settings, name: Input, active: bool) -> None:
        """Move a contact. ValueError for one that is not fitted."""
        if not settings.wiring.contact(name).fitted:
            raise ValueError(f"no {name} contact is fitted")
        (self._held.add if active else self._held.discard)(name)
        if self._hands is not None:
            self._hands.set_input(name, active, self._clock.now_s())

    def _check(self, keys: str) -> None:
        assert self._hands is not None
        unknown = [key for key in keys if not self._hands.has_key(key)]
        if unknown:
            raise ValueError(f"this keypad has no key {unknown[0]!r}")
