"""Draws what looks like a face to a finder and is none: wall sockets, knobs, grilles, keypads, clocks,
patterns.

Two dark spots over a bar in a ring are on every wall. Each picture is a cut as the cache holds faces: the
thing fills about what a face would.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.check.canvas import Cut, Rng
from models.training.check.data import CACHE_PX

_Level = NDArray[np.float32]


def _wall(rng: Rng, scenes: NDArray[np.uint8]) -> _Level:
    """A plain wall in some light or all of one tone, or a room."""
    if rng.random() < 0.3:
        return np.full((CACHE_PX, CACHE_PX), rng.uniform(10, 245), np.float32)
    if len(scenes) and rng.random() < 0.25:
        scene = scenes[int(rng.integers(len(scenes)))]
        return np.asarray(cv2.resize(scene, (CACHE_PX, CACHE_PX)), np.float32)
    small = rng.standard_normal((3, 3)).astype(np.float32) * rng.uniform(0, 22) + rng.uniform(20, 235)
    wall = cv2.resize(small, (CACHE_PX, CACHE_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wall + rng.standard_normal(wall.shape) * rng.uniform(0, 5), np.float32)


def _blot(
    out: _Level, middle: tuple[float, float], half: tuple[float, float], tone: float, angle: float
) -> None:
    """A filled oval."""
    box = (middle, (2 * half[0], 2 * half[1]), angle)
    cv2.ellipse(out, box, (tone,), -1, cv2.LINE_AA)


def _ring(out: _Level, middle: tuple[float, float], radius: float, tone: float, thick: int) -> None:
    at = (int(middle[0] * 8), int(middle[1] * 8))
    cv2.circle(out, at, int(radius * 8), (tone,), thick, cv2.LINE_AA, 3)


def _plate(out: _Level, rng: Rng, c: tuple[float, float], r: float) -> float:
    """A round or square plate with an edge; its tone."""
    tone = float(rng.uniform(15, 245))
    edge = float(np.clip(tone + rng.choice([-1, 1]) * rng.uniform(15, 90), 0, 255))
    if rng.random() < 0.5:
        _blot(out, c, (r, r * rng.uniform(0.9, 1.15)), tone, 0)
        _ring(out, c, r * rng.uniform(0.9, 1.0), edge, int(rng.integers(1, 4)))
    else:
        low, high = (int(c[0] - r), int(c[1] - r)), (int(c[0] + r), int(c[1] + r))
        cv2.rectangle(out, low, high, (tone,), -1)
        cv2.rectangle(out, low, high, (edge,), int(rng.integers(1, 4)))
    return tone


def _socket(out: _Level, rng: Rng, c: tuple[float, float], r: float) -> None:
    """A ring, two or three holes, often a bar or a screw."""
    tone = _plate(out, rng, c, r) if rng.random() < 0.8 else float(out.mean())
    dark = float(np.clip(tone + (-1 if tone > 70 else 1) * rng.uniform(40, 200), 0, 255))
    if rng.random() < 0.75:
        for _ in range(int(rng.integers(1, 3))):
            _ring(out, c, r * rng.uniform(0.6, 0.95), dark, int(rng.integers(1, 4)))
    apart, size = r * rng.uniform(0.22, 0.45), r * rng.uniform(0.06, 0.17)
    y = c[1] - r * rng.uniform(-0.1, 0.35)
    tall = rng.choice([1.0, 1.0, rng.uniform(1.5, 3.0)])
    for side in (-1, 1):
        _blot(out, (c[0] + side * apart, y), (size, size * tall), dark, 0)
    low = c[1] + r * rng.uniform(0.2, 0.55)
    kind = rng.random()
    if kind < 0.5:
        half = r * rng.uniform(0.12, 0.5)
        line = ((int(c[0] - half), int(low)), (int(c[0] + half), int(low)))
        cv2.line(out, *line, (dark,), int(rng.integers(1, 6)), cv2.LINE_AA)
    elif kind < 0.8:
        _blot(out, (c[0], low), (size * rng.uniform(0.6, 1.5),) * 2, dark, 0)


def _knobs(out: _Level, rng: Rng, c: tuple[float, float], r: float) -> None:
    """Some knobs, lamps or lenses on a case."""
    _plate(out, rng, c, r)
    for _ in range(int(rng.integers(2, 6))):
        at = (c[0] + r * rng.uniform(-0.7, 0.7), c[1] + r * rng.uniform(-0.7, 0.7))
        size = r * rng.uniform(0.08, 0.35)
        _blot(out, at, (size, size), float(rng.uniform(0, 255)), 0)
        if rng.random() < 0.6:
            _ring(out, at, size * 0.8, float(rng.uniform(0, 255)), int(rng.integers(1, 3)))


def _keys(out: _Level, rng: Rng, c: tuple[float, float], r: float) -> None:
    """A keypad, keyboard or grille."""
    _plate(out, rng, c, r)
    across, along = int(rng.integers(2, 12)), int(rng.integers(2, 9))
    tone, gap = float(rng.uniform(0, 255)), rng.uniform(0.55, 0.92)
    wide, high = 1.8 * r / across, 1.8 * r / along
    for i in range(across):
        for j in range(along):
            x, y = c[0] - 0.9 * r + i * wide, c[1] - 0.9 * r + j * high
            end = (int(x + wide * gap), int(y + high * gap))
            cv2.rectangle(out, (int(x), int(y)), end, (float(np.clip(tone + rng.normal(0, 8), 0, 255)),), -1)


def _dial(out: _Level, rng: Rng, c: tuple[float, float], r: float) -> None:
    """A clock, gauge, wheel or lens: rings about one middle with marks and a hand."""
    for k in range(int(rng.integers(2, 6))):
        _blot(out, c, (r * (1 - 0.2 * k) + 1,) * 2, float(rng.uniform(0, 255)), 0)
    for a in rng.uniform(0, 2 * np.pi, int(rng.integers(1, 12))):
        far = (int(c[0] + r * np.cos(a) * 0.9), int(c[1] + r * np.sin(a) * 0.9))
        near = (int(c[0] + r * np.cos(a) * 0.3), int(c[1] + r * np.sin(a) * 0.3))
        cv2.line(out, near, far, (float(rng.uniform(0, 255)),), int(rng.integers(1, 4)), cv2.LINE_AA)


def _shapes(out: _Level, rng: Rng, c: tuple[float, float], r: float) -> None:
    """Any shapes at all."""
    for _ in range(int(rng.integers(2, 9))):
        at = (c[0] + r * rng.uniform(-1, 1), c[1] + r * rng.uniform(-1, 1))
        half = (r * rng.uniform(0.05, 0.7), r * rng.uniform(0.05, 0.7))
        if rng.random() < 0.5:
            _blot(out, at, half, float(rng.uniform(0, 255)), rng.uniform(0, 180))
        else:
            corners = cv2.boxPoints((at, (2 * half[0], 2 * half[1]), rng.uniform(0, 90)))
            cv2.fillPoly(out, [np.rint(corners).astype(np.int32)], (float(rng.uniform(0, 255)),), cv2.LINE_AA)


def drawn_thing(rng: Rng, scenes: NDArray[np.uint8]) -> Cut:
    """One thing that is no face, as a cut (160, 160, 3) in grey."""
    out = _wall(rng, scenes)
    c = (CACHE_PX / 2 + rng.normal(0, 6), CACHE_PX / 2 + rng.normal(0, 6))
    r = CACHE_PX / 4 * rng.uniform(0.7, 1.5)
    kinds = (_socket, _socket, _socket, _knobs, _keys, _dial, _shapes)
    kinds[int(rng.integers(len(kinds)))](out, rng, c, float(r))
    if rng.random() < 0.5:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 2.0)), np.float32)
    if rng.random() < 0.3:
        turn = cv2.getRotationMatrix2D((CACHE_PX / 2, CACHE_PX / 2), rng.uniform(-180, 180), 1.0)
        size = (CACHE_PX, CACHE_PX)
        out = np.asarray(cv2.warpAffine(out, turn, size, borderMode=cv2.BORDER_REPLICATE), np.float32)
    grey = np.clip(out, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2)
