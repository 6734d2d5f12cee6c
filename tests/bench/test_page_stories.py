"""Stories on the bench page in a real Chromium, clicked and typed alone; keeper, cabin and page are real."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.worlds.browser import Browser, Chromium, axe, chromium
from tests.worlds.clicked_bench import Hands, LiveBench

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium here: apt install chromium"),
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("bench-page"),
]


@pytest.fixture(scope="module")
def browser(shared_chromium: Callable[[], Chromium]) -> Iterator[Browser]:
    with Browser(shared_chromium()) as browser:
        yield browser


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveBench]:
    with LiveBench(stories=tmp_path_factory.mktemp("stories")) as bench:
        yield bench


@pytest.fixture
def hands(bench: LiveBench, browser: Browser) -> Hands:
    """Before an empty cabin."""
    hands = Hands(browser, bench.address)
    hands.sees_state("vacant")
    return hands


def test_fire_while_locked_opens_the_door_and_nothing_locks_it_again(hands: Hands) -> None:
    hands.lock_in()
    hands.sees("#cabin .sound-siren")
    hands.sees("#picture figure img")
    if axe() is not None:
        assert hands.browser.findings() == {}
    hands.reads("#coming", "The fire contact")
    hands.click("fire on")
    hands.sees_state("emergency")
    hands.sees_not("#cabin .lock.lit")
    hands.sees("#cabin .drawn-contact.fire.lit")
    hands.sees(".diagram .mode-emergency.lit")
    hands.click("fire off")
    hands.pass_s(6)
    hands.sees_state("released")
    hands.leave()


def test_the_right_code_after_two_wrong_ones_typed_on_the_keypad_opens(hands: Hands) -> None:
    hands.lock_in()
    code = hands.code_of("watchman")
    wrong = "".join(str((int(digit) + 1) % 10) for digit in code)
    for tries in (1, 2):
        hands.type_keys(wrong)
        hands.browser.wait(f"document.querySelector('#log').textContent.split('wrong code').length > {tries}")
        hands.sees_state("locked")
    hands.type_keys(code)
    hands.sees_state("released")
    hands.sees_not("#cabin .lock.lit")
    hands.leave()


def test_the_plug_while_locked_unlocks_and_the_rules_decide_when_it_is_in_again(hands: Hands) -> None:
    hands.lock_in()
    hands.click_on('button[name="plug"][value="out"]')
    hands.sees_state("down")
    hands.sees("#cabin .unpowered")
    hands.sees_not("#cabin .lock.lit")
    hands.reads("#head", "Without power")
    hands.sees("#people [value='leave anna']")
    hands.click_on('button[name="plug"][value="in"]')
    hands.sees_state("warned", "released")
    hands.pass_s(12)
    hands.sees_state("locked", "released")
    hands.click("exit on")
    hands.sees_state("emergency")
    hands.click("exit off")
    hands.pass_s(8)
    hands.sees_state("released")
    hands.leave()


def test_a_dead_modem_and_nobody_can_open_so_time_does(hands: Hands) -> None:
    hands.browser.click("#fault-search")
    hands.browser.order("Input.insertText", {"text": "nothing is answered"})
    hands.click("modem mute on")
    hands.reads("#faults-on", "mute")
    hands.lock_in()
    hands.reads("#coming", "nobody can open")
    hands.pass_s(10)
    hands.sees_state("released")
    hands.click("modem mute off")
    hands.leave()
    hands.reads("#faults-on", "Nothing is broken")


def test_the_control_room_releases_by_telephone(hands: Hands) -> None:
    hands.lock_in()
    hands.sees("#phone-control-room .chat li.in")
    hands.click_on("#write-control-room button[value='RELEASE INCIDENT HOTP']")
    hands.sees("#phone-control-room .chat li.out")
    hands.sees_state("released")
    hands.sees_not("#cabin .lock.lit")
    hands.leave()


def test_the_owner_of_the_card_sends_a_code_for_somebody_else(browser: Browser) -> None:
    with LiveBench(["identity.enabled=true"]) as bench:
        hands = Hands(browser, bench.address)
        hands.sees_state("vacant")
        hands.enter("anna")
        hands.sees_state("cleared")
        hands.sees_not("#cabin .permit.lit")
        hands.click("claim george machine")
        hands.pass_s(8)
        hands.reads("#log", "identity mismatch")
        hands.click("code")
        code = hands.code_of("george")
        assert len(code) >= 6
        hands.click(f"code {code}")
        hands.sees("#cabin .permit.lit")
        hands.click("end machine")
        hands.sees_not("#cabin .permit.lit")
        hands.leave()


def test_what_was_done_is_recorded_saved_and_plays_again(hands: Hands) -> None:
    hands.click_on('#story-forms button[value="record"]')
    hands.reads("#story", "being recorded")
    hands.enter("anna", "mask")
    hands.sees_state("warned")
    hands.click("mask off anna")
    hands.sees_state("cleared")
    hands.click_on('#story-forms button[value="end"]')
    hands.reads("#story", "not saved yet")
    hands.leave()
    hands.write("#save-name", "mine")
    hands.sees('#story-name option[value="mine"]')
    hands.choose("#story-name", "mi")
    hands.choose("#story-pace", "as")
    hands.click_on('#story-forms button[value="play"]')
    hands.reads("#story", "passed")
    hands.sees("#story .pill.good")
    hands.sees_not("#story .story-lines .failed")
