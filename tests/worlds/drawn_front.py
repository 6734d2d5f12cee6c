"""A drawn machine front, its light, and what is fixed to it or taken off it: for tests of what watches it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.scene.fronts import Front, FrontRegion, RegionKind
from hw.camera.port import GreyPicture

WIDTH: Final = 320
HEIGHT: Final = 240
SLOT: Final = (180, 70, 60, 30)
KEYPAD: Final = (90, 140, 70, 60)
SCREEN: Final = (80, 40, 80, 60)

Floats = NDArray[np.float32]


def region(name: str, box: tuple[int, int, int, int]) -> FrontRegion:
    x, y, w, h = box
    kind = RegionKind(name.partition("-")[0])
    return FrontRegion(name, kind, ((x, y), (x + w, y), (x + w, y + h), (x, y + h)))


REGIONS: Final = (region("slot", SLOT), region("keypad", KEYPAD), region("screen", SCREEN))


def machine() -> Floats:
    """The bare front, HEIGHT x WIDTH, levels before any light."""
    rng = np.random.default_rng(4)
    picture = np.full((HEIGHT, WIDTH), 120.0, np.float32)
    picture += cv2.GaussianBlur(rng.normal(0, 1, picture.shape).astype(np.float32), (0, 0), 2) * 10
    cv2.rectangle(picture, (50, 20), (270, 225), (150.0,), -1)
    cv2.rectangle(picture, (50, 20), (270, 225), (70.0,), 2)
    x, y, w, h = SCREEN
    cv2.rectangle(picture, (x, y), (x + w - 1, y + h - 1), (60.0,), -1)
    x, y, w, h = SLOT
    cv2.rectangle(picture, (x + 5, y + 8), (x + w - 6, y + h - 8), (110.0,), -1)
    cv2.rectangle(picture, (x + 10, y + 13), (x + w - 11, y + 17), (25.0,), -1)
    for row in range(4):
        for column in range(3):
            corner = (KEYPAD[0] + 8 + 20 * column, KEYPAD[1] + 5 + 13 * row)
            cv2.rectangle(picture, corner, (corner[0] + 14, corner[1] + 8), (205.0,), -1)
    cv2.putText(picture, "BANK", (190, 190), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (60.0,), 2)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), dtype=np.float32)


def skimmed(picture: Floats) -> Floats:
    """With a moulded cover over the slot, in the machine's own colour."""
    out = picture.copy()
    x, y, w, h = SLOT
    cv2.rectangle(out, (x + 14, y + 9), (x + w - 14, y + h - 6), (138.0,), -1)
    cv2.line(out, (x + 14, y + h - 6), (x + w - 14, y + h - 6), (80.0,), 1)
    cv2.line(out, (x + 14, y + 9), (x + w - 14, y + 9), (170.0,), 1)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.6), dtype=np.float32)


def stripped(picture: Floats) -> Floats:
    """Without two of the keys."""
    out = picture.copy()
    corner = (KEYPAD[0] + 8, KEYPAD[1] + 5)
    cv2.rectangle(out, (corner[0] - 2, corner[1] - 2), (corner[0] + 36, corner[1] + 10), (150.0,), -1)
    return out


def lit(picture: Floats, level: float = 1.0, seed: int = 0, strip_px: float | None = None) -> GreyPicture:
    """Under light of this level from one side, with noise, and a strip of sun from this column on."""
    rng = np.random.default_rng(seed)
    across = np.linspace(0.9, 1.1, WIDTH, dtype=np.float32)[None, :]
    light = level * across * np.ones_like(picture)
    if strip_px is not None:
        columns = np.arange(WIDTH, dtype=np.float32)[None, :]
        light = light + 0.7 * ((columns > strip_px) & (columns < strip_px + 40))
    noise = rng.normal(0, 1.5, picture.shape)
    return np.asarray(np.clip(picture * light + noise, 0, 255), dtype=np.uint8)


def front(pictures: int = 2) -> Front:
    """As it was taught at several levels of light."""
    levels = (1.0, 0.6, 1.3)[:pictures]
    taught = tuple(lit(machine(), level, 50 + n) for n, level in enumerate(levels))
    return Front("face", taught, REGIONS, px_per_cm=5.0)
