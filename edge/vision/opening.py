"""Opens the networks of one camera: those that run become seers, those that do not are named, and no more.

Imports what sees (OpenCV, the interpreter), so it is imported itself where something sees.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from edge.terms.observation import FACE_CAMERA
from edge.vision.face.embed import Embedder
from edge.vision.face.faces import Faces
from edge.vision.face.owner import OwnerSeer
from edge.vision.face.seer import FaceSeer
from edge.vision.network import ModelFault
from edge.vision.scene.fight import FightEye, FightSeer
from edge.vision.scene.front_seer import FrontSeer
from edge.vision.scene.normal import Known, NormalEye
from edge.vision.scene.normal_file import has_any, read_learnt, read_taken, write_taken
from edge.vision.scene.normal_keeping import Keeping
from edge.vision.scene.normal_seer import LooksAtNormal, NormalSeer, Service
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


_log = logging.getLogger(__name__)


def _never() -> int | None:
    return None


@dataclass(frozen=True, slots=True)
class Normal:
    """Where what is normal was learnt, and what is set for it; `minute_of_day` is None where nobody knows;
    `set_aside`: whether a damaged file is renamed, in service alone."""

    folder: Path
    false_alarms_a_day: float
    service: Service
    keeping: Keeping | None = None
    minute_of_day: Callable[[], int | None] = _never
    set_aside: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a camera is to see with: the folder of the models, its roles, the covers that count.

    `references` is the folder with pictures of the empty cabin, None where none are to be used; `camera` the
    name under which this camera's own lie there. `fronts` is the folder of what was taught of the machine's
    front. `normal`: None where nothing is compared with the normal. `owner`: whether the card's owner may be
    looked for; without it that network is not even opened.
    """

    models: Path
    roles: frozenset[Role]
    covers: tuple[str, ...]
    references: Path | None = None
    camera: str = FACE_CAMERA
    fronts: Path | None = None
    normal: Normal | None = None
    owner: bool = False


def open_seers(wanted: Wanted) -> Opened:
    """Every seer of these roles. A model that is missing or damaged costs its own seer only."""
    references = _references(wanted)
    seers: list[Seeing] = []
    missing: list[Trouble] = []
    for seer, row in SEERS.items():
        if row.role not in wanted.roles:
            continue
        try:
            opened = _open(seer, wanted, references, missing)
        except ModelFault as fault:
            missing.append(Trouble(seer, fault.code, fault.detail))
            continue
        if opened is not None:
            seers.append(opened)
    return Opened(tuple(seers), tuple(missing), references)


def open_all_seers(wanted: Wanted) -> Opened:
    """As `open_seers`, for whom nothing is to be missing. Raises `ModelFault`."""
    opened = open_seers(wanted)
    for trouble in opened.missing:
        raise ModelFault(trouble.code, trouble.detail)
    return opened


def open_to_learn(wanted: Wanted, eye: LooksAtNormal) -> Opened:
    """What it takes to tell the cabin's state, and `eye`, which learns. Raises `ModelFault`."""
    references = _references(wanted)
    seers: list[Seeing] = []
    if Role.FACE in wanted.roles:
        seers.append(FaceSeer(Faces(wanted.models, wanted.covers)))
    seers.append(PeopleSeer(People(wanted.models, references)))
    seers.append(NormalSeer(eye, Service(), _never))
    return Opened(tuple(seers), (), references)


def _references(wanted: Wanted) -> tuple[GreyPicture, ...]:
    if wanted.references is None:
        return ()
    return tuple(one.picture for one in read_references(wanted.references, wanted.camera))


def _open(
    seer: Seer, wanted: Wanted, references: Sequence[GreyPicture], missing: list[Trouble]
) -> Seeing | None:
    """None where there is nothing that this one could compare with; parts that it lacks join `missing`."""
    match seer:
        case Seer.FACES:
            return FaceSeer(Faces(wanted.models, wanted.covers))
        case Seer.OWNER:
            return OwnerSeer(Embedder.open(wanted.models).look) if wanted.owner else None
        case Seer.THINGS:
            return ThingsSeer(Things(wanted.models))
        case Seer.UNUSUAL:
            return UnusualSeer(UnusualEye(wanted.models))
        case Seer.PEOPLE:
            return PeopleSeer(People(wanted.models, references))
        case Seer.FRONT:
            if wanted.fronts is None:
                return None
            return FrontSeer(wanted.fronts, wanted.camera, Patches(wanted.models))
        case Seer.FIGHT:
            return FightSeer(FightEye(wanted.models))
        case Seer.NORMAL:
            return _open_normal(wanted, missing)
        case _:
            assert_never(seer)


def _open_normal(wanted: Wanted, missing: list[Trouble]) -> NormalSeer | None:
    """Compares with what was learnt of this camera's cabin; one that never was learnt misses nothing."""
    normal = wanted.normal
    if normal is None or not has_any(normal.folder, wanted.camera):
        return None
    patches = Patches(wanted.models)
    version = patches.version
    learnt, faults = read_learnt(normal.folder, wanted.camera, version, set_aside=normal.set_aside)
    missing += [Trouble(Seer.NORMAL, fault.code, fault.detail) for fault in faults]
    if not learnt:
        return None
    known = {
        one.state: Known(one, normal.false_alarms_a_day, read_taken(normal.folder, one)) for one in learnt
    }
    keep = functools.partial(_keep, normal.folder)
    eye = NormalEye(patches, known, normal.keeping, keep)
    return NormalSeer(eye, normal.service, normal.minute_of_day)


def _keep(folder: Path, known: Known) -> None:
    assert known.taken is not None
    try:
        write_taken(folder, known.learnt, known.taken)
    except OSError as error:
        _log.warning("fault: normal_damaged (%s cannot be kept up: %s)", known.learnt.state, error.strerror)
