"""The structure of a surface, whatever the light on it, and what has stood on it over several pictures.

In the logarithm of a picture light is a sum, and what is left of it without the mean around each pixel is the
thing's own. Of several pictures that is a range at each pixel, without the outermost on either side: where
the taught value lies inside, nothing has stood there all the time. What lies outside, as energy over a few
pixels, is weighed against what half a pixel and a little blur do there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SOFT_PX: Final = 0.8
"""Blur against the sensor's noise, less than what is looked for."""
_AROUND_PX: Final = 3.0
"""Spread of the mean around each pixel: light is smoother than that, a thing's edge is not."""
_THING_PX: Final = 1.5
"""Spread over which the energy of a difference is gathered: about the smallest thing that is seen."""
_DARK_LEVELS: Final = 8.0
_FAINT: Final = 0.015
"""Contrast (in the logarithm) that nobody would call an edge."""
_BRIGHTEST: Final = 251
_DARKEST: Final = 2
_BLIND_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """One taught picture: its structure, and the energy that laying pictures over it may leave."""

    own: Floats
    spread: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Stood:
    """What several pictures have in common: `low` to `high` at each pixel, and where they showed nothing."""

    low: Floats
    high: Floats
    blind: Mask


def structure_of(grey: GreyPicture) -> Floats:
    """Grey (H, W), uint8, into the logarithm without the mean around each pixel."""
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _SOFT_PX)
    log = np.log(soft + np.float32(_DARK_LEVELS))
    return np.asarray(log - cv2.GaussianBlur(log, (0, 0), _AROUND_PX), dtype=np.float32)


def blind_in(grey: GreyPicture) -> Mask:
    """Where a picture is white or black and nothing else."""
    clipped = ((grey >= _BRIGHTEST) | (grey <= _DARKEST)).astype(np.uint8)
    return np.asarray(cv2.dilate(clipped, np.ones((3, 3), np.uint8)) > 0, dtype=np.bool_)


def taught(grey: GreyPicture, variants: Iterable[GreyPicture]) -> Taught:
    """A taught picture; `variants`: the same as it may look a little off its place and focus."""
    own = structure_of(grey)
    spread = np.zeros_like(own)
    for variant in variants:
        spread = np.maximum(spread, _energy(structure_of(variant) - own))
    return Taught(own, np.asarray(spread, dtype=np.float32))


def stood(structures: Sequence[Floats], blind: Sequence[Mask], needed: int) -> Stood:
    """What `needed` of these agree on, at each pixel by itself."""
    out = max(len(structures) - needed, 0)
    stack = np.stack(structures)
    last = len(structures) - 1 - out
    ordered = np.partition(stack, sorted({out, last}), axis=0)
    missing = np.mean(np.stack(blind), axis=0) > _BLIND_SHARE
    return Stood(ordered[out].astype(np.float32), ordered[last].astype(np.float32), missing)


def off(what: Stood, one: Taught, normal: Floats) -> Floats:
    """How far what stood is from one taught picture: a ratio of amplitudes, 1 is as much as its own spread.

    `normal`: energy that was seen there while nothing was wrong. 0 where nothing could be seen.
    """
    away = np.maximum(what.low - one.own, 0.0) + np.maximum(one.own - what.high, 0.0)
    ratio = _energy(away) / (np.maximum(one.spread, normal) + np.float32(_FAINT * _FAINT))
    ratio[what.blind] = 0.0
    return np.asarray(np.sqrt(ratio), dtype=np.float32)


def energy_off(what: Stood, one: Taught) -> Floats:
    """The same as an energy, for what is learnt to be normal."""
    away = np.maximum(what.low - one.own, 0.0) + np.maximum(one.own - what.high, 0.0)
    found = _energy(away)
    found[what.blind] = 0.0
    return found


def _energy(x: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(x * x, (0, 0), _THING_PX), dtype=np.float32)
