"""The training behind the chain of filters: every arm has the same chances, figures are as defined."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")

from edge.terms.chain import ChainSettings
from edge.vision.chain import stages_of
from edge.vision.chain_net import ChainNet as Shown
from edge.vision.chain_net import softmax
from edge.vision.face.align import SIZE_PX, align, frame_of
from models.training import __main__ as training
from models.training.chain import data, export, train
from models.training.chain import eval as report
from models.training.chain.data import CUT_PX, FOLDS, Cuts
from models.training.chain.samples import ARMS, CONDITIONS, asked, drawn, weights_of, with_noise

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
NEEDS_DATA = pytest.mark.skipif(not (DATA / "faces").is_dir(), reason="no data folder")
BOX = (40.0, 30.0, 60.0, 70.0)


def _picture(seed: int = 0) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16)).astype(np.uint8)
    return np.kron(coarse, np.ones((12, 12), np.uint8)).astype(np.uint8)


def test_what_is_learnt_is_what_the_kiosk_cuts() -> None:
    grey = _picture()
    ours = data.seen(data.cut_of(grey, BOX, None), (0.0, 0.0), 1.0, 0.0).astype(int)
    kiosk = align(grey, frame_of(BOX, None)).astype(int)
    # Cut twice, so a pixel at a hard edge may differ; a cut of another place or size differs everywhere.
    assert np.abs(ours - kiosk).mean() < 4.0
    moved = data.seen(data.cut_of(grey, BOX, None), (6.0, 0.0), 1.0, 0.0).astype(int)
    assert np.abs(moved - kiosk).mean() > 8.0


def test_the_arm_named_chain_is_the_chain_that_is_shown() -> None:
    grey = _picture(1)[:SIZE_PX, :SIZE_PX]
    assert np.array_equal(ARMS["chain"](grey), stages_of(grey, ChainSettings()).sharpened)
    assert all(arm(grey).shape == grey.shape and arm(grey).dtype == np.uint8 for arm in ARMS.values())


def test_noise_and_light_are_what_their_names_say() -> None:
    grey = np.full((400, 400), 120, np.uint8)
    rng = np.random.default_rng(0)
    assert with_noise(grey, 1.0, 20.0, rng).std() == pytest.approx(20.0, rel=0.02)
    dim = with_noise(grey, 1 / 8, 0.0, rng)
    assert dim.mean() == pytest.approx(15.0, abs=0.1)
    assert dim.std() == pytest.approx(np.sqrt(1.5**2 + 0.25**2 * 15 + 1 / 12), rel=0.05)
    cut = np.full((CUT_PX, CUT_PX), 120, np.uint8)
    both = asked(cut, "light 1/8 and sigma 10", "x")
    assert both.mean() == pytest.approx(15.0, abs=1.0)
    assert both.std() > 6.0
    for condition in CONDITIONS:
        assert np.array_equal(asked(cut, condition, "x"), asked(cut, condition, "x"))
    assert not np.array_equal(asked(cut, "sigma 5", "x"), asked(cut, "sigma 5", "y"))


def test_clean_pictures_stay_clean_and_weathered_ones_do_not() -> None:
    """An even cut stays even unless noise was added."""
    cut = np.full((CUT_PX, CUT_PX), 120, np.uint8)
    rng = np.random.default_rng(0)
    assert all(drawn(cut, rng, weathered=False).std() == 0 for _ in range(30))
    assert 20 < sum(drawn(cut, rng, weathered=True).std() > 0 for _ in range(100)) < 60


def _cuts(faces: int = 120) -> Cuts:
    rng = np.random.default_rng(0)
    covered = np.arange(faces) % 3 == 0
    makers = [name for fold in FOLDS for name in fold] + ["elsewhere"]
    grey = rng.integers(60, 160, (faces, CUT_PX, CUT_PX)).astype(np.uint8)
    grey[covered, 60:] //= 4  # what is covered is dark below: learnt in a few steps
    return Cuts(
        grey=grey,
        covered=covered,
        kind=np.where(covered, "mask", "bare"),
        maker=np.array([makers[i % len(makers)] for i in range(faces)]),
        group=np.array([f"g{i // 2}" for i in range(faces)]),
        path=np.array([f"{i}.jpg" for i in range(faces)]),
    )


def test_covered_and_bare_are_drawn_alike() -> None:
    cuts = _cuts()
    weight = weights_of(cuts, np.arange(len(cuts.path)))
    assert weight[cuts.covered].sum() == pytest.approx(0.5)


def test_every_arm_begins_alike_and_sees_the_same() -> None:
    cuts = _cuts()
    chosen = np.flatnonzero(~np.isin(cuts.maker, FOLDS[0]))
    together = train.learnt(cuts, chosen, ["plain", "median"], True, 128, 5)
    alone = train.learnt(cuts, chosen, ["median"], True, 128, 5)
    for name, value in together["median"].state_dict().items():
        assert np.array_equal(value.numpy(), alone["median"].state_dict()[name].numpy()), name


def test_area_and_balance_count_as_their_definitions_say() -> None:
    rng = np.random.default_rng(1)
    chance = np.round(rng.random((2, 60)), 1).astype(np.float32)  # many ties
    covered = rng.random(60) < 0.4
    weight = rng.integers(0, 4, 60).astype(np.float64)
    drawn_again = np.repeat(np.arange(60), weight.astype(int))
    areas = []
    for one in chance:
        bare = one[drawn_again][~covered[drawn_again]][None]
        hidden = one[drawn_again][covered[drawn_again]][:, None]
        areas.append(((hidden > bare) + 0.5 * (hidden == bare)).mean())
    assert report.area(chance, covered, weight) == pytest.approx(np.mean(areas))
    right = ((chance > 0.5) == covered)[:, drawn_again]
    wanted = np.mean([right[:, covered[drawn_again]].mean(), right[:, ~covered[drawn_again]].mean()])
    assert report.balanced(chance, covered, weight) == pytest.approx(wanted)


def test_softmax() -> None:
    found = softmax(np.array([1000.0, 1000.0 + np.log(3.0)], np.float32))
    assert found == pytest.approx([0.25, 0.75], abs=1e-3)


def test_the_plan_has_a_run_for_every_fold(tmp_path: Path) -> None:
    assert len(FOLDS) == training.CHAIN_FOLDS
    plan = training.Plan(tmp_path, tmp_path, tmp_path, "1.0.0", only=("chain",))
    names = [step.name for step in plan.steps()]
    assert names[0] == "chain-data"
    assert names[-3:] == ["chain", "chain-export", "chain-report"]
    assert "chain-folds-clean" in names


@NEEDS_DATA
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_a_trial_from_pictures_to_a_model_that_the_kiosk_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("litert_torch", reason="the export needs litert-torch")
    programs = {"chain.data": data, "chain.train": train, "chain.export": export, "chain.eval": report}
    plan = training.Plan(DATA, tmp_path / "work", tmp_path, "1.0.0", trial=True, only=("chain",))
    for step in plan.steps():
        monkeypatch.setattr(sys, "argv", [step.name, *step.arguments])
        programs[step.module].main()
    printed = capsys.readouterr().out
    assert "| clean |" in printed
    assert "chain - plain" in printed
    assert (tmp_path / "chain_curves.png").stat().st_size > 10_000
    assert 0.0 <= Shown(tmp_path).covered(_picture(), BOX) <= 1.0
