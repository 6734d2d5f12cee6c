"""The cabin looks unlike all that was learnt of it: `unusual_scene`, a hint for the control room.

The eyes have already waited for several looks on end and compare with a limit that the footage learnt from
passes at the rate that is set. Light wanders further than ten minutes of footage know, so the rate is held
here as well: each alarm raises what is compared with, and time lets it sink again (a quantile tracked online:
Gibbs and Candes, 2021). So there are at most `rate x time` alarms and a few more, whatever the light does;
`at_most` says how many. It never holds or leads to a lock, and the permit stays. Where most of the picture
is unlike, the light or the camera is what changed: the camera's health has its time to say so first.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.terms.observation import CabinState, CameraHealth, NormalSeen, Observation
from edge.terms.reason import Ground, Mark, Measure, Number, because

STEP: Final = 0.5
"""Of the limit: what an alarm raises it by. It sinks by as much in the time in which one may come."""
_DAY_S: Final = 86_400.0
_WATCHED_S: Final = 30.0
"""Looks further apart than this were not watched between."""
_WIDE: Final = 0.5
"""Share of the picture from which the light or the camera may be all that changed."""
_WIDE_S: Final = 20.0
_CALM: Final = 0.9
"""Of the limit: what ends it must be clearly under it, else it would flap."""
_CALM_S: Final = 10.0
_SILENT_S: Final = 60.0
"""After so long without a look there is no ground to go on telling."""


def at_most(a_day: float, watched_s: float, largest: float) -> float:
    """Alarms of one state in so much watched time, where no score is above `largest` limits.

    An alarm begins only where the score is above the raised limit, so that never stands higher than `largest`
    and one step; and it stands at least as high as all steps less all that it has sunk.
    """
    return a_day * watched_s / _DAY_S + max(largest - 1.0, 0.0) / STEP + 1.0


class NormalJudge:
    """Watches `Observation.normal` of one camera. What was raised is in RAM: a restart begins without it.

    `step`: 0 compares with the limit as it was learnt.
    """

    def __init__(self, step: float = STEP) -> None:
        self._step = step
        self._raised: defaultdict[CabinState, float] = defaultdict(lambda: 1.0)
        """By what the limit of each state is multiplied."""
        self._told_at = 1.0
        """The same, when what is told began."""
        self._held = False
        self._looked_s: float | None = None
        self._wide_since_s: float | None = None
        self._calm_since_s: float | None = None

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """Feed every frame; most have no look in them."""
        seen = observation.normal
        if seen is None or observation.health is not CameraHealth.OK:
            return self.tick(now_s)
        self._sink(seen, now_s)
        self._looked_s = now_s
        raised = self._raised[seen.state]
        if self._held:
            calm = seen.score < _CALM * seen.limit * self._told_at
            self._calm_since_s = _since(calm, self._calm_since_s, now_s)
            return self._end() if _lasts(self._calm_since_s, _CALM_S, now_s) else ()
        above = seen.score > seen.limit * raised
        wide = above and seen.area > _WIDE
        self._wide_since_s = _since(wide, self._wide_since_s, now_s)
        if not above or (wide and not _lasts(self._wide_since_s, _WIDE_S, now_s)):
            return ()
        self._held = True
        self._calm_since_s = None
        self._told_at = raised
        self._raised[seen.state] = raised + self._step
        return (_began(observation, seen, seen.limit * raised),)

    def _sink(self, seen: NormalSeen, now_s: float) -> None:
        """For the time that this state was watched."""
        if self._looked_s is None or not 0.0 <= now_s - self._looked_s <= _WATCHED_S:
            return
        sunk = self._raised[seen.state] - self._step * seen.a_day * (now_s - self._looked_s) / _DAY_S
        self._raised[seen.state] = max(sunk, 1.0)

    def tick(self, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """Time went on without a look."""
        silent = self._looked_s is not None and now_s - self._looked_s > _SILENT_S
        return self._end() if silent else ()

    def next_wake_s(self) -> float | None:
        """When silence would end it."""
        return self._looked_s + _SILENT_S + 0.01 if self._held and self._looked_s is not None else None

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The visit is over: what was done to the place outlasts it."""
        return ()

    def _end(self) -> tuple[AnomalyEnded, ...]:
        self._looked_s = self._wide_since_s = self._calm_since_s = None
        held, self._held = self._held, False
        return (AnomalyEnded(Anomaly.UNUSUAL_SCENE),) if held else ()


def _since(true: bool, since_s: float | None, now_s: float) -> float | None:
    """Since when it has been true at every look."""
    return (now_s if since_s is None else since_s) if true else None


def _lasts(since_s: float | None, for_s: float, now_s: float) -> bool:
    return since_s is not None and now_s - since_s >= for_s


def _began(observation: Observation, seen: NormalSeen, limit: float) -> AnomalyBegan:
    state = seen.state.value.replace("_", " ")
    detail = f"unlike the {state} cabin as it was learnt"
    why = because(
        Ground.UNLIKE_LEARNT,
        observation,
        Number(Measure.UNLIKENESS, seen.score / max(limit, 1e-6), 1.0),
        Number(Measure.AREA_PERCENT, 100.0 * seen.area),
        marks=[Mark(box, "unusual") for box in seen.where],
    )
    return AnomalyBegan(Anomaly.UNUSUAL_SCENE, detail, why)
