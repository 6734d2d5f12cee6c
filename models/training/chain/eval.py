"""The card's table: the same network behind the chain and on plain pictures, on sources neither ever saw.

python -m models.training.chain.eval --cache CACHE --runs RUNS --curves models/chain_curves.png
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.chain.data import FOLDS, Cuts, load
from models.training.chain.samples import CONDITIONS
from models.training.chain.train import RECIPES

_LEARNT = {"weathered": "with noise and in less light as well", "clean": "from clean pictures alone"}
_ORDER = ("plain", "chain", "contrast", "median", "to zero", "iterative")


@dataclass(frozen=True, slots=True)
class Said:
    """What the runs of one recipe and arm say of each left-out face: `chance` (seeds, faces) by condition."""

    chance: dict[str, NDArray[np.float32]]
    covered: NDArray[np.bool_]
    fold: NDArray[np.int64]
    group: NDArray[np.str_]
    maker: NDArray[np.str_]


def said_of(runs: Path, cuts: Cuts, recipe: str, arm: str) -> Said | None:
    """The folds that have runs, joined, with as many seeds as each of them has; None where none has any."""
    where = {str(path): number for number, path in enumerate(cuts.path)}
    found: list[list[dict[str, NDArray[np.float32]]]] = []
    index: list[NDArray[np.int64]] = []
    numbers: list[int] = []
    for fold in range(len(FOLDS)):
        of_fold = []
        for path in sorted((runs / f"fold-{fold}").glob(f"{recipe}-*-{arm.replace(' ', '_')}.npz")):
            with np.load(path) as stored:
                of_fold.append({name: stored[name] for name in CONDITIONS})
                rows = np.array([where[str(p)] for p in stored["path"]])
        if of_fold:
            found.append(of_fold)
            index.append(rows)
            numbers.append(fold)
    if not found:
        return None
    seeds = min(len(of_fold) for of_fold in found)
    chance = {
        name: np.concatenate([np.stack([one[name] for one in of_fold[:seeds]]) for of_fold in found], axis=1)
        for name in CONDITIONS
    }
    every = np.concatenate(index)
    folds = np.repeat(np.array(numbers), [len(one) for one in index])
    return Said(chance, cuts.covered[every], folds, cuts.group[every], cuts.maker[every])


def balanced(chance: NDArray[np.float32], covered: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    """Mean of the shares of covered and of bare faces that softmax calls by their name; seeds averaged."""
    right = ((chance > 0.5) == covered).mean(0)
    sides = (covered, ~covered)
    if not all(weight[side].sum() for side in sides):
        return float("nan")  # a draw without any of one kind
    return float(np.mean([np.average(right[side], weights=weight[side]) for side in sides]))


def area(chance: NDArray[np.float32], covered: NDArray[np.bool_], weight: NDArray[np.float64]) -> float:
    """Mean over the seeds of the chance that a covered face scores above a bare one, weighted."""
    if not all(weight[side].sum() for side in (covered, ~covered)):
        return float("nan")
    areas = []
    for one in chance:
        order = np.argsort(one, kind="stable")
        sorted_, heavy, is_covered = one[order], weight[order], covered[order]
        below = np.cumsum(np.where(is_covered, 0.0, heavy))
        # Faces of the very same chance count half: the middle of their run of bare weight.
        first = np.searchsorted(sorted_, sorted_, "left")
        last = np.searchsorted(sorted_, sorted_, "right") - 1
        before = np.where(first > 0, below[np.maximum(first - 1, 0)], 0.0)
        under = (before + below[last]) / 2
        areas.append((under * heavy)[is_covered].sum() / (heavy[is_covered].sum() * below[-1]))
    return float(np.mean(areas))


def weights(said: Said, count: int) -> NDArray[np.float64]:
    """So many draws of whole groups of pictures with replacement, after a first row of everything once."""
    rng = np.random.default_rng(0)
    names, member = np.unique(said.group, return_inverse=True)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), count).astype(np.float64)
    return np.concatenate([np.ones((1, len(member))), counts[:, member]])


def measured(said: Said, condition: str, draws: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Balanced accuracy and area of each draw: folds measured apart and averaged, as their softmax differ."""
    chance = said.chance[condition]
    right, areas = np.zeros(len(draws)), np.zeros(len(draws))
    folds = np.unique(said.fold)
    for fold in folds:
        here = said.fold == fold
        for number, weight in enumerate(draws[:, here]):
            right[number] += balanced(chance[:, here], said.covered[here], weight) / len(folds)
            areas[number] += area(chance[:, here], said.covered[here], weight) / len(folds)
    return right, areas


def interval(values: NDArray[np.float64]) -> str:
    """`0.912 (0.901 to 0.922)`: the value, and where 95 % of the draws lie."""
    low, high = np.nanquantile(values[1:], (0.025, 0.975))
    return f"{values[0]:.3f} ({low:.3f} to {high:.3f})"


def table(arms: dict[str, Said], recipe: str, draws: NDArray[np.float64]) -> list[str]:
    """Lines of Markdown for one recipe; the difference is of the same faces in the same draws."""
    first = next(iter(arms.values()))
    seeds = {len(said.chance["clean"]) for said in arms.values()}
    told = f"{len(first.fold)} faces, seeds: {min(seeds)} to {max(seeds)}"
    lines = [f"### Learnt {_LEARNT[recipe]} ({told})", ""]
    lines += [
        f"| condition | {' | '.join(f'{arm}: balanced, area' for arm in arms)} | chain - plain, balanced |",
        f"|---|{'---|' * (len(arms) + 1)}",
    ]
    for condition in CONDITIONS:
        found = {arm: measured(said, condition, draws) for arm, said in arms.items()}
        cells = [f"{interval(right)}, {areas[0]:.3f}" for right, areas in found.values()]
        less = found["chain"][0] - found["plain"][0]
        lines.append(f"| {condition} | {' | '.join(cells)} | {interval(less)} |")
    return lines


def by_source(cuts: Cuts, runs: Path, arms: Sequence[str]) -> list[str]:
    """Each source left out, clean pictures: shares of faces called by their name."""
    lines = [f"| source left out, clean | faces | {' | '.join(arms)} |", f"|---|---|{'---|' * len(arms)}"]
    found = {arm: said_of(runs, cuts, "weathered", arm) for arm in arms}
    said = {arm: one for arm, one in found.items() if one is not None}
    if not said:
        return []
    makers = next(iter(said.values())).maker
    for maker in (maker for fold in FOLDS for maker in fold):
        for covered in (True, False):
            here = (makers == maker) & (next(iter(said.values())).covered == covered)
            if here.sum() < 20:
                continue
            cells = [
                f"{((one.chance['clean'][:, here] > 0.5) == covered).mean():.3f}" for one in said.values()
            ]
            lines.append(
                f"| {maker}, {'covered' if covered else 'bare'} | {here.sum()} | {' | '.join(cells)} |"
            )
    return lines


def main() -> None:
    """Prints the tables and draws the curves."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--curves", type=Path)
    parser.add_argument("--draws", type=int, default=500, help="of groups, for the intervals")
    args = parser.parse_args()
    cuts = load(args.cache)
    drawn: dict[str, dict[str, Said]] = {}
    for recipe in RECIPES:
        found = {arm: said_of(args.runs, cuts, recipe, arm) for arm in _ORDER}
        arms = {arm: said for arm, said in found.items() if said is not None}
        if not {"plain", "chain"} <= arms.keys():
            print(f"No runs of plain and chain that learnt {_LEARNT[recipe]}.\n")
            continue
        # Only arms with the same folds stand beside each other.
        arms = {arm: said for arm, said in arms.items() if np.array_equal(said.fold, arms["plain"].fold)}
        drawn[recipe] = arms
        draws = weights(next(iter(arms.values())), args.draws)
        print("\n".join(table(arms, recipe, draws)), end="\n\n")
    if not drawn:
        parser.error(f"no runs in {args.runs}")
    print("\n".join(by_source(cuts, args.runs, [a for a in _ORDER if a in drawn.get("weathered", {})])))
    if args.curves is not None:
        draw(drawn, args.curves, args.draws)


def draw(recipes: dict[str, dict[str, Said]], path: Path, count: int) -> None:
    """Balanced accuracy over noise and over light, an axis for each recipe and each of the two."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    axes_of = {"noise, sigma in grey levels": "sigma ", "less light, times": "light 1/"}
    rows = len(recipes)
    figure, axes = plt.subplots(
        rows, 2, figsize=(9.0, 3.1 * rows), sharey=True, squeeze=False, layout="constrained"
    )
    for row, (recipe, arms) in zip(axes, recipes.items(), strict=True):
        draws = weights(next(iter(arms.values())), count)
        for axis, (label, word) in zip(row, axes_of.items(), strict=True):
            names = ["clean", *(name for name in CONDITIONS if name.startswith(word))]
            for arm in (arm for arm in ("plain", "chain", "contrast") if arm in arms):
                values = np.array([measured(arms[arm], name, draws)[0] for name in names])
                low, high = np.nanquantile(values[:, 1:], (0.025, 0.975), axis=1)
                at = range(len(names))
                axis.plot(at, values[:, 0], marker="o", label=arm)
                axis.fill_between(at, low, high, alpha=0.15)
            axis.set_xticks(range(len(names)), [name.removeprefix(word) for name in names])
            axis.set_xlabel(label)
            axis.set_title(f"learnt {_LEARNT[recipe]}", fontsize=10)
            axis.grid(alpha=0.3)
        row[0].set_ylabel("balanced accuracy, sources left out")
    axes[0][0].legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
