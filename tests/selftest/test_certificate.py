"""The self-test, and so the daily line, says what is wrong with a kiosk's certificate."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.fleet.keys import make_key, read_key
from edge.selftest import findings as tested
from edge.selftest.finding import Finding
from edge.settings.load import load
from hw.clock import SystemClock
from tests.worlds.bank_authority import NOW_S, Authority, days, pem

ROOT = Authority()


def found(folder: Path, *more: str) -> Finding | None:
    settings = load(None, [f"paths.data={folder}", f"paths.runtime={folder}", *more])
    return next((one for one in tested.findings(settings, hardware=False) if one.name == "certificate"), None)


@pytest.mark.slow
def test_it_is_looked_at_where_the_kiosk_is_one_of_a_fleet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "wall_true", lambda self: True)
    monkeypatch.setattr(SystemClock, "wall_s", lambda self: NOW_S)
    assert found(tmp_path) is None
    named = "mqtt.kiosk_id=cabin-17"
    missing = found(tmp_path, named)
    assert missing is not None
    assert missing.code == "certificate_missing"
    pair = tmp_path / "fleet" / "current"
    make_key(pair / "key.pem")
    key = read_key(pair / "key.pem", ours=True).public_key()
    for times, code in (
        (days(1, 364), ""),
        (days(340, 25), "certificate_ends_soon"),
        (days(366, -1), "certificate_ended"),
    ):
        (pair / "certificate.pem").write_bytes(pem(ROOT.issue(key, "cabin-17", times)))
        finding = found(tmp_path, named)
        assert finding is not None
        assert finding.code == code
