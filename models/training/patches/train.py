"""Fine-tunes the embedding: the same place in other light comes near, a change in it goes away. One command.

    python -m models.training.patches.train --data ../shared/data --out RUNS/patches --steps 3000

The whole trunk learns, slowly, and its distances between cells of different places are held to those of the
trunk that ImageNet left, so that it goes on telling apart what was never pasted anywhere. Seeded; started
again it goes on from its last checkpoint. `--leave-out WORD` (may be repeated) keeps away every picture whose
group is the word or whose source holds it, beside those that are always kept for measuring; `--start-from`
goes on from a shipped file or a checkpoint.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from edge.vision.scene.patches import CELL_PX, COLUMNS, ROWS, prepared
from models.training.common import Average, Progress, save_checkpoint, seed_all, to_input
from models.training.front.machine import Fold, Machine
from models.training.front.machines import machines
from models.training.patches.data import Picture, away, read
from models.training.patches.export import LEFT_OUT, weights_of
from models.training.patches.net import PatchNet, averaged, begin, joined
from models.training.patches.pairs import SIZES_PX, Pair, draw, front_pair
from models.training.trunk import shipped_weights

LEARNT = ("plate", "foreign surface", "gone")
"""Families of plain changes that teach; the others are for measuring alone."""

_FRONTS = 0.5
"""Of the examples: machines' fronts; the others are any place."""

SIDE_CELLS = 12
"""Each example is a square of so many cells, around its change: a smaller picture learns faster."""

_DRAWN = 30
"""Drawn machines beside the real ones."""

_COVERED, _SHARE = 0.35, 0.02
"""A cell that a change covers by more than the first is changed; by less than the second it is as before."""

_NONE = -1e4
"""Odds of a cell that is not asked."""

_SMALLEST_LOG = 0.01
"""Keeps the logarithm of a distance from asking for nothing at all."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What examples are drawn from: any places, and machines that may be learnt from."""

    places: Sequence[Picture]
    fronts: Sequence[Machine]


@dataclass(frozen=True, slots=True)
class Batch:
    """Real inputs N x 1 x side x side before, in other light, changed in that light; the others N x cells x
    cells, as of `Pair`."""

    before: torch.Tensor
    light: torch.Tensor
    change: torch.Tensor
    cover: torch.Tensor
    unknown: torch.Tensor


def batch_of(pairs: Sequence[Pair], rng: np.random.Generator) -> Batch:
    """The same square of all three pictures of each pair, with its change in it."""
    looks: tuple[list[NDArray[np.float32]], ...] = ([], [], [])
    covers: list[NDArray[np.float32]] = []
    unknowns: list[NDArray[np.float32]] = []
    side = SIDE_CELLS * CELL_PX
    for pair in pairs:
        row, column = (int(n) for n in np.unravel_index(int(pair.cover.argmax()), pair.cover.shape))
        top = 2 * int(np.clip(row - rng.integers(2, SIDE_CELLS - 2), 0, ROWS - SIDE_CELLS) // 2)
        left = 2 * int(np.clip(column - rng.integers(2, SIDE_CELLS - 2), 0, COLUMNS - SIDE_CELLS) // 2)
        y, x = top * CELL_PX, left * CELL_PX
        for kept, grey in zip(looks, (pair.before, pair.light, pair.change), strict=True):
            kept.append(to_input(prepared(grey))[y : y + side, x : x + side])
        for cells, kept_cells in ((pair.cover, covers), (pair.unknown, unknowns)):
            kept_cells.append(cells[top : top + SIDE_CELLS, left : left + SIDE_CELLS])
    before, light, change = (torch.from_numpy(np.stack(kept))[:, None] for kept in looks)
    return Batch(before, light, change, *(torch.from_numpy(np.stack(c)) for c in (covers, unknowns)))


class Judge(nn.Module):
    """Odds that a cell has changed, from its distance: two numbers that learn along and are not shipped."""

    def __init__(self) -> None:
        super().__init__()
        self.steep = nn.Parameter(torch.tensor(2.0))
        self.middle = nn.Parameter(torch.tensor(-1.5))

    def forward(self, distance: torch.Tensor) -> torch.Tensor:
        """Log-odds, of the same shape."""
        return self.steep.clamp(0.5, 8.0) * ((distance + _SMALLEST_LOG).log() - self.middle)


@dataclass(frozen=True, slots=True)
class Loss:
    """`total` to go down; the parts as numbers, to be shown."""

    total: torch.Tensor
    cells: float
    order: float
    kept: float


def loss(
    vectors: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    taught: torch.Tensor,
    batch: Batch,
    judge: Judge,
    keep: float,
) -> Loss:
    """`vectors` N x C x rows x columns of before, light, change; `taught` those of before by the old one."""
    before, light, change = vectors
    lit, made = (1.0 - (before * other).sum(1) for other in (light, change))
    cover = batch.cover
    near = functional.max_pool2d(cover[:, None], 5, 1, 2)[:, 0]
    known = functional.max_pool2d(batch.unknown[:, None], 3, 1, 1)[:, 0] < _SHARE
    changed, same = cover > _COVERED, (near < _SHARE) & known
    # A change smaller than a cell still has one where it shows most.
    best = cover.flatten(1).max(1).values[:, None, None]
    changed |= (cover >= 0.9 * best) & (best > _SHARE)
    odds_lit, odds_made = judge(lit), judge(made)
    cells = functional.softplus(-odds_made[changed]).mean() + 0.5 * (
        functional.softplus(odds_lit[known]).mean() + functional.softplus(odds_made[same]).mean()
    )
    order = _order(odds_lit.masked_fill(~known, _NONE), odds_made, changed)
    kept = _kept(before, taught)
    return Loss(
        cells + order + keep * kept, float(cells.detach()), float(order.detach()), float(kept.detach())
    )


def _order(odds_lit: torch.Tensor, odds_made: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
    """Every change is to stand above every change of light, each by the cells of it that stand out most."""
    around = functional.max_pool2d(changed[:, None].float(), 3, 1, 1)[:, 0] > 0
    most_made = odds_made.masked_fill(~changed, _NONE).flatten(1).max(1).values
    at_place = odds_lit.masked_fill(~around, _NONE).flatten(1).max(1).values
    anywhere = odds_lit.flatten(1).max(1).values
    return 0.5 * sum(
        (functional.softplus(lower[None] - most_made[:, None]).mean() for lower in (at_place, anywhere)),
        torch.zeros(()),
    )


def _kept(before: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
    """Distances between far cells of all pictures of a batch, held to what the old trunk says."""
    mine, old = (v[:, :, ::2, ::2].permute(0, 2, 3, 1).flatten(0, 2) for v in (before, taught))
    order = torch.randperm(len(mine))[:512]
    mine, old = mine[order], old[order]
    return ((mine @ mine.T - old @ old.T) ** 2).mean() * 30.0


def train(sources: Sources, arguments: argparse.Namespace) -> PatchNet:
    """The averaged network after `arguments.steps` steps."""
    seed_all(arguments.seed)
    model, teacher = begin(arguments.data / "teachers"), begin(arguments.data / "teachers")
    if arguments.start_from is not None:
        start(arguments.start_from, model)
    model, teacher = (m.to(memory_format=torch.channels_last) for m in (model, teacher))
    teacher.eval().requires_grad_(False)
    weights = weights_of(teacher, sources.places)
    judge = Judge()
    average = Average(model, 0.995)
    optimiser = torch.optim.AdamW(
        [
            {"params": list(model.parameters()), "rate": arguments.rate},
            {"params": list(judge.parameters()), "rate": 3e-3},
        ],
        weight_decay=0.0,
    )
    about: dict[str, object] = {
        "leave_out": sorted(arguments.leave_out),
        "seed": arguments.seed,
        "steps": arguments.steps,
        "batch": arguments.batch,
        "rate": arguments.rate,
        "keep": arguments.keep,
    }
    checkpoint, first = arguments.out / "last.pt", 0
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        if kept["about"] != about:
            raise SystemExit(f"{checkpoint} is of a run with other settings; give another --out or remove it")
        model.load_state_dict(kept["model"])
        judge.load_state_dict(kept["judge"])
        optimiser.load_state_dict(kept["optimiser"])
        average.state, first = kept["average"], kept["step"]
        print(f"going on from step {first}", flush=True)
    progress, shown = Progress(arguments.steps), np.zeros(3)
    model.train()
    with (arguments.out / "loss.csv").open("a", newline="") as file:
        curve = csv.writer(file, lineterminator="\n")
        for step in range(first, arguments.steps):
            warm = min(1.0, (step + 1) / min(60, arguments.steps / 5))
            share = warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / arguments.steps)))
            for group in optimiser.param_groups:
                group["lr"] = group["rate"] * share
            batch = _example(sources, arguments, step)
            cost = _cost(model, teacher, judge, batch, weights, arguments.keep)
            optimiser.zero_grad(set_to_none=True)
            cost.total.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            average.update(model, step)
            now = np.array([cost.cells, cost.order, cost.kept])
            shown = now if step == first else 0.97 * shown + 0.03 * now
            progress.tell(
                step, cells=shown[0], order=shown[1], kept=shown[2], steep=float(judge.steep.detach())
            )
            if step % 10 == 0:
                curve.writerow([step, *(f"{v:.4f}" for v in shown)])
            if (step + 1) % 100 == 0 or step + 1 == arguments.steps:
                file.flush()
                state = {"about": about, "step": step + 1, "average": average.state}
                parts = {"model": model, "judge": judge, "optimiser": optimiser}
                save_checkpoint(checkpoint, {**state, **{k: v.state_dict() for k, v in parts.items()}})
    return averaged(checkpoint)


def _example(sources: Sources, arguments: argparse.Namespace, step: int) -> Batch:
    rng = np.random.default_rng((arguments.seed, step))
    pairs: list[Pair] = []
    while len(pairs) < arguments.batch:
        made = None
        if rng.random() < _FRONTS:
            made = front_pair(sources.fronts[int(rng.integers(len(sources.fronts)))], rng)
        pairs.append(made or draw(sources.places, rng, int(rng.choice(SIZES_PX)), str(rng.choice(LEARNT))))
    return batch_of(pairs, rng)


def _cost(
    model: PatchNet, teacher: PatchNet, judge: Judge, batch: Batch, weights: Mapping[str, float], keep: float
) -> Loss:
    looks = torch.cat((batch.before, batch.light, batch.change)).to(memory_format=torch.channels_last)
    with torch.no_grad():
        taught = joined(teacher(batch.before), weights)
    before, light, change = joined(model(looks), weights).chunk(3)
    return loss((before, light, change), taught, batch, judge, keep)


def start(path: Path, model: PatchNet) -> None:
    """The weights of a shipped int8 file or of a checkpoint. SystemExit where it is another network's."""
    try:
        if path.suffix == ".tflite":
            shipped_weights(path, model)
        else:
            model.load_state_dict(torch.load(path, weights_only=True)["average"])
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        raise SystemExit(f"{path} holds no embedding's weights: {str(error).splitlines()[0]}") from None


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Fine-tune the embedding of patches")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/patches"), help="checkpoints")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--keep", type=float, default=1.0, help="how much the old distances count")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--leave-out", action="append", default=[], help="part of a source, or a group")
    parser.add_argument("--start-from", type=Path, help="a checkpoint or a shipped .tflite to begin with")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    every = read(arguments.data)
    arguments.leave_out = [*LEFT_OUT, *arguments.leave_out]
    mine = [p for p in every if not away(p, arguments.leave_out)]
    (arguments.out / "run.json").write_text(json.dumps({"leave_out": arguments.leave_out}))
    print(f"{len(mine)} pictures of {len(every)}, without {arguments.leave_out}", flush=True)
    train(Sources(mine, machines(Fold.TRAINING, arguments.data, _DRAWN)), arguments)


if __name__ == "__main__":
    main()
