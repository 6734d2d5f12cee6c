"""Looks in bad light, out of focus, from afar, or with a cover, through finder, check and gates.

What is done is done to the picture before the finder sees it. Covers are drawn as on the bench
(`hw/camera/covers.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.identity import OwnerLook
from edge.vision.face.embed import Embedder
from edge.vision.face.faces import Faces
from hw.camera import covers
from hw.camera.covers import Layer, Marks
from hw.camera.port import Frame
from models.training.common import FaceRow
from models.training.embed.data import as_landmarks, as_seen_by_all
from models.training.files import must_read

Picture = NDArray[np.uint8]
Spoil = Callable[[Picture, Marks, np.random.Generator], Picture]


def _noisy(picture: Picture, light: float, noise: float, rng: np.random.Generator) -> Picture:
    level = picture.astype(np.float32) * light + rng.normal(0.0, noise, picture.shape)
    return np.asarray(np.clip(level, 0, 255), np.uint8)


def darker(light: float) -> Spoil:
    """That share of the light, with a sensor's noise."""
    return lambda picture, marks, rng: _noisy(picture, light, 3.0, rng)


def brighter(picture: Picture, marks: Marks, rng: np.random.Generator) -> Picture:
    return _noisy(picture, 1.9, 3.0, rng)


def from_aside(picture: Picture, marks: Marks, rng: np.random.Generator) -> Picture:
    """One side of the face gets a fifth of the light."""
    x = (np.arange(picture.shape[1]) - marks.nose[0]) / marks.unit * rng.choice((-1.0, 1.0))
    share = 0.2 + 0.8 / (1.0 + np.exp(-4.0 * x))
    return _noisy(np.asarray(picture * share[None, :, None], np.uint8), 1.0, 3.0, rng)


def blurred(share: float) -> Spoil:
    """Out of focus by this share of the distance from eyes to mouth (standard deviation)."""
    return lambda picture, marks, rng: np.asarray(
        cv2.GaussianBlur(picture, (0, 0), share * marks.unit), np.uint8
    )


def afar(face_px: float) -> Spoil:
    """As a camera sees it whose picture of the face is so wide, brought back to the size."""

    def spoil(picture: Picture, marks: Marks, rng: np.random.Generator) -> Picture:
        scale = face_px / (2.45 * marks.unit)
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return _noisy(np.asarray(small, np.uint8), 1.0, 2.0, rng)

    return spoil


def greyed(picture: Picture, marks: Marks, rng: np.random.Generator) -> Picture:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


def coded(picture: Picture, marks: Marks, rng: np.random.Generator) -> Picture:
    """As JPEG of quality 40."""
    _, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)


def worn(cover: Callable[[Layer, Marks], Layer]) -> Spoil:
    """With a cover drawn over the face."""

    def spoil(picture: Picture, marks: Marks, rng: np.random.Generator) -> Picture:
        layer = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        return np.ascontiguousarray(cover(np.asarray(layer, np.uint8), marks)[:, :, :3])

    return spoil


def as_it_is(picture: Picture, marks: Marks, rng: np.random.Generator) -> Picture:
    return picture


LIGHT: Final[Mapping[str, Spoil]] = {
    "as it is": as_it_is,
    "half of the light": darker(0.5),
    "a quarter": darker(0.25),
    "an eighth": darker(0.125),
    "twice the light": brighter,
    "light from one side": from_aside,
    "without colours": greyed,
    "JPEG of quality 40": coded,
    "blurred by 0.05 of eyes to mouth": blurred(0.05),
    "by 0.10": blurred(0.10),
    "by 0.20": blurred(0.20),
    "face 80 px wide": afar(80.0),
    "60 px": afar(60.0),
    "45 px": afar(45.0),
    "32 px": afar(32.0),
}
WORN: Final[Mapping[str, Spoil]] = {
    "mask": worn(covers.mask),
    "dark glasses": worn(covers.glasses),
    "scarf": worn(covers.scarf),
    "hand": worn(covers.hand),
    "helmet": worn(covers.helmet),
}


@dataclass(frozen=True)
class Kiosk:
    """What looks: finder, check and embedding as delivered."""

    faces: Faces
    embedder: Embedder

    def look(self, row: FaceRow, spoil: Spoil, rng: np.random.Generator) -> OwnerLook:
        """At one picture of the data, spoilt before anybody sees it."""
        framed, times, rim = as_seen_by_all(must_read(row.path))
        marks = Marks(*((x * times + rim, y * times + rim) for x, y in as_landmarks(row)))
        picture = spoil(framed, marks, rng)
        return self._look(picture)

    def look_at(self, picture: Picture) -> OwnerLook:
        """At a small picture of one face, as `data.at_a_kiosk` does."""
        return self._look(as_seen_by_all(picture)[0])

    def _look(self, picture: Picture) -> OwnerLook:
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        return self.embedder.look(Frame(0, 0.0, grey, picture), self.faces(grey))
