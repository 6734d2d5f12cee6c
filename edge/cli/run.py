"""`run`: the kiosk in service, until a signal ends it."""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import os
import resource
import signal
import sys

from edge.cli.options import Commands, add_settings_options, load_settings, same_settings
from edge.service.apart import selftest
from edge.service.service import SWITCH_S, Service


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("run", help="the kiosk in service (usually started by systemd)")
    parser.add_argument("--verbose", action="store_true", help="print what happens (never a code)")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args, kiosk=True)
    keep_standard_files()
    sys.setswitchinterval(SWITCH_S)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the live code
    with contextlib.ExitStack() as stack:
        program = [sys.executable, "-m", "edge", "selftest", "--no-hardware", "--read-only", "--json"]
        service = Service(
            settings,
            stack,
            verbose=args.verbose,
            selftest=functools.partial(selftest, [*program, *same_settings(args)]),
        )
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, service.stop)
        # What has been opened stays: a full collection that goes through all of it would hold up the input
        # path for longer than a key's click may take.
        gc.collect()
        gc.freeze()
        service.turn_until_stopped()
    return 0


def keep_standard_files() -> None:
    """Else the number of a closed one would go to the record, and a library's complaint into it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
