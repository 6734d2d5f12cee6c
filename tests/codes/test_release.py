"""The RELEASE that opens a door: RFC 4226, each password once and for ever, and no guessing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.codes.hotp import hotp, secret_from_base32
from edge.codes.release import (
    LOOK_AHEAD,
    RELEASE_COUNTER,
    RELEASE_WRONG,
    SLOW_S,
    Refusal,
    ReleaseAsked,
    ReleaseDesk,
)
from tests.worlds.rfc_4226 import PASSWORDS, SECRET


def ask(incident: int, password: str) -> ReleaseAsked:
    return ReleaseAsked(incident, password)


@pytest.mark.parametrize(("counter", "password"), list(enumerate(PASSWORDS))[1:])
def test_the_passwords_of_rfc_4226_open(counter: int, password: str) -> None:
    desk = ReleaseDesk(SECRET, 5)
    assert desk.take(ask(counter, password), counter) is None
    assert desk.judge(counter, 0.0)


def test_a_password_opens_the_incident_of_its_number_or_one_shortly_before() -> None:
    for counter in range(40):
        desk = ReleaseDesk(SECRET, 5)
        assert desk.take(ask(12, hotp(SECRET, counter)), 12) is None
        assert desk.judge(12, 0.0) == (12 <= counter < 12 + LOOK_AHEAD), counter


def test_no_password_opens_twice_also_after_the_record_was_lost() -> None:
    kept: list[int] = []
    desk = ReleaseDesk(SECRET, 5, keep=kept.append)
    desk.take(ask(7, hotp(SECRET, 9)), 7)
    assert desk.judge(7, 0.0)
    assert kept == [10]
    for again in (
        ReleaseDesk(SECRET, 5, kept[-1]),
        ReleaseDesk(SECRET, 5, dict(desk.counters)[RELEASE_COUNTER]),
    ):
        for incident in (1, 7, 8, 9):
            for counter in range(1, 10):
                asked = ask(incident, hotp(SECRET, counter))
                assert again.take(asked, incident) is None
                while again.judge(incident, 1e6 * counter) is not None:
                    pass
        assert again.next_counter(1) == 10, "nothing old has opened"
        assert again.take(ask(1, hotp(SECRET, 10)), 1) is None
        assert again.judge(1, 1e9)


def test_five_wrong_ones_slow_the_next_down_and_shut_nobody_out() -> None:
    desk = ReleaseDesk(SECRET, 5)
    for number in range(6):
        assert desk.take(ask(3, f"{number:06}"), 3) is None
    assert [desk.judge(3, 10.0) for _ in range(6)] == [False] * 5 + [None]
    assert desk.take(ask(3, PASSWORDS[3]), 3) is None
    assert desk.next_wake_s(10.0) == 10.0 + SLOW_S
    assert desk.judge(3, 10.0 + SLOW_S - 0.1) is None
    assert desk.judge(3, 10.0 + SLOW_S), "the newest comes first"


def test_one_that_waits_gets_its_turn_whatever_comes_after_it() -> None:
    """Anyone who forges the sender sends more often than the control room does."""
    desk = ReleaseDesk(SECRET, 1)
    desk.take(ask(3, "000000"), 3)
    assert desk.judge(3, 0.0) is False
    desk.take(ask(3, PASSWORDS[3]), 3)
    now_s, forged, opened_s = 0.0, 1, None
    while opened_s is None:
        for _ in range(6):  # one in ten seconds
            now_s += 10.0
            forged += 1
            assert desk.take(ask(3, f"{forged:06}"), 3) is None
            if desk.judge(3, now_s):
                opened_s = now_s
        assert now_s < 1800.0, "never"
    assert opened_s <= 2 * SLOW_S


def test_a_full_queue_keeps_the_oldest_and_the_newest() -> None:
    desk = ReleaseDesk(SECRET, 1)
    desk.take(ask(3, "000000"), 3)
    assert desk.judge(3, 0.0) is False
    for forged in range(1, 30):
        desk.take(ask(3, f"{forged:06}"), 3)
    assert desk.take(ask(3, PASSWORDS[3]), 3) is None
    assert desk.judge(3, SLOW_S)


def test_a_guesser_gets_one_guess_a_minute() -> None:
    desk = ReleaseDesk(SECRET, 5)
    guesses = 0
    for second in range(1800):
        desk.take(ask(3, f"{second + 1:06}"), 3)
        guesses += desk.judge(3, float(second)) is not None
    assert guesses == 5 + 1800 // 60 - 1


def test_what_was_wrong_is_not_compared_again() -> None:
    desk = ReleaseDesk(SECRET, 5)
    assert desk.take(ask(3, "000000"), 3) is None
    assert desk.take(ask(3, "000000"), 3) is Refusal.AGAIN
    assert desk.judge(3, 0.0) is False
    assert desk.take(ask(3, "000000"), 3) is Refusal.AGAIN
    assert desk.judge(3, 0.0) is None


def test_the_slow_pace_outlives_a_restart_and_ends_with_the_incident() -> None:
    desk = ReleaseDesk(SECRET, 2)
    for number in range(2):
        desk.take(ask(3, f"{number:06}"), 3)
        assert desk.judge(3, 0.0) is False
    counters = dict(desk.counters)
    desk = ReleaseDesk(SECRET, 2, counters[RELEASE_COUNTER], counters[RELEASE_WRONG])
    desk.take(ask(3, PASSWORDS[3]), 3)
    assert desk.judge(3, 5.0) is None
    assert desk.judge(3, 5.0 + SLOW_S)
    assert desk.take(ask(4, "000000"), 4) is None
    assert desk.judge(4, 6.0 + SLOW_S) is False, "the next incident has its own tries"
    assert desk.take(ask(4, PASSWORDS[4]), 4) is None
    assert desk.judge(4, 6.0 + SLOW_S)


@pytest.mark.parametrize(("asked", "locked"), [(3, 4), (4, 3), (3, 0), (0, 0)])
def test_a_release_of_another_incident_is_not_counted(asked: int, locked: int) -> None:
    desk = ReleaseDesk(SECRET, 5)
    assert desk.take(ask(asked, PASSWORDS[asked]), locked) is Refusal.OTHER_INCIDENT
    assert desk.judge(locked, 0.0) is None


def test_what_waits_for_an_incident_opens_no_other() -> None:
    desk = ReleaseDesk(SECRET, 1)
    desk.take(ask(3, "000000"), 3)
    assert desk.judge(3, 0.0) is False
    desk.take(ask(3, PASSWORDS[4]), 3)
    assert desk.judge(0, SLOW_S) is None
    assert desk.judge(4, 10 * SLOW_S) is None


def test_never_without_a_secret() -> None:
    assert ReleaseDesk(None, 5).take(ask(3, PASSWORDS[3]), 3) is Refusal.NO_SECRET
    assert ReleaseDesk(None, 5).judge(3, 0.0) is None


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 12), st.booleans(), st.floats(0, 200)), max_size=60)
)
def test_no_counter_opens_twice_and_it_only_goes_up(
    attempts: list[tuple[int, int, bool, float]],
) -> None:
    desk, counter, now_s, opened = ReleaseDesk(SECRET, 3), 0, 0.0, set()
    for incident, number, restart, later_s in attempts:
        now_s += later_s
        desk.take(ask(incident, hotp(SECRET, number)), incident)
        if desk.judge(incident, now_s):
            used = dict(desk.counters)[RELEASE_COUNTER] - 1
            assert used not in opened
            opened.add(used)
        counters = dict(desk.counters)
        assert counters[RELEASE_COUNTER] >= counter
        counter = counters[RELEASE_COUNTER]
        if restart:
            desk = ReleaseDesk(SECRET, 3, counter, counters[RELEASE_WRONG])


def test_secrets_as_apps_show_them() -> None:
    assert secret_from_base32("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ") == SECRET
    assert secret_from_base32("gezdgnbvgy3tqojqgezdgnbvgy3tqojq=") == SECRET
    for bad in ("", "GEZDGNBV", "not base32!!", "1" * 32):
        with pytest.raises(ValueError, match="secret"):
            secret_from_base32(bad)
    with pytest.raises(ValueError, match="16 bytes"):
        ReleaseDesk(b"short", 5)
