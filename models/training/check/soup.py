"""Makes one network of several that began from the same trunk: the mean of their weights.

    python -m models.training.check.soup --cache CACHE --out RUNS/a --runs RUNS/a0 RUNS/a1 RUNS/a2

The runs differ in nothing but their seed. Their mean errs less on pictures of another kind than each of them
(Wortsman et al., Model soups, 2022; Ramé et al., Diverse weight averaging, 2022) and costs what one costs.
The batch normalisations are measured again, for a mean of weights has other activations than its parts. `OUT`
is a run like those that `check_train` leaves.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from models.training.check.net import CheckNet
from models.training.check.train import Lessons, Sampler, finish
from models.training.common import seed_all, to_input

BATCHES, BATCH = 100, 128
"""What the batch normalisations are measured on: spoilt training faces."""


def mean_of(runs: list[Path]) -> dict[str, torch.Tensor]:
    """The mean of the runs' finished weights."""
    states = [torch.load(run / "final.pt", weights_only=True)["average"] for run in runs]
    return {
        name: torch.stack([s[name] for s in states]).mean(0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }


def main() -> None:
    """Averages."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stages", action="store_true", help="each run went on from the one before it")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = seed_all(args.seed)
    unfinished = [str(r) for r in args.runs if not ((r / "run.json").exists() and (r / "final.pt").exists())]
    if unfinished:
        parser.error(f"no finished run of check_train in {', '.join(unfinished)}")
    abouts = [json.loads((run / "run.json").read_text()) for run in args.runs]
    leave_out = abouts[0]["leave_out"]
    if any(set(about["leave_out"]) != set(leave_out) for about in abouts):
        parser.error("the runs left out different sources: their mean has seen what one of them left out")
    if len({about.get("start") for about in abouts}) > 1 and not args.stages:
        parser.error("the runs began from different trunks: the mean of their weights means nothing")
    lessons = Lessons.of(args.cache)
    net = CheckNet().to(memory_format=torch.channels_last)
    net.load_state_dict(mean_of(args.runs))
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # all batches count the same
    sampler = Sampler(lessons, tuple(leave_out), rng)
    net.train()
    with torch.no_grad():
        for _ in tqdm(range(BATCHES), desc="normalisations", mininterval=10):
            x = torch.from_numpy(to_input(sampler.draw(BATCH)[0]))[:, None]
            net(x.contiguous(memory_format=torch.channels_last))
    args.out.mkdir(parents=True, exist_ok=True)
    finish(net, lessons, tuple(leave_out), args.out)
    about = {**abouts[0], "runs": len(args.runs), "seed": [about["seed"] for about in abouts]}
    (args.out / "run.json").write_text(json.dumps(about) + "\n")


if __name__ == "__main__":
    main()
