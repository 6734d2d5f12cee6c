"""The legal holds of one kiosk, asked before anything is removed, and their file beside the pictures."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from edge.disk.files import make_private_folder, put_whole
from edge.faults.fault import FaultError
from edge.journal.file import NAME as RECORD
from edge.journal.reader import recall
from edge.pictures.files import FOLDER, sync_folder
from edge.terms.hold import MOST, Hold

NAME: Final = "holds.json"
"""In the folder of the pictures, beside the incidents' folders."""

_LARGEST_BYTES: Final = 4_000_000


class Holds:
    """All holds of one kiosk. May be asked from any thread; `keep` belongs to one.

    `folder` is the pictures'; `known` those of the record and the file together (`together`).
    """

    def __init__(self, folder: Path, known: Iterable[Hold] = ()) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._holds = {hold.incident: hold for hold in known}
        self._kept: dict[int, Hold] | None = None

    def all(self) -> tuple[Hold, ...]:
        """By incident."""
        with self._lock:
            return tuple(self._holds[incident] for incident in sorted(self._holds))

    def held(self) -> frozenset[int]:
        """The incidents of which nothing may be removed."""
        with self._lock:
            return frozenset(self._holds)

    def of(self, incident: int) -> Hold | None:
        with self._lock:
            return self._holds.get(incident)

    def put(self, hold: Hold) -> None:
        """From now on. Who has a hold on it may make it longer; nobody else's is ever lost by another.

        FaultError: `hold_stands`, `holds_too_many`.
        """
        with self._lock:
            there = self._holds.get(hold.incident)
            if there is None and len(self._holds) >= MOST:
                raise FaultError("holds_too_many", f"{MOST} stand")
            if there is not None and not hold.may_follow(there):
                which = f"by {there.by} until {there.last_day()}: {there.why}"
                raise FaultError("hold_stands", f"incident {hold.incident}, {which}")
            self._holds[hold.incident] = hold

    def drop(self, incident: int) -> Hold | None:
        """The hold that ends, None where there was none."""
        with self._lock:
            return self._holds.pop(incident, None)

    def ended(self, wall_s: float) -> tuple[Hold, ...]:
        """Those whose last moment is over at this time; they are still there."""
        return tuple(h for h in self.all() if h.until_wall_s is not None and wall_s > h.until_wall_s)

    def keep(self) -> None:
        """Write the file where it does not say what is held; it is on the disk then. OSError."""
        with self._lock:
            now = dict(self._holds)
        if now == self._kept:
            return
        if now or (self._folder / NAME).exists():
            make_private_folder(self._folder)
            put_whole(self._folder / NAME, msgspec.json.encode([now[incident] for incident in sorted(now)]))
            sync_folder(self._folder)
        self._kept = now


def read_holds(folder: Path) -> tuple[Hold, ...]:
    """What the file says, nothing where there is none. FaultError `holds_unreadable`."""
    path = folder / NAME
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise FaultError("holds_unreadable", f"{path}: too large")
        return msgspec.json.decode(content, type=tuple[Hold, ...])
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise FaultError("holds_unreadable", f"{path}: {error.strerror}") from error
    except msgspec.DecodeError:
        raise FaultError("holds_unreadable", f"{path}: it makes no sense") from None


def holds_on_disk(data: Path, *, whole: bool = False) -> tuple[Hold, ...]:
    """All holds that the record and the file in a kiosk's folder say together, by incident.

    The record alone, where the file makes no sense. FaultError: the record cannot be read; with `whole`
    `holds_unreadable`, too.
    """
    remembered = recall(data / RECORD)
    try:
        filed = read_holds(data / FOLDER)
    except FaultError:
        if whole:
            raise
        filed = ()
    found = together(remembered.holds, remembered.freed, filed).holds
    return tuple(sorted(found, key=lambda hold: hold.incident))


@dataclass(frozen=True, slots=True)
class Together:
    """What a start goes on with: all holds, and those of them that the record lacks."""

    holds: tuple[Hold, ...]
    unrecorded: tuple[Hold, ...]


def together(recorded: Iterable[Hold], freed: Iterable[int], filed: Iterable[Hold]) -> Together:
    """The holds of the record and of the file. One that the record says was ended has ended; of one that only
    the file knows the record was lost, and it counts."""
    known = {hold.incident: hold for hold in recorded}
    over = frozenset(freed)
    lost = tuple(h for h in filed if h.incident not in known and h.incident not in over)
    return Together((*known.values(), *lost), lost)
