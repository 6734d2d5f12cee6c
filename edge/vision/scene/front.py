"""The machine's front, region by region, against its own pictures: what was fixed to it, or taken off it.

While nobody stands before it the picture is laid over the taught one, and what the regions show is gathered
over half a minute (the median, so that a hand or a flicker is none of it). Each such slot is compared with
the taught pictures by structure and by the network's embedding. What counts is what has differed at the very
same place in nearly all of the last slots: a skimmer stands still, a strip of sun wanders on. It is weighed
against the region's own normal, which follows slowly, and only from hours in which nothing was wrong.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.terms.observation import Box, FrontSeen
from edge.vision.scene.align import Aligned, Aligner, Matrix
from edge.vision.scene.fronts import Front, FrontRegion, RegionKind, region_mask
from edge.vision.scene.part import SLOT_S as SLOT_S
from edge.vision.scene.part import Embedded, Part
from hw.camera.port import GreyPicture

_KEPT_A_SLOT: Final = 7
_NEAR: Final = 0.2
"""Of the front's own size: who or what is so near to it stands before it."""
_DARK_LEVELS: Final = 12.0
"""Median of a front that nothing can be seen of."""


class Embeds(Protocol):
    """`patches.Patches`."""

    def embed(self, grey: GreyPicture) -> Embedded: ...


class FrontEye:
    """Watches what `front` teaches. `patches`: None compares by structure alone.

    `at_once`: every comparison is made as soon as it can be; else one look does one pass of the network at
    most.
    """

    def __init__(self, front: Front, patches: Embeds | None = None, at_once: bool = False) -> None:
        base = front.pictures[0]
        self._shape = base.shape
        self._hull = _hull(front.regions, base.shape)
        around = _grown(self._hull, 1.0, base.shape)
        where = np.zeros(base.shape, np.uint8)
        x0, y0, w, h = (int(v) for v in around)
        where[y0 : y0 + h, x0 : x0 + w] = 1
        screens = _screens(front.regions, base.shape)
        where[cv2.dilate(screens, np.ones((9, 9), np.uint8)) > 0] = 0
        # By what is around the front; where that has too few corners of its own, by the whole picture.
        self._aligners = (Aligner(base, where), Aligner(base))
        laid = [base]
        matrices = [np.eye(2, 3)]
        for picture in front.pictures[1:]:
            found = self._align(picture)
            if found is None:
                continue  # in too different a light to be laid over: it cannot say what is normal
            laid.append(_laid_over(picture, found.matrix, base.shape))
            matrices.append(found.matrix)
        self._parts = [
            Part(region, laid, screens, front.px_per_cm)
            for region in front.regions
            if region.kind is not RegionKind.SCREEN
        ]
        self._embed: Callable[[GreyPicture], Embedded] | None = None if patches is None else patches.embed
        self._at_once = at_once
        self._slot = -1
        self._jobs: deque[Callable[[float, Matrix], FrontSeen | None]] = deque()
        self._matrix: Matrix = np.eye(2, 3)
        self.why = ""
        """Why the newest picture was not looked at; empty where it was."""
        if self._embed is not None:
            for part in self._parts:
                self._jobs.extend(part.preparing(self._embed))

    def prepare(self) -> None:
        """What the first looks would do one after the other, at once."""
        while self._jobs:
            self._jobs.popleft()(0.0, self._matrix)

    def stands_before(self, box: Box) -> bool:
        """Whether somebody or something there, in pixels of the picture, may hide the front."""
        return _touches(_grown(self._hull, _NEAR, self._shape), box)

    def look(self, grey: GreyPicture, at_s: float, before: Sequence[Box] = ()) -> tuple[FrontSeen, ...]:
        """One picture of the camera; `before`: where people, faces and movement are, in its pixels.

        Mostly nothing: each region is judged once a slot.
        """
        self.why = self._hindered(grey, before)
        if self.why:
            return ()
        found = self._align(grey)
        if found is None:
            self.why = self._aligners[0].why
            return ()
        self._matrix = found.matrix
        slot = int(at_s // SLOT_S)
        if slot != self._slot:
            self._slot = slot
            self._close()
        laid = _laid_over(grey, found.matrix, self._shape)
        for part in self._parts:
            part.gather(laid, _KEPT_A_SLOT)
        said: list[FrontSeen] = []
        while self._jobs:
            seen = self._jobs.popleft()(at_s, self._matrix)
            if seen is not None:
                said.append(seen)
            if not self._at_once:
                break
        return tuple(said)

    def _align(self, grey: GreyPicture) -> Aligned | None:
        for aligner in self._aligners:
            found = aligner.align(grey)
            if found is not None:
                return found
        return None

    def _hindered(self, grey: GreyPicture, before: Sequence[Box]) -> str:
        if grey.shape != self._shape:
            height, width = self._shape
            return f"{grey.shape[1]}x{grey.shape[0]} pixels where {width}x{height} were taught"
        if any(self.stands_before(box) for box in before):
            return "somebody is before it"
        x, y, w, h = (int(v) for v in self._hull)
        if float(np.median(grey[y : y + h : 2, x : x + w : 2])) < _DARK_LEVELS:
            return "too dark"
        return ""

    def _close(self) -> None:
        """The slot is over: what was gathered is compared, unless the last one still waits for that."""
        if self._jobs and not self._at_once:
            for part in self._parts:
                part.drop()
            return
        for part in self._parts:
            self._jobs.extend(part.comparing(self._embed))


def _hull(regions: Sequence[FrontRegion], shape: tuple[int, ...]) -> Box:
    """The box around all regions, inside the picture."""
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in (region.box for region in regions)])
    x0, y0 = np.maximum(boxes[:, :2].min(axis=0), 0)
    x1, y1 = np.minimum(boxes[:, 2:].max(axis=0), (shape[1], shape[0]))
    return float(x0), float(y0), float(x1 - x0), float(y1 - y0)


def _grown(box: Box, by: float, shape: tuple[int, ...]) -> Box:
    """A box larger by a share of its own size on each side, inside the picture."""
    x, y, w, h = box
    edge = by * max(w, h)
    x0, y0 = max(x - edge, 0.0), max(y - edge, 0.0)
    x1, y1 = min(x + w + edge, float(shape[1])), min(y + h + edge, float(shape[0]))
    return x0, y0, x1 - x0, y1 - y0


def _touches(a: Box, b: Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _screens(regions: Sequence[FrontRegion], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    mask = np.zeros(shape[:2], np.uint8)
    for region in regions:
        if region.kind is RegionKind.SCREEN:
            mask |= region_mask(region, shape)
    return mask


def _laid_over(grey: GreyPicture, matrix: Matrix, shape: tuple[int, ...]) -> GreyPicture:
    """The picture as the taught one would show it."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (shape[1], shape[0])
    laid = cv2.warpAffine(grey, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(laid, dtype=np.uint8)
