"""Whether a stopwatch tells a duress code from the code: `python -m tests.duress_timing [RUNS] [PLANTED_US]`.

A whole kiosk in real time (its service with its threads: input path, record, pictures, control socket) is put
into *locked* again and again. The last key of the code, or of its duress form, is handed to the loop, and it
is measured when the lock relay's pin falls, and when all that follows is done and on the card. Half of the
runs are of either kind, in random order. Printed: the two-sample tests of Kolmogorov and Smirnov and of Mann
and Whitney. `PLANTED_US` holds a forced entry back by so many microseconds: a difference that must be found.
"""

from __future__ import annotations

import contextlib
import gc
import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from unittest import mock

import numpy as np

from edge.cabin.state import Code, Mode, State
from edge.codes.duress import Ours
from edge.codes.hidden import Typed
from edge.service import service as service_module
from edge.service.service import TURN_S, Service
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.record import Recipient
from hw.board import bench_board
from hw.hands import BenchHands
from hw.modem.status import Status
from hw.ports import Board, Clock, KeyPress, ModemEvent, Relay, TextAccepted
from tests.worlds.duress_world import PUBLIC
from tests.worlds.hw_story import NoModem

NUMBERS: Final = (
    ("relay_s", "key to the relay's pin"),
    ("worked_s", "the loop's work for it until then"),
    ("all_s", "key to the end of all that follows"),
)

WARM: Final = 50
"""Runs before those that are measured: caches, first imports, the growth of the record's file."""


class Taker(NoModem):
    """A modem whose network takes every text at once."""

    status = Status()
    idle = True

    def __init__(self) -> None:
        self.texts: list[tuple[str, int]] = []
        self._events: list[ModemEvent] = []

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        self.texts.append((number, len(text)))
        self._events.append(TextAccepted(ticket, ()))

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]:
        events, self._events = tuple(self._events), []
        return events


FIRST_ISSUE: Final = 1

TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Run:
    """One entry, in seconds: to the relay's pin, the loop thread's work until then, to the end of all."""

    forced: bool
    relay_s: float
    worked_s: float
    all_s: float
    lines: int
    texts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class TwoSamples:
    """A test of whether two samples are of one kind. `p`: the chance of a difference as large by chance."""

    name: str
    statistic: float
    p: float
    n: tuple[int, int]

    def __str__(self) -> str:
        return f"{self.name}: statistic {self.statistic:.5g}, p {self.p:.3g}, n {self.n[0]} and {self.n[1]}"


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> TwoSamples:
    """The largest distance of the two empirical distributions, and its p by Kolmogorov's limit.

    Numerical Recipes, 3rd edition, 14.3.3; with the correction of Stephens (1970) for finite samples.
    """
    a, b = np.sort(np.asarray(one)), np.sort(np.asarray(other))
    both = np.concatenate([a, b])
    below = [np.searchsorted(x, both, side="right") / len(x) for x in (a, b)]
    d = float(np.abs(below[0] - below[1]).max())
    root = math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    lam = (root + 0.12 + 0.11 / root) * d
    p = 1.0 if lam < 0.2 else 2 * sum((-1) ** (k - 1) * math.exp(-2 * (k * lam) ** 2) for k in range(1, 101))
    return TwoSamples("Kolmogorov-Smirnov", d, min(1.0, max(0.0, p)), (len(a), len(b)))


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> TwoSamples:
    """The rank sum, as z, and its two-sided p by the normal limit, ties at their mean rank."""
    both = np.concatenate([np.asarray(one), np.asarray(other)])
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[place]
    n, m = len(one), len(other)
    u = float(ranks[:n].sum()) - n * (n + 1) / 2
    ties = float((counts**3 - counts).sum()) / ((n + m) * (n + m - 1))
    z = (u - n * m / 2) / math.sqrt(n * m / 12 * (n + m + 1 - ties))
    return TwoSamples("Mann-Whitney", z, math.erfc(abs(z) / math.sqrt(2)), (n, m))


class Stopwatch:
    """The kiosk and the hand at its keypad. `planted_s`: how long a forced entry is held back."""

    def __init__(self, folder: Path, planted_s: float = 0.0) -> None:
        self._stack = contextlib.ExitStack()
        self._planted_s = planted_s
        self._modem = Taker()
        self.hands: BenchHands
        words = [
            f"paths.data={folder}/data",
            f"paths.runtime={folder}/run",
            "flow.code_digits=4",
            "flow.duress=last_plus_one",
            f"people.control_room_key={PUBLIC}",
            "people.watchman=+15550100",
            "people.control_room=+15550102",
        ]
        self.settings: Settings = load(None, words)
        self._stack.enter_context(mock.patch.object(service_module, "eyes_plans", return_value=()))
        self._stack.enter_context(mock.patch.object(service_module, "TURN_S", 0.01))
        self.service = Service(self.settings, self._stack, open_parts=self._open)
        self._pin = self.settings.wiring.lock.pin
        self._book = self.service.built.parts.book
        self._incident = 0
        self._off_s = 0.0
        lock = type(self.service.board.lock)
        self._off = lock.off
        self._stack.enter_context(mock.patch.object(lock, "off", self._off_noted()))
        for _ in range(20):
            self.service.turn()

    def _open(self, settings: Settings, clock: Clock) -> Board:
        board, self.hands = bench_board(clock, self._modem, settings.wiring, strict=False)
        return board

    def _off_noted(self) -> Callable[[Relay], None]:
        """What lets go of a relay, and notes how much this thread has worked by then."""

        def off(relay: Relay) -> None:
            self._off_s = time.thread_time()
            self._off(relay)

        return off

    def close(self) -> None:
        self._stack.close()

    def _lock(self) -> str:
        """A lock whose code a network has taken; the code.

        Each is an incident of its own, so that the codes of those before are forgotten, as in a cabin:
        thousands of them would all be compared, and hide much.
        """
        now_s = time.monotonic()
        self._incident += 1
        self._book.issue(FIRST_ISSUE)
        code = Code(
            issue=FIRST_ISSUE,
            counted=1,
            live=True,
            issued_at_s=now_s,
            accepted_at_s=now_s,
            took=frozenset({Recipient.WATCHMAN}),
        )
        state: State = self.service.kiosk.state
        self.service.kiosk.state = replace(
            State(),
            ticket=state.ticket,
            mode=Mode.LOCKED,
            since_s=now_s,
            present=True,
            visit=state.visit + 1,
            incident=self._incident,
            incidents=self._incident,
            locked_at_s=now_s,
            code=code,
        )
        self.service.board.lock.on()
        text = self._book.text()
        assert text is not None
        return text

    def enter(self, forced: bool) -> Run:
        """Type the code, or its duress form; everything that follows is over when this returns.

        Again, where this machine was so busy that the input path stood still and the relay was let go.
        """
        for _ in range(TRIES):
            if (run := self._entered(forced)) is not None:
                return run
            self._rest()
        raise RuntimeError("the input path of this machine does not come to work")

    def _rest(self) -> None:
        """Until the inputs are read again."""
        end_s = time.monotonic() + 60.0
        with mock.patch.object(service_module, "TURN_S", TURN_S):
            while self.service.inputs_stopped and time.monotonic() < end_s:
                self.service.turn()

    def _entered(self, forced: bool) -> Run | None:
        kiosk, journal = self.service.kiosk, self.service.built.journal
        code = self._lock()
        self._settle()
        keys = code[:-1] + (str((int(code[-1]) + 1) % 10) if forced else code[-1])
        for key in keys[:-1]:
            now_s = time.monotonic()
            kiosk.hardware_event(KeyPress(key, now_s), now_s)
        self._settle()
        if not self._is_locked():
            return None
        self._modem.texts.clear()
        before = journal.head().seq
        with mock.patch.object(service_module, "TURN_S", TURN_S):
            turn_s, began_s = time.thread_time(), time.monotonic()
            kiosk.hardware_event(KeyPress(keys[-1], began_s), began_s)
            worked_s = time.thread_time() - turn_s
            while self._is_locked():
                turn_s = time.thread_time()
                self.service.turn()
            worked_s += self._off_s - turn_s
        self._settle()
        ended_s = time.monotonic()
        fell_s = next(at_s for at_s, level in reversed(self.hands.trace(self._pin)) if not level)
        lines = journal.head().seq - before
        if kiosk.state.mode is not Mode.RELEASED:
            return None
        return Run(forced, fell_s - began_s, worked_s, ended_s - began_s, lines, tuple(self._modem.texts))

    def _is_locked(self) -> bool:
        return self.service.board.lock.is_on

    def _settle(self) -> None:
        kiosk, journal = self.service.kiosk, self.service.built.journal
        while journal.waiting or kiosk.messages_waiting:
            self.service.turn()
        self.service.turn()

    def plant(self) -> None:
        """From now on a forced entry takes longer: the difference that the tests must find."""
        judge, book, wait_s = self._book.judge, self._book, self._planted_s

        def slower(entry: Typed) -> object:
            if book.whose(entry) is Ours.FORCED:
                end_s = time.thread_time() + wait_s
                while time.thread_time() < end_s:
                    pass
            return judge(entry)

        self.service.kiosk._book = mock.Mock(wraps=self._book, judge=slower)


def measure(folder: Path, runs: int, planted_s: float = 0.0, seed: int = 1) -> list[Run]:
    """So many entries, half of them forced, in random order."""
    watch = Stopwatch(folder, planted_s)
    try:
        if planted_s:
            watch.plant()
        kinds = [number % 2 == 0 for number in range(runs)]
        random.Random(seed).shuffle(kinds)
        for number in range(WARM):
            watch.enter(number % 2 == 0)
        gc.collect()
        gc.freeze()  # as `run` does
        return [watch.enter(forced) for forced in kinds]
    finally:
        gc.unfreeze()
        watch.close()


def split(runs: Sequence[Run], what: str) -> tuple[list[float], list[float]]:
    """One number of every run, apart for ordinary and forced entries."""
    values: tuple[list[float], list[float]] = ([], [])
    for run in runs:
        values[run.forced].append(getattr(run, what))
    return values


def main(runs: int, planted_us: float) -> None:
    shm = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=shm if Path(shm).is_dir() else None) as folder:
        began_s = time.monotonic()
        found = measure(Path(folder), runs, planted_us / 1e6)
        print(f"{runs} entries in {time.monotonic() - began_s:.0f} s, planted {planted_us:g} us")
    for what, name in NUMBERS:
        one, other = split(found, what)
        medians = [float(np.median(x)) * 1e3 for x in (one, other)]
        p99 = [float(np.percentile(x, 99)) * 1e3 for x in (one, other)]
        print(
            f"{name}: median {medians[0]:.4f} and {medians[1]:.4f} ms, p99 {p99[0]:.3f} and {p99[1]:.3f} ms"
        )
        print(f"  {kolmogorov_smirnov(one, other)}")
        print(f"  {mann_whitney(one, other)}")
    for kind, name in ((False, "ordinary"), (True, "forced")):
        mine = [run for run in found if run.forced is kind]
        shapes = Counter((run.lines, tuple(number for number, _ in run.texts)) for run in mine)
        print(f"{name}: lines and texts {sorted(shapes.items())}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
