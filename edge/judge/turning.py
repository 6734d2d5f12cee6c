"""A rotation by a vector (axis times angle in radians) as a matrix, without the library that sees."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def matrix_of(vector: Floats) -> Floats:
    """The 3 x 3 rotation matrix of a vector of 3 (Rodrigues' formula)."""
    angle = float(np.linalg.norm(vector))
    across = _cross(vector)
    if angle < 1e-12:
        return np.asarray(np.eye(3) + across, np.float64)
    once, twice = math.sin(angle) / angle, (1.0 - math.cos(angle)) / angle**2
    return np.asarray(np.eye(3) + once * across + twice * (across @ across), np.float64)


def _cross(v: Floats) -> Floats:
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
