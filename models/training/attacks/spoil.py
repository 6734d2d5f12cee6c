"""What light, lens, transport and people do to a picture: seeded, each at a few strengths, grey in and out.

Nothing here knows a network. `SPOILS` names every kind with its strengths; `spoiled` applies one. The same
generator state gives the same picture. What a strength means stands with its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""Height x width, 0 to 255."""
Floats = NDArray[np.float32]
Rng = np.random.Generator


def _levels(picture: NDArray[np.generic]) -> Grey:
    return np.asarray(np.clip(np.rint(np.asarray(picture, np.float32)), 0, 255), np.uint8)


def noise(grey: Grey, sigma_levels: float, rng: Rng) -> Grey:
    """Gaussian noise of each pixel."""
    added = rng.standard_normal(grey.shape).astype(np.float32) * np.float32(sigma_levels)
    return _levels(grey.astype(np.float32) + added)


def blur(grey: Grey, sigma_share: float, rng: Rng) -> Grey:
    """Out of focus: a Gaussian whose deviation is this share of the shorter side."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), max(sigma_share * min(grey.shape), 0.1)), np.uint8)


def jpeg(grey: Grey, quality: float, rng: Rng) -> Grey:
    """Coded and decoded at this quality of 100."""
    _, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def dark(grey: Grey, share: float, rng: Rng) -> Grey:
    """This share of the light: levels rounded, and the noise of a sensor that has so little (1.5 levels)."""
    seen = grey.astype(np.float32) * np.float32(share)
    return _levels(seen + rng.standard_normal(grey.shape).astype(np.float32) * np.float32(1.5))


def glare(grey: Grey, strength: float, rng: Rng) -> Grey:
    """A lamp in view: a burnt-out spot somewhere, a halo around it, and a veil over all the rest."""
    height, width = grey.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    at_x, at_y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.9) * height
    away = np.hypot(x - at_x, y - at_y) / np.float32(min(height, width))
    light = 300.0 * np.exp(-((away / 0.12) ** 2)) + 160.0 * np.exp(-away / 0.35) + 40.0
    return _levels(grey.astype(np.float32) + np.float32(strength) * light.astype(np.float32))


def fog(grey: Grey, strength: float, rng: Rng) -> Grey:
    """Breath on the lens: contrast goes towards a bright haze that is thicker here than there, and blur."""
    height, width = grey.shape
    small = rng.uniform(0.6, 1.4, (4, 5)).astype(np.float32)
    thick = np.clip(strength * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0.0, 0.97)
    soft = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), max(0.012 * strength * min(grey.shape), 0.1))
    return _levels(soft * (1.0 - thick) + 205.0 * thick)


def rotated(grey: Grey, degrees: float, rng: Rng) -> Grey:
    """Turned about its middle, either way; what was not seen before is the edge's last pixel."""
    height, width = grey.shape
    sense = 1.0 if rng.random() < 0.5 else -1.0
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), sense * degrees, 1.0)
    return np.asarray(
        cv2.warpAffine(grey, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )


def bits(grey: Grey, chance: float, rng: Rng) -> Grey:
    """Rain of bits: each of the eight bits of each pixel is turned with this chance."""
    turned = rng.random((*grey.shape, 8)) < chance
    return np.asarray(grey ^ np.packbits(turned, axis=-1)[..., 0], np.uint8)


def hidden(grey: Grey, share: float, rng: Rng) -> Grey:
    """A plain card before the lens somewhere, as large as this share of the picture."""
    height, width = grey.shape
    ratio = float(rng.uniform(0.6, 1.6))
    high = min(height, round((share * height * width * ratio) ** 0.5))
    wide = min(width, round(share * height * width / max(high, 1)))
    top, left = int(rng.integers(0, height - high + 1)), int(rng.integers(0, width - wide + 1))
    out = grey.copy()
    out[top : top + high, left : left + wide] = int(rng.integers(20, 236))
    return out


Spoil = Callable[[Grey, float, Rng], Grey]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of spoiling: the strengths that the tables have, mild first, and how a table names them."""

    apply: Spoil
    strengths: tuple[float, ...]
    says: str


SPOILS: Final[Mapping[str, Kind]] = {
    "noise": Kind(noise, (8.0, 25.0), "noise of {:.0f} levels"),
    "blur": Kind(blur, (0.01, 0.03), "blur of {:.0%} of the shorter side"),
    "jpeg": Kind(jpeg, (30.0, 8.0), "JPEG of quality {:.0f}"),
    "dark": Kind(dark, (0.25, 0.06), "{:.0%} of the light"),
    "glare": Kind(glare, (0.4, 1.0), "glare of strength {:.1f}"),
    "fog": Kind(fog, (0.4, 0.75), "fog of strength {:.2f}"),
    "rotated": Kind(rotated, (8.0, 20.0), "turned by {:.0f} degrees"),
    "bits": Kind(bits, (0.001, 0.02), "bits turned with chance {:.1%}"),
    "hidden": Kind(hidden, (0.06, 0.2), "a card over {:.0%} of the picture"),
}


def spoiled(kind: str, strength: float, grey: Grey, seed: int) -> Grey:
    """One picture spoilt; the same for the same seed."""
    return SPOILS[kind].apply(grey, strength, np.random.default_rng(seed))


# --- patterns printed on masks -----------------------------------------------------------------------

PATTERNS: Final = ("stripes", "checks", "dots", "leaves", "a mouth")


def pattern(name: str, shape: tuple[int, int], rng: Rng, mouth: Grey | None = None) -> Grey:
    """A print (height, width); `a mouth` stretches the lower half of the face `mouth` to it."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    period = max(min(shape) / float(rng.uniform(4.0, 7.0)), 2.0)
    if name == "stripes":
        angle = float(rng.uniform(0.0, np.pi))
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * np.float32(2 * np.pi / period))
        return _levels(128.0 + 100.0 * np.sign(wave))
    if name == "checks":
        return _levels(
            128.0 + 100.0 * np.sign(np.sin(x * 2 * np.pi / period) * np.sin(y * 2 * np.pi / period))
        )
    if name == "dots":
        off = np.hypot(x % period - period / 2, y % period - period / 2) / period
        return _levels(np.where(off < 0.3, 225.0, 50.0).astype(np.float32))
    if name == "leaves":
        small = rng.uniform(20.0, 236.0, (max(2, height // 4), max(2, width // 4))).astype(np.float32)
        return _levels(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))
    if name == "a mouth" and mouth is not None:
        return np.asarray(cv2.resize(mouth, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    raise ValueError(f"no pattern {name!r}")


def on_mask(grey: Grey, outline: Floats, printed: Grey) -> Grey:
    """The print laid over the polygon `outline` (n x 2, pixels), in the light that falls there.

    `printed` fills the polygon's bounding box. Light is the picture's own, blurred: folds and shade stay.
    """
    left, top = np.floor(outline.min(0)).astype(int)
    right, bottom = np.ceil(outline.max(0)).astype(int)
    height, width = grey.shape
    area = np.zeros(grey.shape, np.uint8)
    cv2.fillPoly(area, [np.rint(outline).astype(np.int32)], (255,))
    soft = cv2.GaussianBlur(area, (0, 0), 0.8).astype(np.float32) / 255.0
    whole = np.full(grey.shape, 128, np.uint8)
    fitted = cv2.resize(printed, (max(1, right - left), max(1, bottom - top)), interpolation=cv2.INTER_AREA)
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, right), min(height, bottom)
    if x1 <= x0 or y1 <= y0:
        return grey.copy()
    whole[y0:y1, x0:x1] = fitted[y0 - top : y1 - top, x0 - left : x1 - left]
    shade = cv2.GaussianBlur(grey, (0, 0), max(0.12 * (right - left), 1.0)).astype(np.float32)
    inside = shade[area > 0]
    light = shade / max(float(inside.mean()), 1.0) if inside.size else np.ones_like(shade)
    laid = whole.astype(np.float32) * np.clip(light, 0.4, 1.8)
    return _levels(grey.astype(np.float32) * (1.0 - soft) + laid * soft)
