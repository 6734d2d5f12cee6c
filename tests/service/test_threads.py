"""Every thread is watched: what dies is started again, what hangs is a fault; no lock begins without it."""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MethodType

import pytest

from edge.bench.desk import StoryClock
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.events import Device
from edge.cabin.state import Mode, State
from edge.faults.catalogue import CATALOGUE
from edge.journal.writer import lines
from edge.service import log
from edge.service import service as kiosk_module
from edge.service.control import Request, ask
from edge.service.service import Service
from edge.service.threads import STEADY_S, ThreadWatch
from edge.settings.load import load
from edge.settings.schema import Settings
from hw.board import BenchHands, bench_board
from hw.clock import SystemClock
from hw.modem.fake.ports import FakeModem, PtyModem
from hw.modem.real import open_serial
from hw.ports import Board, Input, TextAccepted
from hw.watched import WatchedThread
from tests.worlds.hw_story import NoModem

Told = tuple[Device, str, bool]


class Killed(BaseException):
    """What no `except Exception` stops."""


def wait_for(what: Callable[[], object], within_s: float = 30.0) -> None:
    end_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end_s, "it never came"
        time.sleep(0.005)


# --- the watch itself, on a clock of its own -------------------------------------------------------


@dataclass
class Worker:
    """A thread that does as it is told at each turn, watched."""

    clock: StoryClock = field(default_factory=StoryClock)
    told: list[Told] = field(default_factory=list)
    lives: int = 0
    die: bool = False
    hang: threading.Event = field(default_factory=threading.Event)
    end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.hang.set()
        self.thread = WatchedThread("worker", self._run, self.clock)
        self.watch = ThreadWatch(self._tell)
        self.watch.add(self.thread, Device.EVIDENCE, "pictures_stopped", 5.0)

    def _tell(self, device: Device, code: str, source: str, active: bool, now_s: float) -> None:
        self.told.append((device, code, active))

    def _run(self) -> None:
        self.lives += 1
        if self.die:
            raise Killed("the code is 123456")
        while not self.end.wait(0.001):
            self.hang.wait()
            self.thread.beat()

    def pass_time(self, for_s: float) -> None:
        """Time goes by for watch and thread, in steps that the thread can follow."""
        end_s = self.clock.now_s() + for_s
        while self.clock.now_s() < end_s - 1e-6:
            self.clock.move_to(self.clock.now_s() + 0.1)
            now_s = self.clock.now_s()
            if self.hang.is_set() and self.thread.alive:
                wait_for(lambda now_s=now_s: not self.thread.alive or self.thread.silent_s(now_s) == 0)  # type: ignore[misc]
            if self.die:
                self.thread.join(10.0)
            self.watch.look(now_s)


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.hang.set()
    worker.end.set()
    worker.thread.join(10.0)


def test_nothing_is_told_of_a_thread_that_works_rests_or_has_ended_on_purpose(worker: Worker) -> None:
    worker.watch.look(0.0)  # not started yet: nothing died
    worker.thread.start()
    worker.pass_time(3.0)
    worker.end.set()
    worker.thread.join(10.0)
    worker.watch.look(worker.clock.now_s() + 1000.0)
    assert worker.told == []
    assert worker.lives == 1


def test_a_thread_that_died_once_is_started_again_at_once_and_told_well_when_it_goes_on(
    worker: Worker,
) -> None:
    worker.die = True
    worker.thread.start()
    worker.thread.join(10.0)
    worker.die = False
    worker.watch.look(worker.clock.now_s())
    assert worker.thread.alive
    assert worker.told == [(Device.EVIDENCE, "pictures_stopped", True)]
    assert worker.watch.in_trouble(Device.EVIDENCE)
    worker.pass_time(STEADY_S + 0.2)
    assert worker.told[1:] == [(Device.EVIDENCE, "pictures_stopped", False)]
    assert not worker.watch.in_trouble(Device.EVIDENCE)


def test_a_thread_that_dies_again_and_again_is_told_once_and_started_with_growing_pauses(
    worker: Worker, capfd: pytest.CaptureFixture[str]
) -> None:
    worker.die = True
    worker.thread.start()
    worker.pass_time(40.0)
    assert worker.told == [(Device.EVIDENCE, "pictures_stopped", True)]
    assert 5 <= worker.lives <= 8, "at 0, 1, 3, 7, 15, 30 s"
    said = capfd.readouterr().err
    assert "pictures_stopped (worker Killed at _run" in said
    assert "123456" not in said, "an error's words may hold a secret"


def test_a_thread_that_stands_still_is_told_and_no_second_one_begun(worker: Worker) -> None:
    worker.thread.start()
    worker.pass_time(0.3)
    worker.hang.clear()
    time.sleep(0.05)  # it is at the gate now, whatever it was at
    worker.pass_time(6.0)
    assert worker.told == [(Device.EVIDENCE, "pictures_stopped", True)]
    assert worker.lives == 1
    worker.hang.set()
    worker.pass_time(STEADY_S + 1.0)
    assert worker.told[1:] == [(Device.EVIDENCE, "pictures_stopped", False)]


@contextlib.contextmanager
def no_threads() -> Iterator[None]:
    """The system gives no thread (TasksMax=), as Python says it."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threading.Thread.start = refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        threading.Thread.start = start  # type: ignore[method-assign]


def test_a_thread_that_cannot_start_is_started_when_it_can(worker: Worker) -> None:
    with no_threads():
        assert not worker.thread.start()
        worker.watch.look(0.0)
        worker.watch.look(0.1)
    assert worker.told == [(Device.EVIDENCE, "pictures_stopped", True)]
    worker.clock.move_to(5.0)
    worker.watch.look(5.0)
    worker.pass_time(STEADY_S + 0.2)
    assert worker.told[1:] == [(Device.EVIDENCE, "pictures_stopped", False)]


# --- the whole service, turned by hand on a clock of its own ---------------------------------------


class Kiosk:
    """The real service without eyes; its threads run, its loop turns when the test says so."""

    inputs_are_read = True

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.clock = StoryClock(1000.0)
        patch.setattr(kiosk_module, "SystemClock", lambda: self.clock)
        patch.setattr(kiosk_module, "eyes_plans", lambda settings: ())
        patch.setattr(kiosk_module, "TURN_S", 0.001)
        settings = load(None, [f"paths.data={folder}/data", f"paths.runtime={folder}/run"])
        self.runtime = folder / "run"
        self.stack = contextlib.ExitStack()
        self.hands: BenchHands
        self.service = Service(settings, self.stack, open_parts=self._open)
        self.run(0.3)

    def _open(self, settings: Settings, clock: SystemClock) -> Board:
        board, self.hands = bench_board(clock, NoModem(), settings.wiring, strict=False)
        return board

    @property
    def state(self) -> State:
        return self.service._kiosk.state

    def run(self, for_s: float) -> None:
        """Turn the loop while its clock goes on; the input path follows where it lives."""
        end_s = self.clock.now_s() + for_s
        while self.clock.now_s() < end_s - 1e-6:
            self.clock.move_to(self.clock.now_s() + 0.05)
            now_s, scan = self.clock.now_s(), self.service._scan.thread
            step_s = time.monotonic() + 10.0
            while self.inputs_are_read and scan.silent_s(now_s) and time.monotonic() < step_s:
                time.sleep(0.002)
            assert self.service._turn()

    def break_inputs(self, patch: pytest.MonkeyPatch, step: Callable[[float], object]) -> None:
        """From when this returns on no step goes well."""
        there = threading.Event()

        def broken(now_s: float) -> None:
            there.set()
            step(now_s)

        patch.setattr(self.service._scanner, "step", broken)
        self.inputs_are_read = False
        wait_for(there.is_set)

    def be(self, mode: Mode) -> None:
        """Put the table into a mode, with the relays as they are in it."""
        now_s = self.clock.now_s()
        kiosk = self.service._kiosk
        common = replace(kiosk.state, mode=mode, since_s=now_s, visit=1)
        if mode is Mode.LOCKED:
            common = replace(common, incident=1, incidents=1, locked_at_s=now_s)
        kiosk.state = replace(common, present=mode is not Mode.VACANT)
        if mode is Mode.LOCKED:
            wait_for(lambda: _locks(self.service.board))
        if mode is Mode.CLEARED:
            self.service.board.permit.on()


def _locks(board: Board) -> bool:
    """Once the input path has read its first levels."""
    board.lock.on()
    return board.lock.is_on


@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kiosk]:
    kiosk = Kiosk(tmp_path, monkeypatch)
    with kiosk.stack:
        yield kiosk


def killed(*_: object) -> None:
    raise Killed


def raising(*_: object) -> None:
    raise RuntimeError("a mistake in a driver")


@pytest.mark.parametrize("end", ["dead", "hung", "raising"])
@pytest.mark.parametrize("mode", [Mode.VACANT, Mode.CHECKING, Mode.CLEARED, Mode.WARNED, Mode.LOCKED])
def test_without_an_input_path_the_door_is_open_and_the_permit_off_within_a_second(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, end: str, mode: Mode
) -> None:
    kiosk.be(mode)
    assert kiosk.hands.lock_on is (mode is Mode.LOCKED)
    assert kiosk.hands.permit_on is (mode is Mode.CLEARED)
    over = threading.Event()
    step = {"dead": killed, "hung": lambda now_s: over.wait(), "raising": raising}[end]
    kiosk.break_inputs(monkeypatch, step)
    kiosk.run(1.0)
    assert not kiosk.hands.lock_on
    assert not kiosk.hands.permit_on
    agrees = {Mode.CLEARED: Mode.CHECKING, Mode.LOCKED: Mode.RELEASED}.get(mode, mode)
    assert kiosk.state.mode is agrees, "the table agrees"
    assert Device.INPUTS in kiosk.state.failed
    assert not {Device.LOCK, Device.PERMIT} & kiosk.state.failed, "both relays did as they were told"
    kiosk.hands.set_input(Input.FIRE, True, kiosk.clock.now_s())
    kiosk.service.board.lock.on()
    assert not kiosk.hands.lock_on, "held, whoever orders it"
    feeds = kiosk.hands.watchdog.feeds
    kiosk.run(3.0)
    assert kiosk.hands.watchdog.feeds == feeds, "and the whole is started anew in the end"
    over.set()


def test_an_input_path_that_died_once_works_again_and_locks_nobody_again(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kiosk.be(Mode.LOCKED)
    with monkeypatch.context() as patch:
        kiosk.break_inputs(patch, raising)
        kiosk.run(1.0)
        assert kiosk.state.mode is Mode.RELEASED
    kiosk.inputs_are_read = True
    kiosk.run(STEADY_S + 0.5)
    assert Device.INPUTS not in kiosk.state.failed
    assert not kiosk.state.exit
    kiosk.run(16.0)
    assert kiosk.state.mode is Mode.RELEASED
    assert not kiosk.hands.lock_on
    kiosk.hands.set_input(Input.FIRE, True, kiosk.clock.now_s())
    kiosk.run(0.5)
    assert kiosk.state.fire, "it reads again"


def test_whoever_holds_the_gate_for_ever_keeps_the_door_no_longer_shut(kiosk: Kiosk) -> None:
    """A driver that hangs while it switches: the loop goes past it."""
    kiosk.be(Mode.LOCKED)
    gate = kiosk.service.board.lock
    with gate._guard:  # type: ignore[attr-defined]
        began_s = time.monotonic()
        gate.hold("scan_stopped", True)
        assert not kiosk.hands.lock_on
        gate.on()
        assert not kiosk.hands.lock_on
        gate.off()
        gate.tend()
        gate.hold("scan_stopped", False)
        assert time.monotonic() - began_s < 10.0
    gate.on()
    assert kiosk.hands.lock_on


@pytest.mark.parametrize(
    ("name", "device", "code"),
    [
        ("_journal", Device.DISK, "record_stopped"),
        ("_control", Device.CONTROL, "control_stopped"),
        ("_evidence", Device.EVIDENCE, "pictures_stopped"),
    ],
)
def test_a_thread_that_dies_forbids_a_lock_by_name_until_it_works_again(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, name: str, device: Device, code: str
) -> None:
    service = kiosk.service
    owner = service._kiosk._evidence if name == "_evidence" else getattr(service, name)
    turn = {"_journal": "_turn", "_evidence": "_turn", "_control": "_is_reachable"}[name]

    def prod() -> None:
        """Give the thread something to do."""
        if name == "_journal":
            service._kiosk.fault("priority_refused", "", kiosk.clock.now_s())
        elif name == "_evidence":
            service._kiosk._evidence.keep_one(1, kiosk.clock.now_s(), "test")

    with monkeypatch.context() as patch:
        patch.setattr(owner, turn, killed)
        prod()
        wait_for(lambda: not owner.thread.alive)
        kiosk.run(0.1)
        assert device in kiosk.state.failed
        assert device in LOCK_NEEDS
        assert CATALOGUE[code].door == CATALOGUE["disk_full"].door
        assert not service._inputs_stopped, "the door keeps its rules"
    kiosk.run(35.0)
    wait_for(lambda: owner.thread.alive)
    kiosk.run(STEADY_S + 1.0)
    assert device not in kiosk.state.failed
    if name == "_journal":
        wait_for(lambda: service._journal.waiting == 0)
    if name == "_control":
        answers = threading.Thread(target=lambda: [kiosk.run(0.1) for _ in range(20)])
        answers.start()
        assert ask(kiosk.runtime, Request("status"))["door"] == "unlocked"
        answers.join()


@pytest.mark.parametrize(
    ("name", "device", "limit_s"),
    [
        ("_journal", Device.DISK, kiosk_module.JOURNAL_SILENT_S),
        ("_control", Device.CONTROL, kiosk_module.CONTROL_SILENT_S),
        ("_evidence", Device.EVIDENCE, kiosk_module.EVIDENCE_SILENT_S),
    ],
)
def test_a_thread_that_hangs_forbids_a_lock_and_nothing_else(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, name: str, device: Device, limit_s: float
) -> None:
    service = kiosk.service
    owner = service._kiosk._evidence if name == "_evidence" else getattr(service, name)
    turn = {"_journal": "_write", "_evidence": "_look", "_control": "_is_reachable"}[name]
    over, there = threading.Event(), threading.Event()

    def hang(*_: object) -> None:
        there.set()
        over.wait()
        raise OSError(5, "Input/output error")

    kiosk.be(Mode.LOCKED)
    monkeypatch.setattr(owner, turn, hang)
    if name == "_evidence":
        owner._folders = None
        owner.keep_one(1, kiosk.clock.now_s(), "test")
    else:
        service._kiosk.fault("priority_refused", "", kiosk.clock.now_s())
    wait_for(there.is_set)
    kiosk.run(limit_s + 0.5)
    assert device in kiosk.state.failed
    assert kiosk.state.mode is Mode.LOCKED, "the lock keeps its rules"
    assert kiosk.hands.lock_on
    monkeypatch.undo()
    over.set()


def test_a_start_without_any_thread_locks_nobody_and_works_when_there_are_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed = {Device.INPUTS, Device.DISK, Device.EVIDENCE, Device.CONTROL}
    with no_threads():
        kiosk = Kiosk.__new__(Kiosk)
        kiosk.inputs_are_read = False
        kiosk.__init__(tmp_path, monkeypatch)  # type: ignore[misc]
        kiosk.run(1.0)
        assert needed <= kiosk.state.failed
    with kiosk.stack:
        kiosk.run(8.0)
        kiosk.inputs_are_read = True
        kiosk.run(STEADY_S + 1.0)
        assert not needed & kiosk.state.failed
        kiosk.hands.set_input(Input.PANIC, True, kiosk.clock.now_s())
        kiosk.run(0.5)
        assert kiosk.state.active, "the inputs are read"


def test_the_modems_death_is_a_fault_of_its_own_and_no_network_is_not(kiosk: Kiosk) -> None:
    assert Device.MODEM_DRIVER in LOCK_NEEDS
    assert Device.MODEM not in LOCK_NEEDS, "a modem without a network forbids no lock by itself"


def test_a_modems_thread_that_died_begins_anew_and_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pty = PtyModem(FakeModem("sim800"), link=tmp_path / "modem")
    modem = open_serial(pty.port, "sim800", SystemClock())
    told: list[Told] = []
    watch = ThreadWatch(lambda device, code, source, active, now_s: told.append((device, code, active)))
    watch.add(modem.thread, Device.MODEM_DRIVER, "modem_stopped", 15.0)
    try:
        wait_for(lambda: modem.idle)
        with monkeypatch.context() as patch:
            patch.setattr(modem, "_turn", killed)
            wait_for(lambda: modem.thread.died)
        watch.look(time.monotonic())
        assert told == [(Device.MODEM_DRIVER, "modem_stopped", True)]
        wait_for(lambda: not modem.idle or modem.thread.alive)
        wait_for(lambda: modem.poll(time.monotonic()) is not None and modem.idle, 60.0)
        modem.send(1, "+15550100", "still here", time.monotonic() + 30.0)
        events = []

        def taken() -> bool:
            events.extend(modem.poll(time.monotonic()))
            return any(isinstance(event, TextAccepted) for event in events)

        wait_for(taken, 60.0)
    finally:
        modem.close()
        pty.close()


def test_a_priority_that_was_refused_is_in_the_log_and_in_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "setpriority", refuse)
    kiosk = Kiosk(tmp_path, monkeypatch)
    with kiosk.stack:
        kiosk.run(1.0)
        wait_for(lambda: kiosk.service._journal.waiting == 0)
    assert capfd.readouterr().err.count("fault: priority_refused\n") == 1
    noted = [line for line in lines(tmp_path / "data" / "journal.db") if line.name == "priority_refused"]
    assert [line.data for line in noted] == ['{"detail":"input path, niceness -10: Permission denied"}']


# --- the end: permit first, then the door ----------------------------------------------------------


@pytest.mark.parametrize("way", ["stop", "mistake", "interrupt"])
def test_every_way_out_of_the_loop_brings_permit_and_lock_to_rest_before_anything_waits(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    kiosk.be(Mode.CLEARED)
    order: list[str] = []
    for name in ("permit", "lock"):
        relay = getattr(kiosk.service.board, name)

        def off(relay: object, name: str = name, real: Callable[[], None] = relay.off) -> None:
            order.append(name)
            real()

        monkeypatch.setattr(relay, "off", MethodType(off, relay))
    if way == "stop":
        kiosk.service.stop(15, None)
        kiosk.service.turn_until_stopped()
    else:
        error = RuntimeError if way == "mistake" else KeyboardInterrupt
        monkeypatch.setattr(kiosk.service, "_turn", functools.partial(_fail, error))
        with pytest.raises(error):
            kiosk.service.turn_until_stopped()
    assert not kiosk.hands.permit_on
    assert order == ["permit", "lock"], "before the stack closes anything"


def _fail(error: type[BaseException]) -> bool:
    raise error


def test_a_permit_that_does_not_obey_keeps_no_door_locked(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kiosk.be(Mode.LOCKED)
    monkeypatch.setattr(kiosk.service.board.permit, "off", raising)
    kiosk.service.rest_relays()
    assert not kiosk.hands.lock_on
    monkeypatch.undo()


@pytest.mark.parametrize("error", [SystemExit, RuntimeError])
def test_a_start_that_is_broken_off_rests_the_relays_before_it_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """SIGTERM during the start is a SystemExit, at any instant of it."""
    order: list[str] = []
    boards: list[Board] = []

    class Late(Kiosk):
        def _open(self, settings: Settings, clock: SystemClock) -> Board:
            board = super()._open(settings, clock)
            boards.append(board)
            real = board.permit.off
            monkeypatch.setattr(board.permit, "off", lambda: (order.append("permit"), real())[1])
            return board

    def close(journal: object, timeout_s: float) -> bool:
        order.append("waits")
        return True

    def broken(*args: object) -> None:
        boards[0].permit.on()
        order.clear()
        raise error

    monkeypatch.setattr("edge.journal.writer.Journal.close", close)
    monkeypatch.setattr(kiosk_module, "ControlServer", broken)
    with contextlib.ExitStack() as outer:
        late = Late.__new__(Late)
        with pytest.raises(error):
            late.__init__(tmp_path, monkeypatch)  # type: ignore[misc]
        outer.push(late.stack)
    assert order[0] == "permit"
    assert "waits" in order
    assert not boards[0].permit.is_on


# --- lines for the log -----------------------------------------------------------------------------


def _reader_gone() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


def _reader_stands_still() -> int:
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 4096)
    os.set_blocking(write, True)
    _KEPT.append(read)
    return write


_KEPT: list[int] = []


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(_reader_gone, id="EPIPE"),
        pytest.param(_reader_stands_still, id="the reader stands still"),
        pytest.param(lambda: os.open("/dev/full", os.O_WRONLY), id="ENOSPC"),
        pytest.param(lambda: os.open("/dev/null", os.O_RDONLY), id="EBADF"),
    ],
)
def test_a_log_that_takes_no_line_neither_raises_nor_waits_and_says_later_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], broken: Callable[[], int]
) -> None:
    number = broken()
    monkeypatch.setattr(log, "_left_out", 0)
    stream = os.fdopen(number, "w", closefd=False)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        began_s = time.monotonic()
        for _ in range(3):
            log.say("state: locked")
        assert time.monotonic() - began_s < 20.0
    os.close(number)
    log.say("state: vacant")
    said = capfd.readouterr().err
    assert "(3 messages before this one could not be written)" in said
    assert said.endswith("state: vacant\n")


@pytest.mark.parametrize("gone", ["closed", "none"])
def test_a_log_that_is_not_there_is_not_missed(monkeypatch: pytest.MonkeyPatch, gone: str) -> None:
    stream = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    stream.close()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream if gone == "closed" else None)
        log.say("state: locked")


def test_a_long_line_is_cut_to_what_a_pipe_takes_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    log.say("ä" * 10_000)
    assert len(capfd.readouterr().err.encode()) <= 4096


# --- brothers --------------------------------------------------------------------------------------


def _calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


MAY_START_THREADS = {
    "hw/watched.py": "the watched ones",
    "hw/modem/fake/ports.py": "the bench's modem",
    "edge/service/control.py": "a caller's; without one root is served all the same",
    "edge/messages/ways/carrier.py": "a message's; without one it is tried again",
    "edge/messages/release_counter.py": "a number's; without one the record alone has it",
    "edge/panel/sources.py": "the page's self-test; without one it says so",
    "edge/cli/terminal.py": "the bench's keyboard; nobody is guarded there",
}


def test_no_thread_is_begun_that_nobody_watches(repo: Path) -> None:
    """Each of these files says above what becomes of it when the system has no thread to give."""
    found = {
        str(path.relative_to(repo))
        for room in ("edge", "hw")
        for path in (repo / room).rglob("*.py")
        for _, name in _calls(ast.parse(path.read_text()))
        if name in ("threading.Thread", "Thread", "ThreadPoolExecutor", "threading.Timer")
    }
    assert found == set(MAY_START_THREADS)


LOOP = (
    "loop/kiosk cabin/table cabin/deadlines cabin/draft cabin/state cabin/events judge/judge judge/presence"
    " judge/face pictures/keeper journal/writer pictures/ring service/log service/threads service/control"
    " codes/book messages/outbox messages/inbox messages/ways/carrier messages/ways/mail"
    " messages/ways/webhook loop/watching"
)


def test_the_loop_prints_nothing_past_the_log(repo: Path) -> None:
    allowed = {("service/control", "_status"), ("service/control", "_release"), ("service/log", "_write")}
    found = []
    for name in LOOP.split():
        tree = ast.parse((repo / "edge" / f"{name}.py").read_text())
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and (name, function.name) not in allowed:
                found += [f"{name}:{line}" for line, call in _calls(function) if call == "print"]
    service = ast.parse((repo / "edge" / "service" / "service.py").read_text())
    for part in service.body:
        if isinstance(part, ast.ClassDef) or getattr(part, "name", "") in ("run", "_rest_pins"):
            found += [f"kiosk:{line}" for line, call in _calls(part) if call == "print"]
    assert found == []


def test_a_service_begun_without_standard_files_gives_their_numbers_to_nothing_else(tmp_path: Path) -> None:
    """SQLite's file as number 2 would take a library's complaints (sqlite.org/howtocorrupt.html, 1.1)."""
    child = os.fork()
    if child == 0:
        try:
            for number in range(3):
                os.close(number)
            kiosk_module._keep_standard_files()
            opened = os.open(tmp_path / "record", os.O_RDWR | os.O_CREAT, 0o600)
            os._exit(0 if opened > 2 else 1)
        except BaseException as error:
            os._exit(error.errno or 99 if isinstance(error, OSError) else 98)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
