"""The ladder of recovery by itself: which rung, after how long, and what is worth a word."""

from __future__ import annotations

from itertools import pairwise

import pytest

from hw.modem.ladder import Ladder
from hw.modem.steps import Broken
from hw.ports import ModemTrouble, PowerKind, Rung

MUTE = Broken(ModemTrouble.MUTE, "no answer to AT")
RESTARTED = Broken(ModemTrouble.MUTE, "the modem restarted by itself", restarted=True)


def climbed(ladder: Ladder, times: int, broken: Broken = MUTE) -> list[tuple[Rung, float]]:
    return [ladder.climb(broken, float(at_s)) for at_s in range(times)]


@pytest.mark.parametrize(
    ("power", "roughest"),
    [(None, []), (PowerKind.SUPPLY, [Rung.POWER]), (PowerKind.KEY, [Rung.KEY, Rung.KEY])],
)
def test_the_whole_ladder_once_then_its_rough_part_with_pauses_that_double(
    power: PowerKind | None, roughest: list[Rung]
) -> None:
    rungs = [Rung.SOFT, Rung.RESET, Rung.REOPEN, *roughest]
    rough = rungs[1:]
    found = climbed(Ladder(power, 1), len(rungs) + 12 * len(rough))
    assert [rung for rung, _ in found] == [*rungs, *(rough * 12)]
    assert {pause_s for _, pause_s in found[: len(rungs)]} == {1.0}
    rounds = [pause_s for _, pause_s in found[len(rungs) :: len(rough)]]
    assert rounds[:4] == [5.0, 10.0, 20.0, 40.0]
    assert all(later == min(60.0, 2 * earlier) for earlier, later in pairwise(rounds))


def test_a_modem_that_restarts_by_itself_is_only_set_up_anew_and_fed_anew_once_in_a_while() -> None:
    found = [rung for rung, _ in climbed(Ladder(PowerKind.SUPPLY, 1), 10, RESTARTED)]
    assert found == [*[Rung.SOFT] * 4, Rung.POWER] * 2
    assert {rung for rung, _ in climbed(Ladder(PowerKind.KEY, 1), 10, RESTARTED)} == {Rung.SOFT}


def test_every_rate_is_tried_first_and_at_once() -> None:
    ladder = Ladder(None, 3)
    assert climbed(ladder, 3) == [(Rung.REOPEN, 0.0), (Rung.REOPEN, 0.0), (Rung.SOFT, 1.0)]
    ladder = Ladder(None, 3)
    ladder.heard()
    assert climbed(ladder, 1) == [(Rung.SOFT, 1.0)]


def test_what_was_tried_is_kept_with_its_time_and_told_in_the_first_round() -> None:
    ladder = Ladder(None, 1)
    assert ladder.ended(worked=True, now_s=0.0) is None, "nothing was tried"
    told = 0
    for at_s in range(100):
        ladder.climb(MUTE, float(at_s))
        told += ladder.ended(worked=False, now_s=at_s + 0.5) is not None
    assert told == 3
    ladder.climb(MUTE, 500.0)
    last = ladder.ended(worked=True, now_s=507.0)
    assert last is not None, "what ended a long silence is reported"
    assert (last.trouble, last.at_s, last.took_s, last.worked) == (ModemTrouble.MUTE, 500.0, 7.0, True)
    assert ladder.recoveries[-1] == last
    assert len(ladder.recoveries) == 64


def test_when_all_was_well_for_long_it_begins_at_the_gentle_end() -> None:
    ladder = Ladder(None, 1)
    climbed(ladder, 3)
    ladder.stable()
    assert climbed(ladder, 1) == [(Rung.SOFT, 1.0)]
    ladder.stable()
    ladder.not_heard()  # waking has tried what the soft reset would
    assert climbed(ladder, 1) == [(Rung.RESET, 1.0)]
