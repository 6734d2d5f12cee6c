"""What a kiosk shows to the outside where nobody set anything: no port, no password that others have too."""

from __future__ import annotations

import contextlib
import re
from datetime import date
from pathlib import Path

import pytest

from edge.cabin.events import Device
from edge.selftest.findings import findings, support
from edge.settings.load import SettingsError, load
from edge.settings.schema import KEYS, Settings, is_loopback
from edge.settings.secrets import Secret, secret_file
from tests.benchmark import BenchService
from tests.service.test_threads import wait_for
from tests.worlds.desk_world import scripted_desk

_LISTEN = "0A"


def ports(process: str = "self") -> set[str]:
    """TCP ports on which a process listens and UDP ports that it has bound, its children's too."""
    own = set()
    for thread in Path(f"/proc/{process}/task").iterdir():
        children = (thread / "children").read_text().split()
        own |= {one for child in children for one in ports(child)}
    inodes = set()
    for link in Path(f"/proc/{process}/fd").iterdir():
        with contextlib.suppress(OSError):
            inodes |= set(re.findall(r"socket:\[(\d+)\]", str(link.readlink())))
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{process}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            listens = fields[3] == _LISTEN or kind.startswith("udp")
            if listens and fields[9] in inodes:
                own.add(f"{kind} {fields[1]}")
    return own


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc here")
def test_a_kiosk_of_which_nothing_was_set_listens_on_no_port(tmp_path: Path) -> None:
    before = ports()
    kiosk = BenchService(tmp_path)
    try:
        wait_for(
            lambda: Device.EYES not in kiosk.service.kiosk.state.failed and kiosk.service.kiosk.state.present
        )
        assert ports() - before == set()
    finally:
        kiosk.close()


def test_a_port_would_be_noticed() -> None:
    import socket

    before = ports()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ports() - before == {f"tcp 0100007F:{port:04X}"}


def test_no_secret_comes_with_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """No password, key or PIN has a default: each is a file that somebody has to make."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    settings = Settings()
    assert [secret for secret in Secret if secret_file(settings, secret) is not None] == []
    for key in KEYS:
        leaf = key.rpartition(".")[2]
        assert not re.search(r"password|secret|token", leaf) or leaf.endswith(("_file", "_module")), key
    assert is_loopback(settings.panel.host)
    assert not settings.panel.live
    assert not settings.panel.pictures
    assert not settings.identity.enabled
    assert not settings.mqtt.host
    assert settings.atm.transport == "none"


@pytest.mark.parametrize(("until", "code"), [("", ""), ("2030-01-02", ""), ("2030-01-01", "support_ended")])
def test_the_last_day_with_repairs_is_told(until: str, code: str) -> None:
    settings = load(None, [f"support.until={until}"])
    assert support(settings, date(2030, 1, 2)).code == code


@pytest.mark.slow
def test_the_last_day_is_in_the_self_test_and_in_the_daily_text(tmp_path: Path) -> None:
    folders = [f"paths.data={tmp_path}", f"paths.runtime={tmp_path}"]
    settings = load(None, [*folders, "support.until=2020-01-01"])
    found = [one.code for one in findings(settings, hardware=False) if one.name == "support"]
    assert found == ["support_ended"]
    desk, _ = scripted_desk(tmp_path)
    desk.run_to(2.0)
    desk.kiosk.report(found[0], desk.clock.now_s())
    desk.run_to(20.0)
    desk.close()
    assert ["selftest support_ended" in text.text for text in desk.phone.texts] == [True]


@pytest.mark.parametrize(
    "odd", ["support.until=31.12.2030", "support.contact=javascript:x", "support.contact=me"]
)
def test_an_odd_contact_or_day_is_refused(odd: str) -> None:
    with pytest.raises(SettingsError):
        load(None, [odd])
