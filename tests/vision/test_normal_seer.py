"""The dictionary as a seer: which state it is, how often it looks, and what is left to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from edge.terms.observation import Box, CabinState, CameraHealth, NormalSeen, Region, Thing, ThingKind
from edge.vision.scene.normal_seer import OCCUPIED_S, NormalSeer, Service, body_of
from edge.vision.sight import Sight
from hw.camera.port import Frame, GreyPicture

DAY, NIGHT = CabinState.VACANT_DAY, CabinState.VACANT_NIGHT
PERSON = Thing(ThingKind.PERSON, (10.0, 10.0, 20.0, 60.0), 0.9)
LEVEL = 120


@dataclass
class Eye:
    """Writes down what it is shown."""

    looks: list[tuple[float, CabinState, tuple[Box, ...]]] = field(default_factory=list)
    forgot: int = 0

    def look(
        self, grey: GreyPicture, state: CabinState, at_s: float, busy: Sequence[Box]
    ) -> NormalSeen | None:
        self.looks.append((at_s, state, tuple(busy)))
        return None

    def forget(self) -> None:
        self.forgot += 1


class Played:
    def __init__(self, service: str = "", minute: int | None = None) -> None:
        self.eye = Eye()
        self.seer = NormalSeer(self.eye, Service.of(service), lambda: minute)
        self.at_s = 0.0

    def for_s(self, seconds: float, level: int = LEVEL, **seen: object) -> Played:
        """A frame a second; the pace of `_Paced` is one a second, too."""
        for _ in range(round(seconds)):
            self.at_s += 1.0
            grey = np.full((48, 64), level, np.uint8)
            sight = Sight(Frame(0, self.at_s, grey), grey, CameraHealth.OK)
            for name, value in seen.items():
                setattr(sight, name, value)
            if self.seer.wants(sight):
                self.seer.look(sight)
        return self

    @property
    def states(self) -> list[CabinState]:
        return [state for _, state, _ in self.eye.looks]


def test_nobody_is_looked_at_every_second_and_somebody_rarely() -> None:
    played = Played().for_s(10)
    assert played.states == [DAY] * 10
    played.for_s(33, persons=(PERSON,))
    times = [at_s for at_s, state, _ in played.eye.looks if state is CabinState.CUSTOMER]
    assert np.diff(times).min() >= OCCUPIED_S
    assert len(times) == 4
    played.for_s(10)
    assert played.states[-7:] == [DAY] * 7, "vacant again three seconds after"


@pytest.mark.parametrize(
    ("level", "infrared", "wanted"), [(120, False, DAY), (30, False, NIGHT), (120, True, NIGHT)]
)
def test_light_tells_day_from_night(level: int, infrared: bool, wanted: CabinState) -> None:
    assert set(Played().for_s(3, level, infrared=infrared).states) == {wanted}


@pytest.mark.parametrize(
    ("hours", "minute", "wanted"),
    [
        ("06:00-06:30", 6 * 60 + 10, CabinState.SERVICE),
        ("06:00-06:30", 6 * 60 + 30, DAY),
        ("23:30-00:15", 5, CabinState.SERVICE),
        ("23:30-00:15", 12 * 60, DAY),
        ("06:00-06:30", None, DAY),
        ("", 0, DAY),
    ],
)
def test_service_is_in_its_hours_and_only_while_the_time_is_known(
    hours: str, minute: int | None, wanted: CabinState
) -> None:
    assert set(Played(hours, minute).for_s(2).states) == {wanted}


def test_what_moves_and_who_is_seen_is_left_to_others_for_some_seconds() -> None:
    moving = Region((5.0, 5.0, 9.0, 9.0), 0.02)
    played = Played().for_s(1, moving=(moving,)).for_s(8)
    busy = [boxes for _, _, boxes in played.eye.looks]
    assert busy[0] == (moving.box,)
    assert busy[5] == (moving.box,)
    assert busy[-1] == ()
    played.for_s(2, persons=(PERSON,))
    assert played.for_s(8).eye.looks[-4][2] == (PERSON.box, PERSON.box)
    assert body_of((100.0, 50.0, 20.0, 30.0)) == (80.0, 32.0, 60.0, 240.0)


@pytest.mark.parametrize(("health", "doubtful"), [(CameraHealth.COVERED, False), (CameraHealth.OK, True)])
def test_a_picture_that_may_not_be_believed_is_not_compared(health: CameraHealth, doubtful: bool) -> None:
    played = Played().for_s(3, health=health, doubtful=doubtful)
    assert played.eye.looks == []
    assert played.eye.forgot == 3
