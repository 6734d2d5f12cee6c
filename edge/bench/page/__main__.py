"""The page of a bench as a process of its own: python -m edge.bench.page --bench FOLDER.

FOLDER holds the bench's sockets. The page outlives the cabin's process, however that ends; it starts nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from edge.bench.page.cabin_asked import CabinAsked
from edge.bench.page.stand import PATH, add_stand
from edge.bench.page.tongue import tongue_of
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.panel.app import add_panel, address, open_server
from edge.panel.sources import Sources
from edge.settings.load import SettingsError, load
from edge.settings.places import settings_file
from edge.settings.schema import Settings
from edge.web.server import Server
from edge.web.site import Site


def bench_site(settings: Settings, sources: Sources, cabin: CabinAsked) -> Site:
    """The bench page, and the panel's views beside it."""
    language = settings.cabin.language
    site = Site(settings.cabin.name, language, footer=tongue_of(language).own.footer)
    add_stand(site, cabin, sources)
    add_panel(site, sources)
    return site


def open_bench(settings: Settings, options: Sequence[str], bench: Path) -> Server:
    """The page's server over the bench in this folder, listening. Raises `FaultError`."""
    sources = Sources(settings, list(options))
    return open_server(settings, bench_site(settings, sources, CabinAsked(bench)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m edge.bench.page", description=__doc__)
    parser.add_argument("--bench", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--settings", type=Path, metavar="FILE")
    parser.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE")
    given = parser.parse_args(arguments)
    options = [] if given.settings is None else ["--settings", str(given.settings.absolute())]
    for override in given.overrides:
        options += ["--set", override]
    try:
        settings = load(settings_file(given.settings), given.overrides)
        with open_bench(settings, options, given.bench) as server:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: server.shutdown())
            with contextlib.suppress(OSError):  # who reads it may be gone
                print(f"page: {address(settings.panel).rstrip('/')}{PATH}", file=sys.stderr, flush=True)
            server.serve_forever()
    except SettingsError as wrong:
        for problem in wrong.problems:
            print(explain(problem.code, problem.detail), file=sys.stderr)
        return 3
    except FaultError as fault:
        print(explain(fault.code, fault.detail), file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
