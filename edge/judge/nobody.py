"""Whether there is no sign of anybody at all: sooner and more doubtful than presence, to move a relay then.

Presence begins late and asks whether the door let somebody in; this asks of each frame of each camera whether
anything in it could be a person. An unsound picture, or none for a moment, is a sign.
"""

from __future__ import annotations

from typing import Final

from edge.terms.observation import FACE_CAMERA, CameraHealth, Observation

EMPTY_S: Final = 10.0
"""So long nothing at all must have been seen before a lock is tried."""

EMPTY_NO_CONTACT_S: Final = 30.0
"""Where no contact of the door holds somebody present who steps out of the picture."""

BLIND_S: Final = 1.0
"""No frame of the face camera for so long: nobody can say."""

_LITTLE: Final = 0.5
"""Of the region that makes a presence: half of it could be somebody who crouches or comes."""


class Nobody:
    """`area`: the region of a picture that makes a presence (`presence_area`). Times are monotonic, in s."""

    def __init__(self, area: float) -> None:
        self._area = area * _LITTLE
        self._sign_s: float | None = None
        self._seen_s: float | None = None

    def observe(self, observation: Observation, body_seen: bool | None, now_s: float) -> None:
        """One frame of any camera; `body_seen` is what the scene networks say of bodies."""
        sound = observation.health is CameraHealth.OK
        moving = max((region.area for region in observation.moving), default=0.0)
        region = max(observation.foreground, moving) > self._area
        if not sound or observation.faces or body_seen or region:
            self._sign_s = now_s
        if observation.camera == FACE_CAMERA:
            if self._is_blind(now_s):
                self._sign_s = now_s
            self._seen_s = now_s

    def for_s(self, now_s: float) -> float:
        """Seconds for which there was no sign; 0 where nobody can say."""
        if self._sign_s is None or self._is_blind(now_s):
            return 0.0
        return max(0.0, now_s - self._sign_s)

    def blind_at_s(self) -> float | None:
        """When there will have been no frame for too long."""
        return None if self._seen_s is None else self._seen_s + BLIND_S

    def _is_blind(self, now_s: float) -> bool:
        return self._seen_s is None or now_s >= self._seen_s + BLIND_S
