"""Whether those in the picture fight, from what the last two seconds looked like: a small network over time.

Three grey pictures a fifth of a second apart are the three colours of one picture (Kang, Park and Park,
Efficient spatiotemporal modeling methods for real-time violence recognition, IEEE Access 2021): what stands
is grey in it, what moves has coloured edges. It is cut to where anything moved in these two seconds, so that
the place it happens in matters little, and brought to one contrast, so that little light does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box
from edge.vision.network import load
from edge.vision.scene.background import SMALL_LONGEST
from edge.vision.seers import Seer
from edge.vision.sight import Sight
from hw.camera.port import GreyPicture

Window = NDArray[np.uint8]
"""96 x 128 x 3: the same place at three times, the newest last."""

DETAIL_LONGEST: Final = 320
HEIGHT_PX: Final = 96
WIDTH_PX: Final = 128
APART_S: Final = 0.2
"""Between the three pictures: an arm that strikes is somewhere else by then, a person who walks is not."""
OVER_S: Final = 2.0
LOOK_EVERY_S: Final = 0.5
BODIES_MIN: Final = 2
LABELS: Final = ("fight",)

_KEEP_EVERY_S: Final = 0.06
"""Fifteen pictures a second are kept at most, 2.3 MB."""
_LATE_S: Final = 0.06
"""How far from its time each of the three may be."""
_MOVED_LEVELS: Final = 12.0
_TAIL: Final = 0.03
"""Share of what moved that may lie outside the cut on each side."""
_MARGIN: Final = 0.3
_CUT_MIN: Final = 0.4
"""Of the picture's height: a cut is never less high."""
_SPREAD_LEVELS: Final = 48.0
_GAIN_MAX: Final = 6.0
_BODIES_HOLD_S: Final = 1.5
"""People who hold each other are found as one now and then: two in any look of this last while are two."""
_GAP_MAX_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Kept:
    at_s: float
    picture: GreyPicture


@dataclass(frozen=True, slots=True)
class _Said:
    at_s: float
    logit: float


class FightEye:
    """Watches one camera's quarter-size pictures with the network `fight`. For one thread.

    It looks twice a second, and only while two or more bodies are seen or were a moment ago.
    Raises `ModelFault`.
    """

    def __init__(self, model_dir: Path) -> None:
        self._network = load(model_dir / "fight.tflite", labels=LABELS)
        points = self._network.contract.operating_points
        self._scale, self._cut = points["scale"], points["cut"]
        self._kept: deque[_Kept] = deque()
        self._said: deque[_Said] = deque()
        self._looked_s = self._two_s = float("-inf")

    def update(self, grey: GreyPicture, at_s: float, bodies: int) -> float | None:
        """One picture, of any size but the same all the time, and how many bodies the last look found.

        The natural-log odds of a fight over the last two seconds, zero at the operating point; None where it
        did not look at this picture.
        """
        self._keep(grey, at_s)
        if bodies >= BODIES_MIN:
            self._two_s = at_s
        if at_s - self._two_s > _BODIES_HOLD_S:
            self._said.clear()
            return None
        if at_s - self._looked_s < LOOK_EVERY_S - 1e-3:
            return None
        three = self._three()
        if three is None:
            return None
        self._looked_s = at_s
        window = window_of(three, moved_box(self._spaced()))
        cells = self._network.run_real((window.astype(np.int16) - 128).astype(np.int8)[None])[0]
        self._said.append(_Said(at_s, float(cells.mean())))
        while self._said[0].at_s <= at_s - OVER_S:
            self._said.popleft()
        mean = sum(s.logit for s in self._said) / len(self._said)
        return self._scale * (mean - self._cut)

    def _keep(self, grey: GreyPicture, at_s: float) -> None:
        if self._kept and at_s - self._kept[-1].at_s < _KEEP_EVERY_S:
            return
        picture = detail_of(grey)
        if self._kept and (
            self._kept[-1].picture.shape != picture.shape or at_s - self._kept[-1].at_s > _GAP_MAX_S
        ):
            self._kept.clear()
            self._said.clear()
        self._kept.append(_Kept(at_s, picture))
        while self._kept[0].at_s < at_s - OVER_S - _LATE_S:
            self._kept.popleft()

    def _spaced(self) -> list[GreyPicture]:
        """What is kept of the last two seconds, about a fifth of a second apart, the newest last."""
        newest = self._kept[-1].at_s
        spacing_s = (newest - self._kept[0].at_s) / (len(self._kept) - 1)
        step = max(1, round(APART_S / spacing_s))
        return [k.picture for k in list(self._kept)[(len(self._kept) - 1) % step :: step]]

    def _three(self) -> tuple[GreyPicture, GreyPicture, GreyPicture] | None:
        """The newest picture and those a fifth and two fifths of a second before it, oldest first."""
        newest = self._kept[-1].at_s
        found = []
        for ago_s in (2 * APART_S, APART_S, 0.0):
            nearest = min(self._kept, key=lambda k: abs(k.at_s - newest + ago_s))
            if abs(nearest.at_s - newest + ago_s) > _LATE_S:
                return None
            found.append(nearest.picture)
        return found[0], found[1], found[2]


def detail_of(grey: GreyPicture) -> GreyPicture:
    """The picture with a longer side of 320 pixels at most: a quarter has too few for arms."""
    h, w = grey.shape
    scale = DETAIL_LONGEST / max(h, w)
    if scale >= 1.0:
        return grey
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def moved_box(pictures: Sequence[GreyPicture]) -> Box | None:
    """Where the pictures of one view changed between one and the next, with a margin and in shape 4 to 3.

    Left, top, width, height in their pixels, inside the picture; None where nothing moved.
    """
    change = np.zeros(pictures[0].shape, np.uint8)
    for before, after in pairwise(pictures):
        change = np.maximum(change, cv2.absdiff(after, before))
    full_h, full_w = change.shape
    scale = min(SMALL_LONGEST / max(full_h, full_w), 1.0)
    change = np.asarray(cv2.resize(change, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    moved = np.asarray(cv2.blur(change, (5, 5)), dtype=np.float32)
    moved[moved < _MOVED_LEVELS] = 0.0
    if float(moved.sum()) <= 0.0:
        return None
    h, w = moved.shape
    left, right = _between(moved.sum(axis=0))
    top, bottom = _between(moved.sum(axis=1))
    high = max((bottom - top) * (1.0 + _MARGIN), (right - left) * (1.0 + _MARGIN) * 0.75, _CUT_MIN * h)
    high = min(high, h)
    wide = min(high / 0.75, w)
    x = min(max((left + right - wide) / 2.0, 0.0), w - wide)
    y = min(max((top + bottom - high) / 2.0, 0.0), h - high)
    return x / scale, y / scale, wide / scale, high / scale


def _between(weight: NDArray[np.float32]) -> tuple[float, float]:
    """The first and the last place inside which nearly all of the weight lies."""
    total = np.cumsum(weight)
    low = int(np.searchsorted(total, _TAIL * total[-1]))
    high = int(np.searchsorted(total, (1.0 - _TAIL) * total[-1]))
    return float(low), float(high + 1)


def window_of(three: Sequence[GreyPicture], box: Box | None) -> Window:
    """The network's input from three pictures of one view, oldest first, cut to `box` (None: all of it)."""
    h, w = three[0].shape
    left, top, wide, high = box if box is not None else (0.0, 0.0, float(w), float(h))
    x, y = round(left), round(top)
    right, bottom = max(round(left + wide), x + 8), max(round(top + high), y + 8)
    how = cv2.INTER_AREA if wide > WIDTH_PX else cv2.INTER_LINEAR
    cut = np.stack(
        [cv2.resize(p[y:bottom, x:right], (WIDTH_PX, HEIGHT_PX), interpolation=how) for p in three],
        axis=2,
    ).astype(np.float32)
    mean, spread = float(cut.mean()), float(cut.std())
    gain = min(_SPREAD_LEVELS / max(spread, 1.0), _GAIN_MAX)
    return np.clip(np.rint(128.0 + (cut - mean) * gain), 0, 255).astype(np.uint8)


class FightSeer:
    """`FightEye` among the seers of a camera: it is shown every frame and looks by itself twice a second."""

    seer = Seer.FIGHT

    def __init__(self, eye: FightEye) -> None:
        self._eye = eye

    def wants(self, sight: Sight) -> bool:
        """Always: it keeps the last two seconds."""
        return True

    def look(self, sight: Sight) -> None:
        """Adds the log odds of a fight, where it looked."""
        sight.fight_logit = self._eye.update(sight.frame.grey, sight.frame.at_s, len(sight.persons))
