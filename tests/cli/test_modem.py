"""The technician's tool, as a process, against a fake modem that is another process."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.cli import modem as modem_cli
from edge.faults.fault import FaultError
from hw.clock import SystemClock
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.switch import FakeSwitch
from hw.modem.fake.terminal import PtyModem
from hw.pins.bench_pins import BenchFactory
from hw.ports import PowerKind

RUN = (
    "import argparse, sys; from edge.cli import modem; p = argparse.ArgumentParser();"
    " modem.add_parser(p.add_subparsers()); a = p.parse_args(); sys.exit(a.run(a))"
)
ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    modem_cli.add_parser(parser.add_subparsers())
    args = parser.parse_args(["modem", *words])
    code: int = args.run(args)
    return code


@pytest.fixture
def pty(tmp_path: Path) -> Iterator[PtyModem]:
    pty = PtyModem(FakeModem(), link=tmp_path / "modem")
    yield pty
    pty.close()


@pytest.fixture
def common(pty: PtyModem, tmp_path: Path) -> list[str]:
    return ["--port", pty.port, "--set", f'paths.data="{tmp_path}"']


@pytest.mark.slow
def test_check_finds_nothing_wrong(common: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", *common) == 0
    out = capsys.readouterr().out
    assert "✓ answers: SIMCOM_SIM800L" in out
    assert '✓ profile: sim800; modem.profile is "generic"' in out
    assert "✗" not in out


@pytest.mark.slow
def test_check_as_json(common: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--json", *common) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["ready"], told["operator"], told["profile"]) == (True, "Testnet", "sim800")


@pytest.mark.slow
def test_check_names_the_fault(
    pty: PtyModem, common: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pty.fault("no_sim")
    assert run("check", *common) == 1
    assert "modem_no_sim" in capsys.readouterr().err
    assert run("check", "--port", str(tmp_path / "nothing"), "--set", f'paths.data="{tmp_path}"') == 1
    err = capsys.readouterr().err
    assert "no such port" in err
    assert "remedy" in err


@pytest.mark.slow
def test_a_missing_sms_centre_is_a_fault_that_a_setting_mends(
    pty: PtyModem, common: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    pty.fault("no_smsc")
    assert run("check", *common) == 1
    captured = capsys.readouterr()
    assert "✗ SMS centre: missing" in captured.out
    assert "modem_no_smsc" in captured.err
    assert "modem.smsc" in captured.err
    assert run("check", *common, "--set", "modem.smsc=+46705008999") == 0
    assert "✓ SMS centre: set" in capsys.readouterr().out


@pytest.mark.slow
def test_check_restarts_the_modem_by_its_switch_first(
    pty: PtyModem, common: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FaultError, match=r"wiring\.modem_power\.fitted"):
        run("check", *common, "--restart")
    pins = BenchFactory(SystemClock())
    monkeypatch.setattr("hw.board.open_lgpio", lambda work_dir: pins)
    pty.fault("off")
    wired = ["--set", "wiring.modem_power.fitted=true", "--set", 'wiring.modem_power.switches="key"']
    wired += ["--set", "wiring.modem_power.hold_s=0.1"]
    key = FakeSwitch(pty, PowerKind.KEY)
    pins.pin(21).watch = lambda at_s, level: key.on() if level else key.off()
    assert run("check", *common, *wired, "--restart") == 0
    assert "✓ answers: SIMCOM_SIM800L" in capsys.readouterr().out
    assert [level for _, level in pins.pin(21).trace][-2:] == [True, False]


@pytest.mark.slow
def test_a_pin_that_the_card_refuses_is_not_tried_again_by_the_next_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "pin"
    secret.write_text("9999\n")
    secret.chmod(0o600)
    pty = PtyModem(FakeModem("generic", pin="1234"))
    words = ["--port", pty.port, "--set", f'paths.data="{tmp_path}"', "--set", f'modem.pin_file="{secret}"']
    try:
        assert run("check", *words) == 1
        assert run("check", *words) == 1
        assert pty.fake.card.tries == 2
        assert "modem_pin_wrong" in capsys.readouterr().err
        secret.write_text("1234\n")
        assert run("check", *words) == 0
    finally:
        pty.close()


@pytest.mark.slow
def test_send_says_what_became_of_a_text(
    pty: PtyModem, common: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("send", *common, "--delivery", "+15550100", "hello") == 0
    out = capsys.readouterr().out
    assert "accepted by the network" in out
    assert "✓ delivered" in out
    assert [text.text for text in pty.fake.texts] == ["hello"]
    pty.fault("no_credit")
    assert run("send", *common, "--json", "+15550100") == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["accepted"] is False
    assert "modem_no_credit" in captured.err


@pytest.mark.slow
def test_watch_shows_signal_and_registration(common: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("watch", *common, "--for", "2") == 0
    out = capsys.readouterr().out
    assert "[######....] -73 dBm" in out
    assert "CREG home" in out
    assert out.rstrip().endswith("state    ready")


@pytest.mark.slow
def test_the_fake_is_served_and_shows_what_phones_receive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "fake modem"
    words = [sys.executable, "-c", RUN, "modem", "fake", "--port-link", str(link), "--instant", "--quiet"]
    with subprocess.Popen(
        words, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as fake:
        assert fake.stdout is not None
        assert fake.stdout.readline() == f"port {link}\n"
        assert run("send", "--port", str(link), "--set", f'paths.data="{tmp_path}"', "+15550100", "hi") == 0
        assert fake.stdout.readline() == "sms to +15550100: hi\n"
        fake.terminate()


def test_the_fake_ends_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fake", "--for", "0.1") == 0
    assert capsys.readouterr().out.startswith("port /dev/")


def typed(pty: PtyModem, line: str) -> bool:
    """What becomes of a line that somebody types at a terminal."""
    master, slave = os.openpty()
    os.write(master, f"{line}\n".encode())
    with os.fdopen(slave) as terminal:
        goes_on = modem_cli.obey(pty, terminal)
    os.close(master)
    return goes_on


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("mute", "faults that are on: mute"),
        ("cms:38 on", "faults that are on: cms:38"),
        ("noise off", "faults that are on: none"),
        ("faults", "mute           nothing is answered"),
        ("bogus on", "no fault is named bogus"),
        ("sms +15550102", "sms NUMBER TEXT"),
        ("what is this", "type: FAULT on|off"),
        ("", ""),
    ],
)
def test_what_is_typed_to_the_fake(
    pty: PtyModem, line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(pty, line)
    assert told in capsys.readouterr().out
    assert not typed(pty, "quit")


def test_somebody_writes_to_the_kiosk(pty: PtyModem) -> None:
    assert typed(pty, "sms +15550102 RELEASE 1 123456")
    with pty.lock:
        pty.fake.poll(pty.fake.condition.now_s)
        assert len(pty.fake.stores.here) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("fake", "--fault", "no_such"), 'no fault is named "no_such"; there are absent, '),
        (("fake", "--fault", "cms:x"), 'no fault is named "cms:x"'),
        (("fake", "--pin", "12a4"), "a PIN has 4 to 8 digits"),
        (("fake", "--for", "nan"), "nan is not a number of seconds"),
        (("fake", "--for", "-1"), "-1 is not a number of seconds"),
        (("watch", "--for", "soon"), "soon is not a number of seconds"),
        (("send", "watchman"), '"watchman" is no telephone number'),
        (("send", "+1555010012345678"), "is no telephone number"),
        (("send", "+15550100", " "), "the text is empty"),
        (("send", "+15550100", "x" * 2000), "at most 10 are sent"),
        (("send",), "required: number"),
        (("check", "--profile", "nokia"), "invalid choice: 'nokia'"),
    ],
)
def test_bad_words_are_refused_by_name_before_any_port_is_opened(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_the_fake_replaces_a_link_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "modem"
    link.symlink_to("/dev/null")
    assert run("fake", "--port-link", str(link), "--for", "0.1") == 0
    assert not link.is_symlink()
    link.write_text("mine")
    for wanted in (link, tmp_path):
        with pytest.raises(FileExistsError, match="not replaced"):
            run("fake", "--port-link", str(wanted), "--for", "0.1")
    assert link.read_text() == "mine"


@pytest.mark.slow
def test_a_number_may_be_written_as_people_do(pty: PtyModem, common: list[str]) -> None:
    assert run("send", *common, "+1 (555) 01-00", "hello") == 0
    assert [text.number for text in pty.fake.texts] == ["+15550100"]


def test_a_port_may_have_any_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "--port", str(tmp_path / 'a "b\\'), "--set", f'paths.data="{tmp_path}"') == 1
    captured = capsys.readouterr()
    assert "no such port" in captured.err
    assert "profile" not in captured.out, "nothing answered"


@pytest.mark.slow
def test_check_says_what_it_is_doing_all_the_while(
    pty: PtyModem, common: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modem_cli, "CHECK_S", 5.0)
    monkeypatch.setattr(modem_cli, "STILL_S", 1.0)
    pty.fault("mute")
    assert run("check", *common, "--set", "modem.baud=115200") == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0].endswith(("opening the port ...", "waking the modem ...")), "open at once, or it says so"
    assert any(line.endswith("waking the modem ...") for line in told)
    at_s = [int(line.split()[0]) for line in told if line.endswith("...")]
    assert len(at_s) >= 5, "a line a second, here"
    monkeypatch.setattr(modem_cli, "CHECK_S", 1.5)
    monkeypatch.setattr(modem_cli, "STILL_S", 0.2)
    assert run("check", "--json", *common) == 1
    assert "waking" not in capsys.readouterr().err
