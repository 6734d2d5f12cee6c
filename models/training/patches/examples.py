"""Examples to fine-tune on: half of them machines' fronts that may be learnt from, half any place.

`stored` keeps what the trunk's int8 file says of them: the linear layers learn from that alone, in a minute,
and from the very numbers that they will be given on the kiosk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge.vision.network import load
from edge.vision.scene.patches import COLUMNS, MODEL, ROWS, prepared
from models.training.common import show_rate
from models.training.front.machine import Machine
from models.training.patches.data import Picture
from models.training.patches.net import CHANNELS
from models.training.patches.pairs import SIZES_PX, Pair, draw, front_pair

LEARNT = ("plate", "foreign surface", "gone")
"""Families of plain changes that teach; the others are for measuring alone."""

_FRONTS = 0.5
_LOOKS = 3
"""Before, in other light, changed in that light."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What examples are drawn from: any places, and machines that may be learnt from."""

    places: Sequence[Picture]
    fronts: Sequence[Machine]

    def example(self, n: int, seed: int) -> Pair:
        """Made from its number and the seed alone."""
        rng = np.random.default_rng((seed, n))
        if rng.random() < _FRONTS:
            made = front_pair(self.fronts[int(rng.integers(len(self.fronts)))], rng)
            if made is not None:
                return made
        return draw(self.places, rng, int(rng.choice(SIZES_PX)), str(rng.choice(LEARNT)))


@dataclass(frozen=True, slots=True)
class Stored:
    """Of n examples: `depths` n x 3 looks x rows x columns x channels of int8 steps for each output.

    Their scales and zeros; `cover`, `unknown` n x rows x columns, as of `Pair`.
    """

    depths: tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int8]]
    scales: NDArray[np.float32]
    zeros: NDArray[np.float32]
    cover: NDArray[np.float32]
    unknown: NDArray[np.float32]

    def real(self, chosen: NDArray[np.intp], look: int) -> list[torch.Tensor]:
        """N x channels x rows x columns of each output, of one look."""
        found = []
        for steps, scale, zero in zip(self.depths, self.scales, self.zeros, strict=True):
            levels = (steps[chosen, look].astype(np.float32) - zero) * scale
            found.append(torch.from_numpy(np.ascontiguousarray(levels.transpose(0, 3, 1, 2))))
        return found

    def covers(self, chosen: NDArray[np.intp]) -> tuple[torch.Tensor, torch.Tensor]:
        """`cover` and `unknown` of some."""
        return torch.from_numpy(self.cover[chosen]), torch.from_numpy(self.unknown[chosen])


def stored(sources: Sources, plain: Path, count: int, seed: int, file: Path) -> Stored:
    """From the file where it is there. `plain`: the folder of the trunk's int8 file."""
    if not file.exists():
        network = load(plain / MODEL, 1, ())
        depths = tuple(
            np.zeros((count, _LOOKS, ROWS // part, COLUMNS // part, channels), np.int8)
            for part, channels in zip((1, 1, 2), CHANNELS, strict=True)
        )
        covers = np.zeros((2, count, ROWS, COLUMNS), np.float32)
        for n in range(count):
            show_rate(n + 1, count, "examples")
            pair = sources.example(n, seed)
            for look, grey in enumerate((pair.before, pair.light, pair.change)):
                seen = (prepared(grey).astype(np.int16) - 128).astype(np.int8)[None, :, :, None]
                for kept, said in zip(depths, network.run(seen), strict=True):
                    kept[n, look] = said[0]
            covers[0, n], covers[1, n] = pair.cover, pair.unknown
        outputs = network.contract.outputs
        scales = np.array([o.scale for o in outputs], np.float32)
        zeros = np.array([o.zero for o in outputs], np.float32)
        fresh = file.with_name("new.npz")
        np.savez(fresh, *depths, scales=scales, zeros=zeros, covers=covers)
        fresh.replace(file)
    with np.load(file) as kept_file:
        fine, near, wide = (kept_file[f"arr_{n}"] for n in range(3))
        cover, unknown = kept_file["covers"]
        return Stored((fine, near, wide), kept_file["scales"], kept_file["zeros"], cover, unknown)


def around(cells: torch.Tensor, reach: int) -> torch.Tensor:
    """N x rows x columns: the largest of a cell and its neighbours up to `reach` away."""
    return functional.max_pool2d(cells[:, None], 2 * reach + 1, 1, reach)[:, 0]
