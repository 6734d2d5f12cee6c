"""One camera from the words of the settings: the only place that knows all drivers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hw.camera.clip import ClipCamera
from hw.camera.masked import masked_camera
from hw.camera.picture import checked_rotation
from hw.camera.port import Camera, CameraChoice, Frame, Polygon
from hw.camera.real import PiCamera
from hw.camera.staged import StagedCabin
from hw.camera.usb import UsbCamera
from hw.clock import SystemClock
from hw.ports import HardwareError


def open_camera(choice: CameraChoice) -> Camera:
    """The camera that was chosen, behind its masks and paced in real time.

    Raises the driver's `HardwareError`, ValueError for a source that there is not.
    """
    if choice.source == "staged":
        stage = StagedCabin(SystemClock())
        if choice.clip:
            stage.do(choice.clip, time.monotonic())
        return PacedStage(stage, choice.stream.fps, choice.masks)
    return masked_camera(_opened(choice), choice.masks)


def _opened(choice: CameraChoice) -> Camera:
    source, device, clip, stream = choice.source, choice.device, choice.clip, choice.stream
    if source == "picamera2":
        if not device.isdigit():
            raise HardwareError("camera_missing", f"a ribbon-cable camera has a number, not {device!r}")
        return PiCamera(int(device), stream)
    if source == "usb":
        return UsbCamera(int(device) if device.isdigit() else device, stream)
    if source == "clip":
        if not clip:
            raise HardwareError("clip_unreadable", "no recording was named")
        return ClipCamera(
            [Path(clip)], stream.fps, rotation=checked_rotation(stream.rotation), now_s=time.monotonic
        )
    raise ValueError(f"there is no camera source {source!r}")


class Paced:
    """A camera that answers at once, slowed down to `fps` pictures a second."""

    def __init__(
        self,
        camera: Camera,
        fps: float,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._camera = camera
        self._gap_s = 1.0 / fps
        self._now_s = now_s
        self._sleep = sleep
        self._due_s = now_s()

    def read(self) -> Frame | None:
        early_s = self._due_s - self._now_s()
        if early_s > 0.0:
            self._sleep(early_s)
        self._due_s = max(self._due_s, self._now_s() - self._gap_s) + self._gap_s
        return self._camera.read()

    def close(self) -> None:
        self._camera.close()


class PacedStage(Paced):
    """The staged cabin at the pace of a camera, still to be directed."""

    def __init__(self, stage: StagedCabin, fps: float, masks: Sequence[Polygon] = ()) -> None:
        super().__init__(masked_camera(stage, masks), fps)
        self._stage = stage

    @property
    def people(self) -> tuple[str, ...]:
        return self._stage.people

    def do(self, action: str, now_s: float) -> None:
        self._stage.do(action, now_s)
