"""Videos of what is held before a camera instead of a face, composed from one still portrait each.

A print or a screen is a plane before a true camera (a lens of 620 pixels, a face 15 cm wide): pushed, tilted,
nearer and farther, with a hand's tremor of 7 to 11 Hz. A doll is the same portrait on a solid head, turned
by a depth of its own. Everything comes with a sensor's noise and, mostly, as a coded picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LOOK_S: Final = 0.1
_LENS_PX: Final = 620.0
_FACE_M: Final = 0.15
_NOISE: Final = np.random.default_rng(1).normal(0.0, 1.0, (800, 800)).astype(np.float32)


class Kind(StrEnum):
    """What is held there."""

    PRINT = "print"
    GLOSSY = "glossy print"
    SCREEN = "screen"
    DOLL = "doll"


@dataclass(frozen=True, slots=True)
class Portrait:
    """A grey picture of one face: where its middle is, and how wide, in pixels."""

    name: str
    grey: Grey
    middle: tuple[float, float]
    width: float


@dataclass(frozen=True, slots=True)
class Seen:
    """How the camera sees it: width of the face in pixels, noise in grey levels, JPEG quality (0: not coded),
    share of the light; `motion` is how much it is moved, 1 as by a hand that tries to be calm.
    """

    width: float
    noise: float
    quality: int
    light: float
    motion: float = 1.0


def any_seen(random: np.random.Generator) -> Seen:
    """A face as wide as one between half a metre and 1.5 m away, in all conditions that are composed."""
    return Seen(
        width=float(np.exp(random.uniform(np.log(55.0), np.log(150.0)))),
        noise=float(random.uniform(1.0, 4.0)),
        quality=int(random.choice([0, 60, 80, 95])),
        light=float(random.uniform(0.45, 1.0)),
        motion=float(np.exp(random.uniform(np.log(0.4), np.log(2.0)))),
    )


def as_seen(picture: Floats | Grey, seen: Seen, random: np.random.Generator) -> Grey:
    """Through the sensor and the coder."""
    down, right = random.integers(0, 64, 2)
    height, width = picture.shape
    noise = _NOISE[down : down + height, right : right + width]
    noisy = picture.astype(np.float32) * np.float32(seen.light) + noise * np.float32(seen.noise)
    grey = np.asarray(np.clip(noisy, 0, 255), np.uint8)
    if not seen.quality:
        return grey
    _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, seen.quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def held(kind: Kind, portrait: Portrait, room: Grey, seen: Seen, for_s: float, seed: int) -> Iterator[Grey]:
    """The looks of one video, ten a second, about three faces wide."""
    random = np.random.default_rng(seed)
    side = round(3.2 * seen.width) + 40
    scale = side * 1.01 / min(room.shape)
    behind = cv2.resize(room, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)[:side, :side]
    looks = _doll if kind is Kind.DOLL else _plane
    for picture in looks(kind, portrait, behind.astype(np.float32), seen, for_s, random):
        yield as_seen(picture, seen, random)


def _waves(random: np.random.Generator, t: Doubles, size: float, low_hz: float, high_hz: float) -> Doubles:
    """Three sines of random frequency and phase, together about `size` from their middle."""
    total = np.zeros_like(t)
    for _ in range(3):
        hz, phase = random.uniform(low_hz, high_hz), random.uniform(0.0, 2.0 * np.pi)
        total += 0.7 * size * np.sin(2.0 * np.pi * hz * t + phase)
    return total


def _turn(yaw: float, pitch: float, roll: float) -> Doubles:
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (yaw, pitch, roll))
    rolled = np.array([[cr, -sr, 0.0], [sr, cr, 0.0], [0.0, 0.0, 1.0]])
    yawed = np.array([[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]])
    pitched = np.array([[1.0, 0.0, 0.0], [0.0, cp, -sp], [0.0, sp, cp]])
    return np.asarray(rolled @ yawed @ pitched, np.float64)


def _paper(kind: Kind, portrait: Portrait, width: float) -> tuple[Floats, tuple[float, float], float]:
    """The print or screen with its edge, where the face is on it, and how wide that is there."""
    scale = min(1.3 * width / portrait.width, 1.0)
    grey = cv2.resize(portrait.grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    face, (x, y) = scale * portrait.width, (scale * n for n in portrait.middle)
    left, top = max(round(x - 1.25 * face), 0), max(round(y - 1.25 * face), 0)
    part = grey[top : round(y + 1.5 * face), left : round(x + 1.25 * face)]
    edge = round(0.12 * face)
    level = 18 if kind is Kind.SCREEN else 235
    framed = cv2.copyMakeBorder(part, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(level,))
    return framed.astype(np.float32), (x - left + edge, y - top + edge), face


def _plane(
    kind: Kind, portrait: Portrait, room: Floats, seen: Seen, for_s: float, random: np.random.Generator
) -> Iterator[Floats]:
    paper, (x, y), face = _paper(kind, portrait, seen.width)
    high, wide = paper.shape
    down, right = np.mgrid[:high, :wide].astype(np.float32)
    if kind is Kind.SCREEN:
        # Its own pixels against those of the camera: a pattern of a few pixels, and a dimmer face.
        pitch = random.uniform(2.05, 2.6) * face / seen.width
        dots = np.sin(2.0 * np.pi * right / pitch) * np.sin(2.0 * np.pi * down / pitch)
        paper = (paper * 0.8 + 10.0) * (1.0 + 0.05 * dots)
    t = np.arange(0.0, for_s, LOOK_S)
    calm, size = seen.motion, seen.width
    across, up = (
        _waves(random, t, share * calm * size, 0.08, 0.5)
        + _waves(random, t, 0.012 * calm * size, 1.0, 3.0)
        + _waves(random, t, 0.004 * size, 7.0, 11.0)
        for share in (0.10, 0.06)
    )
    nearer = 1.0 + _waves(random, t, 0.03 * calm, 0.05, 0.4)
    yaw, pitch_, roll = (
        np.radians(_waves(random, t, degrees * calm, 0.1, 0.6) + random.normal(0.0, leans))
        for degrees, leans in ((6.0, 4.0), (5.0, 4.0), (2.5, 1.0))
    )
    middle = np.array([room.shape[1], room.shape[0]]) * random.uniform(0.45, 0.55, 2)
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float64)
    flat = np.column_stack([(corners - (x, y)) * _FACE_M / face, np.zeros(4)])
    glare_at, glare = random.uniform(-0.5, 0.5, 2), random.uniform(10.0, 50.0)
    for i in range(len(t)):
        lies = flat @ _turn(yaw[i], pitch_[i], roll[i]).T
        far = _LENS_PX * _FACE_M / size / nearer[i] + lies[:, 2:]
        seen_at = _LENS_PX * lies[:, :2] / far + middle + (across[i], up[i])
        shown = paper
        if kind is not Kind.PRINT:
            # A lamp in the room shines back from it, and wanders as it is tilted.
            at_x, at_y = wide * (0.5 + glare_at[0] + 2 * yaw[i]), high * (0.5 + glare_at[1] - 2 * pitch_[i])
            spot = ((right - at_x) ** 2 + (down - at_y) ** 2) / (2.0 * (0.25 * wide) ** 2)
            shown = np.clip(paper + glare * np.exp(-spot), 0.0, 255.0).astype(np.float32)
        to_room = cv2.getPerspectiveTransform(corners.astype(np.float32), seen_at.astype(np.float32))
        picture, there = (
            cv2.warpPerspective(one, to_room, room.shape[::-1], flags=cv2.INTER_LINEAR)
            for one in (shown, np.ones_like(paper))
        )
        if kind is Kind.SCREEN:
            # It is drawn line by line: bands of light that roll.
            bands = 0.04 * np.sin(2.0 * np.pi * (np.arange(len(room))[:, None] / 140.0 + 0.7 * t[i]))
            picture = picture * (1.0 - bands)
        yield np.asarray(room * (1.0 - there) + picture * there, np.float32)


def _doll(
    kind: Kind, portrait: Portrait, room: Floats, seen: Seen, for_s: float, random: np.random.Generator
) -> Iterator[Floats]:
    size = seen.width
    scale = size / portrait.width
    way = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    skin = cv2.resize(portrait.grey, None, fx=scale, fy=scale, interpolation=way).astype(np.float32)
    x, y = (scale * n for n in portrait.middle)
    t = np.arange(0.0, for_s, LOOK_S)
    calm = seen.motion
    across = _waves(random, t, 0.05 * calm * size, 0.08, 0.5) + _waves(
        random, t, 0.01 * calm * size, 1.0, 2.0
    )
    up = _waves(random, t, 0.04 * calm * size, 0.08, 0.5)
    yaw, pitch, roll = (np.radians(_waves(random, t, d * calm, 0.08, 0.5)) for d in (7.0, 4.0, 2.0))
    middle = np.array([room.shape[1], room.shape[0]]) * random.uniform(0.45, 0.55, 2)
    down, right = np.mgrid[: room.shape[0], : room.shape[1]].astype(np.float32)
    for i in range(len(t)):
        u, v = right - middle[0] - across[i], down - middle[1] - up[i]
        c, s = np.cos(roll[i]), np.sin(roll[i])
        u, v = c * u + s * v, c * v - s * u
        off = (u / (0.62 * size)) ** 2 + (v / (0.8 * size)) ** 2
        nose = np.exp(-(u * u + (v - 0.1 * size) ** 2) / (2.0 * (0.12 * size) ** 2))
        depth = 0.45 * size * np.sqrt(np.clip(1.0 - off, 0.0, 1.0)) + 0.13 * size * nose
        from_x = (u - depth * np.sin(yaw[i]) + x).astype(np.float32)
        from_y = (v - depth * np.sin(pitch[i]) + y).astype(np.float32)
        shown = cv2.remap(skin, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        there = np.clip((1.02 - off) / 0.06, 0.0, 1.0)
        yield np.asarray(room * (1.0 - there) + shown * there, np.float32)
