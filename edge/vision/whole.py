"""Everything that can be said of one still picture: its faces, its people, and what they carry.

A person may be seen as a face, as a body, or as both: then both are one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol, TypeVar

from edge.terms.observation import Box, Face, SceneSeen, Thing, ThingKind
from edge.vision.face.faces import Faces, Looked, Picture, persons, to_grey
from edge.vision.network import ModelFault
from edge.vision.scene.people import People
from edge.vision.scene.things import Things

T = TypeVar("T")

_FACE_IN_BODY: Final = 0.5
"""A face may belong to a body that holds so much of it."""
_HIGH: Final = 0.6
"""And lies in this upper share of it: a small face below is somebody else's, in front of it."""
_FILLS: Final = 0.25
"""A face of this share of the body's height is its own wherever it lies: the body is cut, or upside down."""


class LooksForPeople(Protocol):
    """`edge.vision.scene.people.People`."""

    def look(self, grey: Picture) -> SceneSeen: ...


class SeesThings(Protocol):
    @property
    def things(self) -> tuple[Thing, ...]: ...


class LooksForThings(Protocol):
    """`edge.vision.scene.things.Things`."""

    def look_at(self, grey: Picture, persons: Sequence[Thing]) -> SeesThings: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """What a still picture shows. `looked` is of its faces alone, `people` are bodies and faces together,
    `objects` whatever else has a box, surest first."""

    looked: Looked
    people: int
    objects: tuple[Thing, ...]


class WholePicture:
    """Looks at still pictures with the networks that there are; None for one that is missing."""

    def __init__(self, faces: Faces, people: LooksForPeople | None, things: LooksForThings | None) -> None:
        self._faces = faces
        self._people = people
        self._things = things

    def __call__(self, picture: Picture) -> Whole:
        """A picture of any size, grey or colour. ValueError where it is none."""
        looked = self._faces.look_at(picture)
        grey = to_grey(picture)
        seen = None if self._people is None else self._people.look(grey)
        found = [] if seen is None else list(seen.things)
        bodies = [thing for thing in found if thing.kind is ThingKind.PERSON]
        if self._things is not None:
            found += self._things.look_at(grey, bodies).things
        height, width = grey.shape
        found = sorted((_within(thing, width, height) for thing in found), key=lambda thing: -thing.score)
        people = count_people(persons(looked.faces), [body.box for body in bodies])
        if seen is not None and seen.somebody_logit > 0.0:
            people = max(people, 1)  # somebody is there whom no box holds
        return Whole(looked, people, tuple(found))


@dataclass(frozen=True, slots=True)
class Missing:
    """A network that does not look, by the name of its model, and the fault that says why."""

    name: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Opened:
    """What looks at still pictures, and what should look too and cannot."""

    look: WholePicture
    missing: tuple[Missing, ...]


def open_whole(folder: Path, covers: Collection[str]) -> Opened:
    """Faces are always judged; raises `ModelFault` where they cannot be. Any other network may be missing."""
    missing: list[Missing] = []
    people = _opened("scene", People, folder, missing)
    things = _opened("things", Things, folder, missing)
    return Opened(WholePicture(Faces(folder, covers), people, things), tuple(missing))


def _opened(name: str, opener: Callable[[Path], T], folder: Path, missing: list[Missing]) -> T | None:
    try:
        return opener(folder)
    except ModelFault as fault:
        missing.append(Missing(name, fault.code, fault.detail))
        return None


def _within(thing: Thing, width: int, height: int) -> Thing:
    """The part of its box that is in the picture."""
    x, y, w, h = thing.box
    left, top = min(max(x, 0.0), width), min(max(y, 0.0), height)
    right, bottom = min(max(x + w, left), width), min(max(y + h, top), height)
    return replace(thing, box=(left, top, right - left, bottom - top))


def count_people(faces: Sequence[Face], bodies: Sequence[Box]) -> int:
    """Bodies and faces, each pair of a body and its face once: of all ways to pair them the one with most."""
    owner: dict[int, int] = {}

    def pair(face: int, tried: set[int]) -> bool:
        """Give this face a body, moving others to another where that makes room (Kuhn's method)."""
        for body, box in enumerate(bodies):
            if body in tried or not belongs(faces[face].box, box):
                continue
            tried.add(body)
            if body not in owner or pair(owner[body], tried):
                owner[body] = face
                return True
        return False

    pairs = sum(pair(face, set()) for face in range(len(faces)))
    return len(faces) + len(bodies) - pairs


def belongs(face: Box, body: Box) -> bool:
    """Whether a face may be that of a body: most of it within, and high up or large for it."""
    across = min(face[0] + face[2], body[0] + body[2]) - max(face[0], body[0])
    down = min(face[1] + face[3], body[1] + body[3]) - max(face[1], body[1])
    if across <= 0 or down <= 0 or across * down < _FACE_IN_BODY * face[2] * face[3]:
        return False
    return face[3] >= _FILLS * body[3] or face[1] + face[3] / 2 <= body[1] + _HIGH * body[3]
