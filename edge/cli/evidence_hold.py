"""`evidence hold`, `holds`, `free`, `verify`: what is kept for a court, and what became of every picture."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import msgspec

from edge.cli.options import Commands, add_settings_options, incident_number, load_settings, who_asks
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.journal import reader as journal
from edge.journal.file import NAME
from edge.journal.held import hold_entry
from edge.journal.marking import put_word
from edge.pictures.files import FOLDER
from edge.pictures.holds import Holds, holds_on_disk, read_holds
from edge.pictures.proof import prove
from edge.service.asks import FreeIncident, HoldIncident, SeeHolds
from edge.service.control import answers, ask, done
from edge.settings.schema import Settings
from edge.settings.zones import zone_of
from edge.terms.hold import FREED, Freed, Hold, day_of, hold_in
from edge.terms.marks import BY_MOST, NOTE_MOST, plain_words
from edge.terms.printing import printable
from edge.terms.record import Entry, Remembered
from hw.clock import SystemClock

_OPEN_END: Final = "freed"
_LAST_YEAR: Final = 2999
"""As the control socket takes it."""


def add_parser(more: Commands) -> None:
    hold = more.add_parser("hold", help="keep all pictures and lines of an incident, as root")
    _who(hold, "who orders it")
    hold.add_argument(
        "--until", type=_day, required=True, metavar="DATE", help="its last day; freed: until evidence free"
    )
    hold.set_defaults(run=_hold)
    free = more.add_parser("free", help="end a hold, as root")
    _who(free, "who says so")
    free.set_defaults(run=_free)
    holds = more.add_parser("holds", help="which incidents are held, by whom, and until when")
    holds.add_argument("--json", action="store_true", help="one JSON object a hold")
    add_settings_options(holds)
    holds.set_defaults(run=_holds)
    verify = more.add_parser("verify", help="what became of every picture that the record knows")
    verify.add_argument("--json", action="store_true", help="one JSON object")
    add_settings_options(verify)
    verify.set_defaults(run=_verify)


def _who(parser: argparse.ArgumentParser, by: str) -> None:
    parser.add_argument("number", type=incident_number, metavar="N", help="the incident")
    parser.add_argument("--by", default="", metavar="WHO", help=f"{by}; else the user of this command")
    parser.add_argument(
        "--why", type=_why, required=True, metavar="WORDS", help="such as the number of a case"
    )
    add_settings_options(parser)


def _hold(args: argparse.Namespace) -> int:
    """By the running kiosk; where none runs, straight into the record and the file."""
    settings = load_settings(args)
    by, why = _words(args)
    day: date | None = args.until
    until_wall_s = None if day is None else _end_of(day, settings)
    wall_s = SystemClock().wall_s()
    if until_wall_s is not None and until_wall_s <= wall_s:
        print(f"cabinguard: {day} is over", file=sys.stderr)
        return 2
    hold = Hold(args.number, by, why, wall_s, until_wall_s)
    if not _asked(settings, HoldIncident(incident=args.number, by=by, why=why, until_wall_s=until_wall_s)):
        _put(settings, lambda remembered: hold_entry(hold), hold)
    until = "somebody ends it" if day is None else str(day)
    print(printable(f"incident {args.number} is held until {until}, by {by}"))
    return 0


def _free(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    by, why = _words(args)
    freed = Freed(args.number, by, why)

    held: set[int] = set()

    def word(remembered: Remembered) -> Entry:
        if args.number not in held:
            raise FaultError("incident_not_held", f"incident {args.number}")
        return Entry("event", FREED, args.number, msgspec.json.encode(freed.data()).decode())

    if not _asked(settings, FreeIncident(incident=args.number, by=by, why=why)):
        held.update(hold.incident for hold in holds_on_disk(Path(settings.paths.data)))
        _put(settings, word)
    print(printable(f"the hold on incident {args.number} is ended, by {by}"))
    return 0


def _holds(args: argparse.Namespace) -> int:
    """Exit code 1 where the file beside the pictures makes no sense: holds may be missing here."""
    settings = load_settings(args)
    zone = zone_of(settings.cabin.timezone)
    for hold in _known(settings):
        if args.json:
            print(msgspec.json.encode({"incident": hold.incident, **hold.data()}).decode())
            continue
        since, until = day_of(hold.since_wall_s, zone), hold.last_day(zone)
        print(printable(f"#{hold.incident:<6} since {since} until {until}  by {hold.by}: {hold.why}"))
    return 0 if _file_makes_sense(settings) else 1


def _file_makes_sense(settings: Settings) -> bool:
    try:
        read_holds(Path(settings.paths.data) / FOLDER)
    except FaultError as fault:
        print(explain(fault.code, fault.detail), file=sys.stderr)
        return False
    return True


def _verify(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    data = Path(settings.paths.data)
    running = SystemClock().wall_s() if answers(Path(settings.paths.runtime)) else None
    proof = prove(data / FOLDER, journal.lines(data / NAME), running)
    if args.json:
        print(msgspec.json.encode({"ok": proof.ok, **msgspec.to_builtins(proof)}).decode())
        return 0 if proof.ok else 1
    rules = ", ".join(f"{count} by {rule}" for rule, count in sorted(proof.by_rule.items()))
    print(f"{proof.there} pictures are there as recorded, {proof.held} of them held")
    print(f"{proof.removed} pictures were removed by recorded rules{f': {rules}' if rules else ''}")
    if proof.keys:
        print(f"{proof.keys} wrapped keys are there as recorded")
    if proof.fresh:
        print(f"{proof.fresh} files are too new to be in the record: say it again in a minute")
    for one in proof.findings:
        which = "/".join(part for part in (str(one.incident or ""), one.name) if part)
        print(explain("evidence_changed", f"{which}: {one.detail}"), file=sys.stderr)
    return 0 if proof.ok else 1


def _asked(settings: Settings, request: HoldIncident | FreeIncident) -> bool:
    """Whether a kiosk runs and has done it. FaultError: it refused."""
    try:
        done(ask(Path(settings.paths.runtime), request))
    except FaultError as fault:
        if fault.code != "kiosk_not_running":
            raise
        return False
    return True


def _known(settings: Settings) -> tuple[Hold, ...]:
    """Those of the running kiosk, else of record and file."""
    try:
        reply = done(ask(Path(settings.paths.runtime), SeeHolds()))
    except FaultError as fault:
        if fault.code != "kiosk_not_running":
            raise
        return holds_on_disk(Path(settings.paths.data))
    listed = msgspec.convert(reply["holds"], list[dict[str, object]])
    return tuple(hold_in(msgspec.convert(one["incident"], int), one) for one in listed)


def _put(settings: Settings, word: Callable[[Remembered], Entry], hold: Hold | None = None) -> None:
    """Into the record first, then into the file; each alone is enough for the next start.

    FaultError: a `hold` that may not be put, as `Holds.put` raises it.
    """
    data = Path(settings.paths.data)
    _file_makes_sense(settings)
    if hold is not None:
        Holds(data / FOLDER, holds_on_disk(data)).put(hold)
    put_word(data / NAME, SystemClock(), word)
    try:
        Holds(data / FOLDER, holds_on_disk(data)).keep()
    except OSError as error:
        why = error.strerror
        print(f"cabinguard: the record has it, the file beside the pictures not: {why}", file=sys.stderr)


def _words(args: argparse.Namespace) -> tuple[str, str]:
    return plain_words(args.by or who_asks(), BY_MOST) or "-", plain_words(args.why, NOTE_MOST)


def _why(text: str) -> str:
    if not plain_words(text, NOTE_MOST):
        raise argparse.ArgumentTypeError("it says nothing")
    return text


def _day(text: str) -> date | None:
    if text == _OPEN_END:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-12-31, nor freed") from None
    if not 1970 < day.year <= _LAST_YEAR:
        raise argparse.ArgumentTypeError(f"{text!r} is after {_LAST_YEAR} or long over; or say freed")
    return day


def _end_of(day: date, settings: Settings) -> float:
    """The end of a day in the cabin's own time, as UTC seconds."""
    return datetime.combine(day + timedelta(days=1), time(), zone_of(settings.cabin.timezone)).timestamp()
