"""`sbom`: what this version is made of, as a CycloneDX list."""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from edge.cli.options import Commands


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("sbom", help="what this version is made of, as a CycloneDX list")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file; else it is printed")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="of a release: the wheels that it carries")
    parser.add_argument("--wheel", type=Path, metavar="FILE", help="the program's own file, for its hash")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from edge.inventory.cyclonedx import document
    from edge.inventory.environment import inventory
    from edge.inventory.wheels import wheels_inventory

    wheel: Path | None = args.wheel
    known = hashlib.sha256(wheel.read_bytes()).hexdigest() if wheel is not None else ""
    wheels: Path | None = args.wheels
    content = document(inventory(wheel=known) if wheels is None else wheels_inventory(wheels))
    out: Path | None = args.out
    if out is None:
        sys.stdout.write(content.decode())
    else:
        out.write_bytes(content)
    return 0
