"""Every sync of the disk takes two seconds: fire, exit and keys do not notice, a lock waits half a second."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from edge.cabin.rules import Rules
from edge.cabin.state import Mode
from edge.codes.book import CodeBook, EntryPad
from edge.journal.writer import Journal
from edge.judge.judge import Judge
from edge.loop.kiosk import Happening, Kiosk
from edge.messages.outbox import Outbox
from edge.messages.texts import Context, code_in
from edge.pictures.keeper import Evidence
from edge.settings.load import load
from edge.terms.record import Recipient
from hw.board import BenchHands, bench_board, close_board
from hw.camera.port import Frame
from hw.clock import SystemClock
from hw.modem.fake.ports import FakeModem, SteppedModem
from hw.ports import Input
from hw.scan import ScanEvent, Scanner, ScanThread, percentile
from tests.worlds.desk_world import ScriptedLook, ScriptedPeople

SYNC_S = 2.0
REACT_S = 0.05
LOCK_S = 0.6
FAST = (
    "flow.adjust_after_s=0.5",
    "flow.lock_after_s=2",
    "flow.prompt_lead_s=0.5",
    "flow.presence_confirm_s=0.1",
    "flow.exit_hold_s=5",
    "flow.gone_after_s=0.5",
    "flow.siren_s=0",
)


class Rig:
    """The loop in real time, as the service turns it, over a bench board, with a disk that is very slow."""

    def __init__(self, folder: Path, *, slow: bool = True) -> None:
        self.clock = SystemClock()
        self.settings = load(None, FAST)
        self.phone = FakeModem()
        self.board, self.hands = bench_board(self.clock, SteppedModem(self.phone, clock=self.clock))
        self.items: queue.SimpleQueue[ScanEvent | None] = queue.SimpleQueue()
        self.scanner = Scanner(self.board, self.items.put)
        self.scanner.step(self.clock.now_s())
        self.scan = ScanThread(self.scanner, self.clock)
        self.slow = slow
        self.journal = Journal(
            folder / "journal.db", self.clock, before_sync=self._sync, on_answer=lambda: self.items.put(None)
        )
        remembered = self.journal.open()
        flow = self.settings.flow
        self.heard: list[Happening] = []
        self.people = ScriptedPeople()
        self._look = ScriptedLook(self.people)
        self._picture = np.full((60, 80), 90, np.uint8)
        self.evidence = Evidence(folder / "evidence", {}, self.clock, remembered.boot)
        self.kiosk = Kiosk(
            board=self.board,
            rules=Rules(flow),
            journal=self.journal,
            outbox=Outbox({Recipient.WATCHMAN: "+15550100", Recipient.CONTROL_ROOM: "+15550102"}),
            book=CodeBook(3),
            pad=EntryPad(3, 10.0),
            judge=Judge(flow, self.clock.now_s(), True),
            evidence=self.evidence,
            context=Context.of(self.settings),
            listener=self.heard.append,
        )
        self._stopping = threading.Event()
        self.failure: BaseException | None = None
        self.kiosk.start(remembered, self.clock.now_s())
        self.scan.start()
        self._thread = threading.Thread(target=self._run, name="loop")
        self._thread.start()

    def _sync(self) -> None:
        if self.slow:
            time.sleep(SYNC_S)

    def _run(self) -> None:
        frame, frame_s = 0, 0.0
        try:
            while not self._stopping.is_set():
                try:
                    item = self.items.get(timeout=0.02)
                except queue.Empty:
                    item = None
                if item is not None:
                    self.kiosk.hardware_event(item, self.clock.now_s())
                now_s = self.clock.now_s()
                if now_s >= frame_s:
                    frame, frame_s = frame + 1, now_s + 0.1
                    self.kiosk.observe(self._look(Frame(frame, now_s, self._picture)), now_s)
                self.kiosk.poll(self.clock.now_s())
        except BaseException as error:  # shown by the test
            self.failure = error

    def close(self) -> None:
        self._stopping.set()
        self._thread.join()
        self.scan.stop()
        self.slow = False
        self.journal.close(10.0)
        self.evidence.close(5.0)
        close_board(self.board)
        assert self.failure is None, repr(self.failure)

    def wait(self, mode: Mode, within_s: float) -> float:
        """Seconds until the table is in a mode."""
        began_s = time.monotonic()
        while self.kiosk.state.mode is not mode:
            assert time.monotonic() < began_s + within_s, f"{self.kiosk.state.mode}, not {mode}"
            assert self.failure is None, repr(self.failure)
            time.sleep(0.002)
        return time.monotonic() - began_s

    def lock_in(self) -> float:
        """Somebody masked is locked in; the seconds from the decision to the relay."""
        self.people.people.clear()
        self.hands.set_input(Input.DOOR, True, self.clock.now_s())
        self.wait(Mode.VACANT, 20.0)
        self.hands.set_input(Input.DOOR, False, self.clock.now_s())
        self.people.do("enter anna with mask", 0.0)
        self.wait(Mode.LOCKED, 20.0)
        decided_s = self.kiosk.state.since_s
        give_up_s = time.monotonic() + 5.0
        while not self.hands.lock_on:
            assert time.monotonic() < give_up_s
            time.sleep(0.001)
        return self.clock.now_s() - decided_s

    def code(self) -> str:
        give_up_s = time.monotonic() + 5.0
        while True:
            found = [code for text in self.phone.texts if (code := code_in(text.text))]
            if found:
                return found[-1]
            assert time.monotonic() < give_up_s
            time.sleep(0.01)


@contextmanager
def rig(folder: Path) -> Iterator[Rig]:
    made = Rig(folder)
    try:
        yield made
    finally:
        made.close()


def drop_s(hands: BenchHands, move: Input, clock: SystemClock) -> float:
    """Seconds from the contact to the relay."""
    began_s = clock.now_s()
    hands.set_input(move, True, began_s)
    while hands.lock_on:
        assert clock.now_s() < began_s + 2.0
        time.sleep(0.0005)
    return clock.now_s() - began_s


@pytest.mark.timeout(240)
def test_fire_exit_and_keys_with_a_disk_that_takes_two_seconds(tmp_path: Path) -> None:
    with rig(tmp_path) as made:
        lock_s = made.lock_in()
        assert 0.4 <= lock_s <= LOCK_S + 0.2, "a lock waits for its record half a second, no longer"
        # a wrong code, then the right one: the verdict follows within the same half second
        code = made.code()
        wrong = f"{(int(code) + 1) % 1000:03d}"
        for keys, mode in ((wrong, Mode.LOCKED), (code, Mode.RELEASED)):
            verdicts = sum(h.data.get("name") == "entry_judged" for h in made.heard)
            done_s = made.hands.type(keys, made.clock.now_s() + 0.05, every_s=0.25)
            give_up_s = time.monotonic() + 5.0
            while sum(h.data.get("name") == "entry_judged" for h in made.heard) == verdicts:
                assert time.monotonic() < give_up_s
                time.sleep(0.002)
            assert made.clock.now_s() - done_s <= LOCK_S + 0.2
            made.wait(mode, 1.0)
        assert not made.hands.lock_on
        # fire and exit, each from a lock
        times = []
        for name in (Input.EXIT, Input.FIRE):
            made.lock_in()
            times.append(drop_s(made.hands, name, made.clock))
            made.wait(Mode.EMERGENCY, 1.0)
            made.hands.set_input(name, False, made.clock.now_s())
        # the input path again and again; a busy test machine may spoil a round
        worst = min(_round(made) for _ in range(3))
        assert worst < REACT_S
        assert min(times) < REACT_S, times
        told = [h.data["name"] for h in made.heard if h.kind == "fault"]
        waits = [name for name in told if name != "input_chatters"]  # that is what this test does
        assert not waits, "a slow disk is not a broken one"


def _round(made: Rig) -> float:
    """The p99 of 40 presses of the exit button, from the contact to the lock held off."""
    seen = []
    for _ in range(40):
        made.hands.set_input(Input.EXIT, True, made.clock.now_s())
        time.sleep(0.03)
        seen.append(made.scanner.last_drop_s or 1.0)
        made.hands.set_input(Input.EXIT, False, made.clock.now_s())
        time.sleep(0.03)
    found = percentile(seen, 0.99)
    assert found is not None
    return found


@pytest.mark.timeout(120)
def test_keys_click_before_the_record(tmp_path: Path) -> None:
    with rig(tmp_path) as made:
        made.lock_in()
        late = []
        for key in "12*34*56*":
            pressed_s = made.clock.now_s() + 0.02
            made.hands.press(key, pressed_s)
            while not made.hands.sounding or made.clock.now_s() < pressed_s:
                assert made.clock.now_s() < pressed_s + 1.0, "no click"
                time.sleep(0.0005)
            late.append(made.clock.now_s() - pressed_s)
            time.sleep(0.3)
        late.sort()
        assert late[len(late) // 2] < REACT_S + 0.02, late
