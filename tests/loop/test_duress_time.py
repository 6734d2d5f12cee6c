"""No stopwatch tells a duress code from the code; one that is half a millisecond slower is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.duress_timing import NUMBERS, kolmogorov_smirnov, mann_whitney, measure, split

RUNS = 400
"""`python -m tests.duress_timing` takes ten thousand; its figures, and those of the control with a fifth of a
millisecond on a quiet machine, stand in `edge/docs/duress.md`."""

BY_CHANCE = 1e-4


def test_the_two_sample_tests_are_those_of_the_books() -> None:
    """Against values that anybody can work out, and against a difference that is there."""
    assert kolmogorov_smirnov([1, 2, 3, 4], [5, 6, 7, 8]).statistic == 1.0
    assert kolmogorov_smirnov([1, 2, 3, 4], [1, 2, 3, 4]).statistic == 0.0
    assert mann_whitney([1, 2, 3, 4], [1, 2, 3, 4]).statistic == 0.0
    random = np.random.default_rng(1)
    for test in (kolmogorov_smirnov, mann_whitney):
        same = [
            test(list(random.exponential(size=400)), list(random.exponential(size=400))).p for _ in range(120)
        ]
        assert 0.0 < np.mean(np.array(same) < 0.05) < 0.12, "p is what it says"
        one, other = random.exponential(size=2000), random.exponential(size=2000) + 0.2
        assert test(list(one), list(other)).p < 1e-9


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_stopwatch_tells_nothing(tmp_path: Path) -> None:
    runs = measure(tmp_path, RUNS)
    for what, name in NUMBERS:
        for test in (kolmogorov_smirnov(*split(runs, what)), mann_whitney(*split(runs, what))):
            print(f"{name}: {test}")
            assert test.p > BY_CHANCE, f"{name}: {test}"
    texts = [{run.texts[0] for run in runs if run.forced is forced} for forced in (False, True)]
    assert texts[0] == texts[1], "the same number is told first, in as many letters"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_half_a_millisecond_is_found(tmp_path: Path) -> None:
    """The control: with this much more work for a forced entry the test above fails."""
    runs = measure(tmp_path, RUNS, planted_s=0.0005)
    found = [test(*split(runs, "worked_s")) for test in (kolmogorov_smirnov, mann_whitney)]
    print(*found, sep="\n")
    assert min(test.p for test in found) < BY_CHANCE
