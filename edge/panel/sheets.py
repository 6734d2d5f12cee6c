"""The sheets of the chain of filters, made by a process of their own while somebody looks at them.

What sees is large: in here it would stay for as long as the page runs. The other side is `edge.panel.stages`.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec

import edge
from edge.faults.fault import FaultError
from edge.pictures.ring import RingPicture
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.terms.chain import ChainSettings
from edge.terms.observation import Box

_KEPT: Final = 8
"""Sheets of the newest pictures: a browser asks for one a moment after the page named it."""

WITHIN_S: Final = 15.0
"""A sheet is there within this, or it is not shown; for the first one the libraries are loaded."""

_LENGTH: Final = struct.Struct(">I")


class Opening(msgspec.Struct, frozen=True):
    """What the other process is told first: how to filter, and where the networks lie."""

    vision: ChainSettings
    models: str


class Wanted(msgspec.Struct, frozen=True):
    """A picture as JPEG, and its faces in pixels of `size` (width, height)."""

    jpeg: bytes
    boxes: tuple[Box, ...]
    size: tuple[int, int]


class Shown(msgspec.Struct, frozen=True):
    """Level of the threshold, each face's chance of *covered*, and the sheet with its size in pixels.

    `code` and `detail` name the fault where there are no chances, because the network may not run.
    """

    level: float
    covered: tuple[float, ...]
    jpeg: bytes
    size: tuple[int, int]
    code: str = ""
    detail: str = ""


def send(out: IO[bytes], message: msgspec.Struct | None) -> None:
    """One message, with its length before it. Raises OSError."""
    content = msgspec.msgpack.encode(message)
    out.write(_LENGTH.pack(len(content)) + content)
    out.flush()


def receive(into: IO[bytes], within_s: float) -> bytes:
    """The next message. Raises `EOFError` where there is none, or none in time."""
    end_s = time.monotonic() + within_s
    (length,) = _LENGTH.unpack(_exactly(into, _LENGTH.size, end_s))
    return _exactly(into, length, end_s)


def _exactly(into: IO[bytes], count: int, end_s: float) -> bytes:
    got = bytearray()
    while len(got) < count:
        if not select.select([into], [], [], max(0.0, end_s - time.monotonic()))[0]:
            raise EOFError
        more = os.read(into.fileno(), count - len(got))
        if not more:
            raise EOFError
        got += more
    return bytes(got)


@dataclass(slots=True)
class _Child:
    """The other process; it ends by itself when it is not asked for a while, and when its input is closed."""

    process: subprocess.Popen[bytes]
    to: IO[bytes]
    back: IO[bytes]

    def close(self) -> None:
        for end in (self.to, self.back):
            with contextlib.suppress(OSError):  # what it did not take any more
                end.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(1.0)


class Stager:
    """Makes the sheet of each picture once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int], Shown] = OrderedDict()
        self._child: _Child | None = None
        self._closed = False

    def shown(
        self, camera: str, picture: RingPicture, boxes: Sequence[Box], size: tuple[int, int]
    ) -> Shown | None:
        """The stages of a picture, None where there are none; `boxes` are its faces, in pixels of `size`."""
        with self._lock:
            key = (camera, picture.number)
            if key not in self._made:
                made = self._ask(Wanted(picture.jpeg, tuple(boxes), size))
                if made is None:
                    return None
                self._made[key] = made
                while len(self._made) > _KEPT:
                    self._made.popitem(last=False)
            return self._made[key]

    def sheet(self, camera: str, number: int) -> bytes | None:
        """The sheet of a picture, as JPEG, while it is kept."""
        with self._lock:
            made = self._made.get((camera, number))
        return None if made is None else made.jpeg

    def close(self) -> None:
        """End the other process, for good."""
        with self._lock:
            self._closed = True
            if self._child is not None:
                self._child.close()
                self._child = None

    def _ask(self, wanted: Wanted) -> Shown | None:
        """Twice at most: the process may just have ended because nobody had asked."""
        for _ in range(0 if self._closed else 2):
            old = self._child is not None
            try:
                child = self._child or self._start()
                send(child.to, wanted)
                return msgspec.msgpack.decode(receive(child.back, WITHIN_S), type=Shown | None)
            except (OSError, EOFError, FaultError, msgspec.DecodeError):
                if self._child is not None:
                    self._child.close()
                    self._child = None
                if not old:
                    return None
        return None

    def _start(self) -> _Child:
        process = subprocess.Popen(
            [sys.executable, "-m", "edge.panel.stages"],
            cwd=Path(str(edge.__file__ or edge.__path__[0])).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self._child = _Child(process, process.stdin, process.stdout)
        send(process.stdin, Opening(self._settings.vision, str(model_dir(self._settings))))
        return self._child
