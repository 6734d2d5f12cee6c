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
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from edge.vision.face.check import LABELS, log_odds
from models.training.check.augment import plain, spoilt
from models.training.check.data import COVERED, Cache, load
from models.training.check.mesh import Meshes, load_meshes
from models.training.check.net import HEADS, CheckNet, covered_logit
from models.training.check.others import Others, load_others
from models.training.check.pool import Pool, load_pool
from models.training.check.restore import restored
from models.training.check.turned import Turned, load_turned
from models.training.common import Average, Progress, part, save_checkpoint, seed_all, to_input

ALWAYS_OUT = ("ElisonSherton",)
"""Sources that no run ever sees: twenty people with many pictures each, the test by person."""

SHARES = {"bare": 0.20, "covered": 0.22, "pool": 0.26, "turned": 0.19, "others": 0.13}
"""Of a batch: real bare faces, real covered ones, composed ones, such as were turned in space, no faces."""

OPEN_HELMET = LABELS.index("open_helmet")

NO_FACE = -1
"""The label of what is no face."""

NEW_KINDS = 2.0
"""How much more often than others a composed half face, or what was taken for a cover, is drawn."""


FOUND = 6.0
"""How much more often than other cuts of no face such are drawn as a finder took for one."""


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


@dataclass(frozen=True)
class Lessons:
    """All that the check is trained and measured on: a cache's faces and what was made of them."""

    cache: Cache
    pool: Pool
    meshes: Meshes
    turned: Turned
    others: Others

    @staticmethod
    def of(folder: Path) -> Lessons:
        """All in a cache's folder."""
        made = (
            load(folder),
            load_pool(folder),
            load_meshes(folder),
            load_turned(folder),
            load_others(folder),
        )
        return Lessons(*made)

    def pose(self, face: int) -> tuple[float, float, float]:
        """Yaw and pitch of a cached face in degrees, and how far they are to be believed, 0 to 1."""
        if self.meshes.sure[face]:
            yaw, pitch = self.meshes.pose[face]
            return float(yaw), float(pitch), 0.5 if self.cache.covered[face] else 1.0
        yaw, pitch = self.cache.pose[face]
        if not self.cache.marks_real[face] or not np.isfinite(yaw):
            return 0.0, 0.0, 0.0
        return float(yaw), float(pitch), 0.1 if self.cache.covered[face] else 0.3


class Sampler:
    """Draws training batches: uint8 inputs, class, pose with its weight, and whether a face is there."""

    def __init__(self, lessons: Lessons, left_out: tuple[str, ...], rng: np.random.Generator) -> None:
        self.lessons, self.rng = lessons, rng
        cache, pool, turned = lessons.cache, lessons.pool, lessons.turned
        kept = kept_of(cache, left_out)
        bare = np.flatnonzero(kept & ~cache.covered)
        covered = np.flatnonzero(kept & cache.covered)
        self.sets = {
            "bare": bare,
            "covered": covered,
            "pool": np.flatnonzero(made_of(kept, pool.base, pool.donor)),
            "turned": np.flatnonzero(made_of(kept, turned.base, turned.donor)),
            "others": np.flatnonzero(others_kept(lessons.others, left_out)),
        }
        new = np.where(np.isin(pool.what[self.sets["pool"]], ("half", "still_bare")), NEW_KINDS, 1.0)
        near = np.where(lessons.others.what[self.sets["others"]] == "found", FOUND, 1.0)
        self.weights = {
            "bare": weights_of(cache, bare),
            "covered": weights_of(cache, covered),
            "pool": new / new.sum(),
            "turned": None,
            "others": near / near.sum(),
        }
        for name, chosen in self.sets.items():
            print(f"{name}: {len(chosen)} pictures")

    def _one(self, name: str, i: int) -> tuple[NDArray[np.uint8], int, tuple[float, float, float]]:
        """Cut, class and pose of a picture of one of the sets."""
        of = self.lessons
        if name == "others":
            return of.others.cuts[i], NO_FACE, (0.0, 0.0, 0.0)
        if name == "turned":
            yaw, pitch = of.turned.pose[i]
            return of.turned.cuts[i], int(of.turned.label[i]), (float(yaw), float(pitch), 1.0)
        if name == "pool":
            return of.pool.cuts[i], int(of.pool.label[i]), of.pose(int(of.pool.base[i]))
        return of.cache.cuts[i], int(of.cache.label[i]), of.pose(i)

    def draw(self, n: int) -> tuple[NDArray[np.uint8], dict[str, torch.Tensor]]:
        """One batch."""
        counts = self.rng.multinomial(n, list(SHARES.values()))
        pictures, labels, poses, trusted, eithers = [], [], [], [], []
        for name, count in zip(SHARES, counts, strict=True):
            for i in self.rng.choice(self.sets[name], count, p=self.weights[name]):
                cut, label, (yaw, pitch, trust) = self._one(name, int(i))
                picture, mirrored = spoilt(cut, self.rng)
                poses.append([(-yaw if mirrored else yaw) / 45.0, pitch / 45.0])
                trusted.append(trust)
                pictures.append(picture)
                labels.append(label)
                eithers.append(name in ("pool", "turned") and label == 0)
        return np.stack(pictures), {
            "label": torch.tensor(labels),
            "pose": torch.tensor(np.clip(np.array(poses), -2, 2), dtype=torch.float32),
            "trusted": torch.tensor(trusted),
            "either": torch.tensor(eithers),
        }


def made_of(kept: NDArray[np.bool_], base: NDArray[np.int64], donor: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which composed faces are made of kept ones alone."""
    return np.asarray(kept[base] & ((donor < 0) | kept[np.maximum(donor, 0)]), np.bool_)


def others_kept(others: Others, left_out: tuple[str, ...]) -> NDArray[np.bool_]:
    """Which pictures of no face may be trained on: by source and group, as faces."""
    names = np.array([maker(s) for s in others.source])
    parts = np.array([part(g) for g in others.group])
    return np.asarray(~np.isin(names, [*left_out, *ALWAYS_OUT]) & (parts != "test"), np.bool_)


def loss_of(out: tuple[torch.Tensor, ...], target: dict[str, torch.Tensor]) -> torch.Tensor:
    """Classes, covered against bare, pose, and face against anything else together."""
    cover, pose, face = out
    there = target["label"] != NO_FACE
    share = there.float().mean()
    seen = functional.binary_cross_entropy_with_logits(face[:, 0], there.float() * 0.98 + 0.01)
    cover, label, either = cover[there], target["label"][there], target["either"][there]
    covered = torch.from_numpy(COVERED)[label].float()
    # A composed bare face may wear a drawn open helmet: either class is right.
    either = either[:, None] & torch.tensor([name == "open_helmet" for name in LABELS])
    merged = torch.where(either.any(1), torch.logaddexp(cover[:, 0], cover[:, OPEN_HELMET]), cover[:, 0])
    cover = torch.cat([merged[:, None], cover[:, 1:].masked_fill(either[:, 1:], -20.0)], 1)
    loss = functional.cross_entropy(cover, label, label_smoothing=0.05)
    loss = loss + functional.binary_cross_entropy_with_logits(covered_logit(cover), covered * 0.96 + 0.02)
    off = functional.smooth_l1_loss(pose, target["pose"], reduction="none", beta=0.2).sum(1)
    return share * loss + 0.8 * (off * target["trusted"]).mean() + 0.8 * seen


def predict(net: torch.nn.Module, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
    """Class logits (n, 9), pose (n, 2) and face (n, 1) of plain inputs."""
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


def finish(net: CheckNet, lessons: Lessons, left_out: tuple[str, ...], out: Path) -> None:
    """Writes the finished weights to `out` with what they say of all that they never saw, and prints it."""
    torch.save({"average": net.state_dict()}, out / "final.pt")
    cache, turned, others = lessons.cache, lessons.turned, lessons.others
    kept = kept_of(cache, left_out)
    # Everything not trained on is test; of left-out sources all groups are.
    index = np.flatnonzero(~kept)
    cover, pose, face = predict(net, np.stack([plain(cache.cuts[i]) for i in index]))
    logit = log_odds(cover, COVERED).astype(np.float32)
    told = {"cover": cover, "pose": pose, "face": face, "logit": logit}
    np.savez(out / "left_out.npz", path=cache.path[index], index=index, **told)
    report(cache, index, logit)
    for name, made, cuts in (
        ("turned", np.flatnonzero(~kept[turned.base]), turned.cuts),
        ("others", np.flatnonzero(~others_kept(others, left_out)), others.cuts),
    ):
        outs = predict(net, np.stack([plain(cuts[i]) for i in made]))
        np.savez(out / f"{name}.npz", index=made, cover=outs[0], pose=outs[1], face=outs[2])


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
    parser.add_argument(
        "--start", type=Path, help="an earlier run's weights, or a shipped file, to begin from"
    )
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = seed_all(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    lessons = Lessons.of(args.cache)
    sampler = Sampler(lessons, tuple(args.leave_out), rng)
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
    if args.start and args.start.suffix == ".tflite":
        first_look = torch.from_numpy(to_input(sampler.draw(512)[0]))[:, None]
        net.load_state_dict(restored(args.start, first_look).state_dict())
    elif args.start:
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
    finish(net, lessons, tuple(args.leave_out), args.out)
    (args.out / "run.json").write_text(json.dumps({**about, "steps": total}) + "\n")


if __name__ == "__main__":
    main()
