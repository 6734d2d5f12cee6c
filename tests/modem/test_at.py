"""The engine in conversation: every profile and fault, lines thrown in at every place, bytes one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.modem.at import Engine
from hw.modem.card import Subscription
from hw.modem.fake.modem import FakeModem
from hw.modem.fake.profiles import FAKE_PROFILES
from hw.modem.ladder import Ladder
from hw.modem.models import PROFILES, identify
from hw.modem.pin import PinMemoryInRam
from hw.ports import (
    ModemDown,
    ModemReady,
    ModemTrouble,
    PowerKind,
    Rung,
    TextAccepted,
    TextFailed,
    TextReceived,
    TextReported,
)
from tests.worlds.modem_line import NUMBER, UNSOLICITED, Bend, Line, byte_by_byte, whole

CODE_TEXT = "Cabin 1. CODE 417. #37"


def test_every_profile_has_its_fake() -> None:
    assert set(PROFILES) == set(FAKE_PROFILES)


@pytest.mark.slow
@pytest.mark.parametrize("bend", [whole, byte_by_byte])
@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("text", [CODE_TEXT, "कोड 417", "OK", "ERROR", ">", "a" * 400, "ठ" * 150])
def test_a_text_arrives(profile: str, text: str, bend: Bend) -> None:
    line = Line(FakeModem(profile), bend=bend)
    assert line.get_ready()
    started_s = line.now_s
    answer = line.send(text)
    assert isinstance(answer, TextAccepted)
    assert line.now_s - started_s < 1.0
    texts = line.fake.texts
    if profile == "generic_text" and len(text) > 70:
        assert "".join(sent.text.split(" ", 1)[1] for sent in texts) == text
    else:
        assert [(sent.number, sent.text) for sent in texts] == [(NUMBER, text)]


def test_an_instant_modem_takes_few_polls() -> None:
    line = Line()
    line.get_ready()
    before, started_s = line.polls, line.now_s
    line.send(CODE_TEXT)
    assert line.polls - before < 15
    assert line.now_s - started_s < 0.1


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_real_delays_and_chatter_do_no_harm(profile: str) -> None:
    line = Line(FakeModem(profile, instant=False, chatter=True))
    assert line.get_ready()
    for ticket in range(1, 6):
        assert isinstance(line.send(CODE_TEXT, ticket=ticket), TextAccepted)
        assert line.run(lambda: line.engine.idle, 10)
    assert len(line.fake.texts) == 5


def test_what_it_says_of_the_modem() -> None:
    line = Line(FakeModem("sim800", network_utc_s=1772339400.0))
    line.get_ready()
    status = line.engine.status
    assert (status.operator, status.signal_dbm, status.model) == ("Testnet", -73, "SIMCOM_SIM800L")
    assert (status.supply_mv, status.supply_low, status.service_centre) == (4012, False, True)
    assert (status.storage_used, status.storage_total) == (0, 20)
    assert status.registration == {"CREG": "home", "CGREG": "home"}
    # the fake's network showed 2026-03-01 04:30 UTC when its own clock was 0
    assert status.network_offset_s == pytest.approx(1772339400, abs=1)
    assert identify(status.model) == "sim800"
    assert line.of(ModemReady) == [ModemReady("Testnet", -73)]


def test_a_low_supply_is_told_once_while_it_lasts_and_texts_go_out_all_the_same() -> None:
    line = Line(FakeModem("sim800"))
    line.get_ready()
    for _ in range(3):
        line.fake.say("UNDER-VOLTAGE WARNNING")
        line.run(lambda: False, 5)
    assert line.of(ModemDown) == [ModemDown(ModemTrouble.SUPPLY_LOW, "the modem says so")]
    assert line.engine.ready
    assert isinstance(line.send(CODE_TEXT), TextAccepted)
    line.run(lambda: not line.engine.status.supply_low, 700)  # the next reading is good
    assert not line.engine.status.supply_low
    line.fake.say("UNDER-VOLTAGE WARNNING")
    line.run(lambda: False, 5)
    assert len(line.of(ModemDown)) == 2


def test_a_low_reading_of_the_supply_is_told() -> None:
    line = Line(engine=Engine(replace(PROFILES["sim800"], supply_low_mv=4100)))
    line.get_ready()
    assert line.of(ModemDown) == [ModemDown(ModemTrouble.SUPPLY_LOW, "4.01 V")]
    assert line.engine.status.supply_low


def test_the_number_of_the_sms_centre_is_set_where_the_card_has_none() -> None:
    line = Line(engine=Engine(PROFILES["sim800"], Subscription(smsc="+46705008999")))
    line.fake.fault("no_smsc")
    line.get_ready()
    assert b'AT+CSCA="+46705008999"' in line.sent
    assert line.engine.status.service_centre is True
    assert isinstance(line.send(CODE_TEXT), TextAccepted)
    assert line.of(ModemDown) == []


def test_the_number_on_the_card_is_left_alone() -> None:
    line = Line(engine=Engine(PROFILES["sim800"], Subscription(smsc="+46705008999")))
    line.get_ready()
    assert b'AT+CSCA="' not in line.sent


def test_a_missing_sms_centre_is_told_and_looked_for_again() -> None:
    line = Line()
    line.fake.fault("no_smsc")
    line.get_ready()
    told = ModemDown(ModemTrouble.NO_SMSC, "the card has no number of an SMS centre")
    assert line.of(ModemDown) == [told]
    answer = line.send(CODE_TEXT)
    assert isinstance(answer, TextFailed)
    assert (answer.trouble, answer.retryable) == (ModemTrouble.NO_SMSC, True)
    line.fake.fault("no_smsc", on=False)  # the operator has repaired the card
    assert line.run(lambda: line.engine.idle, 30)
    assert line.engine.status.service_centre is True
    assert isinstance(line.send(CODE_TEXT, ticket=2), TextAccepted)


def test_delivery_is_reported() -> None:
    line = Line()
    line.get_ready()
    assert line.send("x" * 300, ticket=7) == TextAccepted(7, (1, 2))
    line.run(lambda: len(line.of(TextReported)) == 2, 10)
    assert line.of(TextReported) == [TextReported(NUMBER, 1, True), TextReported(NUMBER, 2, True)]
    line.fake.fault("undelivered")
    line.run(lambda: line.engine.idle, 10)
    assert line.send("y", ticket=8) == TextAccepted(8, (3,))
    line.run(lambda: len(line.of(TextReported)) == 3, 10)
    assert line.of(TextReported)[-1] == TextReported(NUMBER, 3, False)
    assert NUMBER not in repr(line.of(TextReported))


# --- lines at every place --------------------------------------------------------------------------


class Intruder:
    """Throws a line in at the n-th place of a transcript: before or after a line or prompt."""

    def __init__(self, line: bytes, place: int, *, inside: bool = False) -> None:
        self._line = b"\r\n" + line + b"\r\n"
        self._place = place
        self._inside = inside
        self.places = 0
        self.active = False

    def __call__(self, chunk: bytes) -> Iterable[bytes]:
        if not self.active:
            return (chunk,)
        out = b""
        for index, byte in enumerate(chunk):
            after = chunk[:index].endswith((b"\n", b"> "))
            boundary = self._inside or byte in b"\r>" or after
            if boundary:
                if self.places == self._place:
                    out += self._line
                self.places += 1
            out += bytes((byte,))
        return (out,)


def _send_with(
    intruder: Intruder, profile: str, *, ready_too: bool
) -> tuple[Line, TextAccepted | TextFailed]:
    line = Line(FakeModem(profile), bend=intruder)
    intruder.active = ready_too
    assert line.get_ready()
    intruder.active = True
    return line, line.send(CODE_TEXT)


@pytest.mark.slow
@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("unsolicited", UNSOLICITED)
def test_a_line_thrown_in_anywhere_changes_nothing(profile: str, unsolicited: bytes, full: bool) -> None:
    count = Intruder(unsolicited, -1)
    _send_with(count, profile, ready_too=True)
    assert count.places > 50
    for place in range(0, count.places, 1 if full else 2):
        line, answer = _send_with(Intruder(unsolicited, place), profile, ready_too=True)
        assert answer == TextAccepted(1, (1,)), f"place {place}"
        assert [sent.text for sent in line.fake.texts] == [CODE_TEXT]
        assert line.engine.status.reboots == 0


@pytest.mark.slow
@pytest.mark.parametrize("unsolicited", [b"RING", b"+CREG: 1", b"\xff\x80"])
def test_a_line_in_the_middle_of_a_line_never_makes_a_false_yes(unsolicited: bytes) -> None:
    count = Intruder(unsolicited, -1, inside=True)
    _send_with(count, "sim800", ready_too=False)
    for place in range(count.places):
        line, answer = _send_with(Intruder(unsolicited, place, inside=True), "sim800", ready_too=False)
        if isinstance(answer, TextAccepted):
            assert [sent.text for sent in line.fake.texts][:1] == [CODE_TEXT]
        else:
            assert answer.retryable


def test_a_restart_announced_in_the_middle_is_survived() -> None:
    count = Intruder(b"RDY", -1)
    _send_with(count, "sim800", ready_too=False)
    for place in range(count.places):
        line, answer = _send_with(Intruder(b"RDY", place), "sim800", ready_too=False)
        assert isinstance(answer, TextAccepted) or answer.retryable
        assert CODE_TEXT in [sent.text for sent in line.fake.texts] or isinstance(answer, TextFailed)


# --- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "trouble"),
    [
        ("mute", ModemTrouble.MUTE),
        ("no_prompt", ModemTrouble.MUTE),
        ("wrong_reply", ModemTrouble.REFUSED),
        ("late", ModemTrouble.REFUSED),
        ("unsaid", ModemTrouble.REFUSED),
        ("brown_out", ModemTrouble.MUTE),
        ("silent_reboot", ModemTrouble.REFUSED),
        ("unregistered", ModemTrouble.NOT_REGISTERED),
        ("denied", ModemTrouble.NOT_REGISTERED),
        ("no_credit", ModemTrouble.NO_CREDIT),
        ("no_sim", ModemTrouble.NO_SIM),
        ("sim_busy", ModemTrouble.BUSY),
        ("cms:38", ModemTrouble.REFUSED),
        ("cms:1", ModemTrouble.REFUSED),
    ],
)
def test_a_text_under_a_fault_fails_by_its_deadline(fault: str, trouble: ModemTrouble) -> None:
    line = Line()
    line.get_ready()
    line.fake.fault(fault)
    answer = line.send(CODE_TEXT)
    assert isinstance(answer, TextFailed)
    assert answer.trouble is trouble, answer
    assert answer.retryable == (fault != "cms:1")
    assert "417" not in answer.cause
    assert NUMBER[-4:] not in answer.cause


@pytest.mark.parametrize(
    "fault", ["noise", "slow", "duplicate", "no_ok", "echo", "storage_full", "half_line", "drop"]
)
def test_a_text_gets_through_in_spite_of(fault: str) -> None:
    line = Line(FakeModem(seed=3))
    line.fake.fault(fault)
    assert line.get_ready(600)
    for ticket in range(1, 12):
        if isinstance(line.send(CODE_TEXT, ticket=ticket, deadline_s=60), TextAccepted):
            break
        line.run(lambda: line.engine.idle, 300)
    else:
        pytest.fail("not one of 11 texts was accepted")
    assert CODE_TEXT in [sent.text for sent in line.fake.texts]


def test_duplicated_answers_are_never_taken_for_the_next_text() -> None:
    line = Line()
    line.fake.fault("duplicate")
    line.get_ready()
    for ticket in range(1, 30):
        if ticket % 5 == 0:
            line.fake.fault("unsaid")
        answer = line.send(CODE_TEXT, ticket=ticket, deadline_s=10)
        assert isinstance(answer, TextFailed if ticket % 5 == 0 else TextAccepted), ticket
        line.fake.fault("unsaid", on=False)
        assert line.run(lambda: line.engine.idle, 200)


def test_late_acceptance_is_told_late_and_the_next_text_gets_its_own_answer() -> None:
    line = Line()
    line.get_ready()
    line.fake.fault("late")
    assert isinstance(line.send(CODE_TEXT, deadline_s=20), TextFailed)
    assert not line.engine.idle
    line.fake.fault("late", on=False)
    assert line.run(lambda: line.engine.idle, 60)
    assert TextAccepted(1, (1,)) in line.of(TextAccepted)
    assert line.send("second", ticket=2) == TextAccepted(2, (2,))


def test_a_modem_that_restarts_every_30_s_extends_no_deadline() -> None:
    line = Line(FakeModem(instant=False))
    line.fake.fault("reboot_loop")
    line.fake.fault("late")
    line.get_ready()
    started_s = line.now_s
    answer = line.send(CODE_TEXT, deadline_s=100)
    assert isinstance(answer, TextFailed)
    assert line.now_s - started_s <= 100.001


def test_a_modem_that_restarts_every_30_s_still_sends() -> None:
    line = Line(FakeModem(instant=False))
    line.fake.fault("reboot_loop")
    line.get_ready()
    accepted = 0
    for ticket in range(1, 21):
        accepted += isinstance(line.send(CODE_TEXT, ticket=ticket, deadline_s=30), TextAccepted)
        line.run(lambda: line.engine.idle, 120)
    assert accepted >= 15


def test_a_silent_restart_never_sends_hexadecimal_to_a_wrong_number() -> None:
    """After a restart the modem is in text mode: AT+CMGS=23 would ask for a text to the number 23."""
    line = Line()
    line.get_ready()
    line.fake.reboot(banner=False)
    answer = line.send(CODE_TEXT)
    assert isinstance(answer, TextAccepted)
    assert [sent.number for sent in line.fake.texts] == [NUMBER]
    assert line.engine.status.reboots == 1


def test_a_text_left_half_sent_by_an_earlier_program_is_cancelled() -> None:
    fake = FakeModem()
    fake.feed(b"ATE0\rAT+CMGF=0\rAT+CMGS=23\r0011000B9164", 999.0)
    fake.poll(999.0)
    fake.take_output()
    line = Line(fake)
    assert line.get_ready()
    assert isinstance(line.send(CODE_TEXT), TextAccepted)
    assert len(fake.texts) == 1


@pytest.mark.parametrize("number", ["", "12a", "+123456789012345678901"])
def test_what_is_no_number_fails_for_good(number: str) -> None:
    line = Line()
    line.get_ready()
    answer = line.send("x", number=number)
    assert isinstance(answer, TextFailed)
    assert not answer.retryable


def test_two_texts_at_once_are_refused() -> None:
    line = Line()
    line.get_ready()
    line.engine.send(1, NUMBER, "x", line.now_s + 5, line.now_s)
    with pytest.raises(RuntimeError):
        line.engine.send(2, NUMBER, "y", line.now_s + 5, line.now_s)


# --- the card --------------------------------------------------------------------------------------


def test_the_pin_opens_the_card() -> None:
    line = Line(FakeModem(pin="1234"), Engine(PROFILES["sim800"], Subscription("1234")))
    assert line.get_ready()
    assert isinstance(line.send("x"), TextAccepted)


@pytest.mark.parametrize("profile", ["sim800", "generic"])
def test_a_wrong_pin_is_tried_once_over_restarts(profile: str) -> None:
    fake = FakeModem(profile, pin="1234")
    memory = PinMemoryInRam()
    for _ in range(4):
        engine = Engine(PROFILES[profile], Subscription("9999", memory))
        line = Line(fake, engine)
        assert not line.get_ready(300)
        assert line.engine.status.trouble is ModemTrouble.PIN_WRONG
        fake.reboot()
    assert fake.card.tries == 2
    corrected = Line(fake, Engine(PROFILES[profile], Subscription("1234", memory)))
    assert corrected.get_ready()
    assert fake.card.tries == 3


def test_the_last_try_is_left_to_people() -> None:
    fake = FakeModem("sim800", pin="1234")
    fake.card.tries = 1
    line = Line(fake, Engine(PROFILES["sim800"], Subscription("1234")))
    assert not line.get_ready(120)
    assert fake.card.tries == 1


def test_a_pin_that_cannot_be_remembered_is_not_tried() -> None:
    class Broken(PinMemoryInRam):
        def mark(self, pin: str) -> None:
            raise OSError("disk full")

    fake = FakeModem(pin="1234")
    line = Line(fake, Engine(PROFILES["sim800"], Subscription("1234", Broken())))
    assert not line.get_ready(120)
    assert b"AT+CPIN=" not in line.sent
    assert fake.card.tries == 3


def test_no_pin_set_is_told() -> None:
    line = Line(FakeModem(pin="1234"))
    assert not line.get_ready(60)
    assert line.of(ModemDown) == [ModemDown(ModemTrouble.PIN_WANTED, "the card wants its PIN")]


# --- receiving -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("text", ["STATUS", "OK", "ERROR", ">", "+CMGS: 5", "मदद"])
def test_what_people_write_is_told_once_and_deleted(profile: str, text: str) -> None:
    line = Line(FakeModem(profile))
    line.get_ready()
    line.fake.incoming("+15550102", text)
    line.run(lambda: bool(line.of(TextReceived)), 700)
    line.run(lambda: False, 700)
    assert line.of(TextReceived) == [TextReceived("+15550102", text)]
    assert "+15550102" not in repr(line.of(TextReceived))
    assert isinstance(line.send("still sends"), TextAccepted)


def test_a_full_storage_is_emptied_and_never_blocks_sending() -> None:
    line = Line()
    for index in range(25):
        line.fake.incoming("+15550102", f"text {index}")
    line.fake.poll(line.now_s)
    line.get_ready()
    assert isinstance(line.send("goes first"), TextAccepted)
    assert line.run(lambda: len(line.of(TextReceived)) == 25, 30)


# --- recovery --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cure", "rung"), [("reset", Rung.RESET), ("reopen", Rung.REOPEN), ("power", Rung.POWER)]
)
def test_the_ladder_is_climbed_as_far_as_needed(cure: str, rung: Rung) -> None:
    line = Line(engine=Engine(PROFILES["sim800"], ladder=Ladder(PowerKind.SUPPLY)))
    line.get_ready()
    line.fake.fault("mute", cure=cure)
    assert line.run(lambda: not line.engine.ready, 60)
    assert line.run(lambda: line.engine.ready, 300)
    recoveries = list(line.engine.status.recoveries)
    assert recoveries[-1].rung is rung
    assert recoveries[-1].worked
    assert not any(recovery.worked for recovery in recoveries[:-1])
    assert {event.trouble for event in line.of(ModemDown)} == {ModemTrouble.MUTE}


def test_a_modem_never_heard_is_looked_for_at_every_rate_first() -> None:
    class Reopened(FakeModem):
        """Hears nothing before the third rate; each opening of its port is real to the engine."""

        openings = 0

        def reopened(self) -> None:
            self.openings += 1
            if self.openings == 3:
                super().reopened()
            line.engine.port_closed(line.now_s)
            line.engine.port_opened(line.now_s)

    fake = Reopened()
    line = Line(fake, Engine(PROFILES["sim800"], ladder=Ladder(rates=4)))
    fake.fault("mute", cure="reopen")
    assert line.get_ready()
    assert fake.openings == 3
    assert line.now_s - 1000.0 < 20
    assert b"CFUN=" not in line.sent


@pytest.mark.slow
def test_a_dead_modem_costs_next_to_nothing() -> None:
    line = Line(engine=Engine(PROFILES["sim800"], ladder=Ladder(PowerKind.SUPPLY)))
    line.fake.fault("mute")
    before = line.polls
    line.run(lambda: False, 24 * 3600)
    assert line.polls - before < 2 * 24 * 3600, "fewer than two a second"
    assert len(line.of(ModemDown)) < 30


def test_a_lost_port_fails_what_was_handed_over_and_keeps_what_was_not() -> None:
    line = Line(FakeModem(instant=False))
    line.get_ready()
    line.engine.send(1, NUMBER, "x", line.now_s + 60, line.now_s)
    line.engine.port_lost(line.now_s, "gone")
    line.run(lambda: False, 1)
    assert line.answer(1) is None
    line.engine.port_opened(line.now_s)
    line.run(lambda: line.answer(1) is not None, 61)
    assert isinstance((line.answer(1) or (0, None))[1], TextAccepted)


# --- anything --------------------------------------------------------------------------------------

_PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            b"OK\r\n",
            b"ERROR\r\n",
            b"> ",
            b"\r\n+CMGS: 7\r\n",
            b"+CME ERROR: 10\r\n",
            b"+CMS ERROR: 500\r\n",
            b"RDY\r\n",
        ]
        + [
            b"+CPIN: READY\r\nOK\r\n",
            b"+CREG: 0,1\r\nOK\r\n",
            b"+CSQ: 20,99\r\nOK\r\n",
            b"+CPMS: 1,20\r\nOK\r\n",
        ]
        + [
            b"+CMGL: 1,0,,20\r\n07917283010010F5\r\nOK\r\n",
            b"+CDS: 9\r\n",
            b'+CUSD: 0,"0041",72\r\n',
            b'+CSCA: ""\r\n',
        ]
        + [line + b"\r\n" for line in UNSOLICITED]
    ),
)


@pytest.mark.slow
@given(
    st.lists(st.tuples(_PIECES, st.sampled_from([0.0, 0.03, 0.6, 4.0, 40.0])), max_size=60),
    st.sampled_from(sorted(PROFILES)),
)
def test_no_input_breaks_or_stalls_the_engine(pieces: list[tuple[bytes, float]], profile: str) -> None:
    engine = Engine(PROFILES[profile], Subscription("1234"), ladder=Ladder(PowerKind.SUPPLY))
    now_s = 5.0
    engine.port_opened(now_s)
    ticket, waiting, deadline_s = 0, False, 0.0
    for data, pause_s in pieces:
        if not waiting:
            ticket, waiting, deadline_s = ticket + 1, True, now_s + 30
            engine.send(ticket, NUMBER, CODE_TEXT, deadline_s, now_s)
        engine.feed(data, now_s)
        now_s += pause_s
        engine.poll(now_s)
        engine.take_output()
        engine.take_requests()
        for event in engine.take_events():
            if isinstance(event, TextAccepted | TextFailed) and event.ticket == ticket:
                waiting = False
        assert not (waiting and now_s >= deadline_s), "a deadline passed without an answer"
        wake_s = engine.next_wake_s()
        assert wake_s is not None
