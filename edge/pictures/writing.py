"""Puts one picture into an incident's folder: sealed, where the bank's keys are set, before it is a file.

What reaches the disk of a sealed picture is sealed from its first byte: the open one exists in memory alone.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.disk.files import make_private_folder, put_whole
from edge.faults.fault import FaultError
from edge.pictures import age, files
from edge.pictures.clear import ClearCopies
from edge.pictures.kept import SealedTo
from edge.pictures.sealing import IncidentKey, Sealer
from edge.pictures.sheet import Draw, drawn_here
from edge.pictures.store import Store
from hw.ports import Clock


@dataclass(frozen=True, slots=True)
class Sealing:
    """How pictures are sealed, and where their short-lived open copies lie."""

    sealer: Sealer
    copies: ClearCopies


@dataclass(frozen=True, slots=True)
class Handling:
    """What is done to a picture before it is kept: `draw` puts a reason on it, `sealing` seals it, if set."""

    draw: Draw = drawn_here
    sealing: Sealing | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A new file of an incident: its name and the SHA-256 of what lies on the disk, in hexadecimal.

    `open_digest` is that of the open picture, for a sealed one. A wrapped key has none and is `is_key`.
    """

    name: str
    digest: str
    open_digest: str = ""
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A picture as it is to be kept; `new_wraps` (name, content) have to be on the disk before it."""

    key: IncidentKey
    content: bytes
    new_wraps: tuple[tuple[str, bytes], ...]


def sealed_to(new: Sequence[Written], short: str) -> SealedTo | None:
    """What the record says of new files that are sealed; None where none is."""
    opened = tuple((one.name, one.open_digest) for one in new if one.open_digest)
    keys = tuple((one.name, one.digest) for one in new if one.is_key)
    return SealedTo(opened, keys, short) if opened or keys else None


class Writer:
    """Writes into `folder`, as far as `store` has room. `boot` numbers the start. One thread's.

    `give_way` waits until the record needs the disk no more.
    """

    def __init__(
        self,
        folder: Path,
        boot: int,
        store: Store,
        clock: Clock,
        sealing: Sealing | None,
        give_way: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._boot = boot
        self._store = store
        self._clock = clock
        self._sealing = sealing
        self._give_way = give_way
        self._unsaid: dict[int, list[Written]] = {}
        """By incident, the wrapped keys on the disk that no answer has named yet."""

    def write(self, incident: int, name: str, jpeg: bytes, incident_mb: float) -> tuple[Written, ...] | None:
        """Write one picture: what is new on the disk, nothing where it is there already, None without room.

        OSError; FaultError (`evidence_keys_unusable`) where it cannot be sealed: then it is not kept.
        `store.has_room` was asked before, `store.written` is to be called after.
        """
        folder, known = self._folder / str(incident), self._store.folder_of(incident)
        make_private_folder(folder)
        if (folder / name).exists() or (folder / files.sealed_name(name)).exists():
            return ()  # two orders of one incident may overlap
        sealed = None if self._sealing is None else self._sealed(self._sealing, incident, jpeg)
        kept, content = (name, jpeg) if sealed is None else (files.sealed_name(name), sealed.content)
        wraps = () if sealed is None else sealed.new_wraps
        size = len(content) + sum(len(wrap) for _, wrap in wraps)
        full = known.size + size > incident_mb * 1e6
        if full or not self._store.make_room(incident, size):
            return None
        self._give_way()
        for wrap_name, wrap in wraps:
            put_whole(folder / wrap_name, wrap)
            known.size += len(wrap)
            key = Written(wrap_name, hashlib.sha256(wrap).hexdigest(), is_key=True)
            self._unsaid.setdefault(incident, []).append(key)
        if wraps:
            self._store.written(incident)
        open_digest = ""
        if self._sealing is not None and sealed is not None:
            self._sealing.sealer.stands(incident, sealed.key)
            # Before the sealed one: anybody who sees that finds its copy.
            self._sealing.copies.put(incident, kept, jpeg, self._clock.now_s())
            open_digest = hashlib.sha256(jpeg).hexdigest()
        put_whole(folder / kept, content)
        known.size += len(content)
        known.newest_wall_s = self._clock.wall_s()
        new = Written(kept, hashlib.sha256(content).hexdigest(), open_digest)
        return (*self._unsaid.pop(incident, ()), new)

    def _sealed(self, sealing: Sealing, incident: int, jpeg: bytes) -> _Sealed:
        folder = self._folder / str(incident)
        key, is_new = sealing.sealer.key(incident, self._boot, folder, self._clock.now_s())
        return _Sealed(key, age.seal(jpeg, key.to), key.wraps if is_new else ())

    def tidy(self) -> FaultError | None:
        """Remove open copies whose time is up or whose picture is gone; what is wrong with the list."""
        if self._sealing is None:
            return None
        now_s = self._clock.now_s()
        self._sealing.copies.tidy(now_s, lambda incident: (self._folder / str(incident)).is_dir())
        try:
            self._sealing.sealer.recipients(now_s)
        except FaultError as fault:
            return fault
        return None

    @property
    def short(self) -> str:
        """What the list is known by in the record; empty where pictures lie open."""
        return "" if self._sealing is None else self._sealing.sealer.short

    def next_s(self, now_s: float) -> float:
        """When `tidy` is due: an open copy's time is up, or an unusable list may have been corrected."""
        if self._sealing is None:
            return math.inf
        return min(self._sealing.copies.next_s(), self._sealing.sealer.again_s(now_s))

    def close(self) -> None:
        """The open copies go."""
        if self._sealing is not None:
            self._sealing.copies.clean()
