"""How large a thing on the floor is, in cm, from four marks on the floor and the height of the camera.

The marks are the corners of a rectangle of known sides. They give the homography from the floor to the
picture (Hartley and Zisserman, Multiple View Geometry, 2nd ed., section 4.1). With square pixels and the
optical axis in the picture's middle its columns give the focal length too (Zhang, 2000, equations 3 and 4),
but badly for a camera that looks straight down; the measured height of the lens holds it there. From then
on the camera is known, and a thing is the upright block that fills the box it was seen in: four sides of
the box, and of the block its place (two numbers), width and height. Its depth cannot be seen: as deep as
wide it is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.judge.turning import matrix_of
from edge.terms.ground import Marks
from edge.terms.observation import Box, Point

Floats = NDArray[np.float64]

_DEPTH: Final = 1.0
"""Depth of a thing along the line of sight to its width across it. A bag is half as deep as wide, but stands
any way round: one gave the least error over drawn bags and cameras."""
_FOCAL: Final = (0.35, 4.0)
"""Focal lengths that are tried, in longer sides of the picture: a fisheye's middle to a telephoto lens."""
_USUAL_FOCAL: Final = 0.75
_FOCAL_SPREAD: Final = 0.35
"""Focal length of most lenses in longer sides of the picture, and the spread of its logarithm."""
_MARK_PX: Final = 1.5
"""How well a mark is pointed at."""
_HEIGHT_CM: Final = 3.0
"""How well the camera's height is measured."""
_NEWTON: Final = 12
_LARGEST_CM: Final = 400.0
_FITS: Final = 0.15
"""The most that a block's box may miss the one that was seen, in sides of it."""
_EDGE_PX: Final = 1.5


@dataclass(frozen=True, slots=True)
class Size:
    """Of a thing that stands on the floor. `width_cm` is across the line of sight, `height_cm` up.

    `height_cm` is None for what is seen from so far above that only its outline on the floor can be told;
    `width_cm` is the longer side of that. `cut` by the picture's edge: at least that.
    """

    width_cm: float
    height_cm: float | None
    cut: bool = False

    @property
    def longest_cm(self) -> float:
        return max(self.width_cm, self.height_cm or 0.0)


class Floor:
    """The floor in a picture of `size` (width, height in pixels). ValueError for impossible marks."""

    def __init__(self, marks: Marks, size: tuple[int, int]) -> None:
        if len(marks.corners) != 4:
            raise ValueError("the floor needs four marks")
        self._w, self._h = size
        seen = np.array([(c.x * self._w, c.y * self._h) for c in marks.corners]) - self._middle
        width, depth = marks.width_cm, marks.depth_cm
        true = np.array([(0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)])
        homography = _homography(true, seen)
        # The third row scales every floor point; a mark behind the camera is none.
        signs = np.sign(np.c_[true, np.ones(4)] @ homography[2])
        if abs(signs.sum()) != 4:
            raise ValueError("the four marks are no rectangle on a floor")
        first = _pose(homography * signs[0], marks.camera_height_cm, max(size))
        self._pose = _refined(first, np.c_[true, np.zeros(4)], seen, marks.camera_height_cm, max(size))

    @property
    def camera_height_cm(self) -> float:
        """As the marks and the measured height together have it."""
        return self._pose.height_cm

    @property
    def focal_px(self) -> float:
        return self._pose.focal_px

    @property
    def _middle(self) -> Floats:
        return np.array([self._w / 2.0, self._h / 2.0])

    def length_cm(self, a: Point, b: Point) -> float | None:
        """How long the line on the floor between two points (pixels) is; None where they lie on no floor."""
        ends = [self._pose.on_floor(np.array(point) - self._middle) for point in (a, b)]
        if ends[0] is None or ends[1] is None:
            return None
        return float(np.linalg.norm(ends[1] - ends[0]))

    def size_of(self, box: Box) -> Size | None:
        """The size of the thing in a box (pixels); None where no thing on the floor can look like that."""
        x, y, w, h = box
        cut = min(x, y) < _EDGE_PX or x + w > self._w - _EDGE_PX or y + h > self._h - _EDGE_PX
        sides: Floats = np.array([x, y, x + w, y + h]) - np.tile(self._middle, 2)
        foot = self._pose.on_floor(np.array([(sides[0] + sides[2]) / 2.0, sides[3]]))
        left = self._pose.on_floor(sides[[0, 3]])
        right = self._pose.on_floor(sides[[2, 3]])
        if foot is None or left is None or right is None:
            return None
        block = self._block(sides, np.array([*foot, *[float(np.linalg.norm(right - left))] * 2]))
        if block is not None:
            return Size(float(block[2]), float(block[3]), cut)
        return self._from_above(sides, cut)

    def _block(self, sides: Floats, block: Floats) -> Floats | None:
        """The upright block (x, y, width, height) with this box, by Newton's method; None where there is
        none."""
        for _ in range(_NEWTON):
            error = self._pose.box_of(block) - sides
            slope = np.empty((4, 4))
            for column in range(4):
                moved = block.copy()
                moved[column] += 0.5
                slope[:, column] = (self._pose.box_of(moved) - sides - error) / 0.5
            if not np.isfinite(error).all() or not np.isfinite(slope).all():
                return None
            try:
                step = np.linalg.solve(slope, error)
            except np.linalg.LinAlgError:
                return None
            block = block - np.clip(step, -40.0, 40.0)
            block[2:] = np.clip(block[2:], 1.0, _LARGEST_CM)
        fits = float(np.abs(self._pose.box_of(block) - sides).max()) < _FITS * float(
            (sides[2:] - sides[:2]).max()
        )
        return block if fits else None

    def _from_above(self, sides: Floats, cut: bool) -> Size | None:
        """The outline on the floor, less what a top that is nearer to the lens adds to it."""
        middle = (sides[:2] + sides[2:]) / 2.0
        ends = [
            self._pose.on_floor(np.array(one))
            for one in (
                (sides[0], middle[1]),
                (sides[2], middle[1]),
                (middle[0], sides[1]),
                (middle[0], sides[3]),
            )
        ]
        if any(end is None for end in ends):
            return None
        placed = np.array(ends)
        lengths = np.linalg.norm(placed[[1, 3]] - placed[[0, 2]], axis=1)
        # As high as it is long on the shorter side: its top is so much nearer.
        nearer = max(1.0 - float(lengths.min()) / self._pose.height_cm, 0.5)
        return Size(min(float(lengths.max()) * nearer, _LARGEST_CM), None, cut)


@dataclass(frozen=True, slots=True)
class _Pose:
    """A camera over the floor: focal length, rotation (floor to camera), place of the floor's origin in
    it."""

    focal_px: float
    rotation: Floats
    shift: Floats

    @property
    def eye(self) -> Floats:
        """Where the lens is, in the floor's coordinates."""
        return np.asarray(-self.rotation.T @ self.shift)

    @property
    def height_cm(self) -> float:
        return abs(float(self.eye[2]))

    def seen(self, points: Floats) -> Floats:
        """Points (n x 3, cm; the third is up) into pixels from the picture's middle (n x 2)."""
        up = 1.0 if self.eye[2] > 0 else -1.0
        in_camera = (points * np.array([1.0, 1.0, up])) @ self.rotation.T + self.shift
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(
                np.where(in_camera[:, 2:] > 1.0, self.focal_px * in_camera[:, :2] / in_camera[:, 2:], np.nan)
            )

    def on_floor(self, pixel: Floats) -> Floats | None:
        """Where a pixel's line of sight meets the floor (cm); None above the horizon."""
        ray = self.rotation.T @ np.array([pixel[0], pixel[1], self.focal_px])
        eye = self.eye
        if ray[2] * eye[2] >= -1e-9:
            return None
        return np.asarray((eye - ray * (eye[2] / ray[2]))[:2])

    def box_of(self, block: Floats) -> Floats:
        """Left, top, right, bottom of the block (x, y of its middle, width, height in cm) as it is seen."""
        x, y, width, height = block
        away = np.array([x, y]) - self.eye[:2]
        distance = float(np.linalg.norm(away))
        deep = away / distance if distance > 1e-6 else np.array([0.0, 1.0])
        across = np.array([-deep[1], deep[0]])
        corners = [
            (*(np.array([x, y]) + a * width / 2.0 * across + d * _DEPTH * width / 2.0 * deep), up)
            for a in (-1.0, 1.0)
            for d in (-1.0, 1.0)
            for up in (0.0, height)
        ]
        seen = self.seen(np.array(corners))
        return np.concatenate([seen.min(axis=0), seen.max(axis=0)])


def _homography(true: Floats, seen: Floats) -> Floats:
    """3 x 3, floor (cm) to picture, from four points each (Hartley and Zisserman, algorithm 4.1)."""
    scale = np.abs(seen).max()
    length = np.abs(true).max()
    rows = []
    for (x, y), (u, v) in zip(true / length, seen / scale, strict=True):
        rows.append([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y, -u])
        rows.append([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y, -v])
    solved = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
    return np.asarray(np.diag([scale, scale, 1.0]) @ solved @ np.diag([1.0 / length, 1.0 / length, 1.0]))


def _pose(homography: Floats, height_cm: float, longest_px: float) -> _Pose:
    """The camera whose focal length fits best: axes at right angles, of one length, and the measured
    height."""

    def misfit(focal_px: float) -> float:
        across, along, _ = _columns(homography, focal_px)
        lengths = float(np.linalg.norm(across)), float(np.linalg.norm(along))
        skew = float(across @ along) / (lengths[0] * lengths[1])
        found_cm = _from(homography, focal_px).height_cm
        longer = float(np.log(lengths[0] / lengths[1]))
        return skew**2 + longer**2 + float(np.log(found_cm / height_cm)) ** 2

    low, high = np.log(np.array(_FOCAL) * longest_px)
    for _ in range(3):
        tried = np.linspace(low, high, 60)
        best = int(np.argmin([misfit(float(np.exp(f))) for f in tried]))
        low, high = tried[max(best - 1, 0)], tried[min(best + 1, 59)]
    return _from(homography, float(np.exp((low + high) / 2.0)))


def _columns(homography: Floats, focal_px: float) -> tuple[Floats, Floats, Floats]:
    scaled = np.diag([1.0 / focal_px, 1.0 / focal_px, 1.0]) @ homography
    return scaled[:, 0], scaled[:, 1], scaled[:, 2]


def _from(homography: Floats, focal_px: float) -> _Pose:
    across, along, shift = _columns(homography, focal_px)
    scale = (float(np.linalg.norm(across)) + float(np.linalg.norm(along))) / 2.0
    axes = np.column_stack([across, along, np.cross(across, along) / scale]) / scale
    left, _, right = np.linalg.svd(axes)
    rotation = left @ np.diag([1.0, 1.0, float(np.linalg.det(left @ right))]) @ right
    return _Pose(focal_px, rotation, shift / scale)


def _refined(first: _Pose, true: Floats, seen: Floats, height_cm: float, longest_px: float) -> _Pose:
    """The camera that explains marks and height best, each to its own error (Levenberg and Marquardt).

    Of the focal length it is known beforehand that most lenses are no fisheyes and no telescopes.
    """
    usual = float(np.log(_USUAL_FOCAL * longest_px))

    def pose(numbers: Floats) -> _Pose:
        turn = matrix_of(numbers[:3]) @ first.rotation
        return _Pose(float(np.exp(numbers[6])), turn, numbers[3:6])

    def misfit(numbers: Floats) -> Floats:
        tried = pose(numbers)
        in_camera = true @ tried.rotation.T + tried.shift
        placed = tried.focal_px * in_camera[:, :2] / np.maximum(in_camera[:, 2:], 1.0)
        return np.concatenate(
            [
                (placed - seen).ravel() / _MARK_PX,
                [(tried.height_cm - height_cm) / _HEIGHT_CM, (numbers[6] - usual) / _FOCAL_SPREAD],
            ]
        )

    numbers = np.concatenate([np.zeros(3), first.shift, [np.log(first.focal_px)]])
    error, damping = misfit(numbers), 1e-2
    for _ in range(60):
        slope = np.empty((error.size, numbers.size))
        for column in range(numbers.size):
            nudge = 1e-4 * max(abs(float(numbers[column])), 1e-2)
            moved = numbers.copy()
            moved[column] += nudge
            slope[:, column] = (misfit(moved) - error) / nudge
        normal = slope.T @ slope
        step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-9), slope.T @ error)
        tried = misfit(numbers - step)
        if tried @ tried < error @ error:
            numbers, error, damping = numbers - step, tried, damping / 3.0
        else:
            damping *= 4.0
    return pose(numbers)
