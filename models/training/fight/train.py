"""Trains the fight network on the clips of four folds, and keeps what it says of the rest.

    python -m models.training.fight.train --data ../shared/data --cache CACHE --out RUNS/fold-0 --fold 0

A fold's run learns from the surveillance source alone, less one fifth of its scenes; that fifth and the other
sources it never sees. Goes on from `RUN/last.pt`; `RUN/said.npz` holds the log odds of every clip.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge.vision.scene.fight import Window
from models.training.common import Average, Progress, save_checkpoint, seed_all, to_input
from models.training.fight.data import MAIN, NO_FIGHT_TASKS, SEEN_TASKS, Clip, folds_of, read_clips
from models.training.fight.net import FightNet, begun
from models.training.fight.windows import drawn, windows

BATCH = 16
FROZEN = 4
"""Blocks of the trunk that learn nothing new."""
SHARES = (0.5, 0.4, 0.1)
"""Of a batch: fights, the same cameras without one, clips of other tasks without one."""


def batch_of(pictures: Sequence[Window]) -> torch.Tensor:
    """N x 3 x 96 x 128, -1 to 1."""
    x = torch.from_numpy(to_input(np.stack(pictures))).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last)


def log_odds(net: torch.nn.Module, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of each of a clip's windows."""
    net.eval()
    with torch.no_grad():
        said: NDArray[np.float32] = net(batch_of(windows(frames))).mean((1, 2, 3)).numpy()
    return said


class Sampler:
    """Draws batches: scenes are as likely as the root of their number of clips."""

    def __init__(self, sets: Sequence[Sequence[Clip]], rng: np.random.Generator) -> None:
        self.rng = rng
        self.sets = [s for s in sets if s]
        shares = np.array([share for share, s in zip(SHARES, sets, strict=True) if s])
        self.shares = shares / shares.sum()
        self.weights = [_weights(s) for s in self.sets]

    def draw(self) -> tuple[torch.Tensor, torch.Tensor]:
        """One batch and what it shows."""
        pictures, fights = [], []
        for number, count in enumerate(self.rng.multinomial(BATCH, self.shares)):
            for i in self.rng.choice(len(self.sets[number]), count, p=self.weights[number]):
                clip = self.sets[number][i]
                picture, fight = drawn(clip.frames, bool(clip.fight), self.rng)
                pictures.append(picture)
                fights.append(float(fight))
        return batch_of(pictures), torch.tensor(fights)


def _weights(clips: Sequence[Clip]) -> NDArray[np.float64]:
    groups = [c.group for c in clips]
    weight = np.array([1.0 / math.sqrt(groups.count(g)) for g in groups])
    return np.asarray(weight / weight.sum())


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fold", type=int, required=True, help="the fifth of the scenes that is never seen")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.out.mkdir(parents=True, exist_ok=True)
    every = read_clips(arguments.cache, ("fight", *NO_FIGHT_TASKS))
    scenes = [c for c in every if c.task == "fight" and c.fight is not None]
    fold = folds_of([c for c in scenes if c.maker == MAIN])
    scenes = [c for c in scenes if c.maker == MAIN and fold[c.group] != arguments.fold]
    sets = (
        [c for c in scenes if c.fight],
        [c for c in scenes if not c.fight],
        [c for c in every if c.task in NO_FIGHT_TASKS],
    )
    print("clips:", *(len(s) for s in sets))
    rng = seed_all(arguments.seed)
    net = begun(arguments.data / "teachers" / "mnv2_imagenet_float16.npz")
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = _learn(net, Sampler(sets, rng), arguments.steps, arguments.rate, arguments.out / "last.pt")
    net.load_state_dict(average.state)
    torch.save({"net": net.state_dict()}, arguments.out / "final.pt")
    every += read_clips(arguments.cache, SEEN_TASKS)
    said = {c.path: log_odds(net, c.frames) for c in every}
    np.savez(arguments.out / "said.npz", **said)


def _learn(net: FightNet, sampler: Sampler, steps: int, rate: float, last: Path) -> Average:
    """The running average of the weights after `steps` batches."""
    # Edges and corners stay as ImageNet taught them: fewer clips than weights, and a third of the time.
    for frozen in (net.trunk.first, *net.trunk.blocks[:FROZEN]):
        frozen.requires_grad_(False)
    head = list(net.answer.parameters())
    trunk = [p for p in net.trunk.parameters() if p.requires_grad]
    groups = [{"params": trunk, "lr": rate}, {"params": head, "lr": rate * 4}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.02)

    def pace(step: int) -> float:
        return min((step + 1) / 20, 0.5 * (1 + math.cos(math.pi * step / steps)) + 0.01)

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, pace)
    average = Average(net, 0.98)
    begin = 0
    if last.exists():
        kept = torch.load(last, weights_only=False)
        net.load_state_dict(kept["net"])
        optimiser.load_state_dict(kept["optimiser"])
        schedule.load_state_dict(kept["schedule"])
        average.state = kept["average"]
        sampler.rng.bit_generator.state = kept["rng"]
        begin = kept["step"]
    progress, saved = Progress(steps), time.monotonic()
    net.train()
    for step in range(begin, steps):
        x, fight = sampler.draw()
        said = net(x).mean((1, 2, 3))
        loss = functional.binary_cross_entropy_with_logits(said, fight * 0.9 + 0.05)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        average.update(net, step)
        progress.tell(step, loss=float(loss.detach()))
        if time.monotonic() - saved > 60.0 or step + 1 == steps:
            saved = time.monotonic()
            save_checkpoint(
                last,
                {
                    "net": net.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "average": average.state,
                    "rng": sampler.rng.bit_generator.state,
                    "step": step + 1,
                },
            )
    return average


if __name__ == "__main__":
    main()
