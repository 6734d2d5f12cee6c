"""An electrical key matrix behind mock pins: keys join wires, so ghosts come by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

from hw.contact import Contact
from hw.keypad.real import LEGEND, Crossing
from hw.pins.bench_pins import BenchPin
from hw.ports import Clock


class KeyMatrix:
    """Rows and columns joined by the keys that are down. No diodes, as in the keypads one can buy."""

    def __init__(
        self, rows: Sequence[BenchPin], columns: Sequence[BenchPin], clock: Clock, random: Random
    ) -> None:
        self._rows = list(rows)
        self._columns = list(columns)
        self._clock = clock
        self._keys = {
            legend: (row, column)
            for row, line in enumerate(LEGEND[len(columns)])
            for column, legend in enumerate(line)
        }
        self._contacts = {crossing: Contact(random) for crossing in self._keys.values()}
        self._live: tuple[Crossing, ...] = ()
        """Keys that are down or about to move; empty nearly always, which makes an idle read cheap."""
        self.shorts = 0
        """How often an output was found working against another."""
        for index, pin in enumerate(self._columns):
            pin.sense = partial(self._level, index)

    @property
    def legends(self) -> tuple[str, ...]:
        """What is printed on the keys, row by row."""
        return tuple(self._keys)

    def has(self, key: str) -> bool:
        return key in self._keys

    def press(self, key: str, at_s: float, hold_s: float) -> None:
        """Push `key` at `at_s` and let go after `hold_s`. KeyError for a key that this pad does not have."""
        self._push(self._keys[key], at_s)
        self._contacts[self._keys[key]].move(False, at_s + hold_s)

    def stick(self, key: str, down: bool, at_s: float) -> None:
        """Push `key` for good, or free it."""
        if down:
            self._push(self._keys[key], at_s)
        else:
            self._contacts[self._keys[key]].move(False, at_s)

    def restless(self, now_s: float) -> bool:
        """True while any key is still to move. A key that is stuck down is at rest."""
        self._live = tuple(
            crossing
            for crossing in self._live
            if self._contacts[crossing].closed(now_s) or self._contacts[crossing].restless(now_s)
        )
        return any(self._contacts[crossing].restless(now_s) for crossing in self._live)

    def _push(self, crossing: Crossing, at_s: float) -> None:
        self._contacts[crossing].move(True, at_s)
        if crossing not in self._live:
            self._live = (*self._live, crossing)

    def _level(self, column: int) -> bool:
        """The level of a column: low when closed keys lead from it to a row that is driven low."""
        if not self._live:
            return self._columns[column].pulled_up
        now_s = self._clock.now_s()
        closed = [crossing for crossing in self._live if self._contacts[crossing].closed(now_s)]
        columns, rows = {column}, set[int]()
        reached = -1
        while reached != len(columns) + len(rows):
            reached = len(columns) + len(rows)
            for row, other in closed:
                if row in rows or other in columns:
                    rows.add(row)
                    columns.add(other)
        driven = {self._rows[row].driven for row in rows}
        if False in driven:
            self.shorts += True in driven
            return False
        return True in driven or self._columns[column].pulled_up
