"""The last seconds of pictures in a memory-backed file: written by the eyes, readable after their death.

One file, a fixed number of slots, the oldest overwritten. A slot carries its number, time, length and a
checksum, so that one that was half written when the writer died, or is being overwritten while it is read,
is recognised and left out. No locks: neither side can hold up the other.
"""

from __future__ import annotations

import contextlib
import math
import mmap
import os
import struct
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.settings.schema import Settings

_MAGIC: Final = b"CGRING1\n"
_FILE_HEADER: Final = struct.Struct("<8sII")
"""Magic, number of slots, bytes in a slot with its header; behind it the tag."""

_TAG: Final = struct.Struct("16s")

_SLOT_HEADER: Final = struct.Struct("<QdII")
"""Number of the picture (0: none), monotonic seconds, bytes of JPEG, checksum of all three and the JPEG."""

_PAGE: Final = 4096


SPARE_S: Final = 10.0
"""So much more than is asked for has room, while the pictures are copied out."""


def ring_name(camera: str) -> str:
    """The file of a camera's ring, in the folder of what runs."""
    return f"ring-{camera}"


def ring_file(settings: Settings, camera: str) -> Path:
    """Where the newest pictures of a camera lie; the runtime folder is in memory."""
    return Path(settings.paths.runtime) / ring_name(camera)


@dataclass(frozen=True, slots=True)
class RingPicture:
    """One picture: its number in the ring, its capture time in monotonic seconds, its JPEG."""

    number: int
    at_s: float
    jpeg: bytes


def ring_slots(before_s: float, fps: float) -> int:
    """Slots for so many seconds and `SPARE_S`."""
    return math.ceil((before_s + SPARE_S) * fps) + 1


def _checksum(number: int, at_s: float, jpeg: bytes | memoryview) -> int:
    return zlib.crc32(jpeg, zlib.crc32(struct.pack("<QdI", number, at_s, len(jpeg))))


class RingWriter:
    """The eyes' end. `fps` pictures a second at most are taken; each up to `picture_bytes`.

    `slots` is `ring_slots` of the settings. An existing file of the same shape and `tag` (16 bytes) is
    continued, so a restart of the eyes loses nothing; pictures of another tag are gone at once.
    Raises `FaultError` (`evidence_ring_failed`) when the file cannot be made.
    """

    def __init__(self, path: Path, slots: int, ring_mb: float, fps: float, tag: bytes = b"") -> None:
        if slots < 2:
            raise ValueError("a ring has at least two slots")
        # A tenth of a picture too early is on time: cameras do not keep to the millisecond.
        self._gap_s = 0.9 / fps
        self._slots = slots
        self._slot_bytes = int(ring_mb * 1e6 / slots) // _PAGE * _PAGE
        self._last_s = -math.inf
        if self._slot_bytes < 2 * _PAGE:
            raise FaultError("evidence_ring_failed", f"{ring_mb:g} MB is too little for {slots} pictures")
        try:
            self._map = self._open(path, tag)
        except (OSError, ValueError) as error:
            raise FaultError("evidence_ring_failed", f"{path.name}: {error}") from error
        self._number = max((self._number_in(slot) for slot in range(slots)), default=0)

    @property
    def picture_bytes(self) -> int:
        """The largest JPEG that fits."""
        return self._slot_bytes - _SLOT_HEADER.size

    def wants(self, at_s: float) -> bool:
        """Whether a picture of this time is due: asked before the work of making its JPEG."""
        return at_s - self._last_s >= self._gap_s or at_s < self._last_s

    def put(self, at_s: float, jpeg: bytes) -> bool:
        """Keep one picture; False when it is not due or too large."""
        if not self.wants(at_s) or len(jpeg) > self.picture_bytes:
            return False
        number = self._number + 1
        start = _PAGE + (number % self._slots) * self._slot_bytes
        body = start + _SLOT_HEADER.size
        # Number 0 first: from here to the last line the slot is nobody's.
        _SLOT_HEADER.pack_into(self._map, start, 0, 0.0, 0, 0)
        self._map[body : body + len(jpeg)] = jpeg
        _SLOT_HEADER.pack_into(self._map, start, number, at_s, len(jpeg), _checksum(number, at_s, jpeg))
        self._number = number
        self._last_s = at_s
        return True

    def close(self) -> None:
        """Let go of the file; the pictures stay in it."""
        self._map.close()

    def _open(self, path: Path, tag: bytes) -> mmap.mmap:
        size = _PAGE + self._slots * self._slot_bytes
        head = _FILE_HEADER.pack(_MAGIC, self._slots, self._slot_bytes) + _TAG.pack(tag)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
            if file.read(len(head)) == head and os.fstat(file.fileno()).st_size == size:
                return mmap.mmap(file.fileno(), size)
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(
            os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "r+b"
        ) as file:
            # Claimed now: a page that is missing later would kill the writer with a bus error.
            os.posix_fallocate(file.fileno(), 0, size)
            file.write(head)
            file.flush()
            mapped = mmap.mmap(file.fileno(), size)
        fresh.replace(path)
        return mapped

    def _number_in(self, slot: int) -> int:
        number, _, _, _ = _SLOT_HEADER.unpack_from(self._map, _PAGE + slot * self._slot_bytes)
        return int(number)


class RingReader:
    """The other end, in another process or the same. Finds the file whenever it appears or is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Read and not mapped: what is mapped would count as this process's own memory, all of it.
        self._file: int | None = None
        self._end: weakref.finalize[..., RingReader] | None = None
        self._inode = -1
        self._slots = 0
        self._slot_bytes = 0

    def between(self, from_s: float, to_s: float) -> Iterator[RingPicture]:
        """The whole pictures with `from_s < time <= to_s`, oldest first.

        Raises `FaultError` (`evidence_ring_failed`) when there is no ring.
        """
        ring = self._current()
        due = []
        for slot in range(self._slots):
            start = _PAGE + slot * self._slot_bytes
            number, at_s, _, _ = self._header(ring, start)
            if number and from_s < at_s <= to_s:
                due.append((at_s, number, start))
        for _, wanted, start in sorted(due):
            number, at_s, length, checksum = self._header(ring, start)
            body = start + _SLOT_HEADER.size
            if number != wanted or length > self._slot_bytes - _SLOT_HEADER.size:
                continue  # overwritten meanwhile
            jpeg = os.pread(ring, length, body)
            if checksum == _checksum(number, at_s, jpeg):
                yield RingPicture(number, at_s, jpeg)

    def close(self) -> None:
        if self._end is not None:
            self._end()
        self._file = self._end = None

    @staticmethod
    def _header(ring: int, start: int) -> tuple[int, float, int, int]:
        """Number, time in seconds, length and checksum of the picture in the slot that begins there."""
        try:
            number, at_s, length, checksum = _SLOT_HEADER.unpack(os.pread(ring, _SLOT_HEADER.size, start))
        except (OSError, struct.error) as error:
            raise FaultError("evidence_ring_failed", str(error)) from error
        return int(number), float(at_s), int(length), int(checksum)

    def _current(self) -> int:
        try:
            found = self._path.stat()
            if self._file is not None and found.st_ino == self._inode:
                return self._file
            self.close()
            ring = self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            self._end = weakref.finalize(self, os.close, ring)
            magic, slots, slot_bytes = _FILE_HEADER.unpack(os.pread(ring, _FILE_HEADER.size, 0))
            if magic != _MAGIC or os.fstat(ring).st_size != _PAGE + slots * slot_bytes:
                self.close()
                raise FaultError("evidence_ring_failed", f"{self._path.name} is not a ring")
        except (OSError, ValueError, struct.error) as error:
            self.close()
            raise FaultError("evidence_ring_failed", f"{self._path.name}: {error}") from error
        self._inode, self._slots, self._slot_bytes = found.st_ino, slots, slot_bytes
        return ring
