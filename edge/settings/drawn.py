"""What was drawn on the page: zones, marks on the floor and masks, in a file of their own beside the record.

`drawn.json` holds instead of the same lists of `kiosk.toml`, each of them as a whole. It carries a sum over
what it says and is replaced in one step, so that a power cut leaves the old file or the new one. One that
cannot be used costs the pictures, not the masks: nobody knows any more what must not be seen.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from edge.disk.files import sync, write_whole
from edge.faults.fault import FaultError
from edge.settings.conflicts import ground_conflicts
from edge.settings.schema import Masks, Settings, Zones
from edge.terms.ground import Marks, Mask

NAME: Final = "drawn.json"
VERSION: Final = 1
LARGEST_BYTES: Final = 1 << 18

DAMAGED: Final = "drawn_damaged"
NEWER: Final = "drawn_newer"
FOREIGN: Final = "drawn_foreign"

KINDS: Final = ("zone", "floor", "mask")
"""What can be drawn, by the names of the settings."""


class Drawn(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is drawn. None: nothing of that kind was, and `kiosk.toml`'s own holds; `()` is drawn, too: none.

    Points are fractions of the picture as it is shown, from its upper left corner.
    """

    zone: Zones | None = None
    floor: Marks | None = None
    mask: Masks | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """What of `KINDS` was drawn."""
        return tuple(kind for kind in KINDS if getattr(self, kind) is not None)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    sha256: str
    drawn: Drawn


class _Envelope(msgspec.Struct, frozen=True):
    version: int


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with something drawn: the key, such as `mask.1.polygon`, and a sentence."""

    key: str
    detail: str


def read_drawn(folder: Path) -> Drawn | None:
    """What was drawn; None where nothing was.

    Raises `FaultError`: `drawn_damaged`, `drawn_newer` for a file of a later version, `drawn_foreign` for one
    that somebody else than the folder's owner or root wrote, or could write.
    """
    try:
        content = _content(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FaultError(DAMAGED, f"{NAME}: {(error.strerror or str(error)).lower()}") from error
    try:
        version = msgspec.json.decode(content, type=_Envelope).version
        if version > VERSION:
            raise FaultError(NEWER, f"{NAME} is of version {version}, this program knows {VERSION}")
        file = msgspec.json.decode(content, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FaultError(DAMAGED, f"{NAME} cannot be read") from error
    if file.version != VERSION or file.sha256 != drawn_sum(file.drawn):
        raise FaultError(DAMAGED, f"{NAME}: its sum does not fit")
    return file.drawn


def write_drawn(folder: Path, drawn: Drawn) -> None:
    """In the place of what was drawn before: all of it and on the disk, or nothing. OSError.

    `msgspec.ValidationError` for what could not be read again, such as a point outside of the picture.
    """
    # Numbers as they are when they are read: a whole one would give another sum.
    drawn = msgspec.json.decode(msgspec.json.encode(drawn), type=Drawn)
    if not drawn.kinds:
        (folder / NAME).unlink(missing_ok=True)
        sync(folder)
        return
    content = msgspec.json.format(msgspec.json.encode(_File(VERSION, drawn_sum(drawn), drawn))) + b"\n"
    if len(content) > LARGEST_BYTES:
        raise OSError(f"{len(content)} bytes are too many")  # the bounds of the lists keep it far below
    write_whole(folder / NAME, content)


def drawn_problems(drawn: Drawn, settings: Settings) -> tuple[Problem, ...]:
    """What is wrong with it, by the rules of `kiosk.toml`; `settings` say which cameras are fitted."""
    laid = _laid(Drawn(drawn.zone or (), drawn.floor or Marks(), drawn.mask or ()), settings)
    return tuple(Problem(keys[0], fault.detail) for keys, fault in ground_conflicts(laid))


def with_drawn(settings: Settings, folder: Path | None = None) -> Settings:
    """The settings with what was drawn over them; where that cannot be used, with no picture at all.

    `folder` is the record's, where it is not that of the settings.
    """
    try:
        drawn = usable_drawn(settings, folder)
    except FaultError as fault:
        return msgspec.structs.replace(settings, mask=(*settings.mask, *_no_picture(fault.code)))
    return settings if drawn is None else _laid(drawn, settings)


def usable_drawn(settings: Settings, folder: Path | None = None) -> Drawn | None:
    """What was drawn on the kiosk with these settings, as checked as they are; `folder` as in `with_drawn`.

    Raises as `read_drawn`, and `drawn_damaged` for what these settings cannot have.
    """
    drawn = read_drawn(Path(settings.paths.data) if folder is None else folder)
    if drawn is not None and (problems := drawn_problems(drawn, settings)):
        raise FaultError(DAMAGED, f"{NAME}: {problems[0].detail}")
    return drawn


def masks_of(settings: Settings, camera: str) -> tuple[tuple[tuple[float, float], ...], ...]:
    """The polygons that a camera's pictures never have. Raises `FaultError` where nobody knows them.

    `camera` is its role, "face" or "overview".
    """
    own = [mask for mask in settings.mask if mask.camera == camera]
    for mask in own:
        if not mask.polygon:
            raise FaultError(mask.name, "no picture is taken while nobody knows what must not be on it")
    return tuple(tuple((spot.x, spot.y) for spot in mask.polygon) for mask in own)


def _no_picture(code: str) -> Iterator[Mask]:
    """A mask without a polygon: no settings can have one."""
    return (Mask(code, (), camera) for camera in ("face", "overview"))


def _laid(drawn: Drawn, settings: Settings) -> Settings:
    return msgspec.structs.replace(
        settings,
        zone=settings.zone if drawn.zone is None else drawn.zone,
        floor=settings.floor if drawn.floor is None else drawn.floor,
        mask=settings.mask if drawn.mask is None else drawn.mask,
    )


def drawn_sum(drawn: Drawn) -> str:
    """SHA-256 of what is drawn, as it stands in the file and in the record; hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(drawn)).hexdigest()


def _content(folder: Path) -> bytes:
    """Raises OSError, and `FaultError` for a file of somebody else's."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(folder / NAME, flags), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise FaultError(FOREIGN, f"{NAME} is no regular file")
        if found.st_uid not in (0, folder.stat().st_uid):
            raise FaultError(FOREIGN, f"{NAME} belongs to user {found.st_uid}")
        if found.st_mode & 0o022:
            raise FaultError(FOREIGN, f"{NAME} can be written by others")
        return file.read(LARGEST_BYTES + 1)
