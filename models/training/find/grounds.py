"""Scenes without a face, and what lies behind faces: rooms, things, patterns, pieces of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.common import Grey
from models.training.find.data import IGNORED, Boxes, Marks, Picture, may_hide_a_face, overlap
from models.training.find.net import HEIGHT, WIDTH
from models.training.find.objects import thing
from models.training.find.patterns import blend, pattern, soft_edge
from models.training.find.placing import fitted, moved, nothing, size


@dataclass(frozen=True, slots=True)
class Scene:
    """A grey picture, and of each face in it box, landmarks and cover.

    `shape` is the part of it, from the upper left, that is picture; beside it all is black.
    """

    grey: Grey
    boxes: Boxes
    marks: Marks
    covers: NDArray[np.int8]
    shape: tuple[int, int] = (HEIGHT, WIDTH)


class Grounds:
    """Backgrounds from the pictures without a face; `hard` are those that mislead the network now."""

    def __init__(
        self,
        pictures: Sequence[Picture],
        hard: Sequence[Picture],
        tile: Callable[[np.random.Generator], Picture],
    ) -> None:
        self._hard = list(hard)
        self._tile = tile
        self._backs = [p for p in pictures if p.kind == "negative" and not len(p.boxes)]
        self._backs += [p for p in pictures if p.kind == "scene" and (len(p.boxes) or not may_hide_a_face(p))]

    def background(self, rng: np.random.Generator, clutter: bool, faces: bool = True) -> Scene:
        if rng.random() < 0.12:
            grey = pattern(rng)
            boxes, marks, covers = nothing()
        else:
            for _ in range(8):
                pool = self._hard if self._hard and rng.random() < 0.3 else self._backs
                back = pool[rng.integers(len(pool))]
                if faces or not (back.covers != IGNORED).any():
                    break
            height, width = back.grey.shape
            least = max(WIDTH / width, HEIGHT / height)
            k = least * float(np.exp(rng.uniform(0.0, 1.0 if clutter else 0.6)))
            if rng.random() < 0.3:
                k = least
            left, top = rng.uniform(0, width - WIDTH / k + 1e-3), rng.uniform(0, height - HEIGHT / k + 1e-3)
            flip = rng.random() < 0.5
            matrix = np.array([[k, 0, -left * k], [0, k, -top * k]])
            if flip:
                matrix = np.array([[-k, 0, WIDTH - 1 + left * k], [0, k, -top * k]])
            source, warp = back.grey, matrix
            if k < 0.7:
                smaller = cv2.resize(back.grey, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
                source = np.asarray(smaller, np.uint8)
                warp = matrix.copy()
                warp[:, 0] *= width / source.shape[1]
                warp[:, 1] *= height / source.shape[0]
            laid = cv2.warpAffine(
                source, warp, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
            )
            grey = np.asarray(laid, np.uint8)
            boxes, marks = moved(back.boxes, back.marks, matrix, flip)
            covers = back.covers
        if clutter:
            for _ in range(rng.integers(0, 6)):
                self._decoy(grey, boxes, rng)
        return Scene(grey, boxes, marks, covers)

    def alone(self, rng: np.random.Generator) -> Scene:
        """A picture without a face, or a cut of one, shown like `_alone`: else all that lies so is a face."""
        draw = rng.random()
        if draw < 0.18:
            part = pattern(rng) if draw < 0.08 else thing(rng)
        else:
            for _ in range(8):
                hard = bool(self._hard) and draw < 0.65
                pool = self._hard if hard else self._backs
                back = pool[rng.integers(len(pool))]
                height, width = back.grey.shape
                side = min(height, width) * rng.uniform(0.8 if hard else 0.3, 1.0)
                h, w = height, width
                if rng.random() < 0.5:
                    h, w = int(min(height, side)), int(min(width, side * rng.uniform(0.6, 1.2)))
                top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
                cut = np.array([[left, top, w, h]], np.float32)
                if not len(back.boxes) or overlap(cut, back.boxes).max() <= 0:
                    break
            else:
                return self.background(rng, clutter=True)
            part = back.grey[top : top + h, left : left + w].copy()
        boxes, marks, covers = nothing()
        part, boxes, marks = fitted(part, boxes, marks, rng)
        return Scene(part, boxes, marks, covers)

    def _decoy(self, grey: Grey, boxes: Boxes, rng: np.random.Generator) -> None:
        """Something face-sized that is none: a scrambled face, a pattern, a piece of another picture."""
        long = int(size(rng) * rng.uniform(0.8, 1.4))
        w, h = max(8, int(long * np.exp(rng.normal(0, 0.25)))), max(8, long)
        x, y = int(rng.integers(-w // 3, WIDTH - w // 2)), int(rng.integers(-h // 3, HEIGHT - h // 2))
        for bx, by, bw, bh in boxes:
            if x < bx + bw and bx < x + w and y < by + bh and by < y + h:
                return
        draw = rng.random()
        if draw < 0.12:
            # Small pieces only: a half of a face in the wrong place still looks like one cut by an edge.
            patch = self._tile(rng).grey
            ph, pw = patch.shape[0] // 4, patch.shape[1] // 4
            if ph < 3 or pw < 3:
                return
            pieces = [patch[i * ph : (i + 1) * ph, j * pw : (j + 1) * pw] for i in range(4) for j in range(4)]
            order = rng.permutation(16)
            patch = np.vstack([np.hstack([pieces[order[i * 4 + j]] for j in range(4)]) for i in range(4)])
        elif draw < 0.5:
            patch = pattern(rng) if draw < 0.3 else thing(rng)
        else:
            pool = self._hard if self._hard and rng.random() < 0.5 else self._backs
            back = pool[rng.integers(len(pool))]
            bh, bw = back.grey.shape
            cut_h, cut_w = int(bh * rng.uniform(0.2, 0.8)), int(bw * rng.uniform(0.2, 0.8))
            top, left = rng.integers(0, bh - cut_h), rng.integers(0, bw - cut_w)
            cut = np.array([[left, top, cut_w, cut_h]], np.float32)
            if len(back.boxes) and overlap(cut, back.boxes).max() > 0:
                return
            patch = back.grey[top : top + cut_h, left : left + cut_w]
        patch = np.asarray(cv2.resize(patch, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
        x0, y0, x1, y1 = max(0, x), max(0, y), min(WIDTH, x + w), min(HEIGHT, y + h)
        if x1 <= x0 or y1 <= y0:
            return
        mask = soft_edge(h, w, rng)[y0 - y : y1 - y, x0 - x : x1 - x]
        grey[y0:y1, x0:x1] = blend(patch[y0 - y : y1 - y, x0 - x : x1 - x], grey[y0:y1, x0:x1], mask)
