"""Zones of a camera's picture over time: who stands in one, and whether it applies at this hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge.terms.ground import Spot, Zone
from edge.terms.observation import Box, Face, Observation, Point, Region, Thing, ThingKind

_LOOKS_S: Final = 2.0
"""After so long without a look of the scene network moving regions stand for people again."""
_BODY_AREA: Final = 0.01
"""Of the picture: a moving region from this size on may be somebody."""
_PERSON_SCORE: Final = 0.5
_INSIDE: Final = 0.999
"""A foot at the picture's lower edge is inside of it."""


@dataclass(frozen=True, slots=True)
class Stand:
    """Where somebody stands, as fractions of the picture, and what was seen of them."""

    x: float
    y: float
    seen: Thing | Region | Face


class Stands:
    """Where people stand in one camera's picture: by their bodies, else by faces, else by what moves.

    Scene networks look twice a second; between two looks there is nothing new, and `update` gives None.
    """

    def __init__(self) -> None:
        self._looked_s = float("-inf")

    def update(self, observation: Observation, now_s: float) -> tuple[Stand, ...] | None:
        seen: list[Thing | Region | Face]
        if observation.scene is not None:
            self._looked_s = now_s
            things = observation.scene.things
            seen = [t for t in things if t.kind is ThingKind.PERSON and t.score >= _PERSON_SCORE]
            if not seen and observation.scene.somebody_logit > 0.0:  # somebody without a box of their own
                seen = _moving(observation)
        elif now_s - self._looked_s < _LOOKS_S:
            return None
        else:
            seen = _moving(observation)
        return tuple(_stand(one, observation.size) for one in seen or observation.faces)


def _moving(observation: Observation) -> list[Thing | Region | Face]:
    return [region for region in observation.moving if region.area >= _BODY_AREA]


def _stand(seen: Thing | Region | Face, size: tuple[int, int]) -> Stand:
    x, y, w, h = seen.box
    return Stand(
        min(max((x + w / 2.0) / size[0], 0.0), _INSIDE), min(max((y + h) / size[1], 0.0), _INSIDE), seen
    )


def contains(polygon: Sequence[Spot], x: float, y: float) -> bool:
    """Whether a point lies in a polygon (a ray to the right crosses its sides an odd number of times)."""
    inside = False
    for a, b in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (a.y > y) != (b.y > y) and x < a.x + (y - a.y) * (b.x - a.x) / (b.y - a.y):
            inside = not inside
    return inside


def applies(zone: Zone, minute_of_day: int | None) -> bool:
    """Whether a zone holds now. One with hours does not while nobody knows the time."""
    if not zone.hours:
        return True
    if minute_of_day is None:
        return False
    begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in zone.hours.split("-"))
    return begin <= minute_of_day < end if begin < end else not end <= minute_of_day < begin


def drawn(zone: Zone, size: tuple[int, int]) -> tuple[Point, ...]:
    """The polygon in pixels."""
    return tuple((spot.x * size[0], spot.y * size[1]) for spot in zone.polygon)


def is_near(person: Box, thing: Box) -> bool:
    """Whether somebody could reach it: less than two thirds of their own height beside it, and not far
    before or behind it, which a picture shows as above or below."""
    reach = 0.66 * person[3]
    across = max(thing[0] - (person[0] + person[2]), person[0] - (thing[0] + thing[2]))
    along = max(thing[1] - (person[1] + person[3]), person[1] - (thing[1] + thing[3]))
    return across < reach and along < reach / 2.0
