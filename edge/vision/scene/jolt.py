"""How far the whole picture jumped since the one before: what shakes the camera, shakes what it is fixed to.

Phase correlation (Kuglin and Hines, 1975) on an eighth-size picture finds one shift for all of it. Somebody
who walks through shifts only a part; so the shift counts only where it explains most of what has changed.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from edge.vision.scene.background import Floats
from hw.camera.port import GreyPicture

_LONGEST: Final = 80
_EXPLAINS: Final = 0.6
"""Share of the change that must be gone once the picture is shifted back."""
_CHANGE_LEVELS: Final = 1.0
"""Mean change in grey levels under which nothing has jumped."""
_FURTHEST: Final = 0.15
"""Of the picture's longer side; a farther jump in one frame is another view, not a jolt."""


class Jolt:
    """Watches one camera's quarter-size pictures."""

    def __init__(self) -> None:
        self._before: Floats | None = None
        self._window: Floats | None = None

    def update(self, small: GreyPicture) -> float:
        """How far this picture jumped against the one before, in its own pixels; 0 where it did not."""
        scale = _LONGEST / max(small.shape)
        size = (max(8, round(small.shape[1] * scale)), max(8, round(small.shape[0] * scale)))
        now: Floats = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), dtype=np.float32)
        before, self._before = self._before, now
        if before is None or before.shape != now.shape:
            self._window = np.asarray(cv2.createHanningWindow(size, cv2.CV_32F), dtype=np.float32)
            return 0.0
        plain = float(np.abs(now - before).mean())
        if plain < _CHANGE_LEVELS or self._window is None:
            return 0.0
        # It multiplies its pictures by the window where they lie, if their size needs no padding.
        (right, down), _ = cv2.phaseCorrelate(before.copy(), now.copy(), self._window)
        far = float(np.hypot(right, down))
        if far > _FURTHEST * _LONGEST:
            return 0.0
        back = np.array([[1.0, 0.0, right], [0.0, 1.0, down]], dtype=np.float32)
        moved = cv2.warpAffine(before, back, size, borderMode=cv2.BORDER_REPLICATE)
        explained = 1.0 - float(np.abs(now - moved).mean()) / plain
        return far / scale if explained > _EXPLAINS else 0.0
