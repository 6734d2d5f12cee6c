"""The families of changes that may be learnt from. None of them is judged on, and none shares its drawing."""

from __future__ import annotations

import numpy as np

from models.training.front.paste import Ground, Layer
from models.training.front.shapes import box, filled, flat, lay, oval, polygon, turned


def rim(on: Ground) -> Layer:
    """A frame of the machine's colour round a slot: flat, with a slit in it."""
    rng, grid = on.rng, on.grid()
    w, h = on.size_cm, on.size_cm * float(rng.uniform(0.4, 0.8))
    outer = filled(box(grid, w, h, 0.25 * h), on.per_cm)
    slit = filled(box(grid, 0.75 * w, max(0.12 * h, 0.12), 0.05), on.per_cm)
    grey = lay(on.own * np.float32(rng.uniform(0.8, 1.2)), slit, on.black)
    return Layer(outer, grey, (outer - slit) * np.float32(rng.uniform(0.2, 1.0)))


def label(on: Ground) -> Layer:
    """A printed rectangle, pressed flat."""
    rng = on.rng
    grid = turned(on.grid(), float(rng.normal(0, 0.15)))
    w, h = on.size_cm * 0.98, on.size_cm * float(rng.uniform(0.3, 0.95))
    cover = filled(box(grid, w, h, 0.1), on.per_cm)
    paper, print_ = float(rng.uniform(on.black, on.white)), float(rng.uniform(on.black, on.white))
    grey = flat(on, paper)
    lines = int(rng.integers(1, 5))
    for number in range(lines):
        y = (number + 0.5) / lines * h - h / 2
        length = float(rng.uniform(0.3, 0.8)) * w
        row = (grid[0] + np.float32((w * 0.8 - length) / 2), grid[1] - np.float32(y))
        grey = lay(grey, filled(box(row, length, 0.35 * h / lines, 0.02), on.per_cm), print_)
    return Layer(cover, grey, cover * np.float32(0.03))


def strip(on: Ground) -> Layer:
    """A straight narrow bar with a small hole."""
    rng, grid = on.rng, on.grid()
    h = max(on.size_cm * float(rng.uniform(0.1, 0.3)), 0.25)
    cover = filled(box(grid, on.size_cm, h, 0.05), on.per_cm)
    x = float(rng.uniform(-0.4, 0.4)) * on.size_cm
    hole = filled(oval(turned(grid, 0.0, x), 0.25, 0.25), on.per_cm)
    grey = lay(on.own * np.float32(rng.uniform(0.7, 1.3)), hole, on.black)
    return Layer(cover, grey, cover * np.float32(rng.uniform(0.15, 0.6)))


def lump(on: Ground) -> Layer:
    """Something without a name: a rounded blob that stands out."""
    rng = on.rng
    count = int(rng.integers(7, 14))
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    reach = rng.uniform(0.55, 1.0, count)
    points = np.stack([np.cos(angle) * reach, np.sin(angle) * reach * rng.uniform(0.4, 1.0)], axis=1)
    span = float(np.ptp(points, axis=0).max())
    points = (points - (points.max(axis=0) + points.min(axis=0)) / 2) * (on.size_cm / span)
    cover = polygon(on, points.astype(np.float32))
    own = rng.random() < 0.6
    grey = on.own * np.float32(rng.uniform(0.6, 1.4)) if own else flat(on, rng.uniform(on.black, on.white))
    far = np.hypot(*on.grid()) / np.float32(on.size_cm / 2)
    return Layer(cover, grey, cover * np.clip(1.0 - far * far, 0.1, 1.0) * np.float32(rng.uniform(0.3, 1.2)))


def hole(on: Ground) -> Layer:
    """A part is gone: an opening with a plain dark ground."""
    rng, grid = on.rng, on.grid()
    h = on.size_cm * float(rng.uniform(0.35, 1.0))
    if rng.random() < 0.5:
        cover = filled(box(grid, on.size_cm, h, 0.15), on.per_cm)
    else:
        cover = filled(oval(grid, on.size_cm, h), on.per_cm)
    return Layer(cover, flat(on, on.black * float(rng.uniform(0.8, 2.2))), -cover * np.float32(0.8))


def card(on: Ground) -> Layer:
    """A flat card that was left or glued there."""
    rng = on.rng
    grid = turned(on.grid(), float(rng.normal(0, 0.1)))
    h = on.size_cm / 1.586
    cover = filled(box(grid, on.size_cm * 0.98, h, 0.06 * on.size_cm), on.per_cm)
    grey = flat(on, float(rng.uniform(on.black, on.white)))
    band = turned(grid, 0.0, 0.0, float(rng.uniform(-0.3, 0.3)) * h)
    grey = lay(grey, filled(box(band, 2 * on.size_cm, 0.2 * h, 0.0), on.per_cm), on.black)
    return Layer(cover, grey, cover * np.float32(rng.uniform(0.05, 0.3)))


def swap(on: Ground) -> Layer:
    """What is there, mirrored: the same colours in other places."""
    rng, grid = on.rng, on.grid()
    cover = filled(box(grid, on.size_cm, on.size_cm * float(rng.uniform(0.5, 1.0)), 0.1), on.per_cm)
    other = on.under[:, ::-1] if rng.random() < 0.5 else on.under[::-1]
    grey = np.ascontiguousarray(other) * np.float32(rng.uniform(0.85, 1.15))
    return Layer(cover, grey, cover * np.float32(0.05), lit=False, soft=False)
