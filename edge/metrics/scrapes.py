"""Answers `GET /metrics` on a loopback address, in the thread that asks it to: a few places, a short time.

Anyone who connects gets the text that was made last; no request makes another one. `PLACES` have room at a
time, then the oldest gives way; `A_SECOND` are let in; a request comes within `CLIENT_S` and `HEAD_BYTES`.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from edge.web.guards import is_our_host

PLACES: Final = 8
A_SECOND: Final = 10
CLIENT_S: Final = 2.0
HEAD_BYTES: Final = 4096
PATH: Final = b"/metrics"

_PIECE_BYTES: Final = 64 * 1024


@dataclass(slots=True)
class _Guest:
    link: socket.socket
    until_s: float
    asked: bytearray = field(default_factory=bytearray)
    answer: memoryview | None = None


class Scrapes:
    """Listens. Belongs to one thread. OSError where it cannot listen there."""

    def __init__(self, host: str, port: int, kind: str) -> None:
        self._host = host
        self._kind = kind
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listening = socket.create_server((host, port), family=family, backlog=PLACES)
        self._listening.setblocking(False)
        self.port = int(self._listening.getsockname()[1])
        self._selector = selectors.DefaultSelector()
        self._guests: list[_Guest] = []
        self._listens = False
        self._let_in: list[float] = []

    @property
    def guests(self) -> int:
        """How many are connected."""
        return len(self._guests)

    def close(self) -> None:
        for guest in list(self._guests):
            self._leave(guest)
        self._selector.close()
        self._listening.close()

    def turn(self, wait_s: float, now_s: float, text: bytes) -> None:
        """Wait for so long at most, and answer who came with this text."""
        self._let_in = [at_s for at_s in self._let_in if now_s < at_s + 1.0]
        self._listen(len(self._let_in) < A_SECOND)
        for key, _ in self._selector.select(wait_s):
            guest: _Guest | None = key.data
            if guest is None:
                self._welcome(now_s)
            elif guest in self._guests:
                self._attend(guest, text)
        for guest in [one for one in self._guests if now_s >= one.until_s]:
            self._leave(guest)

    def _listen(self, on: bool) -> None:
        if on and not self._listens:
            self._selector.register(self._listening, selectors.EVENT_READ)
        elif self._listens and not on:
            self._selector.unregister(self._listening)
        self._listens = on

    def _welcome(self, now_s: float) -> None:
        try:
            link, _ = self._listening.accept()
        except OSError:  # it left again, or the system has no files to give
            return
        self._let_in.append(now_s)
        link.setblocking(False)
        if len(self._guests) >= PLACES:
            self._leave(self._guests[0])
        guest = _Guest(link, now_s + CLIENT_S)
        self._guests.append(guest)
        self._selector.register(link, selectors.EVENT_READ, guest)

    def _attend(self, guest: _Guest, text: bytes) -> None:
        try:
            if guest.answer is None and not self._asked(guest, text):
                return
            assert guest.answer is not None
            sent = guest.link.send(guest.answer[:_PIECE_BYTES])
            guest.answer = guest.answer[sent:]
            if guest.answer:
                return
            guest.link.shutdown(socket.SHUT_WR)
        except BlockingIOError:
            return
        except OSError:
            pass
        self._leave(guest)

    def _asked(self, guest: _Guest, text: bytes) -> bool:
        """Read on; whether the answer stands. OSError where the other end is gone."""
        piece = guest.link.recv(HEAD_BYTES)
        if not piece:
            raise ConnectionResetError
        guest.asked += piece
        whole = b"\r\n\r\n" in guest.asked or b"\n\n" in guest.asked
        if not whole and len(guest.asked) < HEAD_BYTES:
            return False
        guest.answer = memoryview(self._answer(bytes(guest.asked), text, whole))
        self._selector.modify(guest.link, selectors.EVENT_WRITE, guest)
        return True

    def _answer(self, head: bytes, text: bytes, whole: bool) -> bytes:
        lines = head.replace(b"\r\n", b"\n").split(b"\n")
        words = lines[0].split(b" ")
        hosts = [line[5:].strip() for line in lines[1:] if line[:5].lower() == b"host:"]
        if not whole or len(words) != 3 or len(hosts) > 1:
            return self._said(HTTPStatus.BAD_REQUEST, b"")
        method, target, _ = words
        if not all(is_our_host(host.decode("latin-1"), self._host) for host in hosts):
            return self._said(HTTPStatus.MISDIRECTED_REQUEST, b"")
        if method not in (b"GET", b"HEAD"):
            return self._said(HTTPStatus.METHOD_NOT_ALLOWED, b"")
        if target.partition(b"?")[0] != PATH:
            return self._said(HTTPStatus.NOT_FOUND, b"")
        if not text:
            return self._said(HTTPStatus.SERVICE_UNAVAILABLE, b"")
        return self._said(HTTPStatus.OK, text, only_head=method == b"HEAD")

    def _said(self, status: HTTPStatus, text: bytes, *, only_head: bool = False) -> bytes:
        body = text if status is HTTPStatus.OK else f"{status.value} {status.phrase}\n".encode()
        kind = self._kind if status is HTTPStatus.OK else "text/plain; charset=utf-8"
        head = (
            f"HTTP/1.0 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        ).encode("latin-1")
        return head if only_head else head + body

    def _leave(self, guest: _Guest) -> None:
        with contextlib.suppress(ValueError):
            self._guests.remove(guest)
        with contextlib.suppress(KeyError, ValueError, OSError):
            self._selector.unregister(guest.link)
        guest.link.close()
