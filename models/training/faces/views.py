"""How a face can stand before a camera: the same faces rolled, small, ill lit, blurred, half hidden or cut.

Each band of `BANDS` makes a picture of 320 x 240 px of a case: its picture in the middle, the face 72 px
wide, what lies around it continued from its edge. What a band does is done to that picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.faces.cases import Case, Grey
from models.training.faces.judged import Change, View

Rng = np.random.Generator
Floats = NDArray[np.float32]
WIDTH_PX: Final = 320
HEIGHT_PX: Final = 240
FACE_PX: Final = 72.0
_DOWN, _ACROSS = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)


def placed(case: Case, turn_deg: float = 0.0, face_px: float = FACE_PX) -> View:
    """The face in the middle, turned clockwise, this wide; the picture's edge goes on around it, soft."""
    left, top, wide, high = case.box
    side = (wide * high) ** 0.5
    k = face_px / side
    grey = case.grey
    if k < 0.6:
        shrink = k * 1.2
        grey = np.asarray(
            cv2.resize(grey, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8
        )
        left, top, wide, high, k = left * shrink, top * shrink, wide * shrink, high * shrink, k / shrink
    x, y = left + wide / 2, top + high / 2
    c, s = k * np.cos(np.radians(turn_deg)), k * np.sin(np.radians(turn_deg))
    m = np.array([[c, -s, WIDTH_PX / 2 - c * x + s * y], [s, c, HEIGHT_PX / 2 - s * x - c * y]], np.float64)
    size = (WIDTH_PX, HEIGHT_PX)
    near = cv2.warpAffine(grey, m, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full(grey.shape, 255, np.uint8), m, size)
    soft = cv2.GaussianBlur(near, (0, 0), 9.0)
    out = np.where(inside > 127, near, soft)
    box = (WIDTH_PX / 2 - k * wide / 2, HEIGHT_PX / 2 - k * high / 2, k * wide, k * high)
    return View(np.asarray(out, np.uint8), box)


def _levels(real: NDArray[np.float32] | NDArray[np.float64]) -> Grey:
    return np.asarray(np.clip(np.rint(real), 0, 255), np.uint8)


def rolled(case: Case, rng: Rng, deg: float) -> View:
    """Leaning by so many degrees, clockwise."""
    return placed(case, deg)


def small(case: Case, rng: Rng, face_px: float) -> View:
    """So many pixels wide."""
    return placed(case, face_px=face_px)


def dimmed(case: Case, rng: Rng, share: float) -> View:
    """This share of the light, and the noise of a sensor that has so little."""
    view = placed(case)
    noise = rng.standard_normal(view.grey.shape).astype(np.float32) * np.float32(1.5)
    return View(_levels(view.grey.astype(np.float32) * np.float32(share) + noise), view.box)


def _inside(view: View, grow: float) -> Floats:
    """1 in the middle of an ellipse about the face, 0 outside, softly."""
    x, y = view.box[0] + view.box[2] / 2, view.box[1] + view.box[3] / 2
    away = np.hypot((_ACROSS - x) / (view.box[2] * grow), (_DOWN - y) / (view.box[3] * grow))
    return np.asarray(1.0 / (1.0 + np.exp((away - 0.5) * 30.0)), np.float32)


def backlit(case: Case, rng: Rng, share: float) -> View:
    """A bright door behind: the head keeps this share of its light, all around it is near white."""
    view = placed(case)
    head = _inside(view, 1.5)
    grey = view.grey.astype(np.float32)
    return View(_levels(head * grey * np.float32(share) + (1 - head) * (200 + 0.2 * grey)), view.box)


def banded(case: Case, rng: Rng, depth: float) -> View:
    """Rolling bands of mains light over the picture, this deep, as a rolling shutter sees them."""
    view = placed(case)
    period_px = rng.uniform(0.5, 1.1) * FACE_PX
    wave = np.abs(np.sin(np.pi * _DOWN / period_px + rng.uniform(0, np.pi)))
    return View(_levels(view.grey * (1 - depth + depth * wave)), view.box)


def infrared(case: Case, rng: Rng, fall: float) -> View:
    """A lamp beside the lens: bright in the middle, `fall` times steeper than the picture's half height."""
    view = placed(case)
    away = np.hypot(_ACROSS - WIDTH_PX / 2, _DOWN - HEIGHT_PX / 2) / (HEIGHT_PX / 2)
    noise = rng.standard_normal(view.grey.shape) * 3.0
    # Skin is bright and smooth under infrared: its contrast falls.
    real = (110 + 0.7 * (view.grey.astype(np.float32) - 110)) * np.exp(-fall * away**2) * 1.25
    return View(_levels(real + noise), view.box)


def one_sided(case: Case, rng: Rng, share: float) -> View:
    """A lamp at one side: the other half of the face keeps this share of its light."""
    view = placed(case)
    sign = rng.choice([-1.0, 1.0])
    x = view.box[0] + view.box[2] / 2
    lit = 1.0 / (1.0 + np.exp(-sign * (_ACROSS - x) / (0.06 * FACE_PX)))
    return View(_levels(view.grey * (share + (1 - share) * lit)), view.box)


def blurred(case: Case, rng: Rng, share: float) -> View:
    """Out of focus: a Gaussian whose deviation is this share of the face's width."""
    view = placed(case)
    return View(np.asarray(cv2.GaussianBlur(view.grey, (0, 0), share * FACE_PX), np.uint8), view.box)


def moved(case: Case, rng: Rng, share: float) -> View:
    """Moving: smeared sideways over this share of the face's width."""
    view = placed(case)
    n = max(2, round(share * FACE_PX))
    return View(np.asarray(cv2.blur(view.grey, (n, 1)), np.uint8), view.box)


def half_hidden(case: Case, rng: Rng, side: str, tone: str) -> View:
    """A flat thing before one half of the face, upright, in one tone."""
    view = placed(case)
    left, top, wide, high = view.box
    x, y = left + wide / 2, top + high / 2
    reach = 0.75
    x0, x1, y0, y1 = x - reach * wide, x + reach * wide, y - reach * high, y + reach * high
    match side:
        case "left":
            x1 = x
        case "right":
            x0 = x
        case "top":
            y1 = y
        case _:
            y0 = y
    grey = view.grey.copy()
    middle = grey[int(y - high / 4) : int(y + high / 4), int(x - wide / 4) : int(x + wide / 4)]
    level = {"black": 18.0, "grey": 120.0, "white": 240.0}.get(tone, float(np.median(middle)))
    part = grey[max(0, int(y0)) : int(y1), max(0, int(x0)) : int(x1)]
    part[:] = _levels(level + rng.standard_normal(part.shape) * 3.0)
    return View(grey, view.box)


def upside_down(case: Case, rng: Rng) -> View:
    """On its head."""
    return placed(case, 180.0)


def cut(case: Case, rng: Rng, side: str, share: float) -> View:
    """The picture's edge takes this share of the face."""
    view = placed(case)
    left, top, wide, high = (round(v) for v in view.box)
    gone_x, gone_y = round(share * wide), round(share * high)
    x0, y0, x1, y1 = 0, 0, WIDTH_PX, HEIGHT_PX
    match side:
        case "left":
            x0 = left + gone_x
        case "right":
            x1 = left + wide - gone_x
        case "top":
            y0 = top + gone_y
        case _:
            y1 = top + high - gone_y
    box = (
        max(left, x0) - x0,
        max(top, y0) - y0,
        min(left + wide, x1) - max(left, x0),
        min(top + high, y1) - max(top, y0),
    )
    return View(
        np.ascontiguousarray(view.grey[y0:y1, x0:x1]),
        (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
    )


@dataclass(frozen=True, slots=True)
class Band:
    """A view, and which words about a bare face in it are wrong."""

    change: Change
    hides: bool = False
    """Whether the face is hidden, so that proper is wrong and covered is right."""


def _upright(case: Case, rng: Rng) -> View:
    return placed(case)


def _bands() -> dict[str, dict[str, Band]]:
    def row(change: Callable[..., View], hides: bool = False, **given: float | str) -> Band:
        return Band(partial(change, **given), hides)

    return {
        "as it is": {"placed, upright": Band(_upright)},
        "roll": {f"{d:+d} degrees": row(rolled, deg=float(d)) for d in (-45, -30, -20, -10, 10, 20, 30, 45)},
        "size": {f"{px} px": row(small, face_px=float(px)) for px in (150, 48, 36, 28, 22)},
        "light": {
            **{f"{100 * s:.0f} % of the light": row(dimmed, share=s) for s in (0.3, 0.12, 0.06)},
            **{f"backlit, {100 * s:.0f} % of the light": row(backlit, share=s) for s in (0.5, 0.2)},
            **{f"bands {100 * d:.0f} % deep": row(banded, depth=d) for d in (0.5, 0.8, 0.95)},
            **{f"infrared, fall-off {f}": row(infrared, fall=f) for f in (0.8, 2.0)},
            **{f"one half at {100 * s:.0f} %": row(one_sided, share=s) for s in (0.4, 0.15)},
        },
        "blur": {
            **{f"blurred by {100 * s:.0f} % of the width": row(blurred, share=s) for s in (0.02, 0.04, 0.06)},
            **{f"moved by {100 * s:.0f} % of the width": row(moved, share=s) for s in (0.1, 0.2)},
        },
        "half hidden": {
            **{
                f"{side} half, {tone}": row(half_hidden, True, side=side, tone=tone)
                for side in ("left", "right")
                for tone in ("black", "grey", "white", "skin")
            },
            **{
                f"{side} half, {tone}": row(half_hidden, True, side=side, tone=tone)
                for side in ("top", "bottom")
                for tone in ("black", "skin")
            },
        },
        "upside down": {"upside down": Band(upside_down)},
        "cut by the edge": {
            f"{side}, {100 * share:.0f} %": row(cut, side=side, share=share)
            for side in ("left", "right", "top", "bottom")
            for share in (0.2, 0.4)
        },
    }


BANDS: Final[Mapping[str, Mapping[str, Band]]] = _bands()
"""By what is changed, in the order of the card."""
