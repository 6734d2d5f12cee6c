"""Serves the page over HTTP, to this machine alone unless there is a password; it changes nothing.

The kiosk does not know whether it runs: it asks over the control socket, reads files, and has no way to order
anything. Requests are bounded in number, size and time, and the newest comes before those that are slow or
guess; Host and Origin are checked, so that a page from elsewhere in the technician's browser can neither read
this one nor start its self-test.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import errno
import hmac
import ipaddress
import logging
import re
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Final
from urllib.parse import urlsplit

import msgspec

from edge.faults.fault import FaultError
from edge.panel.page import Page
from edge.panel.sources import Sources
from edge.settings.schema import PanelSettings, Settings, is_loopback
from edge.settings.secrets import Secret, read_secret

_log = logging.getLogger(__name__)

AT_ONCE: Final = 12
"""Connections at the same time; for one more, one that guesses or has not said what it wants is ended."""

MOST_THREADS: Final = 24
"""Threads at the same time, where nobody can be spared; beyond, who comes is turned away."""

CLIENT_S: Final = 5.0
"""A whole request comes within this, however it drips, and each piece of an answer is taken within it."""

TAKEN_S: Final = 2.0
"""Anyone who takes longer over request and answer keeps its place only while nobody else wants it."""

WRONG_PASSWORD_S: Final = 0.5
SHORTEST_PASSWORD: Final = 12

_LIVE: Final = re.compile(r"/live/(face|overview)/([0-9]{1,18})\.jpg")
_STAGES: Final = re.compile(r"/stages/(face|overview)/([0-9]{1,18})\.jpg")
_INCIDENT: Final = re.compile(r"/incident/([0-9]{1,9})/([0-9a-z_-]{1,60}\.jpg)")
_SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: with that a browser names no origin for the page's own button either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def address(panel: PanelSettings) -> str:
    """Where a browser finds the page."""
    host = f"[{panel.host}]" if ":" in panel.host else panel.host
    return f"http://{host}:{panel.port}/"


def open_panel(settings: Settings, sources: Sources) -> Panel:
    """The server, listening. Raises `FaultError` where it may not or cannot listen."""
    panel = settings.panel
    password = read_secret(settings, Secret.PANEL)
    if password is not None and len(password) < SHORTEST_PASSWORD:
        raise FaultError("panel_unprotected", f"the password has less than {SHORTEST_PASSWORD} signs")
    if password is None and not is_loopback(panel.host):
        raise FaultError("panel_unprotected", f"panel.host = {panel.host}")
    try:
        return Panel(panel, Page(sources), sources, password)
    except OSError as error:
        busy = error.errno == errno.EADDRINUSE
        detail = f"port {panel.port}" if busy else f"panel.host = {panel.host}: {error.strerror or error}"
        raise FaultError("panel_port_busy" if busy else "panel_address", detail) from error


class _Doing(IntEnum):
    """What a connection is at; the lower, the sooner it gives its place to another."""

    GUESSING = 0
    ASKING = 1
    TAKING = 2
    BEING_ANSWERED = 3


@dataclass(slots=True)
class _Guest:
    """One connection, from its beginning on the monotonic clock."""

    link: socket.socket
    address: str
    since_s: float
    doing: _Doing = _Doing.ASKING
    gone: threading.Event = field(default_factory=threading.Event)


class Panel(ThreadingHTTPServer):
    """One page's server. `password` None: none is asked for, which only a loopback address may have.

    Anyone who connects is let in: where all places are taken, one gives way that guesses passwords, else the
    oldest that has not said what it wants, of the address that has most places. A right password is never
    kept waiting for wrong ones.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, panel: PanelSettings, page: Page, sources: Sources, password: str | None) -> None:
        self.page = page
        self.sources = sources
        self.password = password
        self.host = panel.host
        self._guests: dict[socket.socket, _Guest] = {}
        self._running = 0
        self._guard = threading.Lock()
        if ":" in panel.host:
            self.address_family = socket.AF_INET6
        super().__init__((panel.host, panel.port), _Handler)

    def server_bind(self) -> None:
        """Without the base's look-up of the machine's name, which may wait for a network."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, int(self.server_address[1])

    def process_request(self, request: object, client_address: object) -> None:
        """In a thread of its own; for one more than there are places for, another has to go."""
        assert isinstance(request, socket.socket)
        with self._guard:
            if len(self._guests) >= AT_ONCE:
                self._make_room()
            full = self._running >= MOST_THREADS
            if not full:
                self._running += 1
                address = str(client_address[0]) if isinstance(client_address, tuple) else ""
                self._guests[request] = _Guest(request, address, time.monotonic())
        if full:
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)  # type: ignore[arg-type]
        except (RuntimeError, MemoryError):  # the system gives no thread: this browser asks again
            self._forget(request)
            self.shutdown_request(request)

    def process_request_thread(self, request: object, client_address: object) -> None:
        assert isinstance(request, socket.socket)
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._forget(request)

    def service_actions(self) -> None:
        """At every turn: end those whose request has not come whole in its time."""
        super().service_actions()
        late_s = time.monotonic() - CLIENT_S
        with self._guard:
            for guest in list(self._guests.values()):
                if guest.doing is _Doing.ASKING and guest.since_s < late_s:
                    self._send_away(guest)

    def now_doing(self, request: socket.socket, doing: _Doing, for_s: float = 0.0) -> None:
        """For the handler: how far its request is; it stays there for so long, unless its place is wanted."""
        with self._guard:
            guest = self._guests.get(request)
            if guest is not None:
                guest.doing = doing
        if guest is not None and for_s:
            guest.gone.wait(for_s)

    def _make_room(self) -> None:
        """End the one that may best be spared, unless all are being answered. Under the guard."""
        crowds = Counter(guest.address for guest in self._guests.values())
        slow_s = time.monotonic() - TAKEN_S
        spare = [
            guest
            for guest in self._guests.values()
            if guest.doing < _Doing.TAKING or (guest.doing is _Doing.TAKING and guest.since_s < slow_s)
        ]
        if spare:
            self._send_away(min(spare, key=lambda one: (one.doing, -crowds[one.address], one.since_s)))

    def _send_away(self, guest: _Guest) -> None:
        """Its thread meets the end of the connection, and ends. Under the guard."""
        del self._guests[guest.link]
        guest.gone.set()
        with contextlib.suppress(OSError):
            guest.link.shutdown(socket.SHUT_RDWR)

    def _forget(self, request: socket.socket) -> None:
        with self._guard:
            self._running -= 1
            self._guests.pop(request, None)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is nobody's fault; anything else is said in one line."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            _log.error("panel: %s while answering", type(error).__name__)


class _Handler(BaseHTTPRequestHandler):
    server: Panel
    timeout = CLIENT_S
    server_version = "CabinGuard"
    sys_version = ""
    error_message_format = "%(code)d\n"
    error_content_type = "text/plain"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: who looks when is not the record's business."""

    def end_headers(self) -> None:
        for name, value in _SECURITY.items():
            self.send_header(name, value)
        super().end_headers()

    def do_GET(self) -> None:
        if self._welcome():
            self._get(self.path.partition("?")[0])

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        if not self._welcome():
            return
        if not self._is_from_our_page():
            self._answer(HTTPStatus.FORBIDDEN)
        elif self.path != "/selftest":
            self._answer(HTTPStatus.NOT_FOUND)
        else:
            self.server.sources.run_tests()
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Location", "/#record")
            self.send_header("Content-Length", "0")
            self.end_headers()

    # --- who may ask -------------------------------------------------------------------------------

    def _is_from_our_page(self) -> bool:
        """Whether the browser says that this page sent it; neither header can be set by a page's script."""
        origin = self.headers.get("Origin", "")
        if origin in ("", "null"):  # some browsers withhold it, and say the same in another way
            return self.headers.get("Sec-Fetch-Site") == "same-origin"
        try:
            return urlsplit(origin).netloc == self.headers.get("Host")
        except ValueError:
            return False

    def _welcome(self) -> bool:
        """Checks Host and password; answers where they are wrong."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            self._answer(HTTPStatus.MISDIRECTED_REQUEST)
            return False
        self._now(_Doing.BEING_ANSWERED)
        if self.server.password is not None and not self._knows(self.server.password):
            self._now(_Doing.GUESSING, WRONG_PASSWORD_S)
            self._answer(HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Basic realm="CabinGuard"'})
            return False
        return True

    def _now(self, doing: _Doing, for_s: float = 0.0) -> None:
        self.server.now_doing(self.connection, doing, for_s)

    def _is_ours(self, host: str) -> bool:
        """An address, `localhost`, the name of the settings: none that somebody else's DNS can point here."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if name in ("localhost", self.server.host.lower()):
            return True
        try:
            ipaddress.ip_address(name or "")
        except ValueError:
            return False
        return True

    def _knows(self, password: str) -> bool:
        kind, _, coded = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            given = base64.b64decode(coded, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, password.encode())

    # --- what there is -----------------------------------------------------------------------------

    def _get(self, path: str) -> None:
        page, sources = self.server.page, self.server.sources
        if path == "/":
            self._answer(HTTPStatus.OK, page.whole().encode(), "text/html; charset=utf-8")
        elif path == "/now":
            self._answer(HTTPStatus.OK, msgspec.json.encode(page.now()), "application/json")
        elif (kind := _FILES.get(path)) is not None:
            self._answer(HTTPStatus.OK, resources.files("edge.panel").joinpath(path[1:]).read_bytes(), kind)
        elif match := _LIVE.fullmatch(path):
            self._picture(sources.live_picture(match[1], int(match[2])))
        elif match := _STAGES.fullmatch(path):
            self._picture(sources.stages_picture(match[1], int(match[2])))
        elif match := _INCIDENT.fullmatch(path):
            self._picture(sources.incident_picture(int(match[1]), match[2]))
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def _picture(self, found: bytes | None) -> None:
        if found is None:
            self._answer(HTTPStatus.NOT_FOUND)
        else:
            self._answer(HTTPStatus.OK, found, "image/jpeg")

    def _answer(
        self,
        status: HTTPStatus,
        body: bytes | None = None,
        kind: str = "text/plain",
        headers: dict[str, str] | None = None,
    ) -> None:
        content = f"{status.value} {status.phrase}\n".encode() if body is None else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self._now(_Doing.TAKING)
            self.wfile.write(content)


_FILES: Final = {"/panel.css": "text/css; charset=utf-8", "/panel.js": "text/javascript; charset=utf-8"}
