"""Makes the face check's trunk from a face recogniser: copies what fits, then learns to see what it sees.

    python -m models.training.check.teach --cache CACHE --teacher ../shared/data/teachers/reid0095.xml \\
        --out RUNS/trunk --leave-out SOURCE... --samples 115000

1. The teacher looks once at framings of cached and composed faces, 128 px wide; its maps after two of its
   blocks are kept.
2. The network takes over the teacher's most telling channels, and its projections are fitted one after the
   other by least squares to what the teacher says there (He, Zhang & Sun, Channel pruning, 2017), although
   it looks at half the teacher's resolution.
3. It is trained to give the teacher's maps from spoilt pictures (Romero et al., FitNets, 2015), beside its
   classes.

Leave out every source that a later run will be measured on: `check_train --start` goes on from `final.pt`.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from tqdm import tqdm

from edge.vision.face.align import EXTENT, SIZE_PX
from models.training.check.augment import as_input, to_grey, weathered
from models.training.check.data import CACHE_EXTENT, CACHE_PX, Cache, load
from models.training.check.net import BLOCKS, HEADS, STEM, CheckNet, as_it_was
from models.training.check.pool import Pool, load_pool
from models.training.check.teacher import SIZE_PX as TEACHER_PX
from models.training.check.teacher import Teacher, TeacherBlock
from models.training.check.train import kept_of, loss_of
from models.training.common import Average, Progress, save_checkpoint, seed_all, to_input
from models.training.files import new_array

_Number = TypeVar("_Number", bound=np.generic)

COMPOSED = 0.45
"""Share of composed faces among the framings."""

LESSONS = (5, 11)
"""The teacher's blocks whose maps are learnt, halved in size; the second is the network's last."""

Grey = NDArray[np.uint8]


class Lessons:
    """Framings of faces with the teacher's maps, memory-mapped files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.greys = np.load(folder / "greys.npy", mmap_mode="r")
        self.maps = [np.load(folder / f"map{block}.npy", mmap_mode="r") for block in LESSONS]
        with np.load(folder / "faces.npz") as stored:
            self.rest = {name: torch.from_numpy(stored[name]) for name in stored.files}

    def __len__(self) -> int:
        return len(self.greys)

    def of(self, index: NDArray[np.int64]) -> tuple[list[torch.Tensor], dict[str, torch.Tensor]]:
        """The teacher's maps (n, channels, 8, 8) and the classes of some framings."""
        maps = [torch.from_numpy(np.asarray(m[index], np.float32)).permute(0, 3, 1, 2) for m in self.maps]
        return maps, {name: values[index] for name, values in self.rest.items()}


def _frame(grey: Grey, rng: np.random.Generator) -> tuple[Grey, bool]:
    """A slightly turned, shifted and stretched cut of a cached face, and whether it is mirrored."""
    turn = np.radians(rng.normal(0, 6))
    zoom = TEACHER_PX / EXTENT * CACHE_EXTENT / CACHE_PX * np.exp(rng.normal(0, 0.09))
    aspect = np.exp(rng.normal(0, 0.09)) if rng.random() < 0.5 else 1.0
    shift = rng.normal(0, 0.04, 2) * TEACHER_PX
    mirrored = bool(rng.random() < 0.5)
    c, s = np.cos(turn), np.sin(turn)
    a = np.array([[c, -s], [s, c]]) * [zoom * np.sqrt(aspect), zoom / np.sqrt(aspect)]
    if mirrored:
        a[0] *= -1
    middle = np.full(2, (CACHE_PX - 1) / 2)
    m = np.hstack([a, ((TEACHER_PX - 1) / 2 + shift - a @ middle)[:, None]])
    size = (TEACHER_PX, TEACHER_PX)
    return np.asarray(cv2.warpAffine(grey, m, size, borderMode=cv2.BORDER_REPLICATE), np.uint8), mirrored


def _items(
    cache: Cache, pool: Pool, kept: NDArray[np.bool_], n: int, rng: np.random.Generator
) -> list[tuple[bool, int]]:
    """Which faces are framed: composed or not, and their index; real covered ones at most four times."""
    usable = np.flatnonzero(kept[pool.base] & ((pool.donor < 0) | kept[np.maximum(pool.donor, 0)]))
    composed = rng.choice(usable, min(len(usable), int(COMPOSED * n)), replace=False)
    covered, bare = np.flatnonzero(kept & cache.covered), np.flatnonzero(kept & ~cache.covered)
    left = n - len(composed)
    of_covered = min(left // 3, 4 * len(covered))
    items = [(True, int(i)) for i in composed]
    for faces, count in ((covered, of_covered), (bare, left - of_covered)):
        rounds = -(-count // max(1, len(faces)))
        items += [
            (False, int(i)) for i in np.concatenate([rng.permutation(faces) for _ in range(rounds)])[:count]
        ]
    return [items[i] for i in rng.permutation(len(items))]


def prepare(
    cache: Cache, pool: Pool, kept: NDArray[np.bool_], teacher: Teacher, n: int, folder: Path
) -> None:
    """Writes the `Lessons` of n framings."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    items = _items(cache, pool, kept, n, rng)

    def file(name: str, shape: tuple[int, ...], kind: type[_Number]) -> NDArray[_Number]:
        return new_array(folder / f"{name}.npy", kind, (len(items), *shape))

    greys = file("greys", (TEACHER_PX, TEACHER_PX), np.uint8)
    side = SIZE_PX // 8
    maps = [file(f"map{block}", (side, side, 128), np.float16) for block in LESSONS]
    label, either = np.zeros(len(items), np.int64), np.zeros(len(items), bool)
    pose, trusted = np.zeros((len(items), 2), np.float32), np.zeros(len(items), np.float32)
    for first in tqdm(range(0, len(items), 32), desc="teacher", mininterval=10):
        here = slice(first, min(first + 32, len(items)))
        for k in range(here.start, here.stop):
            composed, i = items[k]
            face = int(pool.base[i]) if composed else i
            greys[k], mirrored = _frame(
                to_grey(np.asarray(pool.cuts[i] if composed else cache.cuts[i]), rng), rng
            )
            label[k] = pool.label[i] if composed else cache.label[i]
            either[k] = composed and label[k] == 0
            yaw, pitch = cache.pose[face] / 45.0
            if cache.marks_real[face] and np.isfinite(yaw):
                pose[k] = np.clip([-yaw if mirrored else yaw, pitch], -2, 2)
                trusted[k] = 0.3 if cache.covered[face] else 1.0
        outs = teacher.maps(teacher.input_of(np.asarray(greys[here], np.uint8)))
        for file_, block in zip(maps, LESSONS, strict=True):
            file_[here] = functional.avg_pool2d(outs[block], 2).permute(0, 2, 3, 1).numpy()
    np.savez(folder / "faces.npz", label=label, either=either, pose=pose, trusted=trusted)


def small(grey: Grey) -> Grey:
    """A framing in the network's own size."""
    return np.asarray(cv2.resize(grey, (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA), np.uint8)


def _batch(pictures: list[Grey]) -> torch.Tensor:
    x = torch.from_numpy(to_input(np.stack(pictures)))[:, None]
    return x.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def take_over(net: CheckNet, teacher: Teacher, greys: NDArray[np.uint8]) -> None:
    """Gives `net` the teacher's weights as far as they fit, fitted on some hundred framings."""
    net.eval()
    spread: dict[nn.Module, torch.Tensor] = {}

    def note(module: nn.Module, _: object, out: torch.Tensor) -> None:
        spread.setdefault(module, out.std((0, 2, 3)))

    for module in [teacher.act2, *(block.act2 for block in teacher.blocks)]:
        module.register_forward_hook(note)
    parts = [teacher.maps(teacher.input_of(greys[i : i + 32])) for i in range(0, len(greys), 32)]
    goals = [functional.avg_pool2d(torch.cat(outs), 2) for outs in zip(*parts, strict=True)]
    first = teacher.blocks[0]
    assert isinstance(first, TeacherBlock)
    telling = first.expand.weight[:, :, 0, 0].norm(dim=0) * spread[teacher.act2]
    kept = torch.topk(telling, STEM).indices
    # The teacher's colours are one grey here, its light (`Teacher.input_of`) in steps of the network's input.
    weight = teacher.conv.weight[kept]
    assert teacher.conv.bias is not None
    assert teacher.depthwise.bias is not None
    dark = (weight * (teacher.scale * 118 + teacher.shift)).sum((1, 2, 3))
    x = _batch([as_input(small(grey)) for grey in greys])
    conv, norm, act, depthwise, norm2, act2 = net.stem
    conv.weight.copy_((weight * teacher.scale * (55 / 48 * 128)).sum(1, keepdim=True))
    x = conv(x)
    as_it_was(norm, x, teacher.conv.bias[kept] + dark)
    depthwise.weight.copy_(teacher.depthwise.weight[kept])
    x = depthwise(act(norm(x)))
    as_it_was(norm2, x, teacher.depthwise.bias[kept])
    x = act2(norm2(x))
    before: torch.Tensor | None = kept
    numbers = [number for number, *_ in BLOCKS]
    for ours, number, until in zip(net.blocks, numbers, [*numbers[1:], len(goals)], strict=True):
        # A block stands for all of the teacher's that were left out behind it.
        block, goal = teacher.blocks[number], goals[until - 1]
        conv, norm, act, depthwise, norm2, act2, project, norm3 = ours.body
        telling = block.project.weight[:, :, 0, 0].norm(dim=0) * spread[block.act2]
        kept = torch.topk(telling, conv.out_channels).indices
        weight = block.expand.weight[kept]
        conv.weight.copy_(weight if before is None else weight[:, before])
        before = None
        inner = conv(x)
        as_it_was(norm, inner, block.expand.bias[kept])
        depthwise.weight.copy_(block.depthwise.weight[kept])
        inner = depthwise(act(norm(inner)))
        as_it_was(norm2, inner, block.depthwise.bias[kept])
        inner = act2(norm2(inner))
        wanted = goal - x if ours.same else goal
        a = inner.permute(0, 2, 3, 1).flatten(0, 2).double()
        a = torch.cat([a, torch.ones(len(a), 1, dtype=a.dtype)], 1)
        gram = a.T @ a
        gram += 1e-3 * gram.diagonal().mean() * torch.eye(len(gram))
        fitted = torch.linalg.solve(gram, a.T @ wanted.permute(0, 2, 3, 1).flatten(0, 2).double()).float()
        project.weight.copy_(fitted[:-1].T[:, :, None, None])
        inner = project(inner)
        as_it_was(norm3, inner, fitted[-1])
        x = x + norm3(inner) if ours.same else norm3(inner)
        share = 1 - ((x - goal) ** 2).mean((0, 2, 3)) / goal.var((0, 2, 3))
        print(f"block {number}: {float(share.mean()):.3f} of the teacher's variance without training")
    pool, norm = net.pool
    pool.weight.fill_(0.25)
    as_it_was(norm, pool(x), torch.zeros(x.shape[1]))


def main() -> None:
    """Makes a trunk."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, default=Path("../shared/data/teachers/reid0095.xml"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--leave-out", nargs="*", default=[])
    parser.add_argument("--framings", type=int, default=22336)
    parser.add_argument(
        "--bfloat16", action="store_true", help="the teacher looks twice as fast on some processors"
    )
    parser.add_argument("--samples", type=int, default=115000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rng = seed_all(args.seed)
    folder: Path = args.out
    about = {"leave_out": sorted(args.leave_out), "framings": args.framings, "samples": args.samples}
    about |= {"batch": args.batch, "seed": args.seed}
    noted = folder / "about.json"
    if (folder / "faces.npz").exists() and (not noted.exists() or json.loads(noted.read_text()) != about):
        parser.error(f"{folder} holds a trunk with other settings; give another --out or remove it")
    folder.mkdir(parents=True, exist_ok=True)
    noted.write_text(json.dumps(about) + "\n")
    if not (folder / "faces.npz").exists():
        cache = load(args.cache)
        kept = kept_of(cache, tuple(args.leave_out))
        prepare(
            cache, load_pool(args.cache), kept, Teacher(args.teacher, args.bfloat16), args.framings, folder
        )
    lessons = Lessons(folder)
    net = CheckNet().to(memory_format=torch.channels_last)
    heads = [p for name, p in net.named_parameters() if name.split(".")[0] in HEADS]
    trunk = [p for name, p in net.named_parameters() if name.split(".")[0] not in HEADS]
    optimiser = torch.optim.AdamW(
        [{"params": trunk, "weight_decay": 1e-4}, {"params": heads, "weight_decay": 0.02}], lr=args.rate
    )
    total, first = args.samples // args.batch, 0
    if (folder / "last.pt").exists():
        stored = torch.load(folder / "last.pt", weights_only=False)
        net.load_state_dict(stored["net"])
        optimiser.load_state_dict(stored["optimiser"])
        first = stored["step"]
        rng.bit_generator.state = stored["rng"]
        average = Average(net, 0.998)
        average.state = stored["average"]
    else:
        take_over(net, Teacher(args.teacher), np.asarray(lessons.greys[:512]))
        average = Average(net, 0.998)
    few = np.sort(rng.choice(len(lessons), min(512, len(lessons)), replace=False))
    variances = [m.var((0, 2, 3), keepdim=True) + 1e-4 for m in lessons.of(few)[0]]
    progress = Progress(total, 30.0)
    for step in range(first, total):
        rate = args.rate * min(1.0, (step + 1) / 100)
        rate *= 0.5 * (1 + math.cos(math.pi * step / total)) * 0.98 + 0.02
        for group in optimiser.param_groups:
            group["lr"] = rate
        index = np.sort(rng.integers(0, len(lessons), args.batch))
        x = _batch([as_input(weathered(small(grey), rng)) for grey in lessons.greys[index]])
        wanted, target = lessons.of(index)
        net.train()
        seen = net.maps(x)
        off = [((s - w) ** 2 / v).mean() for s, w, v in zip(seen, wanted, variances, strict=True)]
        loss = off[0] + 2 * off[1] + 0.25 * loss_of(net.heads(seen[1]), target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        average.update(net, step)
        progress.tell(step, unlike_halfway=float(off[0].detach()), unlike_last=float(off[1].detach()))
        if step % 200 == 199 or step + 1 == total:
            content = {
                "net": net.state_dict(),
                "optimiser": optimiser.state_dict(),
                "average": average.state,
                "step": step + 1,
                "rng": rng.bit_generator.state,
            }
            save_checkpoint(folder / "last.pt", content)
    torch.save({"average": average.state}, folder / "final.pt")


if __name__ == "__main__":
    main()
