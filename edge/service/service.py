"""The kiosk in service. Opens everything, then turns the one loop until it is told to end.

Five threads beside the loop hold what may wait: the input path (10 ms), the journal, the evidence, the
modem's port, the control socket; others the line to the machine and the broker's, where there are such. The
camera and the networks have a process of their own. All of them hand the loop events; none of them decides.
The loop watches them all, drops the relays itself when the input path stands still, and proves its progress
to the watchdog only while the input path and the eyes' supervisor make progress too.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import queue
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from edge.codes.book import random_code
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.journal.writer import Journal
from edge.loop.happening import Happening
from edge.loop.parts import Restarter
from edge.loop.unrecorded import NAME as UNRECORDED
from edge.pictures.ring import RingReader, ring_file
from edge.service.build import FleetSite, Site, build
from edge.service.control import Asked, ControlServer
from edge.service.devices import leave_pins, open_real
from edge.service.log import log_happening
from edge.service.plans import eyes_plans
from edge.service.threads import InputGuard, Part, ThreadWatch
from edge.settings.schema import Settings
from edge.terms.observation import FACE_CAMERA
from edge.vision.eyes.process import EyesProcess
from edge.vision.eyes.report import EyesEvent
from edge.vision.eyes.supervisor import EyesSupervisor
from hw.board import close_board
from hw.clock import SystemClock
from hw.ports import Board, Clock, HardwareError, InputChange
from hw.scan import ScanEvent, Scanner, ScanThread
from hw.watched import Watched

_log = logging.getLogger(__name__)

TURN_S: Final = 0.05
"""The longest pause of the loop; everything urgent wakes it earlier."""

SWITCH_S: Final = 0.001
"""How soon a busy thread gives way to the input path; the interpreter's own 5 ms would be half its period."""

FEED_S: Final = 2.0

RESTART_AFTER_S: Final = 120.0
"""The unit is given up after six starts in ten minutes; who restarts it by hand cannot come near that."""


@dataclass(frozen=True, slots=True)
class _Stop:
    """Wakes the loop to end it."""


@dataclass(frozen=True, slots=True)
class _Nudge:
    """Wakes the loop to look at its answers."""


_Item = ScanEvent | Asked | _Stop | _Nudge


class Service:
    """Everything that runs, opened in the order in which it guards life. `stack` closes it in reverse.

    `open_parts` and `before_sync` are for benches: other devices, and what every sync of the disk waits for.
    `selftest` tries what may be tried beside a kiosk that runs, and names what failed.
    """

    def __init__(
        self,
        settings: Settings,
        stack: contextlib.ExitStack,
        *,
        verbose: bool = False,
        open_parts: Callable[[Settings, Clock], Board] = open_real,
        before_sync: Callable[[], None] = lambda: None,
        selftest: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._verbose = verbose
        self._clock = SystemClock()
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._fed_s = float("-inf")
        self._ready = False
        self._priority_told = False
        self.pictures_seen = 0
        data, runtime = Path(settings.paths.data), Path(settings.paths.runtime)
        make_folder(runtime)
        with contextlib.suppress(FaultError):  # the record says what is wrong with it, and the kiosk works on
            make_folder(data)

        leave_pins(settings)
        # The lock first: from here on it rests unlocked under our hand.
        self.board = open_parts(settings, self._clock)
        stack.callback(self._close_board)
        try:
            self._open_rest(settings, stack, data, runtime, before_sync, selftest)
        except BaseException:  # SIGTERM too: before anything is closed that has to be waited for
            self.rest_relays()
            raise

    def _open_rest(
        self,
        settings: Settings,
        stack: contextlib.ExitStack,
        data: Path,
        runtime: Path,
        before_sync: Callable[[], None],
        selftest: Callable[[], tuple[str, ...]],
    ) -> None:
        self.scanner = Scanner(self.board, lambda event: self._items.put(event))
        self.scan = ScanThread(self.scanner, self._clock)
        stack.callback(self.scan.stop)
        self.scanner.step(self._clock.now_s())
        self._items = _without_first_levels(self._items)

        plans = eyes_plans(settings)
        self._eyes: dict[str, EyesSupervisor] = {}
        built = build(
            settings,
            Site(
                board=self.board,
                data=data,
                rings={plan.name: RingReader(ring_file(settings, plan.name)) for plan in plans},
                unrecorded=runtime / UNRECORDED,
                threaded=True,
                wake=functools.partial(self._items.put, _Nudge()),
                before_sync=before_sync,
                want_owner=self._want_owner,
                journal=Journal,
                random=random.Random(),
                choose_code=random_code,
                spare_numbers={},
                listener=self._tell,
                restart=Restarter(functools.partial(self._items.put, _Stop()), RESTART_AFTER_S),
                roots=frozenset({0}),
                eyes=self._eyes,
                fleet=FleetSite(selftest),
            ),
            stack,
        )
        self.built = built
        self.kiosk = built.kiosk
        for plan in plans:
            self._eyes[plan.name] = EyesSupervisor(
                functools.partial(EyesProcess, plan),
                self._clock.now_s(),
                settings.watchdog.eyes_start_s,
                settings.watchdog.eyes_silence_s,
            )
            stack.callback(self._eyes[plan.name].close)
        self.control = ControlServer(runtime, self._items.put, self._clock)
        stack.callback(self.control.close)
        self._watch = ThreadWatch(self.kiosk.device_trouble)
        self._guard = InputGuard(self.board, self._watch)
        self._watch.watch(Part.INPUT_PATH, self.scan.thread)
        self._watch.watch(Part.JOURNAL, built.journal.thread)
        self._watch.watch(Part.EVIDENCE, built.parts.evidence.thread)
        self._watch.watch(Part.CONTROL, self.control.thread)
        if isinstance(self.board.modem, Watched):
            self._watch.watch(Part.MODEM, self.board.modem.thread)
        if self.board.atm is not None and isinstance(self.board.atm, Watched):
            self._watch.watch(Part.ATM, self.board.atm.thread)
        if built.measuring is not None:
            built.measuring.watch(self._watch.ages)
        built.start(self._clock.now_s())
        self.scan.start()
        self._feed(self._clock.now_s())

    @property
    def inputs_stopped(self) -> bool:
        """Whether the relays are held because nobody reads the inputs."""
        return self._guard.stopped

    def _want_owner(self, on: bool) -> None:
        """Only the camera at the machine sees the customer's face from near enough."""
        if FACE_CAMERA in self._eyes:
            self._eyes[FACE_CAMERA].want_owner(on)

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """For the signals: end the loop after its turn."""
        self._items.put(_Stop())

    def turn_until_stopped(self) -> None:
        """Turn the loop. The state stays as recorded: the next start takes it up again."""
        try:
            while self.turn():
                pass
        finally:  # first of all, whatever the rest of the end has to wait for
            self.rest_relays()

    def rest_relays(self) -> None:
        """Permit off, then the door unlocked: nobody looks after either from here on."""
        for relay in (self.board.permit, self.board.lock):
            with contextlib.suppress(Exception):  # the other one must rest all the same
                relay.off()

    def turn(self) -> bool:
        """One turn of the loop; False when it is to end."""
        wait_s = TURN_S
        wake_s = self.kiosk.next_wake_s(self._clock.now_s())
        if wake_s is not None:
            wait_s = min(wait_s, max(0.0, wake_s - self._clock.now_s()))
        item: _Item | None = None
        measuring = self.built.measuring
        with contextlib.suppress(queue.Empty):
            item = self._items.get(timeout=wait_s) if wait_s > 0 else self._items.get_nowait()
        began_s = self._clock.now_s()
        while item is not None:
            if isinstance(item, _Stop):
                return False
            self._take(item)
            item = None
            with contextlib.suppress(queue.Empty):
                item = self._items.get_nowait()
        self._mind_threads(self._clock.now_s())
        now_s = self._clock.now_s()
        for camera, eyes in self._eyes.items():
            for seen in eyes.poll(now_s):
                if isinstance(seen, EyesEvent):
                    self.kiosk.eyes_changed(seen, now_s, camera)
                else:
                    self.pictures_seen += 1
                    self.built.watching.see(seen)
                    self.built.site.see(seen)
                    self.kiosk.observe(seen, now_s)
                    if measuring is not None:
                        measuring.framed(seen)
        self.kiosk.poll(self._clock.now_s())
        self.built.poll_beside(self._clock.now_s())
        self._feed(self._clock.now_s())
        if measuring is not None:
            measuring.turned(began_s)
        return True

    def _take(self, item: ScanEvent | Asked | _Nudge) -> None:
        now_s = self._clock.now_s()
        if isinstance(item, Asked):
            self.built.acts.ask(item.request, item.uid, item.answer, now_s)
        elif not isinstance(item, _Nudge):
            if self.built.measuring is not None:
                self.built.measuring.moved(item)
            self.kiosk.hardware_event(item, now_s)

    def _mind_threads(self, now_s: float) -> None:
        """Every thread; and for the input path, which reads fire and exit, the relays themselves."""
        self._guard.look(self.scan.silent_s(now_s), now_s)
        if not self._priority_told and self.scan.priority_refused:
            self._priority_told = True
            self.kiosk.fault("priority_refused", self.scan.priority_refused, now_s)

    def _feed(self, now_s: float) -> None:
        """The watchdog is fed while the loop, the input path and the eyes' supervisor all make progress."""
        alive = not self.inputs_stopped and all(
            eyes.in_bounded_recovery(now_s) for eyes in self._eyes.values()
        )
        if alive and now_s >= self._fed_s + FEED_S:
            self._fed_s = now_s
            with contextlib.suppress(HardwareError):
                if not self._ready:  # said until it is heard: an unready service is killed
                    self.board.watchdog.ready(self.kiosk.name)
                    self._ready = True
                self.board.watchdog.feed()
                self.board.watchdog.status(self.kiosk.name)

    def _tell(self, happening: Happening) -> None:
        log_happening(happening, verbose=self._verbose)

    def _close_board(self) -> None:
        for error in close_board(self.board):
            _log.error("%s", explain(error.code, error.detail))


def _without_first_levels(items: queue.SimpleQueue[_Item]) -> queue.SimpleQueue[_Item]:
    """What the first scan told, less the levels: the start of the table asks for these itself."""
    kept: queue.SimpleQueue[_Item] = queue.SimpleQueue()
    while not items.empty():
        item = items.get_nowait()
        if not isinstance(item, InputChange):
            kept.put(item)
    return kept


def make_folder(folder: Path) -> None:
    """Raises `FaultError` where it cannot be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FaultError("folder_unwritable", f"{folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise FaultError("folder_unwritable", str(folder))
