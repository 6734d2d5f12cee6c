"""Options that several commands share, and how their settings are found."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from edge.evidence import EvidenceLimits
from edge.settings import Settings, load

SETTINGS_FILE: Final = Path("/etc/cabinguard/kiosk.toml")
MODELS: Final = Path(__file__).resolve().parent.parent / "models"
"""The networks that came with the program."""

Run = Callable[[argparse.Namespace], int]


class Commands(Protocol):
    """What `argparse.ArgumentParser.add_subparsers` gives; its own type is private."""

    def add_parser(self, name: str, *, help: str, description: str = ...) -> argparse.ArgumentParser: ...


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """`--settings FILE` and `--set KEY=VALUE`."""
    parser.add_argument("--settings", type=Path, metavar="FILE", help=f"default: {SETTINGS_FILE}, if there")
    parser.add_argument(
        "--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="change one setting"
    )


def settings_path(args: argparse.Namespace) -> Path | None:
    """The file to read: the one named, else the installed one, else none."""
    named: Path | None = args.settings
    if named is not None:
        return named
    return SETTINGS_FILE if SETTINGS_FILE.is_file() else None


def load_settings(args: argparse.Namespace, *, kiosk: bool = False) -> Settings:
    """The settings that the command line asks for. Raises `SettingsError`."""
    return load(settings_path(args), args.overrides, kiosk=kiosk)


def model_dir(settings: Settings) -> Path:
    return Path(settings.paths.models) if settings.paths.models else MODELS


def evidence_limits(settings: Settings) -> EvidenceLimits:
    kept = settings.evidence
    return EvidenceLimits(
        kept.before_s, kept.after_s, kept.keep_days, kept.keep_mb, kept.incident_mb, kept.reserve_mb
    )
