"""Draws covers, and things that are none, onto bare faces: what the gathered pictures hardly hold.

Every function takes a cut (160, 160, 3), the five landmarks and the box in its pixels, and a random
generator, and changes the cut in place. They aim at shapes and borders, not at beauty: colours, prints,
light and noise are random, so that the network can only learn where skin, eyes, nose and mouth are hidden.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from models.training.check.canvas import Cut, Geometry, Points, Rng, area_of
from models.training.check.halves import bold_frames, half, half_shadow, microphone, moustache
from models.training.check.held import hand, hand_beside, thing, thing_beside
from models.training.check.worn import (
    balaclava,
    beard,
    glasses,
    hat,
    helmet_closed,
    helmet_open,
    hijab,
    mask,
    mask_on_chin,
    mask_under_nose,
    veil,
)

Painter = Callable[[Cut, Geometry, Rng], None]

COVERS: dict[str, list[tuple[float, Painter]]] = {
    "mask": [(1.0, mask)],
    "mask_under_nose": [(1.0, mask_under_nose)],
    "glasses": [(1.0, lambda cut, g, rng: glasses(cut, g, rng, dark=True))],
    "helmet": [(1.0, helmet_closed)],
    "scarf": [(0.6, veil), (0.4, balaclava)],
    "hand": [(1.0, hand)],
    "object": [(1.0, thing)],
    "half": [(1.0, half)],
}
"""Class of the network, or kind of one, to painters with their shares."""

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

STILL_BARE: list[tuple[float, Painter]] = [
    (0.4, half_shadow),
    (0.2, moustache),
    (0.25, bold_frames),
    (0.15, microphone),
]
"""What was taken for a cover and is none, with shares."""


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
    area = cv2.GaussianBlur(area_of(cut, outline), (0, 0), 2.0)[..., None]
    if rng.random() < 0.7:
        # Match the light on the seam, not on the part itself: a dark mask must stay dark.
        ring = (area[..., 0] > 0.2) & (area[..., 0] < 0.8)
        if ring.any():
            gain = (cut[ring].mean() + 10) / (other[ring].mean() + 10)
            other *= np.clip(gain, 0.6, 1.6)
    cut[:] = np.clip(cut * (1 - area) + other * area, 0, 255).astype(np.uint8)
