"""A message about a typed code: one row for all, and the word on duress only at the moment of sending.

In the queue, the record and on every page a right code and one typed under duress make the same row, of kind
`code_typed`; its reason is a mark that is noise without the kiosk's key (`edge.codes.duress.EntryMarks`). Who
sends it sends `all_ok` or `duress` instead: two texts of one length, in every language.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from edge.codes.duress import EntryMarks
from edge.terms.alerts import Alert
from edge.terms.record import OutboxRow

CODE_TYPED: Final = Alert.CODE_TYPED.value
"""What the queue and the record call it."""

NOT_FORCED: Final = Alert.ALL_OK.value
FORCED: Final = Alert.DURESS.value
"""What is told, of an entry that was not forced and of one that was; the words are equally long."""


class Entries:
    """The marks of one kiosk; without a key every row counts as forced."""

    def __init__(self, marks: EntryMarks | None = None) -> None:
        self._marks = marks

    def marked(self, row: OutboxRow, forced: bool) -> OutboxRow:
        """A row of kind `code_typed` with its mark. ValueError without a key."""
        if self._marks is None:
            raise ValueError("there is no key to mark with")
        return replace(row, reason=self._marks.mark(row.number, row.incident, forced))

    def told(self, row: OutboxRow) -> OutboxRow:
        """The row as it is sent: never kept, shown or logged."""
        if row.kind != CODE_TYPED:
            return row
        forced = self._marks is None or self._marks.forced(row.number, row.incident, row.reason)
        return replace(row, kind=(NOT_FORCED, FORCED)[forced], reason="")
