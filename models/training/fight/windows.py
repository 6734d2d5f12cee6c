"""What the network learns from: windows of clips as the kiosk cuts them, spoilt as cameras spoil them."""

from __future__ import annotations

import cv2
import numpy as np

from edge.terms.observation import Box
from edge.vision.scene.fight import OVER_S, Window, moved_box, window_of
from models.training.fight.data import FPS, Frames

_OVER = round(OVER_S * FPS)
_APART = 2
"""Frames between the three pictures, at ten a second."""
_STILL_SHARE = 0.08
"""Of the fights drawn as one picture held three times: what does not move is no fight, wherever it is."""


def windows(frames: Frames, count: int = 4) -> list[Window]:
    """Windows spread evenly over the clip, cut as the kiosk cuts them."""
    last = np.linspace(min(2 * _APART, len(frames) - 1), len(frames) - 1, count).round().astype(int)
    return [
        window_of(
            [frames[max(end - 2 * _APART, 0)], frames[max(end - _APART, 0)], frames[end]],
            moved_box(_spaced(frames, int(end))),
        )
        for end in last
    ]


def _spaced(frames: Frames, end: int) -> Frames:
    """Two seconds up to `end`, a fifth of a second apart."""
    begin = max(end - _OVER, 0)
    return frames[begin + (end - begin) % _APART : end + 1 : _APART]


def drawn(frames: Frames, fight: bool, rng: np.random.Generator) -> tuple[Window, bool]:
    """One window at random, spoilt, and whether it is one of a fight."""
    apart = int(rng.choice([1, 2, 2, 2, 3]))
    end = int(rng.integers(min(2 * apart, len(frames) - 1), len(frames)))
    three = [frames[max(end - 2 * apart, 0)], frames[max(end - apart, 0)], frames[end]]
    box = moved_box(_spaced(frames, end)) if rng.random() < 0.85 else None
    if fight and rng.random() < _STILL_SHARE:
        three, fight = [three[2]] * 3, False
    if rng.random() < 0.3:
        three = three[::-1]
    three = _seen_by_a_camera(three, rng)
    window = window_of(three, _shaken(box, frames.shape[1], frames.shape[2], rng))
    if rng.random() < 0.5:
        window = np.ascontiguousarray(window[:, ::-1])
    if rng.random() < 0.3:
        high, wide = int(rng.integers(12, 40)), int(rng.integers(12, 50))
        y, x = int(rng.integers(0, window.shape[0] - high)), int(rng.integers(0, window.shape[1] - wide))
        window[y : y + high, x : x + wide] = rng.integers(60, 200)
    return window, fight


def _shaken(box: Box | None, h: int, w: int, rng: np.random.Generator) -> Box:
    """A cut that lies somewhere else and is of another size and shape."""
    left, top, wide, high = box if box is not None else (0.0, 0.0, float(w), float(h))
    wide_new, high_new = wide * rng.uniform(0.65, 1.15), high * rng.uniform(0.65, 1.15)
    x = left + (wide - wide_new) * rng.uniform(-0.1, 1.1)
    y = top + (high - high_new) * rng.uniform(-0.1, 1.1)
    x0, y0 = max(x, 0.0), max(y, 0.0)
    x1, y1 = min(x + wide_new, float(w)), min(y + high_new, float(h))
    return x0, y0, max(x1 - x0, 32.0), max(y1 - y0, 32.0)


def _seen_by_a_camera(three: list[Frames], rng: np.random.Generator) -> list[Frames]:
    """Another light, noise, blur, fewer pixels, a shaking hand; noise and shaking differ among the three."""
    light = float(np.exp(rng.uniform(np.log(0.12), np.log(1.3)))) if rng.random() < 0.5 else 1.0
    gamma = float(rng.uniform(0.6, 1.6)) if rng.random() < 0.5 else 1.0
    levels = np.clip(((np.arange(256) / 255.0) ** gamma) * 255.0 * light, 0, 255)
    noise = float(rng.uniform(0.5, 5.0)) if rng.random() < 0.5 else 0.0
    blur = float(rng.uniform(0.5, 2.0)) if rng.random() < 0.3 else 0.0
    fewer = float(rng.uniform(0.25, 0.8)) if rng.random() < 0.4 else 1.0
    h, w = three[0].shape
    spoilt = []
    for picture in three:
        now = levels[picture].astype(np.float32)
        if blur > 0.0:
            now = cv2.GaussianBlur(now, (0, 0), blur)
        if fewer < 1.0:
            few = cv2.resize(now, (round(w * fewer), round(h * fewer)), interpolation=cv2.INTER_AREA)
            now = cv2.resize(few, (w, h), interpolation=cv2.INTER_LINEAR)
        if noise > 0.0:
            now = now + rng.standard_normal(now.shape).astype(np.float32) * noise
        spoilt.append(np.clip(np.rint(now), 0, 255).astype(np.uint8))
    if rng.random() < 0.15:
        shift = rng.uniform(-2.0, 2.0, (3, 2))
        spoilt = [
            np.asarray(
                cv2.warpAffine(
                    p, np.array([[1, 0, x], [0, 1, y]], np.float32), (w, h), borderMode=cv2.BORDER_REPLICATE
                ),
                dtype=np.uint8,
            )
            for p, (x, y) in zip(spoilt, shift, strict=True)
        ]
    return spoilt
