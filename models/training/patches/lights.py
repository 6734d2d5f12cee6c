"""Other light on the same place, and what else a camera adds: nothing here changes what is there.

Each is a function of a picture of real levels (H x W, 0 to 255) and a generator. `other_light` draws some of
them and ends with what the sensor, the lens and the file do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey

Levels = NDArray[np.float32]


def _whole(grey: Levels, rng: np.random.Generator) -> Levels:
    """More or less light, down to an eighth; a lens's or driver's other curve."""
    gain = np.float32(np.exp(rng.uniform(np.log(0.125), np.log(1.6))))
    curve = np.float32(np.exp(rng.uniform(-0.4, 0.4)))
    return np.asarray(255.0 * np.clip(grey / 255.0, 0, 1) ** curve * gain, np.float32)


def _slope(grey: Levels, rng: np.random.Generator) -> Levels:
    """A lamp at one side: up to three times as bright as at the other."""
    y, x = _places(grey.shape)
    angle = rng.uniform(0, 2 * np.pi)
    along = (x * np.cos(angle) + y * np.sin(angle)).astype(np.float32)
    along = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    low = rng.uniform(0.3, 0.8)
    return np.asarray(grey * (low + (rng.uniform(1.0, 1.4) - low) * along), np.float32)


def _spot(grey: Levels, rng: np.random.Generator) -> Levels:
    """A round lamp's pool of light, or a camera's own infrared lamp: hot middle, dark corners."""
    y, x = _places(grey.shape)
    far = (x - rng.uniform(-0.3, 0.3)) ** 2 + (y - rng.uniform(-0.3, 0.3)) ** 2
    wide = rng.uniform(0.3, 0.9)
    return np.asarray(grey * (rng.uniform(0.3, 0.7) + np.exp(-far / wide**2) * 0.9), np.float32)


def _strips(grey: Levels, rng: np.random.Generator) -> Levels:
    """Slanting strips of sun, one to four as through a blind, with edges from sharp to soft."""
    mask = np.zeros(grey.shape, np.float32)
    height, width = grey.shape
    lean, wide = rng.uniform(-0.6, 0.6) * width, rng.uniform(0.03, 0.25) * width
    at = rng.uniform(-0.2, 0.8) * width
    for n in range(int(rng.integers(1, 5))):
        x = at + n * wide * rng.uniform(1.5, 2.5)
        corners = [[x, 0], [x + wide, 0], [x + lean + wide, height], [x + lean, height]]
        cv2.fillConvexPoly(mask, np.round(corners).astype(np.int32), (1.0,))
    mask = _softened(mask, rng)
    return np.asarray(grey * (1 + rng.uniform(0.4, 1.8) * mask) + 20 * mask, np.float32)


def _shadow(grey: Levels, rng: np.random.Generator) -> Levels:
    """Something outside the picture between it and the lamp: a blot with a soft edge."""
    height, width = grey.shape
    count = int(rng.integers(3, 8))
    angles = np.sort(rng.uniform(0, 2 * np.pi, count))
    far = rng.uniform(0.15, 0.5, count) * max(height, width)
    middle = rng.uniform(0, 1, 2) * (width, height)
    corners = np.stack((middle[0] + np.cos(angles) * far, middle[1] + np.sin(angles) * far), 1)
    mask = np.zeros(grey.shape, np.float32)
    cv2.fillPoly(mask, [np.round(corners).astype(np.int32)], (1.0,))
    return np.asarray(grey * (1 - rng.uniform(0.25, 0.7) * _softened(mask, rng)), np.float32)


def _bands(grey: Levels, rng: np.random.Generator) -> Levels:
    """A lamp on the mains under a rolling shutter."""
    rows = np.arange(grey.shape[0], dtype=np.float32) / grey.shape[0]
    wave = 1 + rng.uniform(0.05, 0.25) * np.sin(2 * np.pi * (rng.uniform(1, 5) * rows + rng.uniform()))
    return np.asarray(grey * wave[:, None], np.float32)


def _night(grey: Levels, rng: np.random.Generator) -> Levels:
    """Infrared: flat contrast, lit from the camera."""
    flat = 255 * np.clip(grey / 255, 0, 1) ** np.float32(rng.uniform(0.5, 0.9)) * rng.uniform(0.5, 0.8) + 25
    return _spot(np.asarray(flat, np.float32), rng)


LIGHTS: Mapping[str, Callable[[Levels, np.random.Generator], Levels]] = {
    "brightness": _whole,
    "slope": _slope,
    "pool of light": _spot,
    "strips of sun": _strips,
    "shadow": _shadow,
    "flicker bands": _bands,
    "infrared look": _night,
}


def other_light(grey: Grey, rng: np.random.Generator, light: str = "") -> Grey:
    """The place in other light (`light`, or one to three of them), taken by a cheap camera once more."""
    lit = grey.astype(np.float32)
    names = list(LIGHTS)
    chosen = [light] if light else list(rng.choice(names, int(rng.integers(1, 4)), replace=False))
    for name in chosen:
        lit = LIGHTS[name](lit, rng)
    return taken(lit, rng)


def taken(lit: Levels, rng: np.random.Generator) -> Grey:
    """Sharpness, noise of the sensor and compression, each of the size that a kiosk's camera has."""
    if rng.random() < 0.4:
        lit = np.asarray(cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.3, 1.0)), np.float32)
    read, shot = rng.uniform(0.5, 3.0), rng.uniform(0.05, 0.4)
    noise = rng.standard_normal(lit.shape, np.float32)
    lit = np.clip(lit + noise * np.sqrt(read**2 + shot**2 * np.clip(lit, 0, None)), 0, 255)
    grey = np.asarray(lit, np.float32).astype(np.uint8)
    if rng.random() < 0.5:
        _, packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 95))])
        grey = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey


def _softened(mask: Levels, rng: np.random.Generator) -> Levels:
    soft = np.exp(rng.uniform(np.log(0.4), np.log(12.0)))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.float32)


def _places(shape: tuple[int, ...]) -> tuple[Levels, Levels]:
    """Of each pixel: how far down and how far across, -1 to 1."""
    down = np.linspace(-1, 1, shape[0], dtype=np.float32)
    across = np.linspace(-1, 1, shape[1], dtype=np.float32)
    return np.asarray(down[:, None] + 0 * across, np.float32), np.asarray(
        across + 0 * down[:, None], np.float32
    )
