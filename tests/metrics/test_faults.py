"""Injected faults seen by a real Prometheus: the shipped rules fire through its API, and are over again.

The whole list is `python -m tests.metrics.fault_run`; here are those that a test has the time for.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec
import pytest

from tests.metrics.fault_run import Came
from tests.worlds.prometheus import needs_prometheus, sooner

SOME: Final = (
    *("CabinGuardModemDead", "CabinGuardRecordFails", "CabinGuardCertificateEnds", "CabinGuardSilent"),
    "CabinGuardUnreachable",
)


@needs_prometheus
@pytest.mark.slow
def test_a_kiosk_that_fails_is_told_by_prometheus(repo: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.metrics.fault_run", "--folder", str(tmp_path)]
    words += [word for alert in SOME for word in ("--only", alert)]
    done = subprocess.run(words, cwd=repo, capture_output=True, text=True, check=False, timeout=1500)
    assert done.returncode == 0, done.stdout + done.stderr
    came = msgspec.json.decode((tmp_path / "faults.json").read_bytes(), type=tuple[Came, ...])
    assert {one.alert for one in came} == set(SOME)
    for one in came:
        assert one.fired_s is not None, one
        assert one.over_s is not None or "the kiosk ends" in one.what, one
        assert one.summary.startswith("kiosk-1")


def test_what_is_made_sooner_is_only_the_times() -> None:
    rule = '    interval: 5m\n        expr: "a[7d] / b[28d] offset 7d > 0.5"\n        for: 10m\n'
    assert (
        sooner(rule)
        == '    interval: 1s\n        expr: "a[30s] / b[90s] offset 30s > 0.5"\n        for: 1s\n'
    )
