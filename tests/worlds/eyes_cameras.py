"""Cameras and face finders for a real eyes' process in the tests: it imports them by this module's name."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge.terms.identity import OwnerLook, Template
from edge.terms.observation import Cover, Face, FaceVerdict
from edge.vision.face.owner import OwnerSeer
from edge.vision.face.seer import FaceSeer
from edge.vision.opening import Opened
from edge.vision.seers import Seer, Trouble
from hw.camera.port import Frame, GreyPicture
from hw.ports import HardwareError


class Pictures:
    """Noise at 50 pictures a second; after `good` of them it does what `then` says."""

    def __init__(self, good: int, then: str) -> None:
        self.good = good
        self.then = then
        self.number = 0
        self.random = np.random.default_rng(1)

    def read(self) -> Frame | None:
        if self.number >= self.good:
            if self.then == "end":
                return None
            if self.then == "raise":
                raise HardwareError("camera_failed", "the ribbon cable came off")
            if self.then == "crash":
                raise RuntimeError("a bug")
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(3600.0)
        time.sleep(0.02)
        grey = self.random.integers(60, 190, (120, 160), dtype=np.uint8)
        self.number += 1
        return Frame(self.number, time.monotonic(), grey)

    def close(self) -> None:
        pass


def missing() -> Pictures:
    raise HardwareError("camera_missing", "no camera at /dev/video0")


def one_face(grey: GreyPicture) -> tuple[Face, ...]:
    h, w = grey.shape
    points = ((60.0, 50.0), (90.0, 50.0), (75.0, 65.0), (65.0, 80.0), (85.0, 80.0))
    verdict, cover = FaceVerdict.PROPER, Cover.NONE
    return (Face((w / 4, h / 4, w / 2, h / 2), 0.9, points, verdict, cover, -3.0, -3.0, 1.0, -2.0),)


def seers() -> Opened:
    return Opened((FaceSeer(one_face),))


def without_things() -> Opened:
    return Opened((FaceSeer(one_face),), (Trouble(Seer.THINGS, "model_damaged", "things.tflite"),))


def with_owner() -> Opened:
    template = Template(bytes(range(128)) * 2)
    return Opened((FaceSeer(one_face), OwnerSeer(lambda frame, faces: OwnerLook(template))))


class Folder:
    """A ring that is a folder: one file a picture."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self) -> Callable[[float, bytes], None]:
        def put(at_s: float, jpeg: bytes) -> None:
            (self.path / f"{at_s:.3f}.jpg").write_bytes(jpeg)

        return put
