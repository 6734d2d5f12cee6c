"""A legal hold: the pictures and lines of an incident that nothing may remove before somebody says so.

Kept twice, in the record and in a file beside the pictures, so that the loss of either loses no hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

HELD: Final = "evidence_held"
FREED: Final = "evidence_freed"
"""The names of the record's lines."""

BY_DATE: Final = "date"
"""Who ended a hold whose last day is over."""

MOST: Final = 1000
"""Holds of one kiosk at most."""


@dataclass(frozen=True, slots=True)
class Hold:
    """`by` is a name or a role; `until_wall_s` (UTC seconds) its end, None: until somebody ends it."""

    incident: int
    by: str
    why: str
    since_wall_s: float
    until_wall_s: float | None = None

    def data(self) -> dict[str, object]:
        """For the line of the record."""
        return {"by": self.by, "why": self.why, "since": self.since_wall_s, "until": self.until_wall_s}

    def may_follow(self, other: Hold) -> bool:
        """Whether it may stand in another's place: its own one's, and not for a shorter time."""
        if self.by != other.by or (self.until_wall_s is not None and other.until_wall_s is None):
            return False
        return self.until_wall_s is None or self.until_wall_s >= (other.until_wall_s or 0.0)

    def last_day(self, zone: tzinfo = UTC) -> str:
        """`freed` where it has none."""
        return "freed" if self.until_wall_s is None else day_of(self.until_wall_s - 1.0, zone)


@dataclass(frozen=True, slots=True)
class Freed:
    """A hold that ended: who said so, and why."""

    incident: int
    by: str
    why: str = ""

    def data(self) -> dict[str, object]:
        """For the line of the record."""
        return {"by": self.by, "why": self.why}


def day_of(wall_s: float, zone: tzinfo = UTC) -> str:
    """A day such as 2026-12-31; `?` for what is in no calendar, as a damaged file may have it."""
    try:
        return f"{datetime.fromtimestamp(wall_s, zone):%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return "?"


def hold_in(incident: int, said: Mapping[str, object]) -> Hold:
    """The hold that a line of the record is. What makes no sense in it is left out: the hold counts."""
    since, until = said.get("since"), said.get("until")
    return Hold(
        incident,
        str(said.get("by", "")),
        str(said.get("why", "")),
        float(since) if isinstance(since, int | float) else 0.0,
        float(until) if isinstance(until, int | float) else None,
    )
