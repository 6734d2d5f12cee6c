"""What both the export and the report count: clips, what was said of them, calibration, honest thresholds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.judge.tracks import Moved, Tracks
from edge.vision.scene.background import shrink
from edge.vision.scene.motion import Moving
from models.training.fight.data import FOLDS, FPS, MAIN, Clip, folds_of

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]

_RIDGE = 0.004


@dataclass(frozen=True, slots=True)
class Said:
    """The clips of the main source in one order: label, fold, and the net's mean log odds by its fold."""

    clips: tuple[Clip, ...]
    fight: Bools
    fold: NDArray[np.int64]
    net: Reals


def said_of(clips: Sequence[Clip], runs: Path) -> Said:
    """What each fold's run (`runs/fold-0` to `fold-4`) said of the scenes that it never saw."""
    main = tuple(c for c in clips if c.task == "fight" and c.fight is not None and c.maker == MAIN)
    fold = folds_of(main)
    stored = [np.load(runs / f"fold-{number}" / "said.npz") for number in range(FOLDS)]
    net = [float(stored[fold[c.group]][c.path].mean()) for c in main]
    return Said(
        main, np.array([bool(c.fight) for c in main]), np.array([fold[c.group] for c in main]), np.array(net)
    )


def moved_in(clip: Clip) -> Moved:
    """The motion statistics over a whole clip, by the runtime's own code."""
    moving, tracks = Moving(), Tracks(over_s=60.0)
    for number, frame in enumerate(clip.frames):
        small = shrink(frame)
        at_s = number / FPS
        tracks.update(moving.update(small, at_s), (small.shape[1], small.shape[0]), at_s)
    return tracks.moved()


def motion_columns(moved: Sequence[Moved]) -> Reals:
    """Number x 5: count, log area, log speed, turns, change."""
    return np.array(
        [(m.count, math.log(m.area + 1e-3), math.log(m.speed + 0.02), m.turns, m.change) for m in moved]
    )


def logistic(columns: Reals, answers: Bools) -> tuple[Reals, float]:
    """Weights and constant of a ridge logistic regression, by Newton's method on standardised columns."""
    mean, deviation = columns.mean(0), columns.std(0) + 1e-9
    x = np.c_[(columns - mean) / deviation, np.ones(len(columns))]
    w = np.zeros(x.shape[1])
    ridge = np.full(len(w), 2 * _RIDGE)
    ridge[-1] = 1e-6
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-(x @ w)))
        slope = x.T @ (p - answers) / len(x) + ridge * w
        bend = (x * (p * (1 - p))[:, None]).T @ x / len(x) + np.diag(ridge)
        w -= np.linalg.solve(bend, slope)
    weights = w[:-1] / deviation
    return weights, float(w[-1] - weights @ mean)


def left_out(columns: Reals, said: Said) -> Reals:
    """Log odds of every clip by a regression on the other folds."""
    out = np.zeros(len(columns))
    for number in range(FOLDS):
        away = said.fold == number
        weights, constant = logistic(columns[~away], said.fight[~away])
        out[away] = columns[away] @ weights + constant
    return out


def auc(score: Reals, fight: Bools) -> float:
    """The chance that a fight scores above another clip."""
    above, below = score[fight][:, None], score[~fight][None]
    return float(((above > below) + 0.5 * (above == below)).mean())


def auc_interval(score: Reals, fight: Bools, groups: Sequence[str]) -> tuple[float, float]:
    """95 %, by drawing whole scenes again a thousand times."""
    rng = np.random.default_rng(0)
    names = sorted(set(groups))
    members = {n: np.flatnonzero(np.array(groups) == n) for n in names}
    found = []
    for _ in range(1000):
        index = np.concatenate([members[names[i]] for i in rng.integers(0, len(names), len(names))])
        if 0 < fight[index].sum() < len(index):
            found.append(auc(score[index], fight[index]))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def wilson(right: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if of == 0:
        return 0.0, 1.0
    z, p = 1.96, right / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - half, middle + half
