"""Where the files of a kiosk are: its settings, its networks, its spoken prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edge.settings.schema import Settings

SETTINGS_FILE: Final = Path("/etc/cabinguard/kiosk.toml")
MODELS: Final = Path(__file__).resolve().parents[2] / "models"
"""The networks that came with the program."""


def prompts_folder(settings: Settings) -> Path:
    return Path(settings.paths.data) / "prompts" / settings.cabin.language


def model_dir(settings: Settings) -> Path:
    return Path(settings.paths.models) if settings.paths.models else MODELS
