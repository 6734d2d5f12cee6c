"""The whole program on a desk: real drivers over bench pins, a fake modem on the wire, a story clock.

`Desk` steps camera, input path, loop and modem in lockstep, as fast as the machine can, so that the same
input always gives the same output. Stories, `bench`, `replay` and tests all run on it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Protocol

from edge.cabin.events import Orderer, ReleaseOrdered
from edge.cabin.rules import Rules
from edge.cli.options import evidence_limits
from edge.codes.book import CodeBook, EntryPad, hotp
from edge.journal.writer import Journal
from edge.judge.judge import Judge
from edge.loop.kiosk import Happening, Kiosk, Listener
from edge.loop.unrecorded import Unrecorded
from edge.loop.watching import Watching
from edge.messages.inbox import Inbox, secret_from_base32
from edge.messages.outbox import Outbox
from edge.messages.prompts import longest_warning_s
from edge.messages.release_counter import NAME, CounterFile
from edge.messages.texts import Context, code_in
from edge.messages.ways.open import release_desk
from edge.pictures.keeper import Evidence
from edge.pictures.ring import RingReader, RingWriter, ring_slots
from edge.settings.load import changed
from edge.settings.schema import Settings
from edge.settings.secrets import Secret, read_secret
from edge.terms.observation import Observation
from edge.terms.record import Recipient
from edge.vision.eyes.child import jpeg_of
from edge.vision.eyes.supervisor import EyesEvent, StepEyes
from edge.vision.look import FacesIn, Look
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

FINGER_S: Final = 0.2
"""From the last key of one entry to the first of the next."""

STRANGER: Final = "+15550199"


_SHM: Final = Path("/dev/shm")
_SHM_FREE_BYTES: Final = 1_000_000_000


@contextlib.contextmanager
def scratch(name: str) -> Iterator[str]:
    """A folder for one run, in memory where there is plenty: nobody waits for a disk that nothing needs.

    It goes with this process, however that ends.
    """
    in_memory = os.access(_SHM, os.W_OK) and shutil.disk_usage(_SHM).free > _SHM_FREE_BYTES
    inside = _SHM if in_memory else Path(tempfile.gettempdir())
    folder = inside / f"cabinguard-{name}-{secrets.token_hex(4)}"
    with afterwards('rm -rf -- "$1"', str(folder)):
        folder.mkdir(mode=0o700)
        yield str(folder)


@contextlib.contextmanager
def afterwards(script: str, *words: str) -> Iterator[None]:
    """A line for the shell that is run when this block is left, also by a kill that nothing can catch.

    A shell of its own waits for the end of a pipe that only this process holds open.
    """
    shell = subprocess.Popen(
        ["/bin/sh", "-c", f"trap '' HUP INT TERM; read -r _; {script}", "sh", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    try:
        yield
    finally:
        shell.communicate()


class StoryClock:
    """A clock that is moved by hand; the kiosk's two clocks and the story's in one."""

    def __init__(self, start_s: float = 0.0, wall_s: float = STORY_WALL_S) -> None:
        self._now_s = start_s
        self._wall_at_zero_s = wall_s

    def now_s(self) -> float:
        return self._now_s

    def wall_s(self) -> float:
        return self._wall_at_zero_s + self._now_s

    @property
    def boot(self) -> str:
        return "story"

    def wall_true(self) -> bool:
        return True

    def move_to(self, now_s: float) -> None:
        self._now_s = max(self._now_s, now_s)

    def jump(self, by_s: float) -> None:
        """Somebody, or the network, sets the clock that people read."""
        self._wall_at_zero_s += by_s


class Stage(Protocol):
    """A camera whose scene can be directed."""

    @property
    def people(self) -> Iterable[str]:
        """Who is there, by name."""
        ...

    def do(self, action: str, now_s: float) -> None:
        """Direct the scene. ValueError for words that mean nothing here."""
        ...


class Desk:
    """One simulated cabin.

    `frame_every_s`: how often a camera without times of its own is asked; `look` makes what sees in place
    of `Look(faces)`, at each start. `watch` may be set to be called with every judged frame.
    """

    def __init__(
        self,
        settings: Settings,
        camera: Camera,
        faces: FacesIn | None,
        folder: Path,
        listener: Listener,
        clock: StoryClock | None = None,
        *,
        seed: int = 0,
        profile: str = "sim800",
        frame_every_s: float | None = None,
        stage: Stage | None = None,
        runtime: Path | None = None,
        look: Callable[[], Look] | None = None,
    ) -> None:
        self.settings = settings
        self._next_settings = settings
        self.clock = clock or StoryClock()
        self.phone = FakeModem(profile, network_utc_s=self.clock.wall_s() - self.clock.now_s())
        self.camera_alive = True
        self.broke_off: EyesEvent | None = None
        self.powered = False
        self._camera = camera
        self._frame_every_s = frame_every_s
        self._look = look or (lambda: Look(faces))
        self._folder = folder
        self._runtime = runtime or folder
        self._listener = listener
        self._random = random.Random(seed)
        self.watch: Callable[[Frame, Observation], None] | None = None
        self._stage = stage
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._disk_full = False
        self._active: set[Input] = set()
        self._broken: dict[str, Callable[[BenchHands, bool], None]] = {}
        self._restless = False
        self._touched = False
        self._typing_until_s = 0.0
        self._texts_seen = 0
        self.numbers: dict[Recipient, str]
        self.hands: BenchHands
        self.kiosk: Kiosk
        self.power_on()

    # --- power -------------------------------------------------------------------------------------

    def power_on(self) -> None:
        """Start the program over the same disk, phones, wires and cabin. ValueError when it runs."""
        if self.powered:
            raise ValueError("the power is on")
        now_s = self.clock.now_s()
        self.settings = settings = self._next_settings
        self.numbers = _numbers(settings)
        self._names = {number: to for to, number in self.numbers.items()}
        self._watching = Watching()
        self._modem = SteppedModem(self.phone, clock=self.clock)
        board, self.hands = bench_board(
            self.clock, self._modem, settings.wiring, seed=self._random.randrange(2**32)
        )
        for name in filter(board.inputs.fitted, self._active):
            self.hands.set_input(name, True, now_s - 1.0)
        for break_it in self._broken.values():
            with contextlib.suppress(KeyError):  # what these settings do not fit any more
                break_it(self.hands, True)
        self._pending: list[ScanEvent] = []
        self._scanner = Scanner(board, self._pending.append, self.hands.quiet)
        self._scanner.step(now_s)
        self._eyes = StepEyes(self._camera, self._look(), now_s, self._frame_every_s, shown=self._shown)
        self._journal = self._new_journal()
        remembered = self._journal.open()
        door = board.inputs.fitted(Input.DOOR)
        self.judge = Judge(settings.flow, now_s, door)
        kept = settings.evidence
        ring = self._runtime / "ring-face"
        self._ring = RingWriter(ring, ring_slots(kept.before_s, kept.fps), kept.ring_mb, kept.fps)
        self._evidence = Evidence(
            self._folder / "evidence",
            {"face": RingReader(ring)},
            self.clock,
            remembered.boot,
            evidence_limits(settings),
            last_wall_s=remembered.wall_s,
            threaded=False,
        )
        context = Context.of(settings)
        self._release_desk = release_desk(
            settings, dict(remembered.counters), CounterFile(self._folder / NAME, threaded=False)
        )
        self.kiosk = Kiosk(
            board=board,
            rules=Rules(
                settings.flow,
                settings.policy,
                door,
                longest_warning_s(context.language, board.prompt.spoken_s),
            ),
            journal=self._journal,
            outbox=Outbox(self.numbers, random=random.Random(self._random.randrange(2**32))),
            book=CodeBook(settings.flow.code_digits, self._choose_code),
            pad=EntryPad(settings.flow.code_digits, settings.flow.key_timeout_s),
            judge=self.judge,
            evidence=self._evidence,
            context=context,
            listener=self._hear,
            inbox=Inbox(self.numbers),
            release_desk=self._release_desk,
            unrecorded=self._new_unrecorded(),
        )
        self.powered = True
        self.kiosk.start(remembered, now_s)
        self._hear_hardware(now_s)

    def _choose_code(self, digits: int) -> str:
        """Codes that open nothing but a simulated door are drawn like the bounces: the same every time."""
        return f"{self._random.randrange(10**digits):0{digits}d}"

    def _new_unrecorded(self) -> Unrecorded:
        """Of a pulled plug memory keeps nothing."""
        return Unrecorded()

    def _new_journal(self) -> Journal:
        return Journal(self.journal_file, self.clock, threaded=False, before_sync=self._sync)

    @property
    def journal_file(self) -> Path:
        return self._folder / "journal.db"

    def power_off(self) -> None:
        """Pull the plug: nothing is said goodbye to, the relays fall back. ValueError without power."""
        if not self.powered:
            raise ValueError("the power is off")
        self.powered = False
        self._journal.close(0.0)
        self._ring.close()
        close_board(self.kiosk.board)

    def restart(self) -> None:
        """Stop the program and start it again at once. ValueError without power."""
        self.power_off()
        self.power_on()

    def change_setting(self, override: str) -> None:
        """Change the settings' file: read at the next start, as on a kiosk. Raises `SettingsError`."""
        self._next_settings = changed(self._next_settings, override)

    def close(self) -> None:
        """End it in order."""
        if self.powered:
            self.power_off()

    # --- hands -------------------------------------------------------------------------------------

    def type_keys(self, keys: str) -> float:
        """Type at the keypad; the time when the last key is up.

        `CODE` is the code that a phone last received, `PREVIOUS` the one before, `WRONG` neither. ValueError
        for a key that this keypad does not have, and for a code that never came.
        """
        typed = self._spell(keys)
        unknown = [key for key in typed if not self.hands.has_key(key)]
        if unknown:
            raise ValueError(f"this keypad has no key {unknown[0]!r}")
        begin_s = max(self.clock.now_s(), self._typing_until_s)  # one finger
        self._typing_until_s = self.hands.type(typed, begin_s) + FINGER_S
        return self._typing_until_s - FINGER_S

    def stick_key(self, key: str, stuck: bool) -> None:
        """Let a key stay down, or come up. ValueError for a key that this keypad does not have."""
        if self.powered and not self.hands.has_key(key):
            raise ValueError(f"this keypad has no key {key!r}")
        self.break_down(
            f"key {key}", stuck, lambda hands, down: hands.stick_key(key, down, self.clock.now_s())
        )

    def _spell(self, keys: str) -> str:
        codes = self.codes()
        if "PREVIOUS" in keys and len(codes) < 2:
            raise ValueError("no code came before the last one")
        code = codes[-1] if codes else "0" * self.settings.flow.code_digits
        before = codes[-2] if len(codes) > 1 else code
        wrong = "".join(str((int(digit) + 1) % 10) for digit in code)
        if wrong == before:
            wrong = "".join(str((int(digit) + 2) % 10) for digit in code)
        return keys.replace("CODE", code).replace("PREVIOUS", before).replace("WRONG", wrong)

    def last_code(self) -> str | None:
        """The code in the newest text that carries one."""
        return next(iter(self.codes()[::-1]), None)

    def codes(self) -> list[str]:
        """The codes that phones received, each once, the newest last."""
        found: list[str] = []
        for text in self.phone.texts:
            code = code_in(text.text)
            if code is not None and found[-1:] != [code]:
                found.append(code)
        return found

    def text_in(self, sender: str, text: str) -> None:
        """Somebody texts the kiosk: a recipient by name, `stranger`, or a number.

        `INCIDENT` in it is the present incident, `HOTP` the password that opens it.
        """
        number = self.numbers[Recipient(sender)] if sender in list(Recipient) else sender
        spelt = text.replace("INCIDENT", str(self.kiosk.state.incident))
        if "HOTP" in spelt:
            password = self.release_password()
            if password is None:
                raise ValueError("there is no HOTP without a secret: set people.hotp_secret_file")
            spelt = spelt.replace("HOTP", password)
        self.phone.incoming(STRANGER if number == "stranger" else number, spelt)

    def release_password(self) -> str | None:
        """What the control room's device shows for the present incident; None without a secret."""
        secret = read_secret(self.settings, Secret.HOTP)
        counter = self._release_desk.next_counter(self.kiosk.state.incident)
        return None if secret is None else hotp(secret_from_base32(secret), counter)

    def break_down(self, what: str, broken: bool, do: Callable[[BenchHands, bool], None]) -> None:
        """Break something, or mend it. What is broken still is after a power cut."""
        if self.powered:
            do(self.hands, broken)
        if broken:
            self._broken[what] = do
        else:
            self._broken.pop(what, None)

    def move_input(self, name: Input, active: bool) -> None:
        """Move a contact. ValueError for one that is not fitted."""
        if not self.settings.wiring.contact(name).fitted:
            raise ValueError(f"no {name} contact is fitted")
        (self._active.add if active else self._active.discard)(name)
        if self.powered:
            self.hands.set_input(name, active, self.clock.now_s())

    def stage(self, action: str) -> None:
        """Direct the staged cabin. ValueError where the pictures come from elsewhere."""
        if self._stage is None:
            raise ValueError("people can be directed in the staged cabin only")
        self._stage.do(action, self.clock.now_s())

    @property
    def inside(self) -> tuple[str, ...]:
        """Who is in the staged cabin, by name."""
        return () if self._stage is None else tuple(self._stage.people)

    def after(self, delay_s: float, do: Callable[[], None]) -> None:
        """Do something a little later."""
        self._later.append((self.clock.now_s() + delay_s, do))
        self._later.sort(key=lambda item: item[0])

    def release(self, incident: int = 0) -> None:
        """Somebody entitled opens the door on the spot. ValueError without power."""
        if not self.powered:
            raise ValueError("the power is off")
        self.kiosk.handle(ReleaseOrdered(Orderer.ON_THE_SPOT, incident), self.clock.now_s())

    def fail_disk(self, full: bool) -> None:
        self._disk_full = full

    def _sync(self) -> None:
        if self._disk_full:
            raise OSError(errno.ENOSPC, "no space left on device")

    # --- time --------------------------------------------------------------------------------------

    def run_to(self, until_s: float) -> None:
        """Let everything happen up to and at this time."""
        for _ in self.steps_to(until_s):
            pass

    def steps_to(self, until_s: float) -> Iterator[float]:
        """As `run_to`, yielding after each moment at which something happened."""
        self._touched = True  # whoever calls may have moved something since the last time
        while True:
            now_s = self.clock.now_s()
            next_s = min(self._next_s(now_s), until_s)
            self.clock.move_to(next_s)
            self._moment(self.clock.now_s())
            yield self.clock.now_s()
            if self.clock.now_s() >= until_s:
                return

    def _next_s(self, now_s: float) -> float:
        candidates = [now_s + 1.0, *(at_s for at_s, _ in self._later[:1])]
        frame_s = self._eyes.next_wake_s()
        if frame_s is not None:
            candidates.append(frame_s)
        if self.powered:
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
        while self._later and self._later[0][0] <= now_s:
            self._later.pop(0)[1]()
        for seen in self._eyes.poll(now_s):
            if not self.powered or not self.camera_alive:
                continue
            if isinstance(seen, Observation):
                self._watching.see(seen)
                self.kiosk.observe(seen, now_s)
            else:
                self.broke_off = seen
                self.kiosk.eyes_changed(seen, now_s)
        if not self.powered:
            return
        if self._restless or not self._scanner.quiet(now_s):
            self._scanner.step(now_s)
            self._hear_hardware(now_s)
        self.kiosk.poll(now_s)
        self._read_phones(now_s)

    def _hear(self, happening: Happening) -> None:
        self._watching.hear(happening)
        self._listener(happening)

    def answer(self, verb: str) -> dict[str, object]:
        """What the running kiosk's control socket answers to `status` and `panel`."""
        if not self.powered:
            return {"error": "kiosk_not_running"}
        now_s = self.clock.now_s()
        if verb == "status":
            return self.kiosk.status(now_s)
        return self._watching.reply(self.kiosk, now_s) if verb == "panel" else {"error": "not_understood"}

    def _hear_hardware(self, now_s: float) -> None:
        events, self._pending[:] = tuple(self._pending), []
        for event in events:
            self.kiosk.hardware_event(event, now_s)

    def _shown(self, frame: Frame, observation: Observation) -> None:
        if not self.powered or not self.camera_alive:
            return
        if self._ring.wants(frame.at_s):
            self._ring.put(frame.at_s, jpeg_of(frame))
        if self.watch is not None:
            self.watch(frame, observation)

    def _read_phones(self, now_s: float) -> None:
        for text in self.phone.texts[self._texts_seen :]:
            to = self._names.get(text.number)
            data = {"to": "unknown" if to is None else to.value, "text": text.text}
            self._listener(Happening(now_s, "sms", data))
        self._texts_seen = len(self.phone.texts)

    def next_frame_s(self) -> float | None:
        """When the next frame is due, None after the last one."""
        return self._eyes.next_wake_s()


def _numbers(settings: Settings) -> dict[Recipient, str]:
    return {to: settings.people.number(to) or BENCH_NUMBERS[to] for to in Recipient}
