"""`run`: the kiosk in service. Opens everything, then turns the one loop until it is told to end.

Five threads beside the loop hold what may wait: the input path (10 ms), the journal, the evidence, the
modem's port, the control socket. The camera and the networks have a process of their own. All of them hand
the loop events; none of them decides. The loop watches them all, drops the relays itself when the input path
stands still, and proves its progress to the watchdog only while the input path and the eyes' supervisor
make progress too.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import os
import queue
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Final

from edge.cabin.events import Device, Orderer, ReleaseOrdered
from edge.cabin.rules import Rules
from edge.cli.modem import open_modem
from edge.cli.options import Commands, add_settings_options, evidence_limits, load_settings
from edge.codes.book import CodeBook, EntryPad
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.journal.writer import Journal, JournalLimits
from edge.judge.judge import Judge
from edge.loop.kiosk import Happening, Kiosk
from edge.loop.unrecorded import NAME as UNRECORDED
from edge.loop.unrecorded import Unrecorded
from edge.loop.watching import Watching
from edge.messages.inbox import Inbox
from edge.messages.outbox import MessageAccepted, MessageFailed, Outbox
from edge.messages.prompts import clip_texts, longest_warning_s
from edge.messages.release_counter import NAME, CounterFile
from edge.messages.texts import Context, make_text
from edge.messages.ways.open import carriers, release_desk
from edge.pictures.keeper import Evidence
from edge.pictures.ring import RingReader
from edge.selftest import machine
from edge.service.control import Asked, ControlServer, Reply
from edge.service.log import say
from edge.service.plans import eyes_plans, ring_file
from edge.service.threads import ThreadWatch
from edge.settings.places import prompts_folder
from edge.settings.schema import Settings
from edge.settings.zones import find_zone
from edge.terms.printing import printable
from edge.terms.record import Channel, OutboxRow, Recipient
from edge.vision.eyes.supervisor import EyesEvent, EyesProcess, EyesSupervisor
from hw.board import Voice, close_board, make_clips, open_board, resting_lines
from hw.clock import SystemClock
from hw.ports import Board, HardwareError, Input, InputChange
from hw.scan import ScanEvent, Scanner, ScanThread
from hw.watched import Watched

TURN_S: Final = 0.05
"""The longest pause of the loop; everything urgent wakes it earlier."""

SWITCH_S: Final = 0.001
"""How soon a busy thread gives way to the input path; the interpreter's own 5 ms would be half its period."""

FEED_S: Final = 2.0

SCAN_SILENT_S: Final = 0.7
"""No good step of the input path for so long: the loop drops the relays. The turn that sees it and what a
busy machine adds have to fit into the second that is promised."""

JOURNAL_SILENT_S: Final = 10.0
MODEM_SILENT_S: Final = 15.0
EVIDENCE_SILENT_S: Final = 30.0
CONTROL_SILENT_S: Final = 15.0
"""How long a thread may be at one piece of work: a batch of records, a turn of the modem's port, a picture,
a caller. Slow cards take seconds; what takes longer hangs."""

SCAN_STOPPED: Final = "scan_stopped"
"""The reason for which the loop holds the lock while the input path stands still."""

CLOSE_S: Final = 3.0
DISTRESS_S: Final = 180.0
DISTRESS_EVERY_S: Final = 3600.0


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("run", help="the kiosk in service (usually started by systemd)")
    parser.add_argument("--verbose", action="store_true", help="print what happens (never a code)")
    add_settings_options(parser)
    parser.set_defaults(run=run)
    clips = commands.add_parser("prompts", help="make the spoken prompts with espeak-ng")
    clips.add_argument("--check", action="store_true", help="make none: look whether all are there and whole")
    add_settings_options(clips)
    clips.set_defaults(run=_prompts)
    distress = commands.add_parser("distress", help="text that the kiosk is out of service (it must not run)")
    add_settings_options(distress)
    distress.set_defaults(run=_distress)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args, kiosk=True)
    _keep_standard_files()
    sys.setswitchinterval(SWITCH_S)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the live code
    with contextlib.ExitStack() as stack:
        service = Service(settings, stack, verbose=args.verbose)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, service.stop)
        # What has been opened stays: a full collection that goes through all of it would hold up the input
        # path for longer than a key's click may take.
        gc.collect()
        gc.freeze()
        service.turn_until_stopped()
    return 0


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
    """

    def __init__(
        self,
        settings: Settings,
        stack: contextlib.ExitStack,
        *,
        verbose: bool = False,
        open_parts: Callable[[Settings, SystemClock], Board] | None = None,
        before_sync: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._verbose = verbose
        self._clock = SystemClock()
        self._items: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._fed_s = float("-inf")
        self._ready = False
        self._inputs_stopped = False
        self._priority_told = False
        self._watching = Watching()
        self.pictures_seen = 0
        data, runtime = Path(settings.paths.data), Path(settings.paths.runtime)
        _make_folder(runtime)
        with contextlib.suppress(FaultError):  # the record says what is wrong with it, and the kiosk works on
            _make_folder(data)

        _leave_pins(settings)
        # The lock first: from here on it rests unlocked under our hand.
        self.board = (open_parts or open_real)(settings, self._clock)
        stack.callback(self._close_board)
        try:
            self._open_rest(settings, stack, data, runtime, before_sync)
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
    ) -> None:
        self._scanner = Scanner(self.board, lambda event: self._items.put(event))
        self._scan = ScanThread(self._scanner, self._clock)
        stack.callback(self._scan.stop)
        self._scanner.step(self._clock.now_s())
        self._items = _without_first_levels(self._items)

        limits = JournalLimits(settings.journal.keep_days, settings.journal.keep_mb)
        nudge = functools.partial(self._items.put, _Nudge())
        self._journal = Journal(
            data / "journal.db", self._clock, limits, on_answer=nudge, before_sync=before_sync
        )
        remembered = self._journal.open()
        stack.callback(self._journal.close, CLOSE_S)
        zone_missing = find_zone(settings.cabin.timezone) is None
        if zone_missing:
            fault = ("zone_missing", settings.cabin.timezone)
            remembered = replace(remembered, faults=(*remembered.faults, fault))
        evidence = Evidence(
            data / "evidence",
            {plan.name: RingReader(ring_file(settings, plan.name)) for plan in eyes_plans(settings)},
            self._clock,
            remembered.boot,
            evidence_limits(settings),
            last_wall_s=remembered.wall_s,
            open_incidents=[dict(remembered.counters).get("incident", 0)],
            on_answer=nudge,
            busy=lambda: self._journal.waiting > 0,
        )
        stack.callback(evidence.close, CLOSE_S)

        door = self.board.inputs.fitted(Input.DOOR)
        ways_out = carriers(
            settings, data / "evidence", self._clock.wall_s, lambda: str(self._journal.head())
        )
        for carrier in ways_out.values():
            stack.callback(carrier.close)
        numbers = {to: settings.people.number(to) for to in Recipient}
        counters = dict(remembered.counters)
        self._kiosk = Kiosk(
            board=self.board,
            rules=Rules(
                settings.flow,
                settings.policy,
                door,
                longest_warning_s(settings.cabin.language, self.board.prompt.spoken_s),
            ),
            journal=self._journal,
            outbox=Outbox(numbers, carriers=ways_out),
            book=CodeBook(settings.flow.code_digits),
            pad=EntryPad(settings.flow.code_digits, settings.flow.key_timeout_s),
            judge=Judge(
                settings.flow,
                self._clock.now_s(),
                door,
                settings.watchdog.eyes_start_s,
                settings.watchdog.eyes_silence_s,
            ),
            evidence=evidence,
            context=Context.of(settings),
            listener=self._hear,
            clock_jump_s=settings.watchdog.clock_jump_s,
            inbox=Inbox(numbers),
            release_desk=release_desk(settings, counters, CounterFile(data / NAME)),
            unrecorded=Unrecorded(runtime / UNRECORDED),
        )
        self._eyes = {
            plan.name: EyesSupervisor(
                functools.partial(EyesProcess, plan),
                self._clock.now_s(),
                settings.watchdog.eyes_start_s,
                settings.watchdog.eyes_silence_s,
            )
            for plan in eyes_plans(settings)
        }
        for eyes in self._eyes.values():
            stack.callback(eyes.close)
        self._control = ControlServer(runtime, self._items.put, self._clock)
        stack.callback(self._control.close)
        self._watch = ThreadWatch(self._kiosk.device_trouble)
        self._watch.add(self._scan.thread, Device.INPUTS, "input_path_stopped", SCAN_SILENT_S)
        self._watch.add(self._journal.thread, Device.DISK, "record_stopped", JOURNAL_SILENT_S)
        self._watch.add(evidence.thread, Device.EVIDENCE, "pictures_stopped", EVIDENCE_SILENT_S)
        self._watch.add(self._control.thread, Device.CONTROL, "control_stopped", CONTROL_SILENT_S)
        if isinstance(self.board.modem, Watched):
            self._watch.add(self.board.modem.thread, Device.MODEM_DRIVER, "modem_stopped", MODEM_SILENT_S)
        self._kiosk.start(remembered, self._clock.now_s())
        if zone_missing:
            self._kiosk.report("zone_missing", self._clock.now_s())
        self._scan.start()
        self._feed(self._clock.now_s())

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """For the signals: end the loop after its turn."""
        self._items.put(_Stop())

    def turn_until_stopped(self) -> None:
        """Turn the loop. The state stays as recorded: the next start takes it up again."""
        try:
            while self._turn():
                pass
        finally:  # first of all, whatever the rest of the end has to wait for
            self.rest_relays()

    def rest_relays(self) -> None:
        """Permit off, then the door unlocked: nobody looks after either from here on."""
        for relay in (self.board.permit, self.board.lock):
            with contextlib.suppress(Exception):  # the other one must rest all the same
                relay.off()

    def _turn(self) -> bool:
        wait_s = TURN_S
        wake_s = self._kiosk.next_wake_s(self._clock.now_s())
        if wake_s is not None:
            wait_s = min(wait_s, max(0.0, wake_s - self._clock.now_s()))
        item: _Item | None = None
        with contextlib.suppress(queue.Empty):
            item = self._items.get(timeout=wait_s) if wait_s > 0 else self._items.get_nowait()
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
                    self._kiosk.eyes_changed(seen, now_s, camera)
                else:
                    self.pictures_seen += 1
                    self._watching.see(seen)
                    self._kiosk.observe(seen, now_s)
        self._kiosk.poll(self._clock.now_s())
        self._feed(self._clock.now_s())
        return True

    def _take(self, item: ScanEvent | Asked | _Nudge) -> None:
        now_s = self._clock.now_s()
        if isinstance(item, Asked):
            item.answer(self._answer(item, now_s))
        elif not isinstance(item, _Nudge):
            self._kiosk.hardware_event(item, now_s)

    def _mind_threads(self, now_s: float) -> None:
        """Every thread; and for the input path, which reads fire and exit, the relays themselves.

        Inputs that nobody reads are as good as cut wires: first the relays are dropped here, then the table
        hears that the inputs failed.
        """
        stops = not self._inputs_stopped and self._scan.silent_s(now_s) >= SCAN_SILENT_S
        if stops:
            self._inputs_stopped = True
            for drop in (functools.partial(self.board.lock.hold, SCAN_STOPPED, True), self.board.permit.off):
                with contextlib.suppress(HardwareError):  # `poll` checks both relays at every turn, and tells
                    drop()
        self._watch.look(now_s)
        if self._inputs_stopped and not self._watch.in_trouble(Device.INPUTS):
            self._inputs_stopped = False
            self.board.lock.hold(SCAN_STOPPED, False)
        if not self._priority_told and self._scan.priority_refused:
            self._priority_told = True
            self._kiosk.fault("priority_refused", self._scan.priority_refused, now_s)

    def _feed(self, now_s: float) -> None:
        """The watchdog is fed while the loop, the input path and the eyes' supervisor all make progress."""
        alive = not self._inputs_stopped and all(
            eyes.in_bounded_recovery(now_s) for eyes in self._eyes.values()
        )
        if alive and now_s >= self._fed_s + FEED_S:
            self._fed_s = now_s
            with contextlib.suppress(HardwareError):
                if not self._ready:  # said until it is heard: an unready service is killed
                    self.board.watchdog.ready(self._kiosk.name)
                    self._ready = True
                self.board.watchdog.feed()
                self.board.watchdog.status(self._kiosk.name)

    def _answer(self, asked: Asked, now_s: float) -> Reply:
        if asked.request.verb == "status":
            return self._kiosk.status(now_s)
        if asked.request.verb == "panel":
            return self._watching.reply(self._kiosk, now_s)
        if asked.request.verb == "report" and asked.uid in (0, os.getuid()):
            self._kiosk.report(asked.request.finding, now_s)
            return {"told": True}
        if asked.request.verb != "release":
            return {"error": "not_understood"}
        if asked.uid != 0:
            return {"error": "not_root", "detail": "root alone may release on the spot"}
        if not self._kiosk.releasable(asked.request.incident):
            return {"error": "nothing_locked"}
        self._kiosk.handle(ReleaseOrdered(Orderer.ON_THE_SPOT, asked.request.incident), now_s)
        return {"released": True}

    def _hear(self, happening: Happening) -> None:
        self._watching.hear(happening)
        if self._verbose:
            data = " ".join(f"{key}={value}" for key, value in happening.data.items())
            say(f"{happening.kind} {printable(data)}")
        elif happening.kind in ("state", "fault"):
            say(f"{happening.kind}: {happening.data['name']}")

    def _close_board(self) -> None:
        for error in close_board(self.board):
            say(explain(error.code, error.detail))


def _without_first_levels(items: queue.SimpleQueue[_Item]) -> queue.SimpleQueue[_Item]:
    """What the first scan told, less the levels: the start of the table asks for these itself."""
    kept: queue.SimpleQueue[_Item] = queue.SimpleQueue()
    while not items.empty():
        item = items.get_nowait()
        if not isinstance(item, InputChange):
            kept.put(item)
    return kept


def open_real(settings: Settings, clock: SystemClock) -> Board:
    """The devices of this machine. Raises `HardwareError`, `FaultError`."""
    modem = functools.partial(open_modem, settings, clock)
    runtime = Path(settings.paths.runtime)
    voice = Voice(prompts_folder(settings), settings.prompt.device)
    return open_board(settings.wiring, clock=clock, modem=modem, voice=voice, work_dir=runtime, strict=False)


def _leave_pins(settings: Settings) -> None:
    """Which lines the stop step has to rest, however this ends and whatever the settings say by then."""
    folder = Path(os.environ.get("RUNTIME_DIRECTORY") or settings.paths.runtime)
    part = folder / ".rest-pins.new"
    with contextlib.suppress(OSError):  # then it goes by the settings
        part.write_text(resting_lines(settings.wiring), encoding="ascii")
        part.replace(folder / "rest-pins")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FaultError("folder_unwritable", f"{folder}: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise FaultError("folder_unwritable", str(folder))


def _keep_standard_files() -> None:
    """Else the number of a closed one would go to the record, and a library's complaint into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _prompts(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    language = settings.cabin.language
    if args.check:
        print(machine.phrases(prompts_folder(settings), language))
        return 0
    made = make_clips(clip_texts(language), language, prompts_folder(settings))
    print(f"{len(made)} phrases in {prompts_folder(settings)}")
    return 0


def _distress(args: argparse.Namespace) -> int:
    """Tell everybody that the kiosk is down, straight through the modem: there is no loop to ask.

    At most once an hour: a machine that stays down restarts, and fails, again and again.
    """
    settings = load_settings(args, kiosk=True)
    clock = SystemClock()
    stamp = Path(settings.paths.data) / "distress-told"
    if stamp.exists() and 0 <= clock.wall_s() - stamp.stat().st_mtime < DISTRESS_EVERY_S:
        print("told less than an hour ago")
        return 0
    now_s = clock.now_s()
    context = Context.of(settings)
    people = {
        Recipient.CONTROL_ROOM: settings.people.control_room,
        Recipient.WATCHMAN: settings.people.watchman,
    }
    outbox = Outbox(people)
    for number, to in enumerate((to for to, phone in people.items() if phone), 1):
        outbox.add(OutboxRow(number, 0, "out_of_service", 0, to, Channel.SMS, clock.wall_s(), DISTRESS_S))
    modem = open_modem(settings, clock)
    failed = 0
    try:
        while outbox.waiting and clock.now_s() < now_s + DISTRESS_S + TURN_S:
            step = outbox.poll(
                clock.now_s(), clock.wall_s(), modem, lambda row: make_text(row, context, clock.wall_s())
            )
            for event in step.events:
                if isinstance(event, MessageFailed) and event.final:
                    failed += 1
                    print(f"{event.row.recipient}: not told: {event.cause}", file=sys.stderr)
                elif isinstance(event, MessageAccepted):
                    print(f"{event.row.recipient}: told")
            time.sleep(TURN_S)
    finally:
        modem.close()
    if failed or outbox.waiting:
        return 1
    _make_folder(stamp.parent)
    stamp.touch()
    return 0
