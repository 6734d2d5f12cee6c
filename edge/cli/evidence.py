"""`evidence`: the kept pictures: the bank's keys, and opening what is sealed to them."""

from __future__ import annotations

from typing import Final

from edge.cli import evidence_hold, evidence_keys, evidence_open
from edge.cli.options import Commands

PARTS: Final = (evidence_keys, evidence_open, evidence_hold)
"""A thin file for each; `add_parser` of each puts its words in."""


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("evidence", help="kept pictures: the bank's keys, opening, legal holds")
    more = parser.add_subparsers(title="more", metavar="WHAT", required=True)
    for part in PARTS:
        part.add_parser(more)
