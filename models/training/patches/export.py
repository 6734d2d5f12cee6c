"""Writes `patches.tflite` with its contract: of the plain ImageNet trunk, or of a fine-tuned run.

    python -m models.training.patches.export --data ../shared/data --models models [--run runs/patches/tuned]

Ranges of int8 come from pictures of what a run may learn from alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.scene.patches import HEIGHT, OUTPUTS, WIDTH, prepared
from models.training.common import Exported, Grey, Promise, export_int8, to_input
from models.training.patches.data import Picture, away, read
from models.training.patches.lights import other_light
from models.training.patches.net import PatchNet, averaged, balanced, begin
from models.training.patches.pairs import view

PLAIN_VERSION, VERSION = "1.0.0", "1.1.0"
"""Of the trunk as ImageNet left it, and of the fine-tuned one."""

LEFT_OUT = ("tejashwinipatil23",)
"""The source of all cabins: places are measured on it, and all machines that are judged on are of it."""


def seen(pictures: Sequence[Picture], count: int, seed: int) -> Iterator[Grey]:
    """Views as the network is given them, each second one in other light."""
    rng = np.random.default_rng(seed)
    for n in range(count):
        place = view(pictures[int(rng.integers(len(pictures)))].grey, rng)
        yield prepared(other_light(place, rng) if n % 2 else place)


def as_input(pictures: Sequence[Grey]) -> torch.Tensor:
    """N x 1 x H x W from prepared pictures."""
    return torch.from_numpy(np.stack([to_input(p) for p in pictures]))[:, None]


def weights_of(plain: PatchNet, pictures: Sequence[Picture]) -> dict[str, float]:
    """Of the outputs, by the plain trunk; a fine-tuned one learns with them and keeps them."""
    weights: dict[str, float] = balanced(plain, as_input(list(seen(pictures, 60, 3))))
    return weights


@dataclass(frozen=True, slots=True)
class Made:
    """A network, the weights of its outputs, and its version."""

    model: PatchNet
    weights: Mapping[str, float]
    version: str


def export(made: Made, pictures: Sequence[Picture], folder: Path, scratch: Path) -> Exported:
    """`folder/patches.tflite` and its contract; ranges from views of `pictures`."""
    points = {f"{name}_weight": round(weight, 6) for name, weight in made.weights.items()}
    promise = Promise("patches", made.version, (1, HEIGHT, WIDTH, 1), OUTPUTS, (), points)

    def calibration() -> Iterator[NDArray[np.uint8]]:
        for grey in seen(pictures, 200, 3):
            yield grey[None, :, :, None]

    return export_int8(made.model, calibration(), promise, folder, scratch)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write the embedding network")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--work", type=Path, default=Path("runs/patches"), help="the float model")
    parser.add_argument("--run", type=Path, help="folder of a fine-tuned run; none: the plain trunk")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures = [p for p in read(arguments.data, 700) if not away(p, LEFT_OUT)]
    plain = begin(arguments.data / "teachers")
    weights = weights_of(plain, pictures)
    made = Made(plain, weights, PLAIN_VERSION)
    if arguments.run is not None:
        made = Made(averaged(arguments.run / "last.pt"), weights, VERSION)
    files = export(made, pictures, arguments.models, arguments.work)
    print(f"wrote {files.int8} and {files.contract}", flush=True)


if __name__ == "__main__":
    main()
