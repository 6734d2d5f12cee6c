"""Coarse covers drawn onto faces by their landmarks: balaclavas, helmets, scarves, hands, printed masks."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey
from models.training.find.patterns import blend, pattern


def _fill(grey: Grey, outline: NDArray[np.float64], rng: np.random.Generator, dark: bool = False) -> None:
    """A piece of cloth, plastic or glass over `outline`: a tone, a shade across it, sometimes a print."""
    points = np.round(outline).astype(np.int32)
    x0, y0 = np.maximum(points.min(0), 0)
    x1, y1 = np.minimum(points.max(0) + 1, grey.shape[::-1])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    region = grey[y0:y1, x0:x1]
    mask = np.zeros(region.shape, np.uint8)
    cv2.fillPoly(mask, [points - np.array([x0, y0], np.int32)], (255,), cv2.LINE_AA)
    tone = rng.uniform(5, 70) if dark else rng.uniform(10, 245)
    slope = np.linspace(-1, 1, region.shape[1], dtype=np.float32)[None] * rng.normal(0, 22)
    fall = np.linspace(-1, 1, region.shape[0], dtype=np.float32)[:, None] * rng.normal(0, 22)
    cloth = np.full(region.shape, tone, np.float32) + slope + fall
    if not dark and rng.random() < 0.3:
        print_ = cv2.resize(pattern(rng), region.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
        cloth += (print_ - print_.mean()) * rng.uniform(0.2, 0.8)
    cloth += rng.normal(0, 4.0, region.shape).astype(np.float32)
    grey[y0:y1, x0:x1] = blend(cloth.clip(0, 255).astype(np.uint8), region, mask)


_KINDS = ("mask", "nose", "glasses", "both", "balaclava", "helmet", "scarf", "hand", "half")
_SHARES = (0.20, 0.05, 0.14, 0.09, 0.12, 0.21, 0.07, 0.05, 0.07)

_At = Callable[[float, float], NDArray[np.float64]]
"""Half face widths right of, and eye-to-mouth lengths below, the middle of the eyes, to pixels."""


def _half(grey: Grey, at: _At, rng: np.random.Generator) -> None:
    """One vertical half hidden by a telephone, a cloth, a door's edge: dark, bright or like skin."""
    side = float(rng.choice([-1.0, 1.0]))
    inner, outer = rng.uniform(-0.25, 0.25), rng.uniform(1.0, 1.7)
    above, below, lean = rng.uniform(-2.0, -0.7), rng.uniform(1.3, 2.6), rng.normal(0, 0.15)
    corners = [
        (inner + lean, above),
        (side * outer + lean, above),
        (side * outer - lean, below),
        (inner - lean, below),
    ]
    block = np.array([at(*where) for where in corners])
    if rng.random() < 0.3:
        here = np.round(at(-0.5 * side, 0.4)).astype(int)
        x, y = int(np.clip(here[0], 0, grey.shape[1] - 1)), int(np.clip(here[1], 0, grey.shape[0] - 1))
        cv2.fillPoly(grey, [np.round(block).astype(np.int32)], (float(grey[y, x]),), cv2.LINE_AA)
    else:
        _fill(grey, block, rng, dark=rng.random() < 0.5)


def _helmet(grey: Grey, at: _At, oval: Callable[..., NDArray[np.float64]], rng: np.random.Generator) -> None:
    """A full helmet from the front: shell, stripes, chin bar, and a visor dark, mirrored, clear or open."""
    face = grey.copy()
    wide, middle = rng.uniform(1.2, 1.5), rng.uniform(0.15, 0.4)
    _fill(grey, oval(0, middle, wide, rng.uniform(1.7, 2.2)), rng)
    for _ in range(int(rng.integers(0, 3))):
        x, w = rng.uniform(-1, 1), rng.uniform(0.05, 0.35)
        stripe = [(x - w, -1.5), (x + w, -1.5), (x + 1.3 * w, -0.7), (x - 1.3 * w, -0.7)]
        _fill(grey, np.array([at(*where) for where in stripe]), rng)
    top, low, reach = rng.uniform(-0.8, -0.4), rng.uniform(0.3, 0.85), rng.uniform(0.85, 1.15)
    edge = [(-reach, top * 0.7), (-0.5, top), (0.5, top), (reach, top * 0.7), (reach * 1.03, low * 0.6)]
    edge += [(0.5, low), (-0.5, low), (-reach * 1.03, low * 0.6)]
    visor = np.array([at(*where) for where in edge])
    draw = rng.random()
    if draw < 0.45:
        _fill(grey, visor, rng, dark=True)
    elif draw < 0.65:
        _fill(grey, visor, rng)
        sky = [(-reach, top * 0.7), (reach, top * 0.7), (reach, rng.uniform(-0.3, 0.3)), (-reach, 0.0)]
        _fill(grey, np.array([at(*where) for where in sky]), rng)
    else:
        hole = np.zeros(grey.shape, np.uint8)
        alpha = rng.uniform(120, 255) if draw < 0.85 else 255.0
        cv2.fillPoly(hole, [np.round(visor).astype(np.int32)], (alpha,), cv2.LINE_AA)
        grey[:] = blend(face, grey, hole)
    rim = (float(rng.uniform(0, 255)),)
    cv2.polylines(grey, [np.round(visor).astype(np.int32)], True, rim, int(rng.integers(1, 3)), cv2.LINE_AA)
    if rng.random() < 0.6:  # vents of the chin bar
        for x in (-0.35, 0.0, 0.35)[:: int(rng.integers(1, 3))]:
            y = rng.uniform(1.1, 1.5)
            vent = [(x - 0.14, y), (x + 0.14, y), (x + 0.1, y + 0.18), (x - 0.1, y + 0.18)]
            _fill(grey, np.array([at(*where) for where in vent]), rng, dark=True)
    if rng.random() < 0.5:  # a lamp on the visor or the shell
        x, y = rng.uniform(-0.8, 0.5), rng.uniform(-1.2, 0.3)
        shine = [(x, y), (x + 0.3, y), (x + 0.2, y + 0.12), (x - 0.05, y + 0.12)]
        cv2.fillPoly(grey, [np.round([at(*p) for p in shine]).astype(np.int32)], (245.0,), cv2.LINE_AA)


def cover_face(
    grey: Grey, box: NDArray[np.float32], marks: NDArray[np.float32], rng: np.random.Generator
) -> None:
    """Draws one cover onto the face, in place."""
    p = marks.reshape(5, 2).astype(np.float64)
    x, y, w, h = (float(v) for v in box)
    eyes, mouth = (p[0] + p[1]) / 2, (p[3] + p[4]) / 2
    down = mouth - eyes
    length = float(np.hypot(*down))
    if length < 3:
        return
    down /= length
    across = np.array([down[1], -down[0]])
    if across[0] < 0:
        across = -across
    middle = eyes + down * length * 0.5
    half = 0.52 * w

    def at(right: float, below: float) -> NDArray[np.float64]:
        """Half face widths right of, and eye-to-mouth lengths below, the eyes' middle, on the face's axes."""
        shift = np.dot(middle - np.array([x + w / 2, y + h / 2]), across)
        return np.asarray(eyes + across * (right * half - 0.6 * shift) + down * below * length, np.float64)

    def oval(
        right: float, below: float, rx: float, ry: float, start: float = 0, end: float = 360
    ) -> NDArray[np.float64]:
        t = np.deg2rad(np.linspace(start, end, 28))
        return np.array([at(right + rx * np.cos(a), below + ry * np.sin(a)) for a in t])

    kind = str(rng.choice(_KINDS, p=_SHARES))
    j = rng.normal(0, 0.05, 4)
    if kind == "half":
        _half(grey, at, rng)
    if kind == "helmet":
        _helmet(grey, at, oval, rng)
    if kind in ("mask", "nose", "both", "scarf"):
        top = {"mask": 0.28, "both": 0.28, "nose": 0.72, "scarf": 0.30}[kind] + j[0]
        deep = 1.75 + j[1] if kind != "scarf" else 2.6
        wide = 0.98 if kind != "scarf" else 1.2
        upper = [(-wide, top + 0.15), (-0.3, top), (0, top - 0.08), (0.3, top), (wide, top + 0.15)]
        lower = [(wide * 0.95, 1.1), (0.5, deep), (0, deep + 0.12), (-0.5, deep), (-wide * 0.95, 1.1)]
        _fill(grey, np.array([at(*where) for where in upper + lower]), rng)
    if kind in ("glasses", "both"):
        for side in (-1, 1):
            _fill(grey, oval(side * 0.45, 0.06 + j[2], 0.36, 0.30 + j[3]), rng, dark=True)
        _fill(
            grey,
            np.array([at(-0.95, -0.12), at(0.95, -0.12), at(0.95, -0.02), at(-0.95, -0.02)]),
            rng,
            dark=True,
        )
    if kind == "balaclava":
        eyes_seen = grey.copy()
        _fill(grey, oval(0, 0.45, 1.15, 1.85), rng, dark=rng.random() < 0.7)
        strip = np.zeros(grey.shape, np.uint8)
        if rng.random() < 0.6:
            hole = oval(0, 0.0 + j[0], 0.85, 0.30)
            cv2.fillPoly(strip, [np.round(hole).astype(np.int32)], (255,), cv2.LINE_AA)
        else:
            for side in (-1, 1):
                cv2.fillPoly(
                    strip, [np.round(oval(side * 0.45, 0.0, 0.25, 0.2)).astype(np.int32)], (255,), cv2.LINE_AA
                )
        if rng.random() < 0.85:
            grey[:] = blend(eyes_seen, grey, strip)
    if kind == "hand":
        skin = grey[max(0, int(y)) : max(0, int(y + h)) + 1, max(0, int(x)) : max(0, int(x + w)) + 1]
        tone = float(np.median(skin)) if skin.size else 128.0
        for finger in range(4):
            right = -0.6 + 0.38 * finger + j[0]
            top = rng.uniform(0.0, 0.5)
            shape = np.array(
                [at(right - 0.17, top), at(right + 0.17, top), at(right + 0.2, 1.9), at(right - 0.2, 1.9)]
            )
            points = np.round(shape).astype(np.int32)
            cv2.fillPoly(grey, [points], (float(np.clip(tone + rng.normal(8, 10), 0, 255)),), cv2.LINE_AA)
            cv2.polylines(grey, [points], True, (float(np.clip(tone - 35, 0, 255)),), 1, cv2.LINE_AA)
