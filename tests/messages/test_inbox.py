"""Who may text what, and the RELEASE that opens a door: RFC 4226, each password once and for ever."""

from __future__ import annotations

import base64
import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cabin.state import Mode
from edge.codes.book import hotp
from edge.journal.writer import lines
from edge.loop.kiosk import Happening
from edge.messages.inbox import (
    ANSWERS,
    ANSWERS_WITHIN_S,
    LOOK_AHEAD,
    RELEASE_COUNTER,
    RELEASE_WRONG,
    SLOW_S,
    HelpAsked,
    Ignored,
    Inbox,
    Refusal,
    ReleaseAsked,
    ReleaseDesk,
    StatusAsked,
    secret_from_base32,
)
from edge.messages.release_counter import CounterFile
from edge.settings.load import load
from edge.terms.record import Recipient
from hw.ports import Input, TextReceived
from tests.worlds.desk_world import scripted_desk

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


def ask(incident: int, password: str) -> ReleaseAsked:
    return ReleaseAsked(incident, password)


@pytest.mark.parametrize(("counter", "password"), list(enumerate(RFC_4226))[1:])
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
    assert desk.take(ask(3, RFC_4226[3]), 3) is None
    assert desk.next_wake_s(10.0) == 10.0 + SLOW_S
    assert desk.judge(3, 10.0 + SLOW_S - 0.1) is None
    assert desk.judge(3, 10.0 + SLOW_S), "the newest comes first"


def test_one_that_waits_gets_its_turn_whatever_comes_after_it() -> None:
    """Whoever forges the sender sends more often than the control room does."""
    desk = ReleaseDesk(SECRET, 1)
    desk.take(ask(3, "000000"), 3)
    assert desk.judge(3, 0.0) is False
    desk.take(ask(3, RFC_4226[3]), 3)
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
    assert desk.take(ask(3, RFC_4226[3]), 3) is None
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
    desk.take(ask(3, RFC_4226[3]), 3)
    assert desk.judge(3, 5.0) is None
    assert desk.judge(3, 5.0 + SLOW_S)
    assert desk.take(ask(4, "000000"), 4) is None
    assert desk.judge(4, 6.0 + SLOW_S) is False, "the next incident has its own tries"
    assert desk.take(ask(4, RFC_4226[4]), 4) is None
    assert desk.judge(4, 6.0 + SLOW_S)


@pytest.mark.parametrize(("asked", "locked"), [(3, 4), (4, 3), (3, 0), (0, 0)])
def test_a_release_of_another_incident_is_not_counted(asked: int, locked: int) -> None:
    desk = ReleaseDesk(SECRET, 5)
    assert desk.take(ask(asked, RFC_4226[asked]), locked) is Refusal.OTHER_INCIDENT
    assert desk.judge(locked, 0.0) is None


def test_what_waits_for_an_incident_opens_no_other() -> None:
    desk = ReleaseDesk(SECRET, 1)
    desk.take(ask(3, "000000"), 3)
    assert desk.judge(3, 0.0) is False
    desk.take(ask(3, RFC_4226[4]), 3)
    assert desk.judge(0, SLOW_S) is None
    assert desk.judge(4, 10 * SLOW_S) is None


def test_never_without_a_secret() -> None:
    assert ReleaseDesk(None, 5).take(ask(3, RFC_4226[3]), 3) is Refusal.NO_SECRET
    assert ReleaseDesk(None, 5).judge(3, 0.0) is None


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


# --- the counter's own file -----------------------------------------------------------------------


def test_the_counter_file_only_goes_up(tmp_path: Path) -> None:
    file = CounterFile(tmp_path / "release-counter", threaded=False)
    assert file.read() == 0
    for number, after in ((3, 3), (9, 9), (4, 9), (10**17, 10**17)):
        file.keep(number)
        assert file.read() == after
    assert [path.name for path in tmp_path.iterdir()] == ["release-counter"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"-3", b"9" * 5000, b"12 # set by hand", b"1_0"])
def test_a_counter_file_that_is_none_counts_as_lost(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "release-counter"
    path.write_bytes(content)
    file = CounterFile(path, threaded=False)
    assert file.read() == 0
    file.keep(7)
    assert path.read_text() == "7\n"


def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    CounterFile(tmp_path / "no" / "folder" / "release-counter", threaded=False).keep(3)
    (tmp_path / "release-counter").mkdir()
    file = CounterFile(tmp_path / "release-counter", threaded=False)
    file.keep(3)
    assert file.read() == 0


def test_the_loop_does_not_wait_for_it(tmp_path: Path) -> None:
    file = CounterFile(tmp_path / "release-counter")
    with file._lock:  # the disk hangs
        file.keep(3)
        assert file.read() == 0
    give_up_s = time.monotonic() + 30.0
    while file.read() != 3:
        assert time.monotonic() < give_up_s
        time.sleep(0.01)


# --- on the desk ----------------------------------------------------------------------------------


class Room:
    """A cabin with somebody locked in, and a control room that has the secret; forged texts look the same."""

    def __init__(self, folder: Path) -> None:
        secret = folder / "hotp"
        secret.write_text(base64.b32encode(SECRET).decode())
        secret.chmod(0o600)
        self.heard: list[Happening] = []
        settings = load(None, [f"people.hotp_secret_file={secret}"])
        self.desk, self.people = scripted_desk(folder, self.heard.append, settings=settings, every_s=0.4)
        self.lock()

    def lock(self) -> None:
        now_s = self.desk.clock.now_s()
        self.desk.move_input(Input.DOOR, True)
        self.desk.run_to(now_s + 1.0)
        self.people.do("enter anna with mask", now_s + 1.0)
        self.desk.move_input(Input.DOOR, False)
        self.desk.run_to(now_s + 45.0)
        assert self.desk.hands.lock_on

    def text(self, words: str, wait_s: float = 8.0) -> None:
        self.desk.phone.incoming(self.desk.numbers[Recipient.CONTROL_ROOM], words)
        self.desk.run_to(self.desk.clock.now_s() + wait_s)

    def sent(self) -> list[str]:
        return [
            str(h.data["text"]) for h in self.heard if h.kind == "sms" and "refused" in str(h.data["text"])
        ]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.desk.close()


def test_forged_texts_do_not_shut_the_control_room_out(room: Room) -> None:
    for number in range(12):
        room.text(f"RELEASE 1 {number:06}")
    room.text(f"RELEASE 1 {RFC_4226[1]}", 2 * SLOW_S)
    assert room.desk.kiosk.state.mode is Mode.RELEASED
    (told,) = room.sent()
    assert "wrong password, that of counter 1 opens" in told, "once for all of them"


def test_a_text_of_another_incident_is_answered(room: Room) -> None:
    room.text(f"RELEASE 2 {RFC_4226[2]}")
    assert room.desk.kiosk.state.mode is Mode.LOCKED
    (told,) = room.sent()
    assert "another incident is locked, or none" in told


@pytest.mark.parametrize("lost", [("journal.db*",), ("release-counter",), ()])
def test_an_old_text_opens_no_door(room: Room, tmp_path: Path, lost: tuple[str, ...]) -> None:
    room.text(f"RELEASE 1 {RFC_4226[1]}")
    assert room.desk.kiosk.state.mode is Mode.RELEASED
    room.desk.power_off()
    for pattern in lost:
        for file in tmp_path.glob(pattern):
            file.unlink()
    room.people.people.clear()
    room.desk.clock.move_to(300.0)
    room.desk.power_on()
    room.desk.run_to(330.0)
    room.lock()
    incident = room.desk.kiosk.state.incident
    for text in (f"RELEASE 1 {RFC_4226[1]}", f"RELEASE {incident} {RFC_4226[1]}"):
        room.text(text)
        assert room.desk.kiosk.state.mode is Mode.LOCKED
    assert any("that of counter 2 opens" in told for told in room.sent())
    room.text(f"RELEASE {incident} {RFC_4226[2]}")
    assert room.desk.kiosk.state.mode is Mode.RELEASED


def test_the_password_is_used_up_before_the_door_opens(room: Room) -> None:
    room.text(f"RELEASE 1 {RFC_4226[1]}")
    assert not room.desk.hands.lock_on
    names = [line.name for line in lines(room.desk.journal_file)]
    assert names.index("release_right") < names.index("released")


def test_secrets_as_apps_show_them() -> None:
    assert secret_from_base32("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ") == SECRET
    assert secret_from_base32("gezdgnbvgy3tqojqgezdgnbvgy3tqojq=") == SECRET
    for bad in ("", "GEZDGNBV", "not base32!!", "1" * 32):
        with pytest.raises(ValueError, match="secret"):
            secret_from_base32(bad)
    with pytest.raises(ValueError, match="16 bytes"):
        ReleaseDesk(b"short", 5)
