"""The real driver on a real pseudo-terminal, with pyserial in between; and the memory of a refused PIN."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import cast

import pytest
import serial

from hw.board import modem_switch
from hw.clock import SystemClock
from hw.modem.at import Engine
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.switch import FakeSwitch
from hw.modem.fake.terminal import PtyModem
from hw.modem.ladder import Ladder
from hw.modem.models import PROFILES
from hw.modem.pin import PinFile
from hw.modem.real import SerialModem, SerialPort, open_serial
from hw.pins.bench_pins import BenchFactory
from hw.pins.gpio import PinFactory
from hw.ports import (
    ModemDown,
    ModemEvent,
    ModemReady,
    ModemTrouble,
    PowerKind,
    Recovery,
    Rung,
    TextAccepted,
    TextFailed,
    TextReceived,
)
from hw.serial_port import retry_pauses_s
from hw.wiring import ModemPowerWiring

CLOCK = SystemClock()


class Pair:
    """A driver and the fake at the other end of its port."""

    def __init__(
        self, folder: Path, fake: FakeModem | None = None, power: WiredPower | None = None, *, step: int = 0
    ) -> None:
        self.pty = PtyModem(fake if fake is not None else FakeModem(), link=folder / "modem")
        self.events: list[ModemEvent] = []
        switch = None
        if power is not None:
            power.wire(self.pty)
            switch = power.switch
        profile = PROFILES[self.pty.fake.name]
        engine = Engine(profile, ladder=Ladder(None if power is None else power.kind, step=step))
        port = SerialPort(self.pty.port, profile.bauds[:1])
        self.modem = SerialModem(port, engine, CLOCK, switch)

    def wait(self, until: Callable[[], bool], limit_s: float = 60.0) -> bool:
        """Until it happens; the limit only ends a test that fails."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            self.events += self.modem.poll(time.monotonic())
            if until():
                return True
            time.sleep(0.005)
        return False

    def send(self, text: str, ticket: int = 1, limit_s: float = 10.0) -> ModemEvent:
        self.modem.send(ticket, "+15550100", text, time.monotonic() + limit_s)
        assert self.wait(lambda: self.answer(ticket) is not None)
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


@pytest.mark.slow
def test_a_text_goes_through_a_real_port(pair: Pair) -> None:
    assert pair.wait(lambda: pair.modem.idle)
    assert pair.send("कोड 417 " * 30) == TextAccepted(1, (1, 2, 3, 4))
    assert [text.text for text in pair.pty.fake.texts] == ["कोड 417 " * 30]
    pair.pty.incoming("+15550102", "STATUS")
    assert pair.wait(lambda: any(isinstance(event, TextReceived) for event in pair.events))


@pytest.mark.slow
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


@pytest.fixture
def soon_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the pauses between two looks for a port."""
    monkeypatch.setattr("hw.modem.real.retry_pauses_s", lambda: (one / 10.0 for one in retry_pauses_s()))


@pytest.mark.slow
@pytest.mark.usefixtures("soon_again")
def test_a_modem_that_was_away_for_long_is_looked_for_every_few_seconds(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its port is asked for at least every 5 s, however long it was gone."""
    pauses_s = list(islice(retry_pauses_s(), 100))
    assert pauses_s[:4] == [1.0, 2.0, 4.0, 4.0]
    assert max(pauses_s) <= 5.0
    assert pair.wait(lambda: pair.modem.idle)
    asked: list[str | None] = []
    open_port = serial.Serial.open

    def ask(port: serial.Serial) -> None:
        asked.append(port.port)
        open_port(port)

    monkeypatch.setattr("serial.Serial.open", ask)
    pair.pty.fault("absent")
    assert pair.wait(lambda: len(asked) >= 3)
    pair.pty.fault("absent", on=False)
    assert pair.wait(lambda: pair.modem.idle)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["missing", "busy", "no terminal"])
def test_a_port_that_cannot_be_opened_is_told_by_name(tmp_path: Path, what: str) -> None:
    pty = PtyModem(FakeModem())
    path, holder = tmp_path / "none", None
    if what == "busy":
        path = Path(pty.port)
        holder = open_serial(pty.port, "sim800", CLOCK)
        end_s = time.monotonic() + 60
        while not holder.idle and time.monotonic() < end_s:
            time.sleep(0.01)
    elif what == "no terminal":
        path.write_text("x")
    modem = open_serial(str(path), "sim800", CLOCK)
    events: list[ModemEvent] = []
    end_s = time.monotonic() + 60
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


@pytest.mark.slow
def test_a_mute_modem_answers_nobody_and_the_text_fails(pair: Pair) -> None:
    """That it does so in time is proved in virtual time, in test_at."""
    assert pair.wait(lambda: pair.modem.idle)
    pair.pty.fault("mute")
    answer = pair.send("x", limit_s=1.5)
    assert isinstance(answer, TextFailed)
    assert answer.trouble is ModemTrouble.MUTE


@pytest.mark.slow
def test_a_thread_that_hangs_in_the_system_is_answered_for(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pair.wait(lambda: pair.modem.idle)
    release = threading.Event()

    def hang(port: serial.Serial, data: bytes) -> int:
        release.wait()
        return len(data)

    monkeypatch.setattr("serial.Serial.write", hang)
    answer = pair.send("x", limit_s=0.3)
    monkeypatch.undo()
    release.set()
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
    monkeypatch.setattr("hw.modem.ready._WAKE_S", 0.5)
    monkeypatch.setattr("hw.modem.ladder._SOON_S", 0.1)


@pytest.mark.slow
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
    pair = Pair(tmp_path, fake, power, step=3)
    try:
        pair.modem.send(1, "+15550100", "x", time.monotonic() + 60)
        assert pair.wait(lambda: pair.answer(1) is not None, 70)
        assert isinstance(pair.answer(1), TextAccepted)
        assert [level for _, level in power.pin.trace][-3:] == [power.rest, not power.rest, power.rest]
        tried = [event for event in pair.events if isinstance(event, Recovery)]
        assert (tried[-1].rung, tried[-1].worked) == (rung, True)
        assert tried[-1].took_s > 0.1
        assert tuple(tried) == pair.modem.status.recoveries
    finally:
        pair.close()


@pytest.mark.slow
@pytest.mark.usefixtures("hasty")
def test_a_switch_that_does_not_obey_is_told_and_let_go_as_soon_as_it_does(tmp_path: Path) -> None:
    fake = FakeModem()
    fake.fault("mute", cure="power")
    power = WiredPower(PowerKind.SUPPLY)
    pair = Pair(tmp_path, fake, power, step=3)
    try:
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
    pair = Pair(tmp_path, power=power)
    power.switch.pull(time.monotonic() + 1000)
    assert power.pin.driven is not power.rest
    pair.close()
    assert power.pin.driven is power.rest


@pytest.mark.slow
def test_waiting_costs_no_processor_time(pair: Pair) -> None:
    assert pair.wait(lambda: pair.modem.idle)
    time.sleep(0.2)
    before = time.process_time()
    time.sleep(1.0)
    assert time.process_time() - before < 0.1


# --- the PIN ---------------------------------------------------------------------------------------


@pytest.mark.slow
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
