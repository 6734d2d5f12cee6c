"""A certificate that ends is told of once, by a clock that was set, and not again after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.desk import StoryClock
from edge.fleet.keys import make_key
from edge.service.certificates import EVERY_S, CertificateWatch, Tell
from edge.settings.load import load
from tests.worlds.bank_authority import NOW_S, Authority, days, fresh_key, pem

ROOT = Authority()
DAY_S = 86400.0


class Kiosk:
    """Hears what is told; its certificate lasts 365 days from NOW."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.clock = StoryClock(wall_s=NOW_S)
        self.told: list[tuple[str, bool]] = []
        self.shown: list[tuple[str, bool]] = []
        self.give(365)
        self.start()

    def give(self, lasts_days: float) -> None:
        pair = self.data / "fleet" / "current"
        make_key(pair / "key.pem")
        made = ROOT.issue(fresh_key().public_key(), "cabin-17", days(0, lasts_days))
        (pair / "certificate.pem").write_bytes(pem(made))

    def start(self) -> None:
        settings = load(None, ["mqtt.kiosk_id=cabin-17"])
        self.watch = CertificateWatch(
            settings, self.data, self.clock, lambda do: do(), self._hear(self.told), self._hear(self.shown)
        )

    def _hear(self, heard: list[tuple[str, bool]]) -> Tell:
        def hear(code: str, active: bool, detail: str, now_s: float) -> None:
            heard.append((code, active))

        return hear

    def on_day(self, day: float) -> None:
        self.clock.move_to(day * DAY_S)
        self.watch.poll(self.clock.now_s())
        self.clock.move_to(day * DAY_S + EVERY_S)
        self.watch.poll(self.clock.now_s())


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    return Kiosk(tmp_path)


def test_it_is_told_before_the_end_and_at_the_end_once_each(kiosk: Kiosk) -> None:
    for day in (0, 100, 334):
        kiosk.on_day(day)
    assert kiosk.told == []
    for day in (336, 340, 364):
        kiosk.on_day(day)
    assert kiosk.told == [("certificate_ends_soon", True)]
    kiosk.start()
    kiosk.on_day(364.5)
    assert kiosk.told == [("certificate_ends_soon", True)], "a restart texts nobody again"
    assert kiosk.shown == [("certificate_ends_soon", True)], "and shows it"
    kiosk.on_day(366)
    kiosk.on_day(500)
    assert kiosk.told == [("certificate_ends_soon", True), ("certificate_ended", True)]


def test_a_new_one_ends_the_fault_and_its_own_end_is_told_again(kiosk: Kiosk) -> None:
    kiosk.on_day(340)
    kiosk.give(730)
    kiosk.on_day(341)
    assert kiosk.shown == [("certificate_ends_soon", False)]
    kiosk.on_day(701)
    assert kiosk.told == [("certificate_ends_soon", True)] * 2


def test_a_clock_that_nobody_set_says_nothing(kiosk: Kiosk) -> None:
    kiosk.clock.be_set(False)
    kiosk.on_day(400)
    assert kiosk.told == []
    kiosk.clock.be_set(True)
    kiosk.on_day(401)
    assert kiosk.told == [("certificate_ended", True)]


def test_a_disk_that_takes_no_writes_hides_nothing(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr("edge.service.certificates.write_whole", full)
    kiosk.on_day(340)
    assert kiosk.told == [("certificate_ends_soon", True)]


def test_a_kiosk_without_one_has_nothing_to_tell(tmp_path: Path, kiosk: Kiosk) -> None:
    (tmp_path / "fleet" / "current" / "certificate.pem").unlink()
    kiosk.on_day(400)
    assert kiosk.told == kiosk.shown == []
