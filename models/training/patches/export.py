"""Writes `patches.tflite` with its contract: of the plain ImageNet trunk, or of a fine-tuned run.

python -m models.training.patches.export --data ../shared/data --models models [--run RUNS/patches]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.scene.patches import HEIGHT, OUTPUTS, WIDTH, prepared
from models.training.common import Exported, Grey, Promise, export_int8, to_input
from models.training.patches.data import Picture, read
from models.training.patches.lights import other_light
from models.training.patches.net import PatchNet, balanced, begin
from models.training.patches.pairs import view

PLAIN_VERSION = "0"
"""Of the trunk as ImageNet left it."""


def seen(pictures: Sequence[Picture], count: int, seed: int) -> Iterator[Grey]:
    """Views as the network is given them, each second one in other light."""
    rng = np.random.default_rng(seed)
    for n in range(count):
        place = view(pictures[int(rng.integers(len(pictures)))].grey, rng)
        yield prepared(other_light(place, rng) if n % 2 else place)


def as_input(pictures: Sequence[Grey]) -> torch.Tensor:
    """N x 1 x H x W from prepared pictures."""
    return torch.from_numpy(np.stack([to_input(p) for p in pictures]))[:, None]


def export(
    model: PatchNet, pictures: Sequence[Picture], version: str, folder: Path, scratch: Path
) -> Exported:
    """`folder/patches.tflite` and its contract; ranges and weights from views of `pictures`."""
    shown = list(seen(pictures, 200, 3))
    weights = balanced(model, as_input(shown[:60]))
    points = {f"{name}_weight": round(weight, 6) for name, weight in weights.items()}
    promise = Promise("patches", version, (1, HEIGHT, WIDTH, 1), OUTPUTS, (), points)

    def calibration() -> Iterator[NDArray[np.uint8]]:
        for grey in shown:
            yield grey[None, :, :, None]

    return export_int8(model, calibration(), promise, folder, scratch)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the embedding network")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--work", type=Path, default=Path("runs/patches"), help="the float model")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures = read(arguments.data, 700)
    model = begin(arguments.data / "teachers")
    made = export(model, pictures, PLAIN_VERSION, arguments.models, arguments.work)
    print(f"wrote {made.int8} and {made.contract}", flush=True)


if __name__ == "__main__":
    main()
