"""Months in a cabin: hours, weather, visitors and a rhythm of the week, drawn from what was looked at once.

What no picture shows is drawn too: a camera whose exposure differs a little from day to day, a poster or a
bin that is new, days with many masks, Sundays with few visitors, and a year in which days grow longer.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.judge.drift import DriftJudge
from edge.judge.joined import Notice
from edge.terms.observation import (
    CameraHealth,
    Cover,
    Face,
    FaceVerdict,
    Observation,
    PictureFigures,
    SceneSeen,
    Thing,
    ThingKind,
)
from tests.drift.looked import EMPTY, FACE, STEPS, SUNS, Looked
from tests.drift.world import Kind

START_HOUR: Final = 490_896
"""2026-01-01, 00:00 UTC."""
_POINTS: Final = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.4, 0.8), (0.6, 0.8))
_BODY: Final = (200.0, 100.0, 200.0, 300.0)
_VERDICTS: Final = tuple(FaceVerdict)
_LOOKS: Final = 3
_MOMENTS: Final = 4
_BUSY: Final = (0.1, 0.1, 0.05, 0.05, 0.1, 0.3, 0.7, 1.2, 1.5, 1.6, 1.6, 1.7)
_BUSY_PM: Final = (1.9, 1.7, 1.5, 1.5, 1.7, 2.0, 1.9, 1.4, 0.9, 0.6, 0.4, 0.2)
_OF_WEEK: Final = (1.0, 0.95, 1.0, 1.0, 1.25, 1.1, 0.3)

Level = Callable[[float], float]
"""How bad the camera is at an hour since the start: 0 sound, 1 the most."""


def sound(hour: float) -> float:
    return 0.0


@dataclass
class Month:
    """One cabin over `days` days. `kind` and `level`: what gets worse; `a_day`: visits on a usual day."""

    looked: Looked
    seed: int
    kind: Kind = Kind.DIRT
    level: Level = sound
    a_day: float = 70.0
    pictures: bool = True
    """Whether the picture itself is measured; else only what the networks say is heard."""
    heard: list[tuple[int, Notice]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._hour = START_HOUR
        self._now_s = 0.0
        self.judge = DriftJudge(lambda: self._hour)
        self._cloud = 0.5
        self._row_of = (-1.0, -1.0)
        self._row: dict[str, float] = {}
        self._first = int(self._random.integers(365))
        self._start_day()

    @property
    def since_h(self) -> int:
        """Hours since the first."""
        return self._hour - START_HOUR

    def fork(self, kind: Kind) -> None:
        """A copy goes its own way: with its own chance, record, and judge."""
        self.kind = kind
        self._random = copy.deepcopy(self._random)
        self.heard = list(self.heard)
        self.judge = DriftJudge(lambda: self._hour, self.judge.memory())

    def play(self, days: int) -> None:
        self.play_hours(24 * days)

    def play_hours(self, hours: int) -> None:
        for _ in range(hours):
            since = self._hour - START_HOUR
            if since and since % 24 == 0:
                self._start_day()
            self._play_hour(since)
            self._hour += 1

    def _start_day(self) -> None:
        random = self._random
        self._cloud = float(np.clip(0.5 + 0.6 * (self._cloud - 0.5) + random.normal(0.0, 0.25), 0.0, 1.0))
        self._exposure = random.normal(0.0, 1.0, 4)
        self._many = float(np.exp(random.normal(0.0, 0.25)))
        self._masks = float(np.clip(random.beta(2.0, 6.0), 0.02, 0.9))
        self._things = random.normal(0.0, 0.015, 2) if random.random() < 0.1 else np.zeros(2)

    def _play_hour(self, since: int) -> None:
        of_day, day = since % 24, self._first + since // 24
        half_day_h = 6.0 + 2.0 * math.sin(2.0 * math.pi * (day - 80) / 365.0)
        height = (
            math.cos((of_day - 12.0) / half_day_h * 0.5 * math.pi) if abs(of_day - 12) < half_day_h else 0.0
        )
        sun = float(np.clip(height * (1.0 - 0.75 * self._cloud) * self._random.uniform(0.8, 1.1), 0.0, 1.0))
        share = self.level(since)
        begins_s = self._now_s
        busy = (*_BUSY, *_BUSY_PM)[of_day] / 24.0
        count = int(self._random.poisson(self.a_day * busy * self._many * _OF_WEEK[(since // 24) % 7]))
        self._see_empty(sun, share)
        for _ in range(min(count, 30)):
            self._visit(share)
        self._now_s += 60.0
        for _ in range(_MOMENTS):
            self._see_empty(sun, share)
        self._now_s = max(begins_s + 3600.0, self._now_s)

    def _states(self, share: float) -> tuple[int, int, float]:
        """The two states that were looked at beside this one, and how near it is to the second."""
        at = min(max(share, 0.0), 1.0) * STEPS
        low = min(int(at), STEPS - 1)
        first = 1 + STEPS * tuple(Kind).index(self.kind)
        return (0 if low == 0 else first + low - 1), first + low, at - low

    def _empty_row(self, sun: float, share: float) -> dict[str, float]:
        if self._row_of != (sun, share):
            self._row_of = (sun, share)
            low, high, part = self._states(share)
            near = [_at(SUNS, sun, self.looked.empty[state].mean(axis=1)) for state in (low, high)]
            self._row = dict(zip(EMPTY, (near[0] * (1.0 - part) + near[1] * part).tolist(), strict=True))
        return self._row

    def _see_empty(self, sun: float, share: float) -> None:
        row = self._empty_row(sun, share)
        noise = self._random.normal(0.0, 1.0, 6)
        shift = None
        if not math.isnan(row["down"]):
            shift = (row["right"] + 0.2 * noise[4], row["down"] + 0.2 * noise[5])
        figures = PictureFigures(
            light=row["light"] * math.exp(0.03 * self._exposure[0] + 0.02 * noise[0]),
            detail=row["detail"] + 0.008 * self._exposure[1] + 0.01 * noise[1] + self._things[0],
            contrast=row["contrast"] + 0.015 * self._exposure[2] + 0.01 * noise[2] + self._things[1],
            noise=row["noise"] * math.exp(0.03 * self._exposure[3] + 0.02 * noise[3]),
            shift=shift,
        )
        scene = SceneSeen(row["somebody"] + float(self._random.normal(0.0, 0.4)))
        self._see(
            Observation(
                0,
                0.0,
                (640, 480),
                (),
                0.0,
                CameraHealth.OK,
                scene=scene,
                picture=figures if self.pictures else None,
            ),
            False,
        )

    def _visit(self, share: float) -> None:
        """Somebody of this cabin's people; each visit has a jitter of its own."""
        low, high, part = self._states(share)
        some = np.flatnonzero(self.looked.masks == (self._random.random() < self._masks))
        visitor = int(self._random.choice(some))
        jitter = self._random.normal(0.0, 0.7, 2)
        for _ in range(_LOOKS):
            state = high if self._random.random() < part else low
            row = dict(zip(FACE, self.looked.faces[state, visitor], strict=True))
            faces: tuple[Face, ...] = ()
            if row["seen"] > 0.5 and self._random.random() > 0.02:
                verdict = _VERDICTS[int(row["verdict"])]
                logit = float(row["covered"] + jitter[0])
                score = float(row["score"])
                faces = (
                    Face((9.0, 9.0, 90.0, 90.0), score, _POINTS, verdict, Cover.NONE, logit, -3.0, 0.0, 0.0),
                )
            things = tuple(Thing(ThingKind.PERSON, _BODY, 0.9) for _ in range(int(row["persons"])))
            scene = SceneSeen(float(row["somebody"] + jitter[1]), things)
            self._see(Observation(0, 0.0, (640, 480), faces, 0.2, CameraHealth.OK, scene=scene), True)
        self._see(Observation(0, 0.0, (640, 480), (), 0.0, CameraHealth.OK), False)

    def _see(self, seen: Observation, present: bool) -> None:
        self._now_s += 11.0
        self.judge.observe(seen, present, self._now_s)
        self.heard += ((self._hour - START_HOUR, notice) for notice in self.judge.notices())


def _at(suns: Sequence[float], sun: float, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """The row between those of two suns."""
    return np.array([np.interp(sun, suns, rows[:, column]) for column in range(rows.shape[1])])
