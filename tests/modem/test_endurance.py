"""Long runs in virtual time: thousands of messages through modems that fail, millions of bytes of noise."""

from __future__ import annotations

import pytest

from hw.modem.models import PROFILES
from tests.modem_endurance import endure, fuzz, fuzz_line


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_hundreds_of_messages_through_failing_modems(seed: int) -> None:
    tally = endure(seed, 60)
    assert tally.sends > 40
    assert tally.wrong == 0, tally


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(100, 120))
def test_ten_thousand_messages_through_failing_modems(seed: int) -> None:
    """20 x 500 rows; more sends than that, for what fails is tried again."""
    tally = endure(seed, 500)
    assert tally.sends >= 500
    assert tally.repeats > 0
    assert tally.wrong == 0, tally


@pytest.mark.slow
@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_over_a_million_bytes_of_noise_break_and_stall_nothing(profile: str, full: bool) -> None:
    """Six profiles, 200,000 bytes and more each."""
    size = 4_000_000 if full else 200_000
    assert fuzz(7, size, profile) > 50


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_a_bad_line_breaks_and_stalls_nothing(profile: str, rate: float, full: bool) -> None:
    texts, accepted = fuzz_line(3, 1_000_000 if full else 10_000, profile, rate)
    assert texts > 0
    if rate < 0.01:
        assert accepted > texts * 0.8
