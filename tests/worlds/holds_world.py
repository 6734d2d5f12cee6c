"""A shelf of incidents with its record: pictures come, days pass, holds begin and end, the plug is pulled."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from edge.disk.files import make_private_folder, put_whole
from edge.journal.aging import DOUBT_S
from edge.journal.held import hold_entry
from edge.pictures import files
from edge.pictures.holds import NAME, Holds, read_holds, together
from edge.pictures.kept import EvidenceTrouble, PicturesKept, PicturesRemoved, Told
from edge.pictures.proof import Proof, prove
from edge.pictures.removing import file_hash
from edge.pictures.retention import Profile
from edge.pictures.store import FORGET_S, Around, EvidenceLimits, Store
from edge.terms.hold import FREED, HELD, Freed, Hold, hold_in
from edge.terms.marks import Mark
from edge.terms.record import Entry
from tests.worlds.hand_clock import HandClock

WALL_S = 1_800_000_000.0
DAY_S = 86400.0
KB = 1000


@dataclass
class Line:
    kind: str
    name: str
    incident: int
    data: str


class Shelf:
    """`keep_kb` is all the room there is. `record` is what a hash chain would have of it."""

    def __init__(self, folder: Path, keep_kb: int = 50, profile: Profile = Profile.NONE) -> None:
        self.folder = folder / "evidence"
        self.clock = HandClock(1000.0, WALL_S)
        self.limits = EvidenceLimits(
            keep_days=30.0, keep_mb=keep_kb / KB, incident_mb=keep_kb / KB, reserve_mb=0, profile=profile
        )
        self.record: list[Line] = []
        self.number = 0
        self.open: set[int] = set()
        self.faults: list[tuple[str, bool]] = []
        self.boot()

    # --- lives -------------------------------------------------------------------------------------

    def boot(self) -> None:
        """A start: the holds of record and file together, then what lies there is looked at."""
        recorded, freed = self._said()
        both = together(recorded, freed, read_holds(self.folder) if self.folder.exists() else ())
        for hold in both.unrecorded:
            self._put(hold_entry(hold, again=True))
        self.holds = Holds(self.folder, both.holds)
        self.told = Told(lambda: None)
        around = Around(lambda: frozenset(self.open), self.holds, lambda: None, self.clock.wall_s())
        self.store = Store(self.folder, self.clock, self.limits, self.told, around)
        self.store.look()
        self.hear()

    def _said(self) -> tuple[list[Hold], list[int]]:
        holds: dict[int, Hold] = {}
        freed: set[int] = set()
        for line in self.record:
            if line.name == HELD:
                holds[line.incident] = hold_in(line.incident, json.loads(line.data))
                freed.discard(line.incident)
            elif line.name == FREED:
                holds.pop(line.incident, None)
                freed.add(line.incident)
        return list(holds.values()), sorted(freed)

    def _put(self, entry: Entry) -> None:
        self.record.append(Line(entry.kind, entry.name, entry.incident, entry.data))

    def hear(self) -> None:
        """The loop takes the answers, and the record has them."""
        for answer in self.told.take():
            if isinstance(answer, EvidenceTrouble):
                self.faults.append((answer.code, answer.active))
            else:
                self._put(answer.entry())

    # --- what happens ------------------------------------------------------------------------------

    def incident(self, count: int = 3, kb: int = 2, why: str = "locked") -> bool:
        """The next one, with so many pictures; whether all of them found room."""
        self.number += 1
        self.open.add(self.number)
        self.store.kept_for(self.number, why)
        kept = []
        for index in range(count):
            size = kb * KB
            if not self.store.make_room(self.number, size):
                continue
            name = files.picture_name(1, self.number + index / 10, "face")
            one = self.folder / str(self.number)
            make_private_folder(one)
            put_whole(one / name, bytes([self.number % 251, index]) + bytes(size - 2))
            known = self.store.folder_of(self.number)
            known.size += size
            known.newest_wall_s = self.clock.wall_s()
            os.utime(one / name, (known.newest_wall_s, known.newest_wall_s))
            self.store.written(self.number)
            kept.append((name, file_hash(one / name)))
        if kept:
            self._put(PicturesKept(self.number, why, tuple(kept), True).entry())
        self.open.discard(self.number)
        self.hear()
        return len(kept) == count

    def hold(self, incident: int, days: float | None = None) -> None:
        until = None if days is None else self.clock.wall_s() + days * DAY_S
        hold = Hold(incident, "control room", "case 17", self.clock.wall_s(), until)
        self.holds.put(hold)
        self._put(hold_entry(hold))
        self.store.look()

    def free(self, incident: int) -> None:
        self.holds.drop(incident)
        self._put(Entry("event", FREED, incident, json.dumps(Freed(incident, "control room").data())))
        self.store.look()

    def mark(self, incident: int, mark: Mark) -> None:
        self.store.marked(incident, mark)

    def days(self, count: float) -> None:
        """So many days pass, and this thread tidies up each hour (here: each day, and at their end)."""
        left_s = count * DAY_S
        while left_s > 0:
            step_s = min(left_s, DOUBT_S / 2)
            left_s -= step_s
            for _ in range(24):
                self.clock.mono_s += step_s / 24
                self.store.tidy()
            self.hear()
            self.clock.mono_s += FORGET_S
            self.store.forget_emptied(self.clock.mono_s)

    # --- what breaks -------------------------------------------------------------------------------

    def lose_file(self) -> None:
        (self.folder / NAME).unlink(missing_ok=True)

    def lose_record(self) -> None:
        """A fresh one: it has the counters and nothing else."""
        self.record.clear()

    def steal(self, incident: int) -> None:
        """Somebody takes one picture away."""
        next(iter(files.pictures(self.folder, incident))).unlink()

    # --- what there is -----------------------------------------------------------------------------

    def there(self) -> set[int]:
        return {n for n, one in files.incident_folders(self.folder) if files.pictures(self.folder, n)}

    def count(self, incident: int) -> int:
        return len(files.pictures(self.folder, incident))

    def kb(self) -> float:
        return sum(p.stat().st_size for n in self.there() for p in files.pictures(self.folder, n)) / KB

    def proof(self) -> Proof:
        return prove(self.folder, self.record)

    def removed(self) -> list[PicturesRemoved]:
        return [
            PicturesRemoved(line.incident, json.loads(line.data)["reason"])
            for line in self.record
            if line.name == "pictures_removed"
        ]

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
