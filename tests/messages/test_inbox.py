"""Who may text what, and what a RELEASE does at the door."""

from __future__ import annotations

import base64
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cabin.state import Mode
from edge.codes.release import (
    SLOW_S,
    ReleaseAsked,
)
from edge.journal.reader import lines
from edge.loop.happening import Happening
from edge.messages.inbox import (
    ANSWERS,
    ANSWERS_WITHIN_S,
    NO_AFTER_S,
    HelpAsked,
    Ignored,
    Inbox,
    OwnerDenied,
    StatusAsked,
)
from edge.settings.load import load
from edge.terms.record import Recipient
from hw.ports import Input, TextReceived
from tests.worlds.desk_world import scripted_desk
from tests.worlds.rfc_4226 import PASSWORDS, SECRET

NUMBERS = {
    Recipient.WATCHMAN: "+919876543210",
    Recipient.WATCHMAN2: "",
    Recipient.CONTROL_ROOM: "+912212345678",
}
WATCHMAN, CONTROL = NUMBERS[Recipient.WATCHMAN], NUMBERS[Recipient.CONTROL_ROOM]


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


@pytest.mark.slow
@given(st.text(max_size=40), st.text(max_size=200))
def test_any_text_is_read(number: str, text: str) -> None:
    Inbox(NUMBERS).read(TextReceived(number, text), 0.0)
    Inbox(NUMBERS).read(TextReceived(CONTROL, text), 0.0)


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

    def mode(self) -> Mode:
        return self.desk.kiosk.state.mode

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


@pytest.mark.slow
def test_forged_texts_do_not_shut_the_control_room_out(room: Room) -> None:
    for number in range(12):
        room.text(f"RELEASE 1 {number:06}")
    room.text(f"RELEASE 1 {PASSWORDS[1]}", 2 * SLOW_S)
    assert room.mode() is Mode.RELEASED
    (told,) = room.sent()
    assert "wrong password, that of counter 1 opens" in told, "once for all of them"


@pytest.mark.slow
def test_a_text_of_another_incident_is_answered(room: Room) -> None:
    room.text(f"RELEASE 2 {PASSWORDS[2]}")
    assert room.mode() is Mode.LOCKED
    (told,) = room.sent()
    assert "another incident is locked, or none" in told


@pytest.mark.slow
@pytest.mark.parametrize("lost", [("journal.db*",), ("release-counter",), ()])
def test_an_old_text_opens_no_door(room: Room, tmp_path: Path, lost: tuple[str, ...]) -> None:
    room.text(f"RELEASE 1 {PASSWORDS[1]}")
    assert room.mode() is Mode.RELEASED
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
    for text in (f"RELEASE 1 {PASSWORDS[1]}", f"RELEASE {incident} {PASSWORDS[1]}"):
        room.text(text)
        assert room.mode() is Mode.LOCKED
    assert any("that of counter 2 opens" in told for told in room.sent())
    room.text(f"RELEASE {incident} {PASSWORDS[2]}")
    assert room.mode() is Mode.RELEASED


@pytest.mark.slow
def test_the_password_is_used_up_before_the_door_opens(room: Room) -> None:
    room.text(f"RELEASE 1 {PASSWORDS[1]}")
    assert not room.desk.hands.lock_on
    names = [line.name for line in lines(room.desk.journal_file)]
    assert names.index("release_right") < names.index("released")


# --- the owner of a card ---------------------------------------------------------------------------

OWNER = "+919812345678"


def expecting(number: str = OWNER, claim: int = 3) -> Inbox:
    inbox = Inbox(NUMBERS)
    inbox.owner_expected(claim, 7, number)
    return inbox


@pytest.mark.parametrize(
    "text",
    ["NO", "no", "No.", " nO! ", "NEIN", "nein, bin ich nicht", "नहीं", "नही।", "Nahi", "\u201cNO\u201d"],
)
def test_a_no_in_any_language_is_the_owners_word(text: str) -> None:
    assert expecting().read(TextReceived(OWNER, text), 10.0) == OwnerDenied(3, 7)


@pytest.mark.parametrize(
    "text", ["", "YES", "NOW", "nothing", "know", "0", "नहीर", "number 12", "ok no", "नहीं1"]
)
def test_what_only_looks_like_a_no_is_none(text: str) -> None:
    assert expecting().read(TextReceived(OWNER, text), 10.0) == Ignored(Recipient.OWNER, "owner_said_other")


@pytest.mark.parametrize("number", ["+919812345679", "+1 555", "", "9812345670"])
def test_a_strangers_no_is_a_strangers(number: str) -> None:
    assert expecting().read(TextReceived(number, "NO"), 10.0) == Ignored(None, "stranger")


def test_an_owners_number_is_known_as_networks_write_it() -> None:
    assert expecting().read(TextReceived("09812345678", "NO"), 10.0) == OwnerDenied(3, 7)


def test_without_a_claim_nobody_is_an_owner_and_after_one_for_a_while_only() -> None:
    assert Inbox(NUMBERS).read(TextReceived(OWNER, "NO"), 10.0) == Ignored(None, "stranger")
    for after_s, said in ((NO_AFTER_S - 0.1, OwnerDenied(3, 7)), (NO_AFTER_S, Ignored(None, "stranger"))):
        inbox = expecting()
        inbox.owner_leaves(3, 100.0)
        assert inbox.read(TextReceived(OWNER, "NO"), 100.0 + after_s) == said


def test_of_two_claims_on_one_telephone_the_newer_is_denied_first() -> None:
    inbox = expecting()
    inbox.owner_leaves(3, 5.0)
    inbox.owner_expected(4, 8, OWNER)
    said = [inbox.read(TextReceived(OWNER, "NO"), 10.0) for _ in range(3)]
    assert said == [OwnerDenied(4, 8), OwnerDenied(3, 7), Ignored(Recipient.OWNER, "owner_denied_before")]


def test_a_watchman_who_is_an_owner_has_both_voices() -> None:
    inbox = expecting(WATCHMAN)
    assert inbox.read(TextReceived(WATCHMAN, "STATUS"), 10.0) == StatusAsked(Recipient.WATCHMAN)
    assert inbox.read(TextReceived(WATCHMAN, "NO"), 11.0) == OwnerDenied(3, 7)
    assert inbox.read(TextReceived(CONTROL, "NO"), 12.0) == HelpAsked(Recipient.CONTROL_ROOM)
