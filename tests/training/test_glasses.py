"""Composed glasses: the label says whether the eyes are seen, and nothing else may tell it."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.training.check.canvas import geometry
from models.training.check.glasses import hard_shadow, street_glasses

MARKS = np.array([[64, 66], [96, 66], [80, 84], [68, 102], [92, 102]], np.float32)
BOX = np.array([48, 38, 64, 84], np.float32)
SCENES = np.random.default_rng(0).integers(0, 256, (3, 96, 96), np.uint8)


def face(eyes: bool) -> NDArray[np.uint8]:
    """A flat face, with or without dark eyes."""
    cut = np.full((160, 160, 3), 150, np.uint8)
    for x, y in MARKS[:2].astype(int) if eyes else ():
        cv2.circle(cut, (int(x), int(y)), 4, (20, 20, 20), -1)
    return cut


def left_of_the_eyes(seed: int, hide: bool) -> float:
    """What of the difference between a face with eyes and one without is left under the glasses."""
    pair = [face(True), face(False)]
    before = np.abs(pair[0].astype(float) - pair[1]).sum()
    for cut in pair:
        street_glasses(cut, geometry(MARKS, BOX), np.random.default_rng(seed), hide, SCENES)
    return float(np.abs(pair[0].astype(float) - pair[1]).sum() / before)


@pytest.mark.slow
def test_hiding_lenses_hide_the_eyes() -> None:
    assert max(left_of_the_eyes(seed, hide=True) for seed in range(80)) < 0.55


@pytest.mark.slow
def test_clear_ones_and_those_in_the_hair_do_not() -> None:
    assert np.median([left_of_the_eyes(seed, hide=False) for seed in range(80)]) > 0.75


@pytest.mark.slow
@pytest.mark.parametrize("nose", [50.0, 110.0])
def test_a_turned_face_and_one_at_the_edge_can_wear_them(nose: float) -> None:
    marks = MARKS.copy()
    marks[2, 0] = nose
    for offset in (0.0, -70.0, 70.0):
        cut = face(True)
        g = geometry(marks + np.float32(offset), BOX + np.array([offset, offset, 0, 0], np.float32))
        for seed in range(12):
            before = cut.copy()
            street_glasses(cut, g, np.random.default_rng(seed), seed % 2 == 0, SCENES[:0])
            assert offset or (cut != before).any()


def test_a_shadow_darkens_and_covers_nothing() -> None:
    for seed in range(20):
        cut = face(True)
        hard_shadow(cut, geometry(MARKS, BOX), np.random.default_rng(seed))
        assert (cut <= face(True)).all()
        assert cut[66, 64].mean() < cut[66, 70].mean() + 25
