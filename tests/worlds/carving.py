"""Carves a dump of a card: every byte range that decodes to a picture, and the faces that our finder sees.

Encoded pictures are looked for at every byte: JPEG, PNG, WebP, and JPEG as Base64 (in a report or a mail).
Raw pictures (one grey or luminance plane, or three bytes a pixel) are looked for at likely widths, in windows
that overlap; where neighbouring lines have nothing to do with each other there is none.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face.find import Finder

_LONGEST = 600_000
"""An encoded picture of a kiosk is shorter than this many bytes."""

_STARTS = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|RIFF....WEBP|/9j/[A-Za-z0-9+/]", re.DOTALL)

SIZES = ((640, 480), (320, 240))
"""Of raw pictures, width and height: the cameras' and that of the eyes."""

_ALIKE = 0.55
"""Lines of a picture below each other go together at least so much; random bytes by less than 0.1."""

Grey = NDArray[np.uint8]


@dataclass
class Carved:
    """What was looked at, and how many of it had a face."""

    megabytes: float = 0.0
    starts: int = 0
    decoded: int = 0
    raw_looked_at: int = 0
    with_face: int = 0
    raw_with_face: int = 0

    @property
    def words(self) -> str:
        return (
            f"{self.megabytes:.0f} MB: {self.starts} beginnings of pictures, {self.decoded} decode, "
            f"{self.with_face} show a face; {self.raw_looked_at} stretches like a raw picture, "
            f"{self.raw_with_face} show a face"
        )


def carve(dump: bytes, finder: Finder, raw: bool = True) -> Carved:
    """All of a dump."""
    found = Carved(megabytes=len(dump) / 1e6)
    for match in _STARTS.finditer(dump):
        found.starts += 1
        picture = _decoded(dump, match.start())
        if picture is not None and min(picture.shape) >= 16:
            found.decoded += 1
            found.with_face += bool(finder.find(picture))
    if raw:
        for window in _raw(np.frombuffer(dump, np.uint8)):
            found.raw_looked_at += 1
            found.raw_with_face += bool(finder.find(window))
    return found


def _decoded(dump: bytes, at: int) -> Grey | None:
    part = dump[at : at + _LONGEST]
    if part.startswith(b"/9j/"):
        letters = re.match(rb"[A-Za-z0-9+/\r\n]+", part)
        text = re.sub(rb"[\r\n]", b"", letters[0] if letters else b"")
        part = base64.b64decode(text[: len(text) // 4 * 4])
    try:
        # It gives None for what is no picture, which its stubs forget.
        picture: object = cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        return None
    return np.asarray(picture, np.uint8) if isinstance(picture, np.ndarray) else None


def _raw(dump: Grey) -> Iterator[Grey]:
    for width, height in SIZES:
        for depth in (1, 3):
            row = width * depth
            step = row * height // 4
            # Two phases: a face that one of them cuts at the picture's edge is whole in the other.
            for at in range(0, len(dump) - row * height, step):
                for phase in (0, row // 2):
                    part = dump[at + phase : at + phase + row * height]
                    if len(part) == row * height and _like_a_picture(part, row):
                        shaped = part.reshape(height, width, depth)
                        yield np.ascontiguousarray(shaped[:, :, min(1, depth - 1)])


def _like_a_picture(part: Grey, row: int) -> bool:
    """Whether most of its lines go together with the next ones, and it is not one flat tone."""
    lines = part.reshape(-1, row)[::8].astype(np.float32)
    below = part.reshape(-1, row)[1::8][: len(lines)].astype(np.float32)
    if float(lines.std()) < 8.0:
        return False
    lines -= lines.mean()
    below -= below.mean()
    both = float(np.sqrt((lines**2).sum() * (below**2).sum()))
    return both > 0 and float((lines * below).sum()) / both > _ALIKE
