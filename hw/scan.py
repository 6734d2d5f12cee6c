"""The input path: every 10 ms fire and exit are read first and drop the lock; then come keypad and buzzer.

It runs in a thread of its own (or is stepped by a story clock) and waits neither for the table nor for the
disk. What it notices goes to the loop through a callback; a failing device is reported once and never ends
the path.
"""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hw.door.gate import UNREAD
from hw.ports import LIFE, Board, Clock, HardwareError, InputChange, Keypad, KeypadTrouble, KeyPress
from hw.watched import WatchedThread

PERIOD_S = 0.010

NICE = -10
"""The thread's niceness, where the service may have it."""

STOP_S = 1.0
"""How long `stop` waits for a step to end; one that hangs in a driver ends with the program."""

LINGER_S = 1.0
"""How long fire and exit hold the lock after their last active sample: far longer than the loop needs to hear
of a short press, so that an order given before it heard cannot switch the lock on."""


class Piece(StrEnum):
    """The devices of the input path, under the names that the loop uses for them."""

    LOCK = "lock"
    INPUTS = "inputs"
    KEYPAD = "keypad"
    CUSTOMER_KEYPAD = "customer_keypad"
    SOUNDER = "sounder"


@dataclass(frozen=True, slots=True)
class HardwareTrouble:
    """A device began to fail (`active`) with this fault code, or works again."""

    piece: Piece
    code: str
    detail: str
    active: bool
    at_s: float


@dataclass(frozen=True, slots=True)
class CustomerPad:
    """From the second keypad, inside: of a type of its own, so that no customer's key is the watchman's."""

    what: KeyPress | KeypadTrouble


ScanEvent = InputChange | KeyPress | KeypadTrouble | CustomerPad | HardwareTrouble


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` (0 to 1) of the values do not exceed; None without any."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


class Scanner:
    """One pass over everything that must not wait. The first ends the hold that the lock was born with.

    `world_quiet` lets a bench say that nothing electrical is about to move; without it the levels
    of the last step decide alone.
    """

    def __init__(
        self,
        board: Board,
        on_event: Callable[[ScanEvent], None],
        world_quiet: Callable[[float], bool] | None = None,
    ) -> None:
        self._inputs = board.inputs
        self._lock = board.lock
        self._keypad = board.keypad
        self._customer_keypad = board.customer_keypad
        self._sounder = board.sounder
        self._clock = board.clock
        self._on_event = on_event
        self._world_quiet = world_quiet
        self._troubles: dict[Piece, str] = {}
        self._life = {name: _Life() for name in LIFE}
        self._sampled_s: float | None = None
        self._sound_due_s: float | None = None
        self._drops_s: deque[float] = deque(maxlen=1000)

    def step(self, now_s: float) -> None:
        """Read, hold, scan, click, sound; never raises HardwareError."""
        changes = self._sample(now_s)
        self._hold(now_s)
        for change in changes:
            self._on_event(change)
        self._scan_keys(now_s)
        if self._customer_keypad is not None:
            self._scan_customer(self._customer_keypad, now_s)
        try:
            self._sound_due_s = self._sounder.poll(now_s)
        except HardwareError as error:
            self._trouble(Piece.SOUNDER, error, now_s)
        else:
            self._well(Piece.SOUNDER, now_s)

    def quiet(self, now_s: float) -> bool:
        """True when another step now would find nothing to do; a clock in lockstep may skip it."""
        return (
            self._sampled_s is not None
            and not self._inputs.settling
            and not self._keypad.settling
            and (self._customer_keypad is None or not self._customer_keypad.settling)
            and not any(life.holds for life in self._life.values())
            and (self._sound_due_s is None or self._sound_due_s > now_s)
            and (self._world_quiet is None or self._world_quiet(now_s))
        )

    def fail(self, error: Exception, now_s: float) -> None:
        """The step itself broke: the inputs are as good as unread, so the lock is held until one succeeds."""
        self._trouble(Piece.INPUTS, HardwareError("input_failed", repr(error)), now_s)
        try:
            self._lock.hold(UNREAD, True)
        except HardwareError as refusal:
            self._trouble(Piece.LOCK, refusal, now_s)

    @property
    def last_drop_s(self) -> float | None:
        """Longest that the last fire or exit can have taken to the lock's pin, in seconds.

        Counted from the last sample that still showed it quiet: the true time is shorter by up to a period.
        """
        return self._drops_s[-1] if self._drops_s else None

    def drop_s(self, share: float) -> float | None:
        """Percentile of `last_drop_s` over the last 1000; 0.99 for the p99."""
        return percentile(tuple(self._drops_s), share)

    def _sample(self, now_s: float) -> tuple[InputChange, ...]:
        try:
            changes = self._inputs.sample(now_s)
        except HardwareError as error:
            # The inputs that cannot be read count as cut wires by now; `_hold` acts on that.
            self._trouble(Piece.INPUTS, error, now_s)
            return ()
        if not self._inputs.unreadable:
            self._well(Piece.INPUTS, now_s)
        return changes

    def _hold(self, now_s: float) -> None:
        before_s, self._sampled_s = self._sampled_s, now_s
        try:
            for name, life in self._life.items():
                if self._inputs.active(name):
                    began = not life.active
                    life.active = life.holds = True
                    life.until_s = now_s + LINGER_S
                    self._lock.hold(name, True)
                    if began and before_s is not None:
                        self._drops_s.append(self._clock.now_s() - before_s)
                elif life.holds:
                    life.active = False
                    if now_s >= life.until_s:
                        self._lock.hold(name, False)
                        life.holds = False
            self._lock.hold(UNREAD, False)
            self._lock.tend(now_s)
        except HardwareError as error:
            self._trouble(Piece.LOCK, error, now_s)
        else:
            self._well(Piece.LOCK, now_s)

    def _scan_keys(self, now_s: float) -> None:
        try:
            found = self._keypad.scan(now_s)
        except HardwareError as error:
            self._trouble(Piece.KEYPAD, error, now_s)
            return
        self._well(Piece.KEYPAD, now_s)
        for event in found:
            if isinstance(event, KeyPress):
                self._click(now_s)
            self._on_event(event)

    def _scan_customer(self, keypad: Keypad, now_s: float) -> None:
        try:
            found = keypad.scan(now_s)
        except HardwareError as error:
            self._trouble(Piece.CUSTOMER_KEYPAD, error, now_s)
            return
        self._well(Piece.CUSTOMER_KEYPAD, now_s)
        for event in found:
            if isinstance(event, KeyPress):
                self._click(now_s)
            self._on_event(CustomerPad(event))

    def _click(self, now_s: float) -> None:
        try:
            self._sounder.click(now_s)
        except HardwareError as error:
            self._trouble(Piece.SOUNDER, error, now_s)

    def _trouble(self, piece: Piece, error: HardwareError, now_s: float) -> None:
        if self._troubles.get(piece) != error.code:
            self._troubles[piece] = error.code
            self._on_event(HardwareTrouble(piece, error.code, error.detail, True, now_s))

    def _well(self, piece: Piece, now_s: float) -> None:
        if self._troubles and (code := self._troubles.pop(piece, None)) is not None:
            self._on_event(HardwareTrouble(piece, code, "", False, now_s))


class _Life:
    """Fire or exit: whether it is active, and until when it holds the lock."""

    __slots__ = ("active", "holds", "until_s")

    def __init__(self) -> None:
        self.active = False
        self.holds = False
        self.until_s = 0.0


class ScanThread:
    """Steps a scanner every 10 ms of real time; steps that were missed are left out, not made up for.

    `thread` beats with each step that went well: one that raises leaves fire and exit unread.
    """

    def __init__(self, scanner: Scanner, clock: Clock, period_s: float = PERIOD_S) -> None:
        self._scanner = scanner
        self._clock = clock
        self._period_s = period_s
        self._stopping = threading.Event()
        self._lateness_s: deque[float] = deque(maxlen=6000)
        self._refused = ""
        self.thread = WatchedThread("scan", self._run, clock)

    def start(self) -> None:
        """Begin. Where the system gives no thread now, anyone who watches `thread` starts it later."""
        self.thread.start()

    def stop(self) -> None:
        """End the thread after its step. The lock stays as it is: closing the board brings it to rest."""
        self._stopping.set()
        self.thread.join(STOP_S)

    def silent_s(self, now_s: float) -> float:
        """Seconds since the last step that went well: the loop's proof that the inputs are read."""
        return self.thread.silent_s(now_s)

    def lateness_s(self, share: float) -> float | None:
        """Percentile of how late the steps of the last minute began; None before the first."""
        return percentile(tuple(self._lateness_s), share)

    @property
    def priority_refused(self) -> str:
        """Why the thread has not the priority that it asked for; empty where it has, or has not begun."""
        return self._refused

    def _run(self) -> None:
        # Ahead of the eyes on a busy board; without it the path works, and is late where others are busy.
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
            self._refused = ""
        except OSError as error:
            self._refused = f"input path, niceness {NICE}: {error.strerror}"
        due_s = self._clock.now_s()
        while not self._stopping.is_set():
            now_s = self._clock.now_s()
            self._lateness_s.append(now_s - due_s)
            try:
                self._scanner.step(now_s)
            except Exception as error:  # a mistake in a driver must not end the watch over fire and exit
                self._scanner.fail(error, now_s)
            else:
                self.thread.beat()
            ended_s = self._clock.now_s()
            due_s += self._period_s
            if due_s < ended_s:
                due_s = ended_s + self._period_s / 2
            self._stopping.wait(due_s - ended_s)
