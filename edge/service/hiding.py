"""Which taught regions of the machine's front a mask would hide: read beside the pictures, without them.

The front's own file is read by what sees (`edge.vision.scene.fronts`), with OpenCV, which the loop's process
does without.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from edge.settings.areas import is_inside
from edge.terms.ground import Mask

_FOLDER: Final = "front"
_MANIFEST: Final = "front.json"
_STEPS: Final = 12


class _Region(msgspec.Struct, frozen=True):
    name: str
    polygon: tuple[tuple[float, float], ...]


class _Picture(msgspec.Struct, frozen=True):
    file: str


class _Front(msgspec.Struct, frozen=True):
    camera: str
    regions: tuple[_Region, ...]
    pictures: tuple[_Picture, ...]


class _Manifest(msgspec.Struct, frozen=True):
    fronts: tuple[_Front, ...]


def fronts_masked(data: Path, mask: Mask) -> Iterator[tuple[str, float]]:
    """Each region that the mask reaches into, and how much of its box it hides, 0 to 1.

    Nothing where no front is taught, or cannot be read: its seer tells of that.
    """
    folder = data / _FOLDER
    try:
        fronts = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=_Manifest).fronts
        for front in fronts:
            if front.camera != mask.camera or not front.pictures:
                continue
            width, height = _png_size(folder / Path(front.pictures[0].file).name)
            for region in front.regions:
                hidden = _hidden(region, mask, width, height)
                if hidden > 0.0:
                    yield region.name, hidden
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, struct.error):
        return


def _hidden(region: _Region, mask: Mask, width: int, height: int) -> float:
    xs = [x / width for x, _ in region.polygon]
    ys = [y / height for _, y in region.polygon]
    steps = [(number + 0.5) / _STEPS for number in range(_STEPS)]
    hidden = sum(
        is_inside(mask.polygon, min(xs) + (max(xs) - min(xs)) * x, min(ys) + (max(ys) - min(ys)) * y)
        for x in steps
        for y in steps
    )
    return hidden / _STEPS**2


def _png_size(path: Path) -> tuple[int, int]:
    """Width and height from the file's first chunk (PNG, section 11.2.2). OSError, struct.error."""
    with path.open("rb") as file:
        width, height = struct.unpack(">II", file.read(24)[16:])
    return int(width), int(height)
