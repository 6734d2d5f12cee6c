"""Things of a cabin that look like faces and are none, drawn: sockets, dials, clocks, locks, key pads."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from models.training.common import Grey

_SIDE = 160
_DRAWINGS = 600


def thing(rng: np.random.Generator) -> Grey:
    """160 x 160: one of 600 drawings."""
    return _drawn(int(rng.integers(_DRAWINGS))).copy()


@lru_cache(maxsize=_DRAWINGS)
def _drawn(number: int) -> Grey:
    rng = np.random.default_rng((23, number))
    wall, plate = float(rng.integers(20, 256)), float(rng.integers(20, 256))
    ink = float(np.clip(plate + rng.choice([-1, 1]) * rng.uniform(60, 220), 0, 255))
    grey = np.full((_SIDE, _SIDE), wall, np.uint8)
    _plate(grey, plate, ink, rng)
    (_socket, _socket, _dial, _clock, _buttons, _two_and_one)[int(rng.integers(6))](grey, ink, rng)
    shade = np.linspace(-1, 1, _SIDE, dtype=np.float32)
    lit = grey + shade[None] * rng.normal(0, 20) + shade[:, None] * rng.normal(0, 20)
    lit += rng.normal(0, rng.uniform(0, 6), grey.shape)
    return np.asarray(
        cv2.GaussianBlur(lit.clip(0, 255).astype(np.uint8), (0, 0), rng.uniform(0.4, 2.0)), np.uint8
    )


def _plate(grey: Grey, tone: float, ink: float, rng: np.random.Generator) -> None:
    half = int(_SIDE * rng.uniform(0.30, 0.48))
    tall = int(half * rng.uniform(0.8, 1.3))
    middle = _SIDE // 2
    if rng.random() < 0.5:
        box = (middle - half, middle - min(tall, 78)), (middle + half, middle + min(tall, 78))
        cv2.rectangle(grey, *box, (tone,), -1, cv2.LINE_AA)
        cv2.rectangle(grey, *box, (ink,), int(rng.integers(1, 5)), cv2.LINE_AA)
    else:
        axes = half, min(tall, 78)
        cv2.ellipse(grey, (middle, middle), axes, 0, 0, 360, (tone,), -1, cv2.LINE_AA)
        cv2.ellipse(grey, (middle, middle), axes, 0, 0, 360, (ink,), int(rng.integers(1, 5)), cv2.LINE_AA)


def _hole(grey: Grey, x: float, y: float, r: float, ink: float, rng: np.random.Generator) -> None:
    at = round(x), round(y)
    if rng.random() < 0.5:
        cv2.circle(grey, at, max(2, round(r)), (ink,), -1, cv2.LINE_AA)
    else:
        w, h = max(1, round(r * rng.uniform(0.4, 1.2))), max(2, round(r * rng.uniform(0.8, 2.0)))
        cv2.rectangle(grey, (at[0] - w, at[1] - h), (at[0] + w, at[1] + h), (ink,), -1)
    if rng.random() < 0.3:
        cv2.circle(grey, at, max(3, round(1.5 * r)), (ink,), 1, cv2.LINE_AA)


def _socket(grey: Grey, ink: float, rng: np.random.Generator) -> None:
    """Two holes and an earth below or above; sometimes a round well about them; sometimes two sockets."""
    middle, apart, r = _SIDE / 2, rng.uniform(12, 32), rng.uniform(3, 10)
    if rng.random() < 0.5:
        well = int(rng.uniform(38, 62))
        shade = (float(np.clip(ink + rng.normal(0, 60), 0, 255)),)
        cv2.circle(grey, (_SIDE // 2, _SIDE // 2), well, shade, int(rng.choice([-1, 2, 4])), cv2.LINE_AA)
    y = middle + rng.uniform(-25, 12)
    for side in (-1, 1):
        _hole(grey, middle + side * apart, y, r, ink, np.random.default_rng(int(r * 100)))
    if rng.random() < 0.7:
        _hole(
            grey,
            middle,
            y + rng.uniform(20, 45) * rng.choice([1, 1, 1, -1]),
            r * rng.uniform(0.8, 1.5),
            ink,
            rng,
        )


def _two_and_one(grey: Grey, ink: float, rng: np.random.Generator) -> None:
    """Lamps or screws above, a slot below: a card reader, a letter box, a switch."""
    middle, apart = _SIDE / 2, rng.uniform(15, 40)
    y, r = middle - rng.uniform(5, 35), rng.uniform(4, 14)
    for side in (-1, 1):
        _hole(grey, middle + side * apart, y, r, ink, rng)
    low, half, high = round(middle + rng.uniform(12, 45)), int(rng.uniform(15, 50)), int(rng.uniform(1, 8))
    cv2.rectangle(grey, (_SIDE // 2 - half, low - high), (_SIDE // 2 + half, low + high), (ink,), -1)


def _dial(grey: Grey, ink: float, rng: np.random.Generator) -> None:
    middle, r = _SIDE // 2, float(rng.uniform(35, 70))
    for a in np.linspace(0, 2 * np.pi, int(rng.integers(6, 40)), endpoint=False):
        one = np.array([np.cos(a), np.sin(a)])
        a0, a1 = middle + one * r * 0.82, middle + one * r
        cv2.line(grey, (round(a0[0]), round(a0[1])), (round(a1[0]), round(a1[1])), (ink,), 2, cv2.LINE_AA)
    cv2.circle(
        grey,
        (middle, middle),
        int(r * rng.uniform(0.2, 0.6)),
        (ink,),
        int(rng.choice([-1, 2, 5])),
        cv2.LINE_AA,
    )
    _hand(grey, r * 0.7, ink, rng)


def _clock(grey: Grey, ink: float, rng: np.random.Generator) -> None:
    middle, r = _SIDE // 2, float(rng.uniform(45, 72))
    cv2.circle(grey, (middle, middle), int(r), (ink,), int(rng.integers(1, 7)), cv2.LINE_AA)
    for hour in range(1, 13):
        a = hour * np.pi / 6
        at = (round(middle + 0.8 * r * np.sin(a)) - 6, round(middle - 0.8 * r * np.cos(a)) + 5)
        cv2.putText(grey, str(hour), at, 0, 0.4, (ink,), 1, cv2.LINE_AA)
    for length in (0.5, 0.75):
        _hand(grey, r * length, ink, rng)


def _hand(grey: Grey, length: float, ink: float, rng: np.random.Generator) -> None:
    a, middle = rng.uniform(0, 2 * np.pi), _SIDE // 2
    tip = (round(middle + length * np.cos(a)), round(middle + length * np.sin(a)))
    cv2.line(grey, (middle, middle), tip, (ink,), int(rng.integers(1, 6)), cv2.LINE_AA)


def _buttons(grey: Grey, ink: float, rng: np.random.Generator) -> None:
    across, down = int(rng.integers(2, 5)), int(rng.integers(2, 6))
    r = 50.0 / max(across, down)
    for i in range(across):
        for j in range(down):
            x = _SIDE / 2 + (i - (across - 1) / 2) * 2.2 * r
            y = _SIDE / 2 + (j - (down - 1) / 2) * 2.0 * r
            box = (round(x - 0.8 * r), round(y - 0.7 * r)), (round(x + 0.8 * r), round(y + 0.7 * r))
            cv2.rectangle(grey, *box, (ink,), int(rng.choice([-1, 1, 2])))
            cv2.putText(grey, str((3 * j + i + 1) % 10), (box[0][0] + 2, box[1][1] - 2), 0, 0.4, (128.0,), 1)
