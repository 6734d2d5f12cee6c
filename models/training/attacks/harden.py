"""The face check learns on from its shipped weights, on faces that an attack has changed: does it pay?

    python -m models.training.attacks.harden --data ../shared/data --work runs/attacks --models models

Half of each batch is changed by one step from a random start (Wong et al., Fast is better than free, 2020)
within a radius drawn from 0 to 6 levels, a quarter wears a print that is learnt on the way; all keep the
shipped network's own answer on the clean face as a second teacher, so that what was good stays. It learns
from training groups, less one source left out whole, and prints clean and attacked figures of that source and
of the test groups before and after, by the float weights. Nothing is exported here.
"""

from __future__ import annotations

import argparse
import copy
import csv
import json
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from edge.vision.face.align import Frame, align, frame_of, normalise
from edge.vision.face.check import LABELS, log_odds
from models.training.attacks.counts import Count, Counts, Row, be_modest
from models.training.attacks.face_check import (
    COLUMNS,
    COVERED,
    PLACES,
    Face,
    Judge,
    boxes_at,
    cuts_of,
    held_out,
)
from models.training.attacks.gradient import Greys, fgsm, pasted, pgd
from models.training.attacks.twins import check_twin
from models.training.check.data import class_of, read_corrections
from models.training.common import Progress, part, save_checkpoint, seed_all
from models.training.files import read_picture

LEFT_OUT = "rxkt"
MOST = 2400
"""Faces learnt from."""


def learnt_from(data: Path, seed: int) -> list[Face]:
    """Faces of training groups, each class alike, without the source left out."""
    corrections = read_corrections()
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["kind"] == "crop" and part(r["group"]) == "train"]
    rng = np.random.default_rng(seed)
    by_label: dict[str, list[Face]] = {}
    for i in rng.permutation(len(rows)):
        row = rows[i]
        boxes = json.loads(row["boxes"] or "[]")
        label = corrections.get((row["path"], 0)) or class_of(row, row["label"])
        if LEFT_OUT in row["source"] or len(boxes) != 1 or label not in LABELS:
            continue
        if len(by_label.setdefault(label, [])) >= MOST // (3 if label in ("bare", "mask") else 8):
            continue
        face = _face(data, row, boxes[0], label)
        if face is not None:
            by_label[label].append(face)
    return [face for faces in by_label.values() for face in faces]


def _face(data: Path, row: dict[str, str], box: list[float], label: str) -> Face | None:
    grey = read_picture(data / "faces" / row["path"], cv2.IMREAD_GRAYSCALE)
    if grey is None:
        return None
    points = np.array(json.loads(row["landmarks"] or "[]"), np.float64).reshape(-1, 2)
    a = [(float(x), float(y)) for x, y in points]
    marks = (a[0], a[1], a[2], a[3], a[4]) if len(a) == 5 else None
    x, y, w, h = (float(v) for v in box[:4])
    return Face(grey, frame_of((x, y, w, h), marks), marks, label)


def left_out(data: Path, most: int) -> list[Face]:
    """The source that is left out, bare and covered."""
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["kind"] == "crop" and LEFT_OUT in r["source"]]
    corrections = read_corrections()
    found: list[Face] = []
    for i in np.random.default_rng(5).permutation(len(rows)):
        row, boxes = rows[i], json.loads(rows[i]["boxes"] or "[]")
        label = corrections.get((row["path"], 0)) or class_of(row, row["label"])
        face = _face(data, row, boxes[0], label) if len(boxes) == 1 and label in LABELS else None
        if face is not None and len(found) < most:
            found.append(face)
    return found


def batch_of(faces: list[Face], n: int, rng: np.random.Generator) -> tuple[Greys, NDArray[np.int64]]:
    """Framed a little differently, mirrored, lighter or darker, each class as often as any."""
    labels = sorted({face.label for face in faces})
    cuts, wanted = [], []
    for _ in range(n):
        label = labels[int(rng.integers(len(labels)))] if rng.random() < 0.5 else ""
        while True:
            face = faces[int(rng.integers(len(faces)))]
            if label in ("", face.label):
                break
        f = face.frame
        off = rng.normal(0.0, 0.03, 2) * f.size
        size, roll = f.size * rng.uniform(0.93, 1.08), f.roll_rad + rng.normal(0.0, 0.05)
        cut = align(face.grey, Frame(f.x + off[0], f.y + off[1], size, roll))
        cut = cut[:, ::-1] if rng.random() < 0.5 else cut
        lit = cut.astype(np.float32) * rng.uniform(0.6, 1.2) + rng.normal(0.0, rng.uniform(0, 6), cut.shape)
        cuts.append(np.clip(lit, 0, 255).astype(np.uint8))
        wanted.append(LABELS.index(face.label))
    return np.stack(cuts), np.array(wanted, np.int64)


def real(cuts: torch.Tensor) -> torch.Tensor:
    """Levels to the network's input, as the runtime normalises them."""
    mean = cuts.mean((2, 3), keepdim=True)
    deviation = cuts.std((2, 3), keepdim=True, correction=0).clamp(min=6.0)
    return ((cuts - mean) * (48.0 / deviation)).clamp(-128, 127) / 128.0


def learn(net: nn.Module, teacher: nn.Module, faces: list[Face], args: argparse.Namespace) -> None:
    """`args.steps` batches; goes on from `work/harden.pt`."""
    file: Path = args.work / "harden.pt"
    optimiser = torch.optim.AdamW(net.parameters(), lr=args.rate, weight_decay=1e-4)
    begin = 0
    if file.exists():
        stored = torch.load(file, weights_only=True)
        net.load_state_dict(stored["net"])
        optimiser.load_state_dict(stored["optimiser"])
        begin = int(stored["step"])
    prints = {name: torch.full((1, 1, 16, 16), 128.0) for name in PLACES}
    progress = Progress(args.steps)
    for step in range(begin, args.steps):
        rng = np.random.default_rng([11, step])
        for group in optimiser.param_groups:
            group["lr"] = float(args.rate * 0.5 * (1 + np.cos(np.pi * step / args.steps)))
        cuts, labels = batch_of(faces, args.batch, rng)
        pictures, wanted = torch.from_numpy(cuts.astype(np.float32))[:, None], torch.from_numpy(labels)
        half, quarter = args.batch // 2, 3 * args.batch // 4
        radius = float(rng.uniform(0.0, 6.0))
        name = list(PLACES)[step % len(PLACES)]
        moved = (torch.rand(pictures[:half].shape) * 2 - 1) * radius
        moved.requires_grad_(True)
        laid = prints[name].requires_grad_(True)
        boxes = boxes_at(PLACES[name], quarter - half)
        worn = pasted(pictures[half:quarter], laid, boxes, rng)
        first = torch.cat([(pictures[:half] + moved).clamp(0, 255), worn])
        wrong = functional.cross_entropy(net(real(first))[0], wanted[:quarter])
        slope, toward = torch.autograd.grad(wrong, (moved, laid))
        with torch.no_grad():
            moved = (moved + 1.25 * radius * slope.sign()).clamp(-radius, radius)
            prints[name] = (laid + 10.0 * toward.sign()).clamp(15.0, 240.0).detach()
            seen = torch.cat([(pictures[:half] + moved).clamp(0, 255), worn, pictures[quarter:]])
            told = teacher(real(pictures))
        said = net(real(seen.detach()))
        loss = functional.cross_entropy(said[0], wanted, label_smoothing=0.05)
        kept = functional.kl_div(
            said[0].log_softmax(1), told[0].log_softmax(1), reduction="batchmean", log_target=True
        )
        loss = (
            loss
            + 0.45 * kept
            + functional.mse_loss(said[1], told[1])
            + 0.1 * functional.mse_loss(said[2], told[2])
        )
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        progress.tell(step, loss=float(loss.detach()))
        if step % 20 == 19 or step + 1 == args.steps:
            state = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
            save_checkpoint(file, state)


@torch.no_grad()
def said_covered(judge: Judge, net: nn.Module, cuts: Greys) -> NDArray[np.bool_]:
    """By float weights: the runtime's own input, priors and cut."""
    seen = np.stack([normalise(cut) for cut in cuts]).astype(np.float32)[:, None] / 128.0
    logits = np.concatenate(
        [net(torch.from_numpy(seen[i : i + 50]))[0].numpy() for i in range(0, len(seen), 50)]
    )
    return np.asarray(judge.scale * log_odds(logits + judge.priors, COVERED) + judge.bias > 0.0)


def _shares(judge: Judge, net: nn.Module, cuts: Greys, truth: NDArray[np.bool_]) -> Row:
    said = said_covered(judge, net, cuts)
    return {
        COLUMNS[0]: Count(int((~said[~truth]).sum()), int((~truth).sum())),
        COLUMNS[1]: Count(int(said[truth].sum()), int(truth.sum())),
    }


def figures(
    counts: Counts, judge: Judge, net: nn.Module, when: str, faces: dict[str, list[Face]], attacked: int
) -> None:
    """Counts clean and attacked shares of each set of faces, white box on these very weights.

    `attacked`: so many bare and covered ones each; with 0 the clean ones are counted alone.
    """
    for name, some in faces.items():
        covered = np.array([f.covered for f in some])
        clean = cuts_of(some)
        if not attacked:
            counts.add(f"{name}, clean, {when}", partial(_shares, judge, net, clean, covered))
            continue
        few = np.concatenate([np.flatnonzero(covered)[:attacked], np.flatnonzero(~covered)[:attacked]])
        away = judge.objective(net, np.where(covered[few], -1.0, 1.0).astype(np.float32))
        counts.add(f"{name}, clean, {when}", partial(_shares, judge, net, clean, covered))
        for radius in (2, 4, 8):
            for how, cuts in (
                ("FGSM", fgsm(away, clean[few], radius)),
                ("PGD-10", pgd(away, clean[few], radius, 1, steps=10)),
            ):
                counts.add(
                    f"{name}, {how}, {radius}/255, {when}", partial(_shares, judge, net, cuts, covered[few])
                )


def main() -> None:
    """Figures before, learning, figures after."""
    be_modest()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--attacked", type=int, default=30)
    args = parser.parse_args()
    torch.set_num_threads(1)
    seed_all(11)
    judge, teacher = Judge(args.models), check_twin(args.models)
    net = copy.deepcopy(teacher)
    sets = {
        "test groups": held_out(args.data, "test", 150),
        f"{LEFT_OUT} (left out)": left_out(args.data, 300),
    }
    counts = Counts(args.work / "harden.json")
    every = {"every face of the test groups": held_out(args.data, "test", 1200)}
    figures(counts, judge, net, "before", every, 0)
    figures(counts, judge, net, "before", sets, args.attacked)
    for parameter in net.parameters():
        parameter.requires_grad_(True)
    learn(net, teacher, learnt_from(args.data, 3), args)
    net.eval()
    figures(counts, judge, net, "after", every, 0)
    figures(counts, judge, net, "after", sets, args.attacked)


if __name__ == "__main__":
    main()
