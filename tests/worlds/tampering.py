"""Takes of a cabin camera: every tampering at many strengths, and what is harmless and looks like it.

A take is a room, what happens in it, what is done to the lens, and a sensor with noise, a slow automatic
exposure and a JPEG coder. Everything comes from the seed. The rooms are drawn; with the shared pictures
beside the project they are real ones as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import CameraHealth
from hw.camera.room import draw_ledge, draw_room

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]

WIDTH: Final = 160
HEIGHT: Final = 120
MARGIN: Final = 40
"""A room is drawn wider than the view on each side, so that a camera can be turned. All is in pixels of the
quarter-size picture."""
DT_S: Final = 0.125
SHARED: Final = Path(__file__).resolve().parents[2].parent / "shared" / "data"

Random = np.random.Generator
Change = Callable[[Floats, float], Floats]
"""What happens to a picture at a time, in seconds since the take began."""


@dataclass(frozen=True, slots=True)
class Take:
    """`health` is what should be said, `OK` for a harmless take; it is complete at `at_s`."""

    kind: str
    health: CameraHealth
    at_s: float
    length_s: float
    pictures: Callable[[], Iterator[tuple[float, Picture]]] = field(repr=False)


# --- rooms -------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def drawn_room(seed: int) -> Floats:
    """A room nobody has: walls, tiles, a door, notices, pipes. With its margin; 0 is the bench's cabin."""
    w, h = WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN
    if seed == 0:
        bench = draw_room()
        draw_ledge(bench)
        grey = cv2.cvtColor(
            cv2.resize(bench, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY
        )
        return np.asarray(
            cv2.copyMakeBorder(grey, MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_REFLECT_101), np.float32
        )
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    room = np.full((h, w), float(random.uniform(90, 190)), np.float32)
    room += (x / w - 0.5) * float(random.uniform(-60, 60)) + (y / h - 0.5) * float(random.uniform(-60, 60))
    floor = int(h * random.uniform(0.62, 0.8))
    room[floor:] *= float(random.uniform(0.5, 0.85))
    for i in range(int(random.integers(4, 10))):
        cv2.line(
            room,
            (int(w * i / 7), floor),
            (int(w * (1.8 * i / 7 - 0.4)), h),
            (float(room[h - 5, 5]) * 0.8,),
            1,
        )
    for _ in range(int(random.integers(8, 26))):
        left, top = int(random.integers(0, w)), int(random.integers(0, h))
        wide, high = int(random.integers(4, 45)), int(random.integers(4, 45))
        level = float(np.clip(room[min(top, h - 1), min(left, w - 1)] + random.uniform(-90, 90), 5, 250))
        cv2.rectangle(
            room, (left, top), (left + wide, top + high), (level,), -1 if random.random() < 0.7 else 2
        )
        for row in range(top + 3, top + high - 2, 4):
            if random.random() < 0.5:
                cv2.line(
                    room,
                    (left + 2, row),
                    (left + int(wide * random.uniform(0.3, 0.9)), row),
                    (level * 0.6,),
                    1,
                )
    room += cv2.GaussianBlur(random.normal(0, 6, (h, w)).astype(np.float32), (0, 0), 1.2)
    return np.asarray(np.clip(cv2.GaussianBlur(room, (0, 0), 0.6), 0, 255), np.float32)


def shared_rooms() -> tuple[Path, ...]:
    """Pictures of real rooms without anybody; none where the shared pictures are not there."""
    cabins = sorted((SHARED / "scene" / "images" / "atm_empty_synth").glob("*.jpg"))
    others = SHARED / "faces" / "img" / "negative" / "anthonyhua"
    found = [sorted(others.glob(f"{kind}_*"))[:8] for kind in ("store", "industrial", "office", "kitchen")]
    return (*cabins, *(path for group in found for path in group))


@lru_cache(maxsize=64)
def real_room(path: Path) -> Floats:
    """A real picture as a room with its margin."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None, path
    size = (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.float32)


# --- the sensor --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sensor:
    """Noise in levels, quality of the JPEG coder (0: none), shake in pixels, exposure's time to follow."""

    noise: float = 0.9
    jpeg: int = 0
    shake: float = 0.0
    exposure_s: float = 0.0


def seen(
    room: Floats,
    length_s: float,
    sensor: Sensor,
    random: Random,
    in_room: Change | None = None,
    on_lens: Change | None = None,
    turn: Callable[[float], NDArray[np.float64]] | None = None,
) -> Iterator[tuple[float, Picture]]:
    """The take, picture by picture. `turn` gives the camera's own movement as a 2 x 3 matrix."""
    fields = random.normal(0.0, 1.0, (8, HEIGHT + 32, WIDTH + 32)).astype(np.float32)
    gain = 1.0
    for i in range(round(length_s / DT_S)):
        t = i * DT_S
        matrix = np.array([[1.0, 0.0, -MARGIN], [0.0, 1.0, -MARGIN]]) if turn is None else turn(t)
        if sensor.shake:
            matrix = matrix.copy()
            matrix[:, 2] += random.normal(0.0, sensor.shake, 2)
        view = cv2.warpAffine(room, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)
        picture = np.asarray(view, np.float32)
        if in_room is not None:
            picture = in_room(picture, t)
        if on_lens is not None:
            picture = on_lens(picture, t)
        if sensor.exposure_s:
            wanted = float(np.clip(118.0 / max(float(picture.mean()), 4.0), 0.4, 3.0))
            gain += (wanted - gain) * min(1.0, DT_S / sensor.exposure_s)
            picture = picture * np.float32(gain)
        oy, ox = (int(n) for n in random.integers(0, 32, 2))
        grain = fields[int(random.integers(8)), oy : oy + HEIGHT, ox : ox + WIDTH]
        picture = picture + grain * (sensor.noise * (0.6 + 0.4 * np.sqrt(np.maximum(picture, 0.0) / 128.0)))
        out = np.clip(picture, 0, 255).astype(np.uint8)
        if sensor.jpeg:
            code = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, sensor.jpeg])[1]
            out = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
        yield t, out


def some_sensor(random: Random) -> Sensor:
    return Sensor(
        noise=float(random.uniform(0.3, 1.8)),
        jpeg=int(random.choice([0, 0, 30, 60, 85])),
        exposure_s=float(random.choice([0.0, 0.0, 0.5, 1.5])),
    )


def ramp(t: float, from_s: float, for_s: float) -> float:
    """0 before, 1 after."""
    return float(np.clip((t - from_s) / max(for_s, 1e-3), 0.0, 1.0))


# --- people ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody drawn: comes, stands, leaves. `size` is the width of the shoulders in pixels."""

    size: float
    x: float
    come_s: float
    leave_s: float
    seed: int
    plain: bool = False
    calm: float = 1.0
    """How much of the usual sway there is."""

    def __call__(self, picture: Floats, t: float) -> Floats:
        near = min(ramp(t, self.come_s, 1.6), 1.0 - ramp(t, self.leave_s, 1.6))
        if near <= 0.0:
            return picture
        layer, alpha = _figure(self.seed, self.plain)
        phase = self.seed * 1.7
        scale = self.size / 100.0 * (0.35 + 0.65 * near)
        sway = self.calm * self.size * 0.02
        x = self.x * near + WIDTH * 0.7 * (1.0 - near)
        x += sway * math.sin(1.4 * t + phase) + 0.6 * sway * math.sin(3.1 * t)
        y = HEIGHT * 0.42 - 60.0 * scale + 0.5 * sway * math.sin(1.9 * t + 2.0)
        breath = 1.0 + 0.008 * self.calm * math.sin(1.3 * t)
        matrix = np.array([[scale * breath, 0.0, x - 100.0 * scale], [0.0, scale * breath, y]])
        body = cv2.warpAffine(layer, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
        mask = cv2.warpAffine(alpha, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
        light = float(picture.mean()) / 130.0
        return np.asarray(picture * (1.0 - mask) + body * mask * light, np.float32)


@lru_cache(maxsize=32)
def _figure(seed: int, plain: bool) -> tuple[Floats, Floats]:
    """Head and body 200 wide, 600 high, with folds and a face; and where they are."""
    random = np.random.default_rng(1000 + seed)
    layer = np.zeros((600, 200), np.float32)
    alpha = np.zeros((600, 200), np.float32)
    cloth = float(random.uniform(25, 200))
    for canvas, level in ((layer, cloth), (alpha, 1.0)):
        cv2.ellipse(canvas, (100, 210), (52, 60), 0, 180, 360, (level,), -1)
        cv2.rectangle(canvas, (48, 205), (152, 600), (level,), -1)
    if not plain:
        step = int(random.integers(6, 18))
        for row in range(160, 600, step):
            cv2.line(layer, (48, row), (152, row + 6), (cloth * 0.6 + 40,), max(1, step // 3))
    for _ in range(6):
        x = int(random.integers(55, 145))
        cv2.line(layer, (x, 180), (x + int(random.integers(-25, 25)), 600), (cloth * 0.85,), 3)
    skin = float(random.uniform(70, 190))
    for canvas, level in ((layer, skin), (alpha, 1.0)):
        cv2.ellipse(canvas, (100, 100), (34, 46), 0, 0, 360, (level,), -1)
        cv2.rectangle(canvas, (86, 130), (114, 165), (level,), -1)
    cv2.ellipse(layer, (100, 82), (35, 32), 0, 180, 360, (30.0,), -1)
    for x in (87, 113):
        cv2.ellipse(layer, (x, 98), (6, 3), 0, 0, 360, (35.0,), -1)
    cv2.line(layer, (90, 124), (110, 124), (skin * 0.6,), 2)
    layer *= alpha
    outside = alpha > 0
    layer[~outside] = 0
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.8)), np.asarray(cv2.GaussianBlur(alpha, (0, 0), 0.8))


def close_up(random: Random, from_s: float, to_s: float, plain: bool) -> Change:
    """Somebody so close that he fills the view."""
    return Visitor(
        float(random.uniform(115, 210)),
        WIDTH / 2 + float(random.uniform(-10, 10)),
        from_s,
        to_s,
        int(random.integers(99)),
        plain,
    )


# --- what is done to a lens --------------------------------------------------------------------------


def blob(random: Random, at: tuple[float, float], radius: float, softness: float) -> Floats:
    """A soft spot with an uneven edge, 0 to 1."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    angle = np.arctan2(y - at[1], x - at[0])
    uneven = 1.0 + sum(
        float(random.uniform(0, 0.18)) * np.cos(k * angle + float(random.uniform(0, 6))) for k in (2, 3, 5)
    )
    away = np.hypot(x - at[0], y - at[1]) / (radius * uneven)
    return np.asarray(np.clip((1.0 + softness - away) / (2.0 * softness), 0.0, 1.0), np.float32)


def _smooth(picture: Floats) -> Floats:
    """Light and shade without any shape."""
    tiny = cv2.GaussianBlur(cv2.resize(picture, (16, 12), interpolation=cv2.INTER_AREA), (0, 0), 1.2)
    return np.asarray(cv2.resize(tiny, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)


def covered(random: Random, at_s: float) -> Change:
    """Paper, cloth, a palm or tape right before the lens, drawn over it from one side or there at once."""
    level, leak = float(random.uniform(8, 225)), float(random.uniform(0.0, 0.15))
    shade = cv2.GaussianBlur(random.normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 20)
    surface = level + shade / max(float(np.abs(shade).max()), 1e-6) * float(random.uniform(2, 25))
    takes_s, share = float(random.choice([0.0, 0.3, 1.0])), float(random.choice([1.0, 1.0, 0.8]))
    angle = float(random.uniform(0, 2 * math.pi))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    along = (x / WIDTH - 0.5) * math.cos(angle) + (y / HEIGHT - 0.5) * math.sin(angle)
    rank = (along - along.min()) / (along.max() - along.min())

    def change(picture: Floats, t: float) -> Floats:
        if t < at_s - takes_s:
            return picture
        reach = share * ramp(t, at_s - takes_s, takes_s) if takes_s else share
        edge = np.clip((reach * 1.1 - rank) / 0.1, 0.0, 1.0).astype(np.float32)
        smooth = _smooth(picture)
        return np.asarray(picture * (1 - edge) + edge * (surface * (1 - leak) + smooth * leak), np.float32)

    return change


def sprayed(random: Random, from_s: float, takes_s: float) -> Change:
    """Paint in soft spots one after another, until they cover a third to most of the view."""
    level = float(random.uniform(15, 210))
    thick = float(random.uniform(0.85, 1.0))
    spots: list[Floats] = []
    covered_share = np.zeros((HEIGHT, WIDTH), np.float32)
    wanted = float(random.uniform(0.35, 0.9))
    while float(covered_share.mean()) < wanted and len(spots) < 60:
        at = (float(random.uniform(0, WIDTH)), float(random.uniform(0, HEIGHT)))
        spot = blob(random, at, float(random.uniform(12, 30)), 0.35)
        spots.append(spot)
        covered_share = np.maximum(covered_share, spot)

    def change(picture: Floats, t: float) -> Floats:
        if t < from_s:
            return picture
        mask = np.zeros((HEIGHT, WIDTH), np.float32)
        done = ramp(t, from_s, takes_s) * len(spots)
        for i, spot in enumerate(spots[: math.ceil(done)]):
            mask = np.maximum(mask, spot * min(1.0, done - i))
        mask = mask * thick
        smooth = _smooth(picture)
        return np.asarray(picture * (1 - mask) + mask * (0.85 * level + 0.15 * smooth), np.float32)

    return change


def torch(random: Random, at_s: float, to_s: float = math.inf) -> Change:
    """A torch into the lens: a burnt-out spot that wavers, a wide halo and a veil over everything."""
    x0, y0 = float(random.uniform(45, 115)), float(random.uniform(35, 85))
    radius, halo = float(random.uniform(12, 40)), float(random.uniform(1.5, 3.0))
    veil = float(random.uniform(10, 70))
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)

    def change(picture: Floats, t: float) -> Floats:
        if not at_s <= t < to_s:
            return picture
        away = np.hypot(x - x0 - 4 * math.sin(2.0 * t), y - y0 - 3 * math.sin(2.7 * t)) / radius
        light = 600.0 * np.exp(-0.5 * np.square(away)) + 160.0 * np.exp(-away / halo)
        return np.asarray(np.minimum(picture * 0.8 + light + veil, 255.0), np.float32)

    return change


def defocused(sigma: float, from_s: float, takes_s: float) -> Change:
    def change(picture: Floats, t: float) -> Floats:
        now = sigma * ramp(t, from_s, takes_s)
        return picture if now < 0.3 else np.asarray(cv2.GaussianBlur(picture, (0, 0), now), np.float32)

    return change


def turned(
    dx: float, dy: float, degrees: float, zoom: float, from_s: float, takes_s: float
) -> Callable[[float], NDArray[np.float64]]:
    """The camera pushed: pixels to the side and down, degrees about its axis, and a zoom."""

    def turn(t: float) -> NDArray[np.float64]:
        share = ramp(t, from_s, takes_s)
        middle = (MARGIN + WIDTH / 2, MARGIN + HEIGHT / 2)
        matrix = np.asarray(
            cv2.getRotationMatrix2D(middle, degrees * share, 1.0 + (zoom - 1.0) * share), np.float64
        )
        matrix[:, 2] += (dx * share - MARGIN, dy * share - MARGIN)
        return matrix

    return turn


def together(*changes: Change) -> Change:
    def change(picture: Floats, t: float) -> Floats:
        for one in changes:
            picture = one(picture, t)
        return picture

    return change
