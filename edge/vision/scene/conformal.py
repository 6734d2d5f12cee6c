"""A limit that normal footage passes at a chosen rate, from the largest scores of blocks of normal footage.

Looks one second apart are nearly the same look, so they say nothing singly: what is counted are blocks, a
minute of one visit or of the vacant cabin each, by the largest score in it. Where blocks are exchangeable the
k-th largest of n is passed by a further block with a probability of at most k / (n + 1) (conformal
prediction, Vovk and others, 2005), whatever the scores are distributed like.

A rarer rate than one block in n + 1 cannot be had from n blocks without a word on the tail. Then the
logarithms of the largest scores are taken to fall off exponentially (Hill, 1975), with the upper end of what
so few scores say of how fast. That is a model and no guarantee; `Limit.assured` says which it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

BLOCK_S: Final = 60.0
DAY_S: Final = 86_400.0
LEAST_BLOCKS: Final = 4
"""With fewer nothing is said."""

_TAIL: Final = 0.5
"""The share of the blocks that the tail is fitted to."""
_DRIFT: Final = 1.5
"""What a limit of few blocks is raised by: so little footage hardly knows how the light wanders."""
_SURE: Final = 1.28
"""Standard errors: the true slope is steeper than ours nine times of ten."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`score`: above it is unusual. `assured`: by ranks alone, no model of the tail."""

    score: float
    assured: bool


def limit_of(largest: Sequence[float], false_alarms_a_day: float, block_s: float = BLOCK_S) -> Limit:
    """`largest`: the largest score of each block of normal footage. ValueError where there are too few."""
    if len(largest) < LEAST_BLOCKS:
        raise ValueError(f"{len(largest)} blocks are too few for a limit")
    scores = np.sort(np.asarray(largest, np.float64))[::-1]
    share = min(false_alarms_a_day * block_s / DAY_S, 1.0)
    rank = int(share * (len(scores) + 1) + 1e-9)
    if rank >= 1:
        return Limit(float(scores[min(rank, len(scores)) - 1]), assured=True)
    tail = max(2, round(_TAIL * len(scores)))
    floor = max(float(scores[tail]), 1e-6)
    slope = float(np.log(np.maximum(scores[:tail], floor) / floor).mean()) * (1.0 + _SURE / tail**0.5)
    beyond = float(np.log(tail / len(scores) / share))
    return Limit(_DRIFT * max(floor * float(np.exp(slope * beyond)), float(scores[0])), assured=False)


def chance(largest: Sequence[float], score: float) -> float:
    """The conformal p-value of a block's largest score: uniform or larger where the block is normal."""
    above = sum(one >= score for one in largest)
    return (1 + above) / (len(largest) + 1)
