"""`evidence open`: opens sealed pictures on the bank's machine. Needs no kiosk and none of its settings."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

from edge.cli.options import Commands
from edge.faults.fault import FaultError
from edge.pictures import age
from edge.pictures.opening import Problem, open_all
from edge.pictures.recorded import said_in_record
from edge.pictures.secret_keys import SecretKey, read_secret_key
from edge.terms.printing import printable


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("open", help="open sealed pictures with the bank's keys")
    parser.add_argument("what", type=Path, metavar="FOLDER|FILE", help="an incident's folder, all, or a file")
    parser.add_argument(
        "--key",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="a secret key; may be repeated",
    )
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="where the open pictures go")
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="the record, or what events --json printed: hashes compared",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    keys = [_key(path) for path in args.key]
    said = None if args.record is None else said_in_record(args.record)
    result = open_all(args.what, keys, args.to, said)
    for problem in result.problems:
        print(printable(f"cabinguard: {_words(problem)}"), file=sys.stderr)
    compared = "" if said is None else f", {result.compared} as the record says"
    print(printable(f"{len(result.opened)} opened in {args.to}{compared}; {len(result.problems)} problems"))
    return 1 if result.problems or not result.opened else 0


def _words(problem: Problem) -> str:
    return f"{problem.path}: {problem.what.value}" + (f" ({problem.detail})" if problem.detail else "")


def _key(path: Path) -> SecretKey:
    try:
        return read_secret_key(path, lambda: getpass.getpass(f"passphrase of {printable(str(path))}: "))
    except age.BadKeyError as error:
        raise FaultError("evidence_key_unusable", f"{path}: {error}") from None
