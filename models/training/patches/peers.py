"""Ways to tell two looks at one place apart: by an embedding, plain or fine-tuned, and by no network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.network import load
from edge.vision.scene.patches import MODEL, Patches, prepared
from models.training.common import Grey
from models.training.patches.cases import as_cells
from models.training.patches.net import Heads, joined

Floats = NDArray[np.float32]
Method = Callable[[Grey, Sequence[Grey]], list[Floats]]
"""A picture before and others: of each other the distance of every cell, rows x columns."""

_WINDOW_PX = 2.5
_CALM = np.float32((0.03 * 255) ** 2 / 2)


def grey_difference(before: Grey, others: Sequence[Grey]) -> list[Floats]:
    """The mean difference of grey levels, all pictures brought to one mean and contrast."""
    plain = [_even(prepared(g)) for g in (before, *others)]
    return [as_cells(np.abs(plain[0] - other)) for other in plain[1:]]


def structure(before: Grey, others: Sequence[Grey]) -> list[Floats]:
    """1 - the structure term of SSIM (Wang et al., 2004): correlation in a Gaussian window."""
    plain = [prepared(g).astype(np.float32) for g in (before, *others)]
    return [as_cells(1.0 - _correlation(plain[0], other)) for other in plain[1:]]


def _even(grey: Grey) -> Floats:
    levels = grey.astype(np.float32)
    return np.asarray((levels - levels.mean()) / max(float(levels.std()), 1.0), np.float32)


def _correlation(a: Floats, b: Floats) -> Floats:
    mean_a, mean_b = _mean(a), _mean(b)
    of_a, of_b = _mean(a * a) - mean_a**2, _mean(b * b) - mean_b**2
    both = _mean(a * b) - mean_a * mean_b
    spread = np.sqrt(np.clip(of_a, 0, None) * np.clip(of_b, 0, None))
    return np.asarray((both + _CALM) / (spread + _CALM), np.float32)


def _mean(levels: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(levels, (0, 0), _WINDOW_PX), np.float32)


def by_file(models: Path) -> Method:
    """By the int8 file of a folder, as the kiosk runs it."""
    patches = Patches(models)

    def distances(before: Grey, others: Sequence[Grey]) -> list[Floats]:
        first = patches.embed(before).vectors
        return [np.asarray(1.0 - (first * patches.embed(o).vectors).sum(2), np.float32) for o in others]

    return distances


def by_heads(models: Path, heads: Heads, weights: Mapping[str, float]) -> Method:
    """By fine-tuned layers, in float, behind the int8 trunk of a folder: as they learnt."""
    network = load(models / MODEL, 1, ())

    def vectors(grey: Grey) -> torch.Tensor:
        seen = (prepared(grey).astype(np.int16) - 128).astype(np.int8)[None, :, :, None]
        depths = [torch.from_numpy(said).permute(0, 3, 1, 2) for said in network.run_real(seen)]
        return joined(heads(depths), weights)[0]

    def distances(before: Grey, others: Sequence[Grey]) -> list[Floats]:
        with torch.no_grad():
            first = vectors(before)
            return [np.asarray((1.0 - (first * vectors(o)).sum(0)).numpy(), np.float32) for o in others]

    return distances
