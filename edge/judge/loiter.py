"""A visit that lasts longer than any business at the machine: `loitering`, once a visit."""

from __future__ import annotations

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.terms.observation import Observation
from edge.terms.reason import Ground, Measure, Number, because


class LoiterJudge:
    """Knows only how long the visit has lasted, not what is done in it."""

    def __init__(self, loiter_s: float) -> None:
        self._loiter_s = loiter_s
        self._held = False

    def update(
        self, since_s: float | None, now_s: float, seen: Observation | None = None
    ) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """`since_s`: when the present visit began, None while the cabin is empty; `seen` the newest frame."""
        if since_s is None:
            if not self._held:
                return ()
            self._held = False
            return (AnomalyEnded(Anomaly.LOITERING),)
        if self._held or now_s - since_s < self._loiter_s:
            return ()
        self._held = True
        detail = f"in the cabin for {self._loiter_s:.0f} s"
        stayed = Number(Measure.STAYED_S, now_s - since_s, self._loiter_s)
        why = None if seen is None else because(Ground.STAYED_LONG, seen, stayed, marks=seen.faces)
        return (AnomalyBegan(Anomaly.LOITERING, detail, why),)

    def next_wake_s(self, since_s: float | None) -> float | None:
        return None if since_s is None or self._held else since_s + self._loiter_s
