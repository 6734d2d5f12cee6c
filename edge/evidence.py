"""Keeps the pictures from before and after an incident, hashed, for a limited time and in limited space.

The pictures come from the ring (`edge.ring`), so those from before are there already and a dead camera
process takes none of them along. A thread of its own does the writing and answers; the answers go into
the record with their hashes. A disk that is nearly full stops pictures, so that the record has what is left.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from edge.faults import FaultError
from edge.record import Entry
from edge.ring import RingPicture
from hw.ports import Clock
from hw.watched import WatchedThread

_COPY_EVERY_S: Final = 0.5
"""How often new pictures of a running incident are copied out of the ring."""

_REPORT_EVERY_S: Final = 5.0
"""How often their hashes are answered: a power cut leaves at most so much without a hash in the record."""

_TIDY_EVERY_S: Final = 3600.0

_JUMP_S: Final = 3600.0
_AFTER_JUMP_S: Final = 86400.0
"""After a jump of the clock by more than an hour, age removes nothing for a day: time to correct it."""

_YIELD_S: Final = 2.0
"""How long a picture gives way to the record at most; the ring has room for ten seconds."""


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    before_s: float = 10.0
    after_s: float = 20.0
    keep_days: float = 30.0
    keep_mb: float = 2000.0
    incident_mb: float = 50.0
    reserve_mb: float = 200.0


@dataclass(frozen=True, slots=True)
class PicturesKept:
    """These pictures of an incident are on the disk; `files` is (name, SHA-256 in hexadecimal).

    `done` with the last answer to an order; `left_out` pictures had no room in the incident.
    """

    incident: int
    why: str
    files: tuple[tuple[str, str], ...]
    done: bool
    left_out: int = 0

    def entry(self) -> Entry:
        """For the record."""
        data = {"why": self.why, "files": dict(self.files), "done": self.done, "left_out": self.left_out}
        return Entry("evidence", "pictures_kept", self.incident, json.dumps(data, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class PicturesRemoved:
    """All pictures of an incident were removed because of `reason`: `age` or `space`."""

    incident: int
    reason: str

    def entry(self) -> Entry:
        """For the record."""
        data = {"reason": self.reason}
        return Entry("evidence", "pictures_removed", self.incident, json.dumps(data, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class EvidenceTrouble:
    """A fault of the catalogue began (`active`) or ended."""

    code: str
    detail: str
    active: bool


EvidenceAnswer = PicturesKept | PicturesRemoved | EvidenceTrouble


class Ring(Protocol):
    """Where the pictures come from: `edge.ring.RingReader`."""

    def between(self, from_s: float, to_s: float) -> Iterable[RingPicture]: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Order:
    """Pictures wanted; `through_s` is how far each ring has been copied."""

    incident: int
    why: str
    to_s: float
    through_s: dict[str, float]
    one: bool = False
    reported_s: float = -math.inf
    files: list[tuple[str, str]] = field(default_factory=list)
    left_out: int = 0


@dataclass(slots=True)
class _Folder:
    """What is known of an incident's folder; `newest_wall_s` is the time of its newest picture."""

    size: int = 0
    newest_wall_s: float = 0.0


class Evidence:
    """The pictures of one kiosk. All methods but `close` return at once; they belong to one thread.

    `folder` holds one folder an incident, `NUMBER/BOOT-MILLISECONDS.jpg`, with the camera's name after it
    for all but the `face` camera. `rings` are by camera. `busy` tells whether the record is being written:
    pictures give way. Without a thread (`threaded=False`) `poll` does the work, for replays in step.
    """

    def __init__(
        self,
        folder: Path,
        rings: dict[str, Ring],
        clock: Clock,
        boot: int,
        limits: EvidenceLimits | None = None,
        *,
        open_incidents: Iterable[int] = (),
        threaded: bool = True,
        on_answer: Callable[[], None] = lambda: None,
        busy: Callable[[], bool] = lambda: False,
        statvfs: Callable[[Path], os.statvfs_result] = os.statvfs,
    ) -> None:
        self._folder = folder
        self._rings = rings
        self._clock = clock
        self._boot = boot
        self._limits = limits or EvidenceLimits()
        self._on_answer = on_answer
        self._busy = busy
        self._statvfs = statvfs
        # Shared by the two threads, under the condition's lock.
        self._changed = threading.Condition()
        self._new: list[_Order] = []
        self._open = set(open_incidents)
        self._answers: list[EvidenceAnswer] = []
        self._closing = False
        # The worker's own.
        self._orders: list[_Order] = []
        self._folders: dict[int, _Folder] | None = None
        self._troubles: dict[str, str] = {}
        self._due_s = self._tidy_at_s = clock.now_s()
        self._clocks = (clock.now_s(), clock.wall_s())
        self._age_from_s = clock.now_s()
        self.thread = WatchedThread("evidence", self._run, clock)
        self._threaded = threaded
        if threaded:
            self.thread.start()

    # - for the loop -

    def keep(self, incident: int, at_s: float, why: str) -> None:
        """Keep the pictures from `before_s` before `at_s` (monotonic) to `after_s` after it."""
        from_s = at_s - self._limits.before_s
        self._order(_Order(incident, why, at_s + self._limits.after_s, dict.fromkeys(self._rings, from_s)))

    def keep_one(self, incident: int, at_s: float, why: str) -> None:
        """Keep the first camera's newest picture up to `at_s` that is at most 2 s old then."""
        self._order(_Order(incident, why, at_s, dict.fromkeys(list(self._rings)[:1], at_s - 2.0), one=True))

    def close_incident(self, incident: int) -> None:
        """The incident is over: its pictures may go when their time or their space is up."""
        with self._changed:
            self._open.discard(incident)

    def answers(self) -> tuple[EvidenceAnswer, ...]:
        """What has happened since the last call."""
        with self._changed:
            taken, self._answers = tuple(self._answers), []
        return taken

    def poll(self, now_s: float) -> None:
        """Without a thread: copy what is due."""
        if not self._threaded and (self._new or now_s >= self._due_s):
            self._turn()

    def next_wake_s(self) -> float | None:
        """Without a thread: when `poll` wants to be called."""
        return None if self._threaded else self._due_s

    def close(self, timeout_s: float) -> None:
        """Copy what the ring has, answer, and stop."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if not self._threaded:
            self._turn()
            self._finish()
        else:
            self.thread.join(timeout_s)

    def _order(self, order: _Order) -> None:
        with self._changed:
            self._open.add(order.incident)
            self._new.append(order)
            self._changed.notify()

    # - the worker -

    def _run(self) -> None:
        while True:
            self.thread.rest()
            with self._changed:
                self._changed.wait_for(
                    lambda: self._closing or bool(self._new), max(0.0, self._due_s - self._clock.now_s())
                )
                closing = self._closing
            self.thread.beat()
            self._turn()
            if closing:
                self._finish()
                return

    def _finish(self) -> None:
        for order in self._orders:
            self._report(order, done=True)
        self._orders.clear()
        for ring in self._rings.values():
            ring.close()

    def _turn(self) -> None:
        with self._changed:
            self._orders += self._new
            self._new = []
        now_s = self._clock.now_s()
        tidy = now_s >= self._tidy_at_s
        if tidy:
            self._tidy_at_s = now_s + _TIDY_EVERY_S
        try:
            if self._folders is None:
                self._folders = self._look()
            if tidy:
                self._tidy(self._folders, now_s)
            for order in list(self._orders):
                self._copy(order, self._folders, now_s)
        except OSError as error:
            code = (
                "evidence_disk_low"
                if error.errno in (errno.ENOSPC, errno.EDQUOT)
                else "evidence_write_failed"
            )
            self._trouble(code, error.strerror or str(error))
        except Exception as error:  # a picture that cannot be kept must not cost those after it
            self._trouble("evidence_write_failed", type(error).__name__)
        for order in list(self._orders):
            # A picture may need a moment from the camera to the ring.
            if now_s >= order.to_s + (0.0 if order.one else 1.0):
                self._orders.remove(order)
                self._report(order, done=True)
            elif order.files and now_s - order.reported_s >= _REPORT_EVERY_S:
                order.reported_s = now_s
                self._report(order, done=False)
        self._due_s = now_s + _COPY_EVERY_S if self._orders else self._tidy_at_s

    def _copy(self, order: _Order, folders: dict[int, _Folder], now_s: float) -> None:
        for name, ring in self._rings.items():
            if name not in order.through_s:
                continue
            try:
                found = list(ring.between(order.through_s[name], order.to_s))
            except FaultError as fault:
                self._trouble(fault.code, fault.detail)
                continue
            self._well("evidence_ring_failed")
            if order.one:
                found = found[-1:]
            if found:
                self._write_all(order, folders, name, found)

    def _write_all(
        self, order: _Order, folders: dict[int, _Folder], camera: str, pictures: Sequence[RingPicture]
    ) -> None:
        folder = self._folder / str(order.incident)
        known = folders.setdefault(order.incident, _Folder())
        written = []
        try:
            _private_folder(folder)
            for picture in pictures:
                self.thread.beat()
                if not self._has_room():
                    return  # the ring still has it for a while
                size = len(picture.jpeg)
                if known.size + size > self._limits.incident_mb * 1e6 or not self._make_room(
                    folders, order.incident, size
                ):
                    order.left_out += 1
                else:
                    self._give_way()
                    name = f"{self._boot:05d}-{round(picture.at_s * 1000):012d}"
                    name += ".jpg" if camera == "face" else f"-{camera}.jpg"
                    if not (folder / name).exists():  # two orders of one incident may overlap
                        _write_file(folder, name, picture.jpeg)
                        known.size += size
                        known.newest_wall_s = self._clock.wall_s()
                        written.append((name, hashlib.sha256(picture.jpeg).hexdigest()))
                order.through_s[camera] = picture.at_s
        finally:
            if written:
                _sync_folder(folder)
                order.files += written
        if written:
            self._well("evidence_disk_low")
            self._well("evidence_write_failed")

    def _give_way(self) -> None:
        """The record goes first on a slow card."""
        end_s = self._clock.now_s() + _YIELD_S
        while self._threaded and self._busy() and self._clock.now_s() < end_s:
            with self._changed:
                self._changed.wait(0.02)

    def _report(self, order: _Order, *, done: bool) -> None:
        files, order.files = tuple(order.files), []
        self._answer(PicturesKept(order.incident, order.why, files, done, order.left_out))

    def _answer(self, answer: EvidenceAnswer) -> None:
        with self._changed:
            self._answers.append(answer)
        self._on_answer()

    def _trouble(self, code: str, detail: str) -> None:
        if code not in self._troubles:
            self._answer(EvidenceTrouble(code, detail, active=True))
        self._troubles[code] = detail

    def _well(self, code: str) -> None:
        if code in self._troubles:
            self._answer(EvidenceTrouble(code, self._troubles.pop(code), active=False))

    # - space and time -

    def _look(self) -> dict[int, _Folder]:
        """What is on the disk; what a power cut left half written goes."""
        _private_folder(self._folder)
        found: dict[int, _Folder] = {}
        for incident, folder in _incident_folders(self._folder):
            self.thread.beat()
            known = found.setdefault(incident, _Folder())
            for file in folder.iterdir():
                if file.suffix == ".part":
                    file.unlink()
                else:
                    status = file.stat()
                    known.size += status.st_size
                    known.newest_wall_s = max(known.newest_wall_s, status.st_mtime)
        return found

    def _has_room(self) -> bool:
        disk = self._statvfs(self._folder)
        free_mb = disk.f_bavail * disk.f_frsize / 1e6
        if free_mb < self._limits.reserve_mb:
            self._trouble("evidence_disk_low", f"{free_mb:.0f} MB free")
            return False
        return True

    def _make_room(self, folders: dict[int, _Folder], incident: int, size: int) -> bool:
        """Remove the oldest incidents until `size` more bytes fit: closed ones first, never `incident`."""
        while sum(f.size for f in folders.values()) + size > self._limits.keep_mb * 1e6:
            with self._changed:
                is_open = set(self._open)
            others = [number for number in folders if number != incident]
            if not others:
                return False
            self._remove(folders, min(others, key=lambda n: (n in is_open, n)), "space")
        return True

    def _tidy(self, folders: dict[int, _Folder], now_s: float) -> None:
        """Remove what is too old. A clock that jumped is not believed for a day."""
        wall_s = self._clock.wall_s()
        before_s, before_wall_s = self._clocks
        if abs((wall_s - before_wall_s) - (now_s - before_s)) > _JUMP_S:
            self._age_from_s = now_s + _AFTER_JUMP_S
        self._clocks = (now_s, wall_s)
        if now_s >= self._age_from_s:
            with self._changed:
                is_open = set(self._open)
            for number, known in sorted(folders.items()):
                if number not in is_open and wall_s - known.newest_wall_s > self._limits.keep_days * 86400:
                    self._remove(folders, number, "age")
        self._make_room(folders, -1, 0)
        if self._has_room():
            self._well("evidence_disk_low")

    def _remove(self, folders: dict[int, _Folder], incident: int, reason: str) -> None:
        # Told before it is done: after a power cut the record says at worst that too much is gone.
        self.thread.beat()
        self._answer(PicturesRemoved(incident, reason))
        shutil.rmtree(self._folder / str(incident))
        del folders[incident]


# --- files -----------------------------------------------------------------------------------------


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _write_file(folder: Path, name: str, content: bytes) -> None:
    """All of the file under its name, or nothing; on the disk, but for its name (`_sync_folder`)."""
    part = folder / f".{name}.part"
    part.unlink(missing_ok=True)
    try:
        with os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb"
        ) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(folder / name)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    for one in (folder, folder.parent):
        descriptor = os.open(one, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _incident_folders(folder: Path) -> Iterator[tuple[int, Path]]:
    for one in sorted(folder.iterdir()):
        if one.name.isascii() and one.name.isdigit() and one.is_dir():
            yield int(one.name), one


def pictures(folder: Path, incident: int) -> tuple[Path, ...]:
    """The kept pictures of an incident, oldest first."""
    with contextlib.suppress(FileNotFoundError):
        return tuple(sorted(p for p in (folder / str(incident)).iterdir() if p.suffix == ".jpg"))
    return ()


def check_pictures(folder: Path, entries: Iterable[tuple[int, str, str]]) -> tuple[FaultError, ...]:
    """Compare the pictures with the record: one `evidence_changed` for each that is missing or changed.

    `entries` are (incident, name, data) of the record's lines of the kind `evidence`, oldest first.
    """
    expected: dict[int, dict[str, str]] = {}
    for incident, name, data in entries:
        if name == "pictures_kept":
            expected.setdefault(incident, {}).update(json.loads(data)["files"])
        elif name == "pictures_removed":
            expected.pop(incident, None)
    problems = []
    for incident, files in expected.items():
        if not (folder / str(incident)).is_dir():
            problems.append(f"{incident}: all {len(files)} pictures are missing")
            continue
        for name, wanted in files.items():
            try:
                found = hashlib.sha256((folder / str(incident) / name).read_bytes()).hexdigest()
            except FileNotFoundError:
                problems.append(f"{incident}/{name} is missing")
            except OSError as error:
                problems.append(f"{incident}/{name} cannot be read ({error.strerror})")
            else:
                if found != wanted:
                    problems.append(f"{incident}/{name} was changed")
    return tuple(FaultError("evidence_changed", problem) for problem in problems)
