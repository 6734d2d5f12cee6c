"""`status` and `release`: what the running kiosk is doing, and the door opened on the spot."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from edge.cli.options import Commands, add_settings_options, incident_number, load_settings
from edge.service.asks import Release, Status
from edge.service.control import ask, done
from edge.terms.printing import printable


def add_parsers(commands: Commands) -> None:
    status = commands.add_parser("status", help="what the running kiosk is doing")
    status.add_argument("--json", action="store_true", help="one JSON object")
    add_settings_options(status)
    status.set_defaults(run=_status)
    release = commands.add_parser("release", help="open the locked door, as root, on the spot")
    release.add_argument(
        "--incident",
        type=incident_number,
        default=0,
        metavar="N",
        help="only if this incident holds the lock",
    )
    add_settings_options(release)
    release.set_defaults(run=_release)


def _status(args: argparse.Namespace) -> int:
    reply = done(ask(Path(load_settings(args).paths.runtime), Status()))
    if args.json:
        print(msgspec.json.encode(reply).decode())
        return 0
    del reply["version"]
    for key, value in reply.items():
        print(f"{key.replace('_', ' '):<16} {printable(_words(value))}")
    return 0


def _words(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value)) or "none"
        case None:
            return "-"
        case _:
            return str(value)


def _release(args: argparse.Namespace) -> int:
    done(ask(Path(load_settings(args).paths.runtime), Release(args.incident)))
    print("the door is released")
    return 0
