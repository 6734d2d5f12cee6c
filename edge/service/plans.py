"""What the eyes' process is to open: one plan for each camera that the settings name.

The plans are made in the loop's process and carried out in the eyes' own. The libraries that see (OpenCV, the
interpreter, a camera stack) are imported where they are used, so that the loop's process stays small.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from edge.faults.fault import FaultError
from edge.pictures.ring import RingWriter, ring_file, ring_slots
from edge.service.asks import Status
from edge.service.control import ask
from edge.settings.drawn import masks_of
from edge.settings.places import model_dir
from edge.settings.schema import Camera as CameraSettings
from edge.settings.schema import Settings
from edge.settings.zones import zone_of
from edge.terms.observation import FACE_CAMERA
from edge.vision.eyes.process import EyesPlan
from edge.vision.seers import Role
from hw.board import masked_camera, open_camera, refusing_camera
from hw.camera.port import Camera, CameraChoice, Stream
from hw.clock import SystemClock
from hw.ports import Clock, HardwareError

_ASK_S: Final = 1.0
"""The eyes may be silent for longer; the loop answers in a tenth of it."""

if TYPE_CHECKING:
    from edge.vision.look import Look
    from edge.vision.opening import Opened
    from edge.vision.scene.normal_keeping import Keeping

_ROLES: Final = {
    "face": frozenset({Role.FACE}),
    "overview": frozenset({Role.OVERVIEW}),
    "both": frozenset({Role.FACE, Role.OVERVIEW}),
}


def eyes_plans(settings: Settings) -> tuple[EyesPlan, ...]:
    """One process for each camera that is fitted."""
    fitted = [camera for camera in (settings.camera, settings.overview) if camera.source != "none"]
    plans = []
    for camera in fitted:
        roles = _roles(camera.role, fitted)
        name = camera_name(camera.role)
        plans.append(
            EyesPlan(
                camera=functools.partial(open_fitted, settings, camera),
                seers=functools.partial(_open_seers, settings, roles, name),
                ring=functools.partial(_ring, settings, name),
                name=name,
                picture_every_s=1.0 / settings.evidence.fps,
                data=Path(settings.paths.data),
            )
        )
    return tuple(plans)


def _roles(role: str, fitted: Sequence[CameraSettings]) -> frozenset[Role]:
    """A camera's roles; the one at the machine sees the whole cabin too where no other one does."""
    overseen = any(Role.OVERVIEW in _ROLES[camera.role] for camera in fitted)
    return _ROLES[role] if overseen else frozenset(Role)


def camera_name(role: str) -> str:
    """What a camera's observations, pictures and facts are known by; `role` is that of the settings."""
    return FACE_CAMERA if Role.FACE in _ROLES[role] else Role.OVERVIEW.value


def overseers(settings: Settings) -> frozenset[str]:
    """The names of the cameras that see the whole cabin."""
    fitted = [camera for camera in (settings.camera, settings.overview) if camera.source != "none"]
    return frozenset(
        camera_name(camera.role) for camera in fitted if Role.OVERVIEW in _roles(camera.role, fitted)
    )


def look_of(
    settings: Settings,
    camera: str = FACE_CAMERA,
    references: Path | None = None,
    fronts: Path | None = None,
    normal: Path | None = None,
) -> Look:
    """What sees through the one camera of a story, a replay or a bench: every seer. Raises `ModelFault`.

    `references`: the folder with this camera's pictures of the empty cabin, `fronts` that of the machine's
    front, `normal` that with its dictionaries of the normal; None: it has learnt none.
    """
    from edge.vision.look import Look
    from edge.vision.opening import Normal, Wanted, open_all_seers
    from edge.vision.scene.normal_seer import Service

    compared = None if normal is None else Normal(normal, settings.normal.false_alarms_a_day, Service())
    covers = settings.face.covers
    wanted = Wanted(
        model_dir(settings),
        frozenset(Role),
        covers,
        references,
        camera,
        fronts,
        compared,
        owner=settings.identity.enabled,
    )
    opened = open_all_seers(wanted)
    return Look(opened.seers, references=opened.references, camera=camera)


def open_fitted(settings: Settings, camera: CameraSettings) -> Camera:
    """A camera of the settings, behind its masks. `HardwareError`, also where these are unknown."""
    stream = Stream(camera.width, camera.height, camera.fps, camera.rotate)
    try:
        masks = masks_of(settings, camera_name(camera.role))
    except FaultError as fault:
        raise HardwareError(fault.code, fault.detail) from fault
    return open_camera(CameraChoice(camera.source, camera.device, camera.clip, stream, masks))


def behind_masks(settings: Settings, camera: Camera, name: str = FACE_CAMERA) -> Camera:
    """A recording or a stage that stands for the camera of this name, behind that one's masks.

    Where these are unknown it gives no picture: `HardwareError` from `read`.
    """
    try:
        return masked_camera(camera, masks_of(settings, name))
    except FaultError as fault:
        return refusing_camera(fault.code, fault.detail)


def masks_tag(settings: Settings, camera: str) -> bytes:
    """What pictures taken behind the same masks have in common."""
    masks = [mask for mask in settings.mask if mask.camera == camera]
    return hashlib.sha256(msgspec.json.encode(masks)).digest()[:16] if masks else b""


def _open_seers(settings: Settings, roles: frozenset[Role], camera: str) -> Opened:
    from edge.vision.opening import Normal, Wanted, open_seers
    from edge.vision.scene import fronts, normal_file, reference
    from edge.vision.scene.masking import mask_learnt
    from edge.vision.scene.normal_seer import Service

    data = Path(settings.paths.data)
    mask_learnt(data, camera, masks_of(settings, camera))
    normal = Normal(
        data / normal_file.FOLDER,
        settings.normal.false_alarms_a_day,
        Service.of(settings.normal.service_hours),
        _keeping(settings),
        minute_of_day(settings, SystemClock()),
        set_aside=True,
    )
    wanted = Wanted(
        model_dir(settings),
        roles,
        settings.face.covers,
        data / reference.FOLDER,
        camera,
        data / fronts.FOLDER,
        normal,
        owner=settings.identity.enabled,
    )
    return open_seers(wanted)


def _keeping(settings: Settings) -> Keeping | None:
    """Asks the running kiosk over its socket, which answers everybody who may open it."""
    from edge.vision.scene.normal_keeping import Keeping

    if not settings.normal.keep_up:
        return None
    quiet = functools.partial(quiet_kiosk, Path(settings.paths.runtime))
    return Keeping(quiet, settings.normal.quarantine_h * 3600.0)


def quiet_kiosk(runtime: Path) -> int | None:
    """How many incidents the kiosk has counted, while nothing is wrong; else, and where nobody says, None."""
    try:
        said = ask(runtime, Status(), _ASK_S)
    except FaultError:
        return None
    incidents = said.get("incidents")
    well = not said.get("anomalies") and said.get("camera") == "ok" and not said.get("incident")
    return incidents if well and isinstance(incidents, int) else None


def minute_of_day(settings: Settings, clock: Clock) -> Callable[[], int | None]:
    """The time on the cabin's clock (0 to 1439); None while nobody has set the machine's."""
    zone = zone_of(settings.cabin.timezone)

    def minute() -> int | None:
        if not clock.wall_true():
            return None
        local = datetime.fromtimestamp(clock.wall_s(), zone)
        return local.hour * 60 + local.minute

    return minute


def _ring(settings: Settings, camera: str) -> Callable[[float, bytes], None]:
    kept = settings.evidence
    slots = ring_slots(kept.before_s, kept.fps)
    tag = masks_tag(settings, camera)
    writer = RingWriter(ring_file(settings, camera), slots, kept.ring_mb, kept.fps, tag)

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
