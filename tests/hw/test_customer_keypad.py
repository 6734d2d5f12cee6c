"""The second keypad, inside: its keys are heard, click at once, and never become the watchman's."""

from __future__ import annotations

from random import Random

import msgspec
import pytest

from hw.board import bench_board, close_board
from hw.keypad.real import LEGEND
from hw.ports import HardwareError, KeypadFault, KeypadTrouble, KeyPress
from hw.scan import PERIOD_S, CustomerPad, HardwareTrouble, Piece, ScanEvent
from hw.wiring import CustomerKeypadWiring, ModemPowerWiring, RelayWiring, WiringSettings
from tests.worlds.hw_story import Bench, NoModem, StoryClock, bench, keys

BOTH = WiringSettings(customer_keypad=CustomerKeypadWiring(fitted=True))
CLICK_WITHIN_S = 0.05


def inside(events: list[ScanEvent]) -> str:
    """The keys of the second keypad."""
    pads = [event.what for event in events if isinstance(event, CustomerPad)]
    return "".join(what.key for what in pads if isinstance(what, KeyPress))


def _ready(wiring: WiringSettings = BOTH, seed: int = 0) -> Bench:
    story = bench(wiring, seed)
    story.run(0.05)
    story.events.clear()
    return story


def test_every_key_gives_itself_and_none_is_the_watchmans() -> None:
    story = _ready()
    every = "".join(LEGEND[3])
    story.run(story.hands.customer_type(every, story.clock.at_s) - story.clock.at_s + 0.1)
    assert inside(story.events) == every
    assert keys(story.events) == ""


def test_two_who_type_at_once_do_not_mix_and_the_watchmans_keys_come_as_without_the_other() -> None:
    alone, both = _ready(), _ready()
    for story in (alone, both):
        story.hands.type("417", story.clock.at_s)
    both.hands.customer_type("902#", both.clock.at_s + 0.013, 0.25)
    for story in (alone, both):
        story.run(1.5)
    assert [event for event in both.events if isinstance(event, KeyPress)] == alone.events
    assert (keys(both.events), inside(both.events)) == ("417", "902#")


def test_a_jammed_or_broken_pad_inside_leaves_the_watchmans_alone() -> None:
    story = _ready(WiringSettings(customer_keypad=CustomerKeypadWiring(fitted=True, stuck_s=2.0)))
    for key in "123456789":
        story.hands.customer_matrix.stick(key, True, story.clock.at_s)
    story.run(2.5)
    found = [event.what for event in story.events if isinstance(event, CustomerPad)]
    assert {what.fault for what in found if isinstance(what, KeypadTrouble)} == set(KeypadFault)
    story.hands.type("417", story.clock.at_s)
    story.run(1.5)
    assert keys(story.events) == "417"
    story.hands.fail_customer_keypad()
    story.events.clear()
    story.hands.type("902", story.clock.at_s)
    story.run(1.5)
    assert keys(story.events) == "902"
    (failed,) = [event for event in story.events if isinstance(event, HardwareTrouble)]
    assert (failed.piece, failed.code, failed.active) == (
        Piece.CUSTOMER_KEYPAD,
        "customer_keypad_failed",
        True,
    )


def test_a_key_clicks_within_50_ms_of_the_touch() -> None:
    random = Random(2)
    for seed in range(25):
        story = _ready(seed=seed)
        touched_s = story.clock.at_s - random.uniform(0.0, PERIOD_S)
        story.hands.customer_type("5", touched_s)
        while not inside(story.events):
            story.run(PERIOD_S)
        trace = story.hands.trace(BOTH.sounder.pin)
        assert next(at_s for at_s, level in trace if level) - touched_s <= CLICK_WITHIN_S - PERIOD_S / 2


def test_where_none_is_fitted_nothing_is_claimed_or_heard() -> None:
    board, hands = bench_board(StoryClock(), NoModem())
    assert board.customer_keypad is None
    assert not hands.customer_has_key("5")
    with pytest.raises(KeyError):
        hands.customer_type("5", 0.0)


@pytest.mark.parametrize("pin", [*BOTH.customer_keypad.rows, *BOTH.customer_keypad.columns])
def test_a_kiosk_starts_without_its_pins(pin: int) -> None:
    busy = frozenset({pin})
    with pytest.raises(HardwareError, match=rf"BCM {pin}: GPIO busy"):
        bench_board(StoryClock(), NoModem(), BOTH, busy=busy)
    board, _ = bench_board(StoryClock(), NoModem(), BOTH, busy=busy, strict=False)
    assert board.customer_keypad is not None
    with pytest.raises(HardwareError, match="busy"):
        board.customer_keypad.scan(1.0)
    assert close_board(board) == ()


def test_its_pins_are_checked_like_all_others() -> None:
    assert BOTH.problems() == ()
    assert len({number for _, number in BOTH.pins()}) == 19 + 7
    with_switch = msgspec.structs.replace(BOTH, modem_power=ModemPowerWiring(fitted=True))
    (problem,) = with_switch.problems()
    assert problem == "wiring.modem_power.pin and wiring.customer_keypad.columns[2] both use BCM 21"
    taken = msgspec.structs.replace(BOTH, lock=RelayWiring(pin=18))
    assert "wiring.customer_keypad.rows[2] and wiring.lock.pin both use BCM 18" in taken.problems()
    unfitted = WiringSettings(customer_keypad=CustomerKeypadWiring(rows=(17, 27, 5, 6)))
    assert unfitted.problems() == ()


def test_it_is_scanned_on_until_its_key_is_up() -> None:
    """A clock in lockstep skips quiet steps; a key inside must not wait for one outside."""
    story = _ready()
    assert story.scanner.quiet(story.clock.at_s)
    story.hands.customer_type("5", story.clock.at_s)
    story.run(0.03)
    assert not story.scanner.quiet(story.clock.at_s)
    story.run(0.4)
    assert story.scanner.quiet(story.clock.at_s)
