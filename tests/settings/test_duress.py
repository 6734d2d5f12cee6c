"""A duress form that would be no secret, no other code, or too easy to guess is refused by name."""

from __future__ import annotations

import pytest

from edge.settings.conflicts import GUESSES_PERCENT, guess_percent
from edge.settings.load import SettingsError, load
from edge.settings.schema import Settings

KEY = f"people.control_room_key={'ab' * 32}"


def problems(*overrides: str, kiosk: bool = False) -> list[str]:
    try:
        load(None, overrides, kiosk=kiosk)
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_it_is_off_by_default() -> None:
    assert Settings().flow.duress == "off"
    assert problems() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("flow.duress=last_plus_one", "flow.code_digits=4"), "needs people.control_room_key"),
        (("flow.duress=last_plus_one", KEY), "settings_conflict: flow.code_tries = 3 for each"),
        (("flow.duress=prefix", KEY), "so 4 digits"),
        (
            ("flow.duress=prefix", "flow.code_digits=4", "flow.duress_prefix=9999", KEY),
            "flow.duress_prefix",
        ),
        (
            ("flow.duress=prefix", "flow.code_digits=3", "flow.duress_prefix=999", "flow.code_tries=1", KEY),
            "must be shorter than flow.code_digits",
        ),
        (("flow.duress=prefix", "flow.duress_prefix=x", KEY), "1 to 3 digits"),
        (("flow.duress=spoken", KEY), "one of"),
        (
            ("flow.duress=last_plus_one", "flow.code_digits=4", "people.control_room_key=abc"),
            "64 hexadecimal",
        ),
    ],
)
def test_what_contradicts_itself_is_refused_by_name(words: tuple[str, ...], said: str) -> None:
    found = problems(*words)
    assert found
    assert any(said in one for one in found), found


@pytest.mark.parametrize(
    ("words", "percent"),
    [
        (("flow.duress=last_plus_one", "flow.code_digits=4"), 0.30),
        (("flow.duress=prefix", "flow.code_digits=4", "flow.duress_prefix=9"), 1.506),
        (("flow.duress=prefix", "flow.code_digits=6", "flow.duress_prefix=00"), 0.15),
    ],
)
def test_what_is_hard_enough_to_guess_is_taken(words: tuple[str, ...], percent: float) -> None:
    settings = load(None, [*words, KEY])
    found = guess_percent(settings.flow, settings.flow.code_digits)
    assert found == pytest.approx(percent, rel=0.01)
    assert found <= GUESSES_PERCENT


def test_a_duress_form_doubles_what_opens_and_is_counted() -> None:
    off, on = (guess_percent(load(None, words).flow, 4) for words in ([], ["flow.code_digits=4", *ON]))
    assert on == pytest.approx(2 * off, rel=0.01)


ON = ["flow.duress=last_plus_one", KEY]


def test_a_kiosk_needs_a_way_to_the_control_room() -> None:
    words = ("flow.code_digits=4", *ON, "people.watchman=+15550100", "camera.source=usb")
    assert any("no duress code reaches it" in one for one in problems(*words, kiosk=True))
    assert problems(*words, "people.control_room=+15550102", kiosk=True) == []
