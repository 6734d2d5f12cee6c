"""Removes the pictures of one incident so that it can be proved: what goes is written down before it goes.

A folder that is being emptied has a file that says which rule asked for it, how many files go, their size and
the hash of the list of their hashes. A power cut in the middle leaves that file; the next start ends the work
and reports the same numbers. Nothing of it is a picture, and nothing of it is in the list.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from edge.disk.files import put_whole
from edge.pictures import files
from edge.pictures.kept import PicturesRemoved

NAME: Final = ".removing"
_PIECE: Final = 1 << 20


class _Plan(msgspec.Struct, frozen=True):
    rule: str
    count: int
    size_bytes: int
    sha256: str


def list_hash(hashes: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over the lines `HASH NAME` of an incident's files (name, SHA-256), sorted by name."""
    lines = "".join(f"{digest} {name}\n" for name, digest in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of what lies on the disk. OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def kept_files(folder: Path) -> tuple[Path, ...]:
    """The files of an incident that the record may know; not the kiosk's own notes beside them. OSError."""
    return tuple(sorted(p for p in folder.iterdir() if not p.name.startswith(".") and not p.is_dir()))


def remove(folder: Path, incident: int, rule: str, beat: Callable[[], None]) -> PicturesRemoved:
    """Empty the folder of an incident, but for the file that says so; what the record is to be told. OSError.

    Where the work was begun already it is ended under the rule and with the numbers that stand there.
    """
    files.check_emptied(folder)
    plan = _begun(folder)
    if plan is None:
        plan = _planned(folder, rule, beat)
        put_whole(folder / NAME, msgspec.json.encode(plan))
        files.sync_folder(folder)
    files.empty(folder, but=NAME)
    files.sync_folder(folder)
    return PicturesRemoved(incident, plan.rule, plan.count, plan.size_bytes, plan.sha256)


def is_begun(folder: Path) -> bool:
    """Whether a removal of this folder's pictures was begun."""
    return (folder / NAME).exists()


def give_up(folder: Path) -> None:
    """There are new pictures in a folder that was being emptied: they are none of what was to go."""
    with contextlib.suppress(OSError):
        (folder / NAME).unlink(missing_ok=True)


def forget(folder: Path) -> None:
    """Remove a folder whose removal is in the record. OSError."""
    (folder / NAME).unlink(missing_ok=True)
    folder.rmdir()


def _begun(folder: Path) -> _Plan | None:
    with contextlib.suppress(FileNotFoundError, msgspec.DecodeError):
        return msgspec.json.decode((folder / NAME).read_bytes(), type=_Plan)
    return None


def _planned(folder: Path, rule: str, beat: Callable[[], None]) -> _Plan:
    found, size = [], 0
    for path in kept_files(folder):
        beat()
        if path.is_symlink():
            continue
        size += path.stat().st_size
        found.append((path.name, file_hash(path)))
    return _Plan(rule, len(found), size, list_hash(found))
