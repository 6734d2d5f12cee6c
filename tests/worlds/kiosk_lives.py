"""One visit that never shows a face, carried to its end by somebody who knows what a watchman knows.

`Lives` plays it through a power cut at any transaction and checks what no cut may change: what was accepted
is on the card, a lock has its code's message beside it, numbers and tries never go back, a code opens
once, and the door is locked only while the table says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from edge.bench.desk import Desk
from edge.cabin.state import Mode, State
from edge.journal import reader as journal
from edge.journal.writer import Journal
from edge.loop.happening import Happening
from edge.settings.load import load
from edge.terms.record import Channel, OutboxRow, Recipient, Record, Remembered
from hw.ports import Input
from tests.worlds.desk_world import scripted_desk

_CODE = re.compile(r"CODE (\d+)\b.*#(\d+)", re.S)
LONGEST_S = 600.0
SOON = ("flow.keypad_lockout_s=20",)
"""What is waited for changes nothing on the card but how often the elapsed time of the lock is written."""
STEP_S = 0.5
DARK_S = 5.0


class PowerCut(BaseException):
    """The plug is pulled at this very instruction."""


class CuttingJournal(Journal):
    """Pulls the plug just before, or just after, the transaction with this number is on the card."""

    world: Lives

    def open(self) -> Remembered:
        remembered = super().open()
        self._boot_number = remembered.boot
        return remembered

    def submit(self, record: Record) -> None:
        world = self.world
        world.commits += 1
        cut = world.commits == world.cut_at
        if cut and world.before:
            raise PowerCut
        super().submit(record)  # without a thread it is on the card when this returns
        assert self.waiting == 0
        world.accepted.append(Accepted(self._boot_number, record))
        if cut:
            raise PowerCut


@dataclass(frozen=True, slots=True)
class Accepted:
    """A transaction that is on the card since the start with this number."""

    boot: int
    record: Record


class Lives:
    """`wrong` wrong codes come before the right one; `cut_at` 0: never cut."""

    def __init__(self, folder: Path, wrong: int, cut_at: int = 0, *, before: bool = False) -> None:
        self.wrong = wrong
        self.cut_at = cut_at
        self.before = before
        self.commits = 0
        self.accepted: list[Accepted] = []
        self.heard: list[Happening] = []
        self.typed: list[str] = []
        self.typed_after: list[int] = []
        """How many transactions there were when each entry was typed."""
        self.opened: list[str] = []
        self.cut_s: float | None = None
        journal = type("Wired", (CuttingJournal,), {"world": self})
        kind = type("Wired", (Desk,), {"journal_type": journal})
        begin = partial(
            scripted_desk, folder, self._hear, settings=load(None, list(SOON)), desk_type=kind, every_s=0.4
        )
        try:
            self.desk, self.people = begin()
        except PowerCut:
            self.cut_s = 0.0
            self.desk, self.people = begin()

    def run(self) -> None:
        """From the empty cabin to the empty cabin."""
        entered = left = False
        key_s = 0.0
        old_tried = False
        while True:
            now_s = self.desk.clock.now_s()
            assert now_s < LONGEST_S, "the visit does not end:\n" + self.tail()
            state = self.desk.kiosk.state
            try:
                if not entered and now_s >= 1.0:
                    entered = True
                    self.people.do("enter anna with mask", now_s)
                    self._through_the_door()
                elif state.mode is Mode.LOCKED and self._code_waits(state) and now_s >= key_s:
                    key_s = now_s + 3.0
                    old = self._old_code()
                    if old and not old_tried:
                        old_tried = True
                        keys = old
                    else:
                        keys = "WRONG" if len(self.typed) < self.wrong else "CODE"
                    self.typed.append(keys)
                    self.typed_after.append(self.commits)
                    self.desk.type_keys(keys)
                elif state.mode is Mode.RELEASED and not left:
                    left = True
                    self.people.people.clear()
                    self._through_the_door()
                elif left and state.mode is Mode.VACANT and now_s > key_s:
                    break
                self.desk.run_to(now_s + STEP_S)
            except PowerCut:
                self._cut()
            self._look_at_the_relays()
        self.desk.power_off()
        self.check_card()

    # --- a watchman and a hand ---------------------------------------------------------------------

    def _through_the_door(self) -> None:
        self.desk.move_input(Input.DOOR, True)
        self.desk.after(1.5, lambda: self.desk.move_input(Input.DOOR, False))

    def _code_waits(self, state: State) -> bool:
        """The watchman has a text with a code that was not taken back."""
        return state.code.live and state.code.accepted_at_s is not None and not state.code.pending

    def _old_code(self) -> str | None:
        """A code that was texted before the cut, if the one after it is another."""
        if self.cut_s is None:
            return None
        before = [t for t in self.desk.phone.texts if t.at_s <= self.cut_s and _CODE.search(t.text)]
        if not before:
            return None
        found = _CODE.search(before[-1].text)
        return None if found is None or found[1] == self.desk.last_code() else found[1]

    def _cut(self) -> None:
        """The plug is out for a while, then in again."""
        self.cut_s = self.desk.clock.now_s()
        self.desk.power_off()
        self.check_card()
        before = self._on_card()
        self.desk.run_to(self.cut_s + DARK_S)
        assert not self.desk.hands.lock_on, "no power, no lock"
        self.desk.power_on()
        assert not self.desk.hands.lock_on, "the door stays open until the gate has decided"
        after = self.desk.kiosk.state
        assert after.incidents >= before.incidents
        if before.code.live and after.locked_at_s is not None:
            assert after.code.tries >= before.code.tries

    # --- what must hold ----------------------------------------------------------------------------

    def _hear(self, happening: Happening) -> None:
        self.heard.append(happening)
        if happening.kind == "event" and happening.data.get("verdict") == "right":
            code = self.desk.last_code()
            assert code is not None
            assert self.typed[-1] == "CODE", f"{self.typed[-1]} opened"
            assert code not in self.opened, "a code opened twice"
            self.opened.append(code)

    def _look_at_the_relays(self) -> None:
        if self.desk.powered:
            state = self.desk.kiosk.state
            if self.desk.hands.lock_on:
                assert state.mode is Mode.LOCKED
                assert not state.fire
                assert not state.exit
            assert not self.desk.hands.permit_on or state.mode is Mode.CLEARED

    def _on_card(self) -> State:
        known = journal.recall(self.desk.journal_file).state if self.desk.journal_file.exists() else None
        return State() if known is None else msgspec.json.decode(known, type=State)

    def check_card(self) -> None:
        """What was accepted is on the card, whole; and a lock has its code's message beside it."""
        path = self.desk.journal_file
        if not self.accepted:
            return
        remembered = journal.recall(path)
        assert journal.verify(path).ok
        lines: dict[tuple[int, int], int] = defaultdict(int)
        for line in journal.lines(path):
            lines[line.boot, line.record] += 1
        rows = {(row.number, row.recipient, row.channel): row for row in journal.outbox(path)}
        expected: dict[tuple[int, Recipient, Channel], OutboxRow] = {}
        highest: dict[str, int] = defaultdict(int)
        for accepted in self.accepted:
            boot, record = accepted.boot, accepted.record
            # one without a line of its own has one that carries the rest of it
            assert lines[boot, record.sequence] == max(1, len(record.entries)), (boot, record.sequence)
            for row in record.rows:
                known = expected.get((row.number, row.recipient, row.channel), row)
                assert (known.kind, known.incident, known.issue) == (row.kind, row.incident, row.issue)
                expected[row.number, row.recipient, row.channel] = row
            for name, value in record.counters:
                assert value >= highest[name], f"{name} went back"
                highest[name] = value
        assert rows == expected
        assert dict(remembered.counters) == dict(highest)
        assert remembered.state == self.accepted[-1].record.state
        state = self._on_card()
        if state.mode is Mode.LOCKED and state.code.live:
            codes = {(r.incident, r.issue) for r in rows.values() if r.kind == "code"}
            assert (state.incident, state.code.issue) in codes
        self._check_texts()

    def _check_texts(self) -> None:
        """A short number stands for one message, and so for one code."""
        by_number: dict[str, str] = {}
        for text in self.desk.phone.texts:
            found = _CODE.search(text.text)
            if found:
                assert by_number.setdefault(found[2], found[1]) == found[1]

    def tail(self) -> str:
        return "\n".join(f"{h.at_s:8.2f} {h.kind} {dict(h.data)}" for h in self.heard[-60:])
