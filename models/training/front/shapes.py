"""Outlines on a grid of centimetres, soft by one cell, that layers are cut with."""

from __future__ import annotations

import cv2
import numpy as np

from models.training.front.machine import Floats
from models.training.front.paste import Ground

Grid = tuple[Floats, Floats]


def turned(grid: Grid, angle: float, x: float = 0.0, y: float = 0.0) -> Grid:
    """The grid as something sees it that is turned by `angle` radians and lies at (x, y)."""
    dx, dy = grid[0] - np.float32(x), grid[1] - np.float32(y)
    c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return c * dx + s * dy, c * dy - s * dx


def filled(away_cm: Floats, per_cm: float) -> Floats:
    """1 inside (below zero), 0 outside, soft by one cell."""
    return np.clip(0.5 - away_cm * np.float32(per_cm), 0.0, 1.0).astype(np.float32)


def box(grid: Grid, w: float, h: float, round_cm: float) -> Floats:
    """Signed distance to a rectangle with round corners in the middle."""
    r = min(round_cm, w / 2, h / 2)
    dx = np.abs(grid[0]) - np.float32(w / 2 - r)
    dy = np.abs(grid[1]) - np.float32(h / 2 - r)
    out = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - np.float32(r)
    return np.asarray(out, dtype=np.float32)


def oval(grid: Grid, w: float, h: float) -> Floats:
    """Nearly the signed distance to an ellipse in the middle."""
    reach = np.hypot(grid[0] / np.float32(w / 2), grid[1] / np.float32(h / 2))
    return np.asarray((reach - 1.0) * np.float32(min(w, h) / 2), dtype=np.float32)


def polygon(on: Ground, points_cm: Floats) -> Floats:
    """Cover of a polygon; its points (n x 2) in centimetres from the middle."""
    out = np.zeros((on.side, on.side), np.float32)
    cells = (points_cm * on.per_cm + on.side / 2) * 16
    cv2.fillPoly(out, [np.rint(cells).astype(np.int32)], (1.0,), cv2.LINE_AA, shift=4)
    return cv2.GaussianBlur(out, (0, 0), 0.6).astype(np.float32)


def flat(on: Ground, level: float) -> Floats:
    return np.full((on.side, on.side), level, np.float32)


def lay(grey: Floats, cover: Floats, level: float) -> Floats:
    """Something of one level laid over what is there."""
    return (grey + cover * (np.float32(level) - grey)).astype(np.float32)
