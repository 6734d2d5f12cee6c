"""The limit: normal blocks pass it at the rate that was chosen, however their scores are distributed."""

from __future__ import annotations

import numpy as np
import pytest

from edge.vision.scene.conformal import DAY_S, Limit, chance, limit_of

TRIES = 1500


def scores(kind: str, random: np.random.Generator, count: int) -> list[float]:
    match kind:
        case "heavy":
            return list(random.pareto(1.5, count) + 0.5)
        case "plain":
            return list(random.gamma(9.0, 0.1, count))
        case _:
            return list(0.5 + 0.1 * random.random(count))


@pytest.mark.parametrize("kind", ["heavy", "plain", "bounded"])
def test_a_further_block_passes_at_no_more_than_the_rate(kind: str) -> None:
    """Of n exchangeable blocks, by ranks: 20 of a day of 96 blocks, so 0.208 of them."""
    random = np.random.default_rng(7)
    share = 20.0 * 900.0 / DAY_S
    passed = 0
    for _ in range(TRIES):
        seen = scores(kind, random, 40)
        limit = limit_of(seen[:-1], 20.0, 900.0)
        assert limit.assured
        passed += seen[-1] > limit.score
    # Four standard errors of what the ranks give at most.
    assert passed / TRIES <= share + 4.0 * (share * (1.0 - share) / TRIES) ** 0.5
    assert passed / TRIES > share - 0.05, "nor is it needlessly far away"


@pytest.mark.parametrize("kind", ["plain", "bounded"])
def test_beyond_the_ranks_the_tail_keeps_the_rate_where_it_falls_off(kind: str) -> None:
    random = np.random.default_rng(11)
    share = 2.0 * 60.0 / DAY_S
    passed = looked = 0
    for _ in range(100):
        limit = limit_of(scores(kind, random, 12), 2.0)
        assert not limit.assured
        further = np.asarray(scores(kind, random, 2000))
        passed += int((further > limit.score).sum())
        looked += len(further)
    assert passed / looked <= share


def test_p_values_are_uniform_or_larger_on_exchangeable_blocks() -> None:
    random = np.random.default_rng(3)
    seen = np.array([chance(s[:-1], s[-1]) for s in (scores("heavy", random, 20) for _ in range(TRIES))])
    for level in (0.05, 0.1, 0.25, 0.5, 0.9):
        assert (seen <= level).mean() <= level + 4.0 * (level * (1.0 - level) / TRIES) ** 0.5
    assert seen.min() == pytest.approx(1 / 20)


def test_fewer_false_alarms_never_lower_the_limit() -> None:
    seen = scores("plain", np.random.default_rng(5), 30)
    limits = [limit_of(seen, rate).score for rate in (100.0, 60.0, 24.0, 5.0, 1.0, 0.1, 0.01)]
    assert limits == sorted(limits)


def test_too_few_blocks_give_none() -> None:
    assert limit_of([1.0, 1.0, 1.0, 1.0], 1.0) == Limit(1.5, assured=False)
    with pytest.raises(ValueError, match="too few"):
        limit_of([1.0, 1.0, 1.0], 1.0)
