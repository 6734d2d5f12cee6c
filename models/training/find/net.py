"""The face finder: a small grey network with heads at strides 8, 16 and 32, its targets and its loss.

Depthwise-separable blocks (Howard et al., MobileNets, 2017) with ReLU6 and a top-down path with bilinear
upsampling: operators that XNNPACK runs as one piece in int8. Every cell of a level gives one logit and 14
distances in units of the stride: left, top, right, bottom of the box (as FCOS, Tian et al., 2019) and five
landmarks. `LEVELS` says which face sizes a level learns; neighbours overlap, and the finder merges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from models.training.find.data import IGNORED

WIDTH, HEIGHT = 320, 240
STRIDES = (8, 16, 32)
OUTPUTS = ("score8", "score16", "score32", "shape8", "shape16", "shape32")
LEVELS = ((10.0, 46.0), (34.0, 115.0), (85.0, 420.0))
"""Square root of a face's area, in pixels of the network's input, that each stride learns."""

TOO_SMALL = 10.0

DEPTHS = (2, 3, 3)
"""Blocks that keep their size at strides 8, 16 and 32."""

EARLIER_DEPTHS = (2, 2, 2)
"""Those of version 4 and before: a file of theirs can still be gone on from."""


def _first(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True)
    )


class Block(nn.Module):
    """3x3 depthwise, then 1x1; added to its input where the shapes agree."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.ReLU6(inplace=True),
            nn.Conv2d(inputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU6(inplace=True),
        )
        self.add = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Same size, or half of it with stride 2."""
        out: torch.Tensor = self.body(x)
        return x + out if self.add else out


def _lateral(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU6(inplace=True)
    )


class FaceFinder(nn.Module):
    """1 x 1 x H x W, -1 to 1, to `OUTPUTS`: scores (logits) and shapes (14 distances) per level."""

    def __init__(
        self,
        widths: tuple[int, int, int, int, int] = (12, 16, 40, 80, 112),
        neck: int = 32,
        depths: tuple[int, int, int] = DEPTHS,
    ) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.to4 = nn.Sequential(_first(1, a), Block(a, b, 2), Block(b, b))
        self.to8 = nn.Sequential(Block(b, c, 2), *(Block(c, c) for _ in range(depths[0])))
        self.to16 = nn.Sequential(Block(c, d, 2), *(Block(d, d) for _ in range(depths[1])))
        self.to32 = nn.Sequential(Block(d, e, 2), *(Block(e, e) for _ in range(depths[2])))
        self.at32 = _lateral(e, neck)
        self.at16 = _lateral(d, neck)
        self.at8 = _lateral(c, neck)
        self.heads = nn.ModuleList(Block(neck, neck) for _ in STRIDES)
        self.scores = nn.ModuleList(nn.Conv2d(neck, 1, 1) for _ in STRIDES)
        self.shapes = nn.ModuleList(nn.Conv2d(neck, 14, 1) for _ in STRIDES)
        for score in self.scores:
            nn.init.normal_(score.weight, std=0.01)
            nn.init.constant_(score.bias, -5.0)
        for shape in self.shapes:
            nn.init.normal_(shape.weight, std=0.01)
            with torch.no_grad():
                shape.bias.zero_()
                shape.bias[:4] = 2.0

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Six maps, in the order of `OUTPUTS`."""
        f8 = self.to8(self.to4(picture))
        f16 = self.to16(f8)
        p32 = self.at32(self.to32(f16))
        p16 = self.at16(f16)
        p16 = p16 + functional.interpolate(p32, size=p16.shape[2:], mode="bilinear", align_corners=False)
        p8 = self.at8(f8)
        p8 = p8 + functional.interpolate(p16, size=p8.shape[2:], mode="bilinear", align_corners=False)
        levels = [head(p) for head, p in zip(self.heads, (p8, p16, p32), strict=True)]
        scores = [s(p) for s, p in zip(self.scores, levels, strict=True)]
        shapes = [s(p) for s, p in zip(self.shapes, levels, strict=True)]
        return (*scores, *shapes)


def cells() -> NDArray[np.float32]:
    """n x 3: x, y of every cell's centre and its stride, levels one after another, row by row."""
    parts = []
    for stride in STRIDES:
        rows, columns = -(-HEIGHT // stride), -(-WIDTH // stride)
        y, x = np.mgrid[:rows, :columns].astype(np.float32)
        parts.append(
            np.stack([(x + 0.5) * stride, (y + 0.5) * stride, np.full_like(x, stride)], axis=-1).reshape(
                -1, 3
            )
        )
    return np.concatenate(parts)


CELLS = cells()
_LEVEL_OF = np.searchsorted(np.array(STRIDES), CELLS[:, 2])
_LOW = np.array([low for low, _ in LEVELS], np.float32)[_LEVEL_OF]
_HIGH = np.array([high for _, high in LEVELS], np.float32)[_LEVEL_OF]


def targets(
    boxes: NDArray[np.float32], marks: NDArray[np.float32], covers: NDArray[np.int8]
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """For every cell: the face it answers for (-1 none, -2 do not learn); the faces' 14 numbers in pixels.

    A face is answered for by the cells near its centre on the levels that learn its size; a ring around
    them, sizes just outside a level's range, very small faces and `IGNORED` boxes are not learnt.
    """
    owner = np.full(len(CELLS), -1, np.int16)
    if not len(boxes):
        return owner, np.zeros((0, 14), np.float32)
    x, y, stride = CELLS[:, 0], CELLS[:, 1], CELLS[:, 2]
    size = np.sqrt(np.maximum(boxes[:, 2] * boxes[:, 3], 1.0))
    best = np.full(len(CELLS), np.inf, np.float32)
    for i in np.argsort(-size):
        left, top, w, h = boxes[i]
        inside = (x > left) & (x < left + w) & (y > top) & (y < top + h)
        if covers[i] == IGNORED or size[i] < TOO_SMALL:
            owner[inside & (owner == -1)] = -2
            continue
        dx, dy = np.abs(x - left - w / 2), np.abs(y - top - h / 2)
        reach_x, reach_y = np.minimum(1.0 * stride, 0.45 * w), np.minimum(1.0 * stride, 0.45 * h)
        # The nearest cell always answers, however small the face.
        reach_x, reach_y = np.maximum(reach_x, 0.51 * stride), np.maximum(reach_y, 0.51 * stride)
        core = (dx <= reach_x) & (dy <= reach_y)
        ring = (dx <= 1.7 * reach_x) & (dy <= 1.7 * reach_y) & ~core
        fits = (size[i] >= _LOW) & (size[i] <= _HIGH)
        nearly = (size[i] >= _LOW / 1.5) & (size[i] <= _HIGH * 1.5)
        owner[(ring | core) & nearly & (owner == -1)] = -2
        distance = np.maximum(dx, dy)
        mine = core & fits & (distance < best)
        best[mine] = distance[mine]
        owner[mine] = i
    shape = np.concatenate([boxes, marks], axis=1).astype(np.float32)
    shape[:, 2] += shape[:, 0]
    shape[:, 3] += shape[:, 1]
    return owner, shape


@dataclass(frozen=True, slots=True)
class Losses:
    """What one batch cost."""

    total: torch.Tensor
    score: float
    box: float
    mark: float


def flatten(outputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Maps to batch x cells logits and batch x cells x 14 distances, in the order of `cells`."""
    n = len(STRIDES)
    score = torch.cat([o.flatten(1) for o in outputs[:n]], dim=1).float()
    shape = torch.cat([o.flatten(2).transpose(1, 2) for o in outputs[n:]], dim=1).float()
    return score, shape


def decode(shape: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Distances (… x 14) at cells (… x 3) to pixels: left, top, right, bottom, five points."""
    stride = where[..., 2:3]
    x, y = where[..., 0:1], where[..., 1:2]
    d = shape * stride
    box = torch.cat([x - d[..., 0:1], y - d[..., 1:2], x + d[..., 2:3], y + d[..., 3:4]], dim=-1)
    points = d[..., 4:] + torch.cat([x, y], dim=-1).repeat_interleave(1, dim=-1).repeat(
        *([1] * (d.ndim - 1)), 5
    )
    return torch.cat([box, points], dim=-1)


def _giou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Generalised intersection over union (Rezatofighi et al., 2019), row by row."""
    inner = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    area_a = (a[:, 2:4] - a[:, :2]).clamp(min=0).prod(1)
    area_b = (b[:, 2:4] - b[:, :2]).prod(1)
    union = area_a + area_b - inner
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    iou = inner / union.clamp(min=1.0)
    return iou - (hull - union) / hull.clamp(min=1.0)


def loss(
    outputs: tuple[torch.Tensor, ...], owners: torch.Tensor, shapes: list[torch.Tensor], where: torch.Tensor
) -> Losses:
    """Score loss with easy negatives weighted down, GIoU for boxes, smooth L1 over face size for landmarks.

    Every answering cell's score is taught 1, whatever its box is worth yet (Zhang et al., 2021, teach the
    overlap): with that a clear masked face scored no more than a plate of food.

    `owners` is batch x cells as `targets` gives them, `shapes` faces x 14 per picture, `where` is `cells`.
    """
    score, shape = flatten(outputs)
    first = torch.tensor([0, *[len(s) for s in shapes[:-1]]]).cumsum(0)
    batch, cell = torch.nonzero(owners >= 0, as_tuple=True)
    count = max(1, len(batch))
    quality = torch.zeros_like(score)
    box_loss = mark_loss = score.sum() * 0.0
    if len(batch):
        wanted = torch.cat(shapes)[first[batch] + owners[batch, cell].long()]
        got = decode(shape[batch, cell], where[cell])
        giou = _giou(got[:, :4], wanted[:, :4])
        quality[batch, cell] = 1.0
        box_loss = (1 - giou).mean()
        size = (wanted[:, 2:4] - wanted[:, :2]).clamp(min=4).prod(1).sqrt()[:, None]
        known = ~torch.isnan(wanted[:, 4:])
        off = functional.smooth_l1_loss(
            got[:, 4:] / size, torch.nan_to_num(wanted[:, 4:]) / size, beta=0.05, reduction="none"
        )
        mark_loss = (off * known).sum() / known.sum().clamp(min=1)
    chance = torch.sigmoid(score.detach())
    weight = torch.where(quality > 0, quality, 0.75 * chance**2)
    weight = torch.where(owners == -2, torch.zeros_like(weight), weight)
    score_loss = (
        functional.binary_cross_entropy_with_logits(score, quality, reduction="none") * weight
    ).sum() / count
    total = score_loss + 1.5 * box_loss + 4.0 * mark_loss
    return Losses(total, float(score_loss.detach()), float(box_loss.detach()), float(mark_loss.detach()))
