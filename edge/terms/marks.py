"""A mark: somebody's word on whether an incident was a false alarm, as the record keeps it.

It changes no rule, no door and no permit; a later one stands in the place of the earlier, and both are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MARKED: Final = "incident_marked"
"""The name of the record's line."""

BY_MOST: Final = 40
NAME_MOST: Final = 80
NOTE_MOST: Final = 200

_LONG_NUMBER: Final = re.compile(r"\+?\d(?:[\s./()\-\u2010-\u2015_]{0,3}\d){5,}")
"""Six digits and more, however they are set apart: a telephone's number."""


class Mark(StrEnum):
    FALSE = "false"
    TRUE = "true"


@dataclass(frozen=True, slots=True)
class Marked:
    """`by` is a name or a role, never a number; `note` is free words without telephone numbers."""

    incident: int
    mark: Mark
    by: str
    note: str = ""

    def data(self) -> dict[str, object]:
        """For the line of the record."""
        return {"name": MARKED, "mark": self.mark.value, "by": self.by, "note": self.note}


def plain_words(text: str, most: int) -> str:
    """Somebody's words for the record: printable, on one line, not too long, without a telephone's number."""
    one_line = " ".join(text.split())
    printable = "".join(letter for letter in one_line if letter.isprintable())
    return _LONG_NUMBER.sub("…", printable)[:most]


def marked_in(incident: int, said: Mapping[str, object]) -> Marked | None:
    """The mark that a line of the record is; None for one that only another version understands."""
    try:
        mark = Mark(str(said.get("mark")))
    except ValueError:
        return None
    return Marked(incident, mark, str(said.get("by", "")), str(said.get("note", "")))
