"""The embedding's training: pairs say what changed, nothing judged on is learnt from, a whole run."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")

import torch

from edge.vision.scene.patches import COLUMNS, ROWS, Patches
from models.training.front.drawn import drawn_machines
from models.training.front.machine import Fold
from models.training.patches.cases import About
from models.training.patches.changes import CHANGES
from models.training.patches.data import Picture
from models.training.patches.examples import LEARNT, Sources, stored
from models.training.patches.export import Made, export, weights_of
from models.training.patches.lights import LIGHTS, other_light
from models.training.patches.measure import write
from models.training.patches.net import Heads, PatchNet, joined
from models.training.patches.pairs import SIZES_PX, front_pair, pair
from models.training.patches.scores import Scores, area
from models.training.patches.train import Course, HeadLesson, Judge, Seen, learn, loss

Grey = NDArray[np.uint8]


def place(seed: int, height: int = 288, width: int = 384) -> Grey:
    """Surfaces of many kinds."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (9, 12), dtype=np.uint8)
    fine = rng.integers(0, 40, (height // 4, width // 4), dtype=np.uint8)
    blocks = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.add(blocks, cv2.resize(fine, (width, height))), np.uint8)


def sources() -> Sources:
    places = [Picture(place(n, 240, 330), False, f"g{n}", "somewhere", f"{n}.png") for n in range(3)]
    return Sources(places, drawn_machines(Fold.TRAINING, 2))


@pytest.mark.parametrize("family", CHANGES)
def test_a_pair_differs_where_its_cover_says_and_nowhere_else(family: str) -> None:
    made = pair(place(1), place(2), np.random.default_rng(5), 24, family)
    differs = np.abs(made.light.astype(int) - made.change.astype(int)) > 12
    cells = cv2.resize(differs.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    assert made.cover.max() > 0.9
    # A shadow may fall beside it; a few cells away there is none.
    near = cv2.dilate(made.cover, np.ones((7, 7))) > 0
    assert cells[made.cover > 0.9].mean() > 5 * max(float(cells[~near].mean()), 0.01)


@pytest.mark.parametrize("light", LIGHTS)
def test_a_light_is_the_same_for_the_same_seed_and_moves_nothing(light: str) -> None:
    grey = place(3)
    first, again = (other_light(grey, np.random.default_rng(4), light) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == grey.shape
    lit, plain = (_without_light(g).ravel() for g in (first, grey))
    assert np.corrcoef(lit, plain)[0, 1] > 0.75


def _without_light(grey: Grey) -> NDArray[np.float32]:
    levels = grey.astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(levels, (0, 0), by) for by in (1.5, 10.0))
    return np.asarray(fine - coarse, np.float32)


def test_an_example_depends_on_its_number_and_seed_alone() -> None:
    of = sources()
    np.testing.assert_array_equal(of.example(3, 1).change, of.example(3, 1).change)
    assert not np.array_equal(of.example(3, 1).cover, of.example(3, 2).cover)


def test_a_machine_that_is_judged_on_is_never_learnt_from() -> None:
    (judged,) = drawn_machines(Fold.JUDGING, 1)
    with pytest.raises(ValueError, match="judged on"):
        front_pair(judged, np.random.default_rng(0))


def test_some_families_are_kept_from_learning() -> None:
    assert set(LEARNT) < set(CHANGES)
    assert min(SIZES_PX) < 8 < max(SIZES_PX)


def test_untaught_layers_change_nothing() -> None:
    torch.manual_seed(0)
    depths = (torch.randn(1, 24, 4, 6), torch.randn(1, 32, 4, 6), torch.randn(1, 96, 2, 3))
    for given, heard in zip(depths, Heads()(depths), strict=True):
        torch.testing.assert_close(heard, given)
    whole = joined(depths, {"fine": 1.0, "near": 0.5, "wide": 0.0})
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(1, 4, 6))
    assert float(whole[:, 56:].abs().max()) == 0.0


def _seen(far: float, lit: float) -> Seen:
    """One picture of 8 x 8 cells; its change covers one cell and is `far`, light moves every one by `lit`."""

    def turned(cosine: float) -> torch.Tensor:
        vector = torch.zeros(1, 3, 8, 8)
        vector[:, 0], vector[:, 1] = cosine, (1 - cosine**2) ** 0.5
        return vector

    before, light, change = turned(1.0), turned(1 - lit), turned(1 - lit)
    change[:, :, 1, 1] = turned(1 - far)[:, :, 1, 1]
    cover = torch.zeros(1, 8, 8)
    cover[:, 1, 1] = 1.0
    return Seen(before, light, change, before, cover, torch.zeros(1, 8, 8))


def test_the_loss_is_less_where_changes_are_far_and_light_is_near() -> None:
    judge = Judge()
    costs = [
        float(loss(_seen(far, lit), judge, 1.0).total.detach()) for far, lit in ((0.9, 0.01), (0.3, 0.3))
    ]
    assert costs[0] < 0.5 * costs[1]
    # A screen shows what it likes, which is no change.
    screen = _seen(0.9, 0.9)
    unknown = torch.zeros(1, 8, 8)
    unknown[:, 4:] = 1.0
    hidden = Seen(screen.before, screen.light, screen.change, screen.taught, screen.cover, unknown)
    assert loss(hidden, judge, 1.0).cells == pytest.approx(loss(screen, judge, 1.0).cells)
    screen.light[:, :, 4:] = -screen.before[:, :, 4:]
    assert loss(hidden, judge, 1.0).cells < 0.9 * loss(screen, judge, 1.0).cells


def test_an_area_counts_pairs_in_order() -> None:
    true, false = np.array([3.0, 2.0, 2.0], np.float32), np.array([1.0, 2.0], np.float32)
    assert area(true, false) == pytest.approx(5.0 / 6.0)
    assert area(false, true) == pytest.approx(1.0 / 6.0)


def test_an_interval_is_drawn_over_shoots() -> None:
    rng = np.random.default_rng(0)
    abouts = [About(2.0, "k", "l", f"s{n % 3}") for n in range(60)]
    low = rng.normal(0, 1, 60).astype(np.float32)
    good, bad = Scores(low + 2, low, abouts), Scores(low + 0.1, low, abouts)
    assert good.auroc().startswith(f"{area(low + 2, low):.3f} (")
    assert good.better_than(bad).startswith("+0.")
    assert Scores(low[:3], low[:3], abouts[:3]).auroc() == "-"


def test_a_card_without_marks_is_refused(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("# x\n")
    with pytest.raises(ValueError, match="no marks"):
        write(card, ["| a |"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_trunk_becomes_a_checked_file_and_its_layers_learn_from_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model, of = PatchNet().eval(), sources()
    tuned, again = PatchNet(heads=True), PatchNet(heads=True)
    assert tuned.heads is not None
    assert again.heads is not None
    weights = weights_of(model, of.places)
    files = export(Made(model, weights, "t"), of.places, tmp_path, tmp_path)
    vectors = Patches(tmp_path).embed(place(1)).vectors
    assert files.int8.stat().st_size > 500_000
    assert vectors.shape == (ROWS, COLUMNS, 152)
    kept = stored(of, tmp_path, 3, 1, tmp_path / "examples.npz")
    before = tuned.heads.each[0].weight.detach().clone()
    lesson = HeadLesson(tuned.heads, kept, weights, 2)
    first = loss(lesson.seen(0), Judge(), 0.5)
    learn(tuned, list(tuned.heads.parameters()), lesson.seen, Course("heads", 3, 1e-3, 0.5), tmp_path)
    assert not torch.equal(before, tuned.heads.each[0].weight)
    assert np.isfinite(float(first.total.detach()))
    learn(again, list(again.heads.parameters()), lesson.seen, Course("heads", 3, 1e-3, 0.5), tmp_path)
    torch.testing.assert_close(again.heads.each[0].weight, tuned.heads.each[0].weight)
