"""Who stands in the staged cabin, and how: people, photographs, the scene in words, what is kept of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

from hw.camera.covers import Marks


@dataclass(frozen=True, slots=True)
class Photograph:
    """A cut-out person: file name, where the face is in it."""

    file: str
    marks: Marks


PHOTOGRAPHS: Final = (
    Photograph(
        "collins", Marks((189.8, 101.7), (230.0, 101.6), (209.1, 122.9), (192.1, 141.4), (228.1, 139.6))
    ),
    Photograph(
        "hopper", Marks((129.0, 109.7), (181.0, 112.3), (153.2, 137.3), (131.1, 159.4), (176.7, 161.0))
    ),
)


PORTRAITS: Final = {"anna": PHOTOGRAPHS[0], "george": PHOTOGRAPHS[1]}
"""Who always has the same face, so that a card can be theirs; anybody else gets one that is free."""


@dataclass(frozen=True, slots=True)
class OnStage:
    """Somebody in the scene. `turned`: `front`, `away`, or the side to which the head is turned a little;
    `photo`: a print before the face, `off`, `on` or `held`; `leaving`: on the way out.
    """

    name: str
    covers: frozenset[str]
    turned: str
    crouching: bool
    photo: str
    leaving: bool


@dataclass(frozen=True, slots=True)
class Scene:
    """What was directed, in the words that direct it."""

    people: tuple[OnStage, ...]
    lights: str
    lens: str
    front: str


@dataclass(slots=True)
class Person:
    """One of the people there; all times are the scene's. `place` is one of the places to stand."""

    name: str
    photograph: Photograph
    place: int
    came_s: float
    phase: float
    left_s: float | None = None
    covers: frozenset[str] = frozenset()
    away: bool = False
    turn: str = ""
    crouching: bool = False
    crouch_s: float = field(default=-math.inf)
    photo: str = "off"

    def kept(self) -> KeptPerson:
        return KeptPerson(
            self.name,
            self.photograph.file,
            self.place,
            self.came_s,
            self.phase,
            self.left_s,
            tuple(sorted(self.covers)),
            self.away,
            self.turn,
            self.crouching,
            None if math.isinf(self.crouch_s) else self.crouch_s,
            self.photo,
        )


@dataclass(frozen=True, slots=True)
class KeptPerson:
    """Somebody of the scene, to be put there again. `photograph`: its file; else as in `Person`."""

    name: str
    photograph: str
    place: int
    came_s: float
    phase: float
    left_s: float | None
    covers: tuple[str, ...]
    away: bool
    turn: str
    crouching: bool
    crouch_s: float | None
    photo: str

    def person(self) -> Person:
        """ValueError where nobody has this photograph."""
        photograph = next((one for one in PHOTOGRAPHS if one.file == self.photograph), None)
        if photograph is None:
            raise ValueError(f"there is no photograph {self.photograph!r}")
        return Person(
            self.name,
            photograph,
            self.place,
            self.came_s,
            self.phase,
            left_s=self.left_s,
            covers=frozenset(self.covers),
            away=self.away,
            turn=self.turn,
            crouching=self.crouching,
            crouch_s=-math.inf if self.crouch_s is None else self.crouch_s,
            photo=self.photo,
        )


@dataclass(frozen=True, slots=True)
class KeptScene:
    """The whole scene, to be shown again on a clock that went on."""

    people: tuple[KeptPerson, ...]
    lights: str
    lens: str
    front: str
