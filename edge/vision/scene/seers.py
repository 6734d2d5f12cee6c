"""The scene networks as seers: people, what is in their hands, whether they fight, how usual it all looks.

People look first; what the others look at is where the newest look found persons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

from edge.terms.observation import Box, SceneSeen, Thing, ThingKind
from edge.vision.seers import Seer
from edge.vision.sight import Sight
from hw.camera.port import GreyPicture


class LooksForPeople(Protocol):
    """`people.People`."""

    def look(self, grey: GreyPicture) -> SceneSeen: ...


class ThingsFound(Protocol):
    """`things.ThingsSeen`."""

    @property
    def things(self) -> tuple[Thing, ...]: ...
    @property
    def weapon_logit(self) -> float | None: ...
    @property
    def looked_at(self) -> Box | None: ...


class LooksForThings(Protocol):
    """`things.Things`."""

    def look(self, grey: GreyPicture, persons: Sequence[Thing]) -> ThingsFound: ...


class Scored(Protocol):
    """`unusual.Unusual`."""

    @property
    def logit(self) -> float: ...
    @property
    def why(self) -> str: ...


class ScoresBehaviour(Protocol):
    """`unusual.UnusualEye`."""

    def update(self, small: GreyPicture, at_s: float, persons: Sequence[Box] | None) -> Scored | None: ...


class PeopleSeer:
    """The first look at the whole scene."""

    seer: Final = Seer.PEOPLE

    def __init__(self, people: LooksForPeople) -> None:
        self._people = people

    def wants(self, sight: Sight) -> bool:
        return True

    def look(self, sight: Sight) -> None:
        sight.scene = self._people.look(sight.frame.grey)
        sight.persons = tuple(thing for thing in sight.scene.things if thing.kind is ThingKind.PERSON)


class ThingsSeer:
    """The second look, at the persons of a first one of the same frame."""

    seer: Final = Seer.THINGS

    def __init__(self, things: LooksForThings) -> None:
        self._things = things

    def wants(self, sight: Sight) -> bool:
        return sight.scene is not None and bool(sight.persons)

    def look(self, sight: Sight) -> None:
        if sight.scene is None:
            return
        seen = self._things.look(sight.frame.grey, sight.persons)
        sight.scene = replace(
            sight.scene,
            things=(*sight.scene.things, *seen.things),
            weapon_logit=seen.weapon_logit,
            looked_at=seen.looked_at,
        )


class UnusualSeer:
    """How usual the last seconds looked, from what moves at every frame and from where persons were found."""

    seer: Final = Seer.UNUSUAL

    def __init__(self, unusual: ScoresBehaviour) -> None:
        self._unusual = unusual

    def wants(self, sight: Sight) -> bool:
        return True

    def look(self, sight: Sight) -> None:
        persons = None if sight.scene is None else [in_small(person.box, sight) for person in sight.persons]
        said = self._unusual.update(sight.small, sight.frame.at_s, persons)
        if said is not None:
            sight.unusual_logit, sight.unusual_why = said.logit, said.why


def in_small(box: Box, sight: Sight) -> Box:
    """A box of the frame in pixels of its quarter-size picture."""
    factor = max(sight.small.shape) / max(sight.frame.grey.shape)
    return (box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor)
