"""`certificate`: who the kiosk is to a broker. Its key is made here, and nothing here gives it out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import assert_never

import msgspec
from cryptography.hazmat.primitives import hashes, serialization

from edge.cli.options import Commands, actions_of, as_owner, load_settings
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.fleet.certificate import (
    DAY_S,
    common_name,
    day,
    ends_s,
    public_key_of,
    read_certificates,
    wrong_with,
)
from edge.fleet.enrolment import Ended, Turn, renew
from edge.fleet.on_boot import on_boot
from edge.fleet.pairs import current_pair, has_previous
from edge.fleet.renewal import renewed_from_s
from edge.fleet.request import install, next_request, waiting
from edge.settings.schema import Settings
from edge.terms.printing import printable
from hw.clock import SystemClock

_LARGEST = 1 << 20


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "certificate", help="who the kiosk is to a broker: ask for, take, renew, show"
    )
    make = actions_of(parser)
    asked = make(
        "request", "print the request that an authority signs; the key is made for it, once", request
    )
    asked.add_argument("--out", type=Path, metavar="FILE", help="into this file instead")
    asked.add_argument("--fresh", action="store_true", help="with a new key: the last request is void then")
    taken = make("install", "take the certificate that the authority made, and use it from now on", installed)
    taken.add_argument("file", metavar="FILE", help="PEM or DER; - for the standard input")
    shown = make("status", "show whom it names, until when it holds, and what is wrong", status)
    shown.add_argument("--json", action="store_true", help="one JSON object")
    renewed = make("renew", "by EST: get the first one, or the next one where that is due", renewal)
    renewed.add_argument("--now", action="store_true", help="whether it is due or not")
    booted = make("boot", "bring the request to a folder and take the certificate put there", boot)
    booted.add_argument("folder", type=Path, metavar="FOLDER", help="the boot partition")


def _wall_s() -> float | None:
    """The time of day; None where nobody has set the clock."""
    clock = SystemClock()
    return clock.wall_s() if clock.wall_true() else None


def request(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    with as_owner(settings):
        asked = next_request(settings, settings.mqtt.kiosk_id, fresh=args.fresh)
    content = asked.public_bytes(serialization.Encoding.PEM)
    if args.out is None:
        sys.stdout.write(content.decode("ascii"))
    else:
        args.out.write_bytes(content)
        print(printable(f"{args.out}: the authority needs this file, and it holds no secret"))
    return 0


def installed(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    if args.file == "-":
        content = sys.stdin.buffer.read(_LARGEST)
    else:
        with Path(args.file).open("rb") as file:
            content = file.read(_LARGEST)
    with as_owner(settings):
        made = install(settings, settings.mqtt.kiosk_id, content, _wall_s())
    print(printable(f"{made.name} until {day(made.ends_s)}; a running kiosk takes it at its next connection"))
    return 0


def renewal(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    if not settings.certificate.est_url and not args.now:
        print("nothing to renew by: certificate.est_url is empty")
        return 0
    with as_owner(settings):
        ended = renew(settings, settings.mqtt.kiosk_id, _wall_s(), asked=args.now)
    print(printable(_said(ended)))
    return 0


def _said(ended: Ended) -> str:
    later = "" if ended.next_s is None else f" before {day(ended.next_s)}"
    match ended.turn:
        case Turn.INSTALLED:
            made = ended.installed
            return "" if made is None else f"{made.name} until {day(made.ends_s)}"
        case Turn.WAITING:
            return f"the server has not decided yet; it is not asked again{later}"
        case Turn.NOT_DUE:
            return f"nothing to renew{later}"
        case _:
            assert_never(ended.turn)


def boot(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    for line in on_boot(args.folder, settings, settings.mqtt.kiosk_id, _wall_s(), lambda: as_owner(settings)):
        print(printable(line))
    return 0


class Shown(msgspec.Struct, frozen=True):
    """What `status --json` prints. Times in seconds since 1970; None: not known, or none there."""

    kiosk_id: str
    name: str
    sha256: str
    ends_wall_s: float | None
    days_left: float | None
    renewed_from_wall_s: float | None
    request_waits: bool
    earlier_kept: bool
    wrong: tuple[str, ...]


def status(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    with as_owner(settings):
        shown, wrong = _shown(settings, _wall_s())
    if args.json:
        print(msgspec.json.encode(shown).decode())
    else:
        for line in _lines(shown):
            print(printable(line))
        for fault in wrong:
            print(explain(fault.code, fault.detail))
    return 1 if wrong else 0


def _shown(settings: Settings, wall_s: float | None) -> tuple[Shown, list[FaultError]]:
    """Never holds anything of a private key."""
    kiosk_id, pair = settings.mqtt.kiosk_id, current_pair(settings)
    waits, earlier = waiting(settings), has_previous(settings)
    try:
        chain = read_certificates(pair.certificate)
        own = public_key_of(settings, pair)
        wrong = list(wrong_with(chain, own, kiosk_id, wall_s))
    except FaultError as fault:
        return Shown(kiosk_id, "", "", None, None, None, waits, earlier, (fault.code,)), [fault]
    ends = ends_s(chain)
    return (
        Shown(
            kiosk_id,
            common_name(chain[0]),
            chain[0].fingerprint(hashes.SHA256()).hex(),
            ends,
            None if wall_s is None else (ends - wall_s) / DAY_S,
            renewed_from_s(settings, chain) if settings.certificate.est_url else None,
            waits,
            earlier,
            tuple(fault.code for fault in wrong),
        ),
        wrong,
    )


def _lines(shown: Shown) -> list[str]:
    lines = [f"kiosk:    {shown.kiosk_id or 'mqtt.kiosk_id is empty'}"]
    if shown.ends_wall_s is not None:
        left = "the clock is not set" if shown.days_left is None else f"{shown.days_left:.0f} days left"
        lines += [
            f"names:    {shown.name or 'nobody'}",
            f"sha256:   {shown.sha256}",
            f"ends:     {day(shown.ends_wall_s)}, {left}",
        ]
    if shown.renewed_from_wall_s is not None:
        lines.append(f"renewed:  from {day(shown.renewed_from_wall_s)}")
    if shown.request_waits:
        lines.append("request:  waits for its certificate")
    if shown.earlier_kept:
        lines.append("earlier:  kept until the new one was accepted somewhere")
    return lines
