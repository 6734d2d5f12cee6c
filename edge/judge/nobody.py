"""Whether there is no sign of anybody at all: sooner and more doubtful than presence, to move a relay then.

Presence begins late and asks whether the door let somebody in; this asks of each frame of each camera whether
anything in it could be a person. An unsound picture, none for a moment, or a network that has stopped looking
for bodies is a sign.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from edge.judge.bodies import Bodies
from edge.terms.observation import FACE_CAMERA, CameraHealth, Observation

EMPTY_S: Final = 10.0
"""So long nothing at all must have been seen before a lock is tried."""

EMPTY_NO_CONTACT_S: Final = 30.0
"""Where no contact of the door holds somebody present who steps out of the picture."""

BLIND_S: Final = 1.0
"""No frame of a camera of the cabin for so long, or one as old as that: nobody can say."""

_LITTLE: Final = 0.5
"""Of the region that makes a presence: half of it could be somebody who crouches or comes."""


class Nobody:
    """`area`: the region of a picture that makes a presence (`presence_area`); `cameras`: those of the cabin,
    by name. Times are monotonic, in s."""

    def __init__(self, area: float, cameras: Iterable[str] = ()) -> None:
        self._area = area * _LITTLE
        self._sign_s: float | None = None
        self._came_s = dict.fromkeys({FACE_CAMERA, *cameras}, float("-inf"))

    def observe(self, observation: Observation, bodies: Bodies, now_s: float) -> None:
        """One frame of any camera; `bodies` is what the scene networks say."""
        sound = observation.health is CameraHealth.OK and now_s < observation.at_s + BLIND_S
        moving = max((region.area for region in observation.moving), default=0.0)
        region = max(observation.foreground, moving) > self._area
        unsaid = bodies.fitted and bodies.seen is None
        if not sound or observation.faces or bodies.seen or unsaid or region or self._is_blind(now_s):
            self._sign_s = now_s
        self._came_s[observation.camera] = now_s

    def for_s(self, now_s: float) -> float:
        """Seconds for which there was no sign; 0 where nobody can say."""
        if self._sign_s is None or self._is_blind(now_s):
            return 0.0
        return max(0.0, now_s - self._sign_s)

    def blind_at_s(self) -> float:
        """When there will have been no frame of a camera for too long; in the past where that is so."""
        return min(self._came_s.values()) + BLIND_S

    def _is_blind(self, now_s: float) -> bool:
        return now_s >= self.blind_at_s()
