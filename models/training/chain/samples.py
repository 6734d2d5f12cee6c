"""What a run learns from and what it is asked: framings, noise and light, and what each arm makes of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from edge.terms.chain import ChainSettings, ThresholdMethod
from edge.vision.chain import stages_of
from edge.vision.face.align import normalise
from models.training.chain.data import CUT_PX, Cuts, seen

Grey = NDArray[np.uint8]
Rng = np.random.Generator

_OTSU = ChainSettings()
_ITERATIVE = ChainSettings(chain_threshold=ThresholdMethod.ITERATIVE)


def _one_contrast(grey: Grey) -> Grey:
    return (normalise(grey).astype(np.int16) + 128).astype(np.uint8)


ARMS: Mapping[str, Callable[[Grey], Grey]] = {
    "plain": lambda grey: grey,
    "chain": lambda grey: stages_of(grey, _OTSU).sharpened,
    "contrast": _one_contrast,
    "median": lambda grey: stages_of(grey, _OTSU).median,
    "to zero": lambda grey: stages_of(grey, _OTSU).thresholded,
    "iterative": lambda grey: stages_of(grey, _ITERATIVE).sharpened,
}
"""What the same network sees of the same picture: as it is; after the whole chain; brought to one mean and
contrast, as the face check does; after two and three stages; after the chain with the other threshold."""

SIGMAS = (5, 10, 20, 40)
"""Noise of the camera in grey levels, the same in dark and bright."""

GAINS = (2, 4, 8, 16)
"""So much less light, with the noise of a cheap sensor."""

_READ, _SHOT = 1.5, 0.25
"""Its noise in grey levels: its own, and by the root of the light."""

CONDITIONS = ("clean", *(f"sigma {s}" for s in SIGMAS), *(f"light 1/{g}" for g in GAINS), "1/8 and sigma 10")


def with_noise(grey: Grey, share: float, sigma: float, rng: Rng) -> Grey:
    """The picture at a share of its light, by a sensor with its own noise and `sigma` more; clipped."""
    light = grey.astype(np.float32) * np.float32(share)
    own = 0.0 if share == 1.0 else _READ**2
    shot = 0.0 if share == 1.0 else _SHOT**2
    spread = np.sqrt(own + sigma**2 + shot * light)
    noisy = light + rng.standard_normal(grey.shape, np.float32) * spread
    return np.asarray(np.clip(np.rint(noisy), 0, 255), np.uint8)


def asked(cut: NDArray[np.uint8], condition: str, path: str) -> Grey:
    """The face as it is judged under a condition; the same at every call: its chance depends on its path."""
    grey = seen(cut, (0.0, 0.0), 1.0, 0.0)
    if condition == "clean":
        return grey
    share, sigma = 1.0, 0.0
    for word in condition.split(" and "):
        kind, _, number = word.rpartition(" ")
        if kind == "sigma":
            sigma = float(number)
        else:
            share = 1.0 / float(number.removeprefix("1/"))
    return with_noise(grey, share, sigma, np.random.default_rng(zlib.crc32(f"{condition}/{path}".encode())))


def drawn(cut: NDArray[np.uint8], rng: Rng, *, weathered: bool) -> Grey:
    """One framing of a cut to learn from; `weathered`: half of them with noise, in less light, or both."""
    shift = rng.uniform(-0.05, 0.05, 2) * CUT_PX
    grey = seen(cut, (float(shift[0]), float(shift[1])), rng.uniform(0.88, 1.12), rng.normal(0, 0.12))
    if rng.random() < 0.5:
        grey = np.ascontiguousarray(grey[:, ::-1])
    level = (grey.astype(np.float32) - 128) * rng.uniform(0.75, 1.25) + 128 + rng.uniform(-25, 25)
    grey = np.clip(level, 0, 255).astype(np.uint8)
    if weathered and rng.random() < 0.5:
        share = 2.0 ** -rng.uniform(0, 4) if rng.random() < 0.6 else 1.0
        sigma = rng.uniform(0, 40) if rng.random() < 0.6 else 0.0
        grey = with_noise(grey, share, min(sigma, 160 * share), rng)
    return grey


def weights_of(cuts: Cuts, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sampling weights: covered as often as bare, each cell of maker and class by the root of its number."""
    cells = np.array([f"{m}|{k}" for m, k in zip(cuts.maker[chosen], cuts.kind[chosen], strict=True)])
    _, where, counts = np.unique(cells, return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(counts[where])
    for covered in (False, True):
        these = cuts.covered[chosen] == covered
        weight[these] /= weight[these].sum()
    return np.asarray(weight / weight.sum())
