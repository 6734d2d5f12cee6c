"""What each small patch of a picture looks like, as a vector: the same int8 network for every picture.

Two cells are compared by one number, 1 - the dot product of their vectors (0: alike, 1: nothing in common,
2: opposite), whichever pictures they come from: a Siamese comparison. The network sees 256 x 192 and is read
at three depths: the finest surface of a cell of 8 px, the cell with its neighbours, and, half as fine, what
stands around it. They are joined on one grid, as PatchCore does (Roth et al., 2022). How it was made and what
it cannot see: `models/patches.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box
from edge.vision.network import ModelFault, load_or_previous
from edge.vision.scene.people import levelled
from hw.camera.port import GreyPicture

MODEL: Final = "patches.tflite"
PREVIOUS: Final = "previous"
"""Subfolder of the models' folder where an update leaves what it replaced."""

WIDTH: Final = 256
HEIGHT: Final = 192
CELL_PX: Final = 8
"""A cell of the vectors, in the network's pixels."""

ROWS: Final = HEIGHT // CELL_PX
COLUMNS: Final = WIDTH // CELL_PX
OUTPUTS: Final = ("fine", "near", "wide")
"""The last at half as many rows and columns."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedding:
    """`vectors` rows x columns x channels, each of unit length; `size` (width, height) of the picture."""

    vectors: Floats
    size: tuple[int, int]

    def box_of(self, row: int, column: int) -> Box:
        """Where a cell lies, in the picture's pixels. The cells side by side cover the picture."""
        rows, columns = self.vectors.shape[:2]
        across, down = self.size[0] / columns, self.size[1] / rows
        return (column * across, row * down, across, down)


class Patches:
    """The embedding network with its model loaded. One per thread.

    `refused` holds the faults of a newer model that was not taken. Raises `ModelFault` when no model passes.
    """

    def __init__(self, model_dir: Path, num_threads: int = 1) -> None:
        paths = [p for p in (model_dir / MODEL, model_dir / PREVIOUS / MODEL) if p.exists()]
        network, self.refused = load_or_previous(paths or [model_dir / MODEL], num_threads, ())
        self._network = network
        contract = network.contract
        if contract.input.shape != (1, HEIGHT, WIDTH, 1):
            raise ModelFault("model_wrong", f"{MODEL}: input {contract.input.shape}")
        if (contract.input.scale, contract.input.zero) != (1 / 128, 0):
            raise ModelFault("model_wrong", f"{MODEL}: its input is not grey - 128")
        if tuple(o.name for o in contract.outputs) != OUTPUTS:
            raise ModelFault("model_wrong", f"{MODEL}: outputs are not {', '.join(OUTPUTS)}")
        grids = [(1, ROWS, COLUMNS), (1, ROWS, COLUMNS), (1, ROWS // 2, COLUMNS // 2)]
        if [o.shape[:3] for o in contract.outputs] != grids:
            raise ModelFault("model_wrong", f"{MODEL}: outputs are {[o.shape for o in contract.outputs]}")
        self._weights = _weights(contract.operating_points)

    @property
    def version(self) -> str:
        """The model's version. Vectors of different versions are not to be compared."""
        return self._network.contract.version

    def embed(self, grey: GreyPicture) -> Embedding:
        """24 x 32 vectors of a picture of any size. ValueError where `grey` is no picture."""
        if grey.ndim != 2 or 0 in grey.shape:
            raise ValueError(f"a grey picture has two sides, this has shape {grey.shape}")
        seen = (prepared(grey).astype(np.int16) - 128).astype(np.int8)[None, :, :, None]
        outputs = [o[0] for o in self._network.run_real(seen)]
        return Embedding(joined(outputs, self._weights), (grey.shape[1], grey.shape[0]))


def _weights(stated: Mapping[str, float]) -> tuple[float, ...]:
    """How much each output counts. Raises `ModelFault` where one is missing or below zero."""
    names = [f"{output}_weight" for output in OUTPUTS]
    for name in names:
        if not stated.get(name, -1.0) >= 0.0:
            raise ModelFault("model_wrong", f"{MODEL}: no operating point {name} of zero or more")
    return tuple(stated[name] for name in names)


def prepared(grey: GreyPicture) -> GreyPicture:
    """Stretched to what the network sees, pixels the mean of what they cover; a dark picture is lifted."""
    if grey.shape != (HEIGHT, WIDTH):
        smaller = grey.shape[0] >= HEIGHT and grey.shape[1] >= WIDTH
        method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        grey = np.asarray(cv2.resize(grey, (WIDTH, HEIGHT), interpolation=method), np.uint8)
    return levelled(grey)


def joined(outputs: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Rows x columns x channels of unit length: outputs times their weights, on the grid of the first."""
    rows, columns = outputs[0].shape[:2]
    parts = []
    for output, weight in zip(outputs, weights, strict=True):
        fitting = output.shape[:2] == (rows, columns)
        on_grid = output if fitting else cv2.resize(output, (columns, rows), interpolation=cv2.INTER_LINEAR)
        parts.append(on_grid * np.float32(weight))
    both = np.concatenate(parts, axis=2)
    length = np.linalg.norm(both, axis=2, keepdims=True)
    return np.asarray(both / np.maximum(length, 1e-6), np.float32)
