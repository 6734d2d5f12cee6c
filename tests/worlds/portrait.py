"""The public-domain portrait that the staged cabin ships, on a plain ground in the photograph's own place."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

PEOPLE = Path(__file__).parents[2] / "hw" / "camera" / "people"
AT = (14, 4)
"""Where the cut-out lies in NASA's 512 x 512 picture of Eileen Collins."""


def portrait() -> NDArray[np.uint8]:
    """512 x 512, blue first."""
    cut = cv2.imread(str(PEOPLE / "collins.jpg"), cv2.IMREAD_COLOR)
    share = cv2.imread(str(PEOPLE / "collins.png"), cv2.IMREAD_GRAYSCALE)
    assert cut is not None
    assert share is not None
    height, width = share.shape
    whole = np.full((512, 512, 3), 150, np.float32)
    part = whole[AT[1] : AT[1] + height, AT[0] : AT[0] + width]
    weight = share[:, :, None].astype(np.float32) / np.float32(255)
    part[:] = part + (cut - part) * weight
    return np.asarray(np.rint(whole), np.uint8)
