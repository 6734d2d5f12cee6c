"""Draws the card's curves: loss, precision and recall, confusion, reliability; no picture of the data."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.scene.held import Matches


@dataclass(frozen=True, slots=True)
class Curves:
    """Parallel arrays of pictures never seen: `scores` raw, `odds` calibrated; and boxes by kind."""

    scores: NDArray[np.float64]
    odds: NDArray[np.float64]
    there: NDArray[np.bool_]
    said: NDArray[np.bool_]
    several: NDArray[np.bool_]
    several_said: NDArray[np.bool_]
    boxes: Mapping[str, Matches]
    losses: tuple[Path, ...]


def draw(curves: Curves, out: Path) -> None:
    """Writes a .png of six drawings."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, 3, figsize=(13, 8))
    for path in curves.losses:
        with path.open() as file:
            rows = np.array([[float(v) for v in row] for row in csv.reader(file)])
        for column, name in enumerate(("somebody", "several", "kind", "box"), start=1):
            axes[0, 0].plot(rows[:, 0], rows[:, column], label=f"{name}, {path.parent.name}")
    axes[0, 0].set(title="loss, running mean", xlabel="step", ylim=(0, 1.2))
    axes[0, 0].legend(fontsize=7)
    _precision(axes[0, 1], curves.scores, curves.there, int(curves.there.sum()), "somebody in the picture")
    axes[0, 1].set(title="somebody: precision and recall", xlim=(0.8, 1.001), ylim=(0.8, 1.001))
    for name, found in curves.boxes.items():
        _precision(axes[0, 2], found.logits, found.right, found.labelled, name)
    axes[0, 2].set(title="boxes: precision and recall", xlim=(0, 1), ylim=(0, 1))
    for axis in (axes[0, 1], axes[0, 2]):
        axis.set(xlabel="recall", ylabel="precision")
        axis.legend(fontsize=8)
    _confusion(axes[1, 0], curves.there, curves.said, ("nobody", "somebody"))
    _confusion(axes[1, 1], curves.several, curves.several_said, ("one", "several"))
    chance = 1 / (1 + np.exp(-curves.odds))
    edges = np.linspace(0, 1, 11)
    where = np.clip(np.digitize(chance, edges) - 1, 0, 9)
    told = [chance[where == i].mean() for i in range(10) if (where == i).any()]
    true = [curves.there[where == i].mean() for i in range(10) if (where == i).any()]
    axes[1, 2].plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes[1, 2].plot(told, true, marker="o")
    axes[1, 2].set(title="somebody: reliability", xlabel="said", ylabel="true")
    figure.tight_layout()
    figure.savefig(out, dpi=80)
    pyplot.close(figure)


def _precision(
    axis: object, scores: NDArray[np.float64], right: NDArray[np.bool_], total: int, name: str
) -> None:
    order = np.argsort(-scores)
    hits = np.cumsum(right[order])
    axis.plot(hits / max(1, total), hits / (np.arange(len(hits)) + 1), label=name)  # type: ignore[attr-defined]


def _confusion(
    axis: object, true: NDArray[np.bool_], said: NDArray[np.bool_], names: tuple[str, str]
) -> None:
    counts = np.array(
        [[int(((true == t) & (said == s)).sum()) for s in (False, True)] for t in (False, True)]
    )
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)  # type: ignore[attr-defined]
    for row in range(2):
        for column in range(2):
            axis.text(column, row, counts[row, column], ha="center", va="center")  # type: ignore[attr-defined]
    axis.set(  # type: ignore[attr-defined]
        xticks=(0, 1), yticks=(0, 1), xticklabels=names, yticklabels=names, xlabel="said", ylabel="true"
    )
