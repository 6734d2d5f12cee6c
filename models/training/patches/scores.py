"""Scores of cases by a method, and what the card says of them: areas under the ROC curve with intervals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.training.common import show_rate
from models.training.patches.cases import About, Case
from models.training.patches.peers import Method

Floats = NDArray[np.float32]

_DRAWS = 1000
_FEWEST = 8
"""Cases under which no area is told."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Of every case (n,): its place with the change, and without it in the same light; what the case was."""

    change: Floats
    light: Floats
    abouts: Sequence[About]

    def of(self, keep: Sequence[bool]) -> Scores:
        """Those of some cases."""
        which = np.flatnonzero(keep)
        return Scores(self.change[which], self.light[which], [self.abouts[i] for i in which])

    def auroc(self) -> str:
        """With a 95 % interval by drawing whole shoots again: `0.912 (0.85 to 0.95)`."""
        if len(self.abouts) < _FEWEST:
            return "-"
        low, high = np.quantile(self._drawn(lambda i: area(self.change[i], self.light[i])), [0.025, 0.975])
        return f"{area(self.change, self.light):.3f} ({low:.2f} to {high:.2f})"

    def better_than(self, other: Scores) -> str:
        """How much larger its area is than that of another method on the same cases, with the interval."""

        def gain(i: NDArray[np.intp]) -> float:
            return area(self.change[i], self.light[i]) - area(other.change[i], other.light[i])

        low, high = np.quantile(self._drawn(gain), [0.025, 0.975])
        return f"{gain(np.arange(len(self.abouts))):+.3f} ({low:+.3f} to {high:+.3f})"

    def _drawn(self, what: Callable[[NDArray[np.intp]], float]) -> list[float]:
        shoots = sorted({a.shoot for a in self.abouts})
        members = [np.flatnonzero([a.shoot == s for a in self.abouts]) for s in shoots]
        rng = np.random.default_rng(1)
        draws = rng.integers(0, len(members), (_DRAWS, len(members)))
        return [what(np.concatenate([members[i] for i in chosen])) for chosen in draws]


def area(true: Floats, false: Floats) -> float:
    """Under the ROC curve: how often a true score lies above a false one, half for equal ones."""
    ordered = np.sort(false)
    above = np.searchsorted(ordered, true, "left") + np.searchsorted(ordered, true, "right")
    return float(above.sum() / (2.0 * len(true) * len(false)))


def scored(method: Method, cases: Sequence[Case], name: str, file: Path) -> Scores:
    """Every case by one method; from the file, where it is there."""
    abouts = [c.about for c in cases]
    if not file.exists():
        found = []
        for number, case in enumerate(cases):
            show_rate(number + 1, len(cases), name)
            light, change = method(case.looks[0], list(case.looks[1:]))
            found.append((float(change[case.cells].max()), float(light[case.cells].max())))
        file.write_text(json.dumps({"scores": found, "abouts": [asdict(a) for a in abouts]}))
    stored = json.loads(file.read_text())
    both = np.array(stored["scores"], np.float32)
    return Scores(both[:, 0], both[:, 1], [About(**a) for a in stored["abouts"]])


def by_size(methods: Mapping[str, Scores], unit: str) -> list[str]:
    """A table: a row for each method, a column for each size."""
    abouts = next(iter(methods.values())).abouts
    sizes = sorted({a.size for a in abouts})
    lines = [
        "| | all | " + " | ".join(f"{s:g} {unit}" for s in sizes) + " |",
        "|" + "---|" * (len(sizes) + 2),
    ]
    for name, scores in methods.items():
        cells = [scores.of([a.size == size for a in abouts]).auroc() for size in sizes]
        lines.append(f"| {name} | {scores.auroc()} | " + " | ".join(cells) + " |")
    return lines


def by_what(methods: Mapping[str, Scores], what: Callable[[About], str], title: str) -> list[str]:
    """A table: a row for each kind of case, a column for each method."""
    abouts = next(iter(methods.values())).abouts
    lines = [f"| {title} | cases | " + " | ".join(methods) + " |", "|" + "---|" * (len(methods) + 2)]
    for kind in sorted({what(a) for a in abouts}):
        own = [scores.of([what(a) == kind for a in abouts]) for scores in methods.values()]
        lines.append(f"| {kind} | {len(own[0].abouts)} | " + " | ".join(s.auroc() for s in own) + " |")
    return lines
