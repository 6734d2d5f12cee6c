"""The card's figures: the network, what motion adds, its peers on the same folds, by source and in the dark.

    python -m models.training.fight.report --cache CACHE --folds RUNS --curves models/fight_curves.png

Every clip is judged by the run that never saw its scene; the other sources by all five runs, none of which
saw any of them. Thresholds come from the other folds. `CACHE/teacher.npz`, where there is one, is the
teacher's word.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch

from edge.vision.scene.fight import HEIGHT_PX, WIDTH_PX
from models.training.common import multiply_adds
from models.training.fight.data import FOLDS, MAIN, OTHERS, SEEN_TASKS, Clip, Frames, read_clips
from models.training.fight.figures import (
    Bools,
    Reals,
    Said,
    auc,
    auc_interval,
    left_out,
    logistic,
    motion_columns,
    moved_in,
    said_of,
    wilson,
)
from models.training.fight.net import FightNet
from models.training.fight.train import log_odds

_AREA, _CHANGE = 1, 4
_HOG_PX = 64
_DARK = 1.0 / 8.0
_DARK_NOISE = 1.5


def hog_of(clip: Clip) -> Reals:
    """The cited works' features: HOG of how the picture changes, the mean over the clip."""
    hog = cv2.HOGDescriptor((_HOG_PX, _HOG_PX), (16, 16), (16, 16), (8, 8), 9)
    small = [cv2.resize(f, (_HOG_PX, _HOG_PX), interpolation=cv2.INTER_AREA) for f in clip.frames]
    changes = [cv2.absdiff(a, b) for a, b in zip(small, small[2:], strict=False)] or [small[0]]
    return np.mean([np.asarray(hog.compute(c)).ravel() for c in changes], axis=0)


def svm_left_out(columns: Reals, said: Said) -> Reals:
    """A linear support vector machine's distance for every clip, taught on the other folds."""
    out = np.zeros(len(columns))
    for number in range(FOLDS):
        away = said.fold == number
        svm = cv2.ml.SVM.create()
        svm.setKernel(cv2.ml.SVM_LINEAR)
        svm.setC(0.1)
        svm.train(columns[~away].astype(np.float32), cv2.ml.ROW_SAMPLE, said.fight[~away].astype(np.int32))
        _, raw = svm.predict(columns[away].astype(np.float32), flags=cv2.ml.STAT_MODEL_RAW_OUTPUT)
        out[away] = -raw[:, 0]
    return out


def dark(frames: Frames) -> Frames:
    """An eighth of the light and a sensor's noise."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(frames.shape).astype(np.float32) * _DARK_NOISE
    return np.clip(np.rint(frames * np.float32(_DARK) + noise), 0, 255).astype(np.uint8)


def row(name: str, score: Reals, fight: Bools, groups: Sequence[str]) -> str:
    """One line of a table: AUC, and what a threshold of zero finds and flags, each with its interval."""
    low, high = auc_interval(score, fight, groups)
    right = int(((score > 0) == fight).sum())
    found, flagged = int((score > 0)[fight].sum()), int((score > 0)[~fight].sum())
    return (
        f"| {name} | {auc(score, fight):.3f} ({low:.3f} to {high:.3f}) | {_share(right, len(fight))} | "
        f"{_share(found, int(fight.sum()))} | {_share(flagged, int((~fight).sum()))} |"
    )


def _share(part: int, of: int) -> str:
    low, high = wilson(part, of)
    return f"{part / max(of, 1):.3f} ({low:.3f} to {high:.3f}) of {of}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--folds", type=Path, required=True)
    parser.add_argument("--curves", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    clips = [c for c in read_clips(arguments.cache, ("fight",)) if c.fight is not None]
    said = said_of(clips, arguments.folds)
    groups = [c.group for c in said.clips]
    every_motion = motion_columns([moved_in(c) for c in said.clips])
    both = np.c_[said.net[:, None], every_motion[:, [_AREA, _CHANGE]]]
    nets = [_net(arguments.folds / f"fold-{number}") for number in range(FOLDS)]
    print(f"multiply-adds of a look: {multiply_adds(nets[0], (1, 3, HEIGHT_PX, WIDTH_PX)):,}\n")

    print("| on scenes never seen | AUC | right | fights found | others called one |")
    print("|---|---|---|---|---|")
    scores = {
        "network and motion": left_out(both, said),
        "network": left_out(said.net[:, None], said),
        "motion statistics": left_out(every_motion, said),
        "HOG + SVM": svm_left_out(np.stack([hog_of(c) for c in said.clips]), said),
    }
    teacher = arguments.cache / "teacher.npz"
    if teacher.exists():
        with np.load(teacher) as stored:
            scores["teacher (has learnt from these)"] = np.array([float(stored[c.path]) for c in said.clips])
    for name, score in scores.items():
        print(row(name, score, said.fight, groups))
    _print_dark(said, nets, both)
    _print_others(clips, arguments.folds, said, every_motion)
    _print_seen(arguments.cache, arguments.folds, said)
    if arguments.curves is not None:
        _draw(scores, said, arguments.curves)


def _net(run: Path) -> FightNet:
    net = FightNet()
    net.load_state_dict(torch.load(run / "final.pt")["net"])
    return net.eval()


def _print_dark(said: Said, nets: Sequence[FightNet], both: Reals) -> None:
    """As it is, and with an eighth of the light: the calibration stays that of full light."""
    less = np.array(
        [float(log_odds(nets[said.fold[i]], dark(c.frames)).mean()) for i, c in enumerate(said.clips)]
    )
    out = np.zeros(len(less))
    for number in range(FOLDS):
        away = said.fold == number
        weights, constant = logistic(said.net[~away][:, None], said.fight[~away])
        out[away] = less[away] * weights[0] + constant
    print(row("network, 1/8 of the light", out, said.fight, [c.group for c in said.clips]))


def _print_others(clips: Sequence[Clip], runs: Path, said: Said, motion: Reals) -> None:
    weights, constant = logistic(said.net[:, None], said.fight)
    stored = [np.load(runs / f"fold-{number}" / "said.npz") for number in range(FOLDS)]
    for maker in OTHERS:
        chosen = [c for c in clips if c.maker == maker]
        fight = np.array([bool(c.fight) for c in chosen])
        net = np.array([float(np.mean([s[c.path].mean() for s in stored])) for c in chosen])
        score = net * weights[0] + constant
        print(row(f"network on {maker}, a source never seen", score, fight, [c.group for c in chosen]))


def _print_seen(cache: Path, runs: Path, said: Said) -> None:
    """What the five runs say of clips that nobody has labelled as fights: the share above zero."""
    weights, constant = logistic(said.net[:, None], said.fight)
    stored = [np.load(runs / f"fold-{number}" / "said.npz") for number in range(FOLDS)]
    print("\n| clip | log odds of a fight |\n|---|---|")
    for clip in read_clips(cache, SEEN_TASKS):
        net = float(np.mean([s[clip.path].mean() for s in stored]))
        name = Path(clip.path).stem[-28:]
        print(f"| {clip.task} {clip.label} {name} ({clip.notes}) | {net * weights[0] + constant:+.2f} |")


def _draw(scores: dict[str, Reals], said: Said, path: Path) -> None:
    """Fights found against others called one, and how sure the network may be believed."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4))
    for name, score in scores.items():
        cuts = np.r_[np.inf, np.sort(score)[::-1]]
        found = [float((score[said.fight] >= cut).mean()) for cut in cuts]
        flagged = [float((score[~said.fight] >= cut).mean()) for cut in cuts]
        left.plot(flagged, found, label=f"{name}, {auc(score, said.fight):.2f}")
    left.set_xlabel("others called a fight")
    left.set_ylabel("fights found")
    left.legend(fontsize=7)
    score = scores["network and motion"]
    chance = 1.0 / (1.0 + np.exp(-score))
    edges = np.quantile(chance, np.linspace(0, 1, 7))
    for low, high in pairwise(edges):
        inside = (chance >= low) & (chance <= high)
        right.plot(chance[inside].mean(), said.fight[inside].mean(), "o", color="tab:blue")
    right.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    right.set_xlabel("said")
    right.set_ylabel("true")
    figure.suptitle(f"{len(said.clips)} clips of {MAIN}, by runs that never saw their scenes", fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
