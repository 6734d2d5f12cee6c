"""A place's dictionary under attack: many normal pictures in place of one, each cell in spreads of its own.

Each place is learnt from sixteen pictures in light from three quarters to five quarters, and how far its
cells are from that in eight more is their spread, as the shipped dictionary has it. The score is the most
different cell in spreads; the limit is what one in twenty of the pictures of other places passes. One picture
counts here: the program asks for three looks on end, and for time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch

from edge.vision.network import read_contract
from edge.vision.scene.dictionary import Dictionary, Search
from models.training.attacks.counts import Count, Counts, Row
from models.training.attacks.gradient import PGD_STEPS, Greys, pgd
from models.training.attacks.patches import (
    COLUMNS,
    Compared,
    Floats,
    as_later,
    away_from,
    places,
    with_piece,
)
from models.training.attacks.spoil import SPOILS, Grey, spoiled
from models.training.attacks.twins import patch_twin

PLACES: Final = 60
LEARNT: Final = 16
SPREAD: Final = 8
RADII: Final = (2, 8)
_FLOOR: Final = 0.006
_LIMIT_SHARE: Final = 0.95


def _seen_as_normal(grey: Grey, seed: int) -> Grey:
    rng = np.random.default_rng(seed)
    lit = grey.astype(np.float32) * rng.uniform(0.75, 1.25) + rng.uniform(-5.0, 5.0)
    return np.asarray(np.clip(lit + 2.0 * rng.standard_normal(grey.shape), 0, 255), np.uint8)


class Place:
    """What is normal of one place."""

    def __init__(self, compared: Compared, grey: Grey, seed: int) -> None:
        self._compared = compared
        seen = compared.vectors([_seen_as_normal(grey, 100 * seed + i) for i in range(LEARNT + SPREAD)])
        rows, columns = seen.shape[1:3]
        known = Dictionary(rows, columns, rows * columns * LEARNT)
        for vectors in seen[:LEARNT]:
            known.add(vectors, np.zeros(rows * columns, np.bool_))
        self._search = Search(known.entries(), rows, columns)
        spreads = [self._search.distances(vectors) for vectors in seen[LEARNT:]]
        self._spread: Floats = np.maximum(np.max(spreads, axis=0), _FLOOR)

    def score(self, grey: Grey) -> float:
        """The most different cell of a picture, in spreads."""
        distances = self._search.distances(self._compared.vectors([grey])[0])
        return float((distances / self._spread).max())


def measure(data: Path, models: Path, work: Path) -> Counts:
    """Every row, into `work/dictionary.json`."""
    torch.set_num_threads(1)
    counts, compared = Counts(work / "dictionary.json"), Compared(models)
    every = places(data)
    chosen = np.random.default_rng(12).permutation(len(every))[:PLACES]
    first = every[chosen]
    known = [Place(compared, grey, int(i)) for grey, i in zip(first, chosen, strict=True)]
    later = np.stack([as_later(g, i) for i, g in enumerate(first)])
    half = PLACES // 2
    quiet = [known[i].score(later[i]) for i in range(half)]
    limit = float(np.quantile(quiet, _LIMIT_SHARE))
    ours, now = known[half:], later[half:]
    laid = [with_piece(grey, first[i], i) for i, grey in enumerate(now)]
    changed, where = np.stack([new for new, _ in laid]), [at for _, at in laid]

    def both(same: Greys, new: Greys) -> Row:
        kept = [place.score(grey) <= limit for place, grey in zip(ours, same, strict=True)]
        seen = [place.score(grey) > limit for place, grey in zip(ours, new, strict=True)]
        return {COLUMNS[0]: Count(sum(kept), len(kept)), COLUMNS[1]: Count(sum(seen), len(seen))}

    counts.add("clean", lambda: both(now, changed))
    for name, kind in SPOILS.items():
        for strength in kind.strengths:

            def row(name: str = name, strength: float = strength) -> Row:
                return both(
                    np.stack([spoiled(name, strength, g, i) for i, g in enumerate(now)]),
                    np.stack([spoiled(name, strength, g, i) for i, g in enumerate(changed)]),
                )

            counts.add(kind.says.format(strength), row)
    twin = patch_twin(models)
    points = read_contract(models / "patches.json").operating_points
    weights = {name.removesuffix("_weight"): v for name, v in points.items() if name.endswith("_weight")}
    before = compared.vectors(first[half:])
    for radius in RADII:

        def attacked(radius: int = radius) -> Row:
            same, new = [], []
            for i in range(len(now)):
                loud = away_from(twin, weights, before[i], None)
                hush = away_from(twin, weights, before[i], where[i])
                same.append(pgd(loud, now[i : i + 1], radius, i))
                new.append(pgd(hush, changed[i : i + 1], radius, i))
            return both(np.concatenate(same), np.concatenate(new))

        counts.add(f"PGD-{PGD_STEPS}, {radius}/255, found against one picture", attacked)
    return counts
