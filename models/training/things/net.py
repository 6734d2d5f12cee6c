"""The second look's network: a MobileNetV2 trunk, one answer for the whole square and one for each cell of
it.

`whole` holds class logits at stride 32 (3 x 3), whose mean is the answer for the square: the trunk's top
under a linear layer and an average (Zhou et al., Learning deep features for discriminative localization,
2016), without an averaging operator in the file. `cells` (class logits) and `shape` (left, top, right,
bottom from the cell's centre, in sides of the square, as FCOS, Tian et al., 2019) stand at stride 16 (6 x
6) and say where the thing is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from edge.vision.scene.crops import SIDE_PX
from models.training.things.data import GUN, HANDGUN, IGNORED, LABELS, LONG_GUN, NOTHING, Marked
from models.training.trunk import WIDTH_16, WIDTH_32, WIDTH_TOP, Conv, Trunk

OUTPUTS = ("whole", "cells", "shape")
GRID = SIDE_PX // 16
_NECK = 96
_SEEN = 0.7
"""Around the middle of a box, this share of it is the thing; cells in the rest of it are not learnt."""


class ThingsNet(nn.Module):
    """N x C x 96 x 96, -1 to 1, to `OUTPUTS`, channels second."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__()
        self.trunk = trunk
        self.whole = nn.Conv2d(WIDTH_TOP, len(LABELS), 1)
        self.down = Conv(WIDTH_32, _NECK, 1)
        self.side = Conv(WIDTH_16, _NECK, 1)
        self.mix = nn.Sequential(Conv(_NECK, _NECK, 3, groups=_NECK), Conv(_NECK, 128, 1))
        self.cells = nn.Conv2d(128, len(LABELS), 1)
        self.shape = nn.Conv2d(128, 4, 1)
        for head in (self.whole, self.cells, self.shape):
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias) if head.bias is not None else None
        with torch.no_grad():
            if self.cells.bias is not None and self.shape.bias is not None:
                self.cells.bias[NOTHING] = 2.0
                self.shape.bias.fill_(0.2)

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """See the class."""
        seen = self.trunk(picture)
        whole = self.whole(seen.top)
        low = self.down(seen.at_32)
        high = functional.interpolate(low, scale_factor=2.0, mode="bilinear", align_corners=False)
        mixed = self.mix(self.side(seen.at_16) + high)
        return whole, self.cells(mixed), self.shape(mixed)


@dataclass(frozen=True, slots=True)
class Target:
    """What one square should be answered with.

    `kind` of the whole; `cells` GRID x GRID classes (`IGNORED` where nothing is learnt); `shape` 4 x GRID x
    GRID, in sides of the square, which counts where `cells` is a thing.
    """

    kind: int
    cells: NDArray[np.int64]
    shape: NDArray[np.float32]


def target(kind: int, things: list[Marked], boxed: bool) -> Target:
    """`things` in pixels of the square; without `boxed` no cell is learnt."""
    cells = np.full((GRID, GRID), NOTHING if boxed else IGNORED, np.int64)
    shape = np.zeros((4, GRID, GRID), np.float32)
    if not boxed:
        return Target(kind, cells, shape)
    stride = SIDE_PX / GRID
    y, x = (np.mgrid[:GRID, :GRID] + 0.5) * stride
    for thing in sorted(things, key=lambda t: -(t.box[2] - t.box[0]) * (t.box[3] - t.box[1])):
        x0, y0, x1, y1 = thing.box
        cx, cy = (x0 + x1) / 2.0, (y0 + y1) / 2.0
        inside = (x > x0) & (x < x1) & (y > y0) & (y < y1)
        half_w, half_h = _SEEN * (x1 - x0) / 2.0, _SEEN * (y1 - y0) / 2.0
        core = (np.abs(x - cx) < max(half_w, stride / 2.0)) & (np.abs(y - cy) < max(half_h, stride / 2.0))
        cells[inside & ~core & (cells == NOTHING)] = IGNORED
        cells[core] = thing.kind
        for number, distance in enumerate((x - x0, y - y0, x1 - x, y1 - y)):
            shape[number][core] = (distance / SIDE_PX)[core]
    return Target(kind, cells, shape)


def _gun_aware(logits: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
    """Cross entropy of N x classes; `GUN` is a handgun or a long gun, `IGNORED` costs nothing."""
    every = functional.log_softmax(logits, dim=1)
    either = torch.logaddexp(every[:, HANDGUN], every[:, LONG_GUN])
    named = every.gather(1, kinds.clamp(0, len(LABELS) - 1)[:, None])[:, 0]
    return torch.where(kinds == GUN, -either, -named) * (kinds != IGNORED)


@dataclass(frozen=True, slots=True)
class Loss:
    """The parts and their sum."""

    whole: torch.Tensor
    cells: torch.Tensor
    shape: torch.Tensor

    @property
    def total(self) -> torch.Tensor:
        return self.whole + 0.5 * self.cells + self.shape


def loss(
    outputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    kinds: torch.Tensor,
    cells: torch.Tensor,
    shape: torch.Tensor,
) -> Loss:
    """Mean over squares; things and the cells around them weigh the same, however small a thing is."""
    whole = _gun_aware(outputs[0].mean((2, 3)), kinds)
    known = (kinds != IGNORED).sum().clamp(min=1)
    flat = outputs[1].permute(0, 2, 3, 1).reshape(-1, len(LABELS))
    each = _gun_aware(flat, cells.reshape(-1)).reshape(cells.shape)
    thing = cells > NOTHING
    empty = cells == NOTHING
    per_cell = (each * thing).sum() / thing.sum().clamp(min=1) + (each * empty).sum() / empty.sum().clamp(
        min=1
    )
    off = functional.smooth_l1_loss(outputs[2], shape, reduction="none", beta=0.05).mean(1)
    per_shape = (off * thing).sum() / thing.sum().clamp(min=1)
    return Loss(whole.sum() / known, per_cell, per_shape)
