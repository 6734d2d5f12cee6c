"""The text as a file for the node exporter's textfile collector: always whole, readable by others."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

NAME: Final = "cabinguard.prom"
"""The collector reads every `*.prom` of its folder (github.com/prometheus/node_exporter)."""

_MODE: Final = 0o644
_PART: Final = f".{NAME}.part"
"""Where the next one is written first; the collector does not look at it."""


def write(folder: Path, text: bytes) -> None:
    """Put it into the folder's file in one step. Raises OSError.

    It is not synced: after a power cut there are fresh numbers, or the whole file of before, or an empty
    one, which the next write replaces; and the card is spared.
    """
    part = folder / _PART
    with contextlib.suppress(FileNotFoundError):
        part.unlink()  # not followed, where somebody put a link there
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, _MODE)  # the service's umask lets nobody else read
        file.write(text)
    part.replace(folder / NAME)


def remove(folder: Path) -> None:
    """Nobody keeps it up to date any more: numbers that stand still would be taken for fresh ones."""
    with contextlib.suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)
