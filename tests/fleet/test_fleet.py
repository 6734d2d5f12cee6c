"""Fifty kiosks at a real broker that is killed and comes back: all are back in time, nothing is lost, and
nothing comes twice without saying so. Ten thousand: `python -m tests.bench_fleet`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench_fleet import BACK_WITHIN_S
from tests.worlds.broker import needs_mosquitto
from tests.worlds.fleet_run import Story, run
from tests.worlds.many_kiosks import Habit

pytestmark = [needs_mosquitto, pytest.mark.slow]

KIOSKS = 50


def test_a_fleet_comes_back_from_a_killed_broker_without_a_loss(tmp_path: Path) -> None:
    story = Story(
        kiosks=KIOSKS,
        processes=2,
        habit=Habit(every_s=2.0, begin_s=2.0),
        steady_s=6.0,
        down_s=2.0,
        after_s=2.0,
        changes=(("autosave_interval", "2"),),
    )
    told: list[str] = []
    out = run(tmp_path, story, told.append)
    print(told, out)
    assert len(out.connect_s) == len(out.back_s) == KIOSKS
    assert out.back_s[-1] <= BACK_WITHIN_S
    assert out.waited_most > 0  # it was away for long enough to matter
    assert out.read == out.decided > KIOSKS
    assert (out.lost, out.unmarked, out.notices) == (0, 0, 0)
    assert out.repeated > 0  # what the broker had taken just before was sent again
    assert out.desk_connects == 2
