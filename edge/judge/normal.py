"""The cabin looks unlike all that was learnt of it: `unusual_scene`, a hint for the control room.

The eyes have already waited for several looks on end and compare with a limit that normal footage passes at
the rate that is set; here it is told, and ended when the place looks as it should again. It never holds or
leads to a lock, and the permit stays. Where most of the picture is unlike, the light or the camera is what
changed: the camera's health has its time to say so first.
"""

from __future__ import annotations

from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.terms.observation import CameraHealth, NormalSeen, Observation
from edge.terms.reason import Ground, Mark, Measure, Number, because

_WIDE: Final = 0.5
"""Share of the picture from which the light or the camera may be all that changed."""
_WIDE_S: Final = 20.0
_CALM: Final = 0.9
"""Of the limit: what ends it must be clearly under it, else it would flap."""
_CALM_S: Final = 10.0
_SILENT_S: Final = 60.0
"""After so long without a look there is no ground to go on telling."""


class NormalJudge:
    """Watches `Observation.normal` of one camera."""

    def __init__(self) -> None:
        self._held = False
        self._looked_s: float | None = None
        self._wide_since_s: float | None = None
        self._calm_since_s: float | None = None

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """Feed every frame; most have no look in them."""
        seen = observation.normal
        if seen is None or observation.health is not CameraHealth.OK:
            return self.tick(now_s)
        self._looked_s = now_s
        if self._held:
            calm = seen.score < _CALM * seen.limit
            self._calm_since_s = _since(calm, self._calm_since_s, now_s)
            return self._end() if _lasts(self._calm_since_s, _CALM_S, now_s) else ()
        above = seen.score > seen.limit
        wide = above and seen.area > _WIDE
        self._wide_since_s = _since(wide, self._wide_since_s, now_s)
        if not above or (wide and not _lasts(self._wide_since_s, _WIDE_S, now_s)):
            return ()
        self._held = True
        self._calm_since_s = None
        return (_began(observation, seen),)

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


def _began(observation: Observation, seen: NormalSeen) -> AnomalyBegan:
    state = seen.state.value.replace("_", " ")
    detail = f"unlike the {state} cabin as it was learnt"
    why = because(
        Ground.UNLIKE_LEARNT,
        observation,
        Number(Measure.UNLIKENESS, seen.score / max(seen.limit, 1e-6), 1.0),
        Number(Measure.AREA_PERCENT, 100.0 * seen.area),
        marks=[Mark(box, "unusual") for box in seen.where],
    )
    return AnomalyBegan(Anomaly.UNUSUAL_SCENE, detail, why)
