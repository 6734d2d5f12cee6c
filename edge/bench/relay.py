"""Between the bench's socket and the cabin's process, which comes and goes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from edge.bench.socket import SOCKET
from edge.bench.wire import (
    Act,
    Acted,
    BenchReply,
    BenchRequest,
    BenchView,
    Line,
    Look,
    NotAnswered,
    OutputsSeen,
)
from edge.service.control import ANSWER_WITHIN_S

_PATIENCE_S: Final = 60.0
"""A cabin that is being started gets so long before who asks is told that it is not there. Who does not
wait so long has been told that it may still be done."""

LINES: Final = 60
"""So many of the last lines are shown, as the cabin itself does."""

_OFF: Final = OutputsSeen(
    locked=False, permit=False, pattern="off", sounding=False, green=False, amber=False, red=False, said=None
)

_TRY_EVERY_S: Final = 0.05
_REPLIES: Final = msgspec.json.Decoder(BenchReply)


class _NobodyYet(Exception):
    """Nobody answers there now; nothing was asked."""


class Relay:
    """Asks the cabin's process in `folder`. Any thread may call."""

    def __init__(self, folder: Path) -> None:
        self._path = str(folder / SOCKET)
        self._lock = threading.Lock()
        self._last: BenchView | None = None
        self._before: tuple[Line, ...] = ()
        self._starts = 0
        self._on = True
        self._out = False

    @property
    def out(self) -> bool:
        """The plug was pulled and is still out."""
        return self._out

    @property
    def on(self) -> bool:
        """The live cabin was last seen with power, or never yet."""
        return self._on and not self._out

    def pulled(self) -> None:
        with self._lock:
            self._out = True
            if self._last is not None:
                self._last = msgspec.structs.replace(
                    self._last,
                    powered=False,
                    state="off",
                    mode="off",
                    outputs=_OFF,
                    deadlines=(),
                    ways=(),
                    trial=None,
                )

    def starts(self) -> None:
        """A new process is being started: what was seen last is old, what happened happened."""
        with self._lock:
            self._starts += 1
            if self._last is None:
                return
            if self._last.story is None:
                self._before = self._last.happenings
            self._last = msgspec.structs.replace(self._last, booting=True)

    def ask(self, request: BenchRequest) -> BenchReply:
        """The cabin's answer. While it is being started, the last view, without power, or a wait."""
        give_up_s = time.monotonic() + (ANSWER_WITHIN_S - 0.5 if isinstance(request, Look) else _PATIENCE_S)
        while True:
            starts = self._starts
            try:
                return self._heard(self._talk(request, give_up_s), starts)
            except _NobodyYet:
                last = self._last
                if isinstance(request, Look) and last is not None:
                    return last
            except OSError:
                return NotAnswered(error="kiosk_not_running", detail="the cabin's process ended meanwhile")
            if time.monotonic() >= give_up_s:
                return NotAnswered(error="kiosk_not_running", detail="the cabin's process is being started")
            time.sleep(_TRY_EVERY_S)

    def put_in(self) -> BenchReply:
        """Give the cabin power."""
        reply = self.ask(Act("power on"))
        if isinstance(reply, Acted) and reply.done:
            with self._lock:
                self._out = False
            return Acted(done=True, said="done: plug in")
        return reply

    def _heard(self, reply: BenchReply, starts: int) -> BenchReply:
        """`starts`: which process it was asked of."""
        if not isinstance(reply, BenchView):
            return reply
        with self._lock:
            if starts != self._starts and self._last is not None:
                return self._last  # said by one that was killed since
            if reply.story is None:  # a story's kiosk is another one
                self._on = reply.powered
                self._out = self._out and not reply.powered
                reply = msgspec.structs.replace(reply, happenings=_joined(self._before, reply.happenings))
            self._last = reply
        return reply

    def _talk(self, request: BenchRequest, give_up_s: float) -> BenchReply:
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as peer:
            peer.settimeout(max(0.1, give_up_s - time.monotonic()))
            try:
                peer.connect(self._path)
            except (FileNotFoundError, ConnectionRefusedError) as error:
                raise _NobodyYet from error
            peer.sendall(msgspec.json.encode(request) + b"\n")
            pieces: list[bytes] = []
            while more := peer.recv(65536):
                pieces.append(more)
        try:
            reply: BenchReply = _REPLIES.decode(b"".join(pieces))
        except msgspec.DecodeError as error:
            raise OSError("no whole answer") from error
        return reply


def _joined(before: Sequence[Line], since: Sequence[Line]) -> tuple[Line, ...]:
    """What happened in the processes before and in this one, numbered on; the last lines."""
    last = before[-1].number if before else 0
    renumbered = (msgspec.structs.replace(line, number=line.number + last) for line in since)
    return (*before, *renumbered)[-LINES:]
