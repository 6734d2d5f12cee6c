"""What the eyes' process is to open: one plan for each camera that the settings name.

The plans are made in the loop's process and carried out in the eyes' own. The libraries that see (OpenCV, the
interpreter, a camera stack) are imported where they are used, so that the loop's process stays small.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from edge.pictures.ring import RingWriter, ring_slots
from edge.settings.places import model_dir
from edge.settings.schema import Camera as CameraSettings
from edge.settings.schema import Settings
from edge.vision.eyes.supervisor import EyesPlan
from edge.vision.seers import SEERS, Seer
from hw.board import open_camera
from hw.camera.port import Camera, CameraChoice, Stream

if TYPE_CHECKING:
    from edge.vision.look import FacesIn


def eyes_plans(settings: Settings) -> tuple[EyesPlan, ...]:
    """One process for each camera that is fitted."""
    plans = []
    for camera in (settings.camera, settings.overview):
        if camera.source == "none":
            continue
        plans.append(
            EyesPlan(
                camera=functools.partial(_open_eye, camera),
                faces=_faces_of(settings, camera.role),
                ring=functools.partial(_ring, settings, camera.role),
                name=camera.role,
                picture_every_s=1.0 / settings.evidence.fps,
            )
        )
    return tuple(plans)


def ring_file(settings: Settings, camera: str) -> Path:
    """Where the newest pictures of a camera lie; the runtime folder is in memory."""
    return Path(settings.paths.runtime) / f"ring-{camera}"


def _open_eye(camera: CameraSettings) -> Camera:
    stream = Stream(camera.width, camera.height, camera.fps, camera.rotate)
    return open_camera(CameraChoice(camera.source, camera.device, camera.clip, stream))


def _faces_of(settings: Settings, role: str) -> Callable[[], FacesIn | None]:
    """What opens the networks of a camera; each seer of the list has its part of the plan."""
    faces: Callable[[], FacesIn | None] = _no_faces
    for seer in Seer:
        match seer:
            case Seer.FACES:
                if role in SEERS[seer].cameras:
                    faces = functools.partial(_faces, model_dir(settings), settings.face.covers)
            case _:
                assert_never(seer)
    return faces


def _faces(folder: Path, covers: tuple[str, ...]) -> FacesIn:
    from edge.vision.face.faces import Faces

    return Faces(folder, covers)


def _no_faces() -> FacesIn | None:
    return None


def _ring(settings: Settings, camera: str) -> Callable[[float, bytes], None]:
    kept = settings.evidence
    slots = ring_slots(kept.before_s, kept.fps)
    writer = RingWriter(ring_file(settings, camera), slots, kept.ring_mb, kept.fps)

    def put(at_s: float, jpeg: bytes) -> None:
        if not writer.wants(at_s):
            return
        while len(jpeg) > writer.picture_bytes:
            jpeg = _smaller(jpeg)  # a picture with less in it is better than none
        writer.put(at_s, jpeg)

    return put


def _smaller(jpeg: bytes) -> bytes:
    """The same picture with about half the pixels."""
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    half = cv2.resize(picture, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", half, [cv2.IMWRITE_JPEG_QUALITY, 75])[1].tobytes()
