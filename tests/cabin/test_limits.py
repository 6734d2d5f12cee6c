"""Every number of the cabin flow that the table uses: a moment before it, exactly at it, and one after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from edge.cabin.conditions import CODE_FAILOVER_S
from edge.cabin.draft import FLICKER_S, OFTEN, PROMPT_LOST_S, PROMPT_REPEAT_S
from edge.cabin.events import CodeAccepted, PromptGiven, Ticked
from edge.cabin.rules import Flow
from edge.terms.record import Recipient
from hw.ports import Sound
from tests.worlds.cabin_world import Cabin, rules

MOMENT_S = 2.0**-10
"""Adds up without a rounding error."""


@dataclass(frozen=True)
class Limit:
    """From where the time runs, what it leads to, and by how much that comes sooner than the number says."""

    begin: Callable[[Cabin], Cabin]
    happened: Callable[[Cabin], bool]
    less_s: Callable[[Flow], float] = lambda flow: 0.0


def _mode(name: str) -> Callable[[Cabin], bool]:
    return lambda c: c.mode == name


def _told(kind: str, times: int = 1) -> Callable[[Cabin], bool]:
    return lambda c: c.told.count(kind) >= times


def _without(c: Cabin, what: str) -> Cabin:
    if what == "phones":
        c.phones = set()
    elif what == "card":
        c.card = False
    else:
        c.speaker = False
    return c


def _heard_late(c: Cabin) -> Cabin:
    _without(c, "speaker").comes("masked").wait(300)
    return c.hear(PromptGiven(c.state.ticket))


def _three_wrong(c: Cabin) -> Cabin:
    return c.locked().types("wrong").types("wrong").types("wrong")


def _fire_over_and_door_shut(c: Cabin) -> Cabin:
    c.wire("fire", True).wire("door", True).wire("door", False).wait(20)
    return c.wire("fire", False)


def _called_the_second(c: Cabin) -> bool:
    return any(whom == "watchman2" for _, whom, _ in c.codes)


def _fresh_code(c: Cabin) -> bool:
    return any(issue == 2 for issue, _, _ in c.codes)


LIMITS: dict[str, Limit] = {
    "gone_after_s": Limit(lambda c: c.locked().types("right").leaves(), _mode("vacant")),
    "adjust_after_s": Limit(lambda c: c.comes("masked"), _mode("warned")),
    "lock_after_s": Limit(lambda c: c.comes("masked"), _mode("locked")),
    "prompt_lead_s": Limit(_heard_late, _mode("locked")),
    "hold_after_s": Limit(
        lambda c: c.comes("masked").wait(3).several().wait(2).several(False),
        lambda c: c.state.counting_from_s is not None,
    ),
    "record_wait_s": Limit(lambda c: _without(c, "card").comes("masked").wait(20), lambda c: c.door),
    "siren_s": Limit(lambda c: c.locked(), lambda c: c.sound is Sound.OFF),
    "max_lock_s": Limit(lambda c: c.locked(), _told("released")),
    "locked_empty_s": Limit(
        lambda c: c.locked().wait(5).leaves(), _mode("released"), lambda flow: flow.gone_after_s
    ),
    "relock_after_s": Limit(lambda c: c.locked().dies_and_starts().forget().shows("masked"), _mode("locked")),
    "second_watchman_s": Limit(lambda c: c.locked(), _called_the_second),
    "unreachable_release_s": Limit(lambda c: _without(c, "phones").locked(), _mode("released")),
    "code_ttl_s": Limit(lambda c: c.locked(), _fresh_code),
    "code_accept_s": Limit(lambda c: _without(c, "phones").locked(), _told("code_withdrawn")),
    "keypad_lockout_s": Limit(_three_wrong, _fresh_code),
    "exit_hold_s": Limit(lambda c: c.wire("exit", True).wire("exit", False), _mode("released")),
    "exit_stuck_s": Limit(lambda c: c.wire("exit", True), _told("exit_stuck")),
    "fire_clear_s": Limit(_fire_over_and_door_shut, _mode("vacant")),
    "door_held_open_s": Limit(lambda c: c.wire("door", True), _told("door_held_open")),
    "crowd_s": Limit(lambda c: c.comes("bare").several(), _told("several_persons")),
    "remind_s": Limit(lambda c: c.comes("bare").begins("object_left"), _told("object_left", 2)),
}

ELSEWHERE = {
    # what becomes an event: edge/judge
    "presence_confirm_s",
    "presence_area",
    "presence_max_s",
    "contact_doubt_s",
    "loiter_s",
    "left_s",
    "intrusion_s",
    # the digits: edge/codes
    "code_digits",
    "duress",
    "duress_prefix",
    "release_tries",
    "key_timeout_s",
}
COUNTED_BELOW = {
    "relock_max_s",
    "checkpoint_s",
    "code_tries",
    "codes_per_incident",
    "keypad_lockout_max_s",
}


def test_every_number_has_its_limit_here_or_is_not_the_tables() -> None:
    assert set(LIMITS) | ELSEWHERE | COUNTED_BELOW == set(Flow.__struct_fields__)
    assert not set(LIMITS) & (ELSEWHERE | COUNTED_BELOW)


OTHERS = {
    "max_lock_s": {"code_ttl_s": 1800.0},
    "code_accept_s": {"unreachable_release_s": 900.0},
    "lock_after_s": {"prompt_lead_s": 5.0},
    "relock_after_s": {"prompt_lead_s": 5.0},
}
"""Numbers that would come first."""


@pytest.mark.parametrize("share", [1.0, 0.75, 1.5])
@pytest.mark.parametrize("name", LIMITS)
def test_not_a_moment_before_and_at_the_very_limit(name: str, share: float) -> None:
    """Woken when the table said it wants to be, and by a loop that comes by just then."""
    limit = LIMITS[name]
    number = getattr(Flow(), name) * share

    def begun() -> Cabin:
        return limit.begin(Cabin(rules(**(OTHERS.get(name, {}) | {name: number}))))

    lasts_s = number - limit.less_s(begun().flow)
    c = begun().wait(lasts_s - MOMENT_S)
    assert not limit.happened(c)
    assert limit.happened(c.wait(MOMENT_S))
    for early_s, happened in ((MOMENT_S, False), (0.0, True), (-MOMENT_S, True)):
        c = begun()
        c.until(c.now_s + lasts_s / 2).hear(Ticked())
        c.stall_until(begun().now_s + lasts_s - early_s)
        c.hear(Ticked())
        assert limit.happened(c) is happened


def test_a_warning_is_said_again_10_s_after_it_was_heard() -> None:
    c = Cabin().comes("masked").wait(6 + PROMPT_REPEAT_S - MOMENT_S)
    assert len(c.countdowns) == 1
    c.wait(MOMENT_S)
    assert c.countdowns == [14, 4]


def test_a_warning_of_which_nothing_was_heard_is_said_again_after_30_s() -> None:
    c = _without(Cabin(), "speaker").comes("masked").wait(6 + PROMPT_LOST_S - MOMENT_S)
    assert len(c.said) == 1
    c.wait(MOMENT_S)
    assert len(c.said) == 2


def test_a_warning_that_a_broken_player_cannot_say_is_tried_every_10_s() -> None:
    c = _without(Cabin(), "speaker").fails("prompt").comes("masked").wait(6 + PROMPT_REPEAT_S - MOMENT_S)
    assert len(c.said) == 1
    assert len(c.wait(MOMENT_S).said) == 2
    assert len(c.wait(PROMPT_REPEAT_S).said) == 3


def test_a_code_that_no_network_took_goes_to_the_second_number_after_60_s() -> None:
    c = _without(Cabin(), "phones").locked().wait(CODE_FAILOVER_S - MOMENT_S)
    assert not _called_the_second(c)
    assert _called_the_second(c.wait(MOMENT_S))


def test_a_code_that_a_network_took_at_the_last_moment_does_not() -> None:
    c = _without(Cabin(), "phones").locked().wait(CODE_FAILOVER_S - MOMENT_S)
    c.hear(CodeAccepted(1, 1, Recipient.WATCHMAN)).wait(60)
    assert not _called_the_second(c)


@pytest.mark.parametrize(("open_s", "mode"), [(FLICKER_S - MOMENT_S, "warned"), (FLICKER_S, "locked")])
def test_a_door_open_for_less_than_1_s_lets_nobody_in(open_s: float, mode: str) -> None:
    c = Cabin().comes("bare").wait(5).wire("door", True).wait(open_s).wire("door", False)
    assert c.shows("masked").wait(100).mode == mode


@pytest.mark.parametrize(("off_s", "mode"), [(180.0, "warned"), (180.0 + MOMENT_S, "released")])
def test_a_lock_comes_back_after_180_s_without_power_at_most(off_s: float, mode: str) -> None:
    assert Cabin().locked().dies_and_starts(off_s).mode == mode


@pytest.mark.parametrize("checkpoint_s", [5.0, 10.0, 20.0])
def test_each_restart_counts_as_one_checkpoint(checkpoint_s: float) -> None:
    c = Cabin(rules(checkpoint_s=checkpoint_s, code_ttl_s=1800)).locked()
    for _ in range(4):
        c.dies_and_starts(0.0)
    assert c.state.locked_at_s == c.now_s - 4 * checkpoint_s
    c.shows("masked").wait(1800 - 4 * checkpoint_s - MOMENT_S)
    assert c.mode == "locked"
    assert c.wait(MOMENT_S).mode == "released"


@pytest.mark.parametrize("tries", [1, 2, 3, 5])
def test_the_keypad_is_closed_at_the_last_try(tries: int) -> None:
    c = Cabin(rules(code_tries=tries)).locked()
    for _ in range(tries - 1):
        c.types("wrong")
    assert c.shown == "locked"
    assert c.types("wrong").shown == "lockout"


@pytest.mark.parametrize("codes", [1, 2, 5])
def test_no_more_codes_than_an_incident_has(codes: int) -> None:
    c = Cabin(rules(codes_per_incident=codes, max_lock_s=100_000)).locked().wait(300 * (codes - 1) + 299.9)
    assert c.told == ["locked"]
    assert {issue for issue, _, _ in c.codes} == set(range(1, codes + 1))
    c.wait(0.1)
    assert c.told == ["locked", "codes_used_up"]
    assert max(issue for issue, _, _ in c.codes) == codes


@pytest.mark.parametrize("most_s", [90.0, 179.0, 180.0, 181.0, 900.0])
def test_a_pause_is_never_longer_than_the_longest(most_s: float) -> None:
    c = _three_wrong(Cabin(rules(keypad_lockout_max_s=most_s))).wait(90)
    for _ in range(3):
        c.types("wrong")
    assert c.state.code.lockout_until_s == c.now_s + min(180.0, most_s)


def test_often_is_the_third_time() -> None:
    assert OFTEN == 3


@pytest.mark.parametrize(("after_s", "sound"), [(30.0, Sound.SIREN), (30.0 + MOMENT_S, Sound.OFF)])
def test_a_camera_covered_within_30_s_of_somebody_is_loud(after_s: float, sound: Sound) -> None:
    assert Cabin().comes("bare").leaves().wait(after_s).camera("covered").sound is sound


@pytest.mark.parametrize(("after_s", "said"), [(30.0 - MOMENT_S, []), (30.0, ["released"])])
def test_30_s_after_a_danger_words_may_be_said_again(after_s: float, said: list[str]) -> None:
    c = Cabin().locked().begins("weapon").ends("weapon").forget()
    c.stall_until(c.now_s + after_s)
    assert c.types("right").said == said


@pytest.mark.parametrize(("after_s", "sound"), [(30.0 - MOMENT_S, Sound.OFF), (30.0, Sound.SIREN)])
def test_30_s_after_a_danger_the_siren_goes_on(after_s: float, sound: Sound) -> None:
    c = Cabin().locked().begins("weapon").ends("weapon")
    assert c.wait(after_s).sound is sound


@pytest.mark.parametrize(("quiet_s", "times"), [(600.0 - MOMENT_S, 1), (600.0, 2)])
def test_a_fire_contact_is_told_again_after_600_s_of_quiet(quiet_s: float, times: int) -> None:
    c = Cabin().wire("fire", True).wait(20).wire("fire", False).wait(quiet_s).wire("fire", True)
    assert c.told.count("fire") == times


@pytest.mark.parametrize(("after_s", "times"), [(600.0 - MOMENT_S, 1), (600.0, 2)])
def test_an_anomaly_that_began_again_is_told_again_after_600_s(after_s: float, times: int) -> None:
    c = Cabin().comes("bare").begins("object_left").ends("object_left").wait(after_s).begins("object_left")
    assert c.told.count("object_left") == times


@pytest.mark.parametrize(("words_s", "said_s"), [(0.0, 14), (0.8e-6, 14), (1.2e-6, 13), (1.0, 13), (4.0, 10)])
def test_a_rounding_error_takes_no_second_from_the_words_and_more_than_that_does(
    words_s: float, said_s: int
) -> None:
    c = Cabin(replace(rules(), words_s=words_s)).comes("masked").wait(6)
    assert c.countdowns == [said_s]
