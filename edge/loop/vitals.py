"""A row of the kiosk's health for the record: once it has seen pictures for a good minute, then once an hour.

Made in the loop from what lies ready there; what may wait (the disk, the board's temperature) is read by
another thread beforehand and may be an hour old.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, Protocol

from edge.loop.happening import plain
from edge.terms.record import Entry

FIRST_S: Final = 70.0
EVERY_S: Final = 3600.0
FAULTS_MOST: Final = 12
VITALS: Final = "vitals"
"""The name of the record's line."""


@dataclass(frozen=True, slots=True)
class MachineSeen:
    """What a thread read recently: the board's temperature, the room on the data's disk. None: not known."""

    board_c: float | None = None
    free_mb: float | None = None


class Gauge(Protocol):
    """Where the machine's own numbers come from. Returns at once."""

    def seen(self) -> MachineSeen: ...


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `fps` is over the time since the row before; `signal_dbm` None: the modem does not say."""

    fps: float
    board_c: float | None
    signal_dbm: int | None
    free_mb: float | None
    waiting: int
    up_s: float
    faults: tuple[str, ...]


class Vitals:
    """Counts the pictures of the face camera and says when a row is due."""

    def __init__(self, gauge: Gauge, signal_dbm: Callable[[], int | None]) -> None:
        self._gauge = gauge
        self._signal_dbm = signal_dbm
        self._began_s = self._since_s = 0.0
        self._due_s: float | None = None
        self._pictures = 0

    def start(self, now_s: float) -> None:
        """The program has started."""
        self._began_s = self._since_s = now_s
        self._due_s = now_s + FIRST_S

    def saw(self) -> None:
        """A picture of the face camera was looked at."""
        self._pictures += 1

    def due(self, now_s: float) -> bool:
        return self._due_s is not None and now_s >= self._due_s

    def row(self, waiting: int, faults: Sequence[str], now_s: float) -> Entry:
        """The row that is due now; the next is counted from here."""
        seen = self._gauge.seen()
        lasted_s = max(now_s - self._since_s, 1.0)
        row = Row(
            fps=round(self._pictures / lasted_s, 2),
            board_c=seen.board_c,
            signal_dbm=self._signal_dbm(),
            free_mb=seen.free_mb,
            waiting=waiting,
            up_s=round(now_s - self._began_s),
            faults=tuple(faults[:FAULTS_MOST]),
        )
        self._since_s, self._due_s, self._pictures = now_s, now_s + EVERY_S, 0
        return Entry("note", VITALS, 0, plain(asdict(row)))
