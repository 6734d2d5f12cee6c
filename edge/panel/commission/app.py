"""Commissioning as a site of its own: one page behind a one-time link, for as long as root's grant lasts.

Nothing else is served here: the page that only looks is another program on another port.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.panel.commission.acts import DRAWN_BYTES, Acts
from edge.panel.commission.link import Link
from edge.panel.commission.page import CommissionPage, shown
from edge.panel.commission.pieces import ACTS, CHECKLIST_PATH, PICTURE, PRINT_PATH
from edge.panel.commission.walk import Walk
from edge.panel.sources import Sources
from edge.settings.schema import Settings
from edge.web.exchange import Answer, Live
from edge.web.gate import Gate
from edge.web.server import Server
from edge.web.site import Site, seen_at
from edge.words.languages import words_of
from edge.words.pages.commission import commission_words

HOST: Final = "127.0.0.1"
"""This machine alone, whatever the settings say of the other page: ssh brings others here."""

PORTS_TRIED: Final = 20
STYLE: Final = "commission.css"
MODULES: Final = ("commission.js", "commission-floor.js", STYLE, "commission-floor.css")


def add_commission(site: Site, page: CommissionPage) -> None:
    """The page, what it shows and what it does, all below `/commission`."""
    acts = Acts(page)
    words = commission_words(page.sources.settings.cabin.language)
    site.static("edge.panel.commission")
    site.view(ACTS, page.now, "commission", words.nav, modules=MODULES, frame=page.frame)
    site.page(PRINT_PATH, lambda asked: _printed(page), "printed", within=ACTS, modules=(STYLE,))
    site.get(f"{PICTURE}/{{file}}", acts.picture)
    for name, handler in acts.handlers.items():
        site.post(f"{ACTS}/{name}", handler, DRAWN_BYTES)


def commission_site(
    settings: Settings, link: Link, for_s: float, *, who: str = "", options: Sequence[str] = ()
) -> tuple[Site, CommissionPage]:
    """A site with this page behind a gate that stays open for so long, and the page.

    `options` name the settings to the self-test, `who` is offered as the name to sign with.
    """
    gate = Gate(for_s, ACTS)
    words = words_of(settings.cabin.language)
    site = Site(settings.cabin.name, words.name, footer=commission_words(words.name).footer)
    sources = Sources(shown(settings), options)
    walk = Walk(Path(settings.paths.runtime))
    page = CommissionPage(sources, link, walk, lambda: gate.left_s, who)
    add_commission(site, page)
    site.close_behind(gate, ACTS)
    return site, page


def open_near(site: Site, port: int) -> Server:
    """Listening at this port or a free one near it. Raises `FaultError`."""
    for one in (*range(port, min(port + PORTS_TRIED, 65536)), 0):
        try:
            return Server(site, HOST, one)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise FaultError("panel_address", error.strerror or str(error)) from error
    raise FaultError("panel_port_busy", f"port {port}")


def _printed(page: CommissionPage) -> Live | Answer:
    live = page.printed()
    return seen_at(CHECKLIST_PATH) if live is None else live


@dataclass(slots=True)
class Hours:
    """Ends a server when its time is over, or when the kiosk says that its grant is."""

    server: Server
    gate: Gate
    granted: Callable[[], bool]
    every_s: float = 1.0
    told_s: float = 2.0

    def watch(self, ended: threading.Event) -> None:
        """Until `ended`; to be run in a thread of its own.

        For `told_s` it is still served that all is over; the kiosk refuses every act by then.
        """
        while not ended.wait(self.every_s):
            if self.gate.left_s <= 0.0 or not self.granted():
                ended.wait(self.told_s)
                self.gate.end()
                self.server.shutdown()
                return
