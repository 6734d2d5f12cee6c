"""How often a day, from how often in some hours: the rate of a Poisson process with its exact interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Times a day: the estimate and the ends of its 95 % interval."""

    rate: float
    low: float
    high: float


def a_day(times: int, hours: float) -> Rate:
    """The exact (Garwood 1936) interval: the means for which so few, or so many, have a chance of 2.5 %."""
    days = hours / 24.0
    low = 0.0 if times == 0 else _mean_where(lambda mean: 1.0 - _at_most(times - 1, mean) < 0.025)
    high = _mean_where(lambda mean: _at_most(times, mean) > 0.025)
    return Rate(times / days, low / days, high / days)


def _at_most(times: int, mean: float) -> float:
    """The chance of `times` or fewer where `mean` are expected."""
    return sum(math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1.0)) for n in range(times + 1))


def _mean_where(still_below: Callable[[float], bool]) -> float:
    """The mean at which `still_below` turns false, to a thousandth."""
    low, high = 1e-9, 1.0
    while still_below(high):
        high *= 2.0
    while high - low > 1e-3 * high:
        middle = (low + high) / 2.0
        low, high = (middle, high) if still_below(middle) else (low, middle)
    return high
