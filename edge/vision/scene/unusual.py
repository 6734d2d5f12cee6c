"""How unlike normal use the last seconds look, from how bodies stand and how what moves moves; no picture.

What is measured cannot know where a film comes from: speeds are in body heights a second, distances in
body widths, and nothing of brightness, colour, texture or place is kept. Twice a second the last two seconds
become nine numbers (`MEASURES`); a weighted sum of them is the log-odds of unusual behaviour.

The weights are `models/unusual.json`, made by `models/training/unusual`; each value is held to the range
that the training saw, so that nothing strange can count for more than the strangest thing known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box
from edge.vision.network import ModelFault
from hw.camera.port import GreyPicture

Floats = NDArray[np.float32]

OVER_S: Final = 2.0
"""What one answer is about."""
EVERY_S: Final = 0.5
_GAP_S: Final = 1.0
"""After so long without a picture everything begins anew."""
_LONGEST_PX: Final = 80
_NOISE_LEVELS: Final = 5.0
_EDGE_LEVELS: Final = 2.8
"""Change and gradient (levels a pixel) under which a pixel tells no speed."""
_STEP_MAX_PX: Final = 4.0
_LEAST_SHARE: Final = 0.002
_BODY: Final = 0.6
"""The height of a body, as a share of the picture's, where none has been seen."""
_UPRIGHT: Final = 0.45
"""Width over height of somebody who stands."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number. `sign`: more of it (1) or less of it (-1) may speak for unusual, never the other way.

    So no training can use a measure to recognise a place: that crowds are called normal in one film
    teaches nothing. `words`: what it says when it speaks.
    """

    name: str
    sign: int
    words: str


MEASURES: Final = (
    Measure("fast", 1, "very quick movements"),
    Measure("unsteady", 1, "movement in bursts"),
    Measure("coherent", -1, "movement in all directions at once"),
    Measure("area", 1, "much of the body moves"),
    Measure("down", 1, "movement sinks to the floor"),
    Measure("close", 1, "bodies against each other"),
    Measure("wide", 1, "a body lies or bends"),
    Measure("reshape", 1, "a body changes its shape quickly"),
    Measure("walk", 1, "a body moves fast"),
)


@dataclass(frozen=True, slots=True)
class _Moved:
    """How one picture moved against the one before; lengths in pixels of the flow's picture."""

    at_s: float
    share: float
    speed: float
    fast: float
    coherent: float
    y: float | None
    """The middle of what moves; None where hardly anything does."""


@dataclass(frozen=True, slots=True)
class _Looked:
    at_s: float
    persons: tuple[Box, ...]


class Watch:
    """The numbers of the last two seconds of one camera, twice a second."""

    def __init__(self) -> None:
        self._moved: deque[_Moved] = deque()
        self._looked: deque[_Looked] = deque()
        self._previous: Floats | None = None
        self._begun_s = self._last_s = self._said_s = float("-inf")

    def update(
        self, small: GreyPicture, at_s: float, persons: Sequence[Box] | None
    ) -> NDArray[np.float64] | None:
        """One picture; `persons` in its pixels, None where nobody looked. None between answers.

        Nothing is said of a picture in which neither anything moves nor anybody is seen, nor before two
        seconds have passed.
        """
        now = _soft(small)
        if self._previous is None or self._previous.shape != now.shape or at_s - self._last_s > _GAP_S:
            self._moved.clear()
            self._looked.clear()
            self._previous, self._begun_s = now, at_s
            self._said_s = self._last_s = at_s
        dt_s = at_s - self._last_s
        if dt_s > 0.0:
            self._moved.append(_movement(self._previous, now, at_s, dt_s))
        self._previous, self._last_s = now, at_s
        factor = max(now.shape) / max(small.shape)
        if persons is not None:
            boxes = tuple((x * factor, y * factor, w * factor, h * factor) for x, y, w, h in persons)
            self._looked.append(_Looked(at_s, boxes))
        while self._moved and self._moved[0].at_s <= at_s - OVER_S - 1e-6:
            self._moved.popleft()
        while self._looked and self._looked[0].at_s <= at_s - OVER_S - 0.3:
            self._looked.popleft()
        if at_s - self._begun_s < OVER_S - 0.5 or at_s - self._said_s < EVERY_S - 1e-6:
            return None
        self._said_s = at_s
        return _measured(tuple(self._moved), tuple(self._looked), now.shape)


def _soft(small: GreyPicture) -> Floats:
    h, w = small.shape
    scale = _LONGEST_PX / max(h, w)
    size = (max(8, round(w * scale)), max(8, round(h * scale)))
    shrunk = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(shrunk, (5, 5), 1.0), dtype=np.float32)


def _movement(before: Floats, now: Floats, at_s: float, dt_s: float) -> _Moved:
    """Normal flow: the change of a pixel over its gradient is its speed along the gradient."""
    change = now - before
    moves = np.abs(change) > _NOISE_LEVELS
    share = float(np.count_nonzero(moves)) / change.size
    if share < _LEAST_SHARE:
        return _Moved(at_s, share, 0.0, 0.0, 0.0, None)
    rows = np.count_nonzero(moves, axis=1)
    y = float((rows * np.arange(len(rows))).sum() / rows.sum())
    both = (now + before) * np.float32(0.5)
    across = cv2.Sobel(both, cv2.CV_32F, 1, 0, scale=0.125)[moves]
    down = cv2.Sobel(both, cv2.CV_32F, 0, 1, scale=0.125)[moves]
    length = np.sqrt(across * across + down * down)
    told = length > _EDGE_LEVELS
    if not told.any():
        return _Moved(at_s, share, 0.0, 0.0, 0.0, y)
    length = length[told]
    step = np.clip(-change[moves][told] / length, -_STEP_MAX_PX, _STEP_MAX_PX)
    size = np.abs(step)
    mean = float(size.mean())
    vx, vy = float((step * across[told] / length).mean()), float((step * down[told] / length).mean())
    coherent = float(np.hypot(vx, vy)) / max(mean, 1e-3)
    return _Moved(at_s, share, mean / dt_s, float(np.quantile(size, 0.9)) / dt_s, coherent, y)


def _measured(
    moved: tuple[_Moved, ...], looked: tuple[_Looked, ...], shape: tuple[int, ...]
) -> NDArray[np.float64] | None:
    bodies = [box for look in looked for box in look.persons]
    told = [m for m in moved if m.y is not None]
    if not bodies and len(told) < 3:
        return None
    # Cut off by an edge, a body is wider than it is high: its longer side is the better measure.
    body = float(np.median([max(w, h) for _, _, w, h in bodies])) if bodies else _BODY * shape[0]
    body = max(body, 6.0)
    body_share = body * body * 0.35 / (shape[0] * shape[1])
    speeds = np.array([m.speed for m in told] or [0.0]) / body
    fast = float(np.mean([m.fast for m in told] or [0.0])) / body
    values = (
        _log(fast, 0.05),
        float(speeds.std() / (speeds.mean() + 0.02)),
        float(np.mean([m.coherent for m in told] or [1.0])),
        _log(float(np.mean([m.share for m in moved] or [0.0])) / body_share, 0.02),
        _sinking(told) / body,
        *_bodies(looked),
    )
    return np.array(values, dtype=np.float64)


def _log(value: float, floor: float) -> float:
    return float(np.log(value + floor))


def _sinking(told: Sequence[_Moved]) -> float:
    """How fast the middle of the movement sinks, pixels a second."""
    if len(told) < 3:
        return 0.0
    y = np.array([m.y for m in told])
    third = max(1, len(told) // 3)
    return float(y[-third:].mean() - y[:third].mean()) / max(told[-1].at_s - told[0].at_s, 0.3)


def _bodies(looked: Sequence[_Looked]) -> tuple[float, float, float, float]:
    """Closeness, width against height, change of shape and speed of the bodies, means over the looks."""
    seen = [look for look in looked if look.persons]
    if not seen:
        return 0.0, _log(_UPRIGHT, 0.0), 0.0, 0.0
    close = float(np.mean([_closeness(look.persons) for look in looked]))
    wide = float(np.mean([max(_shape(box) for box in _large(look.persons)) for look in seen]))
    reshapes, walks = [0.0], [0.0]
    for one, two in pairwise(seen):
        dt_s = two.at_s - one.at_s
        if not 0.0 < dt_s <= 3 * EVERY_S:
            continue
        for box in _large(two.persons):
            old = min(one.persons, key=lambda other: _apart(other, box))
            apart = _apart(old, box) / max(box[3], old[3], 1.0)
            if apart < 1.0:
                walks.append(apart / dt_s)
                reshapes.append(abs(_shape(box) - _shape(old)) / dt_s)
    return close, wide, float(np.mean(reshapes)), float(np.mean(walks))


def _shape(box: Box) -> float:
    """Logarithm of width over height."""
    return _log(max(box[2], 1.0) / max(box[3], 1.0), 0.0)


def _large(persons: Sequence[Box]) -> list[Box]:
    """Those at least half as high as the highest: who stands far behind does not count."""
    most = max(h for _, _, _, h in persons)
    return [box for box in persons if box[3] >= most / 2]


def _apart(one: Box, two: Box) -> float:
    return float(
        np.hypot(one[0] + one[2] / 2 - two[0] - two[2] / 2, one[1] + one[3] / 2 - two[1] - two[3] / 2)
    )


def _closeness(persons: Sequence[Box]) -> float:
    """1: two bodies on one spot; 0: at least two body widths between their middles, or one body alone."""
    large = _large(persons) if persons else []
    best = 0.0
    for i, one in enumerate(large):
        for two in large[i + 1 :]:
            best = max(best, 1.0 - _apart(one, two) / max(one[2] + two[2], 1.0))
    return max(0.0, best)


class Weights(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`models/unusual.json`: for each measure its middle, its spread, its weight and its range.

    `bias` puts zero at the operating point: what at most a small share of normal clips of other places reach.
    """

    name: str
    version: str
    measures: tuple[str, ...]
    middle: tuple[float, ...]
    spread: tuple[Annotated[float, msgspec.Meta(gt=0.0)], ...]
    weight: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    bias: float


def read_weights(path: Path) -> Weights:
    """The checked file. Raises `ModelFault`."""
    try:
        weights = msgspec.json.decode(path.read_bytes(), type=Weights)
    except OSError as error:
        raise ModelFault("model_missing", f"{path.name} cannot be read ({error.strerror})") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelFault("model_damaged", f"{path.name} is no list of weights: {error}") from error
    if weights.measures != tuple(m.name for m in MEASURES):
        raise ModelFault("model_wrong", f"{path.name} weighs {weights.measures}")
    columns = (weights.middle, weights.spread, weights.weight, weights.low, weights.high)
    if any(len(column) != len(MEASURES) for column in columns):
        raise ModelFault("model_wrong", f"{path.name} has not one number for each measure")
    return weights


@dataclass(frozen=True, slots=True)
class Unusual:
    """Natural-log odds of unusual behaviour over the last two seconds, and what moved them most, in words."""

    logit: float
    why: str


class UnusualEye:
    """The score of one camera. `model_dir` holds `unusual.json`. Raises `ModelFault`."""

    def __init__(self, model_dir: Path) -> None:
        weights = read_weights(model_dir / "unusual.json")
        self._middle = np.array(weights.middle)
        self._spread = np.array(weights.spread)
        self._weight = np.array(weights.weight)
        self._low, self._high = np.array(weights.low), np.array(weights.high)
        self._bias = weights.bias
        self._watch = Watch()

    def update(self, small: GreyPicture, at_s: float, persons: Sequence[Box] | None) -> Unusual | None:
        """One picture; `persons` in its pixels, None between looks. None where nothing is said."""
        values = self._watch.update(small, at_s, persons)
        if values is None:
            return None
        off = (np.clip(values, self._low, self._high) - self._middle) / self._spread
        parts = off * self._weight
        return Unusual(float(parts.sum()) + self._bias, _words(parts))


def _words(parts: NDArray[np.float64]) -> str:
    """The three measures that speak loudest for unusual."""
    return ", ".join(MEASURES[i].words for i in np.argsort(-parts)[:3] if parts[i] > 0.0)
