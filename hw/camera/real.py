"""The Pi's ribbon-cable camera through picamera2: the low-resolution stream's Y plane, and the main stream.

`picamera2` and `libcamera` come with Raspberry Pi OS and are loaded only when a camera is opened. Either may
block for ever; only the eyes' own process, which is watched and killed, may call this.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from hw.camera.picture import (
    COLOUR_LONGEST,
    WORK_HEIGHT,
    WORK_WIDTH,
    checked_rotation,
    fitted,
    upright,
    y_plane,
)
from hw.camera.port import USUAL, Frame, Stream
from hw.ports import HardwareError

_BUFFERS: Final = 4


class Request(Protocol):
    """One completed capture of all streams; must be released, or the camera runs out of buffers."""

    def make_buffer(self, name: str) -> NDArray[np.uint8]: ...

    def make_array(self, name: str) -> NDArray[np.uint8]: ...

    def get_metadata(self) -> Mapping[str, object]: ...

    def release(self) -> None: ...


class Picamera2(Protocol):
    """The part of `picamera2.Picamera2` that is used."""

    def create_video_configuration(self, **wanted: object) -> dict[str, object]: ...

    def configure(self, configuration: dict[str, object]) -> None: ...

    def camera_configuration(self) -> Mapping[str, Mapping[str, object]]: ...

    def start(self) -> None: ...

    def capture_request(self) -> Request: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


Maker = Callable[[int], Picamera2]


def load_picamera2() -> Maker:
    """`picamera2.Picamera2`. Raises `HardwareError("camera_driver_missing")`."""
    try:
        module = importlib.import_module("picamera2")
    except (ImportError, OSError) as error:
        # Without its libcamera, picamera2 is there and cannot be imported.
        raise HardwareError("camera_driver_missing", f"picamera2 cannot be loaded: {error}") from error
    return cast(Maker, module.Picamera2)


class PiCamera:
    """Camera `number` of this Pi; a `Camera` port.

    The main stream has the size asked for, kept as evidence; the networks get the Y plane of a stream of
    640x480 at most. `at_s` is when the sensor took the picture, not when it arrived. Raises `HardwareError`:
    `camera_driver_missing`, `camera_missing`, `camera_busy`, and `camera_failed` from `read` as well.
    """

    def __init__(
        self,
        number: int = 0,
        stream: Stream = USUAL,
        *,
        load: Callable[[], Maker] = load_picamera2,
        now_s: Callable[[], float] = time.monotonic,
        boot_s: Callable[[], float] | None = None,
    ) -> None:
        self._rotation = checked_rotation(stream.rotation)
        self._now_s = now_s
        self._boot_s = boot_s or (lambda: time.clock_gettime(time.CLOCK_BOOTTIME))
        self._number = 0
        make = load()
        try:
            self._camera = make(number)
        except IndexError as error:
            raise HardwareError("camera_missing", f"libcamera sees no camera {number}") from error
        except (RuntimeError, OSError) as error:
            raise _opening_failed(number, error) from error
        try:
            self._start(stream)
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            self._camera.close()
            raise _opening_failed(number, error) from error

    def _start(self, stream: Stream) -> None:
        width, height = stream.width, stream.height
        scale = min(1.0, WORK_WIDTH / width, WORK_HEIGHT / height)
        # The scaler wants even sizes.
        small = (int(width * scale) // 2 * 2, int(height * scale) // 2 * 2)
        gap_us = round(1e6 / stream.fps)
        configuration = self._camera.create_video_configuration(
            # Named by the word, not by the byte: RGB888 lies in memory as blue, green, red.
            main={"size": (width, height), "format": "RGB888"},
            lores={"size": small, "format": "YUV420"},
            controls={"FrameDurationLimits": (gap_us, gap_us)},
            buffer_count=_BUFFERS,
            # No frame from before the question: an old picture is worse than a short wait.
            queue=False,
        )
        self._camera.configure(configuration)
        # Asked back, not assumed: the driver rounds sizes and pads rows.
        lores = self._camera.camera_configuration()["lores"]
        self._width, self._height = cast(tuple[int, int], lores["size"])
        self._stride = cast(int, lores["stride"])
        self._camera.start()

    def read(self) -> Frame | None:
        """The next picture. `HardwareError("camera_failed")` when the camera stack says so."""
        try:
            request = self._camera.capture_request()
            try:
                grey = y_plane(request.make_buffer("lores"), self._width, self._height, self._stride)
                colour = np.ascontiguousarray(request.make_array("main")[..., :3])
                age_s = self._age_s(request.get_metadata())
            finally:
                request.release()
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            raise HardwareError("camera_failed", str(error) or type(error).__name__) from error
        evidence = fitted(upright(colour, self._rotation), COLOUR_LONGEST, COLOUR_LONGEST)
        at_s = self._now_s() - age_s
        frame = Frame(self._number, at_s, upright(grey, self._rotation), evidence)
        self._number += 1
        return frame

    def _age_s(self, metadata: Mapping[str, object]) -> float:
        """How long ago the sensor took it. `SensorTimestamp` counts nanoseconds since boot."""
        stamp = metadata.get("SensorTimestamp")
        if not isinstance(stamp, int):
            return 0.0
        return max(0.0, self._boot_s() - stamp / 1e9)

    def close(self) -> None:
        try:
            self._camera.stop()
            self._camera.close()
        except (RuntimeError, OSError) as error:
            raise HardwareError("camera_failed", f"closing: {error}") from error


def _opening_failed(number: int, error: Exception) -> HardwareError:
    words = str(error)
    code = "camera_busy" if "busy" in words.lower() or "acquire" in words.lower() else "camera_failed"
    return HardwareError(code, f"camera {number}: {words}")
