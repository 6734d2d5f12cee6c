"""Finds faces, bare or covered, in one grey picture of any size: boxes and five landmarks in its own pixels.

The network always sees 320 x 240; the picture is scaled to fit, whole, into its upper left. For every cell
of three grids it gives a logit and 14 distances (see `models/face_find.md`); here the few cells above the
operating point are decoded and boxes of the same face are merged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, Point
from edge.vision.network import ModelFault, Network, load_or_previous

Grey = NDArray[np.uint8]
"""Height x width, 0 to 255."""

MODEL: Final = "face_find.tflite"
PREVIOUS: Final = "previous"
"""Subfolder of the models' folder where an update leaves what it replaced."""

_STRIDES: Final = (8, 16, 32)
_MOST_UPSCALED: Final = 3.0
"""A tiny picture is not blown up further: it would only show blur at sizes the network knows sharp."""

_SMALLEST_SIDE: Final = 12
LEAST_FACE_PX: Final = 16.0
"""Longer side, as the network sees it, below which a box is nothing: no such face is promised or judged."""

_SAME_FACE_IOU: Final = 0.4
_INSIDE: Final = 0.75
"""A weaker box with this share of itself inside a stronger one is part of that face, not another."""

_MOST_CELLS: Final = 300
_NEAR_PX: Final = 100.0
"""A doubtful face is looked at again with its longer side at about this: the size that is known best."""

_UNCONFIRMED: Final = 2.0
"""Natural-log odds by which a face that a second look did not show again falls below every doubt."""

_MOST_DOUBTS_VIDEO: Final = 2
_MOST_DOUBTS_STILL: Final = 60
_EVEN: Final = 0.0
"""The logit of a chance of one half."""

_ZOOMS: Final = (2.0, 4.0, 8.0)
_TILE_STEP: Final = 0.72
_SEEN_PX: Final = 20.0
"""Width from which a face is seen in one pass."""

ANOTHER_PERSON: Final = 0.3
"""A face narrower than this share of the widest is on a note, a badge, a poster, or far outside the door."""

_MIRRORED: Final = (2, 3, 0, 1, 4, 5, 8, 9, 6, 7)
"""Landmark numbers after left and right are exchanged."""


@dataclass(frozen=True, slots=True)
class Found:
    """A face: box cut to the picture, score 0 to 1, eyes, nose tip and mouth corners, left first as seen.

    `beyond`: how far the box reached over the picture's edge before it was cut, as a share of its side.
    """

    box: Box
    score: float
    landmarks: tuple[Point, Point, Point, Point, Point]
    beyond: float = 0.0


class Finder:
    """The face finder with its model loaded. One per thread.

    `refused` holds the faults of a newer model that was not taken. Raises `ModelFault` when no model passes.
    """

    def __init__(self, model_dir: Path, num_threads: int = 1) -> None:
        paths = [p for p in (model_dir / MODEL, model_dir / PREVIOUS / MODEL) if p.exists()]
        network, self.refused = load_or_previous(paths or [model_dir / MODEL], num_threads, ("face",))
        self._network = network
        contract = network.contract
        _, self._height, self._width, _ = _picture_shape(network)
        if (contract.input.scale, contract.input.zero) != (1 / 128, 0):
            raise _fault(f"input scaled {contract.input.scale}/{contract.input.zero}, not grey - 128")
        names = [f"{kind}{stride}" for kind in ("score", "shape") for stride in _STRIDES]
        if [o.name for o in contract.outputs] != names:
            raise _fault("outputs are not scores and shapes at strides 8, 16 and 32")
        try:
            self._maybe = _logit(contract.operating_points["maybe"])
            self._sure = _logit(contract.operating_points["sure"])
            self._video = _logit(contract.operating_points["video"])
            self._look = _logit(contract.operating_points["look"])
        except KeyError as missing:
            raise _fault(f"no operating point {missing}") from missing
        self._cells = [np.tile(self._grid(stride), 7) for stride in _STRIDES]
        self._directions = np.array([-1, -1, *[1] * 12], np.float32)
        self._seen: NDArray[np.int8] = np.full((1, self._height, self._width, 1), -128, np.int8)
        self._covered = (0, 0)

    @property
    def version(self) -> str:
        """The model's version, for the record."""
        return self._network.contract.version

    def find(self, grey: Grey) -> list[Found]:
        """Faces of one video frame, best first. ValueError where `grey` is no picture.

        One pass of the network, and one more of the surroundings of each doubtful face (two at most).
        """
        return self._accepted(grey, self._merged([self._pass(_checked(grey), self._maybe)]), self._video)

    def look(self, grey: Grey) -> list[Found]:
        """Faces of a still picture of any size, best first.

        A picture taller than the network's 4:3 is also looked at in tiles, so that its longer side counts
        as 320 px like a wide one's. Then every picture is searched in overlapping tiles, nearer and nearer,
        until everybody who would count beside the widest face found must have been seen, or the picture's own
        pixels are reached.
        """
        rows = self._seen_twice(grey, self._merged(self._still(_checked(grey), self._maybe)), self._look)
        for zoom in _ZOOMS:
            scale = self._fit(grey.shape) * zoom
            least = ANOTHER_PERSON * float(np.max(rows[:, 3] - rows[:, 1])) if len(rows) else 0.0
            if scale > 1.0 or least * scale / 2 >= _SEEN_PX:
                break
            tiles = self._merged(list(self._tiles(grey, scale, self._maybe)))
            more = self._seen_twice(grey, tiles, self._look)
            # A part of a face, seen near enough, can look like one.
            rows = np.concatenate([rows, *(row[None] for row in more if not _touches(row, rows))])
        return [_found(row, grey.shape) for row in rows[np.argsort(-rows[:, 0])]]

    def candidates(self, grey: Grey, at_least: float, still: bool = False) -> list[Found]:
        """As `find`, or as `look`'s first step, with a score of one's own choice: for measuring."""
        if not still:
            return self._accepted(
                grey, self._merged([self._pass(_checked(grey), self._maybe)]), _logit(at_least)
            )
        rows = self._merged(self._still(_checked(grey), self._maybe))
        return [_found(row, grey.shape) for row in self._seen_twice(grey, rows, _logit(at_least))]

    def _accepted(self, grey: Grey, rows: NDArray[np.float32], least: float) -> list[Found]:
        """For video: sure faces as they are; the strongest doubtful ones looked at again from nearer.

        The second look decides alone: at the size that is known best the network tells faces from other
        things far better. It also gives the better box and landmarks of a small face.
        """
        doubts = _MOST_DOUBTS_VIDEO
        changed = False
        # Beside a sure face, only what is more likely a face than not is looked at again: the next frame
        # comes at once, and a second pass costs as much as the first.
        worth = _EVEN if len(rows) and rows[0][0] >= self._sure else self._maybe
        for row in rows:
            if row[0] >= self._sure:
                continue
            again = self._again(grey, row) if doubts > 0 and row[0] >= worth else None
            doubts -= 1
            if again is None:
                row[0] = min(row[0], self._maybe) - _UNCONFIRMED
            else:
                row[:] = again
                changed = True
        kept = rows[rows[:, 0] >= least]
        if changed:
            # Seen from nearer, two doubtful boxes can turn out to be one face.
            kept = self._merged([kept])
        return [_found(row, grey.shape) for row in kept]

    def _seen_twice(self, grey: Grey, rows: NDArray[np.float32], least: float) -> NDArray[np.float32]:
        """For stills: what is a face from near both as it stands and in a mirror; their mean, best first.

        How sure the first look was counts no more: from near the network tells faces from mugs far better.
        """
        kept = [rows[:0]]
        for row in rows[:_MOST_DOUBTS_STILL]:
            plain = self._again(grey, row)
            turned = None if plain is None else self._again(grey[:, ::-1], _mirrored(row, grey.shape[1]))
            if plain is None or turned is None:
                continue
            both = (plain + _mirrored(turned, grey.shape[1])) / np.float32(2)
            if both[0] >= least:
                kept.append(both[None])
        return self._merged(kept)

    def _again(self, grey: Grey, row: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """The same face seen with its longer side at about `_NEAR_PX`, None where it is none any more."""
        x0, y0, x1, y1 = (float(v) for v in row[1:5])
        side = max(x1 - x0, y1 - y0)
        width, height = self._width / _NEAR_PX * side, self._height / _NEAR_PX * side
        left, right = _span((x0 + x1) / 2, width, grey.shape[1])
        top, bottom = _span((y0 + y1) / 2, height, grey.shape[0])
        # Contiguous, for a mirrored picture is a view with its rows backwards, which OpenCV does not take.
        part = np.ascontiguousarray(grey[top:bottom, left:right])
        if min(part.shape) < _SMALLEST_SIDE:
            return None
        shrink = min(1.0, _NEAR_PX / side / self._fit(part.shape))
        rows = self._pass(part, self._maybe - _UNCONFIRMED, shrink)
        rows[:, 1::2] += left
        rows[:, 2::2] += top
        rows = self._merged([rows[_iou(row[1:5], rows[:, 1:5]) > _SAME_FACE_IOU]])
        return rows[0] if len(rows) else None

    def _still(self, grey: Grey, least: float) -> list[NDArray[np.float32]]:
        passes = [self._pass(grey, least)]
        scale = min(1.0, self._width / max(grey.shape))
        if self._fit(grey.shape) < 0.95 * scale:
            passes += self._tiles(grey, scale, least)
        return passes

    def _grid(self, stride: int) -> NDArray[np.float32]:
        """Cells x 2: the centre of every cell, row by row."""
        y, x = np.mgrid[: -(-self._height // stride), : -(-self._width // stride)].astype(np.float32)
        centres: NDArray[np.float32] = (
            np.stack([x, y], axis=-1).reshape(-1, 2) + np.float32(0.5)
        ) * np.float32(stride)
        return centres

    def _fit(self, shape: tuple[int, ...]) -> float:
        return min(self._width / shape[1], self._height / shape[0], _MOST_UPSCALED)

    def _tiles(self, grey: Grey, scale: float, least: float) -> Iterator[NDArray[np.float32]]:
        tile_w, tile_h = int(self._width / scale), int(self._height / scale)
        for top in _starts(grey.shape[0], tile_h):
            for left in _starts(grey.shape[1], tile_w):
                rows = self._pass(grey[top : top + tile_h, left : left + tile_w], least)
                rows[:, 1::2] += left
                rows[:, 2::2] += top
                yield rows

    def _pass(self, grey: Grey, least: float, shrink: float = 1.0) -> NDArray[np.float32]:
        """n x 15 candidates in `grey`'s pixels: logit, left, top, right, bottom, ten landmark numbers."""
        if min(grey.shape) < _SMALLEST_SIDE:
            return np.zeros((0, 15), np.float32)
        scale = self._fit(grey.shape) * shrink
        width = min(self._width, max(1, round(grey.shape[1] * scale)))
        height = min(self._height, max(1, round(grey.shape[0] * scale)))
        fitted = grey
        if (height, width) != grey.shape:
            method = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
            fitted = np.asarray(cv2.resize(grey, (width, height), interpolation=method), np.uint8)
        view = self._seen[0, :, :, 0]
        if self._covered != (height, width):
            view[:] = -128
            self._covered = (height, width)
        # grey - 128 as int8 is the same byte with its highest bit turned.
        np.bitwise_xor(fitted, np.uint8(0x80), out=view[:height, :width].view(np.uint8))
        rows = self._decode(least)
        rows[:, 1::2] *= np.float32(grey.shape[1] / width)
        rows[:, 2::2] *= np.float32(grey.shape[0] / height)
        return rows

    def _decode(self, least: float) -> NDArray[np.float32]:
        outputs = self._network.run(self._seen)
        promised = self._network.contract.outputs
        parts: list[NDArray[np.float32]] = []
        for level, stride in enumerate(_STRIDES):
            score, shape = promised[level], promised[level + len(_STRIDES)]
            raw = outputs[level].reshape(-1)
            hits = (raw >= max(-128, min(127, round(least / score.scale + score.zero)))).nonzero()[0]
            if not len(hits):
                continue
            if len(hits) > _MOST_CELLS:
                hits = hits[np.argsort(raw[hits])[-_MOST_CELLS:]]
            # As they are laid out in a row: left and top count from the cell backwards, all others forwards.
            rows = np.empty((len(hits), 15), np.float32)
            rows[:, 0] = score.dequantise(raw[hits])
            far = rows[:, 1:]
            far[:] = outputs[level + len(_STRIDES)].reshape(-1, 14)[hits]
            far -= np.float32(shape.zero)
            far *= self._directions * np.float32(stride * shape.scale)
            far += self._cells[level][hits]
            parts.append(rows)
        if not parts:
            return np.zeros((0, 15), np.float32)
        found = np.concatenate(parts) if len(parts) > 1 else parts[0]
        large = (found[:, 3:5] - found[:, 1:3]).max(axis=1) >= LEAST_FACE_PX
        return np.asarray(found[large], np.float32)

    def _merged(self, passes: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """One row per face, best first: the strongest takes in those that overlap it, averaged by score."""
        rows = np.concatenate(passes) if len(passes) > 1 else passes[0]
        rows = rows[np.argsort(-rows[:, 0])[:_MOST_CELLS]]
        areas = np.prod(np.maximum(rows[:, 3:5] - rows[:, 1:3], 1.0), axis=1)
        weights = 1.0 / (1.0 + np.exp(-rows[:, 0]))
        left = np.ones(len(rows), bool)
        merged: list[NDArray[np.float32]] = []
        for i in range(len(rows)):
            if not left[i]:
                continue
            shared = _shared(rows[i, 1:5], rows[:, 1:5])
            iou = shared / (areas[i] + areas - shared)
            # The closest ones vote on the shape; every overlapping one is used up.
            voters = left & (iou > 0.6)
            voters[i] = True
            share = weights[voters] / weights[voters].sum()
            left &= ~((iou > _SAME_FACE_IOU) | (shared > _INSIDE * areas))
            left[i] = False
            # A sum, not `@`: that would wake the linear algebra library's threads for a few numbers.
            mean = (share[:, None] * rows[voters]).sum(axis=0).astype(np.float32)
            mean[0] = rows[i, 0]
            merged.append(mean)
        return np.stack(merged) if merged else np.zeros((0, 15), np.float32)


def _shared(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Area that each of `others` shares with `box`, all as left, top, right, bottom."""
    inner = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    area: NDArray[np.float32] = np.maximum(inner[:, 0], 0.0) * np.maximum(inner[:, 1], 0.0)
    return area


def _iou(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    shared = _shared(box, others)
    union = np.prod(box[2:] - box[:2]) + np.prod(others[:, 2:] - others[:, :2], axis=1) - shared
    iou: NDArray[np.float32] = shared / np.maximum(union, 1.0)
    return iou


def _mirrored(row: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """A row of 15 in the mirror image of a picture of this width, landmarks left first again."""
    turned = row.copy()
    turned[[1, 3]] = width - row[[3, 1]]
    points = row[5:].copy()
    points[::2] = width - points[::2]
    turned[5:] = points[list(_MIRRORED)]
    return turned


def _touches(row: NDArray[np.float32], others: NDArray[np.float32]) -> bool:
    """Whether a box shares half of itself, or half of another, with one of `others`."""
    shared = _shared(row[1:5], others[:, 1:5])
    sizes = np.prod(np.maximum(others[:, 3:5] - others[:, 1:3], 1.0), axis=1)
    return bool((shared > 0.5 * np.minimum(sizes, np.prod(row[3:5] - row[1:3]))).any())


def _span(centre: float, length: float, limit: int) -> tuple[int, int]:
    """Begin and end of a stretch of `length` about `centre`, moved or cut to lie within 0 to `limit`."""
    size = min(limit, max(1, round(length)))
    begin = min(max(0, round(centre - size / 2)), limit - size)
    return begin, begin + size


def _found(row: NDArray[np.float32], shape: tuple[int, ...]) -> Found:
    score = 1.0 / (1.0 + float(np.exp(-row[0])))
    x0, y0 = max(0.0, float(row[1])), max(0.0, float(row[2]))
    x1, y1 = min(float(shape[1]), float(row[3])), min(float(shape[0]), float(row[4]))
    p = [float(v) for v in row[5:]]
    points = ((p[0], p[1]), (p[2], p[3]), (p[4], p[5]), (p[6], p[7]), (p[8], p[9]))
    wide, high = max(1.0, float(row[3] - row[1])), max(1.0, float(row[4] - row[2]))
    beyond = max(
        -float(row[1]) / wide,
        -float(row[2]) / high,
        (float(row[3]) - shape[1]) / wide,
        (float(row[4]) - shape[0]) / high,
        0.0,
    )
    return Found((x0, y0, max(1.0, x1 - x0), max(1.0, y1 - y0)), score, points, beyond)


def _checked(grey: Grey) -> Grey:
    if grey.ndim != 2 or grey.dtype != np.uint8 or grey.size == 0:
        raise ValueError(f"a grey picture is height x width of uint8, not {grey.shape} of {grey.dtype}")
    return grey


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles of `tile` begin so that they cover `length` and neighbours overlap by a good quarter."""
    if tile >= length:
        return [0]
    count = int(np.ceil((length - tile) / (tile * _TILE_STEP))) + 1
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]


def _picture_shape(network: Network) -> tuple[int, int, int, int]:
    shape = network.contract.input.shape
    if len(shape) != 4 or shape[0] != 1 or shape[3] != 1:
        raise _fault(f"input {shape} is not one grey picture")
    return 1, shape[1], shape[2], 1


def _logit(chance: float) -> float:
    if not 0.0 < chance < 1.0:
        raise _fault(f"operating point {chance} is not between 0 and 1")
    return float(np.log(chance / (1.0 - chance)))


def _fault(cause: str) -> ModelFault:
    return ModelFault("model_wrong", f"{MODEL}: {cause}")
