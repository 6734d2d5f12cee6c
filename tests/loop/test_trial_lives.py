"""In random lives, anyone who asks for the relays without end shuts nobody in, and changes nothing else."""

from __future__ import annotations

import pytest

from tests.worlds.trial_lives import LOCK_MOST_S, SLACK_S, live


@pytest.mark.slow
@pytest.mark.parametrize("number", range(0, 24, 3))
def test_relays_that_are_tried_without_end_shut_nobody_in(number: int) -> None:
    life = live(number)
    assert life.wrong == []
    assert life.violations == ()
    assert all(spell.until_s - spell.from_s <= LOCK_MOST_S + SLACK_S for spell in life.spells)
    assert life.spells or life.permits, "nothing was tried"
