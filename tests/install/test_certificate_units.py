"""The units that look after a kiosk's certificate: off without a fleet, behind the door, and shut in."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from edge.fleet.on_boot import CERTIFICATE_IN, REQUEST_OUT
from edge.settings.schema import EXAMPLE
from tests.worlds.pi import Pi

UNITS = ("cabinguard-certificate.service", "cabinguard-certificate-boot.service")


@pytest.fixture
def pi(tmp_path: Path, repo: Path) -> Pi:
    return Pi(tmp_path, repo)


def lines(repo: Path, unit: str) -> list[str]:
    return (repo / "systemd" / unit).read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("unit", "wanted"),
    [
        (UNITS[0], 'est_url = "https://est.bank.example"'),
        (UNITS[1], 'kiosk_id = "cabin-17"'),
    ],
)
def test_without_a_fleet_no_program_of_ours_starts(
    repo: Path, tmp_path: Path, unit: str, wanted: str
) -> None:
    (condition,) = (line for line in lines(repo, unit) if line.startswith("ExecCondition="))
    command = condition.removeprefix("ExecCondition=").removesuffix("/etc/cabinguard/kiosk.toml")
    file = tmp_path / "kiosk.toml"

    def asked() -> int:
        return subprocess.run(f"{command} '{file}'", shell=True, timeout=60).returncode

    file.write_bytes(EXAMPLE.read_bytes())
    assert asked() == 1
    key = wanted.partition(" ")[0]
    text = EXAMPLE.read_text("utf-8")
    file.write_text(re.sub(rf'^{key} = ""', wanted, text, flags=re.M), "utf-8")
    assert asked() == 0
    file.unlink()
    assert asked() == 2, "no settings, no start"


@pytest.mark.parametrize("unit", UNITS)
def test_they_are_behind_the_door_in_everything(repo: Path, unit: str) -> None:
    text = lines(repo, unit)
    for needed in ("Nice=15", "OOMScoreAdjust=800", "CPUWeight=10", "LimitCORE=0", "ProtectSystem=strict"):
        assert needed in text
    assert not any(line.startswith("Before=") for line in text), "nothing waits for them"


def test_the_key_is_handled_as_the_kiosks_user(repo: Path) -> None:
    renew, boot = (lines(repo, unit) for unit in UNITS)
    assert "User=cabinguard" in renew
    assert "CapabilityBoundingSet=CAP_SETUID CAP_SETGID" in boot
    assert "PrivateNetwork=yes" in boot
    assert f"{REQUEST_OUT} {CERTIFICATE_IN}".count("cabinguard-") == 2


@pytest.mark.slow
def test_the_installer_copies_and_enables_them(pi: Pi) -> None:
    done = pi.kiosk()
    assert done.returncode == 0, done.stderr
    enabled = next(line for line in pi.calls() if " enable " in line)
    for unit in ("cabinguard-certificate.timer", UNITS[1]):
        assert unit in enabled
    for unit in (*UNITS, "cabinguard-certificate.timer"):
        assert pi.path(f"/etc/systemd/system/{unit}").exists()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_reads_them(repo: Path, tmp_path: Path, unit: str) -> None:
    text = (repo / "systemd" / unit).read_text("utf-8")
    text = re.sub(r"^(ExecStart|ExecCondition)=.*", r"\1=/bin/true", text, flags=re.M)
    (tmp_path / unit).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit],
        capture_output=True,
        text=True,
        timeout=100,
    )
    wrong = [line for line in done.stderr.splitlines() if unit in line and "is not executable" not in line]
    assert not wrong
