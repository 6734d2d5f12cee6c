"""The record: one SQLite file that keeps every transaction it has answered `Written`, through any power cut.

The loop hands over a `Record` and goes on; a thread of the journal's own writes whatever waits in one
synced transaction and answers each record. A disk that is full, read-only, slow or gone makes answers
`NotWritten` with a fault code, never an exception: what waits is kept in memory and tried again. Lines are
chained by their hashes and cover the other tables (`chain`); pruning leaves the chain's head behind, so
`verify` holds for what remains. What no reader expects is set aside and told: it never stops a start.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.journal.chain import Head
from edge.journal.file import MEMORY, RecordFile, fault_of
from edge.journal.ledger import Faults, Ledger
from edge.journal.limits import JournalLimits
from edge.journal.tables import highest
from edge.terms.record import Answer, NotWritten, Record, Remembered
from hw.ports import Clock
from hw.watched import WatchedThread

_BATCH: Final = 200
_FIRST_PAUSE_S: Final = 0.25
_LAST_PAUSE_S: Final = 15.0


class Journal:
    """The record of one kiosk. All methods but `open` and `close` return at once; they belong to one thread.

    `on_answer` is called, from the journal's thread, whenever there are new answers: it wakes the loop.
    `before_sync` is called before each commit, for tests: it may sleep or raise as a disk does.
    Without a thread (`threaded=False`) a record is written where it is submitted, for replays in step.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        limits: JournalLimits | None = None,
        *,
        threaded: bool = True,
        on_answer: Callable[[], None] = lambda: None,
        before_sync: Callable[[], None] = lambda: None,
    ) -> None:
        if threaded and path == MEMORY:
            raise ValueError("a record in memory has no thread")
        limits = limits or JournalLimits()
        self._clock = clock
        self._most_waiting = max(2, limits.waiting)
        self._on_answer = on_answer
        self.thread = WatchedThread("journal", self._run, clock)
        self._threaded = threaded
        self._stands = False
        # Shared by the two threads, under the condition's lock.
        self._changed = threading.Condition()
        self._waiting: deque[Record] = deque()
        self._in_flight = 0
        self._answers: list[Answer] = []
        self._failing: FaultError | None = None
        self._lost = 0
        self._closing = False
        # The writer's own.
        self._file = RecordFile(path, limits.wal_pages)
        self._ledger = Ledger(self._file, clock, limits, before_sync)
        self._pause_s = 0.0
        self._retry_at_s = 0.0

    # --- for the loop ------------------------------------------------------------------------------

    def open(self) -> Remembered:
        """Open or create the file, and tell what it knows. Call once, before all else.

        Takes as long as reading the whole file does. A disk that takes no writes, or a damaged file, is
        reported in `faults`; only another kiosk on the same folder raises `FaultError`.
        """
        faults: Faults = []
        self._file.lock()
        try:
            remembered = self._ledger.open(faults)
        except (sqlite3.Error, OSError, FaultError) as error:
            self._file.detach()
            fault = fault_of(error, self._file.path)
            faults.append((fault.code, fault.detail))
            self._fail(fault, [])
            remembered = self._ledger.copy(faults)
        self._ledger.begin_with(remembered)
        if self._threaded:
            self.thread.start()
        return remembered

    def submit(self, record: Record) -> None:
        """Hand over one transaction. While the disk fails it is answered `NotWritten` at once, and kept."""
        with self._changed:
            if len(self._waiting) >= self._most_waiting:
                self._merge_oldest()
            self._waiting.append(record)
            if self._failing is not None:
                self._answers.append(NotWritten(record.sequence, self._failing.code, self._failing.detail))
            self._changed.notify()
        self._turn_inline()

    def answers(self) -> tuple[Answer, ...]:
        """What has become of the records since the last call, in the order in which it was decided.

        A record that was answered `NotWritten` is answered again, `Written`, once it is on the card; not
        after `journal_overflow` and `record_refused`, which are final.
        """
        self._turn_inline()
        with self._changed:
            taken, self._answers = tuple(self._answers), []
        return taken

    def next_wake_s(self) -> float | None:
        """Without a thread: when to ask for answers again because the disk fails. Else None."""
        if self._threaded or self._stands or not self._waiting:
            return None
        return self._retry_at_s

    def stand_still(self, stands: bool) -> None:
        """Without a thread: write nothing until told to go on, as a thread that hangs. For benches."""
        self._stands = stands

    @property
    def waiting(self) -> int:
        """Records that are not on the card yet."""
        with self._changed:
            return len(self._waiting) + self._in_flight

    @property
    def failing(self) -> FaultError | None:
        """Why records wait, None while the disk takes them."""
        return self._failing

    def head(self) -> Head:
        """The newest line of the chain that is on the card."""
        return self._ledger.head

    def close(self, timeout_s: float) -> bool:
        """Write what waits, at most for `timeout_s`; True when everything is on the card."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if not self._threaded:
            self._retry_at_s = 0.0
            self._turn_inline()
            self._file.finish()
        elif not self.thread.join(timeout_s):
            return False
        self._file.unlock()
        return not self._waiting

    def let_go(self) -> None:
        """Without a thread: let go of the file and its folder as they are, as the end of the process does."""
        self._file.detach()
        self._file.unlock()

    # --- the writer --------------------------------------------------------------------------------

    def _turn_inline(self) -> None:
        while (
            not self._threaded
            and not self._stands
            and self._waiting
            and self._clock.now_s() >= self._retry_at_s
        ):
            self._turn()

    def _run(self) -> None:
        while True:
            self.thread.rest()
            with self._changed:
                if self._failing is not None:
                    self._changed.wait_for(lambda: self._closing, self._pause_s)
                else:
                    self._changed.wait_for(lambda: self._closing or bool(self._waiting))
                closing = self._closing
            self.thread.beat()
            self._turn()
            if closing and (not self._waiting or self._failing is not None):
                self._file.finish()
                return

    def _turn(self) -> None:
        """Write one batch, or learn why not. Never raises: this is where the disk's faults end."""
        with self._changed:
            batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
            self._in_flight = len(batch)
            lost = self._lost
        try:
            answers = self._ledger.write(batch, lost)
        except Exception as error:
            fault = fault_of(error, self._file.path)
            # After an error SQLite's own view is not to be trusted: the next try is a fresh connection's.
            self._file.detach()
            self._fail(fault, batch)
        except BaseException:  # this thread dies of it: the next one finds the batch where it was
            self._file.detach()
            with self._changed:
                self._in_flight = 0
                self._waiting.extendleft(reversed(batch))
            raise
        else:
            with self._changed:
                self._failing = None
                self._pause_s = self._retry_at_s = 0.0
                self._in_flight = 0
                self._lost -= lost
                self._answers.extend(answers)
            self._ledger.keep_small(busy=bool(self._waiting))
        if batch:
            self._on_answer()

    def _fail(self, fault: FaultError, batch: Sequence[Record]) -> None:
        with self._changed:
            if self._failing is None:
                # Records that come while the disk is known to fail get this answer from `submit`.
                for record in (*batch, *self._waiting):
                    self._answers.append(NotWritten(record.sequence, fault.code, fault.detail))
            self._failing = fault
            self._pause_s = min(max(self._pause_s * 2, _FIRST_PAUSE_S), _LAST_PAUSE_S)
            self._retry_at_s = self._clock.now_s() + self._pause_s
            self._in_flight = 0
            self._waiting.extendleft(reversed(batch))

    def _merge_oldest(self) -> None:
        """Make room: the two oldest become one that loses the first's lines, but nothing the future needs."""
        first, second = self._waiting.popleft(), self._waiting.popleft()
        rows = {row.key: row for row in (*first.rows, *second.rows)}
        owners = {row.person: row for row in (*first.owners, *second.owners)}
        self._waiting.appendleft(
            Record(
                second.sequence,
                second.mono_s,
                second.wall_s,
                second.entries,
                first.state if second.state is None else second.state,
                tuple(rows.values()),
                tuple(highest((*first.counters, *second.counters)).items()),
                tuple(owners.values()),
            )
        )
        self._lost += len(first.entries)
        self._answers.append(
            NotWritten(first.sequence, "journal_overflow", f"{len(first.entries)} lines lost")
        )
