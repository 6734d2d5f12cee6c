"""The empty cabin learnt at commissioning: a few seconds of a camera, checked, into one reference picture.

The picture is the median of those that were looked at, so that noise is none of it. Refused by name is a
view that is not sound, and one in which anything moves, a face is seen, or the scene network sees somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from edge.faults.fault import FaultError
from edge.terms.observation import CameraHealth, Observation
from edge.vision.scene.background import shrink
from edge.vision.scene.reference import Reference, is_infrared
from hw.camera.port import ColourPicture, Frame, GreyPicture

FOR_S: Final = 6.0
"""Long enough to judge a view by (a camera's first second, its light still settling, is left out)."""
SKIP_S: Final = 1.0
_KEPT: Final = 31
"""Pictures that the median is taken of."""
_APART_S: Final = 0.15
"""A fast camera gives more pictures than the median needs, and each takes memory."""
_ROWS: Final = 48
_MOVES_LEVELS: Final = 12.0
_MOVES_SHARE: Final = 0.006
"""Share of a quarter-size picture that differs from the median by so much where something moves."""
_DARK_P99: Final = 20.0
_FLAT_DEVIATION: Final = 3.0

_NOT_EMPTY: Final = "cabin_not_empty"
_UNSOUND: Final = "picture_unsound"


@dataclass(frozen=True, slots=True)
class Taken:
    """When: Unix time, and the minute of the day on the cabin's clock."""

    wall_s: float
    minute_of_day: int


class EmptyCabin:
    """The pictures of some seconds of one camera, each of them checked as it comes."""

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self._greys: list[GreyPicture] = []
        self._first_s: float | None = None
        self._kept_s = float("-inf")
        self._colour: ColourPicture | None = None
        self._health = CameraHealth.OK

    def add(self, frame: Frame, seen: Observation) -> bool:
        """One picture and what is seen in it; True once there are enough of them.

        Raises `FaultError` with `cabin_not_empty`.
        """
        if not self.wants(frame):
            return False
        assert self._first_s is not None
        self._health = seen.health
        if _shows_somebody(seen):
            detail = f"{self._camera}: somebody is seen at {frame.at_s - self._first_s:.1f} s"
            raise FaultError(_NOT_EMPTY, detail)
        if frame.at_s - self._kept_s >= _APART_S:
            self._kept_s = frame.at_s
            self._greys.append(frame.grey)
        self._colour = frame.colour
        return frame.at_s - self._first_s >= FOR_S

    def wants(self, frame: Frame) -> bool:
        """Whether it is one of those that count: not of the first second."""
        self._first_s = frame.at_s if self._first_s is None else self._first_s
        return frame.at_s - self._first_s >= SKIP_S

    def reference(self, taken: Taken) -> Reference:
        """The middle of all. Raises `FaultError` with `cabin_not_empty` or `picture_unsound`."""
        if self._health is not CameraHealth.OK:
            raise FaultError(_UNSOUND, f"{self._camera}: {self._health.value}")
        if len(self._greys) < 3:
            raise FaultError(_UNSOUND, f"{self._camera}: the camera gave {len(self._greys)} pictures only")
        kept = self._greys[:: max(1, len(self._greys) // _KEPT)][:_KEPT]
        picture = _median(np.stack(kept))
        _check(picture, self._camera)
        still = shrink(picture).astype(np.float32)
        for grey in kept:
            away = cv2.absdiff(cv2.blur(shrink(grey).astype(np.float32), (3, 3)), cv2.blur(still, (3, 3)))
            if float((away > _MOVES_LEVELS).mean()) > _MOVES_SHARE:
                raise FaultError(_NOT_EMPTY, f"{self._camera}: something moves")
        infrared = is_infrared(self._colour)
        return Reference(picture, self._camera, taken.wall_s, taken.minute_of_day, infrared)


def learn_from_frames(
    frames: Iterable[Frame], look: Callable[[Frame], Observation], camera: str, taken: Taken
) -> Reference:
    """The empty cabin from a live camera or a clip. `look` sees as the eyes do.

    Raises `FaultError` with `cabin_not_empty` or `picture_unsound`.
    """
    pictures = EmptyCabin(camera)
    for frame in frames:
        if pictures.wants(frame) and pictures.add(frame, look(frame)):
            break
    return pictures.reference(taken)


def learn_from_picture(
    frame: Frame, look: Callable[[Frame], Observation], camera: str, taken: Taken
) -> Reference:
    """The empty cabin from one still picture. Raises as `learn_from_frames`; movement cannot be seen in
    it."""
    if _shows_somebody(look(frame)):
        raise FaultError(_NOT_EMPTY, f"{camera}: somebody is seen")
    _check(frame.grey, camera)
    return Reference(frame.grey, camera, taken.wall_s, taken.minute_of_day, is_infrared(frame.colour))


def _median(pictures: GreyPicture) -> GreyPicture:
    """The middle level of each pixel; some rows at a time, for NumPy's own copy has eight bytes a pixel."""
    parts = [np.median(pictures[:, row : row + _ROWS], axis=0) for row in range(0, pictures.shape[1], _ROWS)]
    return np.asarray(np.concatenate(parts), np.uint8)


def _shows_somebody(seen: Observation) -> bool:
    return bool(seen.faces) or (seen.scene is not None and seen.scene.somebody_logit > 0.0)


def _check(picture: GreyPicture, camera: str) -> None:
    """Of one picture alone: enough light, and anything in it."""
    if float(np.percentile(picture, 99.0)) < _DARK_P99:
        raise FaultError(_UNSOUND, f"{camera}: {CameraHealth.DARK.value}")
    if float(picture.std()) < _FLAT_DEVIATION:
        raise FaultError(_UNSOUND, f"{camera}: {CameraHealth.COVERED.value}")
