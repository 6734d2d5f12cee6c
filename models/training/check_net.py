"""The face check's network: depthwise-separable 3x3 blocks with ReLU6, one grey input, three outputs."""

from __future__ import annotations

import torch
from torch import nn

from edge.vision.check import LABELS, SIZE_PX

OUTPUTS = ("cover", "pose", "eyes")
"""Class logits; yaw and pitch in units of 45 degrees; logit of visible eyes."""


def _conv(i: int, o: int, kernel: int, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(i, o, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(o),
        nn.ReLU6(inplace=True),
    ]


class _Separable(nn.Module):
    def __init__(self, i: int, o: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(*_conv(i, i, 3, stride, i), *_conv(i, o, 1))
        self.same = i == o and stride == 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x) if self.same else self.body(x)


class CheckNet(nn.Module):
    """About 12 million multiply-adds. The last map is weighed place by place (a 6x6 depthwise convolution),
    as the face is aligned; Chen et al., MobileFaceNets, 2018."""

    def __init__(self, dropout: float = 0.2) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_conv(1, 16, 3, 2),
            *_conv(16, 32, 3, 2),
            _Separable(32, 64),
            _Separable(64, 96, 2),
            _Separable(96, 96),
            _Separable(96, 96),
            _Separable(96, 160, 2),
            _Separable(160, 160),
            _Separable(160, 160),
            *_conv(160, 192, 1),
        )
        side = SIZE_PX // 16
        self.pool = nn.Sequential(
            nn.Conv2d(192, 192, side, groups=192, bias=False), nn.BatchNorm2d(192), nn.ReLU6()
        )
        self.drop = nn.Dropout(dropout)
        self.cover = nn.Linear(192, len(LABELS))
        self.pose = nn.Linear(192, 2)
        self.eyes = nn.Linear(192, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        f = self.drop(torch.flatten(self.pool(self.body(x)), 1))
        return self.cover(f), self.pose(f), self.eyes(f)


def covered_logit(cover: torch.Tensor) -> torch.Tensor:
    """Log-odds of any cover against bare, (n,)."""
    return torch.logsumexp(cover[:, 1:], 1) - cover[:, 0]
