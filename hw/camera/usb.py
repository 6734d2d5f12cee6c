"""A USB camera through OpenCV's V4L2: small pictures, no queue of old ones, at most so many a second.

OpenCV has no honest timeout: a camera that hangs hangs `read`. Only the eyes' own process, which is
watched and killed, may call it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.picture import checked_rotation, working
from hw.camera.port import USUAL, Frame, Stream
from hw.ports import HardwareError

_MISSES_MAX: Final = 3
"""Some cameras lose the odd picture; that many in a row is a failure."""


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def isOpened(self) -> bool: ...  # noqa: N802 -- OpenCV's name

    def set(self, propId: int, value: float, /) -> bool: ...  # noqa: N803

    def grab(self) -> bool: ...

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]: ...

    def release(self) -> None: ...


def _open(device: int | str) -> Capture:
    capture: Capture = cv2.VideoCapture(device, cv2.CAP_V4L2)  # type: ignore[assignment]
    return capture


class UsbCamera:
    """The camera with this number or path (`/dev/v4l/by-id/…` survives replugging); a `Camera` port.

    Raises `HardwareError`: `camera_missing` where there is no such device, `camera_busy` where it is there
    and cannot be opened, `camera_failed` from `read`.
    """

    def __init__(
        self,
        device: int | str,
        stream: Stream = USUAL,
        *,
        open_capture: Callable[[int | str], Capture] = _open,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rotation = checked_rotation(stream.rotation)
        self._gap_s = 1.0 / stream.fps
        self._now_s = now_s
        self._due_s = float("-inf")
        self._number = 0
        path = Path(f"/dev/video{device}") if isinstance(device, int) else Path(device)
        self._name = str(path)
        self._capture = open_capture(device)
        if not self._capture.isOpened():
            self._capture.release()
            code = "camera_busy" if path.exists() else "camera_missing"
            raise HardwareError(code, f"{self._name} cannot be opened")
        # Compressed on the wire: uncompressed pictures of two cameras do not fit through one USB bus.
        self._capture.set(cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG")))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, float(stream.width))
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, float(stream.height))
        self._capture.set(cv2.CAP_PROP_FPS, float(stream.fps))
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1.0)

    def read(self) -> Frame | None:
        """The next picture; those that come sooner than the rate asks for are dropped undecoded."""
        misses = 0
        while True:
            picture = self._picture()
            if picture is not None:
                break
            misses += 1
            if misses >= _MISSES_MAX:
                raise HardwareError("camera_failed", f"{self._name} delivers no pictures")
        grey, evidence = working(picture, self._rotation)
        frame = Frame(self._number, self._taken_s, grey, evidence)
        self._number += 1
        return frame

    def _picture(self) -> NDArray[np.uint8] | None:
        """One picture that is due, None for one that was lost."""
        while True:
            if not self._capture.grab():
                return None
            self._taken_s = self._now_s()
            # A tenth of the gap of grace, or a camera at just this rate would lose every second one.
            if self._taken_s >= self._due_s - 0.1 * self._gap_s:
                break
        self._due_s = max(self._due_s + self._gap_s, self._taken_s)
        ok, picture = self._capture.retrieve()
        if not ok or picture.ndim != 3:
            return None
        return np.asarray(picture, dtype=np.uint8)

    def close(self) -> None:
        self._capture.release()
