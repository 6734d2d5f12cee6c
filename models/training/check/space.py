"""A face in space: where its mesh says it looks, and how the picture looks when its head is turned.

The mesh gives every pixel of a head its depth; the head is turned about its own middle and seen again, nearer
pixels before farther ones, before what lies behind it (after Zhu et al., Face alignment across large poses,
2016).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.check.canvas import Cut, Rng
from models.training.check.data import CACHE_PX

Mesh = NDArray[np.float32]

POINTS = 468
EYE_L, EYE_R, NOSE, MOUTH_L, MOUTH_R = (33, 133), (362, 263), 1, 61, 291
"""Points of the mesh that make five landmarks, the left of the picture first."""

_OVAL = "10 338 297 332 284 251 389 356 454 323 361 288 397 365 379 378 400 377 152 148"
_OVAL += " 176 149 150 136 172 58 132 93 234 127 162 21 54 103 67 109"
OVAL = tuple(int(number) for number in _OVAL.split())
"""The mesh's rim, round from the forehead."""

FINE = 320
"""Points seen across a cut: two a pixel, for what a turn stretches."""


def turn_of(mesh: Mesh, mean: Mesh) -> NDArray[np.float64]:
    """The rotation (3, 3) that turns the mean mesh as `mesh` is; axes x right, y down, z to the camera."""
    a, b = (mean - mean.mean(0)).astype(np.float64), (mesh - mesh.mean(0)).astype(np.float64)
    u, _, vt = np.linalg.svd(b.T @ a)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return np.asarray(u @ flip @ vt, np.float64)


def looks(turn: NDArray[np.float64]) -> tuple[float, float]:
    """Yaw and pitch in degrees of where a turned face looks."""
    x, y, z = turn[:, 2]
    return float(np.degrees(np.arctan2(x, z))), float(np.degrees(np.arctan2(-y, np.hypot(x, z))))


def mean_mesh(meshes: Mesh) -> Mesh:
    """The mean of frontal meshes (n, 468, 3), each brought to one size and turn, made symmetric."""
    unit = meshes - meshes.mean(1, keepdims=True)
    unit = unit / np.sqrt((unit**2).sum(2).mean(1))[:, None, None]
    mean = unit.mean(0)
    for _ in range(3):
        mean = np.mean([m @ turn_of(m, mean) for m in unit], axis=0)
        other = mean * [-1, 1, 1]
        # Each point's mirror image is the point nearest to where it would lie.
        pair = ((other[:, None] - mean[None]) ** 2).sum(2).argmin(0)
        mean = (mean + other[pair]) / 2
    return np.asarray(mean, np.float32)


def turn_to(yaw_deg: float, pitch_deg: float) -> NDArray[np.float64]:
    """The rotation (3, 3) of a head that looks there."""
    a, b = np.radians(yaw_deg), np.radians(pitch_deg)
    nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    aside = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    return np.asarray(aside @ nod, np.float64)


def _depth(mesh: Mesh) -> NDArray[np.float32]:
    """How near to the camera each pixel of a cut is, in pixels; beside the face it falls away."""
    size = (CACHE_PX, CACHE_PX)
    sums, counts = np.zeros(size, np.float32), np.zeros(size, np.float32)
    at = np.clip(np.rint(mesh[:, :2]), 0, CACHE_PX - 1).astype(int)
    np.add.at(sums, (at[:, 1], at[:, 0]), mesh[:, 2])
    np.add.at(counts, (at[:, 1], at[:, 0]), 1.0)
    out = np.full(size, float(mesh[:, 2].min()), np.float32)
    for spread in (24.0, 6.0, 2.2):
        number = cv2.GaussianBlur(counts, (0, 0), spread)
        near = cv2.GaussianBlur(sums, (0, 0), spread) / np.maximum(number, 1e-9)
        share = np.clip(number * (2 * np.pi * spread * spread), 0, 1)
        out = out * (1 - share) + near * share
    inside = np.zeros(size, np.uint8)
    cv2.fillPoly(inside, [np.rint(mesh[list(OVAL), :2]).astype(np.int32)], (1,))
    away = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    return np.asarray(out - np.float32(0.9) * away, np.float32)


def _head(mesh: Mesh, rng: Rng) -> NDArray[np.uint8]:
    """Which pixels of a cut turn with the head: the face, ears and hair."""
    rim = mesh[list(OVAL), :2]
    middle, high = rim.mean(0), float(np.ptp(rim[:, 1]))
    up = np.clip((middle[1] - rim[:, 1]) / (0.5 * high), 0, 1)
    grown = middle + (rim - middle) * [rng.uniform(1.08, 1.35), 1.02]
    grown[:, 1] -= up * high * rng.uniform(0.15, 0.38)
    out = np.zeros((CACHE_PX, CACHE_PX), np.uint8)
    cv2.fillPoly(out, [cv2.convexHull(np.rint(grown).astype(np.int32))], (255,))
    return out


def _behind(cut: Cut, head: NDArray[np.uint8], rng: Rng, scenes: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What is seen where the head was: its surroundings spread over it, or another room."""
    if len(scenes) and rng.random() < 0.35:
        scene = cv2.resize(scenes[int(rng.integers(len(scenes)))], (CACHE_PX, CACHE_PX))
        return np.repeat(scene[..., None], 3, 2).astype(np.float32)
    small = cv2.resize(cut, (40, 40), interpolation=cv2.INTER_AREA)
    hole = cv2.dilate(cv2.resize(head, (40, 40)), np.ones((3, 3), np.uint8))
    filled = cv2.inpaint(small, (hole > 0).astype(np.uint8), 3, cv2.INPAINT_TELEA)
    spread = cv2.resize(filled, (CACHE_PX, CACHE_PX), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    there = cv2.GaussianBlur(head, (0, 0), 2.0).astype(np.float32)[..., None] / 255
    return np.asarray(cut * (1 - there) + spread * there, np.float32)


def turned(
    cut: Cut, mesh: Mesh, turn: NDArray[np.float64], rng: Rng, scenes: NDArray[np.uint8]
) -> tuple[Cut, Mesh]:
    """A cut (160, 160, 3) whose head is turned by `turn` (3, 3), and where its mesh is then."""
    head = _head(mesh, rng)
    rim = mesh[list(OVAL)]
    wide = float(np.ptp(rim[:, 0]))
    pivot = rim.mean(0) - np.array([0, 0, 0.25 * wide], np.float32)
    lens = wide * rng.uniform(4, 12)
    size = (FINE, FINE)
    depth = cv2.resize(_depth(mesh), size)
    chosen = cv2.resize(head, size) > 127
    colours = cv2.resize(cut, size, interpolation=cv2.INTER_CUBIC)[chosen]
    yy, xx = np.nonzero(chosen)
    step = CACHE_PX / FINE
    space = np.stack([(xx + 0.5) * step - 0.5, (yy + 0.5) * step - 0.5, depth[chosen]], 1)

    def there(points: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = (points - pivot) @ turn.T
        near = lens / np.maximum(lens - moved[:, 2:], 0.3 * lens)
        return np.asarray(np.concatenate([moved[:, :2] * near, moved[:, 2:]], 1) + pivot, np.float64)

    seen = there(space.astype(np.float64))
    order = np.argsort(seen[:, 2])
    at = np.rint(seen[order, :2]).astype(int)
    inside = ((at >= 0) & (at < CACHE_PX)).all(1)
    at, order = at[inside], order[inside]
    drawn = np.zeros((CACHE_PX, CACHE_PX, 3), np.float32)
    full = np.zeros((CACHE_PX, CACHE_PX), np.float32)
    drawn[at[:, 1], at[:, 0]] = colours[order]  # the nearest is written last
    full[at[:, 1], at[:, 0]] = 1.0
    closed = cv2.morphologyEx(full, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    spread = (
        cv2.GaussianBlur(drawn, (0, 0), 1.3)
        / np.maximum(cv2.GaussianBlur(full, (0, 0), 1.3), 1e-3)[..., None]
    )
    drawn = np.where(full[..., None] > 0, drawn, spread)
    alpha = cv2.GaussianBlur(cv2.erode(closed, np.ones((3, 3), np.uint8)), (0, 0), 0.9)[..., None]
    out = _behind(cut, head, rng, scenes) * (1 - alpha) + drawn * alpha
    return np.clip(out, 0, 255).astype(np.uint8), there(mesh.astype(np.float64)).astype(np.float32)


def marks_of(mesh: Mesh) -> NDArray[np.float64]:
    """Five landmarks (5, 2) of a mesh."""
    eyes = [mesh[list(corners), :2].mean(0) for corners in (EYE_L, EYE_R)]
    return np.array([*eyes, *(mesh[i, :2] for i in (NOSE, MOUTH_L, MOUTH_R))], np.float64)


def box_of(mesh: Mesh) -> tuple[float, float, float, float]:
    """Left, top, width and height as a finder gives them: from the brows' upper side to the chin."""
    low, high = mesh[:, :2].min(0), mesh[:, :2].max(0)
    return float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
