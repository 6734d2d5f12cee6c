"""`panel --commission`: opens the commissioning page for half an hour, with a link that works once.

Root asks the kiosk for a grant and gives up root for good before anything is served.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

from edge.cli.options import load_settings, same_settings, who_asks
from edge.faults.fault import FaultError
from edge.panel.commission.app import HOST, Hours, commission_site, open_near
from edge.panel.commission.dropping import account_of, drop_to
from edge.panel.commission.link import Link
from edge.panel.commission.scene import COMMAND
from edge.service.asks import CommissionEnd, CommissionOpen
from edge.service.control import ask, done
from edge.settings.schema import Settings
from edge.terms.marks import NAME_MOST, plain_words


def run(args: argparse.Namespace) -> int:
    """Until the time is over, or until it is ended. Raises `FaultError`."""
    settings = load_settings(args)
    runtime = Path(settings.paths.runtime)
    if args.end:
        ended = done(ask(runtime, CommissionEnd()))["ended"]
        print("commissioning has ended" if ended else "no commissioning ran")
        return 0
    who = plain_words(who_asks(), NAME_MOST)  # before it is the kiosk's user who asks
    opened = done(ask(runtime, CommissionOpen(who=who)))
    link = Link(runtime, str(opened["grant"]))
    try:
        drop_to(account_of(settings))
        _serve(settings, link, float(str(opened["for_s"])), who, same_settings(args))
    finally:
        with contextlib.suppress(FaultError):  # over already, or the kiosk is gone and with it the grant
            link.end()
    print("commissioning has ended", flush=True)
    return 0


def _serve(settings: Settings, link: Link, for_s: float, who: str, options: Sequence[str]) -> None:
    site, _ = commission_site(settings, link, for_s, who=who, options=options)
    gate = site.gate
    assert gate is not None
    with open_near(site, settings.panel.port) as server:
        _tell(settings, gate.link(f"http://{HOST}:{server.port}/"), server.port, for_s, who)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: server.shutdown())
        ended = threading.Event()
        hours = Hours(server, gate, link.lasts)
        watching = threading.Thread(target=hours.watch, args=(ended,), name="hours", daemon=True)
        watching.start()
        server.serve_forever()
        ended.set()
        watching.join()


def _tell(settings: Settings, link: str, port: int, for_s: float, who: str) -> None:
    """The link stands on the terminal of the one who is root here, and nowhere else."""
    host = socket.gethostname()
    lines = (
        f"Commissioning of {settings.cabin.name}, for {for_s / 60:.0f} minutes.",
        "The link opens in one browser, once:",
        "",
        f"    {link}",
        "",
        "From another computer, type there first and keep it open; then open the link there:",
        "",
        f"    ssh -L {port}:{HOST}:{port} {who}@{host}",
        "",
        f"It ends by itself. Ctrl-C here, or {COMMAND} --end anywhere on the kiosk, ends it sooner.",
    )
    with contextlib.suppress(OSError):
        print("\n".join(lines), flush=True)
