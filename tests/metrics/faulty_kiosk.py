"""A whole kiosk in real time whose disk, camera, modem, clock, heat, wires and loop can be made to fail."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.bench.cards import codes_in
from edge.metrics import machine
from edge.service import asks, control, measuring
from edge.service import machine as reading
from edge.service.service import SWITCH_S, Service
from edge.settings.load import load
from edge.settings.schema import Settings
from edge.terms.marks import Mark
from edge.terms.update import UPDATE_FILE, UpdateShown, UpdateState
from hw.board import BenchHands, bench_board
from hw.clock import SystemClock
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.terminal import PtyModem
from hw.modem.real import open_serial
from hw.ports import Board, Clock
from tests.worlds.authority import Authority, Identity
from tests.worlds.closing import Closing
from tests.worlds.live_bench import children_of
from tests.worlds.ports import free_port

EVERY_S = 1
RESERVE_MB = 10
NAME = "kiosk-1"
WATCHMAN = "+15550100"


def nothing() -> None: ...


class FaultyKiosk(Closing):
    """Runs until `close`. `folder` takes everything of it; `broker_port`: where a broker would be."""

    def __init__(
        self, folder: Path, broker_port: int, authority: Authority, patch: pytest.MonkeyPatch
    ) -> None:
        self._patch = patch
        self._folder = folder
        self._authority = authority
        self.port = free_port()
        self.data, self.runtime, self.textfile = folder / "data", folder / "run", folder / "textfile"
        for made in (self.data, self.textfile):
            made.mkdir(parents=True, exist_ok=True)
        self._sync: Callable[[], None] = nothing
        self._killing: threading.Thread | None = None
        self._kill = threading.Event()
        self._offset_s = 0.0
        self._marks = 0
        self._sensors()
        self._clock()
        self.pty = PtyModem(FakeModem("sim800", network_utc_s=time.time()))
        self.hands: BenchHands
        self.certify(days=90.0)
        self.settings: Settings = load(
            None,
            [
                f"paths.data={self.data}",
                f"paths.runtime={self.runtime}",
                f"people.watchman={WATCHMAN}",
                "people.control_room=+15550102",
                "camera.source=staged",
                "camera.clip=enter anna with mask",
                "flow.adjust_after_s=2",
                "flow.lock_after_s=8",
                "flow.prompt_lead_s=3",
                "flow.max_lock_s=60",
                "flow.unreachable_release_s=60",
                f"evidence.reserve_mb={RESERVE_MB}",
                f"metrics.port={self.port}",
                f"metrics.textfile_folder={self.textfile}",
                f"metrics.every_s={EVERY_S}",
                "mqtt.host=127.0.0.1",
                f"mqtt.port={broker_port}",
                "mqtt.site=test",
                f"mqtt.kiosk_id={NAME}",
                f"certificate.key_file={folder / 'key.pem'}",
                f"certificate.certificate_file={folder / 'certificate.pem'}",
                f"certificate.ca_file={authority.ca_file}",
            ],
        )
        patch.setattr(reading, "CERTIFICATE_S", 1.0)
        self._stack = contextlib.ExitStack()
        sys.setswitchinterval(SWITCH_S)
        self.service = Service(
            self.settings, self._stack, open_parts=self._open, before_sync=lambda: self._sync()
        )
        self.hands.fail_prompt()
        self._thread = threading.Thread(target=self.service.turn_until_stopped, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; again is no harm."""
        if not self._thread.is_alive():
            return
        self.camera_lives()
        self.service.stop(15, None)
        self._thread.join()
        self._stack.close()
        self.pty.close()

    # --- what may fail -----------------------------------------------------------------------------

    def disk_says(self, error: int) -> None:
        """What each sync of the record's disk answers, an errno; 0 for well."""

        def sync() -> None:
            raise OSError(error, os.strerror(error))

        self._sync = sync if error else nothing
        self.write_something()

    def disk_takes_s(self, seconds: float) -> None:
        """How long each sync of the record's disk takes."""
        self._sync = (lambda: time.sleep(seconds)) if seconds else nothing
        self.write_something()

    def disk_hangs(self) -> Callable[[], None]:
        """The record waits for its disk until what is given back is called."""
        goes_on = threading.Event()

        def sync() -> None:
            goes_on.wait(300.0)

        self._sync = sync
        self.write_something()

        def end() -> None:
            self._sync = nothing
            goes_on.set()

        return end

    def write_something(self) -> None:
        """One more line for the record."""
        control.ask(self.runtime, asks.DriftAgain())

    def fill_disk(self, leave_mb: float) -> None:
        """Other people's files leave so much room on the disk of the data."""
        free = shutil.disk_usage(self.data).free
        with (self.data / "ballast").open("wb") as ballast, contextlib.suppress(OSError):
            os.posix_fallocate(ballast.fileno(), 0, max(1, free - int(leave_mb * 1e6)))

    def empty_disk(self) -> None:
        (self.data / "ballast").unlink(missing_ok=True)

    def camera_dies(self) -> None:
        """The eyes' process is killed as often as it is started."""
        self._kill.clear()

        def kill() -> None:
            while not self._kill.wait(0.2):
                for pid in children_of(os.getpid()):
                    with contextlib.suppress(OSError):
                        if b"edge.vision.eyes.child" in Path(f"/proc/{pid}/cmdline").read_bytes():
                            os.kill(pid, signal.SIGKILL)

        self._killing = threading.Thread(target=kill, daemon=True)
        self._killing.start()

    def camera_lives(self) -> None:
        self._kill.set()
        if self._killing is not None:
            self._killing.join()

    def clock_off_by(self, seconds: float) -> None:
        """Somebody set the machine's clock wrong."""
        self._offset_s = seconds

    def clock_set(self, known: bool) -> None:
        """Whether anybody has set the clock since the machine started."""
        self._patch.setattr(SystemClock, "wall_true", lambda clock: known)

    def heat(self, celsius: float) -> None:
        """What the board's sensor says."""
        (self._folder / "thermal" / "thermal_zone0" / "temp").write_text(f"{celsius * 1000:.0f}\n")

    def throttle(self, bits: int) -> None:
        """What the firmware says of heat and voltage."""
        (self._folder / "platform" / "soc" / "soc:firmware" / "get_throttled").write_text(f"{bits:x}\n")

    def loop_hangs(self) -> Callable[[], None]:
        """The loop stands still until what is given back is called."""
        goes_on = threading.Event()
        poll = self.service.kiosk.poll

        def hang(now_s: float) -> None:
            self.service.kiosk.poll = poll  # type: ignore[method-assign]
            goes_on.wait(300.0)
            poll(now_s)

        self.service.kiosk.poll = hang  # type: ignore[method-assign]
        return goes_on.set

    def loop_takes_s(self, seconds: float) -> None:
        """So much longer each turn takes."""
        poll = type(self.service.kiosk).poll
        kiosk = self.service.kiosk

        def slow(now_s: float) -> None:
            time.sleep(seconds)
            poll(kiosk, now_s)

        kiosk.poll = slow  # type: ignore[method-assign]

    def inputs_break(self) -> Callable[[], None]:
        """No step of the input path goes well until what is given back is called."""
        scanner = self.service.scanner
        step = scanner.step

        def broken(now_s: float) -> None:
            raise RuntimeError("no step goes well")

        scanner.step = broken  # type: ignore[method-assign]

        def end() -> None:
            scanner.step = step  # type: ignore[method-assign]

        return end

    def certify(self, days: float) -> None:
        """The kiosk's certificate from now on: it ends in so many days."""
        made: Identity = self._authority.certify(NAME, days=days)
        for file, name in ((made.key_file, "key.pem"), (made.certificate_file, "certificate.pem")):
            fresh = self._folder / f"{name}.new"
            shutil.copy(file, fresh)
            fresh.chmod(0o600)
            fresh.replace(self._folder / name)

    def update_is(self, state: UpdateState) -> None:
        """What the updates show of themselves."""
        (self.runtime / UPDATE_FILE).write_bytes(msgspec.json.encode(UpdateShown(state, "1.0")))

    def messages(self, count: int) -> None:
        """So many reports for the control room."""
        for _ in range(count):
            control.ask(self.runtime, asks.Report())

    def mark(self, mark: Mark, count: int) -> None:
        """So many words of people on the first incident."""
        for _ in range(count):
            self._marks += 1
            asked = asks.MarkIncident(incident=1, mark=mark, by="control room", note=f"word {self._marks}")
            control.done(control.ask(self.runtime, asked))

    def hear_again(self) -> None:
        """The loudspeaker, which is dead from the start, works."""
        self.hands.fail_prompt(failing=False)

    def type_code(self) -> None:
        """The watchman types the code that came to the telephone; the relay does not let go."""
        self.hands.weld_relay("lock")
        codes = codes_in([text.text for text in self.pty.fake.texts if text.number == WATCHMAN])
        self.hands.type(codes[-1], time.monotonic() + 0.1)

    # --- inside ------------------------------------------------------------------------------------

    def _open(self, settings: Settings, clock: Clock) -> Board:
        modem = open_serial(self.pty.port, "sim800", clock)
        board, self.hands = bench_board(clock, modem, settings.wiring, strict=False)
        return board

    def _sensors(self) -> None:
        (self._folder / "thermal" / "thermal_zone0").mkdir(parents=True)
        (self._folder / "platform" / "soc" / "soc:firmware").mkdir(parents=True)
        self.heat(51.0)
        self.throttle(0)
        self._patch.setattr(measuring, "THERMAL", self._folder / "thermal")
        self._patch.setattr(machine.held_back, "__defaults__", (self._folder / "platform",))

    def _clock(self) -> None:
        self._patch.setattr(SystemClock, "wall_s", lambda clock: time.time() + self._offset_s)
        self.clock_set(True)


FULL = errno.ENOSPC
BROKEN = errno.EIO
