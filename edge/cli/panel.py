"""`panel`: serves the page that shows the running kiosk."""

from __future__ import annotations

import argparse
import contextlib
import signal

from edge.cli.options import Commands, add_settings_options, load_settings, same_settings
from edge.panel.app import address, open_panel
from edge.panel.sources import Sources


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "panel",
        help="a page that shows the running kiosk, for bench and commissioning",
        description="Serves one page that shows the running kiosk and changes nothing. See [panel].",
    )
    parser.add_argument(
        "--commission",
        action="store_true",
        help="as root: open the page that sets up and tries the kiosk, for half an hour, by a one-time link",
    )
    parser.add_argument("--end", action="store_true", help="with --commission: end the one that is open")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.commission:
        from edge.cli import commission  # it is not carried by a page that only looks

        return commission.run(args)
    settings = load_settings(args)
    with (
        contextlib.closing(Sources(settings, same_settings(args))) as sources,
        open_panel(settings, sources) as server,
    ):
        with contextlib.suppress(OSError):  # who reads it may be gone; the page is not for them
            print(f"panel: {address(settings.panel)}", flush=True)

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.shutdown())
        server.serve_forever()
    return 0
