"""The control socket in the running kiosk's own folder: what answers it, and how to ask.

One request a connection, one JSON object back (`edge.service.asks`, `edge/docs/socket.md`). Who asks is what
the kernel says (SO_PEERCRED); who may ask what stands in `edge.service.acts`.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import queue
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from edge.faults.fault import FaultError
from edge.service.asks import SLOW, VERSION, Reply, Request, speaks
from hw.clock import SystemClock
from hw.ports import Clock
from hw.watched import WatchedThread

_log = logging.getLogger(__name__)

SOCKET: Final = "control.sock"
ANSWER_WITHIN_S: Final = 5.0
READ_WITHIN_S: Final = 1.0
"""A whole request comes within this, or its connection ends."""

GUESTS_MAX: Final = 8
"""Connections of others than root at a time; root, who may open the door, is never kept waiting by them."""

LOOK_S: Final = 2.0
"""How often the thread looks whether its socket can still be found."""

_CLOSE_S: Final = 1.0

_SCARCE: Final = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN, errno.EINTR, errno.ECONNABORTED}
)
"""What accept(2) says of a shortage or of a caller who left, and not of the socket."""

_SCARCE_S: Final = 0.1

LONGEST: Final = 65536
"""Bytes of a request, and of a reply."""

_CHUNK: Final = 8192


# --- in the kiosk ----------------------------------------------------------------------------------


class Asked:
    """A request on its way through the loop; `answer` sends the reply and ends it."""

    def __init__(self, request: Request, uid: int) -> None:
        self.request = request
        self.uid = uid
        self._reply: queue.SimpleQueue[Reply] = queue.SimpleQueue()

    def answer(self, reply: Reply) -> None:
        """Send it. One that says `slow_s` is held back for so long, here and not in the loop."""
        self._reply.put(reply)

    def wait(self) -> Reply:
        try:
            reply = self._reply.get(timeout=ANSWER_WITHIN_S)
        except queue.Empty:
            return {"version": VERSION, "error": "loop_late"}
        slow_s = reply.pop(SLOW, 0.0)
        time.sleep(slow_s if isinstance(slow_s, float) else 0.0)
        return {"version": VERSION, **reply}


class ControlServer:
    """Listens in a thread of its own, with one more for each connection.

    Hands each request to `on_asked`, which must not wait. Nothing ends it but `close`: where the system has
    no more threads or files to give, root is served all the same, and a socket that broke or whose name was
    taken away is made again.
    """

    def __init__(self, folder: Path, on_asked: Callable[[Asked], None], clock: Clock | None = None) -> None:
        self._path = folder / SOCKET
        self._on_asked = on_asked
        self._closing = threading.Event()
        self._guests = threading.BoundedSemaphore(GUESTS_MAX)
        self.listening: socket.socket | None = None
        self._inode = 0
        self.thread = WatchedThread("control", self._serve, clock or SystemClock())
        # the thread tries again, and dies of it where it has to be reported
        with contextlib.suppress(OSError):
            self._listen()
        self.thread.start()

    def close(self) -> None:
        self._closing.set()
        listening = self.listening
        if listening is not None:
            with contextlib.suppress(OSError):  # wakes the thread
                listening.shutdown(socket.SHUT_RDWR)
            self.thread.join(_CLOSE_S)
            listening.close()
        self._path.unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        self._path.unlink(missing_ok=True)
        fresh = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            old = os.umask(0o117)
            try:
                fresh.bind(str(self._path))
            finally:
                os.umask(old)
            fresh.listen(32)
            fresh.setblocking(False)
            self._inode = self._path.stat().st_ino
        except OSError:
            fresh.close()
            raise
        self.listening = fresh
        return fresh

    def _serve(self) -> None:
        while not self._closing.is_set():
            self.thread.beat()
            listening = self.listening or self._listen()
            caller = select.poll()
            caller.register(listening, select.POLLIN)
            found = dict(caller.poll(LOOK_S * 1000))
            if not found and self._is_reachable():
                continue
            if found.get(listening.fileno()) == select.POLLIN and self._let_in(listening):
                continue
            if not self._closing.is_set():
                _log.warning("control: the socket broke or lost its name, and is made again")
                self.listening = None
                listening.close()

    def _let_in(self, listening: socket.socket) -> bool:
        """Take the next caller; False where the socket is no good any more."""
        try:
            peer, _ = listening.accept()
        except OSError as error:
            self._closing.wait(_SCARCE_S)  # who calls waits in the queue until there is more
            return error.errno in _SCARCE
        self._welcome(peer)
        return True

    def _is_reachable(self) -> bool:
        """Whether the name that others connect to is still this socket's."""
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def _welcome(self, peer: socket.socket) -> None:
        try:
            peer.setblocking(True)
            uid = peer_uid(peer)
        except OSError:
            peer.close()
            return
        guest = uid != 0
        if guest and not self._guests.acquire(blocking=False):
            peer.close()
            return
        try:
            threading.Thread(target=self._attend, args=(peer, uid, guest), name="asked", daemon=True).start()
        except (RuntimeError, MemoryError):
            if guest:
                self._guests.release()
                peer.close()
            else:  # root may have come to open the door: one after the other is better than none
                self._attend(peer, uid, guest)

    def _attend(self, peer: socket.socket, uid: int, guest: bool) -> None:
        try:
            with peer, contextlib.suppress(OSError):
                self._talk(peer, uid)
        finally:
            if guest:
                self._guests.release()

    def _talk(self, peer: socket.socket, uid: int) -> None:
        request = read_request(_line(peer, within_s=READ_WITHIN_S))
        peer.settimeout(ANSWER_WITHIN_S)
        if isinstance(request, dict):
            peer.sendall(_encoded(request))
            return
        asked = Asked(request, uid)
        self._on_asked(asked)
        peer.sendall(_encoded(asked.wait()))


def read_request(line: bytes) -> Request | Reply:
    """What a line asks, or the reply to one that cannot be understood."""
    try:
        if not speaks(line):
            return {"version": VERSION, "error": "other_version", "detail": f"this kiosk speaks {VERSION}"}
        request: Request = msgspec.json.decode(line, type=Request)
        return request
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        detail = "too long" if len(line) >= LONGEST else ""
        return {"version": VERSION, "error": "not_understood", "detail": detail}


def _encoded(reply: Reply) -> bytes:
    line = msgspec.json.encode(reply) + b"\n"
    if len(line) > LONGEST:
        return msgspec.json.encode({"version": VERSION, "error": "reply_too_long"}) + b"\n"
    return line


def peer_uid(peer: socket.socket) -> int:
    """The user at the other end, as the kernel says."""
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", raw)[1])


def _line(peer: socket.socket, longest: int = LONGEST, within_s: float = ANSWER_WITHIN_S + 1.0) -> bytes:
    """What comes up to the end of the line, the connection or the time (then TimeoutError)."""
    data, give_up_s = bytearray(), time.monotonic() + within_s
    more = b""
    while b"\n" not in more and len(data) < longest:
        peer.settimeout(max(0.001, give_up_s - time.monotonic()))
        more = peer.recv(_CHUNK)
        if not more:
            break
        data += more
    return bytes(data)


# --- who asks ----------------------------------------------------------------------------------


def ask(folder: Path, request: Request, within_s: float = ANSWER_WITHIN_S + 1.0) -> Reply:
    """Ask the running kiosk. Raises `FaultError`: `kiosk_not_running`, `not_root`, `loop_late`.

    A reply with `error` is given as it came; `done` raises it.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(within_s)
            peer.connect(str(folder / SOCKET))
            peer.sendall(msgspec.json.encode(request) + b"\n")
            return msgspec.json.decode(_line(peer, LONGEST, within_s), type=Reply)
    except TimeoutError as error:
        late = f"no answer within {within_s:.0f} s; it may still do what it was asked"
        raise FaultError("loop_late", late) from error
    except PermissionError as error:
        raise FaultError("not_root", str(folder / SOCKET)) from error
    except (OSError, msgspec.DecodeError) as error:
        raise FaultError("kiosk_not_running", str(folder / SOCKET)) from error


def done(reply: Reply) -> Reply:
    """The reply, where it is none that refuses. Raises `FaultError` by the name that it gives."""
    if "error" in reply:
        raise FaultError(str(reply["error"]), str(reply.get("detail", "")))
    return reply


def answers(folder: Path) -> bool:
    """Whether a kiosk, or a bench, listens in this folder."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(READ_WITHIN_S)
        try:
            peer.connect(str(folder / SOCKET))
        except OSError:
            return False
    return True
