"""The scene network: a MobileNetV2 trunk, a map of where anybody is, whether there are several, and boxes.

`somebody` is a map at stride 32; the score of a picture is the mean of its two best cells (`somebody_logit`).
`several` is one logit of the whole picture. `kinds` and `shapes` are at stride 16, where the feature of
stride 32 is added: for every cell a logit of each kind of thing, and for each kind the distances left, top,
right, bottom to the edges of its box in units of `UNIT_PX`, before a softplus (as FCOS, Tian et al., 2019).
Nothing is normalised and all are logits, so the int8 file is the network as it was learnt.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from edge.vision.scene.people import CELL_PX, HEIGHT, KINDS, MAP_PX, OUTPUTS, UNIT_PX, WIDTH
from models.training.scene.data import HEAD, HEAD_SPOT, PERSON
from models.training.trunk import WIDTH_16, WIDTH_32, Block, Conv, Trunk, imagenet_trunk

__all__ = ["OUTPUTS", "Loss", "SceneNet", "Targets", "begin", "loss", "somebody_logit", "targets"]

NECK = 96
ROWS, COLUMNS = HEIGHT // CELL_PX, WIDTH // CELL_PX
MAP_ROWS, MAP_COLUMNS = HEIGHT // MAP_PX, WIDTH // MAP_PX


class SceneNet(nn.Module):
    """N x 1 x 160 x 192, -1 to 1, to `OUTPUTS`; modules are made in the order in which they run."""

    def __init__(self, trunk: Trunk | None = None) -> None:
        super().__init__()
        self.trunk = trunk or Trunk(1)
        self.around = Conv(WIDTH_32, 192, 1)
        self.near = Conv(192, 192, 3, groups=192)
        self.somebody = nn.Conv2d(192, 1, 1)
        self.several = nn.Conv2d(192, 1, 1)
        self.down = Conv(192, NECK, 1, active=False)
        self.at_16 = Conv(WIDTH_16, NECK, 1, active=False)
        self.neck = nn.Sequential(Block(NECK, NECK, 1, 2), Block(NECK, NECK, 1, 2))
        self.kinds = nn.Conv2d(NECK, len(KINDS), 1)
        self.shapes = nn.Conv2d(NECK, 4 * len(KINDS), 1)
        for last, bias in ((self.somebody, 0.0), (self.several, 0.0), (self.kinds, -3.0), (self.shapes, 1.0)):
            nn.init.normal_(last.weight, std=0.01)
            assert last.bias is not None
            nn.init.constant_(last.bias, bias)

    def forward(self, picture: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Four, in the order of `OUTPUTS`."""
        seen = self.trunk(picture)
        around = self.near(self.around(seen.at_32))
        somebody = self.somebody(around)
        several = self.several(around.mean((2, 3), keepdim=True))
        down = functional.interpolate(self.down(around), scale_factor=2.0, mode="nearest")
        fine = self.neck(functional.relu6(self.at_16(seen.at_16) + down))
        return somebody, several, self.kinds(fine), self.shapes(fine)


def begin(teachers: Path) -> SceneNet:
    """A network on the ImageNet trunk."""
    return SceneNet(imagenet_trunk(teachers / "mnv2_imagenet_float16.npz"))


def somebody_logit(somebody: torch.Tensor) -> torch.Tensor:
    """N: the mean of the two best cells."""
    return somebody.flatten(1).topk(2, dim=1).values.mean(1)


UNKNOWN = -1
"""In targets: neither learnt as there nor as not there."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Of one picture. `somebody` rows x columns at stride 32, `kinds` kinds x rows x columns at stride 16
    (1, 0 or `UNKNOWN`); `shapes` kinds x 4 x rows x columns, NaN where no size is learnt; `whole_*` 1, 0, -1.
    """

    whole_somebody: int
    whole_several: int
    somebody: NDArray[np.int8]
    kinds: NDArray[np.int8]
    shapes: NDArray[np.float32]


_CENTRES_X = (np.arange(COLUMNS, dtype=np.float32) + 0.5) * CELL_PX
_CENTRES_Y = (np.arange(ROWS, dtype=np.float32) + 0.5) * CELL_PX


def targets(
    boxes: NDArray[np.float32], kinds: NDArray[np.int8], somebody: int, several: int, whole: bool, heads: bool
) -> Targets:
    """`boxes` n x 4 corners in the network's pixels; `whole`: nobody stands outside the boxes of persons.

    `heads`: every head is boxed. Where neither is so, what lies outside the boxes is unknown.
    """
    places = np.full((MAP_ROWS, MAP_COLUMNS), 0 if whole or somebody == 0 else UNKNOWN, np.int8)
    wanted = np.zeros((len(KINDS), ROWS, COLUMNS), np.int8)
    if not whole:
        wanted[PERSON] = UNKNOWN
    if not heads:
        wanted[HEAD] = UNKNOWN
    shapes = np.full((len(KINDS), 4, ROWS, COLUMNS), np.nan, np.float32)
    bodies = boxes[kinds == PERSON]
    if whole and not heads:
        wanted[HEAD] = np.where(_inside(bodies, 1.1).any(0), UNKNOWN, 0)
    for box in bodies:
        share = _share(box)
        places[share >= 0.35] = 1
        places[(share > 0.05) & (share < 0.35) & (places == 0)] = UNKNOWN
    # Large ones first: a small box in front of a large one keeps its cells.
    order = np.argsort([-(b[2] - b[0]) * (b[3] - b[1]) for b in boxes])
    for i in order:
        kind = HEAD if kinds[i] == HEAD_SPOT else int(kinds[i])
        box = boxes[i]
        core = _inside(box[None], _CORE)[0]
        if not core.any():
            core = _nearest(box)
        edge = _inside(box[None], 0.8)[0] & ~core & (wanted[kind] == 0)
        wanted[kind][edge] = UNKNOWN
        wanted[kind][core] = 1
        if kinds[i] == HEAD_SPOT:
            shapes[kind][:, core] = np.nan
            continue
        y, x = np.nonzero(core)
        sides = (
            _CENTRES_X[x] - box[0],
            _CENTRES_Y[y] - box[1],
            box[2] - _CENTRES_X[x],
            box[3] - _CENTRES_Y[y],
        )
        shapes[kind][:, y, x] = np.stack(sides) / UNIT_PX
    return Targets(somebody, several, places, wanted, shapes)


_CORE = 0.5
"""Share of a box, around its middle, whose cells learn to find it."""


def _inside(boxes: NDArray[np.float32], share: float) -> NDArray[np.bool_]:
    """n x rows x columns: cells whose centre lies in the middle `share` of each box."""
    middle_x, middle_y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    half_x, half_y = (boxes[:, 2] - boxes[:, 0]) * share / 2, (boxes[:, 3] - boxes[:, 1]) * share / 2
    x = np.abs(_CENTRES_X[None] - middle_x[:, None]) <= half_x[:, None]
    y = np.abs(_CENTRES_Y[None] - middle_y[:, None]) <= half_y[:, None]
    return np.asarray(y[:, :, None] & x[:, None, :])


def _nearest(box: NDArray[np.float32]) -> NDArray[np.bool_]:
    cell = np.zeros((ROWS, COLUMNS), np.bool_)
    x = int(np.clip((box[0] + box[2]) / 2 // CELL_PX, 0, COLUMNS - 1))
    y = int(np.clip((box[1] + box[3]) / 2 // CELL_PX, 0, ROWS - 1))
    cell[y, x] = True
    return cell


def _share(box: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map rows x columns: how much of each cell the box covers."""
    x = np.arange(MAP_COLUMNS, dtype=np.float32) * MAP_PX
    y = np.arange(MAP_ROWS, dtype=np.float32) * MAP_PX
    across = np.clip(np.minimum(x + MAP_PX, box[2]) - np.maximum(x, box[0]), 0, None)
    down = np.clip(np.minimum(y + MAP_PX, box[3]) - np.maximum(y, box[1]), 0, None)
    return np.asarray(down[:, None] * across[None] / MAP_PX**2, np.float32)


@dataclass(frozen=True, slots=True)
class Loss:
    """`total` to go down; the parts as numbers, to be shown."""

    total: torch.Tensor
    somebody: float
    several: float
    kind: float
    box: float


def loss(outputs: tuple[torch.Tensor, ...], wanted: list[Targets]) -> Loss:
    """Of a batch; what is unknown costs nothing."""
    places, several, kinds, shapes = (o.float() for o in outputs)
    whole = torch.tensor([t.whole_somebody for t in wanted])
    map_wanted = torch.from_numpy(np.stack([t.somebody for t in wanted]))
    picture = _known(somebody_logit(places), whole, hard=0.75)
    cells = _known(places[:, 0], map_wanted)
    many = _known(several[:, 0, 0, 0], torch.tensor([t.whole_several for t in wanted]))
    kind, box = _boxes_loss(kinds, shapes, wanted)
    total = picture + 0.5 * cells + 0.4 * many + kind + 0.7 * box
    return Loss(total, *(float(part.detach()) for part in (picture, many, kind, box)))


def _known(logits: torch.Tensor, wanted: torch.Tensor, hard: float = 0.0) -> torch.Tensor:
    """Cross-entropy where something is known; `hard` above 0 gives what is wrong the more weight."""
    known = wanted != UNKNOWN
    if not bool(known.any()):
        return logits.sum() * 0.0
    # 0.02 off certainty: some labels are wrong, and int8 has no room for logits of twenty.
    soft = wanted[known].float() * 0.96 + 0.02
    weight = (logits[known].detach().sigmoid() - soft).abs() ** hard
    return functional.binary_cross_entropy_with_logits(logits[known], soft, weight / weight.mean())


def _boxes_loss(
    kinds: torch.Tensor, shapes: torch.Tensor, wanted: list[Targets]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Focal for the kinds (Lin et al., 2017), GIoU for the boxes (Rezatofighi et al., 2019)."""
    there = torch.from_numpy(np.stack([t.kinds for t in wanted]))
    goal = torch.from_numpy(np.stack([t.shapes for t in wanted]))
    known = there != UNKNOWN
    hit = (there == 1).float()
    odds = functional.binary_cross_entropy_with_logits(kinds, hit * 0.98 + 0.01, reduction="none")
    p = kinds.sigmoid()
    hard = (p * (1 - hit) + (1 - p) * hit) ** 1.5
    weight = (0.3 + 0.4 * hit) * hard * known
    positives = hit.sum().clamp(min=8.0)
    kind = (weight * odds).sum() / positives * 2.0
    n, _, rows, columns = kinds.shape
    found = functional.softplus(shapes.view(n, len(KINDS), 4, rows, columns)).permute(0, 1, 3, 4, 2)
    sized = ~goal[:, :, 0].isnan()
    if not bool(sized.any()):
        return kind, shapes.sum() * 0.0
    return kind, (1.0 - _giou(found[sized], goal.permute(0, 1, 3, 4, 2)[sized])).mean()


def _giou(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """n: of boxes given as distances from one point, which lies in both."""
    low, high = torch.minimum(a, b), torch.maximum(a, b)
    overlap = (low[:, 0] + low[:, 2]).clamp(min=0) * (low[:, 1] + low[:, 3]).clamp(min=0)
    area_a = (a[:, 0] + a[:, 2]) * (a[:, 1] + a[:, 3])
    area_b = (b[:, 0] + b[:, 2]) * (b[:, 1] + b[:, 3])
    union = area_a + area_b - overlap
    around = (high[:, 0] + high[:, 2]) * (high[:, 1] + high[:, 3])
    return overlap / union.clamp(min=1e-3) - (around - union) / around.clamp(min=1e-3)
