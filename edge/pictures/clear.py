"""Short-lived open copies of sealed pictures, in memory alone: for pages, e-mails and uploads.

They lie in `clear` of the runtime folder, for `clear_copy_s` and up to `clear_copy_mb`, the oldest going
first. Where that folder is not memory-backed there are none. The kiosk's evidence thread writes and
removes them; anybody else reads.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edge.disk.files import make_private_folder, put_whole
from edge.pictures import files

FOLDER: Final = "clear"

_IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})


def in_memory(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether a folder (or the nearest above it that exists) is on a memory-backed file system."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        device = folder.stat().st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        for line in mounts.read_text("utf-8", "replace").splitlines():
            # proc(5): id parent major:minor root point options… - type source …
            before, _, after = line.partition(" - ")
            if before.split()[2] == wanted:
                return after.split()[0] in _IN_MEMORY
    except (OSError, IndexError):
        pass
    return False


@dataclass(slots=True)
class _Copy:
    incident: int
    path: Path
    at_s: float
    size: int


class ClearCopies:
    """The writer's end: `runtime` is the memory-backed folder. Times are monotonic seconds. One thread's."""

    def __init__(
        self,
        runtime: Path,
        keep_s: float,
        most_mb: float,
        memory: Callable[[Path], bool] = in_memory,
    ) -> None:
        self._folder = runtime / FOLDER
        self._keep_s = keep_s
        self._most = int(most_mb * 1e6)
        self._memory = memory
        self._copies: list[_Copy] = []
        self.clean()

    def put(self, incident: int, name: str, jpeg: bytes, now_s: float) -> None:
        """Keep the open copy of a sealed picture under its open name, if memory and its limits allow."""
        self.tidy(now_s)
        if self._keep_s <= 0 or len(jpeg) > self._most or not self._memory(self._folder):
            return
        while self._copies and sum(one.size for one in self._copies) + len(jpeg) > self._most:
            self._drop(self._copies.pop(0))
        folder = self._folder / str(incident)
        path = folder / files.clear_name(name)
        self._copies = [one for one in self._copies if one.path != path]
        with contextlib.suppress(OSError):  # memory is full: then there is none, and the sealed one is kept
            make_private_folder(folder)
            put_whole(path, jpeg)
            self._copies.append(_Copy(incident, path, now_s, len(jpeg)))

    def tidy(self, now_s: float, is_kept: Callable[[int], bool] = lambda incident: True) -> None:
        """Remove those whose time is up, and those of incidents whose pictures are not kept any more."""
        while self._copies and now_s >= self._copies[0].at_s + self._keep_s:
            self._drop(self._copies.pop(0))
        gone = {n for n in {one.incident for one in self._copies} if not is_kept(n)}
        for one in [one for one in self._copies if one.incident in gone]:
            self._copies.remove(one)
            self._drop(one)

    def next_s(self) -> float:
        """When `tidy` is due next, in monotonic seconds."""
        return self._copies[0].at_s + self._keep_s if self._copies else math.inf

    def clean(self) -> None:
        """Remove all, those of an earlier start too."""
        self._copies.clear()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _drop(self, copy: _Copy) -> None:
        with contextlib.suppress(OSError):
            copy.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty yet
            copy.path.parent.rmdir()


def shown_file(evidence: Path, runtime: Path, incident: int, name: str) -> Path | None:
    """Where a kept picture can be read from: its own file, or for a sealed one its copy in memory.

    `name` is that of its file, or a sealed one's open name. None where it is sealed and has no copy any more
    (it opens at the bank), or is a link or gone.
    """
    if files.PICTURE_NAME.fullmatch(name) is None:
        return None
    for base in (runtime / FOLDER,) if files.is_sealed(name) else (evidence, runtime / FOLDER):
        path = base / str(incident) / files.clear_name(name)
        if path.is_file() and not path.is_symlink():
            return path
    return None


def shown_picture(evidence: Path, runtime: Path, incident: int, name: str) -> bytes | None:
    """The JPEG of `shown_file`; None where there is none."""
    path = shown_file(evidence, runtime, incident, name)
    with contextlib.suppress(OSError):  # its time was up just now
        return None if path is None else path.read_bytes()
    return None


def shown_or_sealed(runtime: Path, path: Path) -> bytes | Literal["sealed"]:
    """The JPEG of an incident's file, or of its copy in memory; `sealed` where that is gone. OSError."""
    if not files.is_sealed(path.name):
        return path.read_bytes()
    incident = int(path.parent.name)
    return shown_picture(path.parent.parent, runtime, incident, path.name) or "sealed"
