"""The last word of a kiosk that stays down: once an hour, past everything but the modem."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import distress
from edge.settings import load
from hw.modem.fake import FakeModem, SteppedModem
from hw.ports import HardwareError, ModemTrouble, TextFailed


class Hands:
    """A clock that `sleep` moves, and a modem with a phone behind it."""

    def __init__(self, fake: FakeModem | None = None) -> None:
        self.now = 100.0
        self.wall = 1_800_000_000.0
        self.fake = fake or FakeModem("sim800")
        self.modem = SteppedModem(self.fake, "sim800", self)

    def now_s(self) -> float:
        return self.now

    def wall_s(self) -> float:
        return self.wall

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.wall += seconds


def call(hands: Hands, data: Path, control_room: str = "+15550102") -> int:
    overrides = ["cabin.name=Main St", f"people.control_room={control_room}", "people.watchman=+15550100"]
    settings = load(None, [*overrides, f"paths.data={data}"])
    return distress.call(settings, hands.modem, hands, hands.sleep)


def test_the_control_room_reads_that_the_door_is_open(tmp_path: Path) -> None:
    hands = Hands()
    assert call(hands, tmp_path) == 0
    (text,) = hands.fake.texts
    assert text.number == "+15550102"
    assert text.text.startswith("Main St: kiosk OUT OF SERVICE")
    assert "unlocked" in text.text


def test_the_longest_name_still_makes_one_text() -> None:
    assert len(distress.text("W" * 24)) <= 160


def test_once_an_hour(tmp_path: Path) -> None:
    hands = Hands()
    call(hands, tmp_path)
    hands.sleep(900.0)
    assert call(hands, tmp_path) == 0
    assert len(hands.fake.texts) == 1
    hands.sleep(3600.0)
    call(hands, tmp_path)
    assert len(hands.fake.texts) == 2


def test_a_clock_that_was_set_back_silences_nothing(tmp_path: Path) -> None:
    hands = Hands()
    call(hands, tmp_path)
    hands.wall -= 1e6
    call(hands, tmp_path)
    assert len(hands.fake.texts) == 2


def test_without_a_disk_it_is_told_all_the_same(tmp_path: Path) -> None:
    hands = Hands()
    assert call(hands, tmp_path / "gone") == 0
    assert len(hands.fake.texts) == 1


def test_without_a_control_room_the_watchman_hears(tmp_path: Path) -> None:
    hands = Hands()
    assert call(hands, tmp_path, control_room="") == 0
    assert hands.fake.texts[0].number == "+15550100"


class Refusing:
    """A modem that fails every text."""

    idle = True

    def __init__(self, *, retryable: bool) -> None:
        self.sent: list[int] = []
        self._retryable = retryable
        self._due: list[int] = []

    def send(
        self, ticket: int, number: str, text: str, deadline_s: float, validity_s: float = 86_400.0
    ) -> None:
        self.sent.append(ticket)
        self._due.append(ticket)

    def poll(self, now_s: float) -> tuple[TextFailed, ...]:
        due, self._due = self._due, []
        return tuple(
            TextFailed(each, ModemTrouble.NO_CREDIT, "+CMS ERROR: 500", self._retryable) for each in due
        )

    def next_wake_s(self) -> float | None:
        return None

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize(("retryable", "least", "most"), [(False, 1, 1), (True, 30, 36)])
def test_a_text_that_nobody_takes_is_a_named_failure(
    tmp_path: Path, retryable: bool, least: int, most: int
) -> None:
    hands, modem = Hands(), Refusing(retryable=retryable)
    settings = load(None, ["people.control_room=+15550102", f"paths.data={tmp_path}"])
    with pytest.raises(HardwareError) as raised:
        distress.call(settings, modem, hands, hands.sleep)
    assert raised.value.code == "modem_no_credit"
    assert least <= len(modem.sent) <= most
    assert hands.now <= 100.0 + distress.GIVE_UP_S + 1.0
    assert not (tmp_path / "distress-told").exists()
