"""Where the page's data come from: the kiosk's control socket, the record read-only, the ring, the disk.

Each source is asked at most once in a while however many browsers look, and each failure is a named fault in
its own place on the page.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Generic, TypeVar

import msgspec

import edge
from edge.faults.catalogue import CATALOGUE
from edge.faults.fault import FaultError
from edge.identity.progress import Progress, read_progress
from edge.journal import reader as journal
from edge.journal.chain import Head
from edge.journal.file import NAME
from edge.loop.watching import SeenView, View
from edge.panel.sheets import Shown, Stager
from edge.pictures.clear import shown_file
from edge.pictures.files import FOLDER, PICTURE_NAME, clear_name, is_reason, pictures
from edge.pictures.kept import KEPT
from edge.pictures.ring import RingPicture, RingReader, ring_file
from edge.selftest.finding import Finding
from edge.service.asks import Panel
from edge.service.control import ask
from edge.settings.schema import Settings
from edge.terms.reason import Reason
from edge.terms.record import OutboxRow

LIVE_FOR_S: Final = 0.5
RECORD_FOR_S: Final = 3.0
KIOSK_WITHIN_S: Final = 2.5
LINES: Final = 4000
MESSAGES: Final = 12
INCIDENTS: Final = 8
PICTURES: Final = 12
REASONS: Final = 4
SELFTEST_WITHIN_S: Final = 150.0

_REASON_KINDS: Final = frozenset({"fact", "state"})
_QUIET: Final = frozenset({"vacant", "checking", "cleared", "appeared", "emptied", "one_person"})

T = TypeVar("T")


class Kept(Generic[T]):
    """A value that is fetched again when it is older than `for_s`, by one asker at a time."""

    def __init__(self, fetch: Callable[[], T], for_s: float) -> None:
        self._fetch = fetch
        self.for_s = for_s
        self._lock = threading.Lock()
        self._at_s = float("-inf")
        self._value: T | None = None

    def __call__(self) -> T:
        with self._lock:
            if self._value is None or time.monotonic() - self._at_s >= self.for_s:
                self._value = self._fetch()
                self._at_s = time.monotonic()
            return self._value

    def forget(self) -> None:
        """Have it fetched again when it is wanted next."""
        with self._lock:
            self._value = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident of the record's last lines; `why` in the record's own names, in their order.

    `reasons` are those of the facts that were seen in it. `sealed` pictures cannot be shown any more.
    """

    number: int
    began_wall_s: float
    why: tuple[str, ...]
    kept: int
    pictures: tuple[str, ...]
    sealed: int = 0
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordView:
    """The end of the record. `daily` is the newest daily test's row, with its finding in `reason`."""

    head: Head
    messages: tuple[OutboxRow, ...]
    incidents: tuple[Incident, ...]
    daily: OutboxRow | None


@dataclass(frozen=True, slots=True)
class Disk:
    total: int
    free: int


@dataclass(slots=True)
class Tests:
    """The self-test that was asked for here; `ran_wall_s` None: never."""

    running: bool = False
    ran_wall_s: float | None = None
    findings: tuple[Finding, ...] = ()
    fault: FaultError | None = None


@dataclass(slots=True)
class _Ring:
    reader: RingReader
    lately: deque[RingPicture] = field(default_factory=lambda: deque(maxlen=4))


def _reason_in(line: journal.Line) -> Reason | None:
    """The reason of a fact; None where it has none, or one that only another version understands."""
    if line.kind != "fact" or '"reason"' not in line.data:
        return None
    try:
        return msgspec.convert(json.loads(line.data)["reason"], Reason | None, strict=False)
    except (msgspec.ValidationError, ValueError, LookupError):
        return None


class Sources:
    """Everything that the page may show. `command` are the options that name the settings, for the test.

    `self_test` is what the page's button runs.
    """

    def __init__(self, settings: Settings, command: Sequence[str] = ()) -> None:
        self.settings = settings
        self.self_test: Callable[[], Tests] = self._run_tests
        self._data = Path(settings.paths.data)
        self._runtime = Path(settings.paths.runtime)
        self._command = list(command)
        self._rings: dict[str, _Ring] = {}
        self._ring_lock = threading.Lock()
        self._stager = Stager(settings)
        self._tests = Tests()
        self._test_lock = threading.Lock()
        self.kiosk = Kept(self._ask, LIVE_FOR_S)
        self.record = Kept(self._read, RECORD_FOR_S)
        self.disk = Kept(self._measure, RECORD_FOR_S)

    def close(self) -> None:
        """End what was started for the page."""
        self._stager.close()

    # --- the kiosk ---------------------------------------------------------------------------------

    def enrolling(self) -> Progress | None:
        """How far the enrolment is that goes on before the camera."""
        return read_progress(self._runtime)

    def _ask(self) -> View | FaultError:
        try:
            reply = ask(self._runtime, Panel(), KIOSK_WITHIN_S)
        except FaultError as error:
            return error
        if "error" in reply:
            code = str(reply["error"])
            known = code in CATALOGUE  # a version from before this page answers with what is no fault
            return FaultError(code if known else "kiosk_not_running", "control socket")
        try:
            return msgspec.convert(reply, View)
        except msgspec.ValidationError:
            return FaultError("kiosk_not_running", "another version of the program answers")

    # --- the record --------------------------------------------------------------------------------

    def _read(self) -> RecordView | FaultError:
        try:
            newest = journal.newest(self._data / NAME, LINES, 200)
            incidents = tuple(self._incidents(newest.lines))
        except FaultError as error:
            return error
        except (ValueError, KeyError, TypeError) as error:  # it opens, but its lines are not ours
            return FaultError("journal_damaged", type(error).__name__)
        daily = next((row for row in newest.messages if row.kind == "daily"), None)
        return RecordView(newest.head, newest.messages[:MESSAGES], incidents, daily)

    def _incidents(self, lines: Sequence[journal.Line]) -> list[Incident]:
        by_number: dict[int, list[journal.Line]] = {}
        for line in lines:  # newest first
            if line.incident:
                by_number.setdefault(line.incident, []).append(line)
        found = []
        for number in sorted(by_number, reverse=True)[:INCIDENTS]:
            mine = by_number[number][::-1]
            why = [line.name for line in mine if line.kind in _REASON_KINDS and line.name not in _QUIET]
            kept = sum(len(json.loads(line.data)["files"]) for line in mine if line.name == KEPT)
            reasons = [reason for line in mine if (reason := _reason_in(line)) is not None]
            shown, sealed = self._pictures(number)
            found.append(
                Incident(
                    number=number,
                    began_wall_s=mine[0].wall_s,
                    why=tuple(dict.fromkeys(why)),
                    kept=kept,
                    pictures=shown,
                    sealed=sealed,
                    reasons=tuple(reasons[:REASONS]),
                )
            )
        return found

    def _pictures(self, number: int) -> tuple[tuple[str, ...], int]:
        """Those that show its reasons, then some others, from its beginning to its end; and how many are
        sealed and cannot be shown."""
        try:
            kept = [path.name for path in pictures(self._data / FOLDER, number)]
        except OSError:
            return (), 0
        kept = [name for name in kept if PICTURE_NAME.fullmatch(name)]
        names = [clear_name(name) for name in kept if self._file(number, name) is not None]
        reasons = [name for name in names if is_reason(name)][:REASONS]
        others = [name for name in names if not is_reason(name)]
        if len(others) > PICTURES:
            others = [others[index * (len(others) - 1) // (PICTURES - 1)] for index in range(PICTURES)]
        return (*reasons, *others), len(kept) - len(names)

    def _file(self, number: int, name: str) -> Path | None:
        return shown_file(self._data / FOLDER, self._runtime, number, name)

    def incident_picture(self, number: int, name: str) -> bytes | None:
        """One kept picture; None where there is none of this name, or they are not to be shown."""
        path = self._file(number, name) if self.settings.panel.pictures else None
        with contextlib.suppress(OSError):
            return None if path is None else path.read_bytes()
        return None

    # --- the live picture --------------------------------------------------------------------------

    def live(self, camera: str, at_s: float) -> RingPicture | None:
        """The picture that lies nearest to what the eyes saw at `at_s`; None where there is none."""
        if not self.settings.panel.live:
            return None
        with self._ring_lock:
            ring = self._rings.get(camera)
            if ring is None:
                ring = self._rings[camera] = _Ring(RingReader(ring_file(self.settings, camera)))
            try:
                found = list(ring.reader.between(at_s - 1.2, at_s + 0.3))
            except FaultError:
                return None
            if not found:
                return None
            nearest = min(found, key=lambda picture: abs(picture.at_s - at_s))
            if all(picture.number != nearest.number for picture in ring.lately):
                ring.lately.append(nearest)
            return nearest

    def live_picture(self, camera: str, number: int) -> bytes | None:
        """One of the pictures that `live` gave recently."""
        with self._ring_lock:
            ring = self._rings.get(camera)
            lately = () if ring is None else tuple(ring.lately)
        return next((picture.jpeg for picture in lately if picture.number == number), None)

    def stages(self, camera: str, seen: SeenView, picture: RingPicture) -> Shown | None:
        """What the chain of filters makes of a picture that `live` gave; None where it is off."""
        if not self.settings.vision.chain:
            return None
        return self._stager.shown(camera, picture, [face.box for face in seen.faces], seen.size)

    def stages_picture(self, camera: str, number: int) -> bytes | None:
        """The sheet of one of the pictures that `stages` spoke of recently."""
        return self._stager.sheet(camera, number)

    # --- the disk, the self-test -------------------------------------------------------------------

    def _measure(self) -> Disk | FaultError:
        try:
            usage = shutil.disk_usage(self._data)
        except OSError as error:
            return FaultError("disk_error", error.strerror or str(error))
        return Disk(usage.total, usage.free)

    @property
    def tests(self) -> Tests:
        return self._tests

    def run_tests(self) -> None:
        """Begin the self-test in a process of its own, unless it runs already."""
        with self._test_lock:
            if self._tests.running:
                return
            self._tests = Tests(running=True)
        try:
            threading.Thread(target=self._test, name="selftest", daemon=True).start()
        except (RuntimeError, MemoryError):
            fault = FaultError("panel_selftest", "the system gives no thread")
            self._tests = Tests(ran_wall_s=time.time(), fault=fault)

    def _test(self) -> None:
        self._tests = self.self_test()

    def _run_tests(self) -> Tests:
        command = [sys.executable, "-m", "edge", "selftest", "--no-hardware", "--read-only", "--json"]
        # Limited in its processor time by itself: in the service this process may kill nobody.
        limited = ["sh", "-c", f'ulimit -t {SELFTEST_WITHIN_S:.0f}; exec nice -n 19 "$@"', "sh"]
        done = Tests(ran_wall_s=time.time())
        try:
            result = subprocess.run(
                [*limited, *command, *self._command],
                cwd=Path(str(edge.__file__ or edge.__path__[0])).parent.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=SELFTEST_WITHIN_S,
                check=False,
            )
            done.findings = tuple(
                msgspec.json.decode(line, type=Finding) for line in result.stdout.splitlines()
            )
        except (OSError, subprocess.SubprocessError, msgspec.DecodeError) as error:
            done.fault = FaultError("panel_selftest", type(error).__name__)
        return done
