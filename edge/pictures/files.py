"""The files of the pictures: a folder for each incident, a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from edge.disk.files import sync
from edge.terms.observation import FACE_CAMERA

FOLDER: Final = "evidence"
"""Beside the record."""


PICTURE_NAME: Final = re.compile(r"[0-9]{5}-[0-9]{12}(-[a-z]+(-[a-z_]+)?)?\.jpg(\.age)?")
"""What `picture_name`, `reason_name` and `sealed_name` make: nothing else is shown to anybody."""

SEALED: Final = ".age"
"""The end of a file that only the bank's keys open (`edge/docs/sealed-evidence.md`)."""

KEY_NAME: Final = re.compile(r"[0-9]{5}-[a-z0-9]{8}-[a-z0-9-]{1,32}\+[a-z0-9-]{1,32}-[12]\.key\.age")
"""What `key_name` makes: an incident's key, wrapped for two of the bank's together."""


def picture_name(boot: int, at_s: float, camera: str) -> str:
    """Sorted by name they are sorted by time; those of the face camera have no camera's name."""
    of = "" if camera == FACE_CAMERA else f"-{camera}"
    return f"{boot:05d}-{round(at_s * 1000):012d}{of}.jpg"


def reason_name(boot: int, at_s: float, camera: str, why: str) -> str:
    """The picture of the reason for `why`, beside the one that it was drawn on."""
    return f"{boot:05d}-{round(at_s * 1000):012d}-{camera}-{why}.jpg"


def sealed_name(name: str) -> str:
    """The name of the same picture when it is sealed."""
    return name + SEALED


def clear_name(name: str) -> str:
    """The name of the same picture when it is open; an open one's own."""
    return name.removesuffix(SEALED)


def is_sealed(name: str) -> bool:
    """Whether this machine cannot show the picture: it opens at the bank."""
    return name.endswith(SEALED)


def key_name(boot: int, public: str, pair: tuple[str, str], copy: int) -> str:
    """An incident's key (`public`, age1…), wrapped for two names of the bank's list; `copy` is 1 or 2."""
    return f"{boot:05d}-{public.removeprefix('age1')[:8]}-{'+'.join(pair)}-{copy}.key{SEALED}"


def is_reason(name: str) -> bool:
    """Whether a picture was drawn to show a reason."""
    return name.count("-") == 3


def pictures(folder: Path, incident: int) -> tuple[Path, ...]:
    """The kept pictures of an incident, open and sealed ones (`is_sealed`), oldest first."""
    with contextlib.suppress(FileNotFoundError):
        return tuple(sorted(p for p in (folder / str(incident)).iterdir() if is_picture(p.name)))
    return ()


def wrapped_keys(folder: Path, incident: int) -> tuple[Path, ...]:
    """What it takes besides the bank's keys to open an incident's pictures, where two open them together.

    The first copy of each. Anyone who hands pictures on hands these on with them.
    """
    with contextlib.suppress(FileNotFoundError):
        there = (p for p in (folder / str(incident)).iterdir() if KEY_NAME.fullmatch(p.name))
        return tuple(sorted(p for p in there if p.name.endswith(f"-1.key{SEALED}")))
    return ()


def is_picture(name: str) -> bool:
    """Whether a file of an incident's folder is a picture, open or sealed."""
    return clear_name(name).endswith(".jpg")


def incident_folders(folder: Path) -> Iterator[tuple[int, Path]]:
    for one in sorted(folder.iterdir()):
        if one.name.isascii() and one.name.isdigit() and one.is_dir():
            yield int(one.name), one


def sync_folder(folder: Path) -> None:
    for one in (folder, folder.parent):
        sync(one)


def check_emptied(folder: Path) -> None:
    """Raises OSError where what is in a folder cannot be removed."""
    if folder.is_symlink():
        raise OSError(errno.ELOOP, "it is a link")
    for inner, _, _ in os.walk(folder, onerror=_raise):
        if not os.access(inner, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def empty(folder: Path, but: str = "") -> None:
    """Remove what is in a folder, except the file `but`: all, or where it seems that it cannot be, nothing.

    OSError.
    """
    check_emptied(folder)
    for one in folder.iterdir():
        if one.name == but:
            continue
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()


def _raise(error: OSError) -> None:
    raise error
