"""Attacks that follow a network's gradient: one step, many steps, and a pattern that can be printed.

The one step is FGSM (Goodfellow et al., 2015), the many are PGD (Madry et al., 2018): no pixel changes by
more than so many grey levels. The pattern is one for all pictures, learnt over many of them at places, sizes
and in light that vary (expectation over transformation, Athalye et al., 2018; Brown et al., 2017). An
objective says of pictures N x 1 x H x W in grey levels, N numbers, what the attack makes large.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

Objective = Callable[[torch.Tensor], torch.Tensor]
Greys = NDArray[np.uint8]
"""N x height x width."""

RADII = (1, 2, 4, 8)
"""Grey levels of 255."""
PGD_STEPS = 20


def _tensor(greys: Greys) -> torch.Tensor:
    return torch.from_numpy(greys.astype(np.float32))[:, None]


def _levels(pictures: torch.Tensor) -> Greys:
    return np.asarray(pictures.detach().round().clamp(0, 255)[:, 0].numpy(), np.uint8)


def _slope(objective: Objective, pictures: torch.Tensor) -> torch.Tensor:
    seen = pictures.clone().requires_grad_(True)
    (slope,) = torch.autograd.grad(objective(seen).sum(), seen)
    return slope


def fgsm(objective: Objective, greys: Greys, radius: int) -> Greys:
    """Each pixel `radius` levels up or down, whichever the gradient says."""
    pictures = _tensor(greys)
    return _levels((pictures + radius * _slope(objective, pictures).sign()).clamp(0, 255))


def pgd(objective: Objective, greys: Greys, radius: int, seed: int, steps: int = PGD_STEPS) -> Greys:
    """`steps` small steps from a random start, each pixel within `radius` levels of what it was."""
    pictures = _tensor(greys)
    source = torch.Generator().manual_seed(seed)
    moved = (torch.rand(pictures.shape, generator=source) * 2 - 1) * radius
    for _ in range(steps):
        slope = _slope(objective, (pictures + moved).clamp(0, 255))
        moved = (moved + max(radius / 4, 2.5 * radius / steps) * slope.sign()).clamp(-radius, radius)
        moved = (pictures + moved).clamp(0, 255) - pictures
    return _levels(pictures + moved)


Boxes = NDArray[np.float32]
"""N x 4: left, top, width, height in pixels."""


def pasted(
    pictures: torch.Tensor, print_: torch.Tensor, boxes: Boxes, rng: np.random.Generator
) -> torch.Tensor:
    """The print (1 x 1 x h x w, levels) laid into each box, a little off, larger or smaller, in other light.

    Off by a twentieth of its side, between 0.85 and 1.15 times as large, 0.75 to 1.05 times as bright.
    """
    n, _, height, width = pictures.shape
    scale = rng.uniform(0.85, 1.15, n)
    off = rng.uniform(-0.05, 0.05, (n, 2))
    bright = torch.from_numpy(rng.uniform(0.75, 1.05, (n, 1, 1, 1)).astype(np.float32))
    theta = np.zeros((n, 2, 3), np.float32)
    for axis, side in ((0, width), (1, height)):
        size = boxes[:, 2 + axis] * scale
        middle = boxes[:, axis] + boxes[:, 2 + axis] * (0.5 + off[:, axis])
        theta[:, axis, axis] = side / np.maximum(size, 1.0)
        theta[:, axis, 2] = -(2.0 * middle / side - 1.0) * theta[:, axis, axis]
    grid = functional.affine_grid(torch.from_numpy(theta), [n, 1, height, width], align_corners=False)
    many = print_.expand(n, -1, -1, -1)
    laid = functional.grid_sample(many, grid, mode="bilinear", padding_mode="border", align_corners=False)
    inside = ((grid.abs() <= 1.0).all(-1))[:, None]
    return torch.where(inside, laid * bright, pictures)


def with_print(greys: Greys, print_: NDArray[np.float32], boxes: Boxes, seed: int) -> Greys:
    """As `pasted`, for pictures of 8 bits."""
    laid = torch.from_numpy(print_)[None, None]
    return _levels(pasted(_tensor(greys), laid, boxes, np.random.default_rng(seed)))


@dataclass(frozen=True, slots=True)
class Printing:
    """How a print is learnt: its side in pixels, and how long."""

    side_px: tuple[int, int]
    steps: int = 80
    batch: int = 12


def learnt_print(
    objective: Objective, greys: Greys, boxes: Boxes, how: Printing, seed: int
) -> NDArray[np.float32]:
    """One print (height, width), levels 15 to 240 as a printer has them, that makes the objective large."""
    rng = np.random.default_rng(seed)
    print_ = torch.from_numpy(rng.uniform(100, 156, (1, 1, *how.side_px)).astype(np.float32))
    pace = torch.zeros_like(print_)
    for step in range(how.steps):
        some = rng.choice(len(greys), min(how.batch, len(greys)), replace=False)
        print_.requires_grad_(True)
        seen = pasted(_tensor(greys[some]), print_, boxes[some], rng)
        (slope,) = torch.autograd.grad(objective(seen).mean(), print_)
        pace = 0.8 * pace + slope / slope.abs().mean().clamp(min=1e-12)
        size = 12.0 * (1.0 - step / how.steps) + 1.0
        print_ = (print_.detach() + size * pace.sign()).clamp(15.0, 240.0)
    return np.asarray(print_[0, 0].numpy(), np.float32)
