"""Rotations as matrices and as vectors (axis times angle in radians), without the library that sees.

Rodrigues' formula one way; the other over the unit quaternion (Shepperd, 1978), which also holds for half a
turn: a camera that looks straight down is turned by that.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def matrix_of(vector: Floats) -> Floats:
    """The 3 x 3 rotation matrix of a vector of 3."""
    angle = float(np.linalg.norm(vector))
    across = _cross(vector)
    if angle < 1e-12:
        return np.asarray(np.eye(3) + across, np.float64)
    once, twice = math.sin(angle) / angle, (1.0 - math.cos(angle)) / angle**2
    return np.asarray(np.eye(3) + once * across + twice * (across @ across), np.float64)


def vector_of(matrix: Floats) -> Floats:
    """The vector of 3, no longer than half a turn, of a 3 x 3 rotation matrix."""
    # 4 q q^T, with q = (x, y, z, w): its largest column gives q without dividing by little.
    m = matrix
    squares = np.empty((4, 4))
    squares[:3, :3] = m + m.T + (1.0 - np.trace(m)) * np.eye(3)
    squares[:3, 3] = squares[3, :3] = (m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1])
    squares[3, 3] = 1.0 + np.trace(m)
    quaternion = squares[:, int(np.argmax(np.diag(squares)))]
    quaternion = quaternion / np.linalg.norm(quaternion)
    if quaternion[3] < 0.0:
        quaternion = -quaternion
    length = float(np.linalg.norm(quaternion[:3]))
    if length < 1e-12:
        return np.asarray(2.0 * quaternion[:3], np.float64)
    return np.asarray(quaternion[:3] / length * 2.0 * math.atan2(length, float(quaternion[3])), np.float64)


def _cross(v: Floats) -> Floats:
    return np.array([[0.0, -v[2], v[1]], [v[2], 0.0, -v[0]], [-v[1], v[0], 0.0]])
