"""The bench board as a whole: what the hands do shows at the ports, and opening names what is missing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hw.board import bench_board, close_board
from hw.door.gate import GatedRelay
from hw.ports import HardwareError, Input, Light, Sound
from hw.prompt.fake import PromptFault
from hw.wiring import WiringSettings
from tests.worlds.hw_story import NoModem, StoryClock, bench


@pytest.mark.parametrize("key", [key for key, _ in WiringSettings().pins()])
def test_a_busy_pin_is_named_whichever_it_is(key: str) -> None:
    number = dict(WiringSettings().pins())[key]
    with pytest.raises(HardwareError, match=rf"BCM {number}: GPIO busy") as caught:
        bench_board(StoryClock(), NoModem(), busy=frozenset({number}))
    assert caught.value.code == "gpio_busy"


@pytest.mark.parametrize("key", [key for key, _ in WiringSettings().pins()])
def test_a_kiosk_starts_without_the_pins_that_guard_nobody(key: str) -> None:
    number = dict(WiringSettings().pins())[key]
    busy, piece = frozenset({number}), key.split(".")[0]
    if piece not in ("keypad", "sounder", "lights"):
        with pytest.raises(HardwareError):
            bench_board(StoryClock(), NoModem(), busy=busy, strict=False)
        return
    board, hands = bench_board(StoryClock(), NoModem(), busy=busy, strict=False)
    use: dict[str, Callable[[], object]] = {
        "keypad": lambda: board.keypad.scan(1.0),
        "sounder": lambda: board.sounder.click(1.0),
        "lights": lambda: board.lights.show(frozenset()),
    }
    with pytest.raises(HardwareError, match="busy") as caught:
        use[piece]()
    assert caught.value.code == "gpio_busy"
    board.permit.on()
    assert hands.permit_on
    assert close_board(board) == ()


def test_the_lock_is_claimed_first_so_that_it_rests_whatever_fails_next() -> None:
    clock = StoryClock()
    story_pins = dict(WiringSettings().pins())
    _, hands = bench_board(clock, NoModem())
    first = hands.trace(story_pins["lock.pin"])[0]
    assert first == (clock.at_s, False)


def test_everything_rests_after_closing() -> None:
    modem = NoModem()
    board, hands = bench_board(StoryClock(), modem)
    assert isinstance(board.lock, GatedRelay)
    board.lock.hold("unread", False)
    board.lock.on()
    board.permit.on()
    board.lights.show(frozenset(Light))
    board.sounder.play(Sound.SIREN, 100.0)
    assert (hands.lock_on, hands.permit_on) == (True, True)
    assert close_board(board) == ()
    assert hands.lock_pin_level is False, "resting, not floating"
    assert (hands.lock_on, hands.permit_on) == (False, False)
    assert hands.lights == frozenset()
    assert not hands.sounding
    assert modem.closed
    assert hands.watchdog.closed


def test_closing_goes_on_after_a_failure() -> None:
    board, hands = bench_board(StoryClock(), NoModem())
    board.permit.on()
    hands.fail_relay("lock")
    (failed,) = close_board(board)
    assert failed.code == "relay_write_failed"
    assert not hands.permit_on


def test_a_prompt_can_be_made_to_fail() -> None:
    story = bench()
    prompt = story.board.prompt
    story.hands.fail_prompt()
    prompt.say(1, ["mask"], "words", 0.0)
    assert not prompt.poll(0.0)[0].ok
    story.hands.fail_prompt(False)
    prompt.say(2, ["mask"], "words", 1.0)
    assert prompt.poll(1.4) == ()
    assert prompt.poll(1.5)[0].ok
    story.hands.fail_prompt(how=PromptFault.HANGS)
    prompt.say(3, ["mask"], "words", 2.0)
    assert prompt.poll(3.0) == ()
    assert not prompt.poll(10.0)[0].ok
    assert [said.text for said in story.hands.said] == ["words", "words"]


def test_the_same_seed_is_the_same_story() -> None:
    def play(seed: int) -> list[object]:
        story = bench(seed=seed)
        story.hands.type("159", story.clock.at_s)
        story.hands.set_input(Input.DOOR, True, story.clock.at_s + 0.2)
        story.run(2.0)
        return list(story.events)

    assert play(3) == play(3)


def test_hours_of_scanning_keep_nothing() -> None:
    story = bench()
    story.run(30.0)
    assert all(len(story.hands.trace(number)) <= 64 for _, number in WiringSettings().pins())
