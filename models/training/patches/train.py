"""Fine-tunes the embedding: the same place in other light comes near, a change in it goes away. One command.

    python -m models.training.patches.train --data ../shared/data --plain PLAIN --out runs/patches/tuned

First the linear layers learn, from what the trunk's int8 file (in the folder PLAIN) says of the examples.
With `--thaw STEPS` the whole network then learns on, slowly. Distances between cells of different places are
held to those of the trunk that ImageNet left, so that it goes on telling apart what was never pasted
anywhere. Seeded; started again it goes on from its last checkpoint. `--leave-out WORD` (may be repeated)
keeps away every picture whose group is the word or whose source holds it, beside those kept for measuring.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from edge.vision.scene.patches import CELL_PX, COLUMNS, ROWS, prepared
from models.training.common import Average, Progress, save_checkpoint, seed_all, to_input
from models.training.front.machine import Fold
from models.training.front.machines import machines
from models.training.patches.data import away, read
from models.training.patches.examples import Sources, Stored, around, stored
from models.training.patches.export import LEFT_OUT, weights_of
from models.training.patches.net import Heads, Outputs, PatchNet, begin, joined
from models.training.patches.pairs import Pair

_DRAWN = 30
"""Drawn machines beside the real ones."""

_SIDE = 12
"""A thawed network learns from squares of so many cells around a change: a smaller picture is quicker."""

_COVERED, _SHARE = 0.35, 0.02
"""A cell that a change covers by more than the first is changed; by less than the second it is as before."""

_JUDGE_RATE = 1e-2

_NONE = -1e4
"""Odds of a cell that is not asked."""

_SMALLEST_LOG = 0.01
"""Keeps the logarithm of a distance from asking for nothing at all."""


class Judge(nn.Module):
    """Odds that a cell has changed, from its distance: two numbers that learn along and are not shipped."""

    def __init__(self) -> None:
        super().__init__()
        self.steep = nn.Parameter(torch.tensor(2.0))
        self.middle = nn.Parameter(torch.tensor(-1.2))

    def forward(self, distance: torch.Tensor) -> torch.Tensor:
        """Log-odds, of the same shape."""
        return self.steep.clamp(0.5, 8.0) * ((distance + _SMALLEST_LOG).log() - self.middle)


@dataclass(frozen=True, slots=True)
class Seen:
    """Vectors N x channels x rows x columns: before, in other light, changed in it; before, by the old one.

    `cover`, `unknown` N x rows x columns, as of `Pair`.
    """

    before: torch.Tensor
    light: torch.Tensor
    change: torch.Tensor
    taught: torch.Tensor
    cover: torch.Tensor
    unknown: torch.Tensor


@dataclass(frozen=True, slots=True)
class Loss:
    """`total` to go down; the parts as numbers, to be shown."""

    total: torch.Tensor
    cells: float
    order: float
    kept: float


def loss(seen: Seen, judge: Judge, keep: float) -> Loss:
    """Cells told apart one by one; every change above every change of light; and what was known, kept."""
    odds_lit, odds_made = (judge(1.0 - (seen.before * o).sum(1)) for o in (seen.light, seen.change))
    known = around(seen.unknown, 1) < _SHARE
    changed, same = seen.cover > _COVERED, (around(seen.cover, 2) < _SHARE) & known
    # A change smaller than a cell still has one where it shows most.
    best = seen.cover.flatten(1).max(1).values[:, None, None]
    changed |= (seen.cover >= 0.9 * best) & (best > _SHARE)
    cells = functional.softplus(-odds_made[changed]).mean() + 0.5 * (
        functional.softplus(odds_lit[known]).mean() + functional.softplus(odds_made[same]).mean()
    )
    order = _order(odds_lit.masked_fill(~known, _NONE), odds_made, changed)
    kept = _kept(seen.before, seen.taught)
    total = cells + order + keep * kept
    return Loss(total, *(float(part.detach()) for part in (cells, order, kept)))


def _order(odds_lit: torch.Tensor, odds_made: torch.Tensor, changed: torch.Tensor) -> torch.Tensor:
    """Every change is to stand above every change of light, each by the cells of it that stand out most."""
    place = around(changed.float(), 1) > 0
    most_made = odds_made.masked_fill(~changed, _NONE).flatten(1).max(1).values
    at_place = odds_lit.masked_fill(~place, _NONE).flatten(1).max(1).values
    anywhere = odds_lit.flatten(1).max(1).values
    costs = [functional.softplus(lower[None] - most_made[:, None]).mean() for lower in (at_place, anywhere)]
    return 0.5 * (costs[0] + costs[1])


def _kept(before: torch.Tensor, taught: torch.Tensor) -> torch.Tensor:
    """Distances between cells of all pictures of a batch, held to what the old network says."""
    mine, old = (v[:, :, ::2, ::2].permute(0, 2, 3, 1).flatten(0, 2) for v in (before, taught))
    order = torch.randperm(len(mine))[:512]
    mine, old = mine[order], old[order]
    return ((mine @ mine.T - old @ old.T) ** 2).mean() * 30.0


class HeadLesson:
    """A batch of what the trunk's file said of the examples; only the linear layers run."""

    def __init__(self, heads: Heads, kept: Stored, weights: dict[str, float], batch: int) -> None:
        self.heads, self.kept, self.weights, self.batch = heads, kept, weights, batch

    def seen(self, step: int) -> Seen:
        """Of one step."""
        rng = np.random.default_rng((1, step))
        chosen = rng.integers(0, len(self.kept.cover), self.batch)
        looks = [self.kept.real(chosen, look) for look in range(3)]
        before, light, change = (joined(self.heads(look), self.weights) for look in looks)
        first: Outputs = (looks[0][0], looks[0][1], looks[0][2])
        return Seen(before, light, change, joined(first, self.weights), *self.kept.covers(chosen))


class WholeLesson:
    """A batch of fresh examples, cut to squares around their changes; the whole network runs."""

    def __init__(
        self, model: PatchNet, teacher: PatchNet, sources: Sources, weights: dict[str, float], batch: int
    ) -> None:
        self.model, self.teacher = model, teacher
        self.sources, self.weights, self.batch = sources, weights, batch

    def seen(self, step: int) -> Seen:
        """Of one step."""
        numbers = range(step * self.batch, (step + 1) * self.batch)
        squares = [_square(self.sources.example(n, 2), np.random.default_rng((3, n))) for n in numbers]
        looks = torch.stack([s[0] for s in squares], 1)
        with torch.no_grad():
            taught = joined(self.teacher(looks[0][:, None]), self.weights)
        mine = joined(self.model(looks.flatten(0, 1)[:, None]), self.weights)
        before, light, change = mine.chunk(3)
        covers = torch.stack([s[1] for s in squares], 1)
        return Seen(before, light, change, taught, covers[0], covers[1])


def _square(pair: Pair, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """3 x side x side real inputs of the three pictures, 2 x cells x cells of cover and unknown."""
    row, column = (int(n) for n in np.unravel_index(int(pair.cover.argmax()), pair.cover.shape))
    top = 2 * int(np.clip(row - rng.integers(2, _SIDE - 2), 0, ROWS - _SIDE) // 2)
    left = 2 * int(np.clip(column - rng.integers(2, _SIDE - 2), 0, COLUMNS - _SIDE) // 2)
    cells = slice(top, top + _SIDE), slice(left, left + _SIDE)
    pixels = tuple(slice(c.start * CELL_PX, c.stop * CELL_PX) for c in cells)
    looks = [to_input(prepared(grey))[pixels] for grey in (pair.before, pair.light, pair.change)]
    covers = [c[cells] for c in (pair.cover, pair.unknown)]
    return torch.from_numpy(np.stack(looks)), torch.from_numpy(np.stack(covers))


@dataclass(frozen=True, slots=True)
class Course:
    """How long and how fast something learns; `name` of its checkpoint."""

    name: str
    steps: int
    rate: float
    keep: float


def learn(
    model: PatchNet, parts: Sequence[nn.Parameter], lesson: Callable[[int], Seen], course: Course, out: Path
) -> None:
    """Leaves the running mean of the weights in `model`, and all in `out/COURSE.pt`."""
    judge, average = Judge(), Average(model, 0.98)
    own = {"params": list(parts), "rate": course.rate}
    beside = {"params": list(judge.parameters()), "rate": _JUDGE_RATE}
    optimiser = torch.optim.AdamW([own, beside], weight_decay=0.0)
    about = {"steps": course.steps, "rate": course.rate, "keep": course.keep}
    checkpoint, first = out / f"{course.name}.pt", 0
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        if kept["about"] != about:
            raise SystemExit(f"{checkpoint} is of a run with other settings; give another --out or remove it")
        model.load_state_dict(kept["model"])
        judge.load_state_dict(kept["judge"])
        optimiser.load_state_dict(kept["optimiser"])
        average.state, first = kept["average"], kept["step"]
        print(f"{course.name}: going on from step {first}", flush=True)
    progress, shown = Progress(course.steps), np.zeros(3)
    with (out / f"{course.name}.csv").open("a", newline="") as file:
        curve = csv.writer(file, lineterminator="\n")
        for step in range(first, course.steps):
            warm = min(1.0, (step + 1) / min(30, course.steps / 5))
            share = warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / course.steps)))
            for group in optimiser.param_groups:
                group["lr"] = group["rate"] * share
            cost = loss(lesson(step), judge, course.keep)
            optimiser.zero_grad(set_to_none=True)
            cost.total.backward()
            nn.utils.clip_grad_norm_(list(parts), 1.0)
            optimiser.step()
            average.update(model, step)
            now = np.array([cost.cells, cost.order, cost.kept])
            shown = now if step == first else 0.95 * shown + 0.05 * now
            progress.tell(step, cells=shown[0], order=shown[1], kept=shown[2])
            if step % 10 == 0:
                curve.writerow([step, *(f"{v:.4f}" for v in shown)])
            if (step + 1) % 50 == 0 or step + 1 == course.steps:
                file.flush()
                held = {"model": model, "judge": judge, "optimiser": optimiser}
                state = {"about": about, "step": step + 1, "average": average.state}
                save_checkpoint(checkpoint, {**state, **{k: v.state_dict() for k, v in held.items()}})
    model.load_state_dict(average.state)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Fine-tune the embedding of patches")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--plain", type=Path, default=Path("runs/patches/plain"), help="the trunk's int8 file"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/patches/tuned"), help="checkpoints")
    parser.add_argument("--examples", type=int, default=800)
    parser.add_argument("--steps", type=int, default=500, help="of the linear layers")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="theirs")
    parser.add_argument("--thaw", type=int, default=0, help="steps of the whole network after these")
    parser.add_argument("--thaw-rate", type=float, default=1e-4)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--keep", type=float, default=0.5, help="how much the old distances count")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--leave-out", action="append", default=[], help="part of a source, or a group")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    seed_all(arguments.seed)
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    every, left_out = read(arguments.data), [*LEFT_OUT, *arguments.leave_out]
    places = [p for p in every if not away(p, left_out)]
    (out / "run.json").write_text(json.dumps({"leave_out": left_out}))
    print(f"{len(places)} pictures of {len(every)}, without {', '.join(left_out)}", flush=True)
    sources = Sources(places, machines(Fold.TRAINING, arguments.data, _DRAWN))
    model, teacher = (begin(arguments.data / "teachers", heads).eval() for heads in (True, False))
    assert model.heads is not None
    weights = weights_of(teacher, places)
    file = out / f"examples-{arguments.examples}-{arguments.seed}.npz"
    kept = stored(sources, arguments.plain, arguments.examples, arguments.seed, file)
    heads = HeadLesson(model.heads, kept, weights, arguments.batch)
    course = Course("heads", arguments.steps, arguments.rate, arguments.keep)
    learn(model, list(model.heads.parameters()), heads.seen, course, out)
    last = out / "heads.pt"
    if arguments.thaw:
        model, teacher = (m.to(memory_format=torch.channels_last) for m in (model, teacher))
        whole = WholeLesson(model, teacher, sources, weights, arguments.batch)
        course = Course("whole", arguments.thaw, arguments.thaw_rate, arguments.keep)
        learn(model, list(model.parameters()), whole.seen, course, out)
        last = out / "whole.pt"
    last.with_name("last.pt").write_bytes(last.read_bytes())


if __name__ == "__main__":
    main()
