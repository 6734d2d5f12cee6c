"""Takes what is masked out of pictures that were learnt before the mask was drawn."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.faults.fault import FaultError
from edge.vision.scene import fronts, reference
from edge.vision.scene.fronts import read_front, write_front
from edge.vision.scene.reference import add_references, read_references
from hw.camera.masked import Masks
from hw.camera.port import Polygon

_log = logging.getLogger(__name__)


def mask_learnt(data: Path, camera: str, polygons: Sequence[Polygon]) -> None:
    """The kept pictures of this camera's empty cabin and machine's front, written again behind its masks.

    Where nothing is masked in them that was not before, nothing is written. What cannot be written is named
    in the log: it is seen by nobody but the kiosk's own user, and never compared with a bare picture.
    """
    if not polygons:
        return
    masks = Masks(polygons)
    try:
        _references(data / reference.FOLDER, camera, masks)
        _front(data / fronts.FOLDER, camera, masks)
    except OSError as error:
        _log.warning("fault: reference_damaged (cannot be masked: %s)", error.strerror)


def _references(folder: Path, camera: str, masks: Masks) -> None:
    learnt = read_references(folder, camera)
    masked = [replace(one, picture=masks.apply(one.picture)) for one in learnt]
    if any(not np.array_equal(a.picture, b.picture) for a, b in zip(learnt, masked, strict=True)):
        add_references(folder, masked, fresh=True)


def _front(folder: Path, camera: str, masks: Masks) -> None:
    try:
        taught = read_front(folder, camera)
    except FaultError:
        return  # its seer tells of it
    if taught is None:
        return
    masked = tuple(replace(one, picture=masks.apply(one.picture)) for one in taught.pictures)
    if any(not np.array_equal(a.picture, b.picture) for a, b in zip(taught.pictures, masked, strict=True)):
        write_front(folder, replace(taught, pictures=masked))
