"""Half a face hidden, and half a face in the dark; beards, frames and microphones that hide nothing.

A telephone at the ear, a door's edge or a flat hand hides one eye and half the mouth: nobody is known by what
is left. A hard shadow over the same half hides nothing: eye and mouth are still there, only darker.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.check.canvas import Cut, Geometry, Points, Rng, area_of, cloth, lay, size_of, skin_of
from models.training.check.held import hand_at

Painter = Callable[[Cut, Geometry, Rng], None]

FAR = 400.0
"""Farther than any cut reaches, in pixels."""


def _axes(g: Geometry) -> tuple[Points, Points]:
    """Unit vectors to the right and down the face."""
    right = g.eye_r - g.eye_l
    right = right / max(float(np.linalg.norm(right)), 1e-3)
    return np.asarray(right, np.float32), np.array([-right[1], right[0]], np.float32)


def _slab(
    middle: Points, right: Points, down: Points, span: tuple[float, float], rise: tuple[float, float]
) -> list[tuple[float, float]]:
    """A rectangle from `span` across and `rise` along, measured from `middle`."""
    corners = [(span[0], rise[0]), (span[1], rise[0]), (span[1], rise[1]), (span[0], rise[1])]
    return [(float(p[0]), float(p[1])) for p in (middle + right * x + down * y for x, y in corners)]


def _turned(right: Points, angle: float) -> tuple[Points, Points]:
    c, s = np.cos(angle), np.sin(angle)
    out = np.array([c * right[0] - s * right[1], s * right[0] + c * right[1]], np.float32)
    return out, np.array([-out[1], out[0]], np.float32)


def _flat(cut: Cut, g: Geometry, rng: Rng) -> NDArray[np.float32]:
    """One tone all over: black, grey, white, or that of the skin, with hardly any light on it."""
    tone = [rng.uniform(0, 40), rng.uniform(40, 200), rng.uniform(200, 255)][int(rng.integers(3))]
    colour = np.full(3, tone) + rng.uniform(-8, 8, 3)
    if rng.random() < 0.3:
        colour = skin_of(cut, g) * rng.uniform(0.7, 1.25)
    out = np.empty((*size_of(cut), 3), np.float32)
    out[:] = np.clip(colour, 0, 255)
    return out


def _telephone(cut: Cut, outline: list[tuple[float, float]], rng: Rng) -> None:
    """A rim and a lens or two on a slab that is drawn already."""
    p = np.array(outline)
    if rng.random() < 0.6:
        tone = float(rng.uniform(0, 255))
        drawn = [np.rint(p * 8).astype(np.int32)]
        cv2.polylines(cut, drawn, True, (tone, tone, tone), int(rng.integers(1, 3)), cv2.LINE_AA, 3)
    if rng.random() < 0.6:
        for k in range(int(rng.integers(1, 4))):
            at = p[0] * 0.72 + p[1] * 0.14 + p[3] * (0.14 + 0.05 * k)
            middle = (int(at[0]), int(at[1]))
            cv2.circle(cut, middle, int(rng.integers(2, 6)), (10.0, 10.0, 10.0), -1, cv2.LINE_AA)
            cv2.circle(cut, middle, 1, (150.0, 150.0, 150.0), -1, cv2.LINE_AA)


def half(cut: Cut, g: Geometry, rng: Rng) -> None:
    """The left, right, upper or lower half hidden by anything at all: covered."""
    right, down = _turned(_axes(g)[0], rng.normal(0, 0.12))
    middle = np.asarray((g.eyes * 0.5 + g.mouth * 0.5 + g.nose) / 2, np.float32)
    wide, high = g.right - g.left, g.bottom - g.top
    roll = rng.random()
    beyond = wide * rng.uniform(0.48, 0.75) if rng.random() < 0.6 else FAR
    if roll < 0.74:
        side = -1.0 if roll < 0.37 else 1.0
        at = side * float(rng.uniform(-0.2, 0.24)) * g.iod
        tall = FAR if rng.random() < 0.35 else high * rng.uniform(0.52, 0.95)
        shift = float(rng.uniform(-0.12, 0.12)) * high
        span, rise = (at, side * beyond), (shift - tall, shift + tall)
        hand = np.asarray(middle + right * side * 0.42 * g.iod, np.float32)
    elif roll < 0.87:
        edge = float((g.eyes - middle) @ down) + g.drop * rng.uniform(0.22, 0.5)
        span, rise = (-beyond, beyond), (-(FAR if rng.random() < 0.4 else high * 0.75), edge)
        hand = g.eyes
    else:
        edge = float((g.eyes - middle) @ down) + g.drop * rng.uniform(0.25, 0.62)
        span, rise = (-beyond, beyond), (edge, FAR if rng.random() < 0.4 else high * 0.75)
        hand = g.mouth
    if rng.random() < 0.16:
        tone = skin_of(cut, g) * rng.uniform(0.75, 1.2)
        hand_at(cut, rng, hand, g.iod * rng.uniform(0.85, 1.15), tone)
        return
    outline = _slab(middle, right, down, span, rise)
    area = area_of(cut, outline, smooth=rng.random() < 0.12)
    if rng.random() < 0.5:
        area_light = rng.uniform(0, 0.15)
        lay(cut, area, _flat(cut, g, rng), rng, light=area_light)
        if rng.random() < 0.5:
            _telephone(cut, outline, rng)
    else:
        lay(cut, area, cloth(rng, size_of(cut), skin_of(cut, g)), rng, light=rng.uniform(0, 0.5))


def half_shadow(cut: Cut, g: Geometry, rng: Rng) -> None:
    """One half in deep shadow, to the nose's ridge: bare."""
    right, _ = _turned(_axes(g)[0], rng.normal(0, 0.25))
    if rng.random() < 0.2:
        right = np.array([-right[1], right[0]], np.float32)
    if rng.random() < 0.5:
        right = -right
    yy, xx = np.mgrid[0 : cut.shape[0], 0 : cut.shape[1]].astype(np.float32)
    at = (g.nose * 0.7 + g.eyes * 0.3) + right * rng.normal(0, 0.18) * g.iod
    far = ((xx - at[0]) * right[0] + (yy - at[1]) * right[1]) / g.iod
    # The ridge of the nose throws the line about, so it is not straight.
    far = far + rng.uniform(0, 0.12) * np.sin((yy - at[1]) / g.drop * rng.uniform(2, 6))
    dark = 1 / (1 + np.exp(-np.clip(far * np.exp(rng.uniform(1.5, 4.0)), -30, 30)))
    left = rng.uniform(0.08, 0.45)
    noise = rng.standard_normal(cut.shape[:2]).astype(np.float32) * rng.uniform(0, 4)
    level = cut * (1 - dark * (1 - left))[..., None] + (dark * (rng.uniform(0, 12) + noise))[..., None]
    cut[:] = np.clip(level, 0, 255).astype(np.uint8)


def moustache(cut: Cut, g: Geometry, rng: Rng) -> None:
    """Hair between nose and mouth, the lower lip seen, in part with a laughing mouth's dark gap: bare."""
    half_wide = g.mouth_half * rng.uniform(0.8, 1.5)
    top = g.nose * 0.45 + g.mouth * 0.55
    low = float(g.mouth[1]) + rng.uniform(-0.04, 0.06) * g.drop
    hang = rng.uniform(0.0, 0.22) * g.drop
    x = float(g.mouth[0])
    outline = [
        (x, float(top[1])),
        (x + half_wide * 0.7, float(top[1]) + 0.05 * g.drop),
        (x + half_wide, low + hang),
        (x + half_wide * 0.6, low + hang * 0.4),
        (x, low - 0.03 * g.drop),
        (x - half_wide * 0.6, low + hang * 0.4),
        (x - half_wide, low + hang),
        (x - half_wide * 0.7, float(top[1]) + 0.05 * g.drop),
    ]
    area = cv2.GaussianBlur(area_of(cut, outline), (0, 0), rng.uniform(0.6, 1.8)) * rng.uniform(0.6, 1.0)
    tone = rng.uniform(5, 60) if rng.random() < 0.8 else rng.uniform(100, 200)
    hair = cv2.GaussianBlur(rng.standard_normal(cut.shape[:2]).astype(np.float32), (0, 0), 0.7)
    material = np.clip(tone + hair * rng.uniform(8, 30), 0, 255)[..., None]
    cut[:] = np.clip(cut * (1 - area[..., None]) + material * area[..., None], 0, 255).astype(np.uint8)


def bold_frames(cut: Cut, g: Geometry, rng: Rng) -> None:
    """Thick frames round eyes that are seen: bare."""
    right, down = _axes(g)
    tone = rng.uniform(0, 50, 3) if rng.random() < 0.8 else rng.uniform(100, 255, 3)
    half_wide, half_high = g.iod * rng.uniform(0.36, 0.5), g.iod * rng.uniform(0.26, 0.42)
    thick = max(2, int(g.iod * rng.uniform(0.07, 0.17)))
    power = rng.choice([2.0, 3.0, 5.0])
    t = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** (2 / power) * half_wide
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / power) * half_high
    lower = down * rng.uniform(0.0, 0.1) * g.iod
    for eye in (g.eye_l, g.eye_r):
        rim = eye + lower + x[:, None] * right + y[:, None] * down
        cv2.polylines(cut, [np.rint(rim * 8).astype(np.int32)], True, tone.tolist(), thick, cv2.LINE_AA, 3)
    ends = (g.eye_l + lower + right * half_wide, g.eye_r + lower - right * half_wide)
    bridge = [np.rint(np.array(ends) * 8).astype(np.int32)]
    cv2.polylines(cut, bridge, False, tone.tolist(), thick, cv2.LINE_AA, 3)


def microphone(cut: Cut, g: Geometry, rng: Rng) -> None:
    """A microphone under or at the corner of the mouth, most of the lips seen: bare."""
    side = float(rng.choice([-1, 1]))
    radius = g.mouth_half * rng.uniform(0.3, 0.6)
    at = g.mouth + np.array([side * g.mouth_half * rng.uniform(0.3, 1.3), radius * rng.uniform(0.9, 1.6)])
    tone = rng.uniform(5, 90)
    end = at + np.array([rng.uniform(-1.5, 1.5), rng.uniform(1.5, 4.0)]) * g.drop
    stick = np.zeros(cut.shape[:2], np.uint8)
    begin, finish = (tuple(np.rint(p).astype(int).tolist()) for p in (at, end))
    cv2.line(stick, begin, finish, (255,), max(2, int(radius * rng.uniform(0.4, 1.0))), cv2.LINE_AA)
    cv2.circle(stick, begin, max(2, int(radius)), (255,), -1, cv2.LINE_AA)
    material = np.full((*size_of(cut), 3), tone, np.float32)
    material += rng.standard_normal((*size_of(cut), 1)).astype(np.float32) * rng.uniform(2, 14)
    lay(cut, stick.astype(np.float32) / 255, material, rng, light=0.2)
