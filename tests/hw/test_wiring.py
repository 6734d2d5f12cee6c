"""The default wiring keeps clear of what else a Pi uses, and unsound wiring is refused by name."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hw.pins.bench_pins import BenchFactory
from hw.ports import Input
from hw.wiring import ContactKind, ContactWiring, KeypadWiring, RelayWiring, WiringSettings
from tests.worlds.hw_story import StoryClock


def test_default_is_sound_and_keeps_clear_of_buses() -> None:
    wiring = WiringSettings()
    assert wiring.problems() == ()
    used = {pin for _, pin in wiring.pins()}
    assert len(used) == 2 + 6 + 7 + 1 + 3
    assert not used & {2, 3, 14, 15, 18, 19, 21}


def test_relays_rest_on_pins_that_boot_low() -> None:
    wiring = WiringSettings()
    for relay in (wiring.lock, wiring.permit):
        assert relay.active_high
        assert 9 <= relay.pin <= 27


def test_what_guards_life_is_normally_closed_and_acts_at_once() -> None:
    wiring = WiringSettings()
    for name in (Input.EXIT, Input.FIRE):
        assert wiring.contact(name).contact is ContactKind.NORMALLY_CLOSED
        assert wiring.contact(name).on_samples == 1


@pytest.mark.parametrize(
    ("wiring", "words"),
    [
        (WiringSettings(permit=RelayWiring(pin=17)), "BCM 17"),
        (WiringSettings(keypad=KeypadWiring(columns=(10, 11, 20, 26))), "BCM 26"),
        (
            WiringSettings(exit=ContactWiring(pin=6, on_samples=1, contact=ContactKind.NORMALLY_OPEN)),
            "exit.contact",
        ),
        (WiringSettings(fire=ContactWiring(pin=12, on_samples=3)), "fire.on_samples"),
    ],
)
def test_unsound_wiring_is_named(wiring: WiringSettings, words: str) -> None:
    (problem,) = wiring.problems()
    assert words in problem


def test_a_pin_of_an_input_that_is_not_fitted_is_free() -> None:
    wiring = WiringSettings(
        vibration=ContactWiring(pin=26, fitted=False), keypad=KeypadWiring(columns=(10, 11, 20, 26))
    )
    assert wiring.problems() == ()


@pytest.mark.parametrize(
    "text",
    [b'{"lock":{"pin":1}}', b'{"lock":{"pin":28}}', b'{"lok":{"pin":4}}', b'{"keypad":{"rows":[4,7]}}'],
)
def test_bounds_and_unknown_keys_are_refused(text: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=WiringSettings)


def test_the_electricians_table_names_every_default_pin(repo: Path) -> None:
    pins = (repo / "hw" / "README.md").read_text().partition("\n## Pins\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in pins.splitlines() if line.startswith("| ") and "`" in line]
    told = [int(number) for row in rows for number in row[3].split(",")]
    assert told == [number for _, number in WiringSettings().pins()]
    header = [int(number) for row in rows for number in row[4].split(",")]
    factory = BenchFactory(StoryClock())
    assert header == [factory.pin(number).info.number for number in told]
