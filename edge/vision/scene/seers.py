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
