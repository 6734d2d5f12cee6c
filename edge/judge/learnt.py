"""Days of one camera's gauges, hour by hour, and whether the newest ones are worse than those learnt.

Each hour of the last day is held against the same hour of the learnt days, so that night is never taken for a
dying lamp. What is left of the day after that is one number; how much that number differs from one learnt day
to another is its spread. It is worse where the difference is so many spreads as chance alone, by Student's
distribution with that few days, gives once in a month at most, all gauges together and every hour a try
(Bonferroni); and where it is large enough to matter.

The newest week is not among the learnt days: what gets worse over ten days would else be learnt as normal.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.judge.gauges import GAUGES, TESTS, Gauge, Of, Worse

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

HOURS: Final = 24
FIRST_DAYS: Final = 7
"""Nothing is said before so many whole days; they are kept for ever, for what changes over a season."""
LAG_DAYS: Final = 7
RECENT_DAYS: Final = 28
KEPT_DAYS: Final = FIRST_DAYS + RECENT_DAYS + LAG_DAYS

CAMERAS: Final = 2
HOURS_A_MONTH: Final = 720
CHANCE: Final = 1.0 / (HOURS_A_MONTH * TESTS * CAMERAS)
"""Of one false alarm at one try: one a month of all."""

LEAST_VISITS: Final = 12
LEAST_HOURS: Final = 8
"""What a day, or the window that is judged, must hold; a window grows to three days for visits."""
_LONGEST_DAYS: Final = 3
_TRIM: Final = 0.2
"""At dusk an hour is day or night by the weather, and by the season: a day's furthest hours are left out."""
_HOUR_VISITS: Final = 4.0
_HOUR_DAYS: Final = 0.5
"""How much the mean of all hours counts where an hour has hardly been seen: so many visits, or days."""
_FLOOR: Final = 12.0
"""The spread is never taken for less than this part of what matters."""
_NAMES: Final = tuple(GAUGES)
INDEX: Final = {gauge: number for number, gauge in enumerate(_NAMES)}
SHAPE: Final = (len(_NAMES), HOURS)


def _no_values() -> Floats:
    return np.zeros(SHAPE, np.float32)


@dataclass(slots=True)
class Day:
    """One day in UTC, `number` days after 1970: of each gauge and hour the mean of `count` values.

    UTC has no hour twice and none left out; light follows the sun and not the clocks.
    """

    number: int
    mean: Floats = field(default_factory=_no_values)
    count: Floats = field(default_factory=_no_values)
    clean: bool = True
    """Nothing was wrong with the view: it may be learnt from."""

    def add(self, gauge: Gauge, hour: int, value: float) -> None:
        row, count = INDEX[gauge], float(self.count[INDEX[gauge], hour]) + 1.0
        self.count[row, hour] = count
        self.mean[row, hour] += (value - self.mean[row, hour]) / count


@dataclass(frozen=True, slots=True)
class Change:
    """A gauge now and as it was learnt, how many spreads lie between, and how many chance might give."""

    gauge: Gauge
    now: float
    learnt: float
    spreads: float
    limit: float

    @property
    def by(self) -> float:
        """How far it went the way that is worse, in parts of what matters."""
        row = GAUGES[self.gauge]
        way = self.now - self.learnt
        match row.worse:
            case Worse.LESS:
                way = -way
            case Worse.EITHER:
                way = abs(way)
            case Worse.MORE:
                pass
        return way / row.least

    @property
    def is_worse(self) -> bool:
        return self.by >= 1.0 and self.spreads >= self.limit


class Days:
    """The days of one camera, oldest first; the last one is not over yet."""

    def __init__(self, days: Sequence[Day] = ()) -> None:
        self.days = list(days)
        self._norms_of: tuple[int, ...] = ()
        self._norms: dict[Gauge, list[Norm]] = {}

    def day(self, number: int) -> Day:
        """The day of this number, a new one where there is none.

        A clock that was wrong and ahead has made days that are still to come: they go.
        """
        while self.days and self.days[-1].number > number:
            self.days.pop()
        if not self.days or self.days[-1].number < number:
            self.days.append(Day(number))
            self._forget()
        return self.days[-1]

    def doubt(self, back: int = 0) -> None:
        """The view is worse now, and maybe since so many days: none of it is normal. The first days stay."""
        if not self.days:
            return
        first = [day for day in self.days if day.clean][:FIRST_DAYS]
        for day in self.days:
            if day.number >= self.days[-1].number - back and not any(day is one for one in first):
                day.clean = False

    @property
    def learnt_days(self) -> int:
        return sum(day.clean for day in self.days[:-1])

    def changes(self, hour: int) -> list[Change]:
        """Every gauge that can be compared, at the end of the hour `hour` (hours after 1970)."""
        found = []
        for gauge, norms in self._norms_now().items():
            window = self._window(gauge, hour) if norms else None
            if window is not None:
                found += [norm.compare(*window) for norm in norms]
        return found

    def _norms_now(self) -> dict[Gauge, list[Norm]]:
        """What is normal, from the clean days that are over; it changes once a day."""
        clean = [day for day in self.days[:-1] if day.clean]
        key = tuple(day.number for day in (*clean, *self.days[-1:]))
        if key != self._norms_of:
            self._norms_of = key
            first = clean[:FIRST_DAYS]
            before = [day for day in clean if day.number < self.days[-1].number - LAG_DAYS]
            recent = before[-RECENT_DAYS:] if len(before) >= FIRST_DAYS else first
            self._norms = {}
            for gauge, row in GAUGES.items():
                against = (recent, first) if row.lasting and len(before) > FIRST_DAYS else (recent,)
                norms = (norm_of(gauge, days) for days in against)
                self._norms[gauge] = [norm for norm in norms if norm is not None]
        return self._norms

    def newest(self, gauge: Gauge, days: int) -> list[float | None]:
        """The mean of each of the last days, oldest first; None where nothing was seen."""
        at = INDEX[gauge]
        last = self.days[-days:]
        return [_mean(day.mean[at], day.count[at]) if day.count[at].any() else None for day in last]

    def _window(self, gauge: Gauge, hour: int) -> tuple[Doubles, Doubles] | None:
        """Mean and count of the newest hours, by hour of the day; of visits so many hours that there are
        enough."""
        at, visits = INDEX[gauge], GAUGES[gauge].of is Of.VISIT
        least = LEAST_VISITS if visits else LEAST_HOURS
        kept = {day.number: day for day in self.days[-5:]}
        total, count = np.zeros(HOURS), np.zeros(HOURS)
        number, of_day = divmod(hour, HOURS)
        # A day back from now is the hours up to this one of a day, and the hours after it of the day before.
        parts = (number, slice(0, of_day + 1)), (number - 1, slice(of_day + 1, HOURS))
        for back in range(_LONGEST_DAYS if visits else 1):
            if back and count.sum() >= least:
                break
            for of, hours in parts:
                if (day := kept.get(of - back)) is not None:
                    total[hours] += day.mean[at, hours] * day.count[at, hours]
                    count[hours] += day.count[at, hours]
        return (total / np.maximum(count, 1.0), count) if count.sum() >= least else None

    def _forget(self) -> None:
        """Days in doubt go once they are behind the window; of the others the newest stay."""
        last = self.days[-1].number
        self.days = [day for day in self.days if day.clean or day.number >= last - 4]
        surplus = len(self.days) - KEPT_DAYS
        if surplus > 0:
            del self.days[FIRST_DAYS : FIRST_DAYS + surplus]


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """What is normal for one gauge: by hour, how much whole days differ from that, and of how many days."""

    gauge: Gauge
    profile: Doubles
    middle: float
    spread: float
    days: int
    usual_count: float

    def compare(self, mean: Doubles, count: Doubles) -> Change:
        """The newest day against it: mean and count of each hour of the day."""
        row = GAUGES[self.gauge]
        visits = row.of is Of.VISIT
        off = _rest(mean, count, self.profile, visits) - self.middle
        fewer = max(1.0, self.usual_count / float(count.sum())) if visits else 1.0
        spread = self.spread * math.sqrt((1.0 + 1.0 / self.days) * fewer)
        learnt = float((self.profile * count).sum() / count.sum())
        tails = 2.0 if row.worse is Worse.EITHER else 1.0
        limit = student_limit(CHANCE / tails, self.days - 1)
        return Change(self.gauge, learnt + off, learnt, abs(off) / spread, limit)


def norm_of(gauge: Gauge, days: Sequence[Day]) -> Norm | None:
    """From learnt days; None where too few of these saw enough."""
    at, row = INDEX[gauge], GAUGES[gauge]
    visits = row.of is Of.VISIT
    least = LEAST_VISITS if visits else LEAST_HOURS
    days = [day for day in days if float(day.count[at].sum()) >= least]
    if len(days) < FIRST_DAYS:
        return None
    mean = np.stack([day.mean[at] for day in days]).astype(np.float64)
    count = np.stack([day.count[at] for day in days]).astype(np.float64)
    weight = count if visits else np.minimum(count, 1.0)
    whole = float((mean * weight).sum() / weight.sum())
    pull = _HOUR_VISITS if visits else _HOUR_DAYS
    profile = ((mean * weight).sum(axis=0) + pull * whole) / (weight.sum(axis=0) + pull)
    rest = np.array([_rest(m, c, profile, visits) for m, c in zip(mean, count, strict=True)])
    spread = max(float(rest.std(ddof=1)), row.least / _FLOOR)
    usual = len(days) / float((1.0 / count.sum(axis=1)).sum())
    return Norm(gauge, profile, float(rest.mean()), spread, len(days), usual)


def _rest(mean: Doubles, count: Doubles, profile: Doubles, visits: bool) -> float:
    """What is left of a day when each of its hours is compared with its own."""
    seen = count > 0.0
    rest = (mean - profile)[seen]
    if visits:
        return float((rest * count[seen]).sum() / count[seen].sum())
    ordered = np.sort(rest)
    cut = int(_TRIM * ordered.size)
    return float(ordered[cut : ordered.size - cut].mean())


def _mean(mean: Floats, count: Floats) -> float:
    return float((mean * count).sum() / count.sum())


@functools.lru_cache(maxsize=256)
def student_limit(chance: float, freedom: int) -> float:
    """The number that Student's distribution with `freedom` degrees exceeds with this chance, one-sided."""
    low, high = 0.0, 1.0
    while student_tail(high, freedom) > chance:
        high *= 2.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if student_tail(middle, freedom) > chance else (low, middle)
    return high


def student_tail(t: float, freedom: int) -> float:
    """The chance of more than `t` (0 or more): the finite sums of Abramowitz and Stegun, 26.7.3 and 4."""
    angle = math.atan(t / math.sqrt(freedom))
    square = math.cos(angle) ** 2
    odd = freedom % 2 == 1
    term = math.sin(angle) * (math.cos(angle) if odd else 1.0)
    total = term if freedom > 1 else 0.0
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= square * (k - 1) / k
        total += term
    inside = 2.0 / math.pi * (angle + total) if odd else total
    return max(0.0, 0.5 * (1.0 - inside))
