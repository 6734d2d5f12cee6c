"""A picamera2 that is none and behaves like it: pads rows, runs out of buffers, is late, fails, hangs.

The real driver (`hw.camera.real.PiCamera`) runs over it unchanged: `PiCamera(load=FakePicamera2(…).load)`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import ColourPicture
from hw.camera.real import Maker, Picamera2, Request
from hw.ports import HardwareError

_ALIGN: Final = 64


@dataclass(slots=True)
class FakePicamera2:
    """What the camera stack does, and what is wrong with it; faults may be switched while it runs.

    `scene` gives the picture of now, blue-green-red. Faults: `missing` (no camera on the bus), `busy`
    (another program has it), `absent` (not installed), `fails` (the next capture raises), `hangs`
    (captures block until it is False again), `late_s` (how old a frame is when it is handed over).
    """

    scene: Callable[[], ColourPicture]
    missing: bool = False
    busy: bool = False
    absent: bool = False
    fails: bool = False
    hangs: bool = False
    late_s: float = 0.0
    stamped: bool = True
    boot_s: Callable[[], float] = field(default=lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
    sleep: Callable[[float], None] = time.sleep
    opened: list[_FakeCamera] = field(default_factory=list)

    def load(self) -> Maker:
        """Stands for `hw.camera.real.load_picamera2`."""
        if self.absent:
            raise HardwareError(
                "camera_driver_missing", "picamera2 cannot be loaded: No module named 'libcamera'"
            )
        return self._make

    def _make(self, number: int) -> Picamera2:
        if self.missing or number > 0:
            raise IndexError("list index out of range")
        if self.busy or any(not camera.closed for camera in self.opened):
            raise RuntimeError("Failed to acquire camera: Device or resource busy")
        self.opened.append(_FakeCamera(self))
        return self.opened[-1]


class _FakeCamera:
    def __init__(self, stack: FakePicamera2) -> None:
        self._stack = stack
        self._configuration: dict[str, dict[str, object]] = {}
        self._running = False
        self._gap_s = 0.0
        self._buffers = 0
        self.closed = False
        self.out = 0

    def create_video_configuration(self, **wanted: object) -> dict[str, object]:
        main, lores = cast(Mapping[str, object], wanted["main"]), cast(Mapping[str, object], wanted["lores"])
        (w, h), (lw, lh) = cast(tuple[int, int], main["size"]), cast(tuple[int, int], lores["size"])
        if lw > w or lh > h:
            raise ValueError("lores stream dimensions may not exceed main stream")
        return dict(wanted)

    def configure(self, configuration: dict[str, object]) -> None:
        if self._running:
            raise RuntimeError("Camera must be stopped before configuring")
        for name in ("main", "lores"):
            stream = dict(cast(Mapping[str, object], configuration[name]))
            width, _ = cast(tuple[int, int], stream["size"])
            unit = 3 if stream["format"] == "RGB888" else 1
            stream["stride"] = -(-width * unit // _ALIGN) * _ALIGN
            self._configuration[name] = stream
        controls = cast(Mapping[str, tuple[int, int]], configuration["controls"])
        self._gap_s = controls["FrameDurationLimits"][0] / 1e6
        self._buffers = cast(int, configuration["buffer_count"])

    def camera_configuration(self) -> Mapping[str, Mapping[str, object]]:
        return self._configuration

    def start(self) -> None:
        if not self._configuration:
            raise RuntimeError("Camera has not been configured")
        self._running = True

    def capture_request(self) -> Request:
        if not self._running:
            raise RuntimeError("Camera is not running")
        if self._stack.fails:
            raise RuntimeError("Camera frontend has timed out!")
        self._stack.sleep(self._gap_s)
        # As the real one: without a free buffer, or a sensor that answers, there is never another frame.
        while self._stack.hangs or self.out >= self._buffers:
            self._stack.sleep(0.05)
        self.out += 1
        return _FakeRequest(self, self._stack, self._configuration)

    def stop(self) -> None:
        self._running = False

    def close(self) -> None:
        if self._running:
            self.stop()
        self.closed = True


class _FakeRequest:
    def __init__(
        self, camera: _FakeCamera, stack: FakePicamera2, streams: Mapping[str, Mapping[str, object]]
    ) -> None:
        self._camera = camera
        self._streams = streams
        self._picture = stack.scene()
        self._metadata: dict[str, object] = {"ExposureTime": 9000}
        if stack.stamped:
            self._metadata["SensorTimestamp"] = int((stack.boot_s() - stack.late_s) * 1e9)
        self._released = False

    def make_buffer(self, name: str) -> NDArray[np.uint8]:
        """The stream's memory as it is: planar YUV420, rows padded with whatever was there."""
        self._check()
        width, height = cast(tuple[int, int], self._streams[name]["size"])
        stride = cast(int, self._streams[name]["stride"])
        small = cv2.resize(self._picture, (width, height), interpolation=cv2.INTER_AREA)
        rows = np.full((height + height // 2, stride), 0xA5, np.uint8)
        rows[:height, :width] = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        return rows.reshape(-1)

    def make_array(self, name: str) -> NDArray[np.uint8]:
        self._check()
        width, height = cast(tuple[int, int], self._streams[name]["size"])
        return np.asarray(cv2.resize(self._picture, (width, height)), dtype=np.uint8)

    def get_metadata(self) -> Mapping[str, object]:
        self._check()
        return self._metadata

    def release(self) -> None:
        if self._released:
            raise RuntimeError("Request has already been released")
        self._released = True
        self._camera.out -= 1

    def _check(self) -> None:
        if self._released:
            raise RuntimeError("Request has already been released")
