"""The empty cabin as a quarter-size picture, and how much of the present one it does not explain.

A running average learns the empty scene; what differs from it in brightness and in texture is
foreground. Light that changes everywhere is taken out first (a robust gain and offset), and a change
that keeps the background's own texture is a shadow, not a thing. Regions that stand still are learnt
in the end: at once where the background, not the picture, has an edge around them (somebody was
learnt and has left), after `absorb_s` otherwise (a parcel, a moved chair).
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box
from hw.camera.port import GreyPicture

SMALL_LONGEST: Final = 160
"""The longer side of the pictures that scene and health work on; a quarter of 640."""

Floats = NDArray[np.float32]
Mask = NDArray[np.uint8]

_BOOT_S: Final = 1.0
_BOOT_FRAMES: Final = 6
_LEARN_TAU_S: Final = 15.0
_LEVELS: Final = 16.0
"""Grey levels that a pixel must differ by: four times the noise of a small picture in poor light."""
_MOVING_LEVELS: Final = 6.0
_SHADOW_LIKENESS: Final = 0.75
_SHADOW_TEXTURE: Final = 9.0
_GLOBAL_SHARE: Final = 0.6
_QUIET_LEVELS: Final = 0.8
_GHOST_EDGE: Final = 1.5
_GHOST_S: Final = 1.5
_UNSETTLED_ABSORB_S: Final = 5.0
_CLEAR_SHARE: Final = 0.01
_DT_MAX_S: Final = 0.5


def shrink(grey: GreyPicture) -> GreyPicture:
    """The picture at quarter size (longer side 160 at most), each pixel the mean of those it covers."""
    h, w = grey.shape
    scale = SMALL_LONGEST / max(h, w)
    if scale >= 1.0:
        return grey
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


class Scene:
    """Background model of one camera. `absorb_s`: how long a still thing stays foreground."""

    def __init__(self, absorb_s: float = 60.0) -> None:
        self._absorb_s = absorb_s
        self._background: Floats | None = None
        self._previous: Floats | None = None
        self._mask: Mask | None = None
        self._frames = 0
        self._begun_s = 0.0
        self._last_s = 0.0
        self._still_s = 0.0
        self._global_s = 0.0
        self._settled = False
        self.box: Box | None = None
        """Where that region is, in pixels of the small picture; None where there is none."""

    def update(self, grey: GreyPicture, at_s: float, somebody: bool) -> tuple[float, float]:
        """One picture (any size; the same all the time) into (foreground, motion).

        `foreground` is the largest region that the background does not explain, as a fraction of the
        picture, 0 while it is being learnt; `motion` the mean absolute change against the picture
        before, in grey levels. `somebody`: a face is in view, so nothing is learnt.
        """
        now = shrink(grey).astype(np.float32)
        self.box = None
        if self._background is None or self._background.shape != now.shape or self._previous is None:
            self._start(now, at_s)
            return 0.0, 0.0
        dt_s = min(max(at_s - self._last_s, 0.0), _DT_MAX_S)
        self._last_s = at_s
        change = np.asarray(cv2.absdiff(now, self._previous), dtype=np.float32)
        self._previous = now
        motion = float(cv2.mean(change)[0])
        self._frames += 1
        if self._frames < _BOOT_FRAMES or at_s - self._begun_s < _BOOT_S:
            cv2.accumulateWeighted(now, self._background, 1.0 / self._frames)
            return 0.0, motion

        known = None if self._mask is None else self._mask == 0
        lit = relit(now, self._background, known)
        differs = differing(lit, self._background)
        if self._flooded(differs, motion, dt_s, somebody):
            # Nearly everything changed and stays changed: the light was switched. Begin again.
            self._start(now, at_s)
            return 0.0, motion
        region, share, self.box = _largest(differs)
        self._mask = region
        self._learn(now, lit, region, change, dt_s, somebody)
        return share, motion

    def _start(self, now: Floats, at_s: float) -> None:
        self._background = now.copy()
        self._previous = now
        self._mask = None
        self._frames = 1
        self._begun_s = self._last_s = at_s
        self._still_s = self._global_s = 0.0
        self._settled = False

    def _flooded(self, differs: Mask, motion: float, dt_s: float, somebody: bool) -> bool:
        # Somebody who stands this close moves; a room in another light does not.
        flooded = float(cv2.mean(differs)[0]) > _GLOBAL_SHARE and motion < _QUIET_LEVELS and not somebody
        self._global_s = self._global_s + dt_s if flooded else 0.0
        return self._global_s >= _BOOT_S

    def _learn(
        self, now: Floats, lit: Floats, region: Mask, change: Floats, dt_s: float, somebody: bool
    ) -> None:
        assert self._background is not None
        inside = region > 0
        if not somebody and np.count_nonzero(inside) < _CLEAR_SHARE * inside.size:
            self._settled = True
        if somebody or not inside.any():
            self._still_s = 0.0
        else:
            moving = float(np.count_nonzero(change[inside] > _MOVING_LEVELS)) > 0.02 * np.count_nonzero(
                inside
            )
            self._still_s = 0.0 if moving else self._still_s + dt_s
            # Until it was seen empty once, the background may hold the blur of who was there at the start.
            absorb_s = self._absorb_s if self._settled else _UNSETTLED_ABSORB_S
            if self._still_s >= absorb_s or (self._still_s >= _GHOST_S and self._is_ghost(lit, region)):
                self._background[inside] = lit[inside]
                self._still_s = 0.0
                return
        if not somebody:
            rate = 1.0 - float(np.exp(-dt_s / _LEARN_TAU_S))
            grown = np.asarray(cv2.dilate(region, np.ones((9, 9), np.uint8)), dtype=np.uint8)
            cv2.accumulateWeighted(
                now, self._background, rate, mask=(1 - np.minimum(grown, 1)).astype(np.uint8)
            )

    def _is_ghost(self, now: Floats, region: Mask) -> bool:
        """Whether the outline of the region is an edge of the background rather than of the picture."""
        assert self._background is not None
        return outline_edges(self._background, region) > _GHOST_EDGE * outline_edges(now, region) + 1.0


def relit(now: Floats, background: Floats, known: NDArray[np.bool_] | None = None) -> Floats:
    """`now` in the background's light: gain and offset by the pixels `known` to show it (None: all).

    Too few of them, less than a fifth of the picture, are no better than all.
    """
    # One pixel in nine tells the quartiles well enough, at a ninth of the time.
    some, learnt = now[::3, ::3], background[::3, ::3]
    if known is not None:
        trusted = known[::3, ::3]
        if np.count_nonzero(trusted) >= some.size // 5:
            some, learnt = some[trusted], learnt[trusted]
    low, middle, high = np.percentile(some, (25.0, 50.0, 75.0))
    b_low, b_middle, b_high = np.percentile(learnt, (25.0, 50.0, 75.0))
    gain = float(np.clip((b_high - b_low + 4.0) / (high - low + 4.0), 0.5, 2.0))
    shift = float(b_middle) - gain * float(middle)
    # The correction is for light only: where it explains little, things are left as they are.
    plain = float(np.median(np.abs(some - learnt)))
    corrected = float(np.median(np.abs(some * gain + shift - learnt)))
    return now * np.float32(gain) + np.float32(shift) if corrected + 1.0 < plain else now


def differing(now: Floats, background: Floats) -> Mask:
    """Where a picture in the background's light shows something else, shadows left out: 1 there, else 0."""
    mask = (cv2.absdiff(now, background) > _LEVELS).astype(np.uint8)
    # A shadow or a lamp keeps the texture under it: correlation of 7x7 neighbourhoods.
    mean_n, mean_b = cv2.blur(now, (7, 7)), cv2.blur(background, (7, 7))
    var_n = cv2.blur(now * now, (7, 7)) - mean_n * mean_n
    var_b = cv2.blur(background * background, (7, 7)) - mean_b * mean_b
    both = cv2.blur(now * background, (7, 7)) - mean_n * mean_b
    textured = var_b > _SHADOW_TEXTURE
    alike = both > _SHADOW_LIKENESS * np.sqrt(np.maximum(var_n * var_b, 1e-6))
    mask[textured & alike] = 0
    mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), dtype=np.uint8)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8)), dtype=np.uint8)


def outline_edges(picture: Floats, region: Mask) -> float:
    """Mean strength of the picture's edges along the outline of a region, in a Sobel filter's levels."""
    outline = cv2.morphologyEx(region, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    right = cv2.Sobel(picture, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    return float(cv2.magnitude(right, down)[outline].mean()) if outline.any() else 0.0


def _largest(mask: Mask) -> tuple[Mask, float, Box | None]:
    """The largest connected region of a mask, its fraction of the picture, and the box around it."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return np.zeros_like(mask), 0.0, None
    biggest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    region = (labels == biggest).astype(np.uint8)
    left, top, width, height, area = (float(n) for n in stats[biggest])
    return region, area / mask.size, (left, top, width, height)
