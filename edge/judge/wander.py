"""Somebody who stays where nobody needs to, or walks about and leaves the machine alone: `loitering`.

`loiter.py` knows how long the visit lasts; this knows what is done in it, from where people stand in one
camera's picture. It is told once a visit and ends with it: who has walked about has done so.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.sums import Held
from edge.judge.zones import Stand, Stands, contains, drawn
from edge.terms.ground import Purpose, Zone
from edge.terms.observation import CameraHealth, Observation
from edge.terms.reason import Ground, Measure, Number, because

_OVER_S: Final = 60.0
"""What was walked in the last minute counts."""
_TURNS: Final = 5
"""Who comes, uses the machine and goes turns once or twice."""
_PATH: Final = 1.5
"""Way walked, in picture widths."""
_LEAST_S: Final = 20.0
"""Who has walked for less than this has just come, or goes."""
_LEG: Final = 0.12
"""A way in one direction from this length on, in picture widths: a step to the side or a bow is none."""
_MEAN_S: Final = 0.5
"""Places are taken together over so long: the box around what moves jumps with every limb."""
_STAY: Final = 0.06
"""Who stays within this, in picture widths, stands."""
_STAY_S: Final = 6.0
"""Standing so long, in the machine's zone or where none is drawn, is use of the machine."""
_FACE_S: Final = 2.0
"""A face before the machine's own camera so long is, too."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where somebody was, as fractions of the picture."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class _Leg:
    """One straight way: when it ended, its direction and its length in picture widths."""

    at_s: float
    x: float
    y: float

    @property
    def length(self) -> float:
        return math.hypot(self.x, self.y)


class WanderJudge:
    """Watches who stands and walks in one camera's picture. `loiter_s`: the longest stay in such a zone."""

    def __init__(self, zones: Sequence[Zone], loiter_s: float) -> None:
        self._loiter = [zone for zone in zones if zone.purpose is Purpose.LOITER]
        self._machine = [zone for zone in zones if zone.purpose is Purpose.MACHINE]
        self._loiter_s = loiter_s
        self._dwelt = [Held(loiter_s) for _ in self._loiter]
        self._stands = Stands()
        self._legs: deque[_Leg] = deque()
        self._from: _Place | None = None
        self._recent: list[Stand] = []
        self._recent_s = 0.0
        self._stood: _Place | None = None
        self._stood_s = 0.0
        self._face_s = 0.0
        self._used = False
        self._last_s: float | None = None
        self._held = False

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan, ...]:
        """One frame; an unsound one says nothing."""
        if observation.health is not CameraHealth.OK:
            self._last_s = None
            return ()
        stands = self._stands.update(observation, now_s)
        if stands is None:
            return ()
        dt_s = 0.0 if self._last_s is None else min(max(now_s - self._last_s, 0.0), 1.0)
        self._last_s = now_s
        if observation.faces:
            self._face_s += dt_s
            self._used = self._used or self._face_s >= _FACE_S
        stayed = self._in_zone(stands, observation, dt_s)
        if len(stands) == 1:
            self._recent.append(stands[0])
        if now_s - self._recent_s >= _MEAN_S:
            if self._recent:
                self._walk(_middle(self._recent), observation, now_s)
            self._recent, self._recent_s = [], now_s
        if self._held:
            return ()
        began = stayed or self._walked(observation, now_s)
        if began is None:
            return ()
        self._held = True
        return (began,)

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The visit is over."""
        for held in self._dwelt:
            held.clear()
        self._legs.clear()
        self._from = self._stood = None
        self._recent = []
        self._face_s = 0.0
        self._used = False
        held_before, self._held = self._held, False
        return (AnomalyEnded(Anomaly.LOITERING),) if held_before else ()

    def tick(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        """Only pictures show where somebody is."""
        return ()

    def next_wake_s(self) -> float | None:
        return None

    def _in_zone(self, stands: Sequence[Stand], observation: Observation, dt_s: float) -> AnomalyBegan | None:
        began = None
        for zone, held in zip(self._loiter, self._dwelt, strict=True):
            there = [stand for stand in stands if contains(zone.polygon, stand.x, stand.y)]
            if held.update(bool(there), dt_s) and there and began is None:
                reason = because(
                    Ground.STAYED_LONG,
                    observation,
                    Number(Measure.STAYED_S, self._loiter_s, self._loiter_s),
                    marks=[stand.seen for stand in there],
                    zone=drawn(zone, observation.size),
                )
                detail = f"in {zone.name} for {self._loiter_s:.0f} s"
                began = AnomalyBegan(Anomaly.LOITERING, detail, reason)
        return began

    def _walk(self, stand: _Place, observation: Observation, now_s: float) -> None:
        """Adds to the way walked, and notes who stands long enough to have used the machine."""
        shape = observation.size[1] / observation.size[0]
        if self._stood is None or _apart(self._stood, stand, shape) > _STAY:
            self._stood, self._stood_s = stand, now_s
        elif now_s - self._stood_s >= _STAY_S and self._at_machine(stand):
            self._used = True
        if self._from is None:
            self._from = stand
            return
        leg = _Leg(now_s, stand.x - self._from.x, (stand.y - self._from.y) * shape)
        if leg.length < _LEG:
            return
        self._from = stand
        last = self._legs[-1] if self._legs else None
        if last is not None and last.x * leg.x + last.y * leg.y > 0.0:
            self._legs[-1] = _Leg(now_s, last.x + leg.x, last.y + leg.y)
        else:
            self._legs.append(leg)

    def _at_machine(self, stand: _Place) -> bool:
        return not self._machine or any(contains(zone.polygon, stand.x, stand.y) for zone in self._machine)

    def _walked(self, observation: Observation, now_s: float) -> AnomalyBegan | None:
        while self._legs and self._legs[0].at_s < now_s - _OVER_S:
            self._legs.popleft()
        turns = len(self._legs) - 1
        path = sum(leg.length for leg in self._legs)
        if self._used or turns < _TURNS or path < _PATH or now_s - self._legs[0].at_s < _LEAST_S:
            return None
        reason = because(
            Ground.MOVED_ABOUT,
            observation,
            Number(Measure.TURNS, turns, _TURNS),
            Number(Measure.MOVED_PX, path * observation.size[0], _PATH * observation.size[0]),
            Number(Measure.LASTED_S, now_s - self._legs[0].at_s),
            marks=observation.moving[:1],
        )
        detail = f"walks about without using the machine: {turns} turns within {_OVER_S:.0f} s"
        return AnomalyBegan(Anomaly.LOITERING, detail, reason)


def _apart(a: _Place, b: _Place, shape: float) -> float:
    return math.hypot(a.x - b.x, (a.y - b.y) * shape)


def _middle(stands: Sequence[Stand]) -> _Place:
    """The median place: one jump does not move it."""
    return _Place(median(stand.x for stand in stands), median(stand.y for stand in stands))
