"""What lies behind and between faces, drawn: patterns, and how one picture goes over into another."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from models.training.common import Grey
from models.training.find.net import HEIGHT, WIDTH


def soft_edge(height: int, width: int, rng: np.random.Generator) -> Grey:
    """How much of a tile covers its background: an oval, a soft rectangle or a hard one."""
    mask = np.zeros((height, width), np.uint8)
    draw = rng.random()
    if draw < 0.45:
        axes = (max(1, int(width * rng.uniform(0.44, 0.52))), max(1, int(height * rng.uniform(0.46, 0.54))))
        cv2.ellipse(mask, (width // 2, height // 2), axes, 0, 0, 360, (255,), -1)
    elif draw < 0.8:
        edge = int(0.06 * min(height, width))
        mask[edge : height - edge, edge : width - edge] = 255
    else:
        mask[:] = 255
        return mask
    soft = int(min(height, width) * rng.uniform(0.02, 0.12)) * 2 + 1
    return np.asarray(cv2.blur(mask, (soft, soft)), np.uint8)


def blend(over: Grey, under: Grey, alpha: Grey) -> Grey:
    a = alpha.astype(np.uint16)
    mixed = over.astype(np.uint16) * a + under.astype(np.uint16) * (255 - a)
    return ((mixed + 127) // 255).astype(np.uint8)


def pattern(rng: np.random.Generator) -> Grey:
    """One of 400 patterns; drawing each again would take a third of a scene's time."""
    return _drawn_pattern(int(rng.integers(400))).copy()


@lru_cache(maxsize=400)
def _drawn_pattern(number: int) -> Grey:
    """Print, guilloche, stripes, discs, checks, noise: posters, banknotes, tiles and bags in grey."""
    rng = np.random.default_rng((20, number))
    h, w = HEIGHT, WIDTH
    base, ink = int(rng.integers(0, 256)), int(rng.integers(0, 256))
    grey = np.full((h, w), base, np.uint8)
    draw = rng.integers(0, 6)
    if draw == 0:
        y, x = np.mgrid[:h, :w].astype(np.float32)
        wave = np.zeros((h, w), np.float32)
        for _ in range(rng.integers(1, 4)):
            fx, fy = rng.normal(0, 0.25, 2)
            bend = rng.uniform(0, 12) * np.sin(x * rng.uniform(0.01, 0.1) + y * rng.uniform(0.01, 0.1))
            wave += np.sin(fx * x + fy * y + bend)
        grey = (base + (ink - base) * (0.5 + 0.25 * wave)).clip(0, 255).astype(np.uint8)
    elif draw == 1:
        letters = "ABEHKMORSTXZ0123456789$%&?"
        for _ in range(rng.integers(10, 60)):
            text = "".join(rng.choice(list(letters), rng.integers(1, 9)))
            at = (int(rng.integers(-40, w)), int(rng.integers(0, h)))
            cv2.putText(
                grey, text, at, int(rng.integers(0, 8)), float(rng.uniform(0.3, 2.5)),
                (int(rng.integers(0, 256)),), int(rng.integers(1, 5)), cv2.LINE_AA,
            )  # fmt: skip
    elif draw == 2:
        for _ in range(rng.integers(4, 70)):
            at = (int(rng.integers(0, w)), int(rng.integers(0, h)))
            axes = (int(rng.integers(2, 60)), int(rng.integers(2, 60)))
            thick = int(rng.choice([-1, 1, 2, 4]))
            cv2.ellipse(
                grey,
                at,
                axes,
                float(rng.uniform(0, 180)),
                0,
                360,
                (int(rng.integers(0, 256)),),
                thick,
                cv2.LINE_AA,
            )
    elif draw == 3:
        a, b = int(rng.integers(3, 40)), int(rng.integers(3, 40))
        y, x = np.mgrid[:h, :w]
        if rng.random() < 0.5:
            grey[((x // a + y // b) % 2) == 0] = ink
        else:
            grey[(x % a < max(1, a // 6)) | (y % b < max(1, b // 6))] = ink
    elif draw == 4:
        cell = int(rng.choice([2, 4, 8, 16, 32]))
        noise = rng.integers(0, 256, (h // cell + 2, w // cell + 2), dtype=np.uint8)
        how = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_NEAREST]))
        grey = np.asarray(cv2.resize(noise, (w, h), interpolation=how), np.uint8)
    else:
        for _ in range(rng.integers(4, 40)):
            x0, y0 = int(rng.integers(-20, w)), int(rng.integers(-20, h))
            x1, y1 = x0 + int(rng.integers(4, 120)), y0 + int(rng.integers(4, 120))
            tone = (int(rng.integers(0, 256)),)
            cv2.rectangle(grey, (x0, y0), (x1, y1), tone, int(rng.choice([-1, -1, 1, 3])))
    return grey
