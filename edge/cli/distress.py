"""`distress`: tell everybody that the kiosk is out of service, straight through the modem."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from edge.cli.options import Commands, add_settings_options, load_settings
from edge.messages.outbox import Outbox
from edge.messages.step import MessageAccepted, MessageFailed
from edge.messages.texts import Context, make_text
from edge.service.devices import open_modem
from edge.service.service import make_folder
from edge.terms.record import Channel, OutboxRow, Recipient
from hw.clock import SystemClock

DISTRESS_S: Final = 180.0
DISTRESS_EVERY_S: Final = 3600.0
_LOOK_S: Final = 0.05


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("distress", help="text that the kiosk is out of service (it must not run)")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """There is no loop to ask. At most once an hour: a machine that stays down fails again and again."""
    settings = load_settings(args, kiosk=True)
    clock = SystemClock()
    stamp = Path(settings.paths.data) / "distress-told"
    if stamp.exists() and 0 <= clock.wall_s() - stamp.stat().st_mtime < DISTRESS_EVERY_S:
        print("told less than an hour ago")
        return 0
    now_s = clock.now_s()
    context = Context.of(settings)
    people = {
        Recipient.CONTROL_ROOM: settings.people.control_room,
        Recipient.WATCHMAN: settings.people.watchman,
    }
    outbox = Outbox(people)
    for number, to in enumerate((to for to, phone in people.items() if phone), 1):
        outbox.add(OutboxRow(number, 0, "out_of_service", 0, to, Channel.SMS, clock.wall_s(), DISTRESS_S))
    modem = open_modem(settings, clock)
    failed = 0
    try:
        while outbox.waiting and clock.now_s() < now_s + DISTRESS_S + _LOOK_S:
            step = outbox.poll(
                clock.now_s(), clock.wall_s(), modem, lambda row: make_text(row, context, clock.wall_s())
            )
            for event in step.events:
                if isinstance(event, MessageFailed) and event.final:
                    failed += 1
                    print(f"{event.row.recipient}: not told: {event.cause}", file=sys.stderr)
                elif isinstance(event, MessageAccepted):
                    print(f"{event.row.recipient}: told")
            time.sleep(_LOOK_S)
    finally:
        modem.close()
    if failed or outbox.waiting:
        return 1
    make_folder(stamp.parent)
    stamp.touch()
    return 0
