"""The machine's front is not as it was taught: `front_changed`, after minutes of it and told once.

The eyes say about twice a minute how far each region is from its own normal, and only of what has stood there
still for minutes. Two such answers on end begin it. It ends when every region has been as before for some
minutes, or is not watched any more: a technician has taught the front again. That nobody can see the front
ends nothing.

Strips of sun and paper in a slot come back. So each alarm raises what the same region is compared with, and
it sinks again at one alarm a week (as `normal.py` does for the whole cabin): whatever the light does, there
are no more than that and a few at first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.terms.observation import CameraHealth, FrontChange, FrontSeen, Observation
from edge.terms.reason import Ground, Mark, Measure, Number, because

LIMIT: Final = 1.0
STOOD_S: Final = 180.0
"""What is told has stood there for so long at least."""
_ANSWERS: Final = 2
STEP: Final = 0.5
"""What an alarm raises the limit of its region by. It sinks by as much in a week of answers."""
_WEEK_S: Final = 604_800.0
_WATCHED_S: Final = 120.0
"""Answers of one region further apart than this were not watched between."""
_CALM: Final = 0.8
"""What ends it must be clearly as before, else it would flap about the limit."""
_CALM_S: Final = 180.0
_ROUND_S: Final = 25.0
"""All regions are judged within one such time, about twice a minute."""
_ROUNDS: Final = 5
"""After so many rounds of the others without it a region is not watched any more."""


@dataclass(slots=True)
class _Region:
    seen: FrontSeen
    seen_s: float
    over: int = 0
    calm_s: float | None = None
    told: bool = False
    told_at: float = LIMIT
    """The limit that was passed when it was told."""
    missed: int = 0
    missed_s: float = float("-inf")


class FrontJudge:
    """Watches `Observation.front` of one camera. What was raised is in RAM: a restart begins at `LIMIT`."""

    def __init__(self) -> None:
        self._regions: dict[str, _Region] = {}
        self._limits: dict[str, float] = {}
        """Of each region, outlasting that it is not watched for a while."""

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """Feed every frame. One in which no region was judged says nothing, and neither does an unsound
        one."""
        if not observation.front or observation.health is not CameraHealth.OK:
            return ()
        before = self._told
        for seen in observation.front:
            self._hear(seen, now_s)
        self._drop(now_s)
        if self._told and not before:
            return (self._began(observation),)
        if before and not self._told:
            return (AnomalyEnded(Anomaly.FRONT_CHANGED),)
        return ()

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The visit is over: what was fixed to the machine is just what outlasts it."""
        return ()

    @property
    def _told(self) -> bool:
        return any(region.told for region in self._regions.values())

    def _hear(self, seen: FrontSeen, now_s: float) -> None:
        region = self._regions.setdefault(seen.region, _Region(seen, now_s))
        limit = self._limit(seen.region, now_s - region.seen_s)
        region.seen, region.seen_s, region.missed = seen, now_s, 0
        stands = seen.distance > limit and seen.over_s >= STOOD_S
        region.over = region.over + 1 if stands else 0
        if region.over >= _ANSWERS and not region.told:
            region.told, region.told_at = True, limit
            self._limits[seen.region] = limit + STEP
        if seen.distance >= _CALM * region.told_at:
            region.calm_s = None
        elif region.calm_s is None:
            region.calm_s = now_s
        elif now_s - region.calm_s >= _CALM_S:
            region.told = False

    def _limit(self, name: str, since_s: float) -> float:
        """Of this region now; `since_s` after its last answer."""
        sunk = STEP * since_s / _WEEK_S if 0.0 <= since_s <= _WATCHED_S else 0.0
        self._limits[name] = max(self._limits.get(name, LIMIT) - sunk, LIMIT)
        return self._limits[name]

    def _drop(self, now_s: float) -> None:
        for name, region in list(self._regions.items()):
            if now_s - region.seen_s > 2.0 * _ROUND_S and now_s - region.missed_s > _ROUND_S:
                region.missed, region.missed_s = region.missed + 1, now_s
            if region.missed >= _ROUNDS:
                del self._regions[name]

    def _began(self, observation: Observation) -> AnomalyBegan:
        regions = sorted((r for r in self._regions.values() if r.told), key=lambda r: -r.seen.distance)
        told = [region.seen for region in regions]
        worst = told[0]
        numbers = [
            Number(Measure.UNLIKENESS, worst.distance, regions[0].told_at),
            Number(Measure.STILL_S, worst.over_s, STOOD_S),
            *([] if worst.size_cm is None else [Number(Measure.SIZE_CM, worst.size_cm)]),
        ]
        size = "" if worst.size_cm is None else f", about {worst.size_cm:.0f} cm"
        names = ", ".join(f"{seen.region} {seen.change.value}" for seen in told)
        detail = f"{names}: {worst.distance:.1f} times its own normal for {worst.over_s:.0f} s{size}"
        marks = [Mark(seen.box, f"{seen.region} {seen.change.value}") for seen in told]
        why = because(_ground(worst.change), observation, *numbers, marks=marks)
        return AnomalyBegan(Anomaly.FRONT_CHANGED, detail, why)


def _ground(change: FrontChange) -> Ground:
    match change:
        case FrontChange.ADDED:
            return Ground.FIXED_TO_FRONT
        case FrontChange.REMOVED:
            return Ground.GONE_FROM_FRONT
        case FrontChange.CHANGED | FrontChange.SAME:
            return Ground.FRONT_DIFFERS
        case _:
            assert_never(change)
