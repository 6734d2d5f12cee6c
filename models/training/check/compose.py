"""Draws covers, and things that are none, onto bare faces: what the gathered pictures hardly hold.

Every function takes a cut (160, 160, 3), the five landmarks and the box in its pixels, and a random
generator, and changes the cut in place. They aim at shapes and borders, not at beauty: colours, prints,
light and noise are random, so that the network can only learn where skin, eyes, nose and mouth are hidden.
"""

from __future__ import annotations

from collections.abc import Callable
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


def _area(cut: Cut, points: list[tuple[float, float]], smooth: bool = True) -> NDArray[np.float32]:
    """Coverage 0..1 of a closed outline (its corners cut when `smooth`), softened by about a pixel."""
    p = np.array(points, np.float32)
    if smooth:
        for _ in range(2):  # Chaikin's corner cutting
            q = np.roll(p, -1, 0)
            p = np.stack([0.75 * p + 0.25 * q, 0.25 * p + 0.75 * q], 1).reshape(-1, 2)
    area = np.zeros(cut.shape[:2], np.uint8)
    cv2.fillPoly(area, [np.rint(p * 8).astype(np.int32)], 255, cv2.LINE_AA, 3)
    return area.astype(np.float32) / 255


def _lay(
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
        area = cv2.GaussianBlur(area, (0, 0), rng.uniform(0.5, 1.3))
    a = area[..., None]
    cut[:] = np.clip(cut * (1 - a) + material * a, 0, 255).astype(np.uint8)


def _mask_outline(g: Geometry, rng: Rng, top: float) -> list[tuple[float, float]]:
    """A mask's outline; `top` is where its middle begins: 0 at the eyes, 1 at the mouth."""
    w = g.right - g.left
    middle = g.eyes * (1 - top) + g.mouth * top
    middle_x = 0.5 * float(middle[0]) + 0.5 * float(g.nose[0]) if top < 0.9 else float(g.mouth[0])
    side_y = float(middle[1]) + rng.uniform(0.02, 0.28) * g.drop
    inset_l, inset_r = rng.uniform(-0.02, 0.12, 2) * w
    chin = g.bottom + rng.uniform(-0.06, 0.10) * (g.bottom - g.top)
    jaw = rng.uniform(0.14, 0.32) * w
    low = float(g.mouth[1]) + rng.uniform(0.0, 0.35) * g.drop
    mid_x = float(g.mouth[0])
    return [
        (g.left + inset_l, side_y),
        (middle_x - 0.3 * g.iod, float(middle[1]) + rng.uniform(0.0, 0.12) * g.drop),
        (middle_x, float(middle[1]) - 0.02 * g.drop),
        (middle_x + 0.3 * g.iod, float(middle[1]) + rng.uniform(0.0, 0.12) * g.drop),
        (g.right - inset_r, side_y),
        (g.right - inset_r * 0.6, low),
        (g.right - jaw, chin - 0.04 * g.drop),
        (mid_x, chin),
        (g.left + jaw, chin - 0.04 * g.drop),
        (g.left + inset_l * 0.6, low),
    ]


def mask(cut: Cut, g: Geometry, rng: Rng, top: float | None = None) -> None:
    """A face mask, its middle beginning on the bridge of the nose by default, with straps to the ears."""
    top = rng.uniform(0.12, 0.5) if top is None else top
    outline = _mask_outline(g, rng, top)
    if rng.random() < 0.7:
        tone = float(rng.choice([rng.uniform(0, 60), rng.uniform(180, 255)]))
        for corner, side in ((outline[0], g.left), (outline[4], g.right)):
            ear = (
                side + rng.uniform(-0.05, 0.05) * g.iod,
                float(g.eyes[1]) + rng.uniform(-0.1, 0.5) * g.drop,
            )
            cv2.line(
                cut,
                (int(corner[0]), int(corner[1])),
                (int(ear[0]), int(ear[1])),
                (tone, tone, tone),
                int(rng.integers(1, 3)),
                cv2.LINE_AA,
            )
    area = _area(cut, outline, smooth=rng.random() < 0.8)
    material = cloth(rng, cut.shape[:2], skin_of(cut, g))
    if rng.random() < 0.4:  # a beak or a wire: a ridge of light down the middle
        xx = np.arange(cut.shape[1], dtype=np.float32)
        ridge = np.exp(-(((xx - float(g.nose[0])) / (0.35 * g.iod)) ** 2)) * rng.uniform(-50, 60)
        material += ridge[None, :, None]
    _lay(cut, area, material, rng)


def mask_under_nose(cut: Cut, g: Geometry, rng: Rng) -> None:
    """The mouth and chin covered, the nose free."""
    nose_at = float(np.clip((g.nose[1] - g.eyes[1]) / g.drop, 0.35, 0.75))
    mask(cut, g, rng, top=nose_at + (1 - nose_at) * rng.uniform(0.3, 0.68))


def mask_on_chin(cut: Cut, g: Geometry, rng: Rng) -> None:
    """A mask pulled down: mouth free, so the face is bare."""
    under = 1.0 + max(0.0, (g.bottom - float(g.mouth[1])) / g.drop) * rng.uniform(0.5, 0.85) + 0.08
    g2 = Geometry(**{**g.__dict__, "bottom": g.bottom + rng.uniform(0.1, 0.35) * g.drop})
    mask(cut, g2, rng, top=under)


def _lenses(g: Geometry, rng: Rng) -> list[list[tuple[float, float]]]:
    """Outlines of two lenses, or of one wide shield."""
    rx = g.iod * rng.uniform(0.34, 0.52)
    ry = g.iod * rng.uniform(0.22, 0.46)
    power = rng.choice([2.0, 2.0, 3.0, 5.0])
    sag = rng.uniform(-0.05, 0.25) * g.iod
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ex = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** (2 / power) * rx
    ey = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / power) * ry
    # Aviators hang outwards and down.
    drop = np.where(ey > 0, 1 + rng.choice([0, 0, rng.uniform(0, 0.4)]), 1.0)
    out = []
    for eye, side in ((g.eye_l, -1), (g.eye_r, 1)):
        cx, cy = float(eye[0]) + side * 0.02 * g.iod, float(eye[1]) + sag * 0.5
        out.append([(cx + float(x), cy + float(y)) for x, y in zip(ex, ey * drop, strict=True)])
    if rng.random() < 0.12:
        x0, x1 = min(p[0] for p in out[0]), max(p[0] for p in out[1])
        middle, y = (x0 + x1) / 2, float(g.eyes[1]) + sag * 0.5
        upper = [(x0, y - ry), (middle, y - ry * 1.1), (x1, y - ry)]
        return [[*upper, (x1, y + ry), (middle, y + ry * 0.6), (x0, y + ry)]]
    return out


def _lens(
    rng: Rng, lens: list[tuple[float, float]], shape: tuple[int, int], style: float, tint: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a dark lens shows, (h, w, 3), and how much it hides, (h, w): black, graded, or a mirror."""
    h, w = shape
    ys = np.linspace(-1, 1, h, dtype=np.float32)[:, None]
    low, high = min(p[1] for p in lens) / h * 2 - 1, max(p[1] for p in lens) / h * 2 - 1
    material = np.empty((h, w, 3), np.float32)
    opacity = np.full((h, w), rng.uniform(0.86, 1.0), np.float32)
    if style < 0.65:
        material[:] = tint * 60
        if style > 0.4:  # dark above, lighter below
            fall = np.clip((ys - low) / max(high - low, 0.01), 0, 1) * rng.uniform(0.1, 0.45)
            opacity = np.broadcast_to(rng.uniform(0.88, 0.98) - fall, (h, w)).astype(np.float32)
        return material, opacity
    # A mirror: sky above and ground below, with what stands about as blobs.
    material[:] = 40 + tint * 150
    horizon = low + (high - low) * rng.uniform(0.2, 0.8)
    material += (np.tanh((ys - horizon) * rng.uniform(5, 60)) * rng.uniform(-90, 60))[..., None]
    cells = int(rng.integers(8, 26))
    blobs = cv2.resize(
        rng.standard_normal((cells, cells)).astype(np.float32), (w, h), interpolation=cv2.INTER_CUBIC
    )
    material += (blobs * rng.uniform(5, 45))[..., None]
    return material, opacity


def glasses(cut: Cut, g: Geometry, rng: Rng, dark: bool) -> None:
    """Dark glasses that hide the eyes, or clear ones that do not."""
    lenses = _lenses(g, rng)
    tone = rng.uniform(0, 80, 3) if rng.random() < 0.75 else rng.uniform(0, 255, 3)
    thick = int(rng.integers(1, 4))
    y_ear = float(g.eyes[1]) + rng.uniform(-0.1, 0.1) * g.iod
    for lens, side in ((lenses[0], g.left), (lenses[-1], g.right)):
        at = min(lens, key=lambda p: abs(p[0] - side))
        cv2.line(cut, (int(at[0]), int(at[1])), (int(side), int(y_ear)), tone.tolist(), thick, cv2.LINE_AA)
    if len(lenses) == 2:
        a, b = max(lenses[0]), min(lenses[1])
        cv2.line(cut, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), tone.tolist(), thick, cv2.LINE_AA)
    h, w = cut.shape[:2]
    style, tint = rng.random(), rng.uniform(0, 1, 3)
    for lens in lenses:
        area = _area(cut, lens, smooth=False)
        if dark:
            material, see = _lens(rng, lens, (h, w), style, tint)
            if rng.random() < 0.45:  # a reflection
                x, y = lens[int(rng.integers(len(lens)))]
                size = rng.uniform(0.05, 0.3) * g.iod
                cx, cy = (x + np.mean([p[0] for p in lens])) / 2, (y + np.mean([p[1] for p in lens])) / 2
                glare = np.zeros((h, w), np.float32)
                axes = (int(size) + 1, int(size * rng.uniform(0.3, 1.0)) + 1)
                cv2.ellipse(
                    glare, (int(cx), int(cy)), axes, rng.uniform(0, 180), 0, 360, 1.0, -1, cv2.LINE_AA
                )
                material += cv2.GaussianBlur(glare, (0, 0), 1.0)[..., None] * rng.uniform(40, 220)
            opacity = see
        else:
            material = np.full((h, w, 3), rng.uniform(60, 255), np.float32)
            opacity = rng.choice([0.0, rng.uniform(0, 0.3)])
            if rng.random() < 0.25:  # a window's reflection that leaves most of the eye
                x = lens[0][0]
                opacity = np.where(np.abs(np.arange(w) - x + rng.uniform(-4, 8)) < 2.5, 0.6, opacity)[None, :]
        a = (area * opacity)[..., None]
        cut[:] = np.clip(cut * (1 - a) + material * a, 0, 255).astype(np.uint8)
        if not dark or rng.random() < 0.6:
            outline = np.rint(np.array(lens, np.float32) * 8).astype(np.int32)
            cv2.polylines(cut, [outline], True, tone.tolist(), thick, cv2.LINE_AA, 3)


def _oval(cx: float, cy: float, rx: float, ry: float, n: int = 20) -> list[tuple[float, float]]:
    t = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return [(cx + rx * float(np.cos(a)), cy + ry * float(np.sin(a))) for a in t]


def _shell(cut: Cut, g: Geometry, rng: Rng, hole: list[tuple[float, float]], long: bool, hard: bool) -> None:
    """Something round the whole head with a hole in it: hood, scarf, helmet or balaclava."""
    w, h = g.right - g.left, g.bottom - g.top
    cx = (g.left + g.right) / 2
    grow = rng.uniform(1.2, 1.5) if hard else rng.uniform(1.08, 1.35)
    top = g.top - h * (rng.uniform(0.12, 0.35) if hard else rng.uniform(0.03, 0.2))
    bottom = cut.shape[0] + 20.0 if long else g.bottom + h * rng.uniform(0.02, 0.2)
    half = w / 2 * grow
    low = half * (rng.uniform(0.9, 1.5) if long else rng.uniform(0.6, 0.95))
    outline = [
        (cx - half * 0.55, top + 0.06 * h),
        (cx, top),
        (cx + half * 0.55, top + 0.06 * h),
        (cx + half, g.top + 0.35 * h),
        (cx + half * 0.98, g.top + 0.7 * h),
        (cx + low, bottom),
        (cx - low, bottom),
        (cx - half * 0.98, g.top + 0.7 * h),
        (cx - half, g.top + 0.35 * h),
    ]
    area = _area(cut, outline)
    if hole:
        area = np.clip(area - _area(cut, hole), 0, 1)
    material = cloth(rng, cut.shape[:2], skin_of(cut, g))
    if hard:
        yy, xx = np.mgrid[0 : cut.shape[0], 0 : cut.shape[1]].astype(np.float32)
        bx, by = cx + rng.uniform(-0.4, 0.4) * w, top + rng.uniform(0.05, 0.4) * h
        shine = np.exp(-(((xx - bx) / (0.25 * w)) ** 2 + ((yy - by) / (0.2 * h)) ** 2))
        material += (shine * rng.uniform(0, 140))[..., None]
    _lay(cut, area, material, rng)


def _open_face(g: Geometry, rng: Rng) -> list[tuple[float, float]]:
    """The opening of a hood, hijab or open helmet: from above the brows to below the chin's middle."""
    w, h = g.right - g.left, g.bottom - g.top
    cx = (g.left + g.right) / 2
    brow = float(g.eyes[1]) - rng.uniform(0.32, 0.75) * g.drop
    chin = g.bottom - rng.uniform(-0.06, 0.05) * h
    half = w / 2 * rng.uniform(0.82, 1.02)
    return [
        (cx - half * 0.6, brow + 0.05 * h),
        (cx, brow),
        (cx + half * 0.6, brow + 0.05 * h),
        (cx + half, float(g.eyes[1]) + 0.1 * g.drop),
        (cx + half * 0.9, float(g.mouth[1])),
        (cx + half * 0.45, chin),
        (cx - half * 0.45, chin),
        (cx - half * 0.9, float(g.mouth[1])),
        (cx - half, float(g.eyes[1]) + 0.1 * g.drop),
    ]


def hijab(cut: Cut, g: Geometry, rng: Rng) -> None:
    """Cloth round an open face: bare."""
    _shell(cut, g, rng, _open_face(g, rng), long=True, hard=False)


def helmet_open(cut: Cut, g: Geometry, rng: Rng) -> None:
    """A helmet with the face free, in part with a raised visor or a strap: bare."""
    hole = _open_face(g, rng)
    if rng.random() < 0.6:  # half helmet: nothing beside or under the cheeks
        w, h = g.right - g.left, g.bottom - g.top
        cx, brow = (g.left + g.right) / 2, float(g.eyes[1]) - rng.uniform(0.3, 0.7) * g.drop
        half = w / 2 * rng.uniform(1.1, 1.4)
        top = g.top - h * rng.uniform(0.15, 0.4)
        outline = [
            (cx - half, brow + 0.1 * h),
            (cx - half * 0.8, top + 0.15 * h),
            (cx, top),
            (cx + half * 0.8, top + 0.15 * h),
            (cx + half, brow + 0.1 * h),
            (cx, brow),
        ]
        _lay(cut, _area(cut, outline), cloth(rng, cut.shape[:2]), rng)
        if rng.random() < 0.7:
            tone = [float(rng.uniform(0, 70))] * 3
            for side in (g.left, g.right):
                a = (int(side), int(g.eyes[1]))
                b = (int(cx), int(g.bottom + rng.uniform(-0.02, 0.06) * h))
                cv2.line(cut, a, b, tone, int(rng.integers(1, 4)), cv2.LINE_AA)
        return
    _shell(cut, g, rng, hole, long=False, hard=True)


def helmet_closed(cut: Cut, g: Geometry, rng: Rng) -> None:
    """A full helmet: visor down over the face, or up with the chin bar over nose and mouth."""
    w = g.right - g.left
    cx = (g.left + g.right) / 2
    brow = float(g.eyes[1]) - rng.uniform(0.35, 0.7) * g.drop
    low = float(g.nose[1]) + rng.uniform(-0.25, 0.35) * g.drop
    half = w / 2 * rng.uniform(0.85, 1.1)
    slot = [
        (cx - half * 0.8, brow),
        (cx + half * 0.8, brow),
        (cx + half, (brow + low) / 2),
        (cx + half * 0.8, low),
        (cx, low + 0.1 * g.drop),
        (cx - half * 0.8, low),
        (cx - half, (brow + low) / 2),
    ]
    open_slot = rng.random() < 0.3
    if not open_slot:
        area = _area(cut, slot)
        material = np.empty((*cut.shape[:2], 3), np.float32)
        material[:] = rng.uniform(0, 60) if rng.random() < 0.6 else rng.uniform(0, 255, 3)
        ramp = np.linspace(-1, 1, cut.shape[0], dtype=np.float32)[:, None, None]
        material += ramp * rng.uniform(-70, 70)
        glow = cv2.resize(
            rng.random((5, 5), np.float32), (cut.shape[1], cut.shape[0]), interpolation=cv2.INTER_CUBIC
        )
        material += (np.clip(glow - 0.6, 0, 1) * rng.uniform(0, 350))[..., None]
        # Some tinted visors let a shadow of the face through.
        see = (area * rng.uniform(0.75, 1.0))[..., None]
        cut[:] = np.clip(cut * (1 - see) + material * see, 0, 255).astype(np.uint8)
    _shell(cut, g, rng, slot, long=False, hard=True)


def veil(cut: Cut, g: Geometry, rng: Rng) -> None:
    """A scarf, niqab or bandana over nose and mouth, in part with cloth over the head as well."""
    if rng.random() < 0.5:
        y0 = float(g.eyes[1]) - rng.uniform(0.3, 0.6) * g.drop
        y1 = float(g.eyes[1]) + rng.uniform(0.22, 0.5) * g.drop
        cx, half = (g.left + g.right) / 2, (g.right - g.left) / 2 * rng.uniform(0.8, 1.05)
        hole = [
            (cx - half * 0.8, y0),
            (cx + half * 0.8, y0),
            (cx + half, (y0 + y1) / 2),
            (cx + half * 0.8, y1),
            (cx, y1 - 0.06 * g.drop),
            (cx - half * 0.8, y1),
            (cx - half, (y0 + y1) / 2),
        ]
        _shell(cut, g, rng, hole, long=rng.random() < 0.8, hard=False)
        return
    y = float(g.eyes[1]) + rng.uniform(0.2, 0.55) * g.drop
    w = g.right - g.left
    outline = [
        (g.left - rng.uniform(0, 0.15) * w, y - rng.uniform(-0.1, 0.2) * g.drop),
        (float(g.nose[0]), y),
        (g.right + rng.uniform(0, 0.15) * w, y - rng.uniform(-0.1, 0.2) * g.drop),
        (g.right + rng.uniform(0, 0.5) * w, g.bottom + 0.3 * g.drop),
        (g.right + rng.uniform(-0.2, 0.4) * w, cut.shape[0] + 15.0),
        (g.left - rng.uniform(-0.2, 0.4) * w, cut.shape[0] + 15.0),
        (g.left - rng.uniform(0, 0.5) * w, g.bottom + 0.3 * g.drop),
    ]
    _lay(cut, _area(cut, outline), cloth(rng, cut.shape[:2], skin_of(cut, g)), rng)


def balaclava(cut: Cut, g: Geometry, rng: Rng) -> None:
    """Knitted cloth over the head with one slot or two holes for the eyes, in part one for the mouth."""
    r = g.iod * rng.uniform(0.22, 0.42)
    if rng.random() < 0.5:
        x0, x1 = float(g.eye_l[0]) - 1.4 * r, float(g.eye_r[0]) + 1.4 * r
        y = float(g.eyes[1])
        hole = [(x0, y - r), (x1, y - r), (x1 + 0.3 * r, y), (x1, y + r), (x0, y + r), (x0 - 0.3 * r, y)]
        _shell(cut, g, rng, hole, long=rng.random() < 0.5, hard=False)
        return
    before = cut.copy()
    _shell(cut, g, rng, [], long=rng.random() < 0.5, hard=False)
    holes = _area(cut, _oval(*map(float, g.eye_l), r * 1.2, r)) + _area(
        cut, _oval(*map(float, g.eye_r), r * 1.2, r)
    )
    if rng.random() < 0.4:
        holes += _area(cut, _oval(*map(float, g.mouth), g.mouth_half * 1.1, 0.5 * r))
    a = np.clip(holes, 0, 1)[..., None]
    cut[:] = (cut * (1 - a) + before * a).astype(np.uint8)


def hat(cut: Cut, g: Geometry, rng: Rng) -> None:
    """Cap, turban, fringe or woollen hat down to the brows: bare."""
    w, h = g.right - g.left, g.bottom - g.top
    cx, brow = (g.left + g.right) / 2, float(g.eyes[1]) - rng.uniform(0.28, 0.8) * g.drop
    half = w / 2 * rng.uniform(0.95, 1.45)
    top = g.top - h * rng.uniform(0.1, 0.5)
    bow = rng.uniform(-0.12, 0.15) * h
    outline = [
        (cx - half, brow + 0.05 * h),
        (cx - half * 0.9, top + 0.15 * h),
        (cx, top),
        (cx + half * 0.9, top + 0.15 * h),
        (cx + half, brow + 0.05 * h),
        (cx, brow + bow),
    ]
    if brow + bow > float(g.eyes[1]) - 0.2 * g.drop:
        outline[-1] = (cx, brow)
    area = _area(cut, outline)
    if rng.random() < 0.4:  # the shadow of a peak over the eyes
        shade = np.clip(
            cv2.GaussianBlur(np.roll(area, int(0.35 * g.drop), 0), (0, 0), 4), 0, 1
        ) * rng.uniform(0.2, 0.6)
        cut[:] = (cut * (1 - shade[..., None])).astype(np.uint8)
    _lay(cut, area, cloth(rng, cut.shape[:2]), rng)


def beard(cut: Cut, g: Geometry, rng: Rng) -> None:
    """Hair on jaw and lip, the mouth free: bare."""
    w = g.right - g.left
    top = float(g.mouth[1]) - rng.uniform(0.1, 0.35) * g.drop
    side = rng.uniform(-0.02, 0.15) * w
    chin = g.bottom + rng.uniform(-0.03, 0.22) * (g.bottom - g.top)
    outline = [
        (g.left + side, float(g.eyes[1]) + rng.uniform(0.2, 0.8) * g.drop),
        (float(g.mouth[0]) - 1.5 * g.mouth_half, top + 0.25 * g.drop),
        (float(g.mouth[0]), top),
        (float(g.mouth[0]) + 1.5 * g.mouth_half, top + 0.25 * g.drop),
        (g.right - side, float(g.eyes[1]) + rng.uniform(0.2, 0.8) * g.drop),
        (g.right - 0.2 * w, chin - 0.1 * g.drop),
        (float(g.mouth[0]), chin),
        (g.left + 0.2 * w, chin - 0.1 * g.drop),
    ]
    area = _area(cut, outline)
    lips = _area(
        cut,
        _oval(
            *map(float, g.mouth), g.mouth_half * rng.uniform(0.9, 1.2), g.mouth_half * rng.uniform(0.25, 0.45)
        ),
    )
    hair = rng.standard_normal((cut.shape[0] // 2, cut.shape[1])).astype(np.float32)
    hair = cv2.GaussianBlur(cv2.resize(hair, (cut.shape[1], cut.shape[0])), (0, 0), 0.7)
    tone = rng.uniform(5, 70) if rng.random() < 0.75 else rng.uniform(100, 220)
    material = np.clip(tone + hair * rng.uniform(8, 30), 0, 255)[..., None] * rng.uniform(
        0.85, 1.0, 3
    ).astype(np.float32)
    a = cv2.GaussianBlur(np.clip(area - lips, 0, 1), (0, 0), rng.uniform(1.0, 3.5)) * rng.uniform(0.35, 0.95)
    cut[:] = np.clip(cut * (1 - a[..., None]) + material * a[..., None], 0, 255).astype(np.uint8)


def _hand_shape(cut: Cut, g: Geometry, rng: Rng, at: Points, size: float, tone: NDArray[np.float32]) -> None:
    """A palm with fingers in a skin tone, pointing anywhere upwards."""
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
        255,
        -1,
    )
    wrist = palm - up * size * 2.5
    cv2.line(
        layer,
        tuple(np.rint(palm).astype(int).tolist()),
        tuple(np.rint(wrist).astype(int).tolist()),
        255,
        int(size * 0.9),
    )
    spread = rng.uniform(0.0, 0.35)
    for i in range(4):
        off = (i - 1.5) / 1.5
        root = palm + across * off * size * 0.42 + up * size * 0.3
        tip = root + (up + across * off * spread) * size * rng.uniform(0.7, 1.1)
        a, b = tuple(np.rint(root).astype(int).tolist()), tuple(np.rint(tip).astype(int).tolist())
        cv2.line(lines, a, b, 255, int(wide) + 2, cv2.LINE_AA)
        cv2.line(lines, a, b, 90, max(int(wide) - 1, 1), cv2.LINE_AA)
        cv2.line(layer, a, b, 255, int(wide) + 2, cv2.LINE_AA)
    area = cv2.GaussianBlur(layer, (0, 0), 0.7).astype(np.float32) / 255
    material = np.empty((*cut.shape[:2], 3), np.float32)
    material[:] = tone
    folds = cv2.resize(
        rng.standard_normal((6, 6)).astype(np.float32),
        (cut.shape[1], cut.shape[0]),
        interpolation=cv2.INTER_CUBIC,
    )
    material *= (1 + folds * 0.08 - (lines.astype(np.float32) / 255) * rng.uniform(0.1, 0.4))[..., None]
    _lay(cut, area, material, rng, light=rng.uniform(0, 0.4))


def hand(cut: Cut, g: Geometry, rng: Rng) -> None:
    """One hand over nose and mouth, or hands over the eyes: covered."""
    tone = skin_of(cut, g) * rng.uniform(0.75, 1.2)
    if rng.random() < 0.7:
        at = (g.mouth * 0.75 + g.nose * 0.25) + rng.uniform(-0.08, 0.08, 2) * g.iod
        _hand_shape(cut, g, rng, at, g.iod * rng.uniform(0.95, 1.3), tone)
    else:
        for eye in (g.eye_l, g.eye_r):
            _hand_shape(cut, g, rng, eye.astype(np.float64), g.iod * rng.uniform(0.65, 0.9), tone)


def hand_beside(cut: Cut, g: Geometry, rng: Rng) -> None:
    """A hand at the cheek, the ear, the chin or the brow, the face still seen: bare."""
    tone = skin_of(cut, g) * rng.uniform(0.75, 1.2)
    side = g.left - 0.25 * g.iod if rng.random() < 0.5 else g.right + 0.25 * g.iod
    at = np.array([side, float(g.mouth[1]) + rng.uniform(-0.3, 0.6) * g.drop])
    if rng.random() < 0.3:
        at = np.array([float(g.mouth[0]) + rng.uniform(-0.5, 0.5) * g.iod, g.bottom + 0.7 * g.iod])
    _hand_shape(cut, g, rng, at, g.iod * rng.uniform(0.5, 0.8), tone)


def _slab(cut: Cut, rng: Rng, at: Points, half_w: float, half_h: float) -> None:
    """A phone, card, sheet, book or cup: a turned rectangle of some material with something on it."""
    angle = rng.uniform(-0.5, 0.5)
    c, s = np.cos(angle), np.sin(angle)
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    outline = [
        (float(at[0] + c * x * half_w - s * y * half_h), float(at[1] + s * x * half_w + c * y * half_h))
        for x, y in corners
    ]
    _lay(
        cut,
        _area(cut, outline, smooth=rng.random() < 0.3),
        cloth(rng, cut.shape[:2]),
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


Painter = Callable[[Cut, Geometry, Rng], None]

COVERS: dict[str, list[tuple[float, Painter]]] = {
    "mask": [(1.0, mask)],
    "mask_under_nose": [(1.0, mask_under_nose)],
    "glasses": [(1.0, lambda cut, g, rng: glasses(cut, g, rng, dark=True))],
    "helmet": [(1.0, helmet_closed)],
    "scarf": [(0.6, veil), (0.4, balaclava)],
    "hand": [(1.0, hand)],
    "object": [(1.0, thing)],
}
"""Class of the network to painters with their shares."""

NO_COVERS: list[tuple[float, Painter]] = [
    (0.26, lambda cut, g, rng: glasses(cut, g, rng, dark=False)),
    (0.12, hijab),
    (0.14, helmet_open),
    (0.12, hat),
    (0.12, beard),
    (0.10, mask_on_chin),
    (0.07, hand_beside),
    (0.07, thing_beside),
]
"""What leaves a face bare, with shares."""


def paint(cut: Cut, g: Geometry, rng: Rng, choices: list[tuple[float, Painter]]) -> None:
    """Draws one of `choices`."""
    shares = np.array([s for s, _ in choices])
    choices[int(rng.choice(len(choices), p=shares / shares.sum()))][1](cut, g, rng)


def swap(cut: Cut, marks: Points, g: Geometry, donor: Cut, donor_marks: Points, rng: Rng, part: str) -> None:
    """Puts the donor's lower face (`mouth`) or its eyes (`eyes`) into the cut, light matched, edge softened.

    So one source's mask sits on another source's face, and one's bare mouth on another's masked face:
    nothing but the cover itself tells the label.
    """

    def three(m: Points) -> Points:
        eyes, mouth = (m[0] + m[1]) / 2, (m[3] + m[4]) / 2
        down = mouth - eyes
        across = np.array([down[1], -down[0]], np.float32)
        return np.array([eyes, mouth, eyes + across], np.float32)

    m = cv2.getAffineTransform(three(donor_marks), three(marks))
    other = cv2.warpAffine(donor, m, (cut.shape[1], cut.shape[0]), borderMode=cv2.BORDER_REPLICATE).astype(
        np.float32
    )
    w = g.right - g.left
    if part == "mouth":
        y = float(g.eyes[1]) + 0.2 * g.drop
        outline = [
            (g.left - 0.12 * w, y + 0.12 * g.drop),
            (float(g.eyes[0]), y),
            (g.right + 0.12 * w, y + 0.12 * g.drop),
            (g.right + 0.1 * w, g.bottom),
            (float(g.mouth[0]), g.bottom + 0.35 * g.drop),
            (g.left - 0.1 * w, g.bottom),
        ]
    else:
        y0, y1 = float(g.eyes[1]) - 0.5 * g.drop, float(g.eyes[1]) + 0.48 * g.drop
        outline = [
            (g.left - 0.08 * w, y0),
            (g.right + 0.08 * w, y0),
            (g.right + 0.08 * w, y1),
            (g.left - 0.08 * w, y1),
        ]
    area = cv2.GaussianBlur(_area(cut, outline), (0, 0), 2.0)[..., None]
    if rng.random() < 0.7:
        # Match the light on the seam, not on the part itself: a dark mask must stay dark.
        ring = (area[..., 0] > 0.2) & (area[..., 0] < 0.8)
        if ring.any():
            gain = (cut[ring].mean() + 10) / (other[ring].mean() + 10)
            other *= np.clip(gain, 0.6, 1.6)
    cut[:] = np.clip(cut * (1 - area) + other * area, 0, 255).astype(np.uint8)
