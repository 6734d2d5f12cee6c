"""Who may text what, and the RELEASE that opens a door: RFC 4226, counted before compared, over restarts."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.messages.inbox import (
    ANSWERS,
    ANSWERS_WITHIN_S,
    HelpAsked,
    Ignored,
    Inbox,
    Refusal,
    ReleaseAsked,
    ReleaseDesk,
    StatusAsked,
    secret_from_base32,
)
from edge.record import Recipient
from hw.ports import TextReceived

NUMBERS = {
    Recipient.WATCHMAN: "+919876543210",
    Recipient.WATCHMAN2: "",
    Recipient.CONTROL_ROOM: "+912212345678",
}
WATCHMAN, CONTROL = NUMBERS[Recipient.WATCHMAN], NUMBERS[Recipient.CONTROL_ROOM]
SECRET = b"12345678901234567890"  # RFC 4226, appendix D
RFC_4226 = (
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
)


def read(number: str, text: str) -> object:
    return Inbox(NUMBERS).read(TextReceived(number, text), 0.0)


@pytest.mark.parametrize("text", ["STATUS", "status", " Status. ", "STATUS?"])
def test_status(text: str) -> None:
    assert read(WATCHMAN, text) == StatusAsked(Recipient.WATCHMAN)


@pytest.mark.parametrize("text", ["HELP", "hello?", "", "RELEASE", "RELEASE 12", "RELEASE 12 12345", "417"])
def test_other_words_of_a_known_sender_are_helped(text: str) -> None:
    assert read(CONTROL, text) == HelpAsked(Recipient.CONTROL_ROOM)


@pytest.mark.parametrize("number", ["+15551234", "VM-BANK", "", "3210", "+19876543210", "٩٨٧٦٥٤٣٢١٠"])
def test_strangers_are_noted_and_ignored(number: str) -> None:
    assert read(number, "STATUS") == Ignored(None, "stranger")


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ("+4520123456", "20123456"),
        ("+4790123456", "90123456"),
        ("+6581234567", "81234567"),
        ("+3545551234", "5551234"),
    ],
)
def test_a_short_national_number_is_known(known: str, told: str) -> None:
    inbox = Inbox({Recipient.WATCHMAN: WATCHMAN, Recipient.CONTROL_ROOM: known})
    asked = inbox.read(TextReceived(told, "RELEASE 7 123456"), 0.0)
    assert isinstance(asked, ReleaseAsked)


@pytest.mark.parametrize("number", [WATCHMAN, "09876543210", "9876543210", "919876543210"])
def test_a_number_without_its_country_is_known(number: str) -> None:
    assert read(number, "STATUS") == StatusAsked(Recipient.WATCHMAN)


@pytest.mark.parametrize("text", ["RELEASE 12 755224", "release #12  755224.", "\nRelease 12 755224\n"])
def test_release_is_for_the_control_room_alone(text: str) -> None:
    asked = read(CONTROL, text)
    assert isinstance(asked, ReleaseAsked)
    assert asked.incident == 12
    assert "755224" not in repr(asked)
    with pytest.raises(TypeError):
        pickle.dumps(asked)
    assert read(WATCHMAN, text) == Ignored(Recipient.WATCHMAN, "release_by_another")


def test_machines_that_answer_each_other_are_cut_short() -> None:
    inbox = Inbox(NUMBERS)
    for _ in range(ANSWERS):
        assert isinstance(inbox.read(TextReceived(WATCHMAN, "STATUS"), 10.0), StatusAsked)
    assert inbox.read(TextReceived(WATCHMAN, "STATUS"), 20.0) == Ignored(Recipient.WATCHMAN, "too_many")
    assert isinstance(inbox.read(TextReceived(CONTROL, "RELEASE 1 755224"), 20.0), ReleaseAsked)
    assert isinstance(inbox.read(TextReceived(WATCHMAN, "STATUS"), 11.0 + ANSWERS_WITHIN_S), StatusAsked)


@given(st.text(max_size=40), st.text(max_size=200))
def test_any_text_is_read(number: str, text: str) -> None:
    Inbox(NUMBERS).read(TextReceived(number, text), 0.0)
    Inbox(NUMBERS).read(TextReceived(CONTROL, text), 0.0)


# --- release ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("counter", "password"), list(enumerate(RFC_4226))[1:])
def test_the_passwords_of_rfc_4226_open(counter: int, password: str) -> None:
    desk = ReleaseDesk(SECRET, 5)
    assert desk.take(ReleaseAsked(counter, password), counter) is None
    assert desk.judge()


def test_every_other_password_is_wrong() -> None:
    for password in (*RFC_4226[:3], *RFC_4226[4:], "000000"):
        desk = ReleaseDesk(SECRET, 5)
        assert desk.take(ReleaseAsked(3, password), 3) is None
        assert not desk.judge()


def test_tries_are_limited_over_restarts() -> None:
    counter = 0
    for _ in range(5):
        desk = ReleaseDesk(SECRET, 5, counter)
        assert desk.take(ReleaseAsked(3, "000000"), 3) is None
        assert desk.counter > counter, "it counts before it is compared"
        counter = desk.counter  # the program is killed here, before the comparison
    desk = ReleaseDesk(SECRET, 5, counter)
    assert desk.take(ReleaseAsked(3, RFC_4226[3]), 3) is Refusal.USED_UP
    assert desk.counter == counter
    assert desk.take(ReleaseAsked(4, RFC_4226[4]), 4) is None, "the next incident has its own tries"
    assert desk.judge()


@pytest.mark.parametrize(("asked", "locked"), [(3, 4), (4, 3), (3, 0), (0, 0)])
def test_a_release_of_another_incident_is_not_counted(asked: int, locked: int) -> None:
    desk = ReleaseDesk(SECRET, 5)
    assert desk.take(ReleaseAsked(asked, RFC_4226[asked]), locked) is Refusal.OTHER_INCIDENT
    assert desk.counter == 0


def test_one_at_a_time_and_never_without_a_secret() -> None:
    desk = ReleaseDesk(SECRET, 5)
    assert desk.take(ReleaseAsked(3, "000000"), 3) is None
    assert desk.take(ReleaseAsked(3, RFC_4226[3]), 3) is Refusal.ONE_AT_A_TIME
    assert not desk.judge()
    with pytest.raises(RuntimeError):
        desk.judge()
    assert ReleaseDesk(None, 5).take(ReleaseAsked(3, RFC_4226[3]), 3) is Refusal.NO_SECRET


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=60), st.integers(1, 10))
def test_the_counter_only_goes_up_and_no_incident_gets_more_tries(
    attempts: list[tuple[int, bool]], tries: int
) -> None:
    counter, locked = 0, 1
    taken: dict[int, int] = {}
    for incident, restart in attempts:
        locked = max(locked, incident)
        desk = ReleaseDesk(SECRET, tries, counter)
        if desk.take(ReleaseAsked(incident, "000000"), locked) is None:
            taken[locked] = taken.get(locked, 0) + 1
            if not restart:
                desk.judge()
        assert desk.counter >= counter
        counter = desk.counter
    assert all(count <= tries for count in taken.values())


def test_secrets_as_apps_show_them() -> None:
    assert secret_from_base32("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ") == SECRET
    assert secret_from_base32("gezdgnbvgy3tqojqgezdgnbvgy3tqojq=") == SECRET
    for bad in ("", "GEZDGNBV", "not base32!!", "1" * 32):
        with pytest.raises(ValueError, match="secret"):
            secret_from_base32(bad)
    with pytest.raises(ValueError, match="16 bytes"):
        ReleaseDesk(b"short", 5)
