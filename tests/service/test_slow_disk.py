"""Every sync of the disk takes two seconds: fire, exit and keys do not notice, a lock waits half a second.

The record has its own thread, as in service, and every sync of it holds that thread for two seconds of the
test's clock. Whatever else would wait for the disk would stand still with it and never come to its end.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edge.bench.desk import BENCH_NUMBERS, StoryClock
from edge.cabin.state import Mode
from edge.codes.book import random_code
from edge.journal.writer import Journal
from edge.loop.happening import Happening
from edge.loop.parts import Restarter
from edge.messages.texts import code_in
from edge.service.build import FleetSite, Site, build
from edge.settings.load import load
from hw.board import bench_board, close_board
from hw.camera.port import Frame
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.stepped import SteppedModem
from hw.ports import Input
from hw.scan import ScanEvent, Scanner
from tests.worlds.desk_world import ScriptedLook, ScriptedPeople

SYNC_S = 2.0
RECORD_S = 0.5
STEP_S = 0.01
REACT_S = 0.05
GIVE_UP_S = 60.0
"""Of the world's time: the machine may be busy."""
FAST = (
    "flow.adjust_after_s=0.5",
    "flow.lock_after_s=2",
    "flow.prompt_lead_s=0.5",
    "flow.presence_confirm_s=0.1",
    "flow.exit_hold_s=5",
    "flow.gone_after_s=0.5",
    "flow.siren_s=0",
)


class SlowDisk:
    """Each sync lasts for `SYNC_S` of the clock, from when `slow` is set until it is taken back."""

    def __init__(self, clock: StoryClock) -> None:
        self._clock = clock
        self._moved = threading.Condition()
        self._until_s: float | None = None
        self._slow = False
        self.syncs = 0

    def sync(self) -> None:
        """For the record's thread."""
        with self._moved:
            self._until_s = until_s = self._clock.now_s() + SYNC_S
            self.syncs += 1
            self._moved.notify_all()
            while self._slow and self._clock.now_s() < until_s:
                self._moved.wait(GIVE_UP_S)
            self._until_s = None

    def move_to(self, now_s: float, journal: Journal) -> None:
        """Time goes on, but not past the end of a sync, nor past the begin of one that is due."""
        give_up_s = time.monotonic() + GIVE_UP_S
        with self._moved:
            self._clock.move_to(now_s)
            self._moved.notify_all()
            while self._slow and journal.waiting and not self._is_syncing(now_s):
                assert time.monotonic() < give_up_s, "the record's thread does nothing"
                self._moved.wait(0.01)

    def _is_syncing(self, now_s: float) -> bool:
        return self._until_s is not None and now_s < self._until_s

    def be_slow(self, slow: bool) -> None:
        with self._moved:
            self._slow = slow
            self._moved.notify_all()


class Rig:
    """The kiosk as in service over a bench board and a very slow disk; the test turns its loop."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self.clock = StoryClock()
        self.disk = SlowDisk(self.clock)
        settings = load(None, FAST)
        self.phone = FakeModem()
        board, self.hands = bench_board(self.clock, SteppedModem(self.phone, clock=self.clock))
        stack.callback(close_board, board)
        self._events: list[ScanEvent] = []
        self._scanner = Scanner(board, self._events.append)
        self._scanner.step(0.0)
        self.heard: list[Happening] = []
        self.people = ScriptedPeople()
        self._look = ScriptedLook(self.people)
        self._picture = np.full((60, 80), 90, np.uint8)
        self._frame = 0
        site = Site(
            board=board,
            data=folder,
            rings={},
            unrecorded=None,
            threaded=True,
            wake=lambda: None,
            before_sync=self.disk.sync,
            want_owner=lambda on: None,
            fleet=FleetSite(tuple),
            journal=Journal,
            random=random.Random(1),
            choose_code=random_code,
            spare_numbers=BENCH_NUMBERS,
            listener=self.heard.append,
            restart=Restarter(lambda: None, 0.0),
            roots=frozenset({0}),
            eyes={},
        )
        self._built = build(settings, site, stack)
        stack.callback(self.disk.be_slow, False)
        self.kiosk = self._built.kiosk
        self._built.start(0.0)
        self.disk.be_slow(True)  # the record is open

    def step(self) -> None:
        """One turn of the input path and of the loop."""
        self.disk.move_to(self.clock.now_s() + STEP_S, self._built.journal)
        now_s = self.clock.now_s()
        self._scanner.step(now_s)
        for event in self._events:
            self.kiosk.hardware_event(event, now_s)
        self._events.clear()
        if now_s >= self._frame * 0.1:
            self._frame += 1
            self.kiosk.observe(self._look(Frame(self._frame, now_s, self._picture)), now_s)
        self.kiosk.poll(now_s)

    def until(self, what: Callable[[], bool], within_s: float) -> float:
        """The seconds until it is so, by the test's clock."""
        began_s = self.clock.now_s()
        while not what():
            assert self.clock.now_s() < began_s + within_s, self.kiosk.name
            self.step()
        return self.clock.now_s() - began_s

    def pass_time(self, for_s: float) -> None:
        end_s = self.clock.now_s() + for_s
        while self.clock.now_s() < end_s:
            self.step()

    def lock_in(self) -> float:
        """Somebody masked is locked in; the seconds from the decision to the relay."""
        self.people.people.clear()
        self.hands.set_input(Input.DOOR, True, self.clock.now_s())
        self.until(lambda: self.kiosk.state.mode is Mode.VACANT, 60.0)
        self.hands.set_input(Input.DOOR, False, self.clock.now_s())
        self.people.do("enter anna with mask", 0.0)
        self.until(lambda: self.kiosk.state.mode is Mode.LOCKED, 60.0)
        decided_s = self.kiosk.state.since_s
        self.until(lambda: self.hands.lock_on, 5.0)
        return self.clock.now_s() - decided_s

    def code(self) -> str:
        def codes() -> list[str]:
            return [code for text in self.phone.texts if (code := code_in(text.text))]

        self.until(lambda: bool(codes()) and self.kiosk.state.code.accepted_at_s is not None, 20.0)
        return codes()[-1]

    def verdicts(self) -> int:
        return sum(happening.data.get("name") == "entry_judged" for happening in self.heard)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with contextlib.ExitStack() as stack:
        yield Rig(tmp_path, stack)


@pytest.mark.slow
def test_a_lock_waits_for_its_record_half_a_second_and_no_longer(rig: Rig) -> None:
    assert rig.lock_in() == pytest.approx(RECORD_S, abs=2 * STEP_S)


@pytest.mark.slow
def test_a_verdict_follows_within_the_same_half_second(rig: Rig) -> None:
    rig.lock_in()
    code = rig.code()
    wrong = f"{(int(code) + 1) % 10 ** len(code):0{len(code)}d}"
    for keys, mode in ((wrong, Mode.LOCKED), (code, Mode.RELEASED)):
        before = rig.verdicts()
        done_s = rig.hands.type(keys, rig.clock.now_s() + 0.05, every_s=0.25)
        rig.until(lambda before=before: rig.verdicts() > before, 5.0)  # type: ignore[misc]  # bound now
        assert rig.clock.now_s() <= done_s + RECORD_S + REACT_S
        rig.until(lambda mode=mode: rig.kiosk.state.mode is mode, 0.1)  # type: ignore[misc]  # bound now
    assert not rig.hands.lock_on


@pytest.mark.slow
@pytest.mark.parametrize("name", [Input.EXIT, Input.FIRE])
def test_fire_and_exit_open_a_lock_at_once(rig: Rig, name: Input) -> None:
    rig.lock_in()
    rig.hands.set_input(name, True, rig.clock.now_s())
    assert rig.until(lambda: not rig.hands.lock_on, 5.0) <= REACT_S
    rig.until(lambda: rig.kiosk.state.mode is Mode.EMERGENCY, REACT_S)


@pytest.mark.slow
def test_keys_click_before_the_record(rig: Rig) -> None:
    rig.lock_in()
    for key in "12*34*56*":
        rig.until(lambda: not rig.hands.sounding, 5.0)
        rig.hands.press(key, rig.clock.now_s())
        assert rig.until(lambda: rig.hands.sounding, 5.0) <= REACT_S
        rig.pass_time(0.3)


@pytest.mark.slow
def test_a_slow_disk_is_not_a_broken_one(rig: Rig) -> None:
    rig.lock_in()
    rig.pass_time(20.0)
    assert rig.disk.syncs >= 5
    assert not [happening.data["name"] for happening in rig.heard if happening.kind == "fault"]
