"""The empty cabin as its own cameras saw it at commissioning, by day and by night.

A folder holds grey PNG pictures and `manifest.json`, which names them with camera, time and hash. A picture
has its hash in its name and the manifest is replaced last, so a power cut leaves the old set or the new one.
What is damaged or missing is named in the log and left out: the eyes look on without it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import msgspec
import numpy as np

from edge.disk.files import write_whole
from edge.faults.fault import FaultError
from hw.camera.port import ColourPicture, GreyPicture

FOLDER: Final = "reference"
"""Beside the record."""

MANIFEST: Final = "manifest.json"

KEPT: Final = 8
"""Pictures of one camera; the oldest goes when one more is taken."""

_DAMAGED: Final = "reference_damaged"
_NAME: Final = re.compile(r"[a-z]{1,20}-[0-9a-f]{32}\.png")
_LARGEST_BYTES: Final = 4_000_000
_LONGEST_PX: Final = 640
_INFRARED_CHROMA: Final = 2.0
"""Mean difference between a picture's largest and smallest colour, in levels, that infrared light stays
under: the sensor sees no colours then, and what is left is the noise of a compressed picture."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """One picture of the empty cabin, grey, at most 640 pixels in size, as the eyes get it.

    `camera` is the role of the one that took it, `taken_wall_s` the time (Unix), `minute_of_day` that time on
    the cabin's own clock (0 to 1439), `infrared` whether the cabin was lit by infrared light.
    """

    picture: GreyPicture
    camera: str
    taken_wall_s: float
    minute_of_day: int
    infrared: bool


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    camera: str
    taken_wall_s: float
    minute_of_day: int
    infrared: bool
    sha256: str


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pictures: tuple[_Entry, ...]
    version: int = 1


def is_infrared(colour: ColourPicture | None) -> bool:
    """Whether a picture shows a cabin lit by infrared light alone; False where there are no colours."""
    if colour is None:
        return False
    spread = colour.max(axis=2).astype(np.int16) - colour.min(axis=2)
    return float(spread.mean()) < _INFRARED_CHROMA


def read_references(folder: Path, camera: str) -> tuple[Reference, ...]:
    """The sound pictures of one camera, oldest first; none where nothing was ever learnt. Never raises."""
    found = []
    for one in _all(folder):
        if isinstance(one, FaultError):
            _log.warning("fault: %s", one)
        elif one.camera == camera:
            found.append(one)
    return tuple(sorted(found, key=lambda reference: reference.taken_wall_s))


def check_references(folder: Path) -> tuple[Reference, ...]:
    """Every picture of every camera. `FaultError("reference_damaged")` for the first unsound one."""
    found = []
    for one in _all(folder):
        if isinstance(one, FaultError):
            raise one
        found.append(one)
    return tuple(found)


def add_references(folder: Path, new: Sequence[Reference], *, fresh: bool = False) -> None:
    """Puts pictures beside those that are there; `fresh`: in the place of all that these cameras had.

    All or nothing: OSError leaves what was there. What is damaged there already is dropped.
    """
    cameras = {reference.camera for reference in new}
    kept = [one for one in _all(folder) if isinstance(one, Reference)]
    if fresh:
        kept = [one for one in kept if one.camera not in cameras]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    entries = []
    for camera in sorted({one.camera for one in [*kept, *new]}):
        of_camera = sorted((one for one in [*kept, *new] if one.camera == camera), key=_taken)
        entries += [_put(folder, one) for one in of_camera[-KEPT:]]
    write_whole(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(_Manifest(tuple(entries)))))
    wanted = {entry.file for entry in entries}
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) and path.name not in wanted:
            with contextlib.suppress(OSError):
                path.unlink()


def _taken(reference: Reference) -> float:
    return reference.taken_wall_s


def _all(folder: Path) -> Iterator[Reference | FaultError]:
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
    except FileNotFoundError:
        if next(_pictures(folder), None) is not None:
            yield FaultError(_DAMAGED, f"{MANIFEST} is missing")
        return
    except OSError as error:
        yield FaultError(_DAMAGED, f"{MANIFEST}: {error.strerror}")
        return
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        yield FaultError(_DAMAGED, f"{MANIFEST} cannot be read")
        return
    yield from (_read(folder, entry) for entry in manifest.pictures)


def _pictures(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def _read(folder: Path, entry: _Entry) -> Reference | FaultError:
    if not _NAME.fullmatch(entry.file):
        return FaultError(_DAMAGED, "a name in the manifest is none of a picture")
    try:
        with (folder / entry.file).open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        return FaultError(_DAMAGED, f"{entry.file}: {(error.strerror or str(error)).lower()}")
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        return FaultError(_DAMAGED, f"{entry.file}: its hash does not fit")
    picture: object = None
    with contextlib.suppress(cv2.error):
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if not isinstance(picture, np.ndarray) or max(picture.shape) > _LONGEST_PX:
        return FaultError(_DAMAGED, f"{entry.file}: not a picture of a camera of this program")
    grey = np.asarray(picture, dtype=np.uint8)
    return Reference(grey, entry.camera, entry.taken_wall_s, entry.minute_of_day, entry.infrared)


def _put(folder: Path, reference: Reference) -> _Entry:
    content = cv2.imencode(".png", reference.picture)[1].tobytes()
    digest = hashlib.sha256(content).hexdigest()
    name = f"{reference.camera}-{digest[:32]}.png"
    if not (folder / name).exists():
        write_whole(folder / name, content)
    return _Entry(
        name,
        reference.camera,
        reference.taken_wall_s,
        reference.minute_of_day,
        reference.infrared,
        digest,
    )
