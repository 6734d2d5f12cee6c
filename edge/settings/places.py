"""Where the files of a kiosk are: its settings, its networks, its spoken prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge.faults.fault import FaultError
from edge.settings.schema import Settings

SETTINGS_FILE: Final = Path("/etc/cabinguard/kiosk.toml")
MODELS: Final = Path(__file__).resolve().parents[2] / "models"
"""The networks that came with the program."""


def settings_file(named: Path | None) -> Path | None:
    """The file to read: the one named, else the installed one, else none. Raises `FaultError`."""
    if named is not None:
        return named
    try:
        return SETTINGS_FILE if SETTINGS_FILE.is_file() else None
    except PermissionError as error:
        raise FaultError("not_root", f"{SETTINGS_FILE} is for root and the kiosk alone") from error


def prompts_folder(settings: Settings) -> Path:
    return Path(settings.paths.data) / "prompts" / settings.cabin.language


def model_dir(settings: Settings) -> Path:
    return Path(settings.paths.models) if settings.paths.models else MODELS
