"""A cabin drawn through a true pinhole camera: tiled floor, walls, somebody who walks, bags that are left.

Everything is in centimetres on a floor whose z is up; the picture is 320 x 240, with noise, light and blur.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.ground import Marks, Spot

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]

WIDTH, HEIGHT = 320, 240
CABIN_CM = 260.0
WALL_CM = 240.0
_SHIFT = 64
"""One field of noise is larger than the picture by this, and laid at another place in each picture."""


@dataclass(frozen=True, slots=True)
class Bag:
    """Its sides as it stands (width, depth, height in cm), turned by `yaw` radians, grey level."""

    width_cm: float
    depth_cm: float
    height_cm: float
    yaw: float
    level: float

    @property
    def longest_cm(self) -> float:
        return max(self.width_cm, self.depth_cm, self.height_cm)


class Lens:
    """A camera over the middle of one wall, looking into the cabin and down. x right, y away from it."""

    def __init__(self, height_cm: float, tilt_deg: float, focal_px: float) -> None:
        self.height_cm = height_cm
        self.tilt_deg = tilt_deg
        self._focal_px = focal_px
        tilt = np.radians(tilt_deg)
        self._turn = np.array(
            [[1, 0, 0], [0, -np.sin(tilt), -np.cos(tilt)], [0, np.cos(tilt), -np.sin(tilt)]]
        )

    @property
    def middle_cm(self) -> float:
        """How far away the floor is that the picture's middle shows."""
        return self.height_cm / float(np.tan(np.radians(self.tilt_deg)))

    def seen(self, points: Floats) -> Floats:
        """Points (n x 3) into pixels (n x 2); NaN behind the lens."""
        there = (points - [0.0, 0.0, self.height_cm]) @ self._turn.T
        with np.errstate(divide="ignore", invalid="ignore"):
            flat = self._focal_px * there[:, :2] / there[:, 2:] + [WIDTH / 2, HEIGHT / 2]
        return np.asarray(np.where(there[:, 2:] > 5.0, flat, np.nan))

    def floor_map(self) -> Floats:
        """3 x 3 from floor centimetres to pixels."""
        flat = np.array([[0.0, 100.0, 0.0], [60.0, 100.0, 0.0], [60.0, 160.0, 0.0], [0.0, 160.0, 0.0]])
        return np.asarray(
            cv2.getPerspectiveTransform(flat[:, :2].astype(np.float32), self.seen(flat).astype(np.float32)),
            dtype=np.float64,
        )


class Cabin:
    """One cabin with its own camera, surfaces, light and noise, all from `random`."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        while True:
            tilt = float(random.uniform(25, 65))
            self.lens = Lens(float(random.uniform(200, 300)), tilt, WIDTH * float(random.uniform(0.5, 0.9)))
            if 90 < self.lens.middle_cm < 330:
                break
        self.place = np.array([random.uniform(-35, 35), self.lens.middle_cm + random.uniform(-15, 35)])
        self.floor_level = float(random.uniform(80, 170))
        sigma = float(random.uniform(1.0, 4.0))
        self._noise = random.normal(0.0, sigma, (HEIGHT + _SHIFT, WIDTH + _SHIFT)).astype(np.float32)
        self._empty = self._drawn()
        self._clothes = float(random.choice([35.0, 55.0, 200.0]))

    def marks(self, click_px: float = 1.0, height_cm: float = 3.0) -> Marks:
        """A sheet of 84 x 60 cm on the floor: corners pointed at and height measured, each with an error."""
        x, y = self.place[0] - 42.0, self.place[1] - 30.0
        flat = np.array([[x, y, 0.0], [x + 84, y, 0.0], [x + 84, y + 60, 0.0], [x, y + 60, 0.0]])
        seen = self.lens.seen(flat) + self._random.normal(0.0, click_px, (4, 2))
        seen = np.clip(seen / [WIDTH, HEIGHT], 0.0, 1.0)
        corners = tuple(Spot(float(u), float(v)) for u, v in seen)
        return Marks(
            "face", corners, 84.0, 60.0, self.lens.height_cm + float(self._random.normal(0.0, height_cm))
        )

    def fits(self, bag: Bag) -> bool:
        """Whether the whole bag is in the picture, with room around it."""
        seen = self.lens.seen(_corners(bag, self.place))
        inside = (seen > 8).all() and (seen[:, 0] < WIDTH - 8).all() and (seen[:, 1] < HEIGHT - 8).all()
        return bool(inside)

    def picture(
        self, person: tuple[float, float] | None = None, bag: Bag | None = None, light: float = 1.0
    ) -> Picture:
        """The grey picture with somebody at (x, y) and a bag at its place."""
        out = self._empty.copy()
        behind = person is None or self.place[1] > person[1]
        if bag is not None and behind:
            self._draw_bag(out, bag)
        if person is not None:
            self._draw_person(out, *person)
        if bag is not None and not behind:
            self._draw_bag(out, bag)
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), 0.7) * np.float32(light), np.float32)
        down, right = (int(n) for n in self._random.integers(_SHIFT, size=2))
        out += self._noise[down : down + HEIGHT, right : right + WIDTH]
        return np.asarray(np.clip(out, 0, 255), dtype=np.uint8)

    def _drawn(self) -> NDArray[np.float32]:
        side, per_cm = 700, 1.0
        tile = int(self._random.integers(20, 50))
        flat = np.full((side, side), self.floor_level, np.float32)
        flat += cv2.GaussianBlur(self._random.normal(0, 14, (side, side)).astype(np.float32), (0, 0), 2.0)
        flat[::tile] -= 22
        flat[:, ::tile] -= 22
        to_floor = np.array([[per_cm, 0, -side / 2], [0, per_cm, -100.0], [0, 0, 1.0]])
        floor = cv2.warpPerspective(
            flat, self.lens.floor_map() @ to_floor, (WIDTH, HEIGHT), borderValue=(140.0,)
        )
        out = np.asarray(floor, np.float32)
        back = self.lens.middle_cm + 130.0
        wall = float(self._random.uniform(120, 200))
        half = CABIN_CM / 2
        for x0, y0, x1, y1, level in (
            (-half, 40.0, -half, back, wall - 15),
            (half, 40.0, half, back, wall - 25),
            (-half, back, half, back, wall),
        ):
            corners = self.lens.seen(
                np.array([[x0, y0, 0], [x1, y1, 0], [x1, y1, WALL_CM], [x0, y0, WALL_CM]], float)
            )
            if np.isfinite(corners).all():
                cv2.fillConvexPoly(out, corners.round().astype(np.int32), (level,))
        return out

    def _draw_bag(self, out: NDArray[np.float32], bag: Bag) -> None:
        corners = self.lens.seen(_corners(bag, self.place))
        base = corners[:4].mean(axis=0)
        spread = (corners[:4] - base) * 1.2 + base
        shade = np.zeros_like(out)
        cv2.fillConvexPoly(shade, cv2.convexHull(spread.round().astype(np.int32)), (1.0,))
        out *= 1.0 - 0.25 * cv2.GaussianBlur(shade, (0, 0), 3.0)
        hull = cv2.convexHull(corners.round().astype(np.int32))
        cv2.fillConvexPoly(out, hull, (bag.level,))
        top = cv2.convexHull(corners[4:].round().astype(np.int32))
        cv2.fillConvexPoly(out, top, (min(bag.level * 1.25 + 8, 250.0),))

    def _draw_person(self, out: NDArray[np.float32], x: float, y: float) -> None:
        feet, head = self.lens.seen(np.array([[x, y, 0.0], [x, y, 172.0]]))
        side, _ = self.lens.seen(np.array([[x + 25.0, y, 60.0], [x, y, 60.0]]))
        if not np.isfinite([feet, head, side]).all():
            return
        half = max(abs(float(side[0] - (feet[0] + head[0]) / 2)), 3.0)
        for low, high, wide, level in (
            (0.0, 0.5, 0.7, self._clothes * 0.8),
            (0.42, 0.86, 1.0, self._clothes),
            (0.84, 1.0, 0.45, 150.0),
        ):
            a, b = feet + (head - feet) * low, feet + (head - feet) * high
            centre, long = (a + b) / 2, float(np.linalg.norm(b - a)) / 2
            turn = float(np.degrees(np.arctan2(*(head - feet)[::-1]))) - 90.0
            size = (max(round(half * wide), 1), max(round(long), 1))
            cv2.ellipse(out, (round(centre[0]), round(centre[1])), size, turn, 0, 360, (level,), -1)


def any_bag(
    random: np.random.Generator, floor_level: float, sizes: tuple[tuple[float, float, float], ...]
) -> Bag:
    """One of `sizes` (sides in cm, the longest first), standing, on its side or flat, turned any way."""
    longest, middle, least = sizes[int(random.integers(len(sizes)))]
    stands = int(random.integers(3))
    if stands == 0:
        sides = (middle, least, longest)
    elif stands == 1:
        sides = (longest, least, middle)
    else:
        sides = (longest, middle, least)
    while True:
        level = float(random.uniform(20, 230))
        if abs(level - floor_level) > 30:
            return Bag(*sides, float(random.uniform(0, np.pi)), level)


def _corners(bag: Bag, place: Floats) -> Floats:
    c, s = np.cos(bag.yaw), np.sin(bag.yaw)
    flat = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * [bag.width_cm / 2, bag.depth_cm / 2]
    flat = flat @ np.array([[c, -s], [s, c]]).T + place
    return np.asarray(np.r_[np.c_[flat, np.zeros(4)], np.c_[flat, np.full(4, bag.height_cm)]], np.float64)
