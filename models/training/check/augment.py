"""Spoils a cut as cabin cameras do: framing, light, lens, resolution, blur, noise, compression, infrared.

The last step is always the runtime's own `normalise`, so a training sample is what the kiosk would see.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.vision.face.align import EXTENT, SIZE_PX, Frame, align, normalise
from edge.vision.face.check import AS_IS, View
from models.training.check.data import CACHE_EXTENT, CACHE_PX

Rng = np.random.Generator
Grey = NDArray[np.uint8]

_NOISE = np.random.default_rng(7).standard_normal((8, 2 * SIZE_PX, 2 * SIZE_PX)).astype(np.float32)
_YY, _XX = np.mgrid[0:SIZE_PX, 0:SIZE_PX].astype(np.float32) / SIZE_PX - 0.5
_WEIGHTS = np.array([0.114, 0.587, 0.299], np.float32)
_SCALE = SIZE_PX / EXTENT * CACHE_EXTENT / CACHE_PX
_FACE = SIZE_PX / EXTENT
"""Pixels of a face size: blurs are given in shares of it."""


def plain(cut: NDArray[np.uint8], view: View = AS_IS[0]) -> Grey:
    """The network's input (int8 + 128 as uint8) for a cached cut as the runtime would make it."""
    grey = np.asarray(cv2.cvtColor(np.asarray(cut), cv2.COLOR_BGR2GRAY), np.uint8)
    middle = (CACHE_PX - 1) / 2
    return seen(grey, Frame(middle, middle, CACHE_PX / CACHE_EXTENT, 0.0), view)


def seen(grey: Grey, frame: Frame, view: View) -> Grey:
    """The network's input (int8 + 128 as uint8) for one view of a face in a grey picture."""
    out = align(grey, replace(frame, size=frame.size * view.zoom))
    out = out[:, ::-1] if view.mirrored else out
    return as_input(out)


def spoilt(cut: NDArray[np.uint8], rng: Rng, strength: float = 1.0) -> tuple[Grey, bool]:
    """One random view of a cached cut, and whether it is mirrored."""
    grey = to_grey(np.asarray(cut), rng)
    out, mirrored = _frame(grey, rng, strength)
    out = weathered(out, rng)
    if rng.random() < 0.25:
        _patch(out, rng)
    return as_input(out), mirrored


def as_input(cut: Grey) -> Grey:
    """The network's input (int8 + 128 as uint8) for an aligned cut."""
    return (normalise(cut).astype(np.int16) + 128).astype(np.uint8)


def weathered(cut: Grey, rng: Rng) -> Grey:
    """An aligned cut in another light, through a poorer lens, with noise and compression."""
    level = _light(cut.astype(np.float32), rng)
    roll = rng.random()
    if roll < 0.08:
        level = _bands(level, rng)
    elif roll < 0.15:
        level = _night(level, rng)
    level = _resolution(level, rng)
    level = _blur(level, rng)
    if rng.random() < 0.5:
        n = _NOISE[rng.integers(8)]
        y, x = rng.integers(0, SIZE_PX, 2)
        noise = n[y : y + SIZE_PX, x : x + SIZE_PX]
        level = level + noise * rng.uniform(1, 11) * (
            1.0 if rng.random() < 0.5 else np.sqrt(level.clip(0, 255) / 128)
        )
    out = np.clip(level, 0, 255).astype(np.uint8)
    if rng.random() < 0.45:
        _, packed = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(14, 90))])
        out = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return out


def to_grey(cut: NDArray[np.uint8], rng: Rng) -> Grey:
    """The grey picture of a cached cut as one of many cameras sees its colours."""
    roll = rng.random()
    if roll < 0.45:
        return np.asarray(cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY), np.uint8)
    if roll < 0.85:
        weights = _WEIGHTS * np.exp(rng.normal(0, 0.8, 3))
        weights = weights / weights.sum()
    else:  # infrared: near the red channel, skin bright and even, dyes often gone
        weights = np.array([rng.uniform(-0.35, 0.1), rng.uniform(-0.2, 0.3), 1.0])
        weights = weights / weights.sum()
    return np.asarray(cv2.transform(cut, weights.reshape(1, 3).astype(np.float32)), np.uint8)


def _frame(grey: Grey, rng: Rng, strength: float) -> tuple[Grey, bool]:
    # A picture's edge anywhere near the face, so that repeated border pixels tell nothing of the source.
    if rng.random() < 0.5:
        low = rng.integers(0, 34, 2)
        high = CACHE_PX - rng.integers(0, 34, 2)
    else:
        low, high = np.zeros(2, int), np.full(2, CACHE_PX)
    part = grey[low[1] : high[1], low[0] : high[0]]
    # Of a head held askew the landmarks are poor, and with them the turn and size of the cut.
    wild = rng.random() < 0.18
    turn = np.radians(rng.normal(0, 20 if wild else 5) * strength)
    zoom = _SCALE * np.exp(rng.normal(0, 0.16 if wild else 0.08) * strength)
    aspect = np.exp(rng.normal(0, 0.14) * strength) if rng.random() < 0.6 else 1.0
    shift = rng.normal(0, 0.07 if wild else 0.035, 2) * SIZE_PX * strength
    mirrored = bool(rng.random() < 0.5)
    sx, sy = zoom * np.sqrt(aspect), zoom / np.sqrt(aspect)
    c, s = np.cos(turn), np.sin(turn)
    a = np.array([[c * sx, -s * sy], [s * sx, c * sy]])
    if mirrored:
        a[0] *= -1
    half, middle = (SIZE_PX - 1) / 2, (CACHE_PX - 1) / 2
    b = half + shift - a @ np.array([middle - low[0], middle - low[1]])
    if rng.random() < 0.25:
        # Wide angle near the lens: a slight perspective.
        p = np.array([[*a[0], b[0]], [*a[1], b[1]], [0, 0, 1.0]])
        tilt = np.array([[1, 0, 0], [0, 1, 0], [*(rng.normal(0, 0.115 / SIZE_PX, 2)), 1.0]])
        to = np.array([[1, 0, half], [0, 1, half], [0, 0, 1.0]])
        back = np.array([[1, 0, -half], [0, 1, -half], [0, 0, 1.0]])
        out = cv2.warpPerspective(
            part,
            to @ tilt @ back @ p,
            (SIZE_PX, SIZE_PX),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    else:
        m = np.hstack([a, b[:, None]])
        out = cv2.warpAffine(
            part, m, (SIZE_PX, SIZE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    return np.asarray(out, np.uint8), mirrored


def _light(level: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    if rng.random() < 0.7:
        gamma = np.exp(rng.normal(0, 0.4))
        level = np.asarray(np.power(level.clip(0, 255) / 255, np.float32(gamma)) * 255, np.float32)
    if rng.random() < 0.4:  # lit from one side
        angle = rng.uniform(0, 2 * np.pi)
        level = level * (
            1 + rng.uniform(0, 1.3) * (np.float32(np.cos(angle)) * _XX + np.float32(np.sin(angle)) * _YY)
        )
    if rng.random() < 0.2:  # a lamp in the middle, dark towards the edge
        level = level * np.exp(-rng.uniform(0.3, 2.5) * (_XX**2 + _YY**2)).astype(np.float32)
    if rng.random() < 0.4:
        level = (level - 128) * rng.uniform(0.35, 1.3) + 128 + rng.uniform(-45, 45)
    if rng.random() < 0.12:  # burnt out
        level = level * rng.uniform(1.2, 1.9)
    return level.clip(0, 255).astype(np.float32)


def _bands(level: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """Dark bands of lamps on the mains as a rolling shutter sees them: soft or hard, up to nearly black."""
    tilt = rng.normal(0, 0.1) if rng.random() < 0.8 else rng.uniform(-1, 1)
    wave = np.sin((_YY + _XX * np.float32(tilt)) * (2 * np.pi / rng.uniform(0.22, 1.5)) + rng.uniform(0, 6.3))
    dark = 1 / (1 + np.exp(-np.clip(wave * np.exp(rng.uniform(0.3, 3.0)) + rng.normal(0, 0.7), -30, 30)))
    return np.asarray(level * (1 - dark * rng.uniform(0.3, 0.95)), np.float32)


def _night(level: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    """Hardly any light: few grey levels left, and the camera's noise among them."""
    low = level * (rng.uniform(5, 40) / max(float(level.mean()), 1.0))
    noise = rng.standard_normal(level.shape).astype(np.float32)
    low = low + noise * (np.sqrt(low.clip(0)) * rng.uniform(0, 0.5) + rng.uniform(0.2, 2.0))
    return np.asarray(np.rint(low).clip(0, 255), np.float32)


def _resolution(level: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    if rng.random() < 0.5:
        return level
    side = int(SIZE_PX * np.exp(rng.uniform(np.log(0.28), 0)))
    down = cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR
    small = cv2.resize(level, (side, side), interpolation=down)
    if rng.random() < 0.3:
        _, packed = cv2.imencode(".jpg", small.clip(0, 255).astype(np.uint8), [1, int(rng.integers(25, 90))])
        small = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE).astype(np.float32)
    up = cv2.INTER_LINEAR if rng.random() < 0.75 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(small, (SIZE_PX, SIZE_PX), interpolation=up), np.float32)


def _blur(level: NDArray[np.float32], rng: Rng) -> NDArray[np.float32]:
    roll = rng.random()
    if roll < 0.2:
        return np.asarray(
            cv2.GaussianBlur(
                level,
                (0, 0),
                _FACE * (rng.uniform(0.006, 0.033) if roll < 0.14 else rng.uniform(0.023, 0.06)),
            ),
            np.float32,
        )
    if roll < 0.32:  # motion
        n = int(rng.integers(2, 8))
        kernel = np.zeros((n, n), np.float32)
        angle = rng.uniform(0, np.pi)
        d = np.array([np.cos(angle), np.sin(angle)]) * n / 2
        c = n / 2
        cv2.line(kernel, (int(c - d[0]), int(c - d[1])), (int(c + d[0]), int(c + d[1])), (1.0,), 1)
        return np.asarray(cv2.filter2D(level, -1, kernel / max(kernel.sum(), 1.0)), np.float32)
    if roll < 0.38:  # a camera's sharpening
        fine = level - cv2.GaussianBlur(level, (0, 0), 0.023 * _FACE)
        return level + fine * np.float32(rng.uniform(0.3, 1.5))
    return level


def _patch(out: Grey, rng: Rng) -> None:
    """Something flat in a corner or along an edge, clear of the face: no cover."""
    w, h = rng.integers(SIZE_PX // 16, SIZE_PX // 3, 2)
    x = int(rng.choice([0, SIZE_PX - w]))
    y = int(rng.integers(0, SIZE_PX - h))
    flat = SIZE_PX // 7
    if w > flat:
        y = int(rng.choice([0, SIZE_PX - min(h, flat)]))
        h = min(h, flat)
    out[y : y + h, x : x + w] = rng.integers(0, 256)
