"""The page of a kiosk: what it serves, and on which address. It changes nothing.

The kiosk does not know whether it runs: it asks over the control socket, reads files, and has no way to order
anything.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from edge.faults.fault import FaultError
from edge.panel.incidents.views import add_incidents
from edge.panel.page import Page
from edge.panel.sources import Sources
from edge.settings.schema import PanelSettings, Settings, is_loopback
from edge.settings.secrets import Secret, read_secret
from edge.web.exchange import Answer, PageRequest, done
from edge.web.server import Server
from edge.web.site import Site
from edge.words.languages import words_of

SHORTEST_PASSWORD: Final = 12
FOREVER: Final = "2099-12-31"
"""RFC 9116 asks for an end; this one stands where the settings give none."""

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_NONE: Final = Answer(b"404 Not Found\n", "text/plain", HTTPStatus.NOT_FOUND)


def address(panel: PanelSettings) -> str:
    """Where a browser finds the page."""
    host = f"[{panel.host}]" if ":" in panel.host else panel.host
    return f"http://{host}:{panel.port}/"


def panel_site(settings: Settings) -> Site:
    """A site with the cabin's name and language and nothing on it."""
    words = words_of(settings.cabin.language)
    return Site(settings.cabin.name, words.name, footer=words.page.read_only)


def add_panel(site: Site, sources: Sources) -> None:
    """The page that shows the kiosk, with its pictures and its self-test."""
    page = Page(sources)
    words = words_of(sources.settings.cabin.language).page
    site.view("/", page.now, "panel", words.cabin, frame=page.frame)
    site.get("/live/{camera}/{file}", lambda asked: _picture(asked, sources.live_picture))
    site.get("/stages/{camera}/{file}", lambda asked: _picture(asked, sources.stages_picture))
    site.get("/incident/{number}/{file}", lambda asked: _kept(asked, sources))
    site.post("/selftest", lambda asked: _self_test(sources))
    site.get("/.well-known/security.txt", lambda asked: _security_txt(sources.settings))
    add_incidents(site, sources)


def open_panel(settings: Settings, sources: Sources) -> Server:
    """The server of the page alone, listening. Raises `FaultError` where it may not or cannot listen."""
    site = panel_site(settings)
    add_panel(site, sources)
    return open_server(settings, site)


def open_server(settings: Settings, site: Site, port: int | None = None) -> Server:
    """A site on the panel's address, with its password; `port` None: the settings' own.

    Raises `FaultError` where it may not or cannot listen.
    """
    panel = settings.panel
    password = read_secret(settings, Secret.PANEL)
    if password is not None and len(password) < SHORTEST_PASSWORD:
        raise FaultError("panel_unprotected", f"the password has less than {SHORTEST_PASSWORD} characters")
    if password is None and not is_loopback(panel.host):
        raise FaultError("panel_unprotected", f"panel.host = {panel.host}")
    port = panel.port if port is None else port
    try:
        return Server(site, panel.host, port, password)
    except OSError as error:
        busy = error.errno == errno.EADDRINUSE
        detail = f"port {port}" if busy else f"panel.host = {panel.host}: {error.strerror or error}"
        raise FaultError("panel_port_busy" if busy else "panel_address", detail) from error


def _picture(asked: PageRequest, of: Callable[[str, int], bytes | None]) -> Answer:
    """One of the pictures of a camera that the page named just now."""
    number = asked.args["file"].removesuffix(".jpg")
    if not _NUMBER.fullmatch(number) or not asked.args["file"].endswith(".jpg"):
        return _NONE
    return _jpeg(of(asked.args["camera"], int(number)))


def _kept(asked: PageRequest, sources: Sources) -> Answer:
    """One of an incident's pictures."""
    number = asked.args["number"]
    if not _NUMBER.fullmatch(number):
        return _NONE
    return _jpeg(sources.incident_picture(int(number), asked.args["file"]))


def _jpeg(found: bytes | None) -> Answer:
    return _NONE if found is None else Answer(found, "image/jpeg")


def _security_txt(settings: Settings) -> Answer:
    """Whom a weakness is reported to (RFC 9116), where the settings name somebody."""
    support = settings.support
    if not support.contact:
        return _NONE
    expires = f"Expires: {support.until or FOREVER}T23:59:59Z"
    lines = (f"Contact: {support.contact}", expires, f"Preferred-Languages: {settings.cabin.language}, en")
    return Answer(("\n".join(lines) + "\n").encode())


def _self_test(sources: Sources) -> Answer:
    sources.run_tests()
    return done(words_of(sources.settings.cabin.language).page.selftest_runs)
