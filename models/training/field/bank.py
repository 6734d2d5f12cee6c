"""PatchCore's memory as published: every normal cell, or a greedy core-set of them (Roth et al., CVPR 2022).

It is the peer that the kiosk's dictionary is measured beside, on whichever vectors. Plain numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]

Embed = Callable[[Grey], Floats]
"""A grey picture to rows x columns x channels."""

_AT_ONCE, _KNOWN_AT_ONCE = 2048, 8192
"""Vectors, and known ones, whose distances are held at a time."""
_SEARCHED: Final = 32
"""Channels, mixed from all, that the search for a core-set looks at (Johnson and Lindenstrauss, 1984)."""
_NEIGHBOURS: Final = 9
"""Neighbours that the score is weighed by, as usual implementations take."""


def core_set(vectors: Floats, keep: int) -> NDArray[np.int64]:
    """Numbers of the `keep` vectors that a greedy k-centre search takes: each the farthest from those taken.

    `vectors` n x channels. It begins with the one farthest from the mean, so nothing is drawn. At least one
    and at most n are taken; fewer where all that is left has a twin among those taken.
    """
    squares = np.einsum("nc,nc->n", vectors, vectors)
    first = int(np.argmax(squares - 2.0 * vectors @ vectors.mean(0)))
    taken = [first]
    apart = _apart(vectors, squares, first)
    while len(taken) < min(keep, len(vectors)):
        number = int(np.argmax(apart))
        if apart[number] <= 1e-6:
            break
        taken.append(number)
        np.minimum(apart, _apart(vectors, squares, number), out=apart)
    return np.array(taken, np.int64)


def _apart(vectors: Floats, squares: Floats, number: int) -> Floats:
    return np.asarray(squares + squares[number] - 2.0 * (vectors @ vectors[number]), np.float32)


def nearest(vectors: Floats, known: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The Euclidean distance of each vector to the nearest of `known`, and its number."""
    least = np.full(len(vectors), np.inf, np.float32)
    which = np.zeros(len(vectors), np.int64)
    for start in range(0, len(known), _KNOWN_AT_ONCE):
        some = known[start : start + _KNOWN_AT_ONCE]
        squares = np.einsum("nc,nc->n", some, some)
        for begin in range(0, len(vectors), _AT_ONCE):
            rows = slice(begin, begin + _AT_ONCE)
            table = squares[None] - 2.0 * (vectors[rows] @ some.T)
            numbers = table.argmin(1)
            found = table[np.arange(len(table)), numbers]
            nearer = found < least[rows]
            which[rows][nearer] = numbers[nearer] + start
            least[rows][nearer] = found[nearer]
    least += np.einsum("nc,nc->n", vectors, vectors)
    return np.sqrt(np.maximum(least, 0.0)), which


def mixed(vectors: Floats, seed: int = 0) -> Floats:
    """Fewer channels between which distances stay nearly what they were."""
    if vectors.shape[1] <= _SEARCHED:
        return vectors
    mix = np.random.default_rng(seed).normal(0.0, _SEARCHED**-0.5, (vectors.shape[1], _SEARCHED))
    return np.asarray(vectors @ mix.astype(np.float32), np.float32)


class Bank:
    """Normal cells of one class. `share` of them is kept (1.0: all, and no search for a core-set)."""

    def __init__(self, embed: Embed, share: float, weighed: bool = True) -> None:
        self._embed = embed
        self._share = share
        self._weighed = weighed
        self.known: Floats = np.empty((0, 0), np.float32)

    def learn(self, pictures: Sequence[Grey]) -> None:
        """Takes the cells of normal pictures in place of what was known."""
        vectors = np.concatenate([(v := self._embed(p)).reshape(-1, v.shape[2]) for p in pictures])
        if self._share < 1.0:
            keep = max(1, round(self._share * len(vectors)))
            vectors = vectors[core_set(mixed(vectors), keep)]
        self.known = np.ascontiguousarray(vectors)

    @property
    def size_bytes(self) -> int:
        """The vectors kept, in 32 bits."""
        return self.known.nbytes

    def look(self, picture: Grey) -> tuple[float, Floats]:
        """The picture's score and the distance of each of its cells (rows x columns)."""
        vectors = self._embed(picture)
        flat = vectors.reshape(-1, vectors.shape[2])
        distance, which = nearest(flat, self.known)
        worst = int(distance.argmax())
        score = float(distance[worst])
        if self._weighed and len(self.known) > _NEIGHBOURS:
            score *= self._weight(flat[worst], int(which[worst]), score)
        return score, distance.reshape(vectors.shape[:2])

    def _weight(self, vector: Floats, number: int, distance: float) -> float:
        """Less where the nearest normal cell has many like it (the paper's equation 7)."""
        apart = np.linalg.norm(self.known - self.known[number], axis=1)
        near = self.known[np.argsort(apart)[:_NEIGHBOURS]]
        others = np.linalg.norm(near - vector, axis=1)
        return float(1.0 - 1.0 / np.exp(others - distance).sum())


def spread(heat: Floats, shape: tuple[int, int], sigma_cells: float = 0.0) -> Floats:
    """A map of cells over a picture of `shape` (rows, columns of pixels)."""
    if sigma_cells > 0:
        heat = np.asarray(cv2.GaussianBlur(heat, (0, 0), sigma_cells), np.float32)
    return np.asarray(cv2.resize(heat, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32)
