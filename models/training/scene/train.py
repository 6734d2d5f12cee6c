"""Trains the scene network from a data folder and writes `scene.tflite` with its contract: one command.

    python -m models.training.scene.train --data ../shared/data --out models

Seeded; stopped and started again it goes on from its last checkpoint. `--leave-out WORD` (may be repeated)
keeps away every picture whose source or group holds the word, for measuring on it; `--start-from
models/scene.tflite` goes on from a shipped file, so that a site adds its own pictures.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from edge.vision.scene.people import HEIGHT, LABELS, WIDTH
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
from models.training.scene.augment import Augment, Example, plain
from models.training.scene.data import PERSON, Picture, further, prepare
from models.training.scene.net import OUTPUTS, SceneNet, begin, loss
from models.training.trunk import shipped_weights

VERSION = "1"

UNSET = {
    "somebody_cut": 0.0,
    "somebody_scale": 1.0,
    "head_weight": 0.0,
    "several_weight": 0.0,
    "second_cut": 0.0,
    **{
        f"{kind}_{what}": value
        for kind in LABELS
        for what, value in (("cut", 0.0), ("scale", 1.0), ("bias", 0.0))
    },
}
"""Operating points before `scene.eval` has measured any."""

_SHARES = {"empty": 0.26, "further": 0.10, "cabin": 0.30, "faces": 0.04, "clip": 0.06, "other": 0.24}
"""Of a batch: pictures of nobody, further things, real cabins, photos of faces, frames of clips, the rest."""


_HEADS_FASTER = 8.0
"""The heads begin from nothing; the trunk is to keep what it knows of the world."""


def away(picture: Picture, leave_out: Sequence[str]) -> bool:
    """Whether a word names the picture's source or group."""
    return any(word in picture.source or word == picture.group.removeprefix("m_") for word in leave_out)


class Sampler:
    """Example n of a training, made from n and the seed alone."""

    def __init__(self, pictures: Sequence[Picture], seed: int) -> None:
        rooms = [p for p in pictures if p.about.endswith("empty") or p.about == "further"]
        people = [
            p for p in pictures if p.about in ("cabin one", "one", "somebody") and (p.kinds == PERSON).any()
        ]
        self._augment = Augment(rooms, people)
        self._seed = seed
        self._drawers: list[tuple[float, list[Picture], NDArray[np.float64]]] = []
        for name, share in _SHARES.items():
            chosen = [p for p in pictures if _drawer(p) == name]
            if chosen:
                self._drawers.append((share, chosen, _even(chosen)))

    def example(self, n: int) -> Example:
        """See the class."""
        rng = np.random.default_rng((self._seed, n))
        shares = np.array([d[0] for d in self._drawers])
        _, chosen, weights = self._drawers[int(rng.choice(len(shares), p=shares / shares.sum()))]
        return self._augment.example(chosen[int(rng.choice(len(chosen), p=weights))], rng)


def _drawer(picture: Picture) -> str:
    if picture.about in ("empty", "further"):
        return picture.about
    if picture.about.startswith("cabin"):
        return "cabin"
    return "faces" if picture.about == "faces" else "clip" if picture.about.startswith("clip") else "other"


_OFTEN = {"cabin empty": 3.0, "cabin missed": 2.0}


_PLAIN = frozenset(
    {
        "chunmusic/Gun_Detection",
        "AhmedMohsenElgarh/new-dataset-weapon",
        "mausam-office/ATM-Security-old",
        "surabhiiyer/CreepyTeddy-",
    }
)
"""Sources whose pictures of nobody are things on white or on a table."""


def _even(pictures: Sequence[Picture]) -> NDArray[np.float64]:
    """Chances: every group by the root of its number, so that one long video does not fill the batch."""
    counts: dict[str, int] = {}
    for p in pictures:
        counts[p.group] = counts.get(p.group, 0) + 1
    weights = np.array([_OFTEN.get(p.about, 1.0) / math.sqrt(counts[p.group]) for p in pictures])
    # Plain things on white are easy and many.
    weights *= np.array([0.3 if p.about == "empty" and p.source in _PLAIN else 1.0 for p in pictures])
    return np.asarray(weights / weights.sum())


def train(pictures: list[Picture], arguments: argparse.Namespace) -> SceneNet:
    """The averaged network after `arguments.steps` steps."""
    seed_all(arguments.seed)
    model = begin(arguments.data / "teachers") if arguments.start_from is None else SceneNet()
    if arguments.start_from is not None:
        _begin_with(arguments.start_from, model)
    print(f"{multiply_adds(model, (1, 1, HEIGHT, WIDTH)) / 1e6:.1f} M multiply-adds", flush=True)
    model = model.to(memory_format=torch.channels_last)
    average = Average(model, 0.997)
    model.trunk.first.requires_grad_(False)
    model.trunk.blocks[: arguments.frozen].requires_grad_(False)
    fresh = [p for name, p in model.named_parameters() if not name.startswith("trunk.")]
    trunk = [p for p in model.trunk.parameters() if p.requires_grad]
    rates = {"trunk": arguments.rate, "heads": arguments.rate * _HEADS_FASTER}
    optimiser = torch.optim.AdamW(
        [{"params": trunk, "name": "trunk"}, {"params": fresh, "name": "heads"}], weight_decay=0.02
    )
    checkpoint = arguments.work / "scene.pt"
    about = {"leave_out": sorted(arguments.leave_out), "seed": arguments.seed, "steps": arguments.steps}
    about |= {
        "start_from": _hash(arguments.start_from),
        "batch": arguments.batch,
        "rate": arguments.rate,
        "frozen": arguments.frozen,
    }
    first = 0
    if checkpoint.exists():
        kept = torch.load(checkpoint, weights_only=True)
        if kept["about"] != about:
            raise SystemExit(
                f"{checkpoint} is of a run with other settings; give another --work or remove it"
            )
        model.load_state_dict(kept["model"])
        optimiser.load_state_dict(kept["optimiser"])
        average.state = kept["average"]
        first = kept["step"]
        print(f"going on from step {first}", flush=True)
    progress = Progress(arguments.steps)
    sampler = Sampler(pictures, arguments.seed)
    model.train()
    shown = np.zeros(4)
    with (arguments.work / "loss.csv").open("a", newline="") as file:
        curve = csv.writer(file, lineterminator="\n")
        for step in range(first, arguments.steps):
            warm = min(1.0, (step + 1) / min(60, arguments.steps / 5))
            share = warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / arguments.steps)))
            for group in optimiser.param_groups:
                group["lr"] = rates[group["name"]] * share
            examples = [sampler.example(step * arguments.batch + i) for i in range(arguments.batch)]
            seen = torch.from_numpy(np.stack([to_input(e.grey) for e in examples]))[:, None]
            with torch.autocast("cpu", torch.bfloat16):
                outputs = model(seen.to(memory_format=torch.channels_last))
            cost = loss(outputs, [e.wanted for e in examples])
            optimiser.zero_grad(set_to_none=True)
            cost.total.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 4.0)
            optimiser.step()
            average.update(model, step)
            now = np.array([cost.somebody, cost.several, cost.kind, cost.box])
            shown = now if step == first else 0.95 * shown + 0.05 * now
            progress.tell(step, somebody=shown[0], several=shown[1], kind=shown[2], box=shown[3])
            if step % 10 == 0:
                curve.writerow([step, *(f"{v:.4f}" for v in shown)])
            if (step + 1) % 100 == 0 or step + 1 == arguments.steps:
                file.flush()
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
    return averaged(checkpoint)


def averaged(checkpoint: Path) -> SceneNet:
    """The network of a checkpoint, its weights the running mean."""
    model = SceneNet()
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    model.eval()
    return model


def _hash(path: Path | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path else ""


def _begin_with(path: Path, model: SceneNet) -> None:
    """The weights of an earlier checkpoint, or of a shipped int8 file."""
    try:
        if path.suffix == ".tflite":
            shipped_weights(path, model)
        else:
            model.load_state_dict(torch.load(path, weights_only=True)["average"])
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        raise SystemExit(f"{path} holds no scene network's weights: {str(error).splitlines()[0]}") from None


def _points(begun_with: Path | None) -> dict[str, float]:
    """Those of the shipped file that was begun with, else none yet."""
    if begun_with is None or begun_with.suffix != ".tflite":
        return UNSET
    stated = json.loads(begun_with.with_suffix(".json").read_text())["operating_points"]
    return {name: float(stated[name]) for name in UNSET}


def calibration(pictures: list[Picture], count: int, seed: int) -> Iterator[NDArray[np.uint8]]:
    """Pictures as they are and as they were learnt from, for the ranges of int8."""
    sampler = Sampler(pictures, seed + 1_000_003)
    rng = np.random.default_rng(seed)
    for n in range(count):
        chosen = pictures[int(rng.integers(len(pictures)))]
        grey = sampler.example(n).grey if n % 2 else plain(chosen)
        yield grey[None, :, :, None]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Train the scene network")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("models"))
    parser.add_argument("--work", type=Path, default=Path("runs/scene"), help="checkpoints, the float model")
    parser.add_argument("--cache", type=Path, default=Path("runs/scene-cache"), help="decoded pictures")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--frozen", type=int, default=7, help="blocks of the trunk that stay as they are")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--version", default=VERSION)
    parser.add_argument("--leave-out", action="append", default=[], help="part of a source, or a group")
    parser.add_argument("--start-from", type=Path, help="a checkpoint or a shipped .tflite to begin with")
    parser.add_argument(
        "--free", action="append", type=Path, default=[], help="folder of further pictures of nobody"
    )
    arguments = parser.parse_args()
    if arguments.start_from is not None and not arguments.start_from.is_file():
        parser.error(f"--start-from: there is no file {arguments.start_from}")
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures = prepare(arguments.data, arguments.cache)
    mine = [p for p in pictures if not away(p, arguments.leave_out)]
    rooms = [p for p in mine if p.about == "empty"]
    mine += further(arguments.free, rooms, arguments.cache, arguments.seed)
    print(
        json.dumps({"pictures": len(mine), "of": len(pictures), "left out": arguments.leave_out}), flush=True
    )
    arguments.work.mkdir(parents=True, exist_ok=True)
    (arguments.work / "run.json").write_text(json.dumps({"leave_out": arguments.leave_out}))
    model = train(mine, arguments)
    points = _points(arguments.start_from)
    promise = Promise("scene", arguments.version, (1, HEIGHT, WIDTH, 1), OUTPUTS, LABELS, points)
    export_int8(model, calibration(mine, 200, arguments.seed), promise, arguments.out, arguments.work)
    print(f"wrote {arguments.out / 'scene.tflite'}; now: python -m models.training.scene.eval", flush=True)


if __name__ == "__main__":
    main()
