"""The machine's front is not as it was taught: `front_changed`, after minutes of it and told once.

The eyes say about twice a minute how far each region is from its own normal, and only of what has stood there
still for minutes. Two such answers on end begin it. It ends when every region has been as before for some
minutes, or is not watched any more: a technician has taught the front again. That nobody can see the front
ends nothing.
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
    missed: int = 0
    missed_s: float = float("-inf")


class FrontJudge:
    """Watches `Observation.front` of one camera."""

    def __init__(self) -> None:
        self._regions: dict[str, _Region] = {}

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
        region.seen, region.seen_s, region.missed = seen, now_s, 0
        stands = seen.distance > LIMIT and seen.over_s >= STOOD_S
        region.over = region.over + 1 if stands else 0
        if region.over >= _ANSWERS:
            region.told = True
        if seen.distance >= _CALM:
            region.calm_s = None
        elif region.calm_s is None:
            region.calm_s = now_s
        elif now_s - region.calm_s >= _CALM_S:
            region.told = False

    def _drop(self, now_s: float) -> None:
        for name, region in list(self._regions.items()):
            if now_s - region.seen_s > 2.0 * _ROUND_S and now_s - region.missed_s > _ROUND_S:
                region.missed, region.missed_s = region.missed + 1, now_s
            if region.missed >= _ROUNDS:
                del self._regions[name]

    def _began(self, observation: Observation) -> AnomalyBegan:
        told = sorted((r.seen for r in self._regions.values() if r.told), key=lambda seen: -seen.distance)
        worst = told[0]
        numbers = [
            Number(Measure.UNLIKENESS, worst.distance, LIMIT),
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
