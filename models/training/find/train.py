"""Trains the face finder from a data folder and writes `face_find.tflite` with its contract: one command.

    python -m models.training.find.train --data ../shared/data --out models

Seeded; stopped and started again it goes on from its last checkpoint with the scenes it has not seen.
`--leave-out SOURCE` (may be repeated) keeps whole sources away, for measuring on them; without it the
groups of the `val` part choose the operating point and everything else is learnt from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from models.training.common import (
    Average,
    Progress,
    Promise,
    export_int8,
    multiply_adds,
    save_checkpoint,
    seed_all,
    to_input,
)
from models.training.find.data import Picture, may_hide_a_face, overlap, without_face
from models.training.find.gather import gathered, learnt_from
from models.training.find.net import CELLS, HEIGHT, OUTPUTS, STRIDES, WIDTH, FaceFinder, loss, targets
from models.training.find.pool import Pool, pooled
from models.training.find.restore import restored
from models.training.find.scenes import Scenes

VERSION = "5"


class _Scenes(Dataset[tuple[NDArray[np.uint8], NDArray[np.int16], NDArray[np.float32]]]):
    """Scene n and its targets: drawn now, or from the pools made before; opened in the loader's process."""

    def __init__(
        self, fresh: Scenes, pools: Sequence[Pool], seed: int, first: int, count: int, share: float
    ) -> None:
        self._fresh = fresh
        self._pools = pools
        self._seed = seed
        self._first = first
        self._count = count
        self._share = share

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, n: int) -> tuple[NDArray[np.uint8], NDArray[np.int16], NDArray[np.float32]]:
        cv2.setNumThreads(1)
        number = self._first + n
        rng = np.random.default_rng((self._seed, number, 1))
        if self._pools and rng.random() >= self._share:
            scene = pooled(self._pools, number, self._seed)
        else:
            scene = self._fresh.scene(number)
        owner, shape = targets(scene.boxes, scene.marks, scene.covers)
        return scene.grey, owner, shape


_Batch = tuple[torch.Tensor, torch.Tensor, list[torch.Tensor]]


def _collate(items: list[tuple[NDArray[np.uint8], NDArray[np.int16], NDArray[np.float32]]]) -> _Batch:
    pictures = torch.from_numpy(np.stack([to_input(i[0]) for i in items]))[:, None]
    owners = torch.from_numpy(np.stack([i[1] for i in items]))
    return pictures, owners, [torch.from_numpy(i[2]) for i in items]


def train(pictures: list[Picture], arguments: argparse.Namespace) -> FaceFinder:
    """The averaged network after `arguments.steps` steps."""
    seed_all(arguments.seed)
    model = FaceFinder()
    print(f"{multiply_adds(model, (1, 1, HEIGHT, WIDTH)) / 1e6:.1f} M multiply-adds", flush=True)
    model = model.to(memory_format=torch.channels_last)
    average = Average(model, 0.998)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=arguments.rate
    )
    checkpoint = arguments.work / "find.pt"
    begin = 0
    about = {"leave_out": sorted(arguments.leave_out), "seed": arguments.seed, "steps": arguments.steps}
    about |= {"start_from": _hash(arguments.start_from), "batch": arguments.batch, "rate": arguments.rate}
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        if kept.get("about") != about:
            raise SystemExit(
                f"{checkpoint} is of a run with other settings; give another --work or remove it"
            )
        model.load_state_dict(kept["model"])
        optimiser.load_state_dict(kept["optimiser"])
        average.state = kept["average"]
        begin = kept["step"]
        print(f"going on from step {begin}", flush=True)
    elif arguments.start_from is not None:
        model.load_state_dict(_begin_with(arguments.start_from, pictures, arguments.seed))
        average = Average(model, 0.998)
    where = torch.from_numpy(CELLS)
    progress = Progress(arguments.steps)
    model.train()
    for step, (seen, owners, shapes) in enumerate(_batches(pictures, arguments, begin, average), start=begin):
        if arguments.freeze_stem is not None and step >= arguments.freeze_stem and model.to4.training:
            model.to4.requires_grad_(False).eval()
        warm = min(1.0, (step + 1) / min(300, arguments.steps / 10))
        rate = arguments.rate * warm * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * step / arguments.steps)))
        for group in optimiser.param_groups:
            group["lr"] = rate
        with torch.autocast("cpu", torch.bfloat16):
            outputs = model(seen.to(memory_format=torch.channels_last))
        cost = loss(outputs, owners, shapes, where)
        optimiser.zero_grad(set_to_none=True)
        cost.total.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimiser.step()
        average.update(model, step)
        progress.tell(step, rate=rate, score=cost.score, box=cost.box, mark=cost.mark)
        if (step + 1) % 250 == 0 or step + 1 == arguments.steps:
            save_checkpoint(
                checkpoint,
                {
                    "about": about,
                    "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "average": average.state,
                    "step": step + 1,
                },
            )
    final = FaceFinder()
    final.load_state_dict(average.state)
    final.eval()
    return final


def _hash(path: Path | None) -> str:
    """What tells one beginning from another."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""


def _begin_with(path: Path, pictures: list[Picture], seed: int) -> dict[str, torch.Tensor]:
    """The weights of an earlier checkpoint, or of a shipped int8 file."""
    try:
        if path.suffix != ".tflite":
            weights = dict(torch.load(path, weights_only=True)["average"])
            FaceFinder().load_state_dict(weights)
            return weights
        scenes = Scenes(pictures, seed + 2_000_003)
        net = restored(path, [scenes.scene(n).grey for n in range(160)])
        shipped: dict[str, torch.Tensor] = net.state_dict()
        return shipped
    except (ValueError, RuntimeError, KeyError, OSError, pickle.UnpicklingError) as error:
        raise SystemExit(f"{path} holds no finder's weights: {str(error).splitlines()[0]}") from None


def _batches(
    pictures: list[Picture], arguments: argparse.Namespace, begin: int, average: Average
) -> Iterator[_Batch]:
    """Batches to the end, a few hundred steps at a time, each time with the backgrounds that now mislead."""
    mined = FaceFinder()
    pools = [Pool(folder) for folder in arguments.pool]
    hard: list[Picture] = []
    while begin < arguments.steps:
        steps = min(_MINE_EVERY - begin % _MINE_EVERY, arguments.steps - begin)
        if begin > 0 or arguments.start_from is not None:
            mined.load_state_dict(average.state)
            rng = np.random.default_rng((arguments.seed, begin))
            # What misled before stays for a while: what is unlearnt at once is learnt again as soon.
            hard = misleading(mined.eval(), pictures, rng) + hard[: _MOST_HARD // 2]
        drawn = Scenes(pictures, arguments.seed, hard)
        first, count = begin * arguments.batch, steps * arguments.batch
        scenes = _Scenes(drawn, pools, arguments.seed, first, count, arguments.fresh)
        yield from DataLoader(
            scenes,
            arguments.batch,
            shuffle=False,
            num_workers=arguments.workers,
            collate_fn=_collate,
            drop_last=True,
            prefetch_factor=4 if arguments.workers else None,
        )
        begin += steps


_MINE_EVERY = 1000
_HARD = 0.3
_MOST_HARD = 600
_CUTS = 3000


@torch.no_grad()
def misleading(model: FaceFinder, pictures: list[Picture], rng: np.random.Generator) -> list[Picture]:
    """Pictures without a face, and random cuts that hold none, in which the network sees one all the same.

    Worst first. A cut is shown as the still path shows it, as large as it fits: what fills a picture misleads
    far more than the same thing in the corner of a room.
    """
    backs = [p for p in pictures if p.kind in ("negative", "scene") and not may_hide_a_face(p)]
    free = [p for p in backs if not len(p.boxes)]
    tried = free + [c for c in (_cut(backs[rng.integers(len(backs))], rng) for _ in range(_CUTS)) if c]
    scored: list[tuple[float, int]] = []
    for i, picture in enumerate(tried):
        grey = picture.grey
        k = min(WIDTH / grey.shape[1], HEIGHT / grey.shape[0], 3.0)
        seen = np.zeros((HEIGHT, WIDTH), np.uint8)
        method = cv2.INTER_AREA if k < 1 else cv2.INTER_LINEAR
        fitted = cv2.resize(grey, None, fx=k, fy=k, interpolation=method)[:HEIGHT, :WIDTH]
        seen[: fitted.shape[0], : fitted.shape[1]] = fitted
        outputs = model(torch.from_numpy(to_input(seen))[None, None])
        scored.append((max(float(torch.sigmoid(o.max())) for o in outputs[: len(STRIDES)]), i))
    hard = [tried[i] for score, i in sorted(scored, reverse=True) if score > _HARD][:_MOST_HARD]
    print(f"{len(hard)} of {len(tried)} pictures and cuts without a face mislead", flush=True)
    return hard


def _cut(picture: Picture, rng: np.random.Generator) -> Picture | None:
    """A random part of a picture, None where it may hold a face."""
    height, width = picture.grey.shape
    h = int(min(height, width) * rng.uniform(0.15, 1.0))
    w = int(min(width, h * rng.uniform(0.6, 1.4)))
    if min(w, h) < 24:
        return None
    left, top = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    if len(picture.boxes) and overlap(np.array([[left, top, w, h]], np.float32), picture.boxes).max() > 0:
        return None
    grey = picture.grey[top : top + h, left : left + w].copy()
    none = picture.boxes[:0], picture.marks[:0], picture.covers[:0]
    return Picture(grey, "negative", picture.source, picture.group, picture.path, picture.label, *none)


def calibration(pictures: list[Picture], count: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Scenes that training did not see, for the ranges of int8."""
    scenes = Scenes(pictures, seed + 1_000_003)
    for n in range(count):
        yield scenes.scene(n).grey[None, :, :, None]


def export(
    model: FaceFinder, pictures: list[Picture], out: Path, work: Path, seed: int, version: str = VERSION
) -> None:
    """Writes the int8 file and its contract; the operating points are set by `find.eval`."""
    points = {"video": 0.0, "look": 0.0}
    promise = Promise("face_find", version, (1, HEIGHT, WIDTH, 1), OUTPUTS, ("face",), points)
    export_int8(model, calibration(pictures, 200, seed), promise, out, work)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Train the face finder")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument(
        "--work", type=Path, default=Path("runs/find"), help="checkpoints and the float model"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path("runs/cache"), help="decoded and relabelled pictures"
    )
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--leave-out", action="append", default=[], help="part of a source's name, kept away")
    parser.add_argument("--start-from", type=Path, help="a checkpoint or a shipped .tflite to begin with")
    parser.add_argument("--every-group", action="store_true", help="learn from val and test groups too")
    parser.add_argument(
        "--pool", action="append", type=Path, default=[], help="scenes made by find.pool of the same sources"
    )
    parser.add_argument("--fresh", type=float, default=0.2, help="share of scenes not from the pools")
    parser.add_argument(
        "--freeze-stem",
        type=int,
        metavar="STEP",
        help="leave the first layers as they are from this step on: a step takes half the time",
    )
    parser.add_argument("--export-only", action="store_true", help="write the last checkpoint as it is")
    parser.add_argument(
        "--free", action="append", type=Path, default=[], help="folder of further pictures without any face"
    )
    arguments = parser.parse_args()
    if arguments.start_from is not None and not arguments.start_from.is_file():
        parser.error(f"--start-from: there is no file {arguments.start_from}")
    torch.set_num_threads(arguments.threads)
    cv2.setNumThreads(1)  # the scenes' process is forked, and OpenCV's threads do not come along
    pictures = gathered(arguments.data, arguments.cache)
    mine = learnt_from(pictures, arguments.leave_out, arguments.every_group)
    grounds = [p for p in mine if p.kind == "negative"]
    mine += without_face(arguments.free, arguments.data, grounds, arguments.seed)
    print(
        json.dumps({"pictures": len(mine), "of": len(pictures), "left out": arguments.leave_out}), flush=True
    )
    if arguments.export_only:
        model = FaceFinder()
        model.load_state_dict(torch.load(arguments.work / "find.pt", weights_only=True)["average"])
    else:
        model = train(mine, arguments)
    export(model.eval(), mine, arguments.out, arguments.work, arguments.seed)
    print(f"wrote {arguments.out / 'face_find.tflite'}; now: python -m models.training.find.eval", flush=True)


if __name__ == "__main__":
    main()
