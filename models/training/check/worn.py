"""What a face wears, drawn: masks, glasses, helmets, veils, and hats, beards and hoods that leave it bare."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.check.canvas import Cut, Geometry, Rng, area_of, cloth, lay, oval, size_of, skin_of


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
    area = area_of(cut, outline, smooth=rng.random() < 0.8)
    material = cloth(rng, size_of(cut), skin_of(cut, g))
    if rng.random() < 0.4:  # a beak or a wire: a ridge of light down the middle
        xx = np.arange(cut.shape[1], dtype=np.float32)
        ridge = np.exp(-(((xx - float(g.nose[0])) / (0.35 * g.iod)) ** 2)) * rng.uniform(-50, 60)
        material += ridge[None, :, None]
    lay(cut, area, material, rng)


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
        area = area_of(cut, lens, smooth=False)
        if dark:
            material, see = _lens(rng, lens, (h, w), style, tint)
            if rng.random() < 0.45:  # a reflection
                x, y = lens[int(rng.integers(len(lens)))]
                size = rng.uniform(0.05, 0.3) * g.iod
                cx, cy = (x + np.mean([p[0] for p in lens])) / 2, (y + np.mean([p[1] for p in lens])) / 2
                glare = np.zeros((h, w), np.float32)
                axes = (int(size) + 1, int(size * rng.uniform(0.3, 1.0)) + 1)
                cv2.ellipse(
                    glare, (int(cx), int(cy)), axes, rng.uniform(0, 180), 0, 360, (1.0,), -1, cv2.LINE_AA
                )
                material += cv2.GaussianBlur(glare, (0, 0), 1.0)[..., None] * rng.uniform(40, 220)
            opacity = see
        else:
            material = np.full((h, w, 3), rng.uniform(60, 255), np.float32)
            opacity = rng.choice([0.0, rng.uniform(0, 0.3)])
            if rng.random() < 0.25:  # a window's reflection that leaves most of the eye
                x = lens[0][0]
                opacity = np.where(np.abs(np.arange(w) - x + rng.uniform(-4, 8)) < 2.5, 0.6, opacity)[None, :]
        share = (area * opacity)[..., None]
        cut[:] = np.clip(cut * (1 - share) + material * share, 0, 255).astype(np.uint8)
        if not dark or rng.random() < 0.6:
            outline = np.rint(np.array(lens, np.float32) * 8).astype(np.int32)
            cv2.polylines(cut, [outline], True, tone.tolist(), thick, cv2.LINE_AA, 3)


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
    area = area_of(cut, outline)
    if hole:
        area = np.clip(area - area_of(cut, hole), 0, 1)
    material = cloth(rng, size_of(cut), skin_of(cut, g))
    if hard:
        yy, xx = np.mgrid[0 : cut.shape[0], 0 : cut.shape[1]].astype(np.float32)
        bx, by = cx + rng.uniform(-0.4, 0.4) * w, top + rng.uniform(0.05, 0.4) * h
        shine = np.exp(-(((xx - bx) / (0.25 * w)) ** 2 + ((yy - by) / (0.2 * h)) ** 2))
        material += (shine * rng.uniform(0, 140))[..., None]
    lay(cut, area, material, rng)


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
        lay(cut, area_of(cut, outline), cloth(rng, size_of(cut)), rng)
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
        area = area_of(cut, slot)
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
    lay(cut, area_of(cut, outline), cloth(rng, size_of(cut), skin_of(cut, g)), rng)


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
    holes = area_of(cut, oval(float(g.eye_l[0]), float(g.eye_l[1]), r * 1.2, r)) + area_of(
        cut, oval(float(g.eye_r[0]), float(g.eye_r[1]), r * 1.2, r)
    )
    if rng.random() < 0.4:
        holes += area_of(cut, oval(float(g.mouth[0]), float(g.mouth[1]), g.mouth_half * 1.1, 0.5 * r))
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
    area = area_of(cut, outline)
    if rng.random() < 0.4:  # the shadow of a peak over the eyes
        shade = np.clip(
            cv2.GaussianBlur(np.roll(area, int(0.35 * g.drop), 0), (0, 0), 4), 0, 1
        ) * rng.uniform(0.2, 0.6)
        cut[:] = (cut * (1 - shade[..., None])).astype(np.uint8)
    lay(cut, area, cloth(rng, size_of(cut)), rng)


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
    area = area_of(cut, outline)
    lips = area_of(
        cut,
        oval(
            float(g.mouth[0]),
            float(g.mouth[1]),
            g.mouth_half * rng.uniform(0.9, 1.2),
            g.mouth_half * rng.uniform(0.25, 0.45),
        ),
    )
    hair = rng.standard_normal((cut.shape[0] // 2, cut.shape[1])).astype(np.float32)
    longer = cv2.resize(hair, (cut.shape[1], cut.shape[0]))
    hair = np.asarray(cv2.GaussianBlur(longer, (0, 0), 0.7), np.float32)
    tone = rng.uniform(5, 70) if rng.random() < 0.75 else rng.uniform(100, 220)
    material = np.clip(tone + hair * rng.uniform(8, 30), 0, 255)[..., None] * rng.uniform(
        0.85, 1.0, 3
    ).astype(np.float32)
    a = cv2.GaussianBlur(np.clip(area - lips, 0, 1), (0, 0), rng.uniform(1.0, 3.5)) * rng.uniform(0.35, 0.95)
    cut[:] = np.clip(cut * (1 - a[..., None]) + material * a[..., None], 0, 255).astype(np.uint8)
