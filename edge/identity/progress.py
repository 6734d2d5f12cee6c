"""How far an enrolment before the camera is, in the kiosk's folder in memory: the page shows it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Final

import msgspec

from edge.disk.files import write_whole
from edge.identity.enrolment import WANTED, Guidance

NAME: Final = "enrolling"
FRESH_S: Final = 5.0
"""What is older was left behind by an enrolment that was killed."""

_LARGEST_BYTES: Final = 1000


class Progress(msgspec.Struct, frozen=True):
    """Nothing of who it is."""

    taken: int
    guidance: Guidance
    wanted: int = WANTED


def show_progress(runtime: Path, progress: Progress) -> None:
    """Never raises: an enrolment goes on without a page."""
    with contextlib.suppress(OSError):
        write_whole(runtime / NAME, msgspec.json.encode(progress))


def end_progress(runtime: Path) -> None:
    with contextlib.suppress(OSError):
        (runtime / NAME).unlink(missing_ok=True)


def read_progress(runtime: Path) -> Progress | None:
    """None while nobody is being enrolled, and where the file says nothing."""
    try:
        with (runtime / NAME).open("rb") as file:
            content = file.read(_LARGEST_BYTES)
        if time.time() - (runtime / NAME).stat().st_mtime > FRESH_S:
            return None
        return msgspec.json.decode(content, type=Progress)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return None
