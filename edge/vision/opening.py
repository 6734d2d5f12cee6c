"""Opens the networks of one camera: those that run become seers, those that do not are named, and no more.

Imports what sees (OpenCV, the interpreter), so it is imported itself where something sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from edge.terms.observation import FACE_CAMERA
from edge.vision.face.faces import Faces
from edge.vision.face.seer import FaceSeer
from edge.vision.network import ModelFault
from edge.vision.scene.fight import FightEye, FightSeer
from edge.vision.scene.front_seer import FrontSeer
from edge.vision.scene.patches import Patches
from edge.vision.scene.people import People
from edge.vision.scene.reference import read_references
from edge.vision.scene.seers import PeopleSeer, ThingsSeer, UnusualSeer
from edge.vision.scene.things import Things
from edge.vision.scene.unusual import UnusualEye
from edge.vision.seers import SEERS, Role, Seer, Trouble
from edge.vision.sight import Seeing
from hw.camera.port import GreyPicture


@dataclass(frozen=True, slots=True)
class Opened:
    """The seers of a camera in the order of the list, those that it should have had, and its empty cabin."""

    seers: tuple[Seeing, ...] = ()
    missing: tuple[Trouble, ...] = ()
    references: tuple[GreyPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a camera is to see with: the folder of the models, its roles, the covers that count.

    `references` is the folder with pictures of the empty cabin, None where none are to be used; `camera` the
    name under which this camera's own lie there. `fronts` is the folder of what was taught of the machine's
    front.
    """

    models: Path
    roles: frozenset[Role]
    covers: tuple[str, ...]
    references: Path | None = None
    camera: str = FACE_CAMERA
    fronts: Path | None = None


def open_seers(wanted: Wanted) -> Opened:
    """Every seer of these roles. A model that is missing or damaged costs its own seer only."""
    references: tuple[GreyPicture, ...] = ()
    if wanted.references is not None:
        found = read_references(wanted.references, wanted.camera)
        references = tuple(reference.picture for reference in found)
    seers: list[Seeing] = []
    missing: list[Trouble] = []
    for seer, row in SEERS.items():
        if row.role not in wanted.roles:
            continue
        try:
            seers.append(_open(seer, wanted, references))
        except ModelFault as fault:
            missing.append(Trouble(seer, fault.code, fault.detail))
    return Opened(tuple(seers), tuple(missing), references)


def open_all_seers(wanted: Wanted) -> Opened:
    """As `open_seers`, for whom nothing is to be missing. Raises `ModelFault`."""
    opened = open_seers(wanted)
    for trouble in opened.missing:
        raise ModelFault(trouble.code, trouble.detail)
    return opened


def _open(seer: Seer, wanted: Wanted, references: Sequence[GreyPicture]) -> Seeing:
    match seer:
        case Seer.FACES:
            return FaceSeer(Faces(wanted.models, wanted.covers))
        case Seer.THINGS:
            return ThingsSeer(Things(wanted.models))
        case Seer.UNUSUAL:
            return UnusualSeer(UnusualEye(wanted.models))
        case Seer.PEOPLE:
            return PeopleSeer(People(wanted.models, references))
        case Seer.FRONT:
            return FrontSeer(wanted.fronts, wanted.camera, Patches(wanted.models))
        case Seer.FIGHT:
            return FightSeer(FightEye(wanted.models))
        case _:
            assert_never(seer)
