"""A story clock and a bench board stepped by it, for the tests of the hardware room."""

from __future__ import annotations

from dataclasses import dataclass, field

from hw.board import BenchHands, bench_board
from hw.modem.status import Status
from hw.ports import (
    Board,
    HardwareError,
    Input,
    InputChange,
    KeypadTrouble,
    KeyPress,
    ModemEvent,
)
from hw.scan import HardwareTrouble, ScanEvent, Scanner
from hw.wiring import WiringSettings


class StoryClock:
    def __init__(self, start_s: float = 100.0) -> None:
        self.at_s = start_s

    def now_s(self) -> float:
        return self.at_s

    def wall_s(self) -> float:
        return 1_800_000_000.0 + self.at_s

    @property
    def boot(self) -> str:
        return "story"

    def wall_true(self) -> bool:
        return True


class NoModem:
    """A modem that nobody asks anything of."""

    network_offset_s: float | None = None

    idle = False
    closed = False
    status = Status()

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        raise HardwareError("modem_absent", "no modem in this story")

    def poll(self, now_s: float) -> tuple[ModemEvent, ...]:
        return ()

    def next_wake_s(self) -> float | None:
        return None

    def close(self) -> None:
        self.closed = True


@dataclass
class Bench:
    clock: StoryClock
    board: Board
    hands: BenchHands
    scanner: Scanner
    events: list[ScanEvent] = field(default_factory=list)

    def run(self, seconds: float, period_s: float = 0.01) -> list[ScanEvent]:
        """Step for so long; the events of it."""
        first = len(self.events)
        end_s = self.clock.at_s + seconds
        while self.clock.at_s < end_s - 1e-9:
            self.scanner.step(self.clock.at_s)
            self.clock.at_s += period_s
        return self.events[first:]


def bench(wiring: WiringSettings | None = None, seed: int = 0) -> Bench:
    clock = StoryClock()
    board, hands = bench_board(clock, NoModem(), wiring, seed=seed)
    events: list[ScanEvent] = []
    return Bench(clock, board, hands, Scanner(board, events.append, hands.quiet), events)


def keys(events: list[ScanEvent]) -> str:
    return "".join(event.key for event in events if isinstance(event, KeyPress))


def moves(events: list[ScanEvent], name: Input | None = None) -> list[tuple[Input, bool]]:
    return [
        (event.input, event.active)
        for event in events
        if isinstance(event, InputChange) and name in (None, event.input)
    ]


def troubles(events: list[ScanEvent]) -> list[tuple[str, bool]]:
    """What failed or recovered, by fault code or keypad fault."""
    found: list[tuple[str, bool]] = []
    for event in events:
        if isinstance(event, HardwareTrouble):
            found.append((event.code, event.active))
        elif isinstance(event, KeypadTrouble):
            found.append((event.fault.value, event.active))
    return found
