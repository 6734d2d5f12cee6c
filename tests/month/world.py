"""The camera of the simulated month: rooms by day and night, people, weather, a lens that shakes.

Everything depends on the seed and the time alone. A frame is grey; its time is the recording's own.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from hw.camera.port import Frame
from hw.camera.room import draw_ledge, draw_room
from tests.month.people import HEIGHT_PX, Actor, Grey
from tests.month.visits import Doing, Visit

FPS: Final = 5.0
WIDTH: Final = 480
_WALK_S: Final = 3.5
_SLAM_S: Final = 0.5
_DRAWN: Final = "drawn"

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody's feet are and how tall they look there: fractions of the picture."""

    x: float
    feet: float
    height: float

    def towards(self, other: Spot, share: float) -> Spot:
        return Spot(
            self.x + (other.x - self.x) * share,
            self.feet + (other.feet - self.feet) * share,
            self.height + (other.height - self.height) * share,
        )


@dataclass(frozen=True, slots=True)
class Glass:
    """The part of the picture with the street behind it: left, top, right, bottom as fractions."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Room:
    name: str
    picture: Grey
    door: Spot
    machine: Spot
    glass: Glass


def rooms(data: Path) -> tuple[Room, ...]:
    """The rooms of `rooms.csv`: a drawn one, and empty pictures of real rooms."""
    found = []
    with (Path(__file__).parent / "rooms.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["path"] == _DRAWN:
                colour = draw_room()
                draw_ledge(colour)
            else:
                read = cv2.imread(str(data / "scene" / row["path"]))
                if read is None:
                    raise SystemExit(f"{row['path']} cannot be read")
                colour = np.asarray(read, np.uint8)
            size = (WIDTH, round(colour.shape[0] * WIDTH / colour.shape[1]))
            grey = cv2.resize(cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_CUBIC)
            at = {key: float(value) for key, value in row.items() if key != "path"}
            found.append(
                Room(
                    Path(row["path"]).stem,
                    np.asarray(grey, np.uint8),
                    Spot(at["door_x"], at["door_feet"], at["door_height"]),
                    Spot(at["machine_x"], at["machine_feet"], at["machine_height"]),
                    Glass(at["glass_left"], at["glass_top"], at["glass_right"], at["glass_bottom"]),
                )
            )
    return tuple(found)


class MonthCamera:
    """Frames of one room from 0 to `length_s`. One day passes in that time, however long it is."""

    def __init__(
        self, room: Room, actors: Sequence[Actor], plan: Sequence[Visit], length_s: float, seed: int
    ) -> None:
        self._room = room
        self._actors = actors
        self._plan = plan
        self._length_s = length_s
        self._random = np.random.default_rng(seed)
        self._number = 0
        self._first = 0
        self._cloud = 0.0
        self._base = room.picture.astype(np.float32)
        self._noise = self._random.normal(0.0, 1.0, (room.picture.shape[0] + 64, WIDTH + 64)).astype(
            np.float32
        )

    def read(self) -> Frame | None:
        at_s = self._number / FPS
        if at_s > self._length_s:
            return None
        self._number += 1
        return self._frame(at_s)

    def at(self, at_s: float) -> Frame:
        """The picture of one moment, in which nobody is due."""
        return self._frame(at_s)

    def _frame(self, at_s: float) -> Frame:
        picture = self._lit(at_s)
        while self._first < len(self._plan) and self._plan[self._first].ends_s < at_s:
            self._first += 1
        shaken = False
        if self._first < len(self._plan) and (visit := self._plan[self._first]).begins_s <= at_s:
            self._play(picture, visit, at_s)
            shaken = min(at_s - visit.begins_s, visit.ends_s - at_s) < _SLAM_S
        return Frame(self._number - 1, at_s, self._taken(picture, shaken), None, at_s)

    def close(self) -> None:
        """Nothing is open."""

    # --- light and lens --------------------------------------------------------------------------------

    def _hour(self, at_s: float) -> float:
        return (8.0 + 24.0 * at_s / self._length_s) % 24.0

    def _lit(self, at_s: float) -> Floats:
        """The room in this hour's light: by day the sun behind the glass, by night lamps and headlights."""
        hour = self._hour(at_s)
        day = min(max(math.sin((hour - 6.0) / 12.0 * math.pi), 0.0), 1.0)
        self._cloud = 0.995 * self._cloud + float(self._random.normal(0.0, 0.012))
        picture: Floats = self._base * np.float32(0.78 + 0.2 * day + 0.1 * self._cloud * day)
        glass = self._glass(picture)
        if glass.size:
            glass *= np.float32(0.35 + 0.75 * day + 0.25 * self._cloud * day)
            if day < 0.1 and (at_s % 47.0) < 1.6:  # a car turns in front of the door
                columns = np.linspace(-1.0, 1.0, glass.shape[1], dtype=np.float32)
                middle = (at_s % 47.0) / 0.8 - 1.0
                glass += np.float32(120.0) * np.exp(-((columns - middle) ** 2) * 6.0)
            if 10.0 < hour < 13.0:  # rain
                for _ in range(12):
                    x, y = self._random.integers(0, glass.shape[1]), self._random.integers(0, glass.shape[0])
                    glass[y : y + 9, x : x + 1] += 40.0
        return picture

    def _glass(self, picture: Floats) -> Floats:
        high, wide = picture.shape
        g = self._room.glass
        return picture[
            round(g.top * high) : round(g.bottom * high), round(g.left * wide) : round(g.right * wide)
        ]

    def _taken(self, picture: Floats, shaken: bool) -> Grey:
        if shaken:
            dx, dy = self._random.uniform(-1.2, 1.2, 2)
            moved = np.array([[1.0, 0.0, dx], [0.0, 1.0, dy]])
            picture = np.asarray(
                cv2.warpAffine(picture, moved, (WIDTH, picture.shape[0]), borderMode=cv2.BORDER_REPLICATE)
            )
        mean = float(picture.mean())
        sigma = 2.0 if mean > 90.0 else 3.5
        x, y = self._random.integers(0, 64, 2)
        high = picture.shape[0]
        noisy = picture + sigma * self._noise[y : y + high, x : x + WIDTH]
        whole = np.clip(noisy, 0.0, 255.0).astype(np.uint8)
        # What a camera hands over has been through a coder or a denoiser: grain in blocks, not in pixels.
        coded = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, 78])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)

    # --- people ----------------------------------------------------------------------------------------

    def _play(self, picture: Floats, visit: Visit, at_s: float) -> None:
        since_s, left_s = at_s - visit.begins_s, visit.ends_s - at_s
        light = float(picture.mean()) / max(float(self._base.mean()), 1.0)
        if visit.doing is Doing.PASSES_OUTSIDE:
            share = since_s / max(since_s + left_s, 1e-3)
            glass = self._glass(picture)
            if glass.size:
                actor = self._actors[visit.actors[0]]
                self._put(glass, actor, Spot(-0.3 + 1.6 * share, 1.02, 0.8), visit, 0.6 * light, since_s)
            return
        for index, number in enumerate(visit.actors):
            spot = self._stands(visit, since_s, left_s, index)
            actor = self._actors[number]
            if actor.child:
                spot = Spot(spot.x, spot.feet, spot.height * 0.62)
            self._put(picture, actor, spot, visit, light, since_s + 1.7 * index)
            if index == 0:
                self._carry(picture, visit, spot, since_s, left_s, light)

    def _stands(self, visit: Visit, since_s: float, left_s: float, index: int) -> Spot:
        door, machine = self._room.door, self._room.machine
        aside = index * (0.30 if door.x < machine.x else -0.30) * machine.height
        goal = Spot(machine.x - aside, machine.feet - 0.02 * index, machine.height)
        inside = min(since_s - 0.8 * index, left_s - 0.8 * index) / _WALK_S
        share = min(max(inside, 0.0), 1.0)
        if visit.doing is Doing.CLEANER and share >= 1.0:
            wave = 0.5 + 0.5 * math.sin(since_s / 7.0 + visit.seed)
            goal = machine.towards(door, 0.45 * wave)
            goal = Spot(goal.x + 0.06 * math.sin(since_s / 2.3), goal.feet, goal.height)
        return door.towards(goal, share)

    def _put(
        self, picture: Floats, actor: Actor, spot: Spot, visit: Visit, light: float, at_s: float
    ) -> None:
        """Draw somebody with the feet at `spot`: they bob when they walk and sway when they stand."""
        high, wide = picture.shape
        tall = spot.height * high * visit.size
        walks = min(at_s, visit.ends_s - visit.begins_s - at_s) < _WALK_S or visit.doing is Doing.CLEANER
        bob = (0.015 if walks else 0.003) * math.sin(2.0 * math.pi * (1.9 if walks else 0.31) * at_s)
        lean = (0.02 if walks else 0.012) * math.sin(2.0 * math.pi * 0.23 * at_s + visit.seed % 7)
        squat = self._squats(visit, at_s)
        scale_y = tall * (1.0 + bob) * squat / HEIGHT_PX
        scale_x = tall / HEIGHT_PX * (1.0 + 0.01 * math.sin(0.9 * at_s)) * (1.0 + 0.25 * (1.0 - squat))
        if visit.mirrored:
            scale_x = -scale_x
        middle = actor.grey.shape[1] / 2.0
        moved = np.array(
            [
                [scale_x, -lean * scale_y, spot.x * wide - scale_x * middle + lean * scale_y * HEIGHT_PX],
                [0.0, scale_y, spot.feet * high - scale_y * HEIGHT_PX],
            ]
        )
        size = (wide, high)
        opacity = cv2.warpAffine(actor.opacity, moved, size, flags=cv2.INTER_LINEAR)
        if not opacity.any():
            return
        person = cv2.warpAffine(actor.grey, moved, size, borderMode=cv2.BORDER_REPLICATE)
        left, top, w, h = cv2.boundingRect(opacity)
        part = np.s_[top : top + h, left : left + w]
        share = opacity[part].astype(np.float32) / np.float32(255.0)
        picture[part] += share * (person[part].astype(np.float32) * np.float32(light) - picture[part])

    @staticmethod
    def _squats(visit: Visit, at_s: float) -> float:
        length_s = visit.ends_s - visit.begins_s
        if visit.doing is not Doing.SHOE:
            return 1.0
        middle_s, half_s = 0.5 * length_s, min(5.0, 0.2 * length_s)
        return 1.0 - 0.42 * min(max((half_s - abs(at_s - middle_s)) / 1.0, 0.0), 1.0)

    def _carry(
        self, picture: Floats, visit: Visit, spot: Spot, since_s: float, left_s: float, light: float
    ) -> None:
        high, wide = picture.shape
        tall = spot.height * high * visit.size
        x, feet = spot.x * wide, spot.feet * high
        match visit.doing:
            case Doing.PHONE_IN_HAND:
                sway = 0.01 * tall * math.sin(1.7 * since_s)
                _box(
                    picture,
                    (x + 0.12 * tall, feet - 0.62 * tall + sway, 0.035 * tall, 0.065 * tall),
                    30.0 * light,
                )
                _box(
                    picture, (x + 0.125 * tall, feet - 0.61 * tall + sway, 0.025 * tall, 0.045 * tall), 190.0
                )
            case Doing.PARCEL:
                _box(picture, (x - 0.14 * tall, feet - 0.62 * tall, 0.26 * tall, 0.2 * tall), 140.0 * light)
            case Doing.PARCEL_SET_DOWN:
                length_s = since_s + left_s
                if 0.25 * length_s < since_s < 0.75 * length_s:
                    m = self._room.machine
                    _box(
                        picture,
                        (m.x * wide + 0.2 * tall, m.feet * high - 0.2 * tall, 0.26 * tall, 0.2 * tall),
                        140.0 * light,
                    )
                else:
                    _box(
                        picture, (x - 0.14 * tall, feet - 0.62 * tall, 0.26 * tall, 0.2 * tall), 140.0 * light
                    )
            case Doing.UMBRELLA:
                if min(since_s, left_s) < _WALK_S + 2.0:
                    centre = (round(x), round(feet - 1.02 * tall))
                    axes = (round(0.34 * tall), round(0.17 * tall))
                    cv2.ellipse(picture, centre, axes, 0.0, 180.0, 360.0, (40.0 * light,), -1, cv2.LINE_AA)
            case Doing.CLEANER:
                swing = 0.25 * tall * math.sin(3.1 * since_s)
                top = (round(x + 0.1 * tall), round(feet - 0.7 * tall))
                cv2.line(picture, top, (round(x + swing), round(feet)), (60.0 * light,), 3, cv2.LINE_AA)
                _box(
                    picture,
                    (x + swing - 0.1 * tall, feet - 0.04 * tall, 0.2 * tall, 0.05 * tall),
                    200.0 * light,
                )
            case Doing.CUSTOMER | Doing.SHOE | Doing.FRIENDS | Doing.CHILD | Doing.PASSES_OUTSIDE:
                pass


def _box(picture: Floats, box: tuple[float, float, float, float], level: float) -> None:
    """A box with a lit top and a darker side: left, top, width, height in pixels."""
    left, top, wide, high = (round(v) for v in box)
    cv2.rectangle(picture, (left, top), (left + wide, top + high), (level,), -1, cv2.LINE_AA)
    cv2.rectangle(
        picture, (left, top), (left + wide, top + max(1, high // 6)), (min(level * 1.2, 250.0),), -1
    )
    cv2.line(picture, (left + wide // 2, top), (left + wide // 2, top + high), (level * 0.7,), 1)
