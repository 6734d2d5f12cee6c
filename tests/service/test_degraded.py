"""A kiosk whose disk, buzzer and lights are missing from the start guards on with what it has."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edge.journal.reader import lines
from edge.service.asks import Status
from edge.service.control import ask
from hw.wiring import WiringSettings
from tests.benchmark import BenchService


@pytest.mark.slow
def test_without_disk_buzzer_and_lights_a_customer_is_still_served(tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("")
    wiring = WiringSettings()
    kiosk = BenchService(
        tmp_path,
        data=tmp_path / "no-folder" / "data",
        busy=frozenset({wiring.sounder.pin, wiring.lights.green_pin}),
    )
    try:
        give_up_s = time.monotonic() + 60.0
        while not kiosk.hands.permit_on and time.monotonic() < give_up_s:
            time.sleep(0.05)
        status = ask(tmp_path / "run", Status())
        assert kiosk.hands.permit_on
        assert status["state"] == "cleared"
        assert status["faults"] == ["disk", "evidence_write_failed", "lights", "sounder"]
    finally:
        kiosk.close()


@pytest.mark.slow
def test_a_kiosk_without_time_zone_files_guards_on_and_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.service.build.find_zone", lambda name: None)
    kiosk = BenchService(tmp_path)
    try:
        give_up_s = time.monotonic() + 60.0
        while not kiosk.pty.fake.texts and time.monotonic() < give_up_s:
            time.sleep(0.05)
        (text,) = kiosk.pty.fake.texts
    finally:
        kiosk.close()
    assert text.number == "+15550102"
    assert "zone_missing" in text.text
    record = lines(tmp_path / "data" / "journal.db")
    assert ("fault", "zone_missing") in [(line.kind, line.name) for line in record]
