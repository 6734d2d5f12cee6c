"""The whole program on a desk: real drivers over bench pins, a fake modem on the wire, a story clock.

`Desk` steps camera, input path, loop and modem in lockstep, as fast as the machine can, so that the same
input always gives the same output. Stories, `bench`, `replay` and tests all run on it.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from edge.bench.broker import FakeBroker
from edge.bench.cameras import Source
from edge.bench.cards import Cards, TemplatesOf, templates_of
from edge.bench.handiwork import Break, Handiwork
from edge.bench.hearing import Hearing, RealTime
from edge.bench.lasting import Acts
from edge.bench.leaving import scratch
from edge.bench.mount import Mount, Stage
from edge.bench.sight import Eye, Folders, Sight
from edge.bench.standins import Threads
from edge.bench.telephones import Telephones, number_of
from edge.cabin.events import Orderer, ReleaseOrdered
from edge.codes.hotp import hotp, secret_from_base32
from edge.journal.writer import Journal
from edge.loop.happening import Listener
from edge.loop.kiosk import Kiosk
from edge.loop.parts import Restarter
from edge.loop.unrecorded import NAME as UNRECORDED
from edge.messages.item import is_numbered
from edge.pictures.clear import in_memory
from edge.service.asks import VERSION, Reply, Request
from edge.service.build import Built, FleetSite, Site, build
from edge.service.threads import Part
from edge.settings.drawn import with_drawn
from edge.settings.load import changed
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret
from edge.terms.observation import FACE_CAMERA, Observation
from edge.terms.record import Recipient
from edge.vision.eyes.report import EyesEvent
from edge.vision.look import Look
from edge.vision.seers import Role
from hw.bench import FakeModem, SteppedModem
from hw.board import BenchHands, bench_board, close_board
from hw.camera.port import Camera, Frame
from hw.ports import Input
from hw.scan import ScanEvent, Scanner

SCAN_S: Final = 0.02
"""The story clock's step while a contact or a key moves."""

STORY_WALL_S: Final = 1_767_254_400.0
"""Story time begins on 2026-01-01, 08:00 UTC."""

BENCH_NUMBERS: Final = {
    Recipient.WATCHMAN: "+15550100",
    Recipient.WATCHMAN2: "+15550101",
    Recipient.CONTROL_ROOM: "+15550102",
}
"""Numbers of the fictional range for bench phones, used where the settings name none."""


class StoryClock:
    """A clock that is moved by hand; the kiosk's two clocks and the story's in one."""

    def __init__(self, start_s: float = 0.0, wall_s: float = STORY_WALL_S, boot: str = "story") -> None:
        self._now_s = start_s
        self._wall_at_zero_s = wall_s
        self._boot = boot
        self._set = True

    def now_s(self) -> float:
        return self._now_s

    def wall_s(self) -> float:
        return self._wall_at_zero_s + self._now_s

    @property
    def boot(self) -> str:
        return self._boot

    def wall_true(self) -> bool:
        return self._set

    def be_set(self, known: bool) -> None:
        """Whether anybody has set the clock that people read since the machine started."""
        self._set = known

    def move_to(self, now_s: float) -> None:
        self._now_s = max(self._now_s, now_s)

    def jump(self, by_s: float) -> None:
        """Somebody, or the network, sets the clock that people read."""
        self._wall_at_zero_s += by_s


@dataclass(frozen=True, slots=True)
class _Later:
    """Something to be done at a time of the story."""

    at_s: float
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Overview:
    """A second camera above the first, asked as often, and what sees through it."""

    camera: Camera
    look: Callable[[], Look]


@dataclass(frozen=True, slots=True)
class Props:
    """What stands on a desk. `every_s`: how often a camera without times of its own is asked.

    `look` makes what sees, at each start; `stage` is the camera where its scene can be directed; `modem`
    names the profile of the modem. `plugged` False: there is no power yet. `templates` make those of somebody
    who gets a card. `camera_from` says where the pictures come from: `staged`, `webcam:N` or `clip:PATH`.
    """

    camera: Camera
    look: Callable[[], Look]
    every_s: float | None = None
    stage: Stage | None = None
    modem: str = "sim800"
    plugged: bool = True
    overview: Overview | None = None
    templates: TemplatesOf = templates_of
    camera_from: str = "staged"


def _running_in(settings: Settings, runtime: Path) -> Settings:
    """The same, with sockets, ring and open copies in this folder."""
    paths = msgspec.structs.replace(settings.paths, runtime=str(runtime.absolute()))
    return msgspec.structs.replace(settings, paths=paths)


def _hands_of_no_kiosk(phone: FakeModem, clock: StoryClock, settings: Settings) -> BenchHands:
    """At the wires of a board that has had no power yet."""
    board, hands = bench_board(clock, SteppedModem(phone, clock=clock), settings.wiring, atm=None, seed=0)
    close_board(board)
    return hands


class Desk:
    """One simulated cabin. `watch` may be set to be called with every judged frame, `changed` after something
    was done that may outlive a power cut.

    While a message is on its way by a real network (e-mail, webhook, where the settings name one) story time
    is no faster than the world's. `journal_type` and `memory_keeps` (what lies in memory outlives a power
    cut, as it does a kill of the program) are for tests.
    """

    journal_type: type[Journal] = Journal
    memory_keeps = False

    def __init__(
        self,
        settings: Settings,
        props: Props,
        folder: Path,
        listener: Listener,
        clock: StoryClock | None = None,
        *,
        seed: int = 0,
        runtime: Path | None = None,
    ) -> None:
        self.settings = settings
        self._next_settings = settings
        self.clock = clock or StoryClock()
        self.phone = FakeModem(props.modem, network_utc_s=self.clock.wall_s() - self.clock.now_s())
        self.camera_alive = True
        self.broke_off: EyesEvent | None = None
        self.powered = False
        self._props = props
        self._folder = folder
        self.cards = Cards(folder, props.templates, self.phone)
        self._runtime = runtime or folder
        self._kept = contextlib.ExitStack()
        self.rings = self._rings_folder()
        """Where the newest pictures lie, open."""
        self._listener = listener
        self._random = random.Random(seed)
        self.watch: Callable[[Frame, Observation], None] | None = None
        self.acts = Acts()
        self.changed: Callable[[], None] = lambda: None
        self._later: list[_Later] = []
        self.disk_fault = 0
        self.handiwork = Handiwork(self.clock)
        self.telephones = Telephones(self.phone, self.clock)
        self.broker = FakeBroker()
        self._hearing = Hearing(self.cards, self.telephones, self.broker, listener)
        self._restless = False
        self._touched = False
        self._real_time = RealTime()
        self._restart_ordered = False
        self.built: Built
        self.kiosk: Kiosk
        self.threads: Threads
        first = Source(props.camera_from, props.camera, props.every_s)
        self.mount = Mount(first, props.stage, self.clock)
        self.sight: Sight | None = None
        self.hands: BenchHands
        if props.plugged:
            self.power_on()
        else:
            self.hands = _hands_of_no_kiosk(self.phone, self.clock, self.settings)

    # --- power -------------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Start the program over the same disk, phones, wires and cabin.

        ValueError when it runs; `FaultError` for settings that it cannot start with.
        """
        if self.powered:
            raise ValueError("the power is on")
        self.settings = self.cards.with_key(with_drawn(self._next_settings, self._folder))
        self.powered = True
        try:
            with contextlib.ExitStack() as stack:
                self._open(_running_in(self.settings, self._runtime), stack)
                self._stack = stack.pop_all()
        except BaseException:
            self.powered = False
            raise

    def _open(self, settings: Settings, stack: contextlib.ExitStack) -> None:
        now_s = self.clock.now_s()
        modem = SteppedModem(self.phone, clock=self.clock)
        board, self.hands = bench_board(
            self.clock,
            modem,
            settings.wiring,
            atm=self.cards.line(settings, self.clock),
            seed=self._random.randrange(2**32),
        )
        stack.callback(close_board, board)
        self.handiwork.power_on(self.hands, board.inputs.fitted)
        stack.callback(self.handiwork.power_off)
        self._pending: list[ScanEvent] = []
        self._scanner = Scanner(board, self._pending.append, self.hands.quiet)
        self._scanner.step(now_s)
        eyes, above = [self._face_eye()], self._props.overview
        if above is not None:
            eyes.append(Eye(Role.OVERVIEW.value, above.camera, above.look, self._props.every_s))
        sight = Sight(settings, Folders(self.rings, self._folder), self.clock, self._sees, self._seen)
        rings = sight.open(eyes, stack)
        self.sight = sight
        self.built = build(
            settings,
            Site(
                board=board,
                data=self._folder,
                rings=rings,
                unrecorded=self._folder / UNRECORDED if self.memory_keeps else None,
                threaded=False,
                wake=lambda: None,
                before_sync=self._sync,
                want_owner=sight.want_owner,
                journal=self.journal_type,
                random=random.Random(self._random.randrange(2**32)),
                choose_code=self._choose_code,
                spare_numbers=BENCH_NUMBERS,
                listener=self._listener,
                restart=Restarter(self._order_restart, 0.0),
                roots=frozenset({0, os.getuid()}),
                eyes=sight.steps,
                fleet=FleetSite(tuple, self.broker.dial),
            ),
            stack,
        )
        self.kiosk = self.built.kiosk
        self.threads = Threads(self.built, self.clock)
        self._hearing.know(self.built.numbers)
        self.built.start(now_s)
        self._hear_hardware(now_s)

    def _rings_folder(self) -> Path:
        """Where open pictures lie for seconds: beside the sockets; in memory where they are sealed after."""
        if not self.settings.evidence.recipients_file or in_memory(self._runtime):
            return self._runtime
        return Path(self._kept.enter_context(scratch("ring")))

    def _face_eye(self) -> Eye:
        source = self.mount.source
        return Eye(FACE_CAMERA, source.camera, self._props.look, source.every_s)

    def _sees(self) -> bool:
        """Whether pictures come to a kiosk that runs."""
        return self.powered and self.camera_alive

    def _seen(self, camera: str, frame: Frame, observation: Observation) -> None:
        if self.watch is not None and camera == FACE_CAMERA:
            self.watch(frame, observation)

    def _order_restart(self) -> None:
        self._restart_ordered = True

    def _choose_code(self, digits: int) -> str:
        """Codes that open nothing but a simulated door are drawn like the bounces: the same every time."""
        return f"{self._random.randrange(10**digits):0{digits}d}"

    @property
    def numbers(self) -> Mapping[Recipient, str]:
        """The telephones of this desk's people."""
        people = self.settings.people
        return {to: people.number(to) or BENCH_NUMBERS.get(to, "") for to in Recipient}

    @property
    def journal_file(self) -> Path:
        return self._folder / "journal.db"

    def power_off(self) -> None:
        """Pull the plug: nothing is said goodbye to, the relays fall back. ValueError without power."""
        if not self.powered:
            raise ValueError("the power is off")
        self.powered = False
        self.broker.cut()
        self._stack.close()

    def restart(self) -> None:
        """Stop the program and start it again at once. ValueError without power."""
        self.power_off()
        self.power_on()

    def change_setting(self, override: str) -> None:
        """Change the settings' file: read at the next start, as on a kiosk. Raises `SettingsError`."""
        self._next_settings = changed(self._next_settings, override)
        if not self.powered:
            self.settings = self._next_settings

    def close(self) -> None:
        """End it in order."""
        if self.powered:
            self.power_off()
        self.mount.close()
        self._kept.close()

    # --- hands -------------------------------------------------------------------------------------

    def type_keys(self, keys: str) -> float:
        """Type at the keypad; the time when the last key is up.

        `CODE` is the code that a phone last received, `PREVIOUS` the one before, `WRONG` neither, `DURESS`
        what somebody types who is forced. ValueError for a key that this keypad lacks, and without a code.
        """
        return self.handiwork.type_keys(self.spell(keys))

    def stick_key(self, key: str, stuck: bool) -> None:
        """Let a key stay down, or come up. ValueError for a key that this keypad does not have."""
        self.handiwork.stick_key(key, stuck)

    def spell(self, keys: str) -> str:
        """The keys to press for what `type_keys` was given."""
        return self.telephones.spell(keys, self.settings.flow)

    def last_code(self) -> str | None:
        """The code in the newest text that carries one."""
        return next(iter(self.codes()[::-1]), None)

    def codes(self) -> list[str]:
        """The codes that the watchmen's phones received, each once, the newest last."""
        return self.telephones.codes()

    def text_in(self, sender: str, text: str) -> None:
        """Somebody texts the kiosk: a recipient or a card's owner by name, `stranger`, or a number.

        `INCIDENT` in it is the present incident, `HOTP` the password that opens it: ValueError where there is
        no power, or no secret.
        """
        if not self.powered and ("INCIDENT" in text or "HOTP" in text):
            raise ValueError("INCIDENT and HOTP stand for what a kiosk with power has; the power is off")
        spelt = text.replace("INCIDENT", str(self.kiosk.state.incident)) if self.powered else text
        if "HOTP" in spelt:
            password = self.release_password()
            if password is None:
                raise ValueError("there is no HOTP without a secret: set people.hotp_secret_file")
            spelt = spelt.replace("HOTP", password)
        self.telephones.send(number_of(sender, self.numbers, self.cards.last_owner), spelt)

    def release_password(self) -> str | None:
        """What the control room's device shows for the present incident; None without a secret."""
        secret = read_secret(self.settings, Secret.HOTP)
        counter = self.built.parts.release_desk.next_counter(self.kiosk.state.incident)
        return None if secret is None else hotp(secret_from_base32(secret), counter)

    def break_down(self, what: str, broken: bool, do: Break) -> None:
        """Break something, or repair it. What is broken still is after a power cut."""
        self.handiwork.break_down(what, broken, do)

    def move_input(self, name: Input, active: bool) -> None:
        """Move a contact. ValueError for one that is not fitted."""
        self.handiwork.move_input(self.settings, name, active)

    def change_camera(self, words: str) -> None:
        """Another camera at the machine, while everything runs. Raises as `Mount.change`."""
        self.mount.change(words)
        if self.sight is not None:
            self.sight.change(self._face_eye())

    def stage(self, action: str) -> None:
        """Direct the staged cabin. ValueError where the pictures come from elsewhere."""
        self.mount.direct(action)

    def teach_front(self) -> None:
        """Keep the front of the staged machine as it looks now. ValueError as `Mount.teach_front`."""
        self.mount.teach_front(self.settings, self._folder)

    @property
    def inside(self) -> tuple[str, ...]:
        """Who is in the staged cabin, by name."""
        return self.mount.inside

    def after(self, delay_s: float, do: Callable[[], None]) -> None:
        """Do something a little later."""
        self._later.append(_Later(self.clock.now_s() + delay_s, do))
        self._later.sort(key=lambda later: later.at_s)

    def release(self, incident: int = 0) -> None:
        """Somebody entitled opens the door on the spot. ValueError without power or control socket."""
        if not self.powered:
            raise ValueError("the power is off")
        if not self.threads.works(Part.CONTROL):
            raise ValueError("the control socket does not answer")
        self.kiosk.handle(ReleaseOrdered(Orderer.ON_THE_SPOT, incident), self.clock.now_s())

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the keypad, row by row."""
        return self.hands.keys

    @property
    def customer_keys(self) -> tuple[str, ...]:
        """The keys of the customer's keypad; none where none is fitted."""
        return self.hands.customer_keys

    def fail_disk(self, error: int) -> None:
        """What the disk of the record answers to each sync, an `errno`; 0 for well."""
        self.disk_fault = error

    def _sync(self) -> None:
        if self.disk_fault:
            raise OSError(self.disk_fault, os.strerror(self.disk_fault))

    # --- time --------------------------------------------------------------------------------------

    def run_to(self, until_s: float) -> None:
        """Let everything happen up to and at this time."""
        for _ in self.steps_to(until_s):
            pass

    def steps_to(self, until_s: float) -> Iterator[float]:
        """As `run_to`, yielding after each moment at which something happened."""
        self._touched = True  # anyone who calls may have moved something since the last time
        while True:
            now_s = self.clock.now_s()
            next_s = min(self._next_s(now_s), until_s)
            self.clock.move_to(next_s)
            self._moment(self.clock.now_s())
            yield self.clock.now_s()
            if self.clock.now_s() >= until_s:
                return

    def _next_s(self, now_s: float) -> float:
        candidates = [now_s + 1.0, *(later.at_s for later in self._later[:1])]
        candidates += [] if self.sight is None else self.sight.next_wakes_s()
        if self.powered:
            look_s = self.threads.next_look_s(now_s)
            candidates += [] if look_s is None else [look_s]
            wake_s = self.kiosk.next_wake_s(now_s)
            if wake_s is not None:
                candidates.append(max(wake_s, now_s + 0.001))
            # What moves now may have come to rest at the next moment: that moment is scanned in any case.
            self._restless = self._touched or not self._scanner.quiet(now_s)
            self._touched = False
            if self._restless:
                candidates.append(now_s + SCAN_S)
        return max(now_s, min(candidates))

    def _moment(self, now_s: float) -> None:
        while self._later and self._later[0].at_s <= now_s:
            self._later.pop(0).do()
        self._see(now_s)
        if not self.powered:
            return
        if self.threads.works(Part.INPUT_PATH) and (self._restless or not self._scanner.quiet(now_s)):
            self._scanner.step(now_s)
            self._hear_hardware(now_s)
        self.threads.look(now_s)
        self.kiosk.poll(now_s)
        self.built.poll_beside(now_s)
        if self.built.measuring is not None:
            self.built.measuring.turned(now_s)
        self._hearing.listen(now_s)
        outside = (one for channel, one in self.built.carriers.items() if not is_numbered(channel))
        self._real_time.wait(outside, now_s)

    def _see(self, now_s: float) -> None:
        for camera, seen in () if self.sight is None else self.sight.poll(now_s):
            if not self._sees():
                continue
            if isinstance(seen, Observation):
                self.built.watching.see(seen)
                self.built.site.see(seen)
                self.kiosk.observe(seen, now_s)
                if self.built.measuring is not None:
                    self.built.measuring.framed(seen)
            else:
                if seen.seer is None:
                    self.broke_off = seen
                self.kiosk.eyes_changed(seen, now_s, camera)

    def ask(self, request: Request, uid: int, answer: Callable[[Reply], None]) -> None:
        """What the running kiosk's control socket does; answered now, or at a later step."""
        if not self.powered:
            answer({"version": VERSION, "error": "kiosk_not_running"})
            return
        self.built.acts.ask(request, uid, answer, self.clock.now_s())
        if self._restart_ordered:
            self._restart_ordered = False
            self.restart()

    def answer(self, request: Request, uid: int = 0) -> Reply:
        """The answer, where it comes at once or with the next step of the loop."""
        replies: list[Reply] = []
        self.ask(request, uid, replies.append)
        if not replies:
            self.kiosk.poll(self.clock.now_s())
        return replies[0]

    def _hear_hardware(self, now_s: float) -> None:
        events, self._pending[:] = tuple(self._pending), []
        for event in events:
            if self.built.measuring is not None:
                self.built.measuring.moved(event)
            self.kiosk.hardware_event(event, now_s)

    def next_frame_s(self) -> float | None:
        """When the next frame is due, None after the last one. Before the first power: with it."""
        return self.clock.now_s() if self.sight is None else self.sight.next_frame_s()
