"""How unlike normal use the last seconds look, from how bodies stand and how what moves moves; no picture.

What is measured cannot know where a film comes from: speeds are in body heights a second, and nothing of
brightness, colour, texture or place is kept. Twice a second the last two seconds become five numbers
(`MEASURES`); a weighted sum of them is the log-odds of unusual behaviour.

The weights are `models/unusual.json`, made by `models/training/unusual`; each value is held to the range
that the training saw, so that nothing strange can count for more than the strangest thing known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
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
"""After so long without a picture everything begins again."""
_LONGEST_PX: Final = 80
_BLOCK_PX: Final = 8
_STEP_S: Final = 0.1
"""The least time from one picture of the flow to the next, so that a faster camera tells the same."""
_NOISE_LEVELS: Final = 5.0
_LEAST_PX: Final = 7.0
"""Pixels of a block that must change before it moves."""
_STIFF: Final = 128.0
"""Keeps a block without texture from moving fast: a gradient of 1.4 levels a pixel everywhere counts half."""
_DARK_LEVELS: Final = np.float32(4.0)
_SLOW_PX_S: Final = 0.5
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
    Measure("coherent", -1, "movement in all directions at once"),
    Measure("turn", 1, "movement back and forth"),
    Measure("jerk", 1, "jerky movement"),
    Measure("rough", 1, "parts move against each other"),
    Measure("wide", 1, "a body lies or bends"),
)


@dataclass(frozen=True, slots=True)
class _Flow:
    """How each block of the picture moves, in pixels a second; `moves`: whether it does at all."""

    across: Floats
    down: Floats
    moves: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Moved:
    """One step of the flow. `turn`: None where too little moved in both steps; `jerk`: pixels a second."""

    at_s: float
    coherent: float
    rough: float
    turn: float | None
    jerk: float


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
        self._flow: _Flow | None = None
        self._begun_s = self._last_s = self._flow_s = self._said_s = float("-inf")

    def update(
        self, small: GreyPicture, at_s: float, persons: Sequence[Box] | None
    ) -> NDArray[np.float64] | None:
        """One picture; `persons` in its pixels, None where nobody looked. None between answers.

        Nothing is said of a picture in which neither anything moves nor anybody is seen, nor before one and a
        half seconds have passed.
        """
        h, w = small.shape
        factor = _LONGEST_PX / max(h, w)
        shape = (max(_BLOCK_PX, round(h * factor)), max(_BLOCK_PX, round(w * factor)))
        if self._previous is None or self._previous.shape != shape or at_s - self._last_s > _GAP_S:
            self._moved.clear()
            self._looked.clear()
            self._previous, self._flow = _soft(small, shape), None
            self._begun_s = self._flow_s = self._said_s = at_s
        self._last_s = at_s
        if at_s - self._flow_s >= _STEP_S - 1e-6:
            self._step(_soft(small, shape), at_s)
        if persons is not None:
            boxes = tuple((x * factor, y * factor, w * factor, h * factor) for x, y, w, h in persons)
            self._looked.append(_Looked(at_s, boxes))
        while self._moved and self._moved[0].at_s <= at_s - OVER_S - 1e-6:
            self._moved.popleft()
        while self._looked and self._looked[0].at_s <= at_s - OVER_S - 0.3:
            self._looked.popleft()
        if at_s - self._begun_s < OVER_S - 0.5 - 1e-6 or at_s - self._said_s < EVERY_S - 1e-6:
            return None
        self._said_s = at_s
        return _measured(tuple(self._moved), tuple(self._looked), shape[0])

    def _step(self, now: Floats, at_s: float) -> None:
        assert self._previous is not None
        flow = _flow(self._previous, now, at_s - self._flow_s)
        if flow is not None:
            self._moved.append(_movement(self._flow, flow, at_s))
        self._previous, self._flow, self._flow_s = now, flow, at_s


def _soft(small: GreyPicture, shape: tuple[int, int]) -> Floats:
    shrunk = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(shrunk, (5, 5), 1.0), dtype=np.float32)


def _flow(before: Floats, now: Floats, dt_s: float) -> _Flow | None:
    """Lucas and Kanade's flow (1981), one vector for each block of 8x8 pixels; None where no block moves."""
    now = now * _gain(before, now)
    change = now - before
    moves = _sums((np.abs(change) > _NOISE_LEVELS).astype(np.float32)) >= _LEAST_PX
    if not moves.any():
        return None
    both = (now + before) * np.float32(0.5)
    gx = cv2.Sobel(both, cv2.CV_32F, 1, 0, scale=0.125)
    gy = cv2.Sobel(both, cv2.CV_32F, 0, 1, scale=0.125)
    xx, xy, yy = _sums(gx * gx) + _STIFF, _sums(gx * gy), _sums(gy * gy) + _STIFF
    x, y = -_sums(gx * change), -_sums(gy * change)
    scale = (xx * yy - xy * xy) * np.float32(dt_s)
    return _Flow((yy * x - xy * y) / scale, (xx * y - xy * x) / scale, moves)


def _gain(before: Floats, now: Floats) -> np.float32:
    """What takes a lamp's flicker and the camera's own exposure out: the usual ratio of two pictures."""
    # One pixel in four tells the median well enough.
    ratios = (before[::2, ::2] + _DARK_LEVELS) / (now[::2, ::2] + _DARK_LEVELS)
    return np.float32(np.median(ratios))


def _sums(values: cv2.typing.MatLike) -> Floats:
    rows, columns = values.shape[0] // _BLOCK_PX, values.shape[1] // _BLOCK_PX
    cut = values[: rows * _BLOCK_PX, : columns * _BLOCK_PX]
    return np.asarray(cut.reshape(rows, _BLOCK_PX, columns, _BLOCK_PX).sum(axis=(1, 3)), dtype=np.float32)


def _movement(before: _Flow | None, now: _Flow, at_s: float) -> _Moved:
    moves = now.moves
    x, y = now.across[moves], now.down[moves]
    mean = float(np.hypot(x, y).mean()) + _SLOW_PX_S
    coherent = float(np.hypot(x.mean(), y.mean())) / mean
    weights = moves.astype(np.float32)
    around = cv2.blur(weights, (3, 3)) + np.float32(1e-6)
    off_x = now.across - cv2.blur(now.across * weights, (3, 3)) / around
    off_y = now.down - cv2.blur(now.down * weights, (3, 3)) / around
    rough = float(np.hypot(off_x, off_y)[moves].mean()) / mean
    both = None if before is None else moves & before.moves
    if before is None or both is None or np.count_nonzero(both) < 2:
        return _Moved(at_s, coherent, rough, None, 0.0)
    x, y, old_x, old_y = now.across[both], now.down[both], before.across[both], before.down[both]
    most = float((np.hypot(x, y) * np.hypot(old_x, old_y)).sum()) + 2.0 * _SLOW_PX_S
    turn = 1.0 - float((x * old_x + y * old_y).sum()) / most
    return _Moved(at_s, coherent, rough, turn, float(np.hypot(x - old_x, y - old_y).mean()))


def _measured(
    moved: tuple[_Moved, ...], looked: tuple[_Looked, ...], height_px: int
) -> NDArray[np.float64] | None:
    bodies = [box for look in looked for box in look.persons]
    if not bodies and len(moved) < 3:
        return None
    # Cut off by an edge, a body is wider than it is high: its longer side is the better measure.
    body = float(np.median([max(w, h) for _, _, w, h in bodies])) if bodies else _BODY * height_px
    turns = [m.turn for m in moved if m.turn is not None]
    values = (
        _mean([m.coherent for m in moved], 1.0),
        _mean(turns, 0.0),
        _log(_mean([m.jerk for m in moved], 0.0) / max(body, 6.0), 0.05),
        _mean([m.rough for m in moved], 0.0),
        _widest(looked),
    )
    return np.array(values, dtype=np.float64)


def _mean(values: Sequence[float], where_none: float) -> float:
    return float(np.mean(values)) if values else where_none


def _log(value: float, floor: float) -> float:
    return float(np.log(value + floor))


def _widest(looked: Sequence[_Looked]) -> float:
    """Logarithm of width over height of the widest large body, the mean over the looks that saw any."""
    shapes = [max(_shape(box) for box in _large(look.persons)) for look in looked if look.persons]
    return _mean(shapes, _log(_UPRIGHT, 0.0))


def _shape(box: Box) -> float:
    return _log(max(box[2], 1.0) / max(box[3], 1.0), 0.0)


def _large(persons: Sequence[Box]) -> list[Box]:
    """Those at least half as high as the highest: who stands far behind does not count."""
    most = max(h for _, _, _, h in persons)
    return [box for box in persons if box[3] >= most / 2]


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
