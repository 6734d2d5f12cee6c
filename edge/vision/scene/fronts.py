"""The machine's front as it was taught: pictures of it over the day, and the regions that are watched.

A folder holds grey PNG pictures and `front.json`, which names for each camera its regions and, by hash, its
pictures; a sum over all of it guards the regions. It is replaced last, so a power cut leaves the old front or
the new one. A damaged picture is named in the log and left out; where the rest is no front any more, it is a
`FaultError("front_damaged")`.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.disk.files import write_whole
from edge.faults.fault import FaultError
from hw.camera.port import GreyPicture

FOLDER: Final = "front"
"""Beside the record."""

MANIFEST: Final = "front.json"

PICTURES_MAX: Final = 8
REGIONS_MAX: Final = 12
SMALLEST_PX: Final = 16
"""Shorter side of the smallest region that anything can be seen in."""
SEEN_PX: Final = 10
"""About the smallest change that is seen, in pixels of the reference."""

_DAMAGED: Final = "front_damaged"
_NAME: Final = re.compile(r"[a-z]{1,20}-[0-9a-f]{32}\.png")
_LARGEST_BYTES: Final = 4_000_000
_LONGEST_PX: Final = 640

_log = logging.getLogger(__name__)

Mask = NDArray[np.uint8]


class RegionKind(StrEnum):
    """The parts of a machine's front that can be taught. `SCREEN` changes by itself and is never compared."""

    SLOT = "slot"
    KEYPAD = "keypad"
    BEZEL = "bezel"
    HOOD = "hood"
    SHUTTER = "shutter"
    SCREEN = "screen"


@dataclass(frozen=True, slots=True)
class FrontRegion:
    """A polygon in pixels of the reference pictures; `name` is its kind, perhaps with a number: `slot-2`."""

    name: str
    kind: RegionKind
    polygon: tuple[tuple[float, float], ...]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width, height of the whole pixels that it touches."""
        points = np.array(self.polygon)
        x0, y0 = np.floor(points.min(axis=0)).astype(int)
        x1, y1 = np.ceil(points.max(axis=0)).astype(int)
        return int(x0), int(y0), int(x1 - x0), int(y1 - y0)


@dataclass(frozen=True, slots=True, eq=False)
class FrontPicture:
    """One picture with nobody before the machine, grey, as the eyes get it; taken at `taken_wall_s`
    (Unix)."""

    picture: GreyPicture
    taken_wall_s: float
    minute_of_day: int
    infrared: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Front:
    """What was taught of one camera. All pictures are of one size; regions lie on the first one.

    `px_per_cm`: pixels of the reference to a centimetre of the machine, None where it was not measured.
    """

    camera: str
    pictures: tuple[GreyPicture, ...]
    regions: tuple[FrontRegion, ...]
    px_per_cm: float | None = None


def region_mask(region: FrontRegion, shape: tuple[int, ...]) -> Mask:
    """1 inside, 0 outside, in a picture of this shape."""
    mask = np.zeros(shape[:2], np.uint8)
    points = np.round(np.array(region.polygon)).astype(np.int32)
    # The last row and column of a box of w x h pixels are w - 1 and h - 1.
    points = np.minimum(points, np.array([points[:, 0].max() - 1, points[:, 1].max() - 1], np.int32))
    cv2.fillPoly(mask, [points], (1,))
    return mask


class _Picture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    file: str
    taken_wall_s: float
    minute_of_day: Annotated[int, msgspec.Meta(ge=0, le=1439)]
    infrared: bool
    sha256: str


class _Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
    kind: RegionKind
    polygon: Annotated[tuple[tuple[float, float], ...], msgspec.Meta(min_length=3, max_length=32)]


class _Front(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    camera: str
    regions: Annotated[tuple[_Region, ...], msgspec.Meta(min_length=1, max_length=REGIONS_MAX)]
    pictures: Annotated[tuple[_Picture, ...], msgspec.Meta(min_length=1, max_length=PICTURES_MAX)]
    px_per_cm: float | None = None


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fronts: tuple[_Front, ...]
    sha256: str
    version: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """A front with the times of its pictures, as it is stored."""

    camera: str
    pictures: tuple[FrontPicture, ...]
    regions: tuple[FrontRegion, ...]
    px_per_cm: float | None = None

    @property
    def front(self) -> Front:
        return Front(self.camera, tuple(one.picture for one in self.pictures), self.regions, self.px_per_cm)


def read_front(folder: Path, camera: str) -> Taught | None:
    """What this camera was taught; None where nothing was.

    Raises `FaultError("front_damaged")` where there is no whole front any more; a damaged picture beside
    sound ones is named in the log and left out.
    """
    for row in _manifest(folder).fronts:
        if row.camera == camera:
            return _taught(folder, row)
    return None


def check_fronts(folder: Path) -> tuple[Taught, ...]:
    """Every camera's front. `FaultError("front_damaged")` for the first thing that is not sound."""
    return tuple(_taught(folder, row, strict=True) for row in _manifest(folder).fronts)


def write_front(folder: Path, taught: Taught) -> None:
    """In the place of what this camera had been taught; other cameras keep theirs. OSError leaves all as it
    was.

    A manifest that is damaged is replaced: what it named cannot be told any more.
    """
    kept: tuple[_Front, ...] = ()
    with contextlib.suppress(FaultError):
        kept = tuple(row for row in _manifest(folder).fronts if row.camera != taught.camera)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pictures = tuple(_put(folder, taught.camera, one) for one in taught.pictures)
    # Floats throughout: what is read again must give the same sum.
    regions = tuple(
        _Region(one.name, one.kind, tuple((float(x), float(y)) for x, y in one.polygon))
        for one in taught.regions
    )
    px_per_cm = None if taught.px_per_cm is None else float(taught.px_per_cm)
    rows = (*kept, _Front(taught.camera, regions, pictures, px_per_cm))
    write_whole(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(_Manifest(rows, _sum(rows)))))
    wanted = {picture.file for row in rows for picture in row.pictures}
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name) and path.name not in wanted:
            with contextlib.suppress(OSError):
                path.unlink()


def _sum(rows: tuple[_Front, ...]) -> str:
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest()


def _manifest(folder: Path) -> _Manifest:
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=_Manifest)
    except (FileNotFoundError, NotADirectoryError):
        if folder.is_dir() and any(_NAME.fullmatch(path.name) for path in folder.iterdir()):
            raise FaultError(_DAMAGED, f"{MANIFEST} is missing") from None
        return _Manifest((), "")
    except OSError as error:
        raise FaultError(_DAMAGED, f"{MANIFEST}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise FaultError(_DAMAGED, f"{MANIFEST} cannot be read") from error
    if _sum(manifest.fronts) != manifest.sha256:
        raise FaultError(_DAMAGED, f"{MANIFEST}: its hash does not fit")
    return manifest


def _taught(folder: Path, row: _Front, strict: bool = False) -> Taught:
    found: list[FrontPicture] = []
    for entry in row.pictures:
        try:
            found.append(_read(folder, entry))
        except FaultError as fault:
            if strict:
                raise
            _log.warning("fault: %s", fault)
    sound = [one for one in found if one.picture.shape == found[0].picture.shape]
    if not sound:
        raise FaultError(_DAMAGED, f"{row.camera}: no picture of the front is sound")
    regions = tuple(FrontRegion(one.name, one.kind, one.polygon) for one in row.regions)
    return Taught(row.camera, tuple(sound), regions, row.px_per_cm)


def _read(folder: Path, entry: _Picture) -> FrontPicture:
    if not _NAME.fullmatch(entry.file):
        raise FaultError(_DAMAGED, "a name in the manifest is none of a picture")
    try:
        with (folder / entry.file).open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise FaultError(_DAMAGED, f"{entry.file}: {(error.strerror or str(error)).lower()}") from error
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise FaultError(_DAMAGED, f"{entry.file}: its hash does not fit")
    picture: object = None
    with contextlib.suppress(cv2.error):
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if not isinstance(picture, np.ndarray) or max(picture.shape) > _LONGEST_PX:
        raise FaultError(_DAMAGED, f"{entry.file}: not a picture of a camera of this program")
    grey = np.asarray(picture, dtype=np.uint8)
    return FrontPicture(grey, entry.taken_wall_s, entry.minute_of_day, entry.infrared)


def _put(folder: Path, camera: str, one: FrontPicture) -> _Picture:
    content = cv2.imencode(".png", one.picture)[1].tobytes()
    digest = hashlib.sha256(content).hexdigest()
    name = f"{camera}-{digest[:32]}.png"
    if not (folder / name).exists():
        write_whole(folder / name, content)
    return _Picture(name, float(one.taken_wall_s), one.minute_of_day, one.infrared, digest)
