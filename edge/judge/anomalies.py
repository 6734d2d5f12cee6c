"""The judges of anomalies of each camera that sees the whole cabin, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edge.cabin.rules import Flow
from edge.judge.down import DownJudge
from edge.judge.fight import FightJudge, RobberyJudge
from edge.judge.front import FrontJudge
from edge.judge.intrusion import IntrusionJudge
from edge.judge.joined import AnomalyJudge
from edge.judge.left import LeftJudge
from edge.judge.lifeless import LifelessJudge
from edge.judge.normal import NormalJudge
from edge.judge.shaken import ShakenJudge
from edge.judge.unusual import UnusualJudge
from edge.judge.wander import WanderJudge
from edge.judge.weapon import WeaponJudge
from edge.terms.ground import Marks, Zone
from edge.terms.observation import FACE_CAMERA


def _never() -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Place:
    """What is set for one cabin: numbers, zones, floor, and by name the `cameras` that see the whole of it.

    `minute_of_day` says the time on the cabin's clock (0 to 1439), None where nobody knows it.
    """

    flow: Flow
    cameras: frozenset[str] = frozenset({FACE_CAMERA})
    zones: Sequence[Zone] = ()
    floor: Marks | None = None
    minute_of_day: Callable[[], int | None] = _never

    def judges(self, camera: str) -> Iterable[AnomalyJudge]:
        """Those of one camera, by its name; few where another one sees more: its zones are its own."""
        zones = [zone for zone in self.zones if zone.camera == camera]
        faces = (LifelessJudge(),) if camera == FACE_CAMERA else ()
        if camera not in self.cameras:
            return (*faces, ShakenJudge(), IntrusionJudge(zones, self.flow.intrusion_s, self.minute_of_day))
        floor = self.floor if self.floor is not None and self.floor.camera == camera else None
        weapon, fight = WeaponJudge(), FightJudge()
        return (
            *faces,
            weapon,
            fight,
            RobberyJudge(fight, weapon),
            DownJudge(),
            IntrusionJudge(zones, self.flow.intrusion_s, self.minute_of_day),
            WanderJudge(zones, self.flow.loiter_s),
            LeftJudge(self.flow.left_s, zones, floor),
            ShakenJudge(),
            FrontJudge(),
            UnusualJudge(),
            NormalJudge(),
        )
