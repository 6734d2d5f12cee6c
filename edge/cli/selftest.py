"""`selftest`: every device and file, with a tick or a cross for each.

Run by root it tries as the user of the kiosk, so that a right that this user lacks is found.
"""

from __future__ import annotations

import argparse
from itertools import chain
from pathlib import Path

import msgspec

from edge.cli.options import Commands, add_settings_options, as_the_kiosk, load_settings, settings_path
from edge.faults.explain import explain
from edge.selftest.findings import findings, tried
from edge.service.asks import Report
from edge.service.control import ask
from edge.terms.printing import printable


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("selftest", help="try every device and file, ticks and crosses")
    parser.add_argument("--json", action="store_true", help="one JSON object a device")
    parser.add_argument(
        "--no-hardware",
        action="store_true",
        help="leave the pins and the modem alone (a running kiosk has them)",
    )
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="with --no-hardware: write nothing either, so whether the disk takes writes is not tried",
    )
    parser.add_argument(
        "--tell", action="store_true", help="have the running kiosk text the outcome to the control room"
    )
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    checked = tried("settings", lambda: _for_a_kiosk(args))  # before it becomes a user who may not read them
    as_the_kiosk(settings)
    bad = 0
    first_bad = ""
    hardware = not (args.no_hardware or args.tell)
    writing = hardware or not args.read_only
    for finding in chain([checked], findings(settings, hardware=hardware, writing=writing)):
        bad += not finding.ok
        first_bad = first_bad or finding.code
        if args.json:
            print(msgspec.json.encode(msgspec.to_builtins(finding)).decode())
            continue
        print(f"[{finding.mark}] {finding.name:<12} {printable(finding.detail)}", flush=True)
        if not finding.ok:
            print("\n".join(f"      {line}" for line in explain(finding.code).splitlines()[1:]))
    if args.tell:
        ask(Path(settings.paths.runtime), Report(finding=first_bad or "ok"))
    return 1 if bad else 0


def _for_a_kiosk(args: argparse.Namespace) -> str:
    """What `run` would refuse is no tick."""
    if settings_path(args) is None:
        return "no file: the defaults, enough for the bench and not for a kiosk"
    load_settings(args, kiosk=True)
    return "every value within its bounds, nothing missing"
