"""The pictures of one cabin at a lens, a lamp and a mount of any state: rooms, visitors, dirt, fog, focus.

Rooms and faces are real pictures of the shared data, bodies are those of the simulated month. Everything
depends on the cabin's number and a seed alone. What is done to the picture lies between the room and the
sensor, so the sensor's noise and coder come after it.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.month.people import HEIGHT_PX, Actor, Grey

Floats = NDArray[np.float32]

WIDTH, HEIGHT, MARGIN = 640, 480, 80
"""A picture, and how much of the room around it a camera that sags comes to see."""
_FACE_PX: Final = (85.0, 135.0)
_LEAST_FACE_PX: Final = 62.0
_GAIN_MAX: Final = 3.0
"""How far the sensor's gain goes, and its noise with it."""
_NOISE_LEVELS: Final = 1.6
_HEAD: Final = 0.15
"""The share of a body's height that its head takes."""
_EXPOSURE: Final = 0.85
"""How much of a change of light the sensor's gain takes back."""
_LABELS: Final = {"uncovered": False, "mask": True, "synthetic_mask": True, "sunglasses": True}


class Kind(StrEnum):
    """What can get worse."""

    DIRT = "dirt on the lens"
    FOG = "film of grease"
    FOCUS = "focus creeps"
    LIGHT = "lamp dies"
    SAG = "camera sags"


MOST: Final = {Kind.DIRT: 0.95, Kind.FOG: 0.95, Kind.FOCUS: 5.0, Kind.LIGHT: 0.97, Kind.SAG: 72.0}
"""At the last level: opacity of the spots; share of the light that is scattered; blur in pixels; share of
the light that is gone; pixels downwards."""


@dataclass(frozen=True, slots=True)
class State:
    """How bad it is: `share` of the most of one kind, 0 for a sound camera."""

    kind: Kind
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person: a face with its label, a body, a place. `sun` is the daylight of the visit."""

    face: Grey
    covered: bool
    box_px: float
    body: Actor
    x: float
    y: float
    wide_px: float
    sun: float
    seed: int


class Cabin:
    """One cabin: its room, its window, the spots that dirt makes on its lens."""

    def __init__(self, number: int, room: Path) -> None:
        self.number = number
        random = np.random.default_rng(1000 + number)
        read = cv2.imread(str(room), cv2.IMREAD_GRAYSCALE)
        if read is None:
            raise SystemExit(f"{room} cannot be read")
        size = (WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN)
        self._room = np.asarray(cv2.resize(read, size, interpolation=cv2.INTER_CUBIC), np.float32)
        # A small stored picture has no detail of one pixel; every wall has.
        grain = random.normal(0.0, 7.0, self._room.shape).astype(np.float32)
        self._room = np.clip(self._room + cv2.GaussianBlur(grain, (0, 0), 0.9), 4.0, 250.0)
        x, y = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32).transpose(0, 2, 1)
        at, wide = float(random.uniform(0.0, size[0])), float(random.uniform(120.0, 320.0))
        self._window = np.asarray(np.exp(-0.5 * np.square((x - at) / wide)) + 0.0 * y, np.float32)
        spots = cv2.GaussianBlur(random.normal(0.0, 1.0, (HEIGHT, WIDTH)).astype(np.float32), (0, 0), 22.0)
        spots = (spots - spots.mean()) / spots.std()
        self._spots = np.asarray(1.0 / (1.0 + np.exp(-2.5 * spots)), np.float32)
        # The sensor's noise is one field, taken from another place each time: drawing it again costs more.
        self._grain = random.normal(0.0, 1.0, (HEIGHT + 128, WIDTH + 128)).astype(np.float32)
        self.lamp = float(random.uniform(0.55, 0.8))
        self.glass = float(random.uniform(0.1, 0.6))
        self.noise = _NOISE_LEVELS * float(random.uniform(0.7, 1.4))

    def picture(self, state: State, sun: float, random: Generator, visitor: Visitor | None = None) -> Grey:
        """One picture. `sun` 0 to 1 is the daylight; `random` moves the visitor and makes the noise."""
        light = self.lamp * self._dimmed(state) + self.glass * sun * (0.4 + 1.2 * self._window)
        room = self._room * light
        if visitor is not None:
            self._stand(room, visitor, light, random)
        down = round(state.share * MOST[Kind.SAG]) if state.kind is Kind.SAG else 0
        top = MARGIN - down
        seen = np.asarray(room[top : top + HEIGHT, MARGIN : MARGIN + WIDTH], np.float32)
        return self._taken(self._through_lens(seen, state), random)

    def _dimmed(self, state: State) -> float:
        return 1.0 - state.share * MOST[Kind.LIGHT] if state.kind is Kind.LIGHT else 1.0

    def _through_lens(self, seen: Floats, state: State) -> Floats:
        much = np.float32(state.share * MOST[state.kind])
        match state.kind:
            case Kind.DIRT if much > 0.0:
                opaque = much * self._spots
                # A spot on the lens is out of focus: it takes light away and spreads what it lets through.
                spread = cv2.GaussianBlur(seen, (0, 0), 9.0) * np.float32(0.55) + seen.mean() * np.float32(
                    0.25
                )
                return np.asarray(seen * (1.0 - opaque) + spread * opaque, np.float32)
            case Kind.FOG if much > 0.0:
                veil = cv2.GaussianBlur(seen, (0, 0), 16.0) * np.float32(0.5) + seen.mean() * np.float32(0.5)
                return np.asarray(seen * (1.0 - much) + veil * much, np.float32)
            case Kind.FOCUS if much > 0.3:
                return np.asarray(cv2.GaussianBlur(seen, (0, 0), float(much)), np.float32)
            case _:
                return seen

    def _taken(self, seen: Floats, random: Generator) -> Grey:
        """The sensor: automatic gain within its limit, noise that grows with it, and a coder."""
        gain = min(max((105.0 / max(float(seen.mean()), 1.0)) ** _EXPOSURE, 0.6), _GAIN_MAX)
        sigma = self.noise * max(gain, 1.0)
        x, y = random.integers(0, 128, 2)
        noise = np.float32(sigma) * self._grain[y : y + HEIGHT, x : x + WIDTH]
        whole = np.clip(seen * np.float32(gain) + noise, 0.0, 255.0).astype(np.uint8)
        coded = cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)

    def _stand(self, room: Floats, visitor: Visitor, light: Floats, random: Generator) -> None:
        sway_x, sway_y = random.normal(0.0, 3.0, 2)
        x, y = MARGIN + visitor.x + sway_x, MARGIN + visitor.y + sway_y
        # Under the face a body without its own head; seven and a half heads high.
        tall = visitor.wide_px * 8.6
        scale = tall / HEIGHT_PX
        neck, opacity = _headless(visitor.body)
        corner = (x - scale * neck, y + 0.6 * visitor.wide_px - _HEAD * tall)
        _put(room, visitor.body.grey, opacity, corner, scale, light)
        scale = visitor.wide_px / visitor.box_px
        high, wide = visitor.face.shape
        corner = (x - scale * wide / 2.0, y - scale * high / 2.0)
        _put(room, visitor.face, _oval(high, wide), corner, scale, light)


def _put(
    room: Floats, what: Grey, opacity: Grey, corner: tuple[float, float], scale: float, light: Floats
) -> None:
    matrix = np.array([[scale, 0.0, corner[0]], [0.0, scale, corner[1]]])
    size = (room.shape[1], room.shape[0])
    share = cv2.warpAffine(opacity, matrix, size, flags=cv2.INTER_LINEAR).astype(np.float32) / np.float32(
        255.0
    )
    drawn = cv2.warpAffine(what, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    room += share * (drawn.astype(np.float32) * light - room)


def _headless(body: Actor) -> tuple[float, Grey]:
    """Where the neck of a body is, in pixels from its left, and what is seen of it below."""
    chin = round(_HEAD * HEIGHT_PX)
    opacity = body.opacity.copy()
    opacity[:chin] = 0
    across = opacity[chin : chin + 12].sum(axis=0).astype(np.float64)
    middle = float((across * np.arange(across.size)).sum() / max(float(across.sum()), 1.0))
    return middle or body.grey.shape[1] / 2.0, opacity


def _oval(high: int, wide: int) -> Grey:
    mask = np.zeros((high, wide), np.uint8)
    cv2.ellipse(
        mask, (wide // 2, high // 2), (round(wide * 0.44), round(high * 0.46)), 0.0, 0.0, 360.0, (255.0,), -1
    )
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.04 * wide), np.uint8)


# --- who and where ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Cut:
    path: str
    covered: bool
    box_px: float
    group: str


def cuts(data: Path, kept: bool) -> list[_Cut]:
    """Faces large enough, of one half of the groups: `kept` for judging, the others for choosing."""
    found = []
    with (data / "faces" / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] != "crop" or row["label"] not in _LABELS or row["sub"] == "hijab":
                continue
            boxes = json.loads(row["boxes"] or "[]")
            if len(boxes) != 1 or boxes[0][2] < _LEAST_FACE_PX:
                continue
            if (int(row["group"].lstrip("g") or 0) % 2 == 1) is kept:
                found.append(_Cut(row["path"], _LABELS[row["label"]], float(boxes[0][2]), row["group"]))
    return found


def visitors(cabin: int, data: Path, bodies: tuple[Actor, ...], count: int, kept: bool) -> Iterator[Visitor]:
    """The people of one cabin; no two cabins of a half share a face."""
    random = np.random.default_rng(77 + cabin)
    every = cuts(data, kept)
    np.random.default_rng(5).shuffle(every)  # type: ignore[arg-type]
    mine = [cut for number, cut in enumerate(every) if number % 12 == cabin % 12]
    bare, covered = [c for c in mine if not c.covered], [c for c in mine if c.covered]
    for number in range(count):
        some = covered if number % 4 == 3 else bare
        cut = some[(number // 4 if number % 4 == 3 else number) % len(some)]
        read = cv2.imread(str(data / "faces" / cut.path), cv2.IMREAD_GRAYSCALE)
        if read is None:
            raise SystemExit(f"{cut.path} cannot be read")
        yield Visitor(
            face=np.asarray(read, np.uint8),
            covered=cut.covered,
            box_px=cut.box_px,
            body=bodies[int(random.integers(len(bodies)))],
            x=float(random.uniform(220.0, 420.0)),
            y=float(random.uniform(140.0, 230.0)),
            wide_px=float(random.uniform(*_FACE_PX)),
            sun=(0.0, 0.5, 1.0)[number % 3],
            seed=int(random.integers(1 << 30)),
        )
