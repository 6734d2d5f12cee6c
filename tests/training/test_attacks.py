"""Attacks: what they do to a picture is seeded and bounded, and the float twins are the shipped networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.vision.network import load
from models.training.attacks.counts import Count, Counts, table
from models.training.attacks.spoil import PATTERNS, SPOILS, on_mask, pattern, spoiled

MODELS = Path(__file__).parents[2] / "models"
Grey = NDArray[np.uint8]


def picture(seed: int = 0, shape: tuple[int, int] = (96, 128)) -> Grey:
    """Soft shapes, dark at one side."""
    import cv2

    small = np.random.default_rng(seed).uniform(30, 220, (6, 8)).astype(np.float32)
    wide = cv2.resize(small, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(wide * np.linspace(0.5, 1.0, shape[1]), 0, 255), np.uint8)


@pytest.mark.parametrize("kind", list(SPOILS))
def test_spoiling_is_seeded_grows_with_its_strength_and_leaves_the_source_alone(kind: str) -> None:
    grey = picture()
    kept = grey.copy()
    mild, strong = (
        spoiled(kind, s, grey, 5) for s in (SPOILS[kind].strengths[0], SPOILS[kind].strengths[-1])
    )
    assert (grey == kept).all()
    assert (mild == spoiled(kind, SPOILS[kind].strengths[0], grey, 5)).all()
    assert mild.shape == grey.shape
    assert mild.dtype == np.uint8
    changes = [float(np.abs(one.astype(np.int16) - grey).mean()) for one in (mild, strong)]
    assert 0.0 < changes[0] < changes[1]


def test_each_kind_does_what_it_says() -> None:
    grey = picture()
    noisy = spoiled("noise", 8.0, np.full((200, 200), 128, np.uint8), 1)
    assert float(noisy.std()) == pytest.approx(8.0, rel=0.05)
    assert spoiled("dark", 0.25, grey, 1).mean() == pytest.approx(0.25 * grey.mean(), rel=0.05)
    turned = np.unpackbits(spoiled("bits", 0.02, grey, 1) ^ grey)
    assert turned.mean() == pytest.approx(0.02, rel=0.15)
    card = spoiled("hidden", 0.2, grey, 1) != grey
    assert card.mean() == pytest.approx(0.2, abs=0.03)
    assert spoiled("glare", 1.0, grey, 1).max() == 255
    hazy = spoiled("fog", 0.75, grey, 1)
    assert float(hazy.std()) < 0.6 * float(grey.std())
    turned_picture = spoiled("rotated", 20.0, grey, 1)
    assert np.abs(turned_picture[46:50, 62:66].astype(int) - grey[46:50, 62:66]).mean() < 12


@pytest.mark.parametrize("name", PATTERNS)
def test_a_print_lies_on_the_mask_alone_and_takes_its_shade(name: str) -> None:
    grey = picture()
    outline = np.array([[40, 40], [90, 40], [80, 80], [50, 80]], np.float32)
    printed = pattern(name, (40, 50), np.random.default_rng(2), picture(9, (30, 34)))
    laid = on_mask(grey, outline, printed)
    changed = laid != grey
    assert changed[45:75, 55:75].mean() > 0.8
    changed[36:84, 36:94] = False
    assert not changed.any()
    half = on_mask((grey // 2).astype(np.uint8), outline, printed)
    assert half[45:75, 55:75].mean() < 1.1 * laid[45:75, 55:75].mean()


def test_a_row_is_counted_once_and_printed_with_its_interval(tmp_path: Path) -> None:
    counts = Counts(tmp_path / "one.json")
    counts.add("clean", lambda: {"found": Count(9, 10)})
    again = Counts(tmp_path / "one.json")
    again.add("clean", lambda: pytest.fail("counted already"))
    assert table(again.rows, ("found", "left"), ("clean", "not there")).splitlines() == [
        "| | found | left |",
        "|---|---|---|",
        "| clean | 0.90 (0.60 to 0.98) of 10 |  |",
    ]


# --- with gradients ----------------------------------------------------------------------------------


def check_cut() -> Grey:
    import cv2

    return np.asarray(cv2.resize(picture(4), (64, 64), interpolation=cv2.INTER_AREA), np.uint8)


def test_no_pixel_moves_farther_than_the_radius_and_the_objective_grows() -> None:
    torch = pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")
    from models.training.attacks.gradient import fgsm, pgd

    weight = torch.linspace(-1.0, 1.0, 64).view(1, 1, 1, 64)

    def objective(pictures: object) -> object:
        return (pictures * weight).sum((1, 2, 3))  # type: ignore[operator]

    greys = np.stack([check_cut(), check_cut()[::-1].copy()])
    before = (greys.astype(np.float32) * np.linspace(-1.0, 1.0, 64)).sum()
    for radius in (1, 4):
        for moved in (fgsm(objective, greys, radius), pgd(objective, greys, radius, 3)):
            assert np.abs(moved.astype(int) - greys).max() <= radius
            assert (moved.astype(np.float32) * np.linspace(-1.0, 1.0, 64)).sum() > before
        assert (pgd(objective, greys, radius, 3) == pgd(objective, greys, radius, 3)).all()


def test_a_print_stays_in_its_box_and_is_learnt_towards_the_objective() -> None:
    pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")
    from models.training.attacks.gradient import Printing, learnt_print, with_print

    greys = np.stack([check_cut()] * 6)
    boxes = np.tile(np.array([10.0, 20.0, 16.0, 12.0], np.float32), (6, 1))

    def bright(pictures: object) -> object:
        return pictures.mean((1, 2, 3))  # type: ignore[attr-defined]

    laid = learnt_print(bright, greys, boxes, Printing((12, 16), 30, 3), 1)
    assert laid.min() > 200
    assert laid.max() <= 240
    seen = with_print(greys, laid, boxes, 2)
    changed = (seen != greys).any(0)
    assert changed[22:30, 13:23].all()
    changed[17:36, 7:30] = False
    assert not changed.any()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["face_check", "face_find", "scene", "patches"])
def test_the_float_twin_says_what_the_int8_file_says(name: str) -> None:
    torch = pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")
    from models.training.attacks import twins
    from models.training.common import to_input

    network = load(MODELS / f"{name}.tflite")
    _, height, width, _ = network.contract.input.shape
    twin = {
        "face_check": twins.check_twin,
        "face_find": twins.find_twin,
        "scene": twins.scene_twin,
        "patches": twins.patch_twin,
    }[name](MODELS)
    greys = [picture(seed, (height, width)) for seed in range(8 if height * width < 10_000 else 1)]
    said = [network.run_real((g.astype(np.int16) - 128).astype(np.int8)[None, :, :, None]) for g in greys]
    real = [twin(torch.from_numpy(to_input(g))[None, None]) for g in greys]
    for ones, others in zip(zip(*said, strict=True), zip(*real, strict=True), strict=True):
        found = np.stack([o.numpy().transpose(0, 2, 3, 1) if o.ndim == 4 else o.numpy() for o in others])
        told = np.stack(ones)
        assert found.shape == told.shape
        # An output of one number is judged over several pictures.
        assert np.abs(found - told).mean() < 0.25 * max(float(np.abs(told).mean()), 0.5)
