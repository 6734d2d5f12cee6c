"""One frame in, one observation out: faces, foreground, motion and health of a picture, joined.

The same code sees in the eyes' own process, in a replay and in a story.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from edge.terms.observation import FACE_CAMERA, Box, CameraHealth, Face, Observation
from edge.vision.face.upside import Upside
from edge.vision.scene.background import Scene, shrink
from edge.vision.scene.health import Health
from hw.camera.port import Frame, GreyPicture

FacesIn = Callable[[GreyPicture], tuple[Face, ...]]
"""The faces of one grey working picture, boxes and landmarks in its pixels."""

_FACE_HOLDS_S: Final = 3.0
_BLIND: Final = frozenset({CameraHealth.DARK, CameraHealth.BLINDED, CameraHealth.COVERED})


class Look:
    """Looks at the frames of one camera in order. `faces` None: a camera that is not asked for faces."""

    def __init__(
        self,
        faces: FacesIn | None,
        health: Health | None = None,
        scene: Scene | None = None,
        camera: str = FACE_CAMERA,
    ) -> None:
        self._faces = faces
        self._health = health or Health()
        self._scene = scene or Scene()
        self._camera = camera
        self._upside = Upside()
        self._face_at_s = float("-inf")

    def __call__(self, frame: Frame) -> Observation:
        """What this frame shows. A picture that does not look sound gives no foreground."""
        small = shrink(frame.grey)
        near = frame.at_s - self._face_at_s < _FACE_HOLDS_S
        health = self._health.update(small, frame.at_s, near)
        faces: tuple[Face, ...] = ()
        if self._faces is not None and health not in _BLIND:
            faces = self._faces(frame.grey)
        if faces:
            self._face_at_s = frame.at_s
        foreground = motion = 0.0
        region: Box | None = None
        if not self._health.doubtful:
            # Nothing is learnt of a picture that may be a hand on the lens.
            foreground, motion = self._scene.update(small, frame.at_s, near or bool(faces))
            region = _enlarged(self._scene.box, max(frame.grey.shape) / max(small.shape))
        if self._faces is not None and health not in _BLIND:
            somebody = near or foreground > 0.0
            faces = self._upside.update(frame.grey, faces, somebody, frame.at_s, self._faces)
            if self._upside.camera_inverted and health is CameraHealth.OK:
                health = CameraHealth.UPSIDE_DOWN
        h, w = frame.grey.shape
        return Observation(
            frame=frame.number,
            at_s=frame.at_s,
            size=(w, h),
            faces=faces,
            foreground=foreground,
            health=health,
            motion=motion,
            camera=self._camera,
            foreground_box=region,
        )


def _enlarged(box: Box | None, factor: float) -> Box | None:
    return None if box is None else (box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor)
