"""How the embedding is measured: folds, limits, and who is enrolled with what."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from models.training.embed.pairs import FOLDS, Pairs, best_limit, read_pairs, right_by_folds


def test_the_best_limit_is_the_best_of_all() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        score, same = rng.normal(size=20), rng.random(20) < 0.5
        right = [((score > limit) == same).sum() for limit in np.append(score, score.min() - 1.0)]
        assert ((score > best_limit(score, same)) == same).sum() == max(right)


def test_a_fold_is_judged_at_the_limit_of_the_others() -> None:
    """One fold whose own best limit is another: judged by the nine, it is all wrong."""
    fold = np.repeat(np.arange(FOLDS), 10)
    same = np.tile([True, False], 50)
    score = np.where(same, 1.0, 0.0)
    score[fold == 3] += np.where(same[fold == 3], -0.9, 0.9)
    right = right_by_folds(score, Pairs(fold, fold, same, fold))
    assert not right[fold == 3].any()
    assert right[fold != 3].all()


def test_pairs_are_read_as_far_as_there_are_pictures(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "db.sql3")) as made, made:
        made.execute("create table file (id integer, name text)")
        made.execute("create table pair (id integer, protocol text, enrol_file_id, probe_file_id, is_match)")
        made.executemany("insert into file values (?, ?)", [(1, "A_0001"), (2, "A_0002"), (3, "B_0001")])
        rows = [(1, "fold1", 1, 2, 1), (2, "fold10", 2, 3, 0), (3, "train", 1, 3, 0)]
        made.executemany("insert into pair values (?, ?, ?, ?, ?)", rows)
    paths = ["img/identity/braun-stev/A/A_0002.jpg", "img/identity/braun-stev/B/B_0001.jpg"]
    pairs = read_pairs(tmp_path / "db.sql3", paths)
    assert (pairs.one.tolist(), pairs.other.tolist(), pairs.same.tolist()) == ([0], [1], [False])
    assert pairs.fold.tolist() == [9]


def test_nobody_is_enrolled_with_a_picture_that_is_a_look() -> None:
    pytest.importorskip("torch")
    from models.training.embed.sets import FEWEST, enrol

    person = np.array(["a"] * 30 + ["b"] * 8 + ["c"] * 7 + ["d"])
    usable = np.ones(len(person), np.bool_)
    usable[0] = False
    sets = enrol(person, usable)
    assert sets.names == ("a", "b")
    assert [len(own) for own in sets.enrolled] == [10, FEWEST]
    both = np.concatenate([*sets.enrolled, sets.looks])
    assert sorted(both.tolist()) == sorted(np.flatnonzero(usable).tolist())
    assert all((person[own] == name).all() for name, own in zip(sets.names, sets.enrolled, strict=True))


def test_a_false_match_rate_counts_people_not_pictures() -> None:
    pytest.importorskip("torch")
    from models.training.embed.sets import Table

    scores = np.zeros((200, 10), np.float32)
    scores[:20, 0] = 1.0
    look = np.array([f"p{n // 20}" for n in range(200)])
    names = np.array([f"p{n}" for n in range(10)])
    table = Table(scores, look, names)
    assert table.accepts(0.5).count == 20
    assert table.false_matches(0.5).count == 0
    scores[20:40, 0] = 1.0  # all looks of one other person: one pair of people of ninety
    rate = table.false_matches(0.5)
    assert rate.count == 20
    assert rate.high > 0.04, "as wide as one pair of people is little to go by"
