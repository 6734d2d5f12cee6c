"""The simulated cabin's own socket beside its control socket: who may ask, how long, and how to ask.

One request a connection, one JSON object back, as on the control socket. The socket has mode 0600, and only
the user who runs the bench is answered: nothing here exists on a kiosk.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from edge.bench.wire import (
    VERSION,
    Act,
    Acted,
    BenchReply,
    BenchRequest,
    BenchView,
    Explain,
    Look,
    NotAnswered,
    WordForms,
)
from edge.faults.fault import FaultError
from edge.service.control import ANSWER_WITHIN_S, READ_WITHIN_S, peer_uid

SOCKET: Final = "bench.sock"
_PATH_MAX: Final = 90
"""The longest path of the folder: the system takes 107 bytes for a socket's name."""

CALLERS_MAX: Final = 8

STARTS_WITHIN_S: Final = 65.0
"""What is done while the cabin's process is being started waits for it: so long an answer may take."""

_LONGEST: Final = 8192
_LONGEST_REPLY: Final = 1 << 20
_LOOK_S: Final = 0.5
_BACKLOG: Final = 32


# --- on the desk -----------------------------------------------------------------------------------


class BenchAsked:
    """A request on its way to the desk's turn; `answer` sends the reply and ends it."""

    def __init__(self, request: BenchRequest) -> None:
        self.request = request
        self._reply: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def answer(self, reply: BenchReply) -> None:
        self._reply.put(msgspec.json.encode(reply))

    def wait(self) -> bytes:
        try:
            return self._reply.get(timeout=ANSWER_WITHIN_S)
        except queue.Empty:
            return msgspec.json.encode(NotAnswered(error="loop_late"))


def check_length(folder: Path) -> None:
    """Raises `FaultError` where the folder's path is too long for a socket in it."""
    if len(os.fsencode(folder.absolute())) > _PATH_MAX:
        raise FaultError("bench_folder", f"{folder}: too long for a socket; name a shorter one")


class BenchServer:
    """Listens in a thread of its own, with one more for each caller, and hands requests to `on_asked`.

    `on_asked` must not wait. Raises `FaultError` where the folder's path is too long for a socket.
    """

    def __init__(self, folder: Path, on_asked: Callable[[BenchAsked], None]) -> None:
        check_length(folder)
        self._path = folder / SOCKET
        self._on_asked = on_asked
        self._closing = threading.Event()
        self._callers = threading.BoundedSemaphore(CALLERS_MAX)
        self._listening = self._listen()
        self._thread = threading.Thread(target=self._serve, name="bench-socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):  # wakes the thread
            self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(2 * _LOOK_S)
        self._listening.close()
        self._path.unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        old = os.umask(0o177)
        try:
            listening.bind(str(self._path))
            listening.listen(_BACKLOG)
            listening.setblocking(False)
        except OSError as error:
            listening.close()
            raise FaultError("bench_folder", f"{self._path}: {error.strerror}") from error
        finally:
            os.umask(old)
        return listening

    def _serve(self) -> None:
        while not self._closing.is_set():
            readable, _, _ = select.select([self._listening], [], [], _LOOK_S)
            if not readable:
                continue
            try:
                peer, _ = self._listening.accept()
            except OSError:  # a caller who left, or a shortage that passes
                self._closing.wait(_LOOK_S / 10)
                continue
            self._welcome(peer)

    def _welcome(self, peer: socket.socket) -> None:
        if not self._callers.acquire(blocking=False):
            peer.close()
            return
        try:
            threading.Thread(target=self._attend, args=(peer,), name="bench-caller", daemon=True).start()
        except (RuntimeError, MemoryError):
            self._callers.release()
            peer.close()

    def _attend(self, peer: socket.socket) -> None:
        try:
            with peer, contextlib.suppress(OSError):
                peer.sendall(self._reply_to(peer) + b"\n")
        finally:
            self._callers.release()

    def _reply_to(self, peer: socket.socket) -> bytes:
        peer.setblocking(True)
        said = _line(peer, _LONGEST, READ_WITHIN_S)
        if peer_uid(peer) not in (0, os.getuid()):
            return msgspec.json.encode(NotAnswered(error="not_allowed", detail="another user's bench"))
        try:
            request = _REQUESTS.decode(said)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return msgspec.json.encode(NotAnswered(error="not_understood", detail=str(error)))
        if request.version != VERSION:
            return msgspec.json.encode(NotAnswered(error="other_version", detail=str(request.version)))
        peer.settimeout(ANSWER_WITHIN_S)
        asked = BenchAsked(request)
        self._on_asked(asked)
        return asked.wait()


_REQUESTS: Final[msgspec.json.Decoder[BenchRequest]] = msgspec.json.Decoder(BenchRequest)
_REPLIES: Final[msgspec.json.Decoder[BenchReply]] = msgspec.json.Decoder(BenchReply)


def _line(peer: socket.socket, longest: int, within_s: float) -> bytes:
    """What comes up to the end of the line, the connection or the time (then TimeoutError)."""
    pieces: list[bytes] = []
    length, give_up_s = 0, time.monotonic() + within_s
    while length < longest:
        peer.settimeout(max(0.001, give_up_s - time.monotonic()))
        more = peer.recv(65536)
        if not more:
            break
        pieces.append(more)
        length += len(more)
        if b"\n" in more:
            break
    return b"".join(pieces)


# --- who asks --------------------------------------------------------------------------------------


def ask_bench(folder: Path, request: BenchRequest, within_s: float = ANSWER_WITHIN_S + 1.0) -> BenchReply:
    """Ask the bench whose runtime folder this is.

    Raises `FaultError`: `kiosk_not_running` where nobody answers, `loop_late`, `not_root` for another user's
    socket, `bench_answer` where the answer is none of this version.
    """
    path = str(folder / SOCKET)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.settimeout(within_s)
            peer.connect(path)
            peer.sendall(msgspec.json.encode(request) + b"\n")
            said = _line(peer, _LONGEST_REPLY, within_s)
    except TimeoutError as error:
        late = f"no answer within {within_s:.0f} s; it may still do what it was asked"
        raise FaultError("loop_late", late) from error
    except PermissionError as error:
        raise FaultError("not_root", path) from error
    except OSError as error:
        raise FaultError("kiosk_not_running", path) from error
    if not said:
        raise FaultError("kiosk_not_running", path)
    try:
        return _REPLIES.decode(said)
    except msgspec.DecodeError as error:
        raise FaultError("bench_answer", f"{path}: {error}") from error


def act(folder: Path, words: str) -> Acted:
    """Do what these words say. Raises `FaultError` as `ask_bench` does, also where it was not answered."""
    return _of(Acted, ask_bench(folder, Act(words), STARTS_WITHIN_S), folder)


def look(folder: Path) -> BenchView:
    """What there is to see. Raises `FaultError` as `act` does."""
    return _of(BenchView, ask_bench(folder, Look()), folder)


def explain(folder: Path) -> WordForms:
    """Which words there are. Raises `FaultError` as `act` does."""
    return _of(WordForms, ask_bench(folder, Explain()), folder)


_Wanted = TypeVar("_Wanted", Acted, BenchView, WordForms)


def _of(kind: type[_Wanted], reply: BenchReply, folder: Path) -> _Wanted:
    if isinstance(reply, kind):
        return reply
    why = f"{reply.error} {reply.detail}" if isinstance(reply, NotAnswered) else type(reply).__name__
    late = isinstance(reply, NotAnswered) and reply.error == "loop_late"
    raise FaultError("loop_late" if late else "bench_answer", f"{folder / SOCKET}: {why.strip()}")
