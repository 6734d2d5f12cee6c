"""The input path: fire and exit drop the lock in the step that sees them, whatever fails or is ordered."""

from __future__ import annotations

import math
import threading
import time
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.board import bench_board
from hw.clock import SystemClock
from hw.ports import HardwareError, Input, InputChange, KeyPress, Sound
from hw.scan import LINGER_S, PERIOD_S, HardwareTrouble, ScanEvent, Scanner, ScanThread, percentile
from hw.wiring import KeypadWiring, WiringSettings
from tests.worlds.hw_story import NoModem, bench, keys, moves, troubles


@pytest.mark.parametrize("name", [Input.FIRE, Input.EXIT])
def test_the_lock_drops_in_the_step_that_sees_it_and_before_anybody_hears(name: Input) -> None:
    clock = bench().clock
    board, hands = bench_board(clock, NoModem())
    lock_when_told: list[bool] = []

    def on_event(event: ScanEvent) -> None:
        if isinstance(event, InputChange) and event.active:
            lock_when_told.append(hands.lock_on)

    scanner = Scanner(board, on_event)
    scanner.step(clock.now_s())
    board.lock.on()
    locked = [hands.lock_on]
    hands.set_input(name, True, clock.now_s())
    scanner.step(clock.now_s())
    assert [*locked, hands.lock_on] == [True, False]
    assert lock_when_told == [False]


def test_the_lock_cannot_go_on_before_the_inputs_were_read() -> None:
    story = bench()
    story.board.lock.on()
    assert not story.hands.lock_on
    story.run(0.01)
    story.board.lock.on()
    assert story.hands.lock_on


@pytest.mark.slow
@pytest.mark.timeout(900)
@given(
    st.integers(0, 1000),
    st.lists(
        st.one_of(
            st.sampled_from(["on", "off"]),
            st.tuples(st.sampled_from([Input.FIRE, Input.EXIT, Input.DOOR]), st.booleans()),
            st.floats(0.005, 1.5),
        ),
        max_size=25,
    ),
)
def test_never_locked_while_fire_or_exit_is_active(
    seed: int, story_line: list[str | float | tuple[Input, bool]]
) -> None:
    """Lock orders, contacts and waiting in any order: after a step an active contact means an open lock."""
    story = bench(seed=seed)
    story.run(0.02)
    active: set[Input] = set()
    for act in story_line:
        if isinstance(act, tuple):
            name, on = act
            story.hands.set_input(name, on, story.clock.at_s)
            (active.add if on else active.discard)(name)
            story.run(0.01)
        elif isinstance(act, float):
            story.run(act)
        elif act == "on":
            story.board.lock.on()
        else:
            story.board.lock.off()
        if active & {Input.FIRE, Input.EXIT}:
            assert not story.hands.lock_on


def test_a_short_press_outlasts_an_order_that_was_on_its_way() -> None:
    story = bench()
    story.run(0.05)
    story.hands.set_input(Input.EXIT, True, story.clock.at_s)
    story.run(0.05)
    story.hands.set_input(Input.EXIT, False, story.clock.at_s)
    story.run(0.3)
    story.board.lock.on()
    assert not story.hands.lock_on
    assert story.board.lock.refused == 1
    story.run(LINGER_S)
    story.board.lock.on()
    assert story.hands.lock_on


def test_the_worst_time_to_the_pin_is_known() -> None:
    story = bench()
    story.run(0.05)
    assert story.scanner.last_drop_s is None
    story.board.lock.on()
    story.hands.set_input(Input.FIRE, True, story.clock.at_s + 0.003)
    story.run(0.05)
    assert story.hands.drops_s() == pytest.approx((0.007,))
    assert story.scanner.last_drop_s == pytest.approx(0.01)
    assert story.scanner.drop_s(0.99) == pytest.approx(0.01)


CLICK_WITHIN_S = 0.05
BOUNCE_S = 0.004
"""Of the bench's keys."""


@pytest.mark.slow
@pytest.mark.parametrize("sound", list(Sound))
@pytest.mark.parametrize("debounce_s", [0.01, 0.02, 0.03])
def test_a_click_comes_within_50_ms_by_construction(sound: Sound, debounce_s: float) -> None:
    """From the touch to the click's own edge, wherever in a scan and in a pattern the key is touched.

    Counted in scans: one until the touch is seen, the bounce, the debouncing in whole periods, and one that
    makes a gap where the buzzer sounds already.
    """
    wiring = msgspec.structs.replace(WiringSettings(), keypad=KeypadWiring(debounce_s=debounce_s))
    random = Random(1)
    worst_s = edge_s = 0.0
    for seed in range(150):
        story = bench(wiring, seed)
        story.board.sounder.play(sound, story.clock.at_s - random.uniform(0.0, 1.0))
        story.run(0.03)
        touched_s = story.clock.at_s - random.uniform(0.0, PERIOD_S)
        story.hands.press("5", touched_s)
        while not keys(story.events):
            story.run(PERIOD_S)
        made_s = story.clock.at_s - PERIOD_S
        story.run(2 * PERIOD_S)
        worst_s = max(worst_s, made_s - touched_s)
        trace = story.hands.trace(wiring.sounder.pin)
        edge_s = max(edge_s, next(at_s for at_s, level in trace if at_s >= made_s and level) - touched_s)
    assert worst_s <= CLICK_WITHIN_S - PERIOD_S / 2
    scans = math.ceil((debounce_s - 0.004) / PERIOD_S)
    assert worst_s <= PERIOD_S + BOUNCE_S + max(scans, 2) * PERIOD_S + 1e-9
    assert edge_s <= worst_s + PERIOD_S + 1e-9
    if debounce_s == KeypadWiring().debounce_s:
        assert edge_s <= CLICK_WITHIN_S - PERIOD_S / 2


def test_the_click_is_made_before_anybody_hears_of_the_key() -> None:
    """So no loop, no table and no disk can delay it."""
    story = bench()
    story.run(0.05)
    sounding_when_told: list[bool] = []
    scanner = Scanner(
        story.board,
        lambda event: (
            sounding_when_told.append(story.hands.sounding) if isinstance(event, KeyPress) else None
        ),
    )
    story.hands.press("5", story.clock.at_s)
    for _ in range(10):
        scanner.step(story.clock.at_s)
        story.clock.at_s += PERIOD_S
    assert sounding_when_told == [True]


def test_a_key_clicks_in_the_step_that_finds_it() -> None:
    story = bench()
    story.run(0.05)
    story.hands.press("5", story.clock.at_s)
    while not keys(story.events):
        assert not story.hands.sounding
        story.run(0.01)
    assert story.hands.sounding
    story.run(0.03)
    assert not story.hands.sounding


def test_an_unreadable_fire_input_drops_the_lock() -> None:
    story = bench()
    story.run(0.05)
    story.board.lock.on()
    story.hands.fail_input(Input.FIRE)
    found = story.run(0.02)
    assert not story.hands.lock_on
    assert troubles(found) == [("input_failed", True)]
    assert moves(found) == [(Input.FIRE, True)]


def test_an_unreadable_case_contact_leaves_the_lock_alone() -> None:
    story = bench()
    story.run(0.05)
    story.board.lock.on()
    story.hands.fail_input(Input.CASE)
    story.run(0.1)
    assert story.hands.lock_on


def test_a_relay_that_will_not_drop_is_told_once_and_tried_until_it_does() -> None:
    story = bench()
    story.run(0.05)
    story.board.lock.on()
    story.hands.weld_relay("lock")
    story.hands.set_input(Input.FIRE, True, story.clock.at_s)
    found = story.run(0.5)
    assert story.hands.lock_on
    assert troubles(found) == [("relay_mismatch", True)]
    assert moves(found) == [(Input.FIRE, True)]
    story.hands.weld_relay("lock", False)
    assert troubles(story.run(0.01)) == [("relay_mismatch", False)]
    assert not story.hands.lock_on


def test_a_failed_off_from_the_loop_is_tried_again() -> None:
    story = bench()
    story.run(0.05)
    story.board.lock.on()
    story.hands.fail_relay("lock")
    with pytest.raises(HardwareError, match="relay_write_failed"):
        story.board.lock.off()
    story.hands.fail_relay("lock", False)
    story.run(0.01)
    assert not story.hands.lock_on


def test_a_dead_buzzer_and_a_dead_keypad_do_not_stop_the_watch_over_fire() -> None:
    story = bench()
    story.run(0.05)
    story.board.lock.on()
    story.hands.fail_keypad()
    story.hands.fail_sounder()
    with pytest.raises(HardwareError, match="sounder_failed"):
        story.board.sounder.play(Sound.SIREN, story.clock.at_s)
    story.hands.set_input(Input.FIRE, True, story.clock.at_s)
    found = story.run(0.05)
    assert not story.hands.lock_on
    assert set(troubles(found)) == {("keypad_failed", True), ("sounder_failed", True)}


def test_a_broken_step_holds_the_lock_until_one_succeeds() -> None:
    story = bench()
    story.run(0.05)
    story.board.lock.on()
    story.scanner.fail(RuntimeError("a mistake"), story.clock.at_s)
    assert not story.hands.lock_on
    assert troubles(story.events[-1:]) == [("input_failed", True)]
    assert troubles(story.run(0.01)) == [("input_failed", False)]
    story.board.lock.on()
    assert story.hands.lock_on


@pytest.mark.slow
def test_quiet_skips_only_steps_that_find_nothing() -> None:
    """The same story stepped always and stepped only when not quiet gives the same events."""

    def play(skip: bool) -> tuple[list[ScanEvent], int]:
        story = bench(seed=5)
        story.run(0.05)
        start_s = story.clock.at_s
        taken = 0
        for tick in range(3000):
            story.clock.at_s = start_s + tick * 0.01
            if tick == 500:
                story.hands.type("417#", story.clock.at_s)
            if tick in (1000, 1100):
                story.hands.set_input(Input.DOOR, tick == 1000, story.clock.at_s)
            if tick in (1500, 1600):
                story.hands.set_input(Input.FIRE, tick == 1500, story.clock.at_s)
            # Anyone who moves something steps until it is quiet again, and at least at each frame.
            if not skip or tick % 7 == 0 or not story.scanner.quiet(story.clock.at_s):
                story.scanner.step(story.clock.at_s)
                taken += 1
        return story.events, taken

    every, all_steps = play(skip=False)
    some, few_steps = play(skip=True)
    assert keys(every) == keys(some) == "417#"
    assert moves(every) == moves(some)
    assert few_steps < all_steps / 3


def test_a_step_costs_less_than_a_millisecond() -> None:
    story = bench()
    story.board.sounder.play(Sound.SIREN, story.clock.at_s)
    story.hands.stick_key("5", True, story.clock.at_s)
    began_s = time.process_time()
    story.run(5.0)
    assert (time.process_time() - began_s) / 500 < 0.001


def _until(condition: threading.Event) -> bool:
    return condition.wait(20)


def test_the_thread_drops_the_lock_in_real_time_and_survives_mistakes() -> None:
    clock = SystemClock()
    board, hands = bench_board(clock, NoModem())
    events: list[ScanEvent] = []
    ready, dropped, recovered = threading.Event(), threading.Event(), threading.Event()
    blow_up = threading.Event()

    def on_event(event: ScanEvent) -> None:
        events.append(event)
        if blow_up.is_set():
            blow_up.clear()
            raise RuntimeError("a mistake in the callback")
        if isinstance(event, InputChange):
            ready.set()
            if event.input is Input.FIRE and event.active:
                dropped.set()
        if isinstance(event, HardwareTrouble) and not event.active:
            recovered.set()

    thread = ScanThread(Scanner(board, on_event), clock)
    thread.start()
    try:
        assert _until(ready)
        end_s = clock.now_s() + 20
        while not hands.lock_on and clock.now_s() < end_s:
            board.lock.on()
            time.sleep(0.001)
        blow_up.set()
        hands.set_input(Input.DOOR, True, clock.now_s())
        assert _until(recovered), "the thread went on after a mistake"
        board.lock.on()
        locked = hands.lock_on
        hands.set_input(Input.FIRE, True, clock.now_s())
        assert _until(dropped)
        assert (locked, hands.lock_on) == (True, False)
    finally:
        thread.stop()
    late_s = thread.lateness_s(0.5)
    assert late_s is not None
    assert late_s >= 0
    assert len(hands.drops_s()) == 1, "the benchmark has the bound on its time"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.99, None), ([3.0], 0.5, 3.0), ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0), (list(range(1, 101)), 0.99, 99)],
)
def test_percentile(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected
