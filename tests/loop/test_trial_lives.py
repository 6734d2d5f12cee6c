"""In random lives, anyone who asks for the relays without end shuts nobody in, and changes nothing else."""

from __future__ import annotations

import pytest

from tests.worlds.trial_lives import LOCK_MOST_S, SLACK_S, live


@pytest.mark.slow
def test_relays_that_are_tried_without_end_shut_nobody_in() -> None:
    """A tenth of what a kiosk asks for: among people who come and go all the time."""
    lives = [live(number, empty_s=1.0) for number in range(0, 24, 3)]
    assert [line for life in lives for line in life.wrong] == []
    assert [str(line) for life in lives for line in life.violations] == []
    spells = [spell for life in lives for spell in life.spells]
    assert all(spell.until_s - spell.from_s <= LOCK_MOST_S + SLACK_S for spell in spells)
    assert spells
    assert not [spell for spell in spells if spell.unseen], "nor anybody whom no camera saw"
