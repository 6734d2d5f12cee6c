"""Modems that refuse, rest, are slow and say things late: asked again, looked at, and never believed too
much.

They answer as modems were seen to; each is played in virtual time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from edge.codes.hotp import hotp
from edge.codes.release import ReleaseAsked, ReleaseDesk
from edge.messages.inbox import Inbox
from edge.terms.record import Recipient
from hw.modem import pdu
from hw.modem.at import Engine
from hw.modem.card import Subscription
from hw.modem.codes import CME, CMS, meaning, said_code
from hw.modem.fake.modem import FakeModem
from hw.modem.models import PROFILES
from hw.ports import (
    ModemDown,
    ModemTrouble,
    Rung,
    TextAccepted,
    TextFailed,
    TextReceived,
    TextReported,
)
from tests.worlds.modem_line import NUMBER, Line

CODE_TEXT = "Cabin 1. CODE 417. #37"
ROOM = "+4930555123456"

Refuse = Callable[[str, float], str | None]
"""What a command is answered instead, this many seconds after the modem's last start; None: as usual."""


class Stubborn(FakeModem):
    """A fake that answers some commands in its own way, and counts how often it was restarted by us."""

    def __init__(
        self,
        refuse: Refuse,
        profile: str = "sim800",
        *,
        pin: str | None = None,
        instant: bool = True,
        network_utc_s: float | None = None,
    ) -> None:
        super().__init__(profile, pin=pin, instant=instant, network_utc_s=network_utc_s)
        self.refuse = refuse
        self.resets = 0
        self.asked: list[str] = []
        self.instead = self._instead
        self.condition.powered_s = 1000.0

    def _instead(self, command: str) -> str | None:
        self.asked.append(command)
        if command in ("AT+CFUN=1,1", "AT+CRESET"):
            self.resets += 1
        return self.refuse(command, self.condition.up_s)


def until(end_s: float, words: tuple[str, ...], answer: str) -> Refuse:
    """Refused until so long after each start."""
    return lambda command, up_s: answer if command.startswith(words) and up_s < end_s else None


# --- not yet is not never --------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["+CME ERROR: 3", "ERROR", "+CMS ERROR: 314", "+CMS ERROR: 303"])
@pytest.mark.parametrize("end_s", [3.0, 9.0, 31.0, 60.0, 95.0])
def test_a_modem_that_takes_no_text_before_its_time_is_waited_for(end_s: float, answer: str) -> None:
    fake = Stubborn(until(end_s, ("AT+CMGF", "AT+CMGS", "AT+CPMS", "AT+CNMI", "AT+CMGL"), answer))
    line = Line(fake)
    assert line.get_ready(300)
    assert fake.resets == 0
    assert end_s <= line.now_s - 1000.0 <= end_s + 3
    assert isinstance(line.send(CODE_TEXT), TextAccepted)
    told = {event.trouble for event in line.of(ModemDown)}
    assert bool(told) == (end_s > 20), "who waits long is told why"


@pytest.mark.slow
@pytest.mark.parametrize("end_s", [150.0, 280.0, 600.0])
@pytest.mark.parametrize("word", ["AT+CMGF", "AT+CREG?"])
def test_no_remedy_restarts_for_ever_what_it_waits_for(end_s: float, word: str) -> None:
    """It takes so long after each start, and what we do to it begins that again."""
    busy = "+CREG: 0,2\nOK" if word == "AT+CREG?" else "+CME ERROR: 3"
    other = "+CGREG: 0,2\nOK"
    fake = Stubborn(
        lambda command, up_s: (
            None
            if up_s >= end_s
            else busy
            if command.startswith(word)
            else other
            if word == "AT+CREG?" and command == "AT+CGREG?"
            else None
        )
    )
    line = Line(fake)
    assert line.get_ready(3600)
    assert fake.resets <= 4


@pytest.mark.slow
@pytest.mark.parametrize(("profile", "away_s"), [("sim800", 300.0), ("sim7600", 1000.0)])
def test_one_that_takes_no_text_without_a_network_is_not_blamed_for_it(profile: str, away_s: float) -> None:
    fake = FakeModem(profile, instant=False)
    line = Line(fake)
    line.get_ready()
    fake.fault("late_network")
    fake.fault("unregistered")
    line.run(lambda: False, away_s)
    told = {event.trouble for event in line.of(ModemDown)}
    assert ModemTrouble.NOT_REGISTERED in told
    assert ModemTrouble.REFUSED not in told
    fake.fault("unregistered", on=False)
    assert line.get_ready(130)


def test_it_is_looked_at_before_it_is_restarted() -> None:
    """What ends in the pause before a rough rung is found ended."""
    over: list[bool] = []
    fake = Stubborn(lambda command, up_s: "ERROR" if command.startswith("AT+CMGF") and not over else None)
    line = Line(fake)
    assert line.run(lambda: line.engine.status.doing == "modem reset", 400)
    over.append(True)
    assert line.get_ready(2.0)
    assert fake.resets == 0
    assert Rung.RESET not in {recovery.rung for recovery in line.engine.status.recoveries}


def test_storage_and_notice_that_were_refused_are_asked_for_again() -> None:
    words = ("AT+CPMS=", "AT+CNMI", "AT+CMGL")
    line = Line(Stubborn(until(8.0, words, "+CMS ERROR: 314"), instant=False))
    assert line.get_ready()
    assert line.now_s < 1008.0
    told = [line.engine.status.told_of_texts]
    line.run(lambda: False, 32)
    assert [*told, line.engine.status.told_of_texts] == [False, True]
    line.fake.incoming(ROOM, "STATUS")
    assert line.run(lambda: bool(line.of(TextReceived)), 1.0)


@pytest.mark.parametrize("words", ["SMS Ready", "SMS DONE", "+QIND: SMS DONE"])
def test_when_it_says_that_it_is_ready_for_texts_it_is_asked_at_once(words: str) -> None:
    line = Line(Stubborn(until(8.0, ("AT+CPMS=", "AT+CNMI"), "+CMS ERROR: 314"), instant=False))
    line.get_ready()
    line.run(lambda: False, 8.0)
    assert line.engine.status.told_of_texts is False
    line.fake.say(words)
    assert line.run(lambda: line.engine.status.told_of_texts is True, 1.0)


@pytest.mark.parametrize("end_s", [8.0, 70.0])
def test_our_hexadecimal_never_goes_out_as_text(end_s: float) -> None:
    """Text mode without UCS2 would send it to the phones as it is."""
    fake = Stubborn(until(end_s, ("AT+CSCS",), "ERROR"), "generic_text")
    line = Line(fake)
    assert line.get_ready()
    assert line.now_s - 1000.0 >= end_s
    assert isinstance(line.send(CODE_TEXT), TextAccepted)
    assert [sent.text for sent in fake.texts] == [CODE_TEXT]


@pytest.mark.slow
def test_one_that_never_takes_ucs2_sends_nothing_and_is_told() -> None:
    line = Line(FakeModem("generic_text"))
    line.fake.fault("no_ucs2")
    assert not line.get_ready(3600)
    answer = line.send(CODE_TEXT)
    assert isinstance(answer, TextFailed)
    assert 'AT+CSCS="UCS2"' in answer.cause
    assert line.fake.texts == []


@pytest.mark.parametrize(("profile", "word"), [("sim800", "AT+CMGF=0"), ("generic_text", "AT+CMGF=1")])
def test_a_mode_refused_before_a_text_sends_nothing_in_the_other_mode(profile: str, word: str) -> None:
    refused = [False]
    fake = Stubborn(lambda command, up_s: "ERROR" if refused[0] and command == word else None, profile)
    line = Line(fake)
    line.get_ready()
    refused[0] = True
    answer = line.send(CODE_TEXT)
    assert isinstance(answer, TextFailed)
    assert answer.retryable
    assert not any(asked.startswith("AT+CMGS") for asked in fake.asked)


# --- errors in words -------------------------------------------------------------------------------

CMS_WORDS = {
    300: "ME failure",
    301: "SMS service of ME reserved",
    302: "operation not allowed",
    303: "operation not supported",
    304: "invalid PDU mode parameter",
    305: "invalid text mode parameter",
    310: "(U)SIM not inserted",
    311: "(U)SIM PIN required",
    312: "PH-(U)SIM PIN required",
    313: "(U)SIM failure",
    314: "(U)SIM busy",
    315: "(U)SIM wrong",
    316: "(U)SIM PUK required",
    317: "(U)SIM PIN2 required",
    318: "(U)SIM PUK2 required",
    320: "memory failure",
    321: "invalid memory index",
    322: "memory full",
    330: "SMSC address unknown",
    331: "no network service",
    332: "network timeout",
    340: "no +CNMA acknowledgement expected",
    500: "unknown error",
}
"""3GPP TS 27.005, 3.2.5, word for word."""
CME_WORDS = {
    3: "operation not allowed",
    4: "operation not supported",
    5: "PH-SIM PIN required",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "incorrect password",
    17: "SIM PIN2 required",
    18: "SIM PUK2 required",
    20: "memory full",
    23: "memory failure",
    30: "no network service",
    31: "network timeout",
    32: "network not allowed - emergency calls only",
    40: "network personalization PIN required",
    100: "unknown",
}
"""3GPP TS 27.007, 9.2.1, word for word."""


@pytest.mark.parametrize(
    ("family", "number", "words"),
    [("CMS", number, words) for number, words in CMS_WORDS.items()]
    + [("CME", number, words) for number, words in CME_WORDS.items()],
)
def test_words_are_read_with_their_own_family_s_numbers(family: str, number: int, words: str) -> None:
    plain, universal = words.replace("(U)SIM", "SIM"), words.replace("(U)SIM", "USIM")
    for said in (words, words.upper(), plain, universal, f"{words}."):
        assert said_code(family, said) == number
    assert number in (CMS if family == "CMS" else CME), "and known by number"


@pytest.mark.parametrize("number", sorted(CMS_WORDS))
def test_a_text_refused_in_words_comes_to_the_same_as_one_refused_by_number(number: int) -> None:
    answers = []
    for said in (f"+CMS ERROR: {number}", f"+CMS ERROR: {CMS_WORDS[number]}"):
        line = Line(Stubborn(until(math.inf, ("AT+CMGS",), said)))
        line.get_ready()
        answers.append(line.send(CODE_TEXT))
    assert answers[0] == answers[1]
    assert isinstance(answers[0], TextFailed)
    assert answers[0].retryable, "what the modem itself refuses may go through later: a code is not given up"


def test_words_that_nobody_knows_are_no_end() -> None:
    assert said_code("CMS", "the moon is full") is None
    assert meaning("CMS", None).retryable
    assert meaning("CMS", None).trouble is ModemTrouble.REFUSED


# --- awake, radio, card ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        *("ERROR", "+CME ERROR: 11", "+CME ERROR: SIM PIN required", "+CMS ERROR: 302"),
        *("COMMAND NOT SUPPORT", "TOO MANY PARAMETERS", "NO CARRIER", "4"),
    ],
)
def test_any_end_of_an_answer_means_awake(answer: str) -> None:
    fake = Stubborn(lambda command, up_s: answer if command == "ATE0Q0V1" else None, pin="1234")
    line = Line(fake, Engine(PROFILES["sim800"], Subscription("1234")))
    assert line.get_ready(30)
    assert 'AT+CPIN="1234"' in fake.asked
    assert line.of(ModemDown) == []


def test_a_modem_that_says_no_to_all_before_its_pin_gets_it_and_then_its_radio_on() -> None:
    opened: list[bool] = []
    radio = [0]

    def refuse(command: str, up_s: float) -> str | None:
        if command.startswith("AT+CPIN="):
            opened.append(True)
        elif command == "AT+CFUN?" and opened:
            return f"+CFUN: {radio[0]}\nOK"
        elif command == "AT+CFUN=1" and opened:
            radio[0] = 1
        elif command.endswith("REG?") and opened and not radio[0]:
            return f"+{command[3:-1]}: 0,0\nOK"
        elif not opened and command != "AT+CPIN?":
            return "ERROR"
        return None

    line = Line(Stubborn(refuse, pin="1234"), Engine(PROFILES["sim800"], Subscription("1234")))
    assert line.get_ready(60)
    assert radio == [1]


@pytest.mark.parametrize("fault", ["radio_off", "asleep"])
@pytest.mark.parametrize("when", ["at the start", "later"])
def test_a_radio_that_is_off_is_switched_on(fault: str, when: str) -> None:
    line = Line(FakeModem(instant=False))
    if when == "later":
        line.get_ready()
    line.fake.fault(fault)
    assert line.run(lambda: fault not in line.fake.faults, 60)
    assert line.get_ready(60)
    assert isinstance(line.send(CODE_TEXT), TextAccepted)
    assert all("no_sim" not in repr(event) for event in line.of(ModemDown))


def test_a_radio_number_of_its_own_is_left_to_the_network_to_judge() -> None:
    line = Line(Stubborn(lambda command, up_s: "+CFUN: 7\nOK" if command == "AT+CFUN?" else None))
    assert line.get_ready(60)


def test_a_card_is_not_missed_in_its_first_seconds() -> None:
    line = Line(Stubborn(until(2.5, ("AT+CPIN?",), "+CME ERROR: 10")))
    assert line.get_ready(10)
    assert line.of(ModemDown) == []


@pytest.mark.parametrize("word", ["SIM PIN2", "SIM PUK2"])
def test_a_card_that_wants_its_second_pin_is_open_for_texts(word: str) -> None:
    line = Line(Stubborn(lambda command, up_s: f"+CPIN: {word}\nOK" if command == "AT+CPIN?" else None))
    assert line.get_ready(10)
    assert isinstance(line.send(CODE_TEXT), TextAccepted)


@pytest.mark.parametrize(
    ("word", "trouble"),
    [
        *[
            (word, ModemTrouble.LOCKED)
            for word in ("PH-SIM PIN", "PH-NET PIN", "PH-NET PUK", "PH-SP PIN", "PH-CORP PIN")
        ],
        ("SIM PUK", ModemTrouble.PIN_WRONG),
    ],
)
def test_what_else_a_card_or_modem_wants_is_told_by_its_name(word: str, trouble: ModemTrouble) -> None:
    line = Line(Stubborn(lambda command, up_s: f"+CPIN: {word}\nOK" if command == "AT+CPIN?" else None))
    assert not line.get_ready(10)
    (down,) = line.of(ModemDown)
    assert isinstance(down, ModemDown)
    assert down.trouble is trouble
    assert word in down.detail


@pytest.mark.parametrize("code", [40, 42, 44, 46, 5])
def test_a_locked_modem_told_by_number_is_no_wrong_pin(code: int) -> None:
    line = Line(Stubborn(lambda command, up_s: f"+CME ERROR: {code}" if command == "AT+CPIN?" else None))
    assert not line.get_ready(10)
    assert line.engine.status.trouble is ModemTrouble.LOCKED


# --- the inbox -------------------------------------------------------------------------------------


def test_a_list_that_takes_its_time_is_read_and_emptied_and_nothing_is_reset() -> None:
    line = Line(FakeModem(instant=False))
    line.fake.fault("slow_list")
    for index in range(16):
        line.fake.incoming(ROOM, f"text {index} " + "x" * 140)
    line.get_ready()
    assert line.run(lambda: len(line.of(TextReceived)) == 16, 120)
    line.run(lambda: False, 200)
    assert line.fake.stores.here == {}
    assert len(line.of(TextReceived)) == 16
    assert line.of(ModemDown) == []
    assert line.engine.status.recoveries == ()


def test_of_a_list_that_never_ends_what_came_is_used() -> None:
    one = pdu.encode_deliver(ROOM, "STATUS").hex
    cut = f"+CMGL: 1,0,,{len(one) // 2 - 1}\n{one}\n+CMGL: 2,0,,40"
    fake = Stubborn(lambda command, up_s: None)
    fake.refuse = lambda command, up_s: (
        cut if command == "AT+CMGL=4" and "AT+CMGD=1" not in fake.asked else None
    )
    line = Line(fake)
    line.get_ready()
    assert line.run(lambda: "AT+CMGD=1" in fake.asked, 40)
    assert line.of(TextReceived) == [TextReceived(ROOM, "STATUS")]
    line.run(lambda: False, 100)
    assert fake.resets == 0
    assert line.of(ModemDown) == []


def test_a_text_that_waits_does_not_wait_for_a_list_that_hangs() -> None:
    fake = Stubborn(lambda command, up_s: "" if command == "AT+CMGL=4" else None)
    line = Line(fake)
    line.get_ready()
    line.run(lambda: False, 1.0)
    began_s = line.now_s
    assert isinstance(line.send(CODE_TEXT, deadline_s=30), TextAccepted)
    assert line.now_s - began_s < 10
    assert fake.resets == 0


def _settings(ok: Callable[[list[str]], bool]) -> Refuse:
    return lambda command, up_s: (
        "+CMS ERROR: 302" if command.startswith("AT+CNMI=") and not ok(command[8:].split(",")) else None
    )


@pytest.mark.parametrize("profile", ["sim800", "quectel", "huawei", "generic"])
@pytest.mark.parametrize(
    "ok",
    [
        lambda values: values[4] == "1",
        lambda values: values[3] == "2",
        lambda values: values[3] == "0",
        lambda values: values[0] == "3",
        lambda values: values[0] == "1" and values[3] == "0" and values[4] == "1",
    ],
)
def test_another_way_to_be_told_of_texts_is_found(profile: str, ok: Callable[[list[str]], bool]) -> None:
    line = Line(Stubborn(_settings(ok), profile))
    line.get_ready()
    assert line.engine.status.told_of_texts is True
    line.fake.incoming(ROOM, "RELEASE 7 000000")
    assert line.run(lambda: bool(line.of(TextReceived)), 1.0)


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_where_there_is_no_way_the_modem_is_asked_every_half_a_minute(profile: str) -> None:
    line = Line(FakeModem(profile))
    line.fake.fault("no_notice")
    line.get_ready()
    assert line.engine.status.told_of_texts is False
    line.run(lambda: False, 45)
    line.fake.incoming(ROOM, "RELEASE 7 000000")
    assert line.run(lambda: bool(line.of(TextReceived)), 31)
    line.fake.fault("no_notice", on=False)
    assert line.run(lambda: line.engine.status.told_of_texts is True, 31), "and the settings are tried again"


def test_a_text_whose_arrival_went_unheard_is_read_all_the_same() -> None:
    line = Line()
    line.get_ready()
    line.fake.stores.tells = False  # its line was lost
    line.fake.incoming(ROOM, "RELEASE 7 000000")
    assert line.run(lambda: bool(line.of(TextReceived)), 31)


@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("form", ["any", "three only", "one only"])
def test_what_lies_in_another_storage_is_read_and_deleted_there(profile: str, form: str) -> None:
    def refuse(command: str, up_s: float) -> str | None:
        wrong = {"any": (), "three only": (0,), "one only": (2,)}[form]
        return "ERROR" if command.startswith("AT+CPMS=") and command.count(",") in wrong else None

    fake = Stubborn(refuse, profile, network_utc_s=1_772_339_400.0)
    fake.fault("other_storage")
    line = Line(fake)
    line.get_ready()
    fake.incoming(ROOM, "STATUS")
    assert line.run(lambda: bool(line.of(TextReceived)), 2.0)
    assert line.run(lambda: line.engine.idle, 5.0)
    assert isinstance(line.send(CODE_TEXT), TextAccepted)
    assert line.run(lambda: bool(line.of(TextReported)), 5.0)
    assert line.of(TextReceived) == [TextReceived(ROOM, "STATUS")]
    (report,) = line.of(TextReported)
    assert isinstance(report, TextReported)
    assert (report.number, report.ok) == (NUMBER, True)
    assert report.sent_utc_s == pytest.approx(1_772_339_400.0 + line.now_s, abs=10)
    line.run(lambda: False, 5.0)
    assert not any(fake.stores.by_name.values()), "nothing is left anywhere"
    fake.fault("other_storage", on=False)
    fake.incoming(ROOM, "HELP")
    assert line.run(lambda: len(line.of(TextReceived)) == 2, 2.0), "and the first storage is read as before"


def test_a_storage_that_lists_nothing_is_read_by_the_place_that_was_told() -> None:
    fake = Stubborn(lambda command, up_s: None)
    fake.refuse = lambda command, up_s: (
        ("OK" if fake.stores.memory == "SR" else None) if command == "AT+CMGL=4" else None
    )
    fake.fault("other_storage")
    line = Line(fake)
    line.get_ready()
    line.send(CODE_TEXT)
    assert line.run(lambda: bool(line.of(TextReported)), 5.0)
    line.run(lambda: False, 2.0)
    assert fake.stores.by_name["SR"] == {}


@pytest.mark.parametrize("line_says", ['^SMMEMFULL: "SM"', '+QIND: "SMSFULL","SM"', "+SMS FULL"])
def test_a_modem_that_says_that_it_is_full_is_emptied(line_says: str) -> None:
    line = Line()
    line.get_ready()
    line.run(lambda: False, 1.0)
    line.fake.stores.tells = False
    for index in range(20):
        line.fake.incoming(ROOM, f"text {index}")
    line.fake.poll(line.now_s)
    line.fake.say(line_says)
    assert line.run(lambda: len(line.of(TextReceived)) == 20, 2.0)


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["sim800", "generic_text", "huawei"])
def test_a_text_that_cannot_be_deleted_is_told_once(profile: str) -> None:
    line = Line(FakeModem(profile))
    line.fake.fault("no_delete")
    line.get_ready()
    line.fake.incoming(ROOM, "RELEASE 7 000000")
    for index in range(3):
        line.run(lambda: False, 40)
        line.fake.incoming("+4912345", f"ad {index}")
    line.run(lambda: False, 700)
    assert [event.text for event in line.of(TextReceived)] == [
        "RELEASE 7 000000",
        "ad 0",
        "ad 1",
        "ad 2",
    ]
    line.fake.fault("no_delete", on=False)
    line.run(lambda: False, 31)
    assert line.fake.stores.here == {}
    assert len(line.of(TextReceived)) == 4


def test_one_wrong_release_that_cannot_be_deleted_takes_one_try() -> None:
    secret = b"0123456789abcdef"
    desk, inbox = ReleaseDesk(secret, 3), Inbox({Recipient.CONTROL_ROOM: ROOM})
    line = Line()
    line.fake.fault("no_delete")
    line.get_ready()
    texts = ["RELEASE 7 000000", "ad", "STATUS", f"RELEASE 7 {hotp(secret, 7)}"]
    for text in texts:
        line.fake.incoming(ROOM, text)
        line.run(lambda: False, 40)
    verdicts: list[object] = []
    for at_s, event in line.events:
        if isinstance(event, TextReceived):
            asked = inbox.read(event, at_s)
            if isinstance(asked, ReleaseAsked):
                assert desk.take(asked, 7) is None
                verdicts.append(desk.judge(7, at_s))
    assert verdicts == [False, True]


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_damaged_entries_go_and_good_ones_among_them_are_told(profile: str) -> None:
    line = Line(FakeModem(profile))
    line.get_ready()
    line.fake.fault("damaged")
    line.fake.incoming(ROOM, "RELEASE 7 000000")
    assert line.run(lambda: not line.fake.stores.here, 120)
    assert line.of(TextReceived) == [TextReceived(ROOM, "RELEASE 7 000000")]


def test_an_entry_that_the_line_damaged_once_is_read_and_not_lost() -> None:
    spoilt = [2]

    def bend(chunk: bytes) -> tuple[bytes, ...]:
        if b"+CMGL: 1" in chunk and spoilt[0]:
            spoilt[0] -= 1
            return (chunk.replace(b"\r\n0004", b"\r\n0x04"),)
        return (chunk,)

    line = Line(bend=bend)
    line.fake.incoming(ROOM, "RELEASE 7 000000")
    line.get_ready()
    assert line.run(lambda: bool(line.of(TextReceived)), 60)
    assert spoilt == [0]
    assert line.of(TextReceived) == [TextReceived(ROOM, "RELEASE 7 000000")]


def test_a_storage_that_only_noise_named_is_soon_forgotten() -> None:
    fake = Stubborn(lambda command, up_s: None)
    line = Line(fake)
    line.get_ready()
    fake.say('+CMTI: "XQ",3')
    line.run(lambda: False, 1300)
    assert 0 < sum('"XQ"' in asked for asked in fake.asked) <= 8
    assert line.engine.ready


@pytest.mark.parametrize("fault", ["no_notice", "slow_list"])
def test_a_code_does_not_wait_for_the_inbox_of_a_slow_modem(fault: str) -> None:
    """Every answer takes 2 s, and no way to be told of texts is taken."""
    line = Line(FakeModem(instant=False))
    line.fake.fault("slow")
    line.fake.fault(fault)
    line.fake.incoming(ROOM, "STATUS")
    line.get_ready()
    for ticket in range(1, 8):
        answer = line.send(CODE_TEXT, ticket=ticket, deadline_s=45)
        assert isinstance(answer, TextAccepted), ticket
        line.run(lambda: False, 11.0)


def test_parameters_that_are_refused_do_not_hold_up_a_plain_text() -> None:
    line = Line(
        Stubborn(lambda command, up_s: "ERROR" if command.startswith("AT+CSMP") else None, "generic_text")
    )
    line.get_ready()
    assert isinstance(line.send(CODE_TEXT), TextAccepted)
    line.run(lambda: line.engine.idle, 5)
    answer = line.send("कोड 417", ticket=2)
    assert isinstance(answer, TextFailed), "it would arrive as characters that nobody can read"


def test_a_modem_whose_references_stand_still_is_heard_after_all_of_that() -> None:
    fake = Stubborn(unmoved, "huawei", instant=False)
    line = Line(fake)
    line.get_ready()
    handed_s = line.now_s
    fake.network.reference = -1
    _late(fake, line, 1)
    line.run(lambda: False, handed_s + 89.0 - line.now_s)
    fake.fault("cms:38")
    assert isinstance(line.send("second", ticket=2), TextFailed)
    fake.fault("cms:38", on=False)
    line.run(lambda: line.engine.idle, 40)
    fake.network.reference = -1  # the same one again
    began_s = line.now_s
    assert isinstance(line.send("third", ticket=3), TextAccepted)
    assert line.now_s - began_s < 23


# --- answers that come too late --------------------------------------------------------------------


def unmoved(command: str, up_s: float) -> str | None:
    """It says that it restarts, and does not."""
    return "OK" if command in ("AT+CFUN=1,1", "AT+CRESET") else None


def _late(fake: FakeModem, line: Line, ticket: int) -> None:
    """A text that is given up while the modem has it."""
    fake.fault("very_late")
    assert isinstance(line.send("first", ticket=ticket, deadline_s=40), TextFailed)
    fake.fault("very_late", on=False)
    assert line.run(lambda: line.engine.idle, 80)


@pytest.mark.slow
@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("refusal", ["cms:38", "cms:1"])
@pytest.mark.parametrize("obeys", [True, False])
def test_the_answer_to_a_text_that_was_given_up_is_not_the_next_ones(
    profile: str, before: int, refusal: str, obeys: bool
) -> None:
    """Whether it restarts when it is told to, and so forgets the first, or not."""
    fake = FakeModem(profile, instant=False) if obeys else Stubborn(unmoved, profile, instant=False)
    line = Line(fake)
    line.get_ready()
    for ticket in range(before):
        assert isinstance(line.send("before", ticket=100 + ticket), TextAccepted)
        line.run(lambda: line.engine.idle, 5)
    handed_s = line.now_s
    _late(fake, line, 1)
    line.run(lambda: False, max(0.0, handed_s + 89.0 - line.now_s))
    assert line.engine.idle
    fake.fault(refusal)
    answer = line.send("second", ticket=2, deadline_s=30)
    assert isinstance(answer, TextFailed), "refused in truth"
    line.run(lambda: False, 60)
    assert [event for _, event in line.events if isinstance(event, TextAccepted) and event.ticket == 2] == []
    assert [sent.text for sent in fake.texts if sent.text == "second"] == []
    told = [event for _, event in line.events if isinstance(event, TextAccepted) and event.ticket == 1]
    if obeys or PROFILES[profile].references_move:
        assert len(told) == (0 if obeys else 1), "that of the first is reported late, when it comes"


@pytest.mark.slow
@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("before", [0, 1, 255])
def test_after_one_that_was_given_up_the_next_ones_are_accepted_in_time(profile: str, before: int) -> None:
    fake = Stubborn(unmoved, profile)
    fake.network.reference = before  # it counts to 255 and begins again
    line = Line(fake)
    line.get_ready()
    if before:
        assert isinstance(line.send("before", ticket=100), TextAccepted)
    fake.fault("unsaid")
    assert isinstance(line.send("first", ticket=1, deadline_s=30), TextFailed)
    fake.fault("unsaid", on=False)
    assert line.run(lambda: line.engine.idle, 60)
    for ticket in range(2, 6):
        began_s = line.now_s
        assert isinstance(line.send("next", ticket=ticket), TextAccepted)
        known = before and PROFILES[profile].references_move
        assert line.now_s - began_s < (1.0 if known or ticket > 2 else 21.0)
        line.run(lambda: line.engine.idle, 5)


def test_a_restart_ends_the_wait_for_what_was_given_up() -> None:
    fake = FakeModem()
    line = Line(fake)
    line.get_ready()
    fake.fault("unsaid")
    line.send("first", ticket=1, deadline_s=30)
    fake.fault("unsaid", on=False)
    fake.reboot()
    assert line.run(lambda: line.engine.idle, 60)
    began_s = line.now_s
    assert isinstance(line.send("second", ticket=2), TextAccepted)
    assert line.now_s - began_s < 1.0


def test_references_come_round() -> None:
    line = Line()
    line.get_ready()
    found: list[int] = []
    for ticket in range(300):
        answer = line.send("x", ticket=ticket)
        assert isinstance(answer, TextAccepted)
        found += answer.references
        line.run(lambda: line.engine.idle, 5)
        line.events.clear()
    assert found == [(1 + index) % 256 for index in range(300)]


@pytest.mark.parametrize("seed", range(20))
def test_any_three_faults_together_are_outlived(seed: int) -> None:
    rnd = random.Random(seed)
    names = ["slow_start", "late_network", "verbose", "e0_refused", "radio_off", "asleep", "slow_list"]
    names += ["no_notice", "other_storage", "no_delete", "damaged", "very_late", "pin2", "net_locked"]
    line = Line(FakeModem(rnd.choice(sorted(PROFILES)), instant=False, seed=seed))
    chosen = rnd.sample(names, 3)
    for name in chosen:
        line.fake.fault(name)
    line.run(lambda: False, rnd.uniform(5, 200))
    for name in chosen:
        line.fake.fault(name, on=False)
    assert line.run(lambda: line.engine.idle, 150), chosen
    assert isinstance(line.send(CODE_TEXT, deadline_s=60), TextAccepted), chosen
