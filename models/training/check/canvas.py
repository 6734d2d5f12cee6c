"""A face to paint on: its measures, materials to lay over it, and the outline that they fill."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Cut = NDArray[np.uint8]
Points = NDArray[np.float32]
Rng = np.random.Generator


@dataclass(frozen=True)
class Geometry:
    """A face in cut pixels: landmarks, unit vectors right and down, distances, and the box."""

    eye_l: Points
    eye_r: Points
    nose: Points
    mouth: Points
    iod: float
    drop: float
    left: float
    top: float
    right: float
    bottom: float
    mouth_half: float

    @property
    def eyes(self) -> Points:
        """Midpoint of the eyes."""
        return (self.eye_l + self.eye_r) / 2


def geometry(marks: Points, box: Points) -> Geometry:
    """Measures of a face; the eyes' distance is not let fall below what a profile shows."""
    mouth = (marks[3] + marks[4]) / 2
    eyes = (marks[0] + marks[1]) / 2
    drop = float(np.linalg.norm(mouth - eyes))
    iod = max(float(np.linalg.norm(marks[1] - marks[0])), 0.35 * drop)
    return Geometry(
        marks[0],
        marks[1],
        marks[2],
        mouth,
        iod,
        max(drop, 8.0),
        float(box[0]),
        float(box[1]),
        float(box[0] + box[2]),
        float(box[1] + box[3]),
        max(float(np.linalg.norm(marks[4] - marks[3])) / 2, 3.0),
    )


def cloth(rng: Rng, shape: tuple[int, int], skin: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """A piece of any material, (h, w, 3) floats: plain, printed, pleated, woven or like skin."""
    h, w = shape
    roll = rng.random()
    if skin is not None and roll < 0.12:
        base = skin * rng.uniform(0.75, 1.25)
    elif roll < 0.35:
        base = np.full(3, rng.uniform(5, 60))
    elif roll < 0.6:
        base = np.full(3, rng.uniform(150, 250)) + rng.uniform(-15, 15, 3)
    else:
        base = rng.uniform(0, 255, 3)
    out = np.empty((h, w, 3), np.float32)
    out[:] = base
    kind = rng.random()
    yy, xx = np.mgrid[0:h, 0:w].astype(np.float32)
    if kind < 0.3:  # pleats or stripes
        angle = rng.choice([0.0, 0.0, rng.uniform(0, np.pi)])
        phase = (yy * np.cos(angle) + xx * np.sin(angle)) * (2 * np.pi / rng.uniform(4, 22))
        out += (np.sin(phase) * rng.uniform(4, 45))[..., None] * rng.uniform(0.6, 1, 3).astype(np.float32)
    elif kind < 0.6:  # a print: blobs of a second colour
        n = int(rng.integers(3, 14))
        field = cv2.resize(rng.random((n, n), np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
        share = (field > rng.uniform(0.45, 0.75))[..., None]
        out = np.where(share, rng.uniform(0, 255, 3).astype(np.float32), out)
    elif kind < 0.68:  # letters
        cv2.putText(
            out,
            "".join(rng.choice(list("ABDEKOSXZ08"), 4)),
            (int(w * rng.uniform(0.1, 0.5)), int(h * rng.uniform(0.5, 0.85))),
            0,
            float(rng.uniform(0.3, 0.9)),
            rng.uniform(0, 255, 3).tolist(),
            2,
        )
    # Folds: slow changes of light across the material.
    folds = cv2.resize(rng.standard_normal((4, 4)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC)
    out *= (1 + folds * rng.uniform(0.02, 0.16))[..., None]
    out += rng.standard_normal((h, w, 1)).astype(np.float32) * rng.uniform(0, 5)
    return out


def skin_of(cut: Cut, g: Geometry) -> NDArray[np.float32]:
    """Median colour between eyes and mouth."""
    y0, y1 = sorted((int(g.eyes[1] + 0.3 * g.drop), int(g.mouth[1])))
    x0, x1 = int(g.eyes[0] - 0.6 * g.iod), int(g.eyes[0] + 0.6 * g.iod)
    patch = cut[max(y0, 0) : max(y1, 1), max(x0, 0) : max(x1, 1)].reshape(-1, 3)
    return np.median(patch, 0).astype(np.float32) if len(patch) else np.full(3, 128, np.float32)


def size_of(cut: Cut) -> tuple[int, int]:
    return cut.shape[0], cut.shape[1]


def area_of(cut: Cut, points: list[tuple[float, float]], smooth: bool = True) -> NDArray[np.float32]:
    """Coverage 0..1 of a closed outline (its corners cut when `smooth`), softened by about a pixel."""
    p = np.array(points, np.float32)
    if smooth:
        for _ in range(2):  # Chaikin's corner cutting
            q = np.roll(p, -1, 0)
            p = np.stack([0.75 * p + 0.25 * q, 0.25 * p + 0.75 * q], 1).reshape(-1, 2)
    area = np.zeros(cut.shape[:2], np.uint8)
    cv2.fillPoly(area, [np.rint(p * 8).astype(np.int32)], (255,), cv2.LINE_AA, 3)
    return area.astype(np.float32) / 255


def lay(
    cut: Cut, area: NDArray[np.float32], material: NDArray[np.float32], rng: Rng, light: float | None = None
) -> None:
    """Lays material over the cut where `area` says, in part with the face's own light, with a soft shadow."""
    if light is None:
        light = rng.uniform(0.0, 0.8)
    if light > 0.05:
        small = cv2.resize(cut, (20, 20), interpolation=cv2.INTER_AREA).mean(2)
        glow = cv2.resize(cv2.GaussianBlur(small, (5, 5), 0), (cut.shape[1], cut.shape[0]))
        material = (
            material * (1 - light + light * np.clip(glow / max(float(glow.mean()), 1.0), 0.3, 2.2))[..., None]
        )
    if rng.random() < 0.6:
        shade = cv2.GaussianBlur(area, (0, 0), rng.uniform(1.5, 5.0)) * rng.uniform(0.1, 0.5)
        cut[:] = np.clip(cut * (1 - shade * (1 - area))[..., None], 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        area = np.asarray(cv2.GaussianBlur(area, (0, 0), rng.uniform(0.5, 1.3)), np.float32)
    a = area[..., None]
    cut[:] = np.clip(cut * (1 - a) + material * a, 0, 255).astype(np.uint8)


def oval(cx: float, cy: float, rx: float, ry: float, n: int = 20) -> list[tuple[float, float]]:
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return [(cx + rx * float(np.cos(a)), cy + ry * float(np.sin(a))) for a in t]
