"""A scene as a cabin camera would have taken it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey
from models.training.find.net import HEIGHT, WIDTH

_DOWN = np.linspace(-1, 1, HEIGHT, dtype=np.float32)[:, None]
_ACROSS = np.linspace(-1, 1, WIDTH, dtype=np.float32)[None]
_NOISE = np.random.default_rng(21).standard_normal((2 * HEIGHT, 2 * WIDTH), dtype=np.float32)


def as_a_camera(grey: Grey, rng: np.random.Generator) -> Grey:
    """Light, lens and sensor of a cabin camera: gain, gamma, infrared fall-off, blur, noise, compression."""
    out = grey
    if rng.random() < 0.25:
        k = rng.uniform(0.35, 0.8)
        small = cv2.resize(out, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        out = np.asarray(cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.15:
        if rng.random() < 0.5:
            out = np.asarray(cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
        else:
            n = int(rng.integers(2, 7))
            kernel = np.zeros((n, n), np.float32)
            cv2.line(kernel, (0, int(rng.integers(0, n))), (n - 1, int(rng.integers(0, n))), (1.0,))
            out = np.asarray(cv2.filter2D(out, -1, kernel / max(float(kernel.sum()), 1.0)), np.uint8)
    draw = rng.random()
    real = out.astype(np.float32)
    if draw < 0.5:
        table = np.arange(256, dtype=np.float32) / 255
        table = table ** np.exp(rng.normal(0, 0.28))
        gain, lift = np.exp(rng.normal(0, 0.25)), rng.normal(0, 0.07)
        if rng.random() < 0.2:
            gain *= rng.uniform(0.12, 0.4)  # low light
        table = ((table - 0.5) * gain + 0.5 * min(gain, 1.0) + lift) * 255
        real = table[out]
    if rng.random() < 0.2:
        y, x = _DOWN, _ACROSS
        if rng.random() < 0.4:  # infrared lamp beside the lens
            fall = np.exp(
                -((x - rng.normal(0, 0.3)) ** 2 + (y - rng.normal(0, 0.3)) ** 2) * rng.uniform(0.3, 1.3)
            )
            real = real * (0.35 + 0.9 * fall)
        else:
            real = real * (1 + rng.normal(0, 0.3) * x + rng.normal(0, 0.3) * y)
    if rng.random() < 0.08:
        real = real * _bands(rng)
    if rng.random() < 0.3:
        strength = abs(rng.normal(0, 6.0))
        top, left = rng.integers(0, HEIGHT), rng.integers(0, WIDTH)
        real = real + np.float32(strength) * _NOISE[top : top + HEIGHT, left : left + WIDTH]
    out = np.clip(real, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 80))])[1]
        out = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return out


def _bands(rng: np.random.Generator) -> NDArray[np.float32]:
    """H x 1: a lamp on mains current before a rolling shutter, from hardly seen to pitch dark between."""
    wave = np.sin(_DOWN * rng.uniform(1.5, 18.0) + rng.uniform(0, 2 * np.pi))
    if rng.random() < 0.4:
        wave = np.tanh(4 * wave)  # a lamp that is switched, not one that swings
    depth = rng.uniform(0.2, 0.97)
    return np.asarray(1 - depth * (0.5 + 0.5 * wave), np.float32)
