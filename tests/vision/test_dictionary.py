"""The core-set: whatever was added lies within reach of what is kept, however small it must stay."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.vision.scene.dictionary import (
    RADIUS,
    UNKNOWN,
    Dictionary,
    Search,
    as_steps,
    as_units,
    joined,
)

Floats = NDArray[np.float32]
ROWS, COLUMNS, CHANNELS = 3, 4, 12
NONE = np.zeros((ROWS, COLUMNS), np.bool_)
QUANTISED = 0.02
"""What 8-bit steps may move a vector by, as a chord."""


def looks(seed: int, count: int, spread: float) -> Floats:
    random = np.random.default_rng(seed)
    base = random.normal(size=(1, ROWS, COLUMNS, CHANNELS))
    found = base + spread * random.normal(size=(count, ROWS, COLUMNS, CHANNELS))
    units: Floats = (found / np.linalg.norm(found, axis=3, keepdims=True)).astype(np.float32)
    return units


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 999),
    count=st.integers(1, 60),
    spread=st.floats(0.0, 2.0),
    most=st.integers(ROWS * COLUMNS, 90),
)
def test_every_patch_is_within_reach_of_its_own_cell_and_the_bound_holds(
    seed: int, count: int, spread: float, most: int
) -> None:
    seen = looks(seed, count, spread)
    dictionary = Dictionary(ROWS, COLUMNS, most)
    for look in seen:
        dictionary.add(look, NONE)
        assert len(dictionary) <= most
    entries = dictionary.entries()
    assert len(entries.vectors) == len(dictionary)
    kept = as_units(entries.vectors)
    for cell in range(ROWS * COLUMNS):
        own = kept[entries.cells == cell]
        row, column = divmod(cell, COLUMNS)
        chords = np.linalg.norm(seen[:, row, column, None] - own[None], axis=2).min(axis=1)
        assert chords.max() <= entries.reach[cell] + QUANTISED


def test_what_was_seen_is_near_and_anything_else_is_as_far_as_it_is() -> None:
    seen = looks(1, 20, 0.1)
    dictionary = Dictionary(ROWS, COLUMNS, 200)
    for look in seen:
        dictionary.add(look, NONE)
    search = Search(dictionary.entries(), ROWS, COLUMNS)
    assert search.distances(seen[3]).max() < 0.04
    other = looks(2, 1, 0.1)[0]
    entries = dictionary.entries()
    kept, cells = as_units(entries.vectors), entries.cells.astype(int)
    for row in range(ROWS):
        for column in range(COLUMNS):
            near = (abs(cells // COLUMNS - row) <= 1) & (abs(cells % COLUMNS - column) <= 1)
            wanted = 1.0 - float((kept[near] @ other[row, column]).max())
            assert search.distances(other)[row, column] == pytest.approx(wanted, abs=1e-4)


def test_a_place_that_was_never_free_is_unknown_and_one_beside_it_helps() -> None:
    left_out = np.ones((ROWS, COLUMNS), np.bool_)
    left_out[0, 0] = False
    dictionary = Dictionary(ROWS, COLUMNS, 50)
    assert dictionary.add(looks(1, 1, 0.0)[0], left_out) == 1
    found = Search(dictionary.entries(), ROWS, COLUMNS).distances(looks(1, 1, 0.0)[0])
    assert found[0, 0] < 0.01
    assert found[1, 1] < UNKNOWN
    assert found[2, 3] == UNKNOWN


def test_two_halves_joined_know_what_each_knew() -> None:
    halves = [Dictionary(ROWS, COLUMNS, 200) for _ in range(2)]
    seen = [looks(1, 8, 0.3), looks(2, 8, 0.3)]
    for half, part in zip(halves, seen, strict=True):
        for look in part:
            half.add(look, NONE)
    both = Search(joined(halves[0].entries(), halves[1].entries()), ROWS, COLUMNS)
    for part in seen:
        assert max(both.distances(look).max() for look in part) < RADIUS**2 / 2 + 0.01


def test_eight_bits_lose_a_thousandth() -> None:
    vectors = looks(5, 50, 3.0)
    dots = (as_units(as_steps(vectors)) * vectors).sum(axis=3)
    assert float(1.0 - dots.min()) < 1e-3


def test_too_small_a_dictionary_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot stand for"):
        Dictionary(ROWS, COLUMNS, ROWS * COLUMNS - 1)
