"""`report`: an incident, a day or a month as one file to be filed, as HTML and as PDF."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final

from edge.cli.options import Commands, add_settings_options, incident_number, load_settings
from edge.faults.fault import FaultError
from edge.reports.document import Maker
from edge.reports.of_incident import incident_report
from edge.reports.of_period import day_report, month_report
from edge.reports.pdf import to_pdf
from edge.terms.printing import printable
from edge.words.language import LanguageName

_MONTH: Final = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("report", help="an incident, a day or a month as a file")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--incident", type=incident_number, metavar="N", help="one incident")
    what.add_argument("--day", type=_day, metavar="YYYY-MM-DD", help="a day of the cabin's own time")
    what.add_argument("--month", type=_month, metavar="YYYY-MM", help="a month of the cabin's own time")
    parser.add_argument("--pdf", action="store_true", help="as PDF too, by the Chromium of this machine")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the file; else one named after the report")
    parser.add_argument("--lang", choices=[name.value for name in LanguageName], help="else the cabin's")
    parser.add_argument(
        "--pictures", type=Path, metavar="DIR", help="sealed pictures that evidence open has opened there"
    )
    parser.add_argument("--without-pictures", action="store_true", help="words and plots alone")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load_settings(args)
    language = LanguageName(args.lang or settings.cabin.language)
    maker = Maker.of(settings, language, not args.without_pictures, time.time())
    maker = replace(maker, opened=args.pictures)
    html, name = _made(maker, args)
    if html is None:
        print(f"the record has no line of incident {args.incident}", file=sys.stderr)
        return 1
    out = args.out or Path(f"{name}.html")
    pdf_alone = out.suffix == ".pdf"
    if not pdf_alone:
        _write(out, html.encode())
    if args.pdf or pdf_alone:
        _write(out.with_suffix(".pdf"), to_pdf(html))
    return 0


def _made(maker: Maker, args: argparse.Namespace) -> tuple[str | None, str]:
    """The report, and the name of its file without the end."""
    if args.incident is not None:
        return incident_report(maker, args.incident), f"incident-{args.incident}"
    if args.day is not None:
        return day_report(maker, args.day), f"day-{args.day.isoformat()}"
    year, month = args.month
    return month_report(maker, year, month), f"month-{year:04d}-{month:02d}"


def _write(path: Path, content: bytes) -> None:
    """For its owner's eyes alone: it shows people. FaultError `report_unwritable`."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            file.write(content)
        part.replace(path)
    except OSError as error:
        raise FaultError("report_unwritable", f"{path}: {error.strerror}") from error
    print(printable(f"{path}: {len(content) / 1e6:.1f} MB"))


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-01-31") from error
    if not 1970 <= day.year <= 2999:
        raise argparse.ArgumentTypeError(f"{text!r} is no day that the record can have")
    return day


def _month(text: str) -> tuple[int, int]:
    match = _MONTH.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 12 or not 1970 <= int(match[1]) <= 2999:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month such as 2026-01")
    return int(match[1]), int(match[2])
