"""What is held before a face or beside it, drawn: hands and things."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.check.canvas import Cut, Geometry, Points, Rng, area_of, cloth, lay, size_of, skin_of


def hand_at(cut: Cut, rng: Rng, at: Points, size: float, tone: NDArray[np.float32]) -> None:
    """A palm with fingers in a skin tone at a place, pointing anywhere upwards."""
    angle = rng.uniform(-1.3, 1.3)
    up = np.array([np.sin(angle), -np.cos(angle)])
    across = np.array([up[1], -up[0]])
    layer = np.zeros(cut.shape[:2], np.uint8)
    lines = np.zeros(cut.shape[:2], np.uint8)
    wide = size * rng.uniform(0.24, 0.32)
    palm = at - up * size * 0.5
    cv2.ellipse(
        layer,
        tuple(np.rint(palm).astype(int).tolist()),
        (int(size * 0.62), int(size * 0.6)),
        float(np.degrees(angle)),
        0,
        360,
        (255,),
        -1,
    )
    wrist = palm - up * size * 2.5
    cv2.line(
        layer,
        tuple(np.rint(palm).astype(int).tolist()),
        tuple(np.rint(wrist).astype(int).tolist()),
        (255,),
        int(size * 0.9),
    )
    spread = rng.uniform(0.0, 0.35)
    for i in range(4):
        off = (i - 1.5) / 1.5
        root = palm + across * off * size * 0.42 + up * size * 0.3
        tip = root + (up + across * off * spread) * size * rng.uniform(0.7, 1.1)
        a, b = tuple(np.rint(root).astype(int).tolist()), tuple(np.rint(tip).astype(int).tolist())
        cv2.line(lines, a, b, (255,), int(wide) + 2, cv2.LINE_AA)
        cv2.line(lines, a, b, (90,), max(int(wide) - 1, 1), cv2.LINE_AA)
        cv2.line(layer, a, b, (255,), int(wide) + 2, cv2.LINE_AA)
    area = cv2.GaussianBlur(layer, (0, 0), 0.7).astype(np.float32) / 255
    material = np.empty((*cut.shape[:2], 3), np.float32)
    material[:] = tone
    folds = cv2.resize(
        rng.standard_normal((6, 6)).astype(np.float32),
        (cut.shape[1], cut.shape[0]),
        interpolation=cv2.INTER_CUBIC,
    )
    material *= (1 + folds * 0.08 - (lines.astype(np.float32) / 255) * rng.uniform(0.1, 0.4))[..., None]
    lay(cut, area, material, rng, light=rng.uniform(0, 0.4))


def hand(cut: Cut, g: Geometry, rng: Rng) -> None:
    """One hand over nose and mouth, or hands over the eyes: covered."""
    tone = skin_of(cut, g) * rng.uniform(0.75, 1.2)
    if rng.random() < 0.7:
        at = (g.mouth * 0.75 + g.nose * 0.25) + rng.uniform(-0.08, 0.08, 2) * g.iod
        hand_at(cut, rng, at, g.iod * rng.uniform(0.95, 1.3), tone)
    else:
        for eye in (g.eye_l, g.eye_r):
            hand_at(cut, rng, eye.astype(np.float64), g.iod * rng.uniform(0.65, 0.9), tone)


def hand_beside(cut: Cut, g: Geometry, rng: Rng) -> None:
    """A hand at the cheek, the ear, the chin or the brow, the face still seen: bare."""
    tone = skin_of(cut, g) * rng.uniform(0.75, 1.2)
    side = g.left - 0.25 * g.iod if rng.random() < 0.5 else g.right + 0.25 * g.iod
    at = np.array([side, float(g.mouth[1]) + rng.uniform(-0.3, 0.6) * g.drop])
    if rng.random() < 0.3:
        at = np.array([float(g.mouth[0]) + rng.uniform(-0.5, 0.5) * g.iod, g.bottom + 0.7 * g.iod])
    hand_at(cut, rng, at, g.iod * rng.uniform(0.5, 0.8), tone)


def _slab(cut: Cut, rng: Rng, at: Points, half_w: float, half_h: float) -> None:
    """A phone, card, sheet, book or cup: a turned rectangle of some material with something on it."""
    angle = rng.uniform(-0.5, 0.5)
    c, s = np.cos(angle), np.sin(angle)
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    outline = [
        (float(at[0] + c * x * half_w - s * y * half_h), float(at[1] + s * x * half_w + c * y * half_h))
        for x, y in corners
    ]
    lay(
        cut,
        area_of(cut, outline, smooth=rng.random() < 0.3),
        cloth(rng, size_of(cut)),
        rng,
        light=rng.uniform(0, 0.3),
    )


def thing(cut: Cut, g: Geometry, rng: Rng) -> None:
    """A phone, sheet of paper or other object before mouth and nose, or before the eyes: covered."""
    if rng.random() < 0.65:
        at = g.mouth * 0.6 + g.nose * 0.4
        _slab(cut, rng, at, g.iod * rng.uniform(0.6, 1.1), g.drop * rng.uniform(0.48, 0.8))
    else:
        _slab(cut, rng, g.eyes, g.iod * rng.uniform(0.85, 1.3), g.drop * rng.uniform(0.3, 0.5))


def thing_beside(cut: Cut, g: Geometry, rng: Rng) -> None:
    """An object beside or under the face: bare."""
    side = rng.choice([-1, 1])
    edge = g.left if side < 0 else g.right
    half = g.iod * rng.uniform(0.25, 0.5)
    at = np.array(
        [edge + side * half * rng.uniform(0.7, 1.6), float(g.eyes[1]) + rng.uniform(-0.4, 1.3) * g.drop]
    )
    if rng.random() < 0.3:
        at = np.array([float(g.mouth[0]), g.bottom + half * 1.4])
    _slab(cut, rng, at, half, half * rng.uniform(0.8, 2.0))
