"""The list of what is summed up by the hour to see whether a camera gets worse, and what each means.

Three kinds: of the picture of the empty cabin, of what networks say of the empty cabin, and of visits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

import numpy as np

from edge.terms.reason import Ground, Measure, Number


class Of(StrEnum):
    """What one value is of: an hour of the empty cabin, or one visit."""

    EMPTY = "empty"
    VISIT = "visit"


class Worse(StrEnum):
    """Which way it gets worse; the other way is nothing to tell."""

    LESS = "less"
    MORE = "more"
    EITHER = "either"


class Unit(StrEnum):
    """How a value is said to people."""

    LOG = "log"
    """A natural logarithm: said as a share of what was learnt."""
    SHARE = "share"
    LOG_ODDS = "log_odds"
    """Said as the probability."""
    COUNT = "count"
    PX = "px"


class Gauge(StrEnum):
    """What is summed up."""

    LIGHT = "light"
    DETAIL = "detail"
    CONTRAST = "contrast"
    NOISE = "noise"
    SHIFT_RIGHT = "shift_right"
    SHIFT_DOWN = "shift_down"
    FOREGROUND = "foreground"
    SOMEBODY_EMPTY = "somebody_empty"
    PERSONS_EMPTY = "persons_empty"
    UNLIKE_NORMAL = "unlike_normal"
    UNLIKE_FRONT = "unlike_front"
    FACES_SEEN = "faces_seen"
    FACE_SCORE = "face_score"
    FACES_UNCLEAR = "faces_unclear"
    FACE_CERTAIN = "face_certain"
    SOMEBODY_THERE = "somebody_there"
    PERSONS_BOXED = "persons_boxed"
    PERSONS = "persons"
    WEAPON = "weapon"
    FIGHT = "fight"
    UNUSUAL = "unusual"


@dataclass(frozen=True, slots=True)
class Row:
    """One gauge. `least`: a change that is smaller matters to nobody, however certain it is.

    `lasting`: weather and visitors do not change it, so that it is held against the first days as well; what
    gets worse over a season is seen there.
    """

    of: Of
    worse: Worse
    unit: Unit
    least: float
    ground: Ground
    lasting: bool = False


# fmt: off
GAUGES: Final[Mapping[Gauge, Row]] = {
    Gauge.LIGHT: Row(Of.EMPTY, Worse.LESS, Unit.LOG, 0.18, Ground.VIEW_DARKER),
    Gauge.DETAIL: Row(Of.EMPTY, Worse.LESS, Unit.LOG, 0.10, Ground.VIEW_BLURRED, lasting=True),
    Gauge.CONTRAST: Row(Of.EMPTY, Worse.LESS, Unit.LOG, 0.15, Ground.VIEW_VEILED, lasting=True),
    Gauge.NOISE: Row(Of.EMPTY, Worse.MORE, Unit.LOG, 0.22, Ground.VIEW_NOISY, lasting=True),
    Gauge.SHIFT_RIGHT: Row(Of.EMPTY, Worse.EITHER, Unit.PX, 4.0, Ground.VIEW_SHIFTED, lasting=True),
    Gauge.SHIFT_DOWN: Row(Of.EMPTY, Worse.EITHER, Unit.PX, 4.0, Ground.VIEW_SHIFTED, lasting=True),
    Gauge.FOREGROUND: Row(Of.EMPTY, Worse.MORE, Unit.SHARE, 0.10, Ground.VIEW_NOISY),
    Gauge.SOMEBODY_EMPTY: Row(Of.EMPTY, Worse.MORE, Unit.LOG_ODDS, 1.5, Ground.PEOPLE_UNSURE),
    Gauge.PERSONS_EMPTY: Row(Of.EMPTY, Worse.MORE, Unit.COUNT, 0.10, Ground.PEOPLE_UNSURE),
    Gauge.UNLIKE_NORMAL: Row(Of.EMPTY, Worse.MORE, Unit.COUNT, 0.25, Ground.VIEW_UNLIKE),
    Gauge.UNLIKE_FRONT: Row(Of.EMPTY, Worse.MORE, Unit.COUNT, 0.25, Ground.VIEW_UNLIKE),
    Gauge.FACES_SEEN: Row(Of.VISIT, Worse.LESS, Unit.SHARE, 0.10, Ground.FACES_FEWER),
    Gauge.FACE_SCORE: Row(Of.VISIT, Worse.LESS, Unit.SHARE, 0.04, Ground.FACES_UNSURE),
    Gauge.FACES_UNCLEAR: Row(Of.VISIT, Worse.MORE, Unit.SHARE, 0.08, Ground.FACES_UNCLEAR),
    Gauge.FACE_CERTAIN: Row(Of.VISIT, Worse.LESS, Unit.LOG_ODDS, 1.0, Ground.FACES_UNSURE),
    Gauge.SOMEBODY_THERE: Row(Of.VISIT, Worse.LESS, Unit.LOG_ODDS, 1.0, Ground.PEOPLE_UNSURE),
    Gauge.PERSONS_BOXED: Row(Of.VISIT, Worse.LESS, Unit.SHARE, 0.12, Ground.PEOPLE_UNSURE),
    Gauge.PERSONS: Row(Of.VISIT, Worse.EITHER, Unit.COUNT, 0.30, Ground.PEOPLE_UNSURE),
    Gauge.WEAPON: Row(Of.VISIT, Worse.EITHER, Unit.LOG_ODDS, 1.5, Ground.MOTION_UNLIKE),
    Gauge.FIGHT: Row(Of.VISIT, Worse.EITHER, Unit.LOG_ODDS, 1.5, Ground.MOTION_UNLIKE),
    Gauge.UNUSUAL: Row(Of.VISIT, Worse.EITHER, Unit.LOG_ODDS, 1.5, Ground.MOTION_UNLIKE),
}
# fmt: on

TESTS: Final = sum(2 if row.lasting else 1 for row in GAUGES.values())
"""Comparisons of one camera in an hour."""


def numbers(gauge: Gauge, now: float, learnt: float) -> tuple[Number, ...]:
    """What is said of a change: what it is now, and what it was, or by how much the view has moved."""
    match GAUGES[gauge].unit:
        case Unit.LOG:
            pair = 100.0 * float(np.exp(now - learnt)), 100.0
        case Unit.SHARE:
            pair = 100.0 * now, 100.0 * learnt
        case Unit.COUNT:
            pair = 100.0 * max(now, 0.0) / max(learnt, 0.01), 100.0
        case Unit.LOG_ODDS:
            pair = _percent(now), _percent(learnt)
        case Unit.PX:
            return (Number(Measure.MOVED_PX, round(abs(now - learnt), 1)),)
        case unit:
            assert_never(unit)
    now_percent, learnt_percent = (round(value, 1) for value in pair)
    return Number(Measure.NOW_PERCENT, now_percent), Number(Measure.LEARNT_PERCENT, learnt_percent)


def _percent(log_odds: float) -> float:
    return 100.0 / (1.0 + float(np.exp(-np.clip(log_odds, -50.0, 50.0))))
