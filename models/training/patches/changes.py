"""Changes put into a picture of a place: something laid over it, or something of it gone.

These are plain families for teaching the embedding, in the light and the grey of the place they are put into.
Machines' false fronts, on which the front's judgement is measured, are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey

Levels = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Changed:
    """The picture with the change, and how much of each pixel it covers (H x W, 0 to 1)."""

    grey: Grey
    cover: Levels


@dataclass(frozen=True, slots=True)
class Piece:
    """What a maker gets: levels of the place where the change goes, and other surfaces to take from."""

    place: Levels
    same: Levels
    """Another part of the same picture, as large."""
    foreign: Levels
    """A part of another picture, as large."""


def _plate(piece: Piece, rng: np.random.Generator) -> Levels:
    """A plain plate of about the place's grey, with a bright and a dark edge."""
    out = np.full(piece.place.shape, piece.place.mean() * rng.uniform(0.6, 1.5), np.float32)
    out += np.linspace(rng.uniform(-15, 15), rng.uniform(-15, 15), out.shape[0], dtype=np.float32)[:, None]
    edge = max(1, round(min(out.shape) * 0.06))
    out[:edge] += rng.uniform(5, 50)
    out[-edge:] -= rng.uniform(5, 50)
    return out


def _copied(piece: Piece, rng: np.random.Generator) -> Levels:
    """The machine's own surface from elsewhere, at the place's brightness."""
    return np.asarray(
        piece.same - piece.same.mean() + piece.place.mean() * rng.uniform(0.8, 1.25), np.float32
    )


def _foreign(piece: Piece, rng: np.random.Generator) -> Levels:
    """Another picture's surface, at about the place's brightness and contrast."""
    contrast = min(3.0, float(piece.place.std() + 6) / float(piece.foreign.std() + 6)) * rng.uniform(0.6, 1.6)
    level = piece.place.mean() * rng.uniform(0.7, 1.4)
    return np.asarray((piece.foreign - piece.foreign.mean()) * contrast + level, np.float32)


def _gone(piece: Piece, rng: np.random.Generator) -> Levels:
    """What was there taken away: the surface of its rim goes on, almost plain."""
    rim = np.concatenate((piece.place[0], piece.place[-1], piece.place[:, 0], piece.place[:, -1]))
    small = rng.normal(np.median(rim), 2.0, (4, 4)).astype(np.float32)
    size = (piece.place.shape[1], piece.place.shape[0])
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.float32)


def _printed(piece: Piece, rng: np.random.Generator) -> Levels:
    """A label: lines or squares of two greys."""
    height, width = piece.place.shape
    light, dark = sorted(rng.uniform(20, 235, 2), reverse=True)
    out = np.full((height, width), light, np.float32)
    for _ in range(int(rng.integers(2, 7))):
        x, y = int(rng.integers(0, max(1, width - 2))), int(rng.integers(0, max(1, height - 2)))
        w, h = int(rng.integers(1, max(2, width))), int(rng.integers(1, max(2, height // 3)))
        out[y : y + h, x : x + w] = dark
    return out


CHANGES: Mapping[str, Callable[[Piece, np.random.Generator], Levels]] = {
    "plate": _plate,
    "own surface": _copied,
    "foreign surface": _foreign,
    "gone": _gone,
    "printed": _printed,
}


def changed(
    grey: Grey, foreign: Grey, box: tuple[int, int, int, int], rng: np.random.Generator, family: str = ""
) -> Changed:
    """`grey` with a change in `box` (left, top, width, height, inside the picture): of one family, or any."""
    left, top, width, height = box
    name = family or str(rng.choice(list(CHANGES)))
    place = grey[top : top + height, left : left + width].astype(np.float32)
    piece = Piece(place, _part(grey, width, height, rng), _part(foreign, width, height, rng))
    made = CHANGES[name](piece, rng)
    shape = _outline(width, height, rng)
    cover = np.zeros(grey.shape, np.float32)
    cover[top : top + height, left : left + width] = shape
    out = grey.astype(np.float32)
    if name != "gone" and rng.random() < 0.6:
        # What stands out a little throws a shadow beside itself.
        shift = np.array([[1, 0, rng.uniform(-3, 3)], [0, 1, rng.uniform(0, 4)]], np.float32)
        fallen = cv2.warpAffine(cover, shift, (grey.shape[1], grey.shape[0]))
        out *= 1 - rng.uniform(0.1, 0.5) * cv2.GaussianBlur(fallen, (0, 0), rng.uniform(0.7, 2.5))
    region = out[top : top + height, left : left + width]
    out[top : top + height, left : left + width] = region * (1 - shape) + made * shape
    return Changed(np.clip(out, 0, 255).astype(np.uint8), cover)


def _part(grey: Grey, width: int, height: int, rng: np.random.Generator) -> Levels:
    """As large a piece from anywhere in `grey`."""
    x = int(rng.integers(0, max(1, grey.shape[1] - width + 1)))
    y = int(rng.integers(0, max(1, grey.shape[0] - height + 1)))
    part = grey[y : y + height, x : x + width]
    if part.shape != (height, width):
        part = np.asarray(cv2.resize(part, (width, height)), np.uint8)
    return part.astype(np.float32)


def _outline(width: int, height: int, rng: np.random.Generator) -> Levels:
    """A box, a rounded box or an ellipse that fills the piece, its edge a little soft."""
    shape = np.zeros((height, width), np.float32)
    kind = int(rng.integers(0, 3))
    if kind == 0:
        shape[:] = 1
    elif kind == 1:
        cv2.ellipse(shape, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, (1.0,), -1)
    else:
        round_px = max(1, min(width, height) // 4)
        cv2.rectangle(shape, (round_px, round_px), (width - 1 - round_px, height - 1 - round_px), (1.0,), -1)
        shape = np.asarray(
            cv2.dilate(
                shape, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round_px + 1, 2 * round_px + 1))
            ),
            np.float32,
        )
    return np.asarray(cv2.GaussianBlur(shape, (0, 0), 0.6), np.float32)
