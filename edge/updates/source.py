"""Where releases come from: an HTTPS server that knows nothing of us, or the folder of a USB stick.

Whatever comes is bounded in length (by the signed lists, and before these are known by python-tuf's own
limits) and in time: a server that sends a byte now and then is left, by name. Redirections are not followed.
On a stick only a regular file is opened: a pipe would be waited for, and opening a device may do something.
A large file that broke off goes on where it ended.
"""

from __future__ import annotations

import contextlib
import errno
import http
import http.client
import os
import re
import ssl
import stat
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import (
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    SlowRetrievalError,
)
from tuf.ngclient import FetcherInterface

from edge.faults.fault import FaultError

LIST_WITHIN_S: Final = 60.0
"""A signed list is here within this."""

SILENT_MOST_S: Final = 30.0
_CHUNK: Final = 65536
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_PART: Final = re.compile(r"\A[0-9a-f]{64}\.[A-Za-z0-9._-]{1,120}\Z")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a list and how long an archive may take, and how long nothing may come."""

    list_s: float = LIST_WITHIN_S
    archive_s: float = 6 * 3600.0
    silent_s: float = SILENT_MOST_S


class Source(FetcherInterface):
    """Reads `https://` and `file://`. `parts` keeps archives that are not whole yet."""

    def __init__(self, parts: Path, limits: Limits, ca_file: str = "") -> None:
        self._parts = parts
        self._limits = limits
        self._ca_file = ca_file

    def _fetch(self, url: str) -> Iterator[bytes]:
        return self._read(url, self._limits.list_s, 0)

    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[IO[bytes]]:
        """As python-tuf's own; an archive (its name begins with its hash) is kept until it is whole."""
        name = unquote(url.rpartition("/")[2])
        if not _PART.match(name):
            with tempfile.TemporaryFile() as file:
                _take(self._read(url, self._limits.list_s, 0), file, 0, max_length)
                file.seek(0)
                yield file
            return
        with self._part(name).open("a+b") as file:
            try:
                self._go_on(url, file, max_length)
                file.seek(0)
                yield file
            except Exception as error:
                if not isinstance(error, DownloadError) or isinstance(error, DownloadLengthMismatchError):
                    file.truncate(0)  # what was refused is not gone on with
                raise
        self._part(name).unlink(missing_ok=True)

    def _part(self, name: str) -> Path:
        self._parts.mkdir(mode=0o700, parents=True, exist_ok=True)
        for other in self._parts.iterdir():
            if other.name != f"{name}.part":  # of a release that is not wanted any more
                other.unlink(missing_ok=True)
        return self._parts / f"{name}.part"

    def _go_on(self, url: str, file: IO[bytes], max_length: int) -> None:
        have = file.seek(0, os.SEEK_END)
        if have > max_length:
            have = file.truncate(0)
        if have == max_length:
            return
        _take(self._read(url, self._limits.archive_s, have), file, have, max_length)
        try:
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise _full(error) from error

    def _read(self, url: str, within_s: float, begin: int) -> Generator[bytes, None, None]:
        """The bytes from `begin` on. An empty first piece says that it is all of them instead."""
        parts = urlsplit(url)
        match parts.scheme:
            case "file":
                return _from_folder(Path(unquote(parts.path)), within_s, begin)
            case "https":
                return self._from_server(url, within_s, begin)
            case _:
                raise DownloadError(f"{url} is neither https:// nor a folder")

    def _from_server(self, url: str, within_s: float, begin: int) -> Generator[bytes, None, None]:
        parts = urlsplit(url)
        context = ssl.create_default_context(cafile=self._ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        host = parts.hostname or ""
        end_s = time.monotonic() + within_s
        silent_s = min(self._limits.silent_s, within_s)
        peer = http.client.HTTPSConnection(host, parts.port or 443, timeout=silent_s, context=context)
        guard = _Guard(peer, within_s)
        try:
            with guard, contextlib.ExitStack() as stack:
                headers = {"Accept-Encoding": "identity", "User-Agent": "CabinGuard"}
                if begin:
                    headers["Range"] = f"bytes={begin}-"
                peer.request("GET", parts.path or "/", headers=headers)
                reply = stack.enter_context(contextlib.closing(peer.getresponse()))
                if begin and reply.status == http.HTTPStatus.OK:
                    yield b""
                elif reply.status not in (http.HTTPStatus.OK, http.HTTPStatus.PARTIAL_CONTENT):
                    raise DownloadHTTPError(f"{url}: HTTP {reply.status}", reply.status)
                while chunk := reply.read1(_CHUNK):
                    if time.monotonic() > end_s:
                        raise SlowRetrievalError(f"{url}: not here within {within_s:.0f} s")
                    yield chunk
                if reply.length:
                    raise DownloadError(f"{url}: broke off with {reply.length} bytes to come")
        except (OSError, http.client.HTTPException, ValueError) as error:
            if guard.late or isinstance(error, TimeoutError):
                raise SlowRetrievalError(f"{url}: not here within {within_s:.0f} s") from error
            raise DownloadError(f"{url}: {error}") from error
        finally:
            peer.close()


def _take(pieces: Generator[bytes, None, None], file: IO[bytes], have: int, most: int) -> None:
    """Add the pieces to a file that has so many bytes; no more than `most` in all."""
    with contextlib.closing(pieces):
        for number, piece in enumerate(pieces):
            if number == 0 and not piece:  # it begins again
                have = file.truncate(0)
            have += len(piece)
            if have > most:
                raise DownloadLengthMismatchError(f"more than the {most} bytes that were announced")
            try:
                file.write(piece)
            except OSError as error:
                raise _full(error) from error


class _Guard:
    """Ends a connection when its time is over, whatever its reader waits for."""

    def __init__(self, peer: http.client.HTTPSConnection, within_s: float) -> None:
        self.late = False
        self._peer = peer
        self._timer = threading.Timer(within_s, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        try:
            self._timer.start()
        except RuntimeError as error:  # without an end nothing is fetched
            raise OSError(errno.EAGAIN, "no thread can be started here") from error

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _end(self) -> None:
        self.late = True
        with contextlib.suppress(OSError, AttributeError):
            self._peer.sock.shutdown(2)


def _from_folder(path: Path, within_s: float, begin: int) -> Generator[bytes, None, None]:
    """A file of the stick; what is not there is HTTP's 404, as python-tuf takes it."""
    try:
        file = _opened(path)
    except FileNotFoundError as error:
        raise DownloadHTTPError(f"{path} is not there", http.HTTPStatus.NOT_FOUND) from error
    except OSError as error:
        raise DownloadError(f"{path}: {error.strerror}") from error
    return _pieces(file, within_s, begin, path)


def _opened(path: Path) -> IO[bytes]:
    """A regular file, found to be one before it is opened (O_PATH, open(2): nothing behind it is touched)."""
    found = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(found).st_mode):
            raise DownloadError(f"{path} is no regular file")
        # Not to be waited for either: some files of the kernel's own are regular and have no end.
        return os.fdopen(os.open(f"/proc/self/fd/{found}", _READ), "rb")
    finally:
        os.close(found)


def _pieces(file: IO[bytes], within_s: float, begin: int, path: Path) -> Generator[bytes, None, None]:
    end_s = time.monotonic() + within_s
    with file:
        try:
            file.seek(begin)
            while chunk := file.read(_CHUNK):
                if time.monotonic() > end_s:
                    raise SlowRetrievalError(f"{path}: not here within {within_s:.0f} s")
                yield chunk
        except OSError as error:
            raise DownloadError(f"{path}: {error.strerror}") from error


def _full(error: OSError) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FaultError("update_disk_full", "while the archive was read")
    return error
