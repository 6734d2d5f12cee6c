"""Keeps the pictures from before and after an incident, hashed, for a limited time and in limited space.

The pictures come from the ring (`ring`), so those from before are there already and a dead camera
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

from edge.faults.fault import FaultError
from edge.journal.aging import Aging, can_be
from edge.pictures.ring import RingPicture
from edge.terms.record import Entry
from hw.ports import Clock
from hw.watched import WatchedThread

_COPY_EVERY_S: Final = 0.5
"""How often new pictures of a running incident are copied out of the ring."""

_REPORT_EVERY_S: Final = 5.0
"""How often their hashes are answered: a power cut leaves at most so much without a hash in the record."""

_TIDY_EVERY_S: Final = 3600.0

_OFF_S: Final = 7 * 86400.0
"""Where a clock says that more time than this went by unseen, kept pictures are not older for it."""

_FORGET_S: Final = 1.0
"""How long an emptied folder stays, so that a power cut before the record has it leaves a trace."""

_DATED: Final = ".dated"
"""A file in a folder whose pictures have times that cannot be: its own time counts for them."""

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
    """All pictures of an incident are gone because of `reason`: `age`, `space`, or `restart` where that is
    not known any more."""

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
    """Where the pictures come from: `edge.pictures.ring.RingReader`."""

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
    waiting: dict[str, list[float]] = field(default_factory=dict)
    """Pictures that were seen in the ring and could not be written yet, by camera."""


@dataclass(slots=True)
class _Folder:
    """What is known of an incident's folder; `newest_wall_s` is the time of its newest picture, 0 for none
    that can be. `dated` where that is the time of a mark (`_DATED`)."""

    size: int = 0
    newest_wall_s: float = 0.0
    dated: bool = False


class Evidence:
    """The pictures of one kiosk. All methods but `close` return at once; they belong to one thread.

    `folder` holds one folder an incident, `NUMBER/BOOT-MILLISECONDS.jpg`, with the camera's name after it
    for all but the `face` camera. `rings` are by camera. `busy` tells whether the record is being written:
    pictures give way. `last_wall_s` is the time of day at which the record ended before this start, 0 for
    unknown. Without a thread (`threaded=False`) `poll` does the work, for replays in step.
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
        last_wall_s: float = 0.0,
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
        self._aging = Aging(clock)
        self._clock_wrong = False
        self._right_at = (clock.now_s(), last_wall_s if can_be(last_wall_s) else 0.0)
        self._stuck: dict[int, str] = {}
        self._tried: set[int] = set()
        self._emptied: dict[int, float] = {}
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

    def doubt_clock(self, wrong: bool) -> None:
        """Whether the clock is known to be wrong: then nothing is too old."""
        self._clock_wrong = wrong

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
            for order in self._new:
                self._take(order)
            self._new = []
        now_s = self._clock.now_s()
        tidy = now_s >= self._tidy_at_s
        if tidy:
            self._tidy_at_s = now_s + _TIDY_EVERY_S
        wrote = failed = False
        try:
            if self._folders is None:
                self._folders = self._look()
            self._forget_emptied(now_s)
            if tidy:
                self._tidy(self._folders)
        except Exception as error:  # what cannot be looked at or removed must not cost the pictures after it
            failed = self._failed(error)
        for order in self._orders:
            if self._folders is None:
                break
            try:
                wrote = self._copy(order, self._folders) or wrote
            except Exception as error:  # one incident that cannot be written does not keep out the others
                failed = self._failed(error)
        if wrote and not failed:
            self._well("evidence_write_failed")
        for order in list(self._orders):
            # A picture may need a moment from the camera to the ring.
            if now_s >= order.to_s + (0.0 if order.one else 1.0):
                self._orders.remove(order)
                order.left_out += sum(map(len, order.waiting.values()))
                self._report(order, done=True)
            elif order.files and now_s - order.reported_s >= _REPORT_EVERY_S:
                order.reported_s = now_s
                self._report(order, done=False)
        self._due_s = now_s + _COPY_EVERY_S if self._orders else self._tidy_at_s
        if self._emptied:
            self._due_s = min(self._due_s, now_s + _FORGET_S)

    def _take(self, new: _Order) -> None:
        """A new order; one that only goes on for longer, as when a contact chatters, is no other."""
        for order in self._orders:
            same = (order.incident, order.why, order.one) == (new.incident, new.why, False)
            if same and min(new.through_s.values(), default=new.to_s) <= order.to_s:
                order.to_s = max(order.to_s, new.to_s)
                return
        self._orders.append(new)

    def _failed(self, error: Exception) -> bool:
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        words = (error.strerror or str(error)) if isinstance(error, OSError) else type(error).__name__
        self._trouble("evidence_disk_low" if full else "evidence_write_failed", words)
        return True

    def _copy(self, order: _Order, folders: dict[int, _Folder]) -> bool:
        """What the rings have of it by now; whether a picture was written."""
        wrote = False
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
            # What waited for its place and was overwritten meanwhile is lost.
            there = {picture.at_s for picture in found}
            order.left_out += sum(at_s not in there for at_s in order.waiting.get(name, ()))
            try:
                wrote = self._write_all(order, folders, name, found) or wrote
            finally:
                through_s = order.through_s[name]
                order.waiting[name] = [picture.at_s for picture in found if picture.at_s > through_s]
        return wrote

    def _write_all(
        self, order: _Order, folders: dict[int, _Folder], camera: str, pictures: Sequence[RingPicture]
    ) -> bool:
        if not pictures:
            return False
        folder = self._folder / str(order.incident)
        known = folders.setdefault(order.incident, _Folder())
        written: list[tuple[str, str]] = []
        room = True
        try:
            _private_folder(folder)
            for picture in pictures:
                self.thread.beat()
                room = self._has_room()
                if not room:
                    break  # the ring still has it for a while
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
                self._emptied.pop(order.incident, None)
                if known.dated:
                    self._date(order.incident, known)
                _sync_folder(folder)
                order.files += written
        if written and room:
            self._well("evidence_disk_low")
        return bool(written)

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
        """What is on the disk; what a power cut left half written or half removed goes."""
        _private_folder(self._folder)
        with self._changed:
            is_open = set(self._open)
        found: dict[int, _Folder] = {}
        for incident, folder in _incident_folders(self._folder):
            self.thread.beat()
            if folder.is_symlink():
                self._stick(incident, "it is a link")
                continue
            known = found.setdefault(incident, _Folder())
            # One that cannot be looked into may not be ours: it takes its space, and no picture from another.
            with contextlib.suppress(OSError):
                empty = True
                for file in folder.iterdir():
                    if file.suffix == ".part":
                        with contextlib.suppress(OSError):
                            file.unlink()
                        continue
                    empty = False
                    status = file.lstat()
                    known.size += status.st_size
                    if file.name == _DATED:
                        known.dated, known.newest_wall_s = True, status.st_mtime
                    elif can_be(status.st_mtime) and not known.dated:
                        known.newest_wall_s = max(known.newest_wall_s, status.st_mtime)
                if empty and incident not in is_open:
                    self._gone(found, incident, "restart")
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
            others = [number for number in folders if number != incident and number not in self._tried]
            if not others:
                return False
            self._remove(folders, min(others, key=lambda n: (n in is_open, n)), "space")
        return True

    def _tidy(self, folders: dict[int, _Folder]) -> None:
        """Remove what is too old, as far as the clock can be believed."""
        self._tried.clear()
        for number in [n for n in folders if not (self._folder / str(n)).is_dir()]:
            del folders[number]  # by hand
        for number in [n for n in self._stuck if not os.path.lexists(self._folder / str(n))]:
            self._unstick(number)
        if self._aging.believed() and not self._clock_wrong:
            self._settle_times(folders)
            wall_s = self._clock.wall_s()
            with self._changed:
                is_open = set(self._open)
            for number, known in sorted(folders.items()):
                if number not in is_open and wall_s - known.newest_wall_s > self._limits.keep_days * 86400:
                    self._remove(folders, number, "age")
        self._make_room(folders, -1, 0)
        if self._has_room():
            self._well("evidence_disk_low")

    def _settle_times(self, folders: dict[int, _Folder]) -> None:
        """Give a time of now to pictures whose own cannot be; to all where the clock skipped a week or more.

        Then the machine was off for long, or its clock is wrong: neither makes them older at once.
        """
        now_s, wall_s = self._clock.now_s(), self._clock.wall_s()
        then_s, then_wall_s = self._right_at
        skipped = then_wall_s > 0 and wall_s - (then_wall_s + now_s - then_s) > _OFF_S
        self._right_at = (now_s, wall_s)
        for number, known in folders.items():
            if skipped or not can_be(known.newest_wall_s) or known.newest_wall_s > wall_s + 3600.0:
                self._date(number, known)

    def _date(self, incident: int, known: _Folder) -> None:
        known.dated, known.newest_wall_s = True, self._clock.wall_s()
        mark = self._folder / str(incident) / _DATED
        with contextlib.suppress(OSError):  # else until the next start
            mark.touch()
            os.utime(mark, (known.newest_wall_s, known.newest_wall_s))

    def _remove(self, folders: dict[int, _Folder], incident: int, reason: str) -> None:
        """Empty its folder. Told when it is done, or once that it cannot be; another goes instead."""
        self.thread.beat()
        self._tried.add(incident)
        try:
            _empty(self._folder / str(incident))
        except OSError as error:
            self._stick(incident, error.strerror or str(error))
        else:
            self._gone(folders, incident, reason)

    def _gone(self, folders: dict[int, _Folder], incident: int, reason: str) -> None:
        self._answer(PicturesRemoved(incident, reason))
        self._emptied[incident] = self._clock.now_s()
        self._unstick(incident)
        del folders[incident]

    def _forget_emptied(self, now_s: float) -> None:
        """The empty folder said, if the power went, that the record may lack the line about it."""
        for incident in [n for n, at_s in self._emptied.items() if now_s >= at_s + _FORGET_S]:
            del self._emptied[incident]
            with contextlib.suppress(OSError):
                (self._folder / str(incident)).rmdir()

    def _stick(self, incident: int, why: str) -> None:
        if incident not in self._stuck:
            self._stuck[incident] = f"incident {incident}: {why}"
            self._answer(EvidenceTrouble("evidence_stuck", self._stuck[incident], active=True))

    def _unstick(self, incident: int) -> None:
        if incident in self._stuck:
            self._answer(EvidenceTrouble("evidence_stuck", self._stuck.pop(incident), active=False))


# --- files -----------------------------------------------------------------------------------------


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _empty(folder: Path) -> None:
    """Remove what is in a folder: all of it, or at the first sign that it cannot be, nothing. OSError."""
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "it is a link")
    for inner, _, _ in os.walk(folder, onerror=_raise):
        if not os.access(inner, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    for one in folder.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


def _raise(error: OSError) -> None:
    raise error


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
    problems = []
    for incident, name, data in entries:
        if name == "pictures_kept":
            try:
                expected[incident] = {**expected.get(incident, {}), **json.loads(data)["files"]}
            except (ValueError, TypeError, LookupError):
                problems.append(f"{incident}: what the record says of its pictures makes no sense")
        elif name == "pictures_removed":
            expected.pop(incident, None)
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
