"""What an incident's pictures are about, in a file beside them: how long they are kept needs no record."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from edge.disk.files import put_whole
from edge.terms.marks import Mark

NAME: Final = ".about"
_MOST: Final = 40


@dataclass(frozen=True, slots=True)
class About:
    """Why pictures were kept, and somebody's last word on the incident."""

    whys: tuple[str, ...] = ()
    mark: Mark | None = None

    def with_why(self, why: str) -> About:
        if why in self.whys or len(self.whys) >= _MOST:
            return self
        return replace(self, whys=(*self.whys, why))


def read_about(folder: Path) -> About:
    """Says nothing where there is no such file, or none that makes sense."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((folder / NAME).read_bytes(), type=About)
    return About()


def write_about(folder: Path, about: About) -> None:
    """OSError."""
    put_whole(folder / NAME, msgspec.json.encode(about))


def mark_about(folder: Path, mark: Mark) -> None:
    """For a mark that is given while no kiosk runs. Where there are no pictures nothing is to be kept."""
    if folder.is_dir():
        with contextlib.suppress(OSError):  # then the pictures are kept for longer
            write_about(folder, replace(read_about(folder), mark=mark))
