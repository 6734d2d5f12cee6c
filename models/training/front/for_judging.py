"""The families of changes that are judged on: what is done to a front. Nothing learns from them."""

from __future__ import annotations

import cv2
import numpy as np

from models.training.front.paste import Ground, Layer
from models.training.front.pixels import blurred
from models.training.front.shapes import box, filled, flat, lay, oval, polygon, turned


def skimmer(on: Ground) -> Layer:
    """A moulded cover over a card slot: a throat with slanted sides, in the machine's own plastic."""
    rng, grid = on.rng, on.grid()
    w, h = on.size_cm, on.size_cm * float(rng.uniform(0.5, 0.9))
    base = filled(box(turned(grid, 0.0, 0.0, 0.15 * h), w, 0.7 * h, 0.12 * h), on.per_cm)
    throat = filled(oval(turned(grid, 0.0, 0.0, -0.1 * h), 0.8 * w, 0.8 * h), on.per_cm)
    cover = np.maximum(base, throat)
    inner = blurred(cover, 0.08 * on.size_cm * on.per_cm)
    up = cover * inner * np.float32(rng.uniform(0.5, 1.6))
    slit = filled(box(grid, 0.66 * w, max(0.08 * h, 0.15), 0.02), on.per_cm)
    grey = on.own * np.float32(rng.uniform(0.85, 1.15))
    grey = lay(grey, slit, on.black)
    if rng.random() < 0.5:
        lamp = turned(grid, 0.0, 0.38 * w, 0.2 * h)
        grey = lay(grey, filled(oval(lamp, 0.08 * w, 0.08 * w), on.per_cm), on.white)
    return Layer(cover, grey, up - slit * np.float32(0.4))


def keypad(on: Ground) -> Layer:
    """A second keypad over the first: a plate with keys of its own."""
    rng, grid = on.rng, on.grid()
    w, h = on.size_cm, on.size_cm * float(rng.uniform(0.75, 0.98))
    cover = filled(box(grid, w, h, 0.05 * w), on.per_cm)
    plate = float(rng.uniform(0.35, 0.75)) * on.white
    grey = flat(on, plate) + (on.own - np.float32(np.median(on.own)))
    up = cover * np.float32(rng.uniform(0.3, 0.8))
    columns, rows = int(rng.integers(3, 5)), 4
    key = float(np.clip(plate * rng.choice([0.55, 1.45]), on.black, on.white))
    for column in range(columns):
        for row in range(rows):
            x = ((column + 0.5) / columns - 0.5) * 0.9 * w
            y = ((row + 0.5) / rows - 0.5) * 0.9 * h
            one = filled(box(turned(grid, 0.0, x, y), 0.62 * w / columns, 0.6 * h / rows, 0.1), on.per_cm)
            grey = lay(grey, one, key)
            up = up + one * np.float32(0.25)
    return Layer(cover, grey, up)


def bezel(on: Ground) -> Layer:
    """A whole frame set onto the front: hollow, as wide as the size, the machine's own colour."""
    rng, grid = on.rng, on.grid()
    w, h = on.size_cm, on.size_cm * float(rng.uniform(0.6, 0.95))
    thick = max(float(rng.uniform(0.12, 0.25)) * on.size_cm, 0.3)
    outer = filled(box(grid, w, h, 0.08 * w), on.per_cm)
    inner = filled(box(grid, w - 2 * thick, max(h - 2 * thick, 0.1), 0.05 * w), on.per_cm)
    cover = np.clip(outer - inner, 0.0, 1.0)
    up = blurred(cover, 0.3 * thick * on.per_cm) * np.float32(rng.uniform(0.6, 1.5))
    return Layer(cover, on.own * np.float32(rng.uniform(0.85, 1.15)), cover * up)


def sticker(on: Ground) -> Layer:
    """A round or torn sticker with something in two tones on it."""
    rng, grid = on.rng, on.grid()
    if rng.random() < 0.5:
        cover = filled(oval(grid, on.size_cm, on.size_cm * float(rng.uniform(0.6, 1.0))), on.per_cm)
    else:
        half = on.size_cm / 2
        ragged = np.linspace(-half, half, 9)
        high = half * float(rng.uniform(0.4, 0.9))
        upper = np.stack([ragged, -high + rng.uniform(0, 0.25, 9) * high], axis=1)
        lower = np.stack([ragged[::-1], high - rng.uniform(0, 0.1, 9) * high], axis=1)
        cover = polygon(on, np.concatenate([upper, lower]).astype(np.float32))
    first, second = rng.choice([on.white, 0.75 * on.white, 0.5 * on.white, on.black], 2, replace=False)
    grey = flat(on, float(first))
    ring = np.abs(oval(grid, 0.7 * on.size_cm, 0.5 * on.size_cm)) - np.float32(0.04 * on.size_cm)
    grey = lay(grey, filled(ring, on.per_cm), float(second))
    mark = turned(grid, float(rng.uniform(-1, 1)))
    grey = lay(grey, filled(box(mark, 0.4 * on.size_cm, 0.1 * on.size_cm, 0.0), on.per_cm), float(second))
    return Layer(cover, grey, cover * np.float32(0.02))


def bar(on: Ground) -> Layer:
    """A bar with rounded ends and a bevel, as it hides a camera above a keypad; the pinhole near one end."""
    rng, grid = on.rng, on.grid()
    h = max(on.size_cm * float(rng.uniform(0.14, 0.26)), 0.4)
    away = box(grid, on.size_cm, h, h / 2)
    cover = filled(away, on.per_cm)
    up = np.clip(-away / np.float32(0.5 * h), 0.0, 1.0) * np.float32(rng.uniform(0.4, 1.2))
    x = float(rng.choice([-1.0, 1.0])) * 0.32 * on.size_cm
    pin = filled(oval(turned(grid, 0.0, x, 0.15 * h), 0.18, 0.18), on.per_cm)
    return Layer(cover, lay(on.own * np.float32(rng.uniform(0.8, 1.2)), pin, on.black), cover * up)


def hood(on: Ground) -> Layer:
    """A little roof with a lens under it."""
    rng, grid = on.rng, on.grid()
    w, h = on.size_cm, on.size_cm * float(rng.uniform(0.4, 0.7))
    roof = np.clip(1.0 - (grid[0] / np.float32(w / 2)) ** 2, 0.0, 1.0)
    top = grid[1] + np.float32(h / 2) * np.sqrt(roof)
    cover = filled(np.maximum(-top, grid[1] - np.float32(h / 2)), on.per_cm)
    cover = cover * (np.abs(grid[0]) < w / 2)
    up = cover * np.sqrt(roof) * np.float32(rng.uniform(0.8, 2.0))
    grey = on.own * np.float32(rng.uniform(0.7, 1.15))
    mouth = filled(oval(turned(grid, 0.0, 0.0, 0.32 * h), 0.6 * w, 0.3 * h), on.per_cm)
    grey = lay(grey, mouth, on.black)
    glint = filled(oval(turned(grid, 0.0, 0.06 * w, 0.3 * h), 0.08 * w, 0.08 * w), on.per_cm)
    return Layer(cover, lay(grey, glint, 0.7 * on.white), up)


def insert(on: Ground) -> Layer:
    """Something put into a slot: a fork or a film that stands out of it."""
    rng, grid = on.rng, on.grid()
    w, h = on.size_cm, on.size_cm * float(rng.uniform(0.25, 0.5))
    body = filled(box(grid, w, h, 0.05), on.per_cm)
    notch = filled(box(turned(grid, 0.0, 0.0, 0.3 * h), 0.4 * w, 0.6 * h, 0.05), on.per_cm)
    cover = np.clip(body - notch, 0.0, 1.0)
    film = rng.random() < 0.5
    grey = flat(on, float(rng.uniform(0.5, 1.0)) * on.white if film else on.black * 1.5)
    shine = filled(box(turned(grid, 0.6), 2 * w, 0.12 * w, 0.0), on.per_cm)
    grey = lay(grey, shine * np.float32(0.5), on.white)
    thick = np.float32(0.6 if film else 1.0)
    return Layer(cover * thick, grey, cover * np.float32(0.15))


def removed(on: Ground) -> Layer:
    """A cover is gone: the recess with what lies behind it."""
    rng, grid = on.rng, on.grid()
    w, h = on.size_cm, on.size_cm * float(rng.uniform(0.55, 0.98))
    cover = filled(box(grid, w, h, 0.06 * w), on.per_cm)
    grey = flat(on, on.black * float(rng.uniform(1.0, 2.0)))
    board = turned(grid, 0.0, *(float(n) for n in rng.uniform(-0.15, 0.15, 2) * w))
    middle = 0.5 * (on.black + on.white)
    grey = lay(grey, filled(box(board, 0.55 * w, 0.5 * h, 0.02), on.per_cm), middle * rng.uniform(0.5, 1.0))
    for _ in range(3):
        wire = turned(grid, float(rng.uniform(-1.4, 1.4)), 0.0, float(rng.uniform(-0.4, 0.4)) * h)
        grey = lay(
            grey, filled(box(wire, 3 * w, 0.05 * w, 0.0), on.per_cm), float(rng.uniform(middle, on.white))
        )
    for x in (-0.42, 0.42):
        screw = filled(oval(turned(grid, 0.0, x * w, -0.4 * h), 0.08 * w, 0.08 * w), on.per_cm)
        grey = lay(grey, screw, 0.8 * on.white)
    return Layer(cover, grey, -cover * np.float32(rng.uniform(0.4, 1.2)))


def replaced(on: Ground) -> Layer:
    """The part again, but a slightly other one: its size, its place and its tone differ a little."""
    rng, grid = on.rng, on.grid()
    cover = filled(box(grid, on.size_cm, on.size_cm * float(rng.uniform(0.6, 1.0)), 0.1), on.per_cm)
    zoom = float(rng.choice([rng.uniform(0.82, 0.92), rng.uniform(1.1, 1.25)]))
    shift = rng.uniform(0.1, 0.35, 2) * rng.choice([-1, 1], 2) * on.per_cm * min(on.size_cm, 3.0) / 3.0
    middle = on.side / 2
    move = np.array([[zoom, 0, middle * (1 - zoom) + shift[0]], [0, zoom, middle * (1 - zoom) + shift[1]]])
    other = cv2.warpAffine(on.under, move, (on.side, on.side), borderMode=cv2.BORDER_REPLICATE)
    grey = np.asarray(other * np.float32(rng.uniform(0.85, 1.15)), dtype=np.float32)
    return Layer(cover, grey, cover * np.float32(0.08), lit=False, soft=False)
