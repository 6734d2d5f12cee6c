"""A dictionary of what the places of one camera's picture look like: a small core-set of patch embeddings.

Every cell of the picture keeps few vectors of what was seen there, so that each one that was ever added lies
within the cell's `reach` of one that is kept. This is k-center clustering of a stream (Charikar, Chekuri,
Feder and Motwani, 1997), the greedy core-set of PatchCore (Roth et al., 2022) for footage that is seen once:
a new vector is kept where none within the cell's radius is, and where the dictionary grows over its bound the
fullest cell is thinned at a larger radius.

A vector is compared with those of its own cell and of the cells around it: a slam of the door moves the
picture by a cell at most. Distances are 1 - dot product, 0 to 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Int8 = NDArray[np.int8]

RADIUS: Final = 0.25
"""Between two unit vectors (a chord): what a cell begins with; a distance of 0.03, what noise is left."""

UNKNOWN: Final = 2.0
"""The distance where nothing is known of a place and of those around it."""

_THIN: Final = 2.0**0.5
_STEPS: Final = 127.0
_BLOCK: Final = 8
"""Cells side by side that are compared in one product."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Vectors as they are kept: `vectors` n x channels in steps of 1/127; `cells` (n,) row * columns +
    column, ascending. `reach` (rows * columns,): how far, as a chord, from a kept vector the added ones
    lie at most.
    """

    vectors: Int8
    cells: NDArray[np.uint16]
    reach: Floats

    @property
    def size_bytes(self) -> int:
        return self.vectors.nbytes + self.cells.nbytes + self.reach.nbytes


def as_steps(vectors: Floats) -> Int8:
    """Unit vectors as 8-bit steps; what is lost is 0.001 of a distance."""
    steps: Int8 = np.rint(np.clip(vectors, -1.0, 1.0) * _STEPS).astype(np.int8)
    return steps


def as_units(steps: Int8) -> Floats:
    """The unit vectors (n x channels) of 8-bit steps."""
    real = steps.astype(np.float32)
    units: Floats = real / np.maximum(np.linalg.norm(real, axis=-1, keepdims=True), np.float32(1e-6))
    return units


class Dictionary:
    """A growing core-set of a `rows` x `columns` grid. Never more than `most` vectors are kept."""

    def __init__(self, rows: int, columns: int, most: int) -> None:
        if most < rows * columns:
            raise ValueError(f"{most} vectors cannot stand for {rows * columns} cells")
        self._rows, self._columns, self._most = rows, columns, most
        self._kept: list[Floats | None] = [None] * (rows * columns)
        self._radius = np.full(rows * columns, RADIUS, np.float32)
        self._reach = np.full(rows * columns, RADIUS, np.float32)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, vectors: Floats, left_out: NDArray[np.bool_]) -> int:
        """One look: rows x columns x channels of unit length, but for what is left out. How many were new."""
        flat = vectors.reshape(self._rows * self._columns, -1)
        before = self._size
        new = 0
        for cell in np.flatnonzero(~left_out):
            vector = flat[cell]
            kept = self._kept[cell]
            if kept is None:
                self._kept[cell] = vector[None].copy()
            elif 2.0 - 2.0 * float((kept @ vector).max()) > float(self._radius[cell]) ** 2:
                self._kept[cell] = np.concatenate((kept, vector[None]))
            else:
                continue
            new += 1
        self._size = before + new
        while self._size > self._most:
            self._thin()
        return new

    def _thin(self) -> None:
        """The fullest cell keeps those that are further from each other than a larger radius."""
        sizes = [0 if kept is None else len(kept) for kept in self._kept]
        cell = int(np.argmax(sizes))
        kept = self._kept[cell]
        assert kept is not None
        self._radius[cell] *= _THIN
        # What was left out for one that goes now lies within both radii of one that stays.
        self._reach[cell] += self._radius[cell]
        chosen = kept[:1]
        for vector in kept[1:]:
            if 2.0 - 2.0 * float((chosen @ vector).max()) > float(self._radius[cell]) ** 2:
                chosen = np.concatenate((chosen, vector[None]))
        self._size -= len(kept) - len(chosen)
        self._kept[cell] = chosen

    def entries(self) -> Entries:
        """What is kept, to be written or searched."""
        cells = [
            np.full(len(kept), cell, np.uint16) for cell, kept in enumerate(self._kept) if kept is not None
        ]
        vectors = [kept for kept in self._kept if kept is not None]
        if not vectors:
            raise ValueError("nothing was added")
        return Entries(as_steps(np.concatenate(vectors)), np.concatenate(cells), self._reach.copy())


def joined(one: Entries, other: Entries) -> Entries:
    """Both, of one grid."""
    cells = np.concatenate((one.cells, other.cells))
    order = np.argsort(cells, kind="stable")
    vectors = np.concatenate((one.vectors, other.vectors))
    return Entries(vectors[order], cells[order], np.maximum(one.reach, other.reach))


class Search:
    """How far a look is from all entries at and around each place. Holds hardly more than the entries."""

    def __init__(self, entries: Entries, rows: int, columns: int) -> None:
        self._vectors = entries.vectors
        self._rows, self._columns = rows, columns
        self._starts = np.searchsorted(entries.cells, np.arange(rows * columns + 1))
        self._at = (entries.cells % columns).astype(np.int16)
        self._scale = np.concatenate(
            [
                1.0 / np.maximum(np.linalg.norm(part.astype(np.float32), axis=1), np.float32(1.0))
                for part in np.array_split(self._vectors, 16)
            ]
        ).astype(np.float32)

    def distances(self, vectors: Floats) -> Floats:
        """Rows x columns: 1 - the largest dot product around each cell; `UNKNOWN` where there is none."""
        found = np.full((self._rows, self._columns), UNKNOWN, np.float32)
        for row in range(self._rows):
            for left in range(0, self._columns, _BLOCK):
                right = min(left + _BLOCK, self._columns)
                parts = self._near(row, left, right)
                known = np.concatenate([self._vectors[part] for part in parts]).astype(np.float32)
                if not len(known):
                    continue
                dots = (vectors[row, left:right] @ known.T) * np.concatenate([self._scale[p] for p in parts])
                at = np.concatenate([self._at[part] for part in parts])
                apart = np.abs(at[None] - np.arange(left, right, dtype=np.int16)[:, None])
                dots[apart > 1] = 1.0 - UNKNOWN
                found[row, left:right] = np.clip(1.0 - dots.max(axis=1), 0.0, 2.0)
        return found

    def _near(self, row: int, left: int, right: int) -> list[slice]:
        """The entries of these cells of a row and of all cells around them."""
        parts = []
        for one in range(max(row - 1, 0), min(row + 2, self._rows)):
            first = one * self._columns + max(left - 1, 0)
            last = one * self._columns + min(right + 1, self._columns)
            parts.append(slice(int(self._starts[first]), int(self._starts[last])))
        return parts
