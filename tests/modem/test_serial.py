"""The real driver on a real pseudo-terminal, with pyserial in between; and the memory of a refused PIN."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from hw.board import modem_switch
from hw.clock import SystemClock
from hw.modem.fake.ports import FakeModem, FakeSwitch, PtyModem
from hw.modem.pin import PinFile
from hw.modem.power import PowerKind
from hw.modem.real import _RETRY_MAX_S, SerialModem
from hw.pins.bench_pins import BenchFactory
from hw.pins.gpio import PinFactory
from hw.ports import (
    ModemDown,
    ModemEvent,
    ModemReady,
    ModemTrouble,
    Recovery,
    Rung,
    TextAccepted,
    TextFailed,
    TextReceived,
)
from hw.wiring import ModemPowerWiring

CLOCK = SystemClock()


class Pair:
    """A driver and the fake at the other end of its port."""

    def __init__(self, folder: Path, fake: FakeModem | None = None, **kwargs: object) -> None:
        self.pty = PtyModem(fake if fake is not None else FakeModem(), link=folder / "modem")
        self.events: list[ModemEvent] = []
        self.modem = SerialModem(self.pty.port, self.pty.fake.name, None, CLOCK, **kwargs)  # type: ignore[arg-type]

    def wait(self, until: Callable[[], bool], limit_s: float = 20.0) -> bool:
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            self.events += self.modem.poll(time.monotonic())
            if until():
                return True
            time.sleep(0.005)
        return False

    def send(self, text: str, ticket: int = 1, limit_s: float = 10.0) -> ModemEvent:
        self.modem.send(ticket, "+15550100", text, time.monotonic() + limit_s)
        assert self.wait(lambda: self.answer(ticket) is not None, limit_s + 3)
        answer = self.answer(ticket)
        assert answer is not None
        return answer

    def answer(self, ticket: int) -> ModemEvent | None:
        for event in self.events:
            if isinstance(event, TextAccepted | TextFailed) and event.ticket == ticket:
                return event
        return None

    def close(self) -> None:
        self.modem.close()
        self.pty.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = Pair(tmp_path)
    yield pair
    pair.close()


def test_a_text_goes_through_a_real_port(pair: Pair) -> None:
    assert pair.wait(lambda: pair.modem.idle)
    assert pair.send("कोड 417 " * 30) == TextAccepted(1, (1, 2, 3, 4))
    assert [text.text for text in pair.pty.fake.texts] == ["कोड 417 " * 30]
    pair.pty.incoming("+15550102", "STATUS")
    assert pair.wait(lambda: any(isinstance(event, TextReceived) for event in pair.events))


def test_a_modem_that_is_unplugged_and_comes_back_elsewhere_is_found_by_its_name(pair: Pair) -> None:
    assert pair.wait(lambda: pair.modem.idle)
    before = Path(pair.pty.port).readlink()
    pair.pty.fault("absent")
    assert pair.wait(lambda: any(isinstance(event, ModemDown) for event in pair.events))
    taken = os.openpty()  # so that the name of the terminal changes
    try:
        pair.pty.fault("absent", on=False)
        assert Path(pair.pty.port).readlink() != before
        assert pair.wait(lambda: pair.modem.idle)
        assert isinstance(pair.send("again"), TextAccepted)
    finally:
        for handle in taken:
            os.close(handle)


def test_a_modem_that_was_away_for_long_is_looked_for_every_few_seconds(pair: Pair) -> None:
    """Its port is asked for at least every 5 s, however long it was gone."""
    assert pair.wait(lambda: pair.modem.idle)
    pair.pty.fault("absent")
    assert pair.wait(lambda: pair.modem._retry_pause_s >= _RETRY_MAX_S, 20)
    asked: list[float] = []
    open_port = pair.modem._open_port

    def ask() -> None:
        asked.append(time.monotonic())
        open_port()

    pair.modem._open_port = ask  # type: ignore[method-assign]
    assert pair.wait(lambda: len(asked) == 2, 20)
    assert pair.modem._retry_pause_s == _RETRY_MAX_S
    assert _RETRY_MAX_S <= 5.0
    pair.pty.fault("absent", on=False)
    assert pair.wait(lambda: pair.modem.idle, 20)


@pytest.mark.parametrize("what", ["missing", "busy", "no terminal"])
def test_a_port_that_cannot_be_opened_is_told_by_name(tmp_path: Path, what: str) -> None:
    pty = PtyModem(FakeModem())
    path, holder = tmp_path / "none", None
    if what == "busy":
        path = Path(pty.port)
        holder = SerialModem(pty.port, "sim800", None, CLOCK)
        end_s = time.monotonic() + 10
        while not holder.idle and time.monotonic() < end_s:
            time.sleep(0.01)
    elif what == "no terminal":
        path.write_text("x")
    modem = SerialModem(str(path), "sim800", None, CLOCK)
    events: list[ModemEvent] = []
    end_s = time.monotonic() + 10
    while not events and time.monotonic() < end_s:
        events += modem.poll(time.monotonic())
        time.sleep(0.01)
    modem.close()
    if holder is not None:
        holder.close()
    pty.close()
    down = events[0]
    assert isinstance(down, ModemDown)
    assert down.trouble is (ModemTrouble.BUSY if what == "busy" else ModemTrouble.ABSENT)
    words = {"missing": "no such port", "busy": "another program", "no terminal": "cannot be opened"}[what]
    assert words in down.detail


def test_a_mute_modem_answers_nobody_and_the_text_fails_in_time(pair: Pair) -> None:
    assert pair.wait(lambda: pair.modem.idle)
    pair.pty.fault("mute")
    started_s = time.monotonic()
    answer = pair.send("x", limit_s=1.5)
    assert isinstance(answer, TextFailed)
    assert answer.trouble is ModemTrouble.MUTE
    assert time.monotonic() - started_s < 2.5


def test_a_thread_that_hangs_in_the_system_is_answered_for(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pair.wait(lambda: pair.modem.idle)
    release: list[bool] = []

    def hang(data: bytes) -> int:
        while not release:
            time.sleep(0.02)
        return len(data)

    monkeypatch.setattr(pair.modem._serial, "write", hang)
    answer = pair.send("x", limit_s=0.3)
    release.append(True)
    assert isinstance(answer, TextFailed)
    assert answer.cause == "the port hangs"
    down = pair.events.index(ModemDown(ModemTrouble.MUTE, "the port hangs"))
    assert pair.wait(lambda: any(isinstance(event, ModemReady) for event in pair.events[down:]))


class WiredPower:
    """The power switch on a mock pin, with the pseudo-terminal's modem at the other end of the wire."""

    def __init__(self, kind: PowerKind, *, active_high: bool = True) -> None:
        wiring = ModemPowerWiring(fitted=True, switches=kind, active_high=active_high, hold_s=0.1)
        factory = BenchFactory(CLOCK)
        switch = modem_switch(cast(PinFactory, factory), wiring)
        assert switch is not None
        self.switch = switch
        self.kind = kind
        self.pin = factory.pin(wiring.pin)
        self.rest = self.pin.driven

    def wire(self, pty: PtyModem) -> None:
        far_end = FakeSwitch(pty, self.kind)
        self.pin.watch = lambda at_s, level: far_end.off() if level == self.rest else far_end.on()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw.modem.real._POWER_UP_S", 0.1)
    monkeypatch.setattr("hw.modem.at._WAKE_S", 0.5)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(
    ("kind", "fault", "cure", "rung"),
    [
        (PowerKind.SUPPLY, "mute", "power", Rung.POWER),
        (PowerKind.SUPPLY, "off", "", Rung.POWER),
        (PowerKind.KEY, "off", "", Rung.KEY),
    ],
)
def test_a_modem_is_restarted_by_the_switch_on_its_pin(
    tmp_path: Path, kind: PowerKind, fault: str, cure: str, rung: Rung, active_high: bool
) -> None:
    fake = FakeModem()
    fake.fault(fault, cure=cure)
    power = WiredPower(kind, active_high=active_high)
    assert power.rest is not active_high
    pair = Pair(tmp_path, fake, baud=115_200, switch=power.switch)
    power.wire(pair.pty)
    try:
        pair.modem._engine._ladder._step = 3
        pair.modem.send(1, "+15550100", "x", time.monotonic() + 25)
        assert pair.wait(lambda: pair.answer(1) is not None, 30)
        assert isinstance(pair.answer(1), TextAccepted)
        assert [level for _, level in power.pin.trace][-3:] == [power.rest, not power.rest, power.rest]
        tried = [event for event in pair.events if isinstance(event, Recovery)]
        assert (tried[-1].rung, tried[-1].worked) == (rung, True)
        assert tried[-1].took_s > 0.1
        assert tuple(tried) == pair.modem.status.recoveries
    finally:
        pair.close()


@pytest.mark.usefixtures("hasty")
def test_a_switch_that_does_not_obey_is_told_and_let_go_as_soon_as_it_does(tmp_path: Path) -> None:
    fake = FakeModem()
    fake.fault("mute", cure="power")
    power = WiredPower(PowerKind.SUPPLY)
    pair = Pair(tmp_path, fake, baud=115_200, switch=power.switch)
    power.wire(pair.pty)
    try:
        pair.modem._engine._ladder._step = 3
        assert pair.wait(lambda: power.switch.pulled)
        power.pin.welded = True  # pulled in, and nothing is written any more
        told = "the modem's power switch failed (modem_power: commanded off)"
        assert pair.wait(lambda: ModemDown(ModemTrouble.MUTE, told) in pair.events)
        assert power.pin.driven is not power.rest
        power.pin.welded = False
        assert pair.wait(lambda: pair.modem.idle)
        assert power.pin.driven is power.rest
    finally:
        pair.close()


def test_closing_lets_the_switch_go(tmp_path: Path) -> None:
    power = WiredPower(PowerKind.KEY)
    pair = Pair(tmp_path, switch=power.switch)
    power.switch.pull(time.monotonic() + 1000)
    assert power.pin.driven is not power.rest
    pair.close()
    assert power.pin.driven is power.rest


def test_waiting_costs_no_processor_time(pair: Pair) -> None:
    assert pair.wait(lambda: pair.modem.idle)
    time.sleep(0.2)
    before = time.process_time()
    time.sleep(1.0)
    assert time.process_time() - before < 0.1


# --- the PIN ---------------------------------------------------------------------------------------


def test_a_refused_pin_is_remembered_over_restarts_and_a_new_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    assert not PinFile(path).tried("1234")
    PinFile(path).mark("1234")
    assert PinFile(path).tried("1234")
    assert not PinFile(path).tried("4321")
    assert b"1234" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    PinFile(path).clear()
    assert not PinFile(path).tried("1234")


def test_a_damaged_memory_counts_as_tried(tmp_path: Path) -> None:
    path = tmp_path / "pin"
    path.write_bytes(b"")
    assert PinFile(path).tried("1234")


def test_a_pin_that_cannot_be_remembered_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        PinFile(tmp_path / "missing" / "pin").mark("1234")
