"""The rows of the kiosk's health: small, rare, and of what lay ready."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.journal.reader import Line, lines
from edge.loop.vitals import EVERY_S, FIRST_S, VITALS, MachineSeen, Vitals
from edge.service.gauge import MachineGauge
from tests.worlds.incident_world import IncidentWorld


class _Gauge:
    def __init__(self) -> None:
        self.now = MachineSeen(51.5, 1200.0)

    def seen(self) -> MachineSeen:
        return self.now


def rows(record: Path) -> list[Line]:
    return [line for line in lines(record) if line.name == VITALS]


@pytest.mark.slow
def test_the_first_row_comes_after_a_good_minute_from_what_the_kiosk_knows(tmp_path: Path) -> None:
    world = IncidentWorld(tmp_path)
    world.run(5.0)
    world.desk.hands.fail_keypad()
    world.run(FIRST_S - 6.0)
    assert rows(world.record) == []
    world.run(7.0)
    world.close()
    [found] = rows(world.record)
    assert (round(found.mono_s), found.incident) == (FIRST_S, 0)
    said = json.loads(found.data)
    assert said["fps"] == pytest.approx(2.5, rel=0.03), "a picture each 0.4 s"
    assert said["signal_dbm"] == -73
    assert said["board_c"] is None, "there is no board on a desk"
    assert said["free_mb"] > 0
    assert said["up_s"] == FIRST_S
    assert said["faults"] == ["keypad"]
    whole = len(found.data) + len(found.hash) + 200  # and the digests that the line carries
    assert whole * 24 * 365 < 5e6, "a year of 64 MB"


def test_a_row_counts_since_the_row_before() -> None:
    vitals = Vitals(_Gauge(), lambda: None)
    vitals.start(100.0)
    for _ in range(round(10 * FIRST_S)):
        vitals.saw()
    assert not vitals.due(100.0 + FIRST_S - 0.1)
    assert vitals.due(100.0 + FIRST_S)
    first = json.loads(vitals.row(3, ["modem"], 100.0 + FIRST_S).data)
    assert (first["fps"], first["board_c"], first["waiting"]) == (10.0, 51.5, 3)
    second = json.loads(vitals.row(0, [], 100.0 + FIRST_S + EVERY_S).data)
    assert second["fps"] == 0.0
    assert not vitals.due(100.0 + FIRST_S + 2 * EVERY_S - 1.0)
    assert vitals.due(100.0 + FIRST_S + 2 * EVERY_S)


def test_the_hottest_sensor_counts_and_nonsense_does_not(tmp_path: Path) -> None:
    for number, text in enumerate(("48500", "61200", "-274000", "nonsense")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    gauge = MachineGauge(tmp_path, tmp_path)
    assert gauge.seen() == MachineSeen()
    gauge.look()
    assert gauge.seen().board_c == 61.2
    assert (gauge.seen().free_mb or 0) > 0


def test_a_machine_that_says_nothing_is_not_known(tmp_path: Path) -> None:
    gauge = MachineGauge(tmp_path / "gone", tmp_path / "none")
    gauge.look()
    assert gauge.seen() == MachineSeen()
