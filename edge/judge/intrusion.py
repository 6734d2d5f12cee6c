"""Somebody in a zone where nobody may be, or at an hour when nobody may be there: `intrusion`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.judge.sums import Held
from edge.judge.zones import Stand, Stands, applies, contains, drawn
from edge.terms.ground import Purpose, Zone
from edge.terms.observation import CameraHealth, Observation
from edge.terms.reason import Ground, Measure, Number, because

_GONE_S: Final = 10.0
"""Nobody in any of the zones for so long: it is over."""


class IntrusionJudge:
    """Watches the forbidden zones of one camera. What one frame shows must last `intrusion_s`.

    `minute_of_day` says the time on the cabin's clock (0 to 1439), None where nobody knows it.
    """

    def __init__(
        self, zones: Sequence[Zone], intrusion_s: float, minute_of_day: Callable[[], int | None]
    ) -> None:
        self._zones = [zone for zone in zones if zone.purpose is Purpose.FORBIDDEN]
        self._intrusion_s = intrusion_s
        self._minute_of_day = minute_of_day
        self._inside = [Held(intrusion_s) for _ in self._zones]
        self._stands = Stands()
        self._last_s: float | None = None
        self._gone_s = 0.0
        self._held = False

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; an unsound one says nothing."""
        if not self._zones or observation.health is not CameraHealth.OK:
            self._last_s = None
            return ()
        stands = self._stands.update(observation, now_s)
        if stands is None:
            return ()
        dt_s = 0.0 if self._last_s is None else max(now_s - self._last_s, 0.0)
        self._last_s = now_s
        minute = self._minute_of_day()
        anybody = False
        for zone, held in zip(self._zones, self._inside, strict=True):
            there = [s for s in stands if contains(zone.polygon, s.x, s.y)] if applies(zone, minute) else []
            anybody = anybody or bool(there)
            if held.update(bool(there), dt_s) and there and not self._held:
                self._held, self._gone_s = True, 0.0
                return (self._began(zone, there, observation, minute),)
        self._gone_s = 0.0 if anybody else self._gone_s + min(dt_s, 1.0)
        if self._held and self._gone_s >= _GONE_S:
            return self._ended()
        return ()

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The visit is over."""
        for held in self._inside:
            held.clear()
        return self._ended()

    def tick(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        """Only a picture says that nobody is there any more."""
        return ()

    def next_wake_s(self) -> float | None:
        return None

    def _ended(self) -> tuple[AnomalyEnded, ...]:
        held, self._held = self._held, False
        return (AnomalyEnded(Anomaly.INTRUSION),) if held else ()

    def _began(
        self, zone: Zone, there: Sequence[Stand], observation: Observation, minute: int | None
    ) -> AnomalyBegan:
        numbers = [Number(Measure.PERSONS, len(there)), Number(Measure.LASTED_S, self._intrusion_s)]
        if zone.hours and minute is not None:
            numbers.append(Number(Measure.HOUR, minute // 60))
        reason = because(
            Ground.FORBIDDEN_HOUR if zone.hours else Ground.FORBIDDEN_ZONE,
            observation,
            *numbers,
            marks=[one.seen for one in there],
            zone=drawn(zone, observation.size),
        )
        when = f" between {zone.hours}" if zone.hours else ""
        return AnomalyBegan(Anomaly.INTRUSION, f"somebody in {zone.name}, where nobody may be{when}", reason)
