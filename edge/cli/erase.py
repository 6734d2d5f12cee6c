"""`erase`: wipe keys, pictures, record and settings of a kiosk that leaves service."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from edge.cli.options import Commands, add_settings_options, load_settings, settings_path
from edge.faults.fault import FaultError
from edge.service.erasing import erase
from edge.settings.version import program_version
from edge.terms.printing import printable


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("erase", help="wipe all that a kiosk has kept, before it leaves service")
    parser.add_argument("--confirm", metavar="NAME", help="the cabin's name, as the settings have it")
    parser.add_argument(
        "--holds-copied", action="store_true", help="the pictures under a legal hold are safe elsewhere"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the proof of it goes, as JSON")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    path = settings_path(args)
    if args.confirm != settings.cabin.name:
        raise FaultError("erase_not_confirmed", f'say --confirm "{settings.cabin.name}"')
    done = erase(settings, path, holds_copied=args.holds_copied)
    head = done.head
    proof = {
        "cabin": settings.cabin.name,
        "erased": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "by": f"cabinguard {program_version()}",
        "keys": done.keys,
        "files": done.files,
        "bytes": done.bytes,
        "record_ended_at": None if head is None else f"{head.seq}:{head.hash}",
    }
    out: Path | None = args.out
    if out is not None:
        out.write_text(json.dumps(proof, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(printable(f"{done.files} files wiped, {done.keys} of them named by the settings"))
    print("left: credentials in /etc/credstore, the technician's key in /etc/ssh, the system's own log")
    print("a card keeps old blocks: discard it (blkdiscard) or destroy it where pictures were not sealed")
    return 0
