"""A whole fleet in a few processes, its broker killed and back, and a control room that reads all of it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from tests.worlds.authority import Authority
from tests.worlds.broker import Broker
from tests.worlds.fleet_parts import (
    DeskCount,
    DeskEnd,
    KiosksCount,
    KiosksEnd,
    desk_process,
    kiosks_process,
)
from tests.worlds.many_kiosks import Habit, raise_file_limit

T = TypeVar("T")
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Story:
    """`steady_s` before the kill, `down_s` without a broker, `after_s` once all are back. Each phase that
    waits for something gives up after `within_s`. `changes` are of the broker's settings."""

    kiosks: int
    processes: int
    habit: Habit
    steady_s: float
    down_s: float
    after_s: float
    within_s: float = 300.0
    changes: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Outcome:
    """Times in seconds; `connect_s` from the start of the fleet, `back_s` from the broker's return, each of
    all kiosks; `late_s` from a message's decision to its reading, before the kill; memory in KiB."""

    connect_s: list[float] = field(default_factory=list)
    back_s: list[float] = field(default_factory=list)
    opening_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    decided: int = 0
    read: int = 0
    repeated: int = 0
    unmarked: int = 0
    lost: int = 0
    notices: int = 0
    waited_most: int = 0
    drain_s: float = 0.0
    broker_kb: int = 0
    broker_empty_kb: int = 0
    kiosk_kb: float = 0.0
    broker_cpu_s: float = 0.0
    kiosks_cpu_s: float = 0.0
    desk_cpu_s: float = 0.0
    connect_cpu_s: float = 0.0
    back_cpu_s: float = 0.0
    back_broker_cpu_s: float = 0.0
    took_s: float = 0.0
    begun_s: float = 0.0
    back_at_s: float = 0.0
    desk_connects: int = 0


class _Fleet:
    """The processes of one run."""

    def __init__(self, folder: Path, story: Story, tell: Callable[[str], None]) -> None:
        self.story = story
        self.tell = tell
        raise_file_limit()
        authority = Authority(folder / "authority")
        names = [f"kiosk-{number:05d}" for number in range(story.kiosks)]
        begun_s = time.monotonic()
        identities = [authority.certify(name) for name in names]
        tell(f"{len(names)} keys and certificates in {time.monotonic() - begun_s:.1f} s")
        self.broker = Broker(folder / "broker", changes=dict(story.changes), authority=authority)
        self._spawn = multiprocessing.get_context("spawn")
        self._started: list[multiprocessing.process.BaseProcess] = []
        self._identities = identities
        self.kiosks: list[Connection] = []
        self.address = (self.broker.host, self.broker.port)

    def start_desk(self) -> Connection:
        return self._start(desk_process, self.broker.certificate("control-room"), self.address)

    def start_kiosks(self) -> None:
        each = -(-len(self._identities) // self.story.processes)
        for number in range(self.story.processes):
            mine = self._identities[number * each : (number + 1) * each]
            self.kiosks.append(self._start(kiosks_process, mine, self.address, self.story.habit, number))

    def count(self, order: str = "count") -> list[KiosksCount]:
        for pipe in self.kiosks:
            pipe.send(order)
        return [_answer(pipe, KiosksCount) for pipe in self.kiosks]

    def up(self) -> int:
        """How many kiosks are connected."""
        for pipe in self.kiosks:
            pipe.send("up")
        return sum(_answer(pipe, int) for pipe in self.kiosks)

    def end(self) -> list[KiosksEnd]:
        for pipe in self.kiosks:
            pipe.send("end")
        return [_answer(pipe, KiosksEnd) for pipe in self.kiosks]

    def close(self) -> None:
        for process in self._started:
            process.join(10.0)
            if process.is_alive():
                process.kill()
                process.join()
        self.broker.kill()

    def _start(self, work: Callable[..., None], *given: object) -> Connection:
        ours, theirs = self._spawn.Pipe()
        process = self._spawn.Process(target=work, args=(theirs, *given), daemon=True)
        process.start()
        theirs.close()
        self._started.append(process)
        return ours


def _answer(pipe: Connection, kind: type[T]) -> T:
    assert pipe.poll(120.0), "a process does not answer"
    found = pipe.recv()
    assert isinstance(found, kind)
    return found


def run(folder: Path, story: Story, tell: Callable[[str], None] = print) -> Outcome:
    """Connect all, send, kill the broker, bring it back, send on, and drain. `folder` takes keys and logs."""
    started_s = time.monotonic()
    out = Outcome()
    fleet = _Fleet(folder, story, tell)
    try:
        fleet.broker.start()
        out.broker_empty_kb = fleet.broker.resident_kb()
        desk = fleet.start_desk()
        _until(lambda: _count(desk).up, story.within_s, "the control room does not connect")
        out.begun_s = time.monotonic()
        _connect(fleet, out)
        _kill(fleet, desk, out)
        _drain(fleet, desk, out)
    finally:
        fleet.close()
    out.took_s = time.monotonic() - started_s
    return out


def _connect(fleet: _Fleet, out: Outcome) -> None:
    """All begin within `habit.begin_s`, and are up."""
    story = fleet.story
    before_s = time.monotonic()
    fleet.start_kiosks()
    _until_all_up(fleet)
    counts = fleet.count()
    out.broker_kb = fleet.broker.resident_kb()
    out.kiosk_kb = sum(one.resident_kb - one.empty_kb for one in counts) / story.kiosks
    out.connect_cpu_s = sum(one.cpu_s for one in counts) + fleet.broker.cpu_s()
    fleet.tell(f"all {story.kiosks} connected after {time.monotonic() - before_s:.1f} s")


def _kill(fleet: _Fleet, desk: Connection, out: Outcome) -> None:
    """Some time in order, then no broker, then one again."""
    story = fleet.story
    time.sleep(story.steady_s)
    steady = _count(desk)
    out.late_s = sorted(steady.late_s)
    out.broker_cpu_s += fleet.broker.cpu_s()
    fleet.broker.kill()
    fleet.tell(f"the broker is killed; {steady.new} messages read so far")
    time.sleep(story.down_s)
    _until(lambda: fleet.up() == 0, story.within_s, "some kiosks have not noticed")
    counts = fleet.count()
    out.waited_most = sum(one.waiting for one in counts)
    before_s = sum(one.cpu_s for one in counts)
    fleet.broker.start()
    out.back_at_s = time.monotonic()
    _until_all_up(fleet)
    out.back_cpu_s = sum(one.cpu_s for one in fleet.count()) - before_s
    out.back_broker_cpu_s = fleet.broker.cpu_s()
    fleet.tell(
        f"all {story.kiosks} are back {time.monotonic() - out.back_at_s:.1f} s after the broker; "
        f"{out.waited_most} messages had waited"
    )
    time.sleep(story.after_s)


def _drain(fleet: _Fleet, desk: Connection, out: Outcome) -> None:
    """Nothing more is decided, all is read; the sums."""
    begun_s = time.monotonic()
    out.decided = sum(one.decided for one in fleet.count("silent"))
    _until(
        lambda: not any(one.waiting for one in fleet.count()) and _count(desk).new >= out.decided,
        fleet.story.within_s,
        "not all was read",
        fails=False,
    )
    out.drain_s = time.monotonic() - begun_s
    out.kiosks_cpu_s = sum(one.cpu_s for one in fleet.count())
    out.broker_cpu_s += fleet.broker.cpu_s()
    counted = _count(desk)
    desk.send("end")
    read = _answer(desk, DeskEnd)
    ends = fleet.end()
    decided = {stream: last for end in ends for stream, last in end.decided.items()}
    unread = sum(last - read.highest.get(stream, 0) for stream, last in decided.items())
    assert not set(read.highest) - set(decided), "messages of nobody"
    out.read, out.repeated, out.unmarked = counted.new, counted.repeated, counted.unmarked
    out.lost = unread + read.missing
    out.notices, out.desk_cpu_s, out.desk_connects = counted.notices, counted.cpu_s, counted.connects
    ups = [times for end in ends for times in end.up_s]
    out.connect_s = sorted(times[0] - out.begun_s for times in ups)
    out.back_s = sorted(min(at_s for at_s in times if at_s > out.back_at_s) - out.back_at_s for times in ups)
    out.opening_s = sorted(one_s for end in ends for one_s in end.opening_s)


def _count(desk: Connection) -> DeskCount:
    desk.send("count")
    return _answer(desk, DeskCount)


def _until_all_up(fleet: _Fleet) -> None:
    wanted = fleet.story.kiosks
    _until(
        lambda: fleet.up() == wanted,
        fleet.story.within_s,
        "not all kiosks are connected",
    )


def _until(done: Callable[[], bool], within_s: float, what: str, *, fails: bool = True) -> None:
    end_s = time.monotonic() + within_s
    while not done():
        if time.monotonic() >= end_s:
            assert not fails, what
            return
        time.sleep(_LOOK_S)
