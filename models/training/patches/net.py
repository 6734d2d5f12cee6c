"""The embedding network: a MobileNetV2 trunk up to stride 16, read at three depths.

Comparing a place with itself, the shallow depths tell a change from a change of light best; the deep one,
which knows what stands around a cell, helps where a cell is compared with cells of other places. `WEIGHTS`
says how much each counts. A fine-tuned one has a linear layer behind each depth, which begins as no change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import nn
from torch.nn import functional

from edge.vision.scene.patches import OUTPUTS
from models.training.trunk import WIDTH_8, WIDTH_16, Trunk, imagenet_trunk

__all__ = ["OUTPUTS", "WEIGHTS", "PatchNet", "averaged", "balanced", "begin", "joined"]

_FINE_BLOCK, _NEAR_BLOCK, _WIDE_BLOCK = 2, 5, 12
"""The last blocks of strides 4, 8 and 16."""

CHANNELS: Final = (24, WIDTH_8, WIDTH_16)
"""Of the outputs."""

WEIGHTS: Final[Mapping[str, float]] = {"fine": 1.0, "near": 1.0, "wide": 0.5}
"""Of the outputs, each brought to the same length in the mean first."""

Outputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class PatchNet(nn.Module):
    """N x 1 x H x W, -1 to 1, to `OUTPUTS`: 24 and 32 channels at stride 8, 96 at stride 16.

    H and W divide by 16. Modules are made in the order in which they run.
    """

    def __init__(self, trunk: Trunk | None = None, heads: bool = False) -> None:
        super().__init__()
        trunk = trunk or Trunk(1)
        self.first = trunk.first
        self.blocks = nn.ModuleList(list(trunk.blocks)[: _WIDE_BLOCK + 1])
        self.heads = Heads() if heads else None

    def forward(self, picture: torch.Tensor) -> Outputs:
        """See the class."""
        x = self.first(picture)
        fine = near = x
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number == _FINE_BLOCK:
                fine = functional.avg_pool2d(x, 2)
            elif number == _NEAR_BLOCK:
                near = x
        if self.heads is None:
            return fine, near, x
        heard: Outputs = self.heads((fine, near, x))
        return heard


class Heads(nn.Module):
    """A linear layer for each depth."""

    def __init__(self) -> None:
        super().__init__()
        self.each = nn.ModuleList(nn.Conv2d(n, n, 1) for n in CHANNELS)
        for layer in self.each:
            assert isinstance(layer, nn.Conv2d)
            assert layer.bias is not None
            nn.init.eye_(layer.weight.detach()[:, :, 0, 0])
            nn.init.zeros_(layer.bias)

    def forward(self, depths: Sequence[torch.Tensor]) -> Outputs:
        """Of the same shapes."""
        fine, near, wide = (layer(depth) for layer, depth in zip(self.each, depths, strict=True))
        return fine, near, wide


def joined(outputs: Outputs, weights: Mapping[str, float]) -> torch.Tensor:
    """N x 152 x rows x columns at stride 8, each cell of unit length: as `Patches.embed` joins them."""
    size = outputs[0].shape[2:]
    parts = [
        functional.interpolate(o, size=size, mode="bilinear", align_corners=False) * weights[name]
        for name, o in zip(OUTPUTS, outputs, strict=True)
    ]
    return functional.normalize(torch.cat(parts, 1), dim=1, eps=1e-6)


def begin(teachers: Path, heads: bool = False) -> PatchNet:
    """On the ImageNet trunk."""
    return PatchNet(imagenet_trunk(teachers / "mnv2_imagenet_float16.npz"), heads)


def averaged(checkpoint: Path) -> PatchNet:
    """The network of a fine-tuned run's checkpoint, its weights the running mean."""
    model = PatchNet(heads=True)
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    model.eval()
    return model


@torch.no_grad()
def balanced(model: PatchNet, seen: torch.Tensor) -> dict[str, float]:
    """`WEIGHTS` for the outputs as they are, from real inputs N x 1 x H x W."""
    lengths = [float((o**2).sum(1).mean() ** 0.5) for o in model.eval()(seen)]
    return {name: WEIGHTS[name] / length for name, length in zip(OUTPUTS, lengths, strict=True)}
