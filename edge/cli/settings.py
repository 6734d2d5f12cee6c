"""`settings`: checks the settings, as `run` will read them, or shows them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

from edge.cli.options import Commands, add_settings_options, as_the_kiosk, load_settings, settings_path
from edge.faults.explain import explain
from edge.faults.fault import FaultError
from edge.messages.ways.open import release_desk
from edge.pictures.recipients import read_recipients
from edge.settings.drawn import usable_drawn
from edge.settings.load import SettingsError
from edge.settings.schema import EXAMPLE, Settings
from edge.settings.secrets import secret_problems
from edge.settings.show import remarks, show, shown
from edge.terms.printing import printable


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser("settings", help="check or show the settings")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--check", action="store_true", help="say what is wrong with the file, or nothing")
    what.add_argument("--show", action="store_true", help="the effective settings, secrets hidden")
    what.add_argument(
        "--example", action="store_true", help="every setting with its meaning, unit and bounds"
    )
    parser.add_argument("--json", action="store_true", help="with --show: one JSON object")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if args.example:
        sys.stdout.write(EXAMPLE.read_text("utf-8"))
        return 0
    path = settings_path(args)
    settings = load_settings(args, kiosk=args.check and path is not None)
    drawn = _drawn(settings, checked=args.check)
    if args.check:
        _check_files(args, settings)
    if args.show and args.json:
        tables = shown(settings)
        sealed = {"sealed_to": _sealed_to(settings)} if settings.evidence.recipients_file else {}
        print(msgspec.json.encode(tables | ({"drawn": drawn} if drawn else {}) | sealed).decode())
    elif args.show:
        print(show(settings, drawn))
        if settings.evidence.recipients_file:
            print(printable(f"# pictures are sealed to {_sealed_to(settings)}"))
    elif path is None:
        print("no file: the defaults, enough for the bench and not for a kiosk: nothing wrong")
    else:
        minded = list(remarks(settings))
        print("\n".join([*minded, f"{printable(path)}: nothing wrong" + (", only that" if minded else "")]))
    return 0


def _drawn(settings: Settings, *, checked: bool) -> tuple[str, ...]:
    """What of them was drawn on the page. Raises `SettingsError` where that cannot be used."""
    try:
        found = usable_drawn(settings)
    except FaultError as fault:
        if checked:
            raise SettingsError([fault]) from fault
        print(explain(fault.code, fault.detail), file=sys.stderr)
        return ()
    return () if found is None else found.kinds


def sealed_to(settings: Settings) -> str:
    """Whom pictures are sealed to, in words; empty where they lie open. `FaultError`."""
    kept = settings.evidence
    return read_recipients(Path(kept.recipients_file), kept.open_needs).words if kept.recipients_file else ""


def _sealed_to(settings: Settings) -> str:
    try:
        return sealed_to(settings)
    except FaultError as fault:
        print(explain(fault.code, fault.detail), file=sys.stderr)
        return "nobody: no picture is kept"


def _check_files(args: argparse.Namespace, settings: Settings) -> None:
    """Read every secret that the settings name, as `run` will. Raises `SettingsError` with all problems."""
    if as_the_kiosk(settings):
        load_settings(args)  # that user has to read them too
    problems = list(secret_problems(settings))
    try:
        sealed_to(settings)
    except FaultError as error:
        problems.append(error)
    try:
        release_desk(settings)
    except FaultError as error:
        if not any(error.detail == known.detail for known in problems):
            problems.append(error)
    if problems:
        raise SettingsError(problems)
