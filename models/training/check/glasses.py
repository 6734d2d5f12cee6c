"""Draws glasses as met in the street: mirrors, gradients and colours that hide eyes, and what hides none.

Half of the dark glasses that were missed were mirrors or colours as bright as skin, most others gradients. So
lenses here reflect rooms, skies and people, in any light against the skin; and the same frames and the same
reflections are drawn without hiding the eyes, pushed up into the hair, or as a hard shadow alone, so that
neither a frame nor a reflection tells the label: only whether eyes are seen.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.check.canvas import Cut, Geometry, Points, Rng, skin_of

FINE = 3
"""Outlines are drawn this much larger, so that a wire may be thinner than a pixel."""

Level = NDArray[np.float32]


def _outline(rng: Rng) -> tuple[Points, float, float]:
    """A lens about the origin with radius 1, x outwards; its half width and height in eye distances."""
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    kind = rng.choice(
        ["round", "box", "wayfarer", "aviator", "cat", "wrap"], p=[0.16, 0.2, 0.2, 0.2, 0.09, 0.15]
    )
    power = {"round": rng.uniform(2, 2.4), "box": rng.uniform(3, 6), "aviator": 2.4, "wrap": 2.6}.get(
        kind, 3.2
    )
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** (2 / power)
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** (2 / power)
    wide, high = rng.uniform(0.36, 0.52), rng.uniform(0.24, 0.44)
    if kind == "wayfarer":
        x = x * (1 - rng.uniform(0.05, 0.16) * (y + 1))
    elif kind == "aviator":
        x = x + 0.12 * y - 0.16 * np.maximum(y, 0) * (x < 0) * x
        y = np.where(y > 0, y * rng.uniform(1.05, 1.4), y * 0.85)
        high = rng.uniform(0.34, 0.46)
    elif kind == "cat":
        y = y - rng.uniform(0.1, 0.35) * np.maximum(x, 0)
    elif kind == "wrap":
        wide, high = rng.uniform(0.46, 0.6), rng.uniform(0.2, 0.32)
        y = y * (1 - 0.3 * np.maximum(x, 0)) - rng.uniform(-0.1, 0.3) * x
    elif kind == "round":
        high = wide * rng.uniform(0.8, 1.0)
    return np.stack([x, y], 1).astype(np.float32), float(wide), float(high)


def _lenses(g: Geometry, rng: Rng, up: float) -> tuple[list[Points], Points, Points]:
    """Outlines of both lenses in the cut (or of one shield), and unit vectors right and down."""
    outline, wide, high = _outline(rng)
    right = g.eye_r - g.eye_l
    right = right / max(float(np.linalg.norm(right)), 1e-3)
    tilt = rng.normal(0, 0.025)
    right = np.array([right[0] - tilt * right[1], right[1] + tilt * right[0]], np.float32)
    down = np.array([-right[1], right[0]], np.float32)
    if rng.random() < 0.15:  # large ones
        wide, high = wide * 1.15, high * 1.3
    turned = float(np.clip((g.nose - g.eyes) @ right / g.iod, -0.5, 0.5))
    lower = rng.uniform(-0.02, 0.12) * g.iod - up * g.drop
    lenses = []
    for eye, side in ((g.eye_l, -1.0), (g.eye_r, 1.0)):
        # The lens on the side that the face is turned to is seen from aside.
        narrow = 1 - 0.6 * max(0.0, side * turned)
        half = np.array([side * wide * narrow * g.iod, high * g.iod], np.float32)
        middle = eye + right * side * rng.uniform(0.0, 0.04) * g.iod + down * lower
        lenses.append(np.asarray(middle + (outline * half) @ np.stack([right, down]), np.float32))
    if rng.random() < 0.12:
        # One shield: the hull of both.
        lenses = [np.asarray(cv2.convexHull(np.concatenate(lenses))[:, 0], np.float32)]
    return lenses, right, down


def _area(shape: tuple[int, int], lenses: list[Points]) -> Level:
    fine = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    for lens in lenses:
        cv2.fillPoly(
            fine, [np.rint(((lens + 0.5) * FINE - 0.5) * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4
        )
    return cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _frame(
    shape: tuple[int, int], g: Geometry, rng: Rng, lenses: list[Points], right: Points, down: Points
) -> Level:
    """How much the frame covers: full, half or no rim, bridge, arms to the ears."""
    fine = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)

    def line(points: Points, width: float, closed: bool = False) -> None:
        p = np.rint(((points + 0.5) * FINE - 0.5) * 16).astype(np.int32)
        cv2.polylines(fine, [p], closed, (255,), max(1, round(width * FINE)), cv2.LINE_AA, 4)

    wire = rng.uniform(0.02, 0.045) * g.iod
    bold = rng.uniform(0.06, 0.17) * g.iod
    rim, width = rng.choice(["full", "top", "none"], p=[0.64, 0.18, 0.18]), rng.choice([wire, bold])
    for lens in lenses:
        if rim == "full":
            line(lens, width, closed=True)
        elif rim == "top":
            along = (lens - lens.mean(0)) @ down
            upper = lens[along < 0.15 * np.abs(along).max()]
            line(upper[np.argsort(upper @ right)], width)
    height = [(lens - lens.mean(0)) @ down for lens in lenses]
    at = [
        lens[np.abs(h - rng.uniform(-0.6, -0.1) * np.abs(h).max()).argsort()[:6]]
        for lens, h in zip(lenses, height, strict=True)
    ]
    outer_l = at[0][(at[0] @ right).argmin()]
    outer_r = at[-1][(at[-1] @ right).argmax()]
    if len(lenses) == 2:
        a, b = at[0][(at[0] @ right).argmax()], at[1][(at[1] @ right).argmin()]
        line(np.stack([a, (a + b) / 2 - down * rng.uniform(0, 0.08) * g.iod, b]), max(width, wire))
        if rng.random() < 0.2:  # an aviator's second bar
            over = down * rng.uniform(0.1, 0.2) * g.iod
            line(np.stack([a - over, b - over]), wire)
    arm = rng.choice([wire, width, 0.8 * bold])
    y = rng.uniform(-0.15, 0.1) * g.iod
    for outer, side in ((outer_l, g.left), (outer_r, g.right)):
        if abs(float(outer[0]) - side) < 0.9 * g.iod:
            line(np.stack([outer, np.array([side, outer[1] + y], np.float32)]), arm)
    return cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _sky(rng: Rng) -> Level:
    """A bright sky over a darker ground, with what stands about: 64 x 64 levels."""
    yy, xx = np.mgrid[-1:1:64j, -1:1:64j].astype(np.float32)
    bow = yy + rng.uniform(-0.3, 0.3) * xx**2 + rng.uniform(-0.25, 0.25) * xx
    sky, ground = rng.uniform(140, 255), rng.uniform(10, 130)
    if rng.random() < 0.15:  # lit from below: snow, sand, water
        sky, ground = ground, sky
    edge = (1 + np.tanh((bow - rng.uniform(-0.4, 0.5)) * np.exp(rng.uniform(0.5, 3.4)))) / 2
    out = sky + (ground - sky) * edge + yy * rng.uniform(-40, 40)
    for _ in range(int(rng.integers(0, 6))):
        x, y, w, h = rng.integers(0, 56), rng.integers(0, 50), rng.integers(3, 18), rng.integers(8, 50)
        out[y : y + h, x : x + w] = out[y : y + h, x : x + w] * 0.4 + 0.6 * rng.uniform(5, 255)
    if rng.random() < 0.4:  # anyone who takes the picture
        at, wide, tall = rng.uniform(-0.5, 0.5), rng.uniform(0.12, 0.4), rng.uniform(-0.5, 0.3)
        body = (np.abs(xx - at) < wide * np.clip((yy - tall) * 2, 0, 1)) | (
            (xx - at) ** 2 + (yy - tall) ** 2 < (0.5 * wide) ** 2
        )
        out = np.where(body, rng.uniform(5, 70), out)
    blobs = cv2.resize(
        rng.standard_normal((7, 7)).astype(np.float32), (64, 64), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(out + blobs * rng.uniform(0, 35), np.float32)


def _scene(rng: Rng, scenes: NDArray[np.uint8]) -> Level:
    """What a lens might mirror, 64 x 64 with mean 0 and deviation 1."""
    if len(scenes) and rng.random() < 0.45:
        whole = scenes[int(rng.integers(len(scenes)))]
        side = int(whole.shape[0] * rng.uniform(0.3, 1.0))
        x, y = rng.integers(0, whole.shape[0] - side + 1, 2)
        out = cv2.resize(whole[y : y + side, x : x + side], (64, 64), interpolation=cv2.INTER_AREA).astype(
            np.float32
        )
        if rng.random() < 0.5:
            out = out[:, ::-1]
    else:
        out = _sky(rng)
    out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.4, 3.0))
    return np.asarray((out - out.mean()) / (out.std() + 8), np.float32)


def _mirrored(shape: tuple[int, int], lenses: list[Points], rng: Rng, scene: Level) -> Level:
    """The scene in every lens, bulged as by a convex mirror, a little shifted from lens to lens."""
    out = np.zeros(shape, np.float32)
    bulge, step = rng.uniform(0.0, 0.5), rng.uniform(-6, 6, 2)
    yy, xx = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    for k, lens in enumerate(lenses):
        middle, half = (lens.max(0) + lens.min(0)) / 2, (lens.max(0) - lens.min(0)) / 2 + 1
        x0, y0 = np.maximum(np.floor(middle - half - 1).astype(int), 0)
        x1, y1 = np.minimum(np.ceil(middle + half + 2).astype(int), shape[::-1])
        if x1 <= x0 or y1 <= y0:
            continue
        nx = (xx[y0:y1, x0:x1] - middle[0]) / half[0]
        ny = (yy[y0:y1, x0:x1] - middle[1]) / half[1]
        grow = 24 * (1 - bulge + bulge * (nx**2 + ny**2))
        out[y0:y1, x0:x1] = cv2.remap(
            scene,
            32 + nx * grow + k * np.float32(step[0]),
            32 + ny * grow + k * np.float32(step[1]),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
    return out


def _height(shape: tuple[int, int], lenses: list[Points]) -> Level:
    """0 at the lenses' upper edge, 1 at their lower one."""
    points = np.concatenate(lenses)
    low, high = float(points[:, 1].min()), float(points[:, 1].max())
    return np.clip((np.arange(shape[0], dtype=np.float32)[:, None] - low) / max(high - low, 1.0), 0, 1)


def _tint(rng: Rng, strength: float) -> Level:
    tint = np.exp(rng.normal(0, strength, 3))
    return np.asarray(tint / tint.mean(), np.float32)


def _hiding(cut: Cut, g: Geometry, rng: Rng, lenses: list[Points], scene: Level) -> tuple[Level, Level]:
    """A lens that hides the eye: what it lets through, (h, w), and its own light, (h, w, 3)."""
    shape = (cut.shape[0], cut.shape[1])
    skin = float(skin_of(cut, g).mean())
    height = np.broadcast_to(_height(shape, lenses), shape)
    through = np.full(shape, rng.choice([0.0, rng.uniform(0, 0.15)]), np.float32)
    mirrored = _mirrored(shape, lenses, rng, scene)
    kind = rng.choice(["black", "graded", "mirror", "colour"], p=[0.14, 0.27, 0.42, 0.17])
    if kind == "mirror":
        level = skin * rng.uniform(0.45, 1.7) if rng.random() < 0.65 else rng.uniform(30, 230)
        own = level + mirrored * rng.uniform(8, 70) + (height - 0.5) * rng.normal(0, 40)
        tinted = _tint(rng, rng.choice([0.1, 0.5]))
    elif kind == "colour":
        through = np.full(shape, rng.uniform(0.05, 0.3), np.float32)
        own = (skin * rng.uniform(0.35, 1.1) + (height - 0.5) * rng.normal(0, 35)) * (1 - through)
        own = own + mirrored * rng.uniform(0, 25)
        tinted = _tint(rng, 0.6)
    elif kind == "graded":
        dark, light = rng.uniform(0.0, 0.15), rng.uniform(0.3, 0.9)
        # At the eye's own height it must still hide more than it shows.
        power = np.log(min(0.95, (rng.uniform(0.2, 0.42) - dark) / (light - dark + 0.05))) / np.log(0.5)
        through = (dark + (light - dark) * height**power).astype(np.float32)
        own = rng.uniform(0, 70) * (1 - through) + mirrored * rng.choice([0.0, rng.uniform(0, 25)])
        tinted = _tint(rng, 0.25)
    else:
        own = rng.uniform(5, 60) + mirrored * rng.choice([0.0, rng.uniform(0, 20)])
        tinted = _tint(rng, 0.2)
    return through, np.clip(own, 0, 255)[..., None] * tinted


def _clear(cut: Cut, g: Geometry, rng: Rng, lenses: list[Points], scene: Level) -> tuple[Level, Level]:
    """A lens through which the eye is seen, with reflections beside it or faint ones over it."""
    shape = (cut.shape[0], cut.shape[1])
    through = np.full(shape, rng.choice([1.0, rng.uniform(0.9, 1.0), rng.uniform(0.68, 0.9)]), np.float32)
    own = rng.uniform(20, 140) * (1 - through)
    if rng.random() < 0.45:
        own = own + np.clip(_mirrored(shape, lenses, rng, scene) + rng.uniform(-0.5, 1), 0, 3) * rng.uniform(
            3, 22
        )
    if rng.random() < 0.4:  # a window or lamp, beside the pupil
        glare = np.zeros(shape, np.float32)
        angle, side = rng.uniform(0, 2 * np.pi), rng.uniform(0.08, 0.2) * g.iod
        for eye in (g.eye_l, g.eye_r):
            off = np.array([np.cos(angle) * 0.3, np.sin(angle) * 0.2]) * g.iod
            box = (
                (float(eye[0] + off[0]), float(eye[1] + off[1])),
                (side, side * rng.uniform(0.4, 1.2)),
                rng.uniform(0, 90),
            )
            cv2.fillPoly(glare, [np.rint(cv2.boxPoints(box) * 16).astype(np.int32)], (1.0,), cv2.LINE_AA, 4)
        glare = cv2.GaussianBlur(glare, (0, 0), rng.uniform(0.5, 1.2)) * rng.uniform(0.3, 0.95)
        through, own = through * (1 - glare), own * (1 - glare) + glare * rng.uniform(180, 255)
    return through, np.broadcast_to(own[..., None] * _tint(rng, 0.15), (*shape, 3))


def street_glasses(cut: Cut, g: Geometry, rng: Rng, hide: bool, scenes: NDArray[np.uint8]) -> None:
    """Glasses that hide the eyes (`hide`), or clear ones, or dark ones pushed up into the hair."""
    shape = (cut.shape[0], cut.shape[1])
    up = rng.uniform(0.75, 1.5) if not hide and rng.random() < 0.2 else 0.0
    lenses, right, down = _lenses(g, rng, up)
    area, frame = _area(shape, lenses), _frame(shape, g, rng, lenses, right, down)
    lens = _hiding if hide or up else _clear
    through, own = lens(cut, g, rng, lenses, _scene(rng, scenes))
    if rng.random() < 0.6:
        cast = np.roll(
            np.maximum(area if hide or up else frame, frame), int(rng.uniform(0.03, 0.2) * g.iod), 0
        )
        shade = cv2.GaussianBlur(cast, (0, 0), rng.uniform(0.8, 3.0)) * rng.uniform(0.05, 0.4)
        cut[:] = (cut * (1 - shade[..., None])).astype(np.uint8)
    if (hide or up) and rng.random() < 0.35:  # a lamp on the lens
        at = lenses[0].mean(0) + rng.uniform(-0.2, 0.2, 2) * g.iod
        gap = lenses[-1].mean(0) - lenses[0].mean(0)
        glare = np.zeros(shape, np.float32)
        axes = (rng.uniform(0.05, 0.4) * g.iod, rng.uniform(0.05, 0.25) * g.iod)
        for k in range(len(lenses)):
            box = ((float(at[0] + k * gap[0]), float(at[1] + k * gap[1])), axes, float(rng.uniform(-40, 40)))
            cv2.ellipse(glare, box, (1.0,), -1, cv2.LINE_AA)
        own = own + cv2.GaussianBlur(glare, (0, 0), rng.uniform(0.7, 2.0))[..., None] * rng.uniform(30, 200)
    a = area[..., None]
    seen = cut * through[..., None] + own
    mixed = cut * (1 - a) + seen * a
    roll = rng.random()
    tone = (
        rng.uniform(0, 60) if roll < 0.6 else rng.uniform(130, 240) if roll < 0.8 else rng.uniform(0, 220, 3)
    )
    light = 1 + 0.3 * cv2.resize(rng.standard_normal((3, 3)).astype(np.float32), shape[::-1])
    f = frame[..., None]
    mixed = mixed * (1 - f) + np.clip(tone * light[..., None], 0, 255) * f
    cut[:] = np.clip(mixed, 0, 255).astype(np.uint8)


def hard_shadow(cut: Cut, g: Geometry, rng: Rng) -> None:
    """The edge of a hard shadow across an open face: bare."""
    angle = rng.uniform(0, 2 * np.pi)
    across = np.array([np.cos(angle), np.sin(angle)])
    at = (g.eyes * 0.6 + g.mouth * 0.4) + rng.normal(0, 0.4, 2) * g.iod
    yy, xx = np.mgrid[0 : cut.shape[0], 0 : cut.shape[1]].astype(np.float32)
    far = ((xx - at[0]) * across[0] + (yy - at[1]) * across[1]) / g.iod
    far = far + rng.uniform(0, 0.3) * np.sin(far * 3 + (xx - yy) / g.iod * rng.uniform(1, 4))
    dark = 1 / (1 + np.exp(-np.clip(far * np.exp(rng.uniform(1.0, 3.5)), -30, 30)))
    cut[:] = (cut * (1 - dark * rng.uniform(0.35, 0.8))[..., None]).astype(np.uint8)
