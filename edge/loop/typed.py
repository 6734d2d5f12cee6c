"""Tells the control room of each code of ours that is typed, before the door moves; hides which was forced.

Called when an entry is complete and its attempt goes into the record: message and note go into the same
transaction, so that a power cut right after the key leaves both. A code and its duress form give the same
lines and the same row but for a mark and a sealed note, which are noise of one size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edge.codes.book import CodeBook
from edge.codes.duress import Ours
from edge.codes.hidden import Typed
from edge.codes.note import Note
from edge.loop.happening import plain
from edge.loop.parts import DuressParts
from edge.terms.alerts import Alert
from edge.terms.record import Entry, OutboxRow

NAME: Final = Alert.CODE_TYPED.value
"""Of the line of the record, and of the message."""

RowsFor = Callable[[str, int], tuple[OutboxRow, ...]]
"""The rows of an alert of this kind to the control room: one by each way, all under one number."""


class TypedCodes:
    """`rows_for` makes the rows that are then marked."""

    def __init__(self, duress: DuressParts | None, book: CodeBook, rows_for: RowsFor) -> None:
        self._duress = duress
        self._book = book
        self._rows_for = rows_for

    def told(self, typed: Typed | None, incident: int) -> tuple[tuple[Entry, ...], tuple[OutboxRow, ...]]:
        """Line and rows for the transaction of the attempt; none for an entry that is no code of ours."""
        duress = self._duress
        if duress is None or typed is None:
            return (), ()
        whose = self._book.whose(typed)
        if whose is Ours.NO:
            return (), ()
        forced = whose is Ours.FORCED
        rows = tuple(duress.entries.marked(row, forced) for row in self._rows_for(NAME, incident))
        number = rows[0].number
        note = duress.notes.seal(Note(number, incident, forced))
        return (Entry("note", NAME, incident, plain({"number": number, "note": note})),), rows
