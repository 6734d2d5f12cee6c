"""The sample client of the documentation is a machine: it is run against the real driver."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hw.atm.exchange import MachineKey
from hw.atm.real import open_tcp
from hw.atm.wires import TcpWire
from hw.ports import Asked, AtmEvent, Claimed, ClaimEnded, MachineBack
from tests.atm.test_driver import CLOCK, FAST, wait_for
from tests.worlds.atm_line import KEY

CLIENT = Path("hw") / "atm" / "sample_client.py"


def test_it_fits_on_a_page(repo: Path) -> None:
    assert len((repo / CLIENT).read_text().splitlines()) <= 50


@pytest.mark.slow
def test_it_claims_hears_the_answers_and_ends(repo: Path) -> None:
    driver = open_tcp("127.0.0.1", 0, [MachineKey("front", KEY)], CLOCK, FAST)
    wire = driver.wire
    assert isinstance(wire, TcpWire)
    wait_for(lambda: wire.port != 0)
    command = [sys.executable, str(repo / CLIENT), "127.0.0.1", str(wire.port), "front", KEY.hex(), "t-77"]
    told: list[AtmEvent] = []

    def heard(event: AtmEvent) -> bool:
        told.extend(driver.poll(CLOCK.now_s()))
        return event in told

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        wait_for(lambda: heard(Claimed("front", "t-77")))
        driver.ask("front", Asked.FACE)
        driver.permit(True, "verified", "front")
        wait_for(lambda: heard(ClaimEnded("front")))
        driver.permit(False, "claim_ended")
        said = [json.loads(client.stdout.readline()) for _ in range(4)]
        driver.close()
        client.wait(60.0)
    assert told[0] == MachineBack("front")
    assert driver.refused == 0
    assert [(line["type"], line.get("what", line.get("reason"))) for line in said] == [
        ("permit", "not_cleared"),
        ("ask", "face"),
        ("permit", "verified"),
        ("permit", "claim_ended"),
    ]
