"""The eyes of an enrolment: looks of a camera, or of pictures that are there already.

The same face check, network and signs of life as at a claim. A picture in a file cannot show that somebody
lives: anyone who brings it answers for that, as for a passport's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, runtime_checkable

import cv2
import numpy as np

from edge.faults.fault import FaultError
from edge.identity.enrolment import Alike, EnrolLook, Guidance, Life, Session, Turn, pose_asked, step
from edge.identity.likeness import Points, likeness, network_name, read_points
from edge.identity.person import Pose
from edge.judge.alive import Alive
from edge.settings.places import model_dir
from edge.settings.schema import Camera as CameraSettings
from edge.settings.schema import Settings
from edge.terms.identity import Template
from edge.terms.observation import Face
from edge.vision.face.embed import Embedder
from edge.vision.face.faces import Faces
from edge.vision.face.seer import FaceSeer
from edge.vision.look import Look
from hw.camera.port import Camera, ColourPicture, Frame, GreyPicture

LOOK_S: Final = 0.4
"""Between two looks for a template; the face check sees every frame."""

_QUICK_PX: Final = 640
_LONGEST_PX: Final = 1280
_WIDEST_FACE_PX: Final = 320
"""A larger face is made smaller by areas before it is cut out."""

_AROUND: Final = 0.6
"""Of a kept picture: so many face widths on each side."""

_JPEG_QUALITY: Final = 95


@runtime_checkable
class Directed(Protocol):
    """A camera whose people do as they are told: the staged one."""

    def do(self, action: str, now_s: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Looked:
    """One look, and the face as a JPEG file where there is one."""

    look: EnrolLook
    jpeg: bytes = field(default=b"", repr=False)


class Networks:
    """What turns pictures into looks. Raises `ModelFault`."""

    def __init__(self, settings: Settings) -> None:
        models = model_dir(settings)
        self.name: Final = network_name(models)
        """Templates of networks of other names cannot be compared."""
        self.faces: Final = Faces(models, settings.face.covers)
        self.embedder: Final = Embedder.open(models)
        self.points: Final[Points] = read_points(models)

    def alike(self, template: Template, others: Sequence[Template]) -> bool:
        """Whether it is of the person whom the others show, as at a claim."""
        return likeness(template, others) >= self.points.same

    def look_at(self, picture: ColourPicture) -> Looked:
        """A picture from a file, of any size; blue, green, red. One that is not plain is searched longer."""
        longest = max(picture.shape[:2])
        small = picture if longest <= _QUICK_PX else _scaled(picture, _QUICK_PX / longest)
        frame = Frame(0, 0.0, _grey(small), small)
        quick = self.look(frame, self.faces(frame.grey), Life.LIVES)
        if quick.look.template is not None:
            return quick
        if longest > _LONGEST_PX:
            picture = _scaled(picture, _LONGEST_PX / longest)
        faces = self.faces.look_at(picture).faces
        widest = max((face.box[2] for face in faces), default=0.0)
        if widest > _WIDEST_FACE_PX:
            picture = _scaled(picture, _WIDEST_FACE_PX / widest)
            faces = self.faces.look_at(picture).faces
        return self.look(Frame(0, 0.0, _grey(picture), picture), faces, Life.LIVES)

    def look(self, frame: Frame, faces: Sequence[Face], life: Life) -> Looked:
        """One frame with the faces that were found in it."""
        owner = self.embedder.look(frame, faces)
        if owner.template is None:
            return Looked(EnrolLook(None, owner.missing, life=life))
        face = max(faces, key=lambda one: one.box[2])
        look = EnrolLook(owner.template, None, face.yaw_deg, face.pitch_deg, life)
        return Looked(look, _jpeg(frame, face))


class LiveEye:
    """A camera that is looked through for one enrolment. `read` blocks as the camera does."""

    def __init__(self, camera: Camera, networks: Networks) -> None:
        self._camera = camera
        self._networks = networks
        self._look = Look([FaceSeer(networks.faces)])
        self._alive = Alive()
        self._due_s = float("-inf")
        self.at_s = 0.0

    def next(self) -> Looked | None:
        """The next look; None at the end of a recording. Raises the camera's `HardwareError`."""
        while (frame := self._camera.read()) is not None:
            self.at_s = frame.at_s
            seen = self._look(frame)
            self._alive.update(seen, frame.at_s)
            if frame.at_s < self._due_s:
                continue
            self._due_s = frame.at_s + LOOK_S
            return self._networks.look(frame, seen.faces, self._life)
        return None

    @property
    def _life(self) -> Life:
        if self._alive.picture:
            return Life.PICTURE
        return Life.LIVES if self._alive.shown else Life.UNKNOWN


@dataclass(frozen=True, slots=True)
class Enrolment:
    """How a session ended: `session.done`, or why not in `ended`."""

    session: Session
    pictures: tuple[bytes, ...] = field(repr=False)
    ended: str = ""


def enrol_live(
    next_look: Callable[[], tuple[Looked, float] | None],
    alike: Alike,
    hear: Callable[[Turn], None],
    within_s: float,
) -> Enrolment:
    """Look until the set is whole, the poses are given up, or the time is over.

    `next_look` gives a look and its time; `hear` is told what each led to, as it comes.
    """
    session, pictures = Session(), list[bytes]()
    begun_s: float | None = None
    while (one := next_look()) is not None:
        looked, at_s = one
        begun_s = at_s if begun_s is None else begun_s
        turn = step(session, looked.look, alike)
        if len(turn.session.taken) < len(session.taken):
            pictures.clear()  # it began again with somebody else
        session = turn.session
        if turn.taken is not None:
            pictures.append(looked.jpeg)
        hear(turn)
        if session.done:
            return Enrolment(session, tuple(pictures))
        if session.failed:
            return Enrolment(session, (), "too few poses: the head has to be turned to at least two sides")
        if at_s - begun_s > within_s:
            return Enrolment(session, (), f"the set was not whole within {within_s:.0f} s")
    return Enrolment(session, (), "the camera gives no more pictures")


def camera_of(settings: Settings) -> CameraSettings:
    """The camera that sees the face. FaultError where none does."""
    for camera in (settings.camera, settings.overview):
        if camera.source != "none" and camera.role != "overview":
            return camera
    raise FaultError("enrol_refused", "no camera of the settings sees the face; enrol from pictures (--from)")


def direct(camera: Camera, guidance: Guidance, at_s: float) -> None:
    """Where the people are staged, they follow; nobody else hears it."""
    pose = pose_asked(guidance)
    if isinstance(camera, Directed) and pose is not None:
        camera.do("turn front" if pose is Pose.STRAIGHT else f"turn {pose.value}", at_s)


def _grey(picture: ColourPicture) -> GreyPicture:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def _scaled(picture: ColourPicture, factor: float) -> ColourPicture:
    scaled = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.uint8)


def _jpeg(frame: Frame, face: Face) -> bytes:
    """The face and a little around it."""
    picture = frame.grey if frame.colour is None else frame.colour
    factor = picture.shape[1] / frame.grey.shape[1]
    left, top, width, height = (value * factor for value in face.box)
    x0, y0 = max(0, int(left - _AROUND * width)), max(0, int(top - _AROUND * width))
    x1, y1 = int(left + (1 + _AROUND) * width), int(top + height + _AROUND * width)
    _, coded = cv2.imencode(".jpg", picture[y0:y1, x0:x1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return coded.tobytes()
