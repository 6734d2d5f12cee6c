"""The fight network's training: folds that part no scene, windows as the kiosk cuts them, honest figures."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch", reason="training needs PyTorch, which the kiosk does not have")

from edge.vision.network import Network
from edge.vision.scene.fight import HEIGHT_PX, WIDTH_PX, FightEye
from models.training import __main__ as training
from models.training.fight.data import FOLDS, Clip, folds_of
from models.training.fight.figures import Said, auc, auc_interval, left_out, logistic, moved_in, wilson
from models.training.fight.windows import drawn, windows


def _frames(seed: int = 0, count: int = 21, moves: bool = True) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(60, 180, (12, 16)).astype(np.uint8)
    room = np.kron(coarse, np.ones((20, 20), np.uint8)).astype(np.uint8)
    frames = np.stack([room] * count)
    if moves:
        for n in range(count):
            frames[n, 80:170, 60 + 5 * n : 90 + 5 * n] = 235
    return frames


def _clip(number: int, group: str, fight: bool, frames: NDArray[np.uint8] | None = None) -> Clip:
    label = "fight" if fight else "no_fight"
    return Clip(
        f"{number}.mp4",
        "fight",
        label,
        group,
        "seymanurakti/x",
        "",
        _frames(number, 5) if frames is None else frames,
    )


def test_folds_part_no_scene_and_are_about_equal() -> None:
    rng = np.random.default_rng(1)
    clips = [_clip(n, f"scene {int(rng.integers(0, 40))}", n % 2 == 0) for n in range(200)]
    fold = folds_of(clips)
    assert set(fold) == {c.group for c in clips}
    assert fold == folds_of(clips)
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for clip in clips:
        counts[fold[clip.group]][int(bool(clip.fight))] += 1
    assert sorted(counts) == list(range(FOLDS))
    assert all(12 <= number <= 28 for pair in counts.values() for number in pair)


def test_the_kiosk_cuts_what_training_cuts(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = _frames()
    seen: list[NDArray[np.int8]] = []
    ends: list[int] = []
    run = Network.run_real

    def noted(network: Network, picture: NDArray[np.int8]) -> tuple[NDArray[np.float32], ...]:
        seen.append(picture)
        ends.append(number)
        return run(network, picture)

    monkeypatch.setattr(Network, "run_real", noted)
    eye = FightEye(repo / "models")
    number = 0
    for number, frame in enumerate(frames):
        eye.update(frame, number / 10.0, 2)
    assert ends == [4, 9, 14, 19]
    for picture, end in zip(seen, ends, strict=True):
        ours = windows(frames[: end + 1], 2)[-1]
        assert np.array_equal(picture[0].astype(np.int16) + 128, ours)


def test_drawn_windows_are_of_the_right_form_and_still_ones_are_no_fight() -> None:
    rng = np.random.default_rng(3)
    fights = []
    for _ in range(300):
        window, fight = drawn(_frames(), True, rng)
        assert window.shape == (HEIGHT_PX, WIDTH_PX, 3)
        assert window.dtype == np.uint8
        fights.append(fight)
    assert 5 < fights.count(False) < 60
    assert not any(drawn(_frames(), False, rng)[1] for _ in range(50))


def test_a_clip_of_few_frames_has_windows() -> None:
    for count in (1, 2, 4):
        assert len(windows(_frames(count=count))) == 4
        drawn(_frames(count=count), True, np.random.default_rng(0))


def test_motion_is_measured_by_the_kiosks_own_code() -> None:
    assert moved_in(_clip(0, "a", True, _frames())).area > 0.01
    assert moved_in(_clip(0, "a", True, _frames(moves=False))).area == 0.0


def test_what_a_fold_leaves_out_does_not_teach_it() -> None:
    """A column that knows nothing but the fold's own answers is worth nothing where they are left out."""
    rng = np.random.default_rng(2)
    fold = np.repeat(np.arange(FOLDS), 40)
    fight = rng.random(len(fold)) < 0.5
    memory = np.stack([np.where(fold == f, fight * 2.0 - 1.0, 0.0) for f in range(FOLDS)], axis=1)
    said = Said((), fight, fold, memory[:, 0])
    for number in range(FOLDS):
        here = fold == number
        assert auc(left_out(memory, said)[here], fight[here]) == pytest.approx(0.5)
    good = fight * 2.0 + rng.normal(0.0, 1.0, len(fight))
    assert auc(left_out(good[:, None], said), fight) > 0.85


def test_regression_and_intervals() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(0.0, 1.0, (4000, 2))
    answers = rng.random(4000) < 1.0 / (1.0 + np.exp(-(1.5 * x[:, 0] - 0.5)))
    weights, constant = logistic(x, answers)
    assert weights[0] == pytest.approx(1.5, abs=0.3)
    assert abs(weights[1]) < 0.15
    assert constant == pytest.approx(-0.5, abs=0.15)
    assert auc(np.array([0.1, 0.9]), np.array([False, True])) == 1.0
    low, high = wilson(8, 10)
    assert low == pytest.approx(0.490, abs=0.002)
    assert high == pytest.approx(0.943, abs=0.002)
    groups = [f"g{n // 10}" for n in range(400)]
    low, high = auc_interval(x[:400, 0], answers[:400], groups)
    assert low < auc(x[:400, 0], answers[:400]) < high


def test_fights_alone_can_be_trained(tmp_path: Path) -> None:
    plan = training.Plan(tmp_path, tmp_path, tmp_path, "1.0.0", only=("fight",))
    names = [step.name for step in plan.steps()]
    assert names[0] == "fight-data"
    assert names[-2:] == ["fight", "fight-report"]
    assert sum(name.startswith("fight-fold") for name in names) == FOLDS == training.FIGHT_FOLDS
