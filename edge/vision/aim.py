"""Measures a picture for anyone who aims the camera: sharpness, light, noise, and pixels a metre at the face.

The ruler is the distance between the eyes: 63 mm in the mean of adults, 50 to 75 mm for nearly all (Dodgson,
Variation and extrema of human interpupillary distance, SPIE 5291, 2004). A turned head shows less of it, by
the cosine of its yaw. The classes are those of IEC 62676-4:2014 (12.5 to 1000 pixels a metre);
the edition of 2025 has other names and levels.

Sharpness is the variance of the Laplacian, of two pictures one after the other: their product, in which
independent noise cancels, over the variance of the picture. Noise is what differs between the two, in the
middle one of 48 parts of the picture, so that somebody who moves is none.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import cv2
import numpy as np

from edge.terms.aim import IDENTIFY_PX_PER_M, Advice, Aim, FaceAim, PixelClass
from edge.terms.observation import Face
from edge.vision.face.align import align, frame_of
from edge.vision.face.check import quality_of
from edge.vision.scene.background import Floats
from hw.camera.port import Frame, GreyPicture

EVERY_S: Final = 0.5

EYES_M: Final = 0.063
EYES_LOW_M, EYES_HIGH_M = 0.050, 0.075

LEVELS: Final = (
    (1000.0, PixelClass.INSPECT),
    (IDENTIFY_PX_PER_M, PixelClass.IDENTIFY),
    (125.0, PixelClass.RECOGNISE),
    (62.5, PixelClass.OBSERVE),
    (25.0, PixelClass.DETECT),
    (12.5, PixelClass.MONITOR),
)

_TILES: Final = (8, 6)
_BURNT, _BLACK = 250, 5
_KEPT: Final = 9
"""Looks at the face that the middle one is taken of: some seconds."""
_STALE_S: Final = 10.0

_DARK_LIGHT, _BRIGHT_LIGHT = 45.0, 205.0
_BURNT_SHARE, _BLACK_SHARE = 0.10, 0.50
_NOISY: Final = 9.0
_DULL: Final = 0.7
"""Of the sharpest that was measured since somebody began to aim."""
_FLAT: Final = 0.012
"""Under this nothing is sharp. 57 recordings of rooms and machines measured 0.056 and more, and 0.0063 at
most when they were blurred by a Gaussian of two pixels."""
_ASIDE, _ABOVE, _BELOW = 0.25, 0.15, 0.75
"""Where a face stands well: so far from the sides, the top and the bottom, in shares of the picture."""
_LARGE: Final = 0.6
_LEANS_DEG, _PITCH_DEG, _YAW_DEG = 12.0, 15.0, 20.0


def pixel_class(px_per_m: float) -> PixelClass:
    """The highest class that so many pixels a metre reach."""
    return next((name for level, name in LEVELS if px_per_m >= level), PixelClass.NONE)


def eyes_px(face: Face) -> float:
    """The distance between the eyes as it would be seen from the front, in pixels."""
    (left_x, left_y), (right_x, right_y), *_ = face.landmarks
    # Beyond 60 degrees the eyes say nothing more.
    return math.hypot(right_x - left_x, right_y - left_y) / max(math.cos(math.radians(face.yaw_deg)), 0.5)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look at the widest face."""

    eyes_px: float
    roll_deg: float
    yaw_deg: float
    pitch_deg: float


class AimMeter:
    """Of one camera, from the moment somebody begins to aim it. `update` sees every frame."""

    def __init__(self) -> None:
        self._due_s = -math.inf
        self._before: GreyPicture | None = None
        self._sharpest = 0.0
        self._faces: deque[_Seen] = deque(maxlen=_KEPT)
        self._face_at_s = -math.inf

    def update(self, frame: Frame, faces: Sequence[Face]) -> Aim | None:
        """The measures, twice a second; else None. `faces` are in pixels of `frame.grey`."""
        before, self._before = self._before, frame.grey
        if frame.at_s < self._due_s or before is None or before.shape != frame.grey.shape:
            return None
        self._due_s = frame.at_s + EVERY_S
        sharpness, noise = _sharpness(before, frame.grey)
        self._sharpest = max(self._sharpest, sharpness)
        levels = np.asarray(cv2.calcHist([frame.grey], [0], None, [256], [0, 256])).ravel() / frame.grey.size
        face = self._face(frame, faces)
        height, width = frame.grey.shape
        aim = Aim(
            at_s=frame.at_s,
            size=(width, height),
            sharpness=sharpness,
            sharpest=self._sharpest,
            light=float(levels @ np.arange(256)),
            burnt=float(levels[_BURNT:].sum()),
            black=float(levels[: _BLACK + 1].sum()),
            noise=noise,
            faces=len(faces),
            face=face,
        )
        return with_advice(aim)

    def _face(self, frame: Frame, faces: Sequence[Face]) -> FaceAim | None:
        if frame.at_s - self._face_at_s > _STALE_S:
            self._faces.clear()
        if not faces:
            return None
        face = max(faces, key=lambda one: one.box[2])
        left, right, *_ = face.landmarks
        roll_deg = math.degrees(math.atan2(right[1] - left[1], right[0] - left[0]))
        self._face_at_s = frame.at_s
        self._faces.append(_Seen(eyes_px(face), roll_deg, face.yaw_deg, face.pitch_deg))
        eyes = median(seen.eyes_px for seen in self._faces)
        larger = 1.0 if frame.colour is None else frame.colour.shape[1] / frame.grey.shape[1]
        cut = align(frame.grey, frame_of(face.box, face.landmarks))
        return FaceAim(
            box=face.box,
            px_per_m=eyes * larger / EYES_M,
            low_px_per_m=eyes * larger / EYES_HIGH_M,
            high_px_per_m=eyes * larger / EYES_LOW_M,
            looked_px_per_m=eyes / EYES_M,
            pixel_class=pixel_class(eyes * larger / EYES_M),
            verdict=face.verdict,
            cover=face.cover,
            roll_deg=median(seen.roll_deg for seen in self._faces),
            yaw_deg=median(seen.yaw_deg for seen in self._faces),
            pitch_deg=median(seen.pitch_deg for seen in self._faces),
            sharpness=quality_of(cut).sharpness,
            light=float(cut.mean()),
        )


def with_advice(aim: Aim) -> Aim:
    """The same with what to do about it, the most urgent first."""
    return replace(aim, advice=tuple(_advice(aim)))


def _advice(aim: Aim) -> Iterator[Advice]:
    light = aim.light if aim.face is None else aim.face.light
    if light < _DARK_LIGHT:
        yield Advice.MORE_LIGHT
    if light > _BRIGHT_LIGHT:
        yield Advice.LESS_LIGHT
    if aim.burnt > _BURNT_SHARE or aim.black > _BLACK_SHARE:
        yield Advice.UNEVEN_LIGHT
    if aim.noise > _NOISY:
        yield Advice.NOISY
    if aim.sharpness < max(_FLAT, _DULL * aim.sharpest):
        yield Advice.FOCUS
    if aim.face is None:
        yield Advice.NOBODY
    else:
        yield from _about_face(aim.face, aim.size)


def _about_face(face: FaceAim, size: tuple[int, int]) -> Iterator[Advice]:
    left, top, width, height = face.box
    x, y = (left + width / 2.0) / size[0], (top + height / 2.0) / size[1]
    if face.px_per_m < IDENTIFY_PX_PER_M:
        yield Advice.CLOSER
    elif height > _LARGE * size[1]:
        yield Advice.FARTHER
    if x < _ASIDE:
        yield Advice.TURN_LEFT
    if x > 1.0 - _ASIDE:
        yield Advice.TURN_RIGHT
    if y < _ABOVE:
        yield Advice.TILT_UP
    if y > _BELOW:
        yield Advice.TILT_DOWN
    if abs(face.roll_deg) > _LEANS_DEG:
        yield Advice.LEVEL
    if face.pitch_deg < -_PITCH_DEG:
        yield Advice.LOWER
    if face.pitch_deg > _PITCH_DEG:
        yield Advice.HIGHER
    if abs(face.yaw_deg) > _YAW_DEG:
        yield Advice.ASIDE


def _sharpness(before: GreyPicture, now: GreyPicture) -> tuple[float, float]:
    """Sharpness and noise of two pictures one after the other."""
    one, two = before.astype(np.float32), now.astype(np.float32)
    product = _laplacian(one) * _laplacian(two)
    spread = max(float(two.std()) ** 2, 1.0)
    changes: Floats = np.asarray(cv2.resize(np.square(two - one), _TILES, interpolation=cv2.INTER_AREA))
    noise = math.sqrt(0.5 * float(np.median(changes)))
    return max(float(product.mean()) / spread, 0.0), noise


def _laplacian(picture: Floats) -> Floats:
    return np.asarray(cv2.Laplacian(picture, cv2.CV_32F), dtype=np.float32)
