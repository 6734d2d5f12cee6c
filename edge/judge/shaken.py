"""The picture itself is shaken, again and again: `shaken`, as by the vibration contact at the machine.

Either of the two tells: the contact at once and by wire, through the table; the picture after several
jolts, where no contact is fitted, where it was torn off, or where it is the camera that is struck. Both are
one anomaly. The contact is not made to wait for the picture: a camera on the ceiling does not move when the
machine is drilled.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from edge.cabin.events import Anomaly, AnomalyBegan, AnomalyEnded
from edge.terms.observation import CameraHealth, Observation
from edge.terms.reason import Ground, Measure, Number, because

_JOLT: Final = 0.01
"""Of the picture's width: a jump that counts. A door that slams gives less, and not again and again."""
_JOLTS: Final = 5
_OVER_S: Final = 3.0
_CALM_S: Final = 10.0
"""No jolt for so long: it is over."""


@dataclass(frozen=True, slots=True)
class _Jolt:
    at_s: float
    px: float


class ShakenJudge:
    """Watches the jolts of one camera's picture."""

    def __init__(self) -> None:
        self._jolts: deque[_Jolt] = deque()
        self._last_s = float("-inf")
        self._held = False

    def update(self, observation: Observation, now_s: float) -> tuple[AnomalyBegan | AnomalyEnded, ...]:
        """One frame; of an unsound picture nobody can say whether it jumped."""
        if observation.health is CameraHealth.OK and observation.jolt_px >= _JOLT * observation.size[0]:
            self._jolts.append(_Jolt(now_s, observation.jolt_px))
            self._last_s = now_s
        while self._jolts and self._jolts[0].at_s < now_s - _OVER_S:
            self._jolts.popleft()
        if not self._held and len(self._jolts) >= _JOLTS:
            self._held = True
            reason = because(
                Ground.SHAKEN_AND_SEEN,
                observation,
                Number(Measure.MOVED_PX, max(jolt.px for jolt in self._jolts), _JOLT * observation.size[0]),
                Number(Measure.LOOKS, len(self._jolts), _JOLTS),
            )
            detail = f"the picture jumped {len(self._jolts)} times within {_OVER_S:.0f} s"
            return (AnomalyBegan(Anomaly.SHAKEN, detail, reason),)
        return self.tick(now_s)

    def forget(self) -> tuple[AnomalyEnded, ...]:
        """The visit is over: what shakes the machine goes on until it is calm."""
        return ()

    def tick(self, now_s: float) -> tuple[AnomalyEnded, ...]:
        """Time went on."""
        if not self._held or now_s < self._last_s + _CALM_S:
            return ()
        self._held = False
        return (AnomalyEnded(Anomaly.SHAKEN),)

    def next_wake_s(self) -> float | None:
        """When it will be over if nothing jolts any more."""
        return self._last_s + _CALM_S if self._held else None
