"""A week without the broker, with restarts and power cuts, and then all of it in order of urgency."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench_week import Week, week
from tests.worlds.broker import needs_mosquitto

pytestmark = [needs_mosquitto, pytest.mark.slow]


def assert_nothing_is_unexplained(out: Week) -> None:
    assert out.truth.restarts == 7
    assert out.truth.cuts >= 7
    assert (out.missing, out.unmarked) == (0, 0)
    assert sum(out.read.values()) + sum(out.given_up.values()) == out.truth.total


def test_a_week_comes_out_whole_the_most_urgent_first(tmp_path: Path) -> None:
    out = week(tmp_path)
    assert_nothing_is_unexplained(out)
    assert out.waited == sum(out.read.values()) == out.truth.total > 800
    assert out.order == ("emergency", "alert", "report")
    assert out.in_order


def test_power_cuts_while_it_drains_lose_nothing_and_mark_what_comes_twice(tmp_path: Path) -> None:
    out = week(tmp_path, seed=2, cuts_in_drain=3)
    assert_nothing_is_unexplained(out)
    assert sum(out.given_up.values()) == 0
    assert out.repeated > 0


@pytest.mark.parametrize(("most", "days"), [(200, 14.0), (5000, 2.0)])
def test_what_is_given_up_is_named_number_by_number(tmp_path: Path, most: int, days: float) -> None:
    """Where more waits than may, the oldest of the least urgent goes; and so does what is too old."""
    out = week(tmp_path, seed=3, keep_most=most, keep_days=days)
    assert_nothing_is_unexplained(out)
    assert sum(out.given_up.values()) > 400
    assert out.order == ("emergency", "alert", "report") or out.read["report"] == 0
    if most < 5000:
        assert out.read["emergency"] == len(out.truth.decided["emergency"])  # the urgent ones are kept
