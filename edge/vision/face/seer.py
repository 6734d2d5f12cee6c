"""The face check as a seer: the faces of every frame (those upside down unclear), how the widest moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edge.terms.observation import CameraHealth, Face
from edge.vision.face.rigid import Rigid
from edge.vision.face.upside import Upside
from edge.vision.seers import Seer
from edge.vision.sight import Sight
from hw.camera.port import GreyPicture

FacesIn = Callable[[GreyPicture], tuple[Face, ...]]
"""The faces of one grey working picture, boxes and landmarks in its pixels."""


class FaceSeer:
    """Looks at every frame, and now and then at the frame upside down."""

    seer: Final = Seer.FACES

    def __init__(self, faces: FacesIn) -> None:
        self._faces = faces
        self._upside = Upside()
        self._rigid = Rigid()

    def wants(self, sight: Sight) -> bool:
        return True

    def look(self, sight: Sight) -> None:
        grey, at_s = sight.frame.grey, sight.frame.at_s
        sight.faces = self._upside.update(grey, self._faces(grey), sight.somebody, at_s, self._faces)
        sight.faces_asked = sight.faces_new = True
        sight.face_motion = self._rigid.update(grey, sight.faces, at_s)
        if self._upside.camera_inverted and sight.health is CameraHealth.OK:
            sight.health = CameraHealth.UPSIDE_DOWN
