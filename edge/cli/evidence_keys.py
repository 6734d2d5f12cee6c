"""`evidence keys`: makes a key on the bank's machine, or says whom a list names. Needs no kiosk."""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path

from edge.cli.options import Commands
from edge.disk.files import write_new
from edge.faults.fault import FaultError
from edge.pictures import age
from edge.pictures.recipients import parse_recipients, read_recipients
from edge.terms.printing import printable


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "keys", help="make a key on the bank's machine; look at a list of public ones"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--make", metavar="NAME", help="a new key of this name: a-z, 0-9 and -")
    what.add_argument("--list", type=Path, metavar="FILE", help="whom this list of public keys names")
    parser.add_argument("--to", type=Path, default=Path(), metavar="DIR", help="where NAME.key is put")
    parser.add_argument(
        "--needs", type=int, choices=(1, 2), default=1, help="with --list: evidence.open_needs"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.list is not None:
        for line in _said(args.list, args.needs):
            print(printable(line))
        return 0
    secret, public = age.new_key()
    lines = f"# name: {args.make}\n{public}\n"
    try:
        parse_recipients(lines, 1)
    except ValueError as error:
        print(printable(f"cabinguard: {args.make!r}: {error}"), file=sys.stderr)
        return 2
    made = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    path = args.to / f"{args.make}.key"
    _write_new(path, f"# made: {made}\n# public key: {public}\n# name: {args.make}\n{secret}\n".encode())
    print(printable(f"{path}: the secret key; it never leaves the bank"), file=sys.stderr)
    print("for the kiosks' list (evidence.recipients_file):", file=sys.stderr)
    sys.stdout.write(lines)
    return 0


def _said(path: Path, needs: int) -> list[str]:
    to = read_recipients(path, needs)
    return [f"{name}: {public}" for name, public in to.keys] + [to.words]


def _write_new(path: Path, content: bytes) -> None:
    """For its owner alone, and never over another key: pictures may be sealed to that one."""
    try:
        write_new(path, content)
    except OSError as error:
        raise FaultError("file_unusable", f"{path}: {error.strerror}") from error
