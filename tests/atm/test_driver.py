"""One suite over every line that a kiosk can have: in memory, a real serial driver, a real TCP driver.

The first part is the same for all three. What only a wire can do to a driver follows.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from edge.cabin.events import Device
from edge.service.threads import ThreadWatch
from hw.atm.exchange import LINES_AT_ONCE, MachineKey
from hw.atm.fake.machine import MACHINE_FAULTS, FakeMachine
from hw.atm.fake.stepped import SteppedAtm
from hw.atm.fake.wires import PtyMachine, SocketMachine
from hw.atm.protocol import Pace
from hw.atm.real import AtmDriver, open_serial, open_tcp
from hw.atm.wires import TcpWire
from hw.clock import SystemClock
from hw.ports import (
    Asked,
    Atm,
    AtmEvent,
    Claimed,
    ClaimEnded,
    CodeGiven,
    MachineBack,
    MachineDoubted,
    MachineLost,
)
from tests.worlds.atm_line import KEY
from tests.worlds.hw_story import StoryClock

CLOCK = SystemClock()
GIVE_UP_S = 60.0
FAST = Pace(beat_s=0.2, lost_s=1.0, prove_s=1.0, doubt_wait_s=0.2)
"""The same as ever, without the waiting; how long things take by default is tested on a story clock."""


class World(Protocol):
    """A kiosk's line and the machine at its other end."""

    events: list[AtmEvent]

    @property
    def atm(self) -> Atm: ...

    def do(self, what: Callable[[FakeMachine], None]) -> None: ...

    def until(self, what: Callable[[FakeMachine], bool], limit_s: float = GIVE_UP_S) -> bool:
        """Let time pass until it is so; False where it never was."""
        ...


class Stepped:
    """In memory, on a story clock."""

    def __init__(self, folder: Path) -> None:
        self.fake = FakeMachine("front", KEY)
        self.clock = StoryClock()
        self.atm = SteppedAtm([self.fake], self.clock)
        self.events: list[AtmEvent] = []

    def do(self, what: Callable[[FakeMachine], None]) -> None:
        what(self.fake)

    def until(self, what: Callable[[FakeMachine], bool], limit_s: float = GIVE_UP_S) -> bool:
        for _ in range(int(limit_s / 0.05)):
            self.events += self.atm.poll(self.clock.at_s)
            if what(self.fake):
                return True
            self.clock.at_s += 0.05
        return False

    def close(self) -> None:
        self.atm.close()


class Wired:
    """Through the system, in real time."""

    atm: AtmDriver
    machine: PtyMachine | SocketMachine

    def __init__(self) -> None:
        self.events: list[AtmEvent] = []

    def do(self, what: Callable[[FakeMachine], None]) -> None:
        self.machine.do(what)

    def until(self, what: Callable[[FakeMachine], bool], limit_s: float = GIVE_UP_S) -> bool:
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            self.events += self.atm.poll(time.monotonic())
            if self.machine.is_so(what):
                return True
            time.sleep(0.005)
        return False

    def close(self) -> None:
        self.atm.close()
        self.machine.close()


class AtSerial(Wired):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.machine = PtyMachine(FakeMachine("front", KEY, pace=FAST), folder / "machine")
        self.atm = open_serial(str(folder / "machine"), 115200, MachineKey("front", KEY), CLOCK, FAST)


class AtTcp(Wired):
    def __init__(self, folder: Path, port: int = 0) -> None:
        super().__init__()
        self.atm = open_tcp("127.0.0.1", port, [MachineKey("front", KEY)], CLOCK, FAST)
        wire = self.atm.wire
        assert isinstance(wire, TcpWire)
        wait_for(lambda: wire.port != 0)
        self.wire, self.port = wire, wire.port
        self.machine = SocketMachine(FakeMachine("front", KEY, pace=FAST), "127.0.0.1", self.port)


def wait_for(what: Callable[[], bool]) -> None:
    end_s = time.monotonic() + GIVE_UP_S
    while not what():
        assert time.monotonic() < end_s
        time.sleep(0.005)


@pytest.fixture(
    params=[
        Stepped,
        pytest.param(AtSerial, marks=pytest.mark.slow),
        pytest.param(AtTcp, marks=pytest.mark.slow),
    ]
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    one = request.param(tmp_path)
    yield one
    one.close()


def _online(world: World) -> None:
    assert world.until(lambda fake: fake.online and MachineBack("front") in world.events)
    world.events.clear()


def test_a_claim_from_its_beginning_to_its_end(world: World) -> None:
    _online(world)
    world.do(lambda fake: fake.claim("anna"))
    assert world.until(lambda fake: Claimed("front", "anna") in world.events)
    world.atm.ask("front", Asked.FACE)
    assert world.until(lambda fake: fake.asked == "face")
    world.atm.refuse("front", "mismatch")
    world.atm.ask("front", Asked.CODE)
    assert world.until(lambda fake: fake.asked == "code")
    world.do(lambda fake: fake.code())
    world.do(lambda fake: fake.code("417902"))
    assert world.until(lambda fake: CodeGiven("front", "417902") in world.events)
    world.atm.permit(True, "verified", "front")
    assert world.until(lambda fake: fake.permit_on and fake.reason == "verified")
    world.do(lambda fake: fake.end())
    assert world.until(lambda fake: ClaimEnded("front") in world.events)
    world.atm.permit(False, "claim_ended")
    assert world.until(lambda fake: not fake.permit_on)
    assert world.events == [
        Claimed("front", "anna"),
        CodeGiven("front", ""),
        CodeGiven("front", "417902"),
        ClaimEnded("front"),
    ]


def test_the_line_is_cut_and_comes_back(world: World) -> None:
    _online(world)
    world.do(lambda fake: fake.claim("anna"))
    assert world.until(lambda fake: Claimed("front", "anna") in world.events)
    world.do(lambda fake: fake.fault("cut"))
    assert world.until(lambda fake: any(isinstance(event, MachineLost) for event in world.events))
    assert ClaimEnded("front", cut=True) in world.events
    world.atm.permit(True, "cleared")
    world.events.clear()
    world.do(lambda fake: fake.fault("cut", False))
    assert world.until(lambda fake: MachineBack("front") in world.events)
    assert world.until(lambda fake: fake.permit_on), "it is told again what holds now"


def test_a_machine_that_restarts_counts_from_one_again(world: World) -> None:
    _online(world)
    for _ in range(5):
        world.do(lambda fake: fake.claim("anna"))
    assert world.until(lambda fake: world.events.count(Claimed("front", "anna")) == 5)
    world.events.clear()
    world.do(lambda fake: fake.reboot())
    assert world.until(lambda fake: world.events == [ClaimEnded("front", cut=True), MachineBack("front")])
    world.do(lambda fake: fake.claim("george"))
    assert world.until(lambda fake: Claimed("front", "george") in world.events)


@pytest.mark.parametrize("fault", sorted(set(MACHINE_FAULTS) - {"cut"}))
def test_whatever_is_the_matter_no_claim_comes_twice_and_the_line_recovers(world: World, fault: str) -> None:
    _online(world)
    world.do(lambda fake: fake.fault(fault))
    world.do(lambda fake: fake.claim("anna"))
    tells = (MachineLost, MachineDoubted)
    assert world.until(lambda fake: any(isinstance(event, tells) for event in world.events)), fault
    assert world.events.count(Claimed("front", "anna")) <= 1
    world.do(lambda fake: fake.fault(fault, False))
    world.do(lambda fake: fake.reboot())
    world.events.clear()
    assert world.until(lambda fake: MachineBack("front") in world.events)
    for _ in range(30):  # what is left of a flood may swallow a line; a machine says it again then
        world.do(lambda fake: fake.claim("george"))
        if world.until(lambda fake: Claimed("front", "george") in world.events, 1.0):
            return
    pytest.fail(f"after {fault} no claim is heard any more")


def _first_told(driver: AtmDriver) -> AtmEvent:
    told: list[AtmEvent] = []
    while not told:
        wait_for(lambda: driver.next_wake_s() is not None)
        told += driver.poll(CLOCK.now_s())
    return told[0]


# --- what only a wire can do ----------------------------------------------------------------------


@pytest.fixture
def at_tcp(tmp_path: Path) -> Iterator[AtTcp]:
    world = AtTcp(tmp_path)
    yield world
    world.close()


@pytest.mark.slow
@pytest.mark.parametrize("what", ["missing", "no terminal", "busy"])
def test_a_serial_port_that_cannot_be_opened_is_told_by_name(tmp_path: Path, what: str) -> None:
    path, words = tmp_path / "none", "there is no such port"
    holder: PtyMachine | None = None
    first: AtmDriver | None = None
    if what == "no terminal":
        path.write_text("")
        words = "cannot be opened"
    elif what == "busy":
        holder = PtyMachine(FakeMachine("front", KEY, pace=FAST), path)
        first = open_serial(str(path), 115200, MachineKey("front", KEY), CLOCK, FAST)
        wait_for(lambda: MachineBack("front") in first.poll(CLOCK.now_s()))
        words = "another program"
    driver = open_serial(str(path), 115200, MachineKey("front", KEY), CLOCK, FAST)
    try:
        lost = _first_told(driver)
    finally:
        driver.close()
        if first is not None:
            first.close()
        if holder is not None:
            holder.close()
    assert isinstance(lost, MachineLost)
    assert lost.code == "atm_port_failed"
    assert words in lost.detail


@pytest.mark.slow
def test_an_address_that_another_has_is_told_and_taken_when_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        driver = open_tcp("127.0.0.1", port, [MachineKey("front", KEY)], CLOCK, FAST)
        lost = _first_told(driver)
    assert isinstance(lost, MachineLost)
    assert (lost.code, "in use" in lost.detail) == ("atm_port_failed", True)
    machine = SocketMachine(FakeMachine("front", KEY, pace=FAST), "127.0.0.1", port)
    try:
        wait_for(lambda: MachineBack("front") in driver.poll(CLOCK.now_s()))
    finally:
        driver.close()
        machine.close()


@pytest.mark.slow
def test_strangers_who_connect_and_say_nothing_keep_nobody_out(at_tcp: AtTcp) -> None:
    """Half-open ones that sent a byte: the machine is served meanwhile, and they are thrown out."""
    strangers = [socket.create_connection(("127.0.0.1", at_tcp.port)) for _ in range(12)]
    try:
        for one in strangers:
            one.setblocking(False)
            one.send(b"{")
        _online(at_tcp)
        at_tcp.do(lambda fake: fake.claim("anna"))
        assert at_tcp.until(lambda fake: Claimed("front", "anna") in at_tcp.events)
        wait_for(lambda: all(_thrown_out(one) for one in strangers))
        said = at_tcp.events + list(at_tcp.atm.poll(CLOCK.now_s()))
        assert not any(isinstance(event, ClaimEnded) for event in said)
    finally:
        for one in strangers:
            one.close()


def _thrown_out(stranger: socket.socket) -> bool:
    try:
        return stranger.recv(10) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.mark.slow
def test_one_who_floods_is_thrown_out_at_once(at_tcp: AtTcp) -> None:
    _online(at_tcp)
    with socket.create_connection(("127.0.0.1", at_tcp.port)) as flood:
        try:
            for _ in range(1000):
                flood.sendall(b"noise\n" * 100)
            wait_for(lambda: _thrown_out(flood))
        except OSError:
            pass  # thrown out while it sent
    assert at_tcp.atm.refused == int(LINES_AT_ONCE) + 1
    at_tcp.do(lambda fake: fake.claim("anna"))
    assert at_tcp.until(lambda fake: Claimed("front", "anna") in at_tcp.events)


@pytest.mark.slow
def test_what_was_recorded_at_the_wire_is_worth_nothing_after_a_restart(tmp_path: Path) -> None:
    world = AtTcp(tmp_path)
    _online(world)
    world.do(lambda fake: fake.claim("anna"))
    world.do(lambda fake: fake.code("417902"))
    assert world.until(lambda fake: CodeGiven("front", "417902") in world.events)
    recorded = list(world.machine.fake.sent)
    world.close()
    driver = open_tcp("127.0.0.1", 0, [MachineKey("front", KEY)], CLOCK, FAST)
    wire = driver.wire
    assert isinstance(wire, TcpWire)
    wait_for(lambda: wire.port != 0)
    try:
        with socket.create_connection(("127.0.0.1", wire.port)) as thief:
            thief.sendall(b"".join(recorded))
            wait_for(lambda: driver.refused >= len(recorded) - 1)
            assert b"welcome" in thief.recv(4096), "the hello was whole, and nothing follows from it"
        assert not [event for event in driver.poll(CLOCK.now_s()) if not isinstance(event, MachineLost)]
    finally:
        driver.close()


@pytest.mark.slow
def test_two_machines_at_one_address_are_told_apart(tmp_path: Path) -> None:
    keys = [MachineKey("front", KEY), MachineKey("back", KEY[::-1])]
    driver = open_tcp("127.0.0.1", 0, keys, CLOCK, FAST)
    wire = driver.wire
    assert isinstance(wire, TcpWire)
    wait_for(lambda: wire.port != 0)
    machines = [
        SocketMachine(FakeMachine(one.name, one.key, pace=FAST), "127.0.0.1", wire.port) for one in keys
    ]
    told: list[AtmEvent] = []

    def heard(event: AtmEvent) -> bool:
        told.extend(driver.poll(CLOCK.now_s()))
        return event in told

    try:
        wait_for(lambda: heard(MachineBack("front")) and heard(MachineBack("back")))
        machines[1].do(lambda fake: fake.claim("george"))
        wait_for(lambda: heard(Claimed("back", "george")))
        driver.permit(True, "verified", "back")
        wait_for(lambda: machines[1].is_so(lambda fake: fake.permit_on))
        wait_for(lambda: machines[0].is_so(lambda fake: fake.reason == "another_machine"))
        assert machines[0].is_so(lambda fake: not fake.permit_on)
    finally:
        driver.close()
        for machine in machines:
            machine.close()


@pytest.mark.slow
def test_the_callers_side_waits_for_nothing(at_tcp: AtTcp) -> None:
    """A machine that never reads, and one that floods: what the loop calls returns at once all the same."""
    _online(at_tcp)
    at_tcp.do(lambda fake: fake.fault("flood"))
    took_s = []
    for number in range(300):
        began_s = time.perf_counter()
        at_tcp.atm.permit(bool(number % 2), "verified")
        at_tcp.atm.poll(CLOCK.now_s())
        at_tcp.atm.next_wake_s()
        took_s.append(time.perf_counter() - began_s)
        time.sleep(0.001)
    assert sorted(took_s)[len(took_s) // 2] < 0.005


@pytest.mark.slow
def test_closing_leaves_no_descriptor_and_no_thread(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    world = AtTcp(tmp_path)
    _online(world)
    world.close()
    assert not world.atm.thread.alive
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.slow
def test_a_port_that_hangs_when_it_is_opened_delays_nobody_and_the_claim_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an adapter whose driver is stuck in the kernel: only the thread waits for it."""
    world = AtSerial(tmp_path)
    let_go = threading.Event()
    try:
        _online(world)
        world.do(lambda fake: fake.claim("anna"))
        assert world.until(lambda fake: Claimed("front", "anna") in world.events)
        monkeypatch.setattr("serial.Serial.open", lambda port: let_go.wait(GIVE_UP_S))
        world.do(lambda fake: fake.fault("cut"))
        assert world.until(lambda fake: any(isinstance(event, MachineLost) for event in world.events))
        assert ClaimEnded("front", cut=True) in world.events
        wait_for(lambda: world.atm.thread.silent_s(CLOCK.now_s()) > 0.5)
        began_s = time.perf_counter()
        world.atm.permit(False, "vacant")
        world.atm.poll(CLOCK.now_s())
        assert time.perf_counter() - began_s < 0.2, "it did not wait for the thread"
    finally:
        let_go.set()
        world.close()


@pytest.mark.slow
def test_a_thread_that_dies_is_started_again_and_the_machine_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    world = AtTcp(tmp_path, port)
    told: list[tuple[Device, str, bool]] = []
    watch = ThreadWatch(lambda device, code, source, active, now_s: told.append((device, code, active)))
    watch.add(world.atm.thread, Device.ATM, "atm_stopped", 15.0)
    try:
        _online(world)
        with monkeypatch.context() as patch:
            patch.setattr(world.atm, "_turn", _killed)
            wait_for(lambda: world.atm.thread.died)
        assert world.until(lambda fake: any(isinstance(event, MachineLost) for event in world.events))
        watch.look(CLOCK.now_s())
        assert told == [(Device.ATM, "atm_stopped", True)]
        assert world.until(lambda fake: MachineBack("front") in world.events)
    finally:
        world.close()


def _killed() -> None:
    raise RuntimeError("killed by the test")
