"""The whole-clip score's training: what is left out together, signs that hold, points, intervals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.vision.scene.unusual import MEASURES
from models.training.unusual.clips import Clip, read_clips
from models.training.unusual.score import (
    Answers,
    area,
    area_text,
    by_scene,
    counts,
    learn,
    left_out,
    of_clips,
    point,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
NEEDS_DATA = pytest.mark.skipif(not (DATA / "scene").is_dir(), reason="no data folder")


def _answers(turn: float = 1.0, seed: int = 0) -> Answers:
    """40 clips of 20 scenes and 2 sources, 3 answers each; abnormal ones move `turn` along every measure."""
    rng = np.random.default_rng(seed)
    clips, values, of_clip = [], [], []
    for number in range(40):
        abnormal = number % 2 == 0
        source = "one" if number < 24 else "two"
        clips.append(Clip(Path(f"{number}.mp4"), "fight", abnormal, source, f"scene {number // 2}"))
        values.append(rng.normal(0.0, 1.0, (3, len(MEASURES))) + (turn if abnormal else 0.0))
        of_clip += [number] * 3
    return Answers(clips, np.concatenate(values), np.array(of_clip, dtype=np.int64))


def test_no_weight_turns_against_its_sense_whatever_the_clips_say() -> None:
    everything = np.ones(40, dtype=np.bool_)
    for turn in (1.0, -1.0):
        weight = learn(_answers(turn), everything).weight
        signs = np.array([measure.sign for measure in MEASURES])
        assert (weight * signs >= 0.0).all()
        # Those that would have to speak against their sense are silent, the others speak.
        assert (np.abs(weight[signs == np.sign(turn)]) > 0.01).all()
        assert np.allclose(weight[signs != np.sign(turn)], 0.0)


def test_a_long_clip_counts_no_more_than_a_short_one_and_both_kinds_the_same() -> None:
    answers = _answers()
    longer = np.concatenate([answers.clip, np.zeros(30, dtype=np.int64)])
    values = np.concatenate([answers.values, np.zeros((30, len(MEASURES)))])
    long = Answers(answers.clips, values, longer)
    weights = counts(long, np.ones(40, dtype=np.bool_))
    assert weights[longer == 0].sum() == pytest.approx(weights[longer == 2].sum())
    abnormal = answers.abnormal[longer]
    assert weights[abnormal].sum() == pytest.approx(weights[~abnormal].sum())
    known = answers.source == "one"
    assert counts(long, known)[~known[longer]].sum() == 0.0


def test_what_is_left_out_teaches_nothing() -> None:
    answers = _answers()
    before = left_out(answers, answers.source)
    spoilt = answers.values.copy()
    two = (answers.source == "two")[answers.clip]
    spoilt[two] *= -100.0
    after = left_out(Answers(answers.clips, spoilt, answers.clip), answers.source)
    assert not np.allclose(before[answers.source == "one"], after[answers.source == "one"])
    own = learn(answers, answers.source == "one")
    again = learn(Answers(answers.clips, spoilt, answers.clip), answers.source == "one")
    assert np.array_equal(own.weight, again.weight)


def test_one_scene_is_never_on_both_sides() -> None:
    answers = _answers()
    folds = by_scene(answers, seed=0)
    for scene in np.unique(answers.scene):
        assert len(np.unique(folds[answers.scene == scene])) == 1
    assert len(np.unique(folds)) > 4


def test_a_clip_is_as_unusual_as_its_worst_four_seconds() -> None:
    clips = [Clip(Path("a.mp4"), "normal", False, "one", "a")]
    answers = Answers(clips, np.zeros((12, len(MEASURES))), np.zeros(12, dtype=np.int64))
    odds = np.array([0.0] * 4 + [2.0] * 8)
    assert of_clips(answers, odds)[0] == pytest.approx(2.0)
    assert of_clips(answers, np.where(np.arange(12) == 5, 8.0, 0.0))[0] == pytest.approx(1.0)


def test_area_and_operating_point() -> None:
    score = np.array([0.0, 1.0, 2.0, 3.0])
    assert area(score, np.array([False, False, True, True])) == 1.0
    assert area(score, np.array([True, False, True, False])) == 0.25
    assert np.isnan(area(score, np.zeros(4, dtype=np.bool_)))
    scene = np.array(["a", "b", "c", "d"])
    assert area_text(score, np.array([False, False, True, True]), scene, 0).startswith("1.00 (1.00")
    normal = np.arange(100.0)
    source = np.array(["room"] * 100)
    cut = point(normal, np.zeros(100, dtype=np.bool_), source)
    assert int((normal > cut).sum()) == 3
    crowd = np.append(normal, [500.0] * 50)
    assert point(crowd, np.zeros(150, dtype=np.bool_), np.append(source, ["ciel-oliver"] * 50)) == cut


@NEEDS_DATA
def test_videos_of_one_shoot_are_left_out_together() -> None:
    clips = read_clips(DATA)
    kinds = {clip.task for clip in clips}
    assert kinds == {"atm_behaviour", "fall", "fight", "normal"}
    assert {clip.scene for clip in clips if "_15_" in clip.name or "_18_" in clip.name} == {"atm_overhead"}
    assert any(clip.abnormal for clip in clips)
    assert all(not clip.abnormal for clip in clips if clip.task == "normal")
