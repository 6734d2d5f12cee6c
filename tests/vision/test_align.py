"""Laying a picture over an earlier one: within the limits to less than a pixel, beyond them not at all."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.vision.scene.align import SHIFT_MAX, TURN_MAX_DEG, ZOOM_MAX, Aligner, Matrix
from hw.camera.port import GreyPicture
from tests.worlds.drawn_front import HEIGHT, WIDTH, lit, machine, skimmed

BASE = lit(machine(), 1.0, 1)
ALIGNER = Aligner(BASE)
MIDDLE = ((WIDTH - 1) / 2.0, (HEIGHT - 1) / 2.0)
CORNERS = np.array([(0, 0, 1), (WIDTH, 0, 1), (0, HEIGHT, 1), (WIDTH, HEIGHT, 1)], float)


def view(dx: float, dy: float, turn_deg: float, zoom: float) -> Matrix:
    matrix = np.asarray(cv2.getRotationMatrix2D(MIDDLE, turn_deg, zoom), dtype=np.float64)
    matrix[:, 2] += (dx, dy)
    return matrix


def seen(matrix: Matrix, picture: GreyPicture) -> GreyPicture:
    moved = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8)


FAR = 0.65 * SHIFT_MAX * WIDTH


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    dx=st.floats(-FAR, FAR),
    dy=st.floats(-FAR, FAR),
    turn_deg=st.floats(-0.9 * TURN_MAX_DEG, 0.9 * TURN_MAX_DEG),
    zoom=st.floats(1.0 - 0.9 * ZOOM_MAX, 1.0 + 0.9 * ZOOM_MAX),
    level=st.floats(0.4, 1.2),
    strip_px=st.floats(-100.0, 300.0),
)
def test_a_knock_is_undone_to_less_than_a_pixel_in_any_light(
    dx: float, dy: float, turn_deg: float, zoom: float, level: float, strip_px: float
) -> None:
    """Also with something on the machine that was not there."""
    matrix = view(dx, dy, turn_deg, zoom)
    present = seen(matrix, lit(skimmed(machine()), level, 7, strip_px))
    found = Aligner(BASE).align(present)
    assert found is not None
    off = np.linalg.norm(CORNERS @ (found.matrix - matrix).T, axis=1)
    assert off.max() < 1.0


@pytest.mark.parametrize(
    ("matrix", "why"),
    [
        (view(1.1 * SHIFT_MAX * WIDTH, 0.0, 0.0, 1.0), "moved"),
        (view(0.0, 0.0, 1.5 * TURN_MAX_DEG, 1.0), "turned"),
        (view(0.0, 0.0, 0.0, 1.0 + 1.5 * ZOOM_MAX), "larger"),
        (view(0.0, 0.0, 0.0, 1.0 - 1.5 * ZOOM_MAX), "smaller"),
    ],
)
def test_more_than_a_knock_is_refused_by_name(matrix: Matrix, why: str) -> None:
    aligner = Aligner(BASE)
    assert aligner.align(seen(matrix, BASE)) is None
    assert why in aligner.why or "too little of it is found" in aligner.why
    assert aligner.align(BASE) is not None, "and the next picture is judged by itself"
    assert aligner.why == ""


def test_another_view_is_refused() -> None:
    mirrored = np.ascontiguousarray(BASE[:, ::-1])
    noise = np.random.default_rng(1).integers(0, 255, BASE.shape, dtype=np.uint8)
    grey = np.full(BASE.shape, 120, np.uint8)
    for other in (mirrored, noise, grey):
        assert ALIGNER.align(other) is None
        assert ALIGNER.why


def test_a_wall_without_corners_holds_nothing() -> None:
    plain = Aligner(np.full((120, 160), 90, np.uint8))
    assert plain.align(np.full((120, 160), 90, np.uint8)) is None
    assert "corners" in plain.why
