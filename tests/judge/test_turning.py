"""Rotations the same as OpenCV's, also for half a turn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge.judge.turning import matrix_of

HALF = np.pi


def vectors() -> list[list[float]]:
    random = np.random.default_rng(4)
    axes = random.normal(size=(30, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    lengths = np.concatenate(
        [random.uniform(0, HALF, 24), [0.0, 1e-13, 1e-7, HALF - 1e-9, HALF - 1e-4, HALF]]
    )
    found: list[list[float]] = (axes * lengths[:, None]).tolist()
    return [*found, [HALF, 0.0, 0.0], [0.0, HALF, 0.0], [0.0, 0.0, HALF]]


@pytest.mark.parametrize("numbers", vectors())
def test_a_rotation_is_that_of_the_library(numbers: list[float]) -> None:
    vector = np.array(numbers)
    assert matrix_of(vector) == pytest.approx(np.asarray(cv2.Rodrigues(vector)[0]), abs=1e-9)
