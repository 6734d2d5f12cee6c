"""Between the bench's socket and the cabin's process, which comes and goes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import Final

import msgspec

from edge.bench.socket import SOCKET
from edge.bench.wire import Act, Acted, BenchReply, BenchRequest, BenchView, Look, NotAnswered
from edge.service.control import ANSWER_WITHIN_S

_PATIENCE_S: Final = 20.0
"""A cabin that is being started gets so long before who asks is told that it is not there. Whoever does not
wait so long has been told that it may still be done."""

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
        self._out = False

    @property
    def out(self) -> bool:
        """The plug was pulled and is still out."""
        return self._out

    def pulled(self) -> None:
        with self._lock:
            self._out = True
            if self._last is not None:
                self._last = msgspec.structs.replace(
                    self._last, powered=False, state="off", mode="off", deadlines=(), ways=()
                )

    def starts(self) -> None:
        """A new process is being started: what was seen last is old."""
        with self._lock:
            if self._last is not None:
                self._last = msgspec.structs.replace(self._last, booting=True)

    def ask(self, request: BenchRequest) -> BenchReply:
        """The cabin's answer. While it is being started, the last view, without power, or a wait."""
        give_up_s = time.monotonic() + (ANSWER_WITHIN_S - 0.5 if isinstance(request, Look) else _PATIENCE_S)
        while True:
            try:
                return self._heard(self._talk(request, give_up_s))
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

    def _heard(self, reply: BenchReply) -> BenchReply:
        if not isinstance(reply, BenchView):
            return reply
        with self._lock:
            if reply.powered and reply.story is None:  # a story's kiosk is another one
                self._out = False
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
