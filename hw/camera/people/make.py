"""Cuts the two people of the staged cabin out of public-domain photographs, the same bytes every time.

Run `python hw/camera/people/make.py` with scikit-image and matplotlib installed; neither is needed to run
the kiosk. Where the photographs come from stands in README.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import skimage.data
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Cut:
    """What to keep of a photograph: a box (x0, y0, x1, y1), an outline that is surely around the person,
    outlines that are surely inside and surely outside; all in pixels of the photograph."""

    name: str
    box: tuple[int, int, int, int]
    around: tuple[tuple[int, int], ...]
    inside: tuple[tuple[tuple[int, int], ...], ...]
    outside: tuple[tuple[tuple[int, int], ...], ...]
    scale: float


COLLINS = Cut(
    "collins",
    (14, 4, 374, 344),
    (
        (150, 8),
        (240, 4),
        (302, 50),
        (306, 115),
        (288, 150),
        (308, 220),
        (345, 262),
        (366, 300),
        (374, 344),
        (14, 344),
        (22, 280),
        (70, 232),
        (108, 210),
        (110, 180),
        (150, 150),
        (168, 140),
        (150, 110),
        (148, 50),
    ),
    (
        ((170, 40), (225, 22), (285, 50), (290, 100), (265, 160), (225, 190), (190, 165), (172, 110)),
        (
            (130, 200),
            (170, 165),
            (270, 185),
            (298, 240),
            (345, 290),
            (352, 344),
            (40, 344),
            (50, 270),
            (100, 225),
        ),
    ),
    (((272, 128), (282, 124), (292, 140), (290, 176), (262, 172), (256, 166), (266, 150)),),
    1.0,
)

HOPPER = Cut(
    "hopper",
    (20, 14, 512, 600),
    (
        (168, 60),
        (196, 24),
        (262, 14),
        (340, 28),
        (366, 86),
        (378, 140),
        (384, 200),
        (372, 300),
        (342, 318),
        (420, 352),
        (500, 392),
        (512, 440),
        (512, 600),
        (20, 600),
        (24, 460),
        (42, 388),
        (120, 350),
        (196, 316),
        (186, 296),
        (150, 250),
        (146, 190),
        (140, 110),
    ),
    (
        (
            (160, 110),
            (200, 44),
            (262, 30),
            (330, 44),
            (362, 110),
            (358, 260),
            (320, 320),
            (215, 320),
            (172, 250),
        ),
        ((205, 330), (320, 328), (420, 366), (490, 402), (505, 598), (30, 598), (45, 410), (120, 366)),
    ),
    (),
    0.62,
)


def cut_out(photograph: Picture, cut: Cut) -> Picture:
    """Blue, green, red and alpha of the person, with a soft edge."""
    h, w = photograph.shape[:2]
    mask = np.full((h, w), cv2.GC_BGD, np.uint8)
    cv2.fillPoly(mask, [np.array(cut.around, np.int32)], (cv2.GC_PR_FGD,))
    for outline in cut.inside:
        cv2.fillPoly(mask, [np.array(outline, np.int32)], (cv2.GC_FGD,))
    for outline in cut.outside:
        cv2.fillPoly(mask, [np.array(outline, np.int32)], (cv2.GC_BGD,))
    cv2.setRNGSeed(1)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(photograph, mask, (0, 0, 1, 1), *models, 6, cv2.GC_INIT_WITH_MASK)
    solid = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    opened = cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    person = (labels == 1 + int(np.argmax(stats[1:count, cv2.CC_STAT_AREA]))).astype(np.uint8)
    closed = cv2.morphologyEx(person, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    # A pixel off all round takes the old background's rim with it.
    alpha = cv2.GaussianBlur(cv2.erode(closed, np.ones((3, 3), np.uint8)) * 255, (0, 0), 1.0)
    x0, y0, x1, y1 = cut.box
    found = np.dstack([photograph, alpha])[y0:y1, x0:x1]
    if cut.scale != 1.0:
        size = (round((x1 - x0) * cut.scale), round((y1 - y0) * cut.scale))
        found = cv2.resize(found, size, interpolation=cv2.INTER_AREA)
    return np.asarray(found, dtype=np.uint8)


def save(person: Picture, name: str) -> None:
    """NAME.jpg holds the colours, NAME.png the alpha: together a tenth of one file that holds both."""
    colours = person[..., :3].copy()
    # What is not seen costs bytes too: make it plain.
    empty = (person[..., 3] == 0).astype(np.uint8)
    colours[empty > 0] = colours[empty == 0].mean(axis=0).astype(np.uint8)
    cv2.imwrite(str(HERE / f"{name}.jpg"), colours, [cv2.IMWRITE_JPEG_QUALITY, 88])
    cv2.imwrite(str(HERE / f"{name}.png"), person[..., 3], [cv2.IMWRITE_PNG_COMPRESSION, 9])


def main() -> None:
    astronaut: Callable[[], Picture] = skimage.data.astronaut
    collins = np.asarray(astronaut()[..., ::-1], dtype=np.uint8)
    hopper_file = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    hopper = np.asarray(cv2.imread(str(hopper_file)), dtype=np.uint8)
    for photograph, cut in ((collins, COLLINS), (hopper, HOPPER)):
        save(cut_out(np.ascontiguousarray(photograph), cut), cut.name)


if __name__ == "__main__":
    main()
