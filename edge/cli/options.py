"""Options that several commands share, and how their settings are found."""

from __future__ import annotations

import argparse
import contextlib
import os
import pwd
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from edge.faults.fault import FaultError
from edge.settings.load import load
from edge.settings.places import SETTINGS_FILE, settings_file
from edge.settings.schema import Settings

Run = Callable[[argparse.Namespace], int]


class Commands(Protocol):
    """What `argparse.ArgumentParser.add_subparsers` gives; its own type is private."""

    def add_parser(self, name: str, *, help: str, description: str = ...) -> argparse.ArgumentParser: ...


Make = Callable[[str, str, Callable[[argparse.Namespace], int]], argparse.ArgumentParser]


def actions_of(parser: argparse.ArgumentParser) -> Make:
    """What adds an action to a command: name, words, what runs it; each takes the settings' options."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)

    def make(name: str, words: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=words, description=words)
        add_settings_options(action)
        action.set_defaults(run=run)
        return action

    return make


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """`--settings FILE` and `--set KEY=VALUE`."""
    parser.add_argument("--settings", type=Path, metavar="FILE", help=f"default: {SETTINGS_FILE}, if there")
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="change one setting"
    )


def seconds(text: str) -> float:
    """A time on the command line."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e7:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value


def incident_number(text: str) -> int:
    """The number of an incident on the command line: from 1, as the control socket takes it."""
    if not re.fullmatch(r"[1-9]\d{0,11}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not the number of an incident")
    return int(text)


def text_in(path: Path) -> str:
    """A file that the user named, as text. OSError; FaultError `file_unusable`: it is no UTF-8."""
    try:
        return path.read_text("utf-8")
    except ValueError as error:  # also a name that no file can have
        raise FaultError("file_unusable", f"{path}: it is no text in UTF-8") from error


def settings_path(args: argparse.Namespace) -> Path | None:
    """The file to read. Raises `FaultError`."""
    named: Path | None = args.settings
    return settings_file(named)


def load_settings(args: argparse.Namespace, *, kiosk: bool = False) -> Settings:
    """The settings that the command line asks for. Raises `SettingsError`."""
    return load(settings_path(args), args.overrides, kiosk=kiosk)


def same_settings(args: argparse.Namespace) -> list[str]:
    """The options that name the same settings to another command."""
    options = [] if args.settings is None else ["--settings", str(args.settings.absolute())]
    for override in args.overrides:
        options += ["--set", override]
    return options


def who_asks() -> str:
    """The user of this machine; behind sudo the one who called it."""
    if os.geteuid() == 0 and (caller := os.environ.get("SUDO_USER")):
        return caller
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"


def as_the_kiosk(settings: Settings) -> bool:
    """Go on as the user of the kiosk, where root has called and the data folder is another user's.

    What only root can do or read then fails here as it would in service. True when the user was changed.
    """
    folder = Path(settings.paths.data)
    if os.geteuid() != 0 or not folder.is_dir():
        return False
    owner = folder.stat().st_uid
    if owner == 0:
        return False
    try:
        user = pwd.getpwuid(owner)
    except KeyError:
        return False
    os.initgroups(user.pw_name, user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(owner)
    return True


@contextlib.contextmanager
def as_owner(settings: Settings) -> Iterator[None]:
    """For a while, as the owner of the data folder where root has called: what is written is the kiosk's."""
    folder = Path(settings.paths.data)
    owner = folder.stat().st_uid if os.geteuid() == 0 and folder.is_dir() else 0
    if owner == 0:
        yield
        return
    os.setegid(folder.stat().st_gid)
    os.seteuid(owner)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
