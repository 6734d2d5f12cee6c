"""What networks say of cuts: templates as the kiosk makes them, the teacher's in float, and their cosines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from edge.terms.identity import TEMPLATE_NUMBERS
from edge.vision.face.embed import Embedder
from models.training.common import Progress, to_input
from models.training.embed.teacher import Teacher

Directions = NDArray[np.float32]
"""n x 256, each row of length one; a row of zeros where there was no picture."""


def by_the_kiosk(models: Path, cuts: Iterable[NDArray[np.uint8]], count: int) -> Directions:
    """Through the shipped file, as `edge/vision/face/embed.py` does."""
    embedder, progress = Embedder.open(models), Progress(count)
    said = np.zeros((count, TEMPLATE_NUMBERS), np.float32)
    for n, cut in enumerate(cuts):
        if cut.any():
            said[n] = np.frombuffer(embedder.template(cut).numbers, np.int8)
        progress.tell(n)
    return unit(said)


def by_the_teacher(teachers: Path, cuts: NDArray[np.uint8]) -> Directions:
    """In 32-bit floats."""
    teacher, progress = Teacher(teachers).eval(), Progress(len(cuts))
    said = np.zeros((len(cuts), TEMPLATE_NUMBERS), np.float32)
    with torch.no_grad():
        for n, cut in enumerate(cuts):
            if cut.any():
                real = torch.from_numpy(to_input(cut).transpose(2, 0, 1)[None])
                said[n] = teacher(real).numpy()[0]
            progress.tell(n)
    return unit(said)


def unit(rows: NDArray[np.float32]) -> Directions:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9), np.float32)


def kept(path: Path, make: Iterable[Directions]) -> Directions:
    """What was said before, or what the first of `make` says now."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, next(iter(make)))
    return np.asarray(np.load(path), np.float32)
