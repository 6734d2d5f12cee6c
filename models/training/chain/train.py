"""Trains the network on top of the chain beside the same network on plain pictures, sources left out.

    python -m models.training.chain.train --cache CACHE --out RUNS --folds 0 1 2 --seeds 3
    python -m models.training.chain.train --cache CACHE --out RUNS --arms chain --seeds 1       # from all

Every arm begins with the same weights and sees the very same framings, noise and light in the same order;
only what is done with a picture before the network differs. What each says of the sources left out is kept in
`RUNS/fold-N/RECIPE-SEED-ARM.npz`; a run that is there is not made again.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.training.chain.data import FOLDS, Cuts, load
from models.training.chain.net import ChainNet
from models.training.chain.samples import ARMS, CONDITIONS, asked, drawn, weights_of
from models.training.common import Average, Progress, multiply_adds, seed_all, to_input

RECIPES = ("weathered", "clean")
"""Half of what is learnt from with noise or in less light; or none of it."""

_BATCH = 64


def chances(net: torch.nn.Module, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The softmax's share of *covered*, (n,)."""
    net.eval()
    found = []
    with torch.no_grad():
        for i in range(0, len(pictures), 256):
            x = torch.from_numpy(to_input(pictures[i : i + 256]))[:, None]
            found.append(functional.softmax(net(x), 1)[:, 1].numpy())
    return np.asarray(np.concatenate(found), np.float32)


def learnt(
    cuts: Cuts, chosen: NDArray[np.int64], arms: Sequence[str], weathered: bool, samples: int, seed: int
) -> dict[str, ChainNet]:
    """The averaged network of each arm after one run over the same pictures."""
    rng = seed_all(seed)
    first = ChainNet()
    nets = {arm: copy.deepcopy(first).to(memory_format=torch.channels_last) for arm in arms}
    steps = max(1, samples // _BATCH)
    averages = {arm: Average(net, min(0.998, 1 - 12 / (steps + 12))) for arm, net in nets.items()}
    optimisers = {
        arm: torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.02) for arm, net in nets.items()
    }
    schedules = [
        torch.optim.lr_scheduler.OneCycleLR(o, 3e-3, total_steps=steps + 1, pct_start=0.1)
        for o in optimisers.values()
    ]
    weights = weights_of(cuts, chosen)
    progress = Progress(steps)
    for step in range(steps):
        index = rng.choice(chosen, _BATCH, p=weights)
        pictures = [drawn(cuts.grey[i], rng, weathered=weathered) for i in index]
        label = torch.from_numpy(cuts.covered[index].astype(np.int64))
        losses = {}
        for arm, net in nets.items():
            net.train()
            torch.manual_seed(seed * 1_000_003 + step)  # the same dropout in every arm
            x = torch.from_numpy(to_input(np.stack([ARMS[arm](p) for p in pictures])))[:, None]
            with torch.autocast("cpu", torch.bfloat16):
                answer = net(x.contiguous(memory_format=torch.channels_last))
            loss = functional.cross_entropy(answer.float(), label, label_smoothing=0.02)
            optimisers[arm].zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimisers[arm].step()
            averages[arm].update(net, step)
            losses[arm.replace(" ", "_")] = float(loss.detach())
        for schedule in schedules:
            schedule.step()
        progress.tell(step, **losses)
    for arm, net in nets.items():
        net.load_state_dict(averages[arm].state)
        net.eval()
    return nets


@dataclass(frozen=True, slots=True)
class Run:
    """One recipe and seed with some sources left out; its arms that are not there yet are made together."""

    folder: Path
    recipe: str
    seed: int
    samples: int

    def file(self, arm: str) -> Path:
        """Where the arm's weights lie; what it said of the sources left out lies beside them, as `.npz`."""
        return self.folder / f"{self.recipe}-{self.seed}-{arm.replace(' ', '_')}.pt"

    def make(self, cuts: Cuts, left_out: Sequence[str], arms: Sequence[str], judged: int) -> None:
        """Trains what is missing; judges at most so many faces of the sources left out."""
        missing = [arm for arm in arms if not self.file(arm).exists()]
        if not missing:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        away = np.isin(cuts.maker, left_out)
        nets = learnt(
            cuts, np.flatnonzero(~away), missing, self.recipe == "weathered", self.samples, self.seed
        )
        # The cache lies in an order of chance: the first ones are a fair share.
        index = np.flatnonzero(away)[:judged]
        said: dict[str, dict[str, NDArray[np.float32]]] = {arm: {} for arm in missing}
        for condition in CONDITIONS if len(index) else ():
            faces = [asked(cuts.grey[i], condition, str(cuts.path[i])) for i in index]
            for arm, net in nets.items():
                said[arm][condition] = chances(net, np.stack([ARMS[arm](face) for face in faces]))
        for arm, net in nets.items():
            if len(index):
                np.savez(self.file(arm).with_suffix(".npz"), path=cuts.path[index], **said[arm])
            torch.save(net.state_dict(), self.file(arm))
        print(f"{self.folder.name}, seed {self.seed}, {self.recipe}: {', '.join(missing)}", flush=True)


def main() -> None:
    """Trains what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--folds",
        nargs="+",
        type=int,
        choices=range(len(FOLDS)),
        default=[None],
        help="none: from all sources",
    )
    parser.add_argument("--arms", nargs="+", choices=sorted(ARMS), default=list(ARMS))
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=32000)
    parser.add_argument("--judged", type=int, default=1200, help="faces of the sources left out at most")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cuts = load(args.cache)
    print(f"{multiply_adds(ChainNet(), (1, 1, 64, 64)) / 1e6:.2f} million multiply-adds")
    for seed in range(args.seeds):
        for fold in args.folds:
            for recipe in args.recipes:
                one = Run(args.out / ("all" if fold is None else f"fold-{fold}"), recipe, seed, args.samples)
                one.make(cuts, FOLDS[fold] if fold is not None else (), args.arms, args.judged)


if __name__ == "__main__":
    main()
