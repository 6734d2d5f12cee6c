"""Behaviour unlike normal use for some seconds on end: `unusual_behaviour`, a hint for the control room.

The eyes say twice a second how unusual the last two seconds were; here the mean of the last four seconds
must be above the operating point, and stay there. It never holds or leads to a lock, and the permit
stays: the score is a weak witness (see `models/unusual.md`), so it may only ask somebody to look.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.sums import Held
from edge.terms.observation import CameraHealth, Observation, ThingKind
from edge.terms.reason import Ground, Measure, Number, because

_OVER_S: Final = 4.0
_ANSWERS_MIN: Final = 4
_GAP_S: Final = 2.0
"""After so long without an answer what was added up is forgotten."""
_DWELL_S: Final = 1.0
_CALM: Final = -0.5
"""What ends it must be clearly normal, else it would flap about the operating point."""
_CALM_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Answer:
    at_s: float
    logit: float


class UnusualJudge:
    """Adds up `Observation.unusual_logit` of one camera."""

    def __init__(self) -> None:
        self._answers: deque[_Answer] = deque()
        self._above = Held(_DWELL_S)
        self._calm = Held(_CALM_S)
        self._held = False

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """Feed every frame. A picture that cannot be believed says nothing, and ends nothing at once."""
        logit = observation.unusual_logit
        if logit is None or observation.health is not CameraHealth.OK:
            # Nothing moves and nobody is seen, or nobody can see: no ground to go on telling.
            return self.tick(now_s)
        dt_s = now_s - self._answers[-1].at_s if self._answers else 0.0
        self._answers.append(_Answer(now_s, logit))
        while self._answers[0].at_s <= now_s - _OVER_S - 1e-6:
            self._answers.popleft()
        if len(self._answers) < _ANSWERS_MIN:
            return ()
        mean = sum(answer.logit for answer in self._answers) / len(self._answers)
        if self._held:
            if not self._calm.update(mean < _CALM, dt_s):
                return ()
            self._held = False
            self._above.clear()
            return (AnomalyEnded(Anomaly.UNUSUAL_BEHAVIOUR),)
        if not self._above.update(mean > 0.0, dt_s):
            return ()
        self._held = True
        self._calm.clear()
        detail = f"unlike normal use over {_OVER_S:.0f} s: {observation.unusual_why}".rstrip(": ")
        numbers = (Number(Measure.LOG_ODDS, round(mean, 2), 0.0), Number(Measure.LASTED_S, _OVER_S))
        things = observation.scene.things if observation.scene is not None else ()
        bodies = (thing for thing in things if thing.kind is ThingKind.PERSON)
        why = because(Ground.UNLIKE_NORMAL, observation, *numbers, marks=(*bodies, *observation.moving))
        return (AnomalyBegan(Anomaly.UNUSUAL_BEHAVIOUR, detail, why),)

    def tick(self, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """Time went on without a frame."""
        silent = bool(self._answers) and now_s - self._answers[-1].at_s > _GAP_S
        return self.forget() if silent else ()

    def next_wake_s(self) -> float | None:
        """When silence would end it."""
        return self._answers[-1].at_s + _GAP_S + 0.01 if self._held and self._answers else None

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """Nobody is there, or nothing can be seen."""
        self._answers.clear()
        self._above.clear()
        self._calm.clear()
        held, self._held = self._held, False
        return (AnomalyEnded(Anomaly.UNUSUAL_BEHAVIOUR),) if held else ()
