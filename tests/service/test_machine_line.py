"""The kiosk in service and a machine at its port: real threads, a real socket, and a bench's pins."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cabin.events import Device
from edge.service import service as service_module
from edge.service.devices import open_atm
from edge.service.service import Service
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.settings.secrets import machine_keys
from hw.atm.fake.machine import FakeMachine
from hw.atm.fake.wires import SocketMachine
from hw.atm.real import AtmDriver
from hw.board import bench_board
from hw.ports import Board, Clock
from tests.worlds.atm_line import KEY
from tests.worlds.hw_story import NoModem
from tests.worlds.ports import free_port

GIVE_UP_S = 60.0


def _settings(folder: Path, port: int, *overrides: str) -> Settings:
    keys = folder / "keys"
    keys.write_text(f"front {KEY.hex()}")
    keys.chmod(0o600)
    line = ["atm.transport=tcp", 'atm.machines=["front"]', f"atm.port={port}", f"atm.keys_file={keys}"]
    return load(None, [f"paths.data={folder}/data", f"paths.runtime={folder}/run", *line, *overrides])


def _opened(settings: Settings, clock: Clock) -> Board:
    board, _ = bench_board(clock, NoModem(), settings.wiring, strict=False)
    keys = machine_keys(settings) if settings.line_wanted else {}
    board.atm = open_atm(settings, keys, clock)
    return board


def _turn_until(service: Service, what: Callable[[], bool]) -> None:
    end_s = time.monotonic() + GIVE_UP_S
    while not what():
        assert time.monotonic() < end_s
        assert service.turn()


@pytest.mark.slow
def test_a_machine_is_heard_and_answered_by_the_kiosk_in_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "eyes_plans", lambda settings: ())
    port = free_port()
    with contextlib.ExitStack() as stack:
        service = Service(_settings(tmp_path, port, "identity.enabled=true"), stack, open_parts=_opened)
        machine = SocketMachine(FakeMachine("front", KEY), "127.0.0.1", port)
        stack.callback(machine.close)
        _turn_until(service, lambda: machine.is_so(lambda fake: fake.reason == "vacant"))
        machine.do(lambda fake: fake.claim("t-77"))
        _turn_until(service, lambda: machine.is_so(lambda fake: _refusals(fake) != []))
        assert machine.is_so(lambda fake: _refusals(fake) == ["not_enrolled"])
        assert machine.is_so(lambda fake: not fake.permit_on)
        driver = service.board.atm
        assert isinstance(driver, AtmDriver)
        with monkeypatch.context() as patch:
            patch.setattr(driver, "_turn", _killed)
            _turn_until(service, lambda: Device.ATM in service.kiosk.state.failed)
        _turn_until(service, lambda: Device.ATM not in service.kiosk.state.failed)
        machine.do(lambda fake: fake.heard.clear())
        _turn_until(service, lambda: machine.is_so(lambda fake: fake.online))
        machine.do(lambda fake: fake.claim("t-77"))
        _turn_until(service, lambda: machine.is_so(lambda fake: _refusals(fake) != []))


def _refusals(fake: FakeMachine) -> list[object]:
    return [said["reason"] for said in fake.heard if said["type"] == "refused"]


def _killed() -> None:
    raise RuntimeError("killed by the test")


@pytest.mark.slow
def test_without_identity_nobody_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "eyes_plans", lambda settings: ())
    port = free_port()
    with contextlib.ExitStack() as stack:
        service = Service(_settings(tmp_path, port), stack, open_parts=_opened)
        assert service.board.atm is None
        for _ in range(5):
            assert service.turn()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5.0)
