"""The commands that systemd and the installer call: distress, prompts, selftest."""

from __future__ import annotations

import gc
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.selftest import findings as selftest
from edge.settings.load import load
from hw.clock import SystemClock
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.terminal import PtyModem
from hw.pins.bench_pins import BenchFactory
from hw.ports import HardwareError


@pytest.fixture
def modem() -> Iterator[PtyModem]:
    pty = PtyModem(FakeModem("sim800"))
    yield pty
    pty.close()


def kiosk_settings(tmp_path: Path, port: str) -> list[str]:
    file = tmp_path / "kiosk.toml"
    file.write_text(
        f"""
[people]
watchman = "+15550100"
control_room = "+15550102"
[camera]
source = "usb"
[modem]
port = "{port}"
profile = "sim800"
[paths]
data = "{tmp_path / "data"}"
runtime = "{tmp_path / "run"}"
"""
    )
    return ["--settings", str(file)]


@pytest.mark.slow
def test_distress_tells_both_and_only_once_an_hour(
    tmp_path: Path, modem: PtyModem, capsys: pytest.CaptureFixture[str]
) -> None:
    options = kiosk_settings(tmp_path, modem.port)
    assert main(["distress", *options]) == 0
    assert sorted(text.number for text in modem.fake.texts) == ["+15550100", "+15550102"]
    assert all("out of service" in text.text for text in modem.fake.texts)
    assert main(["distress", *options]) == 0
    assert len(modem.fake.texts) == 2
    said = capsys.readouterr()
    assert "less than an hour ago" in said.out
    assert "5550100" not in said.out + said.err


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed here")
def test_the_prompts_are_spoken_and_nothing_else_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # as the service's user has it
    for name in ("XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "PULSE_SERVER"):
        monkeypatch.delenv(name, raising=False)
    assert main(["prompts", "--set", f"paths.data={tmp_path}"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["prompts"]
    clips = list((tmp_path / "prompts" / "en").glob("*.wav"))
    assert len(clips) > 20
    assert all(clip.stat().st_size > 1000 for clip in clips)


@pytest.mark.slow
def test_in_service_no_full_collection_goes_through_what_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hold up the input path: 24 ms of a fast machine for what the kiosk has opened."""
    collected_s: list[float] = []

    class Opened:
        def __init__(self, *args: object, **named: object) -> None:
            self.stays = [[number] for number in range(200_000)]

        def stop(self, *args: object) -> None: ...

        def turn_until_stopped(self) -> None:
            began_s = time.thread_time()
            gc.collect()
            collected_s.append(time.thread_time() - began_s)
            gc.unfreeze()
            began_s = time.thread_time()
            gc.collect()
            collected_s.append(time.thread_time() - began_s)

    monkeypatch.setattr("edge.cli.run.Service", Opened)
    monkeypatch.setattr("edge.cli.run.signal.signal", lambda *args: None)
    monkeypatch.setattr("edge.cli.run.resource.setrlimit", lambda *args: None)
    monkeypatch.setattr("edge.cli.run.sys.setswitchinterval", lambda interval_s: None)
    people = ("--set", "people.watchman=+15550100", "--set", "people.control_room=+15550102")
    assert main(["run", *people, "--set", f"paths.data={tmp_path}", "--set", "camera.source=usb"]) == 0
    assert collected_s[0] < collected_s[1] / 4


def test_selftest_names_what_is_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.selftest.machine.ask_system", lambda *command: "yes")
    options = ["--no-hardware", "--set", f"paths.data={tmp_path}", "--set", f"paths.runtime={tmp_path}"]
    assert main(["selftest", *options]) == 0
    assert "✗" not in capsys.readouterr().out
    empty = tmp_path / "models"
    empty.mkdir()
    assert main(["selftest", "--json", *options, "--set", f"paths.models={empty}"]) == 1
    assert '"code":"model_missing"' in capsys.readouterr().out


@pytest.mark.slow
def test_selftest_tries_the_modem_where_the_pins_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_pins(work_dir: Path) -> None:
        raise HardwareError("gpio_missing", "no gpiochip here")

    monkeypatch.setattr("hw.board.open_lgpio", no_pins)
    monkeypatch.setattr(selftest, "MODEM_WITHIN_S", 5.0)
    pty = PtyModem(FakeModem())
    settings = load(None, [f"paths.data={tmp_path}", f"paths.runtime={tmp_path}", f"modem.port={pty.port}"])
    try:
        pins, modem = selftest.hardware_findings(settings)
        assert (pins.name, pins.code) == ("pins", "gpio_missing")
        assert (modem.name, modem.ok, modem.detail) == ("modem", True, "registered with Testnet, -73 dBm")
        pty.fault("no_sim")
        _, modem = selftest.hardware_findings(settings)
        assert modem.code == "modem_no_sim"
        pty.fault("no_sim", on=False)
        pty.fault("no_smsc")
        _, modem = selftest.hardware_findings(settings)
        assert modem.code == "modem_no_smsc"
    finally:
        pty.close()


@pytest.mark.slow
@pytest.mark.parametrize("busy", [False, True])
def test_selftest_sees_that_the_modems_power_switch_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy: bool
) -> None:
    pins = BenchFactory(SystemClock(), frozenset({21}) if busy else frozenset())
    monkeypatch.setattr("hw.board.open_lgpio", lambda work_dir: pins)
    pty = PtyModem(FakeModem())
    settings = load(
        None, [f"paths.data={tmp_path}", f"modem.port={pty.port}", "wiring.modem_power.fitted=true"]
    )
    try:
        found = {finding.name: finding for finding in selftest.hardware_findings(settings)}
    finally:
        pty.close()
    assert found["modem"].ok
    assert found["modem_power"].code == ("gpio_busy" if busy else "")
    if not busy:
        assert True not in [level for _, level in pins.pin(21).trace], "nothing is restarted by looking"


def test_a_report_needs_a_running_kiosk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--set", f"paths.data={tmp_path}", "--set", f"paths.runtime={tmp_path}"]
    assert main(["selftest", "--tell", *options]) == 3
    assert "kiosk_not_running" in capsys.readouterr().err
