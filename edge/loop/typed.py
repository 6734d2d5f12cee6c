"""Tells the control room of each code of ours that is typed, before the door moves; hides which was forced.

Called when an entry is complete. Where it is to be judged, message and note go into the transaction of its
attempt, so that a power cut right after the key leaves both; where the kiosk takes no code (the keypad is
closed, the door is open already) they have one of their own. A code and its duress form give the same lines
and the same row but for a mark and a sealed note, which are noise of one size.

A code that was replaced can be typed without end. So of those `AT_ONCE` are told as they come, then one every
`PAUSE_S`: who typed meanwhile is told with the next, as forced if anybody was. When one is told depends on
when codes were typed and never on how: a limit for each kind would tell who tries the other which it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edge.codes.book import CodeBook
from edge.codes.duress import Ours
from edge.codes.hidden import Typed
from edge.codes.note import Note
from edge.codes.pad import EntryPad, PadResult
from edge.loop.happening import plain
from edge.loop.logbook import Logbook
from edge.loop.on_record import OnRecord
from edge.loop.parts import DuressParts
from edge.loop.situation import Situation
from edge.terms.alerts import Alert
from edge.terms.record import Entry, OutboxRow

NAME: Final = Alert.CODE_TYPED.value
"""Of the line of the record, and of the message."""

AT_ONCE: Final = 6
PAUSE_S: Final = 60.0
"""So many replaced codes are told as they are typed, then one in so long; each pause without one gives one
back."""

RowsFor = Callable[[str, int], tuple[OutboxRow, ...]]
"""The rows of an alert of this kind to the control room: one by each way, all under one number."""

Told = tuple[tuple[Entry, ...], tuple[OutboxRow, ...]]


class TypedCodes:
    """`rows_for` makes the rows that are then marked. `pad` hears the keys that a closed keypad refuses."""

    def __init__(
        self,
        duress: DuressParts | None,
        book: CodeBook,
        pad: EntryPad,
        rows_for: RowsFor,
        situation: Situation,
        logbook: Logbook,
        on_record: OnRecord,
    ) -> None:
        self._duress = duress
        self._book = book
        self._pad = pad
        self._rows_for = rows_for
        self._situation = situation
        self._logbook = logbook
        self._on_record = on_record
        self._next_s = float("-inf")
        self._waits = 0
        """The incident of an entry that is to be told at `_next_s`; 0: none waits."""
        self._forced = False

    def told(self, typed: Typed | None, incident: int, now_s: float) -> Told:
        """Line and rows of an entry, for a transaction; none for one that is no code of ours, or waits."""
        if self._duress is None or typed is None or not incident:
            return (), ()
        whose, opens = self._book.whose(typed), self._book.opens(typed)
        if whose is Ours.NO:
            return (), ()
        forced = whose is Ours.FORCED
        if opens:  # once, and the door moves: never later
            return self._made(self._duress, incident, forced)
        self._waits, self._forced = incident, self._forced | forced
        return self._due(now_s)

    def overhear(self, key: str, now_s: float) -> None:
        """A key that the keypad refused, since no code could open. Nothing of it is seen or heard."""
        if self._duress is None or self._pad.press(key, now_s) is not PadResult.COMPLETED:
            return
        self._save(self.told(self._pad.take(), self._situation.state.incident, now_s), now_s)

    def not_refused(self) -> None:
        """The keypad takes keys: those that it refused begin no entry."""
        self._pad.clear()

    def poll(self, now_s: float) -> None:
        """Tell what had to wait, when it is due."""
        self._pad.poll(now_s)
        self._save(self._due(now_s), now_s)

    def next_wake_s(self) -> float | None:
        return self._next_s if self._waits else None

    def _due(self, now_s: float) -> Told:
        if self._duress is None or not self._waits or now_s < self._next_s:
            return (), ()
        incident, forced = self._waits, self._forced
        self._waits, self._forced = 0, False
        self._next_s = max(self._next_s, now_s - (AT_ONCE - 1) * PAUSE_S) + PAUSE_S
        return self._made(self._duress, incident, forced)

    def _made(self, duress: DuressParts, incident: int, forced: bool) -> Told:
        rows = tuple(duress.entries.marked(row, forced) for row in self._rows_for(NAME, incident))
        number = rows[0].number
        note = duress.notes.seal(Note(number, incident, forced))
        return (Entry("note", NAME, incident, plain({"number": number, "note": note})),), rows

    def _save(self, told: Told, now_s: float) -> None:
        entries, rows = told
        if entries:
            self._on_record.hold_rows(self._logbook.save(entries, rows, now_s), rows, now_s)
