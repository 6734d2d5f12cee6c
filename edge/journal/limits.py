"""How much the record keeps, and in which steps it is kept small."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge.settings.schema import JournalSettings

_SET: Final = JournalSettings()


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """`keep_days` and `keep_mb` come from the settings; the rest is the same in every kiosk."""

    keep_days: float = _SET.keep_days
    keep_mb: float = _SET.keep_mb
    waiting: int = 2000
    """Records that wait in memory at most while the disk fails."""
    keep_rows: int = 10_000
    """The newest lines that age never removes: a clock that is wrong by years must not empty the record."""
    prune_every: int = 256
    """Transactions between two looks at age and size."""
    prune_rows: int = 1000
    """Lines removed in one transaction at most, so that a lock's record never waits long behind it."""
    wal_pages: int = 256
    """The log is folded into the file at 1 MiB: rarely enough to spare the card, small to recover."""
