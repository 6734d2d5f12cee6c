"""`fleet`: on the bank's machine, a table of kiosks into a first-boot file for each."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge.cli.options import Commands
from edge.faults.fault import FaultError
from edge.fleet.roster_files import FIRST_BOOT, LIST, write_all
from edge.pictures.recipients import parse_recipients
from edge.terms.printing import printable

_NAMED: Final = 5


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("fleet", help="many kiosks from one table: a first-boot file for each")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    words = "a folder for each kiosk of a table, with its cabinguard.toml for the boot partition"
    made = actions.add_parser("make", help=words, description=words)
    made.add_argument("table", type=Path, metavar="TABLE", help="CSV: kiosk_id, and what differs")
    made.add_argument(
        "folder", type=Path, metavar="FOLDER", help="where the folders go; made again, it is kept"
    )
    made.add_argument("--common", type=Path, metavar="FILE", help="a piece of kiosk.toml that holds for all")
    made.add_argument(
        "--seal-to",
        action="append",
        default=[],
        metavar="age1…",
        help="seal the list of secrets to this key too",
    )
    made.set_defaults(run=make)


def make(args: argparse.Namespace) -> int:
    seal: Callable[[bytes], bytes] | None = None
    if args.seal_to:
        from edge.pictures import age  # only where something is sealed

        try:
            to = [age.whole_public(one) for one in args.seal_to]
        except age.BadKeyError:
            raise FaultError("table_odd", "--seal-to is no age key (age1…)") from None
        seal = functools.partial(age.seal, to=to)
    written = write_all(args.table, args.folder, args.common, parse_recipients, seal)
    print(printable(f"{written.fresh} files written, {written.unchanged} right already, in {args.folder}"))
    print(printable(f"{LIST} has every secret that was made: keep it as you keep keys"))
    print(f"each kiosk's {FIRST_BOOT} goes to the boot partition of its own card, and nowhere else")
    if written.strange:
        named = ", ".join(written.strange[:_NAMED])
        more = f" and {len(written.strange) - _NAMED} more" if len(written.strange) > _NAMED else ""
        print(printable(f"not in the table, and left alone: {named}{more}"))
    return 0
