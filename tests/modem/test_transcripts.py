"""Conversations written down by hand, byte for byte, as the makers' manuals show them.

They do not know our fake: what it gets wrong about modems, these would show. Each is driven whole, byte by
byte, with a line behind every answer, and with an unsolicited line at every position. Format: what the
driver must write, what the modem answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from hw.modem import pdu
from hw.modem.at import Engine
from hw.modem.card import Subscription
from hw.modem.models import PROFILES
from hw.ports import (
    ModemDown,
    ModemEvent,
    ModemReady,
    ModemTrouble,
    TextAccepted,
    TextFailed,
    TextReceived,
    TextReported,
)
from tests.worlds.modem_line import UNSOLICITED, byte_by_byte, whole

HELLO = "0031000B916407281553F80000A70AE8329BFD4697D9EC37\x1a"
"""hellohello to +46708251358, with a report, good for a day."""

Chat = list[tuple[str, str]]


@dataclass(frozen=True)
class Transcript:
    """`answer` is what the text comes to, None where none is sent; `told` what else must be reported,
    once."""

    profile: str
    chat: Chat
    answer: ModemEvent | None
    pin: str | None = None
    told: tuple[ModemEvent, ...] = ()


SIM800_START: Chat = [
    # echo is on after power-up: the command comes back with the answer
    ("ATE0Q0V1\r", "ATE0Q0V1\r\r\nOK\r\n"),
    ("AT+CMEE=1\r", "\r\nOK\r\n"),
    ("AT+CGMM\r", "\r\nSIMCOM_SIM800L\r\n\r\nOK\r\n"),
    ("AT+CFUN?\r", "\r\n+CFUN: 1\r\n\r\nOK\r\n"),
    ("AT+CPIN?\r", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
    ("AT+CREG?\r", "\r\n+CREG: 0,2\r\n\r\nOK\r\n"),
    ("AT+CGREG?\r", "\r\n+CGREG: 0,0\r\n\r\nOK\r\n"),
    ("AT+CREG?\r", "\r\n+CREG: 0,1\r\n\r\nOK\r\n"),
    ("AT+CGREG?\r", "\r\n+CGREG: 0,1\r\n\r\nOK\r\n"),
    ("AT+CSCA?\r", '\r\n+CSCA: "+46705008999",145\r\n\r\nOK\r\n'),
    ("AT+CMGF=0\r", "\r\nOK\r\n"),
    ('AT+CPMS="SM","SM","SM"\r', "\r\n+CPMS: 0,30,0,30,0,30\r\n\r\nOK\r\n"),
    ("AT+CNMI=2,1,0,1,0\r", "\r\nOK\r\n"),
    ("AT+CSQ\r", "\r\n+CSQ: 17,0\r\n\r\nOK\r\n"),
    ("AT+COPS?\r", '\r\n+COPS: 0,0,"Telia"\r\n\r\nOK\r\n'),
    ("AT+CBC\r", "\r\n+CBC: 0,96,4143\r\n\r\nOK\r\n"),
    ("AT+CCLK?\r", '\r\n+CCLK: "04/01/01,00:01:13+00"\r\n\r\nOK\r\n'),
]
INBOX: Chat = [("AT+CMGL=4\r", "\r\nOK\r\n")]
SENT: Chat = [
    ("AT+CMGF=0\r", "\r\nOK\r\n"),
    ("AT+CMGS=23\r", "\r\n> "),
    (HELLO, "\r\n+CMGS: 241\r\n\r\nOK\r\n"),
]
SENT_AT = datetime(2026, 3, 11, 1, 0, 0, tzinfo=UTC)
STATUS = pdu.encode_deliver("+46708251358", "STATUS", stamp="62301110000000").hex
REPORT = pdu.encode_status_report(241, "+46708251358", 0, stamp="62301110000000").hex


def but(chat: Chat, **changes: Chat) -> Chat:
    """The same conversation with other answers to some commands: `AT+` and the word, once each."""
    left = dict(changes)
    return [
        line
        for command, reply in chat
        for line in left.pop(command[3:7].rstrip("=?").lower(), [(command, reply)])
    ]


TRANSCRIPTS = {
    "sim800 sends": Transcript(
        "sim800",
        [
            *SIM800_START,
            ("AT+CMGF=0\r", "\r\nOK\r\n"),
            ("AT+CMGS=23\r", "\r\n> "),
            # the network takes its time; the signal report and a ring come in between
            (HELLO, "\r\nRING\r\n\r\n+CMGS: 241\r\n\r\nOK\r\n"),
            *INBOX,
        ],
        TextAccepted(1, (241,)),
    ),
    "sim800 is refused for lack of credit": Transcript(
        "sim800",
        [
            *SIM800_START,
            ("AT+CMGF=0\r", "\r\nOK\r\n"),
            ("AT+CMGS=23\r", "\r\n> "),
            (HELLO, "\r\n+CMS ERROR: 21\r\n"),
            *INBOX,
        ],
        TextFailed(
            1,
            ModemTrouble.NO_CREDIT,
            "CMS 21: text rejected by the network, often for lack of credit",
            True,
        ),
    ),
    "ec25 after power-up": Transcript(
        "quectel",
        [
            ("ATE0Q0V1\r", "\r\nRDY\r\n\r\n+CPIN: READY\r\nATE0Q0V1\r\r\nOK\r\n\r\n+QUSIM: 1\r\n"),
            ("AT+CMEE=1\r", "\r\nOK\r\n"),
            ("AT+CGMM\r", "\r\nEC25\r\n\r\nOK\r\n"),
            ('AT+QURCCFG="urcport","all"\r', "\r\nOK\r\n"),
            ("AT+CFUN?\r", "\r\n+CFUN: 1\r\n\r\nOK\r\n"),
            ("AT+CPIN?\r", "\r\n+CME ERROR: 14\r\n"),
            ("AT+CPIN?\r", "\r\n+CPIN: READY\r\n\r\nOK\r\n\r\n+QIND: SMS DONE\r\n"),
            ("AT+CREG?\r", '\r\n+CREG: 2,1,"D509","80D413D",7\r\n\r\nOK\r\n'),
            ("AT+CGREG?\r", "\r\n+CGREG: 1\r\n\r\n+CGREG: 0,1\r\n\r\nOK\r\n"),
            ("AT+CEREG?\r", "\r\n+CEREG: 0,5\r\n\r\nOK\r\n"),
            ("AT+CSCA?\r", '\r\n+CSCA: "+8613800551500",145\r\n\r\nOK\r\n'),
            ("AT+CMGF=0\r", "\r\nOK\r\n"),
            ('AT+CPMS="ME","ME","ME"\r', "\r\n+CPMS: 0,255,0,255,0,255\r\n\r\nOK\r\n"),
            ("AT+CNMI=2,1,0,1,0\r", "\r\nOK\r\n"),
            ("AT+CSQ\r", "\r\n+CSQ: 28,99\r\n\r\nOK\r\n"),
            ("AT+COPS?\r", '\r\n+COPS: 0,0,"CHN-UNICOM",7\r\n\r\nOK\r\n'),
            ("AT+CBC\r", "\r\n+CBC: 0,85,3908\r\n\r\nOK\r\n"),
            ("AT+CCLK?\r", '\r\n+CCLK: "26/02/03,09:11:02+32"\r\n\r\nOK\r\n'),
            ("AT+CMGF=0\r", "\r\nOK\r\n"),
            ("AT+CMGS=23\r", "\r\n> "),
            (HELLO, "\r\n+CMGS: 247\r\n\r\nOK\r\n"),
            *INBOX,
        ],
        TextAccepted(1, (247,)),
    ),
    "huawei stick": Transcript(
        "huawei",
        [
            ("ATE0Q0V1\r", "\r\n^RSSI:18\r\nOK\r\n"),
            ("AT+CMEE=1\r", '\r\nOK\r\n\r\n^HCSQ:"LTE",47,39,101,20\r\n'),
            ("AT+CGMM\r", "\r\nE3372\r\n\r\nOK\r\n"),
            ("AT^CURC=0\r", "\r\nOK\r\n"),
            ("AT+CFUN?\r", "\r\n+CFUN: 1\r\n\r\nOK\r\n"),
            ("AT+CPIN?\r", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
            ("AT+CREG?\r", "\r\n+CREG: 0,1\r\n\r\nOK\r\n"),
            ("AT+CGREG?\r", "\r\nCOMMAND NOT SUPPORT\r\n"),
            ("AT+CEREG?\r", "\r\n+CEREG: 0,1\r\n\r\nOK\r\n"),
            ("AT+CSCA?\r", '\r\n+CSCA: "+491710760000",145\r\n\r\nOK\r\n'),
            ("AT+CMGF=0\r", "\r\nOK\r\n"),
            ('AT+CPMS="SM","SM","SM"\r', "\r\n+CPMS: 0,50,0,50,0,50\r\n\r\nOK\r\n"),
            ("AT+CNMI=2,1,0,2,0\r", "\r\n+CMS ERROR: 303\r\n"),
            ("AT+CNMI=1,1,0,2,0\r", "\r\nOK\r\n"),
            ("AT+CSQ\r", "\r\n+CSQ: 31,99\r\n\r\nOK\r\n"),
            ("AT+COPS?\r", '\r\n+COPS: 0,0,"Telekom.de",7\r\n\r\nOK\r\n'),
            ("AT+CMGF=0\r", "\r\nOK\r\n"),
            ("AT+CMGS=23\r", "\r\n> "),
            (HELLO, "\r\n^RSSI:20\r\n\r\n+CMGS: 12\r\n\r\n^RSSI:21\r\n\r\nOK\r\n"),
            *INBOX,
        ],
        TextAccepted(1, (12,)),
    ),
    "sim800 before it is ready for texts": Transcript(
        "sim800",
        [
            *but(
                SIM800_START,
                csca=[("AT+CSCA?\r", "\r\n+CME ERROR: 14\r\n")],
                cmgf=[
                    ("AT+CMGF=0\r", "\r\n+CME ERROR: 3\r\n"),
                    ("AT+CMGF=0\r", "\r\nERROR\r\n"),
                    ("AT+CMGF=0\r", "\r\n+CMS ERROR: 314\r\n\r\nCall Ready\r\n\r\nSMS Ready\r\n"),
                    ("AT+CMGF=0\r", "\r\nOK\r\n"),
                ],
            ),
            *SENT,
            *INBOX,
        ],
        TextAccepted(1, (241,)),
    ),
    "it says no in words": Transcript(
        "sim800",
        [
            *but(SIM800_START, cmee=[("AT+CMEE=1\r", "\r\nERROR\r\n")]),
            *SENT[:2],
            (HELLO, "\r\n+CMS ERROR: network timeout\r\n"),
            *INBOX,
        ],
        TextFailed(1, ModemTrouble.REFUSED, "CMS 332: network did not answer in time", True),
    ),
    "says no to everything before the PIN, and rests with its radio off": Transcript(
        "sim800",
        [
            ("ATE0Q0V1\r", "ATE0Q0V1\r\r\n+CME ERROR: 11\r\n"),
            ("ATV1\r", "ATV1\r\r\nERROR\r\n"),
            ("ATQ0\r", "ATQ0\r\r\nERROR\r\n"),
            ("ATE0\r", "ATE0\r\r\nOK\r\n"),
            ("AT+CMEE=1\r", "\r\nERROR\r\n"),
            ("AT+CGMM\r", "\r\nERROR\r\n"),
            ("AT+CFUN?\r", "\r\nERROR\r\n"),
            ("AT+CPIN?\r", "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n"),
            ("AT+SPIC\r", "\r\n+SPIC: 3,10,0,0\r\n\r\nOK\r\n"),
            ('AT+CPIN="1234"\r', "\r\nOK\r\n"),
            ("AT+CPIN?\r", "\r\n+CPIN: READY\r\n\r\nOK\r\n"),
            ("AT+CFUN?\r", "\r\n+CFUN: 4\r\n\r\nOK\r\n"),
            ("AT+CFUN=1\r", "\r\nOK\r\n"),
            ("AT+CFUN?\r", "\r\n+CFUN: 1\r\n\r\nOK\r\n"),
            *SIM800_START[5:],
            *SENT,
            *INBOX,
        ],
        TextAccepted(1, (241,)),
        pin="1234",
    ),
    "all of it is off, and the card is not seen at once": Transcript(
        "sim800",
        [
            *but(
                SIM800_START,
                cfun=[
                    ("AT+CFUN?\r", "\r\n+CFUN: 0\r\n\r\nOK\r\n"),
                    ("AT+CFUN=1\r", "\r\nOK\r\n"),
                    ("AT+CFUN?\r", "\r\n+CFUN: 1\r\n\r\nOK\r\n"),
                ],
                cpin=[
                    *[("AT+CPIN?\r", "\r\n+CME ERROR: 10\r\n")] * 5,
                    ("AT+CPIN?\r", "\r\n+CME ERROR: SIM busy\r\n"),
                    ("AT+CPIN?\r", "\r\n+CPIN: SIM PIN2\r\n\r\nOK\r\n"),
                ],
            ),
            *SENT,
            *INBOX,
        ],
        TextAccepted(1, (241,)),
    ),
    "another way to be told of texts, and one that is not deleted": Transcript(
        "sim800",
        [
            *but(
                SIM800_START,
                cpms=[
                    ('AT+CPMS="SM","SM","SM"\r', "\r\n+CMS ERROR: 302\r\n"),
                    ('AT+CPMS="SM"\r', "\r\n+CPMS: 1,30,1,30,1,30\r\n\r\nOK\r\n"),
                ],
                cnmi=[
                    *[(f"AT+CNMI={mode},1,0,1,0\r", "\r\n+CMS ERROR: 302\r\n") for mode in (2, 1, 3)],
                    ("AT+CNMI=2,1,0,1,1\r", "\r\nOK\r\n"),
                ],
            ),
            *SENT,
            ("AT+CMGL=4\r", f"\r\n+CMGL: 7,0,,{len(STATUS) // 2 - 1}\r\n{STATUS}\r\n\r\nOK\r\n"),
            ("AT+CMGD=7\r", "\r\n+CMS ERROR: 321\r\n"),
            ("AT+CMGD=1,1\r", "\r\nOK\r\n"),
        ],
        TextAccepted(1, (241,)),
        told=(TextReceived("+46708251358", "STATUS"),),
    ),
    "a report in a storage of its own": Transcript(
        "sim800",
        [
            *SIM800_START,
            *SENT[:2],
            (HELLO, '\r\n+CDSI: "SR",1\r\n\r\n+CMGS: 241\r\n\r\nOK\r\n'),
            *INBOX,
            ('AT+CPMS="SR"\r', "\r\n+CPMS: 1,10,0,30,0,30\r\n\r\nOK\r\n"),
            ("AT+CMGL=4\r", f"\r\n+CMGL: 1,0,,{len(REPORT) // 2 - 1}\r\n{REPORT}\r\n\r\nOK\r\n"),
            ("AT+CMGD=1\r", "\r\nOK\r\n"),
            ('AT+CPMS="SM","SM","SM"\r', "\r\n+CPMS: 0,30,0,30,0,30\r\n\r\nOK\r\n"),
        ],
        TextAccepted(1, (241,)),
        told=(TextReported("+46708251358", 241, True, SENT_AT.timestamp()),),
    ),
    "no card": Transcript(
        "sim800",
        [*SIM800_START[:4], *[("AT+CPIN?\r", "\r\n+CME ERROR: SIM not inserted\r\n")] * 4],
        None,
    ),
}


def _play(
    script: Transcript,
    bend: Callable[[bytes], Iterable[bytes]],
    trailing: bytes = b"",
    intruder: tuple[int, int, bytes] | None = None,
) -> list[ModemEvent]:
    """Answer each command as written, demand that the next one is the one written.

    `intruder`: in the answer of this index, at this byte, these bytes come in between.
    """
    engine = Engine(PROFILES[script.profile], Subscription(script.pin))
    now_s = 0.0
    events: list[ModemEvent] = []
    left = list(script.chat)
    engine.port_opened(now_s)
    if script.answer is not None:
        engine.send(1, "+46708251358", "hellohello", 600.0, now_s)
    while now_s < 120 and left:
        engine.poll(now_s)
        out = engine.take_output().decode("latin-1")
        if out:
            wanted, reply = left.pop(0)
            assert out == wanted
            data = reply.encode("latin-1") + trailing
            if intruder is not None and intruder[0] == len(script.chat) - len(left) - 1:
                data = data[: intruder[1]] + intruder[2] + data[intruder[1] :]
            for chunk in bend(data):
                engine.feed(chunk, now_s)
            continue
        events += engine.take_events()
        wake_s = engine.next_wake_s()
        assert wake_s is not None
        now_s = max(now_s + 0.001, wake_s)
    assert not left, f"not asked for: {left[0][0]!r}"
    engine.poll(now_s)
    return events + list(engine.take_events())


@pytest.mark.parametrize("trailing", [b"", b"\r\n^BOOT:22013280,0,0,0,6\r\n"], ids=["alone", "trailing"])
@pytest.mark.parametrize("bend", [whole, byte_by_byte])
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_conversation_goes_as_written(
    name: str, bend: Callable[[bytes], Iterable[bytes]], trailing: bytes
) -> None:
    script = TRANSCRIPTS[name]
    _judge(script, _play(script, bend, trailing))


def _judge(script: Transcript, events: list[ModemEvent]) -> None:
    """It came to what the transcript says; what the intruding line itself told is left aside."""
    answers = [event for event in events if isinstance(event, TextAccepted | TextFailed)]
    assert answers == ([] if script.answer is None else [script.answer])
    for event in script.told:
        assert events.count(event) == 1
    told = (ModemDown(ModemTrouble.SUPPLY_LOW, "the modem says so"),)  # by the intruding line
    troubles = [event for event in events if isinstance(event, ModemDown) and event not in told]
    if script.answer is None:
        assert not any(isinstance(event, ModemReady) for event in events)
        assert troubles == [ModemDown(ModemTrouble.NO_SIM, "CME 10: no SIM card")]
    else:
        assert sum(isinstance(event, ModemReady) for event in events) == 1
        assert troubles == []


def _positions(script: Transcript) -> Iterator[tuple[int, int]]:
    """Every place where a modem can say a line: between the lines of an answer, before, and behind it."""
    for index, (_, reply) in enumerate(script.chat):
        data = reply.encode("latin-1")
        for at in range(len(data) + 1):
            begins = at == 0 or data[:at].endswith((b"\n", b"\r", b"> "))
            # Between CR and LF no modem says anything.
            if begins and not (data[:at].endswith(b"\r") and data[at : at + 1] == b"\n"):
                yield index, at


PLACES = [
    (name, index, at, line)
    for name, script in TRANSCRIPTS.items()
    for index, at in _positions(script)
    for line in UNSOLICITED
]
SAMPLE = 23
"""Every so manieth place in the everyday run; coprime with the number of lines: all get their turn."""


@pytest.mark.slow
@pytest.mark.parametrize("bend", [whole, byte_by_byte])
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_an_unsolicited_line_at_every_position_changes_nothing(
    name: str, bend: Callable[[bytes], Iterable[bytes]], full: bool
) -> None:
    script = TRANSCRIPTS[name]
    places = [place for place in PLACES if place[0] == name]
    assert len(places) > 100
    for _, index, at, line in places if full else places[::SAMPLE]:
        try:
            _judge(script, _play(script, bend, intruder=(index, at, b"\r\n" + line + b"\r\n")))
        except AssertionError as error:
            raise AssertionError(f"{line!r} at byte {at} of answer {index}: {error}") from error


def test_the_makers_clocks_are_read() -> None:
    """A clock that was never set says 2004; the network's says where it is."""
    engine = Engine(PROFILES["sim800"])
    assert engine.status.network_offset_s is None
    events = _play(TRANSCRIPTS["sim800 sends"], whole)
    ready = next(event for event in events if isinstance(event, ModemReady))
    assert ready == ModemReady("Telia", -79)
