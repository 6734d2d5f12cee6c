"""How well scores tell normal from abnormal, with intervals; nothing of PyTorch is imported here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Flags = NDArray[np.bool_]

DRAWS: Final = 2000


@dataclass(frozen=True, slots=True)
class Area:
    """An area under the curve with the middle 95 % of its draws, and the draws themselves.

    Two areas of the same pictures and seed were drawn alike, so the draws' difference is that of the two.
    """

    value: float
    draws: Reals

    def __str__(self) -> str:
        low, high = np.quantile(self.draws, (0.025, 0.975))
        return f"{self.value:.3f} ({low:.3f} to {high:.3f})"

    def __sub__(self, other: Area) -> Area:
        return Area(self.value - other.value, self.draws - other.draws)


def area(score: Reals, abnormal: Flags) -> float:
    """How often an abnormal one scores above a normal one, a tie counting half (Hanley and McNeil, 1982).

    From the sum of ranks, so that millions of pixels are no trouble. NaN without both kinds.
    """
    above, below = int(abnormal.sum()), int((~abnormal).sum())
    if not above or not below:
        return float("nan")
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    rank = (last - (count - 1) / 2.0)[place]
    return float((rank[abnormal].sum() - above * (above + 1) / 2.0) / (above * below))


def drawn_area(score: Reals, abnormal: Flags, seed: int = 0) -> Area:
    """The area, and `DRAWS` areas of pictures drawn again with replacement, each kind for itself."""
    above, below = score[abnormal], score[~abnormal]
    won = (above[:, None] > below[None]) + 0.5 * (above[:, None] == below[None])
    rng = np.random.default_rng(seed)
    of_above = rng.multinomial(len(above), np.full(len(above), 1 / len(above)), DRAWS)
    of_below = rng.multinomial(len(below), np.full(len(below), 1 / len(below)), DRAWS)
    # Exact in 32 bits: counts are small and `won` is 0, a half or 1.
    sums = (of_above.astype(np.float32) @ won.astype(np.float32) * of_below).sum(1)
    return Area(area(score, abnormal), sums.astype(np.float64) / (len(above) * len(below)))


def mean_area(areas: Sequence[Area]) -> Area:
    """The mean of several sets' areas; their pictures were drawn apart from each other."""
    return Area(float(np.mean([a.value for a in areas])), np.mean([a.draws for a in areas], axis=0))
