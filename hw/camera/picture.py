"""Every camera's pictures in one form: upright, at most 640x480, 8-bit grey for the networks."""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import ColourPicture, GreyPicture

Rotation = Literal[0, 90, 180, 270]
"""Degrees clockwise that bring the picture upright."""

WORK_WIDTH: Final = 640
WORK_HEIGHT: Final = 480
COLOUR_LONGEST: Final = 1280
"""An evidence picture's longer side; more is only bytes on the card."""

_ROTATIONS: Final[tuple[Rotation, ...]] = (0, 90, 180, 270)
_TURNS: Final = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


_SIDES: Final[dict[int, tuple[Rotation, bool]]] = {
    2: (0, True),
    3: (180, False),
    4: (180, True),
    5: (90, True),
    6: (90, False),
    7: (270, True),
    8: (270, False),
}
"""EXIF's orientation: to be turned by so many degrees clockwise, and then mirrored or not."""


def decoded(content: bytes) -> ColourPicture:
    """The picture in a file, upright, blue-green-red. ValueError that says what it is instead."""
    if not content:
        raise ValueError("an empty file")
    if kind := _foreign(content):
        raise ValueError(f"a {kind} picture, which is not read here: save it as PNG or JPEG")
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError("not a picture that can be read")
    # OpenCV itself turns JPEG, PNG and TIFF upright.
    rotation, mirrored = _SIDES.get(_webp_orientation(content), (0, False))
    turned = upright(np.asarray(picture, np.uint8), rotation)
    return np.ascontiguousarray(turned[:, ::-1]) if mirrored else turned


def _foreign(content: bytes) -> str:
    """The name of a kind of picture that cannot be read, empty for all that may be."""
    if content[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if content[:2] == b"\xff\x0a" or content[4:12] == b"JXL \r\n\x87\n":
        return "JPEG XL"
    if content[4:8] != b"ftyp":
        return ""
    brands = content[8:64]
    if b"avif" in brands or b"avis" in brands:
        return "AVIF"
    return "HEIC" if any(brand in brands for brand in (b"heic", b"heix", b"hevc", b"heim", b"mif1")) else ""


def _webp_orientation(content: bytes) -> int:
    """EXIF's orientation of a WebP file, 1 (as it is) where there is none that can be read."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return 1
    at = 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        if name == b"EXIF":
            return _exif_orientation(content[at + 8 : at + 8 + size].removeprefix(b"Exif\0\0"))
        at += 8 + size + size % 2
    return 1


def _exif_orientation(tiff: bytes) -> int:
    """The tag 0x0112 of the first directory (TIFF 6.0, section 2)."""
    order: Literal["little", "big"] = "little" if tiff[:2] == b"II" else "big"

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], order)

    directory = number(4, 4)
    for entry in range(number(directory, 2)):
        at = directory + 2 + 12 * entry
        if at + 12 > len(tiff):
            break
        if number(at, 2) == 0x0112:
            return number(at + 8, 2)
    return 1


def checked_rotation(degrees: int) -> Rotation:
    """`degrees` as a rotation; ValueError for anything but 0, 90, 180 and 270."""
    for rotation in _ROTATIONS:
        if rotation == degrees:
            return rotation
    raise ValueError(f"a camera is rotated by 0, 90, 180 or 270 degrees, not {degrees}")


def upright(picture: NDArray[np.uint8], rotation: Rotation) -> NDArray[np.uint8]:
    """The picture turned clockwise by `rotation`."""
    if rotation == 0:
        return picture
    return np.asarray(cv2.rotate(picture, _TURNS[rotation]), dtype=np.uint8)


def fitted(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture made smaller, keeping its shape, to fit into width x height; never made larger."""
    h, w = picture.shape[:2]
    scale = min(width / w, height / h)
    if scale >= 1.0:
        return picture
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def working(colour: ColourPicture, rotation: Rotation = 0) -> tuple[GreyPicture, ColourPicture]:
    """The grey working picture and the evidence picture of one blue-green-red picture."""
    turned = upright(colour, rotation)
    portrait = turned.shape[0] > turned.shape[1]
    width, height = (WORK_HEIGHT, WORK_WIDTH) if portrait else (WORK_WIDTH, WORK_HEIGHT)
    small = fitted(turned, width, height)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    return grey, fitted(turned, COLOUR_LONGEST, COLOUR_LONGEST)


def y_plane(buffer: NDArray[np.uint8], width: int, height: int, stride: int) -> GreyPicture:
    """The luminance of a planar YUV420 buffer, height x width, without its padding; a copy.

    `buffer` is the whole frame as the camera stack gives it, flat or as rows of `stride` bytes: first
    `height` rows of Y, each padded to `stride`, then the two quarter-size planes, which are left
    alone. ValueError for a buffer too short for that.
    """
    flat = buffer.reshape(-1)
    if stride < width or flat.size < stride * height:
        raise ValueError(f"{flat.size} bytes are too few for {width}x{height} with rows of {stride}")
    return np.ascontiguousarray(flat[: stride * height].reshape(height, stride)[:, :width])
