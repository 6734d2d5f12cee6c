"""What moves in the picture: connected regions with box and area, at every frame and at little cost.

The low-resolution method of the cited crowd and fight papers: a rolling background, a threshold, a
closing, connected regions. `background.Scene` keeps the empty cabin and says what is new in it; this keeps
the last seconds and says what moves. Who belongs to which region over time is the judge's to say.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np

from edge.terms.observation import Region
from edge.vision.scene.background import Floats, Mask
from hw.camera.port import GreyPicture

_ROLLS_S: Final = 4.0
"""Time constant of the rolling background: shorter, and who walks drags a tail."""
_AGO_S: Final = 0.2
"""What also differs from the picture so long ago moves; what differs from the background alone stands."""
_LEVELS: Final = 10.0
_NOISES: Final = 5.0
"""How many times the usual difference, which is noise, a pixel must differ by."""
_AREA_MIN: Final = 0.002
"""Of the picture: a hand at a machine; less is noise and compression."""
_REGIONS_MAX: Final = 8
_FLASH_SHARE: Final = 0.7
"""More than this of the picture at once is a lamp or the exposure, not anybody."""
_DT_MAX_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Picture:
    at_s: float
    levels: Floats


class Moving:
    """Watches one camera's quarter-size pictures. Boxes in their pixels, areas as shares of the picture."""

    def __init__(self) -> None:
        self._rolling: Floats | None = None
        self._recent: deque[_Picture] = deque()
        self._close: Mask = np.ones((5, 5), np.uint8)

    def update(self, small: GreyPicture, at_s: float) -> tuple[Region, ...]:
        """One picture into the regions that move in it, largest first, at most 8; none in the first."""
        now: Floats = small.astype(np.float32)
        if self._rolling is None or self._rolling.shape != now.shape:
            self._rolling = now.copy()
            self._recent.clear()
            self._recent.append(_Picture(at_s, now))
            return ()
        dt_s = min(max(at_s - self._recent[-1].at_s, 0.0), _DT_MAX_S)
        while len(self._recent) > 1 and self._recent[1].at_s <= at_s - _AGO_S:
            self._recent.popleft()
        new, moved = _differs(now, self._rolling), _differs(now, self._recent[0].levels)
        self._recent.append(_Picture(at_s, now))
        cv2.accumulateWeighted(now, self._rolling, 1.0 - float(np.exp(-dt_s / _ROLLS_S)))
        if float(cv2.mean(moved)[0]) > _FLASH_SHARE:
            return ()
        # Of a body in one colour only the edges change from picture to picture: grown, they cover it.
        mask = cv2.bitwise_and(new, cv2.dilate(moved, self._close, iterations=2))
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, self._close)
        count, _, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
        found = [
            Region((float(left), float(top), float(width), float(height)), float(area) / closed.size)
            for left, top, width, height, area in stats[1:count]
            if area >= _AREA_MIN * closed.size
        ]
        found.sort(key=lambda region: region.area, reverse=True)
        return tuple(found[:_REGIONS_MAX])


def _differs(now: Floats, before: Floats) -> Mask:
    """1 where two pictures differ by more than noise, what changed everywhere by the same taken out."""
    signed = cv2.subtract(now, before)
    some = signed[::4, ::4]
    shift = float(np.median(some))
    noise = float(np.median(np.abs(some - shift)))
    level = max(_LEVELS, _NOISES * noise)
    return cast(Mask, 1 - cv2.inRange(signed, shift - level, shift + level) // 255)
