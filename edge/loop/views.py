"""What was learnt of the cameras' views, in one small file beside the record, through any power cut.

A line with version and hash, then JSON, packed: about 100 kB for two cameras. Written once an hour by a
thread that may wait for the disk. Losing it costs a week of learning and no lock, so not being able to write
is no fault of its own: the record tells of the disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.disk.files import put_whole
from edge.judge.drift import Memory, Standing
from edge.judge.gauges import Gauge
from edge.judge.learnt import HOURS, INDEX, KEPT_DAYS, Day
from edge.pictures.files import sync_folder

NAME: Final = "views"
_HEAD: Final = "cabinguard-views 1 "
_LARGEST_BYTES: Final = 1_000_000
_LARGEST_PLAIN: Final = 8_000_000
_MOST_DAYS: Final = KEPT_DAYS + 8


class _Day(msgspec.Struct, frozen=True):
    number: int
    clean: bool
    mean: bytes
    count: bytes


class _Camera(msgspec.Struct, frozen=True):
    days: tuple[_Day, ...]
    worse: tuple[str, ...] = ()
    told_hour: int = 0


class _Views(msgspec.Struct, frozen=True):
    """`basis`: what the cameras were, and what saw through them; `gauges`: the rows of the days' tables."""

    basis: str
    gauges: tuple[str, ...]
    cameras: dict[str, _Camera]


@dataclass(frozen=True, slots=True)
class Found:
    """What was in the file; `damaged` says why it was set aside."""

    memory: Memory
    damaged: str = ""


class ViewsFile:
    """`basis` names cameras, networks and pictures of the empty cabin: with others it is learnt again."""

    def __init__(self, path: Path, basis: str, *, threaded: bool) -> None:
        self._path = path
        self._basis = basis
        self._threaded = threaded
        self._lock = threading.Lock()

    def read(self, *, set_aside: bool = True) -> Found:
        """Never raises. A file that cannot be understood is renamed to `NAME.damaged` where it is to be set
        aside, which is for the kiosk alone to do: it tells of it.
        """
        try:
            with self._path.open("rb") as file:
                content = file.read(_LARGEST_BYTES + 1)
        except OSError:
            return Found(Memory())
        try:
            return Found(decode(content, self._basis))
        except (ValueError, zlib.error, RecursionError) as error:
            if set_aside:
                with contextlib.suppress(OSError):
                    self._path.replace(self._path.with_name(f"{NAME}.damaged"))
            return Found(Memory(), str(error)[:100] or type(error).__name__)

    def keep(self, memory: Memory) -> None:
        """Keep it, some time soon. Nothing is raised and nobody waits; one that is in the way goes before."""
        if not self._threaded:
            self._write(memory)
            return
        with contextlib.suppress(RuntimeError):  # no thread can be had now: the next hour has all of it
            threading.Thread(target=self._write, args=(memory,), name="views", daemon=True).start()

    def _write(self, memory: Memory) -> None:
        """A whole file or the one before."""
        if not self._lock.acquire(blocking=False):
            return  # the disk is an hour behind
        try:
            with contextlib.suppress(OSError):
                put_whole(self._path, encode(memory, self._basis))
                sync_folder(self._path.parent)
        finally:
            self._lock.release()


def encode(memory: Memory, basis: str) -> bytes:
    """The file's content."""
    cameras = {}
    for name, days in memory.days.items():
        stands = memory.standing.get(name)
        kept = tuple(_Day(d.number, d.clean, d.mean.tobytes(), d.count.tobytes()) for d in days)
        worse = () if stands is None else tuple(gauge.value for gauge in stands.gauges)
        cameras[name] = _Camera(kept, worse, 0 if stands is None else stands.told_hour)
    plain = msgspec.json.encode(_Views(basis, tuple(gauge.value for gauge in INDEX), cameras))
    packed = zlib.compress(plain, 6)
    return f"{_HEAD}{hashlib.sha256(packed).hexdigest()}\n".encode() + packed


def decode(content: bytes, basis: str) -> Memory:
    """What a file holds; nothing where its basis is another one. ValueError, zlib.error: it is damaged."""
    head, _, packed = content.partition(b"\n")
    if len(content) > _LARGEST_BYTES or head != f"{_HEAD}{hashlib.sha256(packed).hexdigest()}".encode():
        raise ValueError("its hash does not fit")
    plain = zlib.decompressobj().decompress(packed, _LARGEST_PLAIN)
    views = msgspec.json.decode(plain, type=_Views)
    if views.basis != basis:
        return Memory()
    days = {name: _days(camera, views.gauges) for name, camera in views.cameras.items()}
    standing = {
        name: Standing(tuple(Gauge(word) for word in camera.worse), camera.told_hour)
        for name, camera in views.cameras.items()
        if camera.worse
    }
    return Memory(days, standing)


def _days(camera: _Camera, gauges: tuple[str, ...]) -> tuple[Day, ...]:
    if len(camera.days) > _MOST_DAYS:
        raise ValueError("more days than are ever kept")
    numbers = [day.number for day in camera.days]
    if numbers != sorted(set(numbers)):
        raise ValueError("its days are not in order")
    days = []
    for kept in camera.days:
        day = Day(kept.number, clean=kept.clean)
        mean, count = _table(kept.mean, gauges), _table(kept.count, gauges)
        for row, name in enumerate(gauges):
            if name in INDEX:  # a gauge of another version is none of ours
                at = INDEX[Gauge(name)]
                day.mean[at], day.count[at] = mean[row], count[row]
        days.append(day)
    return tuple(days)


def _table(content: bytes, gauges: tuple[str, ...]) -> NDArray[np.float32]:
    values = np.frombuffer(content, np.float32)
    if values.size != len(gauges) * HOURS or not np.isfinite(values).all():
        raise ValueError("a table of a day has not one number for each gauge and hour")
    return values.reshape(len(gauges), HOURS)
