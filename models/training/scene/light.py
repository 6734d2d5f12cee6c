"""The lights in which the network is measured: each a fixed change of a picture, before it is made small."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey

_READ, _SHOT = 1.5, 0.25
"""Noise of a cheap sensor in grey levels: its own, and by the root of the light."""


def _sensor(light: NDArray[np.float32], rng: np.random.Generator) -> Grey:
    noise = rng.standard_normal(light.shape, np.float32)
    noisy = light + noise * np.sqrt(_READ**2 + _SHOT**2 * np.clip(light, 0, None))
    return np.asarray(np.clip(noisy, 0, 255).astype(np.uint8))


def _dimmed(share: float) -> Callable[[Grey, np.random.Generator], Grey]:
    return lambda grey, rng: _sensor(grey.astype(np.float32) * np.float32(share), rng)


def _strip(grey: Grey, rng: np.random.Generator) -> Grey:
    """A slanting strip of sun over a sixth of the picture: two and a half times as bright, clipped."""
    height, width = grey.shape
    x, lean = rng.uniform(0.1, 0.75) * width, rng.uniform(-0.25, 0.25) * width
    wide = width / 6
    corners = [[x, 0], [x + wide, 0], [x + lean + wide, height], [x + lean, height]]
    mask = np.zeros(grey.shape, np.float32)
    cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), (1.0,))
    return _sensor(grey.astype(np.float32) * (1 + 1.5 * mask) + 25 * mask, rng)


def _door(grey: Grey, rng: np.random.Generator) -> Grey:
    """A third of the picture a bright door, the rest exposed for it: at two fifths of its light."""
    height, width = grey.shape
    x = int(rng.uniform(0, 0.65) * width)
    glare = np.zeros(grey.shape, np.float32)
    glare[: int(height * 0.8), x : x + int(width * 0.35)] = 1.0
    glare = np.asarray(cv2.GaussianBlur(glare, (0, 0), 3.0), np.float32)
    return _sensor(grey.astype(np.float32) * (0.4 + 0.8 * glare) + 60 * glare, rng)


def _infrared(grey: Grey, rng: np.random.Generator) -> Grey:
    """Flat contrast, a hot middle and dark corners, more noise."""
    height, width = grey.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    far = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    flat = 255 * (grey.astype(np.float32) / 255) ** np.float32(0.7) * 0.75 + 30
    return _sensor(flat * (1.15 - 0.8 * far), rng)


LIGHTS: Mapping[str, Callable[[Grey, np.random.Generator], Grey]] = {
    "full": lambda grey, rng: grey,
    "1/2": _dimmed(1 / 2),
    "1/4": _dimmed(1 / 4),
    "1/8": _dimmed(1 / 8),
    "strip of sun": _strip,
    "bright door": _door,
    "infrared look": _infrared,
}


def lit(grey: Grey, light: str, path: str) -> Grey:
    """The picture in a light, the same at every call: its chance depends on its path."""
    return LIGHTS[light](grey, np.random.default_rng(zlib.crc32(f"{light}/{path}".encode())))
