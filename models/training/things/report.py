"""Writes the tables of `models/things.md` and draws `things_curves.png`, from the runs that left sources
out.

    python -m models.training.things.report --data ../shared/data --cache CACHE --models models \
        --fold RUNS/fold-1 mausam intel-iot --fold RUNS/fold-2 chunmusic lightly-ai

What stands between the marks of the card is written here and nowhere else. Each fold is judged on the
sources it never saw, at thresholds chosen on groups it never saw of the sources it did see.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from models.training.things.data import BAR, GUN, LABELS, NOTHING, PHONE, prepare
from models.training.things.eval import (
    AS_WEAPON,
    Share,
    Square96,
    balanced,
    of_file,
    of_kinds,
    of_weights,
    rows,
    share,
    surest,
    weapon_odds,
)
from models.training.things.export import LIGHTS, Fold, Judged, judge
from models.training.things.peers import Peer, peers_of

BEGIN, END = "<!-- tables:begin -->", "<!-- tables:end -->"


@dataclass(frozen=True, slots=True)
class _Every:
    """All folds together."""

    items: list[Square96]
    odds: NDArray[np.float64]
    logits: NDArray[np.float64]


def tables(judged: Sequence[Judged], peers: Sequence[Peer]) -> Iterator[str]:
    """The card's tables, line by line."""
    yield "| left out | seen as | weapon called one | nothing left alone | balanced |"
    yield "|---|---|---|---|---|"
    for one in judged:
        for views, name in (
            (("crop",), "crop of a person, still"),
            (("person", "beside"), "a person's square, one look"),
            (("near", "beside"), "from nearer by, one look"),
        ):
            there = share(one.odds > 0, one.items, of_kinds(AS_WEAPON, views))
            left = share(one.odds <= 0, one.items, of_kinds([NOTHING], views))
            score, n, m = balanced(one.items, one.odds, 0.0, views)
            if n >= 10 and m >= 10:
                yield f"| {one.name} | {name} | {there} | {left} | {score:.3f} |"
    every = _Every(
        [s for one in judged for s in one.items],
        np.concatenate([one.odds for one in judged]),
        np.concatenate([one.logits for one in judged]),
    )
    yield ""
    yield "| all folds together | share, count, 95 % interval |"
    yield "|---|---|"
    for row, found in rows(every.items, every.odds, 0.0):
        if found.n:
            yield f"| {row} | {found} |"
    yield ""
    yield from _groups(judged)
    yield ""
    yield "| by source | weapon called one | nothing left alone | tools and phones called a weapon |"
    yield "|---|---|---|---|"
    for source in sorted({s.source for s in every.items}):
        own = [n for n, s in enumerate(every.items) if s.source == source]
        items, said = [every.items[n] for n in own], every.odds[own] > 0
        there = share(said, items, lambda s: s.weapon)
        left = share(~said, items, lambda s: s.kind == NOTHING)
        tool = share(said, items, lambda s: s.kind in (BAR, PHONE))
        yield f"| {source} | {there} | {left} | {tool} |"
    yield ""
    yield from _in_less_light(judged)
    yield ""
    yield from _beside_peers(every, peers)


def _groups(judged: Sequence[Judged]) -> Iterator[str]:
    """What chose the thresholds: not a measurement of them, but of how far other groups are from other
    sources."""
    yield "| groups never seen, of sources learnt from (they chose the thresholds) | share, count, interval |"
    yield "|---|---|"
    items = [s for one in judged for s in one.known]
    parts = []
    for one in judged:
        at = np.where([s.view == "crop" for s in one.known], one.still, one.single)
        parts.append(weapon_odds(one.known_logits) - at)
    for row, found in rows(items, np.concatenate(parts), 0.0):
        if found.n:
            yield f"| {row} | {found} |"


def _in_less_light(judged: Sequence[Judged]) -> Iterator[str]:
    yield "| light | weapon called one | nothing left alone | balanced |"
    yield "|---|---|---|---|"
    items = [one.items[n] for one in judged for n in one.few]
    full = np.concatenate([one.odds[one.few] for one in judged])
    lights = [(1.0, full)]
    for number, light in enumerate(LIGHTS):
        lights.append((light, np.concatenate([one.dark[number] for one in judged])))
    for light, odds in lights:
        there = share(odds > 0, items, lambda s: s.weapon)
        left = share(odds <= 0, items, lambda s: s.kind == NOTHING)
        score, _, _ = balanced(items, odds, 0.0, ("person", "near", "beside"))
        yield f"| {light:g} | {there} | {left} | {score:.3f} |"


def _beside_peers(every: _Every, peers: Sequence[Peer]) -> Iterator[str]:
    """Peers that know a knife and a telephone, on the squares of persons and things of sources left out."""
    yield "| on the same squares | knife called a weapon | nothing left alone | phone called a phone |"
    yield "|---|---|---|---|"
    views = ("person", "near", "beside")
    chosen = [n for n, s in enumerate(every.items) if s.view in views and s.kind in (NOTHING, 2, PHONE)]
    rng = np.random.default_rng(9)
    chosen = sorted(rng.choice(chosen, min(700, len(chosen)), replace=False).tolist())
    items = [every.items[n] for n in chosen]
    ours = every.odds[chosen] > 0
    phones = every.logits[chosen].argmax(1) == PHONE
    answers = [("things", ours, phones)]
    for peer in peers:
        seen = [peer.look(s.greys[0]) for s in items]
        answers.append((peer.name, np.array([s.knife for s in seen]), np.array([s.phone for s in seen])))
    for name, weapon, phone in answers:
        knife = share(weapon, items, lambda s: s.kind == 2)
        left = share(~weapon, items, lambda s: s.kind == NOTHING)
        told = share(phone, items, lambda s: s.kind == PHONE)
        yield f"| {name} | {knife} | {left} | {told} |"


def int8_against_float(models: Path, run: Path, data: Path, items: Sequence[Square96]) -> str:
    """One line: how far the int8 file is from the weights it was made of, on the same squares."""
    few = list(items)[:: max(len(items) // 400, 1)]
    float_odds, _ = surest(of_weights(run, data), few)
    int8_odds, _ = surest(of_file(models / "things.tflite"), few)
    off = np.abs(float_odds - int8_odds)
    same = Share(int(((float_odds > 0) == (int8_odds > 0)).sum()), len(few))
    return (
        f"int8 against float on {len(few)} squares: median difference {np.median(off):.2f}, same side {same}"
    )


def draw(judged: Sequence[Judged], folds: Sequence[Fold], scale: float, path: Path) -> None:
    """Loss, precision and recall, confusion, reliability."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(17, 4))
    for fold in folds:
        with (fold.run / "losses.csv").open() as file:
            whole = [float(line[1]) for line in csv.reader(file)]
        smooth = np.convolve(whole, np.ones(25) / 25, "valid")
        axes[0].plot(smooth, label=" ".join(fold.left_out)[:24])
    axes[0].set(title="loss of the whole square", xlabel="step")
    axes[0].legend(fontsize=6)
    for one in judged:
        weapon = np.array([s.weapon for s in one.items])
        use = weapon | np.array([s.kind == NOTHING for s in one.items])
        order = np.argsort(-one.odds[use])
        hits = np.cumsum(weapon[use][order])
        axes[1].plot(hits / max(hits[-1], 1), hits / np.arange(1, len(hits) + 1), label=one.name[:24])
    axes[1].set(title="weapon against nothing", xlabel="recall", ylabel="precision", ylim=(0, 1.02))
    axes[1].legend(fontsize=6)
    items = [s for one in judged for s in one.items]
    logits = np.concatenate([one.logits for one in judged])
    table = np.zeros((len(LABELS), len(LABELS)))
    for item, answer in zip(items, logits.argmax(1), strict=True):
        if item.kind != GUN:
            table[item.kind, answer] += 1
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    axes[2].imshow(shares, vmin=0, vmax=1, cmap="Blues")
    for y in range(len(LABELS)):
        for x in range(len(LABELS)):
            axes[2].text(x, y, f"{shares[y, x]:.2f}", ha="center", va="center", fontsize=7)
    axes[2].set_xticks(range(len(LABELS)), LABELS, rotation=45, fontsize=7)
    axes[2].set_yticks(
        range(len(LABELS)), [f"{n} ({int(s)})" for n, s in zip(LABELS, table.sum(1), strict=True)]
    )
    axes[2].tick_params(axis="y", labelsize=7)
    axes[2].set_title("sources left out: said, of what is there")
    odds = np.concatenate([one.odds for one in judged]) * scale
    weapon = np.array([s.weapon for s in items])
    shown = 1 / (1 + np.exp(-odds))
    edges = np.linspace(0, 1, 11)
    middles = [(a + b) / 2 for a, b in itertools.pairwise(edges) if ((shown >= a) & (shown < b)).any()]
    means = [
        weapon[(shown >= a) & (shown < b)].mean()
        for a, b in itertools.pairwise(edges)
        if ((shown >= a) & (shown < b)).any()
    ]
    axes[3].plot([0, 1], [0, 1], "k:", lw=1)
    axes[3].plot(middles, means, "o-")
    axes[3].set(title="reliability, sources left out", xlabel="score", ylabel="share of weapons")
    figure.tight_layout()
    figure.savefig(path, dpi=80)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--cache", type=Path, default=Path("runs/things-cache"))
    parser.add_argument("--run", type=Path, required=True, help="the run whose weights are shipped")
    parser.add_argument("--fold", nargs="+", action="append", required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--at-most", type=int, help="squares of each set that are looked at: for trying out")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    pictures = prepare(arguments.data, arguments.cache)
    folds = [Fold.of(words, arguments.at_most) for words in arguments.fold]
    judged = [judge(fold, pictures, arguments.data) for fold in folds]
    lines = list(tables(judged, peers_of(arguments.data / "teachers")))
    every = [s for one in judged for s in one.items]
    lines += ["", int8_against_float(arguments.models, arguments.run, arguments.data, every) + "."]
    print("\n".join(lines))
    card = arguments.models / "things.md"
    text = card.read_text() if card.exists() else f"# things\n\n{BEGIN}\n{END}\n"
    head, rest = text.split(BEGIN)
    card.write_text(f"{head}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{rest.split(END)[1]}")
    draw(judged, folds, of_scale(arguments.models), arguments.models / "things_curves.png")


def of_scale(models: Path) -> float:
    """The scale of the shipped contract."""
    from edge.vision.network import read_contract

    return read_contract(models / "things.json").operating_points["scale"]


if __name__ == "__main__":
    main()
