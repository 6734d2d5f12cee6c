"""The fight network: the ImageNet trunk over three pictures of one place, one answer for each part of it."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from models.training.trunk import WIDTH_TOP, Trunk, imagenet_trunk


class FightNet(nn.Module):
    """N x 3 x 96 x 128 in -1 to 1 to N x 1 x 3 x 4 log odds, whose mean is the window's.

    The mean is taken outside: an average-pool would break the int8 graph in two.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk(channels=3, top=True)
        self.drop = nn.Dropout2d(0.2)
        self.answer = nn.Conv2d(WIDTH_TOP, 1, 1)
        nn.init.zeros_(self.answer.weight)
        nn.init.zeros_(self.answer.bias)  # type: ignore[arg-type]

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """See the class."""
        top = self.trunk(picture).top
        assert top is not None
        out: torch.Tensor = self.answer(self.drop(top))
        return out


def begun(weights: Path) -> FightNet:
    """The network before it has learnt anything of fights."""
    net = FightNet()
    net.trunk = imagenet_trunk(weights, channels=3, top=True)
    return net
