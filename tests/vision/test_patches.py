"""The embedding of patches: sizes, lengths, places, and one network for both sides of a comparison."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.vision.network import ModelFault
from edge.vision.scene.patches import COLUMNS, ROWS, Embedding, Patches, joined, prepared

Grey = NDArray[np.uint8]


@pytest.fixture(scope="module")
def patches(repo: Path) -> Patches:
    return Patches(repo / "models")


def scene(height: int = 300, width: int = 400, seed: int = 4) -> Grey:
    """Surfaces of many kinds."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(30, 226, (9, 12), dtype=np.uint8)
    fine = rng.integers(0, 40, (height // 4, width // 4), dtype=np.uint8)
    size = (width, height)
    blocks = cv2.resize(coarse, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.add(blocks, cv2.resize(fine, size, interpolation=cv2.INTER_LINEAR)), np.uint8)


def distances(one: Embedding, other: Embedding) -> NDArray[np.float32]:
    """Rows x columns."""
    return np.asarray(1.0 - (one.vectors * other.vectors).sum(2), np.float32)


@settings(max_examples=12)
@given(st.integers(1, 700), st.integers(1, 700))
def test_a_picture_of_any_size_gives_vectors_of_unit_length(repo: Path, height: int, width: int) -> None:
    grey = np.random.default_rng(height).integers(0, 256, (height, width), dtype=np.uint8)
    seen = Patches(repo / "models").embed(grey)
    assert seen.vectors.shape[:2] == (ROWS, COLUMNS)
    np.testing.assert_allclose(np.linalg.norm(seen.vectors, axis=2), 1.0, atol=1e-5)
    assert seen.size == (width, height)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_picture_of_one_pixel_or_one_grey_has_vectors_too(patches: Patches, level: int) -> None:
    one = patches.embed(np.full((1, 1), level, np.uint8)).vectors
    many = patches.embed(np.full((90, 160), level, np.uint8)).vectors
    assert np.isfinite(one).all()
    np.testing.assert_array_equal(one, many)


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (5,), (5, 5, 3)])
def test_what_is_no_grey_picture_is_refused(patches: Patches, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="two sides"):
        patches.embed(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(("height", "width"), [(192, 256), (300, 400), (97, 401), (3, 5)])
def test_the_cells_cover_the_picture_side_by_side(patches: Patches, height: int, width: int) -> None:
    seen = patches.embed(np.zeros((height, width), np.uint8))
    assert seen.box_of(0, 0)[:2] == (0.0, 0.0)
    left, top, w, h = seen.box_of(ROWS - 1, COLUMNS - 1)
    assert left + w == pytest.approx(width)
    assert top + h == pytest.approx(height)
    for row, column in ((3, 7), (ROWS - 2, 0)):
        x, y, w, h = seen.box_of(row, column)
        assert seen.box_of(row, column + 1)[0] == pytest.approx(x + w)
        assert seen.box_of(row + 1, column)[1] == pytest.approx(y + h)


def test_a_change_is_far_where_it_is_and_near_elsewhere(patches: Patches) -> None:
    before = scene()
    changed = before.copy()
    changed[120:170, 200:260] = 255 - changed[120:170, 200:260]
    far = distances(patches.embed(before), patches.embed(changed))
    row, column = np.unravel_index(int(far.argmax()), far.shape)
    x, y, w, h = patches.embed(before).box_of(int(row), int(column))
    assert 200 - w <= x <= 260
    assert 120 - h <= y <= 170
    assert far.max() > 5 * np.median(far)


def test_the_same_picture_is_no_distance_away_whichever_eye_sees_it(repo: Path, patches: Patches) -> None:
    first, again = patches.embed(scene()), Patches(repo / "models").embed(scene())
    assert np.abs(distances(first, again)).max() < 1e-6
    other = patches.embed(scene(seed=9))
    np.testing.assert_allclose(distances(first, other), distances(other, first), atol=1e-6)
    assert np.median(distances(first, other)) > 0.1


def test_an_eighth_of_the_light_is_a_smaller_step_than_another_surface(patches: Patches) -> None:
    full, other = patches.embed(scene()), patches.embed(scene(seed=9))
    dark = patches.embed(np.rint(scene() / 8.0).astype(np.uint8))
    assert np.median(distances(full, dark)) < 0.25 * np.median(distances(full, other))


def test_only_a_dark_picture_is_lifted() -> None:
    bright = scene(192, 256)
    assert prepared(bright) is bright or (prepared(bright) == bright).all()
    assert prepared(np.asarray(bright // 8, np.uint8)).max() > 150


def test_an_output_counts_as_its_weight_says() -> None:
    fine, near = np.full((2, 2, 3), 2.0, np.float32), np.full((2, 2, 3), 5.0, np.float32)
    wide = np.ones((1, 1, 4), np.float32)
    assert joined([fine, near, wide], (1.0, 0.0, 0.0))[..., 3:].max() == 0.0
    both = joined([fine, near, wide], (0.5, 0.2, 0.0))
    np.testing.assert_allclose(both[..., :3], both[..., 3:6])
    assert joined([fine * 0, near * 0, wide * 0], (1.0, 1.0, 1.0)).max() == 0.0


# --- the file ------------------------------------------------------------------------------------------


def changed_file(repo: Path, folder: Path, **fields: object) -> Path:
    """A models' folder whose contract has other fields."""
    shutil.copy(repo / "models" / "patches.tflite", folder / "patches.tflite")
    contract = json.loads((repo / "models" / "patches.json").read_text())
    (folder / "patches.json").write_text(json.dumps({**contract, **fields}))
    return folder


@pytest.mark.parametrize("points", [{}, {"fine_weight": 1.0, "near_weight": -0.1, "wide_weight": 1.0}])
def test_a_contract_without_weights_is_refused(repo: Path, tmp_path: Path, points: dict[str, float]) -> None:
    with pytest.raises(ModelFault, match="no operating point"):
        Patches(changed_file(repo, tmp_path, operating_points=points))


def test_a_damaged_file_falls_back_to_the_one_before(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "previous").mkdir()
    changed_file(repo, tmp_path / "previous")
    changed_file(repo, tmp_path, sha256="0" * 64)
    patches = Patches(tmp_path)
    assert [fault.code for fault in patches.refused] == ["model_damaged"]
    assert patches.embed(scene()).vectors.shape[:2] == (ROWS, COLUMNS)


def test_without_a_file_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFault) as fault:
        Patches(tmp_path)
    assert fault.value.code == "model_missing"
