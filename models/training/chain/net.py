"""A small network of the plain kind that earlier work puts behind its chain: convolutions, softmax."""

from __future__ import annotations

import torch
from torch import nn

from edge.vision.chain_net import LABELS

WIDTHS = (16, 32, 64, 64)


class ChainNet(nn.Module):
    """Grey 64 x 64 in, two logits out: their softmax is the chance of *bare* and of *covered*."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        i = 1
        for o in WIDTHS:
            layers += [nn.Conv2d(i, o, 3, 2, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU()]
            i = o
        self.maps = nn.Sequential(*layers)
        self.drop = nn.Dropout(dropout)
        self.answer = nn.Conv2d(i, len(LABELS), 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.answer(self.drop(self.maps(x))).flatten(1)
