"""Machine fronts drawn by us, in several designs, materials and views: no data is needed for them.

A front is a sheet in centimetres, 8 pixels each: how light its surface is, and how far it stands out. From
that come shading, shadow and dark corners under a lamp, and a pinhole camera takes it into a picture of
640 x 480. Designs of the training fold are never judged on: each fold has its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from models.training.front.machine import WIDTH_PX, Floats, Fold, Machine, Matrix, Part, Region
from models.training.front.pixels import blurred, warped

HEIGHT_PX: Final = 480
PER_CM: Final = 8
"""Pixels of the sheet to a centimetre."""

_SCREEN_CM: Final = (30.0, 23.0)


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle on the sheet in centimetres."""

    part: Part
    x: float
    y: float
    w: float
    h: float

    @property
    def corners(self) -> Matrix:
        x, y, w, h = self.x, self.y, self.w, self.h
        return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


class Sheet:
    """Lightness (0 to 1) and relief (cm) of one front, drawn in centimetres from its upper left corner."""

    def __init__(self, width_cm: float, height_cm: float, level: float, rng: np.random.Generator) -> None:
        self.width_cm, self.height_cm, self.rng = width_cm, height_cm, rng
        self.body = level
        size = (round(height_cm * PER_CM), round(width_cm * PER_CM))
        self.level: Floats = np.full(size, level, np.float32)
        self.relief: Floats = np.zeros(size, np.float32)
        self.places: list[Place] = []
        self._texture(size)

    def _texture(self, size: tuple[int, int]) -> None:
        grain = self.rng.normal(0.0, 1.0, size).astype(np.float32)
        kind = int(self.rng.integers(3))
        if kind == 0:  # brushed metal
            grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=9.0, sigmaY=0.6).astype(np.float32) * 5.0
        elif kind == 1:  # moulded plastic
            grain = blurred(grain, 1.2) * np.float32(2.0)
        else:  # painted, with old stains
            grain = blurred(grain, 12.0) * np.float32(20.0)
        self.level += grain * np.float32(self.rng.uniform(0.005, 0.018))

    def box(
        self,
        place: tuple[float, float, float, float],
        level: float | None = None,
        up_cm: float = 0.0,
        round_cm: float = 0.3,
    ) -> None:
        """A rectangle with round corners: `level` is its own lightness (None: as it is), `up_cm` is added."""
        x, y, w, h = (n * PER_CM for n in place)
        r = max(0.0, min(round_cm * PER_CM, w / 2, h / 2))
        high, wide = self.level.shape
        here = (
            slice(max(0, int(y) - 2), max(0, min(high, int(y + h) + 3))),
            slice(max(0, int(x) - 2), max(0, min(wide, int(x + w) + 3))),
        )
        rows, columns = np.ogrid[here]
        dx = np.abs(columns + 0.5 - (x + w / 2)) - (w / 2 - r)
        dy = np.abs(rows + 0.5 - (y + h / 2)) - (h / 2 - r)
        away = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - r
        inside = np.clip(0.5 - away, 0.0, 1.0).astype(np.float32)
        if level is not None:
            self.level[here] += inside * (np.float32(level) - self.level[here])
        self.relief[here] += inside * np.float32(up_cm)

    def text(self, x: float, y: float, height_cm: float, letters: int, level: float) -> None:
        """Something printed: `letters` marks of a height, none of them a word."""
        at = x
        for _ in range(letters):
            for _ in range(int(self.rng.integers(1, 4))):
                dx, dy = self.rng.uniform(0, 0.5, 2) * height_cm
                if self.rng.random() < 0.5:
                    self.box((at + dx, y, 0.16 * height_cm, height_cm), level, 0.0, 0.0)
                else:
                    self.box((at, y + dy, 0.6 * height_cm, 0.16 * height_cm), level, 0.0, 0.0)
            at += height_cm * 0.9

    # Parts that every design has; each one remembers its place.

    def screen(self, x: float, y: float) -> None:
        w, h = _SCREEN_CM
        self.box((x - 1.2, y - 1.2, w + 2.4, h + 2.4), self.body * 0.75, -0.6, 0.6)
        self.box((x, y, w, h), 0.10, -0.4, 0.2)
        self.places.append(Place(Part.SCREEN, x, y, w, h))

    def side_keys(self, x: float, y: float, count: int, every_cm: float) -> None:
        for number in range(count):
            self.box((x, y + number * every_cm, 2.4, 1.2), min(self.body * 1.3, 0.9), 0.3, 0.2)

    def keypad(self, x: float, y: float) -> None:
        metal = float(self.rng.uniform(0.35, 0.6))
        self.box((x, y, 10.6, 9.2), metal, -0.4, 0.4)
        light = float(self.rng.choice([0.7, 0.25]))
        for row in range(4):
            for column in range(4):
                level = light if column < 3 else float(self.rng.uniform(0.3, 0.7))
                kx, ky = x + 0.6 + column * 2.45, y + 0.55 + row * 2.1
                self.box((kx, ky, 2.0, 1.6), level, 0.4, 0.2)
                self.text(kx + 0.7, ky + 0.5, 0.6, 1, 0.12 if light > 0.5 else 0.85)
        self.places.append(Place(Part.KEYPAD, x, y, 10.6, 9.2))

    def card_slot(self, x: float, y: float) -> None:
        dark = float(self.rng.choice([0.15, 0.3, 0.75]))
        self.box((x, y, 9.0, 5.0), dark, 0.8, 0.8)
        self.box((x + 1.4, y + 2.1, 6.2, 0.55), 0.03, -0.9, 0.1)
        self.box((x + 3.5, y + 2.0, 2.0, 1.6), 0.05, -0.6, 0.8)
        self.box((x + 7.9, y + 0.6, 0.5, 0.5), 0.95, 0.0, 0.25)
        self.places.append(Place(Part.CARD_SLOT, x - 0.5, y - 0.5, 10.0, 6.0))

    def shutter(self, x: float, y: float, w: float = 17.0) -> None:
        self.box((x, y, w, 4.4), self.body * 0.7, -0.5, 0.4)
        self.box((x + 0.8, y + 1.2, w - 1.6, 1.8), 0.5, 0.2, 0.1)
        self.box((x + 0.8, y + 2.9, w - 1.6, 0.3), 0.04, -0.5, 0.0)
        self.places.append(Place(Part.SHUTTER, x, y, w, 4.4))

    def receipt(self, x: float, y: float) -> None:
        self.box((x, y, 9.0, 2.4), self.body * 0.85, 0.3, 0.4)
        self.box((x + 0.6, y + 1.0, 7.8, 0.5), 0.05, -0.5, 0.0)

    def hood(self, x: float, y: float, w: float = 12.0) -> None:
        self.box((x, y, w, 4.0), self.body * 0.9, 1.0, 1.0)
        self.box((x + w / 2 - 1.3, y + 0.8, 2.6, 2.4), 0.05, 0.1, 1.2)
        self.box((x + w / 2 - 0.4, y + 1.4, 0.5, 0.5), 0.4, 0.0, 0.25)
        self.places.append(Place(Part.HOOD, x, y, w, 4.0))


def _column(rng: np.random.Generator) -> Sheet:
    """Screen on the left, a column of slots on the right, the keypad below."""
    sheet = Sheet(56.0, 68.0, float(rng.uniform(0.3, 0.75)), rng)
    sheet.box((0.5, 0.5, 55.0, 67.0), None, 0.5, 1.5)
    sheet.hood(14.0, 2.0)
    sheet.screen(4.0, 9.0)
    sheet.box((40.0, 7.0, 0.3, 58.0), sheet.body * 0.5, -0.2, 0.0)
    sheet.card_slot(43.0, 12.0)
    sheet.receipt(43.0, 22.0)
    sheet.text(43.0, 28.0, 0.9, 9, sheet.body * 0.4)
    sheet.keypad(14.0, 40.0)
    sheet.shutter(11.0, 58.0)
    return sheet


def _centred(rng: np.random.Generator) -> Sheet:
    """Everything in the middle, keys on both sides of the screen."""
    sheet = Sheet(50.0, 72.0, float(rng.uniform(0.25, 0.8)), rng)
    sheet.box((1.0, 1.0, 48.0, 70.0), None, 0.4, 3.0)
    sheet.box((1.0, 1.0, 48.0, 6.5), sheet.body * 0.55)
    sheet.text(5.0, 2.8, 2.4, 9, 0.9)
    sheet.hood(19.0, 8.0)
    sheet.screen(10.0, 15.0)
    sheet.side_keys(4.6, 18.0, 4, 5.0)
    sheet.side_keys(43.0, 18.0, 4, 5.0)
    sheet.keypad(10.0, 43.0)
    sheet.card_slot(27.0, 44.0)
    sheet.receipt(27.5, 53.0)
    sheet.shutter(16.0, 61.0)
    return sheet


def _slanted(rng: np.random.Generator) -> Sheet:
    """A desk of its own for the keypad, the slot above it on the left."""
    sheet = Sheet(60.0, 64.0, float(rng.uniform(0.35, 0.7)), rng)
    sheet.box((0.5, 0.5, 59.0, 34.0), sheet.body * 1.15, 0.6, 1.0)
    sheet.box((0.5, 36.0, 59.0, 27.0), sheet.body * 0.9, 1.4, 1.0)
    sheet.screen(25.0, 6.0)
    sheet.hood(5.0, 3.0)
    sheet.card_slot(6.0, 14.0)
    sheet.receipt(6.0, 25.0)
    sheet.keypad(8.0, 43.0)
    sheet.shutter(30.0, 46.0, 22.0)
    return sheet


def _recessed(rng: np.random.Generator) -> Sheet:
    """A deep recess with the screen, wide cheeks, slots on the left cheek."""
    sheet = Sheet(58.0, 70.0, float(rng.uniform(0.3, 0.8)), rng)
    sheet.box((13.0, 3.0, 42.0, 37.0), sheet.body * 0.8, -1.6, 1.0)
    sheet.screen(19.0, 11.0)
    sheet.hood(26.0, 4.5, 16.0)
    sheet.card_slot(1.5, 16.0)
    sheet.text(2.0, 12.5, 1.0, 7, sheet.body * 0.4)
    sheet.receipt(1.5, 27.0)
    sheet.box((3.0, 42.0, 52.0, 12.5), sheet.body * 1.1, 0.8, 1.0)
    sheet.keypad(33.0, 44.0)
    sheet.box((8.0, 45.0, 16.0, 7.0), 0.85, 0.05, 0.2)
    sheet.text(9.0, 46.0, 0.9, 12, 0.2)
    sheet.shutter(19.0, 60.0, 20.0)
    return sheet


def _wide(rng: np.random.Generator) -> Sheet:
    """A wide low front: the screen on the right, the keypad and the slot on its left."""
    sheet = Sheet(72.0, 46.0, float(rng.uniform(0.25, 0.75)), rng)
    sheet.box((0.6, 0.6, 70.8, 44.8), None, 0.6, 2.2)
    sheet.box((2.0, 2.0, 32.0, 42.0), sheet.body * 0.7, 0.2, 1.0)
    sheet.hood(48.0, 2.5)
    sheet.screen(37.0, 9.0)
    sheet.card_slot(6.0, 6.0)
    sheet.receipt(19.0, 7.0)
    sheet.keypad(10.0, 17.0)
    sheet.shutter(7.0, 33.0, 24.0)
    sheet.text(40.0, 38.0, 2.2, 10, sheet.body * 0.5)
    return sheet


def _tall(rng: np.random.Generator) -> Sheet:
    """A narrow pillar: screen, slot, keypad and shutter under one another."""
    sheet = Sheet(40.0, 86.0, float(rng.uniform(0.3, 0.8)), rng)
    sheet.box((0.5, 0.5, 39.0, 85.0), None, 0.8, 4.0)
    sheet.box((3.0, 4.0, 34.0, 4.5), sheet.body * 0.45)
    sheet.text(8.0, 5.0, 2.2, 8, 0.9)
    sheet.hood(14.0, 10.0, 12.0)
    sheet.screen(5.0, 16.5)
    for x in (4.0, 35.0):
        sheet.box((x, 45.0, 0.8, 0.8), sheet.body * 0.5, 0.15, 0.4)
        sheet.box((x, 80.0, 0.8, 0.8), sheet.body * 0.5, 0.15, 0.4)
    sheet.card_slot(24.0, 45.0)
    sheet.keypad(8.0, 46.0)
    sheet.receipt(15.0, 60.0)
    sheet.shutter(11.0, 70.0, 18.0)
    return sheet


_DESIGNS: dict[Fold, tuple[Callable[[np.random.Generator], Sheet], ...]] = {
    Fold.TRAINING: (_column, _centred, _slanted),
    Fold.JUDGING: (_recessed, _wide, _tall),
}


def designs(fold: Fold) -> frozenset[str]:
    """The shoots of the drawn machines of a fold."""
    return frozenset(_shoot(design) for design in _DESIGNS[fold])


def _shoot(design: Callable[[np.random.Generator], Sheet]) -> str:
    return f"drawn {design.__name__.strip('_')}"


def drawn_machines(fold: Fold, count: int, seed: int = 0) -> list[Machine]:
    """`count` fronts of the fold's own designs, each with its own sizes, material, light and view."""
    return [drawn_machine(fold, seed + number) for number in range(count)]


def drawn_machine(fold: Fold, number: int, px_per_cm: float | None = None) -> Machine:
    """One front; the same number gives the same one. `px_per_cm`: how large it is (None: by chance)."""
    rng = np.random.default_rng([71, list(Fold).index(fold), number])
    design = _DESIGNS[fold][number % len(_DESIGNS[fold])]
    sheet = design(rng)
    bezel = Place(Part.BEZEL, 0.0, 0.0, sheet.width_cm, sheet.height_cm)
    scale = float(np.exp(rng.uniform(np.log(2.0), np.log(4.5))))
    scale = px_per_cm if px_per_cm is not None else scale
    to_picture = _view(sheet, scale, rng)
    lit = _lit(sheet, rng)
    # A pixel of the picture is the mean of what it covers.
    softened = blurred(lit, max(0.5 * PER_CM / scale, 0.3))
    out = _wall(to_picture, rng)
    turn = to_picture @ np.diag([1.0 / PER_CM, 1.0 / PER_CM, 1.0])
    size = (WIDTH_PX, HEIGHT_PX)
    front, there = warped(softened, turn, size), warped(np.ones_like(lit), turn, size)
    out = out * (1.0 - there) + front * there
    blur_px = float(rng.uniform(0.6, 1.1))
    # The camera exposes for the whole view.
    out *= np.float32(rng.uniform(95.0, 140.0) / float(out.mean()))
    out = blurred(out, blur_px)
    regions = tuple(_seen(place, to_picture) for place in (bezel, *sheet.places))
    return Machine(
        f"{_shoot(design)} {number}",
        fold,
        _shoot(design),
        True,
        np.clip(out, 0, 255).astype(np.uint8),
        tuple(region for region in regions if _inside(region)),
        float(np.hypot(blur_px, 0.5)),
        _slope(sheet, turn, scale),
    )


def _seen(place: Place, to_picture: Matrix) -> Region:
    corners = cv2.perspectiveTransform(place.corners[None], to_picture)[0]
    return Region(place.part, np.asarray(corners, dtype=np.float64), place.w, place.h)


def _inside(region: Region) -> bool:
    if region.part is Part.BEZEL:
        return True
    x, y = region.corners[:, 0], region.corners[:, 1]
    return bool(x.min() > 6 and y.min() > 6 and x.max() < WIDTH_PX - 6 and y.max() < HEIGHT_PX - 6)


def _view(sheet: Sheet, px_per_cm: float, rng: np.random.Generator) -> Matrix:
    """3 x 3 from the sheet's centimetres into the picture, through a pinhole that looks at its middle."""
    yaw, pitch, roll = np.radians([rng.uniform(-28, 28), rng.uniform(-32, 12), rng.uniform(-6, 6)])
    focal = WIDTH_PX * float(rng.uniform(0.6, 1.0))
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    turn = (
        np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    )
    middle = np.array([sheet.width_cm / 2, sheet.height_cm / 2, 0.0])
    away = focal / px_per_cm
    lens = np.array([[focal, 0, WIDTH_PX / 2], [0, focal, HEIGHT_PX / 2], [0, 0, 1.0]])
    move = -turn @ middle + [0.0, 0.0, away]
    return np.asarray(lens @ np.column_stack([turn[:, 0], turn[:, 1], move]), dtype=np.float64)


def _lit(sheet: Sheet, rng: np.random.Generator) -> Floats:
    """The sheet under one lamp and the light of the room, 0 to 1."""
    angle = np.radians(rng.uniform(-150, -30))
    flat = float(rng.uniform(0.5, 1.1))
    across, down = float(np.cos(angle)) * flat, float(np.sin(angle)) * flat
    relief = blurred(sheet.relief, 1.0)
    right = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=PER_CM / 8)
    below = cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=PER_CM / 8)
    shade = np.clip(1.0 - 0.35 * (right * across + below * down), 0.45, 1.6)
    dark = np.zeros_like(relief)
    for step in range(1, 13):
        by = step * 2.0
        move = np.array([[1, 0, -across * by / flat], [0, 1, -down * by / flat]])
        moved = cv2.warpAffine(relief, move, relief.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        dark = np.maximum(dark, (moved - relief - by / PER_CM / flat > 0.02).astype(np.float32))
    shadow = 1.0 - 0.35 * blurred(dark, 1.5)
    corners = 1.0 - 0.12 * np.clip(blurred(relief, 10.0) - relief, 0.0, 2.0)
    fall = np.linspace(1.08, float(rng.uniform(0.6, 0.95)), relief.shape[0], dtype=np.float32)[:, None]
    lit = sheet.level * shade * shadow * corners * fall * float(rng.uniform(0.75, 1.1))
    return np.asarray(np.clip(lit, 0.0, 1.0), dtype=np.float32)


def _wall(to_picture: Matrix, rng: np.random.Generator) -> Floats:
    """What is behind and beside the front: a wall with joints."""
    size, per_cm = 900, 2.5
    wall = np.full((size, size), float(rng.uniform(0.35, 0.85)), np.float32)
    wall += blurred(rng.normal(0, 0.35, (size, size)).astype(np.float32), 8.0)
    tile = int(rng.integers(60, 200))
    wall[::tile] *= 0.7
    wall[:, ::tile] *= 0.7
    place = np.array([[1 / per_cm, 0, -150.0], [0, 1 / per_cm, -150.0], [0, 0, 1.0]])
    seen = cv2.warpPerspective(
        wall, to_picture @ place, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REFLECT_101
    )
    return np.clip(seen, 0.05, 0.95).astype(np.float32)


def _slope(sheet: Sheet, turn: Matrix, px_per_cm: float) -> Floats:
    soft = blurred(sheet.relief, max(0.5 * PER_CM / px_per_cm, 1.0))
    right = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=PER_CM / 8)
    below = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=PER_CM / 8)
    seen = [warped(np.asarray(one, np.float32), turn, (WIDTH_PX, HEIGHT_PX)) for one in (right, below)]
    return np.asarray(np.clip(np.stack(seen), -2.0, 2.0), dtype=np.float32)
