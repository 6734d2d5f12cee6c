"""`debug-bundle`: one file for a support engineer, with no code, number, password or picture in it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from edge.cli.options import Commands, add_settings_options, load_settings, settings_path
from edge.faults.fault import FaultError
from edge.selftest.bundle import Target, collect, there_already, write
from edge.settings.load import SettingsError, load
from edge.settings.schema import Settings
from edge.terms.printing import printable


def add_parser(commands: Commands) -> None:
    parser = commands.add_parser(
        "debug-bundle", help="one file for a support engineer, without codes, numbers or pictures"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="such as support.tar.gz, to be made")
    add_settings_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    file: Path = args.file
    if os.path.lexists(file):
        raise there_already(file)
    if not file.absolute().parent.is_dir():  # before the minute that it takes
        raise FaultError("file_unusable", f"{file.absolute().parent} is no folder")
    bundle = collect(_kiosk(args))
    write(file, bundle.content)
    print(printable(f"{file}: {bundle.parts} parts, for its owner alone; look through it before you send it"))
    for name, why in bundle.missing.items():
        print(printable(f"  without {name}: {why}"))
    return 0


def _kiosk(args: argparse.Namespace) -> Target:
    """As its settings have it; as the defaults have it where these cannot be used."""
    path = settings_path(args)
    options = [] if path is None else ["--settings", str(path.absolute())]
    for override in args.overrides:
        options += ["--set", override]
    text = ""
    if path is not None and path.is_file():
        text = path.read_bytes().decode("utf-8", "replace")
    problems: tuple[FaultError, ...] = ()
    try:
        settings = load_settings(args)
    except SettingsError as error:
        problems = error.problems
        settings = _without_file(args.overrides)
    return Target(settings, tuple(options), text, problems)


def _without_file(overrides: list[str]) -> Settings:
    try:
        return load(None, overrides)
    except SettingsError:
        return Settings()
