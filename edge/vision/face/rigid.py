"""How the widest face moves: as one flat piece or not, with what is around it or not, and whether it stirs.

The face is followed against a picture of itself of a moment ago. Points on it (Shi and Tomasi, 1994; Lucas
and Kanade, 1981) give the map of a plane that explains its motion best; what eyes and mouth still differ by,
once that map is undone, is a blink, a look aside or a word. A print has none of these, however it is held.
How far a blink would show is measured on the very picture, so that where it would not, nothing is said.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Face, FaceMotion, FaceVerdict, Point
from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_SIDE_PX: Final = 128
"""Side of the cut picture."""
_REACH: Final = 2.2
"""Side of the cut in face widths: the face and as much again of what is around it."""
_NARROWEST_PX: Final = 48.0
"""In a narrower face eyes are too few pixels to show a blink."""
_KEY_S: Final = 3.0
"""So old at most is the picture that is compared with: light and cut drift with time."""
_GAP_S: Final = 0.6
_SCALE_MAX: Final = 1.2
_POINTS_MIN: Final = 10
_POINTS: Final = 24
"""On the face, and as many around it."""
_WINDOW: Final = (11, 11)
_SLIP_PX: Final = 0.3
"""How far the map may be off: what a shift by this does to an edge is no change."""
_NOISE_MIN: Final = 1.5
_OUTLIER_PX: Final = 1.5
_AROUND_MOVED_PX: Final = 1.5
"""What is around tells only where the face's own map moves it so far."""
_AROUND_MIN: Final = 6

Zone = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class _Cut:
    """A square of the picture: `left`, `top` in the picture's pixels, `scale` from those to the cut's."""

    pixels: GreyPicture
    left: float
    top: float
    scale: float


@dataclass(frozen=True, slots=True)
class _Key:
    """The picture that a face is compared with, and what was measured on it.

    `pixels` are of the face alone, whose corner in the cut is `corner`. `zones` are both eyes and the mouth
    in it, `slips` the mean square of what a slip of the map does there; `slope` is that of the whole face.
    """

    at_s: float
    cut: _Cut
    width: float
    face: Floats
    around: Floats
    corner: tuple[int, int]
    pixels: Floats
    slope: float
    zones: tuple[Zone, ...]
    slips: tuple[float, ...]
    visible: float


class Rigid:
    """Follows one camera's widest face from look to look."""

    def __init__(self) -> None:
        self._key: _Key | None = None
        self._seen_s = -math.inf
        self._middle: Point = (0.0, 0.0)

    def update(self, grey: GreyPicture, faces: tuple[Face, ...], at_s: float) -> FaceMotion | None:
        """One look. None where the widest face is not bare, too narrow, or was not followed."""
        face = max(faces, key=lambda one: one.box[2], default=None)
        if face is None or face.verdict is not FaceVerdict.PROPER or face.box[2] < _NARROWEST_PX:
            return None
        key, middle = self._key, _middle(face)
        gone = at_s - self._seen_s > _GAP_S or math.dist(middle, self._middle) > 0.5 * face.box[2]
        self._seen_s, self._middle = at_s, middle
        if key is None or gone or not 1 / _SCALE_MAX < face.box[2] / key.width < _SCALE_MAX:
            self._key = _key(grey, face, at_s)
            return None
        cut = _cut(grey, middle, key.cut.scale)
        seen = None if cut is None else _compared(key, cut)
        if seen is None or at_s - key.at_s >= _KEY_S:
            self._key = _key(grey, face, at_s)
        return seen


def _middle(face: Face) -> Point:
    x, y = np.mean(face.landmarks, axis=0)
    return float(x), float(y)


def _cut(grey: GreyPicture, middle: Point, scale: float) -> _Cut | None:
    """The square around a face, its edge repeated where the picture ends; None where too much is outside."""
    side = round(_SIDE_PX / scale)
    left, top = round(middle[0] - side / 2), round(middle[1] - side / 2)
    height, width = grey.shape
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x1 - x0 < side // 2 or y1 - y0 < side // 2:
        return None
    part = grey[y0:y1, x0:x1]
    if part.shape != (side, side):
        edges = y0 - top, top + side - y1, x0 - left, left + side - x1
        part = np.asarray(cv2.copyMakeBorder(part, *edges, cv2.BORDER_REPLICATE), np.uint8)
    way = cv2.INTER_AREA if side > _SIDE_PX else cv2.INTER_LINEAR
    pixels = np.asarray(cv2.resize(part, (_SIDE_PX, _SIDE_PX), interpolation=way), np.uint8)
    return _Cut(pixels, left, top, _SIDE_PX / side)


def _key(grey: GreyPicture, face: Face, at_s: float) -> _Key | None:
    """None where there is too little to follow."""
    width = face.box[2]
    cut = _cut(grey, _middle(face), _SIDE_PX / (_REACH * width))
    if cut is None:
        return None
    size, middle = width * cut.scale, _SIDE_PX / 2
    half_wide, half_high = round(0.42 * size), round(0.55 * size)
    x0, y0 = round(middle) - half_wide, round(middle) - half_high
    marks = (np.array(face.landmarks) - (cut.left, cut.top)) * cut.scale - (x0, y0)
    apart = float(np.linalg.norm(marks[1] - marks[0]))
    shape = 2 * half_high, 2 * half_wide
    zones = (
        *(_zone(eye, 0.32 * apart, 0.20 * apart, shape) for eye in marks[:2]),
        _zone(marks[3:].mean(axis=0), 0.45 * apart, 0.26 * apart, shape),
    )
    if any(rows.stop - rows.start < 4 or columns.stop - columns.start < 4 for rows, columns in zones):
        return None
    on_face = np.zeros((_SIDE_PX, _SIDE_PX), np.uint8)
    on_face[y0 : y0 + shape[0], x0 : x0 + shape[1]] = 1
    followed = _corners(cut.pixels, on_face)
    if len(followed) < _POINTS_MIN:
        return None
    # Hair, neck and shoulders go along with a head; above the chin and well beside it is what is behind.
    around = np.ones_like(on_face)
    reach = round(0.8 * size)
    around[max(round(middle - 0.95 * size), 0) :, round(middle) - reach : round(middle) + reach] = 0
    around[round(middle + 0.35 * size) :] = 0
    pixels = cut.pixels[y0 : y0 + shape[0], x0 : x0 + shape[1]].astype(np.float32)
    slopes = _slopes(pixels)
    slips = tuple(_SLIP_PX**2 * _mean(slopes[zone]) for zone in zones)
    visible = min(_blank(pixels[zone], slip) for zone, slip in zip(zones[:2], slips[:2], strict=True))
    behind = _corners(cut.pixels, around)
    return _Key(at_s, cut, width, followed, behind, (x0, y0), pixels, _mean(slopes), zones, slips, visible)


def _zone(middle: Doubles, half_wide: float, half_high: float, shape: tuple[int, int]) -> Zone:
    x, y = middle
    rows = slice(max(round(y - half_high), 0), min(round(y + half_high) + 1, shape[0]))
    return rows, slice(max(round(x - half_wide), 0), min(round(x + half_wide) + 1, shape[1]))


def _corners(pixels: GreyPicture, where: NDArray[np.uint8]) -> Floats:
    """Points that can be followed: n x 2 pixels of the cut."""
    found = cv2.goodFeaturesToTrack(pixels, _POINTS, 0.02, 5, mask=where, blockSize=5)
    points = np.asarray(found, np.float32)  # without a dimension where there is none
    return points.reshape(-1, 2) if points.ndim else np.empty((0, 2), np.float32)


def _slopes(pixels: Floats) -> Floats:
    """Squared slope at each pixel, in grey levels a pixel."""
    right = cv2.Sobel(pixels, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    down = cv2.Sobel(pixels, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    return np.asarray(cv2.multiply(right, right) + cv2.multiply(down, down), np.float32)


def _mean(of: Floats) -> float:
    return float(cv2.mean(of)[0])


def _blank(eye: Floats, slip: float) -> float:
    """How much a closed lid would differ from this eye, on the scale of `_share`, without noise."""
    lid = np.linspace(eye[0], eye[-1], eye.shape[0], dtype=np.float32)
    return _share(np.asarray(eye - lid, np.float32), slip, _NOISE_MIN)


def _share(difference: Floats, slip: float, noise: float) -> float:
    """Mean square difference over what noise and a slip of the map can do."""
    return float(np.vdot(difference, difference)) / difference.size / (noise * noise + slip)


def _compared(key: _Key, cut: _Cut) -> FaceMotion | None:
    """None where too little could be followed."""
    points = np.concatenate([key.face, key.around]).reshape(-1, 1, 2)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        key.cut.pixels, cut.pixels, points, np.empty_like(points), winSize=_WINDOW, maxLevel=2
    )
    there, ok = np.asarray(moved, np.float32).reshape(-1, 2), np.asarray(found).reshape(-1) == 1
    on_face = ok[: len(key.face)]
    before, now = key.face[on_face], there[: len(key.face)][on_face]
    plane = _plane(before, now)
    if plane is None:
        return None
    size = key.width * key.cut.scale
    off = _far(_mapped(plane, before) - now)
    # Where the cut lies in the picture has moved too.
    shift = np.array([cut.left - key.cut.left, cut.top - key.cut.top]) * key.cut.scale
    went = now - before + shift
    eyes, mouth, sharp = _changes(key, cut, plane)
    return FaceMotion(
        moved=math.sqrt(float(_far(went).sum()) / len(went)) / size,
        bent=math.sqrt(float(np.minimum(off, 4.0 * _OUTLIER_PX**2).sum()) / len(off)) / size,
        eyes=eyes,
        mouth=mouth,
        visible=key.visible,
        sharp=sharp,
        around=_along(key, there[len(key.face) :], ok[len(key.face) :], plane, shift),
    )


def _plane(before: Floats, now: Floats) -> Doubles | None:
    """The map of a plane that explains most of it: fitted to all points, then to those that it explains."""
    for _ in range(2):
        if len(before) < _POINTS_MIN:
            return None
        plane, _ = cv2.findHomography(before, now, 0)
        fitted = np.asarray(plane, np.float64)
        if fitted.shape != (3, 3):
            return None
        fits = _far(_mapped(fitted, before) - now) < _OUTLIER_PX**2
        if fits.all():
            return fitted
        before, now = before[fits], now[fits]
    return fitted


def _changes(key: _Key, cut: _Cut, plane: Doubles) -> tuple[float, float, float]:
    """Change of the eyes and of the mouth, and sharpness, once the face's own motion is undone."""
    x0, y0 = key.corner
    height, width = key.pixels.shape
    to_cut = plane @ np.array([[1.0, 0.0, x0], [0.0, 1.0, y0], [0.0, 0.0, 1.0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    back = np.asarray(cv2.warpPerspective(cut.pixels, to_cut, (width, height), flags=flags), np.float32)
    # The light on it may have changed as a whole.
    was, now = cv2.meanStdDev(key.pixels), cv2.meanStdDev(back)
    (was_mean, was_std), (now_mean, now_std) = (
        (float(np.asarray(mean).item()), float(np.asarray(std).item())) for mean, std in (was, now)
    )
    gain = min(max(was_std / max(now_std, 1.0), 0.7), 1.4)
    difference = np.asarray(key.pixels - back * gain + (now_mean * gain - was_mean), np.float32)
    noise = max(_NOISE_MIN, 1.4826 * float(np.median(np.abs(difference[::2, ::2]))))
    left, right, mouth = (
        _share(np.asarray(difference[zone] - _mean(difference[zone]), np.float32), slip, noise)
        for zone, slip in zip(key.zones, key.slips, strict=True)
    )
    sharp = gain * math.sqrt(_mean(_slopes(back)) / max(key.slope, 1e-3))
    return max(left, right), mouth, sharp


def _along(key: _Key, there: Floats, ok: NDArray[np.bool_], plane: Doubles, shift: Doubles) -> float | None:
    """Share of the face's motion that what is around it makes too; None where it has nothing to follow."""
    if int(ok.sum()) < _AROUND_MIN:
        return None
    before, now = key.around[ok], there[ok]
    ought = _mapped(plane, before) - before + shift
    went = now - before + shift
    far = _far(ought)
    tells = far >= _AROUND_MOVED_PX**2
    if int(tells.sum()) < _AROUND_MIN:
        return None
    return float(np.median(np.sum(ought * went, axis=1)[tells] / far[tells]))


def _far(steps: Doubles) -> Doubles:
    """Squared length of each of n x 2 steps."""
    return np.asarray(steps[:, 0] ** 2 + steps[:, 1] ** 2, np.float64)


def _mapped(plane: Doubles, points: Floats) -> Doubles:
    """Where a map puts points, n x 2."""
    ones = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ plane.T
    return np.asarray(ones[:, :2] / ones[:, 2:], np.float64)
