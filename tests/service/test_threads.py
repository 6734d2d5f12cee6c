"""Every thread is watched: what dies is started again, what hangs is a fault; no lock begins without it."""

from __future__ import annotations

import ast
import contextlib
import functools
import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MethodType, SimpleNamespace

import pytest

from edge.bench.desk import StoryClock
from edge.cabin.devices import LOCK_NEEDS
from edge.cabin.events import Device
from edge.cabin.state import Mode, State
from edge.cli.run import keep_standard_files
from edge.faults.catalogue import CATALOGUE
from edge.faults.log import install_log
from edge.journal.reader import lines
from edge.pictures.ring import RingPicture
from edge.service import asks, control
from edge.service import service as kiosk_module
from edge.service.build import Built, Site, build
from edge.service.control import ask
from edge.service.service import Service
from edge.service.threads import LIMITS, STEADY_S, Part, ThreadWatch
from edge.settings.load import load
from edge.settings.schema import Settings
from hw.board import BenchHands, bench_board
from hw.clock import SystemClock
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.terminal import PtyModem
from hw.modem.real import open_serial
from hw.modem.status import Status
from hw.ports import Board, Clock, Input, ModemEvent, TextAccepted
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

    def _has_followed(self, now_s: float) -> bool:
        return not self.thread.alive or self.thread.silent_s(now_s) == 0

    def pass_time(self, for_s: float) -> None:
        """Time goes by for watch and thread, in steps that the thread can follow."""
        end_s = self.clock.now_s() + for_s
        while self.clock.now_s() < end_s - 1e-6:
            self.clock.move_to(self.clock.now_s() + 0.1)
            now_s = self.clock.now_s()
            if self.hang.is_set() and self.thread.alive:
                wait_for(functools.partial(self._has_followed, now_s))
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


@pytest.mark.slow
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
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    worker.die = True
    worker.thread.start()
    worker.pass_time(40.0)
    assert worker.told == [(Device.EVIDENCE, "pictures_stopped", True)]
    assert 5 <= worker.lives <= 8, "at 0, 1, 3, 7, 15, 30 s"
    said = caplog.text
    assert "pictures_stopped (worker Killed at _run" in said
    assert "123456" not in said, "an error's words may hold a secret"


@pytest.mark.slow
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

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        yield


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


@dataclass(frozen=True)
class HookedRing:
    """An empty ring of pictures; `hook` is called by the one who reads it."""

    hook: Callable[[], None]

    def between(self, from_s: float, to_s: float) -> tuple[RingPicture, ...]:
        self.hook()
        return ()

    def close(self) -> None: ...


def nothing() -> None: ...


class Modemless(NoModem):
    """A modem of which nothing is known."""

    status = Status()


class Kiosk:
    """The real service without eyes; its threads run, its loop turns when the test says so."""

    inputs_are_read = True

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.clock = StoryClock(1000.0)
        self.in_sync: Callable[[], None] = nothing
        self.at_ring: Callable[[], None] = nothing
        patch.setattr(kiosk_module, "SystemClock", lambda: self.clock)
        patch.setattr(kiosk_module, "eyes_plans", lambda settings: ())
        patch.setattr(kiosk_module, "build", self._build)
        patch.setattr(kiosk_module, "TURN_S", 0.001)
        # The socket's thread waits in real time, which the kiosk's clock here runs ahead of.
        patch.setattr(control, "LOOK_S", 0.005)
        settings = load(None, [f"paths.data={folder}/data", f"paths.runtime={folder}/run"])
        self.runtime = folder / "run"
        self.stack = contextlib.ExitStack()
        self.hands: BenchHands
        self.service = Service(settings, self.stack, open_parts=self._open)
        self.run(0.3)

    def _open(self, settings: Settings, clock: Clock) -> Board:
        board, self.hands = bench_board(clock, Modemless(), settings.wiring, strict=False)
        return board

    def _build(self, settings: Settings, site: Site, stack: contextlib.ExitStack) -> Built:
        """The service's own, but that a test says what happens in the disk's sync and at the ring."""
        rings = {"face": HookedRing(lambda: self.at_ring())}
        return build(settings, replace(site, rings=rings, before_sync=lambda: self.in_sync()), stack)

    @property
    def state(self) -> State:
        return self.service.kiosk.state

    def run(self, for_s: float) -> None:
        """Turn the loop while its clock goes on; the input path follows where it lives."""
        end_s = self.clock.now_s() + for_s
        while self.clock.now_s() < end_s - 1e-6:
            self.clock.move_to(self.clock.now_s() + 0.05)
            now_s, scan = self.clock.now_s(), self.service.scan.thread
            step_s = time.monotonic() + 10.0
            while self.inputs_are_read and scan.silent_s(now_s) and time.monotonic() < step_s:
                time.sleep(0.002)
            assert self.service.turn()

    def works_again(self, device: Device) -> bool:
        """Whether it does, after some more turns."""
        self.run(STEADY_S + 1.0)
        return device not in self.state.failed

    def break_inputs(self, patch: pytest.MonkeyPatch, step: Callable[[float], object]) -> None:
        """From when this returns on no step goes well."""
        there = threading.Event()

        def broken(now_s: float) -> None:
            there.set()
            step(now_s)

        patch.setattr(self.service.scanner, "step", broken)
        self.inputs_are_read = False
        wait_for(there.is_set)

    def be(self, mode: Mode) -> None:
        """Put the table into a mode, with the relays as they are in it."""
        now_s = self.clock.now_s()
        kiosk = self.service.kiosk
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


@dataclass(frozen=True)
class Watched:
    """One of the service's threads, and how to make it do something in a test."""

    kiosk: Kiosk
    name: str

    @property
    def thread(self) -> WatchedThread:
        built = self.kiosk.service.built
        return {
            "record": built.journal.thread,
            "pictures": built.parts.evidence.thread,
            "control": self.kiosk.service.control.thread,
        }[self.name]

    def meet(self, patch: pytest.MonkeyPatch, what: Callable[[], None]) -> None:
        """From now on this happens inside the thread's next piece of work, which is handed to it."""
        match self.name:
            case "record":
                self.kiosk.in_sync = what
                self.kiosk.service.kiosk.fault("priority_refused", "", self.kiosk.clock.now_s())
            case "pictures":
                self.kiosk.at_ring = what
                evidence = self.kiosk.service.built.parts.evidence
                evidence.keep_one(1, self.kiosk.clock.now_s(), "test")
            case _:  # it looks at its socket every other second
                patch.setattr(control, "select", SimpleNamespace(poll=what, POLLIN=select.POLLIN))

    def part(self) -> None:
        """It does its work again."""
        self.kiosk.in_sync = self.kiosk.at_ring = nothing


def killed(*_: object) -> None:
    raise Killed


def raising(*_: object) -> None:
    raise RuntimeError("a mistake in a driver")


@pytest.mark.slow
@pytest.mark.parametrize("end", ["dead", "hung", "raising"])
@pytest.mark.parametrize("mode", [Mode.VACANT, Mode.CHECKING, Mode.CLEARED, Mode.WARNED, Mode.LOCKED])
def test_without_an_input_path_the_door_is_open_and_the_permit_off_within_a_second(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, end: str, mode: Mode
) -> None:
    kiosk.be(mode)
    assert kiosk.hands.lock_on is (mode is Mode.LOCKED)
    assert kiosk.hands.permit_on is (mode is Mode.CLEARED)
    over = threading.Event()
    steps: dict[str, Callable[[float], object]] = {
        "dead": killed,
        "hung": lambda now_s: over.wait(),
        "raising": raising,
    }
    kiosk.break_inputs(monkeypatch, steps[end])
    kiosk.run(1.0)
    assert not kiosk.hands.lock_on
    assert not kiosk.hands.permit_on
    agrees = {Mode.CLEARED: Mode.CHECKING, Mode.LOCKED: Mode.RELEASED}.get(mode, mode)
    assert kiosk.state.mode is agrees, "the table agrees"
    assert Device.INPUTS in kiosk.state.failed
    assert not {Device.LOCK, Device.PERMIT} & kiosk.state.failed, "both relays did as they were told"
    kiosk.hands.set_input(Input.FIRE, True, kiosk.clock.now_s())
    kiosk.service.board.lock.on()
    assert not kiosk.hands.lock_on, "held, no matter who orders it"
    feeds = kiosk.hands.watchdog.feeds
    kiosk.run(3.0)
    assert kiosk.hands.watchdog.feeds == feeds, "and the whole is started again in the end"
    over.set()


@pytest.mark.slow
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


@pytest.mark.slow
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
        gate.tend(0.0)
        gate.hold("scan_stopped", False)
        assert time.monotonic() - began_s < 10.0
    gate.on()
    assert kiosk.hands.lock_on


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "device", "code"),
    [
        ("record", Device.DISK, "record_stopped"),
        ("control", Device.CONTROL, "control_stopped"),
        ("pictures", Device.EVIDENCE, "pictures_stopped"),
    ],
)
def test_a_thread_that_dies_forbids_a_lock_by_name_until_it_works_again(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, name: str, device: Device, code: str
) -> None:
    watched = Watched(kiosk, name)
    with monkeypatch.context() as patch:
        watched.meet(patch, killed)
        wait_for(lambda: not watched.thread.alive)
        kiosk.run(0.1)
        assert device in kiosk.state.failed
        assert device in LOCK_NEEDS
        assert CATALOGUE[code].door == CATALOGUE["disk_full"].door
        assert not kiosk.service.inputs_stopped, "the door keeps its rules"
    watched.part()
    kiosk.run(35.0)
    wait_for(lambda: watched.thread.alive)
    wait_for(lambda: kiosk.works_again(device))
    if name == "record":
        wait_for(lambda: kiosk.service.built.journal.waiting == 0)
    if name == "control":
        answers = threading.Thread(target=kiosk.run, args=(2.0,))
        answers.start()
        assert ask(kiosk.runtime, asks.Status())["door"] == "unlocked"
        answers.join()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "device", "limit_s"),
    [
        ("record", Device.DISK, LIMITS[Part.JOURNAL].silent_s),
        ("control", Device.CONTROL, LIMITS[Part.CONTROL].silent_s),
        ("pictures", Device.EVIDENCE, LIMITS[Part.EVIDENCE].silent_s),
    ],
)
def test_a_thread_that_hangs_forbids_a_lock_and_nothing_else(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch, name: str, device: Device, limit_s: float
) -> None:
    over, there = threading.Event(), threading.Event()

    def hang() -> None:
        there.set()
        over.wait()
        raise OSError(5, "Input/output error")

    kiosk.be(Mode.LOCKED)
    watched = Watched(kiosk, name)
    watched.meet(monkeypatch, hang)
    wait_for(there.is_set)
    kiosk.run(limit_s + 0.5)
    assert device in kiosk.state.failed
    assert kiosk.state.mode is Mode.LOCKED, "the lock keeps its rules"
    assert kiosk.hands.lock_on
    monkeypatch.undo()
    watched.part()
    over.set()


@pytest.mark.slow
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


@pytest.mark.slow
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
        events: list[ModemEvent] = []

        def taken() -> bool:
            events.extend(modem.poll(time.monotonic()))
            return any(isinstance(event, TextAccepted) for event in events)

        wait_for(taken, 60.0)
    finally:
        modem.close()
        pty.close()


@pytest.mark.slow
def test_a_priority_that_was_refused_is_in_the_log_and_in_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "setpriority", refuse)
    install_log()
    kiosk = Kiosk(tmp_path, monkeypatch)
    with kiosk.stack:
        kiosk.run(1.0)
        wait_for(lambda: kiosk.service.built.journal.waiting == 0)
    assert capfd.readouterr().err.count("fault: priority_refused\n") == 1
    noted = [line for line in lines(tmp_path / "data" / "journal.db") if line.name == "priority_refused"]
    assert [line.data for line in noted] == ['{"detail":"input path, niceness -10: Permission denied"}']


# --- the end: permit first, then the door ----------------------------------------------------------


@pytest.mark.slow
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
        monkeypatch.setattr(kiosk.service, "turn", functools.partial(_fail, error))
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
        def _open(self, settings: Settings, clock: Clock) -> Board:
            board = super()._open(settings, clock)
            boards.append(board)
            real = board.permit.off

            def off() -> None:
                order.append("permit")
                real()

            monkeypatch.setattr(board.permit, "off", off)
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


# --- brothers --------------------------------------------------------------------------------------


def _calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


MAY_START_THREADS = {
    "hw/watched.py": "the watched ones",
    "hw/modem/fake/terminal.py": "the bench's modem",
    "edge/service/control.py": "a caller's; without one root is served all the same",
    "edge/messages/ways/carrier.py": "a message's; without one it is tried again",
    "edge/loop/views.py": "an hour's views; without one the next hour has all of it",
    "edge/messages/release_counter.py": "a number's; without one the record alone has it",
    "edge/identity/keeper.py": "a read of the gallery; tried again without one, a fault where it hangs",
    "hw/atm/fake/wires.py": "the bench's machine",
    "edge/panel/sources.py": "the page's self-test; without one it says so",
    "edge/identity/enroller.py": "an enrolment at the kiosk; without one it is refused by name",
    "edge/web/hub.py": "the page's process: what makes a view; without one its stream ends and comes again",
    "edge/web/workers.py": "the page's process: it does not begin without them",
    "edge/cli/commission.py": "the commissioning page's process: its hour; it does not begin without one",
    "edge/fleet/est.py": "a command's question to an authority; without one it is refused by name",
    "edge/updates/source.py": "the updater's process: the end of its time; without one nothing is fetched",
    "edge/bench/terminal.py": "the bench's keyboard; nobody is guarded there",
    "edge/bench/socket.py": "the bench's callers; one more is turned away",
    "edge/bench/above.py": "the bench's prompt asks its keeper",
    "edge/bench/children.py": "the bench's keeper waits for its processes",
}


@pytest.mark.slow
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


LOOP = ("cabin", "codes", "journal", "judge", "loop", "messages", "pictures", "service")
"""The rooms that run in the process that guards the door."""
PRINTERS = ("diagram.py", "grids.py")
"""Commands of the developers that lie in these rooms."""


@pytest.mark.slow
def test_the_loop_prints_nothing_past_the_log(repo: Path) -> None:
    files = [
        file for room in LOOP for file in (repo / "edge" / room).rglob("*.py") if file.name not in PRINTERS
    ]
    found = [
        f"{file.relative_to(repo)}:{line}"
        for file in (*files, repo / "edge" / "cli" / "run.py")
        for function in ast.walk(ast.parse(file.read_text()))
        if isinstance(function, ast.FunctionDef) and (file.name, function.name) != ("log.py", "_write")
        for line, call in _calls(function)
        if call == "print"
    ]
    assert found == []


def test_a_service_begun_without_standard_files_gives_their_numbers_to_nothing_else(tmp_path: Path) -> None:
    """SQLite's file as number 2 would take a library's complaints (sqlite.org/howtocorrupt.html, 1.1)."""
    child = os.fork()
    if child == 0:
        try:
            for number in range(3):
                os.close(number)
            keep_standard_files()
            opened = os.open(tmp_path / "record", os.O_RDWR | os.O_CREAT, 0o600)
            os._exit(0 if opened > 2 else 1)
        except BaseException as error:
            os._exit(error.errno or 99 if isinstance(error, OSError) else 98)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
