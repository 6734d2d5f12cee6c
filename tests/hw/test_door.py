"""Relays: one contract for every kind, no pulse at the start, and a gate that nothing passes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.door.gate import GatedRelay
from hw.door.real import PinRelay
from hw.pins.bench_pins import BenchFactory, BenchPin
from hw.pins.gpio import PinFactory, open_lgpio
from hw.ports import HardwareError, Relay
from hw.wiring import RelayWiring
from tests.worlds.hw_story import StoryClock

PIN = 17


def _bench_relay(active_high: bool = True) -> tuple[PinRelay, BenchPin]:
    factory = BenchFactory(StoryClock())
    relay = PinRelay(cast(PinFactory, factory), RelayWiring(pin=PIN, active_high=active_high), "lock")
    return relay, factory.pin(PIN)


def _plain(_: Path) -> Relay:
    return _bench_relay()[0]


def _active_low(_: Path) -> Relay:
    return _bench_relay(False)[0]


def _gated(_: Path) -> Relay:
    return GatedRelay(_bench_relay()[0])


def _gpiochip(tmp_path: Path) -> Relay:
    return PinRelay(open_lgpio(tmp_path), RelayWiring(pin=PIN), "lock")


_real = pytest.mark.skipif(
    "CABINGUARD_REAL_GPIO" not in os.environ,
    reason="switches BCM 17 of this machine: set CABINGUARD_REAL_GPIO=1",
)


@pytest.mark.parametrize("make", [_plain, _active_low, _gated, pytest.param(_gpiochip, marks=_real)])
def test_relay_contract(make: Callable[[Path], Relay], tmp_path: Path) -> None:
    relay = make(tmp_path)
    shown = [relay.is_on]
    for order in (relay.off, relay.on, relay.on, relay.off, relay.on, relay.close):
        order()
        shown.append(relay.is_on)
    assert shown == [False, False, True, True, False, True, False]


@pytest.mark.parametrize("active_high", [True, False])
def test_no_pulse_at_the_start_and_rest_at_the_end(active_high: bool) -> None:
    relay, pin = _bench_relay(active_high)
    assert [level for _, level in pin.trace] == [not active_high]
    relay.on()
    relay.close()
    assert [level for _, level in pin.trace] == [not active_high, active_high, not active_high]
    assert pin.driven is not None, "a closed relay must not float"


def test_a_failed_write_is_named_and_says_which_relay() -> None:
    relay, pin = _bench_relay()
    pin.fault = "write failed"
    with pytest.raises(HardwareError, match="lock") as caught:
        relay.on()
    assert caught.value.code == "relay_write_failed"
    pin.fault = ""
    assert not relay.is_on


def test_a_write_that_the_kernel_lost_is_found_by_reading_back() -> None:
    relay, pin = _bench_relay()
    pin.welded = True
    with pytest.raises(HardwareError) as caught:
        relay.on()
    assert caught.value.code == "relay_mismatch"


def test_hold_drops_at_once_and_refuses_until_every_reason_ends() -> None:
    relay, _ = _bench_relay()
    gate = GatedRelay(relay)
    gate.on()
    gate.hold("fire", True)
    assert not gate.is_on
    gate.hold("exit", True)
    gate.on()
    gate.hold("fire", False)
    gate.on()
    assert not gate.is_on
    assert gate.refused == 2
    gate.hold("exit", False)
    assert not gate.is_on, "the end of a hold must not lock by itself"
    gate.on()
    assert gate.is_on


def test_a_gate_can_be_born_held() -> None:
    relay, _ = _bench_relay()
    gate = GatedRelay(relay, held_for=("unread",))
    gate.on()
    assert not gate.is_on


def test_a_closed_gate_stays_shut() -> None:
    relay, _ = _bench_relay()
    gate = GatedRelay(relay)
    gate.on()
    gate.close()
    gate.on()
    assert not gate.is_on


def test_an_off_that_failed_is_tried_again_and_the_hold_stands() -> None:
    relay, pin = _bench_relay()
    gate = GatedRelay(relay)
    gate.on()
    pin.welded = True
    with pytest.raises(HardwareError):
        gate.hold("fire", True)
    assert gate.held_for == {"fire"}
    with pytest.raises(HardwareError):
        gate.tend(0.0)
    pin.welded = False
    gate.tend(0.0)
    assert not gate.is_on


def test_tend_leaves_a_lock_alone_that_should_be_on() -> None:
    relay, _ = _bench_relay()
    gate = GatedRelay(relay)
    gate.on()
    gate.tend(0.0)
    assert gate.is_on


_orders = st.one_of(
    st.sampled_from(["on", "off", "tend"]),
    st.tuples(st.sampled_from(["fire", "exit", "unread"]), st.booleans()),
)


@pytest.mark.slow
@given(st.lists(_orders, max_size=40))
def test_gate_against_a_tiny_model(orders: list[str | tuple[str, bool]]) -> None:
    relay, _ = _bench_relay()
    gate = GatedRelay(relay)
    on, held, refused = False, set[str](), 0
    for order in orders:
        if isinstance(order, tuple):
            reason, active = order
            gate.hold(reason, active)
            if active:
                held.add(reason)
                on = False
            else:
                held.discard(reason)
        elif order == "on":
            gate.on()
            refused += bool(held)
            on = on or not held
        elif order == "off":
            gate.off()
            on = False
        else:
            gate.tend(0.0)
        assert (gate.is_on, gate.refused, gate.held_for) == (on, refused, frozenset(held))


@pytest.mark.slow
def test_never_on_while_held_whatever_the_threads_do() -> None:
    relay, pin = _bench_relay()
    gate = GatedRelay(relay)
    held = threading.Event()
    violations: list[str] = []

    def watch(_: float, level: bool | None) -> None:
        if level and held.is_set():
            violations.append("switched on while held")

    pin.watch = watch
    stop = threading.Event()

    def insist() -> None:
        while not stop.is_set():
            gate.on()

    pushers = [threading.Thread(target=insist) for _ in range(3)]
    for pusher in pushers:
        pusher.start()
    switched_on = 0
    try:
        for round_number in range(150):
            gate.hold("fire", True)
            held.set()
            if pin.driven:
                violations.append("on after hold returned")
            if round_number % 10 == 0:
                stop.wait(0.001)
            if pin.driven:
                violations.append("on during the hold")
            held.clear()
            gate.hold("fire", False)
            gate.on()
            switched_on += bool(pin.driven)
    finally:
        stop.set()
        for pusher in pushers:
            pusher.join()
    assert not violations
    assert switched_on == 150
    assert gate.refused > 0


def test_the_input_path_ends_an_order_that_has_a_limit() -> None:
    """Anyone who gave the order may hang: each step looks at the time."""
    gate = GatedRelay(_bench_relay()[0])
    gate.limit(5.25)
    gate.on()
    shown = []
    for at_s in (5.2, 5.25):
        gate.tend(at_s)
        shown.append(gate.is_on)
    gate.limit(None)
    gate.on()
    gate.tend(1e9)
    assert [*shown, gate.is_on] == [True, False, True]


@pytest.mark.slow
def test_the_limit_goes_past_anyone_who_hangs_while_switching_on() -> None:
    """The driver has switched and does not come back: it holds the gate, and the time comes all the same."""
    relay, _ = _bench_relay()
    switched, lets_go = threading.Event(), threading.Event()

    class Hangs:
        """The relay, with an `on` that switches and then hangs."""

        @property
        def is_on(self) -> bool:
            return relay.is_on

        def on(self) -> None:
            relay.on()
            switched.set()
            assert lets_go.wait(60.0)

        def off(self) -> None:
            relay.off()

        def close(self) -> None:
            relay.close()

    gate = GatedRelay(Hangs())
    gate.limit(5.25)
    hanging = threading.Thread(target=gate.on)
    hanging.start()
    assert switched.wait(60.0)
    shown = []
    for at_s in (5.2, 5.25):
        gate.tend(at_s)
        shown.append(gate.is_on)
    lets_go.set()
    hanging.join()
    assert [*shown, gate.is_on] == [True, False, False], "nor does it come back"
