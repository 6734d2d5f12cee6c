"""Trains the face check on the cache, whole sources left out on request, and keeps the logits of those.

    python -m models.training.check.train --cache CACHE --out RUN --minutes 25
    python -m models.training.check.train --cache CACHE --out RUN --leave-out chandrikadeb7 --minutes 9

Resumes from `RUN/last.pt`. The length is given in samples, or in minutes as measured in the first steps.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge.vision.face.check import LABELS, log_odds
from models.training.check.augment import plain, spoilt
from models.training.check.data import COVERED, Cache, load
from models.training.check.net import HEADS, CheckNet, covered_logit
from models.training.check.pool import Pool, load_pool
from models.training.common import Average, Progress, part, save_checkpoint, seed_all, to_input

ALWAYS_OUT = ("ElisonSherton",)
"""Sources that no run ever sees: twenty people with many pictures each, the test by person."""

SHARES = {"bare": 0.26, "covered": 0.29, "pool": 0.45}
"""Of a batch: real bare faces, real covered ones, composed ones."""


OPEN_HELMET = LABELS.index("open_helmet")


def maker(source: str) -> str:
    """The owner part of a source's name."""
    return source.split("/")[0]


def kept_of(cache: Cache, left_out: tuple[str, ...]) -> NDArray[np.bool_]:
    """Faces that may be trained on: other sources, and of those the groups of the training part."""
    names = np.array([maker(s) for s in cache.source])
    parts = np.array([part(g) for g in cache.group])
    kept: NDArray[np.bool_] = ~np.isin(names, [*left_out, *ALWAYS_OUT]) & (parts != "test")
    return kept


def weights_of(cache: Cache, chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    """Sampling weights: every cell of source and manifest label counts with the root of its number."""
    cells = np.array([f"{s}|{r}" for s, r in zip(cache.source[chosen], cache.raw[chosen], strict=True)])
    _, where, counts = np.unique(cells, return_inverse=True, return_counts=True)
    weight = 1.0 / np.sqrt(counts[where])
    weight[cache.size[chosen] < 30] *= 0.3
    weight[cache.raw[chosen] == "synthetic_mask"] *= 0.5
    # Real dark glasses come from few sources and look most varied: mirrors, gradients, tints.
    weight[cache.label[chosen] == LABELS.index("glasses")] *= 1.6
    return np.asarray(weight / weight.sum())


class Sampler:
    """Draws training batches: uint8 inputs, class, pose with its weight, and whether the eyes are seen."""

    def __init__(self, cache: Cache, pool: Pool, kept: NDArray[np.bool_], rng: np.random.Generator) -> None:
        self.cache, self.pool, self.rng = cache, pool, rng
        bare = np.flatnonzero(kept & ~cache.covered)
        covered = np.flatnonzero(kept & cache.covered)
        usable = kept[pool.base] & ((pool.donor < 0) | kept[np.maximum(pool.donor, 0)])
        self.sets = {"bare": bare, "covered": covered, "pool": np.flatnonzero(usable)}
        self.weights = {"bare": weights_of(cache, bare), "covered": weights_of(cache, covered), "pool": None}
        for name, chosen in self.sets.items():
            print(f"{name}: {len(chosen)} faces")

    def draw(self, n: int) -> tuple[NDArray[np.uint8], dict[str, torch.Tensor]]:
        """One batch."""
        counts = self.rng.multinomial(n, list(SHARES.values()))
        pictures, labels, poses, trusted, eithers = [], [], [], [], []
        for name, count in zip(SHARES, counts, strict=True):
            for i in self.rng.choice(self.sets[name], count, p=self.weights[name]):
                if name == "pool":
                    cut, label, face = self.pool.cuts[i], int(self.pool.label[i]), int(self.pool.base[i])
                else:
                    cut, label, face = self.cache.cuts[i], int(self.cache.label[i]), int(i)
                picture, mirrored = spoilt(cut, self.rng)
                yaw, pitch = self.cache.pose[face] / 45.0
                known = bool(self.cache.marks_real[face]) and np.isfinite(yaw)
                poses.append([(-yaw if mirrored else yaw) if known else 0.0, pitch if known else 0.0])
                # A teacher's landmarks on a covered face are half guessed.
                trusted.append(0.0 if not known else 0.3 if COVERED[self.cache.label[face]] else 1.0)
                pictures.append(picture)
                labels.append(label)
                eithers.append(name == "pool" and label == 0)
        label = torch.tensor(labels)
        return np.stack(pictures), {
            "label": label,
            "pose": torch.tensor(np.clip(np.array(poses), -2, 2), dtype=torch.float32),
            "trusted": torch.tensor(trusted),
            "either": torch.tensor(eithers),
        }


def loss_of(out: tuple[torch.Tensor, ...], target: dict[str, torch.Tensor]) -> torch.Tensor:
    """Classes, covered against bare, pose and eyes together."""
    cover, pose, eyes = out
    label = target["label"]
    covered = torch.from_numpy(COVERED)[label].float()
    # A composed bare face may wear a drawn open helmet: either class is right.
    either = target["either"][:, None] & torch.tensor([name == "open_helmet" for name in LABELS])
    merged = torch.where(either.any(1), torch.logaddexp(cover[:, 0], cover[:, OPEN_HELMET]), cover[:, 0])
    cover = torch.cat([merged[:, None], cover[:, 1:].masked_fill(either[:, 1:], -20.0)], 1)
    loss = functional.cross_entropy(cover, label, label_smoothing=0.05)
    loss = loss + functional.binary_cross_entropy_with_logits(covered_logit(cover), covered * 0.96 + 0.02)
    off = functional.smooth_l1_loss(pose, target["pose"], reduction="none", beta=0.2).sum(1)
    loss = loss + 0.4 * (off * target["trusted"]).mean()
    seen = torch.isin(label, torch.tensor([0, 1, 2, OPEN_HELMET]))
    hidden = torch.isin(label, torch.tensor([LABELS.index("glasses")]))
    told = (seen | hidden).float()
    by_eyes = functional.binary_cross_entropy_with_logits(eyes[:, 0], seen.float(), reduction="none")
    return loss + 0.15 * (by_eyes * told).mean()


def predict(net: torch.nn.Module, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """Class logits (n, 7), pose (n, 2) and eyes (n, 1) of plain inputs."""
    net.eval()
    outs = []
    with torch.no_grad():
        for i in range(0, len(pictures), 256):
            x = torch.from_numpy(to_input(pictures[i : i + 256]))[:, None]
            outs.append([o.numpy() for o in net(x.contiguous(memory_format=torch.channels_last))])
    return tuple(np.concatenate(o) for o in zip(*outs, strict=True))


def report(cache: Cache, index: NDArray[np.int64], logit: NDArray[np.float32], cut: float = 0.0) -> None:
    """Prints right answers by source and manifest label at `covered_logit > cut`."""
    right = (logit > cut) == (cache.covered[index])
    rows = sorted({(maker(cache.source[i]), str(cache.raw[i])) for i in index})
    for source, raw in rows:
        here = np.array([maker(cache.source[i]) == source and cache.raw[i] == raw for i in index])
        print(f"  {source:16s} {raw:16s} {right[here].sum():5d} / {here.sum():5d}  {right[here].mean():.3f}")
    bare = ~cache.covered[index]
    if bare.any() and (~bare).any():
        good, caught = right[bare].mean(), right[~bare].mean()
        print(f"  balanced {(good + caught) / 2:.4f}  bare wrong {1 - good:.4f}")


def finish(net: CheckNet, cache: Cache, kept: NDArray[np.bool_], out: Path) -> None:
    """Writes the finished weights to `out` with what they say of every face not trained on, and prints it."""
    torch.save({"average": net.state_dict()}, out / "final.pt")
    # Everything not trained on is test; of left-out sources all groups are.
    index = np.flatnonzero(~kept)
    cover, pose, eyes = predict(net, np.stack([plain(cache.cuts[i]) for i in index]))
    logit = log_odds(cover, COVERED).astype(np.float32)
    told = {"cover": cover, "pose": pose, "eyes": eyes, "logit": logit}
    np.savez(out / "left_out.npz", path=cache.path[index], index=index, **told)
    report(cache, index, logit)


def main() -> None:
    """Trains one run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--leave-out", nargs="*", default=[])
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--trunk", type=float, default=0.4, help="share of the rate for the trunk")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path, help="weights of an earlier run to begin from")
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = seed_all(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    cache, pool = load(args.cache), load_pool(args.cache)
    kept = kept_of(cache, tuple(args.leave_out))
    sampler = Sampler(cache, pool, kept, rng)
    net = CheckNet().to(memory_format=torch.channels_last)
    # The trunk has learnt from far more faces than there are here: it moves slowly, the heads fast.
    trunk = [p for name, p in net.named_parameters() if name.split(".")[0] not in HEADS]
    heads = [p for name, p in net.named_parameters() if name.split(".")[0] in HEADS]
    optimiser = torch.optim.AdamW(
        [
            {"params": trunk, "weight_decay": 1e-3, "share": args.trunk},
            {"params": heads, "weight_decay": 0.02, "share": 1.0},
        ],
        lr=args.rate,
    )
    if args.start:
        net.load_state_dict(torch.load(args.start, weights_only=True)["average"])
    first, last = 0, args.out / "last.pt"
    # A run that goes on with other sources left out has seen what it claims never to have seen.
    about = {"leave_out": sorted(args.leave_out), "seed": args.seed, "start": str(args.start)}
    about |= {"samples": args.samples, "batch": args.batch}
    total = args.samples // args.batch
    average = Average(net, min(0.998, 1 - 12 / total) if total else 0.998)
    if last.exists():
        stored = torch.load(last, weights_only=False)
        if stored.get("about") != about:
            parser.error(f"{args.out} holds a run with other settings; give another --out or remove it")
        net.load_state_dict(stored["net"])
        optimiser.load_state_dict(stored["optimiser"])
        average.state = stored["average"]
        first, total = stored["step"], stored["total"]
        rng.bit_generator.state = stored["rng"]
    begun = time.monotonic()
    progress: Progress | None = None
    running = 0.0
    step = first
    while not total or step < total:
        if not total and step == 30:
            # The first steps, which also warm up, tell how many fit into the time.
            total = max(100, int(args.minutes * 60 / ((time.monotonic() - begun) / 30)))
        if total and progress is None:
            progress = Progress(total, 30.0)
        rate = args.rate * min(1.0, (step + 1) / 100)
        if total:
            rate *= 0.5 * (1 + math.cos(math.pi * step / total)) * 0.99 + 0.01
        for group in optimiser.param_groups:
            group["lr"] = rate * group["share"]
        pictures, target = sampler.draw(args.batch)
        net.train()
        x = torch.from_numpy(to_input(pictures))[:, None].contiguous(memory_format=torch.channels_last)
        loss = loss_of(net(x), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step += 1
        average.update(net, step)
        running += 0.02 * (float(loss.detach()) - running) if step > 1 else float(loss.detach())
        if progress:
            progress.tell(step, loss=running, rate=rate)
        if total and (step % 400 == 0 or step == total):
            save_checkpoint(
                last,
                {
                    "about": about,
                    "net": net.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "average": average.state,
                    "step": step,
                    "total": total,
                    "rng": rng.bit_generator.state,
                },
            )
    net.load_state_dict(average.state)
    finish(net, cache, kept, args.out)
    (args.out / "run.json").write_text(json.dumps({**about, "steps": total}) + "\n")


if __name__ == "__main__":
    main()
