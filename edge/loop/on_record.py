"""What waits until it is on the card: a lock, an entry, a release, a message; each no longer than its time.

So nothing is decided or sent that a restart could not know of, and a slow card keeps no door shut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from edge.codes.hidden import Typed
from edge.journal.chain import Head
from edge.loop.unrecorded import Unrecorded
from edge.terms.record import Answer, NotWritten, OutboxRow, Record, RowState, Written

DISK_MUTE_S: Final = 10.0
"""A record without any answer for so long: the disk hangs, and nothing new may be locked."""


class Journal(Protocol):
    """The part of `edge.journal.writer` that the loop uses. None of the calls waits."""

    def submit(self, record: Record) -> None: ...

    def answers(self) -> tuple[Answer, ...]: ...

    def head(self) -> Head: ...


@dataclass(frozen=True, slots=True)
class WaitingLock:
    """A lock waits for its own record only; the table says for how long."""

    sequence: int
    incident: int


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """What was typed is compared when the attempt is on the card, at the latest at `by_s`."""

    sequence: int
    by_s: float
    typed: Typed | None


@dataclass(frozen=True, slots=True)
class WaitingRelease:
    """The control room's release opens when its password is used up on the card, or at `by_s`."""

    sequence: int
    by_s: float
    incident: int


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """A message goes out when its number is used up on the card, or at `by_s`."""

    sequence: int
    by_s: float
    row: OutboxRow


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The journal has said nothing of this record yet."""

    sequence: int
    since_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What the answer to record `sequence` sets free. `fault` is empty where that record is on the card."""

    sequence: int
    fault: str = ""
    lock: WaitingLock | None = None
    entry: WaitingEntry | None = None
    release: WaitingRelease | None = None
    rows: tuple[OutboxRow, ...] = ()


class OnRecord:
    """Between the loop and the journal. `wait_s`: the longest that anything waits for its record."""

    def __init__(self, journal: Journal, unrecorded: Unrecorded, wait_s: float) -> None:
        self._journal = journal
        self._unrecorded = unrecorded
        self._wait_s = wait_s
        self._sequence = 0
        self._lock: WaitingLock | None = None
        self._entry: WaitingEntry | None = None
        self._release: WaitingRelease | None = None
        self._rows: deque[WaitingRow] = deque()
        self._placed: deque[WaitingRow] = deque()
        self._unanswered: deque[Unanswered] = deque()

    @property
    def next_sequence(self) -> int:
        """The number of the next record."""
        return self._sequence + 1

    @property
    def head(self) -> str:
        """The newest line that is on the card."""
        return str(self._journal.head())

    def submit(self, record: Record) -> None:
        """Hand a transaction to the journal, under the next number."""
        self._sequence = record.sequence
        self._unrecorded.waits(True)
        self._unanswered.append(Unanswered(record.sequence, record.mono_s))
        self._journal.submit(record)

    # --- what is to wait for a record --------------------------------------------------------------

    def hold_lock(self, sequence: int, incident: int) -> None:
        self._lock = WaitingLock(sequence, incident)

    def hold_entry(self, sequence: int, typed: Typed | None, now_s: float) -> None:
        self._entry = WaitingEntry(sequence, now_s + self._wait_s, typed)

    def hold_release(self, sequence: int, incident: int, now_s: float) -> None:
        self._release = WaitingRelease(sequence, now_s + self._wait_s, incident)

    def hold_rows(self, sequence: int, rows: Sequence[OutboxRow], now_s: float) -> None:
        """Those of them that are to be sent. One that has a place in a stream waits longer: if the power went
        before it is on the card, that place would be given again to another message."""
        for row in rows:
            if row.state is RowState.QUEUED and row.stream:
                self._placed.append(WaitingRow(sequence, now_s + DISK_MUTE_S, row))
            elif row.state is RowState.QUEUED:
                self._rows.append(WaitingRow(sequence, now_s + self._wait_s, row))

    @property
    def releasing(self) -> bool:
        """A release waits for its record."""
        return self._release is not None

    # --- what waits no longer ----------------------------------------------------------------------

    def answers(self) -> Iterator[Heard]:
        """What each answer of the journal sets free; what follows from one comes before the next."""
        for answer in self._journal.answers():
            yield self._hear(answer)

    def is_mute(self, now_s: float) -> bool:
        """Whether the journal has said nothing of a record for too long."""
        return bool(self._unanswered) and now_s >= self._unanswered[0].since_s + DISK_MUTE_S

    def rows_due(self, now_s: float) -> tuple[OutboxRow, ...]:
        """Messages that have waited long enough.

        Their numbers are used up before anybody can read them, and no restart uses them again.
        """
        due: list[OutboxRow] = []
        for rows in (self._rows, self._placed):
            while rows and rows[0].by_s <= now_s:
                due.append(rows.popleft().row)
        return tuple(due)

    def entry_due(self, now_s: float) -> WaitingEntry | None:
        """The entry, once, when it has waited long enough."""
        return self._take_entry() if self._entry is not None and now_s >= self._entry.by_s else None

    def release_due(self, now_s: float) -> WaitingRelease | None:
        """The release, once, when it has waited long enough."""
        return self._take_release() if self._release is not None and now_s >= self._release.by_s else None

    def next_wake_s(self) -> float | None:
        """When something will have waited long enough."""
        firsts = (rows[0] if rows else None for rows in (self._rows, self._placed))
        waiting = (self._entry, self._release, *firsts)
        return min((one.by_s for one in waiting if one is not None), default=None)

    def _hear(self, answer: Answer) -> Heard:
        through = answer.sequence
        while self._unanswered and self._unanswered[0].sequence <= through:
            self._unanswered.popleft()
        lock: WaitingLock | None = None
        if self._lock is not None and self._lock.sequence == through:
            lock, self._lock = self._lock, None
        fault = ""
        match answer:
            case Written():
                if through >= self._sequence:
                    self._unrecorded.waits(False)
            case NotWritten(code=fault):
                lock = None
        entry_waits = self._entry is not None and through >= self._entry.sequence
        release_waits = self._release is not None and through >= self._release.sequence
        rows: list[OutboxRow] = []
        while self._rows and self._rows[0].sequence <= through:
            rows.append(self._rows.popleft().row)
        while not fault and self._placed and self._placed[0].sequence <= through:
            rows.append(self._placed.popleft().row)
        return Heard(
            through,
            fault,
            lock,
            self._take_entry() if entry_waits else None,
            self._take_release() if release_waits else None,
            tuple(rows),
        )

    def _take_entry(self) -> WaitingEntry | None:
        entry, self._entry = self._entry, None
        return entry

    def _take_release(self) -> WaitingRelease | None:
        release, self._release = self._release, None
        return release
