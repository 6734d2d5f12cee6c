"""The face check's network: a narrow copy of a face recogniser's trunk, one grey input, three outputs."""

from __future__ import annotations

import torch
from torch import nn

from edge.vision.face.check import COVERS, LABELS

OUTPUTS = ("cover", "pose", "face")
"""Class logits; yaw and pitch in units of 45 degrees; logit of any face, bare or covered, in the cut."""

STEM = 32
"""Channels of the first two convolutions."""

BLOCKS = (
    (0, 64, 64, 2),
    (1, 40, 64, 1),
    (2, 40, 64, 1),
    (3, 40, 64, 1),
    (5, 96, 128, 2),
    (6, 64, 128, 1),
    (8, 64, 128, 1),
    (9, 64, 128, 1),
    (11, 64, 128, 1),
)
"""Number of the teacher's block, width inside, channels after it, stride."""

HEADS = ("pool", "cover", "pose", "face")
"""The members that are new; the rest has learnt from the teacher."""

HALFWAY = 4
"""The block whose output is compared with the teacher's, besides the last one's."""

STEM_SLOPES = (-2.3125, 3.0234)
SLOPES = {
    0: (3.7227, 4.1055),
    1: (-2.041, 2.9004),
    2: (3.3184, 3.9766),
    3: (-0.9722, 2.0039),
    5: (7.4688, 1.6592),
    6: (0.8955, -0.8281),
    8: (-3.0645, -0.7915),
    9: (0.6611, -0.9551),
    11: (-0.0519, -0.793),
}
"""Slopes of the rectifiers below zero, two a block: the teacher learnt them, one a layer."""


class Block(nn.Module):
    """Widen, look around, narrow; the teacher's squeeze-and-excitation is a constant within the last."""

    def __init__(self, i: int, inner: int, o: int, stride: int, slopes: tuple[float, float]) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(i, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.LeakyReLU(slopes[0]),
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.LeakyReLU(slopes[1]),
            nn.Conv2d(inner, o, 1, bias=False),
            nn.BatchNorm2d(o),
        )
        self.same = i == o and stride == 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x) if self.same else self.body(x)


class CheckNet(nn.Module):
    """The heads weigh the last map place by place, as the face is aligned."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, STEM, 3, 2, 1, bias=False),
            nn.BatchNorm2d(STEM),
            nn.LeakyReLU(STEM_SLOPES[0]),
            nn.Conv2d(STEM, STEM, 3, 1, 1, groups=STEM, bias=False),
            nn.BatchNorm2d(STEM),
            nn.LeakyReLU(STEM_SLOPES[1]),
        )
        blocks, i = [], STEM
        for number, inner, o, stride in BLOCKS:
            blocks.append(Block(i, inner, o, stride, SLOPES[number]))
            i = o
        self.blocks = nn.ModuleList(blocks)
        self.pool = nn.Sequential(nn.Conv2d(i, i, 2, 2, groups=i, bias=False), nn.BatchNorm2d(i))
        self.drop = nn.Dropout(dropout)
        self.cover = nn.Conv2d(i, len(LABELS), 4)
        self.pose = nn.Conv2d(i, 2, 4)
        self.face = nn.Conv2d(i, 1, 4)

    def maps(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.stem(x)
        half = x
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number == HALFWAY:
                half = x
        return half, x

    def heads(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        f = self.drop(self.pool(x))
        return self.cover(f).flatten(1), self.pose(f).flatten(1), self.face(f).flatten(1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.heads(self.maps(x)[1])


def covered_logit(cover: torch.Tensor) -> torch.Tensor:
    """Log-odds of any cover against bare, (n,)."""
    covers = torch.tensor([label in COVERS for label in LABELS])
    return torch.logsumexp(cover[:, covers], 1) - torch.logsumexp(cover[:, ~covers], 1)


@torch.no_grad()
def as_it_was(norm: nn.Module, x: torch.Tensor, bias: torch.Tensor) -> None:
    """Sets a batch normalisation so that it only adds `bias` to the channels of `x`."""
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False) + 1e-6
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_(torch.sqrt(variance + norm.eps))
    norm.bias.copy_(mean + bias)
