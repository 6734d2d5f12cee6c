"""The key of the marks on messages about typed codes, in a file beside the record, for after a power cut."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import Final

from edge.codes.duress import KEY_BYTES
from edge.disk.files import write_whole

NAME: Final = "entry-key"
"""Beside the record, for the kiosk's own user alone; never in a report or a bundle."""


def read_entry_key(path: Path) -> bytes | None:
    """The key; None where there is none, or none that can be read."""
    with contextlib.suppress(OSError):
        content = path.read_bytes()
        return content if len(content) == KEY_BYTES else None
    return None


def entry_key(path: Path) -> tuple[bytes, bool]:
    """The key, made where there is none; and whether it is on the disk.

    One that is not serves until the program ends. After that what was marked with it counts as forced.
    """
    known = read_entry_key(path)
    if known is not None:
        return known, True
    fresh = secrets.token_bytes(KEY_BYTES)
    try:
        write_whole(path, fresh)
    except OSError:
        return fresh, False
    return fresh, True
