"""A technician at a whole kiosk in real time: fire, a loop that hangs, a restart, while outputs are tried."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.loop import commission
from edge.loop.gone import Gone
from edge.service import service as service_module
from edge.service.asks import CommissionOpen, Restart, TryOutput
from edge.service.control import ask, done
from edge.terms.commission import Tried
from hw.ports import Input
from tests.benchmark import BenchService

LONG_S = 90.0
EMPTY = "lights on"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.getuid() != 0, reason="root alone may begin a commissioning"),
]


class Technician:
    """Begins a commissioning at the control socket and tries the lock until the kiosk lets it."""

    def __init__(self, folder: Path) -> None:
        self.kiosk = BenchService(folder, scene=EMPTY)
        self.runtime = folder / "run"
        self.grant = str(done(ask(self.runtime, CommissionOpen("R. Mehta")))["grant"])

    def locks(self, seconds: float) -> None:
        request = TryOutput(Tried.LOCK, seconds, grant=self.grant)
        self.until(lambda: "error" not in ask(self.runtime, request))
        assert self.kiosk.hands.lock_on

    def until(self, holds: Callable[[], bool], within_s: float = LONG_S) -> float:
        """Seconds until it held."""
        began_s = time.monotonic()
        while not holds():
            assert time.monotonic() < began_s + within_s
            time.sleep(0.005)
        return time.monotonic() - began_s


@pytest.fixture
def technician(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Technician]:
    monkeypatch.setattr(service_module, "RESTART_AFTER_S", 0.0)
    monkeypatch.setattr(commission, "EMPTY_S", 1.0)
    made = Technician(tmp_path)
    # Nobody comes before these eyes, so nobody is seen to go: that rule has its tests with a desk's people.
    monkeypatch.setattr(Gone, "seen", True)
    yield made
    made.kiosk.close()


def test_fire_drops_a_lock_that_is_tried_and_a_restart_leaves_all_at_rest(technician: Technician) -> None:
    technician.locks(5.0)
    technician.kiosk.hands.set_input(Input.FIRE, True, time.monotonic())
    technician.until(lambda: not technician.kiosk.hands.lock_on, 2.0)
    assert technician.kiosk.hands.drops_s()[-1] < 0.050
    reply = ask(technician.runtime, Restart(grant=technician.grant))
    assert (reply["error"], reply["detail"]) == ("not_now", "not_vacant")


def test_a_loop_that_hangs_locks_nobody_for_longer(
    technician: Technician, monkeypatch: pytest.MonkeyPatch
) -> None:
    technician.locks(2.0)
    loop = technician.kiosk.service.kiosk
    hangs = time.monotonic() + 6.0
    over = threading.Event()
    really = loop.poll

    def stuck(now_s: float) -> None:
        over.wait(max(0.0, hangs - time.monotonic()))
        really(now_s)

    monkeypatch.setattr(loop, "poll", stuck)
    took_s = technician.until(lambda: not technician.kiosk.hands.lock_on, 5.0)
    assert took_s < 3.0
    assert time.monotonic() < hangs, "the loop had come back by itself"
    over.set()


def test_a_restart_ends_the_program_in_order(technician: Technician) -> None:
    request = Restart(grant=technician.grant)
    technician.until(lambda: ask(technician.runtime, request).get("restarting") is True)
    technician.until(lambda: not technician.kiosk.runs)
    assert not technician.kiosk.hands.lock_on
    assert not technician.kiosk.hands.permit_on
