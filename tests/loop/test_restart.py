"""A power cut before and after every transaction of a lock: nothing accepted is lost, no code opens twice."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from edge.bench.leaving import scratch
from tests.worlds.kiosk_lives import Lives

VISITS = {"never-shown": 2, "three-wrong": 3}
PIECES = 4
"""Tests to a visit and side, so that they share the processors."""


def _live(wrong: int, cut_at: int, *, before: bool) -> Lives:
    with scratch("test") as folder:
        lives = Lives(Path(folder), wrong, cut_at, before=before)
        try:
            lives.run()
        except AssertionError as error:
            side = "before" if before else "after"
            raise AssertionError(f"cut {side} transaction {cut_at}: {error}\n{lives.tail()}") from error
        return lives


@functools.cache
def _whole(wrong: int) -> Lives:
    """The visit without a cut."""
    lives = _live(wrong, 0, before=False)
    assert lives.opened, lives.tail()
    return lives


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("piece", range(PIECES))
@pytest.mark.parametrize(
    ("visit", "before"),
    [
        ("never-shown", True),
        ("never-shown", False),
        ("three-wrong", False),
        pytest.param("three-wrong", True, marks=pytest.mark.full),
    ],
)
def test_power_cut_at_every_transaction(visit: str, before: bool, piece: int, full: bool) -> None:
    wrong = VISITS[visit]
    whole = _whole(wrong)
    first = 1
    if visit == "three-wrong" and not full:  # up to its third wrong code it is the other visit again
        first = whole.typed_after[2]
        other = _whole(VISITS["never-shown"])
        assert whole.accepted[: first - 1] == other.accepted[: first - 1]
    for cut_at in range(first + piece, whole.commits + 1, PIECES):
        lives = _live(wrong, cut_at, before=before)
        assert lives.cut_s is not None
