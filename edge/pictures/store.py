"""The incidents' folders within their time and space: what is too old goes, and the oldest for lack of room.

The clock may be wrong: nothing is too old before it can be believed. What cannot be removed is reported once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from edge.disk.files import make_private_folder
from edge.journal.aging import Aging, can_be
from edge.pictures import about, files, removing
from edge.pictures.about import About
from edge.pictures.holds import Holds
from edge.pictures.kept import EvidenceTrouble, HoldEnded, PicturesRemoved, Told
from edge.pictures.retention import Profile, keep_days
from edge.settings.schema import EvidenceSettings
from edge.terms.hold import Hold
from edge.terms.marks import Mark
from hw.ports import Clock

_OFF_S: Final = 7 * 86400.0
"""Where a clock says that more time than this went by unseen, kept pictures are not older for it."""

FORGET_S: Final = 1.0
"""How long an emptied folder stays, so that a power cut before the record has it leaves a trace."""

DATED: Final = ".dated"
"""A file in a folder whose pictures have times that cannot be: its own time counts for them."""

_SET: Final = EvidenceSettings()


@dataclass(frozen=True, slots=True)
class EvidenceLimits:
    before_s: float = _SET.before_s
    after_s: float = _SET.after_s
    keep_days: float = _SET.keep_days
    keep_mb: float = _SET.keep_mb
    incident_mb: float = _SET.incident_mb
    reserve_mb: float = _SET.reserve_mb
    profile: Profile = Profile.NONE


@dataclass(frozen=True, slots=True)
class Start:
    """What the record knew when this start began. `last_wall_s` is the time of day at which it ended, 0 for
    unknown; pictures of an open incident go last, and those of `holds` never."""

    boot: int
    open_incidents: tuple[int, ...] = ()
    last_wall_s: float = 0.0
    holds: tuple[Hold, ...] = ()


@dataclass(slots=True)
class IncidentFolder:
    """What is known of an incident's folder; `newest_wall_s` is the time of its newest picture, 0 for none
    that can be. `dated` where that is the time of a mark (`DATED`)."""

    size: int = 0
    newest_wall_s: float = 0.0
    dated: bool = False
    about: About = field(default_factory=About)


@dataclass(frozen=True, slots=True)
class Around:
    """What a store asks: the incidents that are not over, and the legal holds. `beat` says that we live;
    `last_wall_s` is the time of day at which the start before ended."""

    is_open: Callable[[], frozenset[int]]
    holds: Holds
    beat: Callable[[], None]
    last_wall_s: float = 0.0


class Store:
    """All folders in `folder`.

    Belongs to one thread; only `doubt_clock` may come from another.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        limits: EvidenceLimits,
        told: Told,
        around: Around,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._limits = limits
        self._told = told
        self._is_open = around.is_open
        self._holds = around.holds
        self._beat = around.beat
        self._folders: dict[int, IncidentFolder] | None = None
        self._aging = Aging(clock)
        self._clock_wrong = False
        self._right_at_s = clock.now_s()
        self._right_at_wall_s = around.last_wall_s if can_be(around.last_wall_s) else 0.0
        self._stuck: dict[int, str] = {}
        self._tried: set[int] = set()
        self._emptied: dict[int, float] = {}
        self._coming: dict[int, About] = {}

    def doubt_clock(self, wrong: bool) -> None:
        """Whether the clock is known to be wrong: then nothing is too old."""
        self._clock_wrong = wrong

    def look(self) -> None:
        """Learn once what is there; what a power cut left half written or half removed goes. OSError.

        The holds go to their file where that does not have them yet.
        """
        self._all()
        self._holds.keep()

    @property
    def known(self) -> bool:
        """Whether `look` has succeeded: without it nothing can be written."""
        return self._folders is not None

    @property
    def kept_bytes(self) -> int:
        """The size of all folders; of those that `look` found, 0 before. Any thread may ask."""
        folders = self._folders or {}
        return sum(known.size for known in tuple(folders.values()))

    @property
    def forgetting(self) -> bool:
        """Whether an emptied folder waits to be removed (`FORGET_S`)."""
        return bool(self._emptied)

    def folder_of(self, incident: int) -> IncidentFolder:
        return self._all().setdefault(incident, IncidentFolder())

    def has_room(self) -> bool:
        """Whether the disk has more than the reserve that is the record's."""
        disk = os.statvfs(self._folder)
        free_mb = disk.f_bavail * disk.f_frsize / 1e6
        if free_mb < self._limits.reserve_mb:
            self._told.trouble("evidence_disk_low", f"{free_mb:.0f} MB free")
            return False
        return True

    def kept_for(self, incident: int, why: str) -> None:
        """Pictures of this incident are to be kept for this."""
        known = self._all().get(incident)
        if known is not None:
            self._say_about(incident, known, known.about.with_why(why))
        else:
            self._coming[incident] = self._coming.get(incident, About()).with_why(why)

    def marked(self, incident: int, mark: Mark) -> None:
        """Somebody said what the incident was."""
        known = self._all().get(incident)
        if known is not None:
            self._say_about(incident, known, replace(known.about, mark=mark))

    def make_room(self, incident: int, size: int) -> bool:
        """Remove the oldest incidents until `size` more bytes fit: closed ones first, never `incident`.

        One that is held stays, whatever comes: then new pictures are given up, by name.
        """
        folders = self._all()
        while sum(f.size for f in folders.values()) + size > self._limits.keep_mb * 1e6:
            is_open = self._is_open()
            held = self._holds.held()
            others = [n for n in folders if n != incident and n not in self._tried and n not in held]
            if not others:
                if not held.isdisjoint(folders.keys() - {incident}):
                    held_mb = sum(folders[n].size for n in held & folders.keys()) / 1e6
                    self._told.trouble("evidence_held_full", f"{len(held)} holds, {held_mb:.0f} MB")
                return False
            self._remove(min(others, key=lambda n: (n in is_open, n)), "space")
        self._told.well("evidence_held_full")
        return True

    def written(self, incident: int) -> None:
        """There are new pictures in a folder: their names are on the disk after this. OSError."""
        self._emptied.pop(incident, None)
        removing.give_up(self._folder / str(incident))
        known = self.folder_of(incident)
        if (coming := self._coming.pop(incident, None)) is not None:
            self._say_about(incident, known, coming)
        if known.dated:
            self._date(incident, known)
        files.sync_folder(self._folder / str(incident))

    def tidy(self) -> None:
        """Remove what is too old, as far as the clock can be believed."""
        folders = self._all()
        self._tried.clear()
        for number in [n for n in folders if not (self._folder / str(n)).is_dir()]:
            del folders[number]  # by hand
        for number in [n for n in self._stuck if not os.path.lexists(self._folder / str(n))]:
            self._unstick(number)
        if self._aging.believed() and not self._clock_wrong:
            self._settle_times()
            wall_s = self._clock.wall_s()
            for hold in self._holds.ended(wall_s):
                self._holds.drop(hold.incident)
                self._told.add(HoldEnded(hold))
            stays = self._is_open() | self._holds.held()
            for number, known in sorted(folders.items()):
                if number not in stays and wall_s - known.newest_wall_s > self._days(known) * 86400:
                    self._remove(number, "age")
        self.make_room(-1, 0)
        if self.has_room():
            self._told.well("evidence_disk_low")

    def forget_emptied(self, now_s: float) -> None:
        """The empty folder said, if the power went, that the record may lack the line about it."""
        for incident in [n for n, at_s in self._emptied.items() if now_s >= at_s + FORGET_S]:
            del self._emptied[incident]
            with contextlib.suppress(OSError):
                removing.forget(self._folder / str(incident))

    # --- inside ------------------------------------------------------------------------------------

    def _all(self) -> dict[int, IncidentFolder]:
        if self._folders is None:
            self._folders = self._found()
        return self._folders

    def _found(self) -> dict[int, IncidentFolder]:
        make_private_folder(self._folder)
        stays = self._is_open() | self._holds.held()
        found: dict[int, IncidentFolder] = {}
        for incident, folder in files.incident_folders(self._folder):
            self._beat()
            if folder.is_symlink():
                self._stick(incident, "it is a link")
                continue
            known = found.setdefault(incident, IncidentFolder())
            # One that cannot be looked into may not be ours: it takes its space, and no picture from another.
            with contextlib.suppress(OSError):
                if removing.is_begun(folder) and incident not in self._holds.held():
                    self._gone(removing.remove(folder, incident, "restart", self._beat))
                    del found[incident]
                elif _look_into(folder, known) and incident not in stays:
                    del found[incident]
                    self._gone(PicturesRemoved(incident, "restart"))
        return found

    def _days(self, known: IncidentFolder) -> float:
        said = known.about
        return keep_days(said.whys, said.mark, self._limits.profile, self._limits.keep_days)

    def _say_about(self, incident: int, known: IncidentFolder, said: About) -> None:
        if said == known.about:
            return
        known.about = said
        with contextlib.suppress(OSError):  # then a start finds less, and keeps the pictures for longer
            about.write_about(self._folder / str(incident), said)

    def _settle_times(self) -> None:
        """Give a time of now to pictures whose own cannot be; to all where the clock skipped a week or more.

        Then the machine was off for long, or its clock is wrong: neither makes them older at once.
        """
        now_s, wall_s = self._clock.now_s(), self._clock.wall_s()
        due_wall_s = self._right_at_wall_s + now_s - self._right_at_s
        skipped = self._right_at_wall_s > 0 and wall_s - due_wall_s > _OFF_S
        self._right_at_s, self._right_at_wall_s = now_s, wall_s
        for number, known in self._all().items():
            if skipped or not can_be(known.newest_wall_s) or known.newest_wall_s > wall_s + 3600.0:
                self._date(number, known)

    def _date(self, incident: int, known: IncidentFolder) -> None:
        known.dated, known.newest_wall_s = True, self._clock.wall_s()
        mark = self._folder / str(incident) / DATED
        with contextlib.suppress(OSError):  # else until the next start
            mark.touch()
            os.utime(mark, (known.newest_wall_s, known.newest_wall_s))

    def _remove(self, incident: int, reason: str) -> None:
        """Empty its folder. Told when it is done, or once that it cannot be; another goes instead."""
        self._beat()
        self._tried.add(incident)
        try:
            removed = removing.remove(self._folder / str(incident), incident, reason, self._beat)
        except OSError as error:
            self._stick(incident, error.strerror or str(error))
        else:
            self._gone(removed)
            del self._all()[incident]

    def _gone(self, removed: PicturesRemoved) -> None:
        self._told.add(removed)
        self._emptied[removed.incident] = self._clock.now_s()
        self._unstick(removed.incident)

    def _stick(self, incident: int, why: str) -> None:
        if incident not in self._stuck:
            self._stuck[incident] = f"incident {incident}: {why}"
            self._told.add(EvidenceTrouble("evidence_stuck", self._stuck[incident], active=True))

    def _unstick(self, incident: int) -> None:
        if incident in self._stuck:
            self._told.add(EvidenceTrouble("evidence_stuck", self._stuck.pop(incident), active=False))


def _look_into(folder: Path, known: IncidentFolder) -> bool:
    """Add up what is in a folder; whether it is empty. OSError."""
    is_empty = True
    for file in folder.iterdir():
        if file.suffix == ".part":
            with contextlib.suppress(OSError):
                file.unlink()
            continue
        if file.name == about.NAME:
            known.about = about.read_about(folder)
            continue
        is_empty = False
        status = file.lstat()
        known.size += status.st_size
        if file.name == DATED:
            known.dated, known.newest_wall_s = True, status.st_mtime
        elif can_be(status.st_mtime) and not known.dated:
            known.newest_wall_s = max(known.newest_wall_s, status.st_mtime)
    return is_empty
