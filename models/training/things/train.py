"""Trains the second look's network and leaves its weights in `OUT/final.pt`.

    python -m models.training.things.train --data ../shared/data --cache CACHE --out runs/things-seed-0

Seeded; stopped and started again it goes on from its last checkpoint. `--leave-out SOURCE` (part of its
name, may be repeated) keeps whole sources away and, in every other source, the groups of the `val` and
`test` parts: on the latter the operating point is chosen, on the former it is judged. Without it everything
is learnt from.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from models.training.common import Average, Progress, part, save_checkpoint, seed_all, to_input
from models.training.things.data import Picture, prepare
from models.training.things.net import ThingsNet, loss, target
from models.training.things.samples import Samples
from models.training.trunk import imagenet_trunk, shipped_weights

BATCH = 32
RATE = 1.5e-4
_HEAD_RATE = 8.0
"""The heads begin with nothing and go faster than the trunk."""
_FROZEN_BLOCKS = 3
"""The first blocks see edges, which are the same everywhere; left alone they cost nothing on the way back."""
_DECAY = 0.02
_EVERY = 100


def learnt_from(pictures: Sequence[Picture], left_out: Sequence[str]) -> list[Picture]:
    """What a run may see: see `--leave-out`."""
    if not left_out:
        return list(pictures)
    return [
        p for p in pictures if not any(word in p.source for word in left_out) and part(p.group) == "train"
    ]


def network(teacher: Path, channels: int = 1, begin: Path | None = None) -> ThingsNet:
    """Begun with ImageNet's weights, or with those of an earlier run (`.pt`) or of a shipped `.tflite`."""
    model = ThingsNet(imagenet_trunk(teacher, channels, top=True))
    if begin is not None and begin.suffix == ".tflite":
        shipped_weights(begin, model)
    elif begin is not None:
        model.load_state_dict(torch.load(begin, weights_only=True)["model"])
    return model


def train(
    model: ThingsNet, pictures: Sequence[Picture], out: Path, steps: int, seed: int, rate: float
) -> None:
    """`steps` batches from where `out/last.pt` stopped; `out/final.pt` holds the averaged weights."""
    model = model.to(memory_format=torch.channels_last)
    frozen = [model.trunk.first, *list(model.trunk.blocks)[:_FROZEN_BLOCKS]]
    for module in frozen:
        module.requires_grad_(False)
    heads = [p for n, p in model.named_parameters() if not n.startswith("trunk")]
    trunk = [p for p in model.trunk.parameters() if p.requires_grad]
    groups = [{"params": trunk, "lr": rate}, {"params": heads, "lr": rate * _HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, lr=rate, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    average = Average(model, 0.995)
    first = 0
    last = out / "last.pt"
    if last.exists():
        stored = torch.load(last, weights_only=True)
        model.load_state_dict(stored["model"])
        optimiser.load_state_dict(stored["optimiser"])
        schedule.load_state_dict(stored["schedule"])
        average.state, first = stored["average"], int(stored["step"])
    samples = Samples(pictures, seed * 1_000_003 + first)
    progress = Progress(steps)
    shown = {"whole": 0.7, "cells": 1.0, "shape": 0.1}
    model.train()
    for step in range(first, steps):
        batch = [samples.next() for _ in range(BATCH)]
        x = torch.from_numpy(np.stack([to_input(s.grey) for s in batch]))
        x = x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)
        wanted = [target(s.kind, s.things, s.boxed) for s in batch]
        parts = loss(
            model(x.contiguous(memory_format=torch.channels_last)),
            torch.tensor([w.kind for w in wanted]),
            torch.from_numpy(np.stack([w.cells for w in wanted])),
            torch.from_numpy(np.stack([w.shape for w in wanted])),
        )
        optimiser.zero_grad(set_to_none=True)
        parts.total.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 4.0)
        optimiser.step()
        schedule.step()
        average.update(model, step)
        for name, value in (("whole", parts.whole), ("cells", parts.cells), ("shape", parts.shape)):
            shown[name] += 0.05 * (value.item() - shown[name])
        progress.tell(step, **shown)
        with (out / "losses.csv").open("a") as file:
            file.write(f"{step},{parts.whole.item():.4f},{parts.cells.item():.4f},{parts.shape.item():.4f}\n")
        if (step + 1) % _EVERY == 0:
            content = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
            content |= {"schedule": schedule.state_dict(), "average": average.state}
            save_checkpoint(last, content)
    save_checkpoint(out / "final.pt", {"model": average.state})


def _rate(step: int, steps: int) -> float:
    """Warm for a twentieth, then a cosine to a hundredth."""
    warm = max(steps // 20, 1)
    if step < warm:
        return (step + 1) / warm
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/things-cache"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=850)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--leave-out", action="append", default=[])
    parser.add_argument("--start-from", type=Path, help="a final.pt or a shipped things.tflite")
    parser.add_argument("--colour", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    seed_all(arguments.seed)
    pictures = learnt_from(prepare(arguments.data, arguments.cache, arguments.colour), arguments.leave_out)
    arguments.out.mkdir(parents=True, exist_ok=True)
    teacher = arguments.data / "teachers" / "mnv2_imagenet_float16.npz"
    model = network(teacher, 3 if arguments.colour else 1, arguments.start_from)
    print(f"{len(pictures)} pictures, {arguments.steps} steps of {BATCH}", flush=True)
    train(model, pictures, arguments.out, arguments.steps, arguments.seed, arguments.rate)


if __name__ == "__main__":
    main()
