"""What the shipped networks say of one cabin's pictures at every state of its camera; looked once, kept.

A file a cabin in the work folder. Months are drawn from these: no network runs while a month is played.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import FaceVerdict, ThingKind
from edge.vision.face.faces import Faces
from edge.vision.scene.background import shrink
from edge.vision.scene.figures import Figures
from edge.vision.scene.people import People
from tests.drift.world import Cabin, Kind, State, Visitor
from tests.month.people import Grey

SUNS: Final = (0.0, 0.5, 1.0)
STEPS: Final = 4
"""States of each kind beside the sound one."""
_PAIRS: Final = 1

STATES: Final = (
    State(Kind.DIRT),
    *(State(kind, step / STEPS) for kind in Kind for step in range(1, STEPS + 1)),
)
_VERDICTS: Final = tuple(FaceVerdict)

FACE: Final = ("seen", "score", "verdict", "covered", "somebody", "persons", "right")
EMPTY: Final = ("light", "detail", "contrast", "noise", "right", "down", "somebody", "motion", "persons")
"""The columns of the two tables; what was not measured is NaN."""


@dataclass(frozen=True, slots=True)
class Looked:
    """Of one cabin: `faces` (state, visitor, column of `FACE`), `empty` (state, sun, pair, column of
    `EMPTY`), `suns` and `masks` of the visitors."""

    faces: NDArray[np.float32]
    empty: NDArray[np.float32]
    suns: NDArray[np.float32]
    masks: NDArray[np.bool_]

    def accuracy(self) -> NDArray[np.float64]:
        """The share of looks at which the face was judged as it was, by state."""
        shares: NDArray[np.float64] = self.faces[..., FACE.index("right")].mean(axis=1, dtype=np.float64)
        return shares


def looked(cabin: Cabin, people: tuple[Visitor, ...], models: Path, kept: Path) -> Looked:
    """From the file where it is there; else look, and make it."""
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        found = _look(cabin, people, models)
        part = kept.with_suffix(".part.npz")
        np.savez_compressed(
            part,
            faces=found.faces,
            empty=found.empty,
            suns=found.suns,
            masks=found.masks,
        )
        part.replace(kept)
    with np.load(kept) as file:
        return Looked(file["faces"], file["empty"], file["suns"], file["masks"])


def _look(cabin: Cabin, people: tuple[Visitor, ...], models: Path) -> Looked:
    random = np.random.default_rng(31 + cabin.number)
    references = tuple(cabin.picture(STATES[0], sun, random) for sun in SUNS)
    faces = np.zeros((len(STATES), len(people), len(FACE)), np.float32)
    empty = np.zeros((len(STATES), len(SUNS), _PAIRS, len(EMPTY)), np.float32)
    find, scene = Faces(models), People(models, references)
    for at, state in enumerate(STATES):
        for number, visitor in enumerate(people):
            grey = cabin.picture(state, visitor.sun, np.random.default_rng(visitor.seed), visitor)
            faces[at, number] = _faces(grey, visitor, find, scene)
        for row, sun in enumerate(SUNS):
            for pair in range(_PAIRS):
                before, now = (cabin.picture(state, sun, random) for _ in range(2))
                empty[at, row, pair] = _empty(before, now, Figures(references), scene)
    suns = np.array([visitor.sun for visitor in people], np.float32)
    return Looked(faces, empty, suns, np.array([visitor.covered for visitor in people]))


def _faces(grey: Grey, visitor: Visitor, find: Faces, scene: People) -> list[float]:
    found, seen = find(grey), scene.look(grey)
    persons = sum(thing.kind is ThingKind.PERSON for thing in seen.things)
    if not found:
        return [0.0, np.nan, np.nan, np.nan, seen.somebody_logit, persons, 0.0]
    face = found[0]
    wanted = FaceVerdict.COVERED if visitor.covered else FaceVerdict.PROPER
    return [
        1.0,
        face.score,
        float(_VERDICTS.index(face.verdict)),
        face.covered_logit,
        seen.somebody_logit,
        persons,
        float(face.verdict is wanted),
    ]


def _empty(before: Grey, now: Grey, figures: Figures, scene: People) -> list[float]:
    figures.update(before, shrink(before), 0.0)
    found = figures.update(now, shrink(now), 0.1)
    assert found is not None
    seen = scene.look(now)
    motion = float(np.abs(shrink(now).astype(np.float32) - shrink(before)).mean())
    right, down = found.shift or (np.nan, np.nan)
    persons = sum(thing.kind is ThingKind.PERSON for thing in seen.things)
    return [
        *(found.light, found.detail, found.contrast, found.noise, right, down),
        *(seen.somebody_logit, motion, persons),
    ]
