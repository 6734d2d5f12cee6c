"""`look --heat`: how unlike what was learnt of this cabin a still picture is, as a picture and as numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge.disk.files import put_whole
from edge.faults.fault import FaultError
from edge.pictures.heat import heat_picture
from edge.settings.places import model_dir
from edge.settings.schema import Settings
from edge.terms.observation import FACE_CAMERA, Box, CabinState, ThingKind
from edge.vision.face.faces import to_grey
from edge.vision.scene.normal import Known, OneLook
from edge.vision.scene.normal_file import FOLDER, read_learnt
from edge.vision.scene.normal_seer import body_of, state_of
from edge.vision.scene.patches import Patches
from edge.vision.whole import Whole
from hw.camera.port import ColourPicture

NOT_LEARNT: Final = "normal_not_learnt"


class Heat:
    """Writes one heat picture for each still picture into `folder`; None: does nothing.

    `state`: what the pictures show; None: told by who is seen in them. Raises `FaultError` where nothing was
    learnt through the face camera.
    """

    def __init__(self, settings: Settings, folder: Path | None, state: str | None) -> None:
        self._folder = folder
        self._state = None if state is None else CabinState(state)
        if folder is None:
            return
        patches = Patches(model_dir(settings))
        where = Path(settings.paths.data) / FOLDER
        learnt, faults = read_learnt(where, FACE_CAMERA, patches.version)
        for fault in faults:
            raise fault
        if not learnt:
            raise FaultError(NOT_LEARNT, str(where))
        known = {one.state: Known(one, settings.normal.false_alarms_a_day) for one in learnt}
        self._look = OneLook(patches, known)
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, answer: dict[str, object], path: Path, picture: ColourPicture, whole: Whole) -> None:
        """What it says joins the answer, the picture the folder under the same name."""
        if self._folder is None:
            return
        bodies = tuple(thing.box for thing in whole.objects if thing.kind is ThingKind.PERSON)
        faces: tuple[Box, ...] = tuple(body_of(face.box) for face in whole.looked.faces)
        grey = to_grey(picture)
        state = self._state or state_of(grey, bool(whole.people))
        found = self._look(grey, state, (*bodies, *faces))
        if found is None:
            answer["normal"] = {"state": state.value, "learnt": False}
            return
        seen, unlike = found
        title = f"{seen.state.value.replace('_', ' ')}: {seen.score / seen.limit:.2f} x limit"
        drawn = heat_picture(picture, unlike / np.float32(seen.limit), title)
        put_whole(self._folder / f"{path.stem}-heat.jpg", cv2.imencode(".jpg", drawn)[1].tobytes())
        answer["normal"] = {
            "state": seen.state.value,
            "learnt": True,
            "unlikeness": round(seen.score / seen.limit, 3),
            "chance": seen.chance,
            "area": seen.area,
            "boxes": [[round(v, 1) for v in box] for box in seen.where],
        }
