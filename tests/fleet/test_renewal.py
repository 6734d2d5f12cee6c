"""A certificate is renewed in time, a fleet's not all at once, and people hear of one that ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.fleet.renewal import certificate_fault, renewed_from_s, warned_from_s
from edge.settings.load import load
from edge.settings.schema import Settings
from tests.worlds.bank_authority import NOW_S, Authority, days, fresh_key, pem

ROOT = Authority()
KEY = fresh_key().public_key()
DAY_S = 86400.0
SETTINGS = Settings()


@pytest.mark.parametrize(("lasts_days", "window_days"), [(365, 30), (60, 20), (1, 1 / 3), (3650, 30)])
def test_it_is_renewed_a_month_or_a_third_before_its_end(lasts_days: float, window_days: float) -> None:
    chain = [ROOT.issue(KEY, "cabin-17", days(0, lasts_days))]
    left_days = (NOW_S + lasts_days * DAY_S - renewed_from_s(SETTINGS, chain)) / DAY_S
    assert window_days <= left_days <= window_days * 4 / 3
    assert renewed_from_s(SETTINGS, chain) == renewed_from_s(SETTINGS, chain)


def test_a_fleet_does_not_come_at_once() -> None:
    """300 made in one second: no hour of the ten days that they are spread over has a twentieth of them."""
    hours: dict[int, int] = {}
    for number in range(300):
        chain = [ROOT.issue(KEY, f"cabin-{number}", days(0, 365))]
        hour = int(renewed_from_s(SETTINGS, chain) // 3600)
        hours[hour] = hours.get(hour, 0) + 1
    assert max(hours) - min(hours) <= 240
    assert len({hour // 24 for hour in hours}) >= 10, "every day has its share"
    assert max(hours.values()) <= 15


def test_people_hear_of_it_once_renewing_has_had_its_time() -> None:
    chain = [ROOT.issue(KEY, "cabin-17", days(0, 365))]
    alone = load(None, ["est_url=https://est.bank.example"])
    ends_s = NOW_S + 365 * DAY_S
    assert warned_from_s(SETTINGS, chain) == ends_s - 30 * DAY_S
    assert warned_from_s(alone, chain) == ends_s - 15 * DAY_S


def test_the_fault_is_of_the_pair_in_use(tmp_path: Path) -> None:
    settings = load(None, [f"paths.data={tmp_path}"])
    assert certificate_fault(settings, NOW_S) is None, "a kiosk without one has nothing that could end"
    pair = tmp_path / "fleet" / "current"
    pair.mkdir(parents=True)
    (pair / "certificate.pem").write_bytes(pem(ROOT.issue(KEY, "cabin-17", days(0, 365))))
    soon, ended = "certificate_ends_soon", "certificate_ended"
    for at_days, code in ((0, None), (334.9, None), (335.1, soon), (365, ended)):
        fault = certificate_fault(settings, NOW_S + at_days * DAY_S)
        assert (fault and fault.code) == code
