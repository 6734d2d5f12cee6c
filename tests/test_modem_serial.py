"""The real driver on a real pseudo-terminal, with pyserial in between; and the memory of a refused PIN."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hw.clock import SystemClock
from hw.modem.at import Rung
from hw.modem.fake import FakeModem, PtyModem
from hw.modem.pin import PinFile
from hw.modem.real import SerialModem
from hw.ports import ModemDown, ModemEvent, ModemReady, ModemTrouble, TextAccepted, TextFailed, TextReceived

CLOCK = SystemClock()


class Pair:
    """A driver and the fake at the other end of its port."""

    def __init__(self, folder: Path, fake: FakeModem | None = None, **kwargs: object) -> None:
        self.pty = PtyModem(fake if fake is not None else FakeModem(), link=folder / "modem")
        self.events: list[ModemEvent] = []
        self.power: list[bool] = []
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
    assert pair.send("कोड 417 " * 30) == TextAccepted(1, 4)
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


def test_the_supply_is_switched_where_it_is_wired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hw.modem.real._POWER_OFF_S", 0.1)
    monkeypatch.setattr("hw.modem.real._POWER_UP_S", 0.1)
    monkeypatch.setattr("hw.modem.at._WAKE_S", 0.5)
    switched: list[bool] = []
    fake = FakeModem()
    fake.fault("mute", cure="power")
    pair = Pair(tmp_path, fake, baud=115_200, power=lambda on: _switch(pair, switched, on))
    try:
        pair.modem._engine._rung = 3
        pair.modem.send(1, "+15550100", "x", time.monotonic() + 25)
        assert pair.wait(lambda: pair.answer(1) is not None, 30)
        assert switched == [False, True]
        assert pair.modem.status.recoveries[-1].rung is Rung.POWER
        assert isinstance(pair.answer(1), TextAccepted)
    finally:
        pair.close()


def _switch(pair: Pair, switched: list[bool], on: bool) -> None:
    switched.append(on)
    if on:
        pair.pty.power_cycle()


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
