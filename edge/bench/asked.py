"""What the command line asks of a bench."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.settings.load import load
from edge.settings.places import settings_file
from edge.settings.schema import Settings

OK: Final = 0
WRONG: Final = 1
USAGE: Final = 2
FAULT: Final = 3


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """`settings` is the file as it was named, None for the installed one; `overrides` go over it."""

    settings: Path | None = None
    overrides: tuple[str, ...] = ()
    camera: str | None = None
    junit: Path | None = None
    save: Path | None = None
    real_time: bool = False
    panel: bool = False
    as_json: bool = False

    def load(self, first: Sequence[str] = ()) -> Settings:
        """The settings of this run: the file's, over them `first`, over these the command line's.

        Raises `FaultError`.
        """
        return load(settings_file(self.settings), [*first, *self.overrides])

    def names(self, key: str) -> bool:
        """Whether the command line itself names this folder: a kiosk's own is never written by accident."""
        return any(o.partition("=")[0].strip() in (f"paths.{key}", key) for o in self.overrides)

    @property
    def clip(self) -> Path | None:
        """The recording that the camera is, where it is one."""
        kind, _, rest = (self.camera or "").partition(":")
        return Path(rest) if kind == "clip" else None

    @property
    def doorless(self) -> list[str]:
        """Overrides: nobody opens a door before a webcam or a recording, and one that never opens would hold
        anyone who came.
        """
        return [] if (self.camera or "staged") == "staged" else ["wiring.door.fitted=false"]

    @property
    def webcam(self) -> bool:
        return (self.camera or "").startswith("webcam")
