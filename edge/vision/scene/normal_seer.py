"""The dictionary of the normal as a seer: tells the cabin's state, and when and where there is anything to
compare.

Somebody is seen: a customer, until three seconds after. Nobody: vacant, by day or by night. In the hours that
are set for it: service, no matter who is there.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from edge.terms.observation import Box, CabinState, CameraHealth, NormalSeen
from edge.vision.seers import Seer
from edge.vision.sight import Sight
from hw.camera.port import GreyPicture

OCCUPIED_S: Final = 8.0
"""Between looks while somebody is there: the other networks need the time then."""
_BUSY_S: Final = 6.0
"""So long a place is left alone after somebody was seen there, or something that moved."""
_STAYS_S: Final = 3.0
"""So long after somebody was last seen the cabin is not vacant."""
_NIGHT_LEVEL: Final = 50.0
"""Mean grey level under which the cabin is lit as by night."""
_MOST_BUSY: Final = 1_000


@dataclass(frozen=True, slots=True)
class Service:
    """Hours in which the cabin is serviced, as minutes of the day; `begins` equal to `ends`: never."""

    begins: int = 0
    ends: int = 0

    @staticmethod
    def of(hours: str) -> Service:
        """Such as "06:00-06:30", as the settings have checked it; empty: never."""
        if not hours:
            return Service()
        begins, ends = (int(part[:2]) * 60 + int(part[3:]) for part in hours.split("-"))
        return Service(begins, ends)

    def at(self, minute_of_day: int | None) -> bool:
        if minute_of_day is None or self.begins == self.ends:
            return False
        if self.begins < self.ends:
            return self.begins <= minute_of_day < self.ends
        return minute_of_day >= self.begins or minute_of_day < self.ends


class LooksAtNormal(Protocol):
    """`NormalEye`, or what learns in its place."""

    def look(
        self, grey: GreyPicture, state: CabinState, at_s: float, busy: Sequence[Box]
    ) -> NormalSeen | None: ...
    def forget(self) -> None: ...


class NormalSeer:
    """Tells the cabin's state and looks: once a second where nobody is, rarely where somebody is.

    Where somebody is seen, or something moves, is left to those who judge people: what they wear is in no
    dictionary.
    """

    seer: Final = Seer.NORMAL

    def __init__(self, eye: LooksAtNormal, service: Service, minute_of_day: Callable[[], int | None]) -> None:
        self._eye = eye
        self._service = service
        self._minute_of_day = minute_of_day
        self._somebody_s = self._looked_s = float("-inf")
        self._busy: deque[tuple[float, Box]] = deque(maxlen=_MOST_BUSY)

    def wants(self, sight: Sight) -> bool:
        at_s = sight.frame.at_s
        if sight.faces or sight.persons or (sight.scene is not None and sight.scene.somebody_logit > 0.0):
            self._somebody_s = at_s
        moving = (region.box for region in sight.moving)
        bodies = (person.box for person in sight.persons)
        faces = (body_of(face.box) for face in sight.faces)
        self._busy.extend((at_s, box) for box in (*moving, *bodies, *faces))
        if sight.health is not CameraHealth.OK or sight.doubtful:
            self._eye.forget()
            return False
        return not self._occupied(at_s) or at_s - self._looked_s >= OCCUPIED_S - 1e-3

    def look(self, sight: Sight) -> None:
        self._looked_s = sight.frame.at_s
        at_s = sight.frame.at_s
        busy = [box for seen_s, box in self._busy if at_s - seen_s <= _BUSY_S]
        sight.normal = self._eye.look(sight.frame.grey, self._state(sight), at_s, busy)

    def _occupied(self, at_s: float) -> bool:
        return at_s - self._somebody_s < _STAYS_S

    def _state(self, sight: Sight) -> CabinState:
        if self._service.at(self._minute_of_day()):
            return CabinState.SERVICE
        return state_of(sight.small, self._occupied(sight.frame.at_s), sight.infrared)


def state_of(grey: GreyPicture, somebody: bool, infrared: bool = False) -> CabinState:
    """What a picture shows, service left out: somebody, or how much light there is.

    Where the vacant cabin was learnt by day and by night, the eye asks which of them it looks like instead.
    """
    if somebody:
        return CabinState.CUSTOMER
    night = infrared or float(grey.mean()) < _NIGHT_LEVEL
    return CabinState.VACANT_NIGHT if night else CabinState.VACANT_DAY


def body_of(face: Box) -> Box:
    """Where the body of a face is: three faces wide, and down as far as eight of them."""
    left, top, width, height = face
    return (left - width, top - 0.6 * height, 3.0 * width, 8.0 * height)
