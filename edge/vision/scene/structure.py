"""How far the structure of two pictures of one thing is apart, pixel by pixel, whatever the light on them.

In the logarithm of a picture light is a sum, and what stays of a small neighbourhood when its mean is taken
out is the thing's own. Two such neighbourhoods differ by the energy of their difference over that of both: 0
for the same, 1 for two that have nothing in common, and for a texture or an edge that only one of them has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]

SIGMA_PX: Final = 2.0
"""Of the neighbourhood, about 9 pixels wide."""
_DARK_LEVELS: Final = 8.0
_NOISE_LEVELS: Final = 1.2
"""What is left of a sensor's noise in the median of some pictures."""
_FAINT: Final = 0.03
"""Contrast (spread of the logarithm) of what nobody would call an edge."""
_BRIGHTEST: Final = 251
_DARKEST: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """One picture prepared for comparing: logarithm less its mean, local energy, noise, blind pixels."""

    high: Floats
    energy: Floats
    noise: Floats
    blind: NDArray[np.bool_]


def structure_of(grey: GreyPicture) -> Structure:
    """Grey (H, W), uint8."""
    x = grey.astype(np.float32)
    log = np.log(x + np.float32(_DARK_LEVELS))
    high = log - _smooth(log)
    noise = np.float32(2.0) * (np.float32(_NOISE_LEVELS) / (_smooth(x) + np.float32(_DARK_LEVELS))) ** 2
    clipped = ((grey >= _BRIGHTEST) | (grey <= _DARKEST)).astype(np.uint8)
    blind = cv2.dilate(clipped, np.ones((3, 3), np.uint8)) > 0
    return Structure(high, _smooth(high * high), np.asarray(noise, np.float32), blind)


def apart(a: Structure, b: Structure) -> Floats:
    """The distance at each pixel, 0 to 1; 0 where either shows nothing but white or black."""
    both = _smooth(a.high * b.high)
    total = a.energy + b.energy
    floor = a.noise + b.noise + np.float32(2.0 * _FAINT * _FAINT)
    found = np.maximum(total - 2.0 * both, 0.0) / (total + floor)
    found[a.blind | b.blind] = 0.0
    return np.asarray(found, dtype=np.float32)


def _smooth(x: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(x, (0, 0), SIGMA_PX), dtype=np.float32)
