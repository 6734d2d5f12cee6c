"""Draws the card's sheet: the stages of the chain on the staged cabin, clean, with noise, in low light.

python -m models.training.chain.sheet --out models/chain_stages.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.bench.desk import StoryClock
from edge.pictures.contact import Tile, contact_sheet
from edge.terms.chain import ChainSettings, ThresholdMethod
from edge.vision.chain import stages_of, titles
from hw.camera.staged import StagedCabin
from models.training.chain.samples import with_noise

_SMALLER = 0.75


def _masked() -> NDArray[np.uint8]:
    clock = StoryClock()
    stage = StagedCabin(clock)
    stage.do("enter anna with mask", 0.0)
    clock.move_to(5.0)
    colour = stage.read().colour
    assert colour is not None, "the staged camera has colours"
    return colour


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    rng, picture = np.random.default_rng(0), _masked()
    tiles = []
    for name, share, sigma, method in (
        ("clean", 1.0, 0.0, ThresholdMethod.OTSU),
        ("noise of 20 levels", 1.0, 20.0, ThresholdMethod.OTSU),
        ("an eighth of the light", 1 / 8, 0.0, ThresholdMethod.OTSU),
        ("clean, iterative", 1.0, 0.0, ThresholdMethod.ITERATIVE),
    ):
        seen = with_noise(picture, share, sigma, rng)
        first, *rest = titles(stages_of(seen, ChainSettings(chain_threshold=method)))
        tiles.append(Tile(f"{name}: {first[0]}", first[1]))
        tiles += [Tile(title, drawn) for title, drawn in rest]
    sheet = cv2.resize(
        contact_sheet(tiles, columns=4), None, fx=_SMALLER, fy=_SMALLER, interpolation=cv2.INTER_AREA
    )
    cv2.imwrite(str(args.out), sheet, [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
